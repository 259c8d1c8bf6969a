"""Meraki's image of a kernel in flash: a block of 1 KiB with lengths and the SHA-1 of what follows.

======  ====  =======================================================
offset  size  field (big-endian)
======  ====  =======================================================
0       4     magic 8E73ED8A
4       8     length of this header, of the image
12      20    SHA-1 of the image
32      8     magic 8E73ED8A and 0, or A1F0BEEF and 00060001
40      20    with the first a fixed digest; with the second offsets
              of kernel, RAM disk, device tree, and another
60      ..    FF
1024    ..    image
======  ====  =======================================================

Source: OpenWrt ``tools/firmware-utils/src/mkmerakifw.c``. The offsets are those in flash and kept as facts. The vectors were built
from that layout; no device confirmed the reading.
"""

from hashlib import sha1
from struct import Struct
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.filler import is_filler
from trueware.formats.regions import region
from trueware.model.limits import Limits

_MAGIC, _PARTED = b"\x8e\x73\xed\x8a", b"\xa1\xf0\xbe\xef"
_HEADER = Struct(">4sII20s4s4s20s")
_SIZE = 1024
_LARGEST = 1 << 30


class Meraki:
    """A kernel of Meraki."""

    name: ClassVar[str] = "meraki"
    doc: ClassVar[FormatDoc] = FormatDoc("Meraki kernel image", "Cisco", ("OpenWrt firmware-utils src/mkmerakifw.c",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) <= _SIZE or view[:4] != _MAGIC:
            return False
        _, length, size, _, second, *_ = _HEADER.unpack_from(view)
        return bool(length == _SIZE) and 0 < size <= _LARGEST and second in (_MAGIC, _PARTED)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not Meraki.matches(view):
            raise MalformedInput("meraki", 0, "no header")
        _, _, size, digest, second, third, rest = _HEADER.unpack_from(view)
        reading = Reading(facts={"kind": second.hex(), "third": third.hex()})
        if second == _PARTED:
            names = ("kernel", "ramdisk", "device-tree", "other")
            for number, name in enumerate(names):
                reading.facts[f"{name}-offset"] = f"{int.from_bytes(rest[4 * number : 4 * number + 4], 'big'):#x}"
            reading.facts["rest"] = rest[16:].hex()
        else:
            reading.facts["digest"] = rest.hex()
        reading.cover(0, _HEADER.size)
        if is_filler(view, _HEADER.size, _SIZE):
            reading.cover(_HEADER.size, _SIZE)
        image = region("image", view, _SIZE, size, reading)
        data = view[_SIZE : _SIZE + size]
        if image.size == size and (found := sha1(data, usedforsecurity=False).digest()) != digest:
            reading.note_anomaly("checksum-mismatch", f"the SHA-1 is {found.hex()}, stated {digest.hex()}", 12)
        reading.entries, reading.end = [image], _SIZE + image.size
        return reading
