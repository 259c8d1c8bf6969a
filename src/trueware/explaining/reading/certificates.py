"""The certificates in a file of trusted ones, each with what decides how far it is trusted.

A file holds any number of them in PEM, text between (RFC 7468 §2), or one in DER. OpenSSL's ``TRUSTED CERTIFICATE`` has a certificate
first and its own opinion of it behind (openssl-x509(1)). What cannot be parsed is passed over, as programs that load such files do.
"""

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from warnings import catch_warnings, simplefilter

from cryptography.x509 import BasicConstraints, Certificate, ExtensionNotFound, Version

from trueware.explaining.patterns import regex
from trueware.signatures.x509 import UNUSABLE, load, name_of, subject_of

_BLOCK = regex(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END ")
_MOST = 4096
"""Certificates of one file; the lists of browsers and systems have some 150."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """One certificate."""

    der: bytes
    subject: str
    """In one line, as RFC 4514 has it."""

    is_authority: bool
    """Whether it may issue others: basicConstraints says so, or it is of version 1 and issued itself, as old roots are."""

    is_self_issued: bool

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hexadecimal."""
        return sha256(self.der).hexdigest()

    @property
    def told(self) -> str:
        """Whose it is, in one line."""
        kind = "authority" if self.is_authority else "certificate"
        issued = "issued by itself" if self.is_self_issued else "issued by another"
        return f"{kind} {self.subject or 'without a name'}, {issued}, SHA-256 {self.fingerprint}"


def certificates_in(data: bytes) -> Iterator[Trusted]:
    """Yield the certificates in a file, in order; none where it holds none."""
    if data[:1] == b"\x30":
        yield from _trusted(data)
        return
    for number, block in enumerate(_BLOCK.finditer(data)):
        if number == _MOST:
            return
        try:
            decoded = b64decode(b"".join(block.group(1).split()), validate=True)
        except ValueError:
            continue
        yield from _trusted(decoded)


def _trusted(der: bytes) -> Iterator[Trusted]:
    der = _first_element(der)
    certificate = load(der)
    if certificate is None:
        return
    try:
        is_self_issued = subject_of(der) == certificate.issuer.public_bytes()
        yield Trusted(der, name_of(der), _is_authority(certificate, is_self_issued=is_self_issued), is_self_issued)
    except UNUSABLE:
        yield Trusted(der, name_of(der), True, False)  # what cannot be told may be one


def _is_authority(certificate: Certificate, *, is_self_issued: bool) -> bool:
    if certificate.version is Version.v1:
        return is_self_issued
    try:
        with catch_warnings():
            simplefilter("ignore")  # oddities of old certificates: said to developers, not to users
            return certificate.extensions.get_extension_for_class(BasicConstraints).value.ca
    except ExtensionNotFound:
        return False


def _first_element(data: bytes) -> bytes:
    """Return the first element of DER (X.690 §8.1.3), all of `data` where that says no length."""
    if len(data) < 4 or data[1] < 0x80:
        return data
    size = data[1] & 0x7F
    return data[: 2 + size + int.from_bytes(data[2 : 2 + size], "big")]
