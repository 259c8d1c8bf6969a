"""`make hostile`: inputs made to cost much, by name and of every format: none may escape, take long or take much memory.

Prints a table for each, the second with the worst of each format, and writes rows to build/hostile.json. Inputs that fail are kept in
build/fuzz, the smallest of them a test to be.

    --formats a,b  inputs made of the vectors of these formats, and none by name

Exit code 1: something failed.
"""

import argparse
import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from hostile_forms import chosen, forms
from hostile_inputs import INPUTS
from mutations import read_vectors
from report import Row, at_most
from trial import KEPT, MEMORY, SECONDS, SHOWN, Tally, allowance, attempt, count_parts, prepare
from trueware.measuring import measure

ROWS = Path("build/hostile.json")

_YOUNG = 100_000
"""As the command line sets the collector."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one input by name cost in a process of its own."""

    size: int
    cpu: float
    peak: float
    parts: int
    rules: tuple[str, ...]


def main() -> int:
    """Run everything and say what failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--formats", default="")
    options = parser.parse_args()
    prepare()
    gc.set_threshold(_YOUNG)
    rows: list[Row] = []
    if not options.formats:
        rows += by_name()
    rows += by_format(options.formats.split(",") if options.formats else ())
    ROWS.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    failed = [row["name"] for row in rows if row["met"] is False]
    print(f"\n{len(failed)} of {sum(row['target'] is not None for row in rows)} targets missed; rows in {ROWS}")
    print("".join(f"  {name}\n" for name in failed), end="")
    return 1 if failed else 0


def by_name() -> list[Row]:
    """Measure each input that was made by hand, in a process of its own, and return two rows for each."""
    print(f"| {'hostile input':<32} |    MB | CPU s | peak MB |  parts | findings")
    print(f"|{'-' * 34}|------:|------:|--------:|-------:|---------")
    rows = []
    for name in INPUTS:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            path = process.submit(_write, name).result()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            cost = process.submit(_cost, path).result()
        print(
            f"| {name:<32} | {cost.size / 1e6:>5.1f} | {cost.cpu:>5.2f} | {cost.peak:>7.0f} | {cost.parts:>6} "
            f"| {' '.join(cost.rules)}"
        )
        rows.append(at_most(f"hostile/{name}/cpu", cost.cpu, "s", SECONDS + allowance(cost.parts, cost.size)))
        rows.append(at_most(f"hostile/{name}/peak", cost.peak, "MB", MEMORY))
    return rows


def by_format(formats: Collection[str]) -> list[Row]:
    """Measure the inputs made of the vectors of each format, and return three rows for each."""
    print(f"\n| {'format':<18} | inputs | CPU s | slowest ms | {'which':<28} | peak MB | failures |")
    print(f"|{'-' * 20}|-------:|------:|-----------:|{'-' * 30}|--------:|---------:|")
    rows, failures = [], []
    for format_, vectors in groupby(read_vectors(), key=lambda vector: vector.format):
        if formats and format_ not in formats:
            continue
        tally = Tally()
        for vector in chosen(list(vectors)):
            for form in forms(vector):
                attempt(tally, f"{format_}/{vector.case}/{form.name}", form.data)
        which = tally.slowest_input.partition("/")[2]
        print(
            f"| {format_:<18} | {tally.inputs:>6} | {tally.cpu:>5.1f} | {1e3 * tally.slowest:>10.0f} | {which[:28]:<28} "
            f"| {tally.peak:>7.0f} | {len(tally.failures):>8} |",
            flush=True,
        )
        rows += [
            at_most(f"hostile/{format_}/slowest", tally.slowest, "s", SECONDS),
            at_most(f"hostile/{format_}/peak", tally.peak, "MB", MEMORY),
            at_most(f"hostile/{format_}/failures", len(tally.failures), "", 0),
        ]
        failures += tally.failures[:SHOWN]
    print("".join(f"{failure}\n" for failure in failures), end="")
    return rows


def _write(name: str) -> Path:
    path = KEPT / f"hostile-{name}.bin"
    path.write_bytes(INPUTS[name]())
    return path


def _cost(path: Path) -> Cost:
    data = path.read_bytes()
    gc.set_threshold(_YOUNG)
    with ThreadPoolExecutor(2) as pool:
        start = time.process_time()
        measurement = measure(path.name, memoryview(data), pool=pool, clock=time.monotonic)
        cpu = time.process_time() - start
    peak = getrusage(RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    found = Counter(finding.rule for finding in measurement.findings)
    return Cost(len(data), cpu, peak, count_parts(measurement), tuple(sorted(found)))


if __name__ == "__main__":
    sys.exit(main())
