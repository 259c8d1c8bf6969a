"""CCA tokens (draft-ffm-rats-cca-token): a platform token, and a realm's, whose key the platform token vouches for.

::

    399({ 44234: platform token, 44241: realm token })                           as first published
    907({ 44234: [263, platform token], 44241: [263, realm token] })             a collection of CMW

The platform token's nonce is the digest of the realm's public key by the algorithm that the realm's claims name; the realm token is
signed by that key (a point of P-384, later a COSE_Key); the challenge that was sent is the realm's. Both forms are confirmed by
public vectors; tag 907 is that of TrustedFirmware's tools. A realm token without a platform token is nobody's word.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import new

from trueware.attestation.eat import checks as rules
from trueware.attestation.eat import psa
from trueware.attestation.eat.claims_set import NAME, read
from trueware.attestation.eat.token import Protection, Token, read_token
from trueware.cose.foreign_cbor import Tagged, Value
from trueware.errors import EvidenceRefused, MalformedInput
from trueware.model.check import Check
from trueware.model.measured import MeasuredValue
from trueware.signatures.published_keys import from_cose_key

TAGS = (399, 907)
PLATFORM, REALM = 44234, 44241
PLATFORM_PROFILES = frozenset({"http://arm.com/CCA-SSD/1.0.0", "tag:arm.com,2023:cca_platform#1.0.0"})
REALM_PROFILES = frozenset({"tag:arm.com,2023:realm#1.0.0", "tag:arm.com,2024:realm#2.0.0"})
_HASHES = {"sha-256": ("sha256", 32), "sha-384": ("sha384", 48), "sha-512": ("sha512", 64)}
_EAT_CWT = (263, "application/eat+cwt", 'application/eat+cwt; eat_profile="tag:arm.com,2023:cca_platform#1.0.0"')
_POINT = 97
_P384 = bytes.fromhex("3076301006072a8648ce3d020106052b81040022036200")


@dataclass(frozen=True, slots=True)
class Collection:
    """Both tokens; nothing about them is proved."""

    platform: Token = field(repr=False)
    realm: Token = field(repr=False)


def is_collection(data: bytes) -> bool:
    """Tell whether bytes begin as a collection does."""
    return data[:1] == b"\xd9" and int.from_bytes(data[1:3], "big") in TAGS


def read_collection(data: bytes) -> Collection:
    """Return both tokens.

    Raises:
        MalformedInput: it is none, or one of them is missing.
        LimitExceeded: too deep, or too many values.
    """
    value = read(data)
    inner = value.value if isinstance(value, Tagged) and value.tag in TAGS else None
    if not isinstance(inner, dict):
        raise MalformedInput(NAME, 0, "a collection is a map with tag 399 or 907")
    return Collection(read_token(_member(inner.get(PLATFORM))), read_token(_member(inner.get(REALM))))


def _member(value: Value) -> bytes:
    if isinstance(value, tuple) and 2 <= len(value) <= 3 and value[0] in _EAT_CWT:
        value = value[1]
    if not isinstance(value, bytes):
        raise MalformedInput(NAME, 0, "a member of the collection is missing, or no token")
    return value


def require_platform(claims: Mapping[str, Value]) -> None:
    """Return if a platform token has what its profile demands.

    Raises:
        EvidenceRefused: it has not.
    """
    psa.require_octets(claims, "eat_nonce", (32, 48, 64))
    psa.require_instance(claims)
    psa.require_octets(claims, "implementation-id", (32,))
    config = claims.get("platform-config")
    if not isinstance(config, bytes) or not config:
        psa.refuse("platform-config is missing, or no bytes")
    psa.state_of(claims)
    if not isinstance(claims.get("platform-hash"), str):
        psa.refuse("the platform's hash algorithm is missing, or no text")
    psa.require_components(claims)
    psa.require_service(claims)
    if "client-id" in claims:
        psa.refuse("a claim of PSA, client-id, in a platform token")


def require_realm(claims: Mapping[str, Value]) -> None:
    """Return if a realm token has what its profile demands.

    Raises:
        EvidenceRefused: it has not.
    """
    profile = claims.get("eat_profile")
    if profile is not None and profile not in REALM_PROFILES:
        psa.refuse("the realm's profile is not known", "realm")
    psa.require_octets(claims, "eat_nonce", (64,))
    psa.require_octets(claims, "personalization-value", (64,))
    psa.require_octets(claims, "initial-measurement", (32, 48, 64))
    extended = claims.get("extensible-measurements")
    if not isinstance(extended, tuple) or len(extended) != 4:
        psa.refuse("four extensible measurements expected", "realm")
    if any(not isinstance(each, bytes) or len(each) not in (32, 48, 64) for each in extended):
        psa.refuse("an extensible measurement of another length than a digest's", "realm")
    if not isinstance(claims.get("realm-hash"), str):
        psa.refuse("the realm's hash algorithm is missing", "realm")
    _hash_of(claims)
    realm_key(claims)


def realm_key(claims: Mapping[str, Value]) -> bytes:
    """Return the realm's public key (DER SubjectPublicKeyInfo).

    Raises:
        EvidenceRefused: it is missing or none.
    """
    found = claims.get("realm-key")
    if not isinstance(found, bytes):
        psa.refuse("the realm's public key is missing", "realm")
    if len(found) == _POINT and found[0] == 4:
        return _P384 + found
    try:
        keys = tuple(from_cose_key(found).values())
    except MalformedInput as error:
        psa.refuse(f"the realm's public key is none ({error.reason})", "realm")
    if len(keys) != 1:
        psa.refuse("the realm's public key is not one", "realm")
    return keys[0]


def check_binding(platform: Token, realm: Token) -> Check:
    """Return that the realm's claims are signed by the key that the platform vouches for.

    Raises:
        EvidenceRefused: they are not.
    """
    key, rule = realm.claims.claims.get("realm-key"), rules.TOKEN_REALM_BINDING
    spki = realm_key(realm.claims.claims)
    name = _hash_of(realm.claims.claims)
    vouched = new(name, key if isinstance(key, bytes) else b"").digest()
    if platform.claims.claims.get("eat_nonce") != vouched:
        raise EvidenceRefused(rule.id, "the platform's challenge is not the digest of the realm's key", "platform")
    message = realm.sign1
    if realm.protection is not Protection.SIGNED or message is None or message.payload is None:
        raise EvidenceRefused(rule.id, "the realm token is not signed", "realm")
    if not message.verifies(spki, message.payload):
        raise EvidenceRefused(rule.id, "the realm's key did not sign the realm token", "realm")
    return rule.supports(f"the platform token holds the {name} of the key that signed the realm token")


def _hash_of(claims: Mapping[str, Value]) -> str:
    named = claims.get("realm-key-hash")
    if not isinstance(named, str) or named not in _HASHES:
        psa.refuse("the hash algorithm of the realm's key is missing or not known", "realm")
    return _HASHES[named][0]


def realm_measurements(claims: Mapping[str, Value]) -> tuple[MeasuredValue, ...]:
    """Return the realm's initial and extensible measurements, those that are not zero."""
    lengths = {32: "sha256", 48: "sha384", 64: "sha512"}
    extended = claims.get("extensible-measurements")
    listed = [("initial-measurement", claims.get("initial-measurement"))]
    listed += [
        (f"extensible-measurements[{n}]", each)
        for n, each in enumerate(extended if isinstance(extended, tuple) else ())
    ]
    return tuple(
        MeasuredValue(name, ((lengths[len(value)], value),), place=f"realm/{name}")
        for name, value in listed
        if isinstance(value, bytes) and len(value) in lengths and any(value)
    )
