"""What a detector is: a filled-in form with a subject, rules, and the reading of one change or of all of them.

A detector is static and stateless, and looks only at what changed, with the genuine bytes beside the changed ones. It opens
nothing and knows no other detector. It parses; a word that merely occurs somewhere is no finding.

How a detector reports
    * Findings by `Altered.finding` (`Case.finding` where no one change shows it), each of a rule of its own.
    * `InputError` while a change is read: the change is listed as one that could not be explained; other changes go on.
    * Where the genuine bytes are not at hand (`before` is None although `is_added` is false), what is found in the changed bytes
      may have been there all the time: only what no genuine product has may then be reported, with low confidence.

What a detector promises
    * Time and memory linear in the bytes it asks for.
    * No finding for the variation that the class of product has by itself: other order, comments, blank space, time stamps.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from trueware.model.change import Change, ChangeKind
from trueware.model.claim import Claim
from trueware.model.explanation import Scenario
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind, Part
from trueware.model.release import Release
from trueware.model.signature import Judged
from trueware.model.watchlists import Watchlists


class Source(Protocol):
    """The bytes of one side of a comparison, as far as they are at hand."""

    def read(self, part: Part) -> bytes | None:
        """Return the bytes of a part; None where they are not at hand, or too many.

        Raises:
            InputError: they cannot be unpacked.
        """
        ...

    def portrait(self, part: Part) -> bytes | None:
        """Return what was kept of a program instead of its bytes (`trueware.explaining.portrait`); None where nothing was."""
        ...


class Altered:
    """One change, its bytes at hand on both sides as far as they can be had."""

    __slots__ = ("_genuine", "_suspect", "change", "inner")

    def __init__(self, change: Change, inner: str, genuine: Source, suspect: Source) -> None:
        self.change = change
        self.inner = inner
        """Path inside the innermost root of files, without a leading slash: ``etc/passwd``, ``classes.dex``."""
        self._genuine, self._suspect = genuine, suspect

    @property
    def path(self) -> str:
        """Where it is in the artefact; for a removed part, where it was."""
        return self.change.path

    @property
    def root(self) -> str:
        """What the path begins with before the inner path: ``app.apk!/``, or nothing."""
        return self.path.removesuffix(self.inner)

    @property
    def name(self) -> str:
        """The last component of the path."""
        return self.inner.rpartition("/")[2]

    @property
    def is_added(self) -> bool:
        """Whether the genuine has nothing there."""
        return self.change.expected is None

    @property
    def is_removed(self) -> bool:
        """Whether the artefact has nothing there any more."""
        return self.change.found is None

    @property
    def is_moved(self) -> bool:
        """Whether the genuine has these bytes at another path."""
        return self.change.kind is ChangeKind.MOVED

    @property
    def is_configuration(self) -> bool:
        """Whether policy lets a device make this change in service."""
        return self.change.mutable

    def before(self) -> bytes | None:
        """Return the genuine bytes; None where there are none, or they are not at hand.

        Raises:
            InputError: they cannot be unpacked.
        """
        return _bytes_of(self.change.expected, self._genuine)

    def after(self) -> bytes | None:
        """Return the bytes found; None where there are none, or they are not at hand.

        Raises:
            InputError: they cannot be unpacked.
        """
        return _bytes_of(self.change.found, self._suspect)

    def within_before(self, part: Part) -> bytes | None:
        """Return the bytes of a part below the genuine one, which may be a package that is gone; None where they are not at hand.

        Raises:
            InputError: they cannot be unpacked.
        """
        return _bytes_of(part, self._genuine)

    def portrait_before(self) -> bytes | None:
        """Return what was kept of the genuine program, where its bytes are not at hand."""
        return None if self.change.expected is None else self._genuine.portrait(self.change.expected)

    def finding(
        self,
        rule: Rule,
        detail: str,
        *evidence: Evidence,
        touches: Iterable[str] = (),
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        offset: int | None = None,
    ) -> Finding:
        """Return a finding of `rule` about this change, by default with the rule's severity and confidence."""
        return Finding(
            rule.id,
            self.path,
            detail,
            severity or rule.severity,
            confidence or rule.confidence,
            offset,
            evidence,
            tuple(dict.fromkeys(touches)),
            rule.effect,
        )


