"""`make fuzz`: mutated vectors of every format: none may escape, take long or take much memory.

Prints a table, writes rows to build/fuzz.json and adds to the ledger, build/fuzz-ledger.json, after each reader. Inputs that fail
are kept in build/fuzz, the smallest of them a vector to be. The same seed makes the same inputs from the same vectors; where the
ledger knows a reader, a run with `--seconds-per-reader` goes on where the last one ended, and the same inputs do not count twice.

    --inputs N              mutations, shared out among the vectors (default 30000)
    --seconds-per-reader N  instead: CPU seconds for each reader, half of them guided by coverage where atheris is
                            installed (`uv sync --group fuzz`)
    --seed N                seed of the mutations (default 1)
    --formats a,b           these readers alone
    --seconds N             CPU seconds one input may take (default 2)
    --write-docs            write docs/fuzzing.md from the ledger, and do nothing else

Exit code 1: something failed.
"""

import argparse
import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib.util import find_spec
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from random import Random

import fuzz_ledger
from mutations import Vector, mutate, read_vectors
from report import Row, at_most
from trial import KEPT, MEMORY, SECONDS, SHOWN, Tally, attempt, prepare

ROWS = Path("build/fuzz.json")

_LARGE, _SELDOM = 1 << 20, 50
"""Bytes from which on a vector is only mutated every so often."""

_YOUNG = 100_000
"""As the command line sets the collector."""

_UNDER_WAY = KEPT / "under-way"
"""Says which input is measured: a process that dies over it says nothing."""


def main() -> int:
    """Run everything and say what failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=30_000)
    parser.add_argument("--seconds-per-reader", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--formats", default="")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    if options.write_docs:
        fuzz_ledger.PAGE.write_text("".join(fuzz_ledger.page(fuzz_ledger.read())), "utf-8")
        return 0
    prepare()
    readers = options.formats.split(",") if options.formats else sorted(fuzz_ledger.READERS)
    if unknown := set(readers) - set(fuzz_ledger.READERS):
        parser.error(f"no formats: {', '.join(sorted(unknown))}")
    vectors = [vector.format for vector in read_vectors()]
    each = -(-options.inputs // max(sum(vectors.count(reader) for reader in readers), 1))
    rows: list[Row] = []
    print(f"| {'reader':<18} | inputs | CPU s | slowest ms | peak MB | failures |")
    print(f"|{'-' * 20}|-------:|------:|-----------:|--------:|---------:|", flush=True)
    for reader in readers:
        if options.seconds_per_reader:
            tally = _for_seconds(reader, options.seed, options.seconds_per_reader, options.seconds)
        else:
            tally = _in_process(reader, options.seed, 0, each, None, options.seconds)
            if not fuzz_ledger.read()[reader].following.get(str(options.seed)):  # the same inputs do not count twice
                _enter(reader, tally, seed=options.seed)
        rows += _told(reader, tally, options.seconds)
    ROWS.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    failed = [row["name"] for row in rows if row["met"] is False]
    print(f"\n{len(failed)} of {sum(row['target'] is not None for row in rows)} targets missed; rows in {ROWS}")
    print("".join(f"  {name}\n" for name in failed), end="")
    return 1 if failed else 0


def _told(reader: str, tally: Tally, seconds: float) -> Iterator[Row]:
    """Print a line of the table and yield the rows of one reader."""
    print(
        f"| {reader:<18} | {tally.inputs:>6} | {tally.cpu:>5.1f} | {1e3 * tally.slowest:>10.0f} "
        f"| {tally.peak:>7.0f} | {len(tally.failures):>8} |",
        flush=True,
    )
    print("".join(f"{failure}\n" for failure in tally.failures[:SHOWN]), end="", flush=True)
    yield Row(name=f"fuzz/{reader}/inputs", value=tally.inputs, unit="", target=None, met=None)
    yield Row(name=f"fuzz/{reader}/cpu", value=round(tally.cpu, 2), unit="s", target=None, met=None)
    yield at_most(f"fuzz/{reader}/slowest", tally.slowest, "s", seconds)
    yield at_most(f"fuzz/{reader}/peak", tally.peak, "MB", MEMORY)
    yield at_most(f"fuzz/{reader}/failures", len(tally.failures), "", 0)


def _for_seconds(reader: str, seed: int, cpu: float, seconds: float) -> Tally:
    """Put a reader through so much CPU time and write the ledger."""
    first = fuzz_ledger.read()[reader].following.get(str(seed), 0)
    guided = find_spec("atheris") is not None
    tally = _in_process(reader, seed, first, None, cpu / 2 if guided else cpu, seconds)
    _enter(reader, tally, seed=seed)
    if guided:
        more = _guided(reader, cpu / 2)
        _enter(reader, more, guided=True)
        tally = tally.with_(more)
    return tally


def _enter(reader: str, tally: Tally, *, guided: bool = False, seed: int | None = None) -> None:
    accounts = fuzz_ledger.read()
    accounts[reader].add(tally, guided=guided)
    if seed is not None:
        accounts[reader].following[str(seed)] = tally.following
    fuzz_ledger.write(accounts)


def _in_process(reader: str, seed: int, first: int, inputs: int | None, cpu: float | None, seconds: float) -> Tally:
    """Run `mutated` in a process of its own; that it died is a crash too."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        try:
            return process.submit(mutated, reader, seed, first, inputs, cpu, seconds).result()
        except BrokenProcessPool:
            name = _UNDER_WAY.read_text("utf-8").strip()
            following = int(name.rpartition("-")[2]) + 1
            return Tally(inputs=1, crashes=1, failures=[f"{name}: the process died"], following=following)


