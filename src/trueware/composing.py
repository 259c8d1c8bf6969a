"""Composes what a root file system should be, out of the registry's releases of the packages that are installed in it.

The artefact says which packages it has, and the registry what each of them brings; see `trueware.appraisal.composition`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from trueware.appraisal.composition.compose import Composed, compose
from trueware.appraisal.composition.generated import Generated
from trueware.appraisal.composition.installed import (
    MAX_STATUS,
    Installed,
    Root,
    find_root,
    read_diversions,
    read_status,
)
from trueware.appraisal.composition.makings import Makings
from trueware.appraisal.composition.system import MAX_READ
from trueware.appraisal.composition.union import Package, Union, archive_in, unite
from trueware.appraisal.reference import Reference
from trueware.artefact import Measured
from trueware.errors import InputError
from trueware.knowledge import load_policies
from trueware.knowledge.roots import load_makings
from trueware.model.claim import Claim
from trueware.model.finding import Finding
from trueware.model.part import Kind, Part
from trueware.model.policy import Policy
from trueware.model.release import Release
from trueware.model.rules import RULES
from trueware.model.verdict import Authority
from trueware.registry.lookup import Registry, untrusted

_ALTOGETHER = 1 << 26
"""Bytes of lists and scripts that are read out of one root file system; a desktop's have 10 MB."""

_MOST_PATHS = 500_000
"""Paths that all packages together may bring; a desktop of 3,000 packages has 300,000. Packages beyond that are not compared."""

_NAMED = 3
"""Paths that are named of those that cannot be told."""

_MOST_NAMED = 50
"""Packages that are named of those whose files are not known."""

_FOUNDATION = 10
"""Where more than one package of this many is not known, a maker has built something of his own on a distribution."""

_STRENGTH = {authority: rank for rank, authority in enumerate(Authority)}

_WANTED = re.compile(
    r"etc/(?:passwd|group|gshadow)-?|etc/(?:shadow-?|shells|fstab|hosts\.(?:allow|deny)|ca-certificates\.conf|ld\.so\.cache|network/interfaces|apt/sources\.list|pam\.d/common-[\w-]+)"
    r"|etc/(?:default/[\w-]+|ssl/certs/ca-certificates\.crt)|usr/share/ca-certificates/.*"
    r"|usr/share/(?:pam|pam-configs|base-passwd)/[^/]+|(?:usr/)?lib/(?:systemd/(?:system|user)|sysusers\.d)/[^/]+"
    r"|var/lib/dpkg/statoverride|var/lib/dpkg/info/[^/]+\.(?:postinst|preinst|config|prerm|postrm)"
)
"""What is read to tell what installing makes; see `trueware.appraisal.composition.generated`."""


@dataclass(frozen=True, slots=True)
class Composition:
    """What a root file system should be."""

    reference: Reference
    findings: tuple[Finding, ...]
    members: frozenset[str]
    """Ids of the releases it is composed of: of none of them is the artefact a copy."""

    made: Mapping[bytes, bytes] = field(repr=False)
    """Contents of it that no release has, by SHA-256."""

    owners: Mapping[bytes, Release] = field(repr=False)
    """By SHA-256 of a content: a release that has it."""


