"""Cisco's signed files of IP phones (.loads, .sbn, .sb2): a header of tagged values with a signature, then the file itself.

======  ====  =======================================================
tag     size  value (big-endian); a tag has 1 byte, a length 2 bytes
======  ====  =======================================================
1       2     version of the header: 1.2
2       2     length of the header, up to where the file begins
3       ..    signer: holds 4 name, 5 serial number, 6 issuer
7       ..    signature: holds 8 digest (1: SHA-1), 9 algorithm (10, 11)
12      ..    signature
13      none  filler, without a length
14      ..    name of the file
======  ====  =======================================================

There is no public description: this was read off the firmware of two phones, by which the reader was verified. The signer's
certificate is in the phone, so that nobody else can verify the signature; it is kept.
"""

from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.fields import tell
from trueware.model.limits import Limits
from trueware.model.part import Kind

_MAGIC = b"\1\0\2\1"
_LENGTH, _FILLER, _SIGNATURE = 2, 13, 12
_HOLDING = (3, 7, 9)
_TEXTS = {4: "signer", 6: "issuer", 14: "file"}
_NUMBERS = {1: "version", 5: "serial", 8: "digest", 10: "algorithm", 11: "mode"}
_MOST = 1 << 14
"""Bytes of a header; genuine ones have some 400."""


class CiscoPhone:
    """A signed file."""

    name: ClassVar[str] = "cisco-phone"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "signed file of an IP phone", "Cisco", (), ("the signature is kept and cannot be verified without the phone",)
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(0, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return _header(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (two regions)
        values = _header(view)
        if values is None:
            raise MalformedInput("cisco-phone", 0, "no header that is whole")
        end, reading, entries = _length(view), Reading(), list[Entry]()
        for tag, start, size in values:
            value = view[start : start + size]
            if tag == _SIGNATURE:
                entries.append(Entry("signature", Kind.REGION, Held(value), size, offset=start))
            elif tag in _TEXTS:
                tell(reading.facts, _TEXTS[tag], value)
            elif tag not in (_LENGTH, *_HOLDING):
                reading.facts[_NUMBERS.get(tag, f"tag-{tag}")] = value.hex()[:512]
        told = [tag for tag, _, _ in values]
        # those that hold others have no value of their own, and programs may go by their length
        reading.facts["tags"] = " ".join(f"{tag}:{size}" for tag, _, size in values)
        if len(set(told)) < len(told):
            reading.note_anomaly("contradiction", "a value stands twice in the header", 0)
        reading.cover(0, end)
        payload = view[end:]
        reading.entries = [*entries, Entry("payload", Kind.REGION, Held(payload), len(payload), offset=end)]
        return reading


def _length(view: memoryview) -> int:
    return int.from_bytes(view[8:10], "big")


def _header(view: memoryview) -> list[tuple[int, int, int]] | None:
    """Return tag, place and size of each value, None where they do not fill the header up to its end."""
    if len(view) < 10 or view[:4] != _MAGIC or view[5:8] != bytes([_LENGTH, 0, 2]):
        return None
    end = _length(view)
    if not 10 < end <= min(len(view), _MOST):
        return None
    values = list(_values(view, end))
    last = max((start + size for _, start, size in values), default=0)
    fills = not bytes(view[last:end]).strip(bytes([_FILLER]))
    return values if fills and any(tag == _SIGNATURE for tag, _, _ in values) else None


def _values(view: memoryview, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the values that lie before `end`, those that others hold among them."""
    at = 0
    while at + 3 <= end and view[at] != _FILLER:
        tag, size = view[at], int.from_bytes(view[at + 1 : at + 3], "big")
        at += 3
        if size > end - at:
            return
        yield tag, at, size
        if tag not in _HOLDING:
            at += size
