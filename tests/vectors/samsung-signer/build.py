"""Builds the vectors of Samsung's marks behind images, as tools that remove them describe them."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import region, write

IMAGE = b"QCDT" + bytes(range(256)) * 4
WORD = b"SEANDROIDENFORCE"
FIELDS = (
    (b"64343703R", 16),
    (b"T000XXU1AWD1", 32),
    (b"20230424134203", 16),
    (b"SM-T000_EUR_XX_MKEY0", 32),
    (b"SRPTL16A001", 16),
    (b"SRPTL16A001", 16),
    (b"usr\0frp\0mrk\0dt.img", 32),
)
TOLD = {"id": "64343703R", "build": "T000XXU1AWD1", "product": "SM-T000_EUR_XX_MKEY0", "project": "SRPTL16A001"}


def block(size: int, version: bytes) -> bytes:
    words = b"".join(word.ljust(size, b"\0") for word, size in ((version, 16), *FIELDS))
    return words.ljust(256, b"\0") + bytes((7 * at + 1) % 256 for at in range(size - 256))


write(
    "word",
    IMAGE + WORD,
    "The word without a block.",
    parts={"image": region(IMAGE)},
    facts={"enforce": "yes"},
)
for case, word, size, version in (("both", WORD, 512, "SignerVer02"), ("block", b"", 784, "SignerVer03")):
    signature = block(size, version.encode())
    write(
        case,
        IMAGE + word + signature,
        f"The block of {version}{' behind the word' if word else ', without the word'}.",
        parts={"image": region(IMAGE), "signature": region(signature)},
        facts={"enforce": "yes" if word else "no", "signer": version, **TOLD},
    )
header = pack("<4sI32s", b"\x88\x16\x88\x58", 900, b"lk").ljust(512, b"\xff")
write(
    "cut-image",
    header + bytes(range(200)) + WORD,
    "The word stands behind an image that is not all there.",
    parts={"image": {"kind": "region"}, "image!/0-lk": region(bytes(range(200)))},
    facts={"enforce": "yes"},
    findings=["truncated"],
)
write("text", b"A text about the word " * 40 + WORD, "A text that ends with the word is no image.")
