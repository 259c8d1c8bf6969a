"""Builds the vectors of UEFI firmware volumes from their layout (PI specification, volume 3); run it again and nothing changes.

The reader was verified with the volumes of OVMF, which are too large to be kept here.
"""

import gzip
import lzma
import sys
from base64 import b64decode
from pathlib import Path
from struct import pack
from uuid import UUID
from zlib import compress, crc32

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, gap, patched, region, write

SYSTEM = "8c8ce578-8a3d-4f1c-9935-896185c32dd3"
LZMA, CRC32 = "ee4e5898-3914-4259-9d6e-dc7bd79403cf", "fc1bcdb0-7d31-49aa-936a-a4600d9dd083"
DRIVER, RAW, PACKED, CHECKED, TIANO = (f"00000000-0000-4000-8000-{number:012x}" for number in range(1, 6))
TIANO_GUID, GZIP = "a31280ad-481e-41b6-95e8-127f4c984779", "1d301fe9-be79-4353-91c2-d23bc959ae0c"
ZLIB_AMD = "ce3233f5-2cd6-4d87-9152-4a238bb6d1c4"
LZMA_X86 = "d42ae6bd-1352-4bfb-909a-ca72a6eae889"
PROGRAM, DEPENDS, NAME = b"MZ a driver in name only " * 3, b"\x06\x08", "Driver\0".encode("utf-16-le")
FILE, FOLDER = {"kind": "file"}, {"kind": "directory"}


def guid(text: str) -> bytes:
    return UUID(text).bytes_le


def section(kind: int, data: bytes) -> bytes:
    return pack("<I", len(data) + 4)[:3] + bytes([kind]) + data


def row(*sections: bytes) -> bytes:
    out = b""
    for each in sections:
        out += bytes(-len(out) % 4) + each
    return out


def file(name: str, kind: int, data: bytes, attributes: int = 0x40, state: int = 0xF8) -> bytes:
    size = len(data) + 24
    head = bytearray(guid(name) + bytes([0, 0, kind, attributes]) + pack("<I", size)[:3] + b"\0")
    head[16] = -sum(head) & 0xFF
    head[17] = -sum(data) & 0xFF if attributes & 0x40 else 0xAA
    head[23] = state
    return bytes(head) + data + b"\xff" * (-size % 8)


def volume(*files: bytes, system: str = SYSTEM, length: int = 0x1000, at: int = 0) -> bytes:
    head = bytes(16) + guid(system) + pack("<Q4sIHHHBB", length, b"_FVH", 0x4FEFF, 72, 0, at, 0, 2)
    head += pack("<4I", length // 0x400, 0x400, 0, 0)
    total = sum(int.from_bytes(head[place : place + 2], "little") for place in range(0, 72, 2))
    head = patched(head, 50, pack("<H", -total & 0xFFFF))
    return (head + b"".join(files)).ljust(length, b"\xff")


def as_file(data: bytes) -> dict[str, object]:
    return {**region(data), "kind": "file"}


def packed(data: bytes) -> bytes:
    stream = lzma.compress(data, lzma.FORMAT_ALONE, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16}])
    return patched(stream, 5, pack("<Q", len(data)))


def by_guid(name: str, extra: bytes, attributes: int, data: bytes) -> bytes:
    return section(2, guid(name) + pack("<HH", 24 + len(extra), attributes) + extra + data)


def filtered(data: bytes) -> bytes:
    """Return `data` with the targets of x86 calls absolute, as liblzma makes them; it is unpacked without the filter."""
    lzma2 = {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}
    return lzma.decompress(lzma.compress(data, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_X86}, lzma2]), lzma.FORMAT_RAW, filters=[lzma2])


