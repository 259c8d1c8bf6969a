"""Compares a part of a release with a part of an artefact: added, removed, changed and moved, path by path.

Equal Merkle digests end the descent, so that the cost is that of what differs. A container is compared by its parts where both
readings have them, and by its bytes where a reading is not certain. What a container does not record (owner, mode) is not
compared. Padding, time stamps and packing never differ. Where the release is a list of files (`trueware.model.listing`), what such
a list does not state is told apart from what differs (`Unstated`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from trueware.appraisal.place import DISK, holds_files, inside, is_root_file_system
from trueware.model.change import Change, ChangeKind
from trueware.model.listing import Extent, extent_of
from trueware.model.part import Kind, Part, join
from trueware.model.policy import Policy
from trueware.model.varying import CONTENT, MEMBERS, PRESENCE, varying, without_mark

_UNLABELLED = frozenset({"ar", "cpio", "deb", "zip", DISK})
"""Media that have no extended attributes, or of a file what its copying left."""

_ANY = "any"
"""A name that no pattern knows, so that only those for everything in a folder match."""

_CAPABILITY = "security.capability"

_COPIES = frozenset({"tar"})
"""Formats in which people pack the files of an image; where a release comes in one of them, what it lacks was taken out."""

_DEVICES = (Kind.CHARACTER, Kind.BLOCK)

_BYTES = (Kind.FILE, Kind.REGION, Kind.GAP)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How an artefact's part differs from a release's."""

    changes: tuple[Change, ...]
    rebuilt: tuple[str, ...]
    """Paths of containers whose content is equal although their bytes differ."""

    lost: "Lost"
    unstated: "Unstated"


@dataclass(frozen=True, slots=True)
class Lost:
    """What a release has and a copy has nothing of at all: nobody can tell whether it was there when the copy was made."""

    devices: tuple[str, ...] = ()
    """Paths of the release's device nodes, where the copy holds no device node."""

    attributes: tuple[str, ...] = ()
    """Paths of files with extended attributes, where the copy holds none."""

    @property
    def is_nothing(self) -> bool:
        """Whether everything could be compared."""
        return not self.devices and not self.attributes


@dataclass(frozen=True, slots=True)
class Unstated:
    """What an artefact has of which a list of files says nothing: nobody vouches for it, or says that it should not be there."""

    extent: Extent | None = None
    """How far the list goes; None: the release is no list, and all could be compared."""

    listed: int = 0
    """Of a loose list: files of the artefact that it has."""

    privileges: tuple[str, ...] = ()
    """Paths of listed files with set-user-ID or set-group-ID bits or capabilities."""

    entries: tuple[str, ...] = ()
    """Paths of links, device nodes and the like, which no list has."""

    files: tuple[str, ...] = ()
    """Paths of files that an open list does not have, and of those that it has without a SHA-256."""

    @property
    def decides_nothing(self) -> bool:
        """Whether a device would do the same without any of it."""
        return self.extent is not Extent.LOOSE and not self.privileges and not self.entries and not self.files


@dataclass(slots=True)
class _Found:
    """What comparing brings up on its way, paths as they come."""

    changes: list[Change] = field(default_factory=list)
    rebuilt: list[str] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)
    privileges: list[str] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Pair:
    expected: Part
    found: Part
    path: str
    inner: str | None
    """Path inside the root file system, None above it."""

    labelled: bool
    """Whether the containers of both record extended attributes."""

    copy: "_Copy | None"
    """What `found` is or lies in directly, where that is a copy."""

    listed: bool = False
    """Whether `expected` is what a list of files states: names and contents alone."""

    varies: frozenset[str] = frozenset()
    """What of `expected` differs from device to device, where a fleet's agreement says so."""


@dataclass(frozen=True, slots=True)
class _Copy:
    """Files that somebody unpacked: a folder on a disk, or an archive in which the release does not come."""

    has_devices: bool
    has_attributes: bool

    @classmethod
    def of(cls, found: Part) -> "_Copy":
        """Return what a copy has any of, not counting what is within containers in it."""
        stack, kept = [found], []
        while stack:
            part = stack.pop()
            kept.append(part)
            if part is found or not part.is_container:
                stack.extend(part.children)
        return cls(any(part.kind in _DEVICES for part in kept), any(part.xattrs for part in kept))


