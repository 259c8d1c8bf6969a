"""What the devices of one group agree on: a vote at every path on which they differ, aspect by aspect, and the tree it comes to.

At each path devices vote on whether anything is there, on what kind of thing it is, on its mode, owner and other attributes, and
on its content or on what is in it. A choice with more than the quorum of the group's votes is decided. What is not decided is

* varying, where the policy lets a device change it, or where the commonest choice is rare (`Rule.noise`): each device has its own.
  It is left out of the agreed tree's content and marked in it. A program, and a type, mode, owner or device number, never vary.
* contested, all else: the group is divided, and whoever the majority is cannot be told.

Where no device has much in common with the others in the names within a folder, the folder has members of each device's own.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from trueware.appraisal.place import inside, is_root_file_system
from trueware.consensus.ballots import Choices, below, by_shape, is_leaf, present
from trueware.consensus.evidence import Electorate
from trueware.consensus.rule import Rule
from trueware.consensus.told import Agreement, Contested, Varying, Why
from trueware.model.merkle import part_digest
from trueware.model.part import Kind, Part, join
from trueware.model.varying import CONTENT, FACTS, LINK, MEMBERS, PRESENCE, with_mark

_CAMPS = 3
"""Camps of a contested path that are named."""

_PERSONAL = (Kind.FILE, Kind.SYMLINK, Kind.REGION, Kind.GAP)
"""What can hold data of a device's own."""

_ANY = "any"
"""A name that no pattern knows, so that only those for everything in a folder match."""

_Value = TypeVar("_Value")


@dataclass(slots=True)
class Agreed:
    """What a group agrees on, and where it does not."""

    manifest: Part | None = None
    agreements: list[Agreement] = field(default_factory=list)
    varying: list[Varying] = field(default_factory=list)
    contested: list[Contested] = field(default_factory=list)
    unanimous: int = 0
    """Files, links and regions that all have alike."""


@dataclass(slots=True)
class _Place:
    """A path at which the group votes."""

    path: str
    choices: Choices
    base: int
    """Devices whose votes count here, as bits: all of the group, or those that have what comes and goes around it."""

    inner: str | None
    """Path inside the root file system, None above it."""

    above: int
    """Number of the place around it."""

    votes: int = 0
    part: Part | None = None
    """What is agreed on, without its children; None where nothing is there."""

    whole: bool = False
    """Whether `part` is complete."""

    aspects: frozenset[str] = frozenset()
    """Those that vary."""


def agreed_on(electorate: Electorate, members: int, rule: Rule) -> Agreed:
    """Return what the devices whose bits are set agree on under a rule.

    The tree is None where they do not agree that anything is there, which is so only of artefacts of different kinds.
    """
    return _Vote(electorate, members, rule).result()


