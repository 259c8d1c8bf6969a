"""Pieces of evidence on disk: files, and folders with all that is in them."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from trueware.attestation.recognise import MAX_PIECE, Piece
from trueware.errors import SourceError

MAX_FILES = 1024
"""Files that a folder of evidence may have; beyond it, it is something else."""


def read_pieces(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Piece]:
    """Yield the pieces in files and folders, in the order given, a folder's by name; links are not followed.

    A piece is named by its path below the folder that was given; a file that was given by its name alone.

    Raises:
        SourceError: one cannot be read, or a folder holds too much to be evidence.
    """
    for path in paths:
        place = Path(path)
        if place.is_dir():
            yield from _folder(place)
        else:
            yield Piece(place.name, _read(place))


def _folder(folder: Path) -> Iterator[Piece]:
    count = 0
    for where, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            file = Path(where, name)
            if file.is_symlink() or not file.is_file():
                continue
            count += 1
            if count > MAX_FILES:
                raise SourceError(
                    f"{folder} holds more than {MAX_FILES} files: name those that are evidence of one device"
                )
            yield Piece(file.relative_to(folder).as_posix(), _read(file))


def _read(path: Path) -> bytes:
    """Return a file's bytes; of one that is too long a little more than the ceiling, so that it is told."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_PIECE + 1)
    except OSError as error:
        raise SourceError(f"cannot read {str(path)!r}: {error.strerror}") from error
