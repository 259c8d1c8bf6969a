"""What the corpus showed, as rows of build/corpus.json, as tables, and as docs/detection.md."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import shorten
from typing import TypedDict

from corpus_items import LATER, Judged, Outcome, Signed
from corpus_variants import Trial
from trueware.model.verdict import Verdict

_ACCUSING = (Verdict.TAMPERED, Verdict.COUNTERFEIT)


class Row(TypedDict):
    """One figure of build/corpus.json."""

    name: str
    value: float
    unit: str
    target: float | None
    met: bool | None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was judged."""

    items: list[Outcome]
    beside: list[tuple[str, Judged]]
    signed: list[tuple[Signed, Judged]]
    trials: list[Trial]

    def of_kind(self, kind: str) -> list[Trial]:
        """Return the trials of one kind."""
        return [trial for trial in self.trials if trial.kind == kind]


def rows(report: Report) -> Iterator[Row]:
    """Yield all figures. A false alarm has the target 0, as a miss has."""
    states = [outcome.state for outcome in report.items]
    right = [outcome for outcome in report.items if outcome.state == "right"]
    later = sum(state.startswith("later") for state in states)
    yield _count("items/all", len(states))
    yield _exact("items/right", len(right), len(states) - len(LATER))
    yield _count("items/right-and-decided", sum(o.referenced.verdict is not Verdict.UNKNOWN for o in right))
    yield _count("items/later", later)
    yield _exact("items/wrong", len(states) - len(right) - later, 0)
    yield _exact("items/genuine-not-allowed", sum(": GENUINE, which" in state for state in states), 0)
    own = [outcome.own for outcome in report.items if outcome.own is not None]
    yield _exact("items/genuine-by-own-digest", sum(judged.verdict is Verdict.GENUINE for judged in own), len(own))
    yield _exact("items/accused-among-all-others", sum("accused" in state for state in states), 0)
    yield _exact("items/matched-with-other-products", sum("matched with" in state for state in states), 0)
    yield _exact("beside/not-unknown", sum(judged.verdict is not Verdict.UNKNOWN for _, judged in report.beside), 0)
    yield _exact("signed/as-they-must-be", sum(_is_right(each) for each in report.signed), len(report.signed))
    tampered, twins, cuts = report.of_kind("tampered"), report.of_kind("twin"), report.of_kind("cut")
    yield _exact("variants/tampered-found", sum(trial.right for trial in tampered), len(tampered))
    yield _exact("variants/tampered-called-genuine", sum(trial.verdict is Verdict.GENUINE for trial in tampered), 0)
    found = sum(len(trial.found) for trial in tampered)
    hits = found - sum(len(trial.excess) for trial in tampered)
    expected = sum(trial.expected for trial in tampered)
    recalled = expected - sum(len(trial.missed) for trial in tampered)
    yield _share("variants/paths-precision", hits, found)
    yield _share("variants/paths-recall", recalled, expected)
    yield _share("variants/right-release-named", sum(trial.attributed for trial in tampered), len(tampered))
    others = report.of_kind("other")
    yield _exact("variants/other-not-genuine", sum(trial.right for trial in others), len(others))
    yield _exact("variants/twins-genuine", sum(trial.right for trial in twins), len(twins))
    yield _exact("variants/twins-accused", sum(trial.verdict in _ACCUSING for trial in twins), 0)
    yield _exact("variants/cut-unknown", sum(trial.right for trial in cuts), len(cuts))
    yield _exact("variants/cut-accused", sum(trial.verdict in _ACCUSING for trial in cuts), 0)
    damaged = report.of_kind("damaged")
    yield _exact("variants/damaged-unknown", sum(trial.right for trial in damaged), len(damaged))
    yield _exact("variants/damaged-accused", sum(trial.verdict in _ACCUSING for trial in damaged), 0)
    yield _exact("variants/damaged-genuine", sum(trial.verdict is Verdict.GENUINE for trial in damaged), 0)


def _is_right(signed: tuple[Signed, Judged]) -> bool:
    case, judged = signed
    return judged.verdict in case.verdicts


def _count(name: str, value: int) -> Row:
    return Row(name=name, value=value, unit="", target=None, met=None)


