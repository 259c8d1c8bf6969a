"""Builds the EcoNet vectors from the layout in its trx.h; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

KERNEL, ROOT, ROM = b"kernel " * 40, b"root file system " * 30, b"<ROMFILE>" * 9


def trx(order: str, extra: bytes = b"", filler: bytes = b"") -> bytes:
    body = KERNEL + filler + ROOT + ROM
    head = pack(f"{order}4I32s32s3I", 0x32524448, 256 + len(extra), 256 + len(extra) + len(body), crc32(body) ^ 0xFFFFFFFF, b"7.3.136.4\n", b"V1.0\n", len(KERNEL), len(ROOT), len(ROM))
    return head + pack(f"{order}32sI128s", b"3 6035 122 8\n", 0x80002000, b"") + extra + body


FACTS = {"order": "big", "address": "0x80002000", "version": "7.3.136.4", "customer-version": "V1.0", "model": "3 6035 122 8"}
parts: Parts = {"kernel": region(KERNEL), "rootfs": region(ROOT), "romfile": region(ROM)}
plain = trx(">")
write("big", plain, "Kernel, file system and settings, highest byte first.", parts=parts, facts=FACTS)
write("little", trx("<"), "The same, lowest byte first.", parts=parts, facts={**FACTS, "order": "little"})
filled = trx(">", filler=b"\xff" * 64)
write("filled", filled, "Filler between kernel and file system: what follows is one region.", parts={"kernel": region(KERNEL), "rest": region(b"\xff" * 64 + ROOT + ROM)}, facts=FACTS)
zyxel = pack(">8s16sIII32s32s4I", b"en7516", b"EX3301-T0", 0x05080301, 9, 2, b"V5.50(ABVY.0)", b"V5.50(ABVY.0)", 1, 2, 3, 4)
write(
    "zyxel",
    trx(">", zyxel),
    "ZyXEL's longer header.",
    parts=parts,
    facts={**FACTS, "chip": "en7516", "board": "EX3301-T0", "model-id": "05080301", "settings-size": "9", "sequence": "2", "internal-version": "V5.50(ABVY.0)", "external-version": "V5.50(ABVY.0)", "sums": "0x1 0x2 0x3 0x4"},
)
secure = bytes(range(200)) + bytes(76)
write("secure", trx(">", secure), "The header of a secure boot.", parts={"secure-header": region(secure), **parts}, facts=FACTS)
write(
    "changed",
    patched(plain, 300, b"!"),
    "One byte of the kernel was changed and the CRC was not.",
    parts={**parts, "kernel": region(patched(KERNEL, 44, b"!"))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write("trailing", plain + b"behind", "Bytes behind the settings.", parts={**parts, "gap-0": gap(b"behind")}, facts=FACTS, findings=["unread-bytes"])
write("truncated", plain[:-9], "The download broke off.", parts={**parts, "romfile": region(ROM[:-9])}, facts=FACTS, findings=["truncated"])
write("lengths", patched(plain, 80, pack(">I", 99999)), "A kernel longer than the file.")
