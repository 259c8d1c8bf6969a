"""CMS signed data, read and verified strictly, for the schemes whose signatures are of this kind (RFC 5652).

 1. It is one ContentInfo of signed data with its signers, and nothing behind it (§3, §5.1).
 2. A signer names a certificate by issuer and serial number, or by subject key identifier (§5.3). It may come along or be at hand.
 3. Signed attributes are there where the content is of another type than data; content type and message digest are in them, each
    attribute once and with one value, and are those of the content (§5.3, §5.4, §11.1, §11.2).
 4. The signature is over the attributes as they were received, with the tag of a SET for their own, or over the content where there
    are none (§5.4). A content without attributes that looks like some is refused: a signature over attributes would fit it.
 5. The digest is one that is still used, and the one that the algorithm of the signature names; with PSS that of the mask too
    (RFC 4056 §3). Ed25519 signs what 4 says without a digest (RFC 8419 §3); no vector of others confirms that.

No certificate is trusted here and none is asked about its dates or its usage.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import new, sha1

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA1, SHA224, SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from trueware.formats.contract import Buffer
from trueware.signatures import der
from trueware.signatures.certificate import Certificate
from trueware.signatures.contract import Context, Key
from trueware.signatures.refusal import Refusal, uncheckable

DATA, SIGNED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
_KEY_IDENTIFIER = "2.5.29.14"

_TAGGED_0, _TAGGED_1, _TAGGED_2, _TAGGED_3, _PRIMITIVE_0 = 0xA0, 0xA1, 0xA2, 0xA3, 0x80
_UTC_TIME, _GENERAL_TIME = 0x17, 0x18
_MOST_CERTIFICATES, _MOST_SIGNERS, _MOST_ATTRIBUTES = 32, 8, 64

_HASHES: dict[str, HashAlgorithm] = {
    "sha1": SHA1(),  # noqa: S303 (what old devices take)
    "sha224": SHA224(),
    "sha256": SHA256(),
    "sha384": SHA384(),
    "sha512": SHA512(),
}
DIGESTS = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_RSA, _PSS, _EC, _ED25519 = "RSA", "RSA-PSS", "ECDSA", "Ed25519"
_SCHEMES: dict[str, tuple[str, str | None]] = {
    "1.2.840.113549.1.1.1": (_RSA, None),
    "1.2.840.113549.1.1.5": (_RSA, "sha1"),
    "1.3.14.3.2.29": (_RSA, "sha1"),
    "1.2.840.113549.1.1.14": (_RSA, "sha224"),
    "1.2.840.113549.1.1.11": (_RSA, "sha256"),
    "1.2.840.113549.1.1.12": (_RSA, "sha384"),
    "1.2.840.113549.1.1.13": (_RSA, "sha512"),
    "1.2.840.113549.1.1.10": (_PSS, None),
    "1.2.840.10045.2.1": (_EC, None),
    "1.2.840.10045.4.1": (_EC, "sha1"),
    "1.2.840.10045.4.3.1": (_EC, "sha224"),
    "1.2.840.10045.4.3.2": (_EC, "sha256"),
    "1.2.840.10045.4.3.3": (_EC, "sha384"),
    "1.2.840.10045.4.3.4": (_EC, "sha512"),
    "1.3.101.112": (_ED25519, None),
}
_DAYS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MASK = "1.2.840.113549.1.1.8"


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """One signer, not verified yet."""

    issuer: bytes = field(repr=False)
    """As it came; empty where the signer is named by key identifier."""

    serial: int
    key_identifier: bytes
    digest: str
    scheme: str
    salt: int
    """Bytes, with PSS."""

    attributes: bytes | None = field(repr=False)
    """As they are signed."""

    values: dict[str, der.Value] = field(repr=False)
    """Of the signed attributes, by their object identifiers."""

    signature: bytes = field(repr=False)
    content_type: str
    unsigned: dict[str, tuple[der.Value, ...]] = field(default_factory=dict, repr=False)
    """Values of the attributes that anybody may have added: time stamps, further signatures."""

    def is_by(self, certificate: Certificate) -> bool:  # 2
        """Tell whether the signer names this certificate."""
        if self.issuer:
            return certificate.is_named(self.issuer, self.serial)
        return key_identifier(certificate) == self.key_identifier

    def signed_at(self) -> int | None:
        """Return the time that the signer states, seconds since 1970."""
        stated = self.values.get(SIGNING_TIME)
        return None if stated is None else read_time(stated)

    def who(self) -> str:
        """Return how the signer is named, for people."""
        if self.issuer:
            return f"serial number {self.serial:x} of {Certificate(b'', b'', 0, b'', self.issuer, b'').name()}"
        return f"key identifier {self.key_identifier.hex()}"

    def is_signed(self, spki: bytes, content: Buffer) -> bool:
        """Tell whether the key of `spki` signed `content`.

        Raises:
            Refusal: it could not be told: the key is of another kind, or the content might be attributes.
        """
        made = new(self.digest, content, usedforsecurity=False).digest()
        if self.attributes is None:  # 4
            if bytes(content[:1]) == bytes([der.SET]):
                uncheckable("the content might be the signed attributes of another signature")
            return _verifies(spki, self, bytes(content) if self.scheme == _ED25519 else made)
        stated = self.values[_MESSAGE_DIGEST]
        if stated.tag != der.OCTETS or stated.content != made:  # 3
            return False
        signed = self.attributes
        if self.scheme != _ED25519:
            signed = new(self.digest, signed, usedforsecurity=False).digest()
        return _verifies(spki, self, signed)

    def is_signed_digest(self, spki: bytes, algorithm: str, digest: bytes) -> bool:
        """Tell whether the key of `spki` signed content of which the digest alone is known.

        Whether the content is the signed attributes of another signature cannot be seen here: the caller knows what it is.

        Raises:
            Refusal: it could not be told: the key, or the digest, is of another kind.
        """
        if self.digest != algorithm or self.scheme == _ED25519:
            uncheckable(f"it is over another digest than {algorithm}")
        if self.attributes is None:
            return _verifies(spki, self, digest)
        stated = self.values[_MESSAGE_DIGEST]
        if stated.tag != der.OCTETS or stated.content != digest:
            return False
        return _verifies(spki, self, new(self.digest, self.attributes, usedforsecurity=False).digest())


@dataclass(frozen=True, slots=True)
class SignedData:
    """Signed data as it was read."""

    content_type: str
    content: bytes | None = field(repr=False)
    """What is signed: the bytes in an OCTET STRING, or, as PKCS #7 had it, within another value; None where it is detached."""

    certificates: tuple[Certificate, ...] = field(repr=False)
    signers: tuple[SignerInfo, ...]

    def certificate_of(self, info: SignerInfo) -> Certificate | None:
        """Return the certificate that came along and that a signer names."""
        return next((each for each in self.certificates if info.is_by(each)), None)

    def chain_of(self, own: Certificate) -> tuple[Certificate, ...]:
        """Return the certificates that came along, the signer's first."""
        return (own, *(each for each in self.certificates if each is not own))


