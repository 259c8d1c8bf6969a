"""`trueware inspect`: what an artefact consists of, as a tree, and as a page with a map of its bytes."""

import sys
from argparse import Namespace

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers, add_fallback, add_limits, fallback_of, limits_of


def add(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "inspect",
        help="draw what an artefact consists of",
        description="Draw the tree of containers and regions of an artefact: where each lies, its format, and what is in it.",
    )
    parser.add_argument("artefact", metavar="ARTEFACT")
    add_limits(parser)
    add_fallback(parser)
    group = parser.add_argument_group("output")
    group.add_argument(
        "--html", metavar="FILE", help="also write a page with a map by offset and entropy (- for stdout)"
    )
    group.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=run)


def run(options: Namespace) -> ExitCode:
    """Inspect and print."""
    from trueware.artefact import default_pool
    from trueware.cli.outline import render_outline
    from trueware.cli.progress import progress
    from trueware.inspection import inspect

    with (
        default_pool() as pool,
        fallback_of(options) as fallback,
        progress(options.artefact, wanted=not options.quiet) as report,
    ):
        inspection = inspect(options.artefact, pool=pool, limits=limits_of(options), report=report, fallback=fallback)
    if options.html:
        from trueware.cli.map_page import map_page

        page = map_page(inspection)
        if options.html == "-":
            sys.stdout.write(page)
            return ExitCode.GENUINE
        with open(options.html, "w", encoding="utf-8") as file:
            file.write(page)
    sys.stdout.writelines(f"{line}\n" for line in render_outline(inspection))
    return ExitCode.GENUINE
