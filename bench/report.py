"""Turns the costs of a run into rows with their targets, a table for the terminal, and the page docs/performance.md."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import TypedDict

from clock import Cost

Costs = Mapping[tuple[str, str], Cost]
"""By image and by what was run on it."""


class Row(TypedDict):
    """One figure of build/bench.json; `target` and `met` are None where nothing was set or nothing could be told."""

    name: str
    value: float | None
    unit: str
    target: float | None
    met: bool | None


def at_most(name: str, value: float, unit: str, target: float) -> Row:
    """Return the row of a figure that may not be larger than its target."""
    return Row(name=name, value=round(value, 3), unit=unit, target=round(target, 3), met=value <= target)


@dataclass(frozen=True, slots=True)
class Report:
    """What one run of the benchmark found."""

    costs: Costs
    images: Mapping[str, int]
    """Bytes of each image."""
    size: int
    """Bytes of content in the tree."""
    files: int
    shares: Mapping[tuple[str, str], float]
    """How much of the tree each peer got out of each image."""
    start: tuple[Cost, Cost]
    """`trueware --help`, and Python alone."""
    remarks: tuple[str, ...]


MEASURE_TARGETS = {"squashfs-xz": 1.15, "squashfs-gzip": 1.3, "ext4": 1.5, "tar.gz": 1.5, "cpio.gz": 1.5}
"""CPU seconds of `measure`, at most so many times the floor's."""
VERIFY_TARGETS = {"squashfs-xz": 0.1, "squashfs-gzip": 0.5}
"""The same for `verify` of an image the registry knows."""
TAMPERED_TARGETS = {"squashfs-xz": 0.1, "squashfs-gzip": 0.5}
"""The same for `verify` of a tampered image, packed anew, whose release the registry knows."""
PEER_TARGETS = {
    ("squashfs-xz", "unblob"): 10.0,
    ("squashfs-gzip", "unblob"): 50.0,
    ("ext4", "unblob"): 50.0,
    ("squashfs-gzip", "unblob -d 1"): 5.0,
}
"""CPU seconds of a peer, at least so many times those of `measure`."""
THREAD_TARGETS = {"squashfs-xz": 1.7, "squashfs-gzip": 1.7}
"""Wall seconds on one core, at least so many times those on all (of two)."""
MEMORY_TARGET = 150.0
"""MB beside the mapped image."""
START_TARGET = 0.3
"""Wall seconds of `trueware --help`."""

_WHOLE = 0.9
"""Share of the tree's files that a peer must have extracted for its time to be compared."""


def rows(report: Report) -> Iterator[Row]:
    """Yield all figures."""
    costs = report.costs
    for (image, what), cost in costs.items():
        # of a run that was cut, what its children used is not known
        yield _row(f"{image}/{what}/cpu", None if cost.cut else cost.cpu, "s")
        yield _row(f"{image}/{what}/wall", cost.wall, "s")
        yield _row(f"{image}/{what}/peak", None if cost.cut else cost.peak, "MB")
        yield _row(f"{image}/{what}/content-per-wall-second", report.size / 1e6 / cost.wall, "MB/s")
    for image in report.images:
        floor, measure, verify = (costs[image, what] for what in ("floor", "measure", "verify"))
        beside = max(0.0, measure.peak - report.images[image] / 1e6)
        yield _most(f"{image}/measure/to-floor", measure.cpu / floor.cpu, "x", MEASURE_TARGETS.get(image))
        yield _most(f"{image}/verify/to-floor", verify.cpu / floor.cpu, "x", VERIFY_TARGETS.get(image))
        if tampered := costs.get((image, "verify, tampered")):
            yield _most(f"{image}/verify-tampered/to-floor", tampered.cpu / floor.cpu, "x", TAMPERED_TARGETS.get(image))
        yield _most(f"{image}/measure/memory-beside-image", beside, "MB", MEMORY_TARGET)
        if alone := costs.get((image, "measure, one core")):
            yield _least(f"{image}/measure/cores-speed-up", alone.wall / measure.wall, THREAD_TARGETS.get(image))
    for (image, peer), share in report.shares.items():
        comparable = share >= _WHOLE and not costs[image, peer].cut
        ratio = costs[image, peer].cpu / costs[image, "measure"].cpu if comparable else None
        yield _row(f"{image}/{peer}/extracted", 100 * share, "%")
        yield _least(f"{image}/{peer}/to-measure", ratio, PEER_TARGETS.get((image, peer)))
    yield _most("start/help", report.start[0].wall, "s", START_TARGET)
    yield _row("start/python-alone", report.start[1].wall, "s")


def _row(name: str, value: float | None, unit: str) -> Row:
    return Row(name=name, value=None if value is None else round(value, 4), unit=unit, target=None, met=None)


def _most(name: str, value: float, unit: str, target: float | None) -> Row:
    met = None if target is None else value <= target
    return Row(name=name, value=round(value, 4), unit=unit, target=target, met=met)


def _least(name: str, value: float | None, target: float | None) -> Row:
    met = None if target is None or value is None else value >= target
    return Row(name=name, value=None if value is None else round(value, 4), unit="x", target=target, met=met)


