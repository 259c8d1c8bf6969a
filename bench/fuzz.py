"""`make fuzz`: mutated vectors of every format, and hostile inputs by name: none may escape, take long or take much memory.

Prints a table for each and writes rows to build/fuzz.json. Inputs that fail are kept in build/fuzz, the smallest of them a test
to be. The same seed makes the same inputs from the same vectors.

    --inputs N     mutations, shared out among the vectors (default 30000)
    --seed N       seed of the mutations (default 1)
    --only FORMAT  vectors of one format, and no hostile inputs
    --seconds N    CPU seconds one input may take (default 2)

Exit code 1: something failed.
"""

import argparse
import gzip
import json
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from random import Random
from resource import RUSAGE_SELF, getrusage
from typing import Any

from hostile import INPUTS
from report import Row
from trueware.measuring import Measurement, measure

VECTORS = Path(__file__).resolve().parents[1] / "tests/vectors"
KEPT, ROWS = Path("build/fuzz"), Path("build/fuzz.json")

MEMORY, _ITSELF = 300.0, 50.0
"""MB that the process may take, and what one takes that measures nothing; of mutated inputs only the rest can be told."""

_SHOWN = 5
"""Failures of one format that are listed."""

PER_PART = 30e-6
"""Seconds that each part of what is measured may take beside: a million files are a million digests."""

_PATIENCE = 60
"""Seconds until an input is given up."""

_EXTREMES = (
    *(value.to_bytes(size, "big") for size in (1, 2, 4, 8) for value in (0, 1, (1 << 8 * size - 1) - 1)),
    *((value % (1 << 8 * size)).to_bytes(size, "little") for size in (2, 4, 8) for value in (1, 1 << 8 * size - 1, -2)),
    *(b"\xff" * size for size in (1, 2, 4, 8)),
    *(b"\x80" + bytes(size - 1) for size in (2, 4, 8)),
    *(size.to_bytes(4, order) for size in (0x7FFFFFF, 0x10000, 0x1001) for order in ("big", "little")),
    b"00000000",
    b"FFFFFFFF",
    b"77777777777",
)
"""What lengths, offsets and counts become."""


class Patience(Exception):
    """An input took too long."""


