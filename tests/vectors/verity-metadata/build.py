"""Builds the vectors of signed tables of dm-verity from the layout (AOSP build_verity_metadata.py); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

from tree import noise

SIGNATURE = noise(256, "signature")
TABLE = f"1 /dev/block/system /dev/block/system 4096 4096 10 18 sha256 {noise(32, 'root').hex()} {noise(32, 'salt').hex()}"


def metadata(table: str = TABLE, magic: bytes = b"\x01\xb0\x01\xb0", version: int = 0) -> bytes:
    return (magic + pack("<I", version) + SIGNATURE + pack("<I", len(table)) + table.encode()).ljust(32768, b"\0")


parts = {"signature": region(SIGNATURE)}
write("whole", metadata(), "As build_verity_metadata writes it.", parts=parts, facts={"state": "on", "table": TABLE})
write("off", metadata(magic=b"VOFF"), "Switched off on the device.", parts=parts, facts={"state": "off", "table": TABLE})
changed = TABLE.replace(" 10 18 ", " 10 99 ")
write("changed", metadata(changed), "The tree is said to be elsewhere.", parts=parts, facts={"state": "on", "table": changed})
hidden = patched(metadata(), 5000, b"hidden here")
gap = {"kind": "gap", "size": 11}
write("hidden", hidden, "Bytes behind the table.", parts={**parts, "gap-0": gap}, findings=["unread-bytes"])
write("no-table", metadata("no table at all"), "Text that is no table of dm-verity.", findings=["malformed"])
write("version", metadata(version=1), "A version nobody has seen.")
