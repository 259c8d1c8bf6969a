"""What a fleet of one model agrees on: paths of evidence in, one for each device; a consensus out, and into a registry if wanted.

Evidence of a device is a file or folder that is measured here (an image, a dump, a copied tree), or what somebody measured
elsewhere: a document of `trueware measure --json`, which may hold several. Devices are measured side by side, and of what they
share one copy is kept.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from trueware.appraisal.wrapping import unwrap
from trueware.artefact import cores, default_pool, measure_artefact
from trueware.consensus.agree import agree
from trueware.consensus.evidence import Device, Sharing
from trueware.consensus.rule import WHOLE, Rule
from trueware.consensus.told import Consensus, Group, Standing, Told
from trueware.errors import InputError, SourceError
from trueware.exchange.manifests import MAX_DOCUMENT, decode, is_manifests
from trueware.keeping import keep
from trueware.knowledge import load_policies, policy_for
from trueware.model.claim import Claim
from trueware.model.limits import Limits
from trueware.model.part import Part
from trueware.model.policy import Policy
from trueware.model.release import Release
from trueware.model.result import Result
from trueware.model.strength import Strength
from trueware.model.verdict import Authority
from trueware.model.watchlists import Watchlists
from trueware.processes import DIED, NO_MEMORY, Work, work_each
from trueware.registry.lookup import Registry
from trueware.registry.ports import RegistryStore
from trueware.registry.references import Reference, take_references
from trueware.releasing import Naming
from trueware.verify import verify

if TYPE_CHECKING:
    from concurrent.futures import Executor

_HEAD = 1024


@dataclass(frozen=True, slots=True)
class Wish:
    """How a fleet is to agree; see `trueware.consensus.rule.Rule`."""

    quorum: Fraction = Fraction(2, 3)
    min_devices: int = 5
    distinct: bool = False
    most_per_source: int = 0
    by_folder: bool = False
    """Whether the folder that evidence lies in is the source it came from."""

    policy: str | None = None
    """By default the one that fits most of what was measured."""

    may_vary: tuple[str, ...] = ()
    """Patterns, as those of a policy, for paths that devices of this model change in service: in the root file system, or in the
    evidence (``nvram.bin``)."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """A fleet that was asked."""

    consensus: Consensus
    policy: str
    places: Mapping[str, str] = field(repr=False)
    """By the name of a device that was measured here: the path of its evidence."""

    failed: tuple[tuple[str, str], ...] = ()
    """Paths whose evidence could not be read, with the reason."""


@dataclass(frozen=True, slots=True)
class _Brought:
    """What a path holds: one device, or those of a document."""

    path: str
    devices: tuple["_Flat", ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Flat:
    """A device on its way from one process to another, its tree as a list: nothing nested that could be nested too deep."""

    name: str
    parts: list[tuple[object, ...]]
    """The fields of each part, the number of its children instead of them; parents first."""

    claims: tuple[Claim, ...]
    policy: str
    stated: bool
    """Whether it is somebody's word, a device's own or a document's."""

    in_document: bool = False
    """Whether the document at its path speaks of others too."""


def ask_fleet(
    paths: Iterable[str],
    wish: Wish = Wish(),
    *,
    processes: int | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    report: Callable[[int], None] | None = None,
) -> Fleet:
    """Return what the devices whose evidence is at `paths` agree on.

    Args:
        paths: one or more for each device, files or folders.
        wish: how.
        processes: how many devices are measured at a time, by default one for each core.
        limits: ceilings for each.
        report: told how many are measured.

    Raises:
        SourceError: nothing could be read.
        ValueError: no such policy, or a rule that is none.
    """
    given = list(dict.fromkeys(os.path.normpath(path) for path in paths))
    names = _names(given)
    sharing = Sharing()
    devices: dict[str, Device] = {}
    policies: dict[str, int] = {}
    places: dict[str, str] = {}
    failed: list[tuple[str, str]] = []
    for done, brought in enumerate(_measured(given, limits, processes or cores()), 1):
        if report is not None:
            report(done)
        if brought.error:
            failed.append((brought.path, brought.error))
        source = os.path.dirname(brought.path) if wish.by_folder else ""  # noqa: PTH120 (as given)
        for flat in brought.devices:
            name = names[brought.path] if not flat.in_document else f"{names[brought.path]}:{flat.name}"
            name = _unique(name, devices)
            devices[name] = Device(name, sharing.share(_tree(flat.parts)), flat.claims, source, flat.stated)
            policies[flat.policy] = policies.get(flat.policy, 0) + 1
            if not flat.in_document:
                places[name] = brought.path
    if not devices:
        raise SourceError(failed[0][1] if failed else "no evidence of any device")
    policy = wish.policy or min(policies, key=lambda name: (-policies[name], name))
    rule = Rule(
        wish.quorum,
        wish.min_devices,
        distinct=wish.distinct,
        most_per_source=wish.most_per_source,
        policy=_policy(policy),
        may_vary=Policy("caller", "as the caller says", wish.may_vary),
    )
    return Fleet(agree(devices.values(), rule), policy, places, tuple(failed))


