"""JSON Web Signatures: the examples of RFC 7515 and RFC 8037, and attacks on them."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trueware.errors import LimitExceeded, MalformedInput, UntrustedStatement
from trueware.signatures import jws
from trueware.signatures.published_keys import from_jwk

ES256_KEY = (
    b'{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",'
    b'"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}'
)
"""RFC 7515 §A.3.1."""

ES256 = (
    b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    b"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
"""RFC 7515 §A.3.1."""

EDDSA_KEY = b'{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'
EDDSA = (
    b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    b"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)
"""RFC 8037 §A.4."""

HS256 = (
    b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
    b"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    b"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
"""RFC 7515 §A.1.1."""


def key_of(data: bytes) -> bytes:
    return from_jwk(data)["0"]


def header(value: object) -> bytes:
    return jws.to_base64url(json.dumps(value).encode())


@pytest.mark.parametrize(("token", "key"), [(ES256, ES256_KEY), (EDDSA, EDDSA_KEY)])
def test_examples_verify_and_no_altered_one_does(token: bytes, key: bytes) -> None:
    jws.verify(jws.parse(token), key_of(key))
    for at in range(len(token)):
        altered = token[:at] + (b"A" if token[at : at + 1] != b"A" else b"B") + token[at + 1 :]
        with pytest.raises((MalformedInput, UntrustedStatement)):
            jws.verify(jws.parse(altered), key_of(key))


def test_only_the_keys_own_algorithm() -> None:
    with pytest.raises(UntrustedStatement):
        jws.verify(jws.parse(HS256), key_of(ES256_KEY))
    with pytest.raises(UntrustedStatement):
        jws.verify(jws.parse(EDDSA), key_of(ES256_KEY))
    _, payload, signature = ES256.split(b".")
    for algorithm in ("none", "HS256", "ES384", "ES256K", "RS256", "EdDSA", "es256", "", None, 5):
        with pytest.raises(UntrustedStatement):
            jws.verify(jws.parse(header({"alg": algorithm}) + b"." + payload + b"." + signature), key_of(ES256_KEY))
    with pytest.raises(UntrustedStatement):
        jws.verify(jws.parse(header({"alg": "none"}) + b"." + payload + b"."), key_of(ES256_KEY))


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"..", b"a.b", b"a.b.c.d", ES256 + b"=", ES256 + b"\x00", ES256.replace(b"-", b"+"), b"W10.W10.W10"),
        header({"alg": "ES256", "crit": ["b64"], "b64": False}) + b".e30.e30",
        jws.to_base64url(b'{"alg":"ES256","alg":"none"}') + b".e30.e30",
        ES256[:-1] + b"R",  # bits behind the last byte
    ],
)
def test_what_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        jws.parse(data)


def test_ceilings() -> None:
    with pytest.raises(LimitExceeded):
        jws.parse(bytes(jws.MAX_BYTES + 1))
    with pytest.raises(LimitExceeded):
        jws.parse(b"A" * (1 << 17) + b".e30.e30")


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_what_is_signed_verifies(curve: ec.EllipticCurve) -> None:
    key = ec.derive_private_key(77, curve)
    token = jws.sign({"typ": "x", "alg": "none"}, b"payload", key)
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    parsed = jws.parse(token)
    jws.verify(parsed, spki)
    assert parsed.payload == b"payload"
    assert parsed.algorithm.startswith("ES")
    assert token == jws.sign({"typ": "x", "alg": "none"}, b"payload", key)
