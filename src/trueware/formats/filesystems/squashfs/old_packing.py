"""Metadata blocks of old and of big-endian squashfs: headers in their byte order, and codecs that nothing in them names."""

from struct import Struct

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.codecs import Codec, find_lzma_layout
from trueware.formats.contract import Reading
from trueware.formats.filesystems.squashfs.metadata import BLOCK, CODECS, Packing
from trueware.formats.filesystems.squashfs.old_layouts import layouts_of
from trueware.formats.filesystems.squashfs.old_superblock import OldSuperblock
from trueware.formats.filesystems.squashfs.superblock import COMPRESSORS, FORMAT, Superblock

_STORED = 1 << 15
_CHECK = 0xFF
_SAME_AS_USER = {1: 15, 2: 255, 3: 255}


class OldPacking(Packing):
    """Unpacks the blocks of one file system, data and metadata."""

    def __init__(self, view: memoryview, old: OldSuperblock, reading: Reading) -> None:
        self._old = old
        self._u16 = Struct("<H" if old.order == "little" else ">H")
        super().__init__(view, old.fields, reading)

    def metadata(self, start: int, end: int, max_size: int = BLOCK) -> tuple[bytes | bytearray, int]:
        size, data_at, stored = self._header(start, end)
        stop = data_at + size
        if stop > end or size > BLOCK:
            raise MalformedInput(FORMAT, start, f"metadata block of {size} bytes")
        if stored:
            return bytes(self.view[data_at:stop]), stop
        return self.unpack(data_at, size, max_size), stop

    def _header(self, start: int, end: int) -> tuple[int, int, bool]:
        """Return the length of the block at `start`, where its data begin, and whether they are stored."""
        data_at = start + 2 + self._old.checked
        if data_at > end:
            raise MalformedInput(FORMAT, start, "no room for a metadata block")
        (header,) = self._u16.unpack_from(self.view, start)
        if self._old.checked and self.view[start + 2] != _CHECK:
            raise MalformedInput(FORMAT, start + 2, f"{self.view[start + 2]:#x} where each header has {_CHECK:#x}")
        return header & ~_STORED or _STORED, data_at, bool(header & _STORED)

    def _find_codec(self, sb: Superblock, reading: Reading) -> Codec:
        """Return the codec the first inode shows to be meant: 1.x to 3.x are zlib, unless a vendor's kernel reads LZMA."""
        compressor = COMPRESSORS.get(sb.compressor)
        if compressor is None:
            raise UnsupportedInput(FORMAT, 20, f"compressor {sb.compressor}")
        reading.notes["compression"] = compressor
        codec = CODECS[compressor]
        size, start, stored = self._header(sb.inode_table, sb.directory_table)
        if stored or compressor not in ("gzip", "lzma"):
            return codec
        block = self.view[start : start + min(size, BLOCK)]
        try:
            codec(block, BLOCK)
        except MalformedInput:
            layout = find_lzma_layout(block, BLOCK, self._begins_with_inode)
            if layout is not None:
                reading.facts["lzma"] = str(layout)
                return layout.unpack
        return codec

    def _begins_with_inode(self, data: bytes) -> bool:
        """Tell whether an unpacked block could be the first of the inode table."""
        old, record = self._old, layouts_of(self._old.fields.major, self._old.order)["inode"]
        if len(data) < record.size:
            return False
        inode = record.read(data, 0)
        if not 0 < inode.get("number", 1) <= old.fields.inodes or inode["mode"] > 0o7777:
            return False
        if old.fields.major == 4:
            return 0 < inode["kind"] < 15 and max(inode["user"], inode["group"]) < old.fields.ids
        group = inode["group"]
        return inode["user"] < max(old.users, 1) and (group < old.groups or group == _SAME_AS_USER[old.fields.major])
