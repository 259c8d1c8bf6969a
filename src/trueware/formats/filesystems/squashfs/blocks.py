"""Data blocks: what files hold, in blocks packed one by one, and the ends of files many in a block, which is a fragment.

A file is a run of blocks that lie one behind the other, a block of length 0 standing for zero bytes that are not stored.
Equal files share their run. Runs that overlap otherwise than block by block have been made by hand.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from hashlib import sha256
from struct import Struct
from threading import local

from trueware.errors import InputError, LimitExceeded, MalformedInput
from trueware.formats.contract import CHUNK, Buffer, Content, Packed, Produced, Reading
from trueware.formats.filesystems.squashfs.inodes import NO_FRAGMENT, Inode
from trueware.formats.filesystems.squashfs.metadata import Packing
from trueware.formats.filesystems.squashfs.superblock import FORMAT, Superblock
from trueware.model.limits import Limits

_STORED = 1 << 24
_SIZE = _STORED - 1
_WORD = Struct("<I")
_FRAGMENT = Struct("<Q2I")
_PLACE = Struct("<3Q")
_HALF = 32
_ZEROS = memoryview(bytes(CHUNK))

Run = tuple[int, int, bytes]
"""First byte, first byte after, words of the blocks as inodes have them."""


class Blocks:
    """The data blocks of one file system: reads them, from any thread."""

    def __init__(self, packing: Packing, block_size: int, reading: Reading) -> None:
        self._packing, self.block_size, self._reading = packing, block_size, reading
        self._refusals: dict[tuple[int, int, int], MalformedInput] = {}
        self._fragment_digests: dict[int, bytes] = {}
        self._per_thread = local()
        self.foreign: set[int] = set()
        """Where the runs begin that reach into those of other files: reading them again and again would cost much."""
        self.unused: dict[int, list[tuple[int, int]]] = {}
        """What no file uses, by fragment; looked at, and forgotten, when it is unpacked."""
        self.hiding: set[int] = set()
        """Fragments in which something was found there: what is in them is not to be known by how it lies packed."""

    def read(self, start: int, word: int, max_size: int) -> Buffer:
        """Return the block at `start`, whose word gives its length and how it is stored.

        Raises:
            MalformedInput: it is not a block of at most `max_size` bytes.
        """
        size = word & _SIZE
        if word & ~_SIZE == _STORED and size <= max_size:
            return self._packing.view[start : start + size]
        key = start, word, max_size
        if (known := self._refusals.get(key)) is not None:
            raise known  # a bad block that many files share is unpacked once
        try:
            if word & ~_SIZE or size > self.block_size:
                raise MalformedInput(FORMAT, start, f"block of {size} bytes, flags {word >> 24:#x}")  # noqa: TRY301
            return self._packing.unpack(start, size, max_size)
        except MalformedInput as error:
            self._refusals[key] = error
            raise

    def read_whole(self, start: int, word: int, size: int) -> Buffer:
        """Return the block at `start`, which must be one of `size` bytes."""
        data = self.read(start, word, size)
        if len(data) != size:
            error = MalformedInput(FORMAT, start, f"block of {len(data)} bytes, not {size}")
            self._refusals[start, word, size] = error
            raise error
        return data

    def digest(self, start: int, words: bytes) -> bytes:
        """Return SHA-256 of how the blocks of a run are packed, and of their packed bytes."""
        end = start + sum([word & _SIZE for (word,) in _WORD.iter_unpack(words)])
        digest = sha256(self._packing.described)
        digest.update(words)
        digest.update(self._packing.view[start:end])
        return digest.digest()

    def digest_fragment(self, number: int, start: int, word: int) -> bytes:
        """Return the same of a fragment, which is made once."""
        if (known := self._fragment_digests.get(number)) is None:
            known = self._fragment_digests[number] = self.digest(start, _WORD.pack(word))
        return known

    def read_fragment(self, number: int, start: int, word: int) -> Buffer:
        """Return a fragment; the last one of each thread is not unpacked again."""
        last: tuple[int, Buffer] = getattr(self._per_thread, "fragment", (-1, b""))
        if last[0] != number:
            last = self._per_thread.fragment = number, self.read(start, word, self.block_size)
            for first, end in self.unused.pop(number, ()):
                if hidden := len(bytes(last[1][first:end]).strip(b"\0")):
                    self.hiding.add(number)
                    detail = f"{hidden} bytes of fragment {number} that no file uses"
                    self._reading.note_anomaly("hidden-content", detail, start)
        return last[1]


class FileContent:
    """The content of one file, or of several equal ones."""

    __slots__ = ("_at", "_blocks", "_fragment", "_start", "_words", "group", "size")

    def __init__(
        self, blocks: Blocks, size: int, start: int, words: bytes, fragment: tuple[int, int, int] | None, at: int
    ) -> None:
        """Take `words` of blocks from `start`, and the rest of `size` from `fragment` (number, start, word), from `at`."""
        self._blocks, self._start, self._words, self._fragment, self._at = blocks, start, words, fragment, at
        self.size: int | None = size
        self.group = -1 if fragment is None else fragment[0]

    def packing(self) -> bytes | None:
        """Return SHA-256 of the packed blocks, of the fragment and the place in it, and of the size; see `Packed`."""
        if self._start in self._blocks.foreign and self._words:
            return None
        if self._fragment is not None and self._fragment[0] in self._blocks.hiding:
            return None
        digest = sha256(_PLACE.pack(self.size or 0, len(self._words), self._at))
        digest.update(self._blocks.digest(self._start, self._words))
        if self._fragment is not None:
            digest.update(self._blocks.digest_fragment(*self._fragment))
        return digest.digest()

    def chunks(self) -> Iterator[Buffer]:
        """Unpack the blocks one after the other."""
        blocks, at, left, unit = self._blocks, self._start, self.size or 0, self._blocks.block_size
        if at in blocks.foreign and self._words:
            raise MalformedInput(FORMAT, at, "blocks that reach into those of another file")
        for (word,) in _WORD.iter_unpack(self._words):
            size = min(left, unit)
            left -= size
            if word & _SIZE:
                yield blocks.read_whole(at, word, size)
                at += word & _SIZE
            else:
                yield from _zeros(size)
        if self._fragment is not None:
            data = blocks.read_fragment(*self._fragment)
            if self._at + left > len(data):
                detail = f"fragment of {len(data)} bytes, a file ends at {self._at + left}"
                raise MalformedInput(FORMAT, self._fragment[1], detail)
            yield memoryview(data)[self._at : self._at + left]


_: type[Packed] = FileContent


class Contents:
    """Gives inodes their contents, and knows whose the blocks are."""

    def __init__(
        self, blocks: Blocks, sb: Superblock, first: int, fragments: bytes, limits: Limits, reading: Reading
    ) -> None:
        """Blocks lie between `first` and the inode table; `fragments` is the fragment table."""
        self._blocks, self._first, self._end = blocks, first, sb.inode_table
        self._limits, self._reading = limits, reading
        self._fragments: list[tuple[int, int, int]] = []
        self._used_fragments: dict[int, array[int]] = {}
        """Ends of files by fragment: where each begins, above 32 bits of where it ends."""
        self._runs: set[Run] = set()
        self._known: dict[tuple[int, int, int, int, bytes], Content] = {}
        unused = 0
        for number, (start, word, reserved) in enumerate(_FRAGMENT.iter_unpack(fragments)):
            self._fragments.append((number, start, word))
            unused |= reserved
        if unused:
            reading.note_anomaly("reserved-bits", f"{unused:#x} in the fragment table", sb.fragment_table)

    def of(self, inode: Inode) -> Content:
        """Return the content of a file; files with the same blocks get the same object."""
        key = inode.start, inode.size, inode.fragment, inode.offset, inode.blocks
        known = self._known.get(key)
        if known is None:
            try:
                known = self._make(inode)
            except InputError as error:
                known = _refused(error, inode.size)
            self._known[key] = known
        return known

    def account(self) -> None:
        """Take all blocks that files use; what overlaps is reported and not read."""
        for start, _, _ in find_overlaps(self._runs):
            self._blocks.foreign.add(start)
            self._reading.note_anomaly("overlap", "blocks that reach into those of another file", start)
        for start, end, _ in self._runs:
            self._reading.cover(start, end)
        if unused := len(self._fragments) - len(self._used_fragments):
            self._reading.note_anomaly("hidden-content", f"{unused} fragments that no file uses")
        for number, used in self._used_fragments.items():
            self._blocks.unused[number] = list(_between(used, self._blocks.block_size))
        self._used_fragments.clear()

    def _make(self, inode: Inode) -> Content:
        size, unit = inode.size, self._blocks.block_size
        if size > self._limits.max_unpacked:
            raise LimitExceeded("max_unpacked", self._limits.max_unpacked, f"file of {size} bytes")
        fragment = None
        if inode.fragment != NO_FRAGMENT and size % unit:
            fragment = self._fragment(inode.fragment)
            if inode.offset + size % unit > unit:
                raise MalformedInput(FORMAT, fragment[1], f"end of a file at {inode.offset} in its fragment")
            self._used_fragments[inode.fragment].append(inode.offset << _HALF | inode.offset + size % unit)
        if inode.blocks:
            self._claim(inode.start, inode.blocks)
        return FileContent(self._blocks, size, inode.start, inode.blocks, fragment, inode.offset)

    def _fragment(self, number: int) -> tuple[int, int, int]:
        """Return number, start and word of a fragment."""
        if number >= len(self._fragments):
            raise MalformedInput(FORMAT, self._end, f"fragment {number} of {len(self._fragments)}")
        fragment = self._fragments[number]
        if number not in self._used_fragments:
            self._used_fragments[number] = array("Q")
            self._claim(fragment[1], _WORD.pack(fragment[2]))
        return fragment

    def _claim(self, start: int, words: bytes) -> None:
        """Write down that the blocks from `start` are in use."""
        end = start + sum([word & _SIZE for (word,) in _WORD.iter_unpack(words)])
        if end == start:
            return
        if not self._first <= start < end <= self._end:
            raise MalformedInput(FORMAT, start, f"blocks of a file until {end:#x}: not between superblock and inodes")
        self._runs.add((start, end, words))


def _between(used: "array[int]", size: int) -> Iterator[tuple[int, int]]:
    """Yield what lies between the ends of files in a fragment of `size` bytes."""
    at = 0
    for word in (*sorted(used), size << _HALF | size):
        start = word >> _HALF
        if start > at:
            yield at, start
        at = max(at, word & (1 << _HALF) - 1)


def find_overlaps(runs: Iterable[Run]) -> Iterator[Run]:
    """Yield the runs that overlap one before them otherwise than block by block."""
    widest: Run = (0, 0, b"")
    blocks: list[tuple[int, int]] = []
    for run in sorted(runs):
        start, end, _words = run
        if start < widest[1]:
            blocks = blocks or _blocks(widest)
            shared = blocks[bisect_left(blocks, (start,)) : bisect_left(blocks, (end,))]
            if [block for block in _blocks(run) if block[0] < widest[1]] != shared:
                yield run
        if end > widest[1]:
            widest, blocks = run, []


def _blocks(run: Run) -> list[tuple[int, int]]:
    """Return where each stored block of a run begins, and its word."""
    blocks, at = [], run[0]
    for (word,) in _WORD.iter_unpack(run[2]):
        if word & _SIZE:
            blocks.append((at, word))
            at += word & _SIZE
    return blocks


def _zeros(size: int) -> Iterator[Buffer]:
    while size > 0:
        yield _ZEROS[:size]
        size -= CHUNK


def _refused(error: InputError, size: int) -> Content:
    def refuse() -> Iterator[Buffer]:
        raise error

    return Produced(refuse, size)
