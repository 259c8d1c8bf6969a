"""Android's boot image, of the boot, recovery and init_boot partitions: a header, then kernel, ramdisk and more, page by page.

======  ====  =====================================================================================
offset  size  field (little-endian)
======  ====  =====================================================================================
versions 0 to 2
0       8     "ANDROID!"
8       8     kernel: size, load address
16      8     ramdisk: size, load address
24      8     second stage: size, load address
32      4     address of the kernel's tags
36      4     page size
40      4     version of the header; before there were versions, in many images: size of a device tree table
44      4     version of the system, patch level
48      16    name of the product
64      512   command line
576     32    id: SHA-1 over every section and its size
608     1024  more of the command line
1632    16    from version 1: recovery DTBO: size, offset (u64); size of the header
1648    12    version 2: device tree: size, load address (u64)
versions 3 and 4
0       8     "ANDROID!"
8       8     kernel, ramdisk: sizes
16      4     version of the system, patch level
20      4     size of the header
24      16    reserved
40      4     version of the header
44      1536  command line
1580    4     version 4: size of the signature
======  ====  =====================================================================================

Sections follow in the order of the header, each on a new page; from version 3 a page has 4096 bytes. Source: AOSP
``system/tools/mkbootimg/include/bootimg/bootimg.h``. The ids that tools of vendors wrote are not always the one of
mkbootimg: all zero counts as none. Behind the last section of older images stands the signature of the first Verified Boot,
a DER sequence (``source.android.com/docs/security/features/verifiedboot/verified-boot``); behind that of images that Google certified
from Android 13 on, up to 16 KiB of vbmeta structures about the image and its kernel (AOSP
``system/tools/mkbootimg/gki/certify_bootimg.py``). What mkbootimg writes confirms versions 0, 2 and 3; no real image at hand
confirms the others, the device tree table and what stands behind the last section.
"""

from hashlib import sha1
from struct import Struct, unpack_from
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.avb import HEADER_SIZE, structure_size
from trueware.formats.bootimage import Pages, check_page, tell_versions
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.fields import tell
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"ANDROID!"
_HEADER = Struct("<8s10I16s512s32s1024s")
_RECOVERY = Struct("<IQI")
_TREE = Struct("<IQ")
_NEW_HEADER = Struct("<8sIIII16sI1536s")
_SIGNATURE = Struct("<I")
_HEADER_SIZES = {1: (1648,), 2: (1660,), 3: (1580, 1596), 4: (1584,)}
"""By version; the first mkbootimg that knew version 3 wrote 1596."""

_LONGEST = _HEADER.size + _RECOVERY.size + _TREE.size
"""Bytes of the longest header, which no image is shorter than."""

_NEW_PAGE = 4096
_VERSION = 40
_VERSIONS = 5
_CERTIFICATES = 1 << 14
"""Bytes of the vbmeta structures behind an image, all together."""


class Boot:
    """A boot image."""

    name: ClassVar[str] = "boot"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Android boot image",
        "Google",
        ("AOSP system/tools/mkbootimg/include/bootimg/bootimg.h",),
        ("signatures are not verified here", "Samsung's variant with other pages"),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) >= _LONGEST and view[:8] == _MAGIC

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (a handful of regions)
        if not Boot.matches(view):
            raise MalformedInput("boot", 0, "no header")
        (version,) = unpack_from("<I", view, _VERSION)
        return _read_new(view, version) if version in (3, 4) else _read_old(view, version)


def _read_old(view: memoryview, version: int) -> Reading:
    _, *numbers, name, line, identity, more = _HEADER.unpack_from(view)
    kernel, kernel_at, ramdisk, ramdisk_at, second, second_at, tags, page, _, packed = numbers
    check_page(page, 36, "boot")
    reading = Reading(notes={"page-size": str(page)})
    reading.facts |= {
        "version": str(version if version < _VERSIONS else 0),
        "kernel-address": f"{kernel_at:#010x}",
        "ramdisk-address": f"{ramdisk_at:#010x}",
        "second-address": f"{second_at:#010x}",
        "tags-address": f"{tags:#010x}",
    }
    tell_versions(reading, packed)
    tell(reading.facts, "name", name)
    tell(reading.facts, "command-line", line)
    tell(reading.facts, "extra-command-line", more)
    sizes = [("kernel", kernel), ("ramdisk", ramdisk), ("second", second)]
    end = _HEADER.size
    if version >= _VERSIONS:
        sizes.append(("dt", version))
    elif version:
        recovery, stated_at, header_size = _RECOVERY.unpack_from(view, end)
        end += _RECOVERY.size
        sizes.append(("recovery-dtbo", recovery))
        _check_recovery(sizes, page, stated_at, reading)
        _check_header_size(version, header_size, end - 4, reading)
    if version == 2:
        tree, tree_at = _TREE.unpack_from(view, end)
        end += _TREE.size
        sizes.append(("dtb", tree))
        reading.facts["dtb-address"] = f"{tree_at:#x}"
    reading.cover(0, end)
    entries, end = _sections(view, page, sizes, page, reading)
    _check_id(entries, sizes, identity, reading)
    entries += _first_signature(view, end, reading) or _certificates(view, end, reading)
    reading.entries = [entry for entry in entries if entry.size]
    return reading