def _policy(name: str) -> Policy:
    known = load_policies()
    if name not in known:
        raise ValueError(f"no policy {name!r}; there are {', '.join(sorted(known))}")
    return known[name]


def _names(paths: list[str]) -> dict[str, str]:
    """Return how each device is called: by its path, without what all paths begin with."""
    if len(paths) == 1:
        return {path: Path(path).name or path for path in paths}
    whole = [os.path.abspath(path) for path in paths]  # noqa: PTH100 (a path that no Path holds stays as it is)
    try:
        common = os.path.commonpath(whole)
    except ValueError:  # on several drives
        return {path: path for path in paths}
    return {path: os.path.relpath(each, common) for path, each in zip(paths, whole, strict=True)}


def _unique(name: str, taken: Mapping[str, object]) -> str:
    number, told = 1, name
    while told in taken:
        number += 1
        told = f"{name} ({number})"
    return told


# --- evidence -----------------------------------------------------------------------------------------------------------


def _measured(paths: list[str], limits: Limits, processes: int) -> Iterator[_Brought]:
    if processes == 1 or len(paths) == 1:
        with default_pool() as pool:
            yield from (_bring(path, limits, pool) for path in paths)
    else:
        yield from work_each(paths, Work(_begin, limits, _bring_one, _died), processes)


_HERE: list[Limits] = []
"""In a process of the pool: the ceilings."""


def _begin(limits: Limits) -> None:
    """Begin a process of the pool."""
    _HERE[:] = [limits]


def _bring_one(path: str) -> _Brought:
    """Measure in a process of the pool, on one core: the others have devices of their own."""
    (limits,) = _HERE
    with ThreadPoolExecutor(1) as pool:
        return _bring(path, limits, pool)


def _died(path: str) -> _Brought:
    return _Brought(path, error=f"cannot read {path!r}: {DIED}")


def _bring(path: str, limits: Limits, pool: "Executor") -> _Brought:
    """Return the device, or the devices, whose evidence is at a path."""
    try:
        if (document := _stated(path, limits)) is not None:
            return document
        measured = measure_artefact(path, pool=pool, limits=limits)
    except (SourceError, InputError) as error:
        return _Brought(path, error=str(error))
    except MemoryError:
        return _Brought(path, error=f"cannot read {path!r}: {NO_MEMORY}")
    root = measured.measurement.root
    stated = measured.strength is Strength.SELF_REPORTED
    flat = _Flat(root.name, _flat(unwrap(root)[-1].part), measured.claims, policy_for(root), stated)
    return _Brought(path, (flat,))


def _stated(path: str, limits: Limits) -> _Brought | None:
    """Return the devices of a document, None where it is none."""
    try:
        if not os.path.isfile(path):  # noqa: PTH113 (Path.is_file raises for a name that is too long)
            return None
        with open(path, "rb") as file:  # noqa: PTH123 (as above)
            if not is_manifests(file.read(_HEAD)):
                return None
            file.seek(0)
            data = file.read(MAX_DOCUMENT + 1)
    except OSError as error:
        raise SourceError(f"cannot read {path!r}: {error.strerror}") from error
    return _Brought(
        path,
        tuple(
            _Flat(
                each.artefact,
                _flat(unwrap(each.root)[-1].part),
                each.claims,
                policy_for(each.root),
                stated=True,
                in_document=True,
            )
            for each in decode(data, limits)
        ),
    )


def _flat(root: Part) -> list[tuple[object, ...]]:
    parts: list[tuple[object, ...]] = []
    stack = [root]
    while stack:
        part = stack.pop()
        parts.append((*part[:-1], len(part.children)))
        stack.extend(reversed(part.children))
    return parts


