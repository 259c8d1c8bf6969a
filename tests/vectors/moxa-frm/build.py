"""Builds the vectors of Moxa's *FRM from the layout in unblob's handler; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

PROGRAM = b"program " * 30
FILES = ((b"index.htm", b"<html>" * 20), (b"logo.gif", b"GIF89a" + bytes(range(1, 90))))


def files(count: int = len(FILES)) -> bytes:
    table, body, start = b"", b"", 0x100 + 64 * len(FILES)
    for name, data in FILES:
        table += pack("<48s8sII", name, b"", len(data), start + len(body))
        body += data
    head = pack("<32s4sI8sIIHHIHH8s", b"NPort 5110", b"", 1_300_000_000, b"", 0x100, len(table), 64, count, len(body), 0, 0, b"")
    return head.ljust(0x100, b"\0") + table + body


def frm(system: bytes) -> bytes:
    start = 0x60 + len(PROGRAM)
    head = b"*FRM\0\0\0\1" + pack("<IHH48s", start + len(system), 0x60, 2, b"")
    return head + pack("<8I", 1, 0x60, len(PROGRAM), 0, 2, start, len(system), 0) + PROGRAM + system


plain = frm(files())
parts: Parts = {"0-program": region(PROGRAM), "1-files-header": region(files()[: 0x100 + 128])}
parts |= {f"1-files-{number}-{name.decode()}": region(data) for number, (name, data) in enumerate(FILES)}
write("image", plain, "A program and two files.", parts=parts, facts={"device": "NPort 5110"})
write("trailing", plain + b"behind", "Bytes behind the sections.", parts={**parts, "gap-0": gap(b"behind")}, findings=["unread-bytes"])
write("truncated", plain[:-9], "The download broke off.", parts={**parts, "1-files-1-logo.gif": region(FILES[1][1][:-9])}, findings=["truncated"])
write("files", frm(files(9000)), "More files than there is room for.", findings=["malformed"])
write("sections", patched(plain, 14, b"\x03"), "Another number of sections.")
