"""`trueware diff`: two artefacts side by side, without a registry."""

from argparse import Namespace

from trueware.cli.answer import print_results
from trueware.cli.exit_code import ExitCode
from trueware.cli.options import (
    Subparsers,
    add_explain,
    add_limits,
    add_output,
    add_watchlists,
    limits_of,
    watchlists_of,
)


def add(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "diff",
        help="compare a suspect with a genuine artefact",
        description="Compare a suspect with a genuine artefact, without a registry.",
    )
    parser.add_argument("genuine", metavar="GENUINE")
    parser.add_argument("suspect", metavar="SUSPECT")
    parser.add_argument("--policy", metavar="NAME", help="class of product (default: by what GENUINE looks like)")
    add_limits(parser)
    add_watchlists(parser)
    add_output(parser)
    add_explain(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> ExitCode:
    """Compare and print."""
    from trueware.cli.progress import progress
    from trueware.verify import diff

    watchlists = watchlists_of(options)
    with progress(options.suspect, wanted=not options.quiet) as report:
        result = diff(
            options.genuine,
            options.suspect,
            policy=options.policy,
            limits=limits_of(options),
            report=report,
            watchlists=watchlists,
        )
    return print_results([result], as_json=options.json, everything=options.all)
