"""Builds the floor (`floor.c`) and the lists of blocks it works through, so that the C program itself parses nothing.

The lists are made here and not by trueware's readers: the floor must not depend on what it is the measure of.
"""

import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator
from lzma import decompress as decompress_xz
from pathlib import Path
from struct import Struct, unpack_from

from tree import FOLDER, TREE

Block = tuple[int, int, int, int]
"""Offset, stored bytes, bytes it holds at most, codec: `struct block` of floor.c."""

_BLOCK = Struct("<QQII")
_STORED, _ZLIB, _XZ, _GZIP_STREAM = range(4)
_STEP = 1 << 18
_LIBRARIES = (("HAVE_LIBDEFLATE", "-ldeflate", "libdeflate"), ("HAVE_ISAL", "-lisal", "ISA-L"))


def build_floor() -> tuple[Path, str]:
    """Compile floor.c; return the program and which libraries do its work.

    Raises:
        SystemExit: there is no C compiler, or the headers of zlib, liblzma and OpenSSL are missing.
    """
    program = FOLDER / "floor"
    base = ["gcc", "-O2", "-Wall", "-o", str(program), str(Path(__file__).with_name("floor.c"))]
    flags, links, names = [], [], []
    for macro, link, name in _LIBRARIES:
        if subprocess.run([*base, f"-D{macro}", link, *_ALWAYS], capture_output=True, check=False).returncode == 0:
            flags.append(f"-D{macro}")
            links.append(link)
            names.append(name)
    if subprocess.run([*base, *flags, *links, *_ALWAYS], check=False).returncode:
        raise SystemExit(
            "the floor needs gcc and, from Debian, zlib1g-dev liblzma-dev libssl-dev (better: libdeflate-dev too)"
        )
    if len(names) < len(_LIBRARIES):
        sys.stderr.write("the floor is slower than it could be: install libdeflate-dev and libisal-dev\n")
    return program, ", ".join([*names, "zlib" if len(names) < len(_LIBRARIES) else "liblzma", "OpenSSL"])


_ALWAYS = ("-lz", "-llzma", "-lcrypto")


def write_blocks(name: str, image: Path) -> Path:
    """Write the list of blocks for the image called `name` beside it, and return where it is."""
    path = image.with_name(f"blocks.{name}")
    if not path.exists():
        data = image.read_bytes()
        if name.startswith("squashfs"):
            blocks = _squashfs(data)
        elif name == "ext4":
            blocks = _ext4(data)
        else:
            blocks = iter([(0, len(data), _STEP, _GZIP_STREAM)])
        path.write_bytes(b"".join(_BLOCK.pack(*block) for block in sorted(set(blocks))))
    return path


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
                    blocks.append((offset, len(data), _STEP, _GZIP_STREAM))
                    offset += len(data)
        listing.write_bytes(b"".join(_BLOCK.pack(*block) for block in blocks))
    return members, listing, listing.stat().st_size // _BLOCK.size


def _squashfs(data: bytes) -> Iterator[Block]:
    """Yield data and fragment blocks, from a walk along the inode table (they stand there one after the other)."""
    fields = unpack_from("<5I6H8Q", data)
    block_size, fragments, compression = fields[3], fields[4], fields[5]
    inode_table, directory_table, fragment_table = fields[15:18]
    codec = {1: _ZLIB, 4: _XZ}[compression]

    def block(offset: int, size: int) -> Block:
        stored = size & 0xFFFFFF
        return offset, stored, block_size, _STORED if size & 1 << 24 else codec

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


def _metadata(data: bytes, start: int, end: int, codec: int) -> Iterator[bytes]:
    while start < end:
        header = unpack_from("<H", data, start)[0]
        size = header & 0x7FFF
        raw = data[start + 2 : start + 2 + size]
        yield raw if header & 0x8000 else zlib.decompress(raw) if codec == _ZLIB else decompress_xz(raw)
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
                        yield physical * unit, stored, 0, _STORED


def _extents(data: bytes, at: int, unit: int) -> Iterable[tuple[int, int, int]]:
    _, entries, _, depth = unpack_from("<4H", data, at)
    for place in range(at + 12, at + 12 + 12 * entries, 12):
        if depth:
            low, high = unpack_from("<IH", data, place + 4)
            yield from _extents(data, (low | high << 32) * unit, unit)
        else:
            logical, count, high, low = unpack_from("<IHHI", data, place)
            yield logical, count, low | high << 32
