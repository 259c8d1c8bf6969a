"""ext2, ext3 and ext4: the file systems of Linux devices with block storage.

The file system is cut into groups of blocks, each with a bitmap of its blocks, one of its inodes, and a table of these; copies of
the superblock and the group descriptors stand in some groups. The layouts stand in the modules that read them:

============  =============================================================
module        what it reads
============  =============================================================
superblock    superblock, features, where copies lie
groups        group descriptors
inodes        inodes
blocks        extents and indirect blocks, content
xattrs        extended attributes
directories   blocks of folders
htree         index of large folders
space         bitmaps; which blocks are whose
tree          the walk that puts all of it together
============  =============================================================

Source: Linux Documentation/filesystems/ext4/, fs/ext4/.
"""

from bisect import bisect_left
from collections.abc import Iterator
from struct import unpack_from
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.bitmaps import bits
from trueware.formats.contract import Entry, FormatDoc, Held, Magic, Reading
from trueware.formats.filesystems.ext.blocks import BlockMap, content, map_blocks
from trueware.formats.filesystems.ext.groups import Group, read_groups
from trueware.formats.filesystems.ext.inodes import FLAG_INLINE, InodeTable
from trueware.formats.filesystems.ext.space import CONTENT, METADATA, Space, clear_runs
from trueware.formats.filesystems.ext.superblock import OFFSET, Compat, Incompat, RoCompat, Superblock, looks_like
from trueware.formats.filesystems.ext.tree import Tree
from trueware.formats.hidden import Hidden
from trueware.model.limits import Limits
from trueware.model.part import Kind

_BAD_BLOCKS, _RESIZE, _DOUBLE = 1, 7, 13 * 4
_JOURNAL_MAGIC, _JOURNAL_START = b"\xc0\x3b\x39\x98", 0x1C


class Ext:
    """A file system of the ext family."""

    name: ClassVar[str] = "ext"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "ext2, ext3, ext4 file system",
        references=("Linux Documentation/filesystems/ext4/", "Linux fs/ext4/"),
        limitations=(
            "a journal that waits to be replayed is reported, not replayed",
            "encrypted content and names stay encrypted",
            "in the index of a folder that ignores case, only names in ASCII are looked up",
            "file systems of the Hurd, of Lustre and with a journal elsewhere are refused",
        ),
    )
    magics: ClassVar[tuple[Magic, ...]] = (Magic(1080, b"\x53\xef"),)

    @staticmethod
    def matches(view: memoryview) -> bool:
        return looks_like(view)

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:
        sb = Superblock(view)
        reading = Reading()
        sb.tell(reading)
        size = sb.blocks * sb.block_size
        if size > len(view):
            reading.note_anomaly("truncated", f"{size - len(view)} of {size} bytes are missing", len(view))
        reading.end = min(size, len(view))
        groups = read_groups(view, sb, reading)
        reading.entries = _entries(view, sb, groups, Space(view, sb, groups, reading), reading, limits)
        return reading


def _entries(
    view: memoryview, sb: Superblock, groups: list[Group], space: Space, reading: Reading, limits: Limits
) -> Iterator[Entry]:
    table = InodeTable(view, sb, groups, reading)
    if any(view[:OFFSET]):
        yield Entry("boot-block", Kind.REGION, Held(view[:OFFSET]), size=OFFSET, offset=0)
    hidden = _Hidden(view, sb, table, space, reading)
    hidden.claim_bad_blocks()
    hidden.claim_resize_blocks()
    hidden.claim_journal()
    hidden.claim_orphan_file()
    yield from hidden.quotas()
    tree = Tree(view, sb, table, space, reading, limits)
    yield from tree.walk()
    _compare_inodes(view, sb, groups, space, reading, tree.seen)
    space.account()


