"""The vote of a fleet: devices and a rule in, groups, agreements and outliers out.

1. Identical evidence counts once, unless the caller knows better (`evidence.gather`).
2. Devices are grouped by the software they run (`groups`).
3. A group decides where it has enough devices, and more than the quorum of its votes and of all who are unlike it without being
   another release. Two groups that tie, or a minority that is large, leave no majority.
4. A group that decides votes path by path (`agreed`).
5. Each device is held against what its group agrees on (`appraisal.compare`), as any artefact would be later on.

It is a pure function of the evidence: the order in which devices are given changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trueware.appraisal.compare import compare
from trueware.appraisal.place import DISK, medium
from trueware.consensus.agreed import Agreed, agreed_on
from trueware.consensus.evidence import Device, Electorate, gather
from trueware.consensus.groups import Apart, Camp, Groups
from trueware.consensus.rule import WHOLE, Rule
from trueware.consensus.told import Consensus, Group, Relation, Standing, Told, Why
from trueware.model.change import Change
from trueware.model.claim import SIGNER, Claim
from trueware.model.part import Part
from trueware.model.varying import CONTENT

MOST_CHANGES = 500
"""Changes listed of one device."""

_UNLIKE_PATHS = 2_000
"""Differing paths from which on a device that is unlike is not compared path by path."""

MAX_DEVICES = 10_000
"""Devices of one vote; more are a fleet for a data base."""


@dataclass(frozen=True, slots=True)
class _Counted:
    """A camp with all that its vote came to."""

    camp: Camp
    group: Group
    apart: Apart
    rule: Rule


def agree(devices: Iterable[Device], rule: Rule) -> Consensus:
    """Return what the devices agree on.

    Raises:
        ValueError: two devices of one name, none at all, or more than `MAX_DEVICES`.
    """
    given = list(devices)
    if not 0 < len(given) <= MAX_DEVICES:
        raise ValueError(f"{len(given)} devices; 1 to {MAX_DEVICES} can vote")
    electorate, copies = gather(given, rule)
    groups = Groups(electorate, rule)
    counted = [_count(electorate, groups, number, rule) for number in range(len(groups.camps))]
    told: list[Told] = []
    for number, each in enumerate(counted):
        told.extend(
            _tell(device, number, counted)
            for index, device in enumerate(electorate.devices)
            if each.camp.members >> index & 1
        )
    by_name = {each.device: each for each in told}
    sources = {device.name: device.source for device in given}
    for same in copies:
        like = by_name[same.kept]
        for name in same.others:
            by_name[name] = Told(
                name, sources[name], like.group, like.standing, f"the same as {same.kept}: {like.reason}",
                like.changes, like.allowed, like.more, like.share,
            )  # fmt: skip
    return Consensus(
        rule, tuple(each.group for each in counted), tuple(by_name[name] for name in sorted(by_name)), copies
    )


# --- groups -------------------------------------------------------------------------------------------------------------


def _count(electorate: Electorate, groups: Groups, number: int, rule: Rule) -> _Counted:
    """Return what a camp's vote comes to."""
    camp, leading = groups.camps[number], groups.camps[0]
    apart = groups.apart(camp, leading)
    relation = _relation(number, apart)
    members = _members(electorate, camp.members)
    votes = electorate.votes(camp.members)
    reason = _refusal(electorate, groups, camp, rule)
    agreed = Agreed() if reason else agreed_on(electorate, camp.members, rule)
    if not reason and agreed.manifest is None:
        reason = "its devices are not of one kind"
    elif not reason and _is_hollow(agreed):
        reason = "most of what its devices have is each one's own"
        agreed = Agreed()
    if not reason:
        reason = f"{_devices(len(members))} of it vote" if not agreed.contested else _divided(agreed)
    claims = _claims(electorate, camp.members, rule)
    group = Group(
        relation,
        tuple(sorted(device.name for device in members)),
        votes,
        len({device.source for device in members}),
        sum(device.stated for device in members),
        decided=agreed.manifest is not None,
        reason=reason,
        evidence=_evidence(relation, apart, claims, electorate.leaves),
        claims=claims,
        manifest=agreed.manifest,
        unanimous=agreed.unanimous,
        agreements=tuple(agreed.agreements),
        varying=tuple(agreed.varying),
        contested=tuple(agreed.contested),
        tolerated=rule.tolerated(len(members)),
        unseen=rule.unseen(len(members)),
    )
    return _Counted(camp, group, apart, rule)


