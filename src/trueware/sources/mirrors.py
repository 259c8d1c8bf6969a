"""A folder as the surroundings of a document that is imported (`trueware.importing.contract.Mirror`)."""

import os
from collections.abc import Iterator
from pathlib import Path

from trueware.errors import LimitExceeded, SourceError

_PIECE = 1 << 20


class FolderMirror:
    """A folder on disk. A path that leads out of it, through a symbolic link or to what is no plain file, is not there."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def size(self, path: str) -> int | None:
        """Return the length of a file; None where there is none."""
        found = self._resolve(path)
        return found.stat().st_size if found is not None else None

    def read(self, path: str, most: int) -> bytes | None:
        """Return a file's bytes; None where there is none."""
        found = self._resolve(path)
        if found is None:
            return None
        try:
            with found.open("rb") as file:
                data = file.read(most + 1)
        except OSError as error:
            raise SourceError(f"cannot read {path!r}: {error.strerror}") from error
        if len(data) > most:
            raise LimitExceeded("file of a mirror", most, f"{path!r} is longer")
        return data

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a file's bytes in pieces."""
        found = self._resolve(path)
        if found is None:
            raise SourceError(f"there is no {path!r} in the folder")
        try:
            with found.open("rb", buffering=0) as file:
                while piece := file.read(_PIECE):
                    yield piece
        except OSError as error:
            raise SourceError(f"cannot read {path!r}: {error.strerror}") from error

    def names(self, folder: str = "") -> Iterator[str]:
        """Yield the paths of the files in a folder and below it, sorted."""
        if folder and any(piece in ("", ".", "..") for piece in folder.split("/")):
            return
        start = self._root / folder if folder else self._root
        for above, folders, files in os.walk(start, followlinks=False):
            folders.sort()
            for name in sorted(files):
                path = (Path(above) / name).relative_to(self._root).as_posix()
                if self._resolve(path) is not None:
                    yield path

    def place(self, path: str) -> Path | None:
        """Return where a file of the folder is, for what opens it by name; None where there is none."""
        return self._resolve(path)

    def _resolve(self, path: str) -> Path | None:
        pieces = path.split("/")
        if "\0" in path or any(piece in ("", ".", "..") for piece in pieces):
            return None
        found = self._root
        for piece in pieces:
            found = found / piece
            if found.is_symlink():
                return None
        return found if found.is_file() else None
