"""Linux's database of who may transmit where and how strongly, in both of its formats, and what one allows beyond another.

::

    regulatory.db  (kernel 4.15 and later)           regulatory.bin  (crda)
    0   4  "RGDB"                                     0   4  "RGDB"
    4   4  version, 20                                4   4  version, 19
    8   .. countries: 2 code, 2 rules' place / 4,     8   4  place of countries: 2 code, 1 unused, 1 radar region, 4 place
           ended by a place of 0                      12  4  number of countries        (at the place: 4 number, 4 place each)
    rules  1 length, 1 number, 1 radar region,        16  4  length of the signature at the end
           then 2 place / 4 each, from even           rule   4 place of the range, 4 of the power, 4 flags
    rule   1 length, 1 flags, 2 mBm, 4 first,         range  4 first, 4 last, 4 widest channel
           4 last, 4 widest channel                   power  4 gain of the antenna (mBi), 4 mBm

All numbers are big-endian, frequencies in kHz. Sources: Linux ``net/wireless/reg.c`` (``struct fwdb_*``), crda ``regdb.h``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from struct import Struct
from typing import Any

from trueware.errors import MalformedInput

_NAME = "regulatory database"
_MAGIC = b"RGDB"
_KERNEL, _CRDA = 20, 19
_MOST_COUNTRIES, _MOST_RULES = 400, 64
"""Those in use have some 180 countries with 20 rules at most."""

_HEAD, _CRDA_HEAD = Struct(">4sI"), Struct(">4sIIII")
_COUNTRY, _CRDA_COUNTRY = Struct(">2sH"), Struct(">2s2xI")
_RULE, _CRDA_RULE = Struct(">BBHIII"), Struct(">III")
_RANGE, _POWER, _PLACE, _SHORT_PLACE = Struct(">III"), Struct(">II"), Struct(">I"), Struct(">H")

RADAR, LISTEN, INDOORS, NO_OFDM = "radar detection", "only where others transmit", "indoors only", "no OFDM"

_FLAGS = {1 << 0: NO_OFDM, 1 << 1: INDOORS, 1 << 2: RADAR, 1 << 3: LISTEN}
_CRDA_FLAGS = {1 << 0: NO_OFDM, 1 << 3: INDOORS, 1 << 4: RADAR, 1 << 7: LISTEN, 1 << 8: LISTEN}


@dataclass(frozen=True, slots=True)
class Band:
    """What is allowed between two frequencies."""

    first: int
    """kHz."""

    last: int
    power: int
    """mBm: a hundredth of a dBm."""

    conditions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one database allows and another does not."""

    first: int
    """kHz."""

    last: int
    expected: str
    found: str


Regulations = Mapping[str, tuple[Band, ...]]
"""By country code; ``00`` is for everywhere."""


def read_regulations(data: bytes) -> Regulations:
    """Return what a database says.

    Raises:
        MalformedInput: it is none, or has a version that is not known.
    """
    magic, version = _unpacked(_HEAD, data, 0)
    if magic != _MAGIC or version not in (_KERNEL, _CRDA):
        raise MalformedInput(_NAME, 0, f"RGDB of version {_KERNEL} or {_CRDA} is expected")
    found = {}
    for code, at in _kernel_countries(data) if version == _KERNEL else _crda_countries(data):
        found[code.decode("latin-1")] = tuple(_kernel_bands(data, at) if version == _KERNEL else _crda_bands(data, at))
        if len(found) > _MOST_COUNTRIES:
            raise MalformedInput(_NAME, 0, f"more than {_MOST_COUNTRIES} countries")
    return found


def _kernel_countries(data: bytes) -> Iterator[tuple[bytes, int]]:
    at = _HEAD.size
    while True:
        code, place = _unpacked(_COUNTRY, data, at)
        if not place:
            return
        yield code, 4 * place
        at += _COUNTRY.size


