"""Enrolling a publisher: whose keys speak for whom, and what they may claim. The registry's operator decides that."""

from collections.abc import Iterable

from trueware.model.release import Entitlement, Publisher
from trueware.registry.ports import RegistryStore


def enrol(
    store: RegistryStore, name: str, keys: Iterable[bytes], entitlements: Iterable[Entitlement], now: int
) -> Publisher:
    """Admit a publisher, or add keys and entitlements to one; returns the publisher as it now stands.

    Args:
        store: where.
        name: how the publisher is called; 1 to 512 printable characters.
        keys: public keys, each a DER SubjectPublicKeyInfo of Ed25519, P-256 or P-384.
        entitlements: the claims that are this publisher's to make.
        now: seconds since 1970.

    Raises:
        ValueError: the name cannot stand on one line, or a key is none or of a kind that signs nothing here.
    """
    if not 0 < len(name) <= 512 or not name.isprintable():
        raise ValueError(f"1 to 512 printable characters expected, found {name[:40]!r}")
    keys = tuple(keys)
    for key in keys:
        _check_key(key)
    store.add_publisher(Publisher(name, keys, tuple(entitlements)), now)
    enrolled = store.get_publisher(name)
    assert enrolled is not None  # noqa: S101 (just added; nothing is ever deleted)
    return enrolled


def _check_key(spki: bytes) -> None:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 (start-up time)
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, EllipticCurvePublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        PublicFormat,
        load_der_public_key,
    )

    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"not a public key in DER ({error})") from error
    if isinstance(key, EllipticCurvePublicKey):
        usable = isinstance(key.curve, SECP256R1 | SECP384R1)
    else:
        usable = isinstance(key, Ed25519PublicKey)
    if not usable:
        raise ValueError("an Ed25519, P-256 or P-384 public key is needed")
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != spki:
        raise ValueError("the key is not in its one DER encoding")
