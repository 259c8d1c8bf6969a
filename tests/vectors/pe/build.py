"""Builds the vectors of PE/COFF from its description; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import iter_unpack, pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

TEXT, DATA = b"code " * 40, b"data" * 20
SIGNATURE = b"a signature, as PKCS 7 has it, and more"
HEADERS, AT = 512, 64


def program(text: bytes = TEXT, signature: bytes = SIGNATURE) -> bytes:
    body = text.ljust(256, b"\0") + DATA.ljust(128, b"\0")
    symbols = b"_start".ljust(18, b"\0") + pack("<I", 12) + b"strings\0"
    certificates = pack("<IHH", 8 + len(signature), 0x200, 2) + signature
    certificates += bytes(-len(certificates) % 8)
    where = HEADERS + len(body) + len(symbols)
    optional = bytearray(240)
    optional[:2] = pack("<H", 0x20B)
    optional[60:64] = pack("<I", HEADERS)
    optional[108:112] = pack("<I", 16)
    optional[144:152] = pack("<II", where, len(certificates))
    head = b"MZ".ljust(60, b"\0") + pack("<I", AT)
    head += pack("<4sHHIIIHH", b"PE\0\0", 0xAA64, 2, 0, HEADERS + len(body), 1, len(optional), 0x206) + optional
    head += pack("<8sIIII16x", b".text", len(text), 4096, 256, HEADERS)
    head += pack("<8sIIII16x", b".data", len(DATA), 8192, 128, HEADERS + 256)
    whole = head.ljust(HEADERS, b"\0") + body + symbols + certificates
    total = sum(word for (word,) in iter_unpack("<H", whole))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return patched(whole, AT + 88, pack("<I", total + len(whole)))


def parts(whole: bytes) -> Parts:
    return {
        "dos-stub": region(whole[:AT]),
        "headers": region(whole[AT:HEADERS]),
        "0-.text": region(whole[HEADERS : HEADERS + 256]),
        "1-.data": region(whole[HEADERS + 256 : HEADERS + 384]),
        "symbols": region(whole[HEADERS + 384 : HEADERS + 414]),
        "certificate-0": {**region(SIGNATURE), "facts": {"revision": "0x200", "kind": "0x2"}},
    }


FACTS = {"machine": "arm64", "characteristics": "0x206"}
whole = program()
write("signed", whole, "Two sections, symbols and a certificate, with a checksum.", parts=parts(whole), facts=FACTS)
changed = patched(whole, HEADERS, b"C")
write(
    "changed",
    changed,
    "A byte of the code was changed and the checksum was not.",
    parts=parts(changed),
    findings=["checksum-stale"],
)
loose = patched(whole + b"appended", AT + 88, bytes(4))
write(
    "appended",
    loose,
    "No checksum, and bytes behind the certificates, which no signature covers.",
    parts={**parts(loose), "gap-0": gap(b"appended")},
    findings=["unread-bytes"],
)
endless = patched(whole, len(whole) - 48, pack("<I", 4))
lost = parts(patched(endless, AT + 88, bytes(4)))
del lost["certificate-0"]
write(
    "certificate",
    patched(endless, AT + 88, bytes(4)),
    "A certificate shorter than its own header.",
    parts={**lost, "gap-0": gap(endless[-48:])},
    findings=["malformed", "unread-bytes"],
)
write("headers", patched(whole, AT + 84, pack("<I", 1 << 20)), "Headers longer than the file.", findings=["malformed"])
write("machine", patched(whole, AT, b"NE"), "An older kind of program: not recognised.")
