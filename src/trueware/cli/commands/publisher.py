"""`trueware publisher`: who publishes software, with which keys, and what they are entitled to claim."""

import sys
from argparse import Namespace
from contextlib import closing

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers, add_registry, claim_pattern, registry_location
from trueware.cli.printable import printable
from trueware.cli.writing import add_written_registry, written_registry


def add(commands: Subparsers) -> None:
    """Add the command with its sub-commands."""
    parser = commands.add_parser("publisher", help="who publishes software", description="Who publishes software.")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    enrol = actions.add_parser(
        "add",
        help="enrol a publisher, or add to one",
        description="Enrol a publisher with keys and entitlements, or add to one that is enrolled.",
        epilog="example: trueware publisher add 'Acme' --key acme.pub.pem --entitle 'vendor=Acme*' --entitle 'product=Acme Router*'",
    )
    enrol.add_argument("name", metavar="NAME")
    enrol.add_argument(
        "--key", action="append", default=[], metavar="FILE", help="public key, PEM or DER (Ed25519, P-256, P-384)"
    )
    enrol.add_argument(
        "--entitle",
        action="append",
        default=[],
        type=claim_pattern,
        metavar="CLAIM=PATTERN",
        help="a claim only they may make",
    )
    add_written_registry(enrol)
    enrol.set_defaults(run=run_add)

    listing = actions.add_parser("list", help="list the publishers", description="List the publishers.")
    listing.add_argument("--json", action="store_true", help="answer as JSON")
    add_registry(listing)
    listing.set_defaults(run=run_list)


def run_add(options: Namespace) -> ExitCode:
    """Enrol."""
    import time

    from trueware.cli.keys import read_public_key
    from trueware.model.release import Entitlement
    from trueware.registry.enrol import enrol

    keys = [read_public_key(path) for path in options.key]
    entitlements = [Entitlement(name, pattern) for name, pattern in options.entitle]
    with written_registry(options) as store:
        publisher = enrol(store, options.name, keys, entitlements, int(time.time()))
    sys.stdout.write(
        f"{printable(publisher.name)}: {len(publisher.keys)} keys, {len(publisher.entitlements)} entitlements\n"
    )
    return ExitCode.GENUINE


def run_list(options: Namespace) -> ExitCode:
    """Print the publishers with the SHA-256 of their keys."""
    from hashlib import sha256

    from trueware.cli.answer import print_json
    from trueware.storage.opening import open_registry

    with closing(open_registry(registry_location(options))) as store:
        publishers = store.publishers()
    if options.json:
        rows = [
            {
                "name": publisher.name,
                "keys": [sha256(key).hexdigest() for key in publisher.keys],
                "entitlements": [{"claim": each.name, "pattern": each.pattern} for each in publisher.entitlements],
            }
            for publisher in publishers
        ]
        print_json({"schema": "urn:trueware:schema:publishers:1", "publishers": rows})
        return ExitCode.GENUINE
    for publisher in publishers:
        sys.stdout.write(f"{printable(publisher.name)}\n")
        sys.stdout.writelines(f"  key {sha256(key).hexdigest()}\n" for key in publisher.keys)
        sys.stdout.writelines(
            f"  may claim {printable(each.name)} = {printable(each.pattern)}\n" for each in publisher.entitlements
        )
    return ExitCode.GENUINE
