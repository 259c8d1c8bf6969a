"""Builds the vectors of code files from those that openssl signed; run it again and nothing changes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

HERE = Path(__file__).resolve().parent
SIGNED = (HERE.parent / "signatures/docsis_cvc/two.cdf").read_bytes()
END = 4 + int.from_bytes(SIGNED[2:4], "big")
PARTS = {"signature": region(SIGNED[:END]), "content": region(SIGNED[END:])}

write("signed", SIGNED, "Signed by a manufacturer and a co-signer.", parts=PARTS, facts={})
write(
    "changed",
    patched(SIGNED, len(SIGNED) - 9, b"x"),
    "A byte of the code is changed: the signature is not verified by the format.",
    parts={"signature": region(SIGNED[:END]), "content": region(patched(SIGNED, len(SIGNED) - 9, b"x")[END:])},
)
write("alone", SIGNED[:END], "Signed data with nothing behind it is no code file.")
write("length", patched(SIGNED, 18, b"\xff"), "Lengths that do not fit into each other.", findings=["malformed"])
