"""Fills an empty minixfs, as mkfs.minix makes it, with the files of a folder: no tool does without a kernel that mounts it.

Written from the same headers as the reader, so that it proves little alone: `fsck.minix` must list and accept what comes out.
"""

import os
import stat
import struct
from pathlib import Path

SUPERBLOCK = 1024
_NAMES = {0x137F: (1, 14), 0x138F: (1, 30), 0x2468: (2, 14), 0x2478: (2, 30), 0x4D5A: (3, 60)}


class Writer:
    """One file system in the making."""

    def __init__(self, empty: bytes, order: str = "<") -> None:
        """Take geometry and version from `empty`; write in `order`."""
        self.image, self.order = bytearray(empty), order
        (magic,) = struct.unpack_from("<H", empty, SUPERBLOCK + 24)
        if magic == 0x4D5A:
            layout = "I2x4H2x2IH2xHB"
            fields = list(struct.unpack_from("<" + layout, empty, SUPERBLOCK))
            self.inodes, self.imap_blocks, self.zmap_blocks, self.first, _, _, self.zones, _, self.block, _ = fields
        else:
            layout = "6HI2HI"
            fields = list(struct.unpack_from("<" + layout, empty, SUPERBLOCK))
            self.inodes, self.zones, self.imap_blocks, self.zmap_blocks, self.first, _, _, magic, _, many = fields
            self.zones, self.block = self.zones or many, 1024
        self.version, self.name_length = _NAMES[magic]
        struct.pack_into(order + layout, self.image, SUPERBLOCK, *fields)
        self.imap = 2 * self.block
        self.zmap = self.imap + self.imap_blocks * self.block
        self.table = self.zmap + self.zmap_blocks * self.block
        end = self.first * self.block
        self.image[self.table : end + self.block] = bytes(end + self.block - self.table)
        self.last_inode, self.last_zone = 0, self.first - 1
        for start in (self.imap, self.zmap):
            self.image[start] = self.image[start] & ~3 | 1
        self._known: dict[int, int] = {}

    def fill(self, root: Path) -> bytes:
        """Write everything below `root` and return the image."""
        number = self._inode_number()
        self._folder(root, number, number)
        return bytes(self.image)

    def _inode_number(self) -> int:
        self.last_inode += 1
        assert self.last_inode <= self.inodes
        self.image[self.imap + self.last_inode // 8] |= 1 << self.last_inode % 8
        return self.last_inode

    def _zone(self, data: bytes) -> int:
        self.last_zone += 1
        assert self.last_zone < self.zones
        bit = self.last_zone - self.first + 1
        self.image[self.zmap + bit // 8] |= 1 << bit % 8
        start = self.last_zone * self.block
        self.image[start : start + len(data)] = data
        return self.last_zone

    def _store(self, data: bytes) -> list[int]:
        """Return the zones of an inode that holds `data`; blocks of zero bytes become holes."""
        width = "H" if self.version == 1 else "I"
        fan = self.block // struct.calcsize("<" + width)
        pieces = [data[at : at + self.block] for at in range(0, len(data), self.block)]
        left = [self._zone(piece) if piece.strip(b"\0") else 0 for piece in pieces]
        zones, left = (left[:7] + [0] * 7)[:7], left[7:]
        for degree in range(1, 3 if self.version == 1 else 4):
            part, left = left[: fan**degree], left[fan**degree :]
            for _ in range(degree):
                rows = [part[at : at + fan] for at in range(0, len(part), fan)]
                part = [
                    self._zone(struct.pack(f"{self.order}{len(row)}{width}", *row)) if any(row) else 0 for row in rows
                ]
            zones.append(part[0] if part else 0)
        assert not left
        return zones

    def _inode(self, number: int, about: os.stat_result, links: int, size: int, zones: list[int]) -> None:
        time, mode = int(about.st_mtime), about.st_mode
        if self.version == 1:
            at = self.table + 32 * (number - 1)
            row = mode, about.st_uid, size, time, about.st_gid, links, *zones
            struct.pack_into(self.order + "2H2I2B9H", self.image, at, *row)
        else:
            at = self.table + 64 * (number - 1)
            row = mode, links, about.st_uid, about.st_gid, size, time, time, time, *zones
            struct.pack_into(self.order + "4H4I10I", self.image, at, *row)

    def _folder(self, path: Path, number: int, parent: int) -> None:
        rows = [(number, b"."), (parent, b"..")]
        below = []
        for entry in sorted(path.iterdir()):
            about = entry.lstat()
            known = self._known.get(about.st_ino) if not stat.S_ISDIR(about.st_mode) else None
            child = known or self._inode_number()
            rows.append((child, os.fsencode(entry.name)))
            if known is None:
                self._known[about.st_ino] = child
                below.append((entry, about, child))
        layout = f"{self.order}{'I' if self.version == 3 else 'H'}{self.name_length}s"
        data = b"".join(struct.pack(layout, *row) for row in rows)
        folders = sum(stat.S_ISDIR(about.st_mode) for _, about, _ in below)
        self._inode(number, path.lstat(), 2 + folders, len(data), self._store(data))
        for entry, about, child in below:
            if stat.S_ISDIR(about.st_mode):
                self._folder(entry, child, number)
                continue
            content = b""
            device = [0] * (9 if self.version == 1 else 10)
            if stat.S_ISREG(about.st_mode):
                content = entry.read_bytes()
            elif stat.S_ISLNK(about.st_mode):
                content = os.fsencode(entry.readlink())
            elif stat.S_ISBLK(about.st_mode) or stat.S_ISCHR(about.st_mode):
                device[0] = os.major(about.st_rdev) << 8 | os.minor(about.st_rdev)
            self._inode(child, about, about.st_nlink, len(content), self._store(content) if content else device)
