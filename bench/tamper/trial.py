"""Makes every case, has it verified, and keeps what was said of it beside what must be said.

A tampered case is *detected* where the verdict is TAMPERED or COUNTERFEIT; where the class's policy lets an owner do it, where the
verdict is another and the effect is named. It is *localised* where every path that it changes is among the changes. Paths that end in
``**`` stand for all that begin so. Folders that an added file needs are neither missed nor too many.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from remake import Tree
from tamper.edits import differing
from tamper.genuine import GENUINE
from tamper.genuine.form import Genuine, Missing, Workshop
from tamper.kind import Kind, Variation
from tamper.kinds.programs import indicators
from trueware.explaining.reading.indicator_lists import read_indicators
from trueware.knowledge import load_policies
from trueware.model.finding import Severity
from trueware.model.result import Result
from trueware.model.verdict import Tier, Verdict
from trueware.model.watchlists import Indicators, Watchlists
from trueware.registry.lookup import Registry
from trueware.releasing import Naming, take_in
from trueware.storage.memory import MemoryStore
from trueware.verify import diff, verify

NOW = 1_700_000_000
_ACCUSING = (Verdict.TAMPERED, Verdict.COUNTERFEIT)


@dataclass(frozen=True, slots=True)
class Case:
    """One image made, with what differs in it."""

    kind: Kind | Variation
    genuine: Genuine
    tree: Tree
    image: bytes
    expected: frozenset[str]
    """Paths that a result must name."""

    tolerated: frozenset[str]
    """Paths that it may name besides: lists of checksums, folders."""

    changed: frozenset[str]
    """The paths of the tree that differ."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a result says of a case."""

    verdict: Verdict
    tier: Tier
    reason: str
    paths: frozenset[str]
    accused: frozenset[str]
    """Paths of the changes that no policy excuses."""

    effects: tuple[str, ...]
    """Ids, in the order in which they are told."""

    beside: frozenset[str]
    """Those that only tolerated paths show: neither right nor wrong, as the paths are neither missed nor too many."""

    rules: tuple[str, ...]
    high: tuple[str, ...]
    """Rules of findings of high severity among the explanations."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Localised:
    """How many of the paths were named."""

    expected: int
    missed: frozenset[str]
    found: int
    excess: frozenset[str]

    @property
    def whole(self) -> bool:
        """Whether every path was named."""
        return not self.missed


@dataclass(frozen=True, slots=True)
class Trial:
    """One case with what was said of it."""

    kind: Kind | Variation
    verified: Said
    """With the registry, which keeps of the genuine image only what it keeps of any."""

    compared: Said
    """With the genuine image itself beside it."""

    localised: Localised
    changed: frozenset[str]
    """The paths of the tree that differ, as other tools would name them."""

    peers: dict[str, "Peer"] = field(default_factory=dict)

    def is_mutable(self, path: str) -> bool:
        """Tell whether the class's policy lets a path of the tree change."""
        return load_policies()[GENUINE[self.kind.subject].mutable].is_mutable(path)

    @property
    def detected(self) -> bool:
        """See the module."""
        kind = self.kind
        if isinstance(kind, Kind) and kind.owned:
            return self.verified.verdict not in _ACCUSING and named(kind, self.verified)
        return self.verified.verdict in _ACCUSING

    @property
    def alarmed(self) -> bool:
        """For a variation: whether it was accused."""
        return self.verified.verdict in _ACCUSING


@dataclass(frozen=True, slots=True)
class Peer:
    """What another tool made of a case; `why` where it made nothing of it."""

    differs: bool
    paths: frozenset[str] = frozenset()
    seconds: float = 0.0
    why: str = ""


def named(kind: Kind, said: Said) -> bool:
    """Tell whether what it does is among the effects named."""
    return any(effect in said.effects for effect in kind.right)


def first(kind: Kind, said: Said) -> bool:
    """Tell whether what it does is the first effect named."""
    return bool(said.effects) and said.effects[0] in kind.right


