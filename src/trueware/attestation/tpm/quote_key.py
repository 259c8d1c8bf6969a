"""A key as it verifies quotes: loaded once, used for as many quotes as come."""

from collections.abc import Callable
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from trueware.attestation.tpm.checks import ATTESTATION_KEY_ATTRIBUTES, QUOTE_SIGNATURE
from trueware.attestation.tpm.public import Attributes, Point, Public, Rsa, parse_public
from trueware.attestation.tpm.signature import EcdsaSignature, RsaSignature, Signature
from trueware.attestation.tpm.signing_keys import load, numbers_of
from trueware.errors import EvidenceRefused, MalformedInput

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 (told as quote-hash-weak)
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}
_ECDSA = {name: ec.ECDSA(algorithm) for name, algorithm in _HASHES.items()}
_REQUIRED = (
    (Attributes.RESTRICTED, "restricted: it signs whatever it is given"),
    (Attributes.SIGN, "sign: it is no key for signatures"),
    (Attributes.FIXED_TPM, "fixedTPM: it may be copied to another TPM or out of it"),
    (Attributes.FIXED_PARENT, "fixedParent: it may be moved"),
    (Attributes.SENSITIVE_DATA_ORIGIN, "sensitiveDataOrigin: it was made outside and brought in"),
)
_FORBIDDEN = (
    (Attributes.DECRYPT, "decrypt: it also decrypts, and an attestation key does not"),
    (Attributes.X509_SIGN, "x509sign: it signs certificates, and an attestation key does not"),
)


class QuoteKey:
    """A public key, ready to verify. `public` is None where it came without its public area, which says what it may do."""

    __slots__ = ("_check", "fault", "name", "public")

    def __init__(self, public: Public | None, key: Rsa | Point) -> None:
        self.public = public
        self.name = public.name if public is not None else b""
        """The TPM name; empty where there is no public area."""
        self.fault = "" if public is None else _fault(public)
        """Why it is no attestation key; empty where it is one, or nothing is known."""
        loaded = load(key)
        self._check: Callable[[Signature, bytes], None]
        if isinstance(loaded, ec.EllipticCurvePublicKey):

            def verify_ecdsa(signature: Signature, data: bytes) -> None:
                if not isinstance(signature, EcdsaSignature):
                    raise EvidenceRefused(
                        QUOTE_SIGNATURE.id, f"a signature by {signature.scheme}, and the key is of a curve"
                    )
                encoded = encode_dss_signature(signature.r, signature.s)
                loaded.verify(encoded, data, _ECDSA[signature.hash])

            self._check = verify_ecdsa
        else:

            def verify_rsa(signature: Signature, data: bytes) -> None:
                if not isinstance(signature, RsaSignature):
                    raise EvidenceRefused(
                        QUOTE_SIGNATURE.id, f"a signature by {signature.scheme}, and the key is of RSA"
                    )
                algorithm = _HASHES[signature.hash]
                if signature.scheme == "rsassa":
                    loaded.verify(signature.value, data, padding.PKCS1v15(), algorithm)
                else:
                    loaded.verify(
                        signature.value, data, padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO), algorithm
                    )

            self._check = verify_rsa

    @classmethod
    def of_public(cls, public: Public) -> "QuoteKey":
        """Return the key of a public area.

        Raises:
            MalformedInput, UnsupportedInput: it is no key that can be used.
        """
        return cls(public, public.key)

    @classmethod
    def of_spki(cls, spki: bytes) -> "QuoteKey":
        """Return a key that came alone, as DER SubjectPublicKeyInfo: what it may do is not shown, and it has no name.

        Raises:
            MalformedInput, UnsupportedInput: it is no key that can be used.
        """
        try:
            numbers = numbers_of(load_der_public_key(spki))
        except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm) as error:
            raise MalformedInput("tpm-key", 0, f"no public key ({error})") from None
        if numbers is None:
            raise MalformedInput("tpm-key", 0, "a key that is neither of RSA nor of a curve")
        return cls(None, numbers)

    def require_attestation_key(self) -> None:
        """Refuse a key that may sign what its TPM did not make.

        Raises:
            EvidenceRefused: attestation-key-attributes.
        """
        if self.fault:
            raise EvidenceRefused(ATTESTATION_KEY_ATTRIBUTES.id, self.fault)

    def verify(self, signature: Signature, data: bytes) -> None:
        """Verify a signature over `data`, which must be by the scheme that the key has.

        Raises:
            EvidenceRefused: quote-signature.
        """
        public = self.public
        if (
            public is not None
            and public.scheme
            and (public.scheme, public.scheme_hash) != (signature.scheme, signature.hash)
        ):
            reason = (
                f"a signature by {signature.scheme} with {signature.hash}, and the key signs by {public.scheme} with "
                f"{public.scheme_hash}"
            )
            raise EvidenceRefused(QUOTE_SIGNATURE.id, reason)
        if signature.hash not in _HASHES:
            raise EvidenceRefused(QUOTE_SIGNATURE.id, f"signatures with {signature.hash} are not verified here")
        try:
            self._check(signature, data)
        except (InvalidSignature, ValueError):
            raise EvidenceRefused(
                QUOTE_SIGNATURE.id, "the signature is not by the key, or not over this quote"
            ) from None
        except UnsupportedAlgorithm as error:
            raise EvidenceRefused(QUOTE_SIGNATURE.id, f"the signature cannot be verified here ({error})") from None


@lru_cache(maxsize=1024)
def load_quote_key(public: bytes) -> QuoteKey:
    """Return the key of a TPM2B_PUBLIC or TPMT_PUBLIC; those that were asked for last are kept.

    Raises:
        MalformedInput, UnsupportedInput: it is no key that can be used.
    """
    return QuoteKey.of_public(parse_public(public))


def _fault(public: Public) -> str:
    for attribute, words in _REQUIRED:
        if not public.attributes & attribute:
            return f"the key is not {words}"
    for attribute, words in _FORBIDDEN:
        if public.attributes & attribute:
            return f"the key has {words}"
    if not public.name_hash:
        return "the key has no name"
    if not public.scheme:
        return "the key is restricted and has no scheme, which no TPM makes"
    return ""
