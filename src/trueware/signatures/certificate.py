"""Certificates as signatures carry them: a key, names, and bytes to compare. Nothing is asked about dates and issuers' signatures."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from trueware.model.signature import Signer
from trueware.signatures import der
from trueware.signatures.refusal import uncheckable

_VERSION, _EXTENSIONS = 0xA0, 0xA3
_KEY_USAGE = "2.5.29.15"
_KNOWN_CRITICAL = frozenset({_KEY_USAGE, "2.5.29.19", "2.5.29.17", "2.5.29.37", "2.5.29.32", "2.5.29.30", "2.5.29.36"})
_SIGNS = 0xC0
"""The first two bits of keyUsage: digitalSignature, nonRepudiation."""

_NAMES = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "1.2.840.113549.1.9.1": "emailAddress",
}
_UTF16, _UTF32 = 0x1E, 0x1C


@dataclass(frozen=True, slots=True)
class Certificate:
    """An X.509 certificate (RFC 5280 §4.1), as far as signatures of Android need it."""

    encoded: bytes = field(repr=False)
    spki: bytes = field(repr=False)
    serial: int
    issuer: bytes = field(repr=False)
    subject: bytes = field(repr=False)
    extensions: bytes = field(repr=False)

    @classmethod
    def parse(cls, encoded: bytes) -> "Certificate":
        """Return the certificate with these bytes, and no others behind it."""
        outer = der.read(encoded)
        if len(outer.whole) != len(encoded):
            uncheckable("a certificate has bytes behind its end")
        inner = der.parts(outer.sequence(), 3, "a certificate")[0].sequence()
        if inner and inner[0].tag == _VERSION:
            inner = inner[1:]
        der.parts(inner, 6, "a certificate")
        rest = next((each.content for each in inner[6:] if each.tag == _EXTENSIONS), b"")
        return cls(encoded, inner[5].whole, inner[0].number(), inner[2].whole, inner[4].whole, rest)

    @property
    def id(self) -> str:
        """Its name among signers."""
        return f"cert-sha256:{sha256(self.encoded).hexdigest()}"

    @property
    def key_id(self) -> str:
        """The name of its key."""
        return f"spki-sha256:{sha256(self.spki).hexdigest()}"

    def name(self) -> str:
        """Return the subject for people, as RFC 4514 writes it but in the order of the certificate."""
        return ", ".join(f"{_NAMES.get(kind, kind)}={text}" for kind, text in _attributes(self.subject))

    def is_named(self, issuer: bytes, serial: int) -> bool:
        """Tell whether these are its issuer and serial number; strings of a name may be encoded in different ways."""
        if self.serial != serial:
            return False
        return self.issuer == issuer or comparable_name(self.issuer) == comparable_name(issuer)

    def require_signing(self) -> None:
        """Refuse what Android refuses in JAR signatures: critical extensions that it does not know, keys not meant to sign."""
        if not self.extensions:
            return
        for extension in der.read(self.extensions).sequence():
            kind, *flag, value = der.parts(extension.sequence(), 2, "an extension")
            critical = bool(flag) and flag[0].tag == der.BOOLEAN and any(flag[0].content)
            if critical and kind.oid() not in _KNOWN_CRITICAL:
                uncheckable(f"the certificate has an extension {kind.oid()} that Android does not know")
            if kind.oid() == _KEY_USAGE:
                bits = der.read(value.content).content
                if len(bits) < 2 or not bits[1] & _SIGNS:
                    uncheckable("the key of the certificate is not meant to sign")


def _attributes(name: bytes) -> Iterator[tuple[str, str]]:
    """Yield kinds and values of a distinguished name."""
    for relative in der.read(name).parts():
        for attribute in relative.parts():
            kind, value = der.parts(attribute.sequence(), 2, "a name")[:2]
            encoding = {_UTF16: "utf-16-be", _UTF32: "utf-32-be"}.get(value.tag, "utf-8")
            text = value.content.decode(encoding, "replace")
            yield kind.oid(), text if text.isprintable() else repr(text)


def comparable_name(name: bytes) -> list[tuple[str, str]]:
    """Return a name as RFC 5280 §7.1 compares it: without case, and with single spaces."""
    return [(kind, " ".join(text.split()).casefold()) for kind, text in _attributes(name)]


@lru_cache(maxsize=64)
def signer(certificates: tuple[Certificate, ...]) -> Signer:
    """Return the signer whose certificates these are, its own first."""
    own = certificates[0]
    return Signer((own.key_id, own.id), own.name(), tuple(each.encoded for each in certificates))