def _read_new(view: memoryview, version: int) -> Reading:
    _, kernel, ramdisk, packed, header_size, reserved, _, line = _NEW_HEADER.unpack_from(view)
    reading = Reading(facts={"version": str(version)})
    tell_versions(reading, packed)
    tell(reading.facts, "command-line", line)
    _check_header_size(version, header_size, 20, reading)
    if any(reserved):
        reading.note_anomaly("reserved-bits", "a reserved field of the header is set", 24)
    sizes = [("kernel", kernel), ("ramdisk", ramdisk)]
    end = _NEW_HEADER.size
    if version == 4:
        sizes.append(("signature", *_SIGNATURE.unpack_from(view, end)))
        end += _SIGNATURE.size
    reading.cover(0, end)
    entries, end = _sections(view, _NEW_PAGE, sizes, _NEW_PAGE, reading)
    entries += _certificates(view, end, reading)
    reading.entries = [entry for entry in entries if entry.size]
    return reading


def _sections(
    view: memoryview, page: int, sizes: list[tuple[str, int]], start: int, reading: Reading
) -> tuple[list[Entry], int]:
    """Return the sections and where the image ends; the last page need not be full."""
    pages = Pages(view, page, reading, start)
    entries = [pages.take(name, size) for name, size in sizes]
    reading.end = pages.at
    return entries, min(pages.at, len(view))


def _check_header_size(version: int, size: int, at: int, reading: Reading) -> None:
    if size not in _HEADER_SIZES[version]:
        reading.note_anomaly("contradiction", f"a header of {size} bytes in version {version}", at)


def _check_recovery(sizes: list[tuple[str, int]], page: int, stated: int, reading: Reading) -> None:
    """Compare where the recovery DTBO is said to be with where it comes to lie."""
    found = page + sum(-(-size // page) * page for _, size in sizes[:-1])
    if stated != found and sizes[-1][1]:
        reading.note_anomaly(
            "contradiction", f"the recovery DTBO is at {found:#x}, stated at {stated:#x}", _HEADER.size
        )
    elif stated not in (0, found):
        reading.facts["recovery-dtbo-offset"] = f"{stated:#x}"


def _check_id(entries: list[Entry], sizes: list[tuple[str, int]], identity: bytes, reading: Reading) -> None:
    """Compare the id with the SHA-1 of all sections, each followed by its size as stated."""
    if not any(identity):
        reading.notes["id"] = "none"
        return
    if any(entry.size < size for entry, (_, size) in zip(entries, sizes, strict=True)):
        return  # what is missing was reported
    made = sha1(usedforsecurity=False)
    for entry, (_, size) in zip(entries, sizes, strict=True):
        assert isinstance(entry.content, Held)  # noqa: S101 (made by Pages)
        made.update(entry.content.view)
        made.update(size.to_bytes(4, "little"))
    if made.digest().ljust(len(identity), b"\0") != identity:
        reading.note_anomaly(
            "checksum-mismatch", f"the id of the image is {made.hexdigest()}, stated {identity.hex()}", 576
        )


def _first_signature(view: memoryview, end: int, reading: Reading) -> list[Entry]:
    """Return the signature of the first Verified Boot, where a DER sequence of two bytes of length stands behind the image."""
    if bytes(view[end : end + 2]) != b"\x30\x82" or end + 4 > len(view):
        return []
    size = 4 + int(unpack_from(">H", view, end + 2)[0])
    if end + size > len(view):
        return []
    reading.notes["signature"] = "not verified here"
    reading.end = end + size
    return [Entry("signature", Kind.REGION, Held(view[end : end + size]), size, offset=end)]


def _certificates(view: memoryview, end: int, reading: Reading) -> list[Entry]:
    """Return the vbmeta structures that stand behind the image, one after the other."""
    entries: list[Entry] = []
    at = end
    while (size := structure_size(view[at : at + HEADER_SIZE])) and at + size <= min(len(view), end + _CERTIFICATES):
        name = f"boot-signature-{len(entries)}"
        entries.append(Entry(name, Kind.REGION, Held(view[at : at + size]), size, offset=at))
        at += size
        reading.end = at
    return entries
