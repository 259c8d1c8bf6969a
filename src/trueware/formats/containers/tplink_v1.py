"""TP-Link's version 1 firmware header: who made it and for which board, one salted MD5, and where kernel and root lie.

======  ====  =====================================================================
offset  size  field (big-endian)
======  ====  =====================================================================
0x000   4     header version, 0x01000000
0x004   24    vendor
0x01C   36    version
0x040   4     hardware id
0x044   4     hardware revision
0x048   4     region code
0x04C   16    MD5 of the file with the salt in this field
0x05C   4     unknown
0x060   16    a second MD5, of what is not public
0x070   4     unknown
0x074   4     load address of the kernel
0x078   4     entry point
0x07C   4     length of the whole
0x080   8     kernel: offset, length
0x088   8     root file system: offset, length
0x090   8     boot loader: offset, length
0x098   6     version of the firmware, three numbers
0x0A0   128   padding
0x120   32    region
0x140   32    region, second string
0x160   160   padding
======  ====  =====================================================================

Source: OpenWrt firmware-utils ``src/mktplinkfw.c``. The salts are public (ibid., md5salt_normal, md5salt_boot): a
fitting MD5 proves integrity only. An image with a boot loader is what goes to the start of the flash behind an outer
header; its firmware, with a header of its own, follows in a later erase block, and offsets count from that inner one.
Where the root lies is told twice: OpenWrt looks for squashfs right after the kernel first and then where the header
says (``mtdsplit_tplink.c``); two answers are reported. No official tool confirmed this reader; images of TP-Link,
OpenWrt, Gluon and DD-WRT were read with fitting MD5.

Lengths, and offsets that say where a part was found, restate what the parts show and are notes: whoever packs the same parts
anew states others. Offsets nothing was found at, or looked for at, are facts, since a device might follow them; and so is where
JFFS2's end marks are, told from the place where a device with erase blocks of 64 KiB looks for one.
"""

import re
from hashlib import md5
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_HEADER = Struct(">4s24s36sIII16sI16s10I3H")
_SIZE = 0x200
_VERSION = b"\x01\0\0\0"
_SALT = bytes.fromhex("dcd73aa5c39598fbddf9e7f40eae4738")
_SALT_WITH_BOOT = bytes.fromhex("8cef335bd5c5cefaa79c28dab2e90f42")
_BLOCK = 0x10000
_BOOT_AREA = 0x20000
_BOOT_BLOCKS = 16
_SQUASHFS = (b"hsqs", b"sqsh", b"shsq", b"qshs")
_SUPERBLOCK = Struct("<4s24xH10xQ")
"""Magic, version and bytes used of a squashfs (Linux ``fs/squashfs/squashfs_fs.h``)."""

_MAJOR = 4

_PLACES = slice(0x80, 0x90)
"""Offset and length of kernel and root in the header."""

_END_MARKS = re.compile(rb"(?:[\xff\0]*+\xde\xad\xc0\xde)+[\xff\0]*+\Z")
_END_MARK = re.compile(rb"\xde\xad\xc0\xde")


class TplinkV1:
    """A firmware with TP-Link's first header."""

    name: ClassVar[str] = "tplink-v1"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "TP-Link firmware, header version 1", "TP-Link", ("OpenWrt firmware-utils src/mktplinkfw.c",),
        ("what the second MD5 covers is not public; it is kept as a fact",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _VERSION),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        """Four bytes are little: the vendor must be text, the kernel must lie behind the header and have an address."""
        if len(view) < _SIZE or view[:4] != _VERSION:
            return False
        vendor = bytes(view[4:28]).rstrip(b"\0")
        fields = _HEADER.unpack_from(view)
        load, entry, length, kernel_at, kernel_size = fields[10:15]
        return (
            vendor.isascii() and vendor.decode().isprintable() and bool(vendor)
            and kernel_at >= _SIZE and kernel_size > 0 and kernel_at + kernel_size <= length
            and load > 0 and entry > 0
        )  # fmt: skip

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (a header names three regions)
        if not TplinkV1.matches(view):
            raise MalformedInput("tplink-v1", 0, "no header")
        fields = _HEADER.unpack_from(view)
        _, vendor, version, hardware, revision, region, digest, unknown_1, second, unknown_2 = fields[:10]
        load, entry, length, kernel_at, kernel_size, root_at, root_size, boot_at, boot_size = fields[10:19]
        reading = Reading(
            facts={
                "vendor": _text(vendor),
                "version": _text(version),
                "hardware": f"{hardware:#010x}",
                "hardware-revision": str(revision),
                "region-code": f"{region:#x}",
                "region": _text(bytes(view[0x120:0x140])),
                "region-2": _text(bytes(view[0x140:0x160])),
                "firmware-version": ".".join(map(str, fields[19:])),
                "load": f"{load:#010x}",
                "entry": f"{entry:#010x}",
                "flash-size": f"{length:#x}",
                "kernel-offset": f"{kernel_at:#x}",
                "bootloader-offset": f"{boot_at:#x}",
                "second-md5": second.hex(),
                "unknown": f"{unknown_1:#x} {unknown_2:#x}",
            },
            notes={
                "kernel": f"{kernel_at:#x}+{kernel_size:#x}",
                "rootfs": f"{root_at:#x}+{root_size:#x}",
                "bootloader": f"{boot_at:#x}+{boot_size:#x}",
            },
            end=min(length, len(view)),
        )
        reading.cover(0, 0x9E)
        reading.cover(0x120, 0x160)
        if any(second):
            reading.note_anomaly("checksum-unchecked", "what the second MD5 covers is not public", 0x60)
        _check_digest(view, digest, length, _SALT_WITH_BOOT if boot_size else _SALT, reading)
        if boot_size:
            reading.entries = _with_boot_loader(view, boot_size, reading)
        else:
            reading.entries = _kernel_and_root(view, (kernel_at, kernel_size), (root_at, root_size), reading)
        return reading


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode("utf-8", "surrogateescape")


