"""Groups the devices of a fleet by the software they run: by content first, then by the release they claim to be.

Content. A feature is a path with what at least two devices have there. The most typical device (whose features most others have)
leads a group of all that differ from it in few paths; then the most typical of the rest, and so on. A device between two groups
cannot join them, as it would in a chain of neighbours. What the policy lets a device change keeps nobody apart; serial numbers and
keys beside that may be some of the paths, but devices that have most of their content alone are no group.

Claims. Devices of one content group that claim to be another release (`Identity.conflicts`) are a group of their own. Whether that
is another release is told by how much differs (`Apart`): releases differ in many paths, tampering in a few.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trueware.appraisal.place import inside, is_root_file_system
from trueware.consensus.ballots import Choices, below, by_shape, is_leaf
from trueware.consensus.evidence import Electorate
from trueware.consensus.rule import Rule
from trueware.identifying.identity import Identity
from trueware.model.part import Part, join

if TYPE_CHECKING:
    import numpy as np

FAR = 0.1
"""Share of their paths in which devices of one content group differ at most from its most typical one."""

FAR_PATHS = 24
"""The same in paths, for software of few files; but never more than a quarter of them."""

_FEW = 8
"""Features that the smallest software may differ in: a serial number, a key, a log."""

RELEASES_DIFFER = 0.01
"""Share of their paths in which two releases differ at least, to be told from tampering."""

RELEASES_DIFFER_PATHS = 10
"""The same in paths."""

MAX_GROUPS = 64
"""Groups of several; a fleet of which every device is unlike any other is none."""

_CELLS = 50_000_000
"""Devices times features that are looked at, a byte each."""

_MOST_FEATURES = 200_000

_ROWS = 4096
"""Features that are multiplied at a time."""


@dataclass(frozen=True, slots=True)
class Camp:
    """Devices that belong together."""

    members: int
    """As bits."""

    identity: Identity
    """What most of them claim to be."""


@dataclass(frozen=True, slots=True)
class Apart:
    """How far two camps are from each other."""

    paths: int
    """At which most of one have something else than most of the other."""

    conflicts: tuple[str, ...]
    """Claims in which they contradict each other."""

    many: bool
    """Whether that is as much as releases differ."""

    @property
    def are_releases(self) -> bool:
        """Whether they are two releases: both say so, and their content does."""
        return bool(self.conflicts) and self.many


class Groups:
    """The groups of a fleet."""

    def __init__(self, electorate: Electorate, rule: Rule) -> None:
        self._electorate = electorate
        ceiling = min(_MOST_FEATURES, _CELLS // max(1, len(electorate.devices)))
        features = _features(electorate, rule, ceiling)
        self._paths = features.paths
        self._alone = features.alone
        self._matrix = _matrix(features.masks, len(electorate.devices))
        self._typical: dict[int, np.ndarray] = {}
        self.camps = tuple(sorted(self._camps(), key=self._rank))

    def apart(self, one: Camp, other: Camp) -> Apart:
        """Return how far two camps are from each other."""
        differ = (self._most(one) != self._most(other)).nonzero()[0]
        paths = len({self._paths[feature] for feature in differ.tolist()})
        floor = max(RELEASES_DIFFER_PATHS, RELEASES_DIFFER * self._electorate.leaves)
        return Apart(paths, one.identity.conflicts(other.identity), paths >= floor)

    def _most(self, camp: Camp) -> "np.ndarray":
        """Return which features most of a camp have."""
        known = self._typical.get(camp.members)
        if known is None:
            devices = [index for index in range(len(self._electorate.devices)) if camp.members >> index & 1]
            known = self._matrix[:, devices].sum(axis=1, dtype="int64") * 2 > len(devices)
            self._typical[camp.members] = known
        return known

    def _rank(self, camp: Camp) -> tuple[int, int, int]:
        """Most votes first; the order of what is equal is that of the electorate, which is that of its evidence."""
        return -self._electorate.votes(camp.members), -camp.members.bit_count(), camp.members & -camp.members

    def _camps(self) -> Iterable[Camp]:
        for members in self._by_content():
            yield from self._by_claims(members)

    def _by_content(self) -> list[int]:
        """Return the devices of each content group, as bits."""
        import numpy as np  # noqa: PLC0415 (start-up time)

        count = len(self._electorate.devices)
        matrix = self._matrix
        weights = np.array(self._electorate.weights, dtype=np.float64)
        alone = np.array(self._alone, dtype=np.int64)
        leaves = self._electorate.leaves
        # a path that differs is two features, one of each side
        limit = min(2 * max(FAR_PATHS, FAR * leaves), max(_FEW, leaves / 2))
        left = np.arange(count)
        groups: list[int] = []
        while len(left):
            if len(groups) == MAX_GROUPS:
                groups.extend(1 << int(index) for index in left)
                break
            near = left[_near(matrix[:, left], weights[left], alone[left], limit)]
            groups.append(sum(1 << int(index) for index in near))
            left = np.setdiff1d(left, near, assume_unique=True)
        return groups

    def _by_claims(self, members: int) -> Iterable[Camp]:
        """Yield the devices of one content group by the release they claim to be; those that claim none stay with the most."""
        said: dict[Identity, int] = {}
        for index, identity in enumerate(self._electorate.identities):
            if members >> index & 1:
                said[identity] = said.get(identity, 0) | 1 << index
        camps: list[Camp] = []
        for identity, mask in sorted(said.items(), key=lambda item: self._rank(Camp(item[1], item[0]))):
            # in the order of votes, so that a few do not lead those whom they only resemble
            home = next((at for at, camp in enumerate(camps) if not identity.conflicts(camp.identity)), None)
            if home is None:
                camps.append(Camp(mask, identity))
            else:
                camps[home] = Camp(camps[home].members | mask, camps[home].identity)
        return camps


def _near(matrix: "np.ndarray", weights: "np.ndarray", alone: "np.ndarray", limit: float) -> "np.ndarray":
    """Return which columns are near the most typical one, which always is.

    What a device has `alone` makes it as far from all others as what it has with some of them.
    """
    import numpy as np  # noqa: PLC0415 (start-up time)

    rows = [matrix[start : start + _ROWS] for start in range(0, len(matrix), _ROWS)]
    typical, distance = np.zeros(len(weights)), np.zeros(len(weights), dtype=np.int64)
    for some in rows:
        typical += (some @ weights) @ some
    # of equally typical ones that with least of its own, of equals the first in the electorate's order
    leader = int(np.lexsort((alone, -typical))[0])
    for some in rows:
        distance += (some != some[:, leader : leader + 1]).sum(axis=0)
    distance += alone + alone[leader]
    distance[leader] = 0
    near: np.ndarray = distance <= limit
    return near


def _matrix(masks: Sequence[int], count: int) -> "np.ndarray":
    """Return a row for each feature and a column for each device."""
    import numpy as np  # noqa: PLC0415 (start-up time)

    width = (count + 7) // 8
    data = b"".join(mask.to_bytes(width, "little") for mask in masks)
    packed = np.frombuffer(data, dtype=np.uint8).reshape(len(masks), width)
    return np.unpackbits(packed, axis=1, count=count, bitorder="little")


@dataclass(slots=True)
class _Features:
    """What tells devices apart."""

    paths: list[int]
    """Number of the path of each feature."""

    masks: list[int]
    """Who has it, as bits."""

    alone: list[int]
    """Of each device, at how many paths it has what no other has."""


def _features(electorate: Electorate, rule: Rule, ceiling: int) -> _Features:
    """Return the features, at most `ceiling`, outside of what the policy, or the caller, lets a device change."""
    found = _Features([], [], [0] * len(electorate.devices))
    roots: Choices = {}
    for index, device in enumerate(electorate.devices):
        part, members = roots.get(device.root.tree, (device.root, 0))
        roots[part.tree] = part, members | 1 << index
    number = 0
    everybody = electorate.everybody
    stack: list[tuple[Choices, str, str | None]] = [(roots, "", None)]
    while stack:
        choices, at, inner = stack.pop()
        number += 1
        for shape, alike in by_shape(choices).items():
            told: dict[object, int] = {}
            for tree, (part, members) in alike.items():
                key = tree if is_leaf(shape) else _attributes(part)
                told[key] = told.get(key, 0) | members
            for members in told.values():
                if not members & (members - 1):
                    found.alone[members.bit_length() - 1] += 1
                elif members != everybody and len(found.masks) < ceiling:
                    found.paths.append(number)
                    found.masks.append(members)
            if not is_leaf(shape):
                around = next(iter(alike.values()))[0]
                within = "" if inner is None and is_root_file_system(around) else inner
                for (name, _), there in below(alike.values()).items():
                    if len(there) == 1:
                        ((tree, (_, members)),) = there.items()
                        if members == everybody:
                            continue
                    path, below_root = join(at, around, name), inside(within, around, name)
                    if (below_root is not None and rule.policy.is_mutable(below_root)) or rule.is_said(
                        path, below_root
                    ):
                        continue
                    if len(there) == 1 and not members & (members - 1):
                        found.alone[members.bit_length() - 1] += electorate.counts[tree]
                    else:
                        stack.append((there, path, below_root))
    return found


def _attributes(part: Part) -> tuple[object, ...]:
    return part.kind, part.mode, part.uid, part.gid, part.xattrs, part.format, part.facts, part.certain
