"""Makes what radios are set up with: blocks of calibration, and databases of what countries allow."""

from collections.abc import Mapping
from struct import pack, pack_into, unpack

Rules = Mapping[str, list[tuple[int, int, float, int]]]
"""By country: first and last MHz, dBm, flags of the format."""

ADDRESS = bytes.fromhex("e894f6123456")


def ar9300(address: bytes = ADDRESS, domain: int = 0x37, power: int = 36) -> bytes:
    """Return a block of 1088 bytes."""
    block = bytearray(1088)
    block[:2] = 2, 4
    block[2:8] = address
    block[8:16] = b"cus227-0"
    pack_into("<HH", block, 28, domain, 0x1F)
    block[32] = 0x33
    block[300:320] = bytes([power]) * 20
    return bytes(block)


def ar5416(
    address: bytes = ADDRESS, domain: int = 0x37, power: int = 36, order: str = ">", *, sealed: bool = True
) -> bytes:
    """Return a block with its checksum, or with one that does not hold."""
    base, length = 0x200, 0xCB8
    block = bytearray(base + length)
    pack_into(f"{order}H", block, 0, 0xA55A)
    pack_into(f"{order}HHHBBH", block, base, length, 0, 0xE016, 3, 1 if order == ">" else 0, domain)
    block[base + 12 : base + 18] = address
    block[base + 400 : base + 421] = bytes([power]) * 21
    _seal(block, base, base + 2, sealed=sealed)
    return bytes(block)


def qca988x(
    address: bytes = ADDRESS, domain: int = 0x37, power: int = 36, size: int = 2116, *, sealed: bool = True
) -> bytes:
    """Return a block with its checksum, or with one that does not hold."""
    block = bytearray(size)
    pack_into("<H", block, 0, size)
    block[4:6] = 2, 2
    block[6:12] = address
    pack_into("<H", block, 12, domain)
    block[700:721] = bytes([power]) * 21
    _seal(block, 0, 2, sealed=sealed)
    return bytes(block)


def mediatek(address: bytes = ADDRESS, chip: int = 0x7603, power: int = 36) -> bytes:
    """Return a block."""
    block = bytearray(0x400)
    pack_into("<H", block, 0, chip)
    block[4:10] = address
    block[0x60:0x70] = bytes([power]) * 16
    return bytes(block)


def partition(*blocks: bytes, first: int = 0x1000, step: int = 0x4000, size: int = 0x10000) -> bytes:
    """Return a partition as OpenWrt's ``art``, blocks in it."""
    flash = bytearray(b"\xff" * size)
    for index, block in enumerate(blocks):
        at = first + index * step
        flash[at : at + len(block)] = block
    return bytes(flash)


def _seal(block: bytearray, start: int, checksum: int, *, sealed: bool) -> None:
    sum_ = 0xFFFF
    for word in unpack(f"<{(len(block) - start) // 2}H", block[start:]):
        sum_ ^= word
    pack_into("<H", block, checksum, sum_ if sealed else sum_ ^ 1)


def regulatory_db(rules: Rules) -> bytes:
    """Return a database as the kernel reads it."""
    head = 8 + 4 * (len(rules) + 1)
    body, countries = b"", b""
    for code, bands in rules.items():
        places = []
        for first, last, power, flags in bands:
            places.append((head + len(body)) // 4)
            body += pack(">BBHIII", 16, flags, round(power * 100), first * 1000, last * 1000, 20000)
        countries += pack(">2sH", code.encode(), (head + len(body)) // 4)
        collection = pack(">BBBx", 3, len(places), 0) + pack(f">{len(places)}H", *places)
        body += collection + bytes(-len(collection) % 4)
    return pack(">4sI", b"RGDB", 20) + countries + bytes(4) + body


def regulatory_bin(rules: Rules) -> bytes:
    """Return a database as crda reads it, without a signature."""
    data = bytearray(20)
    countries = []
    for code, bands in rules.items():
        places = []
        for first, last, power, flags in bands:
            at = len(data)
            data += pack(">III", first * 1000, last * 1000, 20000) + pack(">II", 0, round(power * 100))
            places.append(len(data))
            data += pack(">III", at, at + 12, flags)
        countries.append((code, len(data)))
        data += pack(f">I{len(places)}I", len(places), *places)
    pack_into(">4sIIII", data, 0, b"RGDB", 19, len(data), len(countries), 0)
    return bytes(data) + b"".join(pack(">2s2xI", code.encode(), at) for code, at in countries)
