"""UEFI firmware volumes: a header, and files one after the other, each of them bare or a row of sections.

======  ====  ==================================================================
offset  size  field (little-endian)
======  ====  ==================================================================
0       16    zero bytes, or where a processor begins
16      16    GUID of the file system
32      8     length of the volume
40      4     signature "_FVH"
44      4     attributes; bit 11: what bits of erased flash read as
48      2     length of the header
50      2     checksum: the 16-bit words of the header add up to 0
52      2     where the extended header is, 0: none
54      2     reserved, revision: 1 or 2
56      ..    numbers and lengths of blocks, ended by two zeros
======  ====  ==================================================================

A file begins at a multiple of 8, after the header or the extended one (name, 16 bytes, its length, 4 bytes, and more):

======  ====  ==================================================================
0       16    name, a GUID
16      2     checksums of its header and of its data
18      1     type; F0: filler
19      1     attributes; bit 0: large, bit 6: the data have a checksum
20      3     size, header included
23      1     state, a bit more for each step of its life
24      8     size of a large file
24/32   ..    data
======  ====  ==================================================================

Source: UEFI Platform Initialization Specification, volume 3, chapters 2 and 3. A file is a folder here, named by its GUID, with its
sections in it (`trueware.formats.embedded.uefi.sections`). A file that is deleted, which no firmware sees, stays told by its state.

Verified with the volumes of OVMF: names, types and contents of all files are those that UEFI tools and its build list.
"""

from collections.abc import Iterator
from struct import Struct
from typing import ClassVar
from uuid import UUID

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.archived import byte_sum
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.embedded.uefi.sections import Sections
from trueware.formats.sums import word_sum
from trueware.model.limits import Limits
from trueware.model.part import Kind

_HEADER = Struct("<16s16sQ4sIHHHBB")
_BLOCKS = Struct("<2I")
_FILE = Struct("<16sBBBB3sB")
_FILE_SYSTEMS = frozenset(
    UUID(guid).bytes_le for guid in ("8c8ce578-8a3d-4f1c-9935-896185c32dd3", "5473c07a-3dcb-4dca-bd6f-1e9689e7349a")
)
_ERASED_ONES = 1 << 11
_LARGE, _CHECKED, _NOT_CHECKED = 0x01, 0x40, 0xAA
_FILLER, _RAW, _NO_SECTIONS_FROM = 0xF0, 0x01, 0xC0
_TYPES = (
    "all", "raw", "freeform", "sec-core", "pei-core", "dxe-core", "peim", "driver", "combined-peim-driver",
    "application", "mm", "fv-image", "combined-mm-dxe", "mm-core", "mm-standalone", "mm-core-standalone",
)  # fmt: skip
_STATES = ("header-begun", "header", "data", "replaced", "deleted", "invalid")
_ALIGNED = 8


