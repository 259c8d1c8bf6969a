"""Inodes of old and of big-endian squashfs, returned as those of 4.0 are. The layouts stand in `old_layouts`.

1.x and 2.x number no inodes and count no links; the place of an inode is what names share. 1.x has users in banks of 16: five
kinds of inode for each bank, and kind 0, with a field of its own for the bank, for fifos and sockets. A group of all ones is
the user's number again. Folders, and from 3.0 on all, say when they were modified, of the rest the superblock says it.

Source: squashfs-tools squashfs_compat.h; Linux fs/squashfs/squashfs2_0.c as patched into 2.6 kernels.
"""

from struct import iter_unpack, pack

from trueware.errors import MalformedInput
from trueware.formats.filesystems.squashfs.inodes import BASIC, NO_FRAGMENT, OVERHEAD, UNSTATED, Inode
from trueware.formats.filesystems.squashfs.metadata import Table
from trueware.formats.filesystems.squashfs.old_layouts import layouts_of
from trueware.formats.filesystems.squashfs.old_superblock import OldSuperblock
from trueware.formats.filesystems.squashfs.superblock import FORMAT
from trueware.model.part import Kind

_STORED_1, _STORED = 1 << 15, 1 << 24
_KINDS_1, _BANK = 5, 16
_SAME_AS_USER = {1: 15, 2: 255, 3: 255}
_NO_ID = 0xFFFF
_FOLDER, _FILE, _LINK = 1, 2, 3
_BIG_FOLDER, _BIG_FILE = 8, 9
_HIGHEST_KIND = {1: 7, 2: 8, 3: 9, 4: 14}
_MAX_TARGET = 65_535
_NAMES = {1: "folder", 2: "file", 3: "link", 4: "device", 5: "device", 6: "other", 7: "other"}


class OldInodes:
    """Reads inodes by reference."""

    def __init__(self, table: Table, old: OldSuperblock) -> None:
        self._table, self._old, self._major = table, old, old.fields.major
        self._layouts = layouts_of(self._major, old.order)
        self._sign = "<" if old.order == "little" else ">"
        self._numbers: dict[int, int] = {}

    def number(self, reference: int) -> int:
        """Return the number given to an inode that has none, in order of being asked for, from 1."""
        return self._numbers.setdefault(reference, len(self._numbers) + 1)

    def read(self, reference: int) -> Inode:
        """Return an inode; each may be read once.

        Raises:
            MalformedInput: there is none.
        """
        start = self._table.find(reference >> 16, reference & 0xFFFF)
        data, record = self._table.data, self._layouts["inode"]
        base = record.read(data, start)
        at = start + record.size
        kind, bank = base["kind"], 0
        if self._major == 1:
            if kind:
                bank, kind = divmod(kind - 1, _KINDS_1)
                kind += 1
            else:  # what is no socket is a fifo
                other = self._layouts["other"].read(data, at)
                kind, bank = max(other["kind"], _KINDS_1 + 1), other["bank"]
        if not 0 < kind <= _HIGHEST_KIND[self._major]:
            raise MalformedInput(FORMAT, self._table.start, f"inode of kind {kind}")
        user, group = self._owner(base, bank)
        inode = Inode(
            BASIC[kind if kind <= len(BASIC) else kind - len(BASIC)],
            base["mode"],
            user,
            group,
            base.get("modified", self._old.fields.made),
            base["number"] if "number" in base else self.number(reference),
            parent=UNSTATED,
        )
        self._table.take(start, self._rest(inode, kind, at))
        return inode

    def _owner(self, base: dict[str, int], bank: int) -> tuple[int, int]:
        """Return the places of user and group in the list of users, followed by that of groups."""
        if self._major == 4:
            return base["user"], base["group"]
        user, group = base["user"] + bank * _BANK, base["group"]
        if user >= self._old.users:
            user = _NO_ID
        if group == _SAME_AS_USER[self._major]:
            return user, user
        return user, self._old.users + group if group < self._old.groups else _NO_ID

    def _rest(self, inode: Inode, kind: int, at: int) -> int:
        """Read what depends on the kind, and return where the inode ends."""
        data, big = self._table.data, kind > len(BASIC)
        name = _NAMES[kind - len(BASIC) * big]
        record = self._layouts[f"big-{name}" if kind in (_BIG_FOLDER, _BIG_FILE) else name]
        fields = record.read(data, at)
        at += record.size
        for field in ("links", "size", "offset", "start", "parent", "fragment", "xattrs", "modified"):
            if field in fields:
                setattr(inode, field, fields[field])
        if kind in (_FOLDER, _BIG_FOLDER):
            if self._major < 3:
                inode.size += OVERHEAD  # which later versions count
            return self._indexes(inode, fields.get("count", 0), at)
        if inode.kind is Kind.FILE:
            return self._blocks(inode, at)
        if inode.kind is Kind.SYMLINK:
            length = fields["length"]
            if not 0 < length <= _MAX_TARGET or at + length > len(data):
                raise MalformedInput(FORMAT, self._table.start, f"link of {length} bytes")
            inode.target = bytes(data[at : at + length])
            at += length
        elif "device" in fields:
            number = fields["device"]
            inode.device = number >> 8 & 0xFFF, number & 0xFF | number >> 12 & 0xFFF00
        if big:
            inode.xattrs = self._layouts["xattrs"].read(data, at)["xattrs"]
            at += self._layouts["xattrs"].size
        return at

    def _indexes(self, inode: Inode, count: int, at: int) -> int:
        indexes = []
        for _ in range(count):
            record = self._layouts["index"]
            fields = record.read(self._table.data, at)
            at += record.size + fields["length"] + 1
            if at > len(self._table.data):
                raise MalformedInput(FORMAT, self._table.start, "an index of a folder that does not end")
            name = self._table.data[at - fields["length"] - 1 : at]
            indexes.append((fields["offset"], fields["block"], bytes(name)))
        inode.indexes = tuple(indexes)
        return at

    def _blocks(self, inode: Inode, at: int) -> int:
        """Read the words of the blocks, and turn them into those of 4.0."""
        count, tail = divmod(inode.size, self._old.fields.block_size)
        if tail and inode.fragment == NO_FRAGMENT:
            count += 1
        width = 2 if self._major == 1 else 4
        end = at + width * count
        if end > len(self._table.data):
            raise MalformedInput(FORMAT, self._table.start, f"file of {inode.size} bytes, and too few blocks for it")
        words = self._table.data[at:end]
        if self._major == 1:
            wide = [
                (word & ~_STORED_1 or _STORED_1) | (_STORED if word & _STORED_1 else 0)
                for (word,) in iter_unpack(f"{self._sign}H", words)
            ]
            inode.blocks = pack(f"<{count}I", *wide)
        else:
            given = [word for (word,) in iter_unpack(f"{self._sign}I", words)]
            if self._major < 3 and not all(given):
                raise MalformedInput(FORMAT, self._table.start, "a block of nothing, which came with 3.0")
            inode.blocks = pack(f"<{count}I", *given)
        return end
