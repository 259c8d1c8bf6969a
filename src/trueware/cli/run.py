"""Parses the arguments, runs one command, and turns what went wrong into words and an exit code."""

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from trueware import __version__
from trueware.cli.commands import COMMANDS
from trueware.cli.complaint import complain
from trueware.cli.exit_code import ExitCode
from trueware.errors import InputError, TruewareError

_EPILOG = """\
exit codes:
  0 genuine (or done)   9 genuine with warnings   10 unknown   11 tampered   12 counterfeit   1 internal error   2 usage
"""


_YOUNG = 100_000
"""Objects made before the collector looks for cycles: a tree in the making has as many and all of them alive."""


class _Parser(argparse.ArgumentParser):
    """Errors in our form, with exit code 2."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        sys.stderr.write(f"error: {message}\n")
        raise SystemExit(ExitCode.USAGE)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = _Parser(
        prog="trueware",
        description="Tells whether software in a telecom or ICT product is genuine, and if not, exactly what was changed.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"trueware {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return top


def run(arguments: Sequence[str] | None) -> int:
    """Run one command; never raises for what the user, the input or the world did."""
    if sys.stdout is None:  # closed by the caller, who wants the exit code alone
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (until the process ends)
    gc.set_threshold(_YOUNG)
    try:
        options = parser().parse_args(arguments)
        code = int(options.run(options))
        sys.stdout.flush()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else ExitCode.USAGE
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # the reader of our answer left, which needs no words
            complain(error)
        # let the interpreter's own flush at exit not fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.INTERNAL
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        return 130
    except TruewareError as error:
        complain(error)
        return ExitCode.USAGE if isinstance(error, InputError) else ExitCode.INTERNAL
    return code
