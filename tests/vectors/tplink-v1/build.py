"""Builds the TP-Link vectors from the header's layout (OpenWrt firmware-utils src/mktplinkfw.c); a rebuild changes nothing.

No official tool was at hand to make them; the layout and the salts are those that fit the MD5 of published images.
"""

import sys
from hashlib import md5
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

NORMAL = bytes.fromhex("dcd73aa5c39598fbddf9e7f40eae4738")
BOOT = bytes.fromhex("8cef335bd5c5cefaa79c28dab2e90f42")
KERNEL = b"kernel " * 60
ROOT = b"hsqs but no more of a squashfs than its magic " * 9
"""Its version is none that says how long it is."""
ELSEWHERE = 0x800
MARK = b"\xde\xad\xc0\xde"
LOADER = b"boot loader " * 40
FACTS = {
    "vendor": "VECTOR",
    "version": "ver. 1.0",
    "hardware": "0x08410009",
    "hardware-revision": "1",
    "region-code": "0x0",
    "region": "00000000;45550000;",
    "region-2": "",
    "firmware-version": "3.16.9",
    "kernel-offset": "0x200",
    "bootloader-offset": "0x0",
    "load": "0x80060000",
    "entry": "0x80060400",
    "second-md5": "00" * 16,
    "unknown": "0x0 0x0",
}


def image(
    body: bytes, root: tuple[int, int], boot: int = 0, second: bytes = bytes(16), kernel: int = len(KERNEL)
) -> bytes:
    salt = BOOT if boot else NORMAL
    head = pack(">4s24s36sIII16sI16sI", b"\1\0\0\0", b"VECTOR", b"ver. 1.0", 0x08410009, 1, 0, salt, 0, second, 0)
    head += pack(">IIIII", 0x80060000, 0x80060400, 0x200 + len(body), 0x200, kernel)
    head += pack(">IIII3H", *root, 0, boot, 3, 16, 9)
    whole = patched(bytes(0x200), 0, head)
    whole = patched(whole, 0x120, b"00000000;45550000;") + body
    return patched(whole, 0x4C, md5(whole, usedforsecurity=False).digest())


def facts(size: int, second: str = "00" * 16) -> dict[str, str]:
    return {**FACTS, "flash-size": f"{0x200 + size:#x}", "second-md5": second}


def at_stated_place() -> bytes:
    return KERNEL + bytes([0xFF]) * (ELSEWHERE - 0x200 - len(KERNEL)) + ROOT


stated = (ELSEWHERE, len(ROOT))
parts: Parts = {"kernel": region(KERNEL), "rootfs": region(ROOT)}
plain = image(at_stated_place(), stated)
write(
    "stock", plain, "Kernel and root where the header says.", parts=parts, facts=facts(len(at_stated_place()))
)

inside = (0x300, len(ROOT))
body = KERNEL + ROOT + bytes([0xFF]) * 30 + MARK
write(
    "openwrt",
    image(body, inside),
    "As OpenWrt builds them: the root right after the kernel, a header that says otherwise, and the mark where JFFS2 begins.",
    parts={**parts, "jffs2-end-mark-0": region(MARK)},
    facts={
        **facts(len(body)),
        "rootfs-offset": "0x300",
        "jffs2-end-marks": f"{0x200 + len(KERNEL + ROOT) + 30 - 0x10000:+#x}",
    },
)
short = b"hsqs" + bytes(24) + pack("<HHQQ", 4, 0, 0, 300) + b"a squashfs of 300 bytes in a region that is longer " * 6
filled = short[:300] + bytes([0xFF]) * (0x10000 - 300)
body = KERNEL + filled + bytes([0xFF]) * (0x20000 - 0x200 - len(KERNEL + filled)) + MARK
write(
    "mark-too-late",
    image(body, (0, len(filled))),
    "The root ends earlier than the header says, so that the device looks for the mark one erase block before it.",
    parts={"kernel": region(KERNEL), "rootfs": region(filled), "jffs2-end-mark-0": region(MARK)},
    facts={**facts(len(body)), "rootfs-offset": "0x0", "jffs2-end-marks": "+0x10000"},
)
body = KERNEL + ROOT + bytes(0x200 - len(ROOT) % 0x200)
second_at = 0x200 + len(body)
body += ROOT.replace(b"more", b"less")
both = (second_at, len(ROOT))
write(
    "two-roots",
    image(body, both),
    "A squashfs after the kernel and another where the header says: OpenWrt mounts the first, the vendor the second.",
    parts={**parts, "gap-0": gap(body[len(KERNEL) + len(ROOT) :])},
    facts={**facts(len(body)), "rootfs-offset": f"{second_at:#x}"},
    findings=["contradiction", "unread-bytes"],
)
write(
    "changed",
    patched(plain, ELSEWHERE + 6, b"B"),
    "One byte of the root was changed and the MD5 was not.",
    parts={**parts, "rootfs": region(patched(ROOT, 6, b"B"))},
    facts=facts(len(at_stated_place())),
    findings=["checksum-mismatch"],
)
inner = image(at_stated_place(), stated, second=b"\x11" * 16)
body = LOADER + bytes([0xFF]) * (0x20000 - len(LOADER)) + inner
write(
    "boot-loader",
    image(body, stated, len(LOADER), b"\x11" * 16),
    "A boot loader in front, salted otherwise, and a second header one erase block later; a second MD5 nobody can check.",
    parts={
        "bootloader": region(LOADER),
        "firmware": {"kind": "region", "size": len(inner), "format": "tplink-v1"},
        **{f"firmware!/{name}": part for name, part in parts.items()},
    },
    facts={**facts(len(body), "11" * 16), "firmware-offset": "0x20200"},
    findings=["checksum-unchecked"],
)
outer = (ELSEWHERE + 4, len(ROOT))
write(
    "headers-disagree",
    image(body, outer, len(LOADER), b"\x11" * 16),
    "The outer header says of the root what the inner one does not, and a device might follow it.",
    parts={
        "bootloader": region(LOADER),
        "firmware": {"kind": "region", "size": len(inner), "format": "tplink-v1"},
        **{f"firmware!/{name}": part for name, part in parts.items()},
    },
    facts={
        **facts(len(body), "11" * 16),
        "firmware-offset": "0x20200",
        "stated": f"0x200+{len(KERNEL):#x} {outer[0]:#x}+{outer[1]:#x}",
    },
    findings=["checksum-unchecked"],
)
write(
    "hidden",
    patched(plain, 0x180, b"hidden in the header"),
    "Text in a part of the header that has no meaning; the MD5 was not changed.",
    parts={**parts, "gap-0": gap(patched(bytes(160), 0x20, b"hidden in the header"))},
    facts=facts(len(at_stated_place())),
    findings=["checksum-mismatch", "unread-bytes"],
)
write(
    "truncated",
    plain[: ELSEWHERE + 50],
    "The download broke off within the root.",
    parts={**parts, "rootfs": region(ROOT[:50])},
    facts=facts(len(at_stated_place())),
    findings=["checksum-mismatch", "truncated"],
)
write("no-kernel", patched(plain, 0x84, bytes(4)), "A kernel of no bytes.")
