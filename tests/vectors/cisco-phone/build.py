"""Builds the vectors of signed files of Cisco's phones from the layout that genuine ones have; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

PAYLOAD, SIGNATURE = b"other.sbn\nLA_VERSION=VECTOR01\n" * 2, bytes(range(256))
FACTS = {
    "version": "0102", "signer": "CN=signer;O=Example", "serial": "1234567890abcdef", "issuer": "CN=authority;O=Example",
    "digest": "01", "algorithm": "00", "mode": "02", "file": "VECTOR01.loads", "tags": "1:2 2:2 3:60 4:20 5:8 6:23 7:15 8:1 9:8 10:1 11:1 12:256 14:15",
}  # fmt: skip


def value(tag: int, data: bytes) -> bytes:
    return pack(">BH", tag, len(data)) + data


def signed(file: bytes = b"VECTOR01.loads\0", signature: bytes = SIGNATURE) -> bytes:
    signer = value(4, b"CN=signer;O=Example\0") + value(5, bytes.fromhex(FACTS["serial"]))
    signer += value(6, b"CN=authority;O=Example\0")
    how = value(8, b"\1") + value(9, value(10, b"\0") + value(11, b"\2"))
    rest = value(3, signer) + value(7, how) + value(12, signature) + value(14, file)
    rest += b"\x0d" * (-(len(rest) + 10) % 4)
    return value(1, b"\1\2") + value(2, pack(">H", len(rest) + 10)) + rest + PAYLOAD


plain = signed()
parts = {"signature": region(SIGNATURE), "payload": region(PAYLOAD)}
write("loads", plain, "A list of files with a signature.", parts=parts, facts=FACTS)
other = patched(plain, len(plain) - len(PAYLOAD), b"evil.")
write("changed", other, "The list was changed; nothing in the file tells.", parts={**parts, "payload": region(b"evil." + PAYLOAD[5:])}, facts=FACTS)
twice = signed() [:10] + value(14, b"FIRST\0") + signed()[10:]
twice = patched(twice, 8, pack(">H", int.from_bytes(twice[8:10], "big") + 9))
write(
    "twice",
    twice,
    "A name of the file that stands twice.",
    parts=parts,
    facts={**FACTS, "tags": FACTS["tags"].replace("2:2 ", "2:2 14:6 ")},
    findings=["contradiction"],
)
write("length", patched(plain, 8, pack(">H", 60)), "A header that is said to end within a value.")
