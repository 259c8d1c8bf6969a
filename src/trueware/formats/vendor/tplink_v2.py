"""TP-Link's firmware header of versions 2 and 3: a board, one salted MD5, and where kernel and root lie.

======  ====  =======================================================
offset  size  field (big-endian)
======  ====  =======================================================
0x000   4     header version, 0x02000000 or 0x03000000
0x004   48    version, text
0x034   4     hardware id
0x038   4     hardware revision
0x03C   4     further hardware version
0x040   16    MD5 of the file with the salt in this field
0x050   4     unknown, 0
0x054   16    a second MD5, of what is not public
0x064   4     unknown, 0xFFFFFFFF
0x068   4     load address of the kernel (on some boards little-endian)
0x06C   4     entry point (as the load address)
0x070   4     length of the whole, at most
0x074   8     kernel: offset, length
0x07C   8     root file system: offset, length; 0xFFFFFFFF: none
0x084   8     boot loader: offset, length
0x08C   2     55 AA
0x08E   2     second version, two numbers
0x090   1     A5
0x091   3     version of the firmware, three numbers
0x094   364   padding, 0xFF
======  ====  =======================================================

Source: OpenWrt ``firmware-utils/src/mktplinkfw2.c``, the public salts included: a fitting MD5 proves integrity only. OpenWrt looks
for its root right after the kernel first and then where the header says (``mtdsplit_tplink.c``); two answers are reported.
The vectors were built from that layout; no image of TP-Link confirmed the reading.
"""

from hashlib import md5
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, note_overlaps, region
from trueware.model.limits import Limits

_HEADER = Struct(">4s48sIII16sI16s10I2s2Bc3B")
_SIZE = 0x200
_VERSIONS = {b"\x02\0\0\0": "2", b"\x03\0\0\0": "3"}
_SALT = bytes.fromhex("dcd73aa5c39598fbdcf9e7f40eae4737")
_SALT_WITH_BOOT = bytes.fromhex("8cef335fd5c5cefaac9c28dab2e90f42")
_NONE = 0xFFFFFFFF
_SQUASHFS = (b"hsqs", b"sqsh", b"shsq", b"qshs")


class TplinkV2:
    """A firmware with TP-Link's second or third header."""

    name: ClassVar[str] = "tplink-v2"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "TP-Link firmware, header versions 2 and 3", "TP-Link", ("OpenWrt firmware-utils src/mktplinkfw2.c",),
        ("what the second MD5 covers is not public; it is kept as a fact", "images with a boot loader are not split"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, value) for value in _VERSIONS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        """Four bytes are little: two marks must be there, the version must be text and the kernel within the whole."""
        if len(view) < _SIZE or bytes(view[:4]) not in _VERSIONS:
            return False
        fields = _HEADER.unpack_from(view)
        length, kernel_at, kernel_size = fields[11:14]
        return (
            fields[18] == b"\x55\xaa" and fields[21] == b"\xa5" and is_text(fields[1], b"\xff")
            and kernel_at >= _SIZE and kernel_size > 0 and kernel_at + kernel_size <= length
        )  # fmt: skip

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (a header names three regions)
        if not TplinkV2.matches(view):
            raise MalformedInput("tplink-v2", 0, "no header")
        fields = _HEADER.unpack_from(view)
        magic, version, hardware, revision, added, digest, unknown_1, second = fields[:8]
        unknown_2, load, entry, length, kernel_at, kernel_size, root_at, root_size, boot_at, boot_size = fields[8:18]
        reading = Reading(
            facts={
                "header-version": _VERSIONS[magic],
                "hardware": f"{hardware:#010x}",
                "hardware-revision": f"{revision:#x}",
                "hardware-version": f"{added:#x}",
                "firmware-version": ".".join(map(str, fields[22:])) + "-" + ".".join(map(str, fields[19:21])),
                "load": f"{load:#010x}",
                "entry": f"{entry:#010x}",
                "flash-size": f"{length:#x}",
                "second-md5": second.hex(),
                "unknown": f"{unknown_1:#x} {unknown_2:#x}",
                "kernel-offset": f"{kernel_at:#x}",
                "rootfs-offset": f"{root_at:#x}",
                "bootloader-offset": f"{boot_at:#x}",
            },
            notes={
                "kernel": f"{kernel_at:#x}+{kernel_size:#x}",
                "rootfs": f"{root_at:#x}+{root_size:#x}",
                "bootloader": f"{boot_at:#x}+{boot_size:#x}",
            },
            end=min(length, len(view)),
        )
        tell(reading.facts, "version", version.replace(b"\xff", b"\0"))
        reading.cover(0, _HEADER.size)
        if second.strip(b"\xff"):
            reading.note_anomaly("checksum-unchecked", "what the second MD5 covers is not public", 0x54)
        _check_digest(view[: reading.end], digest, _SALT_WITH_BOOT if boot_size else _SALT, reading)
        if boot_size:
            reading.note_anomaly("unsupported", f"a boot loader of {boot_size} bytes, which is not told apart", 0x84)
            reading.entries = [region("image", view, _SIZE, len(view[_SIZE : reading.end]), reading)]
            return reading
        entries = [region("kernel", view, kernel_at, kernel_size, reading)]
        if root_size not in (0, _NONE):
            start = _root_start(view, kernel_at + kernel_size, root_at, reading)
            entries.append(region("rootfs", view, start, root_size, reading))
        note_overlaps(entries, reading)
        reading.entries = entries
        return reading


def _check_digest(view: memoryview, stated: bytes, salt: bytes, reading: Reading) -> None:
    found = md5(view[:0x40], usedforsecurity=False)
    found.update(salt)
    found.update(view[0x50:])
    if found.digest() != stated:
        reading.note_anomaly("checksum-mismatch", f"the salted MD5 is {found.hexdigest()}, stated {stated.hex()}", 0x40)


def _root_start(view: memoryview, kernel_end: int, stated: int, reading: Reading) -> int:
    """Return where the root begins; see the module's docstring."""
    if view[kernel_end : kernel_end + 4] not in _SQUASHFS or stated == kernel_end:
        return stated
    if view[stated : stated + 4] in _SQUASHFS:
        detail = f"squashfs both after the kernel and at {stated:#x}, as the header says"
        reading.note_anomaly("contradiction", detail, 0x7C)
    return kernel_end
