"""Chains of certificates of Android attestation keys: from the attested key to a root that is pinned by its key.

1. The chain is in order, the attested key's certificate first; each is issued by the next: its issuer is the other's subject, and the
   other's key signed the received bytes.
2. Every issuer is an authority (basicConstraints cA, keyUsage keyCertSign). Named leniency: the batch certificate that the factory
   put into some Sony phones is none.
3. The last is signed by a root's key, or is that root: roots are pinned by key, since Google issued its root anew with the same key.
4. The first certificate has the attestation extension. Where an issuer has it too, an attested key issued a certificate, and what
   that says nobody attests; unless that key is one whose only purpose is ATTEST_KEY (7), in hardware: such a key signs nothing but
   what the secure hardware itself attests (KeyMint, KeyPurpose.aidl). It needs not be an authority then.
5. Validity: chains that were provisioned remotely (extension …2.1.30) are valid at the time; keys that a factory put in outlive
   their certificates, and that is told (source.android.com: do not reject for expiry of factory keys).

A signature algorithm with NULL parameters where ECDSA has none (RFC 5758 §3.2; a Pixel's StrongBox writes it) is taken, and told: the
certificate is read without them, and its signature verified over the bytes as they came.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING

from trueware.attestation.android_key.checks import ANDROID_CHAIN, ANDROID_LENIENCY, ANDROID_VALIDITY
from trueware.attestation.android_key.description import SecurityLevel, read_description
from trueware.errors import EvidenceRefused, MalformedInput
from trueware.model.check import Check
from trueware.signatures import der
from trueware.signatures.certificate import comparable_name
from trueware.signatures.refusal import Refusal

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

ATTESTATION = "1.3.6.1.4.1.11129.2.1.17"
PROVISIONING = "1.3.6.1.4.1.11129.2.1.30"
MAX_CERTIFICATES = 10
MAX_BYTES = 1 << 16
"""Bytes of one certificate; with ML-DSA they have some 8 KiB."""

_FORMAT = "android-chain"
_ECDSA = {f"1.2.840.10045.4.3.{number}": bits for number, bits in ((2, 256), (3, 384), (4, 512))}
_SOFTWARE = ("Android Keystore Software Attestation", "Android Software Attestation Key")
_ATTEST_KEY = 7
_BATCH = "2.5.4.5="
"""How the names of factory batches begin: a serial number alone."""


@dataclass(frozen=True, slots=True)
class Link:
    """One certificate, read once."""

    encoded: bytes
    serial: int
    spki: bytes
    subject: bytes
    issuer: bytes
    since: int
    until: int
    is_authority: bool
    has_usage: bool
    """Whether keyUsage, where it is there, lets it sign certificates."""

    attestation: bytes | None
    """Value of the attestation extension."""

    is_provisioned: bool
    name: str
    leniency: str
    """How it departs from the profile; empty: it does not."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain that holds."""

    attestation: bytes
    """Value of the attestation extension of the attested key."""

    serials: tuple[int, ...]
    spki_ids: tuple[str, ...]
    """``spki-sha256:…`` of all keys in it."""

    root: str
    """Name of the root's certificate, or of the last one before it."""

    is_software: bool
    """Whether it ends in the root of AOSP's software implementation, which anybody has the secret of."""

    checks: tuple[Check, ...]


