"""The text header that Delta Networks (DNI) puts before firmware it makes for Netgear, and the checksum behind it.

======  ====  ==================================================================
offset  size  field
======  ====  ==================================================================
0       128   lines ``key:value``: device, version, region, often hd_id; then NUL
128     ..    image
-1      1     what makes the sum of all bytes 0xFF, modulo 256
======  ====  ==================================================================

Source: OpenWrt ``tools/firmware-utils/src/mkdniimg.c``; devices compare device and hd_id with what is in their flash. The vectors
were built from that layout; no image of Netgear confirmed the reading.
"""

import re
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.archived import byte_sum
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

_MAGIC = b"device:"
_SIZE = 128
_TEXT = re.compile(rb"device:[ -~]+\nversion:[ -~]*\n(?:\w+:[ -~]*\n)*")


class NetgearDni:
    """An image behind a DNI header."""

    name: ClassVar[str] = "netgear-dni"
    doc: ClassVar[FormatDoc] = FormatDoc("DNI firmware", "Netgear", ("OpenWrt firmware-utils src/mkdniimg.c",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        """A text file may begin so, but has no NUL in its first 128 bytes."""
        text = _text(view)
        return len(view) > _SIZE + 1 and len(text) < _SIZE and _TEXT.fullmatch(text) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not NetgearDni.matches(view):
            raise MalformedInput("netgear-dni", 0, "no header")
        reading = Reading()
        text = _text(view)
        reading.cover(0, len(text))
        for line in text.decode("ascii").splitlines():
            key, _, value = line.partition(":")
            if reading.facts.setdefault(key, value) != value:
                reading.note_anomaly("contradiction", f"two lines for {key}", 0)
        end = len(view) - 1
        reading.cover(end, len(view))
        if (found := byte_sum(view) & 0xFF) != 0xFF:
            detail = f"the bytes sum up to {found:#04x} instead of 0xff; cut off or changed"
            reading.note_anomaly("checksum-mismatch", detail, end)
        reading.entries = [region("image", view, _SIZE, end - _SIZE, reading)]
        return reading


def _text(view: memoryview) -> bytes:
    return bytes(view[:_SIZE]).partition(b"\0")[0]
