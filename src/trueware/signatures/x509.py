"""X.509: by which certificates a signer's leads to one that is trusted (RFC 5280 §6.1, the part that does not depend on a policy).

1. Each certificate is issued by the next: issuer's name, and the signature over it.
2. Each issuer is an authority: basicConstraints with cA, keyUsage (if there is one) with keyCertSign, pathLenConstraint kept.
3. The last one is trusted: it is an anchor itself, or an anchor issued it.

Validity is told, not judged: many schemes do not mind it, and who does needs to know at which time. Name constraints and
policies are not looked at; a certificate with a critical extension that is not known here leads nowhere (§4.2).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha1, sha256
from warnings import catch_warnings, simplefilter

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import (
    BasicConstraints,
    Certificate,
    DuplicateExtension,
    ExtensionNotFound,
    InvalidVersion,
    KeyUsage,
    Name,
    UnsupportedGeneralNameType,
    load_der_x509_certificate,
)
from cryptography.x509.oid import NameOID

UNUSABLE = (
    *(ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature),
    *(DuplicateExtension, ExtensionNotFound, InvalidVersion, UnsupportedGeneralNameType),
)
"""What the library raises for certificates that are malformed, of a kind it does not know, or not what was asked for."""

_ED25519 = bytes.fromhex("302a300506032b6570032100")
_LONGEST = 8
"""Certificates of one path; those of devices and code have three or four."""

_MOST = 32
"""Certificates of one signature that are looked at."""

_KNOWN_CRITICAL = frozenset(
    {
        "2.5.29.15",  # keyUsage
        "2.5.29.19",  # basicConstraints
        "2.5.29.37",  # extendedKeyUsage
        "2.5.29.17",  # subjectAltName
        "2.5.29.32",  # certificatePolicies: a policy is not asked for
        "2.16.840.1.113730.1.1",  # Netscape's certificate type: uses of the key, as extendedKeyUsage (Debian's Secure Boot CA)
    }
)


@dataclass(frozen=True, slots=True)
class Path:
    """A way from a signer's certificate to an anchor."""

    anchor: bytes
    """DER of the trusted certificate."""

    since: int
    until: int
    """Seconds since 1970 between which every certificate below the anchor is valid; empty where `since` > `until`."""


def spki_id(spki: bytes) -> str:
    """Return the name of a public key."""
    return f"spki-sha256:{sha256(spki).hexdigest()}"


