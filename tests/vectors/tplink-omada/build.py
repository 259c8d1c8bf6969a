"""Builds the vectors of TP-Link's Omada firmware from the layout in OpenWrt's dkmgt-fwutil.c; run it again and nothing changes."""

import json
import sys
from hashlib import md5
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

MAGIC = pack(">6I", 0xA5A5A5A5, 0x8F72632A, 0x40F8600, 0x9206B51, 0xD2B7636A, 0x5A5A5A5A)
INFO = pack(">4I", 0xAA55D98F, 0x4E955AA, 2, 0) + b"{}"
PARTITIONS = (("firmware-info", INFO), ("kernel", b"kernel " * 40), ("rootfs", b"root file system " * 30))
SIGNATURE = b"\x5a" * 112


def table() -> bytes:
    entries, base = [], 0
    for name, data in PARTITIONS:
        entries.append({"name": name, "base": f"0x{base:08x}", "size": f"0x{len(data):08x}"})
        base += len(data)
    return json.dumps({"up-ptn-table": entries}, separators=(",", ":")).encode()


def omada(text: bytes) -> bytes:
    body = text.ljust(1 << 16, b"\0") + b"".join(data for _, data in PARTITIONS)
    head = MAGIC + pack(">4I8s", 1, 0, 4160, 4160 + len(body), b"") + md5(body, usedforsecurity=False).digest()
    return (head + bytes(240) + SIGNATURE).ljust(4160, b"\0") + body


FACTS = {"version": "1", "next": "0x0", "unknown": "0000000000000000"}
parts: Parts = {"signature": region(SIGNATURE), "table": region(table())}
parts |= {f"{number}-{name}": region(data) for number, (name, data) in enumerate(PARTITIONS)}
plain = omada(table())
write("image", plain, "Three partitions, one of settings.", parts=parts, facts=FACTS)
write(
    "changed",
    patched(plain, len(plain) - 3, b"!"),
    "One byte of the file system was changed and the MD5 was not.",
    parts={**parts, "2-rootfs": {"kind": "region", "size": len(PARTITIONS[2][1])}},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write("hidden", patched(plain, 600, b"hidden"), "Text where zeros belong.", parts={**parts, "gap-0": gap(bytes(184) + b"hidden")}, facts=FACTS, findings=["unread-bytes"])
write("truncated", plain[:-9], "The download broke off.", parts={**parts, "2-rootfs": {"kind": "region", "size": len(PARTITIONS[2][1]) - 9}}, facts=FACTS, findings=["truncated"])
write("table", omada(b"{}"), "A table that lists nothing.", findings=["malformed"])
write("number", omada(table().replace(b"0x00000012", b"0xZZ000012")), "A place that is no number.", findings=["malformed"])
write("total", patched(plain, 36, pack(">I", 100)), "A length that leaves no room for the table.")
