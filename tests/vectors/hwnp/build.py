"""Builds the HWNP vectors from HuaweiFirmwareTool's huawei_header.h and util_hw.cpp; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack
from zlib import crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

PRODUCTS = b"494|4B4|;COMMON|CMCC|".ljust(256, b"\0")
CHECK, KERNEL = b"<upgradecheck/>\n" * 4, b"kernel " * 70
ITEMS = (("file:/var/UpgradeCheck.xml", "UPGRDCHECK", "", 0, CHECK), ("flash:kernel", "KERNEL", "V300R015C10", 2, KERNEL))


def hwnp(crc_of: bytes | None = None, start_of_second: int = 0, *, older: bool = False) -> bytes:
    start = 36 + len(PRODUCTS) + 360 * len(ITEMS)
    table, data = b"", b""
    for number, (place, section, version, policy, content) in enumerate(ITEMS):
        at = start_of_second if number and start_of_second else start + len(data)
        table += pack("<4I256s16s64sII", number, crc32(content), at, len(content), place.encode(), section.encode(), version.encode(), policy, 0)
        data += content
    data = crc_of or data
    head = pack("<IHHII", len(ITEMS), 0, len(PRODUCTS), 360, 0) + PRODUCTS + table
    rest = pack("<II", start - (36 if older else 0), crc32(head)) + head
    return b"HWNP" + pack(">I", start + len(data) - 0x4C) + pack("<I", crc32(rest + data)) + rest + data


def told(number: int, data: bytes) -> dict[str, object]:
    place, section, version, policy, _ = ITEMS[number]
    facts = {"number": str(number), "position": str(number), "place": place, "section": section, "version": version, "policy": f"{policy:#x}"}
    return {**region(data), "facts": facts}


FACTS = {"products": "494|4B4|;COMMON|CMCC|", "unknown": "0000"}
CHECK_AT, KERNEL_AT = "file:%2Fvar%2FUpgradeCheck.xml", "flash:kernel"
parts = {CHECK_AT: told(0, CHECK), KERNEL_AT: told(1, KERNEL)}
plain = hwnp()
write("package", plain, "Two items, all checksums fit.", parts=parts, facts=FACTS)
write("older", hwnp(older=True), "The older way to count the header.", parts=parts, facts=FACTS)
at = len(plain) - len(KERNEL)
changed = b"K" + KERNEL[1:]
write(
    "changed",
    patched(plain, at, b"K"),
    "One byte of the kernel was changed: its checksum and that of the whole fail.",
    parts={**parts, KERNEL_AT: told(1, changed)},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write(
    "recomputed",
    hwnp(CHECK + changed),
    "One byte of the kernel was changed and only the outer checksum was made anew.",
    parts={**parts, KERNEL_AT: told(1, changed)},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
wrong = patched(plain, plain.index(b"KERNEL"), b"OTHER\0")
write(
    "table-changed",
    wrong,
    "A section's name was changed and no checksum was.",
    parts={**parts, KERNEL_AT: {**told(1, KERNEL), "facts": {**told(1, KERNEL)["facts"], "section": "OTHER"}}},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
start = 36 + 256 + 720
inside = hwnp(start_of_second=start + 16)
body = CHECK + KERNEL
write(
    "overlap",
    inside,
    "The second item begins within the first.",
    parts={**parts, KERNEL_AT: told(1, body[16 : 16 + len(KERNEL)]), "gap-0": gap(body[16 + len(KERNEL) :])},
    facts=FACTS,
    findings=["checksum-mismatch", "overlap", "unread-bytes"],
)
write(
    "truncated",
    plain[: at + 50],
    "The download broke off within the kernel.",
    parts={**parts, KERNEL_AT: told(1, KERNEL[:50])},
    facts=FACTS,
    findings=["truncated"],
)
write("item-size", patched(plain, 28, pack("<I", 400)), "Entries of another length.")
