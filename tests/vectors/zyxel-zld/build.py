"""Builds the vectors of ZyXEL's ZLD images from the layout in OpenWrt's mkzyxelzldfw.c; run it again and nothing changes."""

import sys
from hashlib import md5
from pathlib import Path
from struct import pack, unpack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

KERNEL_HEADER, KERNEL, ROOT = b"kernel 4.20".ljust(512, b"\0"), b"kernel " * 30, b"zldfs " * 40
FILES = ((2, b"kernel.bin", b"kernel", KERNEL_HEADER + KERNEL, 0x100000), (3, b"zldfs.bin", b"zldfs", ROOT, 0x400000))
FIRST = 104 + 272 * len(FILES)


def checksum(data: bytes) -> int:
    return sum(unpack(">4I", md5(data, usedforsecurity=False).digest())) & 0xFFFFFFFF or 1


def zld(order: str, files: tuple[tuple[int, bytes, bytes, bytes, int], ...] = FILES) -> bytes:
    first = 104 + 272 * len(files)
    body = b"".join(data for _, _, _, data, _ in files)
    heads = b"".join(
        pack(f"{order}HHIII64s128s32s32s", kind, 0, len(data), 0x1234, place, name, target, b"1.0", b"2012-05-04")
        for kind, name, target, data, place in files
    )
    head = pack(f"{order}I3H5HI3H6s32s32s", 0xDEADBEAF, 0x100, len(files), 5, 0x1234, *[0xFFFF] * 4, first + len(body), first, 108, 276, b"", b"undefined", b"NWA512X-FAT")
    whole = head + heads + body
    counted = whole.replace(KERNEL_HEADER, bytes(512))
    return pack(f"{order}I", checksum(counted)) + whole


def told(kind: int, name: bytes, target: bytes, place: int) -> dict[str, str]:
    return {"kind": str(kind), "flags": "0x0", "flash-offset": f"{place:#x}", "checksum": "0x00001234", "name": name.decode(), "target": target.decode(), "revision": "1.0", "date": "2012-05-04"}


FACTS = {"version": "0x0100", "models": "0x1234 0xffff 0xffff 0xffff 0xffff", "headers": "108 276", "order": "big", "capwap": "undefined", "model": "NWA512X-FAT"}
parts: Parts = {
    "0-kernel-header": region(KERNEL_HEADER),
    "0-kernel": {**region(KERNEL), "facts": told(*FILES[0][:3], FILES[0][4])},
    "1-core": {**region(ROOT), "facts": told(*FILES[1][:3], FILES[1][4])},
}
plain = zld(">")
write("big", plain, "A kernel and a file system, highest byte first.", parts=parts, facts=FACTS)
write("little", zld("<"), "The same, lowest byte first.", parts=parts, facts={**FACTS, "order": "little"})
write(
    "kernel-header",
    patched(plain, FIRST + 7, b"9"),
    "The kernel's header was changed, which the checksum leaves out.",
    parts={**parts, "0-kernel-header": region(patched(KERNEL_HEADER, 7, b"9"))},
    facts=FACTS,
)
write(
    "changed",
    patched(plain, len(plain) - 3, b"!"),
    "One byte of the file system was changed and the checksum was not.",
    parts={**parts, "1-core": {"kind": "region", "size": len(ROOT)}},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write("no-kernel", zld(">", FILES[1:]), "No kernel: the checksum cannot be made.", parts={"0-core": region(ROOT)}, findings=["checksum-unchecked"])
write("trailing", plain + b"behind", "Bytes behind the files.", parts={**parts, "gap-0": gap(b"behind")}, facts=FACTS, findings=["unread-bytes"])
write("truncated", plain[:-9], "The download broke off.", parts={**parts, "1-core": {"kind": "region", "size": len(ROOT) - 9}}, facts=FACTS, findings=["truncated"])
write("headers", plain[:300], "The headers of the files break off.", findings=["malformed"])
write("models", patched(plain, 13, b"\x04"), "Another number of models.")
