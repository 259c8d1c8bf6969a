"""CBFS, the file system in the flash of devices that start by coreboot: files one after the other.

======  ====  =================================================================
offset  size  field (big-endian)
======  ====  =================================================================
0       8     magic "LARCHIVE"
8       4     length of the data
12      4     type; 0 and FFFFFFFF: free
16      4     where the attributes are, 0: none
20      4     where the data are, both from the beginning of the file
24      ..    name, ended by a zero byte
..      ..    attributes: tag (4), length (4), value
..      ..    data
======  ====  =================================================================

The next file begins at the next multiple of 64. The last four bytes of an older image tell where a header "ORBC" is; the
boot block follows it. Attributes say how data are packed, and have a digest of them as they lie there; any other one is a fact.
Source: coreboot ``util/cbfstool/cbfs_serialized.h`` and ``Documentation/lib/cbfs.md``. Vectors were made by coreboot's cbfstool.
"""

import hashlib
from collections.abc import Iterator
from struct import Struct
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.archived import place
from trueware.formats.codecs import LZMA_ALONE
from trueware.formats.contract import Content, Entry, FormatDoc, Held, Magic, Produced, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"LARCHIVE"
_HEADER = Struct(">8s4I")
_TAG = Struct(">2I")
_ALIGNED = 64
_FREE = (0, 0xFFFFFFFF)
_PACKED, _DIGEST = b"BCZL", b"hsaH"
_LZMA, _LZ4 = 1, 2
_ALGORITHMS = {1: "sha1", 2: "sha256", 3: "sha512"}
_TYPES = {
    0x01: "bootblock", 0x02: "header", 0x10: "stage", 0x11: "stage", 0x20: "payload", 0x21: "fit", 0x30: "optionrom",
    0x40: "bootsplash", 0x50: "raw", 0x51: "vsa", 0x52: "mbi", 0x53: "microcode", 0x60: "fsp", 0x61: "mrc",
    0x62: "mma", 0x63: "efi", 0x64: "struct", 0x70: "spd", 0x71: "mrc-cache", 0xAA: "cmos-default",
    0x1AA: "cmos-layout",
}  # fmt: skip
_MASTER, _MASTER_SIZE = b"ORBC", 32


