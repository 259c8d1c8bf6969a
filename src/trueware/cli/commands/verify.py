"""`trueware verify`: the main job."""

from argparse import Namespace
from collections.abc import Iterator

from trueware.cli.answer import print_results
from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers, add_output, add_registry, registry_path
from trueware.model.result import Result


def add(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "verify",
        help="tell whether artefacts are genuine",
        description="Tell whether files and folders are genuine, and if not, exactly what was changed.",
    )
    parser.add_argument("artefacts", metavar="ARTEFACT", nargs="+", help="a file, or a folder as one artefact")
    parser.add_argument("--each", action="store_true", help="take every file in a folder as an artefact of its own")
    add_registry(parser)
    add_output(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> ExitCode:
    """Verify and print; one artefact that cannot be opened does not keep the others from their answer."""
    failed: list[str] = []
    worst = print_results(_results(options, failed), as_json=options.json, everything=options.all)
    return ExitCode.INTERNAL if failed else worst


def _results(options: Namespace, failed: list[str]) -> Iterator[Result]:
    from trueware.cli.complaint import complain
    from trueware.cli.progress import progress
    from trueware.errors import SourceError
    from trueware.registry.lookup import Registry
    from trueware.storage.sqlite import SqliteStore
    from trueware.verify import verify

    store = SqliteStore.open_read_only(registry_path(options))
    try:
        registry = Registry(store)
        for path in _paths(options):
            try:
                with progress(path, wanted=not options.quiet) as report:
                    result = verify(path, registry, report=report)
            except SourceError as error:
                failed.append(path)
                complain(error)
                continue
            yield result
    finally:
        store.close()


def _paths(options: Namespace) -> Iterator[str]:
    import os

    for path in options.artefacts:
        if options.each and os.path.isdir(path):
            for folder, folders, files in os.walk(path):
                folders.sort()
                yield from (os.path.join(folder, file) for file in sorted(files))
        else:
            yield path