def compare(
    expected: Part,
    found: Part,
    policy: Policy,
    path: str = "",
    *,
    inner: str | None = None,
    media: tuple[str, str] = ("", ""),
    observed: bool = False,
) -> Comparison:
    """Return every difference of `found` from `expected`.

    Args:
        expected: the part of the release.
        found: the part of the artefact.
        policy: what may differ.
        path: where `found` is in its artefact.
        inner: where `expected` is in the root file system of its release, None above it; see `policy_path`.
        media: what `expected`, and `found`, are read from; see `medium`.
        observed: whether `expected` is what a fleet agrees on, in which parts say what varies (`trueware.model.varying`).
    """
    extent = extent_of(expected)
    if extent is Extent.LOOSE:
        return Comparison((), (), Lost(), _loose(expected, found, path))
    seen = _Found()
    changes, rebuilt, attributes = seen.changes, seen.rebuilt, seen.attributes
    copied = (found.kind is Kind.DIRECTORY and media[1] == DISK) or (media[1] in _COPIES and media[0] != media[1])
    copy = _Copy.of(found) if copied else None
    labelled = _UNLABELLED.isdisjoint(media) and (copy is None or copy.has_attributes)
    seen_to_vary = varying if observed else _nothing
    stack = [_Pair(expected, found, path, inner, labelled, copy, extent is not None, seen_to_vary(expected))]
    while stack:
        pair = stack.pop()
        if pair.expected.tree == pair.found.tree:
            if pair.expected.is_container and _bytes_differ(pair.expected, pair.found):
                rebuilt.append(pair.path)
            continue
        aspects = _aspects(pair.expected, pair.found, pair.path == path, pair.labelled, pair.listed, observed=observed)
        if pair.listed and _has_privileges(pair.found):
            seen.privileges.append(pair.path)
        if "xattrs" not in aspects and not set(pair.expected.xattrs) <= set(pair.found.xattrs):
            if pair.copy is not None and pair.copy.has_attributes and _loses_capability(pair.expected, pair.found):
                aspects = (*aspects, "xattrs")
            else:
                attributes.append(pair.path)
        descend = CONTENT not in pair.varies and _comparable_inside(pair.expected, pair.found)
        if descend:
            stack.extend(_children(pair, policy, seen, seen_to_vary))
            if _leaves_doubt(pair.expected, pair.found):
                aspects = ("content", *aspects)
            if pair.found.is_container and _bytes_differ(pair.expected, pair.found):
                rebuilt.append(pair.path)
        elif pair.listed and pair.expected.sha256 is None and pair.expected.kind is Kind.FILE:
            seen.files.append(pair.path)
        elif _contents_differ(pair.expected, pair.found):
            aspects = ("content", *aspects)
        if aspects:
            change = Change(ChangeKind.CHANGED, pair.path, aspects, pair.expected, pair.found)
            changes.append(_judge(change, pair.inner, policy, seen=pair.varies.issuperset(aspects)))
    changed_paths = [change.path for change in changes]
    still = tuple(sorted(path for path in rebuilt if not _any_below(path, changed_paths)))
    lost = Lost(tuple(sorted(seen.devices)), tuple(sorted(attributes)))
    unstated = Unstated(extent, 0, *(tuple(sorted(paths)) for paths in (seen.privileges, seen.entries, seen.files)))
    return Comparison(tuple(sorted(_moves(changes), key=_order)), still, lost, unstated)


def _loose(expected: Part, found: Part, path: str) -> Unstated:
    """Return what of an artefact a loose list does not have; where things are, and what is missing, it cannot tell."""
    known = {child.sha256 for child in expected.children}
    listed, files, entries = 0, list[str](), list[str]()
    stack = [(path, found)]
    while stack:
        at, part = stack.pop()
        if part.sha256 is not None and part.sha256 in known:
            listed += 1
        elif part.kind is Kind.DIRECTORY or part.is_container:
            stack.extend((join(at, part, child.name), child) for child in part.children)
        elif part.kind in _BYTES:
            files.append(at)
        elif part.kind is not Kind.PADDING:
            entries.append(at)
    return Unstated(Extent.LOOSE, listed, entries=tuple(sorted(entries)), files=tuple(sorted(files)))


def _nothing(_part: Part) -> frozenset[str]:
    """Nothing varies by device in what somebody published."""
    return frozenset()


def _order(change: Change) -> tuple[str, str]:
    return change.path, change.kind.value


def _any_below(path: str, changed: Iterable[str]) -> bool:
    return any(not path or other == path or other.startswith((path + "/", path + "!/")) for other in changed)


def _bytes_differ(expected: Part, found: Part) -> bool:
    return expected.sha256 is not None and found.sha256 is not None and expected.sha256 != found.sha256


def _comparable_inside(expected: Part, found: Part) -> bool:
    """Whether the difference is to be looked for in the children."""
    if expected.kind is Kind.DIRECTORY or found.kind is Kind.DIRECTORY:
        return expected.kind is found.kind or (holds_files(expected) and holds_files(found))
    if expected.format is None or expected.format != found.format:
        return holds_files(expected) and holds_files(found)
    if expected.certain and found.certain:
        return expected.is_container or found.is_container
    return bool(expected.children and found.children) and not _contents_equal(expected, found)


