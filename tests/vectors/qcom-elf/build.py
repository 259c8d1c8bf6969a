"""Builds the vectors of Qualcomm's ELF images from their layout; run it again and nothing changes.

The programs that make such images are the vendor's. Version 3 is laid out as in the firmware of a modem by which the reader was
verified; versions 6 and 7 follow coreboot's util/qualcomm/mbn_tools.py and qtestsign's hashseg.py.
"""

import hashlib
import sys
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import Parts, patched, region, write

CODE, DATA = b"machine code in name only " * 9, b"initialised data " * 5
SIGNATURE, CHAIN = b"\x5a" * 64, b"three certificates".ljust(96, b"\xff")
QCOM, OEM = b"metadata of the chip's maker", b"metadata of the device's maker"
HASH_AT, CODE_AT, DATA_AT = 0x400, 0x800, 0xA00


def head(bits: int, sizes: tuple[int, ...], hash_at: int) -> bytes:
    ident = b"\x7fELF" + bytes([bits // 32, 1, 1]) + bytes(9)
    flags = (0x07000000, 0x02200000, 5, 6)
    kinds, places = (0, 0, 1, 1), (0, hash_at, CODE_AT, DATA_AT)
    addresses = (0, 0x87E80000, 0x87E00000, 0x87E45000)
    if bits == 32:
        out = ident + pack("<2H5I6H", 2, 40, 1, 0x87E00000, 52, 0, 0x5000002, 52, 32, 4, 40, 0, 0)
        rows = zip(kinds, places, addresses, addresses, sizes, sizes, flags, strict=True)
        return out + b"".join(pack("<8I", *row, 0x1000) for row in rows)
    out = ident + pack("<2HI3QI6H", 2, 183, 1, 0x87E00000, 64, 0, 0, 64, 56, 4, 64, 0, 0)
    wide = zip(kinds, flags, places, addresses, addresses, sizes, sizes, strict=True)
    return out + b"".join(pack("<2I6Q", *row, 0x1000) for row in wide)


def image(version: int, bits: int = 32, algorithm: str = "sha256", *, split: bool = False) -> tuple[bytes, Parts]:
    size = hashlib.new(algorithm).digest_size
    common, qcom, oem = (b"", b"", b"") if version < 6 else (b"", QCOM, OEM)
    if version == 7:
        common = pack("<4I", 0, 0, 2, 0) + bytes(8)
    hashes_size, address = 4 * size, 0x87E80000 + 40
    total = hashes_size + len(SIGNATURE) + len(CHAIN)
    if version == 7:
        sizes = (len(common), len(qcom), len(oem), hashes_size, 0, 0, len(SIGNATURE), len(CHAIN))
        header = pack("<10I", 0, 7, *sizes)
    else:
        at = address + hashes_size
        header = pack("<10I", 0x19, version, 0, 0 if version >= 5 else address, total, hashes_size, at, len(SIGNATURE), at + len(SIGNATURE), len(CHAIN))
        header += pack("<2I", len(qcom), len(oem)) if version == 6 else b""
    before = header + common + qcom + oem
    length = len(before) + hashes_size + len(SIGNATURE) + len(CHAIN)
    first = 52 + 4 * 32 if bits == 32 else 64 + 4 * 56
    elf = head(bits, (first, length, len(CODE), len(DATA)), HASH_AT)
    pieces = (elf, b"", CODE, DATA)
    hashes = b"".join(hashlib.new(algorithm, piece).digest() if piece else bytes(size) for piece in pieces)
    segment = before + hashes + SIGNATURE + CHAIN
    named = {
        "elf-header": elf, "hash-header": header, "metadata": common, "qcom-metadata": qcom, "oem-metadata": oem,
        "hashes": hashes, "signature": SIGNATURE, "certificates": CHAIN,
    }  # fmt: skip
    if split:
        return elf + segment, {path: region(data) for path, data in named.items() if data}
    whole = (elf.ljust(HASH_AT, b"\0") + segment).ljust(CODE_AT, b"\0")
    whole = (whole + CODE).ljust(DATA_AT, b"\0") + DATA
    named |= {"segment-2": CODE, "segment-3": DATA}
    return whole, {path: region(data) for path, data in named.items() if data}


def facts(version: int, layout: str = "whole") -> dict[str, str]:
    return {"hash-segment": str(version), "image": "0x0" if version == 7 else "0x19", "layout": layout}


three, parts = image(3)
write("version-3", three, "A 32-bit image as modems of 2016 have them.", parts=parts, facts=facts(3))
six, parts_6 = image(6, 64, "sha384")
write("version-6", six, "A 64-bit image with metadata and SHA-384.", parts=parts_6, facts=facts(6))
seven, parts_7 = image(7, 64)
write("version-7", seven, "The header of lengths only.", parts=parts_7, facts=facts(7))
split, split_parts = image(3, split=True)
write("split", split, "The headers alone, as .mdt files beside their segments.", parts=split_parts, facts=facts(3, "split"))
changed = patched(three, CODE_AT, b"M")
write(
    "changed",
    changed,
    "One byte of the code was changed and its hash was not.",
    parts={**parts, "segment-2": region(b"M" + CODE[1:])},
    facts=facts(3),
    findings=["checksum-mismatch"],
)
entry = patched(three, 24, pack("<I", 0x87E00100))
write(
    "entry",
    entry,
    "The point of entry in the ELF header was changed.",
    parts={**parts, "elf-header": region(entry[: 52 + 4 * 32])},
    facts=facts(3),
    findings=["checksum-mismatch"],
)
cut = three[:-10]
write(
    "truncated",
    cut,
    "The last segment is not all there.",
    parts={**parts, "segment-3": region(DATA[:-10])},
    facts=facts(3),
    findings=["checksum-mismatch", "truncated"],
)
write("version-9", patched(three, HASH_AT + 4, b"\x09"), "A version that is not known.", findings=["unsupported"])
