"""The command line: parse, call one use case, render, exit. stdout is the answer, stderr the talk."""

from collections.abc import Sequence

from trueware.cli.exit_code import ExitCode

__all__ = ["ExitCode", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run trueware with the given arguments (those of the process by default) and return the exit code."""
    from trueware.cli.run import run

    return run(arguments)
