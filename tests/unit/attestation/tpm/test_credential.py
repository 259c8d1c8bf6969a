"""Credentials: opened in software as a TPM opens them, and refused for keys that open other things too. Live: tests/integration."""

import struct
from hmac import digest as hmac_digest
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.attestation.tpm.simulator import Key, sized

from trueware.attestation.tpm.binding import Activated
from trueware.attestation.tpm.credential import confirm, kdfa, kdfe, make_credential, parse_blob, seed_size
from trueware.attestation.tpm.public import Attributes, Public, parse_public
from trueware.errors import EvidenceRefused, InputError, MalformedInput

TEMPLATE = (
    Attributes.FIXED_TPM
    | Attributes.FIXED_PARENT
    | Attributes.SENSITIVE_DATA_ORIGIN
    | Attributes.ADMIN_WITH_POLICY
    | Attributes.RESTRICTED
    | Attributes.DECRYPT
)
NAME = b"\x00\x0b" + bytes(range(32))
SECRET = bytes(range(32))


def endorsement(key: Key, attributes: int = TEMPLATE, bits: int = 128) -> Public:
    """Public area by the TCG's template: a storage key."""
    area = key.public(attributes=attributes)
    scheme = struct.pack(">HHH", 0x10, {"ecdsa": 0x18}.get(key.scheme, 0x14), 0x0B)
    return parse_public(area.replace(scheme, struct.pack(">HHHH", 6, bits, 0x43, 0x10), 1))


def opened(key: Key, public: Public, blob: bytes, name: bytes) -> bytes | None:
    """Return the secret, as TPM2_ActivateCredential does; None where the TPM would refuse."""
    identity, encrypted = (each[2:] for each in parse_blob(blob))
    if isinstance(key.secret, rsa.RSAPrivateKey):
        seed = key.secret.decrypt(
            encrypted, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), b"IDENTITY\0")
        )
    else:
        size = len(encrypted) // 2 - 2
        x, y = encrypted[2 : 2 + size], encrypted[4 + size :]
        point = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), key.secret.curve).public_key()
        own = key.secret.public_key().public_numbers().x.to_bytes(size)
        seed = kdfe("sha256", key.secret.exchange(ec.ECDH(), point), b"IDENTITY", x, own, 256)
    integrity, hidden = identity[2:34], identity[34:]
    if hmac_digest(kdfa("sha256", seed, b"INTEGRITY", b"", b"", 256), hidden + name, "sha256") != integrity:
        return None
    assert public.symmetric is not None
    key_bytes = kdfa("sha256", seed, b"STORAGE", name, b"", public.symmetric[1])
    block = Cipher(AES(key_bytes), modes.ECB()).encryptor()  # noqa: S305 (what CFB is made of)
    out, last = b"", bytes(16)
    for at in range(0, len(hidden), 16):
        out += bytes(a ^ b for a, b in zip(hidden[at : at + 16], block.update(last), strict=False))
        last = hidden[at : at + 16]
    assert out[:2] == len(out[2:]).to_bytes(2)
    return out[2:]


KEYS = [Key(scheme="rsassa"), Key(), Key(curve="secp384r1"), Key(curve="secp521r1")]


@pytest.mark.parametrize("key", KEYS, ids=["rsa", "p256", "p384", "p521"])
@pytest.mark.parametrize("bits", [128, 256])
def test_a_credential_opens(key: Key, bits: int) -> None:
    public = endorsement(key, bits=bits)
    for secret in (SECRET, SECRET[:16], SECRET[:17]):
        credential = make_credential(public, NAME, secret, bytes(seed_size(public)))
        assert opened(key, public, credential.blob, NAME) == secret
        assert opened(key, public, credential.blob, NAME[:-1] + b"\0") is None
        assert parse_blob(credential.blob) == (credential.id_object, credential.encrypted_secret)


def test_seed_and_secret_are_all_that_varies_for_a_curve() -> None:
    public = endorsement(KEYS[1])
    seed = bytes(range(seed_size(public)))
    assert make_credential(public, NAME, SECRET, seed).blob == make_credential(public, NAME, SECRET, seed).blob
    other = make_credential(public, NAME, SECRET, seed[::-1])
    assert other.encrypted_secret != make_credential(public, NAME, SECRET, seed).encrypted_secret


def test_the_secret_that_comes_back_counts() -> None:
    public = endorsement(KEYS[1])
    credential = make_credential(public, NAME, SECRET, bytes(seed_size(public)))
    assert confirm(credential, SECRET) == Activated(NAME, public.name)
    assert SECRET.hex() not in repr(credential)
    assert repr(SECRET) not in repr(credential)
    for wrong in (b"", SECRET[:-1], SECRET + b"\0", bytes(32)):
        with pytest.raises(EvidenceRefused, match="credential-activation"):
            confirm(credential, wrong)


@pytest.mark.parametrize(
    ("attributes", "word"),
    [
        (TEMPLATE & ~Attributes.RESTRICTED, "restricted"),
        (TEMPLATE & ~Attributes.DECRYPT, "decrypt"),
        (TEMPLATE & ~Attributes.FIXED_TPM, "fixedTPM"),
        (TEMPLATE & ~Attributes.FIXED_PARENT, "fixedParent"),
        (TEMPLATE | Attributes.SIGN, "signs"),
    ],
)
def test_a_key_that_opens_in_other_ways_is_refused(attributes: int, word: str) -> None:
    with pytest.raises(EvidenceRefused, match=word) as caught:
        seed_size(endorsement(KEYS[1], attributes))
    assert caught.value.rule == "endorsement-key-attributes"


def test_a_key_without_a_cipher_is_refused() -> None:
    with pytest.raises(EvidenceRefused, match="AES"):
        seed_size(parse_public(Key().public(attributes=TEMPLATE)))


def test_sizes_are_the_callers_matter() -> None:
    public = endorsement(KEYS[1])
    seed = bytes(seed_size(public))
    for secret, name, given_seed in ((SECRET[:15], NAME, seed), (SECRET * 2, NAME, seed), (SECRET, b"", seed)):
        with pytest.raises(ValueError, match="a seed of"):
            make_credential(public, name, secret, given_seed)
    with pytest.raises(ValueError, match="a seed of"):
        make_credential(public, NAME, SECRET, seed[1:])


def test_stored_transcripts_have_our_form(corpus: Path) -> None:
    files = {
        "real/swtpm-quote/cred_ecdsa.blob": 68,
        "real/swtpm-quote/cred_rsassa.blob": 256,
        "real/swtpm-quote/cred_rsapss.blob": 256,
        "public/keylime__keylime/open/test-data/files/mkcred.out": 256,
    }
    for name, size in files.items():
        path = corpus / "attest" / name
        if not path.exists():
            pytest.skip("the corpus has no attestation data")
        data = path.read_bytes()
        identity, secret = parse_blob(data)
        assert data[8:] == identity + secret
        assert len(secret) == 2 + size
        for bad in (data[:-1], data + b"\0", b"\0" + data[1:], data[:8] + b"\xff" + data[9:]):
            with pytest.raises(MalformedInput):
                parse_blob(bad)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda data: bytes.fromhex("badcc0de00000001") + data))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        identity, secret = parse_blob(data)
    except InputError:
        return
    assert data[8:] == identity + secret == sized(identity[2:]) + sized(secret[2:])
