"""A mirror's files as places where signatures may be (`trueware.signatures.contract.Site`): read once, then verified and parsed.

What is looked at whole (a list, metadata, a signature) is held, so that the bytes that are parsed are those whose signature was
verified, whatever becomes of the file meanwhile. What is only hashed passes by.
"""

from collections.abc import Iterator
from hashlib import sha256

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.contract import Buffer
from trueware.importing.contract import Mirror

MAX_HELD = 1 << 29
"""Bytes of all files of one import that are looked at whole; Debian's and OpenWrt's largest lists have some 50 MB."""


class Places:
    """The files of a mirror, and what of them is held."""

    def __init__(self, mirror: Mirror, most: int = MAX_HELD) -> None:
        self.mirror = mirror
        self._held: dict[str, bytes] = {}
        self._room = most

    def file(self, path: str) -> "Place | None":
        """Return the file at a path; None where there is none."""
        size = len(self._held[path]) if path in self._held else self.mirror.size(path)
        return Place(self, path, size) if size is not None else None

    def at(self, path: str) -> "Place | None":
        """Return the file or folder at a path; None where there is neither."""
        if (found := self.file(path)) is not None:
            return found
        return Place(self, path, 0, is_folder=True) if next(self.mirror.names(path), None) is not None else None

    def put(self, path: str, data: bytes) -> "Place":
        """Return a place for what another file holds packed, at the path that it has where it is unpacked."""
        self._room -= len(data)
        self._held[path] = data
        return Place(self, path, len(data))

    def held(self, path: str) -> bool:
        """Tell whether a file is held."""
        return path in self._held

    def hold(self, path: str, most: int) -> bytes:
        """Return a file's bytes, the same each time.

        Raises:
            InputError: there is none, or it is longer than `most`.
        """
        if path not in self._held:
            data = self.mirror.read(path, max(0, min(most, self._room)))
            if data is None:
                raise MalformedInput("mirror", 0, f"there is no {path!r} in the folder")
            self._room -= len(data)
            self._held[path] = data
        data = self._held[path]
        if len(data) > most:
            raise LimitExceeded("file of a mirror", most, f"{path!r} is longer")
        return data


class Place:
    """A file or folder of a mirror."""

    format = None

    def __init__(self, places: Places, path: str, size: int, *, is_folder: bool = False) -> None:
        self.path, self.size, self.is_folder = path, size, is_folder
        self.name = path.rpartition("/")[2]
        self._places = places

    @property
    def sha256(self) -> bytes | None:
        """See `Site`."""
        if self.is_folder:
            return None
        digest = sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.digest()

    def view(self) -> memoryview:
        """See `Site`."""
        return memoryview(self._places.hold(self.path, MAX_HELD))

    def chunks(self) -> Iterator[Buffer]:
        """See `Site`."""
        if self._places.held(self.path):
            yield self.view()
        else:
            yield from self._places.mirror.chunks(self.path)

    def child(self, path: str) -> "Place | None":
        """See `Site`."""
        return self._places.at(f"{self.path}/{path}" if self.path else path) if self.is_folder and path else None

    def children(self) -> Iterator["Place"]:
        """See `Site`."""
        if self.is_folder:
            before = f"{self.path}/" if self.path else ""
            names = (path[len(before) :].partition("/")[0] for path in self._places.mirror.names(self.path))
            found = (self._places.at(before + name) for name in dict.fromkeys(names))
            yield from (each for each in found if each is not None)

    def beside(self, path: str) -> "Place | None":
        """See `Site`."""
        above = self.above()
        return above.child(path) if above is not None else None

    def above(self) -> "Place | None":
        """See `Site`."""
        if not self.path:
            return None
        return Place(self._places, self.path.rpartition("/")[0], 0, is_folder=True)
