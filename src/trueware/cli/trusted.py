"""Certificates and public keys in files, as users hand them in: PEM, DER; keys also as JWK or COSE_Key."""

from collections.abc import Iterable

from trueware.errors import SourceError


def certificates_and_keys(files: Iterable[tuple[str, bytes]]) -> tuple[tuple[bytes, ...], dict[str, bytes]]:
    """Return the certificates (DER) in files, and the public keys (DER SubjectPublicKeyInfo) by name of their file.

    Raises:
        SourceError: a file has neither.
    """
    certificates: list[bytes] = []
    keys: dict[str, bytes] = {}
    for path, data in files:
        found = _certificates(data)
        certificates += found
        own = _keys(path, data) if not found else {}
        keys.update(own)
        if not found and not own:
            raise SourceError(f"{path!r} holds no certificate and no public key (PEM, DER, JWK, COSE_Key)")
    return tuple(certificates), keys


def _certificates(data: bytes) -> list[bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        if b"-----BEGIN CERTIFICATE-----" in data:
            return [each.public_bytes(Encoding.DER) for each in x509.load_pem_x509_certificates(data)]
        return [x509.load_der_x509_certificate(data).public_bytes(Encoding.DER)]
    except ValueError:
        return []


def _keys(path: str, data: bytes) -> dict[str, bytes]:
    """Return the public keys of a file: PEM or DER, a JWK or a set of them, a COSE_Key."""
    from trueware.errors import MalformedInput
    from trueware.signatures.published_keys import from_cose_key, from_jwk

    key = _key(data)
    if key is not None:
        return {path: key}
    try:
        return from_jwk(data) if data.lstrip()[:1] == b"{" else from_cose_key(data)
    except MalformedInput:
        return {}


def _key(data: bytes) -> bytes | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_der_public_key,
        load_pem_public_key,
    )

    try:
        key = load_pem_public_key(data) if data.lstrip().startswith(b"-----BEGIN") else load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