def _check_digest(view: memoryview, stated: bytes, length: int, salt: bytes, reading: Reading) -> None:
    """Compare the MD5 of the file, or of its stated length where the file is longer."""
    found = md5(view[:0x4C], usedforsecurity=False)
    found.update(salt)
    found.update(view[0x5C : max(length, _SIZE)])
    if found.digest() != stated:
        reading.note_anomaly("checksum-mismatch", f"the salted MD5 is {found.hexdigest()}, stated {stated.hex()}", 0x4C)


def _with_boot_loader(view: memoryview, boot_size: int, reading: Reading) -> list[Entry]:
    """Return the boot loader, and the firmware with its own header behind it."""
    end = reading.end or len(view)
    stop = _SIZE + boot_size
    inner = [
        at
        for at in range(_SIZE + _BLOCK, min(_SIZE + _BOOT_BLOCKS * _BLOCK, end) + 1, _BLOCK)
        if at >= stop and TplinkV1.matches(view[at:end])
    ]
    if stop > end:
        raise MalformedInput("tplink-v1", 0x94, f"a boot loader of {boot_size} bytes in {end} bytes")
    if len(inner) > 1:
        places = ", ".join(f"{at:#x}" for at in inner)
        reading.note_anomaly("contradiction", f"more than one inner header, at {places}", inner[0])
    start = inner[0] if inner else max(_SIZE + _BOOT_AREA, stop)
    if not inner:
        reading.note_anomaly("unsupported", "a boot loader without an inner header behind it", stop)
    reading.facts["firmware-offset"] = f"{start:#x}"
    if not inner or view[_PLACES] != view[start + _PLACES.start : start + _PLACES.stop]:
        reading.facts["stated"] = f"{reading.notes['kernel']} {reading.notes['rootfs']}"
    entries = [_region("bootloader", view, _SIZE, stop)]
    if start < end:
        entries.append(_region("firmware", view, start, end))
    return entries


def _kernel_and_root(view: memoryview, kernel: tuple[int, int], root: tuple[int, int], reading: Reading) -> list[Entry]:
    """Return kernel and root, given as offset and size; see the module's docstring for where the root lies."""
    (kernel_at, kernel_size), (root_at, root_size) = kernel, root
    end = reading.end or len(view)
    kernel_end = kernel_at + kernel_size
    if kernel_end > end:
        reading.note_anomaly("truncated", f"the kernel ends at {kernel_end:#x}, the bytes at {end:#x}", end)
    entries = [_region("kernel", view, kernel_at, min(kernel_end, end))]
    if not root_size:
        reading.facts["rootfs-offset"] = f"{root_at:#x}"
        return entries
    follows = view[kernel_end : kernel_end + 4] in _SQUASHFS
    where_stated = view[root_at : root_at + 4] in _SQUASHFS
    if follows and where_stated and root_at != kernel_end:
        detail = f"squashfs both after the kernel and at {root_at:#x}, as the header says"
        reading.note_anomaly("contradiction", detail, 0x88)
    if root_at < kernel_end and not follows:
        detail = f"the root at {root_at:#x} begins before the kernel ends at {kernel_end:#x}"
        reading.note_anomaly("overlap", detail, 0x88)
    start = kernel_end if follows or root_at < kernel_end else root_at
    if root_at != start:
        reading.facts["rootfs-offset"] = f"{root_at:#x}"
    if start + root_size > end:
        reading.note_anomaly("truncated", f"the root ends at {start + root_size:#x}, the bytes at {end:#x}", end)
    stop = min(start + root_size, end)
    if start < stop:
        entries.append(_region("rootfs", view, start, stop))
    if _END_MARKS.match(view, stop, end):
        marks = [mark.start() for mark in _END_MARK.finditer(view, stop, end)]
        # the device makes its writable file system anew where it finds one at the first erase block behind the root
        expected = -(-_root_end(view, start, stop) // _BLOCK) * _BLOCK
        reading.facts["jffs2-end-marks"] = " ".join(f"{mark - expected:+#x}" for mark in marks)
        entries += [_region(f"jffs2-end-mark-{index}", view, at, at + 4) for index, at in enumerate(marks)]
    return entries


def _root_end(view: memoryview, start: int, stop: int) -> int:
    """Return where the root ends by its own superblock, as a device asks it, or by the header where it is no squashfs 4."""
    if stop - start < _SUPERBLOCK.size:
        return stop
    magic, major, used = _SUPERBLOCK.unpack_from(view, start)
    return start + int(used) if magic == b"hsqs" and major == _MAJOR and used <= stop - start else stop


def _region(path: str, view: memoryview, start: int, stop: int) -> Entry:
    data = view[start:stop]
    return Entry(path, Kind.REGION, Held(data), len(data), offset=start if len(data) else None)
