"""The two sides of a changed program: a portrait of each, and the bytes where they are at hand."""

from dataclasses import dataclass
from functools import cached_property

from trueware.explaining.contract import Altered
from trueware.explaining.portraits.elf import Code, Portrait, Sitter, build_ids, of_bytes, of_elf, of_sitter
from trueware.explaining.portraits.elf_difference import Difference
from trueware.explaining.reading.elf import MAGIC, Elf, read_elf


@dataclass(frozen=True)
class Pair:
    """A program before and after. Made by `pair_of`."""

    old: Portrait
    new: Portrait
    sitter: Sitter
    """What `new` is the portrait of."""

    genuine: Elf | None
    """None where only its portrait was kept."""

    @property
    def elf(self) -> Elf:
        """The one found."""
        return self.sitter.elf

    @cached_property
    def difference(self) -> Difference:
        """What is other."""
        return Difference(self.old, self.new)

    @property
    def code(self) -> Code:
        """The code found."""
        return self.sitter.code

    @property
    def told(self) -> tuple[tuple[str, str], ...]:
        """Kind and text of the telling texts found (`trueware.explaining.reading.texts`)."""
        return self.sitter.told

    @cached_property
    def genuine_names(self) -> tuple[str, ...]:
        """Names of the genuine functions, as `Code` has them; none where only the portrait was kept."""
        if self.genuine is None:
            return ()
        return tuple(name for name, _, _ in Sitter(self.genuine).code.functions)

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
    sitter = Sitter(read_elf(after))
    return Pair(old, of_sitter(sitter), sitter, elf)