def _exact(name: str, value: int, target: int) -> Row:
    return Row(name=name, value=value, unit="", target=target, met=value == target)


def _share(name: str, part: int, whole: int) -> Row:
    value = round(part / whole, 4) if whole else 0.0
    return Row(name=name, value=value, unit="share", target=1.0, met=part == whole)


def figures(report: Report) -> Iterator[str]:
    """Yield the table of figures."""
    yield f"| {'figure':<34} | value  | target | met |"
    yield f"|{'-' * 36}|-------:|-------:|-----|"
    for row in rows(report):
        target = "" if row["target"] is None else f"{row['target']:g}"
        met = {True: "yes", False: "NO", None: ""}[row["met"]]
        yield f"| {row['name']:<34} | {row['value']:>6g} | {target:>6} | {met:<3} |"


def items(report: Report) -> Iterator[str]:
    """Yield the table of items."""
    yield f"| id  | {'what':<56} | {'label':<36} | with its references | rests on          | state"
    yield f"|-----|{'-' * 58}|{'-' * 38}|---------------------|-------------------|---"
    for outcome in report.items:
        others = [value for value in outcome.acceptable if value != outcome.expected]
        label = "per file" if outcome.expected.startswith("(") else outcome.expected
        if others and label != "per file":
            label += " or " + ", ".join(others)
        referenced = outcome.referenced
        yield (
            f"| {outcome.id} | {shorten(outcome.what, 56, placeholder=' …'):<56} | {label:<36} | {referenced.verdict.value:<19} "
            f"| {referenced.authority:<17} | {outcome.state}"
        )


def beside(report: Report) -> Iterator[str]:
    """Yield the extra lines."""
    yield "| beside an index or release that does not speak for it | verdict"
    yield "|---|---"
    for what, judged in report.beside:
        yield f"| {what} | {judged.verdict.value}"


def signed(report: Report) -> Iterator[str]:
    """Yield the lines about what only a signature speaks for."""
    yield "| what only a signature speaks for, or against | may be | is"
    yield "|---|---|---"
    for case, judged in report.signed:
        allowed = " or ".join(verdict.value for verdict in case.verdicts)
        yield f"| {case.what} | {allowed} | {judged.verdict.value}"


def subjects(report: Report) -> Iterator[str]:
    """Yield a line for each genuine image that variants were made of."""
    yield f"| {'made of':<20} | tampered: found | paths: precision, recall | twins: genuine | cut: unknown | damaged: unknown |"
    yield f"|{'-' * 22}|----------------:|------------------------:|---------------:|-------------:|-----------------:|"
    for name in dict.fromkeys(trial.subject for trial in report.trials):
        mine = [trial for trial in report.trials if trial.subject == name]
        tampered = [trial for trial in mine if trial.kind == "tampered"]
        found = sum(len(trial.found) for trial in tampered)
        hits = found - sum(len(trial.excess) for trial in tampered)
        expected = sum(trial.expected for trial in tampered)
        recalled = expected - sum(len(trial.missed) for trial in tampered)
        paths = f"{hits}/{found}, {recalled}/{expected}"
        twins, cut, damaged = (
            _of(trial for trial in mine if trial.kind == kind) for kind in ("twin", "cut", "damaged")
        )
        yield f"| {name:<20} | {_of(tampered):>15} | {paths:>23} | {twins:>14} | {cut:>12} | {damaged:>16} |"


def _of(trials: Iterable[Trial]) -> str:
    trials = list(trials)
    return f"{sum(trial.right for trial in trials)} of {len(trials)}"


def failures(report: Report) -> Iterator[str]:
    """Yield a line for whatever is not as it must be."""
    for outcome in report.items:
        if outcome.state.startswith("wrong"):
            yield f"- {outcome.id}, {outcome.what}: {outcome.state}"
    for what, judged in report.beside:
        if judged.verdict is not Verdict.UNKNOWN:
            yield f"- {what}: {judged.verdict.value}, {judged.reason}"
    for case, judged in report.signed:
        if judged.verdict not in case.verdicts:
            yield f"- {case.what}: {judged.verdict.value}, {judged.reason}"
    for trial in report.trials:
        if not trial.right:
            yield f"- {trial.subject}, {trial.name} ({trial.kind}): {trial.verdict.value}, {trial.reason}"
        elif trial.kind == "tampered" and (trial.missed or trial.excess):
            yield f"- {trial.subject}, {trial.name}: missed {_names(trial.missed)}, too many {_names(trial.excess)}"
        elif trial.kind == "tampered" and not trial.attributed:
            yield f"- {trial.subject}, {trial.name}: another release is named, {trial.reason}"


