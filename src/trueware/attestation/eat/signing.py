"""Who signed a token: a key at hand, or one whose certificate leads to a root at hand (RFC 9711 §7, RFC 9360).

1. Keys are tried whose names are the token's key id or the device's ueid, then all others; each must be of the algorithm's kind.
2. A chain that came along must lead to a root, be valid now, and its first certificate's key must have signed.
3. A key that is named by a ueid signs for that device alone.

A leaf that Android's key attestation certified is no signer of tokens: any app on any phone has such keys.
"""

import re
from dataclasses import dataclass

from trueware.attestation.contract import Endorsements, Question
from trueware.attestation.eat import checks as rules
from trueware.attestation.eat.token import Protection, Token
from trueware.errors import EvidenceRefused, UntrustedStatement
from trueware.model.check import Check
from trueware.signatures import jws

_COSE = {
    **dict.fromkeys((-7, -9, -35, -36, -51, -52), "EC"),
    **dict.fromkeys((-8, -19, -53), "OKP"),
    **dict.fromkeys((-37, -38, -39, -257, -258, -259), "RSA"),
}
_JOSE = {"ES": "EC", "RS": "RSA", "PS": "RSA", "Ed": "OKP"}
_ANDROID = bytes.fromhex("060a2b06010401d679020111")
_UEID_NAME = re.compile(r"01(?:[0-9a-f]{2}){16,32}")
_MOST_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class Signed:
    """What was found of who signed."""

    checks: tuple[Check, ...]
    is_proved: bool


def check_signature(token: Token, endorsements: Endorsements, question: Question, place: str = "") -> Signed:
    """Return who signed a token, or that it is not shown.

    Raises:
        EvidenceRefused: keys or a chain that should have signed did not.
    """
    rule = rules.TOKEN_SIGNATURE
    if token.protection is Protection.NONE:
        return Signed((rule.not_shown("nobody signed it; a signed token would show it", place),), False)
    if token.protection is Protection.AUTHENTICATED:
        detail = "it has a message authentication code; whoever can check that can make it, and its key is not at hand"
        return Signed((rule.not_shown(detail, place),), False)
    kind = _kind(token)
    if kind is None:
        raise EvidenceRefused(rule.id, "no algorithm for signing in its protected header", place)
    hints = _hints(token)
    named = [name for name in endorsements.keys if name.lower() in hints]
    fitting = [name for name in endorsements.keys if name not in named and _kind_of(endorsements.keys[name]) == kind]
    for name in (*named, *fitting)[:_MOST_KEYS]:
        if _verifies(token, endorsements.keys[name]):
            return Signed((rule.supports(f"signed by the key {name}", place), _instance(token, name, place)), True)
    by_chain = _by_chain(token, endorsements, question, place)
    if by_chain is not None:
        return Signed((by_chain,), True)
    if named or fitting:
        tried = f"the key {named[0]} that it names" if named else f"any of {len(fitting)} keys of its kind at hand"
        raise EvidenceRefused(rule.id, f"not signed by {tried}", place)
    return Signed(
        (rule.not_shown("no key of its kind is at hand; the device's attestation key would show it", place),), False
    )


def _instance(token: Token, name: str, place: str) -> Check:
    ueid = token.claims.claims.get("ueid")
    if not isinstance(ueid, bytes) or not _UEID_NAME.fullmatch(name.lower()):
        detail = "keys at hand are not named by the devices that they are for"
        return rules.TOKEN_INSTANCE.not_shown(detail, place, expected_gap=True)
    if ueid.hex() != name.lower():
        raise EvidenceRefused(rules.TOKEN_INSTANCE.id, f"it names {ueid.hex()}, and the key is that of {name}", place)
    return rules.TOKEN_INSTANCE.supports("the key is that of the device that it names", place)


def _hints(token: Token) -> frozenset[str]:
    found = []
    ueid = token.claims.claims.get("ueid")
    key_id: object = (
        token.sign1.key_id if token.sign1 is not None else token.jws.key_id if token.jws is not None else None
    )
    if isinstance(ueid, bytes):
        found.append(ueid.hex())
    if isinstance(key_id, bytes):
        found += [key_id.hex(), key_id.decode("utf-8", "replace").lower()]
    if isinstance(key_id, str):
        found.append(key_id.lower())
    return frozenset(found)


def _kind(token: Token) -> str | None:
    if token.sign1 is not None:
        return _COSE.get(token.sign1.algorithm) if token.sign1.algorithm is not None else None
    return _JOSE.get(token.jws.algorithm[:2]) if token.jws is not None else None


def _kind_of(spki: bytes) -> str | None:
    from trueware.signatures.public_key import load_key  # noqa: PLC0415 (start-up time)
    from trueware.signatures.refusal import Refusal  # noqa: PLC0415

    try:
        name = type(load_key(spki)).__name__
    except Refusal:
        return None
    return "RSA" if "RSA" in name.upper() else "OKP" if "Ed" in name else "EC"


def _verifies(token: Token, spki: bytes) -> bool:
    if token.sign1 is not None and token.sign1.payload is not None:
        return token.sign1.verifies(spki, token.sign1.payload)
    if token.jws is None:
        return False
    try:
        jws.verify(token.jws, spki)
    except UntrustedStatement:
        return False
    return True


def _chain(token: Token) -> tuple[bytes, ...]:
    if token.sign1 is not None:
        return token.sign1.certificates
    return token.jws.certificates if token.jws is not None else ()


def _by_chain(token: Token, endorsements: Endorsements, question: Question, place: str) -> Check | None:
    """Return that the chain of a token shows who signed it (check 2); None: it has none that leads to a root at hand."""
    chain = _chain(token)
    if not chain or not endorsements.attestation_roots:
        return None
    from trueware.signatures.certificate import Certificate  # noqa: PLC0415 (start-up time)
    from trueware.signatures.refusal import Refusal  # noqa: PLC0415
    from trueware.signatures.x509 import find_path, name_of  # noqa: PLC0415

    rule = rules.TOKEN_SIGNATURE
    path = find_path(chain, endorsements.attestation_roots)
    if path is None:
        return None
    if not path.since <= question.now <= path.until:
        raise EvidenceRefused(rule.id, "a certificate of the chain is not valid at this time", place)
    if _ANDROID in chain[0]:
        raise EvidenceRefused(rule.id, "a key that Android certified for an app signs no tokens for devices", place)
    try:
        spki = Certificate.parse(chain[0]).spki
    except Refusal as refusal:
        raise EvidenceRefused(rule.id, refusal.detail, place) from None
    if not _verifies(token, spki):
        raise EvidenceRefused(rule.id, "the key of its certificate did not sign it", place)
    return rule.supports(f"signed by {name_of(chain[0])}, whose certificate leads to a root at hand", place)
