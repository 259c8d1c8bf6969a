"""Attestation results read, from JSON and from CBOR: -04, -03 and the forms before.

Numbers that must be integers are refused as floats (§3). Claims that are not known are kept and mean nothing (§4.1). What two readers
could take differently is refused: a claim that stands twice (under an old name and a new one, under its key and its name, as number
and as text), and in CBOR a claim under the name that only JSON has for it.
"""

from collections.abc import Mapping
from math import isfinite
from typing import cast

from trueware.cose import foreign_cbor
from trueware.cose.foreign_cbor import Budget, Value
from trueware.errors import LimitExceeded, MalformedInput
from trueware.exchange.ear.claim_keys import KEYS, MAX_BYTES, MAX_DEPTH, MAX_VALUES, NAMES, OLDER, VERIFIER_KEYS
from trueware.exchange.ear.model import CLAIMS, NAME, READ_PROFILES, Ear, EarAppraisal, Json, Status, VerifierId
from trueware.signatures import json_text
from trueware.signatures.jws import from_base64url
from trueware.signatures.refusal import Refusal

_WORDS = {status.word: status for status in Status}
_CLAIM_NAMES = {number: name for name, number in CLAIMS.items()}
_VERIFIER_NAMES = {number: name for name, number in VERIFIER_KEYS.items()}


def from_json(data: bytes) -> Ear:
    """Return the result that a claims set in JSON is.

    Raises:
        MalformedInput: it is none.
        LimitExceeded: it is too long, too deep, or has too many values.
    """
    _require_length(data)
    if data.count(b",") > 2 * MAX_VALUES:  # each value but one has a comma before it; told before they are made
        raise LimitExceeded("values of an attestation result", MAX_VALUES, "before they were read")
    try:
        text = data.decode()  # RFC 8259 §8.1: nothing but UTF-8
        value = json_text.parse(data) if "\0" not in text[:4] else None
    except UnicodeDecodeError:
        raise MalformedInput(NAME, 0, "the claims are no UTF-8") from None
    except Refusal as refusal:
        raise MalformedInput(NAME, 0, refusal.detail) from None
    _require_bounded(value)
    return _read(value, text=True)


def from_cbor(data: bytes) -> Ear:
    """Return the result that a claims set in CBOR is.

    Raises:
        MalformedInput: it is none.
        LimitExceeded: it is too long, too deep, or has too many values.
    """
    _require_length(data)
    value = foreign_cbor.decode(data, NAME, Budget(MAX_VALUES), max_depth=MAX_DEPTH)
    return _read(_named(value, NAMES), text=False)


