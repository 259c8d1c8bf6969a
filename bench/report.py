"""Turns the costs of a run into rows with their targets, tables for the terminal, and the page docs/performance.md."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NotRequired, TypedDict

from clock import Cost
from peers import LIMIT, LIMIT_OF_DIFFOSCOPE, Outing

Costs = Mapping[tuple[str, str], Cost]
"""By image and by what was run on it."""


class Row(TypedDict):
    """One figure of build/bench.json; `target` and `met` are None where nothing was set or nothing could be told."""

    name: str
    value: float | None
    unit: str
    target: float | None
    met: bool | None
    at_least: NotRequired[bool]
    """A run was cut, so that the value can only be higher."""


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
    outings: Sequence[Outing]
    """What the peers cost."""
    large: tuple[int, Cost] | None
    """Bytes of an image that holds the tree four times, and what `measure` of it cost."""
    start: tuple[Cost, Cost]
    """`trueware --help`, and Python alone."""
    remarks: tuple[str, ...]


MEASURE_TARGETS = {
    "squashfs-xz": 1.15,
    **dict.fromkeys(("squashfs-gzip", "squashfs-zstd", "squashfs-lzo"), 1.3),
    **dict.fromkeys(("squashfs-lz4", "ext4", "erofs", "jffs2", "jffs2-lzo", "ubifs", "ubifs-zlib", "ubifs-zstd"), 1.5),
    **dict.fromkeys(("tar.gz", "cpio.gz"), 1.5),
}
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
    **{(f"squashfs-{codec}", "dissect"): 4.0 for codec in ("xz", "gzip", "zstd", "lzo", "lz4")},
    ("ext4", "dissect"): 4.0,
    ("jffs2", "dissect"): 4.0,
    ("squashfs-xz", "diffoscope"): 100.0,
    ("squashfs-gzip", "diffoscope"): 100.0,
}
"""CPU seconds of a peer, at least so many times those of `measure`; of diffoscope, of `verify` of the tampered image."""
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
        yield from _cost_rows(f"{image}/{what}", cost, report.size)
    for image in report.images:
        measure, verify = costs[image, "measure"], costs[image, "verify"]
        if floor := costs.get((image, "floor")):
            yield _most(f"{image}/measure/to-floor", measure.cpu / floor.cpu, "x", MEASURE_TARGETS.get(image))
            yield _most(f"{image}/verify/to-floor", verify.cpu / floor.cpu, "x", VERIFY_TARGETS.get(image))
            if tampered := costs.get((image, "verify, tampered")):
                ratio = tampered.cpu / floor.cpu
                yield _most(f"{image}/verify-tampered/to-floor", ratio, "x", TAMPERED_TARGETS.get(image))
        beside = _beside(measure, report.images[image])
        yield _most(f"{image}/measure/memory-beside-image", beside, "MB", MEMORY_TARGET)
        if alone := costs.get((image, "measure, one core")):
            yield _least(f"{image}/measure/cores-speed-up", alone.wall / measure.wall, THREAD_TARGETS.get(image))
    if report.large:
        size, cost = report.large
        yield from _cost_rows("four-times/measure", cost, 4 * report.size)
        yield _most("four-times/measure/memory-beside-image", _beside(cost, size), "MB", MEMORY_TARGET)
    for outing in report.outings:
        name = f"{outing.image}/{outing.peer}"
        yield from _cost_rows(name, outing.cost, report.size)
        yield _row(f"{name}/brought-out", 100 * outing.share, "%")
        against, times = _to_ours(report, outing)
        target = PEER_TARGETS.get((outing.image, outing.peer))
        yield _least(f"{name}/to-{against}", times, target, at_least=outing.cost.cut)
    yield _most("start/help", report.start[0].wall, "s", START_TARGET)
    yield _row("start/python-alone", report.start[1].wall, "s")


def _cost_rows(name: str, cost: Cost, size: int) -> Iterator[Row]:
    yield _row(f"{name}/cpu", cost.cpu, "s", at_least=cost.cut)
    yield _row(f"{name}/wall", cost.wall, "s", at_least=cost.cut)
    yield _row(f"{name}/peak", None if cost.cut else cost.peak, "MB")
    yield _row(f"{name}/content-per-wall-second", None if cost.cut else size / 1e6 / cost.wall, "MB/s")


def _beside(cost: Cost, image: int) -> float:
    """Return the MB that a run needed beside the mapped image."""
    return max(0.0, cost.peak - image / 1e6)


def _to_ours(report: Report, outing: Outing) -> tuple[str, float | None]:
    """Return with which run of ours a peer is compared, and how many times the CPU seconds of that run it used.

    A peer that was cut would have needed more. One that ended and has not brought out the tree is not compared.
    """
    against = "verify, tampered" if outing.peer == "diffoscope" else "measure"
    whole = outing.cost.cut or outing.share >= _WHOLE
    ratio = outing.cost.cpu / report.costs[outing.image, against].cpu if whole else None
    return against.replace(", ", "-"), ratio


def _row(name: str, value: float | None, unit: str, *, at_least: bool = False) -> Row:
    rounded = None if value is None else round(value, 4)
    row = Row(name=name, value=rounded, unit=unit, target=None, met=None)
    return Row({**row, "at_least": True}) if at_least else row


def _most(name: str, value: float, unit: str, target: float | None) -> Row:
    return Row({**_row(name, value, unit), "target": target, "met": None if target is None else value <= target})


def _least(name: str, value: float | None, target: float | None, *, at_least: bool = False) -> Row:
    """Return a row of a value that should be high; of one that can only be higher it is not known that it is too low."""
    met = None if target is None or value is None or (at_least and value < target) else value >= target
    return Row({**_row(name, value, "x", at_least=at_least), "target": target, "met": met})


_OWN = (
    "image",
    "MB",
    "floor s",
    "measure s",
    "to floor",
    "wall s",
    "MB/s",
    "peak MB",
    "digest s",
    "verify s",
    "tampered s",
)


def own_table(report: Report) -> Iterator[str]:
    """Yield the lines of the table of what is ours, as Markdown that reads well as plain text: a line for each image."""
    lines: list[Sequence[str]] = [_OWN]
    for image, size in report.images.items():
        floor, measure = report.costs.get((image, "floor")), report.costs[image, "measure"]
        tampered = report.costs.get((image, "verify, tampered"))
        lines.append(
            (
                image,
                f"{size / 1e6:.0f}",
                f"{floor.cpu:.2f}" if floor else "none",
                f"{measure.cpu:.2f}",
                f"{measure.cpu / floor.cpu:.2f}x" if floor else "",
                f"{measure.wall:.2f}",
                f"{report.size / 1e6 / measure.wall:.0f}",
                f"{measure.peak:.0f}",
                f"{report.costs[image, 'digest'].cpu:.2f}",
                f"{report.costs[image, 'verify'].cpu:.2f}",
                f"{tampered.cpu:.2f}" if tampered else "",
            )
        )
    if report.large:
        size, cost = report.large
        speed = f"{4 * report.size / 1e6 / cost.wall:.0f}"
        figures = (
            f"{size / 1e6:.0f}",
            "",
            f"{cost.cpu:.2f}",
            "",
            f"{cost.wall:.2f}",
            speed,
            f"{cost.peak:.0f}",
            "",
            "",
            "",
        )
        lines.append(("four times", *figures))
    yield from _table(lines)


_PEERS = ("image", "peer", "CPU s", "wall s", "peak MB", "to ours", "brought out")


def peer_table(report: Report) -> Iterator[str]:
    """Yield the lines of the table of the peers."""
    lines: list[Sequence[str]] = [_PEERS]
    for outing in sorted(report.outings, key=lambda outing: list(report.images).index(outing.image)):
        cost, more = outing.cost, "> " if outing.cost.cut else ""
        _, ratio = _to_ours(report, outing)
        lines.append(
            (
                outing.image,
                outing.peer,
                f"{more}{cost.cpu:.2f}",
                f"{more}{cost.wall:.2f}",
                "" if cost.cut else f"{cost.peak:.0f}",
                "" if ratio is None else f"{more}{ratio:.1f}x",
                "cut" if cost.cut else f"{100 * outing.share:.0f} %",
            )
        )
    yield from _table(lines)


def _table(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a Markdown table of which the first line is the head; numbers, all but the first column, stand to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for number, (first, *rest) in enumerate(lines):
        cells = "".join(f" {cell:>{width}} |" for cell, width in zip(rest, widths[1:], strict=True))
        yield f"| {first:<{widths[0]}} |{cells}"
        if number == 0:
            yield f"|{'-' * (widths[0] + 2)}|" + "".join(f"{'-' * (width + 1)}:|" for width in widths[1:])


def targets(report: Report) -> Iterator[str]:
    """Yield a line for each figure that has a target."""
    yield f"| {'figure':<42} | value        | target  | met       |"
    yield f"|{'-' * 44}|-------------:|--------:|-----------|"
    for row in rows(report):
        if row["target"] is not None:
            more = "> " if row.get("at_least") else ""
            value = "-" if row["value"] is None else f"{more}{row['value']:.2f} {row['unit']}"
            met = {True: "yes", False: "no", None: "not shown"}[row["met"]]
            yield f"| {row['name']:<42} | {value:>12} | {row['target']:>7g} | {met:<9} |"


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
- **tampered**: the same of an image of the tree with eleven things planted, packed anew by the same program; the run checks
  that each is named and nothing else.
- **unblob**, **binwalk**: extraction to disk, then `openssl dgst -sha256` of every file that came out. `unblob -d 1` goes one level
  deep, into the image and not into what is in it.
- **dissect**: a script that walks the image with it and hashes every file; of what is inside the files it opens nothing.
- **diffoscope**: the image beside the tampered one; it is compared with *tampered*.

The formats are those of the tools of Debian as they come: squashfs in blocks of 128 KiB, erofs with lz4hc in clusters of 4 KiB,
jffs2 with zlib ("jffs2-lzo": where lzo will do), ubifs in an UBI image with lzo. "Four times" is an image (squashfs-lz4) that holds
the tree four times, nothing of it shared, for the memory. The run checked that the floor unpacks the whole tree of each image, and
that `measure` gives every file of the tree the digest that the tree itself gives.

Seconds are CPU seconds (user and system, of all processes) where nothing else is said, medians of {runs} runs, taken in turns.
*MB/s* is content of the tree per wall second of `measure`. *Peak MB* is the largest single process; a mapped image counts in it.

## Costs

{own}

## Others

{peers}

*To ours*: CPU seconds of the peer to those of `measure` (diffoscope: of `verify` of the tampered image). *Brought out*: how many of
the tree's files, by content; of diffoscope, how many of the eleven changes are named somewhere in its output. Peers ran once each,
at another time than ours, with a load of {peer_load:.1f} at most on the machine at the start, and were cut after {limit:.0f} seconds
of wall time (diffoscope: {diffoscope_limit:.0f}): ">" stands before what can then only be higher.

## Against the targets

{targets}

"not shown": the peer did not bring out the tree, so that its time says nothing, or was cut before it had used so much.

## What it means

- An unknown image costs the floor plus the work on its structure: {overhead:.0f} microseconds of CPU time for each of the tree's
  files here, by the median of the images, whatever the size of the file. Where decompressing is dear (xz) this is a small share;
  where content costs little (ext4, lz4) it is the larger one, and the SHA-256 of the whole image (*digest*), which `measure` also
  gives, is part of it.
- A tampered image of a known release costs its digest, its tables, and what was changed in it
  ([ADR 7](adr/0007-known-by-their-packed-bytes.md)).
- A known image costs one SHA-256 over its bytes and a look into the registry, whatever is inside.
- Memory is the mapped image, and what is under way; not the content.

## Remarks

{remarks}
- `trueware --help` takes {help:.2f} s of wall time, Python alone {python:.2f} s.
"""


def page(report: Report, runs: int) -> str:
    """Return docs/performance.md."""
    overheads = [
        report.costs[image, "measure"].cpu - report.costs[image, "floor"].cpu
        for image in report.images
        if (image, "floor") in report.costs
    ]
    return _PAGE.format(
        files=report.files,
        size=report.size / 1e6,
        limit=LIMIT,
        diffoscope_limit=LIMIT_OF_DIFFOSCOPE,
        peer_load=max((outing.load for outing in report.outings), default=0),
        runs=runs,
        own="\n".join(own_table(report)),
        peers="\n".join(peer_table(report)),
        targets="\n".join(targets(report)),
        remarks="\n".join(f"- {remark}." for remark in report.remarks),
        overhead=1e6 * median(overheads) / report.files,
        help=report.start[0].wall,
        python=report.start[1].wall,
    )
