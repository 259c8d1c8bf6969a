"""What the bench showed, as rows of build/tamper.json, as tables, and as docs/tamperbench.md."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypedDict

from tamper.genuine import GENUINE
from tamper.kind import Kind, Variation
from tamper.peers import ABLE, NAMES
from tamper.trial import Said, Skipped, Trial, first, fits, named, wrong


class Row(TypedDict):
    """One figure of build/tamper.json."""

    name: str
    value: float
    unit: str
    target: float | None
    met: bool | None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was tried."""

    trials: list[Trial]
    skipped: list[Skipped]

    @property
    def tampered(self) -> list[tuple[Kind, Trial]]:
        """The kinds of tampering."""
        return [(trial.kind, trial) for trial in self.trials if isinstance(trial.kind, Kind)]

    @property
    def varied(self) -> list[tuple[Variation, Trial]]:
        """The variations."""
        return [(trial.kind, trial) for trial in self.trials if isinstance(trial.kind, Variation)]


def rows(report: Report) -> Iterator[Row]:
    """Yield all figures. A false alarm has the target 0, as a miss has."""
    tampered, varied = report.tampered, report.varied
    yield _count("kinds", len(tampered), 40)
    yield _count("variations/kinds", len({kind.id for kind, _ in varied}), 12)
    yield Row(name="variations/cases", value=len(varied), unit="", target=None, met=None)
    yield Row(name="skipped", value=len(report.skipped), unit="", target=None, met=None)
    yield _share("detected", sum(trial.detected for _, trial in tampered), len(tampered), 1.0)
    yield _share("localised", sum(trial.localised.whole for _, trial in tampered), len(tampered), 1.0)
    expected = sum(trial.localised.expected for _, trial in tampered)
    yield _share("paths/recall", expected - sum(len(trial.localised.missed) for _, trial in tampered), expected, 1.0)
    found = sum(trial.localised.found for _, trial in tampered)
    yield _share("paths/precision", found - sum(len(trial.localised.excess) for _, trial in tampered), found, 1.0)
    for how, said in _SIDES:
        yield _share(
            f"effect/right, {how}", sum(named(kind, said(trial)) for kind, trial in tampered), len(tampered), 0.95
        )
        yield _share(
            f"effect/right and first, {how}",
            sum(first(kind, said(trial)) for kind, trial in tampered),
            len(tampered),
            None,
        )
        told = sum(len(said(trial).effects) for _, trial in tampered)
        yield _share(
            f"effect/precision, {how}",
            told - sum(len(wrong(kind, said(trial))) for kind, trial in tampered),
            told,
            None,
        )
    yield _exact("variations/accused", sum(trial.alarmed for _, trial in varied), 0)
    yield _exact("variations/with a finding of high severity", sum(bool(trial.verified.high) for _, trial in varied), 0)
    yield Row(
        name="seconds/verify, median",
        value=_seconds(trial.verified.seconds for trial in report.trials),
        unit="s",
        target=None,
        met=None,
    )
    for name in NAMES:
        asked = [trial for _, trial in tampered if name in trial.peers]
        if not asked:
            continue
        yield _share(f"peers/{name}/detected", sum(trial.peers[name].differs for trial in asked), len(asked), None)
        yield _share(f"peers/{name}/localised", sum(_peer_located(trial, name) for trial in asked), len(asked), None)
        beside = [trial for _, trial in varied if name in trial.peers]
        yield _share(
            f"peers/{name}/variations alarmed", sum(trial.peers[name].differs for trial in beside), len(beside), None
        )
        took = [
            trial.peers[name].seconds for trial in report.trials if name in trial.peers and trial.peers[name].seconds
        ]
        yield Row(name=f"peers/{name}/seconds, median", value=_seconds(took), unit="s", target=None, met=None)


