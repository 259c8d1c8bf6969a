"""Lists of indicators, in the forms in which they are handed on.

===========  ==============================================================================================================
form         what is read
===========  ==============================================================================================================
CSV          a first line ``type,value,name,source,confidence``, the last three optional, in any order; types as
             `trueware.model.watchlists.IndicatorType`; confidence ``low``, ``medium``, ``high``
STIX 2.1     a bundle; of each ``indicator`` its ``pattern``, as far as it is one comparison or several joined by ``OR``
MISP         an event, or a response with some; attributes of type md5, sha1, sha256, filename, domain, hostname, ip-dst,
             ip-src, url, and pairs of a file name and a digest
plain        one value a line: a digest, a URL, an address, a name; ``#`` begins a comment
===========  ==============================================================================================================

``[.]``, ``(.)`` and ``hxxp``, by which people keep such values from being clicked, are undone. Left and counted are other types, and
what everything would match: the digest of nothing at all, addresses in a device's own network. Lists have them by mistake.

Sources: OASIS STIX 2.1 §9 (patterning); MISP core format (draft-dulaunoy-misp-core-format).
"""

import csv
import re
from collections.abc import Iterable, Iterator
from hashlib import md5, sha1, sha256
from typing import Any, NamedTuple

from trueware.errors import MalformedInput
from trueware.explaining.patterns import regex
from trueware.explaining.reading.documents import parse_json
from trueware.explaining.reading.urls import is_address, is_host, is_local
from trueware.model.finding import Confidence
from trueware.model.watchlists import Indicator, IndicatorType

_FORMAT = "indicators"
_MOST = 1 << 20
"""Indicators of one list."""

_DIGEST = {64: IndicatorType.SHA256, 40: IndicatorType.SHA1, 32: IndicatorType.MD5}
_NOTHING = frozenset(
    {sha256().hexdigest(), sha1(usedforsecurity=False).hexdigest(), md5(usedforsecurity=False).hexdigest()}
)
_HEX = regex(r"[0-9a-fA-F]+")
_SCHEME = regex(r"(?i)^(?:hxxp|http|ftp)s?(?::|\[:\])//")
_STIX = regex(
    r"(?P<what>file:hashes\.'?(?:SHA-?256|SHA-?1|MD5)'?|file:name|domain-name:value|ipv[46]-addr:value|url:value)"
    r"\s{0,8}=\s{0,8}'(?P<value>(?:[^'\\]|\\.){1,2048})'",
    re.IGNORECASE,
)
_STIX_TYPES = {
    "file:name": IndicatorType.PATH, "domain-name:value": IndicatorType.DOMAIN, "ipv4-addr:value": IndicatorType.IP,
    "ipv6-addr:value": IndicatorType.IP, "url:value": IndicatorType.URL,
}  # fmt: skip
_JOINED = regex(r"(?i)\b(?:AND|FOLLOWEDBY|NOT|WITHIN|REPEATS)\b")
_MISP = {
    "sha256": IndicatorType.SHA256, "sha1": IndicatorType.SHA1, "md5": IndicatorType.MD5, "filename": IndicatorType.PATH,
    "domain": IndicatorType.DOMAIN, "hostname": IndicatorType.DOMAIN, "ip-dst": IndicatorType.IP, "ip-src": IndicatorType.IP,
    "url": IndicatorType.URL, "uri": IndicatorType.URL,
}  # fmt: skip
_SURE, _FAIRLY = 70, 30


class List(NamedTuple):
    """What a list holds."""

    indicators: tuple[Indicator, ...]
    left: int
    """How many entries are of no type that is known, or have no such value."""


def read_indicators(data: bytes, source: str) -> List:
    """Return the indicators of a list.

    Args:
        data: the list.
        source: what it is called, for those of its entries that do not say where they are from.

    Raises:
        MalformedInput: it is in none of the forms above; the offset is that of the line.
    """
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"{", b"[")):
        found = _from_json(parse_json(data), source)
    else:
        text = data.decode("utf-8-sig", "replace")
        first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
        columns = [each.strip().lower() for each in first.split(",")]
        found = _from_csv(text, source) if {"type", "value"} <= set(columns) else _from_lines(text, source)
    indicators: list[Indicator] = []
    left = 0
    for each in found:
        if each is None:
            left += 1
        elif len(indicators) < _MOST:
            indicators.append(each)
    if left and not indicators:
        raise MalformedInput(_FORMAT, 0, f"{source}: none of its {left} entries is an indicator of a known type")
    return List(tuple(dict.fromkeys(indicators)), left)


def _from_csv(text: str, source: str) -> Iterator[Indicator | None]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = csv.reader(lines)
    try:
        columns = [each.strip().lower() for each in next(rows)]
        for number, row in enumerate(rows, 2):
            values = dict(zip(columns, (each.strip() for each in row), strict=False))
            try:
                kind = IndicatorType(values.get("type", "").lower())
                confidence = Confidence(values.get("confidence", "").lower() or "medium")
            except ValueError as error:
                raise MalformedInput(_FORMAT, 0, f"{source}, row {number}: {error}") from error
            made = make(
                kind, values.get("value", ""), values.get("name", ""), values.get("source") or source, confidence
            )
            if made is None and not _matches_everything(kind, _plain(values.get("value", "")).lower()):
                raise MalformedInput(
                    _FORMAT, 0, f"{source}, row {number}: {values.get('value', '')[:60]!r} is no {kind.value}"
                )
            yield made
    except csv.Error as error:
        raise MalformedInput(_FORMAT, 0, f"{source}: {error}") from error


