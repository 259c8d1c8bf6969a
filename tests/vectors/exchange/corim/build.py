"""Builds the CoRIM vectors with cbor2 and the CDDL of draft-ietf-rats-corim-11 and RFC 9393, written out by hand: nothing of trueware.

Every triple and every measurement value of the draft is in `everything.cbor`; the public examples lack a third of them.
"""

from hashlib import sha256, sha384
from pathlib import Path

from cbor2 import CBORTag as Tag
from cbor2 import dumps
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = Path(__file__).resolve().parent
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SPKI = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
NOT_BEFORE, NOT_AFTER = 1_790_000_000, 1_790_086_400


def write(name: str, value: object, *, canonical: bool = True) -> bytes:
    data = dumps(value, canonical=canonical)
    (HERE / name).write_bytes(data)
    return data


UUID, UEID = bytes(range(16)), bytes(range(17))
OID = bytes.fromhex("6086480186f84d010f0401")
DIGESTS = [[1, sha256(b"it").digest()], [7, sha384(b"it").digest()], ["sha-512", b"\x05" * 64]]
KEYS = [
    Tag(554, "-----BEGIN PUBLIC KEY-----"),
    Tag(555, "-----BEGIN CERTIFICATE-----"),
    Tag(556, "-----BEGIN CERTIFICATE-----"),
    Tag(557, [1, b"\x01" * 32]),
    Tag(558, {1: 1, -1: 6, -2: b"\x02" * 32}),
    Tag(559, [1, b"\x03" * 32]),
    Tag(560, b"key id"),
    Tag(561, [1, b"\x04" * 32]),
    Tag(562, b"\x30\x00"),
]
ROUTER = {0: {0: Tag(111, OID), 1: "Acme", 2: "Router", 3: 1, 4: 0}}
MODEM = {0: {0: Tag(37, UUID), 1: "Acme", 2: "Modem"}, 1: Tag(550, UEID), 2: Tag(560, b"group")}
VALUES = {
    0: {0: "1.2.3", 1: 16384},
    1: Tag(552, 3),
    2: DIGESTS,
    3: {number: bool(number % 2) for number in range(11)},
    4: Tag(563, [b"\xff\x00", b"\xf0\x0f"]),
    6: b"\x00\x01\x02\x03\x04\x05",
    7: b"\xc0\x00\x02\x01",
    8: "serial",
    9: UEID,
    10: UUID,
    11: "name",
    13: KEYS,
    14: {0: DIGESTS[:1], 5: DIGESTS[:2], "5": DIGESTS[1:2]},
    15: Tag(564, [None, 5]),
    -1: {"a profile's": [1.5, None, True]},
}
OTHER = {1: Tag(553, 2), 4: Tag(560, b"\x01\x02"), 5: b"\xff\x00", 6: bytes(8), 7: bytes(16), 15: -7}
STATE = [ROUTER, [{1: {0: {0: "1.0"}}}]]
TRIPLES = {
    0: [[ROUTER, [{0: Tag(111, OID), 1: VALUES, 2: KEYS[:1]}, {0: "text", 1: OTHER}]]],
    1: [[MODEM, [{0: 5, 1: {11: "endorsed"}}]]],
    2: [[MODEM, KEYS[:1], {0: Tag(37, UUID), 1: KEYS[1:2]}]],
    3: [[MODEM, KEYS[3:4]]],
    4: [[ROUTER, [MODEM]]],
    5: [[ROUTER, [MODEM, {2: Tag(37, UUID)}]]],
    6: [[ROUTER, ["software", UUID]]],
    8: [[[ROUTER, [], KEYS[:1]], [[[{1: {1: 3}}], [{1: {11: "new"}}]], [[{1: {1: 2}}], [{1: {11: "old"}}]]]]],
    10: [[[STATE], [[ROUTER, [{1: {100: "1234567890123 - 12345"}}]]]]],
    -5: "a profile's",
}
COMID = {
    0: "en",
    1: {0: UUID, 1: 3},
    2: [{0: "Acme", 1: Tag(32, "https://acme.example"), 2: [0, 1, 2], -1: "an entity's"}],
    3: [{0: "other", 1: 0}, {0: UUID[::-1], 1: 1}],
    4: TRIPLES,
    -1: b"a tag's",
}
COSWID = {
    0: "software",
    1: "Router",
    2: [{31: "Acme", 32: Tag(32, "https://acme.example"), 33: [1, 2], 34: [1, b"\x06" * 32]}, {31: "Bmce", 33: 4, 15: "en"}],
    4: [{38: Tag(32, "https://acme.example/licence"), 40: "license"}, {38: Tag(32, "swid:other"), 40: 8, 42: 2, 39: 3}],
    5: {43: "trial", 45: "2026", 46: "text", 47: "small", 49: "k", 48: True, 50: UUID, 51: "p", 52: "Router", 53: "f", 54: "r"},
    6: {
        16: {24: "etc", 25: "%root%", 22: True, 26: {17: [
            {24: "passwd", 20: 11, 7: [1, sha256(b"root:x:0:0\n").digest()], 21: "1", 23: "within"},
            {24: "group", 20: 0, 7: [7, b"\x07" * 48]},
        ], 16: {24: "empty"}}},
        17: {24: "boot", 7: [1, sha256(b"boot").digest()], "vendor attribute": ["a", "b"]},
        18: {27: "daemon", 28: 5},
        19: {29: "volume"},
    },
    8: False, 9: False, 10: "(OS == linux)", 11: False, 12: 2, 13: "1.2.3", 14: 16384, 15: "en", "private": 7,
}  # fmt: skip
EVIDENCE = {
    0: UUID, 1: "Router", 2: {31: "Device", 33: 1}, 12: 0,
    3: {17: {24: "boot", 7: [1, b"\x08" * 32]}, 35: Tag(1, NOT_BEFORE), 36: "device", 23: "here"},
}  # fmt: skip
COTL = {0: {0: "list"}, 1: [{0: UUID, 1: 3}, {0: "software", 1: 2}], 2: {0: Tag(1, NOT_BEFORE), 1: Tag(1, NOT_AFTER)}}


