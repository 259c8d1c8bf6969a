"""`trueware device`: devices whose keys were enrolled, so that they can prove who they are."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from contextlib import closing
from typing import TYPE_CHECKING

from trueware.cli.exit_code import ExitCode
from trueware.cli.keys import read_file
from trueware.cli.options import Subparsers
from trueware.cli.remembering import add_state, state_of

if TYPE_CHECKING:
    from trueware.attestation.tpm.public import Public
    from trueware.attesters.ports import Device

SCHEMA = "urn:trueware:schema:devices:1"
IDENTIFIERS = ("imei", "serial", "model")


def add(commands: Subparsers) -> None:
    """Add the command with its sub-commands."""
    parser = commands.add_parser(
        "device",
        help="enrol devices and the keys that speak for them",
        description="Enrol devices by their attestation keys. A name or a key is enrolled once; retire a device before another one "
        "takes its place.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    enrol = actions.add_parser(
        "enrol", help="enrol a device on your word", description="Enrol a device on your word that these are its keys."
    )
    enrol.add_argument("name", metavar="NAME")
    enrol.add_argument(
        "--ak", metavar="FILE", action="append", required=True, help="attestation key (TPM2B_PUBLIC); may be repeated"
    )
    enrol.add_argument("--by", metavar="TEXT", default="operator", help="on whose word (default: operator)")
    _add_identifiers(enrol)
    add_state(enrol)
    enrol.set_defaults(run=run_enrol)
    challenge = actions.add_parser(
        "challenge",
        help="make a credential that only the device's TPM can open",
        description="Make a credential for tpm2_activatecredential. If the secret comes back, both keys are in one TPM.",
    )
    challenge.add_argument("name", metavar="NAME")
    challenge.add_argument("--ek", metavar="FILE", required=True, help="endorsement key (TPM2B_PUBLIC)")
    challenge.add_argument("--ak", metavar="FILE", required=True, help="attestation key (TPM2B_PUBLIC)")
    challenge.add_argument("--ek-cert", metavar="FILE", help="certificate of the endorsement key, DER")
    challenge.add_argument(
        "--trust", metavar="FILE", action="append", default=[], help="authority for it; may be repeated"
    )
    challenge.add_argument("--out", metavar="FILE", required=True, help="where the credential goes")
    _add_identifiers(challenge)
    add_state(challenge)
    challenge.set_defaults(run=run_challenge)
    confirm = actions.add_parser(
        "confirm", help="enrol a device whose TPM opened it", description="Enrol a device that returned the secret."
    )
    confirm.add_argument("name", metavar="NAME")
    confirm.add_argument("--secret", metavar="FILE", required=True, help="what tpm2_activatecredential wrote")
    add_state(confirm)
    confirm.set_defaults(run=run_confirm)
    retire = actions.add_parser(
        "retire", help="take a device out of service", description="Take a device out of service; its record stays."
    )
    retire.add_argument("name", metavar="NAME")
    add_state(retire)
    retire.set_defaults(run=run_retire)
    accept = actions.add_parser(
        "accept",
        help="take what a device runs now for what it should run",
        description="Forget what release a device ran last: after it was put back to an earlier one on purpose, which is told as a "
        "rollback until then.",
    )
    accept.add_argument("name", metavar="NAME")
    add_state(accept)
    accept.set_defaults(run=run_accept)
    listing = actions.add_parser("list", help="list devices", description="List devices with their keys.")
    listing.add_argument("--json", action="store_true", help="answer as JSON, by the published schema")
    add_state(listing)
    listing.set_defaults(run=run_list)


def _add_identifiers(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--known-by", metavar="NAME=VALUE", action="append", default=[], type=_identifier,
        help=f"{', '.join(IDENTIFIERS)} of the device; may be repeated",
    )  # fmt: skip


def run_enrol(options: Namespace) -> ExitCode:
    """Enrol on somebody's word."""
    import time

    from trueware.attesters.enrolment import on_trust
    from trueware.errors import SourceError
    from trueware.storage.attesters_sqlite import SqliteAttesters

    keys = [_public(path) for path in options.ak]
    with closing(SqliteAttesters.open(state_of(options))) as store:
        try:
            device = on_trust(store, options.name, keys, options.by, int(time.time()), dict(options.known_by))
        except ValueError as error:
            raise SourceError(str(error)) from error
    sys.stdout.write(_line(device))
    return ExitCode.GENUINE