def read_signed_data(encoded: bytes) -> SignedData:
    """Read CMS signed data.

    Raises:
        Refusal: it is malformed, or of a kind that is not known.
    """
    outer = der.read(encoded)
    if len(outer.whole) != len(encoded):  # 1
        uncheckable(f"{len(encoded) - len(outer.whole)} bytes behind the signed data")
    kind, inner = _fields(outer.sequence(), 2, "a signature")
    if kind.oid() != SIGNED_DATA or inner.tag != _TAGGED_0:
        uncheckable("the signature is no signed data")
    (signed,) = _fields(list(inner.parts()), 1, "a signature")
    version, digests, encapsulated, *rest = der.parts(signed.sequence(), 4, "signed data")
    if version.number() not in (1, 3, 4, 5) or digests.tag != der.SET:
        uncheckable("signed data of another version, or malformed")
    content_type, content = _content(encapsulated)
    certificates: tuple[Certificate, ...] = ()
    if rest and rest[0].tag == _TAGGED_0:
        bag = [each for each in rest.pop(0).parts() if each.tag == der.SEQUENCE]
        if len(bag) > _MOST_CERTIFICATES:
            uncheckable(f"signed data with {len(bag)} certificates")
        certificates = tuple(Certificate.parse(each.whole) for each in bag)
    if rest and rest[0].tag == _TAGGED_1:  # revocation lists: told elsewhere whether a key was taken back
        rest.pop(0)
    if len(rest) != 1 or rest[0].tag != der.SET:
        uncheckable("signed data without signers, or malformed")
    infos = list(rest[0].parts())
    if not 1 <= len(infos) <= _MOST_SIGNERS:
        uncheckable(f"signed data with {len(infos)} signers")
    return SignedData(content_type, content, certificates, tuple(read_signer(each, content_type) for each in infos))


