"""Claims sets by name, whether they came as CBOR with numbers or as JSON with names (RFC 9711 §4, Appendix D; RFC 8392 §3).

Claims of Arm's profiles have one name here for all their numbers: those of RFC 9783, those of PSA_IOT_PROFILE_1 (-75000 and below)
and those of CCA. One that stands under two of them is refused, because readers would take different ones. JSON of PSA and CCA claims
is that of Veraison's libraries (no standard has it): base64 with filling.
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

from trueware.cose.foreign_cbor import Budget, Value, decode
from trueware.errors import LimitExceeded, MalformedInput
from trueware.signatures import json_text
from trueware.signatures.jws import from_base64url

NAME = "eat"
MAX_CLAIMS = 1024
MAX_DEPTH = 32
MAX_VALUES = 50_000
"""Values of one token; one with a hundred measurements has some thousand."""

_NUMBERS: Mapping[int, str] = {
    **dict(enumerate(("iss", "sub", "aud", "exp", "nbf", "iat", "cti"), 1)),
    10: "eat_nonce",
    **dict(
        enumerate(
            (
                *("ueid", "sueids", "oemid", "hwmodel", "hwversion", "uptime", "oemboot", "dbgstat", "location"),
                *("eat_profile", "submods", "bootcount", "bootseed", "dloas", "swname", "swversion", "manifests"),
                *("measurements", "measres", "intuse"),
            ),
            256,
        )
    ),
    **dict(
        enumerate(
            (
                *("client-id", "lifecycle", "implementation-id", "boot-seed", "certification-reference"),
                *("software-components", "verification-service", "platform-config", "platform-hash"),
            ),
            2394,
        )
    ),
    -75000: "eat_profile",
    -75001: "client-id",
    -75002: "lifecycle",
    -75003: "implementation-id",
    -75004: "boot-seed",
    -75005: "certification-reference",
    -75006: "software-components",
    -75007: "no-software-measurements",
    -75008: "eat_nonce",
    -75009: "ueid",
    -75010: "verification-service",
    44235: "personalization-value",
    44236: "realm-hash",
    44237: "realm-key",
    44238: "initial-measurement",
    44239: "extensible-measurements",
    44240: "realm-key-hash",
}
_SUFFIXES: Mapping[str, str] = {
    "profile": "eat_profile",
    "nonce": "eat_nonce",
    "challenge": "eat_nonce",
    "instance-id": "ueid",
    "security-lifecycle": "lifecycle",
    "hwver": "certification-reference",
    "sw-components": "software-components",
    "no-sw-measurements": "no-software-measurements",
    "verification-service-indicator": "verification-service",
    "service-indicator": "verification-service",
    "config": "platform-config",
    "public-key": "realm-key",
    "public-key-hash-algo-id": "realm-key-hash",
}
_COMPONENT: Mapping[int | str, str] = {
    1: "type",
    2: "value",
    4: "version",
    5: "signer-id",
    6: "description",
    "measurement-type": "type",
    "measurement-value": "value",
    "version": "version",
    "signer-id": "signer-id",
    "measurement-description": "description",
    "measurement-desc": "description",
}
_OCTETS = frozenset(
    {
        *("implementation-id", "boot-seed", "platform-config", "personalization-value", "realm-key"),
        *("initial-measurement", "ueid", "bootseed", "hwmodel", "cti"),
    }
)
_DEBUG = ("enabled", "disabled", "disabled-since-boot", "disabled-permanently", "disabled-fully-and-permanently")
_USES = ("generic", "registration", "provisioning", "csr", "pop")
_ID_TYPES = frozenset({"oemid"})


@dataclass(frozen=True, slots=True)
class ClaimsSet:
    """Claims by name, values as in CBOR; nothing about their forms is checked."""

    claims: Mapping[str, Value]
    unknown: tuple[str, ...]
    """Keys of claims that are not known here."""

    is_json: bool = False


def read(data: bytes) -> Value:
    """Return a value in CBOR, within the ceilings of a token.

    Raises:
        MalformedInput: it is none.
        LimitExceeded: too deep, or too many values.
    """
    return decode(data, NAME, Budget(MAX_VALUES), max_depth=MAX_DEPTH)


def from_cbor(data: bytes) -> ClaimsSet:
    """Return the claims of a map in CBOR.

    Raises:
        MalformedInput: it is none, or has a claim twice.
        LimitExceeded: too deep, or too many values.
    """
    value = read(data)
    if not isinstance(value, dict):
        raise MalformedInput(NAME, 0, "a claims set is a map")
    return from_map(value)


def from_map(value: Mapping[int | str | bytes, Value]) -> ClaimsSet:
    """Return the claims of a map that was read (a submodule within a token).

    Raises:
        MalformedInput: it has a claim twice, or too many.
    """
    if len(value) > MAX_CLAIMS:
        raise MalformedInput(NAME, 0, f"{len(value)} claims, at most {MAX_CLAIMS}")
    found: dict[str, Value] = {}
    unknown = []
    for key, each in value.items():
        name = _NUMBERS.get(key) if isinstance(key, int) else None
        if name is None:
            unknown.append(str(key)[:60])
        elif name in found:
            raise MalformedInput(NAME, 0, f"the claim {name} stands twice, under different keys")
        else:
            found[name] = _components(each) if name == "software-components" else each
    return ClaimsSet(found, tuple(unknown))


def from_json(data: bytes) -> ClaimsSet:
    """Return the claims of an object in JSON.

    Raises:
        MalformedInput: it is none, or has a claim twice, or in no encoding.
    """
    value = json_text.read(data, NAME)
    if not isinstance(value, dict):
        raise MalformedInput(NAME, 0, "a claims set is an object")
    return from_object(value)


def from_object(value: Mapping[str, object]) -> ClaimsSet:
    """Return the claims of an object that was read.

    Raises:
        MalformedInput: as `from_json`.
    """
    if len(value) > MAX_CLAIMS:
        raise MalformedInput(NAME, 0, f"{len(value)} claims, at most {MAX_CLAIMS}")
    known, left = frozenset(_NUMBERS.values()), [MAX_VALUES]
    found: dict[str, Value] = {}
    unknown = []
    for key, each in value.items():
        name = _json_name(key)
        if name not in known:
            unknown.append(key[:60])
        else:
            plain = _json_value(name, _plain(each, left), is_arm=name != key)
            if found.setdefault(name, plain) != plain:  # Veraison's library writes some under two names
                raise MalformedInput(NAME, 0, f"the claim {name} stands twice, under different names")
    return ClaimsSet(found, tuple(unknown), is_json=True)


def _json_name(key: str) -> str:
    if key == "jti":
        return "cti"
    for prefix in ("psa-", "cca-platform-", "cca-realm-", "eat-"):
        if key.startswith(prefix):
            rest = key.removeprefix(prefix)
            if rest == "hash-algo-id":
                return "realm-hash" if prefix == "cca-realm-" else "platform-hash"
            return _SUFFIXES.get(rest, rest)
    return key


def _json_value(name: str, value: Value, *, is_arm: bool) -> Value:
    if name == "dbgstat" and isinstance(value, str) and value in _DEBUG:
        return _DEBUG.index(value)
    if name == "intuse" and isinstance(value, str) and value in _USES:
        return _USES.index(value) + 1
    if name == "sueids" and isinstance(value, dict):
        return {key: octets(each) if isinstance(each, str) else each for key, each in value.items()}
    if name == "software-components":
        return _components(value)
    if name == "extensible-measurements" and isinstance(value, tuple):
        return tuple(octets(each) if isinstance(each, str) else each for each in value)
    if isinstance(value, str) and (name in _OCTETS or name in _ID_TYPES or (name == "eat_nonce" and is_arm)):
        return octets(value)
    return value


def octets(text: str) -> bytes:
    """Return bytes that are written as base64url without filling, or as base64 with it.

    Raises:
        MalformedInput: they are neither.
    """
    if text.endswith("=") or "+" in text or "/" in text:
        try:
            return b64decode(text, validate=True)
        except ValueError:
            raise MalformedInput(NAME, 0, "no base64") from None
    return from_base64url(text.encode("utf-8", "replace"))


def _components(value: Value) -> Value:
    """Return software components by the names of their members; what is none is kept, for the profile to refuse."""
    if not isinstance(value, tuple):
        return value
    found: list[Value] = []
    for each in value:
        if not isinstance(each, dict):
            return value
        named: dict[int | str | bytes, Value] = {}
        for key, member in each.items():
            name = _COMPONENT.get(key) if not isinstance(key, bytes) else None
            if name is None:
                continue
            if name in named:
                raise MalformedInput(NAME, 0, f"{name} of a software component stands twice")
            named[name] = octets(member) if isinstance(member, str) and name in ("value", "signer-id") else member
        found.append(named)
    return tuple(found)


def _plain(value: object, left: list[int], depth: int = 0) -> Value:
    """Return a value of JSON as one of CBOR: arrays as tuples; `left` is how many values may still come."""
    if isinstance(value, list | dict):
        left[0] -= len(value)
        if left[0] < 0 or depth > MAX_DEPTH:
            raise LimitExceeded("values of a token", MAX_VALUES, "in JSON, or nested too deep")
    if isinstance(value, list):
        return tuple(_plain(each, left, depth + 1) for each in value)
    if isinstance(value, dict):
        return {key: _plain(each, left, depth + 1) for key, each in value.items()}
    if value is None or isinstance(value, str | int | float):
        return value
    raise MalformedInput(NAME, 0, "no value of JSON")
