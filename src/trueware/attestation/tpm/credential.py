"""Credentials that only one TPM opens, and only if it holds the attestation key they name (TPM2_MakeCredential).

1. A seed goes to the endorsement key: by RSA-OAEP with its nameAlg and the label ``IDENTITY`` and a zero byte (Part 1 annex B.10),
   or by ECDH with an ephemeral key: KDFe(nameAlg, Z, ``IDENTITY``, x of the ephemeral key, x of the endorsement key) (annex C.6).
2. symKey = KDFa(nameAlg, seed, ``STORAGE``, name of the attestation key); encIdentity = AES-CFB(symKey, IV 0, TPM2B of the secret).
3. hmacKey = KDFa(nameAlg, seed, ``INTEGRITY``); integrity = HMAC(nameAlg, hmacKey, encIdentity and name of the attestation key).
4. TPM2B_ID_OBJECT = TPM2B integrity, encIdentity. The TPM gives the secret back by TPM2_ActivateCredential if all that fits.

Source: TCG TPM 2.0 Library Part 1 §24 (credential protection), §11.4.10 (KDFs); Part 3 §12.6. No randomness is made here: seed and
secret are arguments. RSA-OAEP alone needs its own, which the library that encrypts takes. A credential of the corpus can therefore
be checked in its form only; that ours are opened is shown by the live test with swtpm.
"""

from dataclasses import dataclass, field
from hmac import compare_digest
from hmac import digest as hmac_digest

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from trueware.attestation.tpm.algorithms import SIZES, digest
from trueware.attestation.tpm.binding import Activated
from trueware.attestation.tpm.checks import CREDENTIAL_ACTIVATION, ENDORSEMENT_KEY_ATTRIBUTES
from trueware.attestation.tpm.fields import Fields
from trueware.attestation.tpm.public import Attributes, Public
from trueware.attestation.tpm.signing_keys import load
from trueware.errors import EvidenceRefused

_MAGIC, _VERSION = 0xBADCC0DE, 1
"""Of the file in which tpm2-tools keeps both parts (tpm2-tools ``lib/files.c``)."""

_REQUIRED = (
    (Attributes.RESTRICTED, "restricted: whoever has it loaded may open what it is sent by other ways"),
    (Attributes.DECRYPT, "decrypt: it opens nothing"),
    (Attributes.FIXED_TPM, "fixedTPM: it may be copied"),
    (Attributes.FIXED_PARENT, "fixedParent: it may be moved"),
)
_LEAST_SECRET = 16
_MOST_ID_OBJECT, _MOST_SECRET = 2 + 64 + 2 + 64, 512
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": int(
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        16,
    ),
    "secp521r1": int(
        "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
        "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
        16,
    ),
}
"""SEC 2 §2.4.2, §2.5.1, §2.6.1."""

_EXTRA = 8
"""Bytes that a seed has more than the order of its curve, so that no scalar is likelier than another (FIPS 186-5 §A.2.1)."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What is sent to the TPM, and what must come back."""

    id_object: bytes
    """TPM2B_ID_OBJECT."""

    encrypted_secret: bytes
    """TPM2B_ENCRYPTED_SECRET."""

    attestation_name: bytes
    endorsement_name: bytes
    secret: bytes = field(repr=False)

    @property
    def blob(self) -> bytes:
        """Both parts in the file that ``tpm2_activatecredential`` reads."""
        return _MAGIC.to_bytes(4) + _VERSION.to_bytes(4) + self.id_object + self.encrypted_secret


def seed_size(endorsement: Public) -> int:
    """Return how many random bytes `make_credential` takes as the seed.

    Raises:
        EvidenceRefused, MalformedInput, UnsupportedInput: as `make_credential`.
    """
    key = _endorsement_key(endorsement)
    if isinstance(key, rsa.RSAPublicKey):
        return SIZES[endorsement.name_hash]
    return (key.curve.key_size + 7) // 8 + _EXTRA


def make_credential(endorsement: Public, attestation_name: bytes, secret: bytes, seed: bytes) -> Credential:
    """Return a credential that the TPM of an endorsement key opens if it holds the attestation key of that name.

    Args:
        endorsement: public area of the endorsement key; that its certificate is genuine is `endorsement`'s question.
        attestation_name: TPM name of the attestation key.
        secret: 16 bytes up to the size of the endorsement key's nameAlg, random, used once.
        seed: `seed_size` bytes, random, used once.

    Raises:
        EvidenceRefused: the endorsement key may open credentials in other ways than this.
        MalformedInput, UnsupportedInput: it cannot be used.
        ValueError: seed or secret have another size, the name is empty.
    """
    key = _endorsement_key(endorsement)
    name = endorsement.name_hash
    size = SIZES[name]
    if len(seed) != seed_size(endorsement) or not _LEAST_SECRET <= len(secret) <= size or not attestation_name:
        raise ValueError(f"a seed of {len(seed)}, a secret of {len(secret)}, a name of {len(attestation_name)} bytes")
    if isinstance(key, rsa.RSAPublicKey):  # step 1
        algorithm = _HASHES[name]
        oaep = padding.OAEP(padding.MGF1(algorithm), algorithm, b"IDENTITY\0")
        encrypted = key.encrypt(seed, oaep)
    else:
        seed, encrypted = _agreed(name, key, seed)
    assert endorsement.symmetric is not None  # noqa: S101 (_endorsement_key's answer)
    bits = endorsement.symmetric[1]
    sym_key = kdfa(name, seed, b"STORAGE", attestation_name, b"", bits)  # step 2
    identity = _cfb(sym_key, len(secret).to_bytes(2) + secret)
    hmac_key = kdfa(name, seed, b"INTEGRITY", b"", b"", 8 * size)  # step 3
    integrity = hmac_digest(hmac_key, identity + attestation_name, name)
    body = _sized(integrity) + identity  # step 4
    return Credential(_sized(body), _sized(encrypted), attestation_name, endorsement.name, secret)


