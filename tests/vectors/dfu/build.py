"""Builds the DFU vectors with dfu-util's dfu-suffix (0.11); run it again and nothing changes."""

import subprocess
import sys
import tempfile
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

PAYLOAD = b"firmware of a modem in name only " * 3


def dfu_suffix() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "file")
        file.write_bytes(PAYLOAD)
        command = ["dfu-suffix", "-v", "1d50", "-p", "6017", "-d", "0102", "-a", "file"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return file.read_bytes()


plain = dfu_suffix()
parts, facts = {"payload": region(PAYLOAD)}, {"vendor": "1d50", "product": "6017", "device": "0102", "dfu": "1.0"}
write("suffix", plain, "A file with a suffix from dfu-suffix.", parts=parts, facts=facts)
write(
    "changed",
    patched(plain, 0, b"F"),
    "One byte was changed and the checksum was not.",
    parts={"payload": region(b"F" + PAYLOAD[1:])},
    facts=facts,
    findings=["checksum-mismatch"],
)
other = patched(plain, -14 + len(plain), pack("<H", 0xFFFF))
other = other[:-4] + pack("<I", crc32(other[:-4]) ^ 0xFFFFFFFF)
write("any", other, "The same for any product.", parts=parts, facts={**facts, "product": "ffff"})
write("version", patched(plain, len(plain) - 10, b"\x99\x99"), "A version of the standard that there is not.")
