"""Contents known by how they lie packed, so that what a release has need not be unpacked to be measured.

Only contents in which no format was found, and which nobody wants to look into, are recorded: for these, a digest and a length
are all that measuring gives.
"""

from collections.abc import Callable, Mapping, Sequence

from trueware.formats.contract import Content, Packed
from trueware.measuring.hashing import Hashed

Known = Callable[[Sequence[bytes]], Mapping[bytes, tuple[bytes, int]]]
"""Asked with the packings of one container: SHA-256 and length of the contents it knows."""

_PACKED = Packed.packing.__name__


class Packings:
    """The packings of one measurement: asks about them, or records them."""

    def __init__(self, known: Known | None, *, record: bool) -> None:
        self._known, self._records = known, record
        self.recorded: dict[bytes, tuple[bytes, int]] = {}

    def find(self, contents: Mapping[int, Content]) -> dict[int, tuple[bytes, int]]:
        """Return SHA-256 and length of those that are known; an answer of another length than stated is none."""
        if self._known is None:
            return {}
        packings = {index: packing for index, content in contents.items() if (packing := _packing(content)) is not None}
        if not packings:
            return {}
        known = self._known(list(packings.values()))
        return {
            index: found
            for index, packing in packings.items()
            if (found := known.get(packing)) is not None and found[1] == contents[index].size
        }

    def record(self, content: Content, hashed: Hashed) -> None:
        """Take down what was learnt from a content, if that is all there is to it."""
        if not self._records or hashed.sha256 is None or hashed.error is not None:
            return
        if hashed.view is None and hashed.stream is None and (packing := _packing(content)) is not None:
            self.recorded[packing] = hashed.sha256, hashed.size


def _packing(content: Content) -> bytes | None:
    # by name: a check against the protocol itself takes longer than all the rest
    packing: Callable[[], bytes | None] | None = getattr(content, _PACKED, None)
    return packing() if packing is not None and content.size else None
