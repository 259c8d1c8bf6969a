"""Builds the vectors of Amlogic's signed blocks from their layout (secureboot.c, amlbootsig.c); run it again and nothing changes."""

import sys
from hashlib import sha256
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

PROGRAM = b"the first stage of all " * 40
RANDOM = bytes(range(0x40, 0x50))
ROOM = 512


def block(program: bytes = PROGRAM, kind: int = 0, room: int = ROOM, filler: int = 256) -> bytes:
    at = 64 + room + filler
    size = at + len(program)
    signed_at = 64 + 32 if kind == 0 else 64 + room
    head = pack("<4sI4BI", b"@AML", size, 64, 0, 1, 0, 0x42424200)
    head += pack("<3I", kind, 64, room) + pack("<I", signed_at) + pack("<3I", 0, 64 + room, filler)
    head += pack("<I", size - signed_at) + pack("<3I", 0, at, len(program)) + bytes(4)
    body = bytes(room - 32 if kind == 0 else 0) + bytes(filler) + program
    signature = sha256(head + body).digest() if kind == 0 else b"\x5a" * room
    return head + signature + body


def parts(whole: bytes, start: int = 0, filler: int = 256) -> Parts:
    at = start + 64
    found: Parts = {"signature": region(whole[at : at + ROOM]), "program": region(whole[at + ROOM + filler :])}
    if start:
        found["random"] = region(whole[:start])
    return {**found, "key": region(whole[at + ROOM : at + ROOM + filler])}


FACTS = {"identity": "0x42424200", "signature": "0", "root-key": "0", "key": "0", "program": "0", "unused": "0x0"}
whole = block()
write("later-stage", whole, "An image of a later stage, with a SHA-256.", parts=parts(whole), facts=FACTS)
first = RANDOM + whole
write("first-stage", first, "The first stage begins with random bytes.", parts=parts(first, 16), facts=FACTS)
package = pack("<IIQ", 0xAA640001, 0x12345678, 0) + bytes.fromhex("47d4086d4cfe98469b952950cbbd5a00")
package += pack("<QQQ", 96, len(whole), 0) + bytes(16) + pack("<QQQ", 96 + len(whole), 0, 0) + whole
inner = {f"package!/0-bl31!/{name}": part for name, part in parts(whole).items()}
write(
    "with-package",
    first.ljust(0xC000, b"\0") + package,
    "A first stage and the package of the later ones, as amlbootsig writes them.",
    parts={
        **parts(first, 16),
        "package": {"kind": "region", "format": "fip"},
        "package!/0-bl31": {"kind": "region", "format": "aml-block"},
        **inner,
    },
    facts=FACTS,
)
changed = patched(whole, len(whole) - 9, b"back door")
write("changed", changed, "The program was changed.", parts=parts(changed), facts=FACTS, findings=["checksum-mismatch"])
signed = block(kind=2)
write(
    "signed",
    signed,
    "Signed with RSA, which is not verified.",
    parts=parts(signed),
    facts={**FACTS, "signature": "2"},
    findings=["checksum-unchecked"],
)
cut = parts(whole)
cut["program"] = region(PROGRAM[:-100])
write(
    "truncated",
    whole[:-100],
    "The program is not all there.",
    parts=cut,
    findings=["checksum-unchecked", "truncated"],
)
write("version", patched(whole, 10, b"\2"), "A version that nobody described: not recognised.")