def _is_hollow(agreed: Agreed) -> bool:
    """Whether less is agreed on than what each device has of its own: equality in the rest would be worth nothing."""
    own = sum(each.why is Why.OBSERVED and CONTENT in each.aspects for each in agreed.varying)
    return own >= agreed.unanimous + sum(not each.removed for each in agreed.agreements)


def _relation(number: int, apart: Apart) -> Relation:
    if number == 0:
        return Relation.LEADING
    if apart.are_releases:
        return Relation.VERSION
    return Relation.NEAR if apart.conflicts else Relation.UNLIKE


def _refusal(electorate: Electorate, groups: Groups, camp: Camp, rule: Rule) -> str:
    """Return why a camp decides nothing, empty where it does."""
    votes = electorate.votes
    size, mine = camp.members.bit_count(), votes(camp.members)
    if mine < rule.min_devices * WHOLE:
        weight = "" if mine == size * WHOLE else f" with {_number(mine)} votes"
        return f"{_devices(size)}{weight} of this software: at least {rule.min_devices} are needed"
    rivals = [other for other in groups.camps if other is not camp and not groups.apart(camp, other).are_releases]
    against = sum(votes(other.members) for other in rivals)
    if not rule.decides(mine, mine + against):
        return (
            f"{_number(mine)} of {_number(mine + against)} votes, where more than {rule.quorum} are needed: the others are unlike it "
            "and are not another release by what they say and hold"
        )
    return ""


def _evidence(relation: Relation, apart: Apart, claims: Sequence[Claim], leaves: int) -> str:
    if relation is Relation.LEADING:
        return "the most votes"
    differs = f"differs from the leading group in {apart.paths} of some {leaves} paths"
    if relation is Relation.UNLIKE:
        return f"{differs}, and does not claim to be another release"
    said = ", ".join(sorted({f"{claim.name} {claim.value}" for claim in claims if claim.name in apart.conflicts})[:3])
    claimed = f"claims {said or 'another ' + ', '.join(apart.conflicts)}"
    told = (
        "as releases do"
        if relation is Relation.VERSION
        else "which a point release does, and tampering that calls itself one"
    )
    return f"{claimed}; {differs}, {told}"


def _divided(agreed: Agreed) -> str:
    first = agreed.contested[0]
    camps = " against ".join(str(len(camp)) for camp in first.camps)
    more = f" and {len(agreed.contested) - 1} more paths" if len(agreed.contested) > 1 else ""
    return f"divided at {first.path or 'the artefact itself'} ({first.aspect}: {camps}){more}"


def _claims(electorate: Electorate, members: int, rule: Rule) -> tuple[Claim, ...]:
    """Return the claims that have the quorum, by the path they are in."""
    made: dict[Claim, int] = {}
    for index, device in enumerate(electorate.devices):
        if members >> index & 1:
            for claim in set(device.claims):
                made[claim] = made.get(claim, 0) | 1 << index
    of = electorate.votes(members)
    kept = [claim for claim, mask in made.items() if rule.decides(electorate.votes(mask), of) and claim.name != SIGNER]
    return tuple(sorted(kept, key=lambda each: (each.part, each.name, each.value, each.source)))


def _members(electorate: Electorate, mask: int) -> list[Device]:
    return [device for index, device in enumerate(electorate.devices) if mask >> index & 1]


# --- devices ------------------------------------------------------------------------------------------------------------


def _tell(device: Device, number: int, counted: Sequence[_Counted]) -> Told:
    """Return what is said of one device."""
    own, leading = counted[number], counted[0]
    if own.group.decided:
        return _held(device, number, own)
    if own.group.relation is Relation.LEADING or not leading.group.decided:
        return Told(device.name, device.source, number, Standing.NO_MAJORITY, own.group.reason)
    if own.group.relation is Relation.VERSION:
        return Told(
            device.name, device.source, number, Standing.NO_MAJORITY, f"{own.group.evidence}; {own.group.reason}"
        )
    share = max(0.0, 1 - own.apart.paths / max(1, _leaves(leading.group.manifest)))
    changes: tuple[Change, ...] = ()
    allowed: tuple[Change, ...] = ()
    if own.apart.paths < _UNLIKE_PATHS:
        changes, allowed, _ = _differences(device, leading)
    standing = Standing.NO_MAJORITY if own.group.relation is Relation.NEAR else Standing.OUTLIER
    return Told(
        device.name, device.source, number, standing, own.group.evidence,
        changes[:MOST_CHANGES], allowed[:MOST_CHANGES], max(0, len(changes) - MOST_CHANGES), share,
    )  # fmt: skip


