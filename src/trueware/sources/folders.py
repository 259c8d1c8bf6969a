"""Reads a folder as a tree of entries: an unpacked root file system, a firmware delivered as several files, a package feed.

Links are recorded, never followed, and a mount point inside is read like a folder. Owners are recorded only where reading them
means something: when the folder was made by root (its own owner is 0 and the reader is root); else they are the analyst's. Of
extended attributes only the capabilities of programs are recorded.
"""

import mmap
import os
import stat
from collections.abc import Iterator

from trueware.errors import MalformedInput, SourceError
from trueware.formats.contract import Buffer, Entry, Held, Reading
from trueware.model.part import Kind

_KINDS = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFLNK: Kind.SYMLINK,
    stat.S_IFCHR: Kind.CHARACTER,
    stat.S_IFBLK: Kind.BLOCK,
    stat.S_IFIFO: Kind.FIFO,
    stat.S_IFSOCK: Kind.SOCKET,
}

_READ = 1 << 20


class FileContent:
    """The content of a file, opened when asked for, read in pieces, and mapped where a format inside needs all of it."""

    __slots__ = ("_path", "group", "size")

    def __init__(self, path: str, size: int) -> None:
        self._path = path
        self.size: int | None = size
        self.group = -1

    def chunks(self) -> Iterator[Buffer]:
        """Yield the bytes; a file that shrank meanwhile is malformed, one that grew is read to its stated size."""
        left = self.size or 0
        try:
            with open(self._path, "rb", buffering=0, opener=_open_plain) as file:
                while left:
                    piece = file.read(min(left, _READ))
                    if not piece:
                        raise MalformedInput(
                            "folder", (self.size or 0) - left, "the file became shorter while it was read"
                        )
                    left -= len(piece)
                    yield piece
        except OSError as error:
            raise MalformedInput("folder", 0, f"cannot read the file: {error.strerror}") from error


def _open_plain(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def read_folder(path: str | os.PathLike[str]) -> tuple[Reading, int]:
    """Return a reading of the folder at `path`, and the sum of its files' sizes in bytes.

    Raises:
        SourceError: the folder itself cannot be read. What cannot be read below it is an anomaly.
    """
    root = os.fspath(path)
    try:
        own = os.lstat(root) if not os.path.islink(root) else os.stat(root)
        os.scandir(root).close()
    except OSError as error:
        raise SourceError(f"cannot read folder {root!r}: {error.strerror}") from error
    owners = own.st_uid == 0 and os.geteuid() == 0
    reading = Reading()
    entries = list(_walk(root, reading, owners=owners))
    reading.entries = entries
    reading.attributes = Entry("", Kind.DIRECTORY)
    return reading, sum(entry.size for entry in entries)


def _walk(root: str, reading: Reading, *, owners: bool) -> Iterator[Entry]:
    stack = [""]
    while stack:
        folder = stack.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as listing:
                found = sorted(listing, key=lambda item: item.name)
        except OSError as error:
            reading.note_anomaly("malformed", f"cannot list the folder: {error.strerror}", None, folder)
            continue
        for item in found:
            path = f"{folder}/{item.name}" if folder else item.name
            try:
                status = item.stat(follow_symlinks=False)
                yield _entry(item.path, path, status, owners=owners)
            except OSError as error:
                reading.note_anomaly("malformed", f"cannot read {path!r}: {error.strerror}")
                continue
            if stat.S_ISDIR(status.st_mode):
                stack.append(path)


def _entry(where: str, path: str, status: os.stat_result, *, owners: bool) -> Entry:
    kind = _KINDS.get(stat.S_IFMT(status.st_mode), Kind.FILE)
    entry = Entry(path, kind, mode=stat.S_IMODE(status.st_mode), mtime=int(status.st_mtime))
    if owners:
        entry.uid, entry.gid = status.st_uid, status.st_gid
    if kind is Kind.FILE:
        entry.size = status.st_size
        entry.xattrs = _capability(where)
        entry.content = (
            FileContent(where, status.st_size) if status.st_size < _MAPPED else MappedContent(where, status.st_size)
        )
    elif kind is Kind.SYMLINK:
        entry.link, entry.mode = os.readlink(where), None
    elif kind in (Kind.CHARACTER, Kind.BLOCK):
        entry.rdev = (os.major(status.st_rdev), os.minor(status.st_rdev))
    return entry


def _capability(where: str) -> tuple[tuple[str, bytes], ...]:
    """Return the capabilities a program gets; other attributes are as often the analyst's as the software's."""
    if not hasattr(os, "getxattr"):  # Linux has it
        return ()
    try:
        return ((_CAPABILITY, os.getxattr(where, _CAPABILITY, follow_symlinks=False)),)
    except OSError:  # mostly: it has none
        return ()


_CAPABILITY = "security.capability"

_MAPPED = 1 << 20
"""Bytes from which a file is mapped: large ones are often images that a format reads in place."""


class MappedContent(Held):
    """A large file, mapped when its bytes are first asked for."""

    __slots__ = ("_path", "_view")

    def __init__(self, path: str, size: int) -> None:
        self._path = path
        self._view: memoryview | None = None
        self.size = size
        self.group = -1

    @property
    def view(self) -> memoryview:  # type: ignore[override]  # a slot of Held, made on demand here
        """The bytes.

        Raises:
            MalformedInput: the file cannot be mapped.
        """
        if self._view is None:
            try:
                descriptor = _open_plain(self._path, os.O_RDONLY)
                try:
                    self._view = memoryview(mmap.mmap(descriptor, self.size or 0, access=mmap.ACCESS_READ))
                finally:
                    os.close(descriptor)
            except (OSError, ValueError) as error:
                raise MalformedInput("folder", 0, f"cannot map the file: {error}") from error
        return self._view
