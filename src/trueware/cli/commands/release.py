"""`trueware release`: what genuine software looks like, and who says so."""

import sys
from argparse import ArgumentParser, Namespace
from contextlib import closing
from typing import Any

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers, add_limits, add_registry, limits_of, reason, registry_location
from trueware.cli.printable import printable
from trueware.cli.writing import add_written_registry, written_registry
from trueware.model.release import Release


def add(commands: Subparsers) -> None:
    """Add the command with its sub-commands."""
    parser = commands.add_parser(
        "release", help="releases of genuine software", description="Releases of genuine software."
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    publish = actions.add_parser(
        "publish", help="sign and store a release", description="Sign a release with its publisher's key and store it."
    )
    _add_artefact(publish)
    publish.add_argument("--key", required=True, metavar="FILE", help="the publisher's private key, PEM or DER")
    publish.set_defaults(run=run_publish)

    learn = actions.add_parser(
        "learn",
        help="store a golden sample",
        description="Store a release on your own word: a golden sample, nothing is signed.",
    )
    _add_artefact(learn)
    learn.set_defaults(run=run_learn)

    listing = actions.add_parser("list", help="list releases", description="List releases, latest first.")
    listing.add_argument("--publisher", metavar="NAME")
    listing.add_argument("--product", metavar="NAME")
    listing.add_argument("--json", action="store_true", help="answer as JSON")
    add_registry(listing)
    listing.set_defaults(run=run_list)

    show = actions.add_parser("show", help="show one release", description="Show one release with its manifest.")
    show.add_argument("id", metavar="ID", help="the id, or its beginning")
    show.add_argument("--json", action="store_true", help="answer as JSON")
    add_registry(show)
    show.set_defaults(run=run_show)

    withdraw = actions.add_parser(
        "withdraw",
        help="withdraw a release",
        description="Withdraw a release: it stays known, with the reason not to run it.",
    )
    withdraw.add_argument("id", metavar="ID", help="the id, or its beginning")
    withdraw.add_argument("--reason", required=True, type=reason, metavar="TEXT")
    withdraw.add_argument(
        "--key", metavar="FILE", help="the publisher's private key: then it is their word, else the registrar's"
    )
    add_written_registry(withdraw)
    withdraw.set_defaults(run=run_withdraw)


def _add_artefact(parser: ArgumentParser) -> None:
    parser.add_argument("artefact", metavar="ARTEFACT", help="the genuine file or folder")
    parser.add_argument("--publisher", required=True, metavar="NAME")
    parser.add_argument("--product", required=True, metavar="NAME")
    parser.add_argument("--version", required=True, metavar="VERSION")
    parser.add_argument("--policy", metavar="NAME", help="class of product (default: by what the artefact looks like)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    add_limits(parser)
    add_written_registry(parser)


def run_publish(options: Namespace) -> ExitCode:
    """Measure, sign and store."""
    return _take_in(options, options.key)


def run_learn(options: Namespace) -> ExitCode:
    """Measure and store."""
    return _take_in(options, None)


def _take_in(options: Namespace, key_file: str | None) -> ExitCode:
    import time

    from trueware.cli.keys import read_private_key
    from trueware.cli.progress import progress
    from trueware.releasing import Naming, take_in

    key = read_private_key(key_file) if key_file is not None else None
    naming = Naming(options.publisher, options.product, options.version, options.policy)
    with (
        written_registry(options) as store,
        progress(options.artefact, wanted=not options.quiet) as report,
    ):
        release = take_in(store, options.artefact, naming, int(time.time()), key, limits_of(options), report)
    sys.stdout.write(_line(release))
    return ExitCode.GENUINE


def run_list(options: Namespace) -> ExitCode:
    """Print one line for each release."""
    from trueware.cli.answer import print_json
    from trueware.storage.opening import open_registry

    with closing(open_registry(registry_location(options))) as store:
        releases = store.releases(options.publisher, options.product)
    if options.json:
        print_json({"schema": "urn:trueware:schema:releases:1", "releases": [_value(release) for release in releases]})
    else:
        sys.stdout.writelines(_line(release) for release in releases)
    return ExitCode.GENUINE


def run_show(options: Namespace) -> ExitCode:
    """Print a release and its manifest, proved."""
    from trueware.cli.answer import print_json
    from trueware.cli.wire import part_value
    from trueware.registry.lookup import Registry
    from trueware.registry.naming import find_release
    from trueware.storage.opening import open_registry

    with closing(open_registry(registry_location(options))) as store:
        release = find_release(store, options.id)
        manifest = Registry(store).manifest(release)
    if options.json:
        parts = [] if manifest is None else [{"path": path, **part_value(part)} for path, part in manifest.walk()]
        print_json({"schema": "urn:trueware:schema:release:1", "release": _value(release), "parts": parts})
        return ExitCode.GENUINE
    for name, value in _value(release).items():
        if not isinstance(value, list):
            sys.stdout.write(f"{name:<10} {printable(str(value))}\n")
    for claim in release.claims:
        sys.stdout.write(
            f"claims     {printable(claim.name)} = {printable(claim.value)}  ({printable(claim.source)})\n"
        )
    if manifest is not None:
        for path, part in manifest.walk():
            digest = (part.sha256 or part.tree).hex()
            sys.stdout.write(f"{digest}  {part.size:>11}  {printable(path)}\n")
    return ExitCode.GENUINE


def run_withdraw(options: Namespace) -> ExitCode:
    """Withdraw, and say so."""
    import time

    from trueware.cli.keys import read_private_key
    from trueware.registry.naming import find_release
    from trueware.registry.withdraw import withdraw

    key = read_private_key(options.key) if options.key is not None else None
    with written_registry(options) as store:
        release = withdraw(store, find_release(store, options.id).id, options.reason, int(time.time()), key)
    sys.stdout.write(_line(release))
    return ExitCode.GENUINE


def _line(release: Release) -> str:
    withdrawn = f"  withdrawn: {printable(release.withdrawn)}" if release.withdrawn is not None else ""
    return f"{release.id[:16]}  {release.authority.value:<17}  {printable(release.title)}{withdrawn}\n"


def _value(release: Release) -> dict[str, Any]:
    return {
        "id": release.id,
        "publisher": release.publisher,
        "product": release.product,
        "version": release.version,
        "authority": release.authority.value,
        "sha256": release.sha256.hex(),
        "tree": release.tree.hex() if release.tree else None,
        "policy": release.policy,
        "published": release.published,
        "withdrawn": release.withdrawn,
        "source": release.source,
        "claims": [
            {"name": each.name, "value": each.value, "source": each.source, "part": each.part}
            for each in release.claims
        ],
    }
