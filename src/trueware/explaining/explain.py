"""Explains all changes of one artefact: each detector is asked about what it wants, and what none could say is said too.

Nothing is lost: a change that no detector explains, that cannot be read, or that is beyond a ceiling, is a finding of its own.
A detector that fails on one change keeps its word on the others. Of one rule only so many findings are told, and how many more
there are.
"""

from collections.abc import Iterable, Iterator

from trueware.errors import InputError, MalformedInput, UnsupportedInput
from trueware.explaining import detectors_for
from trueware.explaining.contract import Altered, Case, Detector
from trueware.explaining.naming import listing
from trueware.explaining.told import Told
from trueware.model.change import Change, ChangeKind
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind, Part

UNEXPLAINED = Rule(
    "change-unexplained",
    "Something was changed, and what that does is not known",
    Severity.MEDIUM,
    help="No detector can say what it does. The bytes stand in the result; somebody has to look at them.",
    effect="unexplained-change",
)
UNREADABLE = Rule(
    "change-unreadable",
    "A changed file could not be read as what it is",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="Its bytes contradict its format, are too many, or are not at hand. A device may read it all the same.",
    effect="unexplained-change",
)

CODE = Rule(
    "code-not-as-signed",
    "A program is not the one that was signed or released, and the genuine one is not at hand",
    Severity.MEDIUM,
    help="Compare with a copy from the publisher (trueware diff) to see what it does now.",
    effect="program-altered",
)
REMOVED = Rule(
    "part-removed",
    "Something of the release is missing",
    Severity.LOW,
    help="What it did is not done any more. Look whether it protected somebody.",
    effect="component-removed",
)
ATTRIBUTES = Rule(
    "attributes-changed",
    "A file has another mode or owner, its content is the same",
    Severity.LOW,
    help="Often only another program packed it. Where the mode lets others write or run it, that is a finding of its own.",
    effect="configuration-altered",
)

RULES = (UNEXPLAINED, CODE, REMOVED, ATTRIBUTES, UNREADABLE)
"""What is found where no detector finds anything."""

_MANY = 6
"""Files with the same difference that are told together."""

_CODE = frozenset({"art", "dex", "odex", "oat", "pe", "vdex"})
"""Formats of programs."""

_ATTRIBUTES = frozenset({"mode", "owner"})
_SILENT = (Kind.DIRECTORY, Kind.PADDING)
"""What needs no explanation by itself: a folder is explained by what is in it."""


def explain(case: Case, most: int = 1_000) -> tuple[Finding, ...]:
    """Return what the changes do, by the order of detectors and of changes, and then what is not explained.

    Args:
        case: the changes.
        most: findings of one rule and severity that are told; of others, how many there are.
    """
    settings = {altered.path for altered in case.altered if altered.is_configuration}
    told = Told(most, settings)
    unreadable: dict[str, Finding] = {}
    beyond: dict[str, Finding] = {}
    detectors = detectors_for({altered.inner for altered in case.altered})
    for altered in case.altered:  # change by change: what one detector has parsed, the next need not parse again
        for rank, detector in enumerate(detectors):
            if not detector.wants.fullmatch(altered.inner):
                continue
            if (error := _ask(detector, altered, case, told, rank)) is not None:
                kept = unreadable if type(error) in _OF_ONE_SYNTAX else beyond
                kept.setdefault(altered.path, altered.finding(UNREADABLE, f"{detector.subject}: {_words(error)}"))
    last = len(detectors)
    for detector in detectors:
        if (conclude := getattr(detector, "conclude", None)) is not None:
            try:
                told.add(conclude(case, (*told.findings(), *beyond.values(), *unreadable.values())), last)
            except Exception as error:  # noqa: BLE001 (as below)
                told.add((case.finding(UNREADABLE, f"{detector.subject}: {_words(error)}"),), last)
    told.add(beyond.values(), last)
    told.add((finding for part, finding in unreadable.items() if part not in told.parts), last)
    told.add(_unexplained(case.altered, told.parts | unreadable.keys()), last)
    return (*told.findings(), *told.left_out())


_OF_ONE_SYNTAX = (InputError, MalformedInput, UnsupportedInput)
"""Errors of a change that a detector took for something else; another that says what it does is to be believed."""


