"""Reads key files, PEM or DER; the passphrase of a private key comes from the environment, never from an argument."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from trueware.errors import SourceError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

    from trueware.cose.sign1 import PrivateKey

PASSPHRASE_VARIABLE = "TRUEWARE_KEY_PASSPHRASE"  # noqa: S105 (the name of a variable)

_LARGEST = 64 * 1024
"""Bytes; no key file of the kinds taken is larger than a few hundred."""

_LARGEST_LIST = 64 * 1024 * 1024
"""Bytes of a keyring or a list of keys."""


def read_public_key(path: str) -> bytes:
    """Return the DER SubjectPublicKeyInfo of the public key in a file.

    Raises:
        SourceError: it cannot be read or holds no public key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_der_public_key,
        load_pem_public_key,
    )

    data = _read(path)
    try:
        key = load_pem_public_key(data) if data.lstrip().startswith(b"-----") else load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SourceError(f"{path!r} holds no public key") from error
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def read_private_key(path: str) -> "PrivateKey":
    """Return the private key in a file.

    Raises:
        SourceError: it cannot be read, holds no private key of a kind that signs here, or the passphrase does not fit.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = _load_private_key(path)
    if not isinstance(key, Ed25519PrivateKey | EllipticCurvePrivateKey):
        raise SourceError(f"{path!r}: an Ed25519, P-256 or P-384 key is needed")
    return key


def read_cosigning_key(path: str) -> "Ed25519PrivateKey | MLDSA44PrivateKey":
    """Return the private key of a witness in a file.

    Raises:
        SourceError: it cannot be read, holds no private key of a kind that cosigns, or the passphrase does not fit.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = _load_private_key(path)
    if isinstance(key, Ed25519PrivateKey):
        return key
    try:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
    except ImportError:  # an older cryptography
        pass
    else:
        if isinstance(key, MLDSA44PrivateKey):
            return key
    raise SourceError(f"{path!r}: an Ed25519 or ML-DSA-44 key is needed to cosign")


def _load_private_key(path: str) -> object:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

    data = _read(path)
    given = os.environ.get(PASSPHRASE_VARIABLE)
    passphrase = given.encode() if given else None
    try:
        pem = data.lstrip().startswith(b"-----")
        return load_pem_private_key(data, passphrase) if pem else load_der_private_key(data, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SourceError(
            f"{path!r} holds no private key that can be read (passphrase: ${PASSPHRASE_VARIABLE})"
        ) from error


def _read(path: str) -> bytes:
    return read_file(path, _LARGEST)


def read_file(path: str, largest: int = _LARGEST_LIST) -> bytes:
    """Return the bytes of a file of keys or of a list.

    Raises:
        SourceError: it cannot be read, or is larger than such files are.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(largest + 1)
    except OSError as error:
        raise SourceError(f"cannot read {path!r}: {error.strerror}") from error
    if len(data) > largest:
        raise SourceError(f"{path!r} is too large: at most {largest} bytes are expected")
    return data