def _kernel_bands(data: bytes, at: int) -> Iterator[Band]:
    length, number = data[at : at + 2] if at + 2 <= len(data) else (0, 0)
    if length < 3 or number > _MOST_RULES:
        raise MalformedInput(_NAME, at, f"{number} rules of a country behind {length} bytes")
    at += length + (length & 1)
    for index in range(number):
        (place,) = _unpacked(_SHORT_PLACE, data, at + 2 * index)
        _, flags, power, first, last, _ = _unpacked(_RULE, data, 4 * place)
        yield _band(first, last, power, flags, _FLAGS)


def _crda_countries(data: bytes) -> Iterator[tuple[bytes, int]]:
    _, _, at, number, _ = _unpacked(_CRDA_HEAD, data, 0)
    if number > _MOST_COUNTRIES:
        raise MalformedInput(_NAME, 12, f"{number} countries")
    for index in range(number):
        yield _unpacked(_CRDA_COUNTRY, data, at + index * _CRDA_COUNTRY.size)


def _crda_bands(data: bytes, at: int) -> Iterator[Band]:
    (number,) = _unpacked(_PLACE, data, at)
    if number > _MOST_RULES:
        raise MalformedInput(_NAME, at, f"{number} rules of a country")
    for index in range(number):
        (place,) = _unpacked(_PLACE, data, at + 4 + 4 * index)
        range_at, power_at, flags = _unpacked(_CRDA_RULE, data, place)
        first, last, _ = _unpacked(_RANGE, data, range_at)
        _, power = _unpacked(_POWER, data, power_at)
        yield _band(first, last, power, flags, _CRDA_FLAGS)


def _band(first: int, last: int, power: int, flags: int, names: Mapping[int, str]) -> Band:
    return Band(first, last, power, frozenset(name for flag, name in names.items() if flags & flag))


def _unpacked(layout: Struct, data: bytes, at: int) -> tuple[Any, ...]:
    if at + layout.size > len(data):
        raise MalformedInput(
            _NAME, min(at, len(data)), f"{layout.size} bytes are expected there, of {len(data)} in all"
        )
    return layout.unpack_from(data, at)


def allowed_beyond(before: Regulations, after: Regulations) -> Iterator[tuple[str, tuple[Allowance, ...]]]:
    """Yield the countries in which the second database allows what the first does not, and what."""
    for code in sorted(after):
        if code not in before:
            yield code, ()
        elif found := _beyond(before[code], after[code]):
            yield code, found


@lru_cache(512)
def _beyond(before: tuple[Band, ...], after: tuple[Band, ...]) -> tuple[Allowance, ...]:
    if before == after:
        return ()
    edges = sorted({edge for band in (*before, *after) for edge in (band.first, band.last)})
    found: list[Allowance] = []
    for first, last in pairwise(edges):
        old, new = _within(before, first, last), _within(after, first, last)
        if new is None or (old is not None and new[0] <= old[0] and new[1] >= old[1]):
            continue
        allowance = Allowance(first, last, _words(old), _words(new))
        if found and _continues(found[-1], allowance):
            allowance = replace(allowance, first=found.pop().first)
        found.append(allowance)
    return tuple(found)


def _continues(one: Allowance, other: Allowance) -> bool:
    return (one.last, one.expected, one.found) == (other.first, other.expected, other.found)


def _within(bands: tuple[Band, ...], first: int, last: int) -> tuple[int, frozenset[str]] | None:
    """Return power and conditions of all bands that cover a range; None where none does."""
    covering = [band for band in bands if band.first <= first and last <= band.last]
    if not covering:
        return None
    return max(band.power for band in covering), frozenset.intersection(*(band.conditions for band in covering))


def _words(allowed: tuple[int, frozenset[str]] | None) -> str:
    if allowed is None:
        return "nothing"
    return ", ".join((f"{allowed[0] / 100:g} dBm", *sorted(allowed[1])))
