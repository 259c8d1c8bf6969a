"""Data blocks: what files hold, in blocks packed one by one, and the ends of files many in a block, which is a fragment.

A file is a run of blocks that lie one behind the other, a block of length 0 standing for zero bytes that are not stored.
Equal files share their run. Runs that overlap in any other way have been made by hand.
"""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from struct import Struct
from threading import local

from trueware.errors import InputError, LimitExceeded, MalformedInput
from trueware.formats.contract import CHUNK, Buffer, Content, Produced, Reading
from trueware.formats.filesystems.squashfs.inodes import NO_FRAGMENT, Inode
from trueware.formats.filesystems.squashfs.metadata import Packing
from trueware.formats.filesystems.squashfs.superblock import FORMAT, Superblock
from trueware.model.limits import Limits

_STORED = 1 << 24
_SIZE = _STORED - 1
_WORD = Struct("<I")
_FRAGMENT = Struct("<Q2I")
_ZEROS = memoryview(bytes(CHUNK))

Run = tuple[int, int, bytes]
"""First byte, first byte after, lengths of the blocks as inodes have them."""


class Blocks:
    """Makes the contents of files, and knows whose the blocks are."""

    def __init__(
        self, packing: Packing, sb: Superblock, first: int, fragments: bytes, limits: Limits, reading: Reading
    ) -> None:
        """Read blocks that lie between `first` and the inode table; `fragments` is the fragment table."""
        self._packing, self._block_size, self._limits = packing, sb.block_size, limits
        self._first, self._end = first, sb.inode_table
        self._reading = reading
        self._fragments: list[tuple[int, int]] = []
        self._runs: dict[Run, bool] = {}
        self._contents: dict[tuple[int, int, int, int, bytes], Content] = {}
        self._refusals: dict[tuple[int, int, int], MalformedInput] = {}
        self._per_thread = local()
        unused = 0
        for start, size, reserved in _FRAGMENT.iter_unpack(fragments):
            self._fragments.append((start, size))
            unused |= reserved
        if unused:
            reading.note_anomaly("reserved-bits", f"{unused:#x} in the fragment table", sb.fragment_table)

    def content(self, inode: Inode) -> Content:
        """Return the content of a file; files with the same blocks get the same object."""
        key = inode.start, inode.size, inode.fragment, inode.offset, inode.blocks
        known = self._contents.get(key)
        if known is None:
            try:
                known = self._make(inode)
            except InputError as error:
                known = _refused(error, inode.size)
            self._contents[key] = known
        return known

    def account(self) -> None:
        """Take all blocks that files use; what overlaps is reported and not read."""
        for run in find_overlaps(self._runs):
            self._runs[run] = False
            self._reading.note_anomaly("overlap", "blocks that reach into those of another file", run[0])
        for start, end, _ in self._runs:
            self._reading.cover(start, end)

    def _make(self, inode: Inode) -> Content:
        if inode.size > self._limits.max_unpacked:
            raise LimitExceeded("max_unpacked", self._limits.max_unpacked, f"file of {inode.size} bytes")
        tail = 0
        if inode.fragment != NO_FRAGMENT and (tail := inode.size % self._block_size):
            if inode.fragment >= len(self._fragments):
                raise MalformedInput(FORMAT, self._end, f"fragment {inode.fragment} of {len(self._fragments)}")
            if inode.offset + tail > self._block_size:
                raise MalformedInput(FORMAT, self._end, f"end of a file at {inode.offset} in a fragment, {tail} bytes")
            start, word = self._fragments[inode.fragment]
            self._claim(start, _WORD.pack(word))
        if inode.blocks:
            self._claim(inode.start, inode.blocks)
        elif not tail:
            return Produced(lambda: iter(()), 0)
        return FileContent(self, inode, tail)

    def _claim(self, start: int, blocks: bytes) -> None:
        """Write down whose the blocks from `start` are."""
        end = start + sum(word & _SIZE for (word,) in _WORD.iter_unpack(blocks))
        if end == start:
            return
        if not self._first <= start < end <= self._end:
            raise MalformedInput(FORMAT, start, f"blocks of a file until {end:#x}: not between superblock and inodes")
        self._runs[start, end, blocks] = True

    # --- reading, from any thread ----------------------------------------------------------------------------------------

    def chunks(self, inode: Inode, tail: int) -> Iterator[Buffer]:
        """Yield the content of a file of which `tail` bytes lie in a fragment.

        Raises:
            MalformedInput: a block does not hold what it should.
        """
        at, left = inode.start, inode.size - tail
        for (word,) in _WORD.iter_unpack(inode.blocks):
            size = min(self._block_size, left)
            left -= size
            if word & _SIZE:
                data = self._read(at, word, size)
                if len(data) != size:
                    raise self._refuse(at, word, size, f"block of {len(data)} bytes, not {size}")
                yield data
                at += word & _SIZE
            else:
                yield from _zeros(size)
        if tail:
            data = self._read_fragment(inode.fragment)
            if inode.offset + tail > len(data):
                start, word = self._fragments[inode.fragment]
                raise MalformedInput(
                    FORMAT, start, f"fragment of {len(data)} bytes, a file ends at {inode.offset + tail}"
                )
            yield memoryview(data)[inode.offset : inode.offset + tail]

    def _read_fragment(self, number: int) -> Buffer:
        """Return a fragment, the last of each thread without unpacking it again."""
        last: tuple[int, Buffer] = getattr(self._per_thread, "fragment", (-1, b""))
        if last[0] != number:
            start, word = self._fragments[number]
            last = self._per_thread.fragment = number, self._read(start, word, self._block_size)
        return last[1]

    def _read(self, start: int, word: int, max_size: int) -> Buffer:
        size = word & _SIZE
        if word & ~_SIZE == _STORED:
            return self._packing.view[start : start + min(size, max_size + 1)]
        if (known := self._refusals.get((start, word, max_size))) is not None:
            raise known
        if word & ~_SIZE or size > self._block_size:
            raise self._refuse(start, word, max_size, f"block of {size} bytes on disk, flags {word >> 24:#x}")
        try:
            return self._packing.unpack(start, size, max_size)
        except MalformedInput as error:
            self._refusals[start, word, max_size] = error
            raise

    def _refuse(self, start: int, word: int, size: int, reason: str) -> MalformedInput:
        """Return an error and keep it: a bad block that many files share is unpacked once."""
        error = self._refusals[start, word, size] = MalformedInput(FORMAT, start, reason)
        return error

    def is_own(self, inode: Inode) -> bool:
        """Tell whether the blocks of a file are its own, or shared whole."""
        size = sum(word & _SIZE for (word,) in _WORD.iter_unpack(inode.blocks))
        return self._runs.get((inode.start, inode.start + size, inode.blocks), True)