def _leaves_doubt(expected: Part, found: Part) -> bool:
    """Whether equal children would not prove the containers equal: programs may see others in their bytes."""
    return not (expected.certain and found.certain) and not _contents_equal(expected, found)


def _contents_equal(expected: Part, found: Part) -> bool:
    return expected.sha256 is not None and expected.sha256 == found.sha256


def _contents_differ(expected: Part, found: Part) -> bool:
    if expected.kind is not found.kind and Kind.DIRECTORY in (expected.kind, found.kind):
        return False  # the aspect `type` says it
    if expected.sha256 is None and found.sha256 is None:
        return expected.is_container or found.is_container or expected.certain != found.certain
    return expected.sha256 != found.sha256


def _aspects(
    expected: Part,
    found: Part,
    top: bool,  # noqa: FBT001
    labelled: bool,  # noqa: FBT001
    listed: bool = False,  # noqa: FBT001, FBT002
    *,
    observed: bool = False,
) -> tuple[str, ...]:
    aspects = []
    wrapped = top and expected.is_container == found.is_container  # an image is a file by itself, a region in a dump
    if expected.kind is not found.kind and not wrapped and not (top and holds_files(expected) and holds_files(found)):
        aspects.append("type")
    if None not in (expected.mode, found.mode) and expected.mode != found.mode:
        aspects.append("mode")
    if _owner_differs(expected.uid, found.uid) or _owner_differs(expected.gid, found.gid):
        aspects.append("owner")
    if listed:
        return tuple(aspects)  # the rest a list does not state
    if expected.link != found.link:
        aspects.append("link")
    if expected.rdev != found.rdev:
        aspects.append("device")
    if expected.xattrs != found.xattrs and (labelled or _gains_capability(expected, found)):
        aspects.append("xattrs")
    if expected.format == found.format and not _facts_agree(expected, found, top, observed=observed):
        aspects.append("facts")
    if (
        expected.format != found.format
        and (expected.children or found.children)
        and not top
        and not _contents_equal(expected, found)  # the name of a hard link whose other name was looked into
    ):
        aspects.append("format")
    return tuple(aspects)


def _facts_agree(expected: Part, found: Part, top: bool, *, observed: bool) -> bool:  # noqa: FBT001
    """Whether the facts are the same; what a partition table says of a region is no fact of the region by itself."""
    if top and expected.kind is not found.kind and Kind.REGION in (expected.kind, found.kind):
        region, alone = (expected, found) if expected.kind is Kind.REGION else (found, expected)
        return set(alone.facts) <= set(region.facts)
    return (without_mark(expected.facts) if observed else expected.facts) == found.facts


def _gains_capability(expected: Part, found: Part) -> bool:
    return any(pair[0] == _CAPABILITY and pair not in expected.xattrs for pair in found.xattrs)


def _loses_capability(expected: Part, found: Part) -> bool:
    return any(pair[0] == _CAPABILITY and pair not in found.xattrs for pair in expected.xattrs)


def _has_privileges(part: Part) -> bool:
    return part.kind is Kind.FILE and (
        bool((part.mode or 0) & 0o6000) or any(key == _CAPABILITY for key, _ in part.xattrs)
    )


def _records_attributes(container: Part, copy: _Copy | None, *, inherited: bool) -> bool:
    """Whether what `container` holds has its extended attributes with it."""
    if not container.is_container:
        return inherited
    return container.format not in _UNLABELLED and (copy is None or copy.has_attributes)


def _owner_differs(expected: int | None, found: int | None) -> bool:
    return expected is not None and found is not None and expected != found


def _children(
    pair: _Pair, policy: Policy, seen: _Found, seen_to_vary: Callable[[Part], frozenset[str]]
) -> Iterator[_Pair]:
    """Pair the children by name; what has no partner is a change, or the path of a device node that a copy lost."""
    inner = pair.inner
    if inner is None and is_root_file_system(pair.expected):
        inner = ""
    labelled = _records_attributes(pair.expected, None, inherited=pair.labelled) and _records_attributes(
        pair.found, pair.copy, inherited=pair.labelled
    )
    there = _by_name(pair.expected)
    extent = extent_of(pair.expected)
    for key, child in _by_name(pair.found).items():
        path = join(pair.path, pair.found, child.name)
        below = inside(inner, pair.found, child.name)
        partner = there.pop(key, None)
        if partner is not None:
            copy = None if child.is_container else pair.copy
            yield _Pair(partner, child, path, below, labelled, copy, extent is not None, seen_to_vary(partner))
        else:
            for at, part, within in _leaves(child, path, below):
                added = Change(ChangeKind.ADDED, at, (), None, part)
                change = _judge(added, within, policy, seen=MEMBERS in pair.varies)
                if extent is None or change.mutable or (extent is Extent.COMPLETE and part.kind is Kind.FILE):
                    seen.changes.append(change)
                elif part.kind is not Kind.DIRECTORY:  # a folder is there for what is in it
                    (seen.files if part.kind in _BYTES else seen.entries).append(at)
    for child in there.values():
        path = join(pair.path, pair.expected, child.name)
        comes_and_goes = PRESENCE in seen_to_vary(child)
        for at, part, within in _leaves(child, path, inside(inner, pair.expected, child.name)):
            if part.kind in _DEVICES and pair.copy is not None and not pair.copy.has_devices:
                seen.devices.append(at)
            else:
                removed = Change(ChangeKind.REMOVED, at, (), part, None)
                seen.changes.append(_judge(removed, within, policy, seen=comes_and_goes))


