"""WRG and WRGG03, the headers of Alpha Networks before firmware of D-Link's routers and access points.

======  ====  ===================================================================
WRG     size  field (in the byte order of the device)
======  ====  ===================================================================
0       32    signature of the board
32      8     magic 20040220, twice
40      4     length of the image
44      4     offset in flash
48      32    device
80      16    MD5 of offset, device and image
96      ..    image
======  ====  ===================================================================

======  ====  ===================================================================
WRGG03  size  field
======  ====  ===================================================================
0       32    signature of the board
32      8     magic 21 03 08 20, twice
40      32    version (16), model (16)
72      16    flags (8), reserved (8)
88      16    number of the build
104     8     length of the image, offset in flash, in the device's byte order
112     48    device (32), MD5 of offset, device and image
160     ..    image
======  ====  ===================================================================

Access points of the series DAP-2xxx are given an image that is encrypted with AES behind such a header. Whether the MD5 is of what
is encrypted is not public: where it does not fit, and the image begins like nothing but noise, both are told as what they are.
Sources: OpenWrt ``tools/firmware-utils/src/mkwrgimg.c``, ``mkwrggimg.c``; unblob ``handlers/archive/dlink/alpha_encimg.py``. The
vectors were built from that layout; no image of D-Link confirmed the reading.
"""

from hashlib import md5
from struct import Struct
from typing import ClassVar, Literal

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import is_text, region
from trueware.model.limits import Limits

_OLD = {bytes.fromhex("20040220") * 2: "big", bytes.fromhex("20020420") * 2: "little"}
_NEW = bytes.fromhex("21030820") * 2
_MAGIC_AT = 32
_OLD_HEADER, _NEW_HEADER = Struct("32s8s4s4s32s16s"), Struct("32s8s16s16s8s8s16s4s4s32s16s")
_LARGEST = 1 << 27
_BLOCK, _NOISY = 16, 14
"""Different bytes in a block of noise: fewer than this in one of 6,000."""


class Wrgg:
    """An image behind a header of Alpha Networks."""

    name: ClassVar[str] = "wrgg"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "WRG and WRGG03 firmware", "D-Link",
        ("OpenWrt firmware-utils src/mkwrgimg.c", "OpenWrt firmware-utils src/mkwrggimg.c", "unblob"),
        ("images that are encrypted stay so",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(_MAGIC_AT, magic) for magic in (*_OLD, _NEW))

    @staticmethod
    def matches(view: memoryview) -> bool:
        magic = bytes(view[_MAGIC_AT : _MAGIC_AT + 8])
        header = _NEW_HEADER if magic == _NEW else _OLD_HEADER if magic in _OLD else None
        if header is None or len(view) < header.size:
            return False
        signature, *_, size, _, device, _ = header.unpack_from(view)
        texts = signature[0] > 0 and is_text(signature) and is_text(device)
        return texts and 0 < int.from_bytes(size, _order(magic, size)) <= _LARGEST

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not Wrgg.matches(view):
            raise MalformedInput("wrgg", 0, "no header")
        magic = bytes(view[_MAGIC_AT : _MAGIC_AT + 8])
        header = _NEW_HEADER if magic == _NEW else _OLD_HEADER
        signature, _, *fields, raw_size, offset, device, digest = header.unpack_from(view)
        order = _order(magic, raw_size)
        size = int.from_bytes(raw_size, order)
        reading = Reading(
            facts={
                "kind": "WRGG03" if fields else "WRG",
                "offset": f"{int.from_bytes(offset, order):#x}",
                "order": order,
            }
        )
        tell(reading.facts, "signature", signature)
        tell(reading.facts, "device", device)
        if fields:
            version, model, flags, reserved, build = fields
            for name, text in (("version", version), ("model", model), ("build", build)):
                tell(reading.facts, name, text)
            reading.facts["flags"] = f"{flags.hex()} {reserved.hex()}"
        reading.cover(0, header.size)
        image = region("image", view, header.size, size, reading)
        data = view[header.size : header.size + size]
        if image.size == size and (found := _digest(offset + device, data)) != digest:
            if not size % _BLOCK and len(set(bytes(data[:_BLOCK]))) >= _NOISY:
                reading.note_anomaly("encrypted", "the image is not what the MD5 is of, and noise", header.size)
                reading.facts["md5"] = digest.hex()
            else:
                detail = f"the MD5 is {found.hex()}, stated {digest.hex()}"
                reading.note_anomaly("checksum-mismatch", detail, header.size - len(digest))
        reading.entries, reading.end = [image], header.size + image.size
        return reading


def _order(magic: bytes, size: bytes) -> Literal["big", "little"]:
    """Return the byte order of the numbers; where the magic does not tell, that in which the length is less."""
    if magic != _NEW:
        return "big" if _OLD[magic] == "big" else "little"
    return "big" if int.from_bytes(size, "big") < int.from_bytes(size, "little") else "little"


def _digest(head: bytes, image: memoryview) -> bytes:
    digest = md5(head, usedforsecurity=False)
    digest.update(image)
    return digest.digest()