def _bytes_of(part: Part | None, source: Source) -> bytes | None:
    if part is None or part.kind not in (Kind.FILE, Kind.REGION, Kind.GAP):
        return None
    return source.read(part) if part.size else b""


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another release of the same publisher's same product."""

    release: Release
    holds: frozenset[bytes]
    """SHA-256 of those of the changed contents that it holds."""


@dataclass(frozen=True, slots=True)
class Case:
    """All changes of one artefact, and what is known around them."""

    altered: tuple[Altered, ...]
    scenario: Scenario

    genuine: Part
    """The release, with all below it."""

    suspect: Part
    """The artefact, with all below it."""

    source: Source
    """The bytes of the artefact."""

    claims: tuple[Claim, ...] = ()
    """What the artefact says it is."""

    genuine_claims: tuple[Claim, ...] = ()
    """What the release says it is."""

    signatures: tuple[Judged, ...] = ()
    """The signatures found in the artefact, where they were looked for."""

    files: Mapping[str, Part] = field(default_factory=dict)
    """Every file, link and folder of the artefact's root file system by its path in there; empty where it has none."""

    watchlists: Watchlists = field(default_factory=Watchlists)
    """What somebody asked to look for."""

    siblings: tuple[Sibling, ...] = ()
    """Other releases of the same product that hold some of the changed contents."""

    release: Release | None = None
    """The release that was compared; None where a broken signature is all that is known."""

    _at: dict[str, Altered] = field(default_factory=dict, init=False, repr=False, compare=False)
    """The changes by inner path, once one was looked for."""

    _beside: dict[str, list[Altered]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """The changes by what their paths begin with before the inner path, once that was asked for."""

    def matching(self, pattern: re.Pattern[str]) -> Iterator[Altered]:
        """Yield the changes whose inner path matches as a whole."""
        return (each for each in self.altered if pattern.fullmatch(each.inner))

    def find(self, inner: str) -> Altered | None:
        """Return the change at this very inner path; of several, the first."""
        if not self._at:
            for each in self.altered:
                self._at.setdefault(each.inner, each)
        return self._at.get(inner)

    def beside(self, altered: Altered) -> Sequence[Altered]:
        """Return the changes in the same innermost root of files, with itself, in order: those of one package or image."""
        if not self._beside:
            for each in self.altered:
                self._beside.setdefault(each.root, []).append(each)
        return self._beside.get(altered.root, ())

    def read(self, inner: str) -> bytes | None:
        """Return the bytes of a file of the artefact's root file system, changed or not; None where there is none at hand.

        Raises:
            InputError: they cannot be unpacked.
        """
        return _bytes_of(self.files.get(inner), self.source)

    def finding(
        self, rule: Rule, detail: str, *evidence: Evidence, part: str = "", touches: Iterable[str] = ()
    ) -> Finding:
        """Return a finding of `rule` about the artefact or one part of it."""
        return Finding(
            rule.id, part, detail, rule.severity, rule.confidence, None, evidence, tuple(touches), rule.effect
        )


class Detector(Protocol):
    """The form to fill in."""

    subject: ClassVar[str]
    """What it looks for, a few words."""

    rules: ClassVar[tuple[Rule, ...]]
    """Everything it can find. Each has an effect."""

    wants: ClassVar[re.Pattern[str]]
    """Inner paths of the changes it is asked about; matched as a whole, case-sensitively."""

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        """Yield what one change does.

        Raises:
            InputError: its bytes are not what they should be.
        """
        ...


class Concluding(Detector, Protocol):
    """A detector that also looks at all changes together, once each has been looked at.

    It is asked where it wanted a change, or where `wants` is ``(?!)``, which wants none by itself.
    """

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:
        """Yield what the changes do together; `findings` are those of all detectors so far.

        Raises:
            InputError: bytes are not what they should be.
        """
        ...
