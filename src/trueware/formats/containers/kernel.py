"""Linux kernel images: x86 bzImage, ARM zImage, and the flat Image of arm64 and RISC-V.

======  ====  =============================================================================
offset  size  field
======  ====  =============================================================================
bzImage (little-endian; boot protocol 2.00 on)
0x1F1   1     sectors of the setup code, 0 means 4; one boot sector comes before it
0x1F4   4     size of the protected-mode code, in units of 16 bytes
0x202   4     "HdrS"
0x206   2     boot protocol
0x20E   2     the version's text, counted from 0x200
0x248   8     payload: offset in the protected-mode code, length (from protocol 2.08)
zImage (in the CPU's byte order)
0x24    4     magic 016F2818
0x28    8     start, end of the image
0x30    4     04030201
0x34    8     45454545, offset of a table of tagged values (newer kernels only)
Image (little-endian)
0x08    24    where to load it, size in memory, flags
0x30    4     version of the header (RISC-V)
0x38    4     "ARM", 64 or "RSC", 05
======  ====  =============================================================================

What is compressed in a zImage has no field for where it begins: the first stream with a credible header is taken. It ends,
like a bzImage's payload that is not gzip, with four bytes of the unpacked size. What follows the image (a device tree, a
signature) is a region of its own. Source: Linux ``Documentation/arch/x86/boot.rst``, ``arch/arm/boot/compressed/head.S`` and
``vmlinux.lds.S``, ``Documentation/arch/arm64/booting.rst``, ``Documentation/arch/riscv/boot-image-header.rst``.

A kernel without a header of its own (MIPS, or unpacked) has nothing to be known by; the search inside opaque bytes
(`trueware.measuring.carve`) finds the root file system in it.
"""

import re
from struct import unpack_from
from typing import ClassVar
from zlib import crc32

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_SETUP = b"HdrS"
_ZIMAGE = {b"\x18\x28\x6f\x01": "<", b"\x01\x6f\x28\x18": ">"}
_IMAGE = {b"ARM\x64": "arm64", b"RSC\x05": "riscv"}
_SECTOR = 512
_HEADER = 64
"""Headers are regions apart from what follows, so that no region looks like a kernel again."""

_MORE = 0x45454545
_PIGGY = 0x5A534C4B
_STREAM = re.compile(
    rb"\x1f\x8b\x08[\0\x08].{4}[\0\x02\x04][\0-\x0d\xff]"  # gzip
    rb"|\xfd7zXZ\0\0[\0\x01\x04\x0a]"  # xz
    rb"|\x5d\0\0.{2}(?:\xff{8}|.{4}\0{4})\0"  # lzma, 1.5.5 and earlier: dictionary, size, first byte of the coder
    rb"|\x02\x21\x4c\x18.{3}\0"  # lz4 as kernels have it
    rb"|\x28\xb5\x2f\xfd"  # zstd
    rb"|\x89LZO\0\r\n\x1a\n[\x09\x10]"  # lzop
    rb"|BZh[1-9]1AY&SY",  # bzip2
    re.DOTALL,
)


class LinuxKernel:
    """A Linux kernel with a boot header."""

    name: ClassVar[str] = "linux-kernel"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Linux kernel image",
        "kernel.org",
        ("Linux Documentation/arch/x86/boot.rst", "Linux Documentation/arch/arm64/booting.rst"),
        ("kernels without a header (MIPS, PowerPC) are looked into as opaque bytes",),
    )
    magics: ClassVar[tuple[Magic, ...]] = (
        Magic(0x202, _SETUP),
        *(Magic(0x24, magic) for magic in _ZIMAGE),
        *(Magic(0x38, magic) for magic in _IMAGE),
    )

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < 0x400:
            return False
        if bytes(view[0x202:0x206]) == _SETUP:
            return bytes(view[0x1FE:0x200]) == b"\x55\xaa"
        if order := _ZIMAGE.get(bytes(view[0x24:0x28])):
            start, end, one = unpack_from(f"{order}III", view, 0x28)
            return bool(one == 0x04030201 and end - start >= 0x400)
        return bytes(view[0x38:0x3C]) in _IMAGE

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (a handful of regions)
        if not LinuxKernel.matches(view):
            raise MalformedInput("linux-kernel", 0, "no kernel header")
        reading = Reading()
        if bytes(view[0x202:0x206]) == _SETUP:
            entries = _read_bzimage(view, reading)
        elif order := _ZIMAGE.get(bytes(view[0x24:0x28])):
            entries = _read_zimage(view, order, reading)
        else:
            entries = _read_image(view, reading)
        end = entries[-1].offset or 0
        end += entries[-1].size
        if end < len(view):
            entries.append(_region("appended", view, end, len(view)))
        reading.entries = [entry for entry in entries if entry.size]
        return reading


