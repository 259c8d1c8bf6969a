"""The log: finds the nodes of a jffs2 and sorts them by what they belong to.

A device looks for a node at each multiple of four and skips what is none, and so does this: erased flash (FF), zeros, which a
device writes over what is void, and damage. What lies behind damage of `_DAMAGE` bytes belongs to something else.
OpenWrt ends the file system in the middle of its flash, at an erase block that begins with DE AD C0 DE.
"""

import re
from array import array
from collections import defaultdict
from typing import NamedTuple

from isal.isal_zlib import crc32

from trueware.formats.contract import Reading
from trueware.formats.filesystems.jffs2 import nodes
from trueware.formats.filesystems.jffs2.nodes import ONES, Order, crc
from trueware.formats.filler import RUN, is_filler

_DAMAGE = 1 << 18
"""Bytes without a node that end the file system: the largest erase block in use."""

_FALSE_STARTS = 1 << 16
"""Magics in damaged bytes that turned out to begin no node, after which no more are looked at."""

_END = b"\xde\xad\xc0\xde"
SMALLEST_BLOCK = 4096
_FILLED = (b"\xff", b"\0", b"\xff\xff", b"\0\0", b"\xff\xff\xff", b"\0\0\0", b"")

PLACE = 40
"""A node of an inode is kept as its version and, in this many bits, where it begins: sorted, the newest comes last."""


class Name(NamedTuple):
    """What a name in a folder stands for."""

    version: int
    number: int
    """Inode; 0: the name was taken away."""

    kind: int


