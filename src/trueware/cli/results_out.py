"""Options by which a command hands its result on as an attestation result (EAR)."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trueware.model.attested import Appraisal
    from trueware.model.case import Case
    from trueware.model.result import Result

FORMS = ("jwt", "cwt", "json")


def add_ear(parser: ArgumentParser) -> None:
    """Add `--ear` and what belongs to it."""
    group = parser.add_argument_group("attestation result (EAR)")
    group.add_argument("--ear", metavar="FILE", help="also write the result as an EAT attestation result")
    group.add_argument(
        "--ear-key", metavar="FILE", help="the verifier's private key, PEM or DER: the result is signed by it"
    )
    group.add_argument(
        "--ear-form", choices=FORMS, default="jwt", help="signed JWT or CWT, or bare claims in JSON (default: jwt)"
    )
    group.add_argument("--ear-nonce", metavar="HEX", type=bytes.fromhex, help="the challenge of whoever relies on it")
    group.add_argument(
        "--ear-ttl", metavar="SECONDS", type=int, default=3600, help="how long it may be gone by (default: 3600)"
    )
    group.add_argument("--verifier", metavar="NAME", default="trueware", help="who appraises (default: trueware)")


def write_ear(options: Namespace, concluded: "Iterable[Result | Appraisal | Case]", now: int) -> None:
    """Write the attestation result, if one was asked for.

    Raises:
        SourceError: the key cannot be read, or the file not be written; or a signed form was asked for without a key.
    """
    if options.ear is None:
        return
    from pathlib import Path

    from trueware import __version__
    from trueware.cli.keys import read_private_key
    from trueware.durable import write_file
    from trueware.errors import SourceError
    from trueware.exchange.ear import VerifierId, ear_of, sign_cwt, sign_jwt, to_json

    if options.ear_form != "json" and options.ear_key is None:
        raise SourceError(
            "a signed result needs --ear-key; --ear-form json writes the bare claims, which are anybody's word"
        )
    ear = ear_of(concluded, VerifierId(options.verifier, __version__), now, now + options.ear_ttl, options.ear_nonce)
    if options.ear_form == "json":
        data = to_json(ear) + b"\n"
    elif options.ear_form == "jwt":
        data = sign_jwt(ear, read_private_key(options.ear_key)) + b"\n"
    else:
        data = sign_cwt(ear, read_private_key(options.ear_key))
    write_file(Path(options.ear), data)