class _Vote:
    def __init__(self, electorate: Electorate, members: int, rule: Rule) -> None:
        self._electorate, self._members, self._rule = electorate, members, rule
        self._told = Agreed()
        self._places: list[_Place] = []

    def result(self) -> Agreed:
        roots: Choices = {}
        for index, device in enumerate(self._electorate.devices):
            if self._members >> index & 1:
                part, having = roots.get(device.root.tree, (device.root, 0))
                roots[part.tree] = part, having | 1 << index
        waiting = [_Place("", roots, self._members, None, -1)]
        while waiting:
            place = waiting.pop()
            number = len(self._places)
            self._places.append(place)
            waiting.extend(self._vote(place, number))
        self._told.manifest = self._assemble()
        for told in (self._told.agreements, self._told.varying, self._told.contested):
            told.sort(key=lambda each: each.path)
        return self._told

    # --- one path -----------------------------------------------------------------------------------------------------

    def _vote(self, place: _Place, number: int) -> Iterable[_Place]:
        """Decide what is at a place; returns the places within it."""
        votes = self._electorate.votes
        of, there = votes(place.base), present(place.choices)
        place.votes = votes(there)
        if len(place.choices) == 1 and there == place.base:
            ((place.part, _),) = place.choices.values()
            place.whole = True
            return ()
        said = self._rule.is_said(place.path, place.inner)
        if not said:
            self._agree(place, of, there)
            if self._rule.decides(of - place.votes, of):
                return ()
        excused = said or self._is_policy(place)
        if not self._rule.decides(place.votes, of) or (said and there != place.base):  # it comes and goes
            place.aspects |= {PRESENCE}
            if excused or self._holds_only_mutable(place):
                self._vary(place, PRESENCE, Why.POLICY, {b"": place.base & ~there, **_masks(place.choices)})
            else:
                self._contest(place, PRESENCE, {b"": place.base & ~there, b"there": there}, place.base)
                place.part, place.whole = self._typical(place.choices), True
                return ()
            of = place.votes
        base = there if PRESENCE in place.aspects else place.base
        shapes = {shape: present(alike) for shape, alike in by_shape(place.choices).items()}
        shape, decided = self._most(shapes, of)
        alike = by_shape(place.choices)[shape]
        if not decided and not excused:
            self._contest(place, "type", shapes, base)
        place.part = self._attributes(place, alike, of, base, excused=excused, said=said)
        if is_leaf(shape):
            self._content(place, alike, of, base, excused=excused, said=said)
            return ()
        return self._within(place, number, alike, base)

    def _attributes(self, place: _Place, alike: Choices, of: int, base: int, *, excused: bool, said: bool) -> Part:
        """Return a part with the attributes most devices have, and no content."""
        typical = self._typical(alike)
        chosen: dict[str, object] = {}
        for aspect, read in _ATTRIBUTES.items():
            ballots = _ballots(alike, read)
            value, decided = self._most(ballots, of)
            if aspect in (LINK, FACTS) and (not decided or (said and len(ballots) > 1)):
                kinds = all(part.kind in _PERSONAL for part, _ in alike.values())
                if excused or (kinds and self._rule.is_noise(self._electorate.votes(ballots[value]), of)):
                    self._vary(place, aspect, Why.POLICY if excused else Why.OBSERVED, ballots)
                    place.aspects |= {aspect}
                    value = None if aspect == LINK else ()
                else:
                    self._contest(place, aspect, ballots, base)
            elif not decided and not excused:
                self._contest(place, aspect, ballots, base)
            chosen[aspect] = value
        owner, kind_of = chosen["owner"], chosen["type"]
        assert isinstance(owner, tuple) and isinstance(kind_of, tuple)  # noqa: S101, PT018 (as they are read)
        return typical._replace(
            kind=kind_of[0],
            format=kind_of[1],
            certain=kind_of[2],
            size=0,
            sha256=None,
            mode=chosen["mode"],  # type: ignore[arg-type]
            uid=owner[0],
            gid=owner[1],
            mtime=None,
            link=chosen[LINK],  # type: ignore[arg-type]
            rdev=chosen["device"],  # type: ignore[arg-type]
            xattrs=chosen["xattrs"],  # type: ignore[arg-type]
            facts=chosen[FACTS],  # type: ignore[arg-type]
            notes=(),
            children=(),
        )

    def _content(self, place: _Place, alike: Choices, of: int, base: int, *, excused: bool, said: bool) -> None:
        """Decide on the content of what is compared as a whole."""
        ballots = _ballots(alike, lambda part: part.sha256)
        most, decided = self._most(ballots, of)
        part = place.part
        assert part is not None  # noqa: S101 (its attributes were chosen)
        if decided and not (said and len(ballots) > 1):
            like = next(each for each, _ in alike.values() if each.sha256 == most)
            place.part = part._replace(sha256=most, size=like.size, children=like.children)
            return
        runs = bool((part.mode or 0) & 0o6111) or _PROGRAM.fullmatch(part.name.casefold()) is not None
        noise = self._rule.is_noise(self._electorate.votes(ballots[most]), of)
        if excused or (noise and not runs and part.kind in _PERSONAL):
            self._vary(place, CONTENT, Why.POLICY if excused else Why.OBSERVED, ballots)
            place.aspects |= {CONTENT}
            # what a file of a device's own happens to look like is no format of all of them
            place.part = part._replace(format=None, certain=True)
        else:
            self._contest(place, CONTENT, ballots, base)

    def _within(self, place: _Place, number: int, alike: Choices, base: int) -> Iterable[_Place]:
        """Return the places within a folder or container, and tell whether each device has names of its own there.

        What one device alone has in it is no place: the others agree that there is none.
        """
        typical = self._typical(alike)
        part = place.part
        assert part is not None  # noqa: S101 (its attributes were chosen)
        if not part.certain:  # equal children do not prove it equal, equal bytes do
            most, decided = self._most(_ballots(alike, lambda each: each.sha256), self._electorate.votes(base))
            place.part = part._replace(sha256=most if decided else None)
        inner = "" if place.inner is None and is_root_file_system(typical) else place.inner
        children = below(alike.values())
        of, rare = self._electorate.votes(base), 0
        folder = typical.kind is Kind.DIRECTORY
        said = folder and self._rule.is_said(join(place.path, typical, _ANY), inside(inner, typical, _ANY))
        for (name, _), choices in children.items():
            there = present(choices)
            is_rare = self._rule.is_rare(self._electorate.votes(there), of)
            if is_rare:
                rare |= there
            if is_rare and (said or not (there & (there - 1) or self._rule.may_vary.mutable)):
                continue
            path, within = join(place.path, typical, name), inside(inner, typical, name)
            if not is_rare or there & (there - 1) or self._rule.is_said(path, within):
                yield _Place(path, choices, base, within, number)
        if folder and (self._rule.decides(self._electorate.votes(rare), of) or (said and rare)):
            place.aspects |= {MEMBERS}
            why = Why.POLICY if said or self._is_policy(place) else Why.OBSERVED
            self._vary(place, MEMBERS, why, {name: present(c) for name, c in children.items()}, devices=rare)

    # --- votes --------------------------------------------------------------------------------------------------------

    def _most(self, ballots: dict[_Value, int], of: int) -> tuple[_Value, bool]:
        """Return the commonest choice, of equals one that does not depend on any order, and whether it is decided."""
        votes = self._electorate.votes
        best = min(ballots, key=lambda value: (-votes(ballots[value]), ballots[value] & -ballots[value]))
        return best, self._rule.decides(votes(ballots[best]), of)

    def _typical(self, alike: Choices) -> Part:
        return alike[self._most(_masks(alike), 0)[0]][0]

    def _is_policy(self, place: _Place) -> bool:
        return place.inner is not None and self._rule.policy.is_mutable(place.inner)

    def _holds_only_mutable(self, place: _Place) -> bool:
        """Whether it is a folder that comes and goes with what the policy lets come and go in it."""
        folders = all(part.kind is Kind.DIRECTORY for part, _ in place.choices.values())
        inner = None if place.inner is None else f"{place.inner}/{_ANY}"
        allowed = inner is not None and self._rule.policy.is_mutable(inner)
        return folders and (allowed or self._rule.is_said(f"{place.path}/{_ANY}", inner))

    # --- what is told -------------------------------------------------------------------------------------------------

    def _agree(self, place: _Place, of: int, there: int) -> None:
        ballots = {**_masks(place.choices)}
        if absent := place.base & ~there:
            ballots[b""] = absent
        most, decided = self._most(ballots, of)
        leaves = all(not each.children for each, _ in place.choices.values())
        if decided and (leaves or most == b""):
            votes = self._electorate.votes(ballots[most])
            self._told.agreements.append(Agreement(place.path, votes, of, len(ballots), removed=most == b""))

    def _vary(
        self, place: _Place, aspect: str, why: Why, ballots: dict[_Value, int], *, devices: int | None = None
    ) -> None:
        votes = self._electorate.votes
        most = max(ballots.values(), key=lambda mask: (votes(mask), -(mask & -mask)))
        of = votes(place.base if devices is None else devices)
        shared = sorted((mask for mask in ballots.values() if mask & (mask - 1)), key=lambda m: (-votes(m), m & -m))
        alike = tuple(self._names(mask) for mask in shared[:_CAMPS]) if aspect in (CONTENT, LINK) else ()
        size = max(part.size for part, _ in place.choices.values())
        odd = self._names(self._odd(place)) if aspect == CONTENT else ()
        told = Varying(place.path, (aspect,), why, len(ballots), votes(most), of, alike, odd, size)
        same = next((at for at, each in enumerate(self._told.varying[-3:]) if each.path == place.path), None)
        if same is None:
            self._told.varying.append(told)
        else:  # several aspects of one path are one line
            at = len(self._told.varying[:-3]) + same
            known = self._told.varying[at]
            aspects = tuple(sorted({*known.aspects, aspect}))
            self._told.varying[at] = replace(told if aspect == CONTENT else known, aspects=aspects)

    def _odd(self, place: _Place) -> int:
        """Return the devices whose content is of another length than most have; none where most have no one length."""
        lengths = _ballots(place.choices, lambda part: part.size)
        length, decided = self._most(lengths, self._electorate.votes(present(place.choices)))
        return present(place.choices) & ~lengths[length] if decided else 0

    def _contest(self, place: _Place, aspect: str, ballots: dict[_Value, int], base: int) -> None:
        votes = self._electorate.votes
        camps = sorted(ballots.values(), key=lambda mask: (-votes(mask), mask & -mask))
        named = tuple(self._names(mask) for mask in camps[:_CAMPS])
        self._told.contested.append(Contested(place.path, aspect, named, len(ballots), votes(base)))

    def _names(self, mask: int) -> tuple[str, ...]:
        return tuple(sorted(each.name for index, each in enumerate(self._electorate.devices) if mask >> index & 1))

    # --- the tree -----------------------------------------------------------------------------------------------------

    def _assemble(self) -> Part | None:
        """Return the agreed tree: children stand behind what they are in, so that from the last to the first all are ready."""
        children: list[list[Part]] = [[] for _ in self._places]
        root: Part | None = None
        for number in range(len(self._places) - 1, -1, -1):
            place = self._places[number]
            if place.part is None:
                continue
            part = place.part if place.whole else self._made(place, children[number])
            if place.whole and PRESENCE not in place.aspects:
                self._told.unanimous += sum(
                    not each.children and each.kind not in (Kind.DIRECTORY, Kind.PADDING) for _, each in part.walk()
                )
            if place.above < 0:
                root = part
            else:
                children[place.above].append(part)
        return root

    def _made(self, place: _Place, children: list[Part]) -> Part:
        """Return the part of a place from what was decided; where one device's part is that very thing, that one."""
        part = place.part
        assert part is not None  # noqa: S101 (asked by the caller)
        folder = part.kind is Kind.DIRECTORY
        held = part.children or tuple(
            sorted(
                children,
                key=lambda child: (child.offset if child.offset is not None and not folder else -1, child.name),
            )
        )
        facts = with_mark(part.facts, place.aspects)
        tree = part_digest(
            part.kind, held, part.sha256, part.mode, part.uid, part.gid, part.link, part.rdev, part.xattrs,
            part.format, facts, certain=part.certain,
        )  # fmt: skip
        known = place.choices.get(tree)
        return known[0] if known is not None else part._replace(tree=tree, facts=facts, children=held)


_PROGRAM = re.compile(r".*\.(?:so|ko|dll|exe|jar|apk|dex|odex|vdex|oat|sh|py|lua|js|php|cgi)(?:\.[\d.]+)?", re.DOTALL)
"""Names of what runs, whatever its mode."""

_ATTRIBUTES: dict[str, Callable[[Part], object]] = {
    "type": lambda part: (part.kind, part.format, part.certain),
    "mode": lambda part: part.mode,
    "owner": lambda part: (part.uid, part.gid),
    LINK: lambda part: part.link,
    "device": lambda part: part.rdev,
    "xattrs": lambda part: part.xattrs,
    FACTS: lambda part: part.facts,
}


def _masks(choices: Choices) -> dict[bytes, int]:
    return {tree: members for tree, (_, members) in choices.items()}


def _ballots(choices: Choices, read: Callable[[Part], _Value]) -> dict[_Value, int]:
    ballots: dict[_Value, int] = {}
    for part, members in choices.values():
        value = read(part)
        ballots[value] = ballots.get(value, 0) | members
    return ballots
