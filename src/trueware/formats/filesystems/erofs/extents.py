"""Where the content of a compressed file lies: extents, each of which unpacks from one run of bytes, a *pcluster*.

Behind the inode, aligned to 8, stands a header::

    0  4  where its end begins among the ends of files; or u16 unused, u16 size of the pcluster that stands behind the indexes;
          or the number of extents
    4  2  advice: 1 compact indexes of 2 bytes (compact) or records of extents (full), 2 and 4 large pclusters,
          8 the last pcluster stands behind the indexes, 16 plain pclusters are interlaced, 32 the end is among those of files
    6  1  algorithms of heads 1 and 2, 4 bits each; with records, high bits of their number until 8
    7  1  log2 of a logical cluster, in blocks; bit 7: all of the file is among the ends of files, at what the other 63 bits say

Indexes say of each logical cluster whether an extent begins in it, and where: kinds 0 plain, 1 and 3 head of a compressed one,
2 none begins. Full ones have 8 bytes: u16 kind (bit 15: only a part of what the pcluster unpacks to), u16 offset in the cluster,
u32 block; of kind 2 u16 clusters back to the head (bit 11, only right behind the head: the blocks of the pcluster instead, which
else is one), u16 to the next head. Compact ones stand in packs of 2 or 16 that end with a u32 block, and have 16 or 14 bits: 12 or
more offset or clusters back, 2 kind. In the last of a pack the clusters to the next head stand in place of those back. The block of
a head is found by counting from that of its pack.

Linux looks up a cluster by these distances, and we read the indexes in their order: a distance that leads elsewhere is refused.
Where a cluster is larger than a block, Linux once counted pclusters in clusters, and now in blocks, as is done here: no tool makes
such indexes, and no image that has them is known.

Records have 4, 8, 16 or 32 bytes: u32 size (bit 27: part, bits 28 to 31: algorithm, plus 1), u32 and u32 first byte,
u32 and u32 where the extent begins in the file. Those of 4 bytes follow the u64 first byte of all.

Source: Linux fs/erofs/erofs_fs.h, zmap.c; erofs-utils lib/zmap.c.
"""

from collections.abc import Iterator
from functools import cache
from struct import Struct, iter_unpack, unpack_from
from typing import NamedTuple

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.filesystems.erofs.inodes import Inode, Layout
from trueware.formats.filesystems.erofs.superblock import ALGORITHMS, FORMAT, Superblock

SHIFTED, INTERLACED, NOTHING, FRAGMENT = 4, 5, 6, 7
"""How an extent is stored, beside 0 to 3 for `ALGORITHMS`: as it is, as it is and rotated, not at all, among the ends of files."""

HOW, PARTIAL, BEHIND = 0x0F, 0x10, 0x20
"""Mask of that; only the first part of what is unpacked is meant; the pcluster lies in the inode's area, not in the image."""

ROW = Struct("<2QIB")
"""An extent: first byte of what it is stored in, its length in the file, length of what it is stored in, how."""

MAX_PACKED, MAX_UNPACKED = 1 << 20, 12 << 20
"""Bytes of a pcluster, and what it may unpack to."""

_HEADER = Struct("<2H3sB")
_PLAIN, _HEAD1, _NO_HEAD, _HEAD2 = range(4)
_SMALL_INDEXES = _RECORDS = 0x01
_LARGE_1, _LARGE_2, _TAIL_BEHIND, _INTERLACED, _END_ELSEWHERE, _ADVICE = 0x02, 0x04, 0x08, 0x10, 0x20, 0x3F
_WHOLE_ELSEWHERE = 1 << 63
_BLOCKS = 1 << 11
_PART, _PART_KIND = 1 << 15, 4
_RECORD_PART, _RECORD_SIZE, _RECORD_HOW = 1 << 27, (1 << 21) - 1, 28
_MANY, _MANY_BITS = 16, 14
_MANY_LAST = (_MANY - 1) * _MANY_BITS
_MANY_MASK = (1 << _MANY_LAST) - 1 | 3 << _MANY_LAST + 12 | _BLOCKS << _MANY_LAST
"""All of a pack of 16 but where in the last the next head is, and the block."""

_PACK_BLOCK, _U64 = 4, (1 << 64) - 1
_DIFFERS = "logical clusters larger than a block, which Linux before 6.15 reads otherwise"
_COMPACT_LOG = 14
"""Log2 of the largest cluster that compact indexes have the bits for."""