def compose_of_packages(measured: Measured, registry: Registry) -> Composition | None:
    """Return what the artefact should be; None where no list of packages is in it, or the registry has none of them.

    Raises:
        StoreError: the registry cannot be read.
    """
    root = find_root(measured.measurement.root)
    if root is None:
        return None
    files = _Files(measured, registry)
    status = files.read(root.status, MAX_STATUS)
    installed = read_status(status) if status is not None else ()
    findings: list[Finding] = []
    known = dict(_known(installed, registry, findings))
    if not known:
        return None
    makings = load_makings(root.manager.name)
    files.announce(_wanted(root.part, makings, [each for each in installed if each not in known]))
    diversions = read_diversions(files.read(root.diversions, MAX_READ) or b"") if root.diversions is not None else ()
    packages = [package for package, _ in known.values()]
    union = unite(packages, root.part, root.manager, diversions, lambda package: _diverts(package, files))
    generated = Generated(union, root.part, makings, files.read)
    unknown = [each for each in installed if each not in known]
    listed = dict(_listed(root, union, unknown, files))
    composed = compose(
        root.part, union, lambda path: listed.get(path) or generated.unprovable(path), generated.accepted
    )
    releases = [release for _, release in known.values()]
    unproved = (*_not_registered(unknown, composed), *_not_provable(composed, {each.title for each in unknown}))
    release = _release(releases, composed, measured, root.manager.policy)
    sources = Counter(each.source.partition(": ")[0] for each in releases)
    told = [
        _finding("composed-of-packages", f"{count} packages by {source}") for source, count in sources.most_common()
    ]
    policies = load_policies()
    policy = policies.get(root.manager.policy) or Policy(root.manager.policy, "", ())
    reference = Reference(
        release,
        composed.manifest,
        policy,
        tuple(each.detail for each in unproved)[: _MOST_NAMED + 1],
        len(unknown) * _FOUNDATION > len(installed),
    )
    owners = {
        part.sha256: each_release
        for package, each_release in known.values()
        for _, part in package.data.walk()
        if part.sha256 is not None
    }
    return Composition(
        reference, (*findings, *told, *unproved), frozenset(each.id for each in releases), generated.made, owners
    )


def _diverts(package: Package, files: "_Files") -> bool:
    scripts = package.control.children if package.control is not None else ()
    return any(b"dpkg-divert" in (files.read(part) or b"") for part in scripts if part.name in ("preinst", "postinst"))


class _Files:
    """The bytes of what was found and of what packages bring, by their digests: as kept, or as measured."""

    def __init__(self, measured: Measured, registry: Registry) -> None:
        self._measurement, self._registry = measured.measurement, registry
        self._had: dict[bytes, bytes | None] = {}

    def announce(self, digests: Iterable[bytes]) -> None:
        """Read together what will be asked for: a stream passes once for all of them."""
        contents = self._measurement.contents
        wanted = [each for each in digests if each not in self._had and each not in self._measurement.kept]
        if contents is not None:
            for digest, data in contents.fetch(wanted, MAX_READ, _ALTOGETHER).items():
                self._had[digest] = data if isinstance(data, bytes) else None

    def read(self, part: Part, most: int = MAX_READ) -> bytes | None:
        """Return the bytes of a part; None where they cannot be had, or are more than that."""
        digest = part.sha256
        if digest is None or part.size > most:
            return None
        if (kept := self._measurement.kept.get(digest)) is not None:
            return kept
        if digest not in self._had:
            data = self._registry.content(digest)
            contents = self._measurement.contents
            if data is None and contents is not None:
                found = contents.fetch((digest,), most, most).get(digest)
                data = found if isinstance(found, bytes) else None
            self._had[digest] = data
        return self._had[digest]


def _known(
    installed: Iterable[Installed], registry: Registry, findings: list[Finding]
) -> Iterator[tuple[Installed, tuple[Package, Release]]]:
    """Yield the packages whose files the registry knows: of several releases of one, that of whoever made most of them."""
    found = {each: _releases(each, registry, findings) for each in installed}
    makers = Counter(publisher for releases in found.values() for publisher in {each.publisher for each in releases})
    left = _MOST_PATHS
    for each, releases in found.items():
        for release in sorted(releases, key=lambda each: (-makers[each.publisher], _STRENGTH[each.authority])):
            try:
                manifest = registry.manifest(release)
            except InputError as error:
                findings.append(untrusted(release, error))
                continue
            data = archive_in(manifest, "data.tar") if manifest is not None else None
            if manifest is not None and data is not None and (paths := sum(1 for _ in data.walk())) <= left:
                left -= paths
                yield each, (Package(each, data, archive_in(manifest, "control.tar")), release)
                break


