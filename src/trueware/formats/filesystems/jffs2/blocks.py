"""Erase blocks: their size is a device's and stands nowhere, and nodes are where it makes a difference, or are told of.

A device takes an erase block that begins with a clean marker, or with nothing, and goes on with erased flash for one that is
free, and does not look behind that. It does not take a node that reaches across the end of a block. At the end of a block a
summary may stand in for the nodes in it, and some devices then look no further::

    inode   u16 type E002, u32 inode, u32 version, u32 offset in the block, u32 length
    dirent  u16 type E001, u32 length, u32 offset, u32 folder, u32 version, u32 inode, u8 name length, u8 kind, name
    xattr   u16 type E008, u32 number, u32 version, u32 offset, u32 length
    xref    u16 type E009, u32 offset

Source: Linux fs/jffs2/scan.c, fs/jffs2/summary.h.
"""

from bisect import bisect_left
from collections.abc import Iterator
from math import gcd
from struct import Struct

from trueware.errors import MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.jffs2 import nodes
from trueware.formats.filesystems.jffs2.log import SMALLEST_BLOCK, Log
from trueware.formats.filesystems.jffs2.nodes import FORMAT, Order, crc

_MARK_SIZE = 8
_Record = tuple[int | bytes, ...]
"""Type and offset of a node, and what is in both the node and the summary."""


class EraseBlocks:
    """The erase blocks of one file system, as far as they show."""

    def __init__(self, view: memoryview, order: Order, log: Log, reading: Reading) -> None:
        self._view, self._order, self._log, self._reading = view, order, log, reading
        self._u16, self._u32 = Struct(order.sign + "H"), Struct(order.sign + "I")
        self._mark = Struct(order.sign + "2I")
        self._inode = Struct(order.sign + "2x4I")
        self._dirent = Struct(order.sign + "2x5I2B")
        self._xref = Struct(order.sign + "2xI")

    def check(self) -> None:
        """Report what devices could see differently."""
        marks = list(self._log.marks)
        ends = set()
        for at in self._log.summaries:
            end = at + self._order.header(self._view, at)[2]
            ends.add(end)
            try:
                marks += (self._check_summary(at, end), end)
            except MalformedInput as error:
                self._reading.note_anomaly("contradiction", error.reason, at)
        self._find_false_summaries(ends)
        size = gcd(*marks)
        if size % SMALLEST_BLOCK:
            self._reading.note_anomaly("contradiction", "nodes behind erased flash, where devices may not look")
        elif size:
            self._reading.notes["erase-block"] = str(size & -size)
            self._check_bounds(size)

    def _check_bounds(self, size: int) -> None:
        starts = self._log.starts
        for bound in range(size, self._log.end, size):
            at = starts[bisect_left(starts, bound) - 1]
            if at < bound < at + self._order.header(self._view, at)[2]:
                detail = f"a node reaches across {bound:#x}, the end of an erase block"
                self._reading.note_anomaly("contradiction", detail, at)

    def _find_false_summaries(self, ends: set[int]) -> None:
        """Report the mark of a summary at what may be the end of a block, where no summary ends."""
        mark, view = self._u32.pack(nodes.SUMMARY_MAGIC), self._view
        for bound in range(SMALLEST_BLOCK, self._log.end + 1, SMALLEST_BLOCK):
            if view[bound - 4 : bound] == mark and bound not in ends:
                self._reading.note_anomaly("contradiction", "the mark of a summary without a summary", bound - 4)

    def _check_summary(self, at: int, end: int) -> int:
        """Compare a summary with the nodes it stands for, and return where its block begins.

        Raises:
            MalformedInput: they differ.
        """
        view = self._view
        count, _, _, records_stated, stated = self._order.summary(view, at)
        if crc(view[at : at + 24]) != stated or crc(view[at + nodes.SUMMARY_SIZE : end]) != records_stated:
            self._reading.note_anomaly("checksum-mismatch", "CRC of a summary", at)
        offset, mark = self._mark.unpack_from(view, end - _MARK_SIZE)
        start = int(at - offset)
        if mark != nodes.SUMMARY_MAGIC or start < 0:
            raise MalformedInput(FORMAT, at, "a summary without its mark")
        told = sorted(self._told(at + nodes.SUMMARY_SIZE, count, end - _MARK_SIZE), key=repr)
        if told != sorted(self._found(start, at), key=repr):
            raise MalformedInput(FORMAT, at, "a summary of other nodes than there are")
        return start

    def _told(self, at: int, count: int, end: int) -> Iterator[_Record]:
        view = self._view
        for _ in range(count):
            kind = self._u16.unpack_from(view, at)[0] if at + 2 <= end else 0
            layout = {nodes.INODE: self._inode, nodes.XATTR: self._inode, nodes.DIRENT: self._dirent,
                      nodes.XREF: self._xref}.get(kind)  # fmt: skip
            if layout is None or at + layout.size > end:
                raise MalformedInput(FORMAT, at, f"a summary with a record of type {kind:#06x}")
            fields = layout.unpack_from(view, at)
            at += layout.size
            if kind == nodes.DIRENT:
                size, offset, folder, version, number, length, entry_kind = fields
                yield kind, offset, size + 3 & ~3, folder, version, number, entry_kind, view[at : at + length].tobytes()
                at += length
            elif kind == nodes.XREF:
                yield kind, fields[0]
            else:
                number, version, offset, size = fields
                yield kind, offset, size + 3 & ~3, number, version

    def _found(self, start: int, end: int) -> Iterator[_Record]:
        view, order, starts = self._view, self._order, self._log.starts
        for at in starts[bisect_left(starts, start) : bisect_left(starts, end)]:
            _, kind, size, _ = order.header(view, at)
            kind |= nodes.ACCURATE
            if kind == nodes.DIRENT:
                folder, version, number, _, length, entry_kind, *_ = order.dirent(view, at)
                name = view[at + nodes.DIRENT_SIZE : at + nodes.DIRENT_SIZE + length].tobytes()
                yield kind, at - start, size + 3 & ~3, folder, version, number, entry_kind, name
            elif kind == nodes.XREF:
                yield kind, at - start
            elif kind in (nodes.INODE, nodes.XATTR):
                number, version = (order.inode if kind == nodes.INODE else order.xattr)(view, at)[:2]
                yield kind, at - start, size + 3 & ~3, number, version
