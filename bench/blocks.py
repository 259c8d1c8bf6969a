"""The lists of blocks that the floor (`floor.c`) works through: where content lies in each image, and how it is packed.

They are made here and not by trueware's readers: the floor must not depend on what it is the measure of. Each walk knows no
more than what the tools make that made these images; that nothing is missing, the sum of what comes out of the blocks shows.
"""

import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from lzma import decompress as decompress_xz
from pathlib import Path
from stat import S_ISREG
from struct import Struct, unpack_from
from zipfile import ZIP_STORED, ZipFile

import zstandard
from lz4.block import decompress as decompress_lz4
from lzallright import LZOCompressor

from erofs_blocks import erofs
from flash_blocks import jffs2, ubifs
from packing import Block, Codec
from tree import FOLDER, TREE

_BLOCK = Struct("<QQII")
_STEP = 1 << 18


def write_blocks(name: str, image: Path) -> Path:
    """Write the list of blocks for the image called `name` beside it, and return where it is."""
    path = image.with_name(f"blocks.{name}")
    if not path.exists():
        data = image.read_bytes()
        blocks = iter([(0, len(data), _STEP, Codec.GZIP_STREAM)])
        if not name.endswith(".gz"):
            blocks = _WALKS[name.split("-", maxsplit=1)[0]](data)
        path.write_bytes(b"".join(_BLOCK.pack(*block) for block in sorted(set(blocks))))
    return path


def codecs(listing: Path) -> frozenset[Codec]:
    """Return what the floor must be able to unpack for a list of blocks."""
    return frozenset(Codec(codec) for *_, codec in _BLOCK.iter_unpack(listing.read_bytes()))


def write_members() -> tuple[Path, Path, int]:
    """Write the gzip files of the tree one after the other, with their list; return both paths and how many there are."""
    members, listing = FOLDER / "members", FOLDER / "blocks.members"
    if not listing.exists():
        offset, blocks = 0, []
        with members.open("wb") as out:
            for path in sorted(TREE.rglob("*")):
                if path.is_symlink() or not path.is_file():
                    continue
                data = path.read_bytes()
                if data.startswith(b"\x1f\x8b\x08"):
                    out.write(data)
                    blocks.append((offset, len(data), _STEP, Codec.GZIP_STREAM))
                    offset += len(data)
        listing.write_bytes(b"".join(_BLOCK.pack(*block) for block in blocks))
    return members, listing, listing.stat().st_size // _BLOCK.size


_SQUASHFS = {1: Codec.ZLIB, 3: Codec.LZO, 4: Codec.XZ, 5: Codec.LZ4, 6: Codec.ZSTD}
_UNPACK: dict[Codec, Callable[[bytes], bytes]] = {
    Codec.ZLIB: zlib.decompress,
    Codec.LZO: lambda raw: LZOCompressor.decompress(raw, 8192),
    Codec.XZ: decompress_xz,
    Codec.LZ4: lambda raw: decompress_lz4(raw, 8192),
    Codec.ZSTD: lambda raw: zstandard.decompress(raw, 8192),
}


def _squashfs(data: bytes) -> Iterator[Block]:
    """Yield data and fragment blocks, from a walk along the inode table (they stand there one after the other)."""
    fields = unpack_from("<5I6H8Q", data)
    block_size, fragments, compression = fields[3], fields[4], fields[5]
    inode_table, directory_table, fragment_table = fields[15:18]
    codec = _SQUASHFS[compression]

    def block(offset: int, size: int) -> Block:
        stored = size & 0xFFFFFF
        return offset, stored, block_size, Codec.STORED if size & 1 << 24 else codec

    inodes = b"".join(_metadata(data, inode_table, directory_table, codec))
    at = 0
    while at < len(inodes):
        kind = unpack_from("<H", inodes, at)[0]
        match kind:
            case 2 | 9:
                if kind == 2:
                    start, fragment, _, size = unpack_from("<4I", inodes, at + 16)
                    at += 32
                else:
                    start, size, _, _, fragment = unpack_from("<3QII", inodes, at + 16)
                    at += 56
                count = size // block_size if fragment != 0xFFFFFFFF else -(-size // block_size)
                for stored in unpack_from(f"<{count}I", inodes, at):
                    if stored:
                        yield block(start, stored)
                        start += stored & 0xFFFFFF
                at += 4 * count
            case 3 | 10:
                at += 24 + unpack_from("<I", inodes, at + 20)[0] + (4 if kind == 10 else 0)
            case 8:
                count = unpack_from("<H", inodes, at + 32)[0]
                at += 40
                for _ in range(count):
                    at += 13 + unpack_from("<I", inodes, at + 8)[0]
            case _:
                at += {1: 32, 4: 24, 5: 24, 6: 20, 7: 20, 11: 28, 12: 28, 13: 24, 14: 24}[kind]
    pointers = unpack_from(f"<{-(-fragments // 512)}Q", data, fragment_table)
    entries = b"".join(next(_metadata(data, pointer, len(data), codec)) for pointer in pointers)
    for start, stored, _ in Struct("<QII").iter_unpack(entries):
        yield block(start, stored)


