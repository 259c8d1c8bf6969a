"""Which devices have what at one path: trees with the same digest are one choice, devices are bits of a number.

Walked together from the root down, the trees of a fleet cost what differs in them: where all devices have one digest nobody looks
further, and where they have two, two are looked into, however many devices there are.
"""

from collections.abc import Iterable

from trueware.model.part import Kind, Part

Key = tuple[str, int]
"""A child: its name, and how many of that name stand before it."""

Choices = dict[bytes, tuple[Part, int]]
"""By Merkle digest: the part, and the devices that have it."""


def present(choices: Choices) -> int:
    """Return the devices that have anything at the path."""
    mask = 0
    for _, members in choices.values():
        mask |= members
    return mask


def shape(part: Part) -> str:
    """Return what kind of thing a part is: what has one shape is compared from the inside, or as one leaf."""
    if part.kind is Kind.DIRECTORY:
        return "folder"
    if part.is_container:
        return f"container {part.format}"
    return f"leaf {part.kind._value_}"


def is_leaf(shape: str) -> bool:
    """Tell whether things of this shape are compared as a whole."""
    return shape.startswith("leaf ")


def by_shape(choices: Choices) -> dict[str, Choices]:
    """Return the choices of each shape."""
    shapes: dict[str, Choices] = {}
    for tree, choice in choices.items():
        shapes.setdefault(shape(choice[0]), {})[tree] = choice
    return shapes


def below(choices: Iterable[tuple[Part, int]]) -> dict[Key, Choices]:
    """Return the choices at each child of parts of one shape; padding is nothing."""
    children: dict[Key, Choices] = {}
    for part, members in choices:
        counts: dict[str, int] = {}
        for child in part.children:
            if child.kind is Kind.PADDING:
                continue
            name = child.name
            ordinal = counts[name] = counts.get(name, -1) + 1
            there = children.setdefault((name, ordinal), {})
            known = there.get(child.tree)
            there[child.tree] = (child, members) if known is None else (known[0], known[1] | members)
    return children