def _from_lines(text: str, source: str) -> Iterator[Indicator | None]:
    for line in text.splitlines():
        value = line.partition("#")[0].strip()
        if value:
            kind = _guess(value)
            yield None if kind is None else make(kind, value, "", source)


def _guess(value: str) -> IndicatorType | None:
    plain = _plain(value)
    if _HEX.fullmatch(value) and len(value) in _DIGEST:
        return _DIGEST[len(value)]
    if _SCHEME.match(value):
        return IndicatorType.URL
    if is_address(plain.rpartition(":")[0] or plain) or is_address(plain):
        return IndicatorType.IP
    if is_host(plain):
        return IndicatorType.DOMAIN
    return IndicatorType.PATH if value.startswith("/") and " " not in value else None


def _from_json(said: Any, source: str) -> Iterator[Indicator | None]:
    match said:
        case {"type": "bundle", "objects": list(objects)}:
            for each in objects:
                if isinstance(each, dict) and each.get("type") == "indicator":
                    yield from _from_stix(each, source)
        case {"Event": dict(event)}:
            yield from _from_misp(event, source)
        case {"response": list(events)}:
            for each in events:
                if isinstance(each, dict) and isinstance(each.get("Event"), dict):
                    yield from _from_misp(each["Event"], source)
        case _:
            raise MalformedInput(_FORMAT, 0, f"{source}: JSON that is neither a STIX bundle nor a MISP event")


def _from_stix(said: dict[str, Any], source: str) -> Iterator[Indicator | None]:
    pattern = said.get("pattern")
    if not isinstance(pattern, str) or _JOINED.search(re.sub(r"'(?:[^'\\]|\\.)*'", "", pattern)):
        yield None
        return
    given = said.get("confidence")
    sure = given if isinstance(given, int) else 50
    confidence = Confidence.HIGH if sure >= _SURE else Confidence.MEDIUM if sure >= _FAIRLY else Confidence.LOW
    found = list(_STIX.finditer(pattern))
    if not found:
        yield None
    for each in found:
        value = re.sub(r"\\(.)", r"\1", each["value"])
        what = each["what"].lower()
        kind = _DIGEST.get(len(value)) if what.startswith("file:hashes") else _STIX_TYPES[what]
        yield None if kind is None else make(kind, value, str(said.get("name", "")), source, confidence)


def _from_misp(event: dict[str, Any], source: str) -> Iterator[Indicator | None]:
    name = str(event.get("info", ""))
    lists = [event.get("Attribute"), *(each.get("Attribute") for each in _dicts(event.get("Object")))]
    for attribute in (each for one in lists for each in _dicts(one)):
        kinds, values = str(attribute.get("type", "")).split("|"), str(attribute.get("value", "")).split("|")
        if len(kinds) > 1:  # the name of a file goes with the digest, which is the stronger
            kinds, values = kinds[1:2], values[1:2]
        kind = _MISP.get(kinds[0])
        yield None if kind is None or not values else make(kind, values[0], name, source)


def _dicts(found: Any) -> Iterable[dict[str, Any]]:
    return (each for each in found if isinstance(each, dict)) if isinstance(found, list) else ()


def make(
    kind: IndicatorType, value: str, name: str, source: str, confidence: Confidence = Confidence.MEDIUM
) -> Indicator | None:
    """Return an indicator of a value as a list has it, None where it is no such."""
    value = _plain(value)
    match kind:
        case IndicatorType.SHA256 | IndicatorType.SHA1 | IndicatorType.MD5:
            value = value.lower()
            good = _DIGEST.get(len(value)) is kind and _HEX.fullmatch(value) is not None
        case IndicatorType.DOMAIN:
            value = value.lower().rstrip(".")
            good = is_host(value) and not is_address(value)
        case IndicatorType.IP:
            host, _, port = value.rpartition(":")
            value = host if port.isdigit() and is_address(host) else value
            good = is_address(value)
        case IndicatorType.URL:
            rest = _SCHEME.sub("", value).rpartition("@")[2]
            host, slash, path = rest.partition("?")[0].partition("#")[0].partition("/")
            value = f"{host.lower()}{slash}{path}"
            good = is_host(host.partition(":")[0].lower())
            if good and not path:  # a host and nothing more
                kind, value = (
                    (IndicatorType.IP if is_address(host) else IndicatorType.DOMAIN),
                    host.partition(":")[0].lower(),
                )
        case IndicatorType.PATH:
            value = value.strip("/")
            good = bool(value)
    return None if not good or _matches_everything(kind, value) else Indicator(kind, value, name, source, confidence)


def _matches_everything(kind: IndicatorType, value: str) -> bool:
    """Tell whether it is the digest of nothing, or a place in a device's own network."""
    match kind:
        case IndicatorType.IP | IndicatorType.DOMAIN:
            return is_local(value)
        case IndicatorType.URL:
            return is_local(_SCHEME.sub("", value).partition("/")[0].partition(":")[0])
        case _:
            return value in _NOTHING


def _plain(value: str) -> str:
    for written, meant in (("[.]", "."), ("(.)", "."), ("[dot]", "."), ("[:]", ":"), ("[/]", "/")):
        value = value.replace(written, meant)
    return re.sub(r"(?i)^hxxp", "http", value.strip())
