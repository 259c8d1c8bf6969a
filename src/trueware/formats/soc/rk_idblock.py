"""Rockchip's ID block, what its boot ROM looks for in flash: a header scrambled with a public key, or one with digests.

======  ====  ==========================================================
offset  size  first kind, 512 bytes scrambled by RC4 (little-endian)
======  ====  ==========================================================
0       4     55 AA F0 0F
8       4     1: the programs are not scrambled
12      2     where the programs begin, in sectors of 512
506     2     length of the first program, in sectors
508     2     length of it and what may follow, in sectors
======  ====  ==========================================================

======  ====  ==========================================================
offset  size  second kind
======  ====  ==========================================================
0       4     "RKNS"
8       4     length of the header in words (2), number of programs (2)
12      4     1: digests are SHA-256, what stands behind the header is one;
              others: a signature
120     88    a program: offset, length (2 each, sectors), address, flag,
              counter (4 each), unused (8), digest (64); and so on, 4
======  ====  ==========================================================

Source: u-boot ``tools/rkcommon.c``; mkimage of u-boot made the vectors. Signatures are not verified, and programs that are scrambled
are left so.
"""

from hashlib import sha256
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.regions import note_overlaps, region
from trueware.model.limits import Limits

_SCRAMBLED = bytes.fromhex("3b8cdcfcbe9f9d51")
"""The beginning of the first kind, which is the same in all, as it is scrambled with the same key."""

_PLAIN = b"RKNS"
_KEY = bytes((124, 78, 3, 4, 85, 5, 9, 7, 45, 44, 123, 56, 23, 13, 23, 17))
_SECTOR = 512
_FIRST = Struct("<8sIH492sHH2s")
_SECOND, _IMAGES = Struct("<4s4sHHI"), 120
_IMAGE = Struct("<HHIII8s64s")
_MOST = 4
_SHA256 = 1
_FARTHEST = 64
"""Sectors in front of the programs of the first kind; four are usual."""


class RkIdblock:
    """Programs that the boot ROM starts."""

    name: ClassVar[str] = "rk-idblock"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Rockchip ID block", "Rockchip", ("u-boot tools/rkcommon.c",),
        ("signatures are not verified", "programs scrambled by RC4 are left so"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _SCRAMBLED), Magic(0, _PLAIN))

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < 4 * _SECTOR:
            return False
        if view[:8] == _SCRAMBLED:
            _, plain, start, _, size, _, _ = _FIRST.unpack(_unscrambled(view))
            return bool(plain <= 1 and 0 < start <= _FARTHEST and size > 0)
        _, _, words, count, _ = _SECOND.unpack_from(view)
        return (
            bool(view[:4] == _PLAIN) and 0 < count <= _MOST and _IMAGES + count * _IMAGE.size <= 4 * words < 4 * _SECTOR
        )

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (at most four programs)
        if not RkIdblock.matches(view):
            raise MalformedInput("rk-idblock", 0, "no header")
        reading = _read_second(view) if view[:4] == _PLAIN else _read_first(view)
        entries = list(reading.entries)
        note_overlaps(entries, reading)
        reading.end = max([4 * _SECTOR, *((entry.offset or 0) + entry.size for entry in entries)])
        reading.entries = entries
        return reading


def _read_first(view: memoryview) -> Reading:
    _, plain, start, unused, size, more, rest = _FIRST.unpack(_unscrambled(view))
    reading = Reading(facts={"kind": "1", "plain": str(plain), "more": str(more)})
    if unused := (unused + rest).rstrip(b"\0"):
        reading.facts["unused"] = unused.hex()
    reading.cover(0, _SECTOR)
    reading.entries = [region("program-0", view, start * _SECTOR, size * _SECTOR, reading)]
    return reading


def _read_second(view: memoryview) -> Reading:
    _, unused, words, count, kind = _SECOND.unpack_from(view)
    reading = Reading(facts={"kind": "2", "digests": f"{kind:#x}", "unused": unused.hex()})
    reading.cover(0, _SECOND.size)
    entries, header = list[Entry](), 4 * words
    for number in range(count):
        at = _IMAGES + number * _IMAGE.size
        start, size, address, flag, counter, unused, digest = _IMAGE.unpack_from(view, at)
        reading.cover(at, at + _IMAGE.size)
        facts = {"address": f"{address:#x}", "flag": f"{flag:#x}", "counter": str(counter), "digest": digest.hex()}
        facts["unused"] = unused.hex()
        path = f"program-{number}"
        entry = region(path, view, start * _SECTOR, size * _SECTOR, reading, tuple(sorted(facts.items())))
        entries.append(entry)
        data = view[start * _SECTOR :][: entry.size]
        if kind == _SHA256 and entry.size == size * _SECTOR and sha256(data).digest() != digest[:32]:
            reading.note_anomaly("checksum-mismatch", f"the SHA-256 is {sha256(data).hexdigest()}", at + 24, path)
    seal = view[header : 4 * _SECTOR]
    if kind == _SHA256 and len(seal) >= 32 and sha256(view[:header]).digest() != seal[:32]:
        reading.note_anomaly("checksum-mismatch", "the SHA-256 of the header", header)
    reading.entries = [region("seal", view, header, len(seal), reading), *entries]
    return reading


def _key_stream(size: int) -> bytes:
    """Return what RC4 with Rockchip's key combines bytes with."""
    state, other = list(range(256)), 0
    for at in range(256):
        other = (other + state[at] + _KEY[at % len(_KEY)]) & 0xFF
        state[at], state[other] = state[other], state[at]
    found, other = bytearray(), 0
    for at in (number & 0xFF for number in range(1, size + 1)):
        other = (other + state[at]) & 0xFF
        state[at], state[other] = state[other], state[at]
        found.append(state[(state[at] + state[other]) & 0xFF])
    return bytes(found)


_STREAM = int.from_bytes(_key_stream(_SECTOR), "big")


def _unscrambled(view: memoryview) -> bytes:
    """Return the header of the first kind as it is read by the boot ROM."""
    return (int.from_bytes(view[:_SECTOR], "big") ^ _STREAM).to_bytes(_SECTOR, "big")
