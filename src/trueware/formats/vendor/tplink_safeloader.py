"""TP-Link's SafeLoader image: who and what it is for, a table of parts in text, and the parts.

======  ====  ================================================================
offset  size  field (big-endian)
======  ====  ================================================================
0x0000  4     length of the whole
0x0004  16    MD5 of the salt and of everything from 0x14
0x0014  4     length of the vendor's text, or text: ``fw-type:…``
0x0018  4092  vendor's text, filled up with 0xFF
0x1014  2048  table of parts, filled up with 0xFF
0x1814  ..    parts
======  ====  ================================================================

A line of the table is ``fwup-ptn NAME base 0xBASE size 0xSIZE``, then tab, CR, LF; bases count from 0x1014. The parts
soft-version and support-list begin with their length and four zero bytes; what they say becomes facts. The part partition-table
is the layout of the flash, in text again. Images of the type Cloud are signed, where and how is not public; their MD5 is not
always this one.

Source: OpenWrt ``firmware-utils/src/tplink-safeloader.c``, the public salt included: a fitting MD5 proves integrity only. The
vectors were built from that layout; no image of TP-Link confirmed the reading.
"""

import re
from hashlib import md5
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.names import readable
from trueware.formats.regions import note_overlaps, region
from trueware.model.limits import Limits

_SALT = bytes.fromhex("7a2b15ed9b98596de504ab44ac2a9f4e")
_HEADER = Struct(">I16sI")
_TYPED = b"fw-type:"
_VENDOR, _TABLE, _PARTS = 0x14, 0x1014, 0x1814
_MAGIC = b"fwup-ptn "
_LINE = re.compile(rb"fwup-ptn ([!-~]{1,31}) base 0x([0-9A-Fa-f]{1,8}) size 0x([0-9A-Fa-f]{1,8})\t?\r?\n")
_META = Struct(">II")
_NUMBERS = Struct(">x3B4BI")
"""Soft-version where it is no text: the version, a date in decimal digits, and a revision."""

_PRODUCT = re.compile(r"product_name:([^,}\s]+)|^([^({\s:]+)\(", re.MULTILINE)
_MAX_PRODUCTS = 16


class TplinkSafeloader:
    """A SafeLoader image."""

    name: ClassVar[str] = "tplink-safeloader"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "TP-Link SafeLoader firmware", "TP-Link", ("OpenWrt firmware-utils src/tplink-safeloader.c",),
        ("the signature of cloud images is not public and not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(_TABLE, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) >= _PARTS and _LINE.match(view, _TABLE, _PARTS) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (a table has room for 60 lines)
        if not TplinkSafeloader.matches(view):
            raise MalformedInput("tplink-safeloader", _TABLE, "no table of parts")
        size, stated, length = _HEADER.unpack_from(view)
        reading = Reading(end=min(max(size, _PARTS), len(view)))
        if size > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {size} bytes are there", len(view))
        reading.cover(0, 0x18)
        is_typed = view[_VENDOR : _VENDOR + len(_TYPED)] == _TYPED
        _tell_vendor(view, length, reading, is_typed=is_typed)
        found = md5(_SALT, usedforsecurity=False)
        found.update(view[_VENDOR : reading.end])
        if found.digest() != stated:
            rule = "checksum-unchecked" if is_typed else "checksum-mismatch"
            reading.note_anomaly(rule, f"the salted MD5 is {found.hexdigest()}, stated {stated.hex()}", 4)
        entries, at = list[Entry](), _TABLE
        while line := _LINE.match(view, at, _PARTS):
            reading.cover(*line.span())
            at = line.end()
            name, base, length = line[1].decode("ascii"), int(line[2], 16), int(line[3], 16)
            start = _TABLE + base
            if start < _PARTS:
                reading.note_anomaly("overlap", f"{name} begins within the table", line.start())
                continue
            entries.append(region(readable(line[1]), view, start, length, reading))
        note_overlaps(entries, reading)
        _tell_parts(entries, reading)
        reading.entries = entries
        return reading


def _tell_vendor(view: memoryview, length: int, reading: Reading, *, is_typed: bool) -> None:
    """Put what stands in the vendor's block into facts, all of it: what is longer than it may be is a gap."""
    start = _VENDOR if is_typed else _VENDOR + 4
    if is_typed:
        length = len(bytes(view[start:_TABLE]).rstrip(b"\xff"))
    if length > _TABLE - start:
        reading.note_anomaly("malformed", f"a vendor's text of {length} bytes in {_TABLE - start}", _VENDOR)
        return
    reading.cover(start, start + length)
    tell(reading.facts, "vendor-text", view[start : start + length])


def _tell_parts(entries: list[Entry], reading: Reading) -> None:
    """Make facts of the parts that say what the image is; their bytes are compared as parts."""
    for entry in entries:
        if entry.path not in ("soft-version", "support-list") or not isinstance(entry.content, Held):
            continue
        data = entry.content.view
        if len(data) < _META.size:
            continue
        content = bytes(data[_META.size : _META.size + _META.unpack_from(data)[0]])
        if entry.path == "support-list":
            products = dict.fromkeys(one or other for one, other in _PRODUCT.findall(content.decode("latin-1")))
            reading.facts["products"] = " ".join(list(products)[:_MAX_PRODUCTS])
        elif content.rstrip(b"\0").isascii() and content[:1].isalpha():
            reading.facts["soft-version"] = content.rstrip(b"\0\r\n").decode("ascii")
        elif len(content) >= _NUMBERS.size:
            *version, century, year, month, day, revision = _NUMBERS.unpack_from(content)
            date = f"{century:02x}{year:02x}-{month:02x}-{day:02x}"
            reading.facts["soft-version"] = f"{'.'.join(map(str, version))} {date} r{revision}"