def key_identifier(certificate: Certificate) -> bytes | None:
    """Return the subject key identifier that a certificate states (RFC 5280 §4.2.1.2)."""
    if not certificate.extensions:
        return None
    for extension in der.read(certificate.extensions).sequence():
        kind, *_, value = der.parts(extension.sequence(), 2, "an extension")
        if kind.oid() == _KEY_IDENTIFIER:
            return der.read(value.content).content
    return None


def key_identifier_of(spki: bytes) -> bytes:
    """Return the identifier that is usually given to a key: the SHA-1 of its bits (RFC 5280 §4.2.1.2, first way)."""
    bits = der.parts(der.read(spki).sequence(), 2, "a public key")[1]
    return sha1(bits.content[1:]).digest()  # noqa: S324 (the name that is used)


def certificates_at_hand(context: Context) -> Sequence[Certificate]:
    """Return the certificates of the keyring that can be parsed."""
    return context.keyring.derived("x509", _parsed)


def _parsed(keys: Iterable[Key]) -> Sequence[Certificate]:
    found = []
    for key in keys:
        try:
            found.append(Certificate.parse(key.data))
        except Refusal:
            continue
    return found


def read_time(value: der.Value) -> int:
    """Return a UTCTime or GeneralizedTime of DER (``…Z``, with seconds) in seconds since 1970 (RFC 5280 §4.1.2.5)."""
    text = value.content.decode("ascii", "replace")
    if value.tag == _UTC_TIME and len(text) == 13:
        text = ("19" if text >= "50" else "20") + text
    elif value.tag != _GENERAL_TIME:
        uncheckable("a time of another kind")
    if len(text) != 15 or text[14] != "Z" or not (text[:14].isascii() and text[:14].isdigit()):
        uncheckable(f"a time that is none: {text!r}")
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8])
    hour, minute, second = (int(text[at : at + 2]) for at in (8, 10, 12))
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not (
        1 <= month <= 12
        and 1 <= day <= _DAYS[month] + (month == 2 and leap)
        and hour < 24
        and minute < 60
        and second < 60
    ):
        uncheckable(f"a time that is none: {text!r}")
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 1 - 719468
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def _fields(values: list[der.Value], number: int, what: str) -> list[der.Value]:
    if len(values) != number:
        uncheckable(f"{what} has {len(values)} fields")
    return values


def _content(encapsulated: der.Value) -> tuple[str, bytes | None]:
    kind, *rest = der.parts(encapsulated.sequence(), 1, "a content")
    if not rest:
        return kind.oid(), None
    if len(rest) != 1 or rest[0].tag != _TAGGED_0:
        uncheckable("a content is malformed")
    (content,) = _fields(list(rest[0].parts()), 1, "a content")
    if content.tag != der.OCTETS and (content.tag != der.SEQUENCE or kind.oid() == DATA):
        uncheckable("a content in pieces, or of an old kind")
    return kind.oid(), content.content


def read_signer(info: der.Value, content_type: str) -> SignerInfo:
    """Read one signer of a content of that type.

    Raises:
        Refusal: it is malformed, or of a kind that is not known.
    """
    version, named, digest, *rest = der.parts(info.sequence(), 5, "a signer")
    attributes = rest.pop(0) if rest[0].tag == _TAGGED_0 else None
    algorithm, signature = der.parts(rest, 2, "a signer")[:2]
    if len(rest) > 3 or any(each.tag != _TAGGED_1 for each in rest[2:]) or signature.tag != der.OCTETS:
        uncheckable("a signer is malformed")
    issuer, serial, identifier = b"", 0, b""
    if named.tag == _PRIMITIVE_0 and version.number() == 3:
        identifier = named.content
    elif version.number() == 1:
        first, second = _fields(named.sequence(), 2, "the name of a signer")
        issuer, serial = first.whole, second.number()
    else:
        uncheckable("a signer of another version")
    name = DIGESTS.get(der.parts(digest.sequence(), 1, "an algorithm")[0].oid())
    if name is None:
        uncheckable("a digest that is not known, or not used any more")
    scheme, salt = _scheme(algorithm, name)  # 5
    values: dict[str, der.Value] = {}
    if attributes is not None:  # 3
        values = _attributes(attributes)
        if any(each not in values for each in (_CONTENT_TYPE, _MESSAGE_DIGEST)):
            uncheckable("the signed attributes lack content type or message digest")
        if values[_CONTENT_TYPE].oid() != content_type:
            uncheckable("the signed attributes are about content of another type")
    elif content_type != DATA:
        uncheckable(f"content of type {content_type} needs signed attributes")
    signed = None if attributes is None else bytes([der.SET]) + attributes.whole[1:]  # 4
    unsigned = _unsigned(rest[2]) if len(rest) > 2 else {}
    made = signature.content
    return SignerInfo(issuer, serial, identifier, name, scheme, salt, signed, values, made, content_type, unsigned)


