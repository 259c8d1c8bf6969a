"""A code file of a cable modem (DOCSIS): CMS signed data without a content, and behind it the content that is signed.

======  ====  ==================================================================
offset  size  field
======  ====  ==================================================================
0       ..    ContentInfo (DER, RFC 5652 §3): signed data whose content is left
              out, with the certificates of manufacturer and co-signer
..      ..    download parameters (a setting of type 28) and the code image
======  ====  ==================================================================

The setting has a length of two bytes in some drafts and of one in others, and no code file was at hand: it is left with the image.
Source: CableLabs CM-SP-SECv3.0 annex D.3, CM-SP-SECv4.0 §14. The signature is verified elsewhere.
"""

from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.model.limits import Limits
from trueware.model.part import Kind

_FORMAT = "docsis-code"
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702a0")
_DATA = bytes.fromhex("300b06092a864886f70d010701")
"""An encapsulated content of type data that is not there."""

_LONG, _AT, _INNER = b"\x30\x82", 4, 15
_LEAST, _NEAR = 256, 128


class DocsisCode:
    """A signed code file."""

    name: ClassVar[str] = _FORMAT
    doc: ClassVar[FormatDoc] = FormatDoc(
        "code file of a cable modem (DOCSIS)",
        "",
        ("CableLabs CM-SP-SECv3.0 annex D.3", "RFC 5652"),
        ("no code file was at hand; openssl signed the vectors", "signed data of 64 KiB or more"),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(_AT, _SIGNED_DATA),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _end(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (two regions)
        end = _end(view)
        if end is None:
            raise MalformedInput(_FORMAT, 0, "no signed data whose content is behind it")
        inner = bytes(view[_INNER : _INNER + 8])
        if inner[:2] != b"\xa0\x82" or int.from_bytes(inner[2:4]) != end - _INNER - 4 or inner[4:6] != _LONG:
            raise MalformedInput(_FORMAT, _INNER, "the lengths of the signed data do not fit into each other")
        signature, content = view[:end], view[end:]
        reading = Reading(end=len(view))
        reading.entries = [
            Entry("signature", Kind.REGION, Held(signature), len(signature), offset=0),
            Entry("content", Kind.REGION, Held(content), len(content), offset=end),
        ]
        return reading


def _end(view: memoryview) -> int | None:
    """Return where the signed data ends; None where it is none, has its content in itself or nothing behind it."""
    start = bytes(view[:_NEAR])
    if not start.startswith(_LONG) or not start.startswith(_SIGNED_DATA, _AT) or _DATA not in start:
        return None
    end = _AT + int.from_bytes(start[2:_AT])
    if not _LEAST <= end < len(view):
        return None
    return end
