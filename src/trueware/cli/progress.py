"""A progress bar on stderr, where somebody can see it."""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from trueware.cli.printable import printable

Report = Callable[[int], None]


@contextmanager
def progress(path: str, *, wanted: bool = True) -> Iterator[Report | None]:
    """Show the bytes read of the artefact at `path` while the block runs; yields what to call with the bytes so far.

    Yields None where stderr is no terminal or nobody wants it. What an artefact unpacks to is not known beforehand, so the bar
    tells what was done, not what is left.
    """
    if not wanted or not sys.stderr.isatty() or _is_small(path):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(printable(path), total=None)
        shown = 0

        def report(done: int) -> None:
            nonlocal shown
            if done - shown >= _STEP:
                shown = done
                bar.update(task, completed=done)

        yield report


@contextmanager
def count_progress(what: str, *, wanted: bool = True) -> Iterator[Report | None]:
    """Show how many are done while the block runs; yields what to call with their number, None as `progress` does."""
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed} {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done: bar.update(task, completed=done)


def _is_small(path: str) -> bool:
    try:
        status = os.stat(path)
    except OSError:
        return True  # whoever opens it will say why it cannot
    return stat.S_ISREG(status.st_mode) and status.st_size < _WORTH_SHOWING


_STEP = 1 << 20
"""Bytes between two updates."""

_WORTH_SHOWING = 4 << 20
"""Bytes below which an artefact is done before a bar could be read."""
