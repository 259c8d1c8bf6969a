"""What the factory measured of a device's radios: which address each has, for which domain it was made, whether its checksum holds.

A partition (``art``, ``factory``) holds one block for each radio, at a multiple of 4 KiB; a file holds one at its start.

=========  ==================================================================  ======================================
block      known by                                                            address, domain
=========  ==================================================================  ======================================
AR5416 …   a55a at 0; then at 0x200, 0x80 or 0x100: length, checksum, version  0x0c, 0x08 of that place
AR9300 …   2, a template's number, an address, text of the customer            0x02, 0x1c; little-endian; no checksum
QCA988x …  its length of 2116 or 12064, checksum                               0x06; 0x0c in the shorter
MediaTek   the number of the chip, little-endian                               0x04; no checksum
=========  ==================================================================  ======================================

A checksum holds if all 16-bit words XOR to ffff. Sources: Linux ``drivers/net/wireless/ath/ath9k/eeprom.h`` and
``ar9003_eeprom.h``; atheepmgr ``eep_5416.h``, ``eep_9300.h``, ``eep_9880.h``, ``eep_9888.h``; Linux
``drivers/net/wireless/mediatek/mt76`` (``MT_EE_CHIP_ID``, ``MT_EE_MAC_ADDR``); OpenWrt ``lib/functions/caldata.sh`` for the places.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from struct import iter_unpack, unpack_from

from trueware.explaining.patterns import regex

PATHS = regex(
    r"(?i:(?:.*/)?(?:0:)?(?:art|caldata|calibration|cal_data|factory|eeprom|radio|wifi_?cal|board_?data)(?:\.(?:bin|img|mtd))?"
    r"|(?:.*/)?(?:ath9k-eeprom-[^/]*|ath10k/(?:pre-)?cal-[^/]*|[^/]*-eeprom|mt7[69][^/]*eeprom[^/]*)(?:\.bin)?)"
)
"""Partitions and files that hold calibration; each device has its own."""

_STEP, _MOST = 0x1000, 256
"""Places that are looked at: 1 MiB of a partition."""

_AR5416_MAGIC = (b"\x5a\xa5", b"\xa5\x5a")
_AR5416_BASES = (0x200, 0x100, 0x80)
_AR9300_SIZE = 1088
_QCA_SIZES = (2116, 12064)
_MEDIATEK = frozenset(
    (
        0x3050, 0x3052, 0x3350, 0x3352, 0x3593, 0x3662, 0x3883, 0x5350, 0x5392, 0x5592, 0x6352, 0x7603, 0x7610, 0x7612,
        0x7615, 0x7620, 0x7622, 0x7628, 0x7632, 0x7650, 0x7662, 0x7663, 0x7688, 0x7915, 0x7916, 0x7981, 0x7986, 0x7990,
        0x7992, 0x7996,
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Calibration:
    """One block."""

    offset: int
    chip: str
    address: bytes
    """Six bytes; the hardware address of the radio."""

    domain: int | None
    """The regulatory domain it was made for, in the numbers of its maker; None where the block does not say."""

    is_whole: bool | None
    """Whether its checksum holds; None where it has none."""

    content: bytes
    """All of it but address, domain and checksum: what was measured."""


def read_calibration(data: bytes) -> tuple[Calibration, ...]:
    """Return the blocks that are known, in order; empty where none is."""
    found = []
    end = 0
    for offset in range(0, min(len(data), _STEP * _MOST), _STEP):
        if offset < end:
            continue
        block = next(_blocks(data, offset), None)
        if block is not None:
            found.append(block)
            end = offset + len(block.content)
    return tuple(found)


def is_erased(data: bytes) -> bool:
    """Tell whether nothing is there: all bytes 00 or all ff."""
    return bool(data) and data.count(data[:1]) == len(data) and data[0] in (0x00, 0xFF)


def _blocks(data: bytes, offset: int) -> Iterator[Calibration]:
    """Yield the readings of what stands at one place, the surest first."""
    block = data[offset : offset + 0x3000]
    for reading in (_ar5416, _qca, _mediatek, _ar9300):
        found = reading(block, offset)
        if found is not None and is_address(found.address):
            yield found


def is_address(address: bytes) -> bool:
    """Tell whether these six bytes can be the address of one interface: not empty, not erased, not of a group."""
    return len(address) == 6 and address not in (bytes(6), b"\xff" * 6) and not address[0] & 1


def _ar5416(block: bytes, offset: int) -> Calibration | None:
    if block[:2] not in _AR5416_MAGIC:
        return None
    for base in _AR5416_BASES:
        header = block[base : base + 18]
        for order in "<>":
            if len(header) < 18:
                continue
            length, _, version, _, _, domain = unpack_from(f"{order}HHHBBH", header)
            if version >> 12 == 0xE and not length % 2 and 0x100 <= length <= 0x1000 and len(block) >= base + length:
                whole = _words(block[base : base + length]) == 0xFFFF
                return _made(
                    block, offset, "AR5416", (base + 12, base + 8, base + 2), domain, base + length, whole=whole
                )
    return None


def _qca(block: bytes, offset: int) -> Calibration | None:
    for order in "<>":
        size = unpack_from(f"{order}H", block)[0] if len(block) >= 16 else 0
        if size in _QCA_SIZES and len(block) >= size:
            domain = unpack_from(f"{order}H", block, 12)[0] if size == _QCA_SIZES[0] else None
            whole = _words(block[:size]) == 0xFFFF
            return _made(
                block, offset, "QCA988x", (6, 12 if domain is not None else None, 2), domain, size, whole=whole
            )
    return None


def _mediatek(block: bytes, offset: int) -> Calibration | None:
    chip = unpack_from("<H", block)[0] if len(block) >= 0x200 else 0
    if chip not in _MEDIATEK:
        return None
    return _made(block, offset, f"MediaTek {chip:04x}", (4, None, None), None, 0x200, whole=None)


def _ar9300(block: bytes, offset: int) -> Calibration | None:
    if len(block) < _AR9300_SIZE or block[0] != 2 or not 1 < block[1] <= 16:
        return None
    chains, customer = block[32], block[8:28]
    if not (
        1 <= chains >> 4 <= 7 and 1 <= chains & 15 <= 7 and all(not byte or 0x20 <= byte < 0x7F for byte in customer)
    ):
        return None
    return _made(block, offset, "AR9300", (2, 28, None), unpack_from("<H", block, 28)[0], _AR9300_SIZE, whole=None)


def _made(
    block: bytes,
    offset: int,
    chip: str,
    places: tuple[int, int | None, int | None],
    domain: int | None,
    size: int,
    *,
    whole: bool | None,
) -> Calibration:
    """Return a block; `places` are those of address, domain and checksum."""
    content = bytearray(block[:size])
    for place, length in zip(places, (6, 2, 2), strict=True):
        if place is not None:
            content[place : place + length] = bytes(length)
    return Calibration(offset, chip, block[places[0] : places[0] + 6], domain, whole, bytes(content))


def _words(data: bytes) -> int:
    return reduce(lambda sum_, word: sum_ ^ word[0], iter_unpack("<H", data[: len(data) & ~1]), 0)
