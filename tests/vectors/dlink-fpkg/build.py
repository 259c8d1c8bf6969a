"""Builds the FPKG vectors from the layout in unblob's handler; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

FILES = ((0x100, b"core", b"program " * 30), (0x102, b"sum", bytes(range(20))), (0x103, b"signature", b"\x5a" * 128))


def package(word: bytes, model: bytes = b"DFL-860E") -> bytes:
    rest = pack(">II", 1, len(model)) + model if word == b"FPKG" else b""
    body = b"".join(pack(">IHHI16s", 28, kind, 0, len(data), name) + data for kind, name, data in FILES)
    return word + pack("<I", 1) + pack(">I", 12 + len(rest)) + rest + body


def told(kind: str, data: bytes) -> dict[str, object]:
    return {**region(data), "facts": {"kind": kind, "unknown": "0x0"}}


parts: Parts = {"0-core": told("file", FILES[0][2]), "1-sum": told("checksum", FILES[1][2]), "2-signature": told("signature", FILES[2][2])}
plain = package(b"FPKG")
FACTS = {"kind": "FPKG", "unknown": "1", "model": "DFL-860E"}
write("fpkg", plain, "A file, a checksum and a signature.", parts=parts, facts=FACTS)
write("cpkg", package(b"CPKG"), "A package without a model.", parts=parts, facts={"kind": "CPKG"})
write("trailing", plain + b"behind", "Bytes behind the files.", parts={**parts, "gap-0": gap(b"behind")}, facts=FACTS, findings=["unread-bytes"])
write("truncated", plain[:-9], "The download broke off.", parts={**parts, "2-signature": told("signature", FILES[2][2][:-9])}, findings=["truncated"])
write("model", patched(plain, 16, pack(">I", 999)), "A model longer than the header.", findings=["malformed"])
write("kind", patched(plain, 28 + 4, b"\7"), "A file of no kind that is known.")
