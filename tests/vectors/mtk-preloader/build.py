"""Builds the vectors of MediaTek's preloader from the layout in u-boot tools/mtk_image.h; run it again and nothing changes.

u-boot's mkimage makes such headers for its own loader only; the fields hold what the preloader of a phone holds in them.
"""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

CODE, SIGNATURE = b"code that sets up the memory " * 20, b"signature " * 6
LOADER = pack("<3sBHHI", b"MMM", 1, 12, 1, 1)


def blocks(head: int = 68) -> bytes:
    size = head + len(CODE) + len(SIGNATURE)
    info = pack("<3sBHH12sIHBB", b"MMM", 1, 56, 0, b"FILE_INFO", 1, 1, 12, 5)
    return info + pack("<7I", 0x200F10, size, 0x80000, head, len(SIGNATURE), head, 1) + LOADER


device = pack("<12sII", b"EMMC_BOOT", 1, 0x200).ljust(0x200, b"\xff")
layout = pack("<8sIII4sIIII", b"BRLYT", 1, 0x800, 0x10808, b"BBBB", 0x10005, 0x800, 0x10808, 0).ljust(0x600, b"\0")
whole = device + layout + blocks() + CODE + SIGNATURE
facts = {
    "block-version": "1",
    "version": "1",
    "file-type": "0x0001",
    "flash-type": "0x0c",
    "signature-type": "0x05",
    "load": "0x00200f10",
    "most": "524288",
    "jump": "0x44",
    "processed": "0x00000001",
}
inner = {"blocks": region(blocks()), "code": region(CODE), "signature": region(SIGNATURE)}
parts = {"boot-headers": region(device + layout), **inner}
write("emmc", whole, "As it lies in the boot partition of an eMMC.", parts=parts, facts={**facts, "storage": "EMMC_BOOT"})
write("bare", blocks() + CODE + SIGNATURE, "A file without headers for the boot ROM.", parts=inner, facts=facts)
write(
    "truncated",
    whole[:-80],
    "The end of the code and the signature are missing.",
    parts={"boot-headers": region(device + layout), "blocks": region(blocks()), "code": region(CODE[:-20]), "signature": region(b"")},
    findings=["truncated"],
)
write("signature", patched(whole, 0x82C, pack("<I", 0x10000)), "The signature is longer than everything.", findings=["malformed"])
write("layout", patched(whole, 0x200, b"BRLXT"), "There is no layout where the header says it begins.")
