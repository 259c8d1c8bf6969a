"""Makes tokens to attack: keys that are the same in each run, and COSE_Sign1 around any claims."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trueware.cose.foreign_cbor import Key, Tagged, Value, encode

DEVICE = ec.derive_private_key(0x1234567, ec.SECP256R1())
OTHER = ec.derive_private_key(0x7654321, ec.SECP256R1())
NONCE = bytes(range(32))
UEID = b"\x01" + bytes(32)
NOW = 1_700_000_000

GENERAL: dict[Key, Value] = {
    10: NONCE,
    256: UEID,
    258: bytes(16),
    262: True,
    263: 2,
    6: NOW - 5,
    270: "OS",
    271: ("1.2",),
}
PSA: dict[Key, Value] = {
    10: NONCE,
    256: UEID,
    265: "tag:psacertified.org,2023:psa#tfm",
    2394: -1,
    2395: 0x3000,
    2396: bytes(32),
    2399: ({1: "BL", 2: b"\x11" * 32, 4: "1.0", 5: b"\x22" * 32},),
}


def spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def signed(
    claims: Value,
    key: ec.EllipticCurvePrivateKey = DEVICE,
    protected: dict[Key, Value] | None = None,
    unprotected: dict[Key, Value] | None = None,
) -> Tagged:
    """Return a signed token; ES256 whatever its header says."""
    payload = claims if isinstance(claims, bytes) else encode(claims)
    header = encode({1: -7} if protected is None else protected)
    data = encode(("Signature1", header if header != b"\xa0" else b"", b"", payload))
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    return Tagged(18, (header, unprotected or {}, payload, r.to_bytes(32, "big") + s.to_bytes(32, "big")))