def canonical(value: object) -> bytes:
    return dumps(value, canonical=True)


CORIM = Tag(501, {
    0: "everything",
    1: [Tag(506, canonical(COMID)), Tag(505, canonical(COSWID)), Tag(508, canonical(COTL)), Tag(507, b"\xa0")],
    2: [
        {0: Tag(32, "https://acme.example/a"), 1: [1, b"\x09" * 32]},
        {0: [Tag(32, "https://acme.example/b"), Tag(32, "urn:uuid:c")], 1: [[1, b"\x0a" * 32], [7, b"\x0b" * 48]]},
    ],
    3: Tag(32, "tag:acme.example,2026:profile"),
    4: {0: Tag(1, NOT_BEFORE), 1: Tag(1, NOT_AFTER)},
    5: [{0: "Acme", 1: Tag(32, "https://acme.example"), 2: [1, 2]}],
    -3: "a manifest's",
})  # fmt: skip

manifest = write("everything.cbor", CORIM)
write("evidence.cbor", Tag(1398229316, EVIDENCE))


def sign(name: str, protected: dict[int, object], payload: bytes | None, signed: bytes) -> None:
    """Write a COSE_Sign1 (RFC 9052 §4.2, §4.4) by `KEY`; the payload may be left out."""
    header = canonical(protected)
    signature = KEY.sign(canonical(["Signature1", header, b"", signed]))
    write(name, Tag(18, [header, {}, payload, signature]))


CLAIMS = {1: "Acme", 2: "everything", 4: NOT_AFTER, 5: NOT_BEFORE}
META = canonical({0: {0: "Acme", 1: Tag(32, "https://acme.example")}, 1: {0: Tag(1, NOT_BEFORE), 1: Tag(1, NOT_AFTER)}})
KID = sha256(SPKI).digest()
sign("signed-cwt.cose", {1: -8, 3: "application/rim+cbor", 4: KID, 15: CLAIMS}, manifest, manifest)
sign("signed-meta.cose", {1: -8, 3: "application/rim+cbor", 8: META}, manifest, manifest)
sign("signed-both.cose", {1: -8, 3: "application/rim+cbor", 8: META, 15: CLAIMS}, manifest, manifest)
sign("detached.cose", {1: -8, 3: "application/rim+cbor", 15: CLAIMS}, None, manifest)
digest = sha384(manifest).digest()
envelope = {1: -8, 15: CLAIMS, 258: -43, 259: "application/rim+cbor", 260: "https://acme.example/everything.cbor"}
sign("hash-envelope.cose", envelope, digest, digest)
(HERE / "key.spki").write_bytes(SPKI)


def indefinite(value: object) -> bytes:
    """Return a value with arrays and maps of indefinite length, long heads, keys in reverse: nothing that is deterministic."""
    if isinstance(value, Tag):
        return b"\xda" + value.tag.to_bytes(4) + indefinite(value.value)
    if isinstance(value, dict):
        pairs = [indefinite(key) + indefinite(each) for key, each in value.items()]
        return b"\xbf" + b"".join(reversed(pairs)) + b"\xff"
    if isinstance(value, list):
        return b"\x9f" + b"".join(map(indefinite, value)) + b"\xff"
    if isinstance(value, int) and not isinstance(value, bool):
        return (b"\x1b" + value.to_bytes(8)) if value >= 0 else (b"\x3b" + (-1 - value).to_bytes(8))
    if isinstance(value, bytes) and len(value) > 1:
        return b"\x5f" + b"".join(b"\x58\x01" + value[at : at + 1] for at in range(len(value))) + b"\xff"
    return dumps(value)


(HERE / "indefinite.cbor").write_bytes(indefinite(CORIM))
