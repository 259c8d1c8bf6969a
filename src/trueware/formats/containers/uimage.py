"""U-Boot's legacy image: a 64-byte header with two CRCs over one payload, several payloads, or a script.

======  ====  ======================================================
offset  size  field (big-endian)
======  ====  ======================================================
0       4     magic 27 05 19 56
4       4     CRC-32 of the header, this field as zero
8       4     time
12      4     size of the data
16      4     load address
20      4     entry point
24      4     CRC-32 of the data
28      1     operating system
29      1     architecture
30      1     type
31      1     compression
32      32    name
64      ..    data
======  ====  ======================================================

Multi-file images and scripts begin their data with a table of sizes, each four bytes, ended by a zero; the files
follow, each but the last filled up to a multiple of four. Source: u-boot ``include/image.h`` (legacy_img_hdr) and
``boot/image.c`` (image_multi_getimg).
"""

from collections.abc import Iterator
from struct import Struct
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"\x27\x05\x19\x56"
_HEADER = Struct(">7I4B32s")
_SIZE = Struct(">I")
_MULTI, _SCRIPT = 4, 6

_OS = (
    "invalid openbsd netbsd freebsd 4_4bsd linux svr4 esix solaris irix sco dell ncr lynxos vxworks psos qnx u-boot "
    "rtems artos unity integrity ose plan9 openrtos arm-trusted-firmware tee opensbi efi elf"
)
_ARCH = (
    "invalid alpha arm x86 ia64 mips mips64 powerpc s390 sh sparc sparc64 m68k nios microblaze nios2 blackfin avr32 "
    "st200 sandbox nds32 or1k arm64 arc x86_64 xtensa riscv"
)
_TYPE = (
    "invalid standalone kernel ramdisk multi firmware script filesystem flat_dt kwbimage imximage ublimage omapimage "
    "aisimage kernel_noload pblimage mxsimage gpimage atmelimage socfpgaimage x86_setup lpc32xximage loadable"
)
_COMPRESSION = "none gzip bzip2 lzma lzo lz4 zstd"
"""Words by number, from 0: u-boot ``include/image.h``."""


class UImage:
    """One U-Boot legacy image."""

    name: ClassVar[str] = "uimage"
    doc: ClassVar[FormatDoc] = FormatDoc("U-Boot legacy image", "DENX", ("u-boot include/image.h",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or view[:4] != _MAGIC:
            return False
        system, arch, type_, compression = view[28:32]
        return system < 64 and arch < 64 and type_ < 128 and compression < 16

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if len(view) < _HEADER.size or view[:4] != _MAGIC:
            raise MalformedInput("uimage", 0, "no header")
        _, header_crc, time, size, load, entry, data_crc, *kinds, name = _HEADER.unpack_from(view)
        system, arch, type_, compression = kinds
        reading = Reading(
            facts={
                "name": name.rstrip(b"\0").decode("utf-8", "surrogateescape"),
                "os": _named(_OS, system),
                "arch": _named(_ARCH, arch),
                "type": _named(_TYPE, type_),
                "compression": _named(_COMPRESSION, compression),
                "load": f"{load:#010x}",
                "entry": f"{entry:#010x}",
            },
            notes={"time": str(time)},
            end=_HEADER.size + size,
        )
        reading.cover(0, _HEADER.size)
        found = header_crc_of(view)
        if found != header_crc:
            reading.note_anomaly("checksum-mismatch", f"the header's CRC-32 is {found:08x}, stated {header_crc:08x}", 4)
        data = view[_HEADER.size : _HEADER.size + size]
        if len(data) < size:
            reading.note_anomaly("truncated", f"{len(data)} of {size} bytes of data are there", len(view))
        elif (found := crc32(data)) != data_crc:
            reading.note_anomaly("checksum-mismatch", f"the data's CRC-32 is {found:08x}, stated {data_crc:08x}", 24)
        if type_ in (_MULTI, _SCRIPT):
            reading.entries = _files(data, reading, limits)
        else:
            reading.entries = [Entry("payload", Kind.REGION, Held(data), len(data), offset=_HEADER.size)]
        return reading


def _named(words: str, number: int) -> str:
    names = words.split()
    return names[number] if number < len(names) else str(number)


def header_crc_of(view: memoryview) -> int:
    """Return the CRC-32 the header at the start of `view` should state."""
    return crc32(view[8 : _HEADER.size], crc32(b"\0\0\0\0", crc32(view[:4])))


def _files(data: memoryview, reading: Reading, limits: Limits) -> Iterator[Entry]:
    """Yield the files of a multi-file image or script as ``payload-0``, ``payload-1`` and so on."""
    at, sizes = 0, []
    while True:
        if at + 4 > len(data):
            raise MalformedInput("uimage", _HEADER.size + at, "the table of sizes does not end")
        (size,) = _SIZE.unpack_from(data, at)
        at += 4
        if not size:
            break
        sizes.append(size)
        if len(sizes) > limits.max_entries:
            raise MalformedInput("uimage", _HEADER.size + at, "the table of sizes does not end")
    reading.cover(_HEADER.size, _HEADER.size + at)
    for index, size in enumerate(sizes):
        piece = data[at : at + size]
        if len(piece) < size:
            detail = f"file {index} has {size} bytes, {len(piece)} are left"
            reading.note_anomaly("truncated", detail, _HEADER.size + at, f"payload-{index}")
        yield Entry(f"payload-{index}", Kind.REGION, Held(piece), len(piece), offset=_HEADER.size + at)
        at = min(at + (size + 3 & ~3), len(data))
