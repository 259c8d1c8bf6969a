"""Builds the MBN vectors from the layout that coreboot's util/qualcomm has; run it again and nothing changes.

The layout in blocks is that of a modem's firmware by which the reader was verified.
"""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import region, write

from tree import noise

CODE, SIGNATURE, CHAIN = b"boot code in name only " * 9, b"\x5a" * 64, b"certificates".ljust(96, b"\xff")
WORDS = bytes.fromhex("d1dc4b843410d773")
AT = 0x2A000000
FIELDS = (AT, len(CODE) + 160, len(CODE), AT + len(CODE), 64, AT + len(CODE) + 64, 96)
BODY = CODE + SIGNATURE + CHAIN
PARTS = {"code": region(CODE), "signature": region(SIGNATURE), "certificates": region(CHAIN)}
FACTS = {"image": "0x5", "source": "0x0", "destination": "0x2a000000"}

short = pack("<10I", 5, 3, 0, *FIELDS) + BODY
write("short", short, "A header of 40 bytes.", parts=PARTS, facts=FACTS)
long = WORDS + pack("<18I", 21, 0, 0, 80, *FIELDS, 1, 2, 0, 0, 0, 0, 0) + BODY
write(
    "long",
    long,
    "A header of 80 bytes, as a secondary boot loader has it.",
    parts=PARTS,
    facts={**FACTS, "image": "0x15", "source": "0x50", "reserved": "0x0 0x0 0x1 0x2 0x0 0x0 0x0 0x0 0x0"},
)
write(
    "truncated",
    short[:-30],
    "The certificates are not all there.",
    parts={**PARTS, "certificates": region(CHAIN[:-30])},
    facts=FACTS,
    findings=["truncated"],
)
first, second = bytes((1 << 17) - 10_248) + b"an image", noise(4000, "second")
page = (WORDS + bytes.fromhex("5a430b7d")).ljust(2048, b"\xff")
flash = (page * 4).ljust(10_240, b"\xff") + first + WORDS + bytes.fromhex("c6548bd4") + second
write(
    "blocks",
    bytes(flash),
    "An image in two blocks of a NAND flash, code words at the beginning of each.",
    parts={"image": region(first + second)},
    facts={"layout": "nand"},
)
