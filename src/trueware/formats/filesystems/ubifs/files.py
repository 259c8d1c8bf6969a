"""Files: a node of data for each block of 4 KiB, packed one by one; a block without a node is zeros."""

from collections.abc import Callable, Iterator

from isal.isal_zlib import crc32

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.codecs import inflate_raw, unlzo, unzstd
from trueware.formats.contract import Buffer, Content, Reading
from trueware.formats.filesystems.ubifs.index import SIZE_BITS, place_of
from trueware.formats.filesystems.ubifs.nodes import BLOCK, DATA, DATA_SIZE, FORMAT, KIND_SHIFT, MAGIC_WORD, Type
from trueware.formats.pieces import joined
from trueware.formats.scattered import zeros

_NONE = 0
_DATA = int(Type.DATA)
_KEY = _DATA << KIND_SHIFT
_IN_SIZE = (1 << SIZE_BITS) - 1
_unpack_from = DATA.unpack_from
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
            data, length, compressor = self._read(block, node)
            if compressor != _NONE:
                codec = _CODECS.get(compressor)
                if codec is None or length > BLOCK:
                    raise UnsupportedInput(
                        FORMAT, place_of(node)[0], f"{length} bytes packed by compressor {compressor}"
                    )
                data = codec(data, length)
            if len(data) != length:
                raise MalformedInput(FORMAT, place_of(node)[0], f"{len(data)} bytes of a file, its node says {length}")
            reached = start + length
            if reached > size:
                data = memoryview(data)[: size - start]
            yield data
        if reached < size:
            yield from zeros(size - reached)

    def _stored(self) -> Iterator[Buffer]:
        for block, node in self._blocks:
            yield self._read(block, node)[0]

    def _read(self, block: int, node: int) -> tuple[Buffer, int, int]:
        """Return what a node holds, how long it is unpacked, and by which compressor it was packed."""
        view, at, size = self._view, node >> SIZE_BITS, node & _IN_SIZE
        if size < DATA_SIZE:
            raise MalformedInput(FORMAT, at, f"a node of data of {size} bytes")
        magic, stated, found, kind, number, low, length, compressor, _ = _unpack_from(view, at)
        if magic != MAGIC_WORD or found != size or kind != _DATA or number != self._number or low != _KEY | block:
            raise MalformedInput(FORMAT, at, f"no data of block {block} of inode {self._number}")
        if crc32(view[at + 8 : at + size]) ^ 0xFFFFFFFF != stated:
            # by default a device does not look
            self._reading.note_anomaly("checksum-mismatch", f"CRC-32 of the data of block {block}", at, self._path)
        return view[at + DATA_SIZE : at + size], length, compressor


_: tuple[type[Content], ...] = (FileContent,)