def _read_bzimage(view: memoryview, reading: Reading) -> list[Entry]:
    sectors, size = view[0x1F1] or 4, unpack_from("<I", view, 0x1F4)[0] * 16
    protocol, text_at = unpack_from("<H", view, 0x206)[0], unpack_from("<H", view, 0x20E)[0]
    start = (sectors + 1) * 512
    end = _end(view, start + size, reading)
    reading.facts |= {"kind": "bzimage", "protocol": f"{protocol >> 8}.{protocol & 0xFF:02}"}
    if protocol >= 0x200 and text_at and 0x200 + text_at < start:
        text = bytes(view[0x200 + text_at : min(0x200 + text_at + 256, start)]).partition(b"\0")[0]
        reading.facts["version"] = text.decode("utf-8", "surrogateescape")
    start = min(start, end)
    setup = [_region("boot-sector", view, 0, _SECTOR), _region("setup", view, _SECTOR, start)]
    if protocol < 0x208:
        return [*setup, _region("code", view, start, end)]
    offset, length = unpack_from("<II", view, 0x248)
    first, last = start + offset, start + offset + length
    if last > end or length < 8:
        reading.note_anomaly("malformed", f"a payload of {length} bytes at {first:#x} does not fit", 0x248)
        return [*setup, _region("code", view, start, end)]
    return [*setup, _region("head", view, start, first), *_payload(view, first, last), _region("tail", view, last, end)]


def _read_zimage(view: memoryview, order: str, reading: Reading) -> list[Entry]:
    start, stop = unpack_from(f"{order}II", view, 0x28)
    end = _end(view, stop - start, reading)
    reading.facts["kind"] = "zimage"
    reading.facts["byte-order"] = "little" if order == "<" else "big"
    found = next((match for match in _STREAM.finditer(view, _HEADER, end) if _credible(view, match.start())), None)
    if found is None:
        reading.note_anomaly("unsupported", "no compressed kernel is found in the image", _HEADER)
        return [_region("header", view, 0, _HEADER), _region("code", view, _HEADER, end)]
    first, last = found.start(), end
    more, table = unpack_from(f"{order}II", view, 0x34)
    if more == _MORE and _HEADER <= table <= end - 16:
        _, tag, size_at = unpack_from(f"{order}III", view, table)
        if tag == _PIGGY and first + 4 < size_at <= end - 4:
            last = size_at + 4
    head = [_region("header", view, 0, _HEADER), _region("head", view, _HEADER, first)]
    if last == end:
        return [*head, _region("payload", view, first, end)]
    return [*head, *_payload(view, first, last), _region("tail", view, last, end)]


def _read_image(view: memoryview, reading: Reading) -> list[Entry]:
    load, size, flags = unpack_from("<QQQ", view, 8)
    reading.facts |= {
        "kind": f"image-{_IMAGE[bytes(view[0x38:0x3C])]}",
        "load-offset": f"{load:#x}",
        "memory-size": f"{size:#x}",
        "flags": f"{flags:#x}",
    }
    # the size counts memory that is zeroed at start and not in the file, so it cannot tell where the file ends
    return [_region("header", view, 0, _HEADER), _region("code", view, _HEADER, len(view))]


def _payload(view: memoryview, first: int, last: int) -> list[Entry]:
    """Return the compressed kernel, without the size behind it unless that is gzip's own."""
    if bytes(view[first : first + 2]) == b"\x1f\x8b":
        return [_region("payload", view, first, last)]
    return [_region("payload", view, first, last - 4), _region("payload-size", view, last - 4, last)]


def _credible(view: memoryview, at: int) -> bool:
    """Tell a compressed stream from the constants of the code that unpacks it."""
    if bytes(view[at : at + 6]) == b"\xfd7zXZ\0":
        return len(view) >= at + 12 and unpack_from("<I", view, at + 8)[0] == crc32(view[at + 6 : at + 8])
    if view[at] == 0x5D:
        dictionary: int = unpack_from("<I", view, at + 1)[0]
        return dictionary >= 0x1000 and not dictionary & (dictionary - 1)
    return True


def _end(view: memoryview, stated: int, reading: Reading) -> int:
    if stated > len(view):
        reading.note_anomaly("truncated", f"{len(view)} of {stated} bytes of the image are there", len(view))
    return min(stated, len(view))


def _region(path: str, view: memoryview, start: int, stop: int) -> Entry:
    return Entry(path, Kind.REGION, Held(view[start:stop]), stop - start, offset=start)
