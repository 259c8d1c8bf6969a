"""The two checksums of ext metadata: CRC-32C (metadata_csum) and CRC-16 (uninit_bg), both without the usual final inversion.

Source: Linux fs/ext4/ext4.h (`ext4_chksum`), lib/crc16.c (polynomial 0x8005, reflected).
"""

from google_crc32c import extend

START = 0xFFFFFFFF
"""Where a CRC-32C without a seed starts; a CRC-16 starts with its low half."""


def crc32c(seed: int, data: bytes) -> int:
    """Return the CRC-32C of `data` continued from `seed`, neither inverted."""
    found: int = extend(seed ^ START, data)
    return found ^ START


def crc16(seed: int, data: bytes) -> int:
    """Return the CRC-16 of `data` continued from `seed`; for the few dozen bytes of a group descriptor."""
    for byte in data:
        seed = (seed >> 8) ^ _CRC16[(seed ^ byte) & 0xFF]
    return seed


def _crc16_entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (0xA001 if value & 1 else 0)
    return value


_CRC16 = tuple(map(_crc16_entry, range(256)))
