"""A TPM in software, for attacks: it marshals what it is told to, also what no TPM would."""

import struct
from dataclasses import dataclass, field
from hashlib import new, sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from trueware.attestation.tpm.algorithms import NUMBERS
from trueware.attestation.tpm.pcrs import PcrValues, Selection
from trueware.attestation.tpm.public import Attributes
from trueware.attestation.tpm.quote_key import QuoteKey, load_quote_key

GENUINE = (
    Attributes.FIXED_TPM
    | Attributes.FIXED_PARENT
    | Attributes.SENSITIVE_DATA_ORIGIN
    | Attributes.USER_WITH_AUTH
    | Attributes.RESTRICTED
    | Attributes.SIGN
)
NONCE = bytes(range(20))
SELECTION: Selection = (("sha1", (0, 1)), ("sha256", (0, 1, 2, 10)))
_CURVES = {"secp256r1": 3, "secp384r1": 4, "secp521r1": 5}
_SCHEMES = {"rsassa": 0x14, "rsapss": 0x16, "ecdsa": 0x18}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 (what old keys sign with)
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def sized(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def selection_bytes(selection: Selection, width: int = 3) -> bytes:
    out = struct.pack(">I", len(selection))
    for bank, indices in selection:
        select = sum(1 << index for index in indices).to_bytes(width, "little")
        out += struct.pack(">HB", NUMBERS[bank], width) + select
    return out


def values_of(selection: Selection, salt: bytes = b"") -> PcrValues:
    banks: dict[str, dict[int, bytes]] = {}
    for bank, indices in selection:
        for index in indices:
            banks.setdefault(bank, {})[index] = new(bank, salt + bytes([index])).digest()
    return PcrValues(banks)


def pcr_file(selection: Selection, values: PcrValues, per_list: int = 8) -> bytes:
    """The file of tpm2-tools; a TPM may give fewer values at a time than a list takes."""
    out = struct.pack("<I", len(selection))
    for bank, indices in selection:
        select = sum(1 << index for index in indices).to_bytes(4, "little")
        out += struct.pack("<HB4sx", NUMBERS[bank], 3, select)
    out = out.ljust(132, b"\0")
    listed = [values.banks[bank][index] for bank, indices in selection for index in indices]
    lists = [listed[at : at + per_list] for at in range(0, len(listed), per_list)]
    out += struct.pack("<I", len(lists))
    for each in lists:
        part = struct.pack("<I", len(each)) + b"".join(struct.pack("<H64s", len(value), value) for value in each)
        out += part.ljust(532, b"\0")
    return out


@dataclass
class Key:
    """A key of RSA or of a curve, and the public area that it pretends to have."""

    scheme: str = "ecdsa"
    hash: str = "sha256"
    curve: str = "secp256r1"
    bits: int = 2048
    attributes: int = GENUINE
    exponent: int | None = None
    secret: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = field(init=False)

    def __post_init__(self) -> None:
        curves: dict[str, ec.EllipticCurve] = {
            "secp256r1": ec.SECP256R1(),
            "secp384r1": ec.SECP384R1(),
            "secp521r1": ec.SECP521R1(),
        }
        if self.scheme == "ecdsa":
            self.secret = ec.generate_private_key(curves[self.curve])
        else:
            self.secret = rsa.generate_private_key(65537, self.bits)

    def public(self, **other: int) -> bytes:
        """TPMT_PUBLIC; `other` replaces numbers: type, name_hash, attributes, x, y, modulus, exponent, curve, bits, scheme, hash."""
        scheme = other.get("scheme", _SCHEMES[self.scheme])
        hash_number = other.get("hash", NUMBERS[self.hash])
        kind = other.get("type", 0x23 if isinstance(self.secret, ec.EllipticCurvePrivateKey) else 1)
        attributes = other.get("attributes", self.attributes)
        out = struct.pack(">HHI", kind, other.get("name_hash", 0x0B), attributes) + sized(b"")
        out += struct.pack(">HHH", 0x10, scheme, hash_number)
        if isinstance(self.secret, ec.EllipticCurvePrivateKey):
            numbers = self.secret.public_key().public_numbers()
            size = (self.secret.key_size + 7) // 8
            out += struct.pack(">HH", other.get("curve", _CURVES[self.curve]), 0x10)
            x, y = other.get("x", numbers.x), other.get("y", numbers.y)
            return out + sized(x.to_bytes(size)) + sized(y.to_bytes(size))
        modulus = other.get("modulus", self.secret.public_key().public_numbers().n)
        out += struct.pack(">HI", other.get("bits", self.bits), other.get("exponent", 0))
        return out + sized(modulus.to_bytes(self.bits // 8))

    @property
    def quote_key(self) -> QuoteKey:
        return load_quote_key(sized(self.public()))

    def sign(self, data: bytes, scheme: str = "", name: str = "") -> bytes:
        """TPMT_SIGNATURE."""
        scheme, name = scheme or self.scheme, name or self.hash
        algorithm = _HASHES[name]
        head = struct.pack(">HH", _SCHEMES[scheme], NUMBERS[name])
        if isinstance(self.secret, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self.secret.sign(data, ec.ECDSA(algorithm)))
            size = (self.secret.key_size + 7) // 8
            return head + sized(r.to_bytes(size)) + sized(s.to_bytes(size))
        if scheme == "rsassa":
            return head + sized(self.secret.sign(data, padding.PKCS1v15(), algorithm))
        pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.MAX_LENGTH)
        return head + sized(self.secret.sign(data, pss, algorithm))


def attest(
    values: PcrValues,
    selection: Selection = SELECTION,
    *,
    nonce: bytes = NONCE,
    magic: int = 0xFF544347,
    kind: int = 0x8018,
    hash_name: str = "sha256",
    digest: bytes | None = None,
    clock: tuple[int, int, int, int] = (1000, 5, 0, 1),
    raw_selection: bytes | None = None,
) -> bytes:
    """TPMS_ATTEST of a quote."""
    if digest is None:
        listed = [values.banks[bank][index] for bank, indices in selection for index in indices]
        digest = new(hash_name, b"".join(listed)).digest()
    chosen = selection_bytes(selection) if raw_selection is None else raw_selection
    head = struct.pack(">IH", magic, kind) + sized(b"\x00\x0b" + sha256(b"signer").digest()) + sized(nonce)
    return head + struct.pack(">QIIBQ", *clock, 0x20191023) + chosen + sized(digest)


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
