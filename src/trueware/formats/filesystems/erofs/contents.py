"""What files hold: plain blocks, chunks, extents that unpack, and ends of files that stand together in an inode of their own.

::

    chunk   u32 block; or u16 high bits of it, u16 device, u32 block; all ones: a hole

A plain file is a run of blocks; of an inline one the last, incomplete block stands behind the inode instead. Chunks are found by
number, behind the inode too.

Source: Linux fs/erofs/data.c, zdata.c; erofs-utils lib/data.c.
"""

from array import array
from collections.abc import Iterator
from struct import Struct, iter_unpack

from trueware.errors import InputError, LimitExceeded, MalformedInput, UnsupportedInput
from trueware.formats.claims import Claims
from trueware.formats.contract import Content, Held, Reading
from trueware.formats.filesystems.erofs.extents import (
    BEHIND,
    FRAGMENT,
    HOW,
    INTERLACED,
    NOTHING,
    ROW,
    SHIFTED,
    Extents,
    read_extents,
)
from trueware.formats.filesystems.erofs.inodes import Inode, Layout
from trueware.formats.filesystems.erofs.packed import Packed
from trueware.formats.filesystems.erofs.pclusters import Pclusters
from trueware.formats.filesystems.erofs.superblock import FORMAT, Superblock
from trueware.formats.scattered import HOLE, Run, gathered, refused
from trueware.model.limits import Limits

_CHUNK_LOG, _CHUNK_INDEXES, _CHUNK_WIDE, _CHUNK_KNOWN = 0x1F, 0x20, 0x40, 0x7F
_NOWHERE, _NOWHERE_WIDE = (1 << 32) - 1, (1 << 48) - 1
_SIZE_BITS = 21
"""Bits for the size of a pcluster, in a word that holds where it begins too."""

_ALIGNED = 4
"""What stands among the ends of files may be aligned to this."""

Place = tuple[Content, int | None]
"""A content, and its offset in the image where it lies there in one piece."""


