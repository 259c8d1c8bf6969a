"""A phone with secure hardware, and the authorities above it, made for tests: every field as a test wants it.

The DER is written here once more, in another way than the product reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID, ObjectIdentifier

NOW = 1_795_816_800  # 2026-11-27
NONCE = b"challenge of the test"
DAY = 86_400
ATTESTATION = ObjectIdentifier("1.3.6.1.4.1.11129.2.1.17")
PROVISIONING = ObjectIdentifier("1.3.6.1.4.1.11129.2.1.30")
BOOT_KEY, BOOT_HASH = bytes(range(32)), bytes(range(32, 64))
Key = ec.EllipticCurvePrivateKey


@cache
def key(name: str) -> Key:  # noqa: ARG001 (what it is kept by)
    """The key of that name: always the same within a run."""
    return ec.generate_private_key(ec.SECP256R1())


def spki(name: str) -> bytes:
    return key(name).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def tlv(tag: int | bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    size = len(content)
    length = (
        bytes([size])
        if size < 128
        else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8, "big")
    )
    return (bytes([tag]) if isinstance(tag, int) else tag) + length + content


def integer(value: int, tag: int = 0x02) -> bytes:
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def enumerated(value: int) -> bytes:
    return integer(value, 0x0A)


def octets(value: bytes) -> bytes:
    return tlv(0x04, value)


def numbers(*values: int) -> bytes:
    return tlv(0x31, *map(integer, values))


def tagged(number: int, value: bytes) -> bytes:
    if number < 31:
        return tlv(0xA0 | number, value)
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.insert(0, number & 0x7F | 0x80)
    return tlv(bytes([0xBF, *digits]), value)


def root_of_trust(
    state: int = 0, *, locked: bytes = b"\xff", boot_key: bytes = BOOT_KEY, boot_hash: bytes | None = BOOT_HASH
) -> bytes:
    last = () if boot_hash is None else (octets(boot_hash),)
    return tlv(0x30, octets(boot_key), tlv(0x01, locked), enumerated(state), *last)


def hardware(**changed: bytes | None) -> dict[int, bytes]:
    """What a phone's hardware enforces; `t704=…` sets the field of that tag, None takes it away."""
    fields: dict[int, bytes | None] = {
        1: numbers(2),
        2: integer(3),
        3: integer(256),
        5: numbers(4),
        10: integer(1),
        503: tlv(0x05),
        702: integer(0),
        704: root_of_trust(),
        705: integer(160000),
        706: integer(202611),
        710: octets(b"acme"),
        713: octets(b"SN0001"),
        714: octets(b"490154203237518"),
        717: octets(b"Phone 8"),
        718: integer(20261105),
        719: integer(20261105),
        723: octets(b"356938035643809"),
    }
    fields |= {int(name[1:]): value for name, value in changed.items()}
    return {number: value for number, value in sorted(fields.items()) if value is not None}


def authorizations(fields: Mapping[int, bytes] | list[tuple[int, bytes]]) -> bytes:
    pairs = list(fields.items()) if isinstance(fields, Mapping) else fields
    return tlv(0x30, *(tagged(number, value) for number, value in pairs))


SOFTWARE = {
    701: integer(1_795_000_000_000),
    709: octets(tlv(0x30, tlv(0x31, tlv(0x30, octets(b"com.example.app"), integer(7))), tlv(0x31, octets(bytes(32))))),
}


@dataclass(frozen=True)
class Described:
    version: int = 500
    level: int = 1
    keymint_level: int = 1
    challenge: bytes = NONCE
    software: bytes = authorizations(SOFTWARE)
    hardware: bytes = field(default_factory=lambda: authorizations(hardware()))

    @property
    def encoded(self) -> bytes:
        return tlv(
            0x30,
            integer(self.version),
            enumerated(self.level),
            integer(self.version),
            enumerated(self.keymint_level),
            octets(self.challenge),
            octets(b""),
            self.software,
            self.hardware,
        )


@dataclass(frozen=True)
class Made:
    """One certificate to be made."""

    name: str
    by: str
    own_key: str = ""
    issuer: str = ""
    since: int = NOW - 400 * DAY
    until: int = NOW + 400 * DAY
    serial: int = 77
    authority: bool = True
    may_sign: bool | None = True
    extension: bytes | None = None
    provisioned: bool = False

    @property
    def encoded(self) -> bytes:
        built = (
            x509.CertificateBuilder()
            .subject_name(_name(self.name))
            .issuer_name(_name(self.issuer or self.by))
            .serial_number(self.serial)
            .public_key(key(self.own_key or self.name).public_key())
            .not_valid_before(datetime.fromtimestamp(self.since, UTC))
            .not_valid_after(datetime.fromtimestamp(self.until, UTC))
        )
        if self.authority:
            built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        if self.may_sign is not None:
            usage = x509.KeyUsage(
                digital_signature=not self.may_sign,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=self.may_sign,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            )
            built = built.add_extension(usage, critical=True)
        if self.extension is not None:
            built = built.add_extension(x509.UnrecognizedExtension(ATTESTATION, self.extension), critical=False)
        if self.provisioned:
            built = built.add_extension(x509.UnrecognizedExtension(PROVISIONING, b"\xa1\x01\x05"), critical=False)
        return built.sign(key(self.by), SHA256()).public_bytes(Encoding.DER)

    def but(self, **changed: object) -> "Made":
        return replace(self, **changed)  # type: ignore[arg-type]


def _name(text: str) -> x509.Name:
    kind = NameOID.SERIAL_NUMBER if text.startswith("batch") else NameOID.COMMON_NAME
    return x509.Name([x509.NameAttribute(kind, text)])


ROOT = Made("root", "root", serial=1)
INTERMEDIATE = Made("intermediate", "root", serial=0xC0FFEE)
BATCH = Made("batch 1", "intermediate", serial=0x2D265C93AC2A36B2)


def leaf(
    described: Described | None = None, by: str = "batch 1", name: str = "Android Keystore Key", **changed: object
) -> Made:
    made = Made(name, by, own_key="leaf", authority=False, may_sign=False, extension=(described or Described()).encoded)
    return made.but(**changed)


def chain(*first: Made, rest: tuple[Made, ...] = (BATCH, INTERMEDIATE, ROOT)) -> list[bytes]:
    return [each.encoded for each in (*first, *rest)]


ROOTS = (spki("root"),)
