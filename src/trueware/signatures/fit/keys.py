"""Which of the keys at hand made a signature of U-Boot: RSA (PKCS#1 1.5, PSS) over a digest, ECDSA as two numbers."""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from trueware.model.signature import Outcome, Signer
from trueware.signatures.candidates import Candidate
from trueware.signatures.prehashed import is_signed, signed_digest
from trueware.signatures.refusal import Refusal

HASHES: dict[str, HashAlgorithm] = {"sha1": SHA1(), "sha256": SHA256(), "sha384": SHA384(), "sha512": SHA512()}  # noqa: S303
_RSA = ("rsa1024", "rsa2048", "rsa3072", "rsa4096")
_ECDSA = {"ecdsa256": 64, "ecdsa384": 96, "secp521r1": 132}


def is_known(algorithm: str, scheme: str) -> bool:
    """Tell whether signatures of this digest and kind can be verified."""
    return algorithm in HASHES and (scheme in _RSA or scheme in _ECDSA)


def find_signer(
    digest: bytes, algorithm: str, scheme: str, pad: str, value: bytes, keys: list[Candidate]
) -> tuple[Outcome, Signer | None]:
    """Return whether and by whom a digest is signed; BROKEN where one of the keys signed another digest."""
    broken: Signer | None = None
    for key in keys:
        try:
            if scheme in _ECDSA:
                half = len(value) // 2
                if len(value) != _ECDSA[scheme]:
                    break
                pair = int.from_bytes(value[:half]), int.from_bytes(value[half:])
                signed = _is_kind(key, rsa_wanted=False) and is_signed(
                    key.spki, algorithm, digest, encode_dss_signature(*pair)
                )
            elif not _is_kind(key, rsa_wanted=True):
                continue
            elif pad == "pss":
                signed = _is_signed_pss(key.spki, algorithm, digest, value)
            else:
                signed = is_signed(key.spki, algorithm, digest, value)
                if not signed and signed_digest(key.spki, algorithm, value) is not None:
                    broken = key.signer
        except Refusal:
            continue
        if signed:
            return Outcome.VALID, key.signer
    return (Outcome.UNCHECKABLE, None) if broken is None else (Outcome.BROKEN, broken)


def _is_kind(key: Candidate, *, rsa_wanted: bool) -> bool:
    return isinstance(_load(key.spki), rsa.RSAPublicKey) == rsa_wanted


@lru_cache(maxsize=256)
def _load(spki: bytes) -> object:
    """Return a public key, None where it is none that is known."""
    try:
        return load_der_public_key(spki)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _is_signed_pss(spki: bytes, algorithm: str, digest: bytes, value: bytes) -> bool:
    try:
        key = _load(spki)
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        mask = padding.PSS(padding.MGF1(HASHES[algorithm]), padding.PSS.AUTO)
        key.verify(value, digest, mask, Prehashed(HASHES[algorithm]))
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True