FACTS = {"file-system": SYSTEM, "attributes": "0x0004feff", "revision": "2", "blocks": "4x0x400"}
CALLS = b"".join(b"\xe8" + pack("<i", 5_000 - 40 * number) + b"\x90" * (number % 4) for number in range(50))
LONGER = row(section(0x13, DEPENDS), section(0x10, PROGRAM * 9), section(0x15, NAME))
ZLIB = compress(LONGER, 9)
# LONGER, packed by EfiCompress and TianoCompress of the package uefi-firmware 1.16 (BSD-3-Clause), an implementation of others
EFI_STREAM = "RgAAAMICAAAAOUpttjX+8MDDERRj/oPYrJYeDdA4FyHQMDQy0iNOTTDmABBkGksQ9wMt+FNUh7NCeqrPpl3XnxXxfH+DMNdiByw3zAAA"
TIANO_STREAM = "RgAAAMICAAAAOUpttjX+8MDDERRj/oPYrJYeDdA4FyHQMDQy0iNOTTDjAAgyDSWIe4GW/CmqQ9mhPVVn0y7rz4r4vj/BmGuxA5Yb5gAA"
sections = row(section(0x13, DEPENDS), section(0x10, PROGRAM), section(0x15, NAME))
driver, raw = file(DRIVER, 7, sections), file(RAW, 1, b"microcode " * 5, attributes=0)
driver_parts: Parts = {
    DRIVER: FOLDER,
    f"{DRIVER}/0-dxe-depex": as_file(DEPENDS),
    f"{DRIVER}/1-pe32": as_file(PROGRAM),
    f"{DRIVER}/2-name": as_file(NAME),
}
raw_parts: Parts = {RAW: FOLDER, f"{RAW}/raw": as_file(b"microcode " * 5)}
plain = volume(driver, file("ffffffff-ffff-ffff-ffff-ffffffffffff", 0xF0, b"\xff" * 100, 0), raw)
write(
    "files",
    plain,
    "A driver of three sections, a filler, and a file without sections.",
    parts={**driver_parts, **raw_parts},
    facts=FACTS,
)
inner = volume(driver, length=0x400)
fv_sections = row(section(0x19, bytes(12)), section(0x17, inner))
nested = volume(file(PACKED, 11, by_guid(LZMA, b"", 1, packed(fv_sections))))
inside = f"{PACKED}/0-guided"
nested_parts: Parts = {
    PACKED: FOLDER,
    inside: FOLDER,
    f"{inside}/0-raw": as_file(bytes(12)),
    f"{inside}/1-fv-image": {"kind": "file", "size": len(inner)},
    **{f"{inside}/1-fv-image!/{path}": part for path, part in driver_parts.items()},
}
write("packed", nested, "A volume within a volume, in sections packed by LZMA.", parts=nested_parts, facts=FACTS)
body = row(section(0x10, PROGRAM))
checked = volume(file(CHECKED, 7, by_guid(CRC32, pack("<I", crc32(body)), 0, body)))
checked_parts: Parts = {
    CHECKED: FOLDER,
    f"{CHECKED}/0-guided": FOLDER,
    f"{CHECKED}/0-guided/guided-header": as_file(pack("<I", crc32(body))),
    f"{CHECKED}/0-guided/0-pe32": as_file(PROGRAM),
}
write("checked", checked, "Sections behind a CRC-32.", parts=checked_parts, facts=FACTS)
wrong = volume(file(CHECKED, 7, by_guid(CRC32, pack("<I", 1), 0, body)))
write(
    "checked-wrong",
    wrong,
    "Sections behind a CRC-32 that is not theirs.",
    parts={**checked_parts, f"{CHECKED}/0-guided/guided-header": as_file(pack("<I", 1))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
for case, stream, why in (
    ("efi", EFI_STREAM, "Sections packed by EFI 1.1."),
    ("tiano", TIANO_STREAM, "Sections packed by Tiano: no field tells it from EFI 1.1."),
):
    held: Parts = {
        TIANO: FOLDER,
        f"{TIANO}/0-packed": FOLDER,
        f"{TIANO}/0-packed/0-dxe-depex": as_file(DEPENDS),
        f"{TIANO}/0-packed/1-pe32": as_file(PROGRAM * 9),
        f"{TIANO}/0-packed/2-name": as_file(NAME),
    }
    whole = file(TIANO, 7, section(1, pack("<IB", len(LONGER), 1) + b64decode(stream)))
    write(case, volume(whole), why, parts=held, facts=FACTS)
by_name = {path.replace("0-packed", "0-guided"): part for path, part in held.items()}
for case, name, stream_, why in (
    ("tiano-guided", TIANO_GUID, b64decode(TIANO_STREAM), "Sections packed by Tiano, under its GUID."),
    ("gzip", GZIP, gzip.compress(LONGER, mtime=0), "Sections packed by gzip."),
    ("zlib-amd", ZLIB_AMD, pack("<20xI232x", len(ZLIB)) + ZLIB, "Sections packed by zlib, as AMD has it."),
):
    write(case, volume(file(TIANO, 7, by_guid(name, b"", 1, stream_))), why, parts=by_name, facts=FACTS)
calls = row(LONGER, section(0x19, CALLS))
write(
    "lzma-x86",
    volume(file(TIANO, 7, by_guid(LZMA_X86, b"", 1, packed(filtered(calls))))),
    "Sections packed by LZMA, behind a filter for x86 code.",
    parts={**by_name, f"{TIANO}/0-guided/3-raw": as_file(CALLS)},
    facts=FACTS,
)
several = section(1, pack("<IB", len(LONGER) + 1, 1) + b64decode(EFI_STREAM))
write(
    "packed-size",
    volume(file(TIANO, 7, several)),
    "Packed sections that are one byte shorter than their header says.",
    parts={path.replace("0-guided", "0-packed"): part for path, part in by_name.items()},
    facts=FACTS,
    findings=["contradiction"],
)
brotli = volume(file(TIANO, 7, by_guid("3d532050-5cda-4fd0-879e-0f7f630d5afb", b"", 1, b"a stream of Brotli")))
write(
    "brotli",
    brotli,
    "Sections packed in a way that is not read stay packed.",
    parts={TIANO: FOLDER, f"{TIANO}/0-guided": FOLDER, f"{TIANO}/0-guided/packed": as_file(b"a stream of Brotli")},
    facts=FACTS,
    findings=["unsupported"],
)
tiano = volume(file(TIANO, 7, section(1, pack("<IB", 500, 1) + b"a stream of Tiano's")))
write(
    "tiano-malformed",
    tiano,
    "A stream of Tiano that is none.",
    parts={TIANO: FOLDER, f"{TIANO}/0-packed": FOLDER, f"{TIANO}/0-packed/packed": as_file(b"a stream of Tiano's")},
    facts=FACTS,
    findings=["malformed"],
)
at = plain.index(PROGRAM)
changed = patched(plain, at, b"M2")
write(
    "changed",
    changed,
    "A byte of the driver was changed, the checksum of its file was not.",
    parts={**driver_parts, f"{DRIVER}/1-pe32": as_file(b"M2" + PROGRAM[2:]), **raw_parts},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
header = patched(plain, 44, b"\xfe")
write(
    "header",
    header,
    "An attribute of the volume was changed, the checksum of its header was not.",
    parts={**driver_parts, **raw_parts},
    facts={**FACTS, "attributes": "0x0004fefe"},
    findings=["checksum-mismatch"],
)
hidden = patched(plain, 0xE00, b"behind the last file")
write(
    "hidden",
    hidden,
    "Bytes in the free space of the volume.",
    parts={**driver_parts, **raw_parts, "gap-0": gap(b"behind the last file")},
    facts=FACTS,
    findings=["unread-bytes"],
)
store = volume(b"variables", system="fff12b8d-7696-4c8b-a985-2747075b4f50")
write(
    "variables",
    store,
    "A volume that is no file system.",
    parts={"data": region(store[72:])},
    facts={**FACTS, "file-system": "fff12b8d-7696-4c8b-a985-2747075b4f50"},
)
write("size", patched(plain, 48, pack("<H", 16)), "A header that is shorter than a header is.")
