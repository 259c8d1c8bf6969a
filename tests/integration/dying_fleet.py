"""A fleet whose workers die over what is called so: a program, since its workers import it; prints what came of each artefact.

Arguments: the registry, a folder to leave a mark in, and the artefacts.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from trueware import fleet
from trueware.fleet import Outcome, verify_each

fleet_: Any = fleet
"""The module, to put something else in its functions' place."""

_MARKS = Path(sys.argv[2])
_verify_one, _verify = fleet_._verify_one, fleet_.verify


def verify_or_die(path: str) -> Outcome:
    """Stand in for the worker's function, in the worker."""
    match Path(path).stem:
        case "deadly":  # as the kernel ends a process that takes too much
            _wait_for("one is answered")
            _leave("died")
            os._exit(9)
        case "lethal":
            os._exit(9)
        case "greedy":
            fleet_.verify = _take_too_much
    try:
        outcome: Outcome = _verify_one(path)
    finally:
        fleet_.verify = _verify
    return outcome


def _take_too_much(*_: object, **__: object) -> NoReturn:
    raise MemoryError


def _leave(mark: str) -> None:
    _MARKS.joinpath(mark).touch()


def _wait_for(mark: str) -> None:
    while not _MARKS.joinpath(mark).exists():
        time.sleep(0.05)


def main() -> None:
    """Verify in two processes; where the second artefact is deadly, ask for the next answer only when the pool is broken."""
    fleet_._verify_one = verify_or_die
    second = "deadly" in sys.argv[4]
    if not second:
        _leave("one is answered")
    outcomes = verify_each(sys.argv[3:], Path(sys.argv[1]), processes=2)
    for number, outcome in enumerate(outcomes):
        answer = outcome.error if outcome.result is None else outcome.result.verdict.name
        sys.stdout.write(f"{Path(outcome.path).name}: {answer}\n")
        if number == 0 and second:
            _leave("one is answered")
            _wait_for("died")
            time.sleep(1)


if __name__ == "__main__":
    main()
