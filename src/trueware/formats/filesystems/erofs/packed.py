"""The content of a compressed file: its extents unpacked, front to back, or only a range where it holds the ends of other files."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator

from trueware.errors import MalformedInput
from trueware.formats.contract import Buffer, Content
from trueware.formats.filesystems.erofs.extents import BEHIND, FRAGMENT, HOW, NOTHING, ROW
from trueware.formats.filesystems.erofs.pclusters import Pclusters
from trueware.formats.filesystems.erofs.superblock import FORMAT
from trueware.formats.pieces import joined
from trueware.formats.scattered import zeros


class Packed:
    """The content of one compressed file."""

    __slots__ = ("_area", "_ends", "_pclusters", "_rows", "_starts", "group", "size")

    def __init__(self, pclusters: Pclusters, area: memoryview, rows: bytes, size: int, ends: "Packed | None") -> None:
        """Take extents `rows`, the last one maybe in `area`, the end of the file maybe among `ends`."""
        self._pclusters, self._area, self._rows, self._ends = pclusters, area, rows, ends
        self._starts: array[int] | None = None
        self.size: int | None = size
        self.group = -1
        *_, (start, _, _, how) = ROW.iter_unpack(rows[-ROW.size :])
        if how == FRAGMENT and ends is not None:
            self.group = ends.group_at(start)

    def chunks(self) -> Iterator[Buffer]:
        """Unpack the extents one after the other."""
        return joined(self._pieces())

    def _pieces(self) -> Iterator[Buffer]:
        unpack, again, shared = self._pclusters.unpack, self._pclusters.unpack_again, self._pclusters.shared
        view, at = self._pclusters.view, 0
        for start, length, packed, how in ROW.iter_unpack(self._rows):
            kind = how & HOW
            if kind == FRAGMENT:
                if self._ends is None:
                    raise MalformedInput(FORMAT, 0, "the end of a file among those of files, of which there are none")
                yield from self._ends.read(start, length)
            elif kind == NOTHING:
                yield from zeros(length)
            elif how & BEHIND:
                yield unpack(self._area, start, length, packed, how, at)
            else:
                yield (again if start in shared else unpack)(view, start, length, packed, how, at)
            at += length

    def read(self, start: int, length: int) -> Iterator[Buffer]:
        """Unpack only what is needed for the `length` bytes from `start`.

        Raises:
            MalformedInput: the file does not have as many.
        """
        if start + length > (self.size or 0):
            raise MalformedInput(FORMAT, 0, f"the end of a file at {start + length}, those of files take {self.size}")
        starts = self._extent_starts()
        number = bisect_right(starts, start) - 1
        for first, whole, packed, how in ROW.iter_unpack(self._rows[number * ROW.size :]):
            if length <= 0:
                return
            skipped = start - starts[number]
            wanted = min(whole - skipped, length)
            kind = how & HOW
            if kind == FRAGMENT:
                raise MalformedInput(FORMAT, 0, "ends of files that lie among ends of files")
            if kind == NOTHING:
                yield from zeros(wanted)
            else:
                view = self._area if how & BEHIND else self._pclusters.view
                data = self._pclusters.unpack_again(view, first, whole, packed, how, starts[number])
                yield memoryview(data)[skipped : skipped + wanted]
            start, length, number = start + wanted, length - wanted, number + 1

    def group_at(self, start: int) -> int:
        """Return the group of what lies at `start`: where the pcluster begins that holds it."""
        number = bisect_right(self._extent_starts(), start) - 1
        return int.from_bytes(self._rows[number * ROW.size : number * ROW.size + 8], "little")

    def share(self, shared: set[int]) -> None:
        """Join the group of the first pcluster that others use as well."""
        if self.group < 0:
            for start, _, _, how in ROW.iter_unpack(self._rows):
                if start in shared and how & HOW < NOTHING and not how & BEHIND:
                    self.group = start
                    return

    def _extent_starts(self) -> "array[int]":
        """Return where in the file each extent begins."""
        if self._starts is None:
            starts, at = array("Q"), 0
            for _, length, _, _ in ROW.iter_unpack(self._rows):
                starts.append(at)
                at += length
            self._starts = starts
        return self._starts


_: type[Content] = Packed