def _metadata(data: bytes, start: int, end: int, codec: Codec) -> Iterator[bytes]:
    while start < end:
        header = unpack_from("<H", data, start)[0]
        size = header & 0x7FFF
        raw = data[start + 2 : start + 2 + size]
        yield raw if header & 0x8000 else _UNPACK[codec](raw)
        start += 2 + size


def _ext4(data: bytes) -> Iterator[Block]:
    """Yield the extents of all regular files, cut where the file ends, from a walk along the inode tables."""
    inodes, _ = unpack_from("<II", data, 1024)
    unit = 1024 << unpack_from("<I", data, 1024 + 24)[0]
    per_group, inode_size = unpack_from("<I", data, 1024 + 40)[0], unpack_from("<H", data, 1024 + 88)[0]
    wide = unpack_from("<H", data, 1024 + 254)[0] if unpack_from("<I", data, 1024 + 96)[0] & 0x80 else 32
    descriptors = (1024 // unit + 1) * unit
    for group in range(-(-inodes // per_group)):
        table = unpack_from("<I", data, descriptors + group * wide + 8)[0] * unit
        first = table if group else table + 10 * inode_size  # the first ten are the file system's own
        for at in range(first, table + per_group * inode_size, inode_size):
            mode, links = unpack_from("<H", data, at)[0], unpack_from("<H", data, at + 26)[0]
            size = unpack_from("<I", data, at + 4)[0] | unpack_from("<I", data, at + 108)[0] << 32
            if mode & 0xF000 == 0x8000 and links and size:
                for logical, count, physical in _extents(data, at + 40, unit):
                    stored = min(count * unit, size - logical * unit)
                    if stored > 0:
                        yield physical * unit, stored, 0, Codec.STORED


def _extents(data: bytes, at: int, unit: int) -> Iterable[tuple[int, int, int]]:
    _, entries, _, depth = unpack_from("<4H", data, at)
    for place in range(at + 12, at + 12 + 12 * entries, 12):
        if depth:
            low, high = unpack_from("<IH", data, place + 4)
            yield from _extents(data, (low | high << 32) * unit, unit)
        else:
            logical, count, high, low = unpack_from("<IHHI", data, place)
            yield logical, count, low | high << 32


def _tar(data: bytes) -> Iterator[Block]:
    with tarfile.open(fileobj=BytesIO(data)) as archive:
        for member in archive:
            if member.isreg() and member.size:
                yield member.offset_data, member.size, 0, Codec.STORED


def _cpio(data: bytes) -> Iterator[Block]:
    """Yield the files of an archive with ASCII headers ("newc"), each a header of 110 bytes, a name, and the content."""
    at = 0
    while data[at : at + 6] == b"070701":
        fields = [int(data[place : place + 8], 16) for place in range(at + 6, at + 110, 8)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        start = at + 110 + name_size + 3 & ~3
        if S_ISREG(mode) and size:
            yield start, size, 0, Codec.STORED
        at = start + size + 3 & ~3


def _zip(data: bytes) -> Iterator[Block]:
    with ZipFile(BytesIO(data)) as archive:
        for entry in archive.infolist():
            if S_ISREG(entry.external_attr >> 16) and entry.file_size:
                name_size, extra_size = unpack_from("<HH", data, entry.header_offset + 26)
                codec = Codec.STORED if entry.compress_type == ZIP_STORED else Codec.DEFLATE
                yield entry.header_offset + 30 + name_size + extra_size, entry.compress_size, entry.file_size, codec


_WALKS: dict[str, Callable[[bytes], Iterator[Block]]] = {
    "squashfs": _squashfs,
    "ext4": _ext4,
    "erofs": erofs,
    "jffs2": jffs2,
    "ubifs": ubifs,
    "tar": _tar,
    "cpio": _cpio,
    "zip": _zip,
}
