"""Builds the vectors of UEFI capsules from the layout in the UEFI specification; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

PAYLOAD = b"an image of a flash in name only " * 4


def capsule(guid: str, more: bytes, flags: int = 0x10000) -> bytes:
    header = 28 + len(more)
    return UUID(guid).bytes_le + pack("<3I", header, flags, header + len(PAYLOAD)) + more + PAYLOAD


plain = capsule("3b6686bd-0d76-4030-b70e-b5519e2fc5a0", b"")
write("plain", plain, "The header alone before the payload.", parts={"payload": region(PAYLOAD)}, facts={"kind": "efi", "flags": "0x00010000"})
more = b"\x3c\0\x40\0" + b"a signature".ljust(28, b"\0")
write(
    "aptio",
    capsule("4a3ca68b-7723-48fb-803d-578cc1fec44d", more, 0x50000),
    "A vendor's fields behind the header.",
    parts={"vendor-header": region(more), "payload": region(PAYLOAD)},
    facts={"kind": "aptio-signed", "flags": "0x00050000"},
)
write(
    "truncated",
    plain[:-9],
    "The payload is not all there.",
    parts={"payload": region(PAYLOAD[:-9])},
    facts={"kind": "efi", "flags": "0x00010000"},
    findings=["truncated"],
)
write(
    "trailing",
    plain + b"more",
    "Bytes behind the capsule.",
    parts={"payload": region(PAYLOAD), "gap-0": gap(b"more")},
    facts={"kind": "efi", "flags": "0x00010000"},
    findings=["unread-bytes"],
)
write("header", patched(plain, 16, pack("<I", 20)), "A header that is shorter than a header is.")
