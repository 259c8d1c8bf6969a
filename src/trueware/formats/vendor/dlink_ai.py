"""Firmware of D-Link's routers of the series AI: two headers "MH01", what the decryption needs, encrypted partitions, a signature.

======  ====  ======================================================
offset  size  field (little-endian)
======  ====  ======================================================
0       16    header of the signature: "MH01", length of what is
              signed, length of the signature, 2B 1A, sum and
              exclusive or of these 14 bytes (1 each)
16      16    header of the encryption: "MH01", 21 01 00 00, length,
              2B 1A, sum and exclusive or
32      33    start value in hexadecimal, line feed
65      16    "Salted__", salt (8)
81      ..    encrypted
..      256   signature
======  ====  ======================================================

Source: OpenWrt ``firmware-utils/src/dlink-ai-firmware-tool.c``. No key is kept here, and the content stays closed. The vectors were
built from that layout; no image of D-Link confirmed the reading.
"""

from functools import reduce
from operator import xor
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

_MAGIC, _SALTED = b"MH01", b"Salted__"
_HEADER = Struct("<4sII2sBB")
_MARK, _SECOND = b"\x2b\x1a", 0x121
_IV, _SALT_AT, _DATA = slice(32, 64), 65, 81


class DlinkAi:
    """An encrypted and signed firmware."""

    name: ClassVar[str] = "dlink-ai"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "MH01 firmware", "D-Link", ("OpenWrt firmware-utils src/dlink-ai-firmware-tool.c",),
        ("the content is encrypted", "the signature is kept and not verified"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) <= _DATA or bytes(view[_SALT_AT : _SALT_AT + 8]) != _SALTED or view[64] != ord("\n"):
            return False
        _, second, *_ = _HEADER.unpack_from(view, _HEADER.size)
        return second == _SECOND and all(_is_header(bytes(view[at : at + _HEADER.size])) for at in (0, _HEADER.size))

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (two regions)
        if not DlinkAi.matches(view):
            raise MalformedInput("dlink-ai", 0, "no headers")
        _, signed, signature, *_ = _HEADER.unpack_from(view)
        encrypted = _HEADER.unpack_from(view, _HEADER.size)[2]
        end = _HEADER.size + signed
        if end < _DATA:
            raise MalformedInput("dlink-ai", 4, f"{signed} signed bytes")
        reading = Reading(
            facts={"encrypted-size": str(encrypted)},
            notes={"start-value": bytes(view[_IV]).hex(), "salt": bytes(view[_SALT_AT + 8 : _DATA]).hex()},
        )
        reading.cover(0, _DATA)
        reading.note_anomaly("encrypted", "the partitions are encrypted with AES-128-CBC", _DATA)
        reading.entries = [
            region("partitions", view, _DATA, end - _DATA, reading),
            region("signature", view, end, signature, reading),
        ]
        reading.end = min(end + signature, len(view))
        return reading


def _is_header(header: bytes) -> bool:
    *_, mark, total, mixed = _HEADER.unpack(header)
    return bool(
        header[:4] == _MAGIC
        and mark == _MARK
        and total == sum(header[:14]) & 0xFF
        and mixed == reduce(xor, header[:14])
    )
