"""The command line: parse, call one use case, render, exit. stdout is the answer, stderr the talk."""

import gc
from collections.abc import Sequence

from trueware.cli.exit_code import ExitCode

__all__ = ["ExitCode", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run trueware with the given arguments (those of the process by default) and return the exit code."""
    from trueware.cli.run import run

    code = run(arguments)
    if arguments is None:
        gc.freeze()  # the process ends: the system takes all at once what the collector would free object by object
    return code
