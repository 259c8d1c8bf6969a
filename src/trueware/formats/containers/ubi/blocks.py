"""Erase blocks: how large they are, which of them are in use, and for what.

The size stands nowhere: it is the distance at which most headers follow each other. What a block holds is said in its second
header; of two blocks that say to hold the same the one with the higher sequence number counts, unless it is a copy that was cut
off in the making.
"""

from collections import Counter as Tally
from itertools import pairwise
from typing import NamedTuple

from trueware.errors import MalformedInput, UnsupportedInput
from trueware.formats.containers.ubi import headers
from trueware.formats.containers.ubi.headers import FORMAT, Counter, Identifier, crc, read_counter, read_identifier
from trueware.formats.contract import Reading
from trueware.formats.filler import is_filler

_GRAIN = 4096
"""What the size of an erase block is a multiple of."""


class Used(NamedTuple):
    """A block that counts."""

    at: int
    identifier: Identifier


class Blocks:
    """The erase blocks of the image that some bytes begin with.

    Attributes:
        size: of each block.
        header_offset: of the second header in each block.
        data_offset: of the data in each block.
        end: first byte after the last one.
        used: the blocks that count, by volume and logical block.
    """

    def __init__(self, view: memoryview, reading: Reading) -> None:
        """Sort the blocks.

        Raises:
            MalformedInput: there is none.
        """
        first = read_counter(view, 0)
        if first is None:
            raise MalformedInput(FORMAT, 0, "no erase counter header")
        if first.version != headers.VERSION:
            raise UnsupportedInput(FORMAT, 4, f"version {first.version}")
        self._view, self._reading, self._first = view, reading, first
        found = {0: first} | _find(view)
        self.size = _distance(list(found), len(view))
        self.header_offset, self.data_offset = first.header_offset, first.data_offset
        if not headers.SIZE <= self.header_offset <= self.data_offset - headers.SIZE < self.size - headers.SIZE:
            raise MalformedInput(FORMAT, 16, f"a header at {self.header_offset}, data at {self.data_offset}")
        self.end = last = 0
        self.used: dict[int, dict[int, Used]] = {}
        self._hidden: Tally[str] = Tally()
        self._unused = first.unused
        counters = []
        for at in range(0, max(found) + 1, self.size):
            counter = found.get(at)
            if counter is not None:
                if counter.image != first.image and counter.image and first.image:
                    break  # another image begins
                counters.append(counter.erased)
                self._unused |= counter.unused
            last, self.end = at, min(at + self.size, len(view))
            self._take(at, counter)
        if self.end < last + self.size:
            reading.note_anomaly("truncated", f"the last block has {self.end - last} of {self.size} bytes", self.end)
        reading.notes["image-sequence"] = str(first.image)
        reading.notes["erase-counters"] = f"{min(counters)}-{max(counters)}"

    @property
    def room(self) -> int:
        """Bytes for data in each block."""
        return self.size - self.data_offset

    def hide(self, at: int, what: str) -> None:
        """Account for the block at `at`, which no device reads."""
        self._hidden[what] += 1
        self._reading.cover(at, min(at + self.size, self.end))

    def cover(self, at: int, size: int) -> None:
        """Account for a block that holds `size` bytes of data; what else is in it should be filler."""
        data = at + self.data_offset
        self._reading.cover(data, data + size)
        for start, end in (
            (at + headers.SIZE, at + self.header_offset),
            (at + self.header_offset + headers.SIZE, data),
            (data + size, min(at + self.size, self.end)),
        ):
            if is_filler(self._view, start, end):
                self._reading.cover(start, end)

    def tell(self) -> None:
        """Report what there is beside the volumes."""
        for what, count in self._hidden.items():
            self._reading.note_anomaly("hidden-content", f"{count} erase blocks {what}")
        if self._unused:
            self._reading.note_anomaly("reserved-bits", "unused fields of headers")

    # --- one block -------------------------------------------------------------------------------------------------------

    def _take(self, at: int, counter: Counter | None) -> None:
        """Find out what the block at `at` is."""
        view, note, end = self._view, self._reading.note_anomaly, self.end
        if counter is None and is_filler(view, at, end):
            return
        place = at + self.header_offset
        identifier = read_identifier(view, place)
        if counter is None:
            note("checksum-mismatch", "CRC-32 of an erase counter header", at)
        elif counter[2:4] != self._first[2:4] or counter.version != headers.VERSION:
            note("contradiction", "a block with its data elsewhere than in the first one", at)
        if counter is not None or identifier is not None:
            self._reading.cover(at, at + headers.SIZE)
        if identifier is not None and not (fault := identifier.fault(self.room)):
            self._reading.cover(place, place + headers.SIZE)
            self._unused |= identifier.unused
            self._use(at, identifier)
        elif identifier is not None:
            note("malformed", fault, place)
        elif counter is None or not is_filler(view, place, min(place + headers.SIZE, end)):
            if counter is not None:
                note("checksum-mismatch", "CRC-32 of a volume identifier header", place)
            note("malformed", "a block of which cannot be told what it holds", at)
        elif is_filler(view, at + headers.SIZE, end):
            self._reading.cover(at, end)
        else:
            self.hide(at, "that are free and not empty")

    def _use(self, at: int, identifier: Identifier) -> None:
        """Take a block for what it says to hold, unless another one counts more."""
        blocks = self.used.setdefault(identifier.volume, {})
        found = Used(at, identifier)
        known = blocks.setdefault(identifier.block, found)
        if known is found:
            return
        older, newer = sorted((known, found), key=lambda used: used.identifier.sequence)
        if older.identifier.sequence == newer.identifier.sequence:
            detail = f"two blocks {identifier.block} of volume {identifier.volume} with one sequence number"
            self._reading.note_anomaly("contradiction", detail, at)
        if not self.is_newer(newer.at, newer.identifier, older.identifier):
            older, newer = newer, older
        blocks[identifier.block] = newer
        self.hide(older.at, "that newer ones stand in for")

    def is_newer(self, at: int, identifier: Identifier, than: Identifier) -> bool:
        """Tell whether the block at `at` counts more than one with the second header `than`."""
        if identifier.sequence < than.sequence:
            return False
        start = at + self.data_offset
        data = self._view[start : start + identifier.data_size]
        return not identifier.copied or crc(data) == identifier.data_crc


def _find(view: memoryview) -> dict[int, Counter]:
    """Return all erase counter headers where a block may begin."""
    found = {}
    for at in range(_GRAIN, len(view), _GRAIN):
        if view[at : at + 4] == headers.EC_MAGIC and (counter := read_counter(view, at)) is not None:
            found[at] = counter
    return found


def _distance(places: list[int], size: int) -> int:
    """Return the distance that most places have from the next, the smaller of two; `size` where there is only one."""
    gaps = Tally(after - before for before, after in pairwise(places))
    return max(gaps, key=lambda gap: (gaps[gap], -gap), default=size)
