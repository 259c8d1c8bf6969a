"""`trueware ear`: attestation results of this verifier and of others, verified and told."""

import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from trueware.cli.exit_code import ExitCode
from trueware.cli.keys import read_file
from trueware.cli.options import Subparsers, add_time

if TYPE_CHECKING:
    from trueware.exchange.ear.model import Ear

SCHEMA = "urn:trueware:schema:ear:1"
_LONGEST = 400
"""Characters of a value that are shown."""


def add(commands: Subparsers) -> None:
    """Add the command with its sub-commands."""
    parser = commands.add_parser(
        "ear",
        help="attestation results (EAR), verified and told",
        description="Attestation results of any verifier: JWT, CWT or bare claims, of the present draft and of older ones.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    show = actions.add_parser(
        "show",
        help="tell what a result says, and whether it may be gone by",
        description="Verify an attestation result and tell what it says. Without --key nothing it says may be gone by. Exit "
        "codes are those of the worst status in it: 0 affirming, 9 warning, 11 contraindicated, 10 none, or not verified.",
    )
    show.add_argument("file", metavar="FILE")
    show.add_argument("--key", metavar="FILE", help="the verifier's public key, or keys (PEM, DER, JWK, COSE_Key)")
    show.add_argument(
        "--nonce", metavar="HEX", type=bytes.fromhex, help="the challenge that it must answer (passport model)"
    )
    show.add_argument("--json", action="store_true", help="answer as JSON, by the published schema")
    add_time(show)
    show.set_defaults(run=run_show)


def run_show(options: Namespace) -> ExitCode:
    """Verify and print."""
    import time

    from trueware.cli.answer import print_json
    from trueware.errors import UntrustedStatement
    from trueware.exchange.ear.signed import read_unverified

    now = int(time.time()) if options.at is None else options.at
    data = read_file(options.file)
    verified = options.key is not None
    ear = _verified(data, options.key, now) if verified else read_unverified(data)
    if options.nonce is not None and not _answers(ear, options.nonce):
        raise UntrustedStatement("the result does not answer the challenge: it is an old one, or somebody else's")
    if options.json:
        print_json({"schema": SCHEMA, "verified": verified, **_value(ear)})
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(ear, verified=verified))
    return _code(ear, verified=verified)


def _verified(data: bytes, path: str, now: int) -> "Ear":
    """Return a result that one of the keys in a file signed.

    Raises:
        SourceError: there is no key in it.
        UntrustedStatement: none of them did.
        MalformedInput: it breaks the rules of the draft, or has run out.
    """
    from trueware.cli.trusted import certificates_and_keys
    from trueware.errors import SourceError, UntrustedStatement
    from trueware.exchange.ear.signed import read_signed

    keys = certificates_and_keys([(path, read_file(path))])[1]
    if not keys:
        raise SourceError(f"{path!r} holds certificates: the verifier's public key itself is needed")
    refusal: UntrustedStatement | None = None
    for spki in keys.values():
        try:
            return read_signed(data, spki, now)
        except UntrustedStatement as error:
            refusal = error
    raise refusal or UntrustedStatement("there is no key")


def _answers(ear: "Ear", nonce: bytes) -> bool:
    from trueware.signatures.jws import to_base64url

    return ear.nonce in (nonce, to_base64url(nonce).decode(), nonce.hex())


def _code(ear: "Ear", *, verified: bool) -> ExitCode:
    from trueware.exchange.ear.model import Status

    if not verified:
        return ExitCode.UNKNOWN
    return {
        Status.AFFIRMING: ExitCode.GENUINE,
        Status.WARNING: ExitCode.WARNINGS,
        Status.CONTRAINDICATED: ExitCode.TAMPERED,
        Status.NONE: ExitCode.UNKNOWN,
    }[ear.worst]


def _lines(ear: "Ear", *, verified: bool) -> list[str]:
    from trueware.appraisal.ar4si_values import value_name
    from trueware.cli.printable import printable
    from trueware.model.verdict import tier_of

    head = "verified" if verified else "NOT VERIFIED: nobody's word until its signature is"
    lines = [
        f"{head}  by {printable(ear.verifier.developer)} {printable(ear.verifier.build)}  ({printable(ear.profile)})"
    ]
    for name, each in ear.submods.items():
        lines.append(f"  {printable(name)}  {each.status.word}")
        lines += [
            f"    {claim:<20} {value:>4}  {tier_of(value).value}: {value_name(claim, value)}"
            for claim, value in each.vector.items()
            if value
        ]
        lines += [f"    policy               {printable(policy)}" for policy in each.policy_ids]
        for title, claims in (
            ("attested", each.attester_claims),
            ("verifier", each.verifier_claims),
            ("not known here", each.others),
        ):
            lines += [f"    {title} {printable(key)}: {_shown(value)}" for key, value in claims.items() if _says(value)]
    lines += [f"  not known here {printable(key)}: {_shown(value)}" for key, value in ear.others.items()]
    lines += [f"  {printable(whole)} has {', '.join(map(printable, below))}" for whole, below in ear.topology.items()]
    return lines


def _shown(value: Any) -> str:
    from json import dumps

    from trueware.cli.printable import printable

    text = value if isinstance(value, str) else dumps(_plain(value), ensure_ascii=False)
    return printable(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _says(value: Any) -> bool:
    """Tell whether a claim says anything; False and 0 do."""
    return value is not None and value not in ([], {}, "")


def _value(ear: "Ear") -> dict[str, Any]:
    return {
        "profile": ear.profile,
        "issued": ear.issued,
        "expires": ear.expires,
        "verifier": {"developer": ear.verifier.developer, "build": ear.verifier.build},
        "status": ear.status.word if ear.status is not None else None,
        "nonce": ear.nonce.hex() if isinstance(ear.nonce, bytes) else ear.nonce,
        "topology": {label: list(below) for label, below in ear.topology.items()},
        "submods": {
            name: {
                "status": each.status.word,
                "vector": dict(each.vector),
                "policies": list(each.policy_ids),
                "attester_claims": _plain(each.attester_claims),
                "verifier_claims": _plain(each.verifier_claims),
            }
            for name, each in ear.submods.items()
        },
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
