"""Builds the Ubiquiti vectors from the layout in OpenWrt's mkfwimage.c and fw.h; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

VERSION = "XM.ar7240.v5.6.2.27929.150716.1201"
KERNEL, ROOT, SIGNATURE = b"kernel " * 70, b"root file system " * 40, bytes(range(256))


def part(name: bytes, data: bytes, index: int, base: int) -> bytes:
    body = pack(">4s16s12s6I", b"PART", name, b"", 0x80002000, index, base, 0x80002000, len(data), 0x100000) + data
    return body + pack(">II", crc32(body), 0)


def told(data: bytes, index: int, base: int) -> dict[str, object]:
    facts = {"kind": "PART", "memory-address": "0x80002000", "index": str(index), "flash-address": f"{base:#x}"}
    return {**region(data), "facts": {**facts, "entry": "0x80002000", "flash-size": "0x100000"}}


def image(*parts: bytes, magic: bytes = b"UBNT", signed: bool = False) -> bytes:
    head = magic + VERSION.encode().ljust(256, b"\0")
    body = head + pack(">II", crc32(head), 0) + b"".join(parts)
    return body + (b"ENDS" + SIGNATURE + bytes(4) if signed else b"END." + pack(">II", crc32(body), 0))


pieces = (part(b"kernel", KERNEL, 1, 0x9F050000), part(b"rootfs", ROOT, 2, 0x9F150000))
parts: Parts = {"kernel": told(KERNEL, 1, 0x9F050000), "rootfs": told(ROOT, 2, 0x9F150000)}
FACTS = {"magic": "UBNT", "version": VERSION, "ending": "END."}
plain = image(*pieces)
write("checksummed", plain, "Two parts and a checksum at the end.", parts=parts, facts=FACTS)
write(
    "signed",
    image(*pieces, magic=b"OPEN", signed=True),
    "Two parts and an RSA signature at the end, which is kept.",
    parts={**parts, "signature": region(SIGNATURE)},
    facts={**FACTS, "magic": "OPEN", "ending": "ENDS"},
)
write(
    "changed",
    patched(plain, 268 + 56, b"K"),
    "One byte of the kernel was changed: its checksum and that of the whole fail.",
    parts={**parts, "kernel": {**told(KERNEL, 1, 0x9F050000), **region(b"K" + KERNEL[1:])}},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write(
    "header-changed",
    patched(plain, 4 + VERSION.index("5.6.2"), b"9"),
    "The version was changed and its checksum was not.",
    parts=parts,
    facts={**FACTS, "version": VERSION.replace("5.6.2", "9.6.2")},
    findings=["checksum-mismatch"],
)
write(
    "hidden",
    patched(plain, 268 + 20, b"hidden!"),
    "Text in the padding of a part's header.",
    parts={**parts, "gap-0": gap(b"hidden!".ljust(12, b"\0"))},
    facts=FACTS,
    findings=["checksum-mismatch", "unread-bytes"],
)
write(
    "no-end",
    plain[:-12] + b"appended",
    "Neither a checksum nor a signature at the end.",
    parts={**parts, "gap-0": gap(b"appended")},
    facts={**FACTS, "ending": "none"},
    findings=["truncated", "unread-bytes"],
)
write(
    "truncated",
    plain[: 268 + 56 + 50],
    "The download broke off within the kernel.",
    parts={"kernel": {**told(KERNEL, 1, 0x9F050000), **region(KERNEL[:50])}},
    facts={**FACTS, "ending": "none"},
    findings=["truncated"],
)
write("no-version", patched(plain, 4, bytes(256)), "A header without a version.")
