"""Builds the vectors of Buffalo's encrypted firmware from the layout in OpenWrt's buffalo-lib.c; run it again and nothing changes.

Where encrypted bytes stand there is noise: no key is known here, nor needed.
"""

import sys
from hashlib import sha256
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

NOISE = b"".join(sha256(b"%d" % number).digest() for number in range(20)) + b"?"
PRODUCT, VERSION = b"\x91" * 9, b"\x17\x85\x33\x21\x90"


def encrypted(word: bytes) -> bytes:
    head = word + b"\0\x4f" + pack(">I", len(PRODUCT)) + PRODUCT + pack(">I", len(VERSION)) + VERSION
    whole = head + pack(">I", len(NOISE)) + NOISE + bytes.fromhex("0badcafe")
    return whole + bytes(4 - len(whole) % 4)


FACTS = {"kind": "start", "start": "0x4f", "product": PRODUCT.hex(), "version": VERSION.hex(), "checksum": "0badcafe"}
parts = {"image": region(NOISE)}
plain = encrypted(b"start")
write("encrypted", plain, "An image that is encrypted, product and version too.", parts=parts, facts=FACTS, findings=["encrypted"])
write("asar", encrypted(b"asar1"), "The other word that such an image begins with.", parts=parts, facts={**FACTS, "kind": "asar1"}, findings=["encrypted"])
write("trailing", plain + b"behind", "Bytes behind the image.", parts={**parts, "gap-0": gap(b"behind")}, facts=FACTS, findings=["encrypted", "unread-bytes"])
write("truncated", plain[:300], "The download broke off.", parts={"image": {"kind": "region", "size": 300 - 33}}, findings=["encrypted", "truncated"])
write("product", patched(plain, 7, pack(">I", 99)), "A product that is longer than any.")
