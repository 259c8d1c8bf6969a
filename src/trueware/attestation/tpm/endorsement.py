"""Certificates of endorsement keys: which TPM it is, and who says so.

1. It is a certificate: DER and nothing else; what a TPM of the first kind stores before it and behind it is cut off, and told.
2. It is of an endorsement key: extended key usage 2.23.133.8.1, no authority; keyUsage, where it is there, has
   keyEncipherment or keyAgreement; the subjectAltName names the TPM's manufacturer, model and version (2.23.133.2.1 to .3), critical
   where the subject is empty.
3. Its key is the endorsement key that the device showed.
4. It leads to one of the given roots (`signatures.x509`: issuers' signatures, names, cA, pathLenConstraint). Roots are trusted as
   they are given, whenever they expire.
5. Every certificate below the root was valid when the next was issued, and is valid now. Factories' authorities expire before
   the TPMs they certified: that alone is a leniency, and told.

Source: TCG EK Credential Profile for TPM Family 2.0, 2.5, §3; RFC 5280 §6.1. Whether an authority took a certificate back is not
asked: no revocation list is at hand here. What a certificate says counts as a claim only if the chain holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature

from trueware.attestation.tpm import checks
from trueware.attestation.tpm.certificate_fields import (
    ENDORSEMENT_USE,
    MANUFACTURER,
    MODEL,
    SUBJECT_NAMES,
    VERSION,
    attributes_in,
    authority_key,
    extensions_of,
    has_key,
    is_authority,
    is_marked_for_oaep,
    key_in,
    may_receive,
    texts_in,
    uses_of,
    validity_of,
    vendor_name,
)
from trueware.attestation.tpm.public import Point, Public, Rsa
from trueware.errors import MalformedInput
from trueware.model.check import Check, Outcome
from trueware.model.claim import Claim
from trueware.signatures import der, x509
from trueware.signatures.certificate import Certificate
from trueware.signatures.refusal import Refusal

KIND = "tpm-endorsement"
_FORMAT = "ek-certificate"
_LONGEST = 1 << 15
_STORED = bytes.fromhex("100100")
"""TCG_PCCLIENT_STORED_CERT and "full certificate" (TCG PC Client Implementation Specification 1.21), then a size and
TCG_FULL_CERT."""

_FULL = bytes.fromhex("1002")
_SHA1 = frozenset({"1.2.840.113549.1.1.5", "1.2.840.10045.4.1"})


@dataclass(frozen=True, slots=True)
class Endorsed:
    """What the certificate of an endorsement key came to."""

    certificate: Certificate
    """Without what is stored around it."""

    key: Rsa | Point | None
    manufacturer: str
    """``STM`` for ``id:53544D20``; empty where the certificate does not say."""

    model: str
    version: str
    claims: tuple[Claim, ...]
    """`tpm-manufacturer`, `tpm-model`, `tpm-version`; empty unless it is held."""

    checks: tuple[Check, ...]
    is_held: bool
    """A trusted authority certifies the endorsement key that was shown, and nothing but leniencies speaks against it."""


def check_endorsement(
    certificate: bytes,
    endorsement_key: Public | None,
    roots: Sequence[bytes],
    now: int,
    *,
    intermediates: Sequence[bytes] = (),
) -> Endorsed:
    """Return what the certificate of an endorsement key shows.

    Args:
        certificate: DER, also as a TPM's NV memory stores it.
        endorsement_key: public area that the device showed; None: it showed none.
        roots: DER of certificates that are trusted for TPMs.
        now: seconds since 1970.
        intermediates: DER of other certificates that may lie between.

    Raises:
        MalformedInput: it is no certificate.
    """
    try:
        encoded, lenient = _cut(certificate)  # step 1
        own = Certificate.parse(encoded)
        extensions = extensions_of(own.extensions)
        names = attributes_in(extensions[SUBJECT_NAMES][1]) if SUBJECT_NAMES in extensions else {}
        key = key_in(own.spki)
        lenient += _lenient(own, extensions)
        profile = _profile(extensions, names)  # step 2
        chain = _chain(own, roots, intermediates, now)  # steps 4 and 5
    except Refusal as refusal:
        raise MalformedInput(_FORMAT, 0, refusal.detail) from None
    manufacturer = vendor_name(names.get(MANUFACTURER, ""))
    model, version = names.get(MODEL, ""), names.get(VERSION, "")
    same = _same_key(key, endorsement_key)  # step 3
    told = [profile, same, *chain]
    if lenient:
        told.append(checks.ENDORSEMENT_LENIENCY.contradicts("; ".join(lenient), source="TCG EK Credential Profile"))
    holds = all(each.value < checks.ENDORSEMENT_CHAIN.contradicted for each in told)
    is_held = holds and chain[0].outcome is same.outcome is Outcome.SUPPORTS
    pairs = (("tpm-manufacturer", manufacturer), ("tpm-model", model), ("tpm-version", version))
    claims = tuple(Claim(name, value, KIND, "subjectAltName") for name, value in pairs if value and is_held)
    return Endorsed(own, key, manufacturer, model, version, claims, tuple(told), is_held)


def _cut(data: bytes) -> tuple[bytes, list[str]]:
    """Return a certificate without what NV memory stores around it, and what that was."""
    if len(data) > _LONGEST:
        raise MalformedInput(_FORMAT, 0, f"{len(data)} bytes, {_LONGEST} are the most")
    lenient = []
    if data.startswith(_STORED) and data[5:7] == _FULL:
        size = int.from_bytes(data[3:5]) - len(_FULL)
        data = data[7 : 7 + max(size, 0)]
        lenient.append("stored with the header of a TPM 1.2")
    whole = der.read(data).whole
    behind = data[len(whole) :]
    if (behind and not behind.strip(b"\0")) or (behind and not behind.strip(b"\xff")):
        lenient.append(f"{len(behind)} bytes of filling behind it")
        data = whole
    return data, lenient


def _lenient(own: Certificate, extensions: dict[str, tuple[bool, bytes]]) -> list[str]:
    found = []
    if is_marked_for_oaep(own.spki):
        found.append("the key is marked for RSAES-OAEP")
    outer = der.parts(der.read(own.encoded).sequence(), 2, "a certificate")[1]
    algorithm = der.parts(outer.sequence(), 1, "the name of an algorithm")[0].oid()
    if algorithm in _SHA1:
        found.append("its issuer signed with SHA-1")
    critical, _ = extensions.get(SUBJECT_NAMES, (True, b""))
    if not critical and not der.read(own.subject).content:
        found.append("the subject is empty and subjectAltName not critical")
    return found


def _profile(extensions: dict[str, tuple[bool, bytes]], names: dict[str, str]) -> Check:
    uses, rule = uses_of(extensions), checks.ENDORSEMENT_CERTIFICATE
    if is_authority(extensions):
        return rule.contradicts("it is the certificate of an authority")
    if uses and ENDORSEMENT_USE not in uses:
        return rule.contradicts("it is for other uses", expected=ENDORSEMENT_USE, found=", ".join(uses[:8]))
    if not may_receive(extensions):
        return rule.contradicts(
            "its key is not meant to receive secrets (keyEncipherment, keyAgreement): an attestation key?"
        )
    missing = [each for each in (MANUFACTURER, MODEL, VERSION) if each not in names]
    if not uses or missing:
        lacks = "the extended key usage of an endorsement key" if not uses else f"the attributes {', '.join(missing)}"
        return rule.not_shown(f"it lacks {lacks}: whether it is of an endorsement key, or of which TPM, is not said")
    return rule.supports(f"{vendor_name(names[MANUFACTURER])} {names[MODEL]}, version {names[VERSION]}")


def _same_key(key: Rsa | Point | None, shown: Public | None) -> Check:
    if shown is None:
        return checks.ENDORSEMENT_KEY.not_shown("the device showed no endorsement key; ask for its public area")
    if key == shown.key:
        return checks.ENDORSEMENT_KEY.supports("the key that the device showed", found=shown.name.hex())
    return checks.ENDORSEMENT_KEY.contradicts("it certifies another key than the device showed", found=shown.name.hex())


def _chain(own: Certificate, roots: Sequence[bytes], others: Sequence[bytes], now: int) -> tuple[Check, ...]:
    rule = checks.ENDORSEMENT_CHAIN
    issuer = _issuer_name(own)
    if not roots:
        return (rule.not_shown(f"no roots for endorsement keys are given; it says that {issuer} issued it"),)
    if x509.load(own.encoded) is None:
        return (rule.not_shown("the certificate is of a form whose signature is not verified here"),)
    path = x509.find_path((own.encoded, *others), roots)
    if path is None:
        identifier = authority_key(extensions_of(own.extensions))
        named = [
            each for each in (*roots, *others) if x509.subject_of(each) == own.issuer and has_key(each, identifier)
        ]
        if any(_is_forged(own.encoded, each) for each in named):
            return (rule.contradicts(f"it says that {issuer} issued it, whose key did not sign it"),)
        return (rule.not_shown(f"{issuer} issued it, from which no given certificate leads to a root"),)
    since, until = validity_of(own.encoded)
    if not path.since <= since <= path.until:
        return (rule.contradicts("it was issued when an authority above it was not valid", found=issuer),)
    held = rule.supports(f"issued by {issuer}", source=x509.name_of(path.anchor))
    validity = checks.ENDORSEMENT_VALIDITY
    if now < path.since:
        return held, validity.contradicts("it is not valid yet", value=rule.contradicted)
    if now > until:
        return held, validity.contradicts("the certificate has expired; it was issued while its authorities were valid")
    if now > path.until:
        return held, validity.contradicts("an authority above it has expired, which was valid when it issued it")
    return held, validity.supports("all of them")


def _is_forged(certificate: bytes, authority: bytes) -> bool:
    child, parent = x509.load(certificate), x509.load(authority)
    if child is None or parent is None:
        return False
    try:
        child.verify_directly_issued_by(parent)
    except InvalidSignature:
        return True
    except x509.UNUSABLE:
        return False
    return False


def _issuer_name(own: Certificate) -> str:
    return ", ".join(texts_in(own.issuer)[:8]) or "nobody"