def _scheme(algorithm: der.Value, digest: str) -> tuple[str, int]:
    kind, *parameters = der.parts(algorithm.sequence(), 1, "an algorithm")
    scheme, named = _SCHEMES.get(kind.oid(), ("", None))
    if not scheme or (named is not None and named != digest):
        uncheckable(f"a signature by the algorithm {kind.oid()} with {digest}")
    if scheme != _PSS:
        return scheme, 0
    return scheme, _salt(_fields(parameters, 1, "the algorithm of PSS")[0], digest)


def _salt(parameters: der.Value, digest: str) -> int:
    """Return the length of the salt of PSS, whose other parameters have to be those of `digest` (RFC 4055 §3.1)."""
    stated, mask, salt, trailer = "sha1", "sha1", 20, 1
    for each in parameters.sequence():
        (inner,) = _fields(list(each.parts()), 1, "a parameter of PSS")
        if each.tag == _TAGGED_0:
            stated = DIGESTS.get(der.parts(inner.sequence(), 1, "an algorithm")[0].oid(), "")
        elif each.tag == _TAGGED_1:
            kind, of = _fields(inner.sequence(), 2, "the mask of PSS")
            oid = der.parts(of.sequence(), 1, "an algorithm")[0].oid()
            mask = DIGESTS.get(oid, "") if kind.oid() == _MASK else ""
        elif each.tag == _TAGGED_2:
            salt = inner.number()
        elif each.tag == _TAGGED_3:
            trailer = inner.number()
        else:
            uncheckable("a parameter of PSS that is not known")
    if stated != digest or mask != digest or trailer != 1 or not 0 <= salt <= 512:
        uncheckable("the parameters of PSS do not fit the digest")
    return salt


def _attributes(attributes: der.Value) -> dict[str, der.Value]:
    """Return the attributes, each of which has to stand once; those with several values are left out."""
    found: dict[str, der.Value] = {}
    seen: set[str] = set()
    for number, attribute in enumerate(attributes.parts()):
        kind, values = _fields(attribute.sequence(), 2, "a signed attribute")
        oid = kind.oid()
        if values.tag != der.SET or oid in seen or number >= _MOST_ATTRIBUTES:
            uncheckable("a signed attribute is malformed, or stands twice")
        seen.add(oid)
        several = list(values.parts())
        if len(several) == 1:
            found[oid] = several[0]
    return found


def _unsigned(attributes: der.Value) -> dict[str, tuple[der.Value, ...]]:
    """Return the attributes that nobody signed; values of one that stands twice are put together."""
    found: dict[str, tuple[der.Value, ...]] = {}
    for number, attribute in enumerate(attributes.parts()):
        kind, values = _fields(attribute.sequence(), 2, "an attribute")
        if values.tag != der.SET or number >= _MOST_ATTRIBUTES:
            uncheckable("an attribute is malformed, or one of too many")
        found[kind.oid()] = (*found.get(kind.oid(), ()), *values.parts())
    return found


def _verifies(spki: bytes, info: SignerInfo, signed: bytes) -> bool:
    """Tell whether the key signed a digest, or with Ed25519 these bytes."""
    try:
        key = load_der_public_key(spki)
        algorithm = _HASHES[info.digest]
        if isinstance(key, rsa.RSAPublicKey) and info.scheme == _RSA:
            key.verify(info.signature, signed, padding.PKCS1v15(), Prehashed(algorithm))
        elif isinstance(key, rsa.RSAPublicKey) and info.scheme == _PSS:
            mask = padding.PSS(padding.MGF1(algorithm), info.salt)
            key.verify(info.signature, signed, mask, Prehashed(algorithm))
        elif isinstance(key, ec.EllipticCurvePublicKey) and info.scheme == _EC:
            key.verify(info.signature, signed, ec.ECDSA(Prehashed(algorithm)))
        elif isinstance(key, ed25519.Ed25519PublicKey) and info.scheme == _ED25519:
            key.verify(info.signature, signed)
        else:
            uncheckable(f"the key is not one of {info.scheme}")
    except InvalidSignature:
        return False
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm) as error:
        uncheckable(f"the public key cannot be used ({error})")
    return True