def mutated(reader: str, seed: int, first: int, inputs: int | None, cpu: float | None, seconds: float) -> Tally:
    """Measure mutated vectors of one format, so many of each or for so many CPU seconds, from the mutation `first` on."""
    prepare()
    gc.set_threshold(_YOUNG)
    tally = Tally()
    with _UNDER_WAY.open("w", encoding="utf-8") as under_way:
        for name, data in _mutations(reader, seed, first, inputs, tally):
            under_way.seek(0)
            under_way.write(f"{name:<200}")
            under_way.flush()
            attempt(tally, name, data, seconds)
            if cpu is not None and tally.cpu >= cpu:
                break
    return tally


def _mutations(reader: str, seed: int, first: int, inputs: int | None, tally: Tally) -> Iterator[tuple[str, bytes]]:
    vectors = list(read_vectors())
    own: list[Vector] = [vector for vector in vectors if vector.format == reader]
    for number in count(first) if inputs is None else range(first, first + inputs):
        tally.following = number + 1
        for vector in own:
            if inputs is None and len(vector.data) > _LARGE and number % _SELDOM and len(own) > 1:
                continue
            random = Random(f"{seed}/{reader}/{vector.case}/{number}")  # noqa: S311 (to be had again)
            name = f"{reader}/{vector.case}/{seed}-{number}"
            yield name, mutate(vector.data, random, random.choice(vectors).data)


def _guided(reader: str, cpu: float) -> Tally:
    """Fuzz a reader guided by coverage."""
    answer = KEPT / f"guided-{reader}.json"
    answer.unlink(missing_ok=True)
    program = Path(__file__).with_name("guided.py")
    log = KEPT / f"guided-{reader}.log"
    with log.open("wb") as talk:
        subprocess.run(
            [sys.executable, str(program), reader, str(cpu), str(answer)], stdout=talk, stderr=talk, check=False
        )
    if not answer.exists():
        return Tally(inputs=1, crashes=1, failures=[f"{reader}/guided: the process died, see {log}"])
    return Tally(**json.loads(answer.read_text("utf-8")))


if __name__ == "__main__":
    sys.exit(main())
