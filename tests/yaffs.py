"""Writes images of yaffs1 and yaffs2, of any geometry and byte order, page by page."""

import os
import stat
import struct
from dataclasses import dataclass, field
from pathlib import Path

FILE, LINK, FOLDER, HARD_LINK, SPECIAL = range(1, 6)
ROOT, UNLINKED, DELETED = 1, 3, 4


@dataclass
class Yaffs:
    """One image in the making.

    Attributes:
        more: whether headers say more in their tags.
        sparse: whether pages of nothing are left out.
        sequence: number of the block the next pages are in.
    """

    page: int = 2048
    spare: int = 64
    place: int = 0
    sign: str = "<"
    more: bool = False
    sparse: bool = False
    sequence: int = 0x1000
    out: bytearray = field(default_factory=bytearray)

    @property
    def held(self) -> int:
        return self.page if self.spare else self.page - 16

    def header(
        self, number: int, type_: int, folder: int, name: bytes, mode: int, *, owner: tuple[int, int] = (0, 0),
        time: int = 0, size: int = 0, stands_for: int = 0, target: bytes = b"", device: int = 0, shadows: int = 0,
        shrinks: bool = False, attributes: dict[str, bytes] | None = None,
    ) -> None:  # fmt: skip
        """Write the header of an object."""
        data = struct.pack(self.sign + "IiH256s2x", type_, folder, 0xFFFF, name)
        data += struct.pack(self.sign + "6I", mode, *owner, time, time, time)
        data += struct.pack(self.sign + "Ii160sI24x", size & 0xFFFFFFFF, stands_for, target, device)
        inband, other = ((0, 0), (shadows, shrinks)) if self.spare else ((shadows, shrinks), (0, 0))
        high = 0xFFFFFFFF if self.page == 512 else size >> 32
        data += struct.pack(self.sign + "II", *inband) + struct.pack(self.sign + "I4xII", high, *other)
        for key, value in (attributes or {}).items():
            record = key.encode() + b"\0" + value
            data += struct.pack(self.sign + "I", len(record) + 4) + record
        more = None
        if self.more:
            used = size if type_ == FILE else stands_for
            more = number | type_ << 28, 1 << 31 | shrinks << 30 | folder, used & 0xFFFFFFFF
        self._write(number, 0, data, 0 if self.page == 512 else 0xFFFF, more)

    def data(self, number: int, chunk: int, data: bytes) -> None:
        """Write one chunk of a file, counted from 1."""
        self._write(number, chunk, data, len(data), None)

    def erased(self, pages: int) -> None:
        self.out += b"\xff" * ((self.page + self.spare) * pages)

    def _write(self, number: int, chunk: int, data: bytes, used: int, more: tuple[int, int, int] | None) -> None:
        body = data.ljust(self.held, b"\xff")
        assert len(body) == self.held
        if self.page == 512:
            self.out += body + self._small(number, chunk, used)
            return
        used = 0 if used == 0xFFFF and not self.spare else used
        fields = more or (number, chunk, min(used, self.held) if chunk else used)
        tags = struct.pack(self.sign + "4I", self.sequence, *fields)
        self.out += body + (b"\xff" * self.place + tags).ljust(self.spare, b"\xff")

    def _small(self, number: int, chunk: int, used: int) -> bytes:
        """Return the spare bytes of a small page."""

        def packed(check: int) -> bytes:
            if self.sign == "<":
                words = chunk | used % 1024 << 22, number | check << 18 | used // 1024 << 30
            else:
                words = chunk << 12 | used % 1024, number << 14 | check << 2 | used // 1024
            return struct.pack(self.sign + "2I", *words)

        check = 0
        for place in range(64):
            if packed(0)[place // 8] >> place % 8 & 1:
                check ^= place + 1
        tags = packed(check)
        return tags[:4] + b"\xff\xff" + tags[4:6] + b"\xff" * 3 + tags[6:8] + b"\xff" * 3

    def write(self, root: Path) -> bytes:
        """Write the tree at `root`, as mkyaffs2image does: objects in order, each file behind its header."""
        known: dict[tuple[int, int], int] = {}
        numbers = {root: ROOT}
        self._object(ROOT, root, ROOT, b"", known)
        stack = [root]
        while stack:
            folder = stack.pop()
            for path in sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name)):
                number = numbers[path] = 0x100 + len(numbers)
                self._object(number, path, numbers[folder], os.fsencode(path.name), known)
                if stat.S_ISDIR(path.lstat().st_mode):
                    stack.append(path)
        return bytes(self.out)

    def _object(self, number: int, path: Path, folder: int, name: bytes, known: dict[tuple[int, int], int]) -> None:
        about = path.lstat()
        key, mode = (about.st_dev, about.st_ino), about.st_mode
        if key in known:
            self.header(number, HARD_LINK, folder, name, 0, stands_for=known[key])
            return
        known[key] = number
        names = os.listxattr(path, follow_symlinks=False) if self.page > 512 else []
        attributes = {each: os.getxattr(path, each, follow_symlinks=False) for each in names}
        owner, time = (about.st_uid, about.st_gid), int(about.st_mtime)
        if stat.S_ISREG(mode):
            data = path.read_bytes()
            self.header(number, FILE, folder, name, mode, owner=owner, time=time, size=len(data), attributes=attributes)
            for chunk, at in enumerate(range(0, len(data), self.held), 1):
                piece = data[at : at + self.held]
                if not self.sparse or any(piece):
                    self.data(number, chunk, piece)
        elif stat.S_ISLNK(mode):
            target = os.fsencode(path.readlink())
            self.header(number, LINK, folder, name, mode, owner=owner, time=time, target=target)
        else:
            device = os.major(about.st_rdev) << 8 | os.minor(about.st_rdev)
            type_ = FOLDER if stat.S_ISDIR(mode) else SPECIAL
            self.header(number, type_, folder, name, mode, owner=owner, time=time, device=device, attributes=attributes)
