"""`trueware measure`: the manifest of an artefact."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers, add_fallback, add_limits, fallback_of, limits_of
from trueware.cli.printable import printable
from trueware.model.part import Part

if TYPE_CHECKING:
    from trueware.measuring import Measurement


def add(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "measure",
        help="list everything in an artefact with its digests",
        description="Measure artefacts: the tree of parts with SHA-256, size, type, mode, owner and Merkle digest.",
    )
    parser.add_argument("artefacts", metavar="ARTEFACT", nargs="+")
    add_limits(parser)
    add_fallback(parser)
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="answer as JSON, by the published schema")
    group.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=run)


def run(options: Namespace) -> ExitCode:
    """Measure and print."""
    from trueware.artefact import default_pool, measure_artefact
    from trueware.cli.answer import print_json
    from trueware.cli.progress import progress
    from trueware.cli.wire import MANIFEST_SCHEMA, manifest_value

    manifests = []
    with default_pool() as pool, fallback_of(options) as fallback:
        for path in options.artefacts:
            with progress(path, wanted=not options.quiet) as report:
                measured = measure_artefact(
                    path, pool=pool, limits=limits_of(options), report=report, fallback=fallback
                )
            if options.json:
                manifests.append(manifest_value(measured.measurement, measured.claims))
            else:
                sys.stdout.writelines(f"{line}\n" for line in lines(measured.measurement))
    if options.json:
        print_json({"schema": MANIFEST_SCHEMA, "manifests": manifests})
    return ExitCode.GENUINE


def lines(measurement: "Measurement") -> Iterator[str]:
    """Yield one line for each part: digest, mode, owner, size, path; then the findings."""
    for path, part in measurement.root.walk():
        yield _line(path or measurement.root.name, part)
    for finding in measurement.findings:
        yield f"# {finding.severity.value} {finding.rule} {printable(finding.part)}: {printable(finding.detail)}"


_LETTERS = {
    "file": "-",
    "directory": "d",
    "symlink": "l",
    "character-device": "c",
    "block-device": "b",
    "fifo": "p",
    "socket": "s",
    "region": "r",
    "padding": ".",
    "gap": "?",
}


def _line(path: str, part: Part) -> str:
    digest = (part.sha256 or part.tree).hex()
    mode = "----" if part.mode is None else f"{part.mode:04o}"
    owner = "-" if part.uid is None else f"{part.uid}:{part.gid}"
    tail = f" -> {printable(part.link)}" if part.link is not None else f" [{part.format}]" if part.format else ""
    mark = "" if part.sha256 is not None else "*"
    return f"{digest}{mark:1} {_LETTERS[part.kind.value]} {mode} {owner:>9} {part.size:>11}  {printable(path)}{tail}"
