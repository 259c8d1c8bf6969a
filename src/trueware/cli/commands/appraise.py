"""`trueware appraise`: what the evidence of a device in service shows."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from contextlib import closing
from typing import TYPE_CHECKING

from trueware.cli.exit_code import ExitCode
from trueware.cli.keys import read_file
from trueware.cli.options import Subparsers, add_output, add_registry, add_time, registry_location
from trueware.cli.remembering import state_of
from trueware.cli.results_out import add_ear, write_ear

if TYPE_CHECKING:
    from trueware.appraising.wish import Wish
    from trueware.attestation.contract import Endorsements
    from trueware.model.attested import Appraisal
    from trueware.registry.lookup import Registry
    from trueware.registry.ports import RegistryStore

REPORTED = ("imei", "serial", "brand", "manufacturer", "model", "device")


def add(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "appraise",
        help="tell what the evidence of a device in service shows",
        description="Appraise evidence of one device: TPM quotes with boot and IMA logs, attestation tokens, Android key "
        "attestation. Files, or folders with all that is in them.",
    )
    parser.add_argument(
        "evidence", metavar="EVIDENCE", nargs="+", help="a file, or a folder with pieces of one device's evidence"
    )
    add_question(parser)
    parser.add_argument(
        "--state",
        metavar="FILE",
        help="use up the challenge there, go by enrolled keys, and remember the device (see trueware challenge, device)",
    )
    parser.add_argument(
        "--epoch",
        action="store_true",
        help="the evidence is to hold the handle of the present epoch (see trueware challenge epoch)",
    )
    add_time(parser)
    add_registry(parser)
    add_output(parser)
    add_ear(parser)
    parser.set_defaults(run=run)


def add_question(parser: ArgumentParser) -> None:
    """Add what was asked of the device, and whom to believe."""
    group = parser.add_argument_group("the question")
    group.add_argument("--nonce", metavar="HEX", type=_nonce, help="the challenge that was sent")
    group.add_argument("--nonce-file", metavar="FILE", help="file with it, as hexadecimal digits or as it is")
    group.add_argument("--max-age", metavar="SECONDS", type=int, help="how old evidence with a time of its own may be")
    group.add_argument(
        "--device", metavar="NAME", default="", help="what the device is called; the keys enrolled for it must sign"
    )
    trust = parser.add_argument_group("whom to believe")
    trust.add_argument(
        "--trust", metavar="FILE", action="append", default=[],
        help="certificate of an authority for TPMs or Android, or a public key that signs tokens (PEM, DER, JWK); may be repeated",
    )  # fmt: skip
    trust.add_argument(
        "--file-signer", metavar="FILE", action="append", default=[],
        help="certificate or public key that signs files (IMA); may be repeated",
    )  # fmt: skip
    trust.add_argument(
        "--enrolled", metavar="FILE", action="append", default=[],
        help="public area (TPM2B_PUBLIC) of the attestation key that the device was enrolled with; may be repeated",
    )  # fmt: skip
    trust.add_argument("--revocation", metavar="FILE", help="list of revoked attestation keys (Google's status.json)")
    trust.add_argument(
        "--exclude", metavar="PATTERN", action="append", default=[],
        help="paths whose files need be of no release (shell-style); may be repeated",
    )  # fmt: skip
    trust.add_argument(
        "--update-window",
        action="store_true",
        help="files of several versions of one product are in order: an update is under way",
    )
    said = parser.add_argument_group("what was said of the device")
    said.add_argument(
        "--reported", metavar="NAME=VALUE", action="append", default=[], type=_said,
        help=f"what a network, an owner or a label says of it: {', '.join(REPORTED)}; may be repeated",
    )  # fmt: skip


def run(options: Namespace) -> ExitCode:
    """Appraise and print."""
    from dataclasses import replace

    from trueware.appraising import appraise
    from trueware.cli.answer import print_json
    from trueware.cli.attested_text import render_appraisal
    from trueware.cli.attested_wire import appraisals_document
    from trueware.errors import SourceError
    from trueware.registry.lookup import Registry
    from trueware.sources.evidence import read_pieces
    from trueware.storage.opening import open_registry

    wish = wish_of(options)
    if options.epoch and (options.state is None or wish.question.nonce is not None):
        raise SourceError("--epoch needs --state, which knows the epochs, and no nonce")
    with closing(open_registry(registry_location(options))) as store:
        if options.state is None:
            appraisal = appraise(read_pieces(options.evidence), Registry(store), wish)
        else:
            appraisal = _remembered(options, Registry(store), store, replace(wish, epoch=options.epoch))
    write_ear(options, [appraisal], wish.question.now)
    if options.json:
        print_json(appraisals_document([appraisal]))
    else:
        sys.stdout.write(render_appraisal(appraisal, colour=sys.stdout.isatty(), everything=options.all))
    return exit_code_of(appraisal)


def _remembered(options: Namespace, registry: "Registry", releases: "RegistryStore", wish: "Wish") -> "Appraisal":
    """Appraise with a memory; the release that the device ran last is looked up first."""
    from trueware.appraising.remembered import appraise_remembered
    from trueware.sources.evidence import read_pieces
    from trueware.storage.attesters_sqlite import SqliteAttesters

    with closing(SqliteAttesters.open(state_of(options))) as store:
        seen = store.seen(wish.device) if wish.device else None
        before = releases.get_release(seen.release) if seen is not None and seen.release else None
        return appraise_remembered(read_pieces(options.evidence), registry, store, wish, before)


def exit_code_of(appraisal: "Appraisal") -> ExitCode:
    """Return the exit code for an appraisal, as for a result."""
    from trueware.cli.exit_code import code_of

    return code_of(appraisal.verdict, appraisal.tier)


def wish_of(options: Namespace) -> "Wish":
    """Return what is asked.

    Raises:
        SourceError: a file cannot be read, or is not what it should be.
    """
    import time

    from trueware.appraising.wish import Wish
    from trueware.attestation.contract import Question

    now = int(time.time()) if options.at is None else options.at
    return Wish(
        Question(now, _challenge(options), options.max_age),
        _endorsements(options),
        options.device,
        excluded=tuple(options.exclude),
        overlap=options.update_window,
        revocation=read_file(options.revocation) if options.revocation is not None else None,
        reported=dict(options.reported),
    )


def _challenge(options: Namespace) -> bytes | None:
    from trueware.attestation.recognise import nonce_in
    from trueware.errors import SourceError

    if options.nonce is not None and options.nonce_file is not None:
        raise SourceError("--nonce and --nonce-file: one of them")
    if options.nonce_file is None:
        return options.nonce  # type: ignore[no-any-return]  # `_nonce` made it
    nonce = nonce_in(read_file(options.nonce_file))
    if nonce is None:
        raise SourceError(f"{options.nonce_file!r} holds no challenge: 8 to 64 bytes, or their hexadecimal digits")
    return nonce


def _endorsements(options: Namespace) -> "Endorsements":
    from trueware.attestation.contract import Endorsements
    from trueware.attestation.tpm.public import parse_public
    from trueware.cli.trusted import certificates_and_keys

    roots, keys = certificates_and_keys((path, read_file(path)) for path in options.trust)
    signer_certificates, signer_keys = certificates_and_keys((path, read_file(path)) for path in options.file_signer)
    enrolled = {parse_public(read_file(path)).name: options.device or path for path in options.enrolled}
    return Endorsements(
        endorsement_roots=roots,
        attestation_roots=(*roots, *keys.values()),
        keys=keys,
        file_signers=(*signer_certificates, *signer_keys.values()),
        enrolled=enrolled,
    )


def _nonce(text: str) -> bytes:
    try:
        nonce = bytes.fromhex(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not hexadecimal") from None
    if not 8 <= len(nonce) <= 64:
        raise ArgumentTypeError(f"a challenge has 8 to 64 bytes, found {len(nonce)}")
    return nonce


def _said(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if name not in REPORTED or not equals or not value:
        raise ArgumentTypeError(f"expected NAME=VALUE with one of {', '.join(REPORTED)}, found {text!r}")
    return name, value
