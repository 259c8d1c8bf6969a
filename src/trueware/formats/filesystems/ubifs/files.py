"""Files: a node of data for each block of 4 KiB, packed one by one; a block without a node is zeros."""

from collections.abc import Callable, Iterator

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.codecs import inflate_raw, unlzo, unzstd
from trueware.formats.contract import Buffer, Content, Reading
from trueware.formats.filesystems.ubifs import nodes
from trueware.formats.filesystems.ubifs.index import place_of
from trueware.formats.filesystems.ubifs.nodes import BLOCK, DATA_SIZE, FORMAT, Type, crc
from trueware.formats.pieces import joined
from trueware.formats.scattered import zeros

_NONE = 0
_CODECS: dict[int, Callable[[Buffer, int], Buffer]] = {1: unlzo, 2: inflate_raw, 3: unzstd}


class FileContent:
    """The content of one file, or where it is encrypted what is stored of it."""

    __slots__ = ("_blocks", "_encrypted", "_number", "_path", "_reading", "_size", "_view", "group", "size")

    def __init__(
        self,
        view: memoryview,
        number: int,
        blocks: dict[int, int],
        size: int,
        path: str,
        reading: Reading,
        *,
        encrypted: bool,
    ) -> None:
        self._view, self._number, self._path, self._reading, self._size = view, number, path, reading, size
        self._blocks = sorted(blocks.items())
        self._encrypted = encrypted
        self.size: int | None = None if encrypted else size
        self.group = -1

    def chunks(self) -> Iterator[Buffer]:
        """Unpack the nodes one after the other."""
        return joined(self._stored() if self._encrypted else self._unpacked())

    def _unpacked(self) -> Iterator[Buffer]:
        reached, size = 0, self._size
        for block, node in self._blocks:
            start = block * BLOCK
            if start >= size:
                break
            if start > reached:
                yield from zeros(start - reached)
            packed, length, compressor = self._node(block, node)
            data: Buffer = packed
            if compressor != _NONE:
                if compressor not in _CODECS or length > BLOCK:
                    raise UnsupportedInput(FORMAT, node, f"{length} bytes packed by compressor {compressor}")
                data = _CODECS[compressor](packed, length)
            if len(data) != length:
                raise MalformedInput(FORMAT, place_of(node)[0], f"{len(data)} bytes of a file, its node says {length}")
            if start + length > size:
                data = memoryview(data)[: size - start]
            yield data
            reached = start + len(data)
        if reached < size:
            yield from zeros(size - reached)

    def _stored(self) -> Iterator[Buffer]:
        for block, node in self._blocks:
            yield self._node(block, node)[0]

    def _node(self, block: int, node: int) -> tuple[memoryview, int, int]:
        """Return what a node holds, how long it is unpacked, and by which compressor it was packed."""
        view, (at, size) = self._view, place_of(node)
        if size < DATA_SIZE:
            raise MalformedInput(FORMAT, at, f"a node of data of {size} bytes")
        magic, stated, found, kind, number, low, length, compressor, _ = nodes.DATA.unpack_from(view, at)
        key = Type.DATA << nodes.KIND_SHIFT | block
        if magic != nodes.MAGIC_WORD or found != size or kind != Type.DATA or number != self._number or low != key:
            raise MalformedInput(FORMAT, at, f"no data of block {block} of inode {self._number}")
        if crc(view[at + 8 : at + size]) != stated:
            # by default a device does not look
            self._reading.note_anomaly("checksum-mismatch", f"CRC-32 of the data of block {block}", at, self._path)
        return view[at + DATA_SIZE : at + size], length, compressor


_: tuple[type[Content], ...] = (FileContent,)
