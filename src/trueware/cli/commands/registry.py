"""`trueware registry`: make, prove and describe a registry; take in indexes."""

import sys
from argparse import Namespace

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers, add_registry, registry_path
from trueware.cli.printable import printable


def add(commands: Subparsers) -> None:
    """Add the command with its sub-commands."""
    parser = commands.add_parser(
        "registry", help="the registry of genuine software", description="The registry of genuine software."
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    init = actions.add_parser("init", help="make a registry", description="Make a registry, if there is none yet.")
    add_registry(init)
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
        help="take in an index of digests",
        description="Take in sha256sums, Gluon manifests, opkg and Debian Packages as a third party's index.",
    )
    index.add_argument("index", metavar="INDEX", nargs="+")
    index.add_argument("--publisher", required=True, metavar="NAME", help="whose software it lists")
    add_registry(index)
    index.set_defaults(run=run_import)
    index.set_defaults(run=run_import)


def run_init(options: Namespace) -> ExitCode:
    """Make the file and its folder."""
    from trueware.storage.sqlite import SqliteStore

    path = registry_path(options)
    path.parent.mkdir(parents=True, exist_ok=True)
    SqliteStore.create(path).close()
    sys.stdout.write(f"registry at {printable(str(path))}\n")
    return ExitCode.GENUINE


def run_fsck(options: Namespace) -> ExitCode:
    """Print what is wrong; nothing wrong is said in a word."""
    from trueware.storage.sqlite import SqliteStore

    with SqliteStore.open_read_only(registry_path(options)) as store:
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
    from trueware.storage.sqlite import SqliteStore

    with SqliteStore.open_read_only(registry_path(options)) as store:
        counts = asdict(store.statistics())
    if options.json:
        print_json({"schema": "urn:trueware:schema:registry:1", **counts})
    else:
        sys.stdout.writelines(f"{name.replace('_', ' '):<12} {count:>12,}\n" for name, count in counts.items())
    return ExitCode.GENUINE


def run_import(options: Namespace) -> ExitCode:
    """Read the lists and store what they name; says what was refused and why."""
    import time
    from pathlib import Path

    from trueware.errors import SourceError
    from trueware.registry.import_index import import_index
    from trueware.storage.sqlite import SqliteStore

    with SqliteStore.open(registry_path(options)) as store:
        for path in options.index:
            try:
                text = Path(path).read_text("utf-8", "surrogateescape")
            except OSError as error:
                raise SourceError(f"cannot read {path!r}: {error.strerror}") from error
            done = import_index(store, text, publisher=options.publisher, source=Path(path).name, now=int(time.time()))
            for refused in done.refused[:_REFUSALS]:
                sys.stderr.write(f"{printable(path)}:{refused.line}: {printable(refused.reason)}\n")
            if len(done.refused) > _REFUSALS:
                sys.stderr.write(f"{printable(path)}: {len(done.refused) - _REFUSALS} more refused\n")
            sys.stdout.write(
                f"{printable(path)}: {done.added:,} added, {done.known:,} known already, {len(done.refused):,} refused\n"
            )
    return ExitCode.GENUINE


_REFUSALS = 20
"""Refused lines that are shown for one list."""
