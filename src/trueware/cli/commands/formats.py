"""`trueware formats`: what is read, and its limitations."""

import sys
from argparse import Namespace

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers


def add(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "formats", help="list the formats that are read", description="List the formats that are read."
    )
    parser.set_defaults(run=run)


def run(options: Namespace) -> ExitCode:  # noqa: ARG001 (the form of a command)
    """Print the list."""
    from trueware.formats import FORMATS

    for format_ in sorted(FORMATS, key=lambda each: each.name):
        vendor = f" ({format_.doc.vendor})" if format_.doc.vendor else ""
        sys.stdout.write(f"{format_.name:<14} {format_.doc.title}{vendor}\n")
        sys.stdout.writelines(f"{'':<14}   not read: {limitation}\n" for limitation in format_.doc.limitations)
    return ExitCode.GENUINE
