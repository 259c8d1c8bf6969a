"""Samsung's marks behind an image: a word that tells the boot loader to insist on SELinux, and the block of Samsung's signer.

A boot image, a device tree or a program for another processor is followed by ``SEANDROIDENFORCE``, by a signer's block, or by
both in this order. The block is 512 bytes (``SignerVer02``) or 784 (``SignerVer03``): strings that name build, model and file, each
ended by NUL and all in its first half, and a signature. The strings become one fact; the block is a region.

Sources: what UN1CA, crDroid and LineageOS for Samsung devices remove and add (``unsign_bin.sh``, ``mkbootimg.mk``). The layout within
the block is not published, and the signature not verified. The vectors were built from that; no image of Samsung was at hand.
"""

from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

_WORD = b"SEANDROIDENFORCE"
_BLOCKS = {b"SignerVer02": 512, b"SignerVer03": 784}
_STRINGS = 256
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
            words = bytes(view[block : block + _STRINGS]).split(b"\0")
            told = [word.decode("ascii") for word in words if word.isascii() and word.decode("ascii").isprintable()]
            reading.facts["signer"] = " ".join(word for word in told if word)
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
