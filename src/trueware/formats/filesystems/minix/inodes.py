"""Inodes of minixfs, and the zones their contents lie in.

=========  ===============  ====================================================================
version 1  versions 2 and 3 field
=========  ===============  ====================================================================
0, 2       0, 2             mode
2, 2       4, 2             owner
4, 4       8, 4             size
8, 4       16, 4            time of modification; at 12 and 20 in versions 2 and 3, of access and change
12, 1      6, 2             group
13, 1      2, 2             links
14, 2 x 9  24, 4 x 10       seven zones; a zone of zones, one of zones of these, and in versions 2 and 3 one of a third degree
=========  ===============  ====================================================================

Zone 0 is a hole. Of a device the first holds major and minor number, eight bits each.

Source: Linux include/uapi/linux/minix_fs.h, fs/minix/inode.c, itree_common.c.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from struct import Struct

from trueware.errors import MalformedInput
from trueware.formats.archived import KINDS
from trueware.formats.claims import Claims
from trueware.formats.contract import Content, Reading
from trueware.formats.filesystems.minix.superblock import FORMAT, Superblock
from trueware.formats.scattered import HOLE, Run, gathered
from trueware.model.part import Kind

_OLD, _NEW = "2H2I2B9H", "4H4I10I"
_DIRECT = 7


@dataclass(frozen=True, slots=True)
class Inode:
    """One inode in use."""

    number: int
    at: int
    kind: Kind
    mode: int
    links: int
    uid: int
    gid: int
    size: int
    mtime: int
    zones: tuple[int, ...]


class InodeTable:
    """Reads inodes and finds their contents; knows which inodes and zones are in use."""

    def __init__(self, view: memoryview, sb: Superblock, claims: Claims, reading: Reading) -> None:
        self._view, self._sb, self._claims, self._reading = view, sb, claims, reading
        self._layout = Struct(sb.order + (_OLD if sb.version == 1 else _NEW))
        width = 2 if sb.version == 1 else 4
        self._fan = sb.block // width
        self._numbers = Struct(f"{sb.order}{self._fan}{'H' if sb.version == 1 else 'I'}")
        self._named: list[int] = []
        self._zones: list[int] = []
        self._lists: set[int] = set()

    def read(self, number: int) -> Inode:
        """Return an inode; each may be read once.

        Raises:
            MalformedInput: there is none, or it is not in use.
        """
        if not 0 < number <= self._sb.inodes:
            raise MalformedInput(FORMAT, self._sb.inode_table, f"inode {number} of {self._sb.inodes}")
        at = self._sb.inode_table + (number - 1) * self._sb.inode_size
        if at + self._sb.inode_size > len(self._view):
            raise MalformedInput(FORMAT, at, f"inode {number} is behind the end")
        fields = self._layout.unpack_from(self._view, at)
        if self._sb.version == 1:
            mode, uid, size, mtime, gid, links, *zones = fields
        else:
            mode, links, uid, gid, size, _, mtime, _, *zones = fields
        kind = KINDS.get(mode & 0o170000)
        if kind is None or not links:
            raise MalformedInput(FORMAT, at, f"inode {number} is not in use")
        self._claims.take(at, at + self._sb.inode_size)
        self._named.append(number)
        return Inode(number, at, kind, mode & 0o7777, links, uid, gid, size, mtime, tuple(zones))

    def content(self, inode: Inode) -> tuple[Content, int | None]:
        """Return the content of an inode, and its offset where it lies in one piece.

        Raises:
            MalformedInput: it leaves the file system, or ends with the image.
        """
        runs: list[Run] = []
        left, block = inode.size, self._sb.block
        for zone, count in self._spans(inode):
            if not left:
                break
            length = min(count * block, left)
            left -= length
            if not zone:
                start = HOLE
            else:
                start = zone * block
                if start + length > len(self._view):
                    raise MalformedInput(FORMAT, start, "the image ends within a file")
                self._claims.take(start, start + length)
            if runs and (start == runs[-1][0] == HOLE or (HOLE not in (start, runs[-1][0]) and start == sum(runs[-1]))):
                start, before = runs.pop()
                length += before
            runs.append((start, length))
        if left:
            raise MalformedInput(FORMAT, inode.at, f"a file of {inode.size} bytes, more than an inode has zones for")
        return gathered(self._view, runs)

    def _spans(self, inode: Inode) -> Iterator[tuple[int, int]]:
        """Yield first zone and count of what lies together; zone 0 for holes."""
        for zone in inode.zones[:_DIRECT]:
            yield self._valid(zone, inode), 1
        for degree, zone in enumerate(inode.zones[_DIRECT:], 1):
            stack = [(zone, degree)]
            while stack:
                number, depth = stack.pop()
                if not number:
                    yield 0, self._fan**depth
                elif not depth:
                    yield self._valid(number, inode), 1
                else:
                    stack.extend((below, depth - 1) for below in reversed(self._below(number, inode)))

    def _below(self, zone: int, inode: Inode) -> Sequence[int]:
        """Return the numbers in a zone of zones."""
        start = self._valid(zone, inode) * self._sb.block
        if start + self._sb.block > len(self._view):
            raise MalformedInput(FORMAT, start, "the image ends within a zone of zones")
        if zone in self._lists:
            raise MalformedInput(FORMAT, start, f"zone {zone} lists the zones of something else as well")
        self._lists.add(zone)
        self._claims.take(start, start + self._sb.block)
        return self._numbers.unpack_from(self._view, start)

    def _valid(self, zone: int, inode: Inode) -> int:
        if zone and not self._sb.first_zone <= zone < self._sb.zones:
            raise MalformedInput(FORMAT, inode.at, f"zone {zone} of inode {inode.number} is outside of the contents")
        if zone:
            self._zones.append(zone)
            if len(self._zones) > 2 * self._sb.zones:
                # a small image could make much of one zone
                raise MalformedInput(FORMAT, inode.at, "zones that are used again and again")
        return zone

    def compare_bitmaps(self) -> None:
        """Tell of inodes and zones that are in use and marked as free: what is written next goes there."""
        if self._sb.order != "<":
            return
        first = self._sb.first_zone - 1
        for what, start, numbers in (
            ("inodes", self._sb.inode_map, self._named),
            ("zones", self._sb.zone_map, [zone - first for zone in self._zones]),
        ):
            places = (start + number // 8 for number in numbers)
            free = sum(
                not self._view[place] >> number % 8 & 1
                for place, number in zip(places, numbers, strict=True)
                if place < len(self._view)
            )
            if free:
                self._reading.note_anomaly("contradiction", f"{free} {what} are in use and marked as free", start)