def verify_chain(certificates: Sequence[bytes], roots: Collection[bytes], now: int) -> Chain:
    """Return what a chain proves; the numbers are those of the module's list.

    Args:
        certificates: DER, the attested key's first.
        roots: SubjectPublicKeyInfo, DER, of those who are trusted.
        now: seconds since 1970.

    Raises:
        EvidenceRefused: it does not hold.
        MalformedInput: a certificate is none.
    """
    if not 1 <= len(certificates) <= MAX_CERTIFICATES:
        raise MalformedInput(_FORMAT, 0, f"{len(certificates)} certificates, expected 1 to {MAX_CERTIFICATES}")
    links = [read_link(each) for each in certificates]
    checks: list[Check] = []
    for number, (own, issuer) in enumerate(pairwise(links)):  # 1
        if own.issuer != issuer.subject and not _same_name(own.issuer, issuer.subject):
            _refuse(f"certificate {number} was not issued by the one after it", number)
        if not _signed(own.encoded, issuer.spki):
            _refuse(f"the signature of certificate {number} is not by the key of the one after it", number)
        if _attests_keys(issuer):  # 4
            continue
        if not issuer.is_authority or not issuer.has_usage:  # 2
            if not _is_factory_batch(issuer, links):
                _refuse(f"certificate {number + 1} may not sign certificates", number + 1)
            detail = f"certificate {number + 1} ({issuer.name}) signs and is no authority, as those of some Sony phones"
            checks.append(ANDROID_LENIENCY.contradicts(detail, f"certificate {number + 1}"))
    last = links[-1]
    anchor = next((root for root in roots if root == last.spki), None)  # 3
    if anchor is not None and last.issuer == last.subject and not _signed(last.encoded, anchor):
        _refuse("the root's certificate is not signed by its own key", len(links) - 1)
    if anchor is None:
        anchor = next((root for root in roots if _signed(last.encoded, root)), None)
    is_software = anchor is None and any(word in each.name for word in _SOFTWARE for each in links[-2:])
    if anchor is None and not is_software:
        _refuse(f"it ends in {last.name}, whose key is not one that is trusted", len(links) - 1)
    if links[0].attestation is None:  # 4
        _refuse("the first certificate has no attestation extension", 0)
    for number, each in enumerate(links[1:], 1):
        if each.attestation is not None and not _attests_keys(each):
            _refuse(f"certificate {number} is of an attested key, which issued the one before it", number)
    checks += [
        ANDROID_LENIENCY.contradicts(each.leniency, f"certificate {n}") for n, each in enumerate(links) if each.leniency
    ]
    checks.append(_validity(links, now))  # 5
    ids = tuple(f"spki-sha256:{sha256(each.spki).hexdigest()}" for each in links)
    attestation = links[0].attestation
    assert attestation is not None  # noqa: S101 (step 4)
    if is_software:
        word = ANDROID_CHAIN.contradicts(f"made by software: it ends in {last.name}", found=last.name)
    else:
        word = ANDROID_CHAIN.supports(f"{len(links)} certificates, to {last.name}", source="root pinned by its key")
    return Chain(attestation, tuple(each.serial for each in links), ids, last.name, is_software, (word, *checks))


def _attests_keys(link: Link) -> bool:
    """Tell whether a certificate is of a key of secure hardware that does nothing but attest other keys of it."""
    if link.attestation is None:
        return False
    try:
        described = read_description(link.attestation)
    except MalformedInput:
        return False
    level = min(described.security_level, described.keymint_security_level)
    return level is not SecurityLevel.SOFTWARE and described.hardware.values.get("purposes") == (_ATTEST_KEY,)


def _is_factory_batch(link: Link, links: Sequence[Link]) -> bool:
    """Tell whether a certificate is one that a factory puts into a batch of phones."""
    is_remote = any(each.is_provisioned for each in links)
    return link.attestation is None and not is_remote and link.name.startswith(_BATCH) and "," not in link.name


def _same_name(one: bytes, other: bytes) -> bool:
    try:
        return comparable_name(one) == comparable_name(other)
    except Refusal:
        return False


def _validity(links: Sequence[Link], now: int) -> Check:
    is_remote = any(each.is_provisioned for each in links)
    for number, each in enumerate(links):
        late = now > each.until
        if late or now < each.since:
            when = f"ran out {(now - each.until) // 86_400} days ago" if late else "is not valid yet"
            detail = f"certificate {number} {when}"
            if is_remote:
                raise EvidenceRefused(
                    ANDROID_CHAIN.id, f"{detail}; remotely provisioned keys are renewed", f"certificate {number}"
                )
            return ANDROID_VALIDITY.supports(
                f"{detail}, and a factory put it in: the list of revoked keys says whether it counts"
            )
    return ANDROID_VALIDITY.supports("all certificates are valid" + (", provisioned remotely" if is_remote else ""))


def _refuse(reason: str, number: int) -> None:
    raise EvidenceRefused(ANDROID_CHAIN.id, reason, f"certificate {number}")