def table(report: Report) -> Iterator[str]:
    """Yield the lines of the table, as Markdown that reads well as plain text."""
    yield f"| {'image':<13} | {'what':<17} | CPU s  | wall s | MB/s  | peak MB | to floor | extracted |"
    yield f"|{'-' * 15}|{'-' * 19}|-------:|-------:|------:|--------:|---------:|----------:|"
    for (image, what), cost in report.costs.items():
        share = report.shares.get((image, what))
        cpu, to_floor = f"{cost.cpu:.2f}", f"{cost.cpu / report.costs[image, 'floor'].cpu:.2f}x"
        speed, out = f"{report.size / 1e6 / cost.wall:.0f}", "" if share is None else f"{100 * share:.0f} %"
        peak = f"{cost.peak:.0f}"
        if cost.cut:  # what its children used is not known
            cpu, peak, out = "cut", "", f"cut, {out}"
        if cost.cut or (share is not None and share < _WHOLE):
            speed, to_floor = "", ""  # of work not done
        yield (
            f"| {image:<13} | {what:<17} | {cpu:>6} | {cost.wall:>6.2f} | {speed:>5} "
            f"| {peak:>7} | {to_floor:>8} | {out:>9} |"
        )


def targets(report: Report) -> Iterator[str]:
    """Yield a line for each figure that has a target."""
    yield f"| {'figure':<40} | value      | target  | met       |"
    yield f"|{'-' * 42}|-----------:|--------:|-----------|"
    for row in rows(report):
        if row["target"] is not None:
            value = "-" if row["value"] is None else f"{row['value']:.2f} {row['unit']}"
            met = {True: "yes", False: "no", None: "not shown"}[row["met"]]
            yield f"| {row['name']:<40} | {value:>10} | {row['target']:>7g} | {met:<9} |"


_PAGE = """\
<!-- Generated by bench/speed.py --write-docs; do not edit. -->

# Performance

Made by `make bench` (with `--write-docs` after `bench/speed.py` to write this page), on a machine with two x86-64 cores with SHA
extensions, Debian 12 and Python 3.11. The tree: {files:,} files of Debian packages, {size:.0f} MB. Every image holds this one tree.

## What is compared

- **floor**: a C program of ours (`bench/floor.c`) that is told where every block lies, decompresses it with the fastest library at
  hand, and makes one SHA-256 over all content. It parses nothing and builds nothing; an unknown image cannot be verified with less.
- **digest**: `openssl dgst -sha256` of the image as it is.
- **measure**: `trueware measure --json`: every file hashed, every container inside opened, every byte accounted for, the manifest
  printed.
- **verify**: `trueware verify` of an image whose release the registry knows.
- **verify, tampered**: the same of an image of the tree with eleven things planted, packed anew by the same program; the run checks
  that each is named and nothing else.
- **unblob**, **binwalk**: extraction to disk, then `openssl dgst -sha256` of every file that came out; one run each, cut after
  {limit:.0f} seconds.

*CPU s* are user and system seconds of all processes, the main figure. *MB/s* is content of the tree per wall second. *Peak MB* is the
largest single process; a mapped image counts in it. *Extracted* is how many of the tree's files, by content, a peer brought out.
All is from one run of the benchmark, taken in turns, medians of {runs}. The same run checked that `measure` gives every file of the
tree the digest that the tree itself gives.

## Costs

{table}

## Against the targets

{targets}

"not shown": the peer did not bring out the tree, or was cut, so that its time says nothing. (`unblob -d 1` goes one level deep: into
an image, but of a compressed archive it only unpacks the outer layer.)

## What it means

- An unknown image costs the floor plus the work on its structure: {overhead:.0f} microseconds of CPU time for each of the tree's
  files here, by the median of the images, whatever the size of the file. Where decompressing is dear (xz) this is a small share;
  where content costs little (ext4) it is the larger one, and the SHA-256 of the whole image (*digest*), which `measure` also
  gives, is part of it.
- A tampered image of a known release costs its digest, its tables, and what was changed in it
  ([ADR 7](adr/0007-known-by-their-packed-bytes.md)).
- A known image costs one SHA-256 over its bytes and a look into the registry, whatever is inside.
- Memory is the mapped image, and what is under way; not the content.

## Remarks

{remarks}
- `trueware --help` takes {help:.2f} s of wall time, Python alone {python:.2f} s.
- Not measured: diffoscope, dissect.
"""


def page(report: Report, runs: int, limit: float) -> str:
    """Return docs/performance.md."""
    overheads = [report.costs[image, "measure"].cpu - report.costs[image, "floor"].cpu for image in report.images]
    return _PAGE.format(
        files=report.files,
        size=report.size / 1e6,
        limit=limit,
        runs=runs,
        table="\n".join(table(report)),
        targets="\n".join(targets(report)),
        remarks="\n".join(f"- {remark}." for remark in report.remarks),
        overhead=1e6 * median(overheads) / report.files,
        help=report.start[0].wall,
        python=report.start[1].wall,
    )