class Cbfs:
    """The files of one CBFS, from the first on."""

    name: ClassVar[str] = "cbfs"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "coreboot file system", "coreboot",
        ("coreboot util/cbfstool/cbfs_serialized.h", "coreboot Documentation/lib/cbfs.md"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _header(view, 0) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Cbfs.matches(view):
            raise MalformedInput("cbfs", 0, "no file that is all there")
        reading = Reading(spans=[(0, 0)], end=0)
        reading.entries = _Walk(view, limits, reading).entries()
        return reading


def _header(view: memoryview, at: int) -> tuple[int, int, int, int] | None:
    """Return length, type, place of the attributes and of the data of the file at `at`, None where there is none."""
    if at + _HEADER.size > len(view) or view[at : at + 8] != _MAGIC:
        return None
    _, size, kind, attributes, start = _HEADER.unpack_from(view, at)
    fits = _HEADER.size < start <= len(view) - at - size and (not attributes or _HEADER.size < attributes <= start)
    return (size, kind, attributes, start) if fits else None


def _told(value: bytes) -> str:
    """Return a short text that stands for a value and no other."""
    return value.hex() if len(value) <= 128 else f"sha256 {hashlib.sha256(value).hexdigest()}"


class _Walk:
    """One reading under way."""

    def __init__(self, view: memoryview, limits: Limits, reading: Reading) -> None:
        self._view, self._limits, self._reading = view, limits, reading

    def entries(self) -> Iterator[Entry]:
        at = count = 0
        while (header := _header(self._view, at)) is not None:
            count += 1
            if count > self._limits.max_entries:
                raise LimitExceeded("max_entries", self._limits.max_entries, "files of a cbfs")
            size, kind, _, start = header
            self._reading.end = at + start + size
            if kind in _FREE:  # what is not free in such a one becomes a gap
                named = any(self._view[at + _HEADER.size : at + start])
                self._reading.cover(at, at + (_HEADER.size if named else start))
            else:
                self._reading.cover(at, self._reading.end)
                yield self._file(at, *header)
            at = -(-(at + start + size) // _ALIGNED) * _ALIGNED
        if self._view[at : at + 8] == _MAGIC:
            self._reading.note_anomaly("malformed", "a file that is longer than the image", at)
        yield from self._master()

    def _file(self, at: int, size: int, kind: int, attributes: int, start: int) -> Entry:
        view, reading = self._view, self._reading
        name, _, rest = bytes(view[at + _HEADER.size : at + (attributes or start)]).partition(b"\0")
        facts = {"type": _TYPES.get(kind, f"{kind:#x}")}
        if rest.strip(b"\0"):
            facts["name-rest"] = _told(rest)
        path = place(name.decode("utf-8", "surrogateescape"), at, reading)
        data = view[at + start : at + start + size]
        entry = Entry(path, Kind.FILE, Held(data), size, offset=at + start)
        if attributes:
            seen = set[bytes]()
            for tag, value in self._attributes(at + attributes, at + start):
                if tag in seen:
                    reading.note_anomaly("contradiction", f"attribute {tag.hex()} stands twice", at, path)
                seen.add(tag)
                if tag == _PACKED and len(value) == 8:
                    how, length = _TAG.unpack(value)
                    facts["packed"] = {0: "no", _LZMA: "lzma", _LZ4: "lz4"}.get(how, str(how))
                    if how == _LZMA:
                        entry.content, entry.size, entry.offset = self._unlzma(data, length), length, None
                    elif how not in (0, _LZ4):
                        reading.note_anomaly("unsupported", f"data packed in way {how}", at, path)
                elif tag == _DIGEST and len(value) > 4 and (algorithm := _ALGORITHMS.get(value[3])):
                    found = hashlib.new(algorithm, data, usedforsecurity=False).digest()
                    if found != value[4:]:
                        detail = f"the {algorithm} is {found.hex()}, stated {value[4:].hex()}"
                        reading.note_anomaly("checksum-mismatch", detail, at, path)
                else:
                    facts[f"attribute-{tag.hex()}"] = _told(value)
        entry.facts = tuple(sorted(facts.items()))
        return entry

    def _attributes(self, at: int, end: int) -> Iterator[tuple[bytes, bytes]]:
        """Yield tag and value of each attribute; what follows the last one is a filler."""
        while at + _TAG.size <= end:
            tag, size = bytes(self._view[at : at + 4]), int.from_bytes(self._view[at + 4 : at + 8], "big")
            if not _TAG.size <= size <= end - at:
                break
            yield tag, bytes(self._view[at + _TAG.size : at + size])
            at += size
        if rest := bytes(self._view[at:end]).strip(b"\0").strip(b"\xff"):
            yield b"rest", rest

    def _unlzma(self, packed: memoryview, size: int) -> Content:
        if size > self._limits.max_held:
            raise LimitExceeded("max_held", self._limits.max_held, "a packed file of a cbfs")

        def unpack() -> Iterator[bytes]:
            data = LZMA_ALONE.unpack(packed, size)
            if len(data) != size:
                raise MalformedInput("cbfs", 0, f"{len(data)} bytes in a packed file, {size} are stated")
            yield data

        return Produced(unpack, size)

    def _master(self) -> Iterator[Entry]:
        """Yield the header at the end of an older image and the boot block behind it, where they are not in a file."""
        view, end = self._view, self._reading.end or 0
        at = len(view) + int.from_bytes(view[-4:], "little", signed=True)
        if end <= at <= len(view) - _MASTER_SIZE and view[at : at + 4] == _MASTER:
            yield Entry("master-header", Kind.REGION, Held(view[at : at + _MASTER_SIZE]), _MASTER_SIZE, offset=at)
            rest = view[at + _MASTER_SIZE :]
            yield Entry("bootblock", Kind.REGION, Held(rest), len(rest), offset=at + _MASTER_SIZE)
            self._reading.end = len(view)
