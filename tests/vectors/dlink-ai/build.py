"""Builds the vectors of D-Link's AI series from the layout in OpenWrt's dlink-ai-firmware-tool.c; run it again and nothing changes.

Where encrypted partitions stand there is noise: no key is known here, nor needed.
"""

import sys
from functools import reduce
from hashlib import sha256
from operator import xor
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

NOISE = b"".join(sha256(b"%d" % number).digest() for number in range(20))
SIGNATURE = b"".join(sha256(b"s%d" % number).digest() for number in range(8))
IV, SALT = b"00112233445566778899aabbccddeeff", b"saltsalt"


def header(first: int, second: int) -> bytes:
    head = pack("<4sII", b"MH01", first, second) + b"\x2b\x1a"
    return head + bytes([sum(head) & 0xFF, reduce(xor, head)])


data = IV + b"\nSalted__" + SALT + NOISE
plain = header(16 + len(data), 256) + header(0x121, 16 + len(NOISE)) + data + SIGNATURE
FACTS = {"encrypted-size": str(16 + len(NOISE))}
parts = {"partitions": region(NOISE), "signature": region(SIGNATURE)}
write("encrypted", plain, "Encrypted partitions and a signature.", parts=parts, facts=FACTS, findings=["encrypted"])
write("trailing", plain + b"behind", "Bytes behind the signature.", parts={**parts, "gap-0": gap(b"behind")}, facts=FACTS, findings=["encrypted", "unread-bytes"])
write("truncated", plain[:-9], "The download broke off.", parts={**parts, "signature": region(SIGNATURE[:-9])}, facts=FACTS, findings=["encrypted", "truncated"])
write("sum", patched(plain, 14, b"\0"), "A header whose sum does not fit.")
