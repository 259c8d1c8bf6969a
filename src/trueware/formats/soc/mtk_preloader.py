"""MediaTek's preloader: headers for the boot ROM, blocks that describe the code, the code, and a signature over it.

======  ====  ================================================================
offset  size  field (little-endian)
======  ====  ================================================================
0       12    kind of storage: EMMC_BOOT, UFS_BOOT, COMBO_BOOT, SDMMC_BOOT, SF_BOOT
12      4     version
16      4     where the layout begins: 0x200, UFS 0x1000
..      8     layout: BRLYT
+8      4     version
+12     4     where the blocks begin
+16     4     size of what is to be loaded
+20     ..    "BBBB", type, and the two again, for each kind of image
======  ====  ================================================================

Blocks stand in a row: "MMM", a version (1 byte), a length and a type (2 bytes each). The first, FILE_INFO, has type 0:

======  ====  ================================================================
8       12    "FILE_INFO"
20      4     version
24      4     type of file (2), of flash (1) and of signature (1)
28      4     load address
32      4     length of everything from the first block on
36      4     most that may be loaded
40      4     length of the blocks
44      4     length of the signature, at the end
48      4     where execution begins
52      4     whether it was processed
======  ====  ================================================================

Source: u-boot ``tools/mtk_image.h``; the preloader of a Motorola phone confirmed the reading. A preloader may come without the
headers for the boot ROM. The signature is a region of its own and not verified.
"""

from struct import Struct, unpack_from
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

_STORAGE = (b"EMMC_BOOT\0", b"UFS_BOOT\0", b"COMBO_BOOT\0", b"SDMMC_BOOT\0", b"SF_BOOT\0")
_DEVICE, _LAYOUT = Struct("<12sII"), Struct("<8sII")
_INFO = Struct("<3sBHH12sIHBBIIIIIII")
_BRLYT = b"BRLYT"
_BLOCK, _NAME = b"MMM", b"FILE_INFO\0\0\0"


class MtkPreloader:
    """A preloader, as a partition or as a file."""

    name: ClassVar[str] = "mtk-preloader"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "MediaTek preloader", "MediaTek", ("u-boot tools/mtk_image.h",), ("the signature is not verified",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (*(Magic(0, word) for word in _STORAGE), Magic(8, _NAME))

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _first_block(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (four regions)
        start = _first_block(view)
        if start is None:
            raise MalformedInput("mtk-preloader", 0, "no headers, or no block behind them")
        _, block_version, _, _, _, version, file, flash, signed, load, size, most, head, signature, jump, processed = (
            _INFO.unpack_from(view, start)
        )
        if head + signature > size or head < _INFO.size:
            raise MalformedInput("mtk-preloader", start + 40, f"{head} and {signature} bytes are not within {size}")
        reading = Reading(
            facts={
                "block-version": str(block_version),
                "version": str(version),
                "file-type": f"{file:#06x}",
                "flash-type": f"{flash:#04x}",
                "signature-type": f"{signed:#04x}",
                "load": f"{load:#010x}",
                "most": str(most),
                "jump": f"{jump:#x}",
                "processed": f"{processed:#010x}",
            },
            end=min(start + size, len(view)),
        )
        places = (
            ("boot-headers", 0, start),
            ("blocks", start, head),
            ("code", start + head, size - head - signature),
            ("signature", start + size - signature, signature),
        )
        entries = list[Entry]()
        for name, first, length in places:
            if length:
                entries.append(region(name, view, first, length, reading))
        if start:
            reading.facts["storage"] = bytes(view[:12]).rstrip(b"\0").decode("ascii", "replace")
        reading.entries = entries
        return reading


def _first_block(view: memoryview) -> int | None:
    """Return where the block FILE_INFO begins, None where there is none."""
    at = 0
    if view[:3] != _BLOCK:
        if len(view) < _DEVICE.size or not bytes(view[:12]).startswith(_STORAGE):
            return None
        layout = int(_DEVICE.unpack_from(view)[2])
        if layout + _LAYOUT.size + 4 > len(view) or bytes(view[layout : layout + 5]) != _BRLYT:
            return None
        at = int(unpack_from("<I", view, layout + 12)[0])
    if at + _INFO.size > len(view) or view[at : at + 3] != _BLOCK or view[at + 8 : at + 20] != _NAME:
        return None
    head = unpack_from("<I", view, at + 40)[0]
    # blocks alone, as they are a region of this, are no preloader
    return at if unpack_from("<HH", view, at + 4) == (_INFO.size, 0) and at + head < len(view) else None
