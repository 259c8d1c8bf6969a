"""Attestation results as JSON and as CBOR: written as -04, read as -04, -03 and the forms before.

Names with an underscore came with -03 (March 2026); before, they had dots and hyphens: ``ear.status``,
``ear.trustworthiness-vector``, ``ear.appraisal-policy-id`` (one, not a list), ``ear.verifier-id``, ``ear.raw-evidence``. CBOR keys
are "suggested" by the draft (§9.1) and stand in one table here. Keys of -04 (1005 to 1007) are those of implementations; no vector
confirms them.

Numbers that must be integers are refused as floats (§3). Names that are not known are kept and mean nothing (§4.1).
"""

from base64 import urlsafe_b64decode
from binascii import Error as BadBase64
from collections.abc import Mapping
from json import dumps
from typing import cast

from trueware.cose import foreign_cbor
from trueware.cose.foreign_cbor import Key, Value
from trueware.errors import MalformedInput
from trueware.exchange.ear.model import CLAIMS, NAME, READ_PROFILES, Ear, EarAppraisal, Json, Status, VerifierId
from trueware.signatures import json_text
from trueware.signatures.jws import to_base64url
from trueware.signatures.refusal import Refusal

MAX_BYTES = 16 << 20
MAX_SUBMODS = 4096

KEYS = {
    "eat_profile": 265,
    "iat": 6,
    "exp": 4,
    "eat_nonce": 10,
    "submods": 266,
    "ear_status": 1000,
    "ear_trustworthiness_vector": 1001,
    "ear_raw_evidence": 1002,
    "ear_appraisal_policy_ids": 1003,
    "ear_verifier_id": 1004,
    "ear_attester_claims": 1005,
    "ear_verifier_claims": 1006,
    "ear_device_topology": 1007,
}
_NAMES = {number: name for name, number in KEYS.items()}
_OLDER = {
    "ear.status": "ear_status",
    "ear.trustworthiness-vector": "ear_trustworthiness_vector",
    "ear.raw-evidence": "ear_raw_evidence",
    "ear.appraisal-policy-id": "ear_appraisal_policy_ids",
    "ear.appraisal-policy-ids": "ear_appraisal_policy_ids",
    "ear.verifier-id": "ear_verifier_id",
}
_WORDS = {status.word: status for status in Status}
_CLAIM_NAMES = {number: name for name, number in CLAIMS.items()}


