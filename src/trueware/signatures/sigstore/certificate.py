"""Certificates of signers (Fulcio): for minutes only, to whom an identity provider vouched for.

1. It leads to an authority of the root, all of it valid at the time of signing, which is within the authority's own span.
RFC 5280 §6.1
2. It is meant to sign code, and is no authority itself.
3. A log of certificates signed that it will be made public: a signed certificate timestamp is in it. RFC 6962 §3.2
4. Who it is: the subject alternative name, and who vouched for that (extension 1.3.6.1.4.1.57264.1.8, or .1.1).
"""

from hashlib import sha256
from struct import pack, unpack_from

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import (
    BasicConstraints,
    Certificate,
    ExtendedKeyUsage,
    ExtensionNotFound,
    KeyUsage,
    ObjectIdentifier,
    OtherName,
    PrecertificateSignedCertificateTimestamps,
    RFC822Name,
    SubjectAlternativeName,
    UniformResourceIdentifier,
    UnrecognizedExtension,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from trueware.model.signature import Outcome
from trueware.signatures import der
from trueware.signatures.public_key import signs
from trueware.signatures.refusal import Refusal, uncheckable
from trueware.signatures.sigstore.root import Authority, Root
from trueware.signatures.x509 import UNUSABLE, find_path, load

_ISSUER, _OLD_ISSUER = ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_MOST = 8


def require_issued(encoded: bytes, times: list[int], root: Root) -> bytes:
    """Check a signer's certificate at the times when it was used (checks 1 to 3), and return the root that it leads to.

    Raises:
        Refusal: it does not hold.
    """
    certificate = load(encoded)
    if certificate is None or not times:
        uncheckable("its certificate is malformed, or it is not known when it was used")
    outdated = False
    try:
        _require_usage(certificate)
        for authority in root.signers:
            path = find_path((encoded, *authority.certificates[:-1]), authority.certificates[-1:])
            if path is None:
                continue
            if all(path.since <= at <= path.until and at in authority.span for at in times):
                _require_logged(certificate, authority, root)
                return authority.certificates[-1]
            outdated = True
    except UNUSABLE as error:
        raise Refusal(Outcome.UNCHECKABLE, f"its certificate is malformed ({error})") from error
    reason = (
        ", or whoever issued it, was not valid when it was used" if outdated else " was issued by nobody who is known"
    )
    raise Refusal(Outcome.UNCHECKABLE, f"its certificate{reason}")


def _require_usage(certificate: Certificate) -> None:  # 2
    usages = certificate.extensions.get_extension_for_class(ExtendedKeyUsage).value
    signing = certificate.extensions.get_extension_for_class(KeyUsage).value.digital_signature
    try:
        is_authority = certificate.extensions.get_extension_for_class(BasicConstraints).value.ca
    except ExtensionNotFound:
        is_authority = False
    if ExtendedKeyUsageOID.CODE_SIGNING not in usages or not signing or is_authority:
        uncheckable("its certificate is not meant to sign code")


def _require_logged(certificate: Certificate, authority: Authority, root: Root) -> None:  # 3
    stamps = certificate.extensions.get_extension_for_class(PrecertificateSignedCertificateTimestamps).value
    listed = der.read(stamps.public_bytes()).content
    issuer = _issuer(certificate, authority)
    spki = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signed = certificate.tbs_precertificate_bytes
    entry = b"\0\1" + sha256(spki).digest() + len(signed).to_bytes(3) + signed
    at = 2
    for _ in range(_MOST):
        if at + 2 > len(listed):
            break
        size = int(unpack_from(">H", listed, at)[0])
        one = listed[at + 2 : at + 2 + size]
        at += 2 + size
        if len(one) != size or size < 47 or one[0]:
            break
        log_id, time, more = one[1:33], int.from_bytes(one[33:41]), int.from_bytes(one[41:43])
        extensions, made = one[43 : 43 + more], one[43 + more + 4 :]
        log = next((each for each in root.certificate_logs if each.id == log_id), None)
        if (
            log is None
            or time // 1000 not in log.span
            or int.from_bytes(one[43 + more + 2 : 43 + more + 4]) != len(made)
        ):
            continue
        over = b"\0\0" + pack(">Q", time) + entry + pack(">H", more) + extensions
        if signs(log.spki, made, over):
            return
    uncheckable("no log of certificates that counts signed its certificate")


def _issuer(certificate: Certificate, authority: Authority) -> Certificate:
    for encoded in authority.certificates:
        issuer = load(encoded)
        try:
            if issuer is not None:
                certificate.verify_directly_issued_by(issuer)
                return issuer
        except UNUSABLE:
            continue
    raise Refusal(Outcome.UNCHECKABLE, "its certificate was issued by nobody who is known")


def identity_of(encoded: bytes) -> tuple[str, str]:
    """Return who vouched for the signer, and who that is; empty what is not there (check 4)."""
    certificate = load(encoded)
    if certificate is None:
        return "", ""
    issuer = ""
    try:
        extensions = certificate.extensions
        for oid in (_OLD_ISSUER, _ISSUER):
            try:
                value = extensions.get_extension_for_oid(oid).value
            except ExtensionNotFound:
                continue
            if isinstance(value, UnrecognizedExtension):
                issuer = (der.read(value.value).content if oid == _ISSUER else value.value).decode("utf-8", "replace")
        names = list(extensions.get_extension_for_class(SubjectAlternativeName).value)
    except (*UNUSABLE, Refusal):
        return issuer, ""
    if len(names) != 1:
        return issuer, ""
    name = names[0]
    if isinstance(name, UniformResourceIdentifier | RFC822Name):
        return issuer, name.value
    if isinstance(name, OtherName):
        return issuer, name.value[2:].decode("utf-8", "replace")
    return issuer, ""
