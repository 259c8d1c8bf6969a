"""Builds docs/impact.md and its pictures: `trueware impact` on every study in docs/impact, as the program prints it."""

import inspect
from collections.abc import Iterator
from pathlib import Path

from trueware.cli.impact_text import render_impact
from trueware.cli.interval_picture import interval_picture
from trueware.impact import reading
from trueware.impact.simulate import simulate
from trueware.impact.study import Study
from trueware.knowledge.effects import effect_ids, load_effect
from trueware.knowledge.impact import load_words

STUDIES = Path(__file__).resolve().parent / "impact"
SHOWN = "tv-boxes-brazil"
"""The study whose output is shown whole."""

_INTRODUCTION = """\
# What tampering costs a population

`trueware impact` multiplies what is known (devices in use, share whose software was altered, events, loss per event) and keeps
what is not known in sight: every input is an interval with its source and date, every answer is an interval for each stakeholder,
and the inputs that make it wide are named, so that one knows what to measure next. A verified sample of an operator's own devices
enters as it is: `observed: {found: 3, of: 600}`.

- Inputs are drawn 100,000 times (Monte Carlo); three numbers are printed: 5, 50 and 95 of 100 draws lie below them. There is no
  single number.
- The same seed gives the same answer. A study, the version of trueware and the seed are all that another needs to repeat it
  (`--json` says which generator drew).
- A row with `*` rests on an input that nobody has measured. It shows the form; put your own number there before you quote the
  row.
- Losses stay with whoever bears them. "Loss of all" adds stakeholders within one effect; what one pays to another is in it, so
  that it is no loss of the country as a whole.

What it leaves out: inputs are taken as independent of each other, unless one number is used in several places, which is then one
input; that chance moves the number of affected devices too, which matters only below some hundred of them; and what nobody thought
of: an overconfident low and high give an overconfident answer.

No public study that we found counts altered software or what is done with the data it reaches: published figures are about sales
lost to counterfeits (OECD and EUIPO), illicit viewers, or the size of a botnet. The studies below join such figures, and say
where they end.

"""

_FORM = """\
Exactly one of `constant`, `pert`, `beta` and `observed` for each input. Stakeholders are `user`, `operator`, `maker`, `state` and
`content-owner`; effects those that `verify` reports; data the categories of the W3C Data Privacy Vocabulary. Populations that draw
on the same devices are taken as disjoint; one that is a part of another says `within`.
"""


def impact_page() -> Iterator[str]:
    """Yield the page."""
    yield _INTRODUCTION
    yield "## Studies\n"
    for name, study in _studies():
        measured = sum(not each.illustrative for each in study.inputs)
        yield f"\n### {study.title}\n\n"
        if study.caution:
            yield f"{study.caution} "
        yield f"Inputs with a source: {measured} of {len(study.inputs)} ([{name}.yaml](impact/{name}.yaml)).\n"
        yield f"\n![{study.title}: loss in a year, as intervals](impact/{name}.svg)\n"
        command = f"trueware impact docs/impact/{name}.yaml --svg docs/impact/{name}.svg"
        if name == SHOWN:
            yield f"\n```\n$ {command}\n{render_impact(study, simulate(study), _titles(study), load_words())}```\n"
        else:
            yield f"\n```\n$ {command}\n```\n"
    form = inspect.getdoc(reading) or ""
    yield "\n## How to write a study\n\n```yaml\n"
    yield inspect.cleandoc(form.partition("::\n\n")[2].partition("\n\nOnly structure")[0]) + "\n```\n\n"
    yield _FORM


def pictures() -> Iterator[tuple[Path, str]]:
    """Yield where each picture is, and the picture."""
    for name, study in _studies():
        yield STUDIES / f"{name}.svg", interval_picture(study, simulate(study), _titles(study))


def _titles(study: Study) -> dict[str, str]:
    return {each.effect: load_effect(each.effect).title for each in study.scenarios}


def _studies() -> Iterator[tuple[str, Study]]:
    for path in sorted(STUDIES.glob("*.yaml")):
        yield path.stem, reading.read_study(path.read_bytes(), effect_ids(), load_words())
