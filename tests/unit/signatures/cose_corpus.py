"""The examples of the COSE working group, and Wycheproof's vectors, as `trueware.signatures.cose` is asked about them."""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trueware.signatures.cose import SIGN, SIGN1, read_message, verifies

CURVES: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
SPKI = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def octets(key: dict[str, str], name: str) -> bytes:
    """Return a part of a key."""
    if f"{name}_hex" in key:
        return bytes.fromhex(key[f"{name}_hex"])
    return urlsafe_b64decode(key[name] + "==")


def spki(key: dict[str, str]) -> bytes:
    """Return a key of the examples."""
    if key["kty"] in ("EC", "EC2"):
        x, y = (int.from_bytes(octets(key, each)) for each in ("x", "y"))
        return ec.EllipticCurvePublicNumbers(x, y, CURVES[key["crv"]]).public_key().public_bytes(*SPKI)
    if key["kty"] == "RSA":
        numbers = (int.from_bytes(octets(key, each)) for each in ("e", "n"))
        return rsa.RSAPublicNumbers(*numbers).public_key().public_bytes(*SPKI)
    kind: Any = ed448.Ed448PublicKey if key["crv"] == "Ed448" else ed25519.Ed25519PublicKey
    return bytes(kind.from_public_bytes(octets(key, "x")).public_bytes(*SPKI))


def signers_of(example: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what an example says of each signer; nothing where it is no signature."""
    given = example["input"]
    return [given["sign0"]] if "sign0" in given else given["sign"]["signers"] if "sign" in given else []


def example_results(example: Mapping[str, Any]) -> list[bool]:
    """Tell for each signature whether it holds, with the external data of the example; not for those by HSS-LMS.

    Raises:
        Refusal: the message is not read.
    """
    given, signers = example["input"], signers_of(example)
    message = read_message(bytes.fromhex(example["output"]["cbor"]), SIGN if "sign" in given else SIGN1)
    assert len(message.signatures) == len(signers)
    payload = message.payload if message.payload is not None else given["plaintext"].encode()
    return [
        verifies(
            spki(signer["key"]),
            one.algorithm,
            one.signature,
            one.to_be_signed(payload, bytes.fromhex(signer.get("external", ""))),
        )
        for one, signer in zip(message.signatures, signers, strict=True)
        if signer["key"]["kty"] != "HSS-LMS"
    ]


COSE_PSS = {("SHA-256", 32): -37, ("SHA-384", 48): -38, ("SHA-512", 64): -39}
COSE_PKCS1 = {"SHA-256": -257, "SHA-384": -258, "SHA-512": -259}
COSE_ECDSA = {"SHA-256": -7, "SHA-384": -35, "SHA-512": -36}


def wycheproof_accepts(group: Mapping[str, Any], algorithm: str, test: Mapping[str, Any]) -> bool | None:
    """Tell whether a test's signature is taken here; None where its algorithm is not used."""
    key, message, made = (bytes.fromhex(each) for each in (group["publicKeyDer"], test["msg"], test["sig"]))
    name = group.get("sha", "")
    if algorithm == "RSASSA-PSS":
        known = COSE_PSS.get((name, group.get("sLen", 0))) if group.get("mgfSha") == name else None
        return None if known is None else verifies(key, known, made, message)
    if algorithm == "RSASSA-PKCS1-v1_5" and name in COSE_PKCS1:
        return verifies(key, COSE_PKCS1[name], made, message)
    if algorithm == "ECDSA" and name in COSE_ECDSA:
        try:
            plain = b"".join(each.to_bytes(48) for each in decode_dss_signature(made))
        except (ValueError, OverflowError):
            return False
        return verifies(key, COSE_ECDSA[name], plain, message)
    return None
