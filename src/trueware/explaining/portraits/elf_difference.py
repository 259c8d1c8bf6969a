"""How one ELF file differs from another, by their portraits: nothing that runs, in place, in part, built anew, or another program.

==========  ==================================================================================================
`How`       when
==========  ==================================================================================================
SAME        what is loaded is equal but for build id and dates: stripped, stamped anew, signed
PATCHED     same size and segments, and nearly all blocks equal at their places
RELINKED    other size or segments, or all data moved, and the pieces of code are equal
PARTLY      half of the pieces of code or more are equal
REBUILT     fewer are; but it asks for mostly the same names, or has mostly the same functions: other compiler, other version
REPLACED    neither
==========  ==================================================================================================

Pieces are counted, not weighed; those of a rebuilt program differ by other registers alone, so that REBUILT says nothing of what
its code does.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from trueware.explaining.portraits.elf import Portrait

_FEW = 8
"""Blocks that an edit in place touches at most, or that part of all of them; where functions moved, many more differ."""

_MOSTLY = 0.5
_FAMILIAR = 0.6
"""Share of names in common from which on two programs are one in two builds; programs that share only the C library's stay below."""


class How(Enum):
    """The kind of difference."""

    SAME = "nothing that runs differs"
    PATCHED = "changed in place"
    RELINKED = "same code, other data"
    PARTLY = "part of the code is other"
    REBUILT = "built anew"
    REPLACED = "another program"


@dataclass(frozen=True)
class Difference:
    """What is other in `after`."""

    before: Portrait
    after: Portrait

    @cached_property
    def how(self) -> How:
        """The kind of difference."""
        before, after = self.before, self.after
        same = (before.image, before.names_image, before.segments) == (after.image, after.names_image, after.segments)
        if same and not self.is_loaded_otherwise:
            return How.SAME
        alike = before.size == after.size and before.block == after.block and before.segments == after.segments
        if alike and before.platform == after.platform and len(self.blocks) <= max(_FEW, len(after.block_list) // _FEW):
            return How.PATCHED
        if len(before.piece_list) == len(after.piece_list) and not self.new_pieces:
            return How.RELINKED
        if before.platform != after.platform:
            return How.REPLACED
        if self.share >= _MOSTLY:
            return How.PARTLY
        return How.REBUILT if self._familiar else How.REPLACED

    @property
    def is_loaded_otherwise(self) -> bool:
        """Whether libraries or the places to look for them are other ones; their names are blanked where bytes are compared."""
        before, after = self.before, self.after
        return (before.needed, before.search_path) != (after.needed, after.search_path)

    @cached_property
    def blocks(self) -> tuple[int, ...]:
        """Numbers of the blocks that differ, of files of one size."""
        pairs = zip(self.before.block_list, self.after.block_list, strict=False)
        return tuple(index for index, (old, new) in enumerate(pairs) if old != new)

    @cached_property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """Where loaded bytes differ, of files of one size, rounded to blocks, neighbours joined."""
        block, found = self.after.block, list[tuple[int, int]]()
        for index in self.blocks:
            start, end = index * block, min((index + 1) * block, self.after.size)
            if not self.after.is_loaded(start, end) and not self.before.is_loaded(start, end):
                continue
            if found and found[-1][1] == start:
                found[-1] = found[-1][0], end
            else:
                found.append((start, end))
        return tuple(found)

    @property
    def is_in_code(self) -> bool:
        """Whether instructions differ, those that hold addresses included."""
        return self.before.code_image != self.after.code_image

    @cached_property
    def new_pieces(self) -> tuple[int, ...]:
        """Numbers of the pieces of code that only `after` has."""
        left = Counter(self.before.piece_list)
        found = []
        for index, piece in enumerate(self.after.piece_list):
            if left[piece]:
                left[piece] -= 1
            else:
                found.append(index)
        return tuple(found)

    @cached_property
    def share(self) -> float:
        """Share of the pieces of code in common, of the larger number; 1 where there are none."""
        most = max(len(self.before.piece_list), len(self.after.piece_list))
        return (len(self.after.piece_list) - len(self.new_pieces)) / most if most else 1.0

    @property
    def has_names(self) -> bool:
        """Whether most functions can be told apart by name on both sides."""
        sides = (self.before, self.after)
        same = len({"stripped" in side.traits for side in sides}) == 1
        return same and all(2 * len(side.functions) >= len(side.piece_list) for side in sides)

    def gained(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return those of the names that only `after` asks for."""
        return tuple(sorted(self.after.imports.intersection(names) - self.before.imports))

    def asked(self, names: Iterable[str]) -> bool:
        """Whether `before` asks for any of the names."""
        return not self.before.imports.isdisjoint(names)

    @cached_property
    def _familiar(self) -> bool:
        before, after = self.before, self.after
        if before.name and before.name == after.name:
            return True
        pairs: list[tuple[frozenset[object], frozenset[object]]] = [
            (frozenset(before.imports), frozenset(after.imports)),
            (frozenset(before.exports), frozenset(after.exports)),
        ]
        if self.has_names:
            pairs.append((frozenset(before.functions), frozenset(after.functions)))
        if not before.imports and not after.imports:
            pairs.append((before.texts, after.texts))
        return any(
            len(old & new) >= _FAMILIAR * max(len(old), len(new)) for old, new in pairs if min(len(old), len(new)) > 3
        )
