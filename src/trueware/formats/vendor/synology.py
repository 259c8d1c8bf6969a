"""Synology's encrypted archive (``.pat`` of DSM 7, ``.spk``): a signed list of blocks with their digests, and the blocks.

======  ====  ======================================================
offset  size  field (little-endian)
======  ====  ======================================================
0       4     any byte, then AD BE EF
4       4     length of the list
8       ..    list, in MessagePack: bytes from which the key is made,
              and for each block its length and its BLAKE2b-256
..      64    Ed25519 signature of the list
..      ..    blocks, encrypted: each an entry of a tar archive
======  ====  ======================================================

The digests are of the encrypted blocks, so that they can be verified without a key; none is kept here, and the content stays
closed. Source: synacktiv/synodecrypt and the analyses it follows. The vectors were built from that layout; no archive of Synology
confirmed the reading.
"""

from hashlib import blake2b
from typing import ClassVar

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

_MAGIC = b"\xad\xbe\xef"
_LIST, _SIGNATURE, _DIGEST = 8, 64, 32
_LONGEST = 1 << 20
_PAIR = 2


class Synology:
    """An encrypted archive."""

    name: ClassVar[str] = "synology"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "encrypted archive (.pat, .spk)", "Synology", ("synacktiv/synodecrypt",),
        ("the content is encrypted", "the signature is kept and not verified"),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = (Magic(1, _MAGIC),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        """Three bytes are little: the list must be one of two things, and no longer than the bytes."""
        if len(view) < _LIST + 2 or bytes(view[1:4]) != _MAGIC:
            return False
        size = int.from_bytes(view[4:8], "little")
        return (
            view[_LIST] == 0x92 and view[_LIST + 1] in (0xC4, 0xC5, 0xD9, *range(0xA0, 0xC0)) and 8 < size <= _LONGEST
        )

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        if not Synology.matches(view):
            raise MalformedInput("synology", 0, "no header")
        end = _LIST + int.from_bytes(view[4:8], "little")
        if end + _SIGNATURE > len(view):
            raise MalformedInput("synology", 4, f"a list up to {end:#x} in {len(view)} bytes")
        read = _Read(view[:end], _LIST)
        if read.count() != _PAIR:
            raise MalformedInput("synology", _LIST, "no list of two things")
        seed = read.bytes()
        count = read.count()
        if count > limits.max_entries:
            raise LimitExceeded("max_entries", limits.max_entries, "blocks of an archive")
        blocks = [read.block() for _ in range(count)]
        reading = Reading(facts={"seed": seed.hex(), "first-byte": f"{view[0]:#04x}"})
        reading.cover(0, read.at)
        reading.entries = [region("signature", view, end, _SIGNATURE, reading)]
        at = end + _SIGNATURE
        for number, (size, digest) in enumerate(blocks):
            block = region(f"block-{number}", view, at, size, reading)
            if block.size == size and (found := blake2b(view[at : at + size], digest_size=_DIGEST).digest()) != digest:
                detail = f"the BLAKE2b of block {number} is {found.hex()}, stated {digest.hex()}"
                reading.note_anomaly("checksum-mismatch", detail, at)
            reading.entries.append(block)
            at += size
        reading.note_anomaly("encrypted", "the blocks are encrypted with XChaCha20", end + _SIGNATURE)
        reading.end = min(at, len(view))
        return reading


class _Read:
    """What there is of MessagePack in such a list, taken front to back."""

    def __init__(self, view: memoryview, at: int) -> None:
        self._view, self.at = view, at

    def count(self) -> int:
        """Take the head of an array and return how many things are in it."""
        first = self._take(1)
        if first >> 4 == 0x9:
            return first & 0xF
        if first in (0xDC, 0xDD):
            return self._take(2 << first - 0xDC)
        raise MalformedInput("synology", self.at - 1, f"no array ({first:#04x})")

    def block(self) -> tuple[int, bytes]:
        """Take a pair of length and digest."""
        if self.count() != _PAIR:
            raise MalformedInput("synology", self.at - 1, "no pair of length and digest")
        return self.number(), self.bytes()

    def number(self) -> int:
        """Take a whole number that is not negative."""
        first = self._take(1)
        if first < 0x80:
            return first
        if 0xCC <= first <= 0xCF:
            return self._take(1 << first - 0xCC)
        raise MalformedInput("synology", self.at - 1, f"no number ({first:#04x})")

    def bytes(self) -> bytes:
        """Take bytes, or a text as bytes."""
        first = self._take(1)
        if 0xA0 <= first < 0xC0:
            size = first & 0x1F
        elif first in (0xC4, 0xC5, 0xC6):
            size = self._take(1 << first - 0xC4)
        elif first in (0xD9, 0xDA, 0xDB):
            size = self._take(1 << first - 0xD9)
        else:
            raise MalformedInput("synology", self.at - 1, f"no bytes ({first:#04x})")
        start, self.at = self.at, self.at + size
        if self.at > len(self._view):
            raise MalformedInput("synology", start, f"{size} bytes behind the end of the list")
        return bytes(self._view[start : self.at])

    def _take(self, size: int) -> int:
        start, self.at = self.at, self.at + size
        if self.at > len(self._view):
            raise MalformedInput("synology", start, "the list breaks off")
        return int.from_bytes(self._view[start : self.at], "big")
