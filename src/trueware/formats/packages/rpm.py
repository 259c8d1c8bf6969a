"""RPM packages: a lead, a header of signatures and checksums, a header that describes the package, and its packed payload.

======  ====  ============================================================
offset  size  field (big-endian)
======  ====  ============================================================
0       4     magic ED AB EE DB
4       2     version of the lead: 3 or 4, and a minor one
6       2     type: 0 binary, 1 source
8       2     number of the architecture
10      66    name
76      2     number of the operating system
78      2     kind of signature: 5, a header
80      16    reserved
96      ..    signature header, zero bytes up to a multiple of 8
..      ..    header
..      ..    payload: cpio, packed by gzip, bzip2, xz, lzma or zstd
======  ====  ============================================================

A header has a magic 8E AD E8 01, four reserved bytes, the number of its entries and the length of its store; an entry is a tag,
a type, an offset into the store and a count. Sources: rpm ``docs/manual/format_*.md``, ``include/rpm/rpmtag.h``.

What rpm installs is what the header says, with the data that the payload holds under the same names; both headers and the payload
are therefore regions, compared by their bytes, and only what names the package is made a fact.
"""

import hashlib
from collections.abc import Iterator
from struct import Struct
from typing import ClassVar, NamedTuple

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.fields import tell
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"\xed\xab\xee\xdb"
_LEAD = Struct(">4sBBHH66sHH16s")
_HEADER_MAGIC = b"\x8e\xad\xe8\x01"
_HEADER = Struct(">4s4sII")
_ENTRY = Struct(">4I")
_SIGNATURE_HEADER = 5

_NUMBERS, _STRINGS = {4: 4, 5: 8}, (6, 8, 9)
"""Types, with the size of one number: INT32, INT64; STRING, STRING_ARRAY, I18NSTRING."""

_NAMES = {1000: "name", 1001: "version", 1002: "release", 1003: "epoch", 1011: "vendor", 1021: "os", 1022: "arch"}
_PACKING = {1124: "payload-format", 1125: "payload-compressor"}
_SHA1_HEADER, _SHA256_HEADER, _MD5_ALL = 269, 273, 1004
_DIGEST, _DIGEST_ALGORITHM = 5092, 5093
_ALGORITHMS = {1: "md5", 2: "sha1", 8: "sha256", 9: "sha384", 10: "sha512"}
"""Numbers of RFC 4880 §9.4."""