def _held(device: Device, number: int, own: _Counted) -> Told:
    """Return what is said of a device whose group decides."""
    changes, allowed, doubts = _differences(device, own)
    if changes:
        standing, reason = Standing.OUTLIER, f"differs from what most agree on in {_paths(changes)}"
    elif own.group.contested:
        standing, reason = Standing.NO_MAJORITY, own.group.reason
    elif doubts or device.doubts:
        first = (*doubts, *device.doubts)[0] or "the artefact itself"
        standing, reason = Standing.NOT_READ, f"agrees as far as it could be read, which {first} could not completely"
    else:
        leads = own.group.relation is Relation.LEADING
        standing, reason = (Standing.AGREES if leads else Standing.OTHER_VERSION), _agrees(own.group, allowed)
    return Told(
        device.name, device.source, number, standing, reason,
        changes[:MOST_CHANGES], allowed[:MOST_CHANGES], max(0, len(changes) - MOST_CHANGES),
    )  # fmt: skip


def _differences(device: Device, own: _Counted) -> tuple[tuple[Change, ...], tuple[Change, ...], tuple[str, ...]]:
    """Return how a device differs from what a group agrees on: what may not differ, what may, and what doubt hides.

    Where the group is divided, nobody differs.
    """
    manifest = own.group.manifest
    if manifest is None:
        return (), (), ()
    media = medium(manifest, ""), medium(device.root, "")
    if media == (DISK, DISK):
        media = "", ""  # what all of them are is no copy of anything, which may have lost what the original has
    compared = compare(manifest, device.root, own.rule.policy, media=media, observed=True)
    divided = _Within([each.path for each in own.group.contested if each.aspect not in _OF_ITSELF])
    alone = {each.path for each in own.group.contested if each.aspect in _OF_ITSELF}
    told = [change for change in compared.changes if change.path not in alone and change.path not in divided]
    doubts = tuple(change.path for change in told if _is_doubt(change))
    changes = tuple(change for change in told if not change.mutable and not _is_doubt(change))
    return changes, tuple(change for change in told if change.mutable), doubts


_OF_ITSELF = frozenset({"mode", "owner", "xattrs", "facts", "link", "device"})
"""Aspects of a folder or container that say nothing of what is in it."""


class _Within:
    """Tells whether a path is one of some, or lies in one of them."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = frozenset(paths)

    def __contains__(self, path: str) -> bool:
        if not self._paths:
            return False
        if path in self._paths or "" in self._paths:
            return True
        return any(path[:at].removesuffix("!") in self._paths for at, letter in enumerate(path) if letter == "/")


def _is_doubt(change: Change) -> bool:
    """Whether a change says only that a container could not be read with certainty, its parts being told by themselves."""
    expected, found = change.expected, change.found
    return (
        change.aspects == ("content",)
        and expected is not None
        and found is not None
        and bool(expected.children and found.children)
        and not (expected.certain and found.certain)
    )


def _agrees(group: Group, allowed: Sequence[Change]) -> str:
    where = f"; differs in {_paths(allowed)} where devices may" if allowed else ""
    if group.relation is Relation.LEADING:
        return f"agrees with most{where}"
    return f"agrees with the {len(group.devices)} of its version, which is not that of most{where}"


def _paths(changes: Sequence[Change]) -> str:
    first = changes[0].path or "the artefact itself"
    return f"{len(changes)} paths ({first}, …)" if len(changes) > 1 else first


def _devices(count: int) -> str:
    return f"{count} device{'s' if count != 1 else ''}"


def _number(votes: int) -> str:
    return f"{votes / WHOLE:.4g}"


def _leaves(manifest: Part | None) -> int:
    return 0 if manifest is None else sum(not part.children for _, part in manifest.walk())