@cache
def _many(behind: int) -> int:
    """Return what a pack of 16 holds in which no extent begins, its first cluster `behind` clusters from its head."""
    fields = sum((_NO_HEAD << 12 | behind + place) << place * _MANY_BITS for place in range(_MANY - 1))
    return fields | _NO_HEAD << _MANY_LAST + 12


class Extents(NamedTuple):
    """The extents of one file."""

    rows: bytes
    """In order, each as in `ROW`."""

    end: int
    """First byte behind what stands behind the inode."""

    wrong: str = ""
    """What programs could read differently, empty for nothing."""


def read_extents(inode: Inode, sb: Superblock) -> Extents:
    """Return where the content of a compressed file lies.

    Raises:
        MalformedInput: the indexes contradict themselves, or run past the end.
    """
    data, at = inode.area.data, -(-inode.end // 8) * 8
    if at + _HEADER.size + 1 > len(data):
        raise MalformedInput(FORMAT, at, "the indexes of a file run past the end")
    whole = int.from_bytes(data[at : at + 8], "little")
    if whole & _WHOLE_ELSEWHERE:
        return Extents(ROW.pack(whole ^ _WHOLE_ELSEWHERE, inode.size, 0, FRAGMENT), at + 8)
    advice, cluster_log = whole >> 32 & 0xFFFF, sb.block_log + (whole >> 56 & 15)
    if inode.layout is Layout.COMPRESSED_FULL and advice & _RECORDS:
        return _read_records(inode, sb, advice, whole & 0xFFFFFFFF | whole >> 48 << 32, cluster_log, at + 8)
    if advice & ~_ADVICE:
        raise UnsupportedInput(FORMAT, at, f"advice {advice:#x} on the indexes of a file")
    if whole >> 60 & 7 or (inode.layout is Layout.COMPRESSED_COMPACT and cluster_log > _COMPACT_LOG):
        raise UnsupportedInput(FORMAT, at, f"logical clusters of 2^{cluster_log} bytes, blocks of 2^{sb.block_log}")
    return _Indexes(inode, sb, advice, whole, cluster_log, at + 8).read()


class _Indexes:
    """The indexes of one file, and the heads found in them: where each extent begins, its kind, its first block, how many."""

    def __init__(self, inode: Inode, sb: Superblock, advice: int, header: int, cluster_log: int, start: int) -> None:
        self._inode, self._sb, self._advice, self._header, self._start = inode, sb, advice, header, start
        self._data, self._log = inode.area.data, cluster_log
        self._count = -(-inode.size >> self._log)
        # a head of kind 1 is large by one bit, plain ones and those of kind 3 by the other
        self._large = tuple(bool(advice & (_LARGE_1 if kind & 3 == _HEAD1 else _LARGE_2)) for kind in range(8))
        self._starts: list[int] = []
        self._kinds: list[int] = []
        self._blocks: list[int] = []
        self._counts: list[int] = []
        self._wrong = _DIFFERS if cluster_log > sb.block_log else ""

    def read(self) -> Extents:
        """Return the extents."""
        full = self._inode.layout is Layout.COMPRESSED_FULL
        end = self._full() if full else self._compact()
        starts, size, log = self._starts, self._inode.size, self._sb.block_log
        if starts and starts[-1] >= size:
            starts.pop()  # an extent may end where the file does
        if not starts or starts[0]:
            raise self._bad("no extent begins with the file")
        hows = {kind: self._how(kind) for kind in set(self._kinds[: len(starts)])}
        last = len(starts) - 1
        tail = self._header >> 16 & 0xFFFF if self._advice & (_TAIL_BEHIND | _END_ELSEWHERE) == _TAIL_BEHIND else 0
        rows: list[bytes] = []
        pack = ROW.pack
        for number, (start, stop) in enumerate(zip(starts, [*starts[1:], size], strict=True)):
            how, block, length = hows[self._kinds[number]], self._blocks[number], stop - start
            packed = self._counts[number] << log
            if number == last and self._advice & _END_ELSEWHERE:
                rows.append(pack(self._header & 0xFFFFFFFF | (block << 32 if full else 0), length, 0, FRAGMENT))
                break
            if number == last and tail:
                packed, how = tail, how | BEHIND
            if not 0 < packed <= MAX_PACKED or length > (MAX_UNPACKED if how & HOW < SHIFTED else packed):
                raise self._bad(f"an extent of {length} bytes, stored in {packed}")
            rows.append(pack(end if how & BEHIND else block << log, length, packed, how))
        return Extents(b"".join(rows), end + tail, self._wrong)

    def _how(self, kind: int) -> int:
        """Return how an extent is stored whose head is of `kind`, with `_PART_KIND` where it is a part."""
        if kind & 3 == _PLAIN:
            how = INTERLACED if self._advice & _INTERLACED else SHIFTED
        else:
            how = self._header >> (52 if kind & 3 == _HEAD2 else 48) & 15
            if how >= len(ALGORITHMS) or not self._sb.algorithms >> how & 1:
                raise UnsupportedInput(FORMAT, self._start, f"algorithm {how}, which the superblock does not announce")
        return how | (PARTIAL if kind & _PART_KIND else 0)

    def _full(self) -> int:
        """Find the heads in indexes of 8 bytes, and return where these end."""
        start = self._start + 8
        end = start + 8 * self._count
        if end > len(self._data):
            raise self._bad("indexes that run past the end")
        head, reach = -1, 0
        for number, (kind, offset, word) in enumerate(iter_unpack("<2HI", self._data[start:end])):
            if kind & 3 != _NO_HEAD:
                reach = self._check_reach(reach, number)
                self._starts.append(number << self._log | offset)
                self._kinds.append(kind & 3 | (_PART_KIND if kind & _PART else 0))
                self._blocks.append(word)
                self._counts.append(1)
                head = number
                if offset >> self._log:
                    raise self._bad(f"an extent that begins {offset:#x} bytes into its cluster")
                continue
            back, reach = word & 0xFFFF, max(reach, number + (word >> 16))
            if back & _BLOCKS:
                self._count_blocks(number - head, back & ~_BLOCKS)
            elif not 0 < back <= number - head:
                raise self._bad(f"cluster {number} is {back} behind its head, by its index")
            elif number == head + 1 and self._large[self._kinds[-1]]:
                raise self._bad(f"cluster {number} does not say how many blocks there are")
        self._check_reach(reach, self._count)
        return end

    def _compact(self) -> int:
        """Find the heads in compact indexes, and return where these end."""
        large = bool(self._advice & _LARGE_1)
        if large != bool(self._advice & _LARGE_2):
            raise self._bad("compact indexes of which only some are large")
        log, low = self._log, max(self._log, 12)
        starts, kinds, blocks, counts = self._starts, self._kinds, self._blocks, self._counts
        mask, head, reach, end = (1 << low) - 1, -1, 0, self._start
        for number, at, size, count in self._packs():
            end, bits = at + size, (size - _PACK_BLOCK) * 8 // count
            if end > len(self._data):
                raise self._bad("indexes that run past the end")
            value = int.from_bytes(self._data[at:end], "little")
            behind = number - head
            # sixteen clusters of one extent, each as far behind its head as it is: no need to look at every one
            if count == _MANY and large < behind < _BLOCKS - _MANY and value & _MANY_MASK == _many(behind):
                reach = max(reach, number + count - 1 + (value >> _MANY_LAST & mask))
                continue
            block = (value >> (size - _PACK_BLOCK) * 8) + (not large)
            for place in range(min(count, self._count - number)):
                offset, kind = value & mask, value >> low & 3
                value >>= bits
                cluster = number + place
                if kind != _NO_HEAD:
                    if reach > cluster:
                        self._check_reach(reach, cluster)
                    if offset >> log:
                        raise self._bad(f"an extent that begins {offset:#x} bytes into its cluster")
                    starts.append(cluster << log | offset)
                    kinds.append(kind)
                    blocks.append(block)
                    counts.append(1)
                    head, reach, block = cluster, 0, block + 1
                    continue
                distance = cluster - head
                if offset & _BLOCKS:
                    self._count_blocks(distance, offset & ~_BLOCKS)
                    block += (offset & ~_BLOCKS) - (head >= number)
                elif large and distance == 1:
                    raise self._bad(f"cluster {cluster} does not say how many blocks there are")
                elif place == count - 1:
                    reach = max(reach, cluster + offset)
                elif offset < 1 + large or (offset != distance if head >= number else not place < offset <= distance):
                    raise self._bad(f"cluster {cluster} is {offset} behind its head, by its index")
        self._check_reach(reach, self._count)
        return end

    def _packs(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield, for each pack, its first cluster, its first byte, its size and how many clusters it has room for."""
        pairs = (32 - self._start % 32) // 4 & 7
        small = 0
        if self._advice & _SMALL_INDEXES and pairs < self._count:
            if self._log > 12:
                raise self._bad("indexes of 2 bytes for large clusters")
            small = (self._count - pairs) // 16 * 16
        else:
            pairs = self._count
        at, number = self._start, 0
        for many, size, count in ((pairs, 8, 2), (small, 32, 16), (self._count - pairs - small, 8, 2)):
            stop = number + many
            while number < stop:
                yield number, at, size, count
                number, at = number + count, at + size

    def _count_blocks(self, distance: int, blocks: int) -> None:
        if distance != 1 or not self._kinds or not self._large[self._kinds[-1]]:
            raise self._bad(f"{blocks} blocks, {distance} clusters behind a head")
        self._counts[-1] = blocks

    def _check_reach(self, reach: int, number: int) -> int:
        """Notice a distance to a next head that leads past it, which is in cluster `number`; return 0."""
        if reach > number:
            self._wrong = f"the indexes lead past the head in cluster {number}"
        return 0

    def _bad(self, detail: str) -> MalformedInput:
        return MalformedInput(FORMAT, self._start, detail)


def _read_records(inode: Inode, sb: Superblock, advice: int, count: int, cluster_log: int, at: int) -> Extents:
    """Return extents from records."""
    data, size, width = inode.area.data, inode.size, 4 << (advice >> 1 & 3)
    start = -(-at // width) * width
    spread = width >= 16
    if not spread:
        count = -(-size >> cluster_log)
    first = None
    if width == 4:
        if start + 8 > len(data):
            raise MalformedInput(FORMAT, start, "extents that run past the end")
        (first,) = unpack_from("<Q", data, start)
        start += 8
    end = start + width * count
    if end > len(data):
        raise MalformedInput(FORMAT, start, "extents that run past the end")
    records: list[tuple[int, int, int]] = []
    for number, record in enumerate(Struct(f"<{width // 4}I").iter_unpack(data[start:end])):
        stated, where = record[0], 0
        if first is not None:
            where, first = first, first + (stated & _RECORD_SIZE)
        elif width == 8:
            where = record[1]
        else:
            where = record[1] | record[2] << 32
        begin = record[3] | (record[4] << 32 if width == 32 else 0) if spread else number << cluster_log
        records.append((begin, stated, where))
    if not records:
        raise MalformedInput(FORMAT, start, "no extents")
    rows: list[bytes] = []
    ends = [record[0] for record in records[1:]] + [size]
    for number, ((begin, stated, where), stop) in enumerate(zip(records, ends, strict=True)):
        if (not number and begin) or not begin < stop <= size:
            raise MalformedInput(FORMAT, start, f"extent from {begin} to {stop} of {size} bytes")
        if number == count - 1 and advice & _END_ELSEWHERE:
            rows.append(ROW.pack((stated | (where << 32 if width > 4 else 0)) & _U64, stop - begin, 0, FRAGMENT))
        elif not stated & _RECORD_SIZE:
            rows.append(ROW.pack(0, stop - begin, 0, NOTHING))
        else:
            how = _record_how(stated, where, sb, advice, start)
            packed, length = stated & _RECORD_SIZE, stop - begin
            if packed > MAX_PACKED or length > (MAX_UNPACKED if how & HOW < SHIFTED else packed):
                raise MalformedInput(FORMAT, start, f"an extent of {length} bytes, stored in {packed}")
            rows.append(ROW.pack(where, length, packed, how))
    return Extents(b"".join(rows), end)


def _record_how(stated: int, where: int, sb: Superblock, advice: int, at: int) -> int:
    algorithm = (stated >> _RECORD_HOW) - 1
    if algorithm >= 0:
        if algorithm >= len(ALGORITHMS) or not sb.algorithms >> algorithm & 1:
            raise UnsupportedInput(FORMAT, at, f"algorithm {algorithm}, which the superblock does not announce")
        how = algorithm
    else:
        aligned = not (where | stated & _RECORD_SIZE) & sb.block - 1
        how = INTERLACED if advice & _INTERLACED and aligned else SHIFTED
    return how | (PARTIAL if stated & _RECORD_PART else 0)
