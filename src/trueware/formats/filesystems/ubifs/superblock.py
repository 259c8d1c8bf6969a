"""The superblock, and the master node that says where the index and the journal are.

The superblock is the node at the start of block 0:

======  ====  ==============================================================
offset  size  field (little-endian)
======  ====  ==============================================================
26      1     hash of names: 0 r5, 1 for tests
27      1     form of keys: 0
28      4     flags: 2 large map of space, 4 free space has to be set up, 8 names by two hashes, 10 encryption,
              20 authentication
32      4     smallest unit of writing
36      4     size of a logical erase block
40      4     blocks
44      4     blocks it may grow to
48      8     most bytes in the journal
56      4     blocks of the log
60      4     blocks of the map of space
64      4     blocks of orphans
68      4     journal heads
72      4     branches of an index node
76      4     saved places in the map
80      4     version, up to 5
84      2     compressor of new files
88      8     uid and gid that may use
96      8     this many reserved bytes
104     4     granularity of time
108     16    UUID
124     4     version for reading alone
128     64    HMAC
192     64    HMAC of a known message
256     2     hash algorithm
258     64    hash of the master node
======  ====  ==============================================================

The last sound master node of blocks 1 and 2 counts; both blocks should hold the same:

======  ====  ==============================================================
24      8     highest inode
32      8     commit
40      4     flags: 1 in use, 2 no orphans, 4 recovering
44      4     first block of the log
48      12    block, offset and length of the root of the index
168     64    hash of the root of the index
296     64    HMAC
======  ====  ==============================================================

Source: Linux fs/ubifs/ubifs-media.h, sb.c, master.c.
"""

from enum import IntFlag
from struct import Struct
from typing import NamedTuple

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.contract import Reading
from trueware.formats.filesystems.ubifs import nodes
from trueware.formats.filesystems.ubifs.nodes import FORMAT, Type, WrongSum, read, scan

SUPERBLOCK_SIZE, MASTER_SIZE = 4096, 512
MASTERS = (1, 2)
LOG = 3
"""The first block of the log."""

_SUPERBLOCK = Struct("<2I8xIB3x2x2B5IQ7IH2x2IQI16sI128xH")
_MASTER = Struct("<2I8xIB3x2Q5I")
_VERSION = 5
_BLOCK_SIZES = range(15 << 10, (16 << 20) + 1)
_COMPRESSORS = {0: "none", 1: "lzo", 2: "zlib", 3: "zstd"}
_HASHES = {1: ("md5", 16), 2: ("sha1", 20), 4: ("sha256", 32), 5: ("sha384", 48), 6: ("sha512", 64), 7: ("sha224", 28)}
"""Names and sizes of the algorithms, as Linux numbers them."""


class Flags(IntFlag):
    """Flags of the superblock."""

    LARGE_MAP = 0x02
    SPACE_FIXUP = 0x04
    DOUBLE_HASH = 0x08
    ENCRYPTION = 0x10
    AUTHENTICATION = 0x20


_KNOWN = sum(Flags)


class Superblock(NamedTuple):
    """The fields as they stand on flash."""

    key_hash: int
    key_format: int
    flags: int
    min_io: int
    block_size: int
    blocks: int
    max_blocks: int
    max_journal: int
    log_blocks: int
    map_blocks: int
    orphan_blocks: int
    heads: int
    fanout: int
    saved: int
    version: int
    compressor: int
    reserved_uid: int
    reserved_gid: int
    reserved: int
    granularity: int
    uuid: bytes
    read_version: int
    hash_algorithm: int

    @property
    def map_start(self) -> int:
        """First block of the map of space."""
        return LOG + self.log_blocks

    @property
    def orphan_start(self) -> int:
        """First block of the orphans."""
        return self.map_start + self.map_blocks

    @property
    def main_start(self) -> int:
        """First block of nodes."""
        return self.orphan_start + self.orphan_blocks

    @property
    def branch_size(self) -> int:
        """Bytes of a branch of an index node."""
        return 20 + (_HASHES[self.hash_algorithm][1] if self.flags & Flags.AUTHENTICATION else 0)


class Master(NamedTuple):
    """What the master node says of the last commit."""

    highest_inode: int
    commit: int
    flags: int
    log: int
    root_block: int
    root_offset: int
    root_size: int


