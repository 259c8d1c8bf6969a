"""Writing files so that they are whole or not there: written beside, synced, renamed, and the folder synced."""

import os
from collections.abc import Iterable
from pathlib import Path

from trueware.errors import StoreError


def write_file(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file; when it returns, content and name survive the death of the machine, and before that the old one stands.

    Raises:
        StoreError: it cannot be written.
    """
    write_pieces(path, (data,), mode)


def write_pieces(path: Path, pieces: Iterable[bytes], mode: int = 0o644) -> int:
    """Write a file from pieces, as `write_file` does; returns its length.

    Raises:
        StoreError: it cannot be written. What the pieces raise leaves no file either.
    """
    size = 0
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        try:
            with open(descriptor, "wb", closefd=False) as file:
                for piece in pieces:
                    size += file.write(piece)
            os.fsync(descriptor)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"cannot write {str(path)!r}: {error.strerror}") from error
    return size


def sync_folder(folder: Path) -> None:
    """Have the names in a folder, and its own name, survive the death of the machine."""
    for each in (folder, folder.parent):
        descriptor = os.open(each, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