_SHORT = {"whole-image digest": "digest", "debsums": "debsums", "AIDE": "AIDE", "diffoscope": "diffoscope"}
_SIDES: tuple[tuple[str, Callable[[Trial], Said]], ...] = (
    ("by the registry", lambda trial: trial.verified),
    ("beside the image", lambda trial: trial.compared),
)


def _peer_located(trial: Trial, name: str) -> bool:
    peer, changed = trial.peers[name], trial.changed
    if name == "AIDE" and not (
        isinstance(trial.kind, Kind) and trial.kind.owned
    ):  # it was told not to look at the others
        changed = frozenset(path for path in changed if not trial.is_mutable(path))
    return bool(changed) and all(any(fits(path, each) for path in peer.paths) for each in changed)


def _seconds(values: Iterable[float]) -> float:
    return round(median(list(values) or [0.0]), 2)


def _count(name: str, value: int, least: int) -> Row:
    return Row(name=name, value=value, unit="", target=least, met=value >= least)


def _exact(name: str, value: int, target: int) -> Row:
    return Row(name=name, value=value, unit="", target=target, met=value == target)


def _share(name: str, part: int, whole: int, target: float | None) -> Row:
    value = round(part / whole, 4) if whole else 0.0
    return Row(name=name, value=value, unit="share", target=target, met=None if target is None else value >= target)


def figures(report: Report) -> Iterator[str]:
    """Yield the table of figures."""
    yield from _table(
        ("figure", "value", "unit", "target", "met"),
        [
            (row["name"], f"{row['value']:g}", row["unit"], "" if row["target"] is None else f"{row['target']:g}", {True: "yes", False: "NO", None: ""}[row["met"]])
            for row in rows(report)
        ],
    )  # fmt: skip


def kinds(report: Report) -> Iterator[str]:
    """Yield the table of kinds of tampering."""
    lines = []
    for kind, trial in report.tampered:
        said, place = trial.verified, trial.localised
        located = (
            "yes" if place.whole and not place.excess else f"missed {len(place.missed)}, too many {len(place.excess)}"
        )
        effect = ("first" if first(kind, said) else "yes") if named(kind, said) else "NO"
        others = ", ".join(wrong(kind, said))
        verdict = said.verdict.value + (" (owner's)" if kind.owned else "")
        peers = ", ".join(
            _SHORT[name] + ("*" if _peer_located(trial, name) else "")
            for name, peer in trial.peers.items()
            if peer.differs
        )
        lines.append((kind.id, kind.subject, kind.what, verdict, "yes" if trial.detected else "NO", located, " / ".join(kind.right), effect, others, peers))  # fmt: skip
    yield from _table(
        (
            "kind",
            "made from",
            "what is done",
            "verdict",
            "detected",
            "localised",
            "effect",
            "named",
            "also named, wrongly",
            "others",
        ),
        lines,
    )


def effects(report: Report) -> Iterator[str]:
    """Yield the table by effect."""
    counted: dict[str, list[int]] = {}
    for kind, trial in report.tampered:
        said = trial.verified
        for number, so in enumerate((True, named(kind, said), first(kind, said))):
            counted.setdefault(kind.right[0], [0, 0, 0, 0])[number] += so
        for effect in wrong(kind, said):
            counted.setdefault(effect, [0, 0, 0, 0])[3] += 1
    lines = [(effect, *map(str, counts)) for effect, counts in sorted(counted.items())]
    yield from _table(("effect", "kinds", "named", "first", "wrongly named elsewhere"), lines)


def scenarios(report: Report) -> Iterator[str]:
    """Yield the table by what the cases are made from."""
    lines = []
    for subject in GENUINE:
        mine = [(kind, trial) for kind, trial in report.tampered if kind.subject == subject]
        if mine:
            counts = (
                sum(trial.detected for _, trial in mine),
                sum(trial.localised.whole and not trial.localised.excess for _, trial in mine),
                sum(named(kind, trial.verified) for kind, trial in mine),
                sum(first(kind, trial.verified) for kind, trial in mine),
            )
            lines.append((subject, str(len(mine)), *map(str, counts)))
    yield from _table(("made from", "kinds", "detected", "localised exactly", "right effect", "and first"), lines)


