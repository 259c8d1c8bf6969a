"""What Authenticode digests of a PE image ("Windows Authenticode Portable Executable Signature Format", Microsoft 2008).

All of the file but the checksum in the optional header, the entry of the certificate table in its directories, and the certificate
table itself. The document and UEFI walk over the sections in the order of their places in the file, and hash what is behind them
last; where the sections follow one another, and the table ends the file, that is the same as the file in order, which is what
Windows hashes. Where it is not the same, programs disagree on what is signed (`Image.is_regular`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import new
from struct import unpack_from

from trueware.signatures.refusal import uncheckable

_DIRECTORIES = {0x10B: 92, 0x20B: 108}
"""By kind of optional header: where in it the number of directory entries is."""

_SECURITY, _CHECKSUM, _HEADERS_SIZE = 4, 64, 60
_HEAD, _SECTION = 24, 40
_ENTRY = 8
_ALIGNED = 8
_MOST_CERTIFICATES = 64


@dataclass(frozen=True, slots=True)
class Image:
    """Places in a PE file, each checked to lie in it."""

    view: memoryview
    checksum: int
    entry: int
    """Of the certificate table in the directories; 0 where the directories end before it."""

    table: tuple[int, int]
    """First byte of the certificate table and first after it; equal where there is none."""

    is_regular: bool
    """Whether headers, sections and what follows them lie one behind the other, the certificate table last."""

    _made: dict[str, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Digests that were asked for: a file may have many signatures."""

    def digest(self, name: str) -> bytes:
        """Return the digest of the image."""
        if name not in self._made:
            made = new(name, usedforsecurity=False)
            for start, end in self._spans():
                made.update(self.view[start:end])
            self._made[name] = made.digest()
        return self._made[name]

    def _spans(self) -> Iterator[tuple[int, int]]:
        at = 0
        skipped = [(self.checksum, self.checksum + 4), (self.entry, self.entry + _ENTRY), self.table]
        for start, end in skipped if self.entry else skipped[:1]:
            yield at, start
            at = end
        yield at, len(self.view)

    def certificates(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield revision, kind, first byte and first byte after each WIN_CERTIFICATE's content.

        Raises:
            Refusal: one is malformed.
        """
        at, end = self.table
        for _ in range(_MOST_CERTIFICATES):
            if at + _ENTRY > end:
                return
            size, revision, kind = unpack_from("<IHH", self.view, at)
            if not _ENTRY < size <= end - at:
                if any(self.view[at:end]):
                    uncheckable(f"a certificate of {size} bytes in a table of {end - at}")
                return
            yield revision, kind, at + _ENTRY, at + size
            at += -(-size // _ALIGNED) * _ALIGNED
        uncheckable(f"more than {_MOST_CERTIFICATES} certificates")


def read_image(view: memoryview) -> Image:
    """Find the places in a PE file.

    Raises:
        Refusal: they do not lie in it.
    """
    if len(view) < 64:
        uncheckable("no PE file")
    header = int(unpack_from("<I", view, 60)[0])
    if header < 4 or header + _HEAD + _DIRECTORIES[0x20B] + 4 > len(view):
        uncheckable("no PE file")
    sections, size = unpack_from("<H", view, header + 6)[0], unpack_from("<H", view, header + 20)[0]
    optional = header + _HEAD
    first = _DIRECTORIES.get(unpack_from("<H", view, optional)[0])
    behind = optional + size + sections * _SECTION
    if first is None or first + 4 > size or behind > len(view):
        uncheckable("no PE file")
    count = int(unpack_from("<I", view, optional + first)[0])
    entry = optional + first + 4 + _ENTRY * _SECURITY
    if count <= _SECURITY or entry + _ENTRY > optional + size:
        return Image(view, optional + _CHECKSUM, 0, (len(view), len(view)), is_regular=True)
    start, length = unpack_from("<II", view, entry)
    if not start or not length:
        start, length = len(view), 0
    if start + length > len(view) or start < behind:
        uncheckable(f"a certificate table of {length} bytes at {start:#x} in {len(view):#x}")
    at = int(unpack_from("<I", view, optional + _HEADERS_SIZE)[0])
    places = (unpack_from("<II", view, optional + size + number * _SECTION + 16) for number in range(sections))
    regular = at >= behind and start + length == len(view) and not start % _ALIGNED
    for taken, place in sorted(((taken, place) for taken, place in places if taken), key=lambda each: each[1]):
        regular = regular and place == at
        at += taken
    return Image(view, optional + _CHECKSUM, entry, (start, start + length), regular and at <= start)