class _Hidden:
    """Inodes without a name that the file system keeps for itself."""

    def __init__(self, view: memoryview, sb: Superblock, table: InodeTable, space: Space, reading: Reading) -> None:
        self._view, self._sb, self._table, self._space, self._reading = view, sb, table, space, reading

    def _map(self, number: int, owner: int) -> tuple[BlockMap, int] | None:
        """Return the blocks of an inode and its size, None where it has no content that can be read."""
        try:
            inode = self._table.read(number)
            if inode.flags & FLAG_INLINE or not any(inode.block):
                return None
            return map_blocks(inode, self._sb, self._space, owner), inode.size
        except MalformedInput as error:
            self._reading.note_anomaly("malformed", f"inode {number}: {error.reason}", error.offset)
            return None

    def claim_bad_blocks(self) -> None:
        """Take out the blocks that are listed as unusable."""
        self._map(_BAD_BLOCKS, METADATA)

    def claim_resize_blocks(self) -> None:
        """Take the block that lists the reserved descriptor blocks; these lie with the descriptors."""
        if self._sb.compat & Compat.RESIZE_INODE:
            inode = self._table.read(_RESIZE)
            block = int.from_bytes(inode.block[_DOUBLE : _DOUBLE + 4], "little")
            if block and self._space.is_valid(block) and not self._space.claim(block, 1, METADATA):
                self._reading.note_anomaly("overlap", "the block of the resize inode", inode.offset)

    def claim_journal(self) -> None:
        """Take the journal, and tell whether it waits to be replayed."""
        sb, waits = self._sb, Incompat.RECOVER in self._sb.incompat
        if waits:
            detail = "the journal holds changes that a device would apply before reading"
            self._reading.note_anomaly("unsupported", detail, OFFSET + 0x60)
        if not sb.compat & Compat.HAS_JOURNAL or not sb.fields.journal_inode:
            return
        found = self._map(sb.fields.journal_inode, METADATA)
        if found is None or not found[0].runs:
            return
        raw = self._space.block(found[0].runs[0][2])
        if raw[:4] != _JOURNAL_MAGIC:
            self._reading.note_anomaly(
                "contradiction", "the journal does not begin as one", found[0].runs[0][2] * sb.block_size
            )
        elif unpack_from(">I", raw, _JOURNAL_START)[0] and not waits:
            detail = "the journal holds changes and the superblock says it does not"
            self._reading.note_anomaly("contradiction", detail, OFFSET + 0x60)

    def claim_orphan_file(self) -> None:
        """Take the file that lists inodes in use without a name."""
        sb = self._sb
        if sb.compat & Compat.ORPHAN_FILE and sb.fields.orphan_file:
            self._map(sb.fields.orphan_file, METADATA)
        if sb.fields.last_orphan or RoCompat.ORPHAN_PRESENT in sb.ro_compat:
            self._reading.notes["orphans"] = "present"

    def quotas(self) -> Iterator[Entry]:
        """Yield the files that hold what users may use."""
        fields = self._sb.fields
        if RoCompat.QUOTA not in self._sb.ro_compat:
            return
        for kind, number in (
            ("user", fields.user_quota),
            ("group", fields.group_quota),
            ("project", fields.project_quota),
        ):
            found = self._map(number, CONTENT) if number else None
            if found is not None:
                made, offset = content(self._view, self._sb.block_size, found[0].runs, found[1])
                yield Entry(f"quota-{kind}", Kind.REGION, made, size=found[1], offset=offset)


def _compare_inodes(
    view: memoryview, sb: Superblock, groups: list[Group], space: Space, reading: Reading, seen: set[int]
) -> None:
    """Compare which inodes the bitmaps call used with those that have a name, and look into the others."""
    free = Hidden(view, "inodes that are not in use")
    own = {
        *range(1, sb.first_inode),
        sb.fields.orphan_file,
        sb.fields.user_quota,
        sb.fields.group_quota,
        sb.fields.project_quota,
    }
    named = sorted(seen | own)
    nameless = unmarked = 0
    for index, group in enumerate(groups):
        table, first, count = group.inode_table * sb.block_size, index * sb.inodes_per_group + 1, sb.inodes_per_group
        if table >= len(view):
            continue
        used = bytes(count)
        if not group.inodes_unused:
            bitmap = space.bitmap(group.inode_bitmap, count, group.inode_checksum, group.checksum_mask)
            used = bits(bitmap, count) if bitmap is not None else used
        expected = bytearray(count)
        for number in named[bisect_left(named, first) : bisect_left(named, first + count)]:
            expected[number - first] = 1
            if not used[number - first] and number not in own:
                unmarked += 1
        both = int.from_bytes(used, "little") | int.from_bytes(expected, "little")
        nameless += both.bit_count() - sum(expected)
        for start, end in clear_runs(both.to_bytes(count, "little")):
            free.look(table + start * sb.inode_size, table + end * sb.inode_size, sb.inode_size)
    free.tell(reading)
    if nameless:
        reading.note_anomaly("hidden-content", f"{nameless} inodes are in use and have no name")
    if unmarked:
        reading.note_anomaly("contradiction", f"{unmarked} inodes have a name and are marked as free")
