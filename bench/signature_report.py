"""What the table of signatures showed, as rows of build/signatures.json, as tables, and as docs/signatures.md."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten

from report import Row
from signature_answers import Answer, Word

ALL_RIGHT = frozenset(
    {"apksig, asserted by AOSP's tests", "apk-tampered", "npm-apks", "avb-wild", "avb-aosp", "corpus/open (vbmeta)"}
)
"""Folders in which every case has to be right; elsewhere what cannot be checked may stay so."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A folder of the corpus."""

    folder: str
    labels: int
    at_hand: int
    remark: str
    """Why not all of it is asked."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one run found."""

    answers: Sequence[Answer]
    makers: Mapping[str, str]
    """Who made the vectors, by folder."""

    labelled: Sequence[Labelled]
    unasked: Sequence[str]
    """Folders of vectors that are not in the table."""

    unused: Sequence[str]
    """Files of Wycheproof with algorithms that no scheme uses."""

    speeds: Sequence[Row]
    load: tuple[float, float]
    """Of the machine, at the start and at the end."""


def rows(report: Report) -> Iterator[Row]:
    """Yield all figures: those of each folder, of all, and the costs."""
    for _, folder, answers in _folders(report.answers):
        yield from _rows_of(folder, answers)
    yield from _rows_of("all", report.answers)
    yield from report.speeds


def _rows_of(name: str, answers: Sequence[Answer]) -> Iterator[Row]:
    count = Counter(each.word for each in answers)
    yield _row(f"{name}/cases", len(answers))
    right = count[Word.RIGHT] + count[Word.UNPROVED]
    yield _row(f"{name}/right", right, len(answers) if name in ALL_RIGHT else None)
    yield _row(f"{name}/right-as-not-checkable", count[Word.UNPROVED])
    yield _row(f"{name}/false-accept", count[Word.FALSE_ACCEPT], 0)
    yield _row(f"{name}/false-reject", count[Word.FALSE_REJECT], 0)
    yield _row(f"{name}/not-checkable", count[Word.NOT_CHECKABLE])
    yield _row(f"{name}/no-scheme", count[Word.NO_SCHEME])


def _row(name: str, value: int, target: int | None = None) -> Row:
    return Row(name=name, value=value, unit="cases", target=target, met=None if target is None else value == target)


def _folders(answers: Iterable[Answer]) -> Iterator[tuple[str, str, list[Answer]]]:
    """Yield scheme, folder and answers, in the order in which they came."""
    found: dict[tuple[str, str], list[Answer]] = {}
    for each in answers:
        found.setdefault((each.scheme, each.folder), []).append(each)
    for (scheme, folder), mine in found.items():
        yield scheme, folder, mine


_HEADS = (
    "cases",
    "right",
    "of these as not checkable",
    "false accept",
    "false reject",
    "not checkable",
    "no scheme yet",
)


def _figures(answers: Sequence[Answer]) -> list[str]:
    count = Counter(each.word for each in answers)
    right = count[Word.RIGHT] + count[Word.UNPROVED]
    words = (Word.UNPROVED, Word.FALSE_ACCEPT, Word.FALSE_REJECT, Word.NOT_CHECKABLE, Word.NO_SCHEME)
    return [str(len(answers)), str(right), *(str(count[word]) for word in words)]


def _table(heads: Sequence[str], lines: Iterable[Sequence[str]], left: int) -> Iterator[str]:
    """Yield a table whose first `left` columns are text."""
    lines = [[each.replace("|", "\\|") for each in line] for line in lines]
    widths = [max(len(line[column]) for line in (heads, *lines)) for column in range(len(heads))]
    yield _line(heads, widths, left)
    yield (
        "|"
        + "|".join("-" * (width + 2) if at < left else "-" * (width + 1) + ":" for at, width in enumerate(widths))
        + "|"
    )
    for line in lines:
        yield _line(line, widths, left)