def wrong(kind: Kind, said: Said) -> tuple[str, ...]:
    """Return the effects named that are not true of it."""
    allowed = {*kind.right, *kind.also, *said.beside}
    return tuple(effect for effect in said.effects if effect not in allowed)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A case that could not be made here."""

    kind: Kind | Variation
    why: str


Ask = Callable[[Case, Path], dict[str, Peer]]
"""What other tools are asked about a case; gets its image."""


class Bench:
    """The genuine images, the registry that knows them, and the cases."""

    def __init__(self, workshop: Workshop, say: Callable[[str], None]) -> None:
        self.workshop, self._say = workshop, say
        self._genuine: dict[str, Genuine] = {}
        self._absent: dict[str, str] = {}
        self._store = MemoryStore()
        self._lists = Watchlists(Indicators(read_indicators(indicators(), "tamperbench").indicators))

    def take_in(self, subjects: Iterable[str]) -> None:
        """Have the registry learn the genuine images; what cannot be made here is remembered with the reason."""
        for name in dict.fromkeys(subjects):
            self._say(f"genuine: {name}")
            made = GENUINE[name](self.workshop)
            try:
                path = self.path_of(made)
                path.write_bytes(made.image())
                take_in(self._store, path, Naming(made.publisher, made.product, made.version), NOW)
                beside = self.workshop.scratch / "beside"
                for image, publisher, product, version in made.known_beside():
                    beside.write_bytes(image)
                    take_in(self._store, beside, Naming(publisher, product, version), NOW)
            except Missing as reason:
                self._absent[name] = str(reason)
            else:
                self._genuine[name] = made

    def path_of(self, genuine: Genuine) -> Path:
        """Return where the genuine image lies."""
        return self.workshop.scratch / f"genuine-{genuine.name.replace(' ', '-')}{genuine.suffix}"

    def run(self, kinds: Iterable[Kind | Variation], ask: Ask | None = None) -> Iterator[Trial | Skipped]:
        """Yield what comes of each kind."""
        registry = Registry(self._store)
        for kind in kinds:
            self._say(f"{'variation' if isinstance(kind, Variation) else 'kind'} {kind.id}, {kind.subject}")
            if kind.subject in self._absent:
                yield Skipped(kind, self._absent[kind.subject])
                continue
            try:
                case = make(kind, self._genuine[kind.subject])
            except Missing as reason:
                yield Skipped(kind, str(reason))
                continue
            suspect = self.workshop.scratch / f"suspect{case.genuine.suffix}"
            suspect.write_bytes(case.image)
            verified = _said(partial(verify, suspect, registry, now=NOW, watchlists=self._lists), case)
            compared = _said(partial(diff, self.path_of(case.genuine), suspect, watchlists=self._lists), case)
            peers = ask(case, suspect) if ask is not None else {}
            yield Trial(kind, verified, compared, _localised(case, verified.paths), case.changed, peers)


def make(kind: Kind | Variation, genuine: Genuine) -> Case:
    """Make a case.

    Raises:
        Missing: something that it takes is not at hand.
    """
    if isinstance(kind, Variation) and kind.packing:
        return Case(
            kind, genuine, genuine.tree, genuine.packings()[kind.packing](), frozenset(), frozenset(), frozenset()
        )
    edit = kind.edit_of(genuine) if isinstance(kind, Kind) else kind.edit
    tree = edit(genuine.tree)
    differ, folders = differing(genuine.tree, tree)
    expected = frozenset(map(genuine.shown, differ))
    tolerated = frozenset(map(genuine.shown, folders)) | genuine.collateral(differ)
    return Case(kind, genuine, tree, genuine.pack(tree), expected, tolerated, differ)


def _said(ask: Callable[[], Result], case: Case) -> Said:
    start = time.perf_counter()
    result = ask()
    seconds = time.perf_counter() - start
    findings = [finding for each in result.explanations for finding in each.findings]
    paths = frozenset(change.path for change in result.changes)
    accused = frozenset(change.path for change in result.changes if not change.mutable)
    return Said(
        result.verdict,
        result.tier,
        result.reason,
        paths,
        accused,
        tuple(each.effect.id for each in result.explanations),
        frozenset(
            each.effect.id
            for each in result.explanations
            if all(finding.part in case.tolerated for finding in each.findings)
        ),
        tuple(dict.fromkeys(finding.rule for finding in findings)),
        tuple(dict.fromkeys(finding.rule for finding in findings if finding.severity is Severity.HIGH)),
        seconds,
    )


def _localised(case: Case, found: frozenset[str]) -> Localised:
    missed = frozenset(path for path in case.expected if not any(fits(each, path) for each in found))
    excess = frozenset(each for each in found if not any(fits(each, path) for path in case.expected | case.tolerated))
    return Localised(len(case.expected), missed, len(found), excess)


def fits(path: str, expected: str) -> bool:
    """Tell whether a path is an expected one, or a place within that file."""
    if expected.endswith("**"):
        return path.startswith(expected[:-2])
    return path == expected or path.startswith(f"{expected}!/")
