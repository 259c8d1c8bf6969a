"""Builds the DOCSIS vectors from annexes C and D of CM-SP-MULPIv3.1; run it again and nothing changes.

The reader was also run on seven files of other people's making, whose MD5 it found to fit; they are not ours to commit.
"""

import sys
from hashlib import md5
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, region, write

Settings = tuple[tuple[int, bytes], ...]
BASIC: Settings = (
    (3, b"\x01"),
    (9, b"modem-2.1.bin"),
    (11, bytes.fromhex("300f060a2b060102014501070200020103")),
    (11, bytes.fromhex("3011060c2b0601020145010604010b01020101")),
    (18, b"\x03"),
    (200, b"\x00\x01"),
)
FACTS = {
    "network-access": "01",
    "software-file": "modem-2.1.bin",
    "snmp-object": "300f060a2b060102014501070200020103",
    "snmp-object-2": "3011060c2b0601020145010604010b01020101",
    "most-devices": "03",
    "type-200": "0001",
    "order": "3+9+11+11+18+200",
}


def tlv(settings: Settings) -> bytes:
    return b"".join(bytes((type_, len(value))) + value for type_, value in settings)


def file(settings: Settings, keyed: bytes = b"", behind: bytes = b"") -> bytes:
    data = tlv(settings)
    data += tlv(((6, md5(data, usedforsecurity=False).digest()),)) + (tlv(((7, keyed),)) if keyed else b"") + b"\xff"
    return data + bytes(-len(data) % 4) + behind


def parts(data: bytes) -> Parts:
    return {"settings": region(data.rstrip(b"\0").removesuffix(b"\xff"))}


basic = file(BASIC)
write("basic", basic, "Settings of several types, one twice, one unknown.", parts=parts(basic), facts=FACTS)
keyed = file(BASIC, bytes(range(200, 216)))
write(
    "operator",
    keyed,
    "With the keyed digest of the operator, which needs the key.",
    parts=parts(keyed),
    facts={**FACTS, "operator-digest": bytes(range(200, 216)).hex(), "order": "3+9+11+11+18+200+7"},
    findings=["checksum-unchecked"],
)
write("changed", file(BASIC).replace(b"2.1", b"2.0"), "The firmware to load was changed, the MD5 was not.")
write("behind", file(BASIC, behind=b"\0\0\0\1"), "Bytes behind the end and its filler.")
write("endless", file(BASIC).rstrip(b"\0")[:-1], "The end of the image is missing.")
write("two", file((*BASIC, (6, bytes(16)))), "Two digests where one belongs.")