def looks_like(view: memoryview) -> bool:
    """Tell whether a superblock is at the start."""
    try:
        read(view, 0, SUPERBLOCK_SIZE, Type.SUPERBLOCK, _SUPERBLOCK)
    except MalformedInput:
        return False
    return True


def read_superblock(view: memoryview, reading: Reading) -> Superblock:
    """Return the superblock; what means something to a device becomes a fact.

    Raises:
        MalformedInput: it cannot be that of a file system.
    """
    sb = Superblock._make(read(view, 0, SUPERBLOCK_SIZE, Type.SUPERBLOCK, _SUPERBLOCK)[4:])
    if sb.version > _VERSION:
        raise UnsupportedInput(FORMAT, 80, f"version {sb.version}")
    if sb.key_format or sb.key_hash > 1:
        raise UnsupportedInput(FORMAT, 26, f"keys of form {sb.key_format}, hash {sb.key_hash}")
    if sb.flags & Flags.AUTHENTICATION and sb.hash_algorithm not in _HASHES:
        raise UnsupportedInput(FORMAT, 256, f"hash algorithm {sb.hash_algorithm}")
    if sb.block_size not in _BLOCK_SIZES or sb.block_size % 8:
        raise MalformedInput(FORMAT, 36, f"blocks of {sb.block_size} bytes")
    if sb.main_start >= sb.blocks or sb.log_blocks < 2 or sb.fanout < 3:
        raise MalformedInput(FORMAT, 40, f"{sb.blocks} blocks, the first of them in use {sb.main_start}")
    unused = [slice(24, 26), slice(86, 88), slice(322, SUPERBLOCK_SIZE)]
    if not sb.flags & Flags.AUTHENTICATION:
        unused += [slice(128, 256), slice(258, 322)]
    if sb.flags & ~_KNOWN or any(any(view[field]) for field in unused):
        reading.note_anomaly("reserved-bits", f"flags {sb.flags:#x}, or unused fields of the superblock", 28)
    told = [flag.name.lower().replace("_", "-") for flag in Flags if flag & sb.flags and flag.name]
    told = [name for name in told if name not in ("large-map", "space-fixup")]
    reading.facts |= {
        "block-size": str(sb.block_size), "min-io-size": str(sb.min_io), "format-version": str(sb.version),
        "reserved": f"{sb.reserved} {sb.reserved_uid}:{sb.reserved_gid}", "flags": ",".join(told) or "none",
    }  # fmt: skip
    if sb.flags & Flags.AUTHENTICATION:
        reading.facts["authentication"] = _HASHES[sb.hash_algorithm][0]
        reading.note_anomaly("checksum-unchecked", "hashes and HMACs of the authentication", 128)
    reading.notes |= {
        "uuid": sb.uuid.hex(), "blocks": str(sb.blocks), "fanout": str(sb.fanout),
        "compressor": _COMPRESSORS.get(sb.compressor, str(sb.compressor)),
    }  # fmt: skip
    return sb


def read_master(view: memoryview, sb: Superblock, reading: Reading) -> Master:
    """Return the master node that counts.

    Raises:
        MalformedInput: there is none.
    """
    found: list[bytes] = []
    for block in MASTERS:
        start, last = block * sb.block_size, b""
        for at, kind in scan(view, start, min(start + sb.block_size, len(view)))[0]:
            if kind == Type.PADDING:
                continue
            try:
                read(view, at, MASTER_SIZE, Type.MASTER, _MASTER)
            except MalformedInput as error:
                rule = "checksum-mismatch" if isinstance(error, WrongSum) else "malformed"
                reading.note_anomaly(rule, f"a master node: {error.reason}", at)
            else:
                last = bytes(view[at : at + MASTER_SIZE])
        if last:
            found.append(last)
        else:
            reading.note_anomaly("malformed", f"no master node in block {block}", start)
    if not found:
        raise MalformedInput(FORMAT, sb.block_size, "no master node")
    if found[0][nodes.HEADER_SIZE :] != found[-1][nodes.HEADER_SIZE :]:
        reading.note_anomaly("contradiction", "the master nodes of the two blocks differ", sb.block_size)
    master = Master._make(_MASTER.unpack_from(found[0])[4:])
    reading.notes["commit"] = str(master.commit)
    return master