def _require_length(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise LimitExceeded("bytes of an attestation result", MAX_BYTES, f"{len(data)} bytes")


def _require_bounded(value: object) -> None:
    """Refuse JSON with too many values, too deep, or with numbers that JSON has not (NaN), which Python reads."""
    left, stack = MAX_VALUES, [(value, 0)]
    while stack:
        each, depth = stack.pop()
        if isinstance(each, float) and not isfinite(each):
            raise MalformedInput(NAME, 0, "a number that is none")
        if not isinstance(each, dict | list):
            continue
        left -= len(each)
        if depth >= MAX_DEPTH or left < 0:
            raise LimitExceeded("depth or values of an attestation result", MAX_VALUES, f"at depth {depth}")
        stack += [(inner, depth + 1) for inner in (each.values() if isinstance(each, dict) else each)]


# ---- CBOR under the names of JSON ----


def _named(value: Value, names: Mapping[int, str]) -> Json:
    """Return claims in CBOR under the names that JSON has for them."""
    if not isinstance(value, Mapping):
        raise MalformedInput(NAME, 0, "the claims are no map")
    out: dict[str, Json] = {}
    for key, each in value.items():
        if isinstance(key, bytes) or key in KEYS or key in OLDER:
            raise MalformedInput(NAME, 0, f"a claim in CBOR under {str(key)[:40]!r}")
        name = names.get(key, str(key)) if isinstance(key, int) else key
        if name in out:
            raise MalformedInput(NAME, 0, f"claim {name[:40]!r} stands twice")
        if name == "submods" and isinstance(each, Mapping):
            if not all(isinstance(label, str) for label in each):
                raise MalformedInput(NAME, 0, "a label that is no text")
            out[name] = {cast("str", label): _named(submod, names) for label, submod in each.items()}
        elif name == "ear_verifier_id":
            out[name] = _json(each, _VERIFIER_NAMES)
        elif name == "ear_trustworthiness_vector":
            out[name] = _json(each, _CLAIM_NAMES)
        else:
            out[name] = _json(each)
    return out


def _json(value: Value, names: Mapping[int, str] | None = None) -> Json:
    """Return a value as JSON would have it; byte strings stay what they are, for who knows that they are bytes."""
    if isinstance(value, foreign_cbor.Tagged):
        return _json(value.value, names)
    if isinstance(value, tuple):
        return [_json(each) for each in value]
    if isinstance(value, Mapping):
        named = {_name(key, names): _json(each) for key, each in value.items()}
        if len(named) != len(value):
            raise MalformedInput(NAME, 0, "a key stands twice, as number and as text")
        return named
    if isinstance(value, float) and not isfinite(value):
        raise MalformedInput(NAME, 0, "a number that is none")
    return cast("Json", value)


def _name(key: foreign_cbor.Key, names: Mapping[int, str] | None) -> str:
    if isinstance(key, int):
        return names.get(key, str(key)) if names else str(key)
    if isinstance(key, bytes) or (names and key in names.values()):
        raise MalformedInput(NAME, 0, f"a key in CBOR of {str(key)[:40]!r}")
    return key


# ---- claims ----


def _read(value: object, *, text: bool) -> Ear:
    claims = _renamed(value)
    profile = claims.pop("eat_profile", None)
    if not isinstance(profile, str) or profile not in READ_PROFILES:
        raise MalformedInput(NAME, 0, f"profile {str(profile)[:80]!r} is none of an attestation result")
    submods = claims.pop("submods", None)
    if not isinstance(submods, dict) or not submods:
        raise MalformedInput(NAME, 0, "a result is about one submodule at least")
    issued = _integer(claims, "iat")
    if issued is None:
        raise MalformedInput(NAME, 0, "when it was issued is missing")
    return Ear(
        issued=issued,
        verifier=_verifier(claims.pop("ear_verifier_id", None)),
        submods={name: _submod(each, text=text) for name, each in submods.items()},
        status=_status(claims.pop("ear_status"), text=text) if "ear_status" in claims else None,
        expires=_integer(claims, "exp"),
        nonce=_nonce(claims),
        raw_evidence=_evidence(claims.pop("ear_raw_evidence"), text=text) if "ear_raw_evidence" in claims else None,
        topology=_topology(claims.pop("ear_device_topology")) if "ear_device_topology" in claims else {},
        profile=profile,
        others=cast("dict[str, Json]", claims),
    )


def _renamed(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise MalformedInput(NAME, 0, "the claims are no object")
    renamed: dict[str, object] = {OLDER.get(str(name), str(name)): each for name, each in value.items()}
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
    profile = claims.pop("eat_profile", None)
    if profile is not None and not isinstance(profile, str | bytes):
        raise MalformedInput(NAME, 0, "a profile is a URI or an object identifier")
    return EarAppraisal(
        status=_status(claims.pop("ear_status"), text=text),
        vector=vector,
        policy_ids=_policies(claims.pop("ear_appraisal_policy_ids")) if "ear_appraisal_policy_ids" in claims else (),
        profile=profile,
        nonce=_nonce(claims),
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
    if name not in claims:
        return None
    value = claims.pop(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise MalformedInput(NAME, 0, f"{name} is no integer")
    return value


def _policies(value: object) -> tuple[str, ...]:
    policies = [value] if isinstance(value, str) else value
    if not isinstance(policies, list) or not policies or not all(isinstance(each, str) for each in policies):
        raise MalformedInput(NAME, 0, "ids of policies are texts, one at least")
    return tuple(policies)


def _verifier(value: object) -> VerifierId:
    developer, build = (value.get("developer"), value.get("build")) if isinstance(value, dict) else (None, None)
    if not isinstance(developer, str) or not isinstance(build, str):
        raise MalformedInput(NAME, 0, "who appraised is missing: developer and build")
    return VerifierId(developer, build)


def _nonce(claims: dict[str, object]) -> bytes | str | None:
    if "eat_nonce" not in claims:
        return None
    value = claims.pop("eat_nonce")
    if isinstance(value, bytes | str):
        return value
    raise MalformedInput(NAME, 0, "a nonce is bytes, or text")


def _evidence(value: object, *, text: bool) -> bytes | tuple[str | int, bytes]:
    """Return raw evidence: bytes, or a CMW record of type, bytes and perhaps what kind of message it is (RFC 9999)."""
    if isinstance(value, list) and len(value) in (2, 3):
        kind, inner = value[0], value[1]
        if isinstance(kind, str | int) and not isinstance(kind, bool) and isinstance(inner, str if text else bytes):
            return kind, _octets(inner)
    elif isinstance(value, str if text else bytes):
        return _octets(value)
    raise MalformedInput(NAME, 0, "raw evidence is bytes, or a type with bytes")


def _octets(value: str | bytes) -> bytes:
    return from_base64url(value.rstrip("=").encode()) if isinstance(value, str) else value


def _object(claims: dict[str, object], name: str) -> dict[str, Json]:
    value = claims.pop(name, {})
    if not isinstance(value, dict):
        raise MalformedInput(NAME, 0, f"{name} is no object")
    return value


def _topology(value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict) or not value or not all(isinstance(each, list) for each in value.values()):
        raise MalformedInput(NAME, 0, "a topology maps labels to lists of labels")
    if not all(isinstance(label, str) for below in value.values() for label in below):
        raise MalformedInput(NAME, 0, "a label that is no text")
    return {name: tuple(below) for name, below in value.items()}
