"""COSE_Sign1 against the published examples, and its refusals."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trueware.cose import cbor, sign1
from trueware.errors import InputError, MalformedInput, UntrustedStatement

CURVES: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}

# RFC 9052 appendix C.2.1 as the COSE working group's examples have it (sign1-tests/sign-pass-02), key "11"
X, Y = "usWxHK2PmfnHKwXPS54m0kTcGJ90UiglWiGahtagnv8", "IBOL-C3BttVivg-lSreASjpkttcsz-1rb7btKLv8EX4"
PASS_02 = bytes.fromhex(
    "D28443A10126A10442313154546869732069732074686520636F6E74656E742E584010729CD711CB3813D8D8E944A8DA7111E7B258C9BDCA6135F7AE"
    "1ADBEE9509891267837E1E33BD36C150326AE62755C6BD8E540C3E8F92D7D225E8DB72B8820B"
)
EXTERNAL = bytes.fromhex("11aa22bb33cc44dd55006699")


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


def _spki(key: Any) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[no-any-return]


def _ec_spki(curve: str, x: str, y: str) -> bytes:
    return _spki(ec.EllipticCurvePublicNumbers(_number(x), _number(y), CURVES[curve]).public_key())


KEY_11 = _ec_spki("P-256", X, Y)


def _message(protected: object, unprotected: object = None, payload: object = b"x", signature: object = b"") -> bytes:
    header = cbor.encode(protected) if not isinstance(protected, bytes) else protected
    return b"\xd2" + cbor.encode([header, {} if unprotected is None else unprotected, payload, signature])


def test_published_example_verifies() -> None:
    """The RFC's own example with external data is accepted and gives its payload."""
    message = sign1.parse(PASS_02)
    sign1.check(message, KEY_11, EXTERNAL)

    assert message.payload == b"This is the content."


@pytest.mark.parametrize("at", range(len(PASS_02)))
def test_no_altered_byte_of_the_example_verifies(at: int) -> None:
    """Every byte matters: the example with any one altered is refused, but for the unsigned header."""
    altered = bytearray(PASS_02)
    altered[at] ^= 0x01
    if at in (7, 9, 10):  # label and value of the unprotected kid, which nothing covers: statements refuse such headers
        sign1.check(sign1.parse(bytes(altered)), KEY_11, EXTERNAL)
        return

    with pytest.raises(InputError):
        sign1.check(sign1.parse(bytes(altered)), KEY_11, EXTERNAL)


@pytest.mark.parametrize(
    "key",
    [
        Ed25519PrivateKey.from_private_bytes(bytes(32)),
        *(ec.derive_private_key(7, CURVES[c]) for c in ("P-256", "P-384")),
    ],
    ids=["ed25519", "p256", "p384"],
)
def test_what_is_signed_verifies_and_is_deterministic(key: sign1.PrivateKey) -> None:
    """A signature verifies under its own key, and signing again gives the same bytes."""
    signed = sign1.sign({3: "text/plain"}, b"payload", key)
    message = sign1.parse(signed)
    sign1.check(message, _spki(key.public_key()))

    assert message.payload == b"payload"
    assert sign1.sign({3: "text/plain"}, b"payload", key) == signed


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        (sign1.ES256, Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()),
        (sign1.EDDSA, ec.derive_private_key(7, ec.SECP256R1()).public_key()),
        (sign1.ES256, ec.derive_private_key(7, ec.SECP384R1()).public_key()),
        (sign1.ES384, ec.derive_private_key(7, ec.SECP256R1()).public_key()),
        (sign1.ES256, ec.derive_private_key(7, ec.SECP256K1()).public_key()),
        (None, ec.derive_private_key(7, ec.SECP521R1()).public_key()),
        (sign1.EDDSA, ed448.Ed448PrivateKey.from_private_bytes(bytes(57)).public_key()),
    ],
)
def test_algorithm_of_another_key_is_refused(algorithm: int | None, key: Any) -> None:
    """The header cannot talk a key into an algorithm or curve that is not its own."""
    message = sign1.parse(_message({1: algorithm}, signature=bytes(64)))

    with pytest.raises(UntrustedStatement, match="not one for this key"):
        sign1.check(message, _spki(key))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "tag 18"),
        (PASS_02[1:], "tag 18"),
        (b"\xd1" + PASS_02[1:], "tag 18"),
        (PASS_02 + b"\0", "bytes follow"),
        (PASS_02[:-1], "not acceptable"),
        (b"\xd2\x83" + PASS_02[2:], "array of four|bytes follow"),
        (_message({1: -7}, {1: -7}), "both headers"),
        (_message({1: -7, 2: [99]}), "critical"),
        (_message({1: -7}, {2: [1]}), "critical"),
        (_message([1, -7]), "maps"),
        (_message(bytes.fromhex("a201260126")), "not acceptable"),
        (_message(bytes.fromhex("a119000126")), "deterministic"),
        (_message(bytes.fromhex("bf0126ff")), "not acceptable"),
        (_message(bytes.fromhex("a10126") + b"\0"), "bytes follow"),
        (_message({1: -7}, payload=None), "byte strings"),
        (_message({1: -7}, payload=1.5), "type float"),
        (_message({1: -7}, payload=[[[[[[[[[[[]]]]]]]]]]]), "not acceptable"),
        (b"\xd2\x84\x40\xa0\x40\xd8\x23\x61\x28", "not acceptable"),
        (b"\xd2\x9b\xff\xff\xff\xff\xff\xff\xff\xff", "not acceptable"),
        (b"\xd2\x81\xd8\x1c\x81\xd8\x1d\x00", "not acceptable"),
    ],
)
def test_malformed_message_is_refused(data: bytes, reason: str) -> None:
    """Everything that is not a COSE_Sign1 in its one encoding is refused, with the reason."""
    with pytest.raises(MalformedInput, match=reason):
        sign1.parse(data)


