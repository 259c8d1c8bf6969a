"""Builds the vectors of Amlogic's upgrade packages from their layout (amlImage_if.h); run it again and nothing changes."""

import sys
from hashlib import sha1
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

BOOT = b"kernel and ramdisk " * 15


def items(boot: bytes) -> list[tuple[str, str, bytes]]:
    return [
        ("conf", "platform", b"Platform:0x0811\n"),
        ("PARTITION", "boot", boot),
        ("VERIFY", "boot", b"sha1sum " + sha1(BOOT, usedforsecurity=False).hexdigest().encode()),
    ]


def package(version: int, boot: bytes = BOOT, count: int = 3) -> bytes:
    width = 32 if version == 1 else 256
    start, table, body = 64 + 3 * (64 + 2 * width), b"", b""
    for number, (main, sub, data) in enumerate(items(boot)):
        table += pack("<IIQQQ", number, 0, 0, start + len(body), len(data))
        table += pack(f"<{width}s{width}sIHH24x", main.encode(), sub.encode(), main == "PARTITION", 0, 0)
        body += data + bytes(-len(data) % 4)
    rest = pack("<I4sQII36x", version, b"\x56\x19\xb5\x27", start + len(body), 4, count) + table + body
    return pack("<I", crc32(rest) ^ 0xFFFFFFFF) + rest


def parts(boot: bytes = BOOT) -> Parts:
    found: Parts = {}
    for number, (main, sub, data) in enumerate(items(boot)):
        told = {"number": str(number), "kind": "0x0", "verified": str(int(main == "PARTITION")), "backup": "0", "of": "0"}
        told |= {"inner": "0", "main-type": main, "sub-type": sub}
        found[f"{number}-{sub}.{main}"] = {**region(data), "facts": told}
    return found


for version in (1, 2):
    told = {"version": str(version), "step": "4"}
    write(f"version-{version}", package(version), f"Three items, as version {version} has them.", parts=parts(), facts=told)
other = BOOT.replace(b"kernel", b"Kernel")
write(
    "replaced",
    package(2, other),
    "The boot image was replaced: the CRC fits, the item that verifies it does not.",
    parts=parts(other),
    findings=["checksum-mismatch"],
)
whole = package(1)
at = whole.index(b"kernel")
write(
    "changed",
    patched(whole, at, b"X"),
    "A byte was changed and neither checksum was.",
    parts=parts(b"X" + BOOT[1:]),
    findings=["checksum-mismatch"],
)
write(
    "version-3",
    patched(whole, 4, pack("<I", 3)),
    "A version that nobody described.",
    findings=["unsupported"],
)
write("items", patched(whole, 24, pack("<I", 9999)), "More items than there is room for.", findings=["malformed"])
