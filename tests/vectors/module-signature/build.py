"""Builds the vectors of signed modules from their layout (module_signature.h); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

MODULE, SIGNATURE = b"a module of the kernel " * 20, b"a signature, as PKCS 7 has it"
MAGIC = b"~Module signature appended~\n"


def signed(module: bytes = MODULE, signer: bytes = b"", key: bytes = b"", size: int = len(SIGNATURE)) -> bytes:
    description = pack(">5B3sI", 0, 0, 2 if not signer else 1, len(signer), len(key), bytes(3), size)
    return module + signer + key + SIGNATURE + description + MAGIC


PARTS = {"module": region(MODULE), "signature": region(SIGNATURE)}
FACTS = {"algorithm": "0", "hash": "0", "kind": "2"}
whole = signed()
write("signed", whole, "As sign-file of the kernel writes it.", parts=PARTS, facts=FACTS)
write(
    "older",
    signed(signer=b"Build key", key=b"\x12\x34"),
    "As kernels before 4.3 have it, with signer and key named.",
    parts={**PARTS, "signer": region(b"Build key"), "key": region(b"\x12\x34")},
    facts={**FACTS, "kind": "1"},
)
write(
    "unused",
    patched(whole, len(whole) - len(MAGIC) - 5, b"\1"),
    "A byte that nobody uses is set.",
    parts=PARTS,
    findings=["reserved-bits"],
)
write("length", signed(size=9999), "A signature longer than the file.", findings=["malformed"])