def test_signature_of_another_length_is_refused() -> None:
    """ECDSA signatures are r and s at full width (RFC 9053 §2.1), not ASN.1 and not shortened."""
    message = sign1.parse(_message({1: -7}, signature=bytes(63)))

    with pytest.raises(UntrustedStatement, match="63 bytes, expected 64"):
        sign1.check(message, KEY_11)


def test_key_that_is_none_is_refused() -> None:
    """Bytes that are no key refuse the statement instead of crashing."""
    with pytest.raises(UntrustedStatement, match="cannot be read"):
        sign1.check(sign1.parse(PASS_02), b"\x30\x03key", EXTERNAL)


def _vectors(corpus: Path) -> list[Path]:
    folders = (
        "mobile/cose-examples/open",
        "attest/public/cose-wg__Examples/open",
        "attest/public/veraison__go-cose/open/testdata",
    )
    found = [path for folder in folders for path in sorted((corpus / folder).rglob("*.json"))]
    return [path for path in found if "sign1::" in path.read_text() or "sign0" in path.read_text()]


@pytest.mark.corpus
def test_corpus_vectors(corpus: Path) -> None:
    """Of the public COSE_Sign1 vectors, those that must fail do, and those within our profile pass."""
    outcomes = {path.name: _outcome(json.loads(path.read_text())) for path in _vectors(corpus)}
    outcomes = {name: outcome for name, outcome in outcomes.items() if outcome}

    assert {name for name, outcome in outcomes.items() if outcome == "accepts a forgery"} == set()
    assert {name for name, outcome in outcomes.items() if outcome == "refuses"} == NARROWER
    assert sum(outcome == "right" for outcome in outcomes.values()) >= 10


NARROWER = {
    "eddsa-examples__eddsa-sig-02.json",
    "eddsa-sig-02.json",  # Ed448
    "ecdsa-examples__ecdsa-sig-03.json",
    "ecdsa-sig-03.json",  # ES512
    "ecdsa-examples__ecdsa-sig-04.json",  # ES512 with P-256
    "sign1-tests__sign-pass-01.json",  # the algorithm unprotected
    "sign1-tests__sign-pass-03.json",
    "sign-pass-03.json",  # untagged
}


@pytest.mark.corpus
def test_what_is_signed_is_what_others_sign(corpus: Path) -> None:
    """The bytes a signature covers are those that both public sets of vectors state, for each of their messages."""
    compared = 0
    for path in _vectors(corpus):
        vector = json.loads(path.read_text())
        stated = vector.get("intermediates", {}).get("ToBeSign_hex") or vector.get("sign1::sign", {}).get(
            "tbsHex", {}
        ).get("cborHex")
        data = vector.get("output", {}).get("cbor") or vector.get("sign1::sign", {}).get("expectedOutput", {}).get(
            "cborHex"
        )
        case = vector.get("sign1::sign") or vector.get("input", {}).get("sign0", {})
        if not stated or not data.upper().startswith("D284") or vector.get("fail"):
            continue
        message = sign1.parse(bytes.fromhex(data))
        if not message.protected:  # covered as an empty string, not as an empty map; we never accept one
            continue
        ours = sign1.to_be_signed(message.signed_header, message.payload, bytes.fromhex(case.get("external", "")))
        compared += 1

        assert (path.name, ours.hex()) == (path.name, stated.lower())
    assert compared >= 10


def _outcome(vector: dict[str, Any]) -> str:
    if "sign1::verify" in vector:
        case = vector["sign1::verify"]
        data, must = case["taggedCOSESign1"]["cborHex"], case["shouldVerify"]
        key, external = vector["key"], case.get("external", "")
    elif "sign0" in vector.get("input", {}):
        data, must, case = vector["output"]["cbor"], not vector.get("fail", False), vector["input"]["sign0"]
        key, external = case["key"], case.get("external", "")
    else:
        return ""
    if key["kty"] == "EC":
        spki = _ec_spki(
            key["crv"], *(key.get(c) or base64.urlsafe_b64encode(bytes.fromhex(key[f"{c}_hex"])).decode() for c in "xy")
        )
    elif key["kty"] == "OKP" and key["crv"] == "Ed448":
        spki = _spki(ed448.Ed448PublicKey.from_public_bytes(bytes.fromhex(key["x_hex"])))
    else:
        return ""
    try:
        sign1.check(sign1.parse(bytes.fromhex(data)), spki, bytes.fromhex(external))
    except InputError:
        return "refuses" if must else "right"
    return "right" if must else "accepts a forgery"
