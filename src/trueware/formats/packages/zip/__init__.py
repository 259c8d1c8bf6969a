"""zip archives, and so JAR and APK: the central directory counts, and every member's own header is compared with it.

The archive ends with an end record, which says where the directory is; its records say where the members are.

============  ====  ==================================================================================================
offset        size  end record (little-endian)
============  ====  ==================================================================================================
0             4     ``PK 5 6``
4             8     disks; members, twice
12            8     length and offset of the directory
20            2     length of the comment, which follows
============  ====  ==================================================================================================

Where a value is full (all bits set), the 64-bit end record ``PK 6 6`` has it; its locator ``PK 6 7`` stands before the end record.

============  ====  ==================================================================================================
record        own   field
============  ====  ==================================================================================================
0             0     ``PK 1 2``, in the member's own header ``PK 3 4``
4                   version and system it was made by
6             4     version needed
8             6     flags: 0 encrypted, 3 checksum and sizes behind the data, 11 UTF-8
10            8     method: 0 stored, 8 deflate, 12 bzip2, 14 LZMA, 93 zstd, 95 xz
12            10    time and date of DOS
16            14    CRC-32, compressed and plain size
28            26    lengths of name and extra fields (in the record: and comment)
38                  attributes of the system; Unix: the mode in the upper half
42                  offset of the member's own header
46            30    name, extra fields (comment); in the own header: the data
============  ====  ==================================================================================================

Source: PKWARE APPNOTE 6.3.10; Info-ZIP ``proginfo/extrafld.txt``; Android "APK Signature Scheme v2" for the block before the
directory. Programs that read a zip front to back never see the directory, and others never see the headers: wherever the two
differ, members overlap, or a member is not in the directory, the reading is left in doubt.
"""

from collections.abc import Iterator
from struct import Struct
from typing import ClassVar

from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.packages.zip.directory import Directory, find_end, read_directory
from trueware.formats.packages.zip.member import LOCAL_MAGIC, Member, locate
from trueware.model.limits import Limits
from trueware.model.part import Kind

_EMPTY = b"PK\5\6"
_DEX = b"dex\n"
_SIGNING_MAGIC = b"APK Sig Block 42"
_SIGNING_END = Struct("<Q16s")


class Zip:
    """A zip archive."""

    name: ClassVar[str] = "zip"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "zip archive, JAR, Android package",
        "PKWARE",
        ("APPNOTE 6.3.10", "Info-ZIP proginfo/extrafld.txt", "Android APK Signature Scheme v2"),
        (
            "encrypted members",
            "methods other than stored, deflate, bzip2, LZMA, zstd and xz",
            "archives in several files",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = (
        Magic(0, LOCAL_MAGIC),
        Magic(0, _EMPTY),
        Magic(0, _DEX),
        Magic(-22, _EMPTY),
    )

    @staticmethod
    def matches(view: memoryview) -> bool:
        return bytes(view[:4]) == LOCAL_MAGIC or find_end(view) >= 0

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        reading = Reading()
        directory = read_directory(view, limits, reading)
        reading.end = directory.archive_end
        members = [locate(view, record, directory.start, reading) for record in directory.records]
        members = _without_overlaps(view, members, directory, limits, reading)
        reading.entries = _entries(view, members, directory, limits, reading)
        return reading


def _without_overlaps(
    view: memoryview, members: list[Member], directory: Directory, limits: Limits, reading: Reading
) -> list[Member]:
    """Mark members that share bytes, leave out those beyond a ceiling, and look at what stands between members."""
    end, last, overlaps = 0, None, 0
    for member in sorted(members, key=lambda member: (member.start, member.end)):
        if member.start < end and last is not None:
            member.overlaps = last.overlaps = True
            overlaps += 1
            if overlaps <= limits.max_findings:
                detail = f"{member.path!r} and {last.path!r} share bytes"
                reading.note_anomaly("overlap", detail, member.start, member.path)
        elif member.start > end:
            _look_between(view, end, member.start, reading)
        if member.end > end:
            end, last = member.end, member
        reading.cover(member.start, member.end)
    if end < directory.start:
        _look_between(view, end, directory.start, reading)
    if overlaps <= limits.max_findings:
        return members
    reading.note_anomaly("limit-reached", f"{overlaps} members share bytes; they are left out", directory.start)
    return [member for member in members if not member.overlaps]


def _look_between(view: memoryview, start: int, end: int, reading: Reading) -> None:
    """Report bytes outside of members that some program takes for what counts."""
    head = bytes(view[start : min(start + 4, end)])
    if head == LOCAL_MAGIC:
        reading.note_anomaly("contradiction", "a member that is not in the directory", start)
    elif head == _DEX and start == 0:
        reading.note_anomaly("contradiction", "code of Android before the archive, which some versions run", start)


def _entries(
    view: memoryview, members: list[Member], directory: Directory, limits: Limits, reading: Reading
) -> Iterator[Entry]:
    for member in members:
        yield member.entry(view, limits)
    if (block := _signing_block(view, directory.start, reading)) is not None:
        yield block
    start, size = directory.comment
    if size:
        comment = view[start : start + size]
        yield Entry("comment", Kind.REGION, Held(comment), size, offset=start)


def _signing_block(view: memoryview, end: int, reading: Reading) -> Entry | None:
    """Return the block of Android's signatures that ends at `end`: its size, pairs, its size again, and a magic."""
    at = end - _SIGNING_END.size
    if at < 8:
        return None
    size, magic = _SIGNING_END.unpack_from(view, at)
    start = end - 8 - size
    if magic != _SIGNING_MAGIC:
        return None
    if size < _SIGNING_END.size or start < 0 or int.from_bytes(view[start : start + 8], "little") != size:
        reading.note_anomaly("contradiction", "the two sizes of the APK Signing Block differ", at)
        return None
    if any(begin < end and start < stop for begin, stop in reading.spans):
        reading.note_anomaly("overlap", "the APK Signing Block shares bytes with members", start)
        return None
    return Entry("apk-signing-block", Kind.REGION, Held(view[start:end]), end - start, offset=start)