def _names(paths: Iterable[str]) -> str:
    return ", ".join(path or "the artefact itself" for path in sorted(paths)) or "none"


def tables(report: Report) -> Iterator[str]:
    """Yield everything, as it is printed."""
    for part in (items, beside, signed, subjects, figures):
        yield from part(report)
        yield ""
    wrong = list(failures(report))
    yield from (["not as it must be:", *wrong] if wrong else ["all is as it must be"])


_PAGE = """\
<!-- Generated by bench/corpus.py --write-docs; do not edit. -->

# Detection

How often trueware's verdicts are right, on real firmware with known answers. Made by `make corpus` (with `--write-docs`
after `bench/corpus.py` to write this page). The corpus itself is software of others and not part of this repository.

## The labelled items

31 items: router, optical-terminal, IP-phone, LTE, cable, phone and TV firmware, package feeds, signed kernels and
modules. Each has a label: what is expected, and which other answers are honest. UNKNOWN is the right answer for much of
it: an image that nobody signed and nobody registered can be recognised by nothing. So "right" here means no more than
that the label allows the verdict; the figures below say how many of them are decided.

"With its references" is the verdict with the releases, lists and keys enrolled that the label names. What the corpus lists as
never to be trusted is always loaded. Items that only a signature of a scheme can settle that is not verified yet are marked
"later" and are not counted as right.

{items}

Genuine files beside a list or a release that does not speak for them must stay UNKNOWN:

{beside}

What only a signature speaks for, or against; AOSP's packages are held against what AOSP's verifier says of them from Android 9 on:

{signed}

Each item is also verified with an empty registry, with its own digests enrolled, against all other items, and against
all items that it is no pair of. The last must always give UNKNOWN: an image of one product is never held against
another product.

## Variants of genuine images

Made by `bench/corpus_variants.py` with the formats' own tools, and verified against a registry that holds the genuine
images and their neighbours: other versions, other builds for the same device.

- **tampered**: an account or SSH key added, a program patched by one byte, a file removed, moved or added, a set-uid
  bit, a link retargeted, a device node, another owner, programs hidden among settings, a changed header with its
  checksum made anew, a patched kernel, data appended, installation scripts. Checksums that anybody can make anew are
  made anew. Each must be TAMPERED.
- **other**: a header for other hardware around the same files. A publisher may well ship that: UNKNOWN or TAMPERED, never
  GENUINE.
- **twin**: the same bytes; the same content with another codec, block size, order or times; settings changed by the
  owner and keys made by the device, where the release's policy allows that. Each must be GENUINE.
- **cut**: an incomplete copy, and **damaged**: one wrong bit in what a checksum covers. Each must be UNKNOWN: damage is no
  evidence of intent.

*Precision* is the share of the reported paths that were changed, *recall* the share of the changed paths that were
reported.

{subjects}

## Figures

{figures}

## Not as it must be

{failures}

## What this does not show

- The variants were made by the authors of the program, and the labelled items were at hand while it was written.
- A change of content that a release's policy allows (settings) is not judged here; the explanation of changes is later
  work.
- What only a signature of a scheme that is not verified could settle: {later}. """


def page(report: Report) -> str:
    """Return docs/detection.md."""
    return _PAGE.format(
        items="\n".join(f"{line} |" for line in items(report)),
        beside="\n".join(f"{line} |" for line in beside(report)),
        signed="\n".join(f"{line} |" for line in signed(report)),
        subjects="\n".join(subjects(report)),
        figures="\n".join(figures(report)),
        failures="\n".join(failures(report)) or "Nothing.",
        later="; ".join(f"{id_}: {what}" for id_, what in LATER.items()) or "nothing here",
    )
