"""NFI, images for the flash of Dreambox receivers: a kind, a machine, and pages of NAND flash with their spare bytes.

======  ====  =====================================================
offset  size  field
======  ====  =====================================================
0       4     NFI1, NFI2 or NFI3
4       28    machine, such as dm8000, filled up with zero
32      ..    partitions, page by page
======  ====  =====================================================

Source: what OpenMultiboot and OpenPLi's flash plug-ins look at before they hand an image to nfidump, whose source is not published.
What follows the machine is one region and told to be unread. The vectors were built from that; no image of a Dreambox was at hand.
"""

import re
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import region
from trueware.model.limits import Limits

_KINDS = (b"NFI1", b"NFI2", b"NFI3")
_START = 32
_MACHINE = re.compile(rb"dm[0-9a-z]{2,16}\0+")


class Nfi:
    """An image for a Dreambox."""

    name: ClassVar[str] = "nfi"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "NFI image", "Dream Multimedia", ("OpenMultiboot",), ("what follows the header is not looked into",)
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, kind) for kind in _KINDS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return len(view) > _START and bytes(view[:4]) in _KINDS and _MACHINE.fullmatch(view[4:_START]) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not Nfi.matches(view):
            raise MalformedInput("nfi", 0, "no header")
        reading = Reading(facts={"kind": bytes(view[:4]).decode("ascii")})
        tell(reading.facts, "machine", view[4:_START])
        reading.cover(0, _START)
        reading.note_anomaly("unsupported", "pages of NAND flash are not put together to partitions", _START)
        reading.entries = [region("pages", view, _START, len(view) - _START, reading)]
        return reading
