"""Samsung's marks behind an image: a word that tells the boot loader to insist on SELinux, and the block of Samsung's signer.

A boot image, a device tree, sums or a program for another processor are followed by ``SEANDROIDENFORCE``, by a signer's block, or by
both in this order. The block is 512 bytes (``SignerVer02``) or 784 (``SignerVer03``):

======  ====  ==================================
offset  size  field, filled up with zero
======  ====  ==================================
0       16    version
16      16    identity
32      32    build
64      16    date
80      32    model and kind of key
112     32    project, twice
144     ..    name of the file, and marks
256     ..    signature
======  ====  ==================================

Sources: what UN1CA, crDroid and LineageOS for Samsung devices remove and add (``unsign_bin.sh``, ``mkbootimg.mk``). The fields are
those of two images of Samsung with a block of version 2, which confirmed the reading; version 3 was not seen. The signature is not
verified.
"""

from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.fields import tell
from trueware.formats.regions import region
from trueware.model.limits import Limits

_WORD = b"SEANDROIDENFORCE"
_BLOCKS = {b"SignerVer02": 512, b"SignerVer03": 784}
_FIELDS = (("signer", 0, 16), ("id", 16, 32), ("build", 32, 64), ("product", 80, 112), ("project", 112, 128))
_DATE = slice(64, 80)
_IMAGES = (
    b"ANDROID!",
    b"VNDRBOOT",
    b"\x7fELF",
    b"QCDT",
    b"\xd0\x0d\xfe\xed",
    b"\xd7\xb7\xab\x1e",
    b"AVB0",
    b"\x88\x16\x88\x58",
)
"""What images with a mark begin with; without that condition any file could end so."""


class SamsungSigner:
    """An image with Samsung's marks behind it."""

    name: ClassVar[str] = "samsung-signer"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "Samsung signer's block", "Samsung", ("UN1CA unsign_bin.sh",),
        ("the signature is not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (
        Magic(-len(_WORD), _WORD),
        *(Magic(-size, word) for word, size in _BLOCKS.items()),
    )

    @staticmethod
    def matches(view: memoryview) -> bool:
        return bytes(view[:8]).startswith(_IMAGES) and _marks(view)[0] > 0

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (two regions)
        end, block = _marks(view)
        if not end:
            raise MalformedInput("samsung-signer", len(view), "no mark at the end")
        reading = Reading(facts={"enforce": "yes" if block - end else "no"})
        reading.cover(end, block)
        entries = [region("image", view, 0, end, reading)]
        if block < len(view):
            for name, first, last in _FIELDS:
                tell(reading.facts, name, view[block + first : block + last])
            tell(reading.notes, "date", view[block:][_DATE])
            entries.append(region("signature", view, block, len(view) - block, reading))
        reading.entries = entries
        return reading


def _marks(view: memoryview) -> tuple[int, int]:
    """Return where the image ends and where the signer's block begins; zeros: there is neither mark."""
    block = len(view)
    for word, size in _BLOCKS.items():
        if len(view) > size and view[len(view) - size :][: len(word)] == word:
            block = len(view) - size
    end = block - len(_WORD) if block > len(_WORD) and view[block - len(_WORD) : block] == _WORD else block
    return (end, block) if end < len(view) else (0, 0)
