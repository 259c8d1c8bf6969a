"""Opens a file as bytes, without reading it: mapped, read-only, closed when done.

BUG: a mapped file that somebody else truncates meanwhile ends the process with SIGBUS; only copying first would prevent it.
"""

import mmap
import os
import stat
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from trueware.errors import SourceError


class MappedFile:
    """A regular file or block device in memory. A context manager; `view` is valid inside it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._mapping: mmap.mmap | None = None
        self._view = memoryview(b"")

    @property
    def view(self) -> memoryview:
        """The bytes; empty for an empty file."""
        return self._view

    def __enter__(self) -> Self:
        try:
            # a fifo would wait for its writer, a device could act on being opened
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise SourceError(f"cannot open {self.path!r}: {error.strerror}") from error
        try:
            mode = os.fstat(descriptor).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
                raise SourceError(f"{self.path!r} is neither a file nor a block device")
            size = os.lseek(descriptor, 0, os.SEEK_END)
            if size:
                self._mapping = mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)
                self._view = memoryview(self._mapping)
        except OSError as error:
            raise SourceError(f"cannot read {self.path!r}: {error.strerror}") from error
        finally:
            os.close(descriptor)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._view = memoryview(b"")
        # parts of a failed run may still hold views; the mapping then lives until they are gone
        self._mapping = None


def open_file(path: str | os.PathLike[str]) -> MappedFile:
    """Return a context manager for the bytes of `path`.

    Raises:
        SourceError: on entering it: it cannot be opened or mapped, or is not a file.
    """
    return MappedFile(path)


def pieces_of(path: str | os.PathLike[str]) -> Iterator[bytes]:
    """Yield the bytes of a file in pieces of 1 MiB.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        with open(path, "rb", buffering=0) as file:
            while piece := file.read(1 << 20):
                yield piece
    except OSError as error:
        raise SourceError(f"cannot read {os.fspath(path)!r}: {error.strerror}") from error