def to_json(ear: Ear) -> bytes:
    """Return the claims set of a JWT."""
    return dumps(_claims(ear, text=True), separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def to_cbor(ear: Ear) -> bytes:
    """Return the claims set of a CWT, deterministically encoded."""
    return foreign_cbor.encode(_numbered(_claims(ear, text=False), _TOP))


def from_json(data: bytes) -> Ear:
    """Return the result that a claims set in JSON is.

    Raises:
        MalformedInput: it is none.
    """
    if len(data) > MAX_BYTES:
        raise MalformedInput(NAME, 0, f"{len(data)} bytes, {MAX_BYTES} are the most")
    try:
        value = json_text.parse(data)
    except Refusal as refusal:
        raise MalformedInput(NAME, 0, refusal.detail) from None
    return _read(value, text=True)


def from_cbor(data: bytes) -> Ear:
    """Return the result that a claims set in CBOR is.

    Raises:
        MalformedInput: it is none.
    """
    if len(data) > MAX_BYTES:
        raise MalformedInput(NAME, 0, f"{len(data)} bytes, {MAX_BYTES} are the most")
    return _read(_named(foreign_cbor.decode(data, NAME, max_depth=24)), text=False)


# ---- writing ----

_TOP = {"submods", "ear_verifier_id", "ear_trustworthiness_vector"}


def _claims(ear: Ear, *, text: bool) -> dict[str, Json]:
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
        claims["eat_nonce"] = _nonce(ear.nonce, text=text)
    if isinstance(ear.raw_evidence, bytes):
        claims["ear_raw_evidence"] = _octets(ear.raw_evidence, text=text)
    elif ear.raw_evidence is not None:
        claims["ear_raw_evidence"] = [ear.raw_evidence[0], _octets(ear.raw_evidence[1], text=text)]
    if ear.topology:
        claims["ear_device_topology"] = {name: list(below) for name, below in ear.topology.items()}
    return cast("dict[str, Json]", claims)


def _appraisal(each: EarAppraisal, *, text: bool) -> dict[str, object]:
    claims: dict[str, object] = {**each.others, "ear_status": each.status.word if text else int(each.status)}
    if each.vector:
        claims["ear_trustworthiness_vector"] = dict(each.vector)
    if each.policy_ids:
        claims["ear_appraisal_policy_ids"] = list(each.policy_ids)
    if each.profile is not None:
        claims["eat_profile"] = each.profile
    if each.nonce is not None:
        claims["eat_nonce"] = _nonce(each.nonce, text=text)
    if each.attester_claims:
        claims["ear_attester_claims"] = dict(each.attester_claims)
    if each.verifier_claims:
        claims["ear_verifier_claims"] = dict(each.verifier_claims)
    return claims


def _octets(data: bytes, *, text: bool) -> str | bytes:
    return to_base64url(data).decode() if text else data


def _nonce(nonce: bytes | str, *, text: bool) -> str | bytes:
    """Return a nonce: bytes in CBOR; in JSON text of 8 to 88 characters (RFC 9711 §4.1), for which base64url is taken."""
    return nonce if isinstance(nonce, str) else _octets(nonce, text=text)


def _numbered(claims: Mapping[str, object], maps: set[str]) -> Value:
    """Return claims with their CBOR keys; what is not known keeps its name."""
    out: dict[Key, Value] = {}
    for name, value in claims.items():
        key: Key = KEYS.get(name, name)
        if name == "submods":
            submods = cast("dict[str, dict[str, object]]", value)
            out[key] = {label: _numbered(each, maps) for label, each in submods.items()}
        elif name == "ear_verifier_id":
            ids = cast("dict[str, str]", value)
            out[key] = {0: ids["developer"], 1: ids["build"]}
        elif name == "ear_trustworthiness_vector":
            out[key] = {CLAIMS[claim]: number for claim, number in cast("dict[str, int]", value).items()}
        else:
            out[key] = _plain(value)
    return out


def _plain(value: object) -> Value:
    if isinstance(value, list):
        return tuple(_plain(each) for each in value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return cast("Value", value)


# ---- reading ----


def _named(value: Value) -> Json:
    """Return claims in CBOR under the names that JSON has for them."""
    if not isinstance(value, Mapping):
        raise MalformedInput(NAME, 0, "the claims are no map")
    out: dict[str, Json] = {}
    for key, each in value.items():
        name = _NAMES.get(key, str(key)) if isinstance(key, int) else key if isinstance(key, str) else key.hex()
        if name == "submods" and isinstance(each, Mapping):
            out[name] = {str(label): _named(submod) for label, submod in each.items()}
        elif name == "ear_verifier_id" and isinstance(each, Mapping):
            out[name] = {{0: "developer", 1: "build"}.get(k, str(k)): _json(v) for k, v in each.items()}  # type: ignore[arg-type]
        elif name == "ear_trustworthiness_vector" and isinstance(each, Mapping):
            out[name] = {_CLAIM_NAMES.get(k, str(k)): _json(v) for k, v in each.items()}  # type: ignore[arg-type]
        else:
            out[name] = _json(each)
    return out


def _json(value: Value) -> Json:
    """Return a value as JSON would have it; byte strings stay what they are, for who knows that they are bytes."""
    if isinstance(value, foreign_cbor.Tagged):
        return _json(value.value)
    if isinstance(value, tuple):
        return [_json(each) for each in value]
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(key): _json(each) for key, each in value.items()}
    return cast("Json", value)


def _read(value: object, *, text: bool) -> Ear:
    claims = _renamed(value)
    profile = claims.pop("eat_profile", None)
    if not isinstance(profile, str) or profile not in READ_PROFILES:
        raise MalformedInput(NAME, 0, f"profile {str(profile)[:80]!r} is none of an attestation result")
    submods = claims.pop("submods", None)
    if not isinstance(submods, dict) or not submods or len(submods) > MAX_SUBMODS:
        raise MalformedInput(NAME, 0, f"1 to {MAX_SUBMODS} submodules are needed")
    issued = _integer(claims, "iat")
    if issued is None:
        raise MalformedInput(NAME, 0, "when it was issued is missing")
    topology = claims.pop("ear_device_topology", None)
    return Ear(
        issued=issued,
        verifier=_verifier(claims.pop("ear_verifier_id", None)),
        submods={name: _submod(each, text=text) for name, each in submods.items()},
        status=_status(claims.pop("ear_status"), text=text) if "ear_status" in claims else None,
        expires=_integer(claims, "exp"),
        nonce=_read_nonce(claims.pop("eat_nonce", None)),
        raw_evidence=_evidence(claims.pop("ear_raw_evidence", None), text=text),
        topology=_topology(topology),
        profile=profile,
        others=cast("dict[str, Json]", claims),
    )


def _renamed(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise MalformedInput(NAME, 0, "the claims are no object")
    renamed = {_OLDER.get(str(name), str(name)): each for name, each in value.items()}
    if len(renamed) != len(value):
        raise MalformedInput(NAME, 0, "a claim stands twice, under its old name and its new one")
    return renamed


def _submod(value: object, *, text: bool) -> EarAppraisal:
    claims = _renamed(value)
    if "ear_status" not in claims:
        raise MalformedInput(NAME, 0, "a submodule without status")
    vector = claims.pop("ear_trustworthiness_vector", {})
    if not isinstance(vector, dict) or any(isinstance(v, bool) or not isinstance(v, int) for v in vector.values()):
        raise MalformedInput(NAME, 0, "a trustworthiness vector has integers")
    policies = claims.pop("ear_appraisal_policy_ids", [])
    policies = [policies] if isinstance(policies, str) else policies
    if not isinstance(policies, list) or not all(isinstance(each, str) for each in policies):
        raise MalformedInput(NAME, 0, "ids of policies are text")
    profile = claims.pop("eat_profile", None)
    return EarAppraisal(
        status=_status(claims.pop("ear_status"), text=text),
        vector=vector,
        policy_ids=tuple(policies),
        profile=profile if isinstance(profile, str) else None,
        nonce=_read_nonce(claims.pop("eat_nonce", None)),
        attester_claims=_object(claims, "ear_attester_claims"),
        verifier_claims=_object(claims, "ear_verifier_claims"),
        others=cast("dict[str, Json]", claims),
    )


def _status(value: object, *, text: bool) -> Status:
    if text and isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    if not isinstance(value, bool) and isinstance(value, int) and value in list(Status):
        return Status(value)
    raise MalformedInput(NAME, 0, f"no status {str(value)[:40]!r}")


def _integer(claims: dict[str, object], name: str) -> int | None:
    value = claims.pop(name, None)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise MalformedInput(NAME, 0, f"{name} is no integer")
    return value


def _verifier(value: object) -> VerifierId:
    developer, build = (value.get("developer"), value.get("build")) if isinstance(value, dict) else (None, None)
    if not isinstance(developer, str) or not isinstance(build, str):
        raise MalformedInput(NAME, 0, "who appraised is missing: developer and build")
    return VerifierId(developer, build)


def _read_nonce(value: object) -> bytes | str | None:
    if value is None or isinstance(value, bytes | str):
        return value
    raise MalformedInput(NAME, 0, "a nonce is bytes, or text")


def _evidence(value: object, *, text: bool) -> bytes | tuple[str, bytes] | None:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, list) and len(value) >= 2 and isinstance(value[0], str):
        inner = _evidence(value[1], text=text)
        if isinstance(inner, bytes):
            return value[0], inner
    if text and isinstance(value, str):
        try:
            return urlsafe_b64decode(value.encode() + b"=" * (-len(value) % 4))
        except (BadBase64, ValueError):
            raise MalformedInput(NAME, 0, "raw evidence that is no base64url") from None
    raise MalformedInput(NAME, 0, "raw evidence is bytes, or a media type with bytes")


def _object(claims: dict[str, object], name: str) -> dict[str, Json]:
    value = claims.pop(name, {})
    if not isinstance(value, dict):
        raise MalformedInput(NAME, 0, f"{name} is no object")
    return value


def _topology(value: object) -> dict[str, tuple[str, ...]]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(each, list) for each in value.values()):
        raise MalformedInput(NAME, 0, "a topology maps labels to lists of labels")
    return {name: tuple(str(each) for each in below) for name, below in value.items()}
