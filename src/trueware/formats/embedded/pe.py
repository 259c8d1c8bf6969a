"""Programs of UEFI and Windows (PE/COFF): headers, sections, and the certificates that sign them.

======  ====  ==========================================================
offset  size  field (little-endian)
======  ====  ==========================================================
0       2     "MZ"
60      4     where the header is
======  ====  ==========================================================

======  ====  ==========================================================
offset  size  header
======  ====  ==========================================================
0       4     "PE", two NULs
4       4     machine, number of sections
8       4     when it was made
12      8     where symbols are, their number
20      4     length of the optional header, characteristics
24      2     optional header: 10B for 32 bits, 20B for 64 bits
84      4     length of all headers
88      4     checksum of the file, 0 for none
..      40    behind the optional header a section: name (8), length and place
              in memory, length and place in the file, ..; and so on
======  ====  ==========================================================

The fifth entry of the table that ends the optional header says where in the file certificates are: each has its length (4), a
revision and a kind (2 each), filled up to 8 bytes. Symbols have 18 bytes each; strings follow them, with their length (4) first.
The checksum is verified where there is one; firmware does not look at it.

Source: Microsoft "PE Format". Confirmed by two boot loaders of Debian. What a signature covers, and whether it fits, is not
looked at here.
"""

from collections.abc import Iterator
from struct import Struct, unpack_from
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.names import readable
from trueware.formats.regions import note_overlaps, region
from trueware.formats.sums import folded, word_sum
from trueware.model.limits import Limits

_MAGIC, _HEADER = b"MZ", b"PE\0\0"
_WHERE = 60
_COFF, _SECTION, _CERTIFICATE = Struct("<4sHHIIIHH"), Struct("<8s8xII16x"), Struct("<IHH")
_DIRECTORIES = {0x10B: 92, 0x20B: 108}
"""By kind of optional header: where in it the number of directory entries is."""

_SECURITY = 4
_SYMBOL = 18
_HEADERS_SIZE, _CHECKSUM = 60, 64
_MOST_SECTIONS, _MOST_CERTIFICATES = 96, 64
_MACHINES = {
    0x14C: "x86",
    0x1C0: "arm",
    0x1C2: "thumb",
    0x1C4: "armnt",
    0x8664: "x86-64",
    0xAA64: "arm64",
    0x5064: "riscv64",
}


class Pe:
    """A program of UEFI or Windows."""

    name: ClassVar[str] = "pe"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "program of UEFI or Windows (PE/COFF)", "Microsoft", ("PE Format",), ("signatures are not verified here",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _WHERE + 4 or view[:2] != _MAGIC:
            return False
        at = int(unpack_from("<I", view, _WHERE)[0])
        if at + _COFF.size + _DIRECTORIES[0x20B] + 4 > len(view) or at < 4 or view[at : at + 4] != _HEADER:
            return False
        _, _, count, _, _, _, size, _ = _COFF.unpack_from(view, at)
        directories = _DIRECTORIES.get(unpack_from("<H", view, at + _COFF.size)[0])
        return directories is not None and 0 < count <= _MOST_SECTIONS and directories + 4 <= size

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (sections and certificates are counted)
        if not Pe.matches(view):
            raise MalformedInput("pe", 0, "no header")
        at = int(unpack_from("<I", view, _WHERE)[0])
        _, machine, count, made, symbols, number, optional, flags = _COFF.unpack_from(view, at)
        table = at + _COFF.size + optional
        end = table + count * _SECTION.size
        headers = max(end, int(unpack_from("<I", view, at + _COFF.size + _HEADERS_SIZE)[0]))
        if headers > len(view):
            raise MalformedInput("pe", at + _COFF.size + _HEADERS_SIZE, f"headers of {headers} bytes in {len(view)}")
        reading = Reading(facts={"machine": _MACHINES.get(machine, f"{machine:#x}"), "characteristics": f"{flags:#x}"})
        reading.notes["time"] = str(made)
        # in two pieces, or the first would be a program again
        entries = [region("dos-stub", view, 0, at, reading), region("headers", view, at, headers - at, reading)]
        entries += _sections(view, table, count, reading)
        if symbols and symbols + _SYMBOL * number + 4 <= len(view):
            size = _SYMBOL * number + int(unpack_from("<I", view, symbols + _SYMBOL * number)[0])
            entries.append(region("symbols", view, symbols, size, reading))
        entries += _certificates(view, at + _COFF.size, optional, reading)
        note_overlaps(entries, reading)
        _check(view, at + _COFF.size + _CHECKSUM, reading)
        reading.entries = entries
        return reading


def _sections(view: memoryview, table: int, count: int, reading: Reading) -> Iterator[Entry]:
    for number in range(count):
        name, size, start = _SECTION.unpack_from(view, table + number * _SECTION.size)
        if size:
            told = readable(name.rstrip(b"\0") or b"unnamed")
            yield region(f"{number}-{told}", view, start, size, reading)


def _certificates(view: memoryview, optional: int, size: int, reading: Reading) -> Iterator[Entry]:
    directories = optional + _DIRECTORIES[unpack_from("<H", view, optional)[0]]
    count = int(unpack_from("<I", view, directories)[0])
    place = directories + 4 + 8 * _SECURITY
    if count <= _SECURITY or place + 8 > optional + size:
        return
    start, length = unpack_from("<II", view, place)
    end = start + length
    if end > len(view):
        reading.note_anomaly("truncated", f"certificates end at {end:#x} of {len(view):#x}", place)
        end = len(view)
    for number in range(_MOST_CERTIFICATES):
        if start + _CERTIFICATE.size > end:
            return
        taken, revision, kind = _CERTIFICATE.unpack_from(view, start)
        if not _CERTIFICATE.size < taken <= end - start:
            reading.note_anomaly("malformed", f"a certificate of {taken} bytes in {end - start}", start)
            return
        reading.cover(start, start + _CERTIFICATE.size)
        facts = (("revision", f"{revision:#x}"), ("kind", f"{kind:#x}"))
        name = f"certificate-{number}"
        yield region(name, view, start + _CERTIFICATE.size, taken - _CERTIFICATE.size, reading, facts)
        following = start + -(-taken // 8) * 8
        if not any(view[start + taken : min(following, end)]):
            reading.cover(start + taken, min(following, end))
        start = following


def _check(view: memoryview, at: int, reading: Reading) -> None:
    """Compare the file with its checksum: words, without the checksum itself, and the length."""
    stated = int(unpack_from("<I", view, at)[0])
    if not stated:
        return
    total = word_sum(view, big_endian=False)
    own = word_sum(view[at : at + 4], big_endian=False) if at % 2 == 0 else 0
    found = (folded(total - own) + len(view)) & 0xFFFFFFFF
    if found != stated:
        reading.note_anomaly("checksum-stale", f"the checksum is {found:08x}, stated {stated:08x}", at)