def _by_name(part: Part) -> dict[tuple[str, int], Part]:
    counts: dict[str, int] = {}
    named = {}
    for child in part.children:
        if child.kind is Kind.PADDING:
            continue
        count = counts[child.name] = counts.get(child.name, -1) + 1
        named[child.name, count] = child
    return named


def _leaves(part: Part, path: str, inner: str | None) -> Iterator[tuple[str, Part, str | None]]:
    """Yield a part that stands on one side only, with the folders and files below it; containers are not opened."""
    stack = [(path, part, inner)]
    while stack:
        at, node, within = stack.pop()
        yield at, node, within
        if node.kind is Kind.DIRECTORY:
            stack.extend(
                (join(at, node, child.name), child, inside(within, node, child.name)) for child in node.children
            )


def _moves(changes: list[Change]) -> Iterator[Change]:
    """Join a removed and an added file of equal content into one move, where there is exactly one of each."""
    gone: dict[bytes, list[Change]] = {}
    come: dict[bytes, list[Change]] = {}
    for change in changes:
        part = change.found or change.expected
        if part is not None and part.kind is Kind.FILE and part.sha256 is not None and part.has_content:
            if change.kind is ChangeKind.REMOVED:
                gone.setdefault(part.sha256, []).append(change)
            elif change.kind is ChangeKind.ADDED:
                come.setdefault(part.sha256, []).append(change)
    moved: dict[int, Change] = {}  # by identity: a change holds whole parts, which are costly to hash
    dropped: set[int] = set()
    for digest, sources in gone.items():
        targets = come.get(digest, [])
        if len(sources) == len(targets) == 1:
            source, target = sources[0], targets[0]
            assert source.expected is not None and target.found is not None  # noqa: S101, PT018 (by kind)
            aspects = _aspects(source.expected, target.found, top=False, labelled=True)
            both = source.mutable and target.mutable
            moved[id(target)] = replace(
                target,
                kind=ChangeKind.MOVED,
                aspects=aspects,
                expected=source.expected,
                origin=source.path,
                mutable=both,
            )
            dropped.add(id(source))
    for change in changes:
        if id(change) not in dropped:
            yield moved.get(id(change), change)


def _judge(change: Change, inner: str | None, policy: Policy, *, seen: bool = False) -> Change:
    """Mark the change mutable where the policy allows it, or where such a change was `seen` to differ from device to device."""
    if seen and _may_be_excused(change, anything=True):
        return replace(change, mutable=True)
    if inner is None or not _may_be_excused(change):
        return change
    return replace(change, mutable=policy.is_mutable(inner) or _holds_only_mutable(change, inner, policy))


def _holds_only_mutable(change: Change, inner: str, policy: Policy) -> bool:
    """Whether it is a folder that came or went with what policy lets come and go in it: ``var/log`` with the first log."""
    part = change.found or change.expected
    came_or_went = change.kind in (ChangeKind.ADDED, ChangeKind.REMOVED)
    return came_or_went and part is not None and part.kind is Kind.DIRECTORY and policy.is_mutable(f"{inner}/{_ANY}")


def _may_be_excused(change: Change, *, anything: bool = False) -> bool:
    """Whether this is the kind of change a device makes in service: data of ordinary files, links and folders.

    With `anything`, also data in regions of an image: of a partition for calibration, each device has its own.
    """
    ordinary = (Kind.FILE, Kind.SYMLINK, Kind.DIRECTORY, *((Kind.REGION, Kind.GAP) if anything else ()))
    found, expected = change.found, change.expected
    if found is None:
        return expected is not None and expected.kind in ordinary
    if (
        found.kind not in ordinary
        or (found.mode or 0) & 0o6000
        or found.xattrs != (expected.xattrs if expected else ())
    ):
        return False
    if (
        found.kind is Kind.FILE
        and (found.mode or 0) & 0o111
        and not (expected is not None and (expected.mode or 0) & 0o111)
    ):
        return False
    return "type" not in change.aspects and "owner" not in change.aspects
