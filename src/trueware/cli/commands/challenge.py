"""`trueware challenge`: nonces that are sent to devices, answered once and in time."""

import sys
from argparse import Namespace
from contextlib import closing
from typing import TYPE_CHECKING

from trueware.cli.asking import add_ask
from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers, positive
from trueware.cli.remembering import add_state, state_of

if TYPE_CHECKING:
    from trueware.attesters.ports import Challenge

SCHEMA = "urn:trueware:schema:challenges:1"


def add(commands: Subparsers) -> None:
    """Add the command with its sub-commands."""
    parser = commands.add_parser(
        "challenge",
        help="nonces for devices that are to prove what they run",
        description="Make nonces and see which were answered. Evidence that answers one counts once, and only for a while.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    new = actions.add_parser(
        "new", help="make one", description="Print a new nonce, as hexadecimal digits, and remember it."
    )
    new.add_argument("--device", metavar="NAME", default="", help="whom it is sent to (default: whoever answers)")
    new.add_argument("--bytes", metavar="N", type=positive, default=32, help="its length, 20 to 64 (default: 32)")
    new.add_argument("--ttl", metavar="SECONDS", type=positive, default=300, help="how long it counts (default: 300)")
    new.add_argument("--json", action="store_true", help="answer as JSON, by the published schema")
    add_state(new)
    new.set_defaults(run=run_new)
    add_ask(actions)
    epoch = actions.add_parser(
        "epoch",
        help="begin an epoch",
        description="Print a new handle for all devices, as hexadecimal digits, and remember it: evidence that holds it is no older "
        "(trueware appraise --epoch). Within its epoch evidence can be shown again.",
    )
    epoch.add_argument(
        "--overlap",
        metavar="SECONDS",
        type=positive,
        default=60,
        help="how long the epoch before still counts (default: 60)",
    )
    epoch.add_argument("--show", action="store_true", help="print the present one instead")
    add_state(epoch)
    epoch.set_defaults(run=run_epoch)
    listing = actions.add_parser(
        "list", help="list them", description="List the nonces that are remembered, latest first."
    )
    listing.add_argument("--device", metavar="NAME", help="those that were sent to one device")
    listing.add_argument("--json", action="store_true", help="answer as JSON, by the published schema")
    add_state(listing)
    listing.set_defaults(run=run_list)


def run_new(options: Namespace) -> ExitCode:
    """Make, remember and print."""
    import secrets
    import time

    from trueware.attesters.challenge import issue
    from trueware.cli.answer import print_json
    from trueware.errors import SourceError
    from trueware.storage.attesters_sqlite import SqliteAttesters

    with closing(SqliteAttesters.open(state_of(options))) as store:
        try:
            nonce = secrets.token_bytes(options.bytes)
            challenge = issue(store, nonce, int(time.time()), options.ttl, options.device)
        except ValueError as error:
            raise SourceError(str(error)) from error
    if options.json:
        print_json({"schema": SCHEMA, "challenges": [_value(challenge)]})
    else:
        sys.stdout.write(f"{challenge.nonce.hex()}\n")
    return ExitCode.GENUINE


def run_epoch(options: Namespace) -> ExitCode:
    """Begin one, remember and print it; or print the present one."""
    import secrets
    import time

    from trueware.attesters.challenge import USUAL
    from trueware.attesters.epochs import announce
    from trueware.errors import SourceError
    from trueware.storage.attesters_sqlite import SqliteAttesters

    with closing(SqliteAttesters.open(state_of(options))) as store:
        try:
            found = (
                store.epochs()
                if options.show
                else announce(store, secrets.token_bytes(USUAL), int(time.time()), options.overlap)
            )
        except ValueError as error:
            raise SourceError(str(error)) from error
    if found is None:
        raise SourceError("no epoch was announced")
    sys.stdout.write(f"{found.current.hex()}\n")
    return ExitCode.GENUINE


def run_list(options: Namespace) -> ExitCode:
    """Print one line for each."""
    import time

    from trueware.cli.answer import print_json
    from trueware.cli.printable import printable
    from trueware.storage.attesters_sqlite import SqliteAttesters

    with closing(SqliteAttesters.open(state_of(options))) as store:
        found = store.challenges(options.device)
    if options.json:
        print_json({"schema": SCHEMA, "challenges": [_value(each) for each in found]})
        return ExitCode.GENUINE
    now = int(time.time())
    for each in found:
        word = "answered" if each.used is not None else "waits" if now < each.expires else "ran out"
        sys.stdout.write(f"{each.nonce.hex()}  {word:<8}  {printable(each.device)}\n".rstrip() + "\n")
    return ExitCode.GENUINE


def _value(challenge: "Challenge") -> dict[str, object]:
    return {
        "nonce": challenge.nonce.hex(),
        "issued": challenge.issued,
        "expires": challenge.expires,
        "device": challenge.device,
        "used": challenge.used,
    }