def run_challenge(options: Namespace) -> ExitCode:
    """Make a credential and write it down."""
    import secrets
    import time
    from pathlib import Path

    from trueware.attestation.tpm.credential import seed_size
    from trueware.attesters.enrolment import begin
    from trueware.durable import write_file
    from trueware.errors import SourceError
    from trueware.storage.attesters_sqlite import SqliteAttesters

    now = int(time.time())
    endorsement, key = _public(options.ek), _public(options.ak)
    certificate = read_file(options.ek_cert) if options.ek_cert is not None else b""
    _check_certificate(certificate, endorsement, options.trust, now)
    randomness = secrets.token_bytes(16), secrets.token_bytes(seed_size(endorsement))
    with closing(SqliteAttesters.open(state_of(options))) as store:
        try:
            credential = begin(
                store, options.name, endorsement, key, randomness, now, certificate, dict(options.known_by)
            )
        except ValueError as error:
            raise SourceError(str(error)) from error
    write_file(Path(options.out), credential.blob)
    sys.stdout.write(f"{options.out}: for tpm2_activatecredential on the device; then: trueware device confirm\n")
    return ExitCode.GENUINE


def run_confirm(options: Namespace) -> ExitCode:
    """Enrol by the secret."""
    import time

    from trueware.attesters.enrolment import confirm
    from trueware.errors import SourceError
    from trueware.storage.attesters_sqlite import SqliteAttesters

    with closing(SqliteAttesters.open(state_of(options))) as store:
        try:
            device = confirm(store, options.name, read_file(options.secret), int(time.time()))
        except ValueError as error:
            raise SourceError(str(error)) from error
    sys.stdout.write(_line(device))
    return ExitCode.GENUINE


def run_retire(options: Namespace) -> ExitCode:
    """Take out of service."""
    import time

    from trueware.errors import SourceError
    from trueware.storage.attesters_sqlite import SqliteAttesters

    with closing(SqliteAttesters.open(state_of(options))) as store:
        if not store.retire(options.name, int(time.time())):
            raise SourceError(f"no device {options.name!r} is in service")
    return ExitCode.GENUINE


def run_accept(options: Namespace) -> ExitCode:
    """Forget what it ran."""
    from dataclasses import replace

    from trueware.errors import SourceError
    from trueware.storage.attesters_sqlite import SqliteAttesters

    with closing(SqliteAttesters.open(state_of(options))) as store:
        seen = store.seen(options.name)
        if seen is None:
            raise SourceError(f"no evidence of {options.name!r} is remembered")
        if not store.see(replace(seen, release="", files=None), seen):
            raise SourceError(f"{options.name!r} was appraised just now: look at the answer, and accept it then")
    return ExitCode.GENUINE


def run_list(options: Namespace) -> ExitCode:
    """Print one line for each."""
    from trueware.cli.answer import print_json
    from trueware.storage.attesters_sqlite import SqliteAttesters

    with closing(SqliteAttesters.open(state_of(options))) as store:
        devices = store.devices()
        seen = {each.name: store.seen(each.name) for each in devices}
    if options.json:
        values = []
        for each in devices:
            last = seen[each.name] if each.retired is None else None
            values.append(
                {
                    "name": each.name,
                    "keys": [key.hex() for key in each.keys],
                    "enrolled": each.enrolled,
                    "by": each.by,
                    "endorsement": each.endorsement.hex() or None,
                    "identifiers": dict(each.identifiers),
                    "retired": each.retired,
                    "seen": None
                    if last is None
                    else {"at": last.at, "verdict": last.verdict, "release": last.release or None},
                }
            )
        print_json({"schema": SCHEMA, "devices": values})
    else:
        sys.stdout.writelines(_line(each) for each in devices)
    return ExitCode.GENUINE


def _line(device: "Device") -> str:
    from trueware.cli.printable import printable

    word = "retired" if device.retired is not None else "in service"
    keys = ", ".join(key.hex()[4:20] for key in device.keys)
    return f"{printable(device.name)}  {word}  key {keys}  ({printable(device.by)})\n"


def _check_certificate(certificate: bytes, endorsement: "Public", trust: list[str], now: int) -> None:
    """Refuse an endorsement key whose certificate contradicts it; say what it does not show."""
    from trueware.attestation.tpm.endorsement import check_endorsement
    from trueware.cli.printable import printable
    from trueware.cli.trusted import certificates_and_keys
    from trueware.errors import EvidenceRefused
    from trueware.model.check import Outcome

    if not certificate:
        sys.stderr.write("warning: without its certificate nobody says that the endorsement key is a TPM's\n")
        return
    roots, _ = certificates_and_keys((path, read_file(path)) for path in trust)
    for check in check_endorsement(certificate, endorsement, roots, now).checks:
        if check.outcome is Outcome.CONTRADICTS and check.value >= 96:
            raise EvidenceRefused(check.rule, check.detail)
        if check.outcome is Outcome.NOT_SHOWN:
            sys.stderr.write(f"warning: {check.rule}: {printable(check.detail)}\n")


def _public(path: str) -> "Public":
    from trueware.attestation.tpm.public import parse_public

    return parse_public(read_file(path))


def _identifier(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if name not in IDENTIFIERS or not equals or not value:
        raise ArgumentTypeError(f"expected NAME=VALUE with one of {', '.join(IDENTIFIERS)}, found {text!r}")
    return name, value