class Here(Executor):
    """Works at once, in the thread that asks: one core, and a traceback to the end."""

    def submit(self, work: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Do the work."""
        done: Future[Any] = Future()
        done.set_result(work(*given, **named))
        return done


@dataclass(slots=True)
class Tally:
    """What the inputs of one format cost."""

    inputs: int = 0
    cpu: float = 0.0
    slowest: float = 0.0
    peak: float = 0.0
    failures: list[str] = field(default_factory=list)


def main() -> int:
    """Run everything and say what failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    KEPT.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    if not options.only:
        rows += hostile(options.seconds)
    rows += fuzz(options.inputs, options.seed, options.only, options.seconds)
    ROWS.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    failed = [row["name"] for row in rows if row["met"] is False]
    print(f"\n{len(failed)} of {sum(row['target'] is not None for row in rows)} targets missed; rows in {ROWS}")
    print("".join(f"  {name}\n" for name in failed), end="")
    return 1 if failed else 0


# --- mutations ------------------------------------------------------------------------------------------------------------


def fuzz(inputs: int, seed: int, only: str, seconds: float) -> list[Row]:
    """Measure mutated vectors and return a row for each figure of each format."""
    vectors = list(read_vectors())
    chosen = [name for name in vectors if not only or name[0] == only]
    each = -(-inputs // max(len(chosen), 1))
    tallies: dict[str, Tally] = {}
    signal.signal(signal.SIGALRM, _lose_patience)
    for format_, case, data in chosen:
        tally = tallies.setdefault(format_, Tally())
        for number in range(each):
            random = Random(f"{seed}/{format_}/{case}/{number}")  # noqa: S311 (to be had again)
            mutated = mutate(data, random, random.choice(vectors)[2])
            _try(tally, f"{format_}-{case}-{seed}-{number}", mutated, seconds)
    print(f"\n| {'format':<18} | inputs | CPU s | slowest ms | peak MB | failures |")
    print(f"|{'-' * 20}|-------:|------:|-----------:|--------:|---------:|")
    rows = []
    for format_, tally in sorted(tallies.items()):
        print(
            f"| {format_:<18} | {tally.inputs:>6} | {tally.cpu:>5.1f} | {1e3 * tally.slowest:>10.0f} "
            f"| {tally.peak:>7.0f} | {len(tally.failures):>8} |"
        )
        rows += [
            Row(name=f"fuzz/{format_}/inputs", value=tally.inputs, unit="", target=None, met=None),
            Row(name=f"fuzz/{format_}/cpu", value=round(tally.cpu, 2), unit="s", target=None, met=None),
            _at_most(f"fuzz/{format_}/slowest", tally.slowest, "s", seconds),
            _at_most(f"fuzz/{format_}/peak", tally.peak, "MB", MEMORY),
            _at_most(f"fuzz/{format_}/failures", len(tally.failures), "", 0),
        ]
    for tally in tallies.values():
        print("".join(f"{failure}\n" for failure in tally.failures[:_SHOWN]), end="")
    return rows


def read_vectors() -> Iterator[tuple[str, str, bytes]]:
    """Yield format, case and bytes of each vector."""
    for folder in sorted(path.parent for path in VECTORS.glob("*/*/expected.json")):
        plain, packed = folder / "input.bin", folder / "input.bin.gz"
        data = plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
        yield folder.parent.name, folder.name, data


def mutate(data: bytes, random: Random, other: bytes) -> bytes:
    """Return `data` with one to four things wrong with it, `other` in it perhaps, sometimes inside something else."""
    mutated = bytearray(data)
    for _ in range(random.choice((1, 1, 1, 2, 3, 4))):
        random.choice(_MUTATIONS)(mutated, random, other)
    kind = random.random()
    if kind < 0.1:
        return b"\x80" * random.choice((512, 1001)) + bytes(mutated) + b"\x81" * random.choice((0, 700))
    if kind < 0.2:
        return gzip.compress(bytes(mutated), 1, mtime=0)
    return bytes(mutated)


def _near_front(size: int, random: Random) -> int:
    """Return a place: headers stand in front, and so does most of what matters."""
    return random.randrange(min(size, random.choice((64, 512, 4096, size)) or 1) or 1)


def _flip(data: bytearray, random: Random, _: bytes) -> None:
    for _bit in range(random.choice((1, 1, 2, 8))):
        if data:
            data[_near_front(len(data), random)] ^= 1 << random.randrange(8)


def _set_extreme(data: bytearray, random: Random, _: bytes) -> None:
    value = random.choice(_EXTREMES)
    at = _near_front(len(data), random)
    at -= at % random.choice((1, 2, 4))
    if at + len(value) <= len(data):
        data[at : at + len(value)] = value


def _set_extreme_at_end(data: bytearray, random: Random, _: bytes) -> None:
    value, back = random.choice(_EXTREMES), random.randrange(1, 64)
    if len(value) <= back <= len(data):
        at = len(data) - back
        data[at : at + len(value)] = value


def _copy_field(data: bytearray, random: Random, _: bytes) -> None:
    size = random.choice((2, 4, 8, 16))
    if len(data) > size:
        source, at = _near_front(len(data) - size, random), _near_front(len(data) - size, random)
        data[at : at + size] = data[source : source + size]


def _cut(data: bytearray, random: Random, _: bytes) -> None:
    del data[random.randrange(len(data) + 1) :]


def _take_out(data: bytearray, random: Random, _: bytes) -> None:
    at = _near_front(len(data), random)
    del data[at : at + random.choice((1, 4, 512, 1024))]


def _repeat(data: bytearray, random: Random, _: bytes) -> None:
    at, size = _near_front(len(data), random), random.choice((1, 4, 60, 512, 4096))
    data[at:at] = data[at : at + size] * random.choice((1, 2, 50))


def _blank(data: bytearray, random: Random, _: bytes) -> None:
    at = _near_front(len(data), random)
    piece = data[at : at + random.choice((4, 64, 1024))]
    data[at : at + len(piece)] = bytes([random.choice((0, 0xFF))]) * len(piece)


def _splice(data: bytearray, random: Random, other: bytes) -> None:
    data[random.randrange(len(data) + 1) :] = other[random.randrange(len(other) + 1) :]


def _put_in(data: bytearray, random: Random, other: bytes) -> None:
    into, at = other[: 1 << 16], random.randrange(len(data) + 1)
    if random.random() < 0.5:
        data[at:at] = into
    else:
        data[at : at + len(into)] = into


_MUTATIONS = (
    *(_flip, _flip, _set_extreme, _set_extreme, _set_extreme, _set_extreme_at_end),
    *(_copy_field, _cut, _take_out, _repeat, _blank, _splice, _put_in),
)


def _try(tally: Tally, name: str, data: bytes, seconds: float) -> None:
    """Measure one input and add what it cost; keep it if something is wrong."""
    before = _forget_peak()
    start, trouble, parts = time.process_time(), "", 0
    signal.alarm(_PATIENCE)
    try:
        parts = _count(measure("input", memoryview(data), pool=Here(), clock=time.monotonic))
    except Exception as error:  # noqa: BLE001 (that any escapes is what is looked for)
        trouble = "".join(traceback.format_exception_only(error)).strip() + f" in {_place(error)}"
    finally:
        signal.alarm(0)
    cost, peak = time.process_time() - start, _peak() - before + _ITSELF
    tally.inputs += 1
    tally.cpu += cost
    tally.slowest = max(tally.slowest, cost - PER_PART * parts)
    tally.peak = max(tally.peak, peak)
    if not trouble and cost > seconds + PER_PART * parts:
        trouble = f"{cost:.1f} s"
    if not trouble and peak > MEMORY:
        trouble = f"{peak:.0f} MB"
    if trouble:
        (KEPT / f"{name}.bin").write_bytes(data)
        tally.failures.append(f"{name}: {trouble}")
        if len(tally.failures) <= _SHOWN:
            print(tally.failures[-1], file=sys.stderr)


def _place(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"


def _lose_patience(*_: object) -> None:
    raise Patience


def _forget_peak() -> float:
    """Have Linux count the peak of resident memory anew, and return it: what is resident now, in MB."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5", "ascii")
    return _peak()


def _peak() -> float:
    """Return the peak of resident memory in MB: since `_forget_peak` on Linux, of all time elsewhere."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text("ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    return getrusage(RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def _count(measurement: Measurement) -> int:
    """Return the number of parts; paths are not made, which would cost more."""
    stack, count = [measurement.root], 0
    while stack:
        count += 1
        stack.extend(stack.pop().children)
    return count


# --- hostile inputs -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cost:
    """What one hostile input cost in a process of its own."""

    size: int
    cpu: float
    peak: float
    parts: int
    rules: tuple[str, ...]


def hostile(seconds: float) -> list[Row]:
    """Measure each hostile input and return two rows for each."""
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
        rows.append(_at_most(f"hostile/{name}/cpu", cost.cpu, "s", seconds + PER_PART * cost.parts))
        rows.append(_at_most(f"hostile/{name}/peak", cost.peak, "MB", MEMORY))
    return rows


def _write(name: str) -> Path:
    path = KEPT / f"hostile-{name}.bin"
    path.write_bytes(INPUTS[name]())
    return path


def _cost(path: Path) -> Cost:
    data = path.read_bytes()
    with ThreadPoolExecutor(2) as pool:
        start = time.process_time()
        measurement = measure(path.name, memoryview(data), pool=pool, clock=time.monotonic)
        cpu = time.process_time() - start
    peak = getrusage(RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    found = Counter(finding.rule for finding in measurement.findings)
    return Cost(len(data), cpu, peak, _count(measurement), tuple(sorted(found)))


def _at_most(name: str, value: float, unit: str, target: float) -> Row:
    return Row(name=name, value=round(value, 3), unit=unit, target=round(target, 3), met=value <= target)


if __name__ == "__main__":
    sys.exit(main())
