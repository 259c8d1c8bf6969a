"""Certificates of endorsement keys, and of authorities above them, made for tests."""

from base64 import b64decode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from trueware.signatures.der import encoded

SECONDS_OF_YEAR = 31_556_952
NOW = 1_800_000_000
CORPUS_NOW = 1_795_816_800  # 2026-11-27
TPM = {"2.23.133.2.1": "id:53544D20", "2.23.133.2.2": "ST33", "2.23.133.2.3": "id:0001"}
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def year(years: float) -> datetime:
    return datetime.fromtimestamp(int(NOW + years * SECONDS_OF_YEAR), UTC)


@dataclass
class Authority:
    name: str
    above: "Authority | None" = None
    since: float = -20
    until: float = 20
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def subject(self) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])

    def builder(self, subject: x509.Name, key: PrivateKey, since: float, until: float) -> x509.CertificateBuilder:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        built = x509.CertificateBuilder().subject_name(subject).issuer_name(self.subject).serial_number(77)
        built = built.public_key(key.public_key()).not_valid_before(year(since)).not_valid_after(year(until))
        return built.add_extension(identifier, critical=False)

    @property
    def certificate(self) -> bytes:
        above = self.above or self
        built = above.builder(self.subject, self.key, self.since, self.until)
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        built = built.add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
        return built.sign(above.key, SHA256()).public_bytes(Encoding.DER)

    def endorses(
        self,
        key: PrivateKey,
        *,
        since: float = -1,
        until: float = 10,
        uses: tuple[str, ...] = ("2.23.133.8.1",),
        attributes: dict[str, str] = TPM,
        critical: bool = True,
        authority: bool = False,
        signs: bool = False,
        signer: ec.EllipticCurvePrivateKey | None = None,
        serial: str = "",
        module: bytes = b"",
    ) -> bytes:
        subject = [x509.NameAttribute(NameOID.SERIAL_NUMBER, serial)] if serial else []
        built = self.builder(x509.Name(subject), key, since, until)
        built = built.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        if uses:
            built = built.add_extension(x509.ExtendedKeyUsage([ObjectIdentifier(use) for use in uses]), critical=False)
        names: list[x509.GeneralName] = []
        if attributes:
            relative = [x509.NameAttribute(ObjectIdentifier(kind), value) for kind, value in attributes.items()]
            names.append(x509.DirectoryName(x509.Name(relative)))
        if module:
            value = encoded(0x30, encoded(6, b"\x2a\x03") + encoded(4, module))
            names.append(x509.OtherName(ObjectIdentifier("1.3.6.1.5.5.7.8.4"), value))
        if names:
            built = built.add_extension(x509.SubjectAlternativeName(names), critical=critical)
        usage = dict.fromkeys(("content_commitment", "data_encipherment", "key_cert_sign", "crl_sign"), False)
        usage |= {"key_agreement": False, "encipher_only": False, "decipher_only": False}
        built = built.add_extension(
            x509.KeyUsage(digital_signature=signs, key_encipherment=not signs, **usage), critical=True
        )
        return built.sign(signer or self.key, SHA256()).public_bytes(Encoding.DER)


def der(path: Path) -> bytes:
    """Return a certificate that is a file of DER or PEM."""
    data = path.read_bytes()
    if b"-----BEGIN" not in data:
        return data
    lines = data.split(b"-----BEGIN")[1].split(b"-----END")[0].split(b"\n")[1:]
    return b64decode(b"".join(lines))
