"""Builds the vectors of OZIP from its layout (oppo_ozip_decrypt); run it again and nothing changes."""

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

ZIP = random.Random(1).randbytes(600)

whole = (b"OPPOENCRYPT!".ljust(16, b"\0") + b"600").ljust(80, b"\0") + ZIP
parts = {"zip": region(ZIP)}
write("package", whole, "Random bytes stand for the zip.", parts=parts, facts={"size": "600"}, findings=["encrypted"])
write("size", patched(whole, 16, b"six"), "The length is no number.")
