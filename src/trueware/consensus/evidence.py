"""What each device brings: its measured tree, where it came from, and how many of its kind say the very same.

Trees of one fleet are nearly equal. `Sharing` keeps each subtree once, so that a thousand devices take the memory of one and of what
differs; it looks no deeper than to the first subtree that it knows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trueware.consensus.rule import WHOLE, Rule
from trueware.identifying.identity import Identity
from trueware.model.claim import Claim
from trueware.model.part import Kind, Part


@dataclass(frozen=True, slots=True)
class Device:
    """The evidence of one device."""

    name: str
    """How the caller calls it; unique, since outliers are told by it."""

    root: Part = field(repr=False)
    claims: tuple[Claim, ...] = field(default=(), repr=False)

    source: str = ""
    """Through whose hands it came: an operator, a shop, a laboratory. Empty: not known, which counts as one source."""

    stated: bool = False
    """Whether this is what somebody says of the device (a listing, a manifest) rather than measured by us from its bytes."""

    doubts: tuple[str, ...] = ()
    """Paths that could not be read completely."""


@dataclass(frozen=True, slots=True)
class Copies:
    """Devices whose evidence is one and the same."""

    kept: str
    """Name of the one that counts."""

    others: tuple[str, ...]


class Sharing:
    """Keeps each subtree once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes, bytes | None], Part] = {}
        self._leaves: dict[bytes, int] = {}

    def share(self, root: Part) -> Part:
        """Return an equal tree whose subtrees are those that were seen before, as far as they were.

        Time stamps and packing, which are never compared, may be those of the first device.
        """
        known = self._known
        made: list[Part] = []
        stack: list[tuple[Part, bool]] = [(root, False)]
        while stack:
            part, ready = stack.pop()
            key = (part.name, part.tree, part.sha256)
            if ready:
                count = len(part.children)
                children = tuple(made[len(made) - count :])
                del made[len(made) - count :]
                part = part._replace(children=children)
                self._leaves[part.tree] = sum(self._leaves.get(child.tree, 0) for child in children)
                made.append(known.setdefault(key, part))
            elif (seen := known.get(key)) is not None:
                made.append(seen)
            elif part.children:
                stack.append((part, True))
                stack.extend((child, False) for child in reversed(part.children))
            else:
                self._leaves[part.tree] = int(part.kind not in (Kind.DIRECTORY, Kind.PADDING))
                made.append(known.setdefault(key, part))
        return made[0]

    @property
    def leaves(self) -> Mapping[bytes, int]:
        """How many files, links and regions are in each tree that was seen, by its digest."""
        return self._leaves


@dataclass(frozen=True)
class Electorate:
    """The devices that vote, in an order of their own evidence, whatever order they were given in."""

    devices: tuple[Device, ...]
    identities: tuple[Identity, ...]
    weights: tuple[int, ...]
    """Of each, in parts of `WHOLE`."""

    leaves: int
    """Files, links and regions of the device in the middle."""

    classes: tuple[tuple[int, int], ...]
    """Weight, and the devices that have it as bits."""

    counts: Mapping[bytes, int] = field(repr=False)
    """Files, links and regions of every tree, by its digest."""

    @property
    def everybody(self) -> int:
        """All devices, as bits."""
        return (1 << len(self.devices)) - 1

    def votes(self, mask: int) -> int:
        """Return the votes of the devices whose bits are set."""
        if len(self.classes) == 1:
            return mask.bit_count() * self.classes[0][0]
        return sum((mask & members).bit_count() * weight for weight, members in self.classes)


def gather(given: Iterable[Device], rule: Rule) -> tuple[Electorate, tuple[Copies, ...]]:
    """Return who votes, and what was there several times and counts once.

    Raises:
        ValueError: two devices of one name.
    """
    sharing = Sharing()
    devices = sorted(
        (replace(device, root=sharing.share(device.root)) for device in given),
        key=lambda each: (each.root.tree, each.name),
    )
    if len({device.name for device in devices}) < len(devices):
        raise ValueError("two devices have one name")
    copies: list[Copies] = []
    if not rule.distinct:
        devices, copies = _once(devices)
    weights = _weights(devices, rule)
    classes = {
        weight: sum(1 << index for index, each in enumerate(weights) if each == weight)
        for weight in sorted(set(weights))
    }
    counts = sorted(sharing.leaves[device.root.tree] for device in devices)
    return Electorate(
        tuple(devices),
        tuple(Identity.of(device.claims) for device in devices),
        weights,
        counts[len(counts) // 2] if counts else 0,
        tuple(classes.items()),
        sharing.leaves,
    ), tuple(copies)


def _once(devices: Sequence[Device]) -> tuple[list[Device], list[Copies]]:
    """Return the first of those with equal trees, and who the others are; equal trees are equal whatever they are packed in."""
    by_tree: dict[bytes, list[Device]] = {}
    for device in devices:
        by_tree.setdefault(device.root.tree, []).append(device)
    copies = [Copies(same[0].name, tuple(each.name for each in same[1:])) for same in by_tree.values() if len(same) > 1]
    return [same[0] for same in by_tree.values()], copies


def _weights(devices: Sequence[Device], rule: Rule) -> tuple[int, ...]:
    """Return the weight of each: of a source with more devices than it may speak for, they divide its votes."""
    counts: dict[str, int] = {}
    for device in devices:
        counts[device.source] = counts.get(device.source, 0) + 1
    most = rule.most_per_source
    return tuple(WHOLE * most // counts[each.source] if 0 < most < counts[each.source] else WHOLE for each in devices)
