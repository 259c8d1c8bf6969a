"""`trueware trust`: the keys publishers sign software with, and what must never be trusted."""

import sys
from argparse import ArgumentParser, Namespace
from contextlib import closing

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers, add_registry, claim_pattern, day, positive, reason, registry_location
from trueware.cli.printable import printable
from trueware.cli.writing import add_written_registry, written_registry


def add(commands: Subparsers) -> None:
    """Add the command with its sub-commands."""
    parser = commands.add_parser(
        "trust",
        help="whose signatures count",
        description="The keys publishers sign software with, and what must never be trusted.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_add(actions.add_parser(
        "add",
        help="admit keys or certificates of a publisher",
        description="Admit the keys or certificates that a publisher signs software with.",
        epilog="example: trueware trust add 'OpenWrt' 792d9d9b39f180dc.pub --from https://openwrt.org/docs/guide-user/security/keygen",
    ))  # fmt: skip
    revoke = actions.add_parser(
        "revoke", help="take a key back", description="Take a key back: what it signed is not believed any more."
    )
    revoke.add_argument("publisher", metavar="PUBLISHER")
    revoke.add_argument("id", metavar="ID", help="its name, as `trust list` has it")
    revoke.add_argument("reason", type=reason, metavar="REASON")
    add_written_registry(revoke)
    revoke.set_defaults(run=run_revoke)

    never = actions.add_parser(
        "never",
        help="list what must never be trusted",
        description="List keys, certificates and images that must never be trusted, whatever speaks for them.",
        epilog="example: trueware trust never DBXUpdate.bin leaked-keys.csv testkey.x509.pem --reason 'public test key'",
    )
    never.add_argument(
        "entries",
        metavar="FILE|ID",
        nargs="*",
        help="a key or certificate, a UEFI revocation list, a table (docs, trust), or KIND:VALUE",
    )
    never.add_argument(
        "--shipped", action="store_true", help="the keys that ship with trueware, whose secret halves anybody has"
    )
    never.add_argument("--reason", default="", help="why, for what does not say so itself")
    add_written_registry(never)
    never.set_defaults(run=run_never)

    listing = actions.add_parser("list", help="list the keys", description="List the keys that count, and for what.")
    listing.add_argument("--json", action="store_true", help="answer as JSON")
    add_registry(listing)
    listing.set_defaults(run=run_list)


def _add_add(parser: ArgumentParser) -> None:
    parser.add_argument("publisher", metavar="PUBLISHER", help="who is enrolled (`trueware publisher add`)")
    parser.add_argument("files", metavar="FILE", nargs="+", help="PEM, DER, usign, ecdsautils, AVB or OpenPGP")
    parser.add_argument(
        "--issues", action="store_true", help="certification authorities: what they issue counts as the publisher's too"
    )
    parser.add_argument(
        "--for",
        dest="scope",
        action="append",
        default=[],
        type=claim_pattern,
        metavar="CLAIM=PATTERN",
        help="only for software that claims this",
    )
    parser.add_argument("--since", type=day, metavar="YYYY-MM-DD", help="signs from that day on (UTC)")
    parser.add_argument("--until", type=day, metavar="YYYY-MM-DD", help="signs before that day (UTC)")
    parser.add_argument(
        "--threshold",
        type=positive,
        default=1,
        metavar="N",
        help="counts only where N keys of the publisher sign the same",
    )
    parser.add_argument("--from", dest="source", default="", metavar="TEXT", help="who said so")
    add_written_registry(parser)
    parser.set_defaults(run=run_add)


def run_add(options: Namespace) -> ExitCode:
    """Admit."""
    import time
    from pathlib import Path

    from trueware.cli.keys import read_file
    from trueware.model.release import Entitlement
    from trueware.registry.trust import admit
    from trueware.signatures.keys import read_keys

    keys = [key for path in options.files for key in read_keys(read_file(path), Path(path).name)]
    scope = [Entitlement(name, pattern) for name, pattern in options.scope]
    with written_registry(options) as store:
        new = admit(
            store, options.publisher, keys, int(time.time()),
            issues=options.issues, scope=scope, since=options.since, until=options.until,
            threshold=options.threshold, source=options.source,
        )  # fmt: skip
    sys.stdout.write(f"{printable(options.publisher)}: {new} new of {len(keys)} keys\n")
    sys.stdout.writelines(f"  {key.id}  {printable(key.name)}\n" for key in keys)
    return ExitCode.GENUINE


def run_revoke(options: Namespace) -> ExitCode:
    """Take back."""
    import time

    from trueware.registry.trust import take_back

    with written_registry(options) as store:
        take_back(store, options.publisher, options.id, options.reason, int(time.time()))
    sys.stdout.write(f"{printable(options.publisher)}: {options.id} taken back\n")
    return ExitCode.GENUINE


def run_never(options: Namespace) -> ExitCode:
    """Add to the list."""
    import os
    import time
    from pathlib import Path

    from trueware.cli.keys import read_file
    from trueware.knowledge import load_public_keys
    from trueware.model.anchor import Distrusted, check_listed, listed_id
    from trueware.registry.distrust_lists import read_distrusted

    entries: list[Distrusted] = list(load_public_keys().values()) if options.shipped else []
    for each in options.entries:
        _, colon, value = each.partition(":")
        if colon and value and not os.path.exists(each):  # Path.exists raises for a name that is too long
            check_listed(listed_id(each))
            entries.append(Distrusted(listed_id(each), options.reason or "listed by hand", "by hand"))
        else:
            entries += read_distrusted(read_file(each), Path(each).name, options.reason)
    with written_registry(options) as store:
        new = store.add_distrusted(entries, int(time.time()))
    sys.stdout.write(f"{new} new of {len(entries)} entries that must never be trusted\n")
    return ExitCode.GENUINE


def run_list(options: Namespace) -> ExitCode:
    """Print the anchors."""
    from trueware.cli.answer import print_json
    from trueware.storage.opening import open_registry

    with closing(open_registry(registry_location(options))) as store:
        anchors, listed = store.anchors(), store.statistics().distrusted
    if options.json:
        rows = [
            {
                "publisher": each.publisher,
                "id": each.id,
                "kind": each.kind,
                "name": each.name,
                "issues": each.issues,
                "scope": [{"claim": scope.name, "pattern": scope.pattern} for scope in each.scope],
                "since": each.since,
                "until": each.until,
                "threshold": each.threshold,
                "source": each.source,
                "revoked": each.revoked,
            }
            for each in anchors
        ]
        print_json({"schema": "urn:trueware:schema:anchors:1", "anchors": rows, "never_trust": listed})
        return ExitCode.GENUINE
    publisher = None
    for each in anchors:
        if each.publisher != publisher:
            publisher = each.publisher
            sys.stdout.write(f"{printable(publisher)}\n")
        marks = "  and what it issues" if each.issues else ""
        marks += f"  {each.threshold} of them must sign" if each.threshold > 1 else ""
        marks += "".join(f"  for {printable(scope.name)} = {printable(scope.pattern)}" for scope in each.scope)
        marks += f"  TAKEN BACK: {printable(each.revoked)}" if each.revoked is not None else ""
        sys.stdout.write(f"  {each.id}  {printable(each.name)}{marks}\n")
    sys.stdout.write(f"{listed} entries must never be trusted\n")
    return ExitCode.GENUINE
