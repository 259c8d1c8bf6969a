"""The superblock of squashfs 4.0, and the options of its compressor behind it.

======  ====  ==============================================================
offset  size  field (little-endian)
======  ====  ==============================================================
0       4     magic, "hsqs"
4       4     number of inodes
8       4     time of making
12      4     size of a data block, 4 KiB to 1 MiB
16      4     number of fragments
20      2     compressor: 1 gzip, 2 lzma, 3 lzo, 4 xz, 5 lz4, 6 zstd
22      2     log2 of the block size
24      2     flags: what mksquashfs did; 0x400: compressor options follow
26      2     number of ids
28      2, 2  version, 4 and 0
32      8     reference of the root's inode
40      8     bytes used
48      8     id table
56      8     table of extended attributes (all ones: none)
64      8     inode table
72      8     directory table
80      8     fragment table
88      8     export table (all ones: none)
96      ..    compressor options, in a metadata block
======  ====  ==============================================================

Source: Linux fs/squashfs/squashfs_fs.h, Documentation/filesystems/squashfs.rst. Vendors changed the magic to keep the usual tools
out, or to tell their LZMA apart; a kernel knows one of them, so another magic than the usual is a fact.
"""

from struct import Struct
from typing import Literal, NamedTuple

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import Reading

FORMAT = "squashfs"
MAGIC = b"hsqs"
MAGICS = (MAGIC, b"sqsh", b"shsq", b"qshs", b"tqsh", b"hsqt", b"sqlz")
"""The usual one, and those of vendors."""

NONE = (1 << 64) - 1
"""A table that is not there."""

COMPRESSORS = {1: "gzip", 2: "lzma", 3: "lzo", 4: "xz", 5: "lz4", 6: "zstd"}

_FIELDS = Struct("<4s4I6H8Q")
_VERSION = 28
_OLD_BLOCK_LOG = 34
_BLOCK_LOGS = range(12, 21)
_HAS_OPTIONS, _RESERVED = 0x400, 0xF000
_OPTIONS_STORED = 0x8000
_MAX_OPTIONS = 256
_LZ4_LEGACY = 1


Order = Literal["little", "big"]


class Version(NamedTuple):
    """A version that is not 4.0, or is big-endian."""

    major: int
    order: Order


class Superblock(NamedTuple):
    """The fields as they stand on disk."""

    magic: bytes
    inodes: int
    made: int
    block_size: int
    fragments: int
    compressor: int
    block_log: int
    flags: int
    ids: int
    major: int
    minor: int
    root: int
    bytes_used: int
    id_table: int
    xattr_table: int
    inode_table: int
    directory_table: int
    fragment_table: int
    export_table: int


def looks_like(view: memoryview) -> bool:
    """Tell whether `view` begins with a superblock of any version or byte order."""
    if len(view) < _FIELDS.size:
        return False
    sb = Superblock._make(_FIELDS.unpack_from(view))
    if sb.magic not in MAGICS:
        return False
    if (sb.major, sb.minor) == (4, 0):
        return sb.block_log in _BLOCK_LOGS and sb.block_size == 1 << sb.block_log
    return old_version(view) is not None


def read_superblock(view: memoryview) -> Superblock:
    """Return the superblock.

    Raises:
        UnsupportedInput: with a compressor that is not known.
        MalformedInput: its fields cannot be true.
    """
    if len(view) < _FIELDS.size:
        raise MalformedInput(FORMAT, 0, "shorter than a superblock")
    sb = Superblock._make(_FIELDS.unpack_from(view))
    if sb.magic not in MAGICS:
        raise MalformedInput(FORMAT, 0, f"magic {sb.magic!r}")
    if (sb.major, sb.minor) != (4, 0):
        raise MalformedInput(FORMAT, _VERSION, f"version {sb.major}.{sb.minor}")
    if sb.block_log not in _BLOCK_LOGS or sb.block_size != 1 << sb.block_log:
        raise MalformedInput(FORMAT, 12, f"blocks of {sb.block_size} bytes, 2^{sb.block_log} as well")
    if sb.compressor not in COMPRESSORS:
        raise UnsupportedInput(FORMAT, 20, f"compressor {sb.compressor}")
    tables = [table for table in sb[-6:] if table != NONE]
    if not _FIELDS.size <= sb.inode_table < sb.directory_table < sb.bytes_used or max(tables) > sb.bytes_used:
        raise MalformedInput(FORMAT, 40, "the tables do not lie in the file system, or not in order")
    if not sb.ids or not sb.inodes:
        raise MalformedInput(FORMAT, 4, "no ids or no inodes")
    return sb


def old_version(view: memoryview) -> Version | None:
    """Return what version and byte order it is, None where it cannot be any that is not 4.0, little-endian."""
    orders: tuple[Order, Order] = ("little", "big")
    for order in orders:
        major, minor, log = (
            int.from_bytes(view[at : at + 2], order) for at in (_VERSION, _VERSION + 2, _OLD_BLOCK_LOG)
        )
        if order == "big" and (major, minor) == (4, 0):
            return Version(major, order)
        if 1 <= major <= 3 and minor <= 1 and log in _BLOCK_LOGS:
            return Version(major, order)
    return None


def read_options(view: memoryview, sb: Superblock, reading: Reading) -> int:
    """Tell of the superblock and the options behind it; return the first byte after both.

    Raises:
        MalformedInput: the options run past the inode table.
    """
    reading.notes |= {
        "version": f"{sb.major}.{sb.minor}",
        "compression": COMPRESSORS[sb.compressor],
        "block-size": str(sb.block_size),
        "flags": f"{sb.flags:#05x}",
        "created": str(sb.made),
    }
    if sb.magic != MAGIC:
        reading.facts["magic"] = sb.magic.decode("ascii")
    if sb.flags & _RESERVED:
        reading.note_anomaly("reserved-bits", f"flags {sb.flags:#06x}", 24)
    end, options = _FIELDS.size, b""
    if sb.flags & _HAS_OPTIONS:
        header = int.from_bytes(view[end : end + 2], "little")
        size = header & ~_OPTIONS_STORED
        if not header & _OPTIONS_STORED or size > _MAX_OPTIONS or end + 2 + size > sb.inode_table:
            raise MalformedInput(FORMAT, end, f"compressor options of {size} bytes")
        options = bytes(view[end + 2 : end + 2 + size])
        end += 2 + size
        reading.notes["compressor-options"] = options.hex()
    if wrong := _wrong_options(COMPRESSORS[sb.compressor], options):
        reading.note_anomaly("contradiction", f"{wrong}: Linux would not mount it", _FIELDS.size)
    reading.cover(0, end)
    return end


def _wrong_options(compressor: str, options: bytes) -> str:
    """Return what Linux minds about the options, empty for nothing; vendors' longer ones are their own affair."""
    word = int.from_bytes(options[:4], "little")
    if compressor == "lz4" and (len(options) != 8 or word != _LZ4_LEGACY):
        return "options of lz4 that are not there, or not of its one version"
    if (
        compressor == "xz"
        and len(options) == 8
        and (not word or word & (word - 1) not in (0, 1 << word.bit_length() - 2))
    ):
        return f"an xz dictionary of {word} bytes"
    return ""
