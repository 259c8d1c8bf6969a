"""`trueware signatures`: who signed what in an artefact, and what may be made of it."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers, add_limits, add_registry, add_time, limits_of, registry_location
from trueware.cli.printable import printable
from trueware.model.signature import Judged


def add(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "signatures",
        help="list the signatures in an artefact",
        description="List the signatures in artefacts: who signed, over what, whether it holds, and whether they may.",
        epilog="The registry's keys are used where there is one; without it, every signer is unknown.",
    )
    parser.add_argument("artefacts", metavar="ARTEFACT", nargs="+")
    add_time(parser)
    add_limits(parser)
    add_registry(parser)
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="answer as JSON, by the published schema")
    group.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=run)


def run(options: Namespace) -> ExitCode:
    """List; the exit code is that of done: what to make of it is for `verify`."""
    from trueware.cli.answer import print_json
    from trueware.cli.progress import progress
    from trueware.cli.wire import SIGNATURES_SCHEMA, judged_value
    from trueware.registry.lookup import Registry
    from trueware.storage.memory import MemoryStore
    from trueware.storage.opening import open_registry
    from trueware.verify import signatures_of

    location = registry_location(options)
    asked = options.registry is not None or not isinstance(location, Path) or location.exists()
    store = open_registry(location) if asked else MemoryStore()
    told = []
    try:
        registry = Registry(store)
        for artefact in options.artefacts:
            with progress(artefact, wanted=not options.quiet) as report:
                judged = signatures_of(artefact, registry, limits=limits_of(options), report=report, now=options.at)
            if options.json:
                told.append({"artefact": Path(artefact).name, "signatures": [judged_value(each) for each in judged]})
            else:
                sys.stdout.writelines(f"{line}\n" for line in lines(Path(artefact).name, judged))
    finally:
        store.close()
    if options.json:
        print_json({"schema": SIGNATURES_SCHEMA, "artefacts": told})
    return ExitCode.GENUINE


def lines(artefact: str, judged: tuple[Judged, ...]) -> Iterator[str]:
    """Yield what a person reads, a few lines for each signature."""
    yield f"{printable(artefact)}: {_counted(len(judged))}"
    for each in judged:
        signature = each.signature
        where = printable(signature.part) or "(the artefact itself)"
        platforms = ""
        if signature.platforms is not None:
            first, last = signature.platforms
            platforms = f", Android API {first} and later" if last is None else f", Android API {first} to {last}"
        yield f"  {signature.outcome.value:<14}{signature.scheme}  {where}{platforms}"
        yield f"    {printable(signature.detail)}"
        if signature.signer is not None:
            name = f"  {printable(signature.signer.name)}" if signature.signer.name else ""
            yield f"    signer  {signature.signer.ids[0]}{name}"
            standing = (
                f"{each.standing.value}: {printable(each.reason)}" if each.standing.value != "none" else "says nothing"
            )
            yield f"    standing  {standing}"
        coverage = signature.coverage
        covers = ["all of it"] if coverage.whole else []
        covers += [printable(path) for path in coverage.paths[:_SHOWN]]
        if len(coverage.paths) > _SHOWN:
            covers.append(f"{len(coverage.paths) - _SHOWN} more")
        if coverage.digests:
            covers.append(f"{len(coverage.digests)} contents by their SHA-256")
        if covers:
            yield f"    covers  {', '.join(covers)}"
        yield from (f"    not covered  {printable(what)}" for what in coverage.excludes)
        yield from (f"    says  {printable(name)} = {printable(value)}" for name, value in signature.statements)


_SHOWN = 4


def _counted(number: int) -> str:
    return "no signature of a kind that is known" if not number else f"{number} signature{'s' * (number != 1)}"
