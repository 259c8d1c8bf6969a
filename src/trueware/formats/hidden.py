"""What lies in space that should be empty: free blocks, the rest of a block behind the end of a file, unused entries of a table."""

from trueware.formats.contract import CHUNK, Reading

_ZEROS = bytes(CHUNK)


class Hidden:
    """Adds up bytes that are not zero where nothing should be."""

    def __init__(self, view: memoryview, what: str) -> None:
        self._view, self._what = view, what
        # files that share blocks would have these looked at again and again
        self._left = 2 * len(view)
        self._total, self._first = 0, 0

    def look(self, start: int, end: int, grain: int) -> None:
        """Search ``[start, end)``; what is found counts in units of `grain` bytes."""
        view = self._view
        self._left -= end - start
        if self._left < 0:
            return
        if end - start <= CHUNK and bytes(view[start:end]) == _ZEROS[: max(min(end, len(view)) - start, 0)]:
            return
        for at in range(start, end, CHUNK):
            piece = bytes(view[at : min(at + CHUNK, end)])
            if piece == _ZEROS[: len(piece)]:
                continue
            for offset in range(0, len(piece), grain):
                part = piece[offset : offset + grain]
                if part != _ZEROS[: len(part)]:
                    self._first = self._first if self._total else at + offset
                    self._total += len(part)

    def tell(self, reading: Reading) -> None:
        """Report what was found, as one anomaly."""
        if self._total:
            detail = f"{self._total} bytes of {self._what} are not empty"
            reading.note_anomaly("hidden-content", detail, self._first)
