"""`trueware registry`: make, prove and describe a registry; take in indexes."""

import sys
import time
from argparse import Namespace
from contextlib import closing

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers, add_registry, registry_location
from trueware.cli.printable import printable
from trueware.cli.writing import add_written_registry, written_registry


def add(commands: Subparsers) -> None:
    """Add the command with its sub-commands."""
    parser = commands.add_parser(
        "registry", help="the registry of genuine software", description="The registry of genuine software."
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    init = actions.add_parser("init", help="make a registry", description="Make a registry, if there is none yet.")
    init.add_argument(
        "--origin",
        metavar="NAME",
        help="what its log is called, like a URL without a scheme: registry.example.org/genuine (default: made from the key)",
    )
    add_written_registry(init)
    init.set_defaults(run=run_init)

    fsck = actions.add_parser(
        "fsck",
        help="prove everything in it",
        description="Prove every digest, signature and manifest from the stored bytes alone.",
    )
    add_registry(fsck)
    fsck.set_defaults(run=run_fsck)

    show = actions.add_parser("show", help="how much is in it", description="Tell how much is in the registry.")
    add_registry(show)
    show.add_argument("--json", action="store_true", help="answer as JSON")
    show.set_defaults(run=run_show)

    index = actions.add_parser(
        "import",
        help="take in what others state: indexes, SBOMs, lists of digests",
        description="Take in reference values that others state: sha256sums, Gluon manifests, opkg and Debian Packages, and what the "
        "importers read. The kind is told by the bytes.",
    )
    index.add_argument("index", metavar="DOCUMENT", nargs="+")
    index.add_argument("--publisher", metavar="NAME", help="whose software it lists, where the document does not say")
    index.add_argument("--kind", metavar="KIND", help="the importer to use (default: told by the bytes)")
    index.add_argument(
        "--root", metavar="FOLDER", help="the mirror that the document is in (default: the folder of the document)"
    )
    index.add_argument("--admit", action="store_true", help="also admit the keys of publishers that the document names")
    add_written_registry(index)
    index.set_defaults(run=run_import)


def run_init(options: Namespace) -> ExitCode:
    """Make the file and its folder, or the tables in a database."""
    from pathlib import Path

    location = registry_location(options)
    if isinstance(location, Path):
        location.parent.mkdir(parents=True, exist_ok=True)
    with written_registry(options, creates=True, origin=options.origin):
        pass
    sys.stdout.write(f"registry at {printable(str(location))}\n")
    return ExitCode.GENUINE


def run_fsck(options: Namespace) -> ExitCode:
    """Print what is wrong; nothing wrong is said in a word."""
    from trueware.storage.opening import open_registry

    with closing(open_registry(registry_location(options))) as store:
        problems = store.fsck()
    for problem in problems:
        sys.stdout.write(f"{printable(problem.subject)}: {printable(problem.detail)}\n")
    if not problems:
        sys.stdout.write("clean\n")
    return ExitCode.INTERNAL if problems else ExitCode.GENUINE


def run_show(options: Namespace) -> ExitCode:
    """Print the counts."""
    from dataclasses import asdict

    from trueware.cli.answer import print_json
    from trueware.storage.opening import open_registry

    with closing(open_registry(registry_location(options))) as store:
        counts = asdict(store.statistics())
    if options.json:
        print_json({"schema": "urn:trueware:schema:registry:1", **counts})
    else:
        sys.stdout.writelines(f"{name.replace('_', ' '):<12} {count:>12,}\n" for name, count in counts.items())
    return ExitCode.GENUINE


def run_import(options: Namespace) -> ExitCode:
    """Read the documents and store what they state; says what was refused and why."""
    from trueware.referencing import Wish, import_document

    wish = Wish(options.publisher, options.kind, options.root, admit=options.admit)
    with written_registry(options) as store:
        for path in options.index:
            done = import_document(store, path, wish, int(time.time()))
            for refused in done.refused[:_REFUSALS]:
                sys.stderr.write(f"{printable(path)}:{printable(refused.where)}: {printable(refused.reason)}\n")
            if done.refusals > _REFUSALS:
                sys.stderr.write(f"{printable(path)}: {done.refusals - _REFUSALS:,} more refused\n")
            also = f", {done.withdrawn:,} withdrawn" if done.withdrawn else ""
            also += f", {done.distrusted:,} never to be trusted" if done.distrusted else ""
            sys.stdout.write(
                f"{printable(path)}: {done.added:,} added, {done.known:,} known already{also}, {done.refusals:,} refused\n"
            )
    return ExitCode.GENUINE


_REFUSALS = 20
"""Refused lines that are shown for one list."""
