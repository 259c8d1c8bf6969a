"""Attestation results written, as -04 has them: as JSON (claims of a JWT) and as CBOR (claims of a CWT).

A claim that is not known here and whose name is a number has that number as its key in CBOR, as it was read.
"""

from collections.abc import Mapping
from json import dumps
from typing import cast

from trueware.cose import foreign_cbor
from trueware.cose.foreign_cbor import Key, Value
from trueware.exchange.ear.claim_keys import KEYS, VERIFIER_KEYS
from trueware.exchange.ear.model import CLAIMS, PROFILE, Ear, EarAppraisal
from trueware.signatures.jws import to_base64url


def to_json(ear: Ear) -> bytes:
    """Return the claims set of a JWT. Bytes are base64url, as in all of JOSE.

    Raises:
        ValueError: it is of another profile, its evidence has no type, or a number in it is none of JSON's.
    """
    claims = _claims(ear, text=True)
    return dumps(claims, separators=(",", ":"), default=_octets, allow_nan=False).encode()


def to_cbor(ear: Ear) -> bytes:
    """Return the claims set of a CWT, deterministically encoded.

    Raises:
        ValueError: it is of another profile, its evidence has no type, a number in it has more than 64 bits, or a text is no Unicode.
    """
    return foreign_cbor.encode(_numbered(_claims(ear, text=False)))


def _claims(ear: Ear, *, text: bool) -> dict[str, object]:
    if ear.profile != PROFILE or isinstance(ear.raw_evidence, bytes):
        raise ValueError("only results of the profile of -04 are written, with evidence that has a type")
    claims: dict[str, object] = {
        **ear.others,
        "eat_profile": ear.profile,
        "iat": ear.issued,
        "ear_verifier_id": {"developer": ear.verifier.developer, "build": ear.verifier.build},
        "submods": {name: _appraisal(each, text=text) for name, each in ear.submods.items()},
    }
    if ear.status is not None:
        claims["ear_status"] = ear.status.word if text else int(ear.status)
    if ear.expires is not None:
        claims["exp"] = ear.expires
    if ear.nonce is not None:
        claims["eat_nonce"] = ear.nonce
    if ear.raw_evidence is not None:
        claims["ear_raw_evidence"] = list(ear.raw_evidence)
    if ear.topology:
        claims["ear_device_topology"] = {name: list(below) for name, below in ear.topology.items()}
    return claims


def _appraisal(each: EarAppraisal, *, text: bool) -> dict[str, object]:
    claims: dict[str, object] = {**each.others, "ear_status": each.status.word if text else int(each.status)}
    if each.vector:
        claims["ear_trustworthiness_vector"] = dict(each.vector)
    if each.policy_ids:
        claims["ear_appraisal_policy_ids"] = list(each.policy_ids)
    if each.profile is not None:
        claims["eat_profile"] = each.profile
    if each.nonce is not None:
        claims["eat_nonce"] = each.nonce
    if each.attester_claims:
        claims["ear_attester_claims"] = dict(each.attester_claims)
    if each.verifier_claims:
        claims["ear_verifier_claims"] = dict(each.verifier_claims)
    return claims


def _octets(value: object) -> str:
    if isinstance(value, bytes):
        return to_base64url(value).decode()
    raise TypeError(f"no JSON of {type(value).__name__}")


def _numbered(claims: Mapping[str, object]) -> Value:
    """Return claims with their CBOR keys; what is not known keeps its name."""
    out: dict[Key, Value] = {}
    for name, value in claims.items():
        key = KEYS.get(name, _key(name))
        if name == "submods":
            submods = cast("dict[str, dict[str, object]]", value)
            out[key] = {label: _numbered(each) for label, each in submods.items()}
        elif name == "ear_verifier_id":
            out[key] = {VERIFIER_KEYS[each]: said for each, said in cast("dict[str, str]", value).items()}
        elif name == "ear_trustworthiness_vector":
            out[key] = {CLAIMS[claim]: number for claim, number in cast("dict[str, int]", value).items()}
        elif name == "ear_device_topology":
            out[key] = {label: tuple(below) for label, below in cast("dict[str, list[str]]", value).items()}
        else:
            out[key] = _plain(value)
    return out


def _plain(value: object) -> Value:
    if isinstance(value, list):
        return tuple(_plain(each) for each in value)
    if isinstance(value, dict):
        return {_key(key): _plain(each) for key, each in value.items()}
    return cast("Value", value)


def _key(name: str) -> Key:
    """Return the key that a name stands for: the number, if it is how `str` writes one of 64 bits."""
    digits = name.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 19 or str(int(name)) != name:
        return name
    return int(name)