def confirm(credential: Credential, returned: bytes) -> Activated:
    """Return that both keys are in one TPM, because the secret came back. Secrets are compared in constant time.

    Raises:
        EvidenceRefused: it is not the secret.
    """
    if not compare_digest(credential.secret, returned):
        raise EvidenceRefused(CREDENTIAL_ACTIVATION.id, "what came back is not the secret of the credential")
    return Activated(credential.attestation_name, credential.endorsement_name)


def parse_blob(data: bytes) -> tuple[bytes, bytes]:
    """Return TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET of a file by ``tpm2_makecredential``.

    Raises:
        MalformedInput: it is none, or bytes stand behind it.
    """
    fields = Fields("tpm2-tools-credential", data)
    if fields.u32("magic") != _MAGIC or fields.u32("version") != _VERSION:
        fields.refuse("it does not begin with 0xbadcc0de and version 1", 0)
    identity = fields.sized(_MOST_ID_OBJECT, "TPM2B_ID_OBJECT")
    inner = Fields("tpms-id-object", identity)
    inner.sized(64, "integrityHMAC")
    if not 2 + 1 <= len(identity) - inner.at <= 2 + 64:
        inner.refuse(f"encIdentity has {len(identity) - inner.at} bytes")
    secret = fields.sized(_MOST_SECRET, "TPM2B_ENCRYPTED_SECRET")
    fields.end()
    return _sized(identity), _sized(secret)


def kdfa(name: str, key: bytes, label: bytes, party_u: bytes, party_v: bytes, bits: int) -> bytes:
    """Return `bits` (whole bytes) derived by HMAC in counter mode (Part 1 §11.4.10.2, NIST SP 800-108)."""
    rest = label + b"\0" + party_u + party_v + bits.to_bytes(4)
    rounds = -(-bits // (8 * SIZES[name]))
    return b"".join(hmac_digest(key, count.to_bytes(4) + rest, name) for count in range(1, rounds + 1))[: bits // 8]


def kdfe(name: str, shared: bytes, label: bytes, party_u: bytes, party_v: bytes, bits: int) -> bytes:
    """Return `bits` (whole bytes) derived from a shared coordinate (Part 1 §11.4.10.3, NIST SP 800-56A §5.8.1)."""
    rest = shared + label + b"\0" + party_u + party_v
    rounds = -(-bits // (8 * SIZES[name]))
    return b"".join(digest(name, count.to_bytes(4) + rest) for count in range(1, rounds + 1))[: bits // 8]


def _agreed(name: str, key: ec.EllipticCurvePublicKey, seed: bytes) -> tuple[bytes, bytes]:
    """Return the seed that both sides derive, and the point that is sent."""
    order, size = _ORDERS[key.curve.name], (key.curve.key_size + 7) // 8
    ephemeral = ec.derive_private_key(int.from_bytes(seed) % (order - 1) + 1, key.curve)
    point, theirs = ephemeral.public_key().public_numbers(), key.public_numbers()
    x, y = point.x.to_bytes(size), point.y.to_bytes(size)
    shared = ephemeral.exchange(ec.ECDH(), key)
    return kdfe(name, shared, b"IDENTITY", x, theirs.x.to_bytes(size), 8 * SIZES[name]), _sized(x) + _sized(y)


def _endorsement_key(public: Public) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    for attribute, words in _REQUIRED:
        if not public.attributes & attribute:
            raise EvidenceRefused(ENDORSEMENT_KEY_ATTRIBUTES.id, f"the endorsement key is not {words}")
    if public.attributes & Attributes.SIGN:
        raise EvidenceRefused(ENDORSEMENT_KEY_ATTRIBUTES.id, "the endorsement key also signs")
    if public.name_hash not in _HASHES or public.symmetric is None or public.symmetric[::2] != ("aes", "cfb"):
        found = f"{public.name_hash or 'no nameAlg'}, {public.symmetric or 'no cipher'}"
        raise EvidenceRefused(ENDORSEMENT_KEY_ATTRIBUTES.id, f"no storage key with SHA-2 and AES in CFB mode: {found}")
    return load(public.key)


def _cfb(key: bytes, data: bytes) -> bytes:
    """Encrypt in CFB mode with an IV of zeroes; the library has that mode in other places from version to version."""
    block = Cipher(AES(key), modes.ECB()).encryptor()  # noqa: S305 (one block at a time is what CFB is made of)
    out, last = b"", bytes(16)
    for at in range(0, len(data), 16):
        part = data[at : at + 16]
        last = bytes(a ^ b for a, b in zip(part, block.update(last), strict=False))
        out += last
    return out


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(2) + data
