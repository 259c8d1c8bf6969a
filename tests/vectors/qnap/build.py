"""Builds the QNAP vectors from the layout in unblob's handlers; run it again and nothing changes.

Where encrypted bytes stand there is noise: no key is known here, nor needed.
"""

import sys
from hashlib import sha256
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

NOISE = b"".join(sha256(b"%d" % number).digest() for number in range(20))
REST = b"".join(sha256(b"r%d" % number).digest() for number in range(9))
plain = NOISE + REST + pack("<6sI16s16s16s16s", b"icpnas", len(NOISE), b"TS-X31P", b"5.1.0", b"20230718", b"1")
FACTS = {"encrypted-size": str(len(NOISE)), "device": "TS-X31P", "version": "5.1.0", "date": "20230718", "revision": "1"}
parts = {"encrypted": region(NOISE), "rest": region(REST)}
write("encrypted", plain, "The beginning is encrypted.", parts=parts, facts=FACTS, findings=["encrypted"])
whole = NOISE + pack("<6sI16s16s16s16s", b"icpnas", len(NOISE), b"TS-X31P", b"5.1.0", b"20230718", b"1")
write("whole", whole, "All of it is encrypted.", parts={"encrypted": region(NOISE)}, facts=FACTS, findings=["encrypted"])
write("length", patched(plain, len(plain) - 68, pack("<I", 9999)), "More that is encrypted than there is.")