def variations(report: Report) -> Iterator[str]:
    """Yield the table of variations."""
    lines = []
    for kind, trial in report.varied:
        said = trial.verified
        peers = ", ".join(_SHORT[name] for name, peer in trial.peers.items() if peer.differs)
        alarm = "ACCUSED" if trial.alarmed else ", ".join(said.high) if said.high else "none"
        lines.append((kind.id, kind.subject, kind.what, said.verdict.value, alarm, ", ".join(said.effects), peers))
    yield from _table(("kind", "made from", "what varies", "verdict", "alarm", "effects named", "others"), lines)


def subjects() -> Iterator[str]:
    """Yield the table of genuine software."""
    yield from _table(
        ("name", "what it is", "policy"), [(each.name, each.title, each.mutable) for each in GENUINE.values()]
    )


def peers() -> Iterator[str]:
    """Yield the table of other tools."""
    yield from _table(("tool", "what it can do"), list(ABLE.items()))


def failures(report: Report) -> Iterator[str]:
    """Yield a line for whatever is not as it must be."""
    for skipped in report.skipped:
        yield f"- {skipped.kind.id} ({skipped.kind.subject}): skipped, for want of {skipped.why}"
    for kind, trial in report.tampered:
        said = trial.verified
        if not trial.detected:
            yield f"- {kind.id}: not detected, {said.verdict.value}: {said.reason}"
        if trial.localised.missed or trial.localised.excess:
            yield f"- {kind.id}: paths missed {_names(trial.localised.missed)}; too many {_names(trial.localised.excess)}"
        if not named(kind, said):
            yield f"- {kind.id}: not named as {' or '.join(kind.right)}; named: {', '.join(said.effects) or 'nothing'}"
        if extra := wrong(kind, said):
            yield f"- {kind.id}: wrongly named besides: {', '.join(extra)}"
    for varied, trial in report.varied:
        if trial.alarmed:
            yield f"- {varied.id} ({varied.subject}): accused, {trial.verified.reason}"
        if trial.verified.high:
            yield f"- {varied.id} ({varied.subject}): high severity, {', '.join(trial.verified.high)}"


def remarks(report: Report) -> Iterator[str]:
    """Yield what was changed about an expectation after a first run."""
    for trial in report.trials:
        if trial.kind.remark:
            yield f"- {trial.kind.id}: {trial.kind.remark}"


def _names(paths: Iterable[str]) -> str:
    listed = sorted(paths)
    return ", ".join(path or "the artefact itself" for path in listed[:6]) + (" …" if len(listed) > 6 else "") or "none"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[str]:
    cells = [[cell.replace("|", "\\|") for cell in line] for line in (head, *lines)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(head))]
    for number, line in enumerate(cells):
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        if not number:
            yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"


def tables(report: Report) -> Iterator[str]:
    """Yield everything, as it is printed."""
    for part in (kinds, variations, scenarios, effects, figures):
        yield from part(report)
        yield ""
    bad = list(failures(report))
    yield from (["not as it must be:", *bad] if bad else ["all is as it must be"])


def page(report: Report) -> str:
    """Return docs/tamperbench.md."""
    template = Path(__file__).with_name("page.md").read_text("utf-8")
    return template.format(
        kinds="\n".join(kinds(report)),
        scenarios="\n".join(scenarios(report)),
        effects="\n".join(effects(report)),
        variations="\n".join(variations(report)),
        subjects="\n".join(subjects()),
        peers="\n".join(peers()),
        figures="\n".join(figures(report)),
        failures="\n".join(failures(report)) or "Nothing.",
        remarks="\n".join(remarks(report)) or "None.",
    )
