"""Streams as they pass: accounted for, and hashed where that is asked."""

from collections.abc import Iterator
from hashlib import sha256

from trueware.formats.contract import Buffer
from trueware.measuring.budget import Budget


class Passed:
    """The chunks of a stream: accounted for, and hashed if asked, as they pass."""

    def __init__(self, chunks: Iterator[Buffer], budget: Budget, *, hashed: bool) -> None:
        self._chunks, self._budget, self._hashed = chunks, budget, hashed
        self._size = 0
        self.digest = sha256()

    def __iter__(self) -> Iterator[Buffer]:
        for chunk in self._chunks:
            self._budget.spend(len(chunk))
            self._size += len(chunk)
            if self._hashed:
                self.digest.update(chunk)
            yield chunk

    def hash_again(self, chunks: Iterator[Buffer]) -> None:
        """Hash what passed, from the same chunks had once more."""
        left = self._size
        for chunk in chunks:
            if len(chunk) > left:
                return  # a ceiling was reached here
            self._budget.spend(0)
            self.digest.update(chunk)
            left -= len(chunk)
