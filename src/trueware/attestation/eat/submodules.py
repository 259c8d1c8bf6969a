"""Submodules (RFC 9711 §4.2.18) and detached bundles (§5): claims sets, nested tokens, and digests of what is conveyed beside.

====================  =============================================  ==========================================
 what it is            in CBOR                                        in JSON
====================  =============================================  ==========================================
 claims set            map                                            object
 nested token          tagged, or in a byte string; text for JWT      ``["JWT", text]``, ``["CBOR", base64url]``
 detached digest       ``[algorithm, digest]``                        ``["DIGEST", [algorithm, base64url]]``
 bundle                ``602([token, {+ name => bytes}])``            ``[["JWT", text], {+ name: base64url}]``
====================  =============================================  ==========================================
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import new

from trueware.attestation.eat import checks as rules
from trueware.attestation.eat.claims_set import (
    NAME,
    ClaimsSet,
    from_cbor,
    from_json,
    from_map,
    from_object,
    octets,
    read,
)
from trueware.attestation.eat.token import MAX_BYTES, Token, read_nested, read_token
from trueware.cose.foreign_cbor import Tagged, Value, encode
from trueware.errors import EvidenceRefused, InputError, LimitExceeded, MalformedInput
from trueware.signatures import json_text

BUNDLE = 602
MAX_SUBMODULES = 64
MAX_NESTED = 4
_DIGESTS: Mapping[int | str, str] = {
    -16: "sha256",
    -43: "sha384",
    -44: "sha512",
    **{name: name.replace("-", "").lower() for name in ("SHA-256", "SHA-384", "SHA-512")},
}


@dataclass(frozen=True, slots=True)
class Submodule:
    """One submodule: claims of the token's own signer, a token of somebody else's, or neither at hand."""

    name: str
    claims: ClaimsSet | None = None
    token: Token | None = field(default=None, repr=False)
    fault: str = ""
    """Why neither is there."""


def read_bundle(data: bytes) -> tuple[bytes, dict[str, bytes]] | None:
    """Return the token of a detached bundle and what is conveyed beside it, by name; None: it is no bundle.

    Raises:
        MalformedInput: it begins as one and is none.
        LimitExceeded: too long, too deep, or too many values.
    """
    text = data.strip()
    if len(data) > MAX_BYTES:
        raise LimitExceeded("bytes of a token", MAX_BYTES, f"{len(data)} bytes")
    if text[:1] == b"[":
        return _json_bundle(text)
    if data[:1] != b"\xd9" or int.from_bytes(data[1:3], "big") != BUNDLE:
        return None
    value = read(data)
    parts = value.value if isinstance(value, Tagged) else None
    if not isinstance(parts, tuple) or len(parts) != 2:
        raise MalformedInput(NAME, 0, "a bundle is a token and a map of claims sets")
    main, beside = parts[0], parts[1]
    if not isinstance(beside, dict):
        raise MalformedInput(NAME, 0, "a bundle is a token and a map of claims sets")
    found = {str(key): each for key, each in beside.items() if isinstance(each, bytes)}
    if len(found) != len(beside) or len(found) > MAX_SUBMODULES:
        raise MalformedInput(NAME, 0, "detached claims sets are byte strings, not too many")
    if isinstance(main, str):
        return main.encode(), found
    if isinstance(main, bytes):
        return main, found
    if isinstance(main, Tagged):
        return encode(main), found
    raise MalformedInput(NAME, 0, "the token of a bundle is none")


def _json_bundle(text: bytes) -> tuple[bytes, dict[str, bytes]]:
    value = json_text.read(text, NAME)
    if (
        not isinstance(value, list)
        or len(value) != 2
        or not isinstance(value[0], list)
        or not isinstance(value[1], dict)
    ):
        raise MalformedInput(NAME, 0, "a bundle is a token and an object of claims sets")
    if len(value[1]) > MAX_SUBMODULES:
        raise MalformedInput(NAME, 0, f"{len(value[1])} claims sets beside a token, at most {MAX_SUBMODULES}")
    if len(value[0]) != 2 or not all(isinstance(each, str) for each in (*value[0], *value[1].values())):
        raise MalformedInput(NAME, 0, "the token of a bundle is a kind and a text")
    main = value[0][1].encode() if value[0][0] == "JWT" else octets(value[0][1])
    return main, {key: octets(each) for key, each in value[1].items()}


def open_submodules(given: ClaimsSet, beside: Mapping[str, bytes], place: str = "") -> tuple[Submodule, ...]:
    """Return the submodules of a claims set; what is conveyed beside it must have the digest that stands there.

    Raises:
        EvidenceRefused: it has not.
        MalformedInput: submodules that are no map, or too many.
    """
    found = given.claims.get("submods")
    if found is None:
        return ()
    if not isinstance(found, dict) or len(found) > MAX_SUBMODULES:
        raise MalformedInput(NAME, 0, f"submodules are a map of at most {MAX_SUBMODULES}")
    opened = []
    for key, each in found.items():
        name = "/".join(filter(None, (place, f"submods/{str(key)[:80]}")))
        try:
            opened.append(_opened(name, str(key), each, beside, is_json=given.is_json))
        except EvidenceRefused:
            raise
        except InputError as error:
            opened.append(Submodule(name, fault=str(error)))
    return tuple(opened)


def _opened(name: str, key: str, value: Value, beside: Mapping[str, bytes], *, is_json: bool) -> Submodule:
    if isinstance(value, dict):
        plain = {label: each for label, each in value.items() if isinstance(label, str)}
        return Submodule(name, from_object(_lists(plain)) if is_json else from_map(value))
    if is_json and isinstance(value, tuple) and len(value) == 2:
        kind, inner = value
        if kind == "DIGEST" and isinstance(inner, tuple) and len(inner) == 2 and isinstance(inner[1], str):
            return _detached(name, key, inner[0], octets(inner[1]), beside)
        if kind == "JWT" and isinstance(inner, str):
            return Submodule(name, token=read_token(inner.encode()))
        if kind == "CBOR" and isinstance(inner, str):
            return Submodule(name, token=read_token(octets(inner)))
        return Submodule(name, fault="a submodule of a kind that is not read")
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], bytes):
        return _detached(name, key, value[0], value[1], beside)
    nested = read_token(value.encode()) if isinstance(value, str) else read_nested(value)
    return Submodule(name, token=nested, fault="" if nested is not None else "a submodule of a kind that is not read")


def _detached(name: str, key: str, algorithm: Value, digest: bytes, beside: Mapping[str, bytes]) -> Submodule:
    known = _DIGESTS.get(algorithm) if isinstance(algorithm, int | str) else None
    if known is None:
        return Submodule(name, fault="the digest of something conveyed apart, of an algorithm that is not known")
    content = beside.get(key)
    if content is None:
        return Submodule(name, fault="the digest of something conveyed apart, which is not at hand")
    if new(known, content).digest() != digest:
        raise EvidenceRefused(rules.TOKEN_SUBMODULES.id, "what is conveyed beside the token has another digest", name)
    is_json = content.lstrip()[:1] == b"{"
    return Submodule(name, from_json(content) if is_json else from_cbor(content))


def _lists(value: Mapping[str, Value]) -> dict[str, object]:
    """Return values of JSON with arrays as lists again."""

    def listed(each: Value) -> object:
        if isinstance(each, tuple):
            return [listed(part) for part in each]
        if isinstance(each, dict):
            return {key: listed(part) for key, part in each.items()}
        return each

    return {key: listed(each) for key, each in value.items()}
