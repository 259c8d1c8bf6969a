"""One certificate of a chain, as a phone sends it: read once, and its signature verified over the bytes as they came.

A signature algorithm with NULL parameters where ECDSA has none (RFC 5758 §3.2; a Pixel's StrongBox writes it) is taken, and told: the
certificate is read without them. The algorithm that is signed is the one that is stated beside the signature (RFC 5280 §4.1.1.2).

Certificates above the attested keys are the same for many phones: what they come to is kept, by their bytes, within a bound.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from trueware.errors import MalformedInput
from trueware.signatures import der
from trueware.signatures.refusal import Refusal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from cryptography.x509 import Certificate

ATTESTATION = "1.3.6.1.4.1.11129.2.1.17"
PROVISIONING = "1.3.6.1.4.1.11129.2.1.30"
MAX_BYTES = 1 << 16
"""Bytes of one certificate; with ML-DSA they have some 8 KiB."""

FORMAT = "android-chain"
_KEPT = 512
_ECDSA = frozenset(f"1.2.840.10045.4.3.{number}" for number in (2, 3, 4))
_VERSION = 0xA0


@dataclass(frozen=True, slots=True)
class Link:
    """One certificate, read once."""

    body: bytes = field(repr=False)
    """TBSCertificate: what is signed."""

    signature: bytes = field(repr=False)
    hash: str
    """Name of the hash that is signed; empty where the algorithm has none beside it (EdDSA, ML-DSA)."""

    serial: int
    spki: bytes = field(repr=False)
    subject: bytes
    issuer: bytes
    since: int
    until: int
    is_authority: bool
    may_sign: bool
    """Whether keyUsage, where it is there, lets it sign certificates."""

    attestation: bytes | None = field(repr=False)
    """Value of the attestation extension."""

    is_provisioned: bool
    """Whether it says that it was provisioned remotely."""

    name: str
    leniency: str
    """How it departs from the profile; empty: it does not."""

    def is_signed_by(self, spki: bytes, *, shared: bool) -> bool:
        """Tell whether a key (SubjectPublicKeyInfo, DER) signed it; `shared`: many chains have it, so that the answer is kept."""
        verify = _is_signed_shared if shared else _is_signed
        return verify(self.body, self.signature, self.hash, spki)


def read_link(encoded: bytes) -> Link:
    """Return one certificate.

    Raises:
        MalformedInput: it is none.
    """
    from cryptography.x509 import (  # noqa: PLC0415 (start-up time)
        BasicConstraints,
        ExtensionNotFound,
        KeyUsage,
        UnrecognizedExtension,
    )

    if len(encoded) > MAX_BYTES:
        raise MalformedInput(FORMAT, 0, f"a certificate of {len(encoded)} bytes, {MAX_BYTES} are the most")
    body, signature, issuer, subject, spki = _as_it_came(encoded)
    certificate, leniency = _load(encoded)
    try:
        extensions = certificate.extensions
        try:
            is_authority = bool(extensions.get_extension_for_class(BasicConstraints).value.ca)
        except ExtensionNotFound:
            is_authority = False
        try:
            may_sign = bool(extensions.get_extension_for_class(KeyUsage).value.key_cert_sign)
        except ExtensionNotFound:
            may_sign = True
        own = {
            each.oid.dotted_string: each.value for each in extensions if isinstance(each.value, UnrecognizedExtension)
        }
        found = own.get(ATTESTATION)
        hash_ = certificate.signature_hash_algorithm
        return Link(
            body,
            signature,
            hash_.name if hash_ is not None else "",
            certificate.serial_number,
            spki,
            subject,
            issuer,
            int(certificate.not_valid_before_utc.timestamp()),
            int(certificate.not_valid_after_utc.timestamp()),
            is_authority,
            may_sign,
            found.value if found is not None else None,
            PROVISIONING in own,
            certificate.subject.rfc4514_string()[:200] or "a certificate without a name",
            leniency,
        )
    except Exception as error:  # what a library of another's makes of hostile extensions is not told by one class
        raise MalformedInput(FORMAT, 0, f"a certificate cannot be read ({str(error)[:100]})") from error


shared_link = lru_cache(maxsize=_KEPT)(read_link)
"""`read_link` for certificates that many chains have in common: what they come to is kept."""


def _load(encoded: bytes) -> "tuple[Certificate, str]":
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate  # noqa: PLC0415 (start-up time)

    try:
        return load_der_x509_certificate(encoded), ""
    except (ValueError, InvalidVersion) as error:
        mended = _without_null(encoded)
        if mended is not None:
            try:
                return load_der_x509_certificate(mended), "an ECDSA signature algorithm with NULL parameters"
            except (ValueError, InvalidVersion):
                pass
        raise MalformedInput(FORMAT, 0, f"no certificate ({str(error)[:100]})") from error


def _as_it_came(encoded: bytes) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """Return what is signed and the signature; then of what is signed issuer, subject and key.

    Raises:
        MalformedInput: the algorithm within is another than the one beside the signature, or the signature has odd bits.
    """
    try:
        body, algorithm, signature = der.parts(der.read(encoded).sequence(), 3, "a certificate")[:3]
        inner = body.sequence()
        at = _at(inner)
        stated, serial = inner[at], inner[at - 1].number()
        issuer, _, subject, spki = (each.whole for each in inner[at + 1 : at + 5])
    except (Refusal, IndexError, ValueError) as error:
        raise MalformedInput(FORMAT, 0, f"no certificate ({str(error)[:100]})") from error
    if stated.whole != algorithm.whole:
        raise MalformedInput(FORMAT, 0, "a certificate's two signature algorithms are not the same")
    if serial <= 0:
        raise MalformedInput(FORMAT, 0, "a certificate's serial number is not positive (RFC 5280 §4.1.2.2)")
    if signature.content[:1] != b"\x00":
        raise MalformedInput(FORMAT, 0, "a certificate's signature is no whole number of bytes")
    return body.whole, signature.content[1:], issuer, subject, spki


def _at(inner: list[der.Value]) -> int:
    """Return which field of a TBSCertificate is the signature algorithm."""
    return 2 if inner[0].tag == _VERSION else 1


def _without_null(encoded: bytes) -> bytes | None:
    """Return a certificate whose two ECDSA algorithms have no NULL parameters; None: it had none."""
    try:
        body, algorithm, signature = der.parts(der.read(encoded).sequence(), 3, "a certificate")[:3]
        inner = body.sequence()
        at = _at(inner)
        shorter = _bare(algorithm)
        if shorter is None or inner[at].whole != algorithm.whole:
            return None
        inside = b"".join(shorter if number == at else each.whole for number, each in enumerate(inner))
        return der.encoded(der.SEQUENCE, der.encoded(der.SEQUENCE, inside) + shorter + signature.whole)
    except (Refusal, IndexError):
        return None


def _bare(algorithm: der.Value) -> bytes | None:
    parts = algorithm.sequence()
    if len(parts) == 2 and parts[1].whole == b"\x05\x00" and parts[0].oid() in _ECDSA:
        return der.encoded(der.SEQUENCE, parts[0].whole)
    return None


@lru_cache(maxsize=_KEPT)
def _key(spki: bytes) -> "PublicKeyTypes":
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415 (start-up time)

    return load_der_public_key(spki)


def _is_signed(body: bytes, signature: bytes, hash_: str, spki: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415 (start-up time)
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.mldsa import (  # noqa: PLC0415
        MLDSA44PublicKey,
        MLDSA65PublicKey,
        MLDSA87PublicKey,
    )

    known: dict[str, hashes.HashAlgorithm] = {
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
    }
    try:
        key = _key(spki)
        if not hash_:
            if not isinstance(key, Ed25519PublicKey | MLDSA44PublicKey | MLDSA65PublicKey | MLDSA87PublicKey):
                return False
            key.verify(signature, body)  # these hash by themselves
        elif hash_ not in known:
            return False
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, body, ec.ECDSA(known[hash_]))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, body, padding.PKCS1v15(), known[hash_])
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


_is_signed_shared = lru_cache(maxsize=_KEPT)(_is_signed)