def ed25519_spki(key: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of 32 bytes of an Ed25519 key (RFC 8410 §4)."""
    return _ED25519 + key


def certificate_id(certificate: bytes) -> str:
    """Return the name of a certificate."""
    return f"cert-sha256:{sha256(certificate).hexdigest()}"


def certificate_ids(certificate: bytes) -> tuple[str, ...]:
    """Return the names of a certificate and of its key; of the certificate alone where it cannot be parsed."""
    parsed = load(certificate)
    if parsed is None:
        return (certificate_id(certificate),)
    try:
        spki = parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except UNUSABLE:
        return (certificate_id(certificate),)
    return spki_id(spki), certificate_id(certificate)


def weak_names(certificate: bytes) -> tuple[str, ...]:
    """Return names that others could give a certificate of theirs: enough to distrust it, never to trust it."""
    parsed = load(certificate)
    if parsed is None:
        return ()
    found = [f"cert-sha1:{sha1(certificate).hexdigest()}"]  # noqa: S324 (the name that lists use)
    try:
        found.append(f"serial:{parsed.serial_number:x}")
        names = [each.value for each in _subject(parsed).get_attributes_for_oid(NameOID.COMMON_NAME)]
        found += [f"subject-cn:{name.casefold()}" for name in names if isinstance(name, str)]
    except UNUSABLE:
        pass
    return tuple(found)


def every_name(certificate: bytes) -> tuple[str, ...]:
    """Return all names of a certificate, those included that others could give one of theirs: enough to distrust it."""
    return (*certificate_ids(certificate), *weak_names(certificate))


@lru_cache(maxsize=256)
def load(certificate: bytes) -> Certificate | None:
    """Return the certificate parsed, None where it is none."""
    try:
        with catch_warnings():
            simplefilter("ignore")  # serial numbers that are none, and the like: said to developers, not to users
            return load_der_x509_certificate(certificate)
    except UNUSABLE:
        return None


def name_of(certificate: bytes) -> str:
    """Return the subject of a certificate on one line, empty where it cannot be parsed."""
    parsed = load(certificate)
    try:
        return _subject(parsed).rfc4514_string() if parsed is not None else ""
    except UNUSABLE:
        return ""


def subject_of(certificate: bytes) -> bytes:
    """Return the subject of a certificate in DER, empty where it cannot be parsed."""
    return _names_in(certificate)[0]


def issuers_of(certificates: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the subjects (DER) that an anchor may have to which a path leads from some of these: theirs and their issuers'."""
    return tuple(dict.fromkeys(name for each in certificates[:_MOST] for name in _names_in(each) if name))


@lru_cache(maxsize=1024)
def _names_in(certificate: bytes) -> tuple[bytes, bytes]:
    parsed = load(certificate)
    try:
        return (_subject(parsed).public_bytes(), _issuer(parsed).public_bytes()) if parsed is not None else (b"", b"")
    except UNUSABLE:
        return b"", b""


def _issuer(certificate: Certificate) -> Name:
    with catch_warnings():
        simplefilter("ignore", UserWarning)
        return certificate.issuer


def _subject(certificate: Certificate) -> Name:
    """Return the subject; the library warns of what is no country's code, and such names occur."""
    with catch_warnings():
        simplefilter("ignore", UserWarning)
        return certificate.subject


def find_path(certificates: Sequence[bytes], anchors: Iterable[bytes]) -> Path | None:
    """Return a path from the first of `certificates`, over others of them, to one of `anchors`; None where there is none."""
    anchors = tuple(dict.fromkeys(anchors))
    pool = tuple(dict.fromkeys(certificates))[:_MOST]
    ways: list[tuple[bytes, ...]] = [pool[:1]] if pool else []
    reached = set(pool[:1])
    for way in ways:  # the shortest first; it grows as it is walked
        if (anchor := _trusted(way, anchors)) is not None:
            return _path(way if way[-1] != anchor else way[:-1] or way, anchor)
        if len(way) < _LONGEST:
            issuers = [each for each in pool if each not in reached and _issued(way[-1], each, len(way) - 1)]
            reached.update(issuers)
            ways += [(*way, each) for each in issuers]
    return None


def _trusted(way: tuple[bytes, ...], anchors: tuple[bytes, ...]) -> bytes | None:
    last = way[-1]
    if last in anchors:
        return last
    return next((anchor for anchor in anchors if _issued(last, anchor, len(way) - 1)), None)


@lru_cache(maxsize=1024)
def _issued(subject: bytes, issuer: bytes, below: int) -> bool:
    """Tell whether `issuer`, an authority that may have `below` others under it, issued `subject` (checks 1 and 2)."""
    child, parent = load(subject), load(issuer)
    if child is None or parent is None or not _is_understood(child) or not _is_understood(parent):
        return False
    try:
        constraints = parent.extensions.get_extension_for_class(BasicConstraints).value
        if not constraints.ca or (constraints.path_length is not None and constraints.path_length < below):
            return False
        try:
            if not parent.extensions.get_extension_for_class(KeyUsage).value.key_cert_sign:
                return False
        except ExtensionNotFound:
            pass
        if subject[-len(child.signature) - 1]:  # unused bits of the last field, which nobody signs: DER has none here
            return False
        child.verify_directly_issued_by(parent)
    except UNUSABLE:
        return False
    return True


def _is_understood(certificate: Certificate) -> bool:
    try:
        return all(each.oid.dotted_string in _KNOWN_CRITICAL for each in certificate.extensions if each.critical)
    except UNUSABLE:
        return False


def _path(way: tuple[bytes, ...], anchor: bytes) -> Path:
    parsed = [each for each in map(load, way) if each is not None]
    since = max(int(each.not_valid_before_utc.timestamp()) for each in parsed)
    until = min(int(each.not_valid_after_utc.timestamp()) for each in parsed)
    return Path(anchor, since, until)