def _line(cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    padded = (
        cell.ljust(width) if at < left else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "| " + " | ".join(padded) + " |"


def folders(report: Report) -> Iterator[str]:
    """Yield the table of all folders."""
    lines = [[scheme, folder, *_figures(mine)] for scheme, folder, mine in _folders(report.answers)]
    lines.append(
        ["", "all but wycheproof", *_figures([each for each in report.answers if each.folder != "wycheproof"])]
    )
    lines.append(["", "all", *_figures(report.answers)])
    yield from _table(("scheme", "cases from", *_HEADS), lines, 2)


def groups(report: Report) -> Iterator[str]:
    """Yield the table of ranges and kinds, of folders that have several."""
    lines = []
    for _, folder, mine in _folders(report.answers):
        kinds = dict.fromkeys(each.group for each in mine)
        if len(kinds) > 1:
            lines += [
                [folder, kind or "as signed", *_figures([each for each in mine if each.group == kind])]
                for kind in kinds
            ]
    yield from _table(("cases from", "range or kind", *_HEADS), lines, 2)


_WHY = {Word.UNPROVED: "to be refused", Word.NOT_CHECKABLE: "genuine", Word.NO_SCHEME: "no scheme yet"}


def reasons(report: Report) -> Iterator[str]:
    """Yield why something was not checkable, or not asked, with how often."""
    count = Counter((each.scheme, _WHY[each.word], _general(each.why)) for each in report.answers if each.word in _WHY)
    lines = [[scheme, kind, why, str(number)] for (scheme, kind, why), number in sorted(count.items())]
    yield from _table(("scheme", "case", "why it could not be checked", "cases"), lines, 3)


def _general(why: str) -> str:
    """Return the first reason, without what only this case has: digits, and names of keys and configurations."""
    first = why.partition("; ")[0]
    for pattern in (r"\b[0-9a-f]{8,}\b", r"(?<=sha)\d+", r"(?<=names ')[^']+", r"(?<=/images/)[\w@-]+"):
        first = re.sub(pattern, "…", first)
    return shorten(first, 150, placeholder=" …")


def wrong(report: Report) -> Iterator[str]:
    """Yield a line for each false answer."""
    for each in report.answers:
        if each.word in (Word.FALSE_ACCEPT, Word.FALSE_REJECT):
            yield f"- {each.folder}, {each.name} ({each.group}): {each.word.value}: {shorten(each.why, 200)}"


def speeds(report: Report) -> Iterator[str]:
    """Yield the table of costs."""
    lines = []
    for row in report.speeds:
        value = "" if row["value"] is None else f"{row['value']:,.2f}"
        target = "" if row["target"] is None else f"{row['target']:g}"
        lines.append([row["name"], row["unit"], value, target, {True: "yes", False: "NO", None: ""}[row["met"]]])
    yield from _table(("figure", "unit", "value", "target", "met"), lines, 2)


def missed(report: Report) -> Iterator[str]:
    """Yield the names of figures that miss their targets."""
    yield from (
        f"- {row['name']}: {row['value']:g} ({row['target']:g} is wanted)"
        for row in rows(report)
        if row["met"] is False
    )


def tables(report: Report) -> Iterator[str]:
    """Yield everything, as it is printed."""
    for part in (folders, groups, reasons, speeds):
        yield from part(report)
        yield ""
    yield from ["not as it must be:", *wrong(report)] if any(wrong(report)) else ["no answer is false"]


_PAGE = """\
<!-- Generated by bench/signature_table.py --write-docs; do not edit. -->

# Signatures: how often the answers are right, and what they cost

Made by `make signatures` (with `--write-docs` after `bench/signature_table.py` to write this page). The corpus is software of
others and not part of this repository; the vectors are, under `tests/vectors/signatures`.

## How often the answers are right

A case is one signed thing and one question: may it be accepted? Of Android packages the question is put for a range of versions of
Android, as AOSP's own tests do.

- **right**: what is genuine has valid signatures and nothing else, by the signer that the label names, where it names one; of what
  is to be refused nothing is called valid, or something is proved broken or stripped; where nothing is signed, nothing is found.
  Some of what is to be refused is refused because it could not be checked (the key is not at hand, the algorithm is none that proves
  anything): right, but nothing was proved. That is counted besides.
- **false accept**: what is to be refused has a valid signature and nothing against it, or another signer is named.
- **false reject**: what is genuine is called broken or stripped, or its signature is not found.
- **not checkable**: it is genuine, and that could not be told; nothing is accused.
- **no scheme yet**: nothing was asked, as there is no scheme for it; never counted as right.

{folders}

Answers that are false:

{wrong}

Targets that are missed:

{missed}

### By range and kind

{groups}

### Why something could not be checked

{reasons}

### Where the answers to the questions are from

- `apksig`: what AOSP's tests assert for a range of API levels; what they do not assert is answered by AOSP's verifier, for the least
  level that the package is made for and later. Where that gave up, and of one package with a NUL in a member's name, where we are
  stricter, nothing is asked.
- `apk-tampered`: how the packages were altered. AOSP's verifier misses the Janus attack there (CVE-2017-13156).
- `npm-apks`, `fdroidserver`, `androguard`: AOSP's verifier. `avb-wild`: avbtool, with the key.
- `authenticode`: the labels say nothing; signify has the same digests and the same number of signatures.
- `uefi-signed`, `quectel-eg25`, `cisco-phone-…`, `ffnord-gluon`, `linux-module-signature`, `tizen-spotify-mod`: the labels of
  the corpus. With the anchors of the corpus at hand, programs of UEFI have to be GENUINE; without, UNKNOWN.
- "one byte changed": changed for this table, where the corpus has no altered copy.
- `sigstore-conformance`, `cose-examples`, `tuf-conformance`, `gpg-debian`, `usign-openwrt`, `uboot-fit`: the labels of the corpus.
- `wycheproof`: its own results; "acceptable" is right either way. Each vector is asked of each function that schemes would ask.
  Not used by any scheme, and not asked: {unused}.
- `vectors/…`: made with the tools of others, as follows, in the words of each `build.py`. Where no package of such a tool was
  at hand, the layout is ours and only the mathematics theirs: the text says so. Not in the table: {unasked}.

{makers}

### What of the corpus is not asked

{labelled}

## What verifying costs

From the same run. CPU time in one process but for apksigner, which is a program for each package; SHA-256 is one pass over
the same bytes by the same library. The machine was busy with other work: its load was {load[0]:.1f} at the start and
{load[1]:.1f} at the end, on two cores. CPU seconds grow by that too, ratios less.

{speeds}

## What this does not show

- The labels and the open half of the corpus were at hand while the schemes were written.
- Whether a signer may be trusted is asked elsewhere ([detection](detection.md)); here it is only for what UEFI loads.
- Vectors confirm a reading as far as their makers are independent; where no real sample stands in the table, none was at hand.
"""


def page(report: Report) -> str:
    """Return docs/signatures.md."""
    makers = [f"- `{folder}`: {told}" for folder, told in report.makers.items()]
    labelled = [[each.folder, str(each.labels), str(each.at_hand), each.remark] for each in report.labelled]
    return _PAGE.format(
        folders="\n".join(folders(report)),
        wrong="\n".join(wrong(report)) or "None.",
        missed="\n".join(missed(report)) or "None.",
        groups="\n".join(groups(report)),
        reasons="\n".join(reasons(report)),
        unasked=", ".join(f"`{name}`" for name in report.unasked) or "none",
        unused=", ".join(f"`{name}`" for name in report.unused) or "nothing",
        makers="\n".join(makers),
        labelled="\n".join(_table(("folder", "labels", "files at hand", "what is not asked"), labelled, 4)),
        load=report.load,
        speeds="\n".join(speeds(report)),
    )
