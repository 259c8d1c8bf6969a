"""One trial: an input is measured in this process, and what it cost is told: CPU time, the peak of memory, what escaped.

The peak is that of resident memory since the trial began, which Linux tells; elsewhere it is the peak of all time.
"""

import signal
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

from trueware.measuring import Measurement, measure

KEPT = Path("build/fuzz")
"""Where inputs that fail are kept."""

SECONDS, MEMORY = 2.0, 300.0
"""CPU seconds and MB that an input may take."""

ITSELF = 50.0
"""MB that a process takes which measures nothing; of a trial only the rest can be told."""

_PER_PART, _PART = 30e-6, 16
"""Seconds that each part of what is measured may take beside, since a million files are a million digests; and bytes of the input
that allow for one part, since what makes many of little is what is looked for."""

SHOWN = 5
"""Failures of one format that are listed."""

_PATIENCE = 60
"""Seconds until an input is given up."""


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
    """Seconds of the slowest input, without what its parts may take."""
    slowest_input: str = ""
    peak: float = 0.0
    peak_input: str = ""
    crashes: int = 0
    """Failures for which no answer came."""
    following: int = 0
    """Number of the mutation that comes next."""
    failures: list[str] = field(default_factory=list)

    def with_(self, other: "Tally") -> "Tally":
        """Return the costs of both."""
        slow, large = max(self, other, key=lambda each: each.slowest), max(self, other, key=lambda each: each.peak)
        return Tally(
            inputs=self.inputs + other.inputs,
            cpu=self.cpu + other.cpu,
            slowest=slow.slowest,
            slowest_input=slow.slowest_input,
            peak=large.peak,
            peak_input=large.peak_input,
            crashes=self.crashes + other.crashes,
            following=max(self.following, other.following),
            failures=self.failures + other.failures,
        )


def prepare() -> None:
    """Make this process ready for trials: an input that takes too long is given up."""
    signal.signal(signal.SIGALRM, _lose_patience)
    KEPT.mkdir(parents=True, exist_ok=True)


def attempt(tally: Tally, name: str, data: bytes, seconds: float = SECONDS) -> bool:
    """Measure one input and add what it cost; keep it, and return False, if something is wrong."""
    before = _forget_peak()
    start, trouble, parts = time.process_time(), "", 0
    signal.alarm(_PATIENCE)
    try:
        parts = count_parts(measure("input", memoryview(data), pool=Here(), clock=time.monotonic))
    except Exception as error:  # noqa: BLE001 (that any escapes is what is looked for)
        trouble = "".join(traceback.format_exception_only(error)).strip() + f" in {_place(error)}"
        tally.crashes += 1
    finally:
        signal.alarm(0)
    cost, peak = time.process_time() - start, _peak() - before + ITSELF
    beside = allowance(parts, len(data))
    tally.inputs += 1
    tally.cpu += cost
    if cost - beside > tally.slowest:
        tally.slowest, tally.slowest_input = cost - beside, name
    if peak > tally.peak:
        tally.peak, tally.peak_input = peak, name
    if not trouble and cost > seconds + beside:
        trouble = f"{cost:.1f} s"
    if not trouble and peak > MEMORY:
        trouble = f"{peak:.0f} MB"
    if trouble:
        (KEPT / f"{name.replace('/', '-')}.bin").write_bytes(data)
        tally.failures.append(f"{name}: {trouble}")
        if len(tally.failures) <= SHOWN:
            print(tally.failures[-1], file=sys.stderr, flush=True)
    return not trouble


def allowance(parts: int, size: int) -> float:
    """Return the seconds that an input of so many bytes may take for its parts."""
    return _PER_PART * min(parts, size // _PART)


def count_parts(measurement: Measurement) -> int:
    """Return the number of parts; paths are not made, which would cost more."""
    stack, count = [measurement.root], 0
    while stack:
        count += 1
        stack.extend(stack.pop().children)
    return count


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
