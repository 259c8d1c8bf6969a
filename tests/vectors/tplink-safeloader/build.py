"""Builds the SafeLoader vectors from the layout in OpenWrt's tplink-safeloader.c; run it again and nothing changes."""

import sys
from hashlib import md5
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

SALT = bytes.fromhex("7a2b15ed9b98596de504ab44ac2a9f4e")
VENDOR = b"VECTOR(TP-LINK|UN|N300-2):1.0\r\n"
SUPPORT = (
    b"SupportList:\r\n"
    b"VECTOR210(TP-LINK|UN|N300-2):1.0\r\n"
    b"VECTOR210(TP-LINK|EU|N300-2):1.0\r\n"
    b"{product_name:VECTOR650,product_ver:1.0.0,special_id:00000000}\r\n"
)
FLASH = b"\0\4\0\0partition fs-uboot base 0x00000 size 0x20000\npartition os-image base 0x40000 size 0x20000\n\0".ljust(0x800, b"\xff")
NUMBERS = pack(">BBBBBBBBI", 0xFF, 1, 2, 3, 0x20, 0x24, 0x11, 0x05, 1234)
KERNEL, ROOT = b"kernel " * 70, b"root file system " * 40


def meta(data: bytes) -> bytes:
    return pack(">II", len(data), 0) + data + b"\xff"


def table(parts: dict[str, bytes]) -> bytes:
    text, base = b"", 0x800
    for name, data in parts.items():
        text += b"fwup-ptn %s base 0x%05x size 0x%05x\t\r\n" % (name.encode(), base, len(data))
        base += len(data)
    return text


def image(parts: dict[str, bytes], text: bytes = b"", vendor: bytes = pack(">I", len(VENDOR)) + VENDOR) -> bytes:
    body = vendor.ljust(0x1000, b"\xff") + (text or table(parts)).ljust(0x800, b"\xff") + b"".join(parts.values())
    return pack(">I", 0x14 + len(body)) + md5(SALT + body, usedforsecurity=False).digest() + body


def expected(parts: dict[str, bytes]) -> Parts:
    return {name: region(data) for name, data in parts.items()}


FACTS = {"vendor-text": VENDOR.decode(), "products": "VECTOR210 VECTOR650", "soft-version": "1.2.3 2024-11-05 r1234"}
pieces = {"partition-table": FLASH, "os-image": KERNEL, "file-system": ROOT, "soft-version": meta(NUMBERS), "support-list": meta(SUPPORT)}
plain = image(pieces)
write("numbers", plain, "Five parts; the version is told in numbers.", parts=expected(pieces), facts=FACTS)
texts = {**pieces, "soft-version": meta(b"soft_ver:2.0.0 Build 20240101\n\0")}
write(
    "text",
    image(texts),
    "The version is told in text.",
    parts=expected(texts),
    facts={**FACTS, "soft-version": "soft_ver:2.0.0 Build 20240101"},
)
cloud = patched(image(pieces, vendor=b"fw-type:Cloud\n"), 4, bytes(16))
write(
    "cloud",
    cloud,
    "An image of the type Cloud, whose MD5 is not the usual one.",
    parts=expected(pieces),
    facts={**FACTS, "vendor-text": "fw-type:Cloud\n"},
    findings=["checksum-unchecked"],
)
at = plain.index(KERNEL)
write(
    "changed",
    patched(plain, at, b"K"),
    "One byte of the kernel was changed and the MD5 was not.",
    parts={**expected(pieces), "os-image": region(b"K" + KERNEL[1:])},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
lines = table(pieces).replace(b"file-system base 0x011ea", b"file-system base 0x01100")
assert lines != table(pieces)
moved = b"".join(pieces.values())[0x900 : 0x900 + len(ROOT)]
write(
    "overlap",
    image(pieces, lines),
    "The root begins within the kernel by the table; the MD5 fits. What follows it belongs to no part any more.",
    parts={**expected(pieces), "file-system": region(moved), "gap-0": gap(ROOT[len(ROOT) - 0xEA :])},
    facts=FACTS,
    findings=["overlap", "unread-bytes"],
)
write(
    "truncated",
    plain[: at + 100],
    "The download broke off within the kernel.",
    parts={"partition-table": region(FLASH), "os-image": region(KERNEL[:100]), "file-system": region(b""), "soft-version": region(b""), "support-list": region(b"")},
    facts={"vendor-text": VENDOR.decode()},
    findings=["checksum-mismatch", "truncated"],
)
write(
    "trailing",
    plain + b"appended",
    "Bytes behind the stated end.",
    parts={**expected(pieces), "gap-0": gap(b"appended")},
    facts=FACTS,
    findings=["unread-bytes"],
)
write("no-table", patched(plain, 0x1014 + 9, b"\0"), "The table's first line is none.")