class UefiFv:
    """A firmware volume."""

    name: ClassVar[str] = "uefi-fv"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "UEFI firmware volume", "UEFI Forum", ("UEFI PI Specification 1.8, volume 3",),
        ("volumes that are no file system (variables), which are one region",
         "sections packed by Brotli",
         "signatures of sections, which are kept and not verified"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(40, b"_FVH"),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size + _BLOCKS.size:
            return False
        _, _, length, signature, _, size, _, extended, _, revision = _HEADER.unpack_from(view)
        least = _HEADER.size + _BLOCKS.size
        return signature == b"_FVH" and revision in (1, 2) and least <= size <= length and extended < length

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not UefiFv.matches(view):
            raise MalformedInput("uefi-fv", 0, "no header")
        vector, system, length, _, attributes, size, _, extended, reserved, revision = _HEADER.unpack_from(view)
        if size > len(view):
            raise MalformedInput("uefi-fv", 48, f"a header of {size} bytes in {len(view)}")
        reading = Reading(end=min(length, len(view)))
        reading.facts |= {"file-system": str(UUID(bytes_le=system)), "attributes": f"{attributes:#010x}"}
        reading.facts |= {"revision": str(revision), "blocks": _blocks(view[_HEADER.size : size], length, reading)}
        if any(vector):
            reading.facts["vector"] = vector.hex()
        if reserved:
            reading.note_anomaly("reserved-bits", f"the reserved byte is {reserved:#x}", 54)
        if word_sum(view[:size], big_endian=False) & 0xFFFF:
            reading.note_anomaly("checksum-mismatch", "the words of the header do not add up to 0", 50)
        if length > len(view):
            reading.note_anomaly("truncated", f"{len(view)} of {length} bytes are there", len(view))
        reading.cover(0, size)
        volume = view[: reading.end]
        if system in _FILE_SYSTEMS:
            reading.entries = _files(volume, size, extended, attributes, reading, limits)
        else:
            rest = volume[size:]
            reading.entries = [Entry("data", Kind.REGION, Held(rest), len(rest), offset=size)]
        return reading


def _blocks(table: memoryview, length: int, reading: Reading) -> str:
    """Return the table of blocks as a fact, and compare it with the length of the volume."""
    told, total = list[str](), 0
    for count, size in _BLOCKS.iter_unpack(table[: len(table) // _BLOCKS.size * _BLOCKS.size]):
        if not count and not size:
            break
        told.append(f"{count}x{size:#x}")
        total += count * size
    if total != length:
        reading.note_anomaly("contradiction", f"blocks of {total} bytes in a volume of {length}", _HEADER.size)
    return " ".join(told[:64])


def _files(
    volume: memoryview, start: int, extended: int, attributes: int, reading: Reading, limits: Limits
) -> Iterator[Entry]:
    at = start
    if extended:
        at = _past_extended(volume, start, extended, reading)
        # it lies in the data of a filler, which is a part of the region
        yield Entry("extension", Kind.REGION, Held(volume[start:at]), at - start, offset=start)
    erased = 0xFF if attributes & _ERASED_ONES else 0
    sections, count, seen = Sections(reading, limits), 0, dict[str, int]()
    while (at := _past_filler(volume, at, erased, reading)) + _FILE.size <= len(volume):
        head = bytes(volume[at : at + _FILE.size])
        if not head.strip(bytes([erased])):
            break
        count += 1
        if count > limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, "files of a firmware volume")
        raw, _, data_sum, kind, flags, size_field, state = _FILE.unpack(head)
        size, header = int.from_bytes(size_field, "little"), _FILE.size
        if flags & _LARGE:
            header += 8
            size = int.from_bytes(volume[at + _FILE.size : at + header], "little")
        if not header <= size <= len(volume) - at:
            raise MalformedInput("uefi-fv", at + 20, f"a file of {size} bytes in {len(volume) - at}")
        data = volume[at + header : at + size]
        name = str(UUID(bytes_le=raw))
        number = seen[name] = seen.get(name, -1) + 1
        _check(volume[at : at + header], data, data_sum, checked=bool(flags & _CHECKED), at=at, reading=reading)
        reading.cover(at, at + header)
        if kind != _FILLER:  # what is no filler in one becomes a gap
            folder = Entry(f"{name}-{number}" if number else name, Kind.DIRECTORY)
            folder.facts = (
                ("attributes", f"{flags:#04x}"),
                ("state", _state(state ^ erased)),
                ("type", _TYPES[kind] if kind < len(_TYPES) else f"{kind:#04x}"),
            )
            if kind == _RAW or not kind or kind >= _NO_SECTIONS_FROM:
                yield folder
                reading.cover(at + header, at + size)
                yield Entry(f"{folder.path}/raw", Kind.FILE, Held(data), len(data), offset=at + header)
            else:
                yield from sections.of_file(folder, data, at + header)
        at += size


def _past_extended(volume: memoryview, least: int, start: int, reading: Reading) -> int:
    """Return where the extended header ends, whose name is that of the volume; it begins at `least` or later."""
    if not least <= start <= len(volume) - 20:
        raise MalformedInput("uefi-fv", 52, f"an extended header at {start:#x} in {len(volume):#x} bytes")
    reading.facts["name"] = str(UUID(bytes_le=bytes(volume[start : start + 16])))
    end = start + int.from_bytes(volume[start + 16 : start + 20], "little")
    if not start + 20 <= end <= len(volume):
        raise MalformedInput("uefi-fv", start + 16, f"an extended header that ends at {end:#x}")
    return end


def _check(header: memoryview, data: memoryview, data_sum: int, *, checked: bool, at: int, reading: Reading) -> None:
    """Compare both checksums of a file: that of the header counts neither the other one nor the state."""
    if (byte_sum(header) - header[17] - header[23]) & 0xFF:
        reading.note_anomaly("checksum-mismatch", "the bytes of a file's header do not add up to 0", at + 16)
    found = -byte_sum(data) & 0xFF if checked else _NOT_CHECKED
    if found != data_sum and (checked or data_sum != 0x5A):  # of revision 1
        reading.note_anomaly("checksum-mismatch", f"a file's checksum is {found:#04x}, stated {data_sum:#04x}", at + 17)


def _state(bits: int) -> str:
    """Return the highest step that a file has come to."""
    highest = bits.bit_length() - 1
    return _STATES[highest] if 0 <= highest < len(_STATES) else f"{bits:#04x}"


def _past_filler(volume: memoryview, at: int, erased: int, reading: Reading) -> int:
    """Return the next place where a file may begin, and cover what is before it where that is erased flash."""
    end = -(-at // _ALIGNED) * _ALIGNED
    if not bytes(volume[at:end]).strip(bytes([erased])):
        reading.cover(at, min(end, len(volume)))
    return end
