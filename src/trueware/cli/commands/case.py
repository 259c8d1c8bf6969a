"""`trueware case`: all that is known of one device, as one result."""

import sys
from argparse import Namespace
from contextlib import closing
from typing import TYPE_CHECKING

from trueware.cli.commands.appraise import add_question, wish_of
from trueware.cli.exit_code import ExitCode, code_of
from trueware.cli.options import (
    Subparsers,
    add_limits,
    add_output,
    add_registry,
    add_time,
    limits_of,
    registry_location,
)
from trueware.cli.results_out import add_ear, write_ear

if TYPE_CHECKING:
    from trueware.model.case import Case


def add(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "case",
        help="combine what is known of one device: images, live evidence, what was reported",
        description="Verify images of a device, appraise its evidence, and tell what they show together: each side from its "
        "strongest evidence, and where they contradict each other.",
    )
    parser.add_argument(
        "--image", metavar="ARTEFACT", action="append", default=[], help="its image, or a listing; may be repeated"
    )
    parser.add_argument(
        "--evidence", metavar="PATH", action="append", default=[],
        help="file or folder with evidence of one attester in it; each is appraised by itself; may be repeated",
    )  # fmt: skip
    add_question(parser)
    add_time(parser)
    add_limits(parser)
    add_registry(parser)
    add_output(parser)
    add_ear(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> ExitCode:
    """Combine and print."""
    import time

    from trueware.cli.answer import print_json
    from trueware.cli.attested_text import render_case
    from trueware.cli.attested_wire import case_document

    case = _case(options)
    write_ear(options, [case], int(time.time()) if options.at is None else options.at)
    if options.json:
        print_json(case_document(case))
    else:
        sys.stdout.write(render_case(case, colour=sys.stdout.isatty(), everything=options.all))
    return code_of(case.verdict, case.tier)


def _case(options: Namespace) -> "Case":
    from trueware.appraisal.live.case import combine
    from trueware.appraising import appraise
    from trueware.cli.progress import progress
    from trueware.errors import SourceError
    from trueware.registry.lookup import Registry
    from trueware.sources.evidence import read_pieces
    from trueware.storage.opening import open_registry
    from trueware.verify import verify

    if not options.image and not options.evidence:
        raise SourceError("a case needs an --image or --evidence")
    wish = wish_of(options)
    results = []
    with closing(open_registry(registry_location(options))) as store:
        registry = Registry(store)
        for path in options.image:
            with progress(path, wanted=not options.quiet) as report:
                results.append(verify(path, registry, limits=limits_of(options), report=report, now=wish.question.now))
        appraisals = [appraise(read_pieces([path]), registry, wish) for path in options.evidence]
    name = options.device or (options.image or options.evidence)[0]
    return combine(name, results, appraisals, wish.reported)