class Contents:
    """Gives inodes their contents, and claims the bytes these lie in.

    Attributes:
        ends: the content of the inode that holds the ends of files.
    """

    def __init__(self, view: memoryview, sb: Superblock, claims: Claims, limits: Limits, reading: Reading) -> None:
        self._view, self._sb, self._claims, self._limits, self._reading = view, sb, claims, limits, reading
        self._pclusters = Pclusters(view, sb)
        self._known: dict[tuple[bytes, int], Packed] = {}
        self._used = array("Q")
        self._left = limits.max_held
        self._ends_size = 0
        self._ends_used: list[tuple[int, int]] = []
        self.ends: Packed | None = None

    def of(self, inode: Inode) -> Place:
        """Return the content of a file; what is wrong with it is raised when it is read."""
        try:
            if inode.size > self._limits.max_unpacked:
                raise LimitExceeded("max_unpacked", self._limits.max_unpacked, f"file of {inode.size} bytes")
            return self._make(inode)
        except InputError as error:
            return refused(error, inode.size), None

    def whole(self, inode: Inode) -> memoryview:
        """Return what an inode holds that is needed at once: names of a folder, the target of a link.

        Raises:
            MalformedInput: it cannot be had.
            LimitExceeded: all of these together are too much.
        """
        self._left -= inode.size
        if self._left < 0:
            raise LimitExceeded("max_held", self._limits.max_held, "folders and links")
        return memoryview(b"".join(self._make(inode)[0].chunks()))

    def take_ends(self, inode: Inode) -> Packed:
        """Take the content of the inode that holds the ends of files, and return it.

        Raises:
            MalformedInput: it cannot be had, or is empty.
        """
        if not inode.size or inode.size > self._limits.max_unpacked:
            raise MalformedInput(FORMAT, inode.at, f"{inode.size} bytes of ends of files")
        if inode.layout in (Layout.PLAIN, Layout.INLINE):
            self.ends = self._stored(inode, *self._flat_runs(inode))
        else:
            content, _ = self._make(inode)
            if not isinstance(content, Packed):
                raise UnsupportedInput(FORMAT, inode.at, "ends of files in chunks")
            self.ends = content
        self._ends_size = inode.size
        return self.ends

    def use_ends(self, start: int, end: int) -> None:
        """Write down that somebody reads these bytes of the ends of files."""
        self._ends_used.append((start, end))

    def account(self) -> None:
        """Tell of pclusters that overlap, and let those that several files use be unpacked once."""
        end, shared, last = 0, self._pclusters.shared, -1
        for word in sorted(self._used):
            start = word >> _SIZE_BITS
            if word == last:
                shared.add(start)
                continue
            if start < end:
                self._reading.note_anomaly("overlap", "pclusters that reach into each other", start)
                break
            last, end = word, start + (word & (1 << _SIZE_BITS) - 1)
        if shared:
            for content in self._known.values():
                content.share(shared)
        unused = at = 0
        for start, stop in (*sorted(self._ends_used), (self._ends_size, self._ends_size)):
            unused += start - at if start - at >= _ALIGNED else 0
            at = max(at, stop)
        if unused:
            detail = f"{unused} bytes among the ends of files belong to none"
            self._reading.note_anomaly("hidden-content", detail)

    def _make(self, inode: Inode) -> Place:
        if inode.layout is Layout.CHUNKS:
            return self._chunks(inode)
        if inode.layout in (Layout.PLAIN, Layout.INLINE):
            return self._flat(inode)
        extents = read_extents(inode, self._sb) if inode.size else Extents(b"", inode.end)
        if extents.wrong:
            self._reading.note_anomaly("contradiction", extents.wrong, inode.at)
        inode.area.claims.take(inode.end, extents.end)
        if not extents.rows:
            return Held(b""), None
        key = extents.rows, inode.size
        behind = any(how & BEHIND for *_, how in ROW.iter_unpack(extents.rows[-ROW.size :]))
        if key in self._known and not behind:
            return self._known[key], None
        self._claim(inode, extents)
        content = Packed(self._pclusters, inode.area.data, extents.rows, inode.size, self.ends)
        self._known[(extents.rows, -inode.number) if behind else key] = content
        return content, None

    def _claim(self, inode: Inode, extents: Extents) -> None:
        """Claim the pclusters of a file.

        Raises:
            MalformedInput: they do not lie in the image.
        """
        mask, at = self._sb.block - 1, 0
        use, first, end, limit = self._used.append, 0, 0, len(self._view)
        for start, length, packed, how in ROW.iter_unpack(extents.rows):
            if how & (HOW | BEHIND) < SHIFTED:
                if start != end:
                    self._take_packed(first, end)
                    first = start
                end = start + packed
                if end > limit:
                    raise MalformedInput(FORMAT, start, f"a pcluster until {end:#x}, the image has {limit:#x} bytes")
                use(start << _SIZE_BITS | packed)
            elif how & BEHIND:
                if extents.end > len(inode.area.data) or (start & mask) + packed > mask + 1:
                    raise MalformedInput(FORMAT, start, f"a pcluster of {packed} bytes behind its inode")
            elif how & HOW == FRAGMENT:
                self.use_ends(start, start + length)
            elif how & HOW == INTERLACED:
                right = min(mask + 1 - (at & mask), packed)
                self._take_packed(start, start + max(length - right, 0))
                self._take_packed(start + packed - right, start + packed - right + min(length, right))
            elif how & HOW == SHIFTED:
                self._take_packed(start, start + length)
            at += length
        self._take_packed(first, end)

    def _take_packed(self, start: int, end: int) -> None:
        """Claim what the extents of a file are stored in."""
        if end > len(self._view):
            raise MalformedInput(FORMAT, start, f"an extent until {end:#x}, the image has {len(self._view):#x} bytes")
        if end > start:
            self._refuse_elsewhere(start, end - start)
            self._claims.share(start, end)

    def _flat(self, inode: Inode) -> Place:
        """Return content that is stored as it is."""
        runs, inside = self._flat_runs(inode)
        if inside and inode.area.data is not self._view:
            return self._stored(inode, runs, inside), None
        if inside:
            runs.append((inode.end, inside))
        return gathered(self._view, runs)

    def _flat_runs(self, inode: Inode) -> tuple[list[Run], int]:
        """Return where in the image the content of an inode lies, and how many bytes more behind the inode."""
        block, size = self._sb.block, inode.size
        inside = 0
        if inode.layout is Layout.INLINE and size:
            inside = (size - 1) % block + 1
            if inode.end % block + inside > block or inode.end + inside > len(inode.area.data):
                raise MalformedInput(FORMAT, inode.end, f"{inside} bytes behind the inode, across blocks")
        inode.area.claims.take(inode.end, inode.end + inside)
        if size == inside:
            return [], inside
        first = inode.word | inode.high << 32
        nowhere = first == (_NOWHERE_WIDE if inode.is_wide else _NOWHERE) and not inside
        return [self._run(HOLE if nowhere else first, size - inside)], inside

    def _stored(self, inode: Inode, runs: list[Run], inside: int) -> Packed:
        """Return content that is stored as it is, in the form of extents."""
        rows = [
            ROW.pack(0, length, 0, NOTHING) if start == HOLE else ROW.pack(start, length, 0, SHIFTED)
            for start, length in runs
        ]
        if inside:
            rows.append(ROW.pack(inode.end, inside, 0, SHIFTED | BEHIND))
        return Packed(self._pclusters, inode.area.data, b"".join(rows), inode.size, None)

    def _chunks(self, inode: Inode) -> Place:
        """Return content that is stored in chunks."""
        form, reserved = inode.word & 0xFFFF, inode.word >> 16
        if form & ~_CHUNK_KNOWN:
            raise UnsupportedInput(FORMAT, inode.at + 16, f"chunks of format {form:#x}")
        log = self._sb.block_log + (form & _CHUNK_LOG)
        count, unit = -(-inode.size >> log), 8 if form & _CHUNK_INDEXES else 4
        start = -(-inode.end // unit) * unit
        end = start + unit * count
        if end > len(inode.area.data):
            raise MalformedInput(FORMAT, start, f"the places of {count} chunks run past the end")
        inode.area.claims.take(inode.end, end)
        runs: list[Run] = []
        left = inode.size
        for block, unknown in _places(inode.area.data[start:end], form, self._sb):
            run = self._run(block, min(1 << log, left))
            left -= run[1]
            reserved |= unknown
            if runs and (
                run[0] == runs[-1][0] == HOLE or (run[0] == sum(runs[-1]) and HOLE not in (run[0], runs[-1][0]))
            ):
                run = runs[-1][0], runs.pop()[1] + run[1]
            runs.append(run)
        if reserved:
            self._reading.note_anomaly("reserved-bits", f"{reserved:#x} on the chunks of a file", start)
        return gathered(self._view, runs)

    def _run(self, block: int, length: int) -> Run:
        """Return the place of `length` bytes from `block`, claimed."""
        if block == HOLE:
            return HOLE, length
        start = block << self._sb.block_log
        self._refuse_elsewhere(start, length)
        if start + length > len(self._view):
            raise MalformedInput(FORMAT, start, f"{length} bytes of a file, the image has {len(self._view)}")
        self._claims.share(start, start + length)
        return start, length

    def _refuse_elsewhere(self, start: int, length: int) -> None:
        """Refuse what another device holds by the numbers of its blocks."""
        if self._sb.is_flat:
            return
        for number, device in enumerate(self._sb.devices, 1):
            first = device.first << self._sb.block_log
            if device.first and start + length > first and start < first + (device.blocks << self._sb.block_log):
                raise UnsupportedInput(FORMAT, start, f"content on device {number}")


def _places(words: memoryview, form: int, sb: Superblock) -> Iterator[tuple[int, int]]:
    """Yield the first block of each chunk, and what stands in fields that mean nothing."""
    if not form & _CHUNK_INDEXES:
        for (block,) in iter_unpack("<I", words):
            yield (HOLE if block == _NOWHERE else block), 0
        return
    wide = bool(form & _CHUNK_WIDE)
    devices = len(sb.devices)
    mask = (1 << devices.bit_length()) - 1
    for high, device, low in Struct("<2HI").iter_unpack(words):
        block = low | high << 32 if wide else low
        if block == (_NOWHERE_WIDE if wide else _NOWHERE):
            yield HOLE, 0
            continue
        if number := device & mask:
            if not sb.is_flat or number > devices:
                raise UnsupportedInput(FORMAT, 0, f"content on device {number} of {devices}")
            block += sb.devices[number - 1].first
        yield block, (0 if wide else high) | device & ~mask
