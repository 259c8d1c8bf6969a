"""Tells what a command cost (CPU seconds of all its processes, wall seconds, memory of the largest), and how often a call is done."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from threading import Timer

Command = Sequence[str | os.PathLike[str]]

# an analyst's shell sets neither, and both slow every start
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost."""

    cpu: float
    """Seconds of user and system time, of the command and all it waited for."""

    wall: float
    peak: float
    """Resident MB of the largest single process; pages of a mapped image count."""

    cut: bool = False
    """Ended by us at the time limit; `cpu` is then what it had used until then, or a little less."""


def run(command: Command, limit: float = 600, *, codes: Sequence[int] = (0,)) -> Cost:
    """Run `command`, its output thrown away.

    Raises:
        SystemExit: it ended with another code than `codes`; empty means that any will do.
    """
    start = time.monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, env=ENVIRONMENT
    )
    used: list[float] = []

    def end() -> None:
        used.append(_session_cpu(process.pid))
        os.killpg(process.pid, signal.SIGKILL)

    timer = Timer(limit, end)
    timer.start()
    _, status, usage = os.wait4(process.pid, 0)
    timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    cut = wall >= limit
    cpu = max(usage.ru_utime + usage.ru_stime, *used) if used else usage.ru_utime + usage.ru_stime
    if codes and process.returncode not in codes and not cut:
        raise SystemExit(f"exit code {process.returncode} from: {' '.join(map(str, command))}")
    return Cost(cpu, wall, usage.ru_maxrss * 1024 / 1e6, cut)


def _session_cpu(session: int) -> float:
    """Return the CPU seconds of all processes of a session that still run, and of those they have waited for (proc(5))."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[3]) == session:
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def rate(work: Callable[[], object], calls: int, runs: int) -> float:
    """Return how often a second of CPU time does `work`: the median of `runs` runs of `calls` calls."""
    taken = []
    for _ in range(runs):
        start = time.process_time()
        for _ in range(calls):
            work()
        taken.append(time.process_time() - start)
    return calls / median(taken)


def middle(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure."""
    return Cost(
        median(cost.cpu for cost in costs),
        median(cost.wall for cost in costs),
        median(cost.peak for cost in costs),
        any(cost.cut for cost in costs),
    )
