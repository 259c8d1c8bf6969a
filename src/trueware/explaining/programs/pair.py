"""The two sides of a changed program: a portrait of each, and the bytes where they are at hand."""

from dataclasses import dataclass
from functools import cached_property

from trueware.explaining.contract import Altered
from trueware.explaining.portraits.elf import Code, Portrait, build_ids, of_bytes, of_elf, read_code, settled
from trueware.explaining.portraits.elf_difference import Difference
from trueware.explaining.reading.elf import MAGIC, Elf, read_elf


@dataclass(frozen=True)
class Pair:
    """A program before and after. Made by `pair_of`."""

    old: Portrait
    new: Portrait
    elf: Elf
    """The one found."""

    genuine: Elf | None
    """None where only its portrait was kept."""

    @cached_property
    def difference(self) -> Difference:
        """What is other."""
        return Difference(self.old, self.new)

    @cached_property
    def code(self) -> Code:
        """The code found."""
        return read_code(self.elf, settled(self.elf))

    @cached_property
    def genuine_names(self) -> tuple[str, ...]:
        """Names of the genuine functions, as `Code` has them; none where only the portrait was kept."""
        if self.genuine is None:
            return ()
        return tuple(name for name, _, _ in read_code(self.genuine, settled(self.genuine)).functions)

    @cached_property
    def is_built_anew(self) -> bool:
        """Whether each side carries a build id of its own, as linkers stamp them; False where the genuine bytes are not at hand."""
        ids = [set(build_ids(elf)) for elf in (self.genuine, self.elf) if elf is not None]
        return len(ids) == 2 and all(ids) and ids[0].isdisjoint(ids[1])

    def place(self, offset: int) -> str:
        """Return how to call a place in the file found."""
        address = self.elf.address_of(offset)
        return f"offset {offset:#x}" + ("" if address is None else f" (address {address:#x})")

    def function_at(self, offset: int) -> str:
        """Return the function with a name that a byte of the file found is in, empty where there is none."""
        return next((name for name, at, size, _ in self.elf.functions() if at <= offset < at + size), "")


def pair_of(altered: Altered, genuine: Altered | None = None) -> Pair | None:
    """Return both sides; None where one is no ELF file, or nothing is known of the genuine one.

    Args:
        altered: the change.
        genuine: the change whose genuine side to take, where it lies elsewhere.

    Raises:
        InputError: one of them is damaged.
    """
    after = altered.after()
    if after is None or not after.startswith(MAGIC):
        return None
    source = genuine or altered
    before, elf, old = source.before(), None, None
    if before is not None:
        if not before.startswith(MAGIC):
            return None
        elf = read_elf(before)
        old = of_elf(elf)
    elif (kept := source.portrait_before()) is not None and kept[1:5] == b"\x63elf":
        old = of_bytes(kept)
    if old is None:
        return None
    found = read_elf(after)
    return Pair(old, of_elf(found), found, elf)