def _tree(parts: list[tuple[object, ...]]) -> Part:
    done: list[Part] = []
    for fields in reversed(parts):
        count = fields[-1]
        assert isinstance(count, int)  # noqa: S101 (as `_flat` made it)
        children = tuple(reversed(done[len(done) - count :])) if count else ()
        if count:
            del done[-count:]
        done.append(Part._make((*fields[:-1], children)))
    return done[0]


# --- the registry -------------------------------------------------------------------------------------------------------


def learn_consensus(
    store: RegistryStore,
    fleet: Fleet,
    naming: Naming,
    now: int,
    *,
    group: int = 0,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
) -> Release:
    """Store what a group of a fleet agrees on as a release that rests on nothing else; returns it as stored.

    What is kept so that changes can be explained comes from a device that agrees, and only as far as all agree on it.

    Args:
        store: the registry's store.
        fleet: the fleet.
        naming: how the release is called; its policy is the one by which the fleet agreed.
        now: seconds since 1970.
        group: index of the group.
        limits: ceilings.

    Raises:
        InputError: the group does not agree on everything.
        SourceError: a device that agrees cannot be measured again.
        ValueError: a name that cannot stand on one line.
    """
    agreed = fleet.consensus.groups[group]
    if not agreed.is_reference or agreed.manifest is None:
        raise InputError(f"these devices do not agree: {agreed.reason}")
    kept, portraits = _kept(fleet, group, agreed.manifest, limits)
    root = agreed.manifest._replace(name=f"{naming.product} {naming.version}")
    reference = Reference(
        naming.publisher,
        naming.product,
        naming.version,
        root.tree,
        root.size,
        agreed.claims,
        root,
        kept,
        portraits,
        fleet.policy,
        Authority.CONSENSUS,
        rests_on(fleet.consensus, agreed),
    )
    done = take_references(store, [reference], now)
    if done.refused:
        raise ValueError(done.refused[0].reason)
    releases = store.find_by_sha256(root.tree)
    return next(each for each in releases if each.authority is Authority.CONSENSUS and each.version == naming.version)


def rests_on(consensus: Consensus, group: Group) -> str:
    """Return in some words how much an agreement is worth."""
    agree_ = sum(told.standing is Standing.AGREES for told in consensus.devices if told.device in set(group.devices))
    sources = f"{group.sources} sources" if group.sources > 1 else "one source"
    votes = "" if group.votes == len(group.devices) * WHOLE else f" with {group.votes / WHOLE:.4g} votes"
    return f"{agree_} of {len(group.devices)} devices{votes} from {sources}, quorum {consensus.rule.quorum}"


def _kept(
    fleet: Fleet, group: int, manifest: Part, limits: Limits
) -> tuple[Mapping[bytes, bytes], Mapping[bytes, bytes]]:
    """Return contents and portraits by SHA-256, of what all agree on and nothing else: a device's keys are its own."""
    agreed = {part.sha256 for _, part in manifest.walk() if part.sha256 is not None}
    like = [
        told
        for told in fleet.consensus.devices
        if told.group == group and told.standing is Standing.AGREES and told.device in fleet.places
    ]
    if not like:
        return {}, {}
    most = min(like, key=lambda told: (len(told.allowed), told.device))
    measured = measure_artefact(fleet.places[most.device], limits=limits, contents=True)
    kept, portraits = keep(measured.measurement, limits)
    return (
        {digest: content for digest, content in kept.items() if digest in agreed},
        {digest: portrait for digest, portrait in portraits.items() if digest in agreed},
    )


def explain_outliers(
    fleet: Fleet,
    most: int,
    now: int,
    *,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    watchlists: Watchlists = Watchlists(),  # noqa: B008 (frozen)
) -> Iterator[tuple[Told, Result]]:
    """Yield at most `most` devices that differ from what the leading group agrees on, with what verifying them says.

    Raises:
        InputError: the leading group does not agree on everything.
        SourceError: a device cannot be measured again.
    """
    from trueware.storage.memory import MemoryStore  # noqa: PLC0415 (only where it is asked for)

    store = MemoryStore()
    learn_consensus(store, fleet, Naming("fleet", "what most agree on", "consensus"), now, limits=limits)
    registry = Registry(store)
    asked = [told for told in fleet.consensus.devices if told.changes and told.device in fleet.places][:most]
    with default_pool() as pool:
        for told in asked:
            path = fleet.places[told.device]
            yield told, verify(path, registry, pool=pool, limits=limits, now=now, watchlists=watchlists)
