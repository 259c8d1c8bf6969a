"""Which blocks are whose: claims made while reading, the bitmaps' word for the rest, and what lies in blocks nobody owns.

One byte stands for each block that is there. Its bits: 0x01 marked as used in the bitmap, 0x02 metadata, 0x04 content.
"""

import re
from collections.abc import Iterator

from trueware.errors import MalformedInput
from trueware.formats.bitmaps import bits
from trueware.formats.contract import Reading
from trueware.formats.filesystems.ext.checksums import crc32c
from trueware.formats.filesystems.ext.groups import Group
from trueware.formats.filesystems.ext.superblock import OFFSET, SIZE, Superblock
from trueware.formats.hidden import Hidden

METADATA, CONTENT = 0x02, 0x04
_USED = 0x01

_CLEAR = re.compile(rb"\x00+")
_CLAIMED = re.compile(rb"[\x02-\x07]+")
_FREE_CLAIMED = re.compile(rb"[\x02\x04\x06]+")
_CLAIMED_AS_USED = bytes(_USED if value else 0 for value in range(256))


def clear_runs(states: bytes) -> Iterator[tuple[int, int]]:
    """Yield (first, end) of the runs of zeros."""
    return _runs(_CLEAR, states)


class Space:
    """The blocks of one file system."""

    def __init__(self, view: memoryview, sb: Superblock, groups: list[Group], reading: Reading) -> None:
        self._view, self._sb, self._groups, self._reading = view, sb, groups, reading
        self._shared = sb.shares_blocks
        self._here = min(sb.blocks, len(view) // sb.block_size)
        self._claims = bytearray(self._here)
        self.slack = Hidden(view, "space behind the ends of files")
        self._claim_layout()
        self._used = self._read_bitmaps()

    def block(self, number: int) -> bytes:
        """Return a copy of a block, shorter where the image is truncated."""
        size = self._sb.block_size
        return bytes(self._view[number * size : (number + 1) * size])

    def is_valid(self, block: int, count: int = 1) -> bool:
        """Tell whether blocks are within the file system, whether or not they are in the image."""
        return self._sb.first_data_block < block and block + count <= self._sb.blocks

    def claim(self, block: int, count: int, owner: int) -> bool:
        """Take blocks; returns False where one is somebody else's already (and may not be shared)."""
        claims = self._claims
        if count == 1 and block < self._here and not claims[block]:
            claims[block] = owner
            return True
        end = min(block + count, self._here)
        if block >= end:
            return True
        before = claims[block:end]
        free = before.count(0)
        claims[block:end] = bytes((owner,)) * len(before)
        return free == len(before) or (
            self._shared and owner == CONTENT and free + before.count(CONTENT) == len(before)
        )

    # --- what is known before files are read -----------------------------------------------------------------------------

    def _claim_layout(self) -> None:
        sb = self._sb
        for start, count in sb.copies(self._here):
            self._claim_own(start, count)
        for group in self._groups:
            self._claim_own(group.block_bitmap, 1)
            self._claim_own(group.inode_bitmap, 1)
            self._claim_own(group.inode_table, sb.inode_table_blocks)
        if sb.has_mmp and sb.fields.mmp_block:
            self._claim_own(sb.fields.mmp_block, 1)

    def _claim_own(self, block: int, count: int) -> None:
        if not self.claim(block, count, METADATA):
            offset = block * self._sb.block_size
            raise MalformedInput("ext", offset, "bitmaps, inode tables or group descriptors share blocks")

    def _read_bitmaps(self) -> bytearray:
        """Return, for each block that is there, whether it is marked as used."""
        sb = self._sb
        used = bytearray(b"\1") * self._here
        for number, group in enumerate(self._groups):
            start = sb.group_start(number)
            end = min(start + sb.blocks_per_group, self._here)
            if start >= end:
                break
            if group.blocks_unset:
                used[start:end] = self._claims[start:end].translate(_CLAIMED_AS_USED)
                continue
            bitmap = self.bitmap(group.block_bitmap, sb.bits_per_group, group.block_checksum, group.checksum_mask)
            if bitmap is None:
                continue
            clusters = bits(bitmap, -(-(end - start) // sb.cluster))
            if sb.cluster > 1:
                clusters = b"".join(bytes((bit,)) * sb.cluster for bit in clusters)
            used[start:end] = clusters[: end - start]
        return used

    def bitmap(self, block: int, count: int, stated: int, mask: int) -> memoryview | None:
        """Return a bitmap, its checksum verified; None where the image is truncated."""
        size = self._sb.block_size
        start = block * size
        if start + size > len(self._view):
            return None
        view = self._view[start : start + size]
        if self._sb.checksummed and (found := crc32c(self._sb.seed, bytes(view[: count // 8])) & mask) != stated:
            detail = f"CRC-32C of a bitmap is {found:x}, its descriptor says {stated:x}"
            self._reading.note_anomaly("checksum-mismatch", detail, start)
        return view

    # --- what is known after ---------------------------------------------------------------------------------------------

    def account(self) -> None:
        """Cover what is claimed and what is free, and report what lies hidden in the free blocks."""
        reading, size, here = self._reading, self._sb.block_size, self._here
        merged = int.from_bytes(self._claims, "little") | int.from_bytes(self._used, "little")
        states = merged.to_bytes(here, "little")
        reading.cover(OFFSET, OFFSET + SIZE)
        for start, end in _runs(_CLAIMED, states):
            # block 0 is more than the superblock: what else it holds is for whoever boots from it
            reading.cover(max(start, 1) * size, end * size)
        free = Hidden(self._view, "free blocks")
        for start, end in clear_runs(states):
            reading.cover(start * size, end * size)
            free.look(start * size, end * size, size)
        free.tell(reading)
        self.slack.tell(reading)
        wrong = list(_runs(_FREE_CLAIMED, states))
        if wrong:
            total = sum(end - start for start, end in wrong)
            detail = f"{total} blocks are in use and marked as free"
            reading.note_anomaly("contradiction", detail, wrong[0][0] * size)


def _runs(pattern: re.Pattern[bytes], states: bytes) -> Iterator[tuple[int, int]]:
    return (found.span() for found in pattern.finditer(states))
