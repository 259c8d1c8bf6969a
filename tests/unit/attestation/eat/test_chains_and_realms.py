"""Tokens signed by a certified key, and realms: chains that prove nothing, and claims put beside another platform's."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256, sha384

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from tests.unit.attestation.eat.tokens import DEVICE, GENERAL, NONCE, NOW, OTHER, UEID, signed, spki

from trueware.attestation.contract import Endorsements, Question
from trueware.attestation.eat.verifying import verify_token
from trueware.cose.foreign_cbor import Key, Tagged, Value, encode
from trueware.errors import EvidenceRefused, MalformedInput
from trueware.model.check import Outcome

ROOT = ec.derive_private_key(0x999, ec.SECP256R1())
REALM = ec.derive_private_key(0x5555, ec.SECP384R1())
OTHER_REALM = ec.derive_private_key(0x6666, ec.SECP384R1())
ASKED = Question(NOW, NONCE)
CHALLENGE = bytes(range(64))
THEN = datetime.fromtimestamp(NOW, UTC)
ANDROID = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.1.17"), b"\x30\x00")


def certificate(
    name: str, key: ec.EllipticCurvePrivateKey, *, authority: bool = False, android: bool = False, days: int = 10
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")]))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(THEN - timedelta(days=100))
        .not_valid_after(THEN + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if android:
        builder = builder.add_extension(ANDROID, critical=False)
    return builder.sign(ROOT, hashes.SHA256()).public_bytes(Encoding.DER)


ANCHOR = Endorsements(attestation_roots=(certificate("root", ROOT, authority=True),))


def test_a_chain_that_leads_to_a_root() -> None:
    token = signed(GENERAL, unprotected={33: certificate("device", DEVICE)})
    proved = verify_token(encode(token), ANCHOR, ASKED)
    assert proved.checks[0].outcome is Outcome.SUPPORTS
    assert proved.claims
    elsewhere = Endorsements(attestation_roots=(certificate("other", OTHER, authority=True),))
    unknown = verify_token(encode(token), elsewhere, ASKED)
    assert unknown.checks[0].outcome is Outcome.NOT_SHOWN
    assert not unknown.claims


@pytest.mark.parametrize(
    "leaf",
    [
        certificate("device", DEVICE, days=-1),
        certificate("device", OTHER),
        certificate("device", DEVICE, android=True),
    ],
)
def test_chains_that_prove_nothing(leaf: bytes) -> None:
    with pytest.raises(EvidenceRefused) as caught:
        verify_token(encode(signed(GENERAL, unprotected={33: leaf})), ANCHOR, ASKED)
    assert caught.value.rule == "token-signature"


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def realm_token(key: ec.EllipticCurvePrivateKey, edit: dict[Key, Value] | None = None) -> bytes:
    claims: dict[Key, Value] = {
        10: CHALLENGE,
        44235: bytes(64),
        44236: "sha-256",
        44237: point(REALM),
        44238: b"\x07" * 32,
        44239: (bytes(32),) * 4,
        44240: "sha-256",
        **(edit or {}),
    }
    payload, header = encode(claims), encode({1: -35})
    data = encode(("Signature1", header, b"", payload))
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA384(), deterministic_signing=True)))
    return encode(Tagged(18, (header, {}, payload, r.to_bytes(48, "big") + s.to_bytes(48, "big"))))


def platform_token(challenge: bytes, edit: dict[Key, Value] | None = None) -> bytes:
    claims: dict[Key, Value] = {
        10: challenge,
        256: UEID,
        265: "tag:arm.com,2023:cca_platform#1.0.0",
        2395: 0x3000,
        2396: bytes(32),
        2399: ({1: "RMM", 2: b"\x11" * 32, 5: b"\x22" * 32},),
        2401: b"\xcf",
        2402: "sha-256",
        **(edit or {}),
    }
    return encode(signed(claims))


def verify(platform: bytes, realm: bytes, tag: int = 399) -> list[str]:
    inner: dict[Key, Value] = (
        {44234: platform, 44241: realm} if tag == 399 else {44234: (263, platform), 44241: (263, realm)}
    )
    keys = Endorsements(keys={"cpak": spki(DEVICE)})
    proved = verify_token(encode(Tagged(tag, inner)), keys, Question(NOW, CHALLENGE))
    assert all(each.outcome is not Outcome.CONTRADICTS for each in proved.checks)
    return [each.name for each in proved.measured]


BOUND = sha256(point(REALM)).digest()


@pytest.mark.parametrize("tag", [399, 907])
def test_a_realm_that_its_platform_vouches_for(tag: int) -> None:
    assert verify(platform_token(BOUND), realm_token(REALM), tag) == ["RMM", "initial-measurement"]


@pytest.mark.parametrize(
    ("platform", "realm", "rule"),
    [
        (platform_token(BOUND), realm_token(OTHER_REALM), "token-realm-binding"),
        (platform_token(BOUND), realm_token(OTHER_REALM, {44237: point(OTHER_REALM)}), "token-realm-binding"),
        (platform_token(BOUND), realm_token(REALM, {44240: "sha-512"}), "token-realm-binding"),
        (platform_token(sha384(point(REALM)).digest()), realm_token(REALM), "token-realm-binding"),
        (platform_token(BOUND), realm_token(REALM, {10: bytes(64)}), "token-nonce"),
        (platform_token(BOUND), realm_token(REALM, {10: bytes(32)}), "token-profile"),
        (platform_token(BOUND), realm_token(REALM, {44237: b"\x04" + bytes(95)}), "token-profile"),
        (platform_token(BOUND), realm_token(REALM, {44239: ()}), "token-profile"),
        (platform_token(BOUND), realm_token(REALM, {44240: "md5"}), "token-profile"),
        (platform_token(BOUND, {2401: b""}), realm_token(REALM), "token-profile"),
        (platform_token(BOUND, {265: "http://arm.com/psa/2.0.0"}), realm_token(REALM), "token-profile"),
        (platform_token(BOUND, {2394: 1}), realm_token(REALM), "token-profile"),
    ],
)
def test_realms_beside_platforms_that_do_not_vouch(platform: bytes, realm: bytes, rule: str) -> None:
    with pytest.raises(EvidenceRefused) as caught:
        verify(platform, realm)
    assert caught.value.rule == rule


def test_a_realm_or_a_platform_is_missing() -> None:
    several: tuple[dict[Key, Value], ...] = ({44234: platform_token(BOUND)}, {44241: realm_token(REALM)}, {})
    for inner in several:
        with pytest.raises(MalformedInput):
            verify_token(encode(Tagged(399, inner)), Endorsements(), ASKED)


def test_a_realm_by_itself_is_nobodys_word() -> None:
    proved = verify_token(realm_token(REALM), Endorsements(keys={"rak": spki(REALM)}), Question(NOW, CHALLENGE))
    assert {each.outcome for each in proved.checks} == {Outcome.NOT_SHOWN}
    assert not proved.measured