def _releases(each: Installed, registry: Registry, findings: list[Finding]) -> list[Release]:
    pairs = (("package", each.name), ("version", each.version), ("architecture", each.architecture))
    claims = [Claim(name, value, "", "") for name, value in pairs]
    found = registry.find_claiming(claims, findings)
    return [release for release in found if release.tree is not None and registry.barred(release) is None]


def _wanted(root: Part, makings: Makings, unknown: Iterable[Installed]) -> Iterator[bytes]:
    """Yield the digests of what is read to tell what installing makes."""
    names = {*makings.copies, *makings.copies.values()}
    lists = {f"var/lib/dpkg/info/{name}.list" for each in unknown for name in _stems(each)}
    for path, part in root.walk():
        if part.kind is Kind.FILE and part.sha256 is not None and part.size <= MAX_READ:
            within = path.rpartition("!/")[2]
            if _WANTED.fullmatch(within) or within in names or within in lists:
                yield part.sha256


def _stems(each: Installed) -> tuple[str, str]:
    return each.name, f"{each.name}:{each.architecture}"


def _listed(root: Root, union: Union, unknown: Iterable[Installed], files: _Files) -> Iterator[tuple[str, str]]:
    """Yield the paths that packages are said to bring whose files nobody knows, and whose they are."""
    info = _info(root)
    for each in unknown:
        for stem in _stems(each):
            part = info.get(f"{stem}.list")
            if part is None:
                continue
            yield from ((f"{root.manager.info}/{name}", each.title) for name in info if name.startswith(f"{stem}."))
            for line in (files.read(part) or b"").decode("utf-8", "surrogateescape").splitlines():
                yield union.resolve(line.lstrip("/")), each.title


def _info(root: Root) -> Mapping[str, Part]:
    part: Part | None = root.part
    for name in root.manager.info.split("/"):
        part = next((child for child in part.children if child.name == name), None) if part is not None else None
    return {child.name: child for child in part.children} if part is not None else {}


def _not_registered(unknown: Iterable[Installed], composed: Composed) -> Iterator[Finding]:
    for each in unknown:
        paths = composed.unknown.get(each.title, ())
        yield _finding(
            "package-not-registered",
            f"the package {each.title}, and with it {len(paths)} files{_names(paths)}",
            paths[0] if paths else "",
        )


def _not_provable(composed: Composed, packages: frozenset[str] | set[str]) -> Iterator[Finding]:
    for what, paths in composed.unknown.items():
        if what not in packages:
            yield _finding("not-provable", f"{what}: {len(paths)} files{_names(paths)}", paths[0])


def _names(paths: tuple[str, ...]) -> str:
    if not paths:
        return ""
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return f" ({', '.join(paths[:_NAMED])}{more})"


def _release(releases: list[Release], composed: Composed, measured: Measured, policy: str) -> Release:
    """Return the packages together as one release, on the weakest word that any of them has."""
    publishers = Counter(each.publisher for each in releases)
    authority = max((each.authority for each in releases), key=_STRENGTH.__getitem__)
    withdrawn = [f"{each.title}: {each.withdrawn}" for each in releases if each.withdrawn is not None]
    identity = sha256(b"".join(sorted(bytes.fromhex(each.id) for each in releases))).hexdigest()
    return Release(
        identity,
        publishers.most_common(1)[0][0],
        f"{len(releases)} packages",
        "",
        authority,
        composed.manifest.tree,
        composed.manifest.tree,
        policy,
        measured.claims,
        max(each.published for each in releases),
        "; ".join(withdrawn[:_NAMED]) if withdrawn else None,
    )


def _finding(rule_id: str, detail: str, part: str = "") -> Finding:
    rule = RULES[rule_id]
    return Finding(rule.id, part, detail, rule.severity, rule.confidence)
