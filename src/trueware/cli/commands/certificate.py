"""`trueware certificate`: words about certificates of conformity, bound to exact bytes."""

import sys
from argparse import ArgumentTypeError, Namespace
from contextlib import closing

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers, add_registry, day, reason, registry_location
from trueware.cli.printable import printable
from trueware.cli.writing import add_written_registry, written_registry

_NAME = 200


def add(commands: Subparsers) -> None:
    """Add the command with its sub-commands."""
    parser = commands.add_parser(
        "certificate",
        help="certificates of conformity, bound to exact bytes",
        description="Certificates of conformity, each bound to the exact bytes that were assessed.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for standing, doing in (("issue", "issued"), ("suspend", "suspended"), ("revoke", "revoked")):
        action = actions.add_parser(
            standing,
            help=f"note that a certificate was {doing}",
            description=f"Note that its issuer has {doing} a certificate. The last word about a certificate counts.",
        )
        action.add_argument("number", metavar="NUMBER", type=_name, help="the certificate's number")
        action.add_argument("--issuer", required=True, type=_name, metavar="NAME", help="the body that certifies")
        action.add_argument("--artefact", metavar="FILE", help="the file or folder that was assessed")
        action.add_argument("--sha256", type=_digest, metavar="HEX", help="its digest, where it is not at hand")
        if standing == "issue":
            action.add_argument("--scheme", default="", metavar="TEXT", help="what it was assessed against")
            action.add_argument("--since", type=day, metavar="YYYY-MM-DD", help="from when it holds")
            action.add_argument("--until", type=day, metavar="YYYY-MM-DD", help="to when it holds")
        else:
            action.add_argument("--reason", required=True, type=reason, metavar="TEXT", help="why")
        add_written_registry(action)
        action.set_defaults(run=run_word, standing=doing)
    listing = actions.add_parser("list", help="list them", description="List the certificates as they stand.")
    listing.add_argument("--json", action="store_true", help="answer as JSON")
    add_registry(listing)
    listing.set_defaults(run=run_list)


def run_word(options: Namespace) -> ExitCode:
    """Add a word about a certificate."""
    import time
    from dataclasses import replace

    from trueware.errors import SourceError
    from trueware.model.certificate import CertificateStatus, Standing

    with written_registry(options) as store:
        said = [each for each in store.certificates() if (each.issuer, each.number) == (options.issuer, options.number)]
        digest = _assessed(options) or (said[-1].sha256 if said else None)
        if digest is None:
            raise SourceError(f"no certificate {options.number!r} of {options.issuer!r} is known: name the artefact")
        standing = Standing(options.standing)
        if standing is Standing.ISSUED:
            word = CertificateStatus(
                options.issuer, options.number, digest, standing, options.scheme, options.since, options.until
            )
        else:
            last = said[-1] if said else CertificateStatus(options.issuer, options.number, digest, standing)
            word = replace(last, sha256=digest, standing=standing, reason=options.reason)
        new = store.add_certificates([word], int(time.time()))
    state = options.standing if new else f"{options.standing} already"
    sys.stdout.write(
        f"certificate {printable(options.number)} of {printable(options.issuer)}: {state}, for {digest.hex()}\n"
    )
    return ExitCode.GENUINE


def run_list(options: Namespace) -> ExitCode:
    """Print every certificate as it stands now."""
    import time

    from trueware.appraisal.conformity import judge_certificates
    from trueware.cli.answer import print_json
    from trueware.cli.wire import certificate_value
    from trueware.storage.opening import open_registry

    with closing(open_registry(registry_location(options))) as store:
        views = judge_certificates(store.certificates(), int(time.time())).certificates
    if options.json:
        print_json(
            {"schema": "urn:trueware:schema:certificates:1", "certificates": list(map(certificate_value, views))}
        )
        return ExitCode.GENUINE
    for view in views:
        status = view.status
        scheme = f"  {printable(status.scheme)}" if status.scheme else ""
        why = f"  ({printable(status.reason)})" if status.reason else ""
        name = printable(f"{status.number} of {status.issuer}")
        sys.stdout.write(f"{view.conformity.value:<10} {name}  {status.sha256.hex()}{scheme}{why}\n")
    return ExitCode.GENUINE


def _assessed(options: Namespace) -> bytes | None:
    if options.sha256 is not None or options.artefact is None:
        digest: bytes | None = options.sha256
        return digest
    import os

    from trueware.artefact import digest_file, measure_artefact

    if os.path.isdir(options.artefact):
        return measure_artefact(options.artefact).measurement.root.tree
    return digest_file(options.artefact, None)[0]


def _digest(text: str) -> bytes:
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise ArgumentTypeError("64 hexadecimal digits are needed")
    return digest


def _name(text: str) -> str:
    if not 0 < len(text) <= _NAME or not text.isprintable():
        raise ArgumentTypeError(f"1 to {_NAME} printable characters are needed")
    return text
