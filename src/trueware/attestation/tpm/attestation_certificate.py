"""Certificates of attestation keys: the maker of a device, or an authority it asked, says that the key is one, and whose.

Network devices have an initial attestation key (IAK) with such a certificate from the factory, which RFC 9683 §2.1.1 relies on.

1. Its key is the attestation key that signed.
2. Its extended key usage says that it is one (2.23.133.8.3). Without that it may be of another key of the same device, a device
   identity that signs anything, shown with the attributes of an attestation key: certificates do not cover those.
3. It leads to one of the given roots, and all certificates below that are valid now.

Claims: `serial` from the subject's serialNumber (IEEE 802.1AR §8.6) or else from a hardwareModuleName (RFC 4108 §5), and the
attributes of the TPM. Source: TCG "TPM 2.0 Keys for Device Identity and Attestation" 1.0 §7, §8. No vector of an IAK is at hand: the
certificates of attestation keys in the corpus, of a cloud, do not say their use; the tests make certificates with each thing wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trueware.attestation.tpm.certificate_fields import (
    ATTESTATION_USE,
    MANUFACTURER,
    MODEL,
    SUBJECT_NAMES,
    VERSION,
    attributes_in,
    attributes_of,
    extensions_of,
    hardware_serial,
    is_authority,
    key_in,
    texts_in,
    uses_of,
    vendor_name,
)
from trueware.attestation.tpm.checks import ATTESTATION_KEY_CERTIFIED
from trueware.attestation.tpm.public import Public
from trueware.errors import MalformedInput
from trueware.model.check import Check, Outcome
from trueware.model.claim import Claim
from trueware.signatures import x509
from trueware.signatures.certificate import Certificate
from trueware.signatures.refusal import Refusal

KIND = "attestation-key-certificate"
_FORMAT = "ak-certificate"
_LONGEST = 1 << 15
_SERIAL_NUMBER = "2.5.4.5"
_WARNING = 32


@dataclass(frozen=True, slots=True)
class Certified:
    """What the certificate of an attestation key came to."""

    check: Check
    claims: tuple[Claim, ...]
    """`serial`, `tpm-manufacturer`, `tpm-model`, `tpm-version`; empty unless it holds."""


def check_attestation_certificate(
    certificate: bytes, public: Public, roots: Sequence[bytes], now: int, *, intermediates: Sequence[bytes] = ()
) -> Certified:
    """Return what the certificate of an attestation key shows.

    Args:
        certificate: DER.
        public: the key that signed the quote.
        roots: DER of certificates that are trusted for this.
        now: seconds since 1970.
        intermediates: DER of others that may lie between.

    Raises:
        MalformedInput: it is no certificate.
    """
    if len(certificate) > _LONGEST:
        raise MalformedInput(_FORMAT, 0, f"{len(certificate)} bytes, {_LONGEST} are the most")
    try:
        own = Certificate.parse(certificate)
        extensions = extensions_of(own.extensions)
        check = _judged(own, extensions, public, (tuple(roots), tuple(intermediates)), now)
        _, names = extensions.get(SUBJECT_NAMES, (False, b""))
        claims = tuple(_claims(own, names)) if check.outcome is Outcome.SUPPORTS else ()
    except Refusal as refusal:
        raise MalformedInput(_FORMAT, 0, refusal.detail) from None
    return Certified(check, claims)


def _judged(
    own: Certificate,
    extensions: dict[str, tuple[bool, bytes]],
    public: Public,
    authorities: tuple[tuple[bytes, ...], tuple[bytes, ...]],
    now: int,
) -> Check:
    rule, (roots, others) = ATTESTATION_KEY_CERTIFIED, authorities
    issuer = ", ".join(texts_in(own.issuer)[:8]) or "nobody"
    if key_in(own.spki) != public.key:  # step 1
        return rule.contradicts("it certifies another key than the one that signed", found=public.name.hex())
    uses = uses_of(extensions)
    if is_authority(extensions) or (uses and ATTESTATION_USE not in uses):  # step 2
        return rule.not_shown("it is for other uses than attestation; the key may sign anything for them")
    if not uses:
        return rule.not_shown("it does not say that the key is for attestation alone (extended key usage 2.23.133.8.3)")
    path = x509.find_path((own.encoded, *others), roots)  # step 3
    if path is None:
        return rule.not_shown(f"{issuer} issued it, from which no given certificate leads to a root")
    if not path.since <= now <= path.until:
        return rule.contradicts("it, or an authority above it, is not valid now", value=_WARNING)
    return rule.supports(f"issued by {issuer}", found=public.name.hex(), source=x509.name_of(path.anchor))


def _claims(own: Certificate, names: bytes) -> list[Claim]:
    held = attributes_in(names) if names else {}
    serial = attributes_of(own.subject).get(_SERIAL_NUMBER, "") or (hardware_serial(names) if names else "")
    pairs = (
        ("serial", serial, "subject"),
        ("tpm-manufacturer", vendor_name(held.get(MANUFACTURER, "")), "subjectAltName"),
        ("tpm-model", held.get(MODEL, ""), "subjectAltName"),
        ("tpm-version", held.get(VERSION, ""), "subjectAltName"),
    )
    return [Claim(name, value, KIND, part) for name, value, part in pairs if value]
