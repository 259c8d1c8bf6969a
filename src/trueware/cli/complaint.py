"""Says on stderr what went wrong: the error, what caused it, and a hint."""

import sys

from trueware.cli.printable import printable


def complain(error: BaseException, hint: str | None = None) -> None:
    """Write an error, what caused it and a hint to stderr."""
    sys.stderr.write(f"error: {printable(str(error))}\n")
    cause = error.__cause__
    while cause is not None:
        sys.stderr.write(f"  caused by: {printable(str(cause) or type(cause).__name__)}\n")
        cause = cause.__cause__
    if hint:
        sys.stderr.write(f"hint: {hint}\n")
