"""The signed table of dm-verity that stands behind file systems of Android 4.4 to 7 (the first Verified Boot).

======  ====  =====================================================================
offset  size  field (little-endian)
======  ====  =====================================================================
0       4     B001B001; "VOFF" where verity was switched off on the device
4       4     version, 0
8       256   RSA signature over the table
264     4     bytes of the table
268     ..    table (`trueware.formats.verity_table`), NULs up to 32 KiB
======  ====  =====================================================================

Source: AOSP ``system/core/fs_mgr/fs_mgr_verity.cpp``, ``system/extras/verity/build_verity_metadata.py``. No real image at hand
confirms the reading.
"""

from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.verity_table import read_table
from trueware.model.limits import Limits
from trueware.model.part import Kind

_HEADER = Struct("<4sI256sI")
_ON, _OFF = b"\x01\xb0\x01\xb0", b"VOFF"
_SIGNATURE = 8, 264
_SIZE = 1 << 15


class VerityMetadata:
    """A signed table."""

    name: ClassVar[str] = "verity-metadata"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "signed dm-verity table",
        "Google",
        ("AOSP system/core/fs_mgr/fs_mgr_verity.cpp", "AOSP system/extras/verity/build_verity_metadata.py"),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _ON), Magic(0, _OFF))

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or view[:4] not in (_ON, _OFF):
            return False
        _, version, _, size = _HEADER.unpack_from(view)
        return bool(version == 0 and 0 < size <= min(_SIZE, len(view)) - _HEADER.size)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one table)
        if not VerityMetadata.matches(view):
            raise MalformedInput("verity-metadata", 0, "no header in front of a table")
        magic, _, signature, size = _HEADER.unpack_from(view)
        end = _HEADER.size + size
        text = bytes(view[_HEADER.size : end])
        if not text.isascii() or not text.decode("ascii").isprintable() or read_table(text.decode("ascii")) is None:
            raise MalformedInput("verity-metadata", _HEADER.size, "no table of dm-verity")
        reading = Reading(end=end, facts={"table": text.decode("ascii"), "state": "on" if magic == _ON else "off"})
        reading.cover(0, end)
        reading.entries = [Entry("signature", Kind.REGION, Held(view[slice(*_SIGNATURE)]), len(signature), offset=8)]
        return reading
