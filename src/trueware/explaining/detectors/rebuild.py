"""Signs that software was built anew by somebody else, rather than altered: what a build stamps on everything it makes.

A rebuild differs from the maker's release nearly everywhere and says little anywhere. Three signs are read: many files whose modes
or owners differ in one and the same way (another account, another umask); a build that calls itself by another revision, date
or host while product and version are the same; and nearly all programs being others. None of them says that it is harmful.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import ClassVar

from trueware.explaining.contract import Altered, Case, Concluding
from trueware.explaining.explain import differences
from trueware.explaining.patterns import regex
from trueware.model.change import ChangeKind
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind, Part

PACKED = Rule(
    "packed-by-another",
    "Modes or owners differ all over in one and the same way",
    Severity.LOW,
    Confidence.MEDIUM,
    help="As when another account packed the same files. Compare what differs in content with care: it is easily overlooked there.",
    effect="rebuilt-by-another",
)
IDENTITY = Rule(
    "build-identity-changed",
    "The build calls itself by another revision or date, at the same version",
    Severity.MEDIUM,
    help="Makers do rebuild a version, and then say so. Ask whether this build is theirs.",
    effect="rebuilt-by-another",
)
PROGRAMS = Rule(
    "programs-rebuilt",
    "Nearly all programs are others than those of the release",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="They were compiled anew. What each of them does cannot be told from the difference; only who built them can be asked.",
    effect="rebuilt-by-another",
)

STATED = Rule(
    "version-stated-otherwise",
    "It states another version, and nothing else in it is another",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="The software is that of the release it was compared with, whatever it says. Ask the maker whether there is such a version.",
    effect="provenance-falsified",
)

_STAMPS = frozenset({"build", "fingerprint"})
"""Names of claims that a build gives itself."""

_VERSIONS = frozenset({"version", "build", "fingerprint"})
_SIGNATURE = re.compile(r"META-INF/[^/]*|apk-signing-block|(?:author-)?signature\d*\.xml")
"""What is made anew with every change to an app, by whoever signs it."""

_SAME = frozenset({"product", "version", "package"})
"""Names of claims that make it the same release."""

_ALIKE = 20
_SHARE = 0.05
"""Files with one and the same difference, and their share of all, from which it is the build and not an act."""

_PROGRAMS, _OTHERS = 10, 0.6
"""Programs that must differ, and their share of all."""

_TOLD = 8

_OWNER = regex(r"(?:user|group)-\d{1,10}")
"""Facts of a tar: what the accounts of its numbers are called."""

_LIBRARY = regex(r"(?:lib.+|.+\.)(?:so|ko)(?:[.\d]*)|.+\.(?:ko|dex|odex)")


class Rebuild:
    """Looks at all changes together."""

    subject: ClassVar[str] = "software built anew by somebody else"
    rules: ClassVar[tuple[Rule, ...]] = (PACKED, IDENTITY, PROGRAMS, STATED)
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (one change alone shows nothing)
        yield from ()

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:  # noqa: ARG004
        yield from _packed(case)
        yield from _packer(case)
        stated = tuple(_stated(case))
        yield from stated or _identity(case)
        yield from _programs(case)


def _packed(case: Case) -> Iterator[Finding]:
    shifts: Counter[str] = Counter()
    for altered in case.altered:
        if altered.change.kind is ChangeKind.CHANGED:
            shifts.update(differences(altered))
    most = max(shifts.values(), default=0)
    if most < _ALIKE or not _is_share(most, _SHARE, (part.mode is not None for _, part in case.genuine.walk())):
        return
    common = [(shift, many) for shift, many in shifts.most_common(_TOLD) if many >= _ALIKE]
    if common:
        told = tuple(Evidence(f"{many} files and folders", None, shift) for shift, many in common)
        yield case.finding(PACKED, f"{common[0][0]}, in {common[0][1]} files and folders", *told)


def _packer(case: Case) -> Iterator[Finding]:
    """Yield archives that name other owners of their files: who packed them."""
    for altered in case.altered:
        expected, found = altered.change.expected, altered.change.found
        if altered.change.aspects != ("facts",) or expected is None or found is None:
            continue
        before, after = dict(expected.facts), dict(found.facts)
        names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        if names and all(_OWNER.fullmatch(name) for name in names):
            told = tuple(Evidence(name, before.get(name), after.get(name)) for name in names[:_TOLD])
            yield altered.finding(PACKED, "the archive names other owners of its files", *told)


def _identity(case: Case) -> Iterator[Finding]:
    """Yield what the build says of itself, by name and source, where that changed and the version did not."""
    theirs = {(claim.name, claim.source): claim.value for claim in case.genuine_claims}
    ours = {(claim.name, claim.source): (claim.value, claim.part) for claim in case.claims}
    same = [key for key in theirs.keys() & ours.keys() if key[0] in _SAME]
    if not same or any(theirs[key] != ours[key][0] for key in same):
        return
    for key in sorted(theirs.keys() & ours.keys()):
        value, part = ours[key]
        if key[0] in _STAMPS and theirs[key] != value:
            yield case.finding(
                IDENTITY,
                f"{key[0]} is {value!r}, the release says {theirs[key]!r}",
                Evidence(f"{key[0]} ({key[1]})", theirs[key], value),
                part=part,
            )


def _stated(case: Case) -> Iterator[Finding]:
    """Yield other versions that are stated where only the parts that state something of themselves are others."""
    parts = {claim.part for claim in case.claims}
    others = [
        altered
        for altered in case.altered
        if (part := altered.change.found or altered.change.expected) is not None
        and part.kind is not Kind.DIRECTORY
        and not altered.is_configuration
        and altered.path not in parts
        and not _SIGNATURE.fullmatch(altered.inner)
    ]
    if others or not case.altered:
        return
    theirs = {(claim.name, claim.source): claim.value for claim in case.genuine_claims}
    for claim in case.claims:
        was = theirs.get((claim.name, claim.source))
        if claim.name in _VERSIONS and was is not None and was != claim.value:
            shown = Evidence(f"{claim.name} ({claim.source})", was, claim.value)
            yield case.finding(
                STATED, f"{claim.name} is {claim.value!r}, and the rest is that of {was!r}", shown, part=claim.part
            )


def _programs(case: Case) -> Iterator[Finding]:
    others = sum(
        1 for altered in case.altered if altered.change.expected is not None and _is_program(altered.change.expected)
        and (altered.is_removed or "content" in altered.change.aspects)
    )  # fmt: skip
    if others >= _PROGRAMS and _is_share(others, _OTHERS, (_is_program(part) for _, part in case.genuine.walk())):
        yield case.finding(PROGRAMS, f"{others} programs and libraries are others or are gone, nearly all there were")


def _is_share(some: int, share: float, each: Iterable[bool]) -> bool:
    """Whether `some` are at least that share of all that are true; counts no further than it must."""
    most = int(some / share) + 1
    return sum(1 for _ in islice(filter(None, each), most)) < most


def _is_program(part: Part) -> bool:
    """Whether a file is a program by its mode and name; a script is one too."""
    return part.kind is Kind.FILE and (bool((part.mode or 0) & 0o111) or _LIBRARY.fullmatch(part.name) is not None)


_: type[Concluding] = Rebuild