class FileContent:
    """The content of one file, or of several equal ones."""

    __slots__ = ("_blocks", "_inode", "_tail", "group", "size")

    def __init__(self, blocks: Blocks, inode: Inode, tail: int) -> None:
        self._blocks, self._inode, self._tail = blocks, inode, tail
        self.size: int | None = inode.size
        self.group = inode.fragment if tail else -1

    def chunks(self) -> Iterator[Buffer]:
        """Unpack the blocks one after the other."""
        if not self._blocks.is_own(self._inode):
            raise MalformedInput(FORMAT, self._inode.start, "blocks that reach into those of another file")
        return self._blocks.chunks(self._inode, self._tail)


_: type[Content] = FileContent


def find_overlaps(runs: Iterable[Run]) -> Iterator[Run]:
    """Yield the runs that overlap one before them otherwise than block by block."""
    edges: set[int] = set()
    widest: Run = (0, 0, b"")
    for run in sorted(runs):
        start, end, _sizes = run
        if start < widest[1]:
            edges = edges or set(_edges(widest))
            if not edges.issuperset(edge for edge in _edges(run) if edge <= widest[1]):
                yield run
        if end > widest[1]:
            widest, edges = run, set()


def _edges(run: Run) -> Iterator[int]:
    """Yield where the blocks of a run begin and end."""
    return accumulate((word & _SIZE for (word,) in _WORD.iter_unpack(run[2])), initial=run[0])


def _zeros(size: int) -> Iterator[Buffer]:
    while size > 0:
        yield _ZEROS[:size]
        size -= CHUNK


def _refused(error: InputError, size: int) -> Content:
    def refuse() -> Iterator[Buffer]:
        raise error

    return Produced(refuse, size)
