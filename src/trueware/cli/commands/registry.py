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

    copy = actions.add_parser(
        "sync",
        help="copy another registry by its log",
        description="Copy what is new in another registry: every leaf of its log is checked and done here. The copy is a replica, "
        "which only the registrar of the first can add to.",
    )
    copy.add_argument("source", metavar="REGISTRY", help="a file, or a postgresql:// address")
    copy.add_argument("--policy", required=True, metavar="FILE", help="whose signatures count (C2SP tlog-policy)")
    copy.add_argument("--quiet", action="store_true", help="no progress bar")
    add_registry(copy)
    copy.set_defaults(run=run_sync)

    bundle = actions.add_parser(
        "bundle",
        help="releases with proofs, for use without a network",
        description="Write releases with the proofs that they are in the log to one file.",
    )
    bundle.add_argument("bundle", metavar="BUNDLE", help="the file to write")
    bundle.add_argument("release", metavar="RELEASE", nargs="*", help="ids, or their beginnings (default: all)")
    bundle.add_argument("--publisher", metavar="NAME", help="only releases of this publisher")
    bundle.add_argument("--product", metavar="NAME", help="only releases of this product")
    add_registry(bundle)
    bundle.set_defaults(run=run_bundle)

    take = actions.add_parser(
        "unbundle",
        help="take in a bundle, verified",
        description="Verify a bundle and take its releases in: every statement is proved to be in the log of its registry.",
    )
    take.add_argument("bundle", metavar="BUNDLE")
    take.add_argument("--policy", required=True, metavar="FILE", help="whose signatures count (C2SP tlog-policy)")
    add_written_registry(take)
    take.set_defaults(run=run_unbundle)

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


def run_sync(options: Namespace) -> ExitCode:
    """Copy, and say how much."""
    from pathlib import Path

    from trueware.cli.commands.log import policy_of
    from trueware.cli.progress import count_progress
    from trueware.registry.sync import sync
    from trueware.storage.opening import is_server, open_registry

    policy = policy_of(options.policy)
    source = options.source if is_server(options.source) else Path(options.source)
    target = registry_location(options)
    if isinstance(target, Path):
        target.parent.mkdir(parents=True, exist_ok=True)
    with (
        closing(open_registry(source)) as theirs,
        closing(open_registry(target, creates=True)) as ours,
        count_progress("leaves", wanted=not options.quiet) as report,
    ):
        done = sync(theirs, ours, policy, report)
    at = done.checkpoint
    sys.stdout.write(f"{printable(at.origin)}: {done.leaves:,} leaves copied, {at.size:,} in all\n")
    return ExitCode.GENUINE


def run_bundle(options: Namespace) -> ExitCode:
    """Write the bundle; it is there whole or not at all."""
    from pathlib import Path

    from trueware.durable import write_pieces
    from trueware.registry.bundle import write_bundle
    from trueware.registry.naming import find_release
    from trueware.storage.opening import open_registry

    with closing(open_registry(registry_location(options))) as store:
        if options.release:
            ids = [find_release(store, each).id for each in options.release]
        else:
            ids = [release.id for release in store.releases(options.publisher, options.product)]
        size = write_pieces(Path(options.bundle), write_bundle(store, ids))
    sys.stdout.write(f"{printable(options.bundle)}: {len(ids):,} releases, {size:,} bytes\n")
    return ExitCode.GENUINE


def run_unbundle(options: Namespace) -> ExitCode:
    """Take it in, and say what was refused."""
    from trueware.cli.commands.log import moment, policy_of
    from trueware.registry.bundle import take_bundle
    from trueware.sources.files import pieces_of
    from trueware.storage.memory import MemoryStore

    policy = policy_of(options.policy)
    with written_registry(options, creates=True) as store:
        done = take_bundle(pieces_of(options.bundle), store, MemoryStore(), policy, int(time.time()))
    at, seen = done.proved.checkpoint, done.proved.seen_at
    for number, why in done.refused:
        sys.stderr.write(f"leaf {number}: {printable(why)}\n")
    sys.stdout.write(
        f"{done.releases:,} releases taken in, {done.known:,} known already, {len(done.refused):,} statements refused\n"
        f"as {printable(at.origin)} said with {at.size:,} leaves, "
        f"{f'seen by witnesses at {moment(seen)}' if seen is not None else 'seen by no witness'}; what it said later is not in it\n"
    )
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
            also += f", {done.admitted:,} of {done.keys:,} keys admitted" if done.keys else ""
            sys.stdout.write(
                f"{printable(path)}: {done.added:,} added, {done.known:,} known already{also}, {done.refusals:,} refused\n"
            )
    return ExitCode.GENUINE


_REFUSALS = 20
"""Refused lines that are shown for one list."""