def _ask(detector: type[Detector], altered: Altered, case: Case, told: Told, rank: int) -> Exception | None:
    """Have a detector tell what one change does, and return why it could not tell all.

    The one broad `except` stands here: whoever changed the bytes must not be able to take the whole answer away by a mistake of
    one detector.
    """
    try:
        told.add(detector.detect(altered, case), rank)
    except Exception as error:  # noqa: BLE001
        return error
    return None


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, InputError) else f"a mistake of trueware itself ({type(error).__name__})"


def _unexplained(changes: Iterable[Altered], told: set[str]) -> Iterator[Finding]:
    """Yield what nobody said anything about; what a device may change in service needs no explanation."""
    alike: dict[str, list[Altered]] = {}
    for altered in changes:
        part = altered.change.found or altered.change.expected
        if altered.path in told or altered.is_configuration or part is None or part.kind in _SILENT:
            continue
        if altered.change.kind is ChangeKind.CHANGED and _ATTRIBUTES.issuperset(altered.change.aspects):
            alike.setdefault("; ".join(differences(altered)), []).append(altered)
        elif altered.is_removed:
            yield altered.finding(REMOVED, _gone(part), severity=Severity.MEDIUM if _may_run(part) else None)
        elif part.format in _CODE and not altered.is_moved:
            yield altered.finding(
                CODE, f"a program ({part.format}) {'was added' if altered.is_added else 'is another'}"
            )
        else:
            yield altered.finding(UNEXPLAINED, _what(altered), severity=_severity(altered))
    for difference, group in alike.items():
        yield from _alike(difference, group)


def _alike(difference: str, group: list[Altered]) -> Iterator[Finding]:
    """Yield files that have another mode or owner: one by one, or where there are many of the same difference, together."""
    if len(group) < _MANY:
        yield from (altered.finding(ATTRIBUTES, difference) for altered in group)
        return
    named = tuple(Evidence(altered.path, None, None) for altered in group[:_MANY])
    above = _folder_of(min(altered.path for altered in group), max(altered.path for altered in group))
    yield Finding(
        ATTRIBUTES.id,
        above,
        f"{difference}, in {len(group)} files and folders",
        ATTRIBUTES.severity,
        ATTRIBUTES.confidence,
        evidence=named,
        effect=ATTRIBUTES.effect,
    )


def _folder_of(first: str, last: str) -> str:
    """Return the path of the innermost folder or container that two paths, first and last in order, have in common."""
    steps = []
    for one, other in zip(first.split("/")[:-1], last.split("/")[:-1], strict=False):
        if one != other:
            break
        steps.append(one)
    return "/".join(steps).removesuffix("!")


def differences(altered: Altered) -> Iterator[str]:
    """Yield how mode and owner differ, in words."""
    expected, found = altered.change.expected, altered.change.found
    if expected is not None and found is not None:
        if "mode" in altered.change.aspects:
            yield f"mode {expected.mode or 0:04o} is {found.mode or 0:04o}"
        if "owner" in altered.change.aspects:
            yield f"owner {expected.uid}:{expected.gid} is {found.uid}:{found.gid}"


def _gone(part: Part) -> str:
    return "a program of the release is missing" if _may_run(part) else f"a {part.kind.value} of the release is missing"


def _may_run(part: Part) -> bool:
    return part.kind is Kind.FILE and bool((part.mode or 0) & 0o111)


def _what(altered: Altered) -> str:
    change = altered.change
    part = change.found or change.expected
    kind = part.kind.value if part is not None else "part"
    match change.kind:
        case ChangeKind.ADDED | ChangeKind.REMOVED:
            return f"{kind} {change.kind.value}"
        case ChangeKind.MOVED:
            return f"{kind} moved from {change.origin}"
        case ChangeKind.CHANGED:
            told = f"{', '.join(change.aspects)} of the {kind} changed"
            return f"{told}: {facts}" if (facts := _facts(change)) else told


def _facts(change: Change) -> str:
    """Return which facts of a header differ, and how, the first few."""
    if change.expected is None or change.found is None or "facts" not in change.aspects:
        return ""
    before, after = dict(change.expected.facts), dict(change.found.facts)
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return listing(f"{name} {before.get(name, '(none)')} is {after.get(name, '(none)')}" for name in names)


def _severity(altered: Altered) -> Severity:
    """A file that moved as it is weighs less than bytes that nobody knows."""
    return Severity.LOW if altered.is_moved else UNEXPLAINED.severity
