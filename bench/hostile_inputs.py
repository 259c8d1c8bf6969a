"""Small inputs that ask for much work, one function each: what `make hostile` measures beside those made of the vectors.

Each once took from seconds to minutes, or shows why another ceiling stands where it stands. They are bytes alone and cost little
to make.
"""

import bz2
import gzip
import lzma
from collections.abc import Callable
from io import BytesIO
from struct import Struct, pack
from zipfile import ZIP_DEFLATED, ZipFile
from zlib import adler32

OPAQUE = b"\x80" * 512
"""Bytes that no format claims, enough to be searched."""

_LOCAL, _RECORD, _END = Struct("<4s5H3I2H"), Struct("<4s6H3I5H2I"), Struct("<4s4H2IH")
_ZSTD, _BLOCK = b"\x28\xb5\x2f\xfd\x00\x58", b"\1\0\0"


def _member(name: bytes, mode: int = 0o100644, data: bytes = b"") -> bytes:
    """Return a member of a cpio archive (newc)."""
    fields = (1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + name + b"\0"
    return header + bytes(-len(header) % 4) + data + bytes(-len(data) % 4)


def _header(name: bytes, size: int = 0, kind: bytes = b"0") -> bytes:
    """Return a header of a tar archive."""
    block = bytearray(512)
    block[: len(name)] = name
    block[100:124] = b"0000644\x000000000\x000000000\0"
    block[124:148] = b"%011o\0%011o\0" % (size, 0)
    block[148:157] = b" " * 8 + kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _filled(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def _tiny(number: int) -> bytes:
    return gzip.compress(b"%x" % number, 1, mtime=0) + b"\x80"


def _zip(local: bytes, records: list[bytes]) -> bytes:
    directory, count = b"".join(records), len(records) & 0xFFFF
    return local + directory + _END.pack(b"PK\5\6", 0, 0, count, count, len(directory), len(local), 0)


def streams_in_opaque_bytes() -> bytes:
    """90,000 gzip streams of a few bytes each."""
    return OPAQUE + b"".join(map(_tiny, range(90_000)))


def packed_streams_in_opaque_bytes() -> bytes:
    """A thousand packed regions that each hold two thousand tiny streams."""
    region = gzip.compress(OPAQUE + _tiny(0) * 2_000, mtime=0)
    return OPAQUE + (region + OPAQUE) * 1_000


def packed_bait() -> bytes:
    """A thousand packed regions full of beginnings that lead nowhere."""
    region = gzip.compress(OPAQUE + b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xff\xff\xff" * 1_500, mtime=0)
    return OPAQUE + (region + OPAQUE) * 1_000


def blocks_in_opaque_bytes() -> bytes:
    """Streams of 40 bytes that unpack to 900 KB, slowly."""
    return OPAQUE + (bz2.compress(bytes(900_000)) + b"\x80") * 10_000


def members_of_cpio() -> bytes:
    """A million empty files, packed."""
    return gzip.compress(b"".join(_member(b"%x" % number) for number in range(1_000_000)), 6, mtime=0)


def one_name_in_cpio() -> bytes:
    """One name, a hundred thousand times."""
    return _member(b"name") * 100_000


def members_of_tar() -> bytes:
    """Three hundred thousand empty files, packed."""
    return gzip.compress(b"".join(_header(b"%x" % number) for number in range(300_000)), 6, mtime=0)


def records_of_tar() -> bytes:
    """Extended headers full of records, without a member."""
    records = b"10 atime=\n" * 6_500
    return gzip.compress((_header(b"records", len(records), b"x") + _filled(records)) * 1_500, mtime=0)


def map_of_tar() -> bytes:
    """A sparse file in a million pieces."""
    lines = _filled(b"1000000\n" + b"".join(b"%d\n0\n" % number for number in range(1_000_000)))
    records = b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n21 GNU.sparse.name=a\n31 GNU.sparse.realsize=1000000\n"
    return _header(b"records", len(records), b"x") + _filled(records) + _header(b"a", len(lines)) + lines + bytes(1024)


def members_that_share_bytes() -> bytes:
    """60,000 records of a zip that lead to one member."""
    local = _LOCAL.pack(b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    names = [b"%x" % number for number in range(60_000)]
    fields = (b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0)
    return _zip(local, [_RECORD.pack(*fields, len(name), 0, 0, 0, 0, 0, 0) + name for name in names])


def directory_found_again() -> bytes:
    """Beginnings of members, from each of which the same directory is found; it turns out to be of several files at its end."""
    fields = (b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0)
    records = [_RECORD.pack(*fields, 0, 0, 0, 0) + b"a"] * 60_000 + [_RECORD.pack(*fields, 5, 0, 0, 0) + b"a"]
    return _zip(OPAQUE + b"PK\3\4\x14\0" * 3_000, records)


def blocks_of_nothing() -> bytes:
    """Three million empty blocks in one Zstandard frame."""
    return _ZSTD + bytes(9_000_000) + _BLOCK


def blocks_of_a_byte() -> bytes:
    """As many that hold a byte, packed once more."""
    return gzip.compress(_ZSTD + b"\x08\0\0x" * 8_000_000 + _BLOCK, 6, mtime=0)


def frames_of_nothing() -> bytes:
    """300,000 Zstandard frames in a row."""
    return b"\x28\xb5\x2f\xfd\x20\x00\x01\0\0" * 300_000


def skippable_frames() -> bytes:
    """Frames that hold anything, before one of data."""
    return b"\x50\x2a\x4d\x18\0\0\0\0" * 500_000 + b"\x28\xb5\x2f\xfd\x20\x00\x01\0\0"


def streams_of_nothing() -> bytes:
    """400,000 gzip streams in a row."""
    return gzip.compress(b"", 1, mtime=0) * 400_000


def blocks_of_lzop() -> bytes:
    """Blocks of a byte."""
    header = pack(">HHHBBIIIIB", 0x1040, 0x20A0, 0x0940, 1, 5, 0, 0o100644, 0, 0, 0)
    return (
        b"\x89LZO\0\r\n\x1a\n" + header + pack(">I", adler32(header)) + (pack(">II", 1, 1) + b"x") * 800_000 + bytes(4)
    )


def damaged_stream() -> bytes:
    """An archive in a stream that fails half-way."""
    packed = bytearray(lzma.compress(_member(b"file", data=gzip.compress(bytes(1 << 20), 0)) * 2))
    packed[len(packed) // 2] ^= 0xFF
    return bytes(packed)


def zeros_in_gzip() -> bytes:
    """A bomb."""
    return gzip.compress(bytes(300 << 20), mtime=0)


def zeros_in_bzip2() -> bytes:
    """A slow bomb."""
    return bz2.compress(bytes(300 << 20))


def zeros_that_must_be_held() -> bytes:
    """What begins like a zip, whose directory stands at its end."""
    return gzip.compress(b"PK\3\4" + bytes(300 << 20), mtime=0)


def zeros_to_be_searched() -> bytes:
    """Opaque bytes in opaque bytes."""
    region = gzip.compress(OPAQUE + bytes(120 << 20), mtime=0)
    return gzip.compress((OPAQUE + region) * 3, mtime=0)


def containers_in_each_other() -> bytes:
    """Headers of Rockchip's ID blocks, each leading to those behind it by as many ways as there are numbers that add up."""
    header = bytearray(512)
    header[:16] = pack("<4s4xHHI", b"RKNS", 118, 4, 0)
    for number in range(4):
        header[120 + 88 * number : 124 + 88 * number] = pack("<HH", number + 4, 96)
    return bytes(header) * 96 + bytes(3 * 512)


def container_in_itself() -> bytes:
    """An ID block whose four programs are all of it."""
    header = bytearray(512)
    header[:16] = pack("<4s4xHHI", b"RKNS", 118, 4, 0)
    for number in range(4):
        header[120 + 88 * number : 124 + 88 * number] = pack("<HH", 0, 4)
    return bytes(header) + bytes(3 * 512)


def members_held_side_by_side() -> bytes:
    """Five members of a zip that each begin like a zip, whose directory stands at its end."""
    archive = BytesIO()
    with ZipFile(archive, "w", ZIP_DEFLATED, compresslevel=1) as file:
        for number in range(5):
            file.writestr(str(number), b"PK\3\4" + bytes(180 << 20))
    return archive.getvalue()


def folder_of_ext() -> bytes:
    """A folder of a hundred thousand names of one inode."""
    unit, files = 1024, 100_000
    names = [_entry(2, b".", 2), _entry(2, b"..", 2), *(_entry(12, b"%x" % number, 1) for number in range(files))]
    blocks, block = [], b""
    for name in names:
        if len(block) + len(name) > unit:
            blocks.append(_last(block, unit))
            block = b""
        block += name
    blocks.append(_last(block, unit))
    first = 16  # of the folder's blocks; before it boot block, superblock, descriptors, two bitmaps and the inodes
    total = first + len(blocks)
    groups = -(-(total - 1) // 8192)
    assert groups == 1, "one group's bitmap holds all blocks"
    superblock = bytearray(1024)
    superblock[0:32] = pack("<8I", 32, total, 0, 0, 0, 1, 0, 0)
    superblock[32:48] = pack("<4I", 8192, 8192, 32, 0)
    superblock[56:64] = pack("<HHHH", 0xEF53, 1, 1, 0)
    superblock[76:80] = pack("<I", 1)
    superblock[84:100] = pack("<IHHII", 11, 128, 0, 0, 0x42)  # features: kinds in folders, extents
    descriptor = pack("<3I4H", 3, 4, 5, 0, 0, 1, 0).ljust(1024, b"\0")
    extents = pack("<HHHHI", 0xF30A, 1, 4, 0, 0) + pack("<IHHI", 0, len(blocks), 0, first)
    inodes = bytearray(32 * 128)
    inodes[128:256] = _inode(0o40755, len(blocks) * unit, 2, extents)
    inodes[11 * 128 : 12 * 128] = _inode(0o100644, 0, files, pack("<HHHHI", 0xF30A, 0, 4, 0, 0))
    image = bytes(1024) + superblock + descriptor + b"\xff" * 2048 + inodes
    return image.ljust(first * unit, b"\0") + b"".join(blocks)


def _entry(inode: int, name: bytes, kind: int) -> bytes:
    length = 8 + len(name) + -len(name) % 4
    return (pack("<IHBB", inode, length, len(name), kind) + name).ljust(length, b"\0")


def _last(block: bytes, unit: int) -> bytes:
    """Return a block whose last entry reaches to its end."""
    at, length = 0, 0
    while at + length < len(block):
        at += length
        length = int.from_bytes(block[at + 4 : at + 6], "little")
    return (block[: at + 4] + pack("<H", unit - at) + block[at + 6 :]).ljust(unit, b"\0")


def _inode(mode: int, size: int, links: int, blocks: bytes) -> bytes:
    head = pack("<2HI4I2H3I", mode, 0, size, 0, 0, 0, 0, 0, links & 0xFFFF, 0, 0x80000, 0)
    return (head + blocks.ljust(60, b"\0")).ljust(128, b"\0")


INPUTS: dict[str, Callable[[], bytes]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        streams_in_opaque_bytes,
        packed_streams_in_opaque_bytes,
        packed_bait,
        blocks_in_opaque_bytes,
        members_of_cpio,
        one_name_in_cpio,
        members_of_tar,
        records_of_tar,
        map_of_tar,
        members_that_share_bytes,
        directory_found_again,
        blocks_of_nothing,
        blocks_of_a_byte,
        frames_of_nothing,
        skippable_frames,
        streams_of_nothing,
        blocks_of_lzop,
        damaged_stream,
        zeros_in_gzip,
        zeros_in_bzip2,
        zeros_that_must_be_held,
        zeros_to_be_searched,
        containers_in_each_other,
        container_in_itself,
        members_held_side_by_side,
        folder_of_ext,
    )
}
