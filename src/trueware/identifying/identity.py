"""Identity: what an artefact's claims say together, made comparable with those of a release.

Claims are compared source by source, whatever their place: a dump of one partition and the image it came from have the same
sources at other paths. Where one source speaks several times (build properties of several partitions), two artefacts
contradict each other only if nothing it says is the same in both; an added file thus never hides that an artefact says the same.
Log-in banners are left out: anybody edits them, and one name covers many releases. So is what a list of others calls a release:
the artefact itself never says it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from trueware.identifying.login_banner import SOURCE as LOGIN_BANNER
from trueware.model.claim import LISTED, Claim

_CONFLICTING = ("version", "product", "board", "hardware", "architecture", "package", "fingerprint")
"""Claims that differ between any two different releases, or products. A build does not: the same release is built again."""

_NAMES_WHAT = ("product", "package")

Said = frozenset[tuple[str, str]]
"""Pairs of a claim's source and its normalised value."""

_NOTHING: Said = frozenset()


@dataclass(frozen=True, slots=True)
class Difference:
    """One kind of claim that one source makes otherwise in two artefacts; values as they are compared, sorted."""

    name: str
    source: str
    ours: tuple[str, ...]
    theirs: tuple[str, ...]


@dataclass(frozen=True)
class Identity:
    """What is claimed, by the name of the claim."""

    vendor: Said = field(default=_NOTHING)
    product: Said = field(default=_NOTHING)
    version: Said = field(default=_NOTHING)
    board: Said = field(default=_NOTHING)
    hardware: Said = field(default=_NOTHING)
    os: Said = field(default=_NOTHING)
    architecture: Said = field(default=_NOTHING)
    package: Said = field(default=_NOTHING)
    fingerprint: Said = field(default=_NOTHING)

    @classmethod
    def of(cls, claims: Iterable[Claim]) -> "Identity":
        """Return the identity that `claims` make together."""
        said: dict[str, set[tuple[str, str]]] = {name: set() for name in cls.__dataclass_fields__}
        for claim in claims:
            if claim.name in said and claim.source not in (LOGIN_BANNER, LISTED):
                said[claim.name].add((claim.source, _normal(claim.value)))
        return cls(**{name: frozenset(pairs) for name, pairs in said.items()})

    @property
    def says_version(self) -> bool:
        """Whether any version is claimed."""
        return bool(self.version)

    def conflicts(self, other: "Identity") -> tuple[str, ...]:
        """Return the names of the claims that a source makes in both and that have no value in common."""
        return tuple(name for name in _CONFLICTING if _conflicting(getattr(self, name), getattr(other, name)))

    def differences(self, other: "Identity") -> tuple[Difference, ...]:
        """Return what makes the conflicts, source by source."""
        return tuple(
            Difference(name, source, _values(ours, source), _values(theirs, source))
            for name in self.conflicts(other)
            for ours, theirs in ((getattr(self, name), getattr(other, name)),)
            for source in sorted(_conflicting(ours, theirs))
        )

    def repeats(self, other: "Identity", name: str) -> tuple[str, ...]:
        """Return the sources that say of `name` what they say in the other, sorted."""
        return tuple(sorted({source for source, _ in getattr(self, name) & getattr(other, name)}))

    def agrees(self, other: "Identity") -> bool:
        """Whether both claim to be the same version of the same product or package, and nothing conflicts."""
        what = any(getattr(self, name) & getattr(other, name) for name in _NAMES_WHAT)
        return what and bool(self.version & other.version) and not self.conflicts(other)


def _conflicting(ours: Said, theirs: Said) -> set[str]:
    """Return the sources that speak in both and say nothing alike."""
    sources = {source for source, _ in ours} & {source for source, _ in theirs}
    return sources - {source for source, _ in ours & theirs}


def _values(said: Said, source: str) -> tuple[str, ...]:
    return tuple(sorted(value for each, value in said if each == source))


def _normal(value: str) -> str:
    return " ".join(value.split()).casefold()
