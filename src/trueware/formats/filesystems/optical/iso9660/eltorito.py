"""El Torito: the catalogue of what a computer can start from a disc.

A boot record among the volume descriptors (``EL TORITO SPECIFICATION`` at 7) has the block of the catalogue at 71. Its entries
have 32 bytes:

============  ==============================================================================================
validation    1, u8 platform (0 x86, 1 PowerPC, 2 Mac, EF EFI), 24 bytes of text at 4, u16 sum at 28, 55 AA
image         88 (0: not to be started), u8 medium (0 none, 1-3 floppy disk, 4 hard disk), u16 segment to load it to,
              u8 kind of system, u16 sectors of 512 bytes to load at 6, u32 block at 8, 20 bytes for the choice
section       90 (91: the last), u8 platform, u16 images that follow, 28 bytes of text
extension     44: more bytes for the choice
============  ==============================================================================================

All 16-bit words of the first entry add up to 0. Without a medium the size of an image is stated nowhere; a file that begins
at its block tells, otherwise what is loaded.

Source: El Torito bootable CD-ROM format specification 1.0 (1995); UEFI Specification 2.10 §13.3.2.
"""

from collections.abc import Iterator, Mapping
from struct import Struct

from trueware.formats.contract import Content, Entry, Reading
from trueware.formats.filesystems.optical.space import SECTOR, Space
from trueware.formats.regions import region
from trueware.formats.sums import word_sum
from trueware.model.part import Kind

IDENTIFIER = b"EL TORITO SPECIFICATION"
_ENTRY = 32
_U32, _IMAGE = Struct("<I"), Struct("<BBHBxHI20s")
_MEDIA = {0: 0, 1: 1_228_800, 2: 1_474_560, 3: 2_949_120, 4: 0}
_SECTION, _LAST, _EXTENSION, _BOOTABLE = 0x90, 0x91, 0x44, 0x88


def images(
    view: memoryview, at: int, block: int, starts: Mapping[int, tuple[Content, int]], space: Space, reading: Reading
) -> Iterator[Entry]:
    """Yield the images in the catalogue that the boot record at `at` names; `starts` has contents of files by their place."""
    start = _U32.unpack_from(view, at + 71)[0] * block
    data = bytes(view[start : start + SECTOR])
    if len(data) < SECTOR or data[0] != 1 or data[30:32] != b"\x55\xaa":
        reading.note_anomaly("malformed", "no boot catalogue", start)
        return
    if word_sum(memoryview(data)[:_ENTRY], big_endian=False) & 0xFFFF:
        reading.note_anomaly("checksum-mismatch", "the first entry of the boot catalogue does not add up to 0", start)
    if text := data[4:28].strip(b"\0"):
        reading.notes["boot-id"] = text.decode("latin-1")
    platform, expected, number, place = data[1], 1, 0, _ENTRY
    last = False
    while place < SECTOR:
        kind = data[place]
        if not expected:
            if last or kind not in (_SECTION, _LAST):
                break
            platform, last = data[place + 1], kind == _LAST
            expected = int.from_bytes(data[place + 2 : place + 4], "little")
        elif kind != _EXTENSION:
            yield _image(view, data[place : place + _ENTRY], f"boot-{number}", platform, block, starts, space, reading)
            number, expected = number + 1, expected - 1
        place += _ENTRY
    space.share(start, start + place)


def _image(
    view: memoryview, raw: bytes, name: str, platform: int, block: int, starts: Mapping[int, tuple[Content, int]],
    space: Space, reading: Reading,
) -> Entry:  # fmt: skip
    bootable, medium, segment, system, sectors, first, choice = _IMAGE.unpack(raw)
    facts = [
        ("bootable", str(bootable == _BOOTABLE).lower()), ("medium", f"{medium:#x}"), ("platform", f"{platform:#x}"),
        ("sectors", str(sectors)), ("segment", f"{segment:#x}"), ("system", f"{system:#x}"),
    ]  # fmt: skip
    if choice.strip(b"\0"):
        facts.append(("choice", choice.hex()))
    start = first * block
    if (known := starts.get(start)) is not None:
        content, size = known
        return Entry(name, Kind.REGION, content, size, offset=start, facts=tuple(facts))
    entry = region(name, view, start, _MEDIA.get(medium & 0xF) or sectors * 512, reading, tuple(facts))
    space.share(start, start + entry.size)
    return entry
