"""SUIT: the examples of the drafts, and envelopes of other keys, algorithms and contents, made with cbor2 and pyca."""

from hashlib import sha256
from pathlib import Path

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.unit.signatures.sites import signatures_in
from tests.unit.signatures.suit_key import KEYS

from trueware.model.signature import Outcome, Signature
from trueware.signatures.contract import Key
from trueware.signatures.x509 import spki_id

VECTORS = Path(__file__).resolve().parents[2] / "vectors/suit"
CASES = {name: (VECTORS / name / "input.bin").read_bytes() for name in ("boot", "integrated")}
Private = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
PRIVATE: dict[int, Private] = {
    -7: ec.generate_private_key(ec.SECP256R1()),
    -35: ec.generate_private_key(ec.SECP384R1()),
    -8: ed25519.Ed25519PrivateKey.generate(),
    -37: rsa.generate_private_key(65537, 2048),
}
PAYLOADS = {"#one": b"one payload", "#two": b"another payload"}


def found(data: bytes, keys: tuple[Key, ...] = KEYS) -> list[Signature]:
    return [each for each in signatures_in({"a.suit": data}, keys) if each.scheme == "suit"]


def valid(data: bytes, keys: tuple[Key, ...] = KEYS) -> list[Signature]:
    return [each for each in found(data, keys) if each.outcome is Outcome.VALID]


def key_of(algorithm: int) -> tuple[Key, ...]:
    spki = PRIVATE[algorithm].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return (Key("spki", spki_id(spki), spki),)


def sign(algorithm: int, signed: bytes) -> bytes:
    key = PRIVATE[algorithm]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = key.key_size // 8
        pair = decode_dss_signature(key.sign(signed, ec.ECDSA(SHA256() if algorithm == -7 else SHA384())))
        return b"".join(number.to_bytes(size, "big") for number in pair)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(signed, padding.PSS(padding.MGF1(SHA256()), 32), SHA256())
    return key.sign(signed)


def digest(data: bytes) -> list[object]:
    return [-16, sha256(data).digest()]


def envelope(
    algorithm: int = -7,
    *,
    stated: bytes = PAYLOADS["#one"],
    severed: bytes | None = None,
    tag: int = 18,
    **more: object,
) -> bytes:
    """Return an envelope with a payload; `severed` is put in place of the installation that was severed."""
    install = cbor2.dumps([15, [cbor2.dumps([20, {3: cbor2.dumps(digest(stated)), 21: "#one"}, 21, 15])]])
    common = cbor2.dumps({2: [[b"\0"]], 4: cbor2.dumps([1, 15])})
    manifest = {1: 1, 2: 7, 3: common, 20: install if severed is None else digest(cbor2.dumps(install))}
    encoded = cbor2.dumps(manifest)
    stated_digest = cbor2.dumps(digest(cbor2.dumps(encoded)))
    protected = cbor2.dumps(more.get("protected", {1: algorithm}))
    signature = sign(algorithm, cbor2.dumps(["Signature1", protected, b"", stated_digest]))
    cose = cbor2.CBORTag(tag, [protected, more.get("unprotected", {}), None, signature])
    members = {2: cbor2.dumps([stated_digest, cbor2.dumps(cose)]), 3: encoded}
    if severed is not None:
        members[20] = severed or install
    return cbor2.dumps(cbor2.CBORTag(107, {**members, "#one": PAYLOADS["#one"]}))


@pytest.mark.parametrize("case", CASES)
def test_examples_of_the_drafts(case: str) -> None:
    """Valid, and whole; by another key, and none, it cannot be told."""
    (signature,) = found(CASES[case])

    assert signature.outcome is Outcome.VALID
    assert signature.coverage.whole
    assert len(signature.coverage.digests) == 1
    assert [each.outcome for each in found(CASES[case], ())] == [Outcome.UNCHECKABLE]
    assert [each.outcome for each in found(CASES[case], key_of(-7))] == [Outcome.UNCHECKABLE]


@pytest.mark.parametrize("algorithm", PRIVATE)
def test_algorithms(algorithm: int) -> None:
    """Each by its own kind of key."""
    (signature,) = found(envelope(algorithm), key_of(algorithm))

    assert signature.outcome is Outcome.VALID, signature.detail
    assert signature.coverage.whole
    assert dict(signature.statements) == {"sequence-number": "7"}
    for other in PRIVATE.keys() - {algorithm}:
        assert not valid(envelope(algorithm), key_of(other))


def test_a_payload_that_the_manifest_does_not_state() -> None:
    """It is named, and the envelope is not covered as a whole."""
    (signature,) = valid(envelope(stated=b"something else"), key_of(-7))

    assert not signature.coverage.whole
    assert signature.coverage.excludes == ("payload-2, whose digest or name the manifest does not state",)


def test_severed_parts() -> None:
    """Covered where they are those of the manifest's digest; what they state counts then only."""
    (same,) = valid(envelope(severed=b""), key_of(-7))
    assert same.coverage.whole
    (other,) = valid(envelope(severed=cbor2.dumps([20, {3: cbor2.dumps(digest(PAYLOADS["#one"]))}])), key_of(-7))
    assert not other.coverage.whole
    assert not other.coverage.digests


def test_a_payload_by_a_name_that_the_manifest_does_not_fetch() -> None:
    """Names are not signed."""
    (signature,) = valid(CASES["integrated"].replace(b"\x63#tcT", b"\x63#tdT"))
    assert not signature.coverage.whole


@pytest.mark.parametrize(
    "more",
    [
        {"tag": 17},
        {"protected": {}},
        {"protected": {1: -7, 2: [99]}},
        {"unprotected": {1: -7}},
        {"protected": {1: -35}},
        {"protected": {1: 5}},
    ],
)
def test_what_is_not_checkable(more: dict[str, object]) -> None:
    """Other COSE objects, algorithms that do not fit or are not protected, critical headers."""
    assert [each.outcome for each in found(envelope(**more), key_of(-7))] == [Outcome.UNCHECKABLE]  # type: ignore[arg-type]


@pytest.mark.parametrize("case", CASES)
def test_no_flipped_byte_stays_covered(case: str) -> None:
    """Of the whole envelope none, but the tag and number of the signature's kind."""
    data = CASES[case]
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        for each in valid(bytes(changed)):
            assert not each.coverage.whole, place
            assert place == 2 or place >= data.index(b"\x63#tc"), place  # 2: how many members there are
    for end in range(len(data)):
        assert not valid(data[:end]), end
