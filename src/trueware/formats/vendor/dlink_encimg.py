"""D-Link's ``encimg``: firmware encrypted from its first byte on, known by how the first block of each device looks.

======  ====  =====================================================
offset  size  field
======  ====  =====================================================
0       16    the beginning of a seal, encrypted with the device's key
16      ..    the rest of it and the image, encrypted alike
======  ====  =====================================================

Key and start value are those of a device, and so is the text it begins with: each device's images begin with one block. Sources:
unblob ``handlers/archive/dlink/alpha_encimg.py``, OpenWrt ``tools/firmware-utils/src/alpha_encimg.c``. No key is kept here, and the
content stays closed. The vectors were built from that layout.
"""

from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

_BLOCK = 16
_SAMPLE, _NOISE = 256, range(130, 200)
"""How many of so many bytes of noise are different: 162, give or take 6."""

_DEVICES = {
    bytes.fromhex(block): device
    for block, device in (
        ("35666f68ef1afe1f34ef4f1121054ebe", "DAP-1665 B"),
        ("6801ccfbad6ba0ba3304b09cbb48b027", "DAP-1720 A"),
        ("df8c390d22b4dc29fb4ebfdbe8e18bfb", "DIR-822 C1"),
        ("f52aa0b49253bfeff821a62e28a7398b", "DIR-842 C1"),
        ("21ddda0099d887a9d52d7eff3b5870a6", "DIR-842 C3"),
        ("e313005b76df0be883245a42ff912d3d", "DIR-850L A1"),
        ("0a14e424ff0fb4d75366a0b072feabdf", "DIR-850L B1"),
        ("4c1b95af93725f810303964ddd760174", "DIR-859 A"),
        ("989c3c2c6b191b256e03ee0f725c6ca0", "DIR-865L A"),
        ("3de602633fc185e7d2bf64af29573abd", "DIR-868L A"),
        ("8e6957e77609d794477578a24a1fc9b2", "DIR-880L A"),
        ("9261585814dbbb3be5a5f3e7109ca20b", "DIR-885L A"),
        ("cbc3a74c500f4243a5d97ca5256bcdba", "DIR-890L A"),
        ("915ac9a211ffaa6db012e88d2c3c23cb", "DIR-895L A"),
    )
}


class DlinkEncimg:
    """An encrypted firmware."""

    name: ClassVar[str] = "dlink-encimg"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "encimg firmware",
        "D-Link",
        ("unblob", "OpenWrt firmware-utils src/alpha_encimg.c"),
        ("the content is encrypted",),
    )
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, block) for block in _DEVICES)

    @staticmethod
    def matches(view: memoryview) -> bool:
        """The first block is telling; what follows must look encrypted, neither text nor filler nor numbers in a row."""
        if len(view) < _BLOCK + _SAMPLE or bytes(view[:_BLOCK]) not in _DEVICES:
            return False
        return len(set(view[_BLOCK : _BLOCK + _SAMPLE])) in _NOISE

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        if not DlinkEncimg.matches(view):
            raise MalformedInput("dlink-encimg", 0, "no device begins so")
        reading = Reading(facts={"device": _DEVICES[bytes(view[:_BLOCK])]})
        if rest := len(view) % _BLOCK:
            reading.note_anomaly("truncated", f"{rest} bytes of a last block of {_BLOCK}", len(view) - rest)
        reading.note_anomaly("encrypted", "the firmware is encrypted with AES-256-CBC", 0)
        reading.cover(0, _BLOCK)
        reading.entries = [region("image", view, _BLOCK, len(view) - _BLOCK, reading)]
        return reading
