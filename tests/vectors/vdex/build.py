"""Builds the vectors of VDEX from its layouts (vdex_file.h); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, write

EIGHT = pack("<8s4I", b"vdex010\0", 1, 16, 8, 4) + pack("<I", 0x1234) + b"the programs too" + b"depends " + b"quik"
TEN = pack("<8s4sIIII", b"vdex021\0", b"000\0", 1, 8, 0, 0) + pack("<I", 0x1234) + b"depends "
TWELVE = pack("<8sI", b"vdex027\0", 2) + pack("<6I", 0, 36, 4, 2, 40, 8) + pack("<I", 0x1234) + b"depends "

for name, data in (("android-8", EIGHT), ("android-10", TEN), ("android-12", TWELVE)):
    write(name, data, f"What the verifier of {name.replace('-', ' ').title()} notes down.", leaf=True, facts={})
write("cut", EIGHT[:-8], "Shorter than its header tells.", findings=["malformed"])
write("section", patched(TWELVE, 32, pack("<I", 1 << 20)), "A section beyond the end.", findings=["malformed"])
write("version", patched(TEN, 4, b"099"), "A version that nobody described: not recognised.")
