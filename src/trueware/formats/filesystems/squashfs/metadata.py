"""Metadata blocks: the tables of a squashfs are cut into pieces of 8 KiB, each packed behind a header of two bytes.

::

    u16  length of the block on disk, bit 15: stored as it is; then that many bytes

A reference to something in a table is 48 bits where its block begins, from the start of the table, and 16 bits where in the
unpacked block. A table is unpacked once, into one run of bytes, and what is taken from it is written down: what is taken
twice, or never, shows in the end.

Source: Linux fs/squashfs/block.c, Documentation/filesystems/squashfs.rst §3.
"""

from struct import Struct

from trueware.errors import LimitExceeded, MalformedInput
from trueware.formats.codecs import LZMA_ALONE, Codec, find_lzma_layout, inflate, unlz4, unlzo, unxz, unzstd
from trueware.formats.contract import Reading
from trueware.formats.filesystems.squashfs.superblock import COMPRESSORS, FORMAT, Superblock
from trueware.model.limits import Limits

BLOCK = 1 << 13
_STORED = 1 << 15
_SHARE = 8
"""Part of what may be held that one table may take: the inodes of a million files fit, and a bomb ends early."""

CODECS: dict[str, Codec] = {
    "gzip": inflate, "lzma": LZMA_ALONE.unpack, "lzo": unlzo, "xz": unxz, "lz4": unlz4, "zstd": unzstd,
}  # fmt: skip
_FIRST_INODE = Struct("<4H2I")
_KINDS = range(1, 15)


class Packing:
    """Unpacks the blocks of one file system, data and metadata."""

    def __init__(self, view: memoryview, sb: Superblock, reading: Reading) -> None:
        self.view = view
        self._codec = self._find_codec(sb, reading)
        self.described = (
            f"{FORMAT} {COMPRESSORS[sb.compressor]} {reading.facts.get('lzma', '')} {sb.block_size}".encode()
        )
        """All that decides, besides its own bytes and length, what a block unpacks to."""

    def unpack(self, start: int, size: int, max_size: int) -> bytes | bytearray:
        """Return what the `size` bytes at `start` unpack to, at most `max_size` bytes.

        Raises:
            MalformedInput: they do not.
        """
        try:
            return self._codec(self.view[start : start + size], max_size)
        except MalformedInput as error:
            raise type(error)(FORMAT, start, f"block of {size} bytes: {error.format}: {error.reason}") from error

    def metadata(self, start: int, end: int, max_size: int = BLOCK) -> tuple[bytes | bytearray, int]:
        """Return the metadata block at `start` unpacked, and where it ends, which is not after `end`.

        Raises:
            MalformedInput: there is none.
        """
        if start + 2 > end:
            raise MalformedInput(FORMAT, start, "no room for a metadata block")
        header = int.from_bytes(self.view[start : start + 2], "little")
        size = header & ~_STORED or _STORED
        stop = start + 2 + size
        if stop > end or size > BLOCK:
            raise MalformedInput(FORMAT, start, f"metadata block of {size} bytes")
        if header & _STORED:
            return bytes(self.view[start + 2 : stop]), stop
        return self.unpack(start + 2, size, max_size), stop

    def _find_codec(self, sb: Superblock, reading: Reading) -> Codec:
        """Return the stated codec, or the variant of LZMA that the first inode shows to be meant; that is a fact then."""
        codec = CODECS[COMPRESSORS[sb.compressor]]
        start = sb.inode_table + 2
        header = int.from_bytes(self.view[start - 2 : start], "little")
        if header & _STORED or COMPRESSORS[sb.compressor] not in ("lzma", "gzip"):
            return codec
        block = self.view[start : start + min(header, BLOCK)]
        try:
            codec(block, BLOCK)
        except MalformedInput:
            layout = find_lzma_layout(block, BLOCK, lambda data: _begins_with_inode(data, sb))
            if layout is not None:
                reading.facts["lzma"] = str(layout)
                return layout.unpack
        return codec


def _begins_with_inode(data: bytes, sb: Superblock) -> bool:
    """Tell whether an unpacked block could be the first of the inode table."""
    if len(data) < _FIRST_INODE.size:
        return False
    kind, mode, uid, gid, _, number = _FIRST_INODE.unpack_from(data)
    return kind in _KINDS and mode <= 0o7777 and max(uid, gid) < sb.ids and 0 < number <= sb.inodes


class Table:
    """A run of metadata blocks, unpacked.

    Attributes:
        data: what they hold, in a row.
        start: first byte of the first block.
        end: first byte after the last one.
    """

    def __init__(self, packing: Packing, start: int, end: int, limits: Limits) -> None:
        """Unpack the blocks from `start` until `end`, or until one cannot be; what refers beyond is malformed then."""
        self.start, self._places = start, {0: 0}
        self._starts: list[int] = []
        self._ends: list[int] = []
        pieces: list[bytes | bytearray] = []
        size = 0
        while start < end and size % BLOCK == 0:
            try:
                piece, start = packing.metadata(start, end)
            except MalformedInput:
                break
            pieces.append(piece)
            size += len(piece)
            self._places[start - self.start] = size
            if size > limits.max_held // _SHARE:
                raise LimitExceeded(
                    "max_held", limits.max_held, f"a table of a squashfs, with more than 1/{_SHARE} of it"
                )
        self.data = b"".join(pieces)
        self.end = start
        self._size, self._left = size, 2 * size

    def find(self, block: int, offset: int) -> int:
        """Return the place in `data` of a reference.

        Raises:
            MalformedInput: it leads nowhere.
        """
        place = self._places.get(block)
        if place is None or offset >= BLOCK or place + offset >= self._size:
            raise MalformedInput(FORMAT, self.start + block, f"no metadata at {offset:#x} of this block")
        return place + offset

    def take(self, start: int, end: int) -> None:
        """Write down that ``data[start:end]`` has its reader.

        Raises:
            MalformedInput: `end` is behind all data, or twice as much was taken as there is: a small table could cost much.
        """
        self._left -= end - start
        if end > self._size or self._left < 0:
            raise MalformedInput(FORMAT, self.start, f"metadata ends before {end:#x}, or is used twice")
        self._starts.append(start)
        self._ends.append(end)

    def account(self, what: str, reading: Reading, *, shared: bool = False) -> None:
        """Tell of what was taken twice, unless it may be `shared`, and of what was never taken and is not empty."""
        reading.cover(self.start, self.end)
        if [*sorted(self._starts), self._size] == [0, *sorted(self._ends)]:
            return  # each begins where another ends: every byte was taken once
        at = hidden = 0
        for start, end in (*sorted(zip(self._starts, self._ends, strict=True)), (self._size, self._size)):
            if start < at and not shared:
                reading.note_anomaly("overlap", f"two {what} share bytes", self.start)
            if start > at and any(self.data[at:start]):
                hidden += start - at
            at = max(at, end)
        if hidden:
            reading.note_anomaly(
                "hidden-content", f"{hidden} bytes among the {what} that none of them uses", self.start
            )
