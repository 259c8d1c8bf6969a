"""D-Link's SHRS: firmware encrypted with AES, behind a header of digests and signatures.

======  ====  ===============================================================
offset  size  field (big-endian)
======  ====  ===============================================================
0x000   4     magic "SHRS"
0x004   4     length of the firmware, filled up to whole blocks of the cipher
0x008   4     length of the firmware
0x00C   16    IV of AES-128-CBC
0x01C   64    SHA-512 of the decrypted firmware and a key
0x05C   64    SHA-512 of the decrypted firmware
0x09C   64    SHA-512 of the encrypted firmware
0x0DC   512   unused, zero
0x2DC   512   signature
0x4DC   512   second signature
0x6DC   ..    encrypted firmware
======  ====  ===============================================================

Source: unblob ``handlers/archive/dlink/shrs.py`` and the public analysis of the DIR-3060 it cites. The content stays closed here;
the digest of the encrypted bytes is checked, the two of the decrypted ones are facts. The vectors were built from that layout; no
image of D-Link confirmed the reading.
"""

from hashlib import sha512
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

_MAGIC = b"SHRS"
_HEADER = Struct(">4sII16s64s64s64s")
_UNUSED, _SIGNATURES, _START = 0xDC, (0x2DC, 0x4DC), 0x6DC
_BLOCK = 16
_LARGEST = 1 << 28
"""More than any flash it is written to."""


class DlinkShrs:
    """An encrypted firmware."""

    name: ClassVar[str] = "dlink-shrs"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "SHRS encrypted firmware", "D-Link", ("unblob",), ("the content is encrypted", "signatures are not verified")
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _START or view[:4] != _MAGIC:
            return False
        _, padded, size, *_ = _HEADER.unpack_from(view)
        return bool(0 < size <= padded < min(size + 2 * _BLOCK, _LARGEST))

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (three regions)
        if not DlinkShrs.matches(view):
            raise MalformedInput("dlink-shrs", 0, "no header")
        _, padded, size, iv, keyed, decrypted, stated = _HEADER.unpack_from(view)
        reading = Reading(
            facts={
                "size": str(size),
                "iv": iv.hex(),
                "decrypted-and-key-sha512": keyed.hex(),
                "decrypted-sha512": decrypted.hex(),
            }
        )
        reading.cover(0, _UNUSED)
        stored = -(-padded // _BLOCK) * _BLOCK
        entries = [
            region(f"signature-{number}", view, at, 512, reading) for number, at in enumerate(_SIGNATURES, start=1)
        ]
        firmware = region("firmware", view, _START, stored, reading)
        reading.end = _START + firmware.size
        reading.note_anomaly("encrypted", "the firmware is encrypted with AES-128-CBC", _START)
        if firmware.size == stored and (found := sha512(view[_START : _START + size]).digest()) != stated:
            detail = f"the SHA-512 of the encrypted firmware is {found.hex()}, stated {stated.hex()}"
            reading.note_anomaly("checksum-mismatch", detail, 0x9C)
        reading.entries = [*entries, firmware]
        return reading
