"""Descriptors and their tags, addresses of extents, text and moments: what all of UDF is made of.

======  ====  ====================================================================================
offset  size  tag in front of each descriptor (little-endian)
======  ====  ====================================================================================
0       2     kind
2       2     version: 2 or 3
4       1     sum of the other 15 bytes
6       2     serial number
8       2     CRC-16 of what follows the tag
10      2     how many bytes of it
12      4     block it stands in
======  ====  ====================================================================================

======  ======================================================================================================
short   u32 length (upper two bits: 0 recorded, 1 allocated, 2 neither, 3 more addresses there), u32 block
long    the same, then u16 partition and six bytes
ext     u32 length, u32 recorded, u32 information, u32 block, u16 partition, two bytes
======  ======================================================================================================

Text begins with 8 or 16: one or two bytes (big-endian) for each character. A moment: u16 zone in minutes in its lower 12 bits,
u16 year, u8 month to second, hundredths of a second and less.

Source: ECMA-167 (3rd edition) §1/7.2, §1/7.3, §3/7.2, §4/14.14; OSTA UDF 2.60 §2.1.
"""

from binascii import crc_hqx
from struct import Struct

from trueware.formats.contract import Reading
from trueware.formats.moments import seconds
from trueware.formats.names import from_wide

FORMAT = "udf"
_TAG = Struct("<HHBxHHHI")
_MOMENT = Struct("<HH5B")
_TAG_SIZE = 16
_UNSPECIFIED = -2047


def kind_of(raw: bytes) -> int:
    """Return the kind of a descriptor, 0 where its tag does not add up."""
    if len(raw) < _TAG_SIZE:
        return 0
    kind, _, stated, _, _, _, _ = _TAG.unpack_from(raw)
    return kind if (sum(raw[:_TAG_SIZE]) - stated) & 0xFF == stated else 0


def location_of(raw: bytes) -> int:
    """Return the block that a descriptor says it stands in."""
    return int.from_bytes(raw[12:16], "little")


def verify(raw: bytes, at: int, what: str, reading: Reading, path: str = "") -> None:
    """Report if the checksum of a descriptor does not fit."""
    _, _, _, _, stated, length, _ = _TAG.unpack_from(raw)
    if length > len(raw) - _TAG_SIZE or crc_hqx(raw[_TAG_SIZE : _TAG_SIZE + length], 0) != stated:
        reading.note_anomaly("checksum-mismatch", f"the CRC-16 of a {what}", at, path)


def text(raw: bytes) -> bytes:
    """Return a text in UTF-8."""
    if raw[:1] == b"\x10":
        return from_wide(raw[1 : 1 + (len(raw) - 1) // 2 * 2], "utf-16-be")
    return raw[1:].decode("latin-1").encode()


def field(raw: bytes) -> str:
    """Return a text from a field whose last byte is its length."""
    return text(raw[: min(raw[-1], len(raw) - 1)]).decode("utf-8", "surrogateescape")


def moment(raw: bytes) -> int | None:
    """Return seconds since 1970; where the zone is not known, the time is taken as UTC."""
    zone, year, month, day, hour, minute, second = _MOMENT.unpack_from(raw)
    found = seconds(year, month, day, hour, minute, second)
    offset = (zone & 0xFFF ^ 0x800) - 0x800
    return found if found is None or offset == _UNSPECIFIED else found - offset * 60