@lru_cache(maxsize=4096)
def read_link(encoded: bytes) -> Link:
    """Return one certificate; those that are asked for again (intermediates of a fleet) are kept.

    Raises:
        MalformedInput: it is none.
    """
    from cryptography.x509 import (  # noqa: PLC0415 (start-up time)
        BasicConstraints,
        ExtensionNotFound,
        KeyUsage,
        UnrecognizedExtension,
    )

    if len(encoded) > MAX_BYTES:
        raise MalformedInput(_FORMAT, 0, f"a certificate of {len(encoded)} bytes, {MAX_BYTES} are the most")
    certificate, leniency = _load(encoded)
    try:
        extensions = certificate.extensions
        try:
            is_authority = bool(extensions.get_extension_for_class(BasicConstraints).value.ca)
        except ExtensionNotFound:
            is_authority = False
        try:
            has_usage = bool(extensions.get_extension_for_class(KeyUsage).value.key_cert_sign)
        except ExtensionNotFound:
            has_usage = True
        own = {
            each.oid.dotted_string: each.value for each in extensions if isinstance(each.value, UnrecognizedExtension)
        }
        found = own.get(ATTESTATION)
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

        spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return Link(
            encoded,
            certificate.serial_number,
            spki,
            certificate.subject.public_bytes(),
            certificate.issuer.public_bytes(),
            int(certificate.not_valid_before_utc.timestamp()),
            int(certificate.not_valid_after_utc.timestamp()),
            is_authority,
            has_usage,
            found.value if found is not None else None,
            PROVISIONING in own,
            certificate.subject.rfc4514_string()[:200] or "a certificate without a name",
            leniency,
        )
    except Exception as error:  # what a library of another's makes of hostile extensions is not told by one class
        raise MalformedInput(_FORMAT, 0, f"a certificate cannot be read ({str(error)[:100]})") from error


def _load(encoded: bytes) -> "tuple[Certificate, str]":
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415 (start-up time)

    try:
        return load_der_x509_certificate(encoded), ""
    except ValueError as error:
        mended = _without_null(encoded)
        if mended is not None:
            try:
                return load_der_x509_certificate(mended), "an ECDSA signature algorithm with NULL parameters"
            except ValueError:
                pass
        raise MalformedInput(_FORMAT, 0, f"no certificate ({str(error)[:100]})") from error


def _without_null(encoded: bytes) -> bytes | None:
    """Return a certificate whose two ECDSA algorithms have no NULL parameters; None: it had none."""
    try:
        body, algorithm, signature = der.parts(der.read(encoded).sequence(), 3, "a certificate")[:3]
        inner = body.sequence()
        at = 2 if inner and inner[0].tag == 0xA0 else 1
        shorter = _bare(algorithm)
        if shorter is None or _bare(inner[at]) != shorter:
            return None
        inside = b"".join(shorter if number == at else each.whole for number, each in enumerate(inner))
        return der.encoded(der.SEQUENCE, der.encoded(der.SEQUENCE, inside) + shorter + signature.whole)
    except (Refusal, IndexError):
        return None


def _bare(algorithm: der.Value) -> bytes | None:
    parts = algorithm.sequence()
    if len(parts) == 2 and parts[1].tag == der.NULL and parts[0].oid() in _ECDSA:
        return der.encoded(der.SEQUENCE, parts[0].whole)
    return None


@lru_cache(maxsize=4096)
def _signed(encoded: bytes, spki: bytes) -> bool:
    """Tell whether a key signed a certificate: over the bytes as they came."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415 (start-up time)
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.mldsa import (  # noqa: PLC0415
        MLDSA44PublicKey,
        MLDSA65PublicKey,
        MLDSA87PublicKey,
    )
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415

    try:
        body, _, signature = der.parts(der.read(encoded).sequence(), 3, "a certificate")[:3]
        if len(signature.content) < 2 or signature.content[0]:
            return False
        certificate, _ = _load(encoded)
        key = load_der_public_key(spki)
        hash_ = certificate.signature_hash_algorithm
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(
            hash_, hashes.SHA256 | hashes.SHA384 | hashes.SHA512
        ):
            key.verify(signature.content[1:], body.whole, ec.ECDSA(hash_))
        elif isinstance(key, rsa.RSAPublicKey) and isinstance(hash_, hashes.SHA256 | hashes.SHA384 | hashes.SHA512):
            key.verify(signature.content[1:], body.whole, padding.PKCS1v15(), hash_)
        elif hash_ is None and isinstance(
            key, Ed25519PublicKey | MLDSA44PublicKey | MLDSA65PublicKey | MLDSA87PublicKey
        ):
            key.verify(signature.content[1:], body.whole)  # these hash by themselves
        else:
            return False
    except (Refusal, MalformedInput, InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True
