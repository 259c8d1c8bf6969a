"""Builds the SHRS vectors from the header unblob describes; run it again and nothing changes. unblob recognises the genuine case."""

import sys
from hashlib import sha512
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

FIRMWARE = bytes((7 * place * place + place) % 251 for place in range(1600))
IV, KEYED, DECRYPTED = bytes(range(16)), bytes(range(64)), bytes(range(64, 128))
ONE, TWO = b"\x11" * 512, b"\x22" * 512
head = pack(">4sII", b"SHRS", len(FIRMWARE), len(FIRMWARE)) + IV + KEYED + DECRYPTED
plain = head + sha512(FIRMWARE).digest() + bytes(512) + ONE + TWO + FIRMWARE
FACTS = {"size": "1600", "iv": IV.hex(), "decrypted-and-key-sha512": KEYED.hex(), "decrypted-sha512": DECRYPTED.hex()}
parts: Parts = {"signature-1": region(ONE), "signature-2": region(TWO), "firmware": region(FIRMWARE)}
write("encrypted", plain, "An encrypted firmware whose outer digest fits.", parts=parts, facts=FACTS, findings=["encrypted"])
write(
    "changed",
    patched(plain, 0x6DC, b"\xff"),
    "One byte of the encrypted firmware was changed.",
    parts={**parts, "firmware": region(b"\xff" + FIRMWARE[1:])},
    facts=FACTS,
    findings=["checksum-mismatch", "encrypted"],
)
write(
    "hidden",
    patched(plain, 0xDC + 250, b"hidden!!"),
    "Text in the unused part of the header.",
    parts={**parts, "gap-0": gap(patched(bytes(512), 250, b"hidden!!"))},
    facts=FACTS,
    findings=["encrypted", "unread-bytes"],
)
write(
    "truncated",
    plain[:-600],
    "The download broke off.",
    parts={**parts, "firmware": region(FIRMWARE[:-600])},
    facts=FACTS,
    findings=["encrypted", "truncated"],
)
write("length", patched(plain, 8, pack(">I", 100)), "Two lengths that do not fit each other.")