class Rpm:
    """An RPM package."""

    name: ClassVar[str] = "rpm"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "RPM package", "rpm.org", ("rpm docs/manual/format_lead.md, format_header.md, format_payload.md",),
        ("signatures are kept and not verified", "digests of files in the header are not compared with the payload"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _LEAD.size + _HEADER.size or view[:4] != _MAGIC:
            return False
        _, major, _, _, _, _, _, kind, _ = _LEAD.unpack_from(view)
        return major in (3, 4) and kind == _SIGNATURE_HEADER and view[_LEAD.size : _LEAD.size + 4] == _HEADER_MAGIC

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Rpm.matches(view):
            raise MalformedInput("rpm", 0, "no lead with a signature header")
        _, major, minor, kind, machine, name, system, _, reserved = _LEAD.unpack_from(view)
        reading = Reading(facts={"type": {0: "binary", 1: "source"}.get(kind, str(kind))})
        reading.facts["lead"] = f"{major}.{minor} {machine} {system}"
        tell(reading.facts, "lead-name", name)
        if any(reserved):
            reading.note_anomaly("reserved-bits", "the reserved bytes of the lead are not zero", 80)
        reading.cover(0, _LEAD.size)
        signature = _Table(view, _LEAD.size, limits)
        start = signature.end + 7 & ~7
        header = _Table(view, start, limits)
        if not any(view[signature.end : start]):
            reading.cover(signature.end, start)
        payload = view[header.end :]
        reading.entries = [
            _region("signature", view, signature.start, signature.end),
            _region("header", view, header.start, header.end),
            _region("payload", view, header.end, len(view)),
        ]
        header.note_twice(reading)
        for tag, fact in _NAMES.items():
            if (value := header.told(tag)) is not None:
                reading.facts[fact] = value
        for tag, note in _PACKING.items():
            if (value := header.told(tag)) is not None:
                reading.notes[note] = value
        _check(view, signature, header, payload, reading)
        return reading


class _Field(NamedTuple):
    kind: int
    start: int
    number: int


class _Table:
    """A header structure: its place, and its fields by tag."""

    def __init__(self, view: memoryview, start: int, limits: Limits) -> None:
        if start + _HEADER.size > len(view):
            raise MalformedInput("rpm", start, "the package ends before a header")
        magic, reserved, count, size = _HEADER.unpack_from(view, start)
        if magic != _HEADER_MAGIC or any(reserved):
            raise MalformedInput("rpm", start, f"no header: {magic.hex()} {reserved.hex()}")
        self.start = start
        self._store = start + _HEADER.size + count * _ENTRY.size
        self.end = self._store + size
        if self.end > len(view):
            raise MalformedInput("rpm", start + 8, f"{count} entries and {size} bytes in {len(view) - start}")
        if count > limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, "entries of an rpm header")
        self._view, self.fields, self._twice = view, dict[int, _Field](), list[int]()
        for tag, kind, offset, number in _ENTRY.iter_unpack(view[start + _HEADER.size : self._store]):
            if tag in self.fields:
                self._twice.append(tag)
            else:
                self.fields[tag] = _Field(kind, self._store + offset, number)

    def note_twice(self, reading: Reading) -> None:
        """Report a tag of those that name the package that stands twice: readers take the first one or the last one."""
        if twice := [tag for tag in self._twice if tag in _NAMES or tag in (_DIGEST, _DIGEST_ALGORITHM)]:
            reading.note_anomaly("contradiction", f"tag {twice[0]} stands twice in the header", self.start)

    def told(self, tag: int) -> str | None:
        """Return a text, the first one of several, or a number; None where there is none."""
        field = self.fields.get(tag)
        if field is None or not field.number:
            return None
        if field.kind in _STRINGS:
            return self._text(field.start)
        size = _NUMBERS.get(field.kind)
        if size is None or field.start + size > self.end:
            return None
        return str(int.from_bytes(self._view[field.start : field.start + size], "big"))

    def octets(self, tag: int, size: int) -> bytes | None:
        """Return a field of `size` bytes, None where there is none."""
        field = self.fields.get(tag)
        if field is None or field.number != size or field.start + size > self.end:
            return None
        return bytes(self._view[field.start : field.start + size])

    def _text(self, start: int) -> str | None:
        raw = bytes(self._view[start : min(self.end, start + _LONGEST)])
        return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")


_LONGEST = 4096
"""Bytes of a text that are told; names and versions are far shorter."""


def _region(path: str, view: memoryview, start: int, end: int) -> Entry:
    return Entry(path, Kind.REGION, Held(view[start:end]), end - start, offset=start)


def _check(view: memoryview, signature: _Table, header: _Table, payload: memoryview, reading: Reading) -> None:
    """Compare the digests that the headers state."""
    for what, stated, found in _digests(view, signature, header, payload):
        if stated != found:
            reading.note_anomaly("checksum-mismatch", f"the {what} is {found}, stated {stated}", header.start)


def _digests(
    view: memoryview, signature: _Table, header: _Table, payload: memoryview
) -> Iterator[tuple[str, str, str]]:
    """Yield what a digest is of, what is stated, and what was found."""
    head = view[header.start : header.end]
    for tag, algorithm in ((_SHA1_HEADER, "sha1"), (_SHA256_HEADER, "sha256")):
        if (stated := signature.told(tag)) is not None:
            yield f"{algorithm} of the header", stated, hashlib.new(algorithm, head, usedforsecurity=False).hexdigest()
    algorithm = _ALGORITHMS.get(int(number) if (number := header.told(_DIGEST_ALGORITHM) or "8").isdigit() else 0, "")
    if (stated := header.told(_DIGEST)) is not None and algorithm:
        yield f"{algorithm} of the payload", stated, hashlib.new(algorithm, payload, usedforsecurity=False).hexdigest()
    if (sum_of_all := signature.octets(_MD5_ALL, 16)) is not None:
        found = hashlib.md5(view[header.start :], usedforsecurity=False).hexdigest()
        yield "md5 of header and payload", sum_of_all.hex(), found
