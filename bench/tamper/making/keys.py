"""Keys and certificates of the bench: made from fixed numbers, worth nothing outside it."""

import datetime as dt
import hashlib
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_FROM = dt.datetime(2023, 1, 1, tzinfo=dt.UTC)


def _key(name: str) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(hashlib.sha256(f"tamperbench {name}".encode()).digest()) >> 1
    return ec.derive_private_key(number, ec.SECP256R1())


@cache
def certificate(name: str) -> x509.Certificate:
    """Return a self-signed certificate of an authority called `name`."""
    key = _key(name)
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder(
            called, called, key.public_key(), int(hashlib.sha256(name.encode()).hexdigest()[:12], 16)
        )
        .not_valid_before(_FROM)
        .not_valid_after(_FROM + dt.timedelta(days=7300))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )


def pem(name: str) -> bytes:
    """Return the certificate as PEM."""
    return certificate(name).public_bytes(Encoding.PEM)


def write_signer(name: str, folder: Path) -> tuple[Path, Path]:
    """Write key (PKCS#8) and certificate where a signing tool takes them."""
    key, chain = folder / f"{name}.pk8", folder / f"{name}.pem"
    key.write_bytes(_key(name).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    chain.write_bytes(pem(name))
    return key, chain
