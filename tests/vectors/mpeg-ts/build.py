"""Builds the vectors of transport streams from ISO/IEC 13818-1, 13818-6 and ETSI TS 102 006; run it again and nothing changes."""

import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

MODULES = {1: b"software of the receiver " * 20, 2: b"list of files " * 9}
BLOCK, DOWNLOAD, MAKER = 200, 0x1234, bytes.fromhex("00150a")
SERVICE, CAROUSEL = 0x100, 0x200


def crc(data: bytes) -> bytes:
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = value << 1 ^ (0x104C11DB7 if value & 0x80000000 else 0)
    return pack(">I", value)


def section(table: int, extension: int, body: bytes, number: int = 0) -> bytes:
    head = pack(">BHHBBB", table, 0xB000 | len(body) + 9, extension, 0xC1, number & 0xFF, number & 0xFF)
    return head + body + crc(head + body)


def message(kind: int, download: int, body: bytes) -> bytes:
    return pack(">BBHIBBH", 0x11, 3, kind, download, 0xFF, 0, len(body)) + body


def block(module: int, number: int) -> bytes:
    content = MODULES[module][number * BLOCK : (number + 1) * BLOCK]
    return section(0x3C, module, message(0x1003, DOWNLOAD, pack(">HBBH", module, 1, 0xFF, number) + content), number)


def listing() -> bytes:
    body = pack(">IHBBII", DOWNLOAD, BLOCK, 0, 0, 0, 0) + pack(">H", 4) + b"\0\1\2\3" + pack(">H", len(MODULES))
    for module, data in MODULES.items():
        body += pack(">HIBB", module, len(data), 1, 2) + b"\x05\0"
    return section(0x3B, 2, message(0x1002, 0x80000002, body))


def packets(program: int, data: bytes) -> list[bytes]:
    """Cut one section into packets, the last filled up."""
    pieces, data = [], b"\0" + data
    for at in range(0, len(data), 184):
        start = 0x4000 if at == 0 else 0
        counter = 0x10 | len(pieces) & 15
        pieces.append(pack(">BHB", 0x47, start | program, counter) + data[at : at + 184].ljust(184, b"\xff"))
    return pieces


def stream(*, without: tuple[int, int] | None = None, again: bytes = b"") -> list[bytes]:
    software = b"\x66" + bytes([6]) + b"\0\x0a" + b"\3" + MAKER
    services = section(0, 1, pack(">HH", 1, 0xE000 | SERVICE))
    programs = section(2, 1, pack(">HHBHH", 0xE1FF, 0xF000, 0x0B, 0xE000 | CAROUSEL, 0xF000 | len(software)) + software)
    rows = packets(0, services) + packets(SERVICE, programs) + packets(CAROUSEL, listing())
    for module, data in MODULES.items():
        for number in range(-(-len(data) // BLOCK)):
            if (module, number) != without:
                rows += packets(CAROUSEL, block(module, number))
            rows += packets(0x1FFF, b"") if number == 1 else []
    return rows + (packets(CAROUSEL, again) if again else packets(CAROUSEL, block(1, 0)))


def parts(rows: list[bytes], cut: dict[int, bytes] | None = None) -> Parts:
    found: Parts = {}
    for module, data in MODULES.items():
        facts = {"said": "0500", "compatibility": "00010203"}
        found[f"module-0200-00001234-{module:04x}-01"] = {**region((cut or {}).get(module, data)), "facts": facts}
    for program in {row[1] & 0x1F: 0 for row in rows}:
        for lower in {row[2]: 0 for row in rows if row[1] & 0x1F == program}:
            mine = b"".join(row[1:] for row in rows if row[1] & 0x1F == program and row[2] == lower)
            found[f"program-{program:02x}{lower:02x}"] = region(mine)
    return found


facts = {"software-0200": (b"\3" + MAKER).hex()}
rows = stream()
write("software", b"".join(rows), "Two modules, the first block comes twice.", parts=parts(rows), facts=facts)
rows = stream(without=(1, 1))
write(
    "missing",
    b"".join(rows),
    "The second block of a module was not recorded.",
    parts=parts(rows, {1: MODULES[1][:BLOCK]}),
    facts=facts,
    findings=["truncated"],
)
other = bytearray(block(1, 0)[:-4])
other[-1] ^= 1
rows = stream(again=bytes(other) + crc(bytes(other)))
write(
    "other-block",
    b"".join(rows),
    "The first block comes again with other content, its CRC made to fit.",
    parts=parts(rows),
    facts=facts,
    findings=["contradiction"],
)
whole = b"".join(stream())
at = whole.index(b"list of files")
changed = patched(whole, at, b"X")
rows = [changed[place : place + 188] for place in range(0, len(changed), 188)]
write(
    "changed",
    changed,
    "A byte of a block was changed and the CRC of its section was not.",
    parts=parts(rows, {2: b""}),
    facts=facts,
    findings=["checksum-mismatch", "truncated"],
)
write("sync", patched(whole, 188 * 5, b"H"), "A packet among the first begins with another byte.")