class Log:
    """The nodes of one file system.

    Attributes:
        inodes: by number, the sound nodes of each inode as `PLACE` explains, in the order of the flash.
        damaged: by number of the inode, where its nodes are whose data do not fit their CRC.
        folders: by number, the newest node for each name.
        xattrs: by number, version and place of the newest node.
        xrefs: by inode and number of an xattr, the highest sequence.
        summaries: where they begin.
        starts: where all nodes begin.
        marks: where erase blocks begin, as far as one can tell.
        counted: how many nodes say something, now or in the past.
        end: first byte after the file system.
    """

    def __init__(self, view: memoryview, order: Order, reading: Reading) -> None:
        self._view, self._order, self._reading = view, order, reading
        self.inodes: defaultdict[int, list[int]] = defaultdict(list)
        self.damaged: defaultdict[int, list[int]] = defaultdict(list)
        self.folders: dict[int, dict[bytes, Name]] = {}
        self.xattrs: dict[int, tuple[int, int]] = {}
        self.xrefs: dict[tuple[int, int], int] = {}
        self.summaries: list[int] = []
        self.starts = array("Q")
        self.marks: list[int] = []
        self.counted = self.end = 0
        self._trouble: dict[tuple[str, str], tuple[int, int]] = {}
        self._magic = re.compile(re.escape(order.magic))
        self._false_starts = _FALSE_STARTS
        self._headers: dict[int, int] = {}
        """By type and length, the CRC of a header: most are like one before."""

        self._unused = 0
        at: int | None = 0
        while at is not None:
            stop = self._take_run(at)
            reading.cover(at, stop)
            at = self._skip(stop)
        if self._unused:
            reading.note_anomaly("reserved-bits", f"{self._unused:#x} in unused fields of nodes")
        for (rule, detail), (count, first) in self._trouble.items():
            reading.note_anomaly(rule, f"{detail} ({count} times)" if count > 1 else detail, first)

    def _take_run(self, at: int) -> int:
        """Take the nodes that follow each other from `at`, and return where none begins."""
        view, header, starts, headers = self._view, self._order.header, self.starts, self._headers
        take = {
            nodes.DIRENT: self._take_dirent, nodes.INODE: self._take_inode, nodes.XATTR: self._take_xattr,
            nodes.XREF: self._take_xref, nodes.CLEANMARKER: self._take_marker, nodes.SUMMARY: self._take_summary,
            nodes.PADDING: self._take_padding,
        }  # fmt: skip
        length = len(view)
        while at + nodes.HEADER_SIZE <= length:
            magic, kind, size, stated = header(view, at)
            if magic != nodes.MAGIC or size < nodes.HEADER_SIZE or at + size > length:
                break
            if kind & nodes.ACCURATE:
                if headers.get(kind << 32 | size) != stated:
                    if crc(view[at : at + 8]) != stated:
                        break
                    headers[kind << 32 | size] = stated
                taker = take.get(kind)
                if taker is not None:
                    taker(at, size)
                else:
                    self._tell("unsupported", f"a node of type {kind:#06x}", at)
            elif self._order.is_header(view, at):
                self.counted += 1
            else:
                break
            starts.append(at)
            at += size
            if size & 3:
                filled = -size & 3
                if view[at : at + filled] not in _FILLED:
                    self._tell("hidden-content", "data in the bytes that fill up", at)
                at += filled
            self.end = at
        return min(at, length)

    def _tell(self, rule: str, detail: str, at: int) -> None:
        count, first = self._trouble.get((rule, detail), (0, at))
        self._trouble[rule, detail] = count + 1, first

    def _lose(self, at: int, detail: str, rule: str = "checksum-mismatch") -> None:
        """Tell of a node that a device passes over: what it said is missing, or what was before it shows again."""
        self._tell(rule, detail, at)
        self._tell("malformed", "a node that is not usable", at)

    # --- between the nodes -----------------------------------------------------------------------------------------------

    def _skip(self, at: int) -> int | None:
        """Return where the next node begins, None if there is none."""
        view, length = self._view, len(self._view)
        place, erased = at, False
        while (run := RUN.match(view, place)) is not None:
            stop = run.end() if run.end() == length else run.end() & ~3
            if stop <= place:
                break
            erased = view[place] == 0xFF
            place = stop
        self._reading.cover(at, place)
        if place == length:
            self.end = length
            return None
        if self._order.is_header(view, place):
            size = self._order.header(view, place)[2]
            if place + size > length:
                self._reading.note_anomaly("truncated", f"a node of {size} bytes, {length - place} are there", place)
                self.end = length
                return None
            if erased:
                self.marks.append(place)
            return place
        if view[place : place + len(_END)] == _END and not place % SMALLEST_BLOCK:
            self._reading.notes["end-marker"] = f"{place:#x}"
            self._reading.cover(place, place + len(_END))
            self.end = place + len(_END)
            return None
        return self._search(place)

    def _search(self, at: int) -> int | None:
        """Return where the next node begins behind damage, None if the damage ends the file system."""
        view = self._view
        for match in self._magic.finditer(view, at + 1, min(at + _DAMAGE, len(view))):
            place = match.start()
            if place & 3:
                continue
            if self._order.is_header(view, place):
                if view[at : at + 2] == self._order.magic:
                    self._lose(at, "CRC of a header")
                else:
                    self._tell("malformed", "bytes that are no node", at)
                return place
            self._false_starts -= 1
            if not self._false_starts:
                self._tell("malformed", "too many bytes that look like nodes", at)
                break
        if view[at : at + 2] == self._order.magic:
            self._lose(at, "CRC of a header")
        return None

    # --- nodes -----------------------------------------------------------------------------------------------------------

    def _take_dirent(self, at: int, size: int) -> None:
        view = self._view
        if size < nodes.DIRENT_SIZE:
            return self._lose(at, "a name that is too short", "malformed")
        folder, version, number, _, length, kind, unused, stated, name_stated = self._order.dirent(view, at)
        if crc(view[at : at + 32]) != stated:
            return self._lose(at, "CRC of a name's node")
        if nodes.DIRENT_SIZE + length > size:
            return self._lose(at, f"a name of {length} bytes in a node of {size}", "malformed")
        name = view[at + nodes.DIRENT_SIZE : at + nodes.DIRENT_SIZE + length].tobytes()
        if crc(name) != name_stated:
            return self._lose(at, "CRC of a name")
        self.counted += 1
        self._unused |= unused
        self._check_filled(at + nodes.DIRENT_SIZE + length, at + size)
        names = self.folders.setdefault(folder, {})
        found = Name(version, number, kind)
        known = names.get(name)
        if known is not None and version == known.version and found != known:
            self._tell("contradiction", "two nodes of one version for one name", at)
        if known is None or version >= known.version:
            names[name] = found
        return None

    def _take_inode(self, at: int, size: int) -> None:
        view = self._view
        if size < nodes.INODE_SIZE:
            return self._lose(at, "an inode that is too short", "malformed")
        number, version, length, offset, packed, data_size, flags, data_stated, stated = self._order.checked(view, at)
        if crc32(view[at : at + 60], ONES) ^ ONES != stated:
            return self._lose(at, "CRC of an inode")
        end = nodes.INODE_SIZE + packed
        if end > size or size - end > 3 or offset > length or offset + data_size > nodes.MAX_FILE:
            return self._lose(at, "an inode whose sizes do not fit", "malformed")
        if flags:
            self._unused |= flags & ~nodes.INODE_FLAGS
        if end < size:
            self._check_filled(at + end, at + size)
        if not packed:
            self._unused |= data_stated  # a device does not look at it
        elif crc32(view[at + nodes.INODE_SIZE : at + end], ONES) ^ ONES != data_stated:
            self.damaged[number].append(at)
            return None
        self.counted += 1
        self.inodes[number].append(version << PLACE | at)
        return None

    def _take_xattr(self, at: int, size: int) -> None:
        view = self._view
        if size < nodes.XATTR_SIZE:
            return self._lose(at, "an extended attribute that is too short", "malformed")
        number, version, _, name_length, value_length, data_stated, stated = self._order.xattr(view, at)
        if crc(view[at : at + 28]) != stated:
            return self._lose(at, "CRC of an extended attribute's node")
        end = at + nodes.XATTR_SIZE + name_length + 1 + value_length
        if end > at + size:
            return self._lose(at, "an extended attribute longer than its node", "malformed")
        if version != nodes.XATTR_GONE and crc(view[at + nodes.XATTR_SIZE : end]) != data_stated:
            return self._lose(at, "CRC of an extended attribute")
        self._check_filled(end, at + size)
        self.counted += 1
        known = self.xattrs.get(number)
        if known is not None and version == known[0] and view[at : at + size] != view[known[1] : known[1] + size]:
            self._tell("contradiction", "two nodes of one version for one extended attribute", at)
        if known is None or version >= known[0]:
            self.xattrs[number] = version, at
        return None

    def _take_xref(self, at: int, size: int) -> None:
        view = self._view
        if size < nodes.XREF_SIZE:
            return self._lose(at, "a reference to an extended attribute that is too short", "malformed")
        inode, number, sequence, stated = self._order.xref(view, at)
        if crc(view[at : at + 24]) != stated:
            return self._lose(at, "CRC of a reference to an extended attribute")
        self._check_filled(at + nodes.XREF_SIZE, at + size)
        self.counted += (inode, number) not in self.xrefs
        self.xrefs[inode, number] = max(sequence, self.xrefs.get((inode, number), 0))
        return None

    def _take_marker(self, at: int, size: int) -> None:
        self.marks.append(at)
        self._take_padding(at, size)

    def _take_summary(self, at: int, size: int) -> None:
        if size < nodes.SUMMARY_SIZE:
            return self._lose(at, "a summary that is too short", "malformed")
        self.summaries.append(at)
        return None

    def _take_padding(self, at: int, size: int) -> None:
        self._check_filled(at + nodes.HEADER_SIZE, at + size)

    def _check_filled(self, at: int, end: int) -> None:
        """Look at what of a node has no meaning."""
        if not is_filler(self._view, at, end):
            self._tell("hidden-content", "data in the unused part of a node", at)
