"""Builds the vectors of IMAGEWTY from its layout (awutils imagewty.h); run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import patched, region, write

FILES = {"boot.fex": b"kernel and ramdisk " * 12, "Vboot.fex": b"\x12\x34\x56\x78"}


def header(version: int, count: int, size: int) -> bytes:
    new = version == 0x300
    head = pack("<8s6I", b"IMAGEWTY", version, 0x60 if new else 0x50, 0x4D00000, 0x100234, size, 1024)
    head += pack("<I", 0) * new + pack("<8I", 0x1234, 0x8743, 0x100, 0x100, 1, 1024, count, 1024)
    return head.ljust(1024, b"\0")


def image(version: int, stored: int = 0) -> bytes:
    heads, body, start = b"", b"", 1024 * (1 + len(FILES))
    for name, data in FILES.items():
        place = start + len(body)
        length = stored or -(-len(data) // 16) * 16
        head = pack("<II8s16s4s", 256, 1024, b"RFSFAT16", f"{name.upper():0<16}".replace(".", "_").encode(), bytes(4))
        if version == 0x300:
            head += pack("<256sQQQ", name.encode(), length, len(data), place)
        else:
            head += pack("<IIII256s", length, len(data), place, 0, name.encode())
        heads += head.ljust(1024, b"\0")
        body += data + bytes(-len(data) % 16)
    return header(version, len(FILES), start + len(body)) + heads + body


def parts(version: int, cut: int = 0) -> dict[str, dict[str, object]]:
    found = {}
    for number, (name, data) in enumerate(FILES.items()):
        facts = {"attributes": "00000000", "main-type": "RFSFAT16", "name": name, "stored": str(-(-len(data) // 16) * 16)}
        facts["sub-type"] = f"{name.upper():0<16}".replace(".", "_")
        if version == 0x100:
            facts["checksum"] = "0x00000000"
        found[f"{number}-{name}"] = {**region(data[: len(data) - cut * number]), "facts": facts}
    return found


def facts_of(version: int) -> dict[str, str]:
    told = {"version": f"{version:#x}", "base": "0x04d00000", "packing": "0x00100234", "product": "0x1234", "vendor": "0x8743"}
    unknown = "00000000" * (version == 0x300) + "010000000004000000040000"
    return {**told, "hardware": "0x100", "firmware": "0x100", "unknown": unknown}


for version in (0x100, 0x300):
    why = f"Version {version:#x} of the header, two files."
    write(f"version-{version:x}", image(version), why, parts=parts(version), facts=facts_of(version), findings=[])
cut = image(0x300)[:-14]
write(
    "truncated",
    cut,
    "The download broke off in the last file.",
    parts=parts(0x300, 2),
    findings=["truncated"],
)
small = image(0x100, stored=16)
write(
    "stored",
    small,
    "Less is stored of the first file than it has.",
    parts={name: {"kind": "region", "sha256": part["sha256"]} for name, part in parts(0x100).items()},
    findings=["contradiction"],
)
write("files", patched(image(0x100), 0x38, pack("<I", 9999)), "More files than there is room for.", findings=["malformed"])
