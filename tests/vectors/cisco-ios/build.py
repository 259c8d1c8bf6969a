"""Builds the IOS vectors from the layout in the Network Appliance Forensic Toolkit; run it again and nothing changes."""

import io
import sys
import zipfile
from pathlib import Path
from struct import pack, unpack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

SYSTEM = b"IOS (tm) " * 80 + b"odd"
CODE, STRINGS, DIGEST = b"\x94\x21\xff\xf0 unpacks " * 9, b"CW_BEGIN$$CW_IMAGE$C2600-I-M$CW_END$$", b"\xfa\xde\xfa\xd1" + bytes(range(16))


def total(data: bytes) -> int:
    value = 0
    for (word,) in (unpack(">I", data[at : at + 4]) for at in range(0, len(data) - 3, 4)):
        value += word
        if value > 0xFFFFFFFF:
            value = (value + 1) & 0xFFFFFFFF
    return value


def packed() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("C2600-I-.BIN"), SYSTEM)
    return stream.getvalue()


def ios() -> bytes:
    system = pack(">4s4I", b"\xfe\xed\xfa\xce", len(SYSTEM), len(packed()), total(packed()), total(SYSTEM)) + packed()
    contents = ((1, CODE), (1, STRINGS), (8, b""), (1, DIGEST), (1, system))
    at = 84 + 40 * (1 + len(contents))
    sections, body, address = bytes(40), b"", 0x80008000
    for kind, data in contents:
        sections += pack(">10I", 1, kind, 3, address, at + len(body), len(data) or 4096, 0, 0, 4, 0)
        body += data
        address += len(data)
    ident = b"\x7fELF\x01\x02\x01".ljust(16, b"\0")
    head = pack(">16sHHIIIIIHHHHHH", ident, 2, 0x2B, 1, 0x80008000, 52, 84, 0x80000006, 52, 32, 1, 40, 1 + len(contents), 0)
    return head + pack(">8I", 1, at, 0x80008000, 0x80008000, len(body), len(body) + 0x10000, 7, 32) + sections + body


plain = ios()
FACTS = {"type": "2", "machine": "0x2b", "entry-point": "0x80008000", "flags": "0x80000006", "programs": plain[52:84].hex(), "names": "0"}
parts: Parts = {
    "section-1": region(CODE),
    "section-2": region(STRINGS),
    "section-4": region(DIGEST),
    "system": {"kind": "region", "format": "zip", "size": len(packed())},
    "system!/C2600-I-.BIN": {"kind": "file", "size": len(SYSTEM), "sha256": region(SYSTEM)["sha256"]},
}
write("image", plain, "A program that unpacks the system.", parts=parts, facts=FACTS)
at = plain.index(b"PK\1\2") + 12  # the time of the member
write(
    "changed",
    patched(plain, at, b"!"),
    "One byte of the zip was changed and its sum was not.",
    parts={**parts, "system!/C2600-I-.BIN": {"kind": "file", "size": len(SYSTEM)}},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write("trailing", plain + b"behind", "Bytes behind the sections.", parts={**parts, "gap-0": gap(b"behind")}, facts=FACTS, findings=["unread-bytes"])
write("magic", patched(plain, plain.index(b"\xfe\xed\xfa\xce"), b"\0"), "Any other program that has a zip in it.", findings=["contradiction", "unread-bytes"])
