"""Chains of certificates of Android attestation keys: from the attested key to a root that is pinned by its key.

1. The chain is in order, the attested key's certificate first; each is issued by the next: its issuer is the other's subject, and the
   other's key signed the received bytes. Named leniency: a Pixel's StrongBox names as the issuer of an attested key the issuer of the
   attesting one; whose key signed is decided by the signature.
2. Every issuer is an authority (basicConstraints cA, keyUsage keyCertSign). Named leniency: the batch certificate that the factory
   put into some Sony phones is none.
3. The last is signed by a root's key, or is that root: roots are pinned by key, since Google issued its root anew with the same key.
4. The first certificate has the attestation extension. Where an issuer has it too, an attested key issued a certificate, and what
   that says nobody attests; unless that key was made in hardware, of the same level, with ATTEST_KEY (7) as its only purpose: such a
   key signs nothing but what the secure hardware itself attests (KeyMint, KeyPurpose.aidl, KeyOrigin.aidl). A key that was imported
   is known to whoever imported it, and could sign anything. One that attests needs not be an authority.
5. Validity: chains that were provisioned remotely (extension …2.1.30) are valid at the time; keys that a factory put in outlive
   their certificates, and that is told (source.android.com: do not reject for expiry of factory keys). Dates of attested keys are
   the app's own choice and say nothing.

What a path length or a critical extension that is not known would forbid (RFC 5280 §6.1.4) is not looked at: only who signs below one
of the roots could break it, and whom an attested key may sign for is decided in 4.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import NoReturn

from trueware.attestation.android_key.checks import ANDROID_CHAIN, ANDROID_LENIENCY, ANDROID_VALIDITY
from trueware.attestation.android_key.description import KeyDescription, SecurityLevel, read_description
from trueware.attestation.android_key.link import FORMAT, Link, read_link, shared_link
from trueware.errors import EvidenceRefused, MalformedInput
from trueware.model.check import Check
from trueware.signatures.certificate import comparable_name
from trueware.signatures.refusal import Refusal

MAX_CERTIFICATES = 10

_SOFTWARE = ("Android Keystore Software Attestation", "Android Software Attestation Key")
"""Names of AOSP's software keys, whose secrets are in its sources (``system/core/trusty/keymaster``, soft attestation keys)."""

_ATTEST_KEY = 7
_GENERATED = 0
_BATCH = "2.5.4.5="
"""How the names of factory batches begin: a serial number alone."""

_FACTORY = (3, 4)
"""Certificates of a chain that a factory put in, without its root and with it."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain that holds."""

    description: KeyDescription
    """What the attestation extension of the attested key says."""

    serials: tuple[int, ...]
    spki_ids: tuple[str, ...]
    """``spki-sha256:…`` of all keys in it."""

    root: str
    """Name of the root's certificate, or of the last one before it."""

    is_software: bool
    """Whether it ends in the root of AOSP's software implementation, which anybody has the secret of."""

    checks: tuple[Check, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """By what its certificates may be on a list of what must not be trusted: serial numbers, and keys."""
        return (*(f"serial:{each:x}" for each in self.serials), *self.spki_ids)


def verify_chain(certificates: Sequence[bytes], roots: Collection[bytes], now: int) -> Chain:
    """Return what a chain proves; the numbers are those of the module's list.

    Args:
        certificates: DER, the attested key's first.
        roots: SubjectPublicKeyInfo, DER, of those who are trusted.
        now: seconds since 1970.

    Raises:
        EvidenceRefused: it does not hold.
        MalformedInput: a certificate is none, or an attestation in it is not laid out as it must be.
    """
    if not 1 <= len(certificates) <= MAX_CERTIFICATES:
        raise MalformedInput(FORMAT, 0, f"{len(certificates)} certificates, expected 1 to {MAX_CERTIFICATES}")
    links = [shared_link(each) if number else read_link(each) for number, each in enumerate(certificates)]
    checks: list[Check] = []
    for number, (own, issuer) in enumerate(pairwise(links)):  # 1
        if own.issuer != issuer.subject and not _same_name(own.issuer, issuer.subject):
            if number or own.issuer != issuer.issuer:
                _refuse("it was not issued by the one after it", number)
            detail = "it names its issuer's issuer, as a Pixel's StrongBox does"
            checks.append(ANDROID_LENIENCY.contradicts(detail, "certificate 0"))
        if not own.is_signed_by(issuer.spki, shared=number > 0):
            _refuse("its signature is not by the key of the one after it", number)
    name, is_software = _anchored(links, roots)  # 3
    if links[0].attestation is None:  # 4
        _refuse("it has no attestation extension", 0)
    description = read_description(links[0].attestation)
    checks += _issuers(links, description)  # 2, 4
    checks += [
        ANDROID_LENIENCY.contradicts(each.leniency, f"certificate {n}") for n, each in enumerate(links) if each.leniency
    ]
    checks.append(_validity(links, now))  # 5
    ids = tuple(f"spki-sha256:{sha256(each.spki).hexdigest()}" for each in links)
    if is_software:
        word = ANDROID_CHAIN.contradicts(f"made by software: it ends in {name}", found=name)
    else:
        word = ANDROID_CHAIN.supports(f"{len(links)} certificates, to {name}", source="root pinned by its key")
    return Chain(description, tuple(each.serial for each in links), ids, name, is_software, (word, *checks))


def _anchored(links: Sequence[Link], roots: Collection[bytes]) -> tuple[str, bool]:
    """Return the name that a chain ends in, and whether that is software."""
    last = links[-1]
    is_anchored = last.spki in roots
    if is_anchored and last.issuer == last.subject and not last.is_signed_by(last.spki, shared=len(links) > 1):
        _refuse("the root's certificate is not signed by its own key", len(links) - 1)
    if not is_anchored:
        is_anchored = any(last.is_signed_by(root, shared=len(links) > 1) for root in roots)
    is_software = not is_anchored and any(word in each.name for word in _SOFTWARE for each in links[-2:])
    if not is_anchored and not is_software:
        _refuse(f"the chain ends in {last.name}, whose key is not one that is trusted", len(links) - 1)
    return last.name, is_software


def _issuers(links: Sequence[Link], description: KeyDescription) -> list[Check]:
    """Return what is told of the issuers, which all may be that."""
    checks = []
    for number, issuer in enumerate(links[1:], 1):
        if issuer.attestation is not None:
            attesting = read_description(issuer.attestation)
            if not _attests_keys(attesting):
                _refuse("it is of an attested key, which issued the one before it", number)
            if _level(attesting) is not _level(description):
                _refuse("it is of a key of another security level than the attested key", number)
        elif not issuer.is_authority or not issuer.may_sign:
            if not (number == 1 and _is_factory_batch(issuer, links)):
                _refuse("it may not sign certificates", number)
            detail = f"{issuer.name} signs and is no authority, as those of some Sony phones"
            checks.append(ANDROID_LENIENCY.contradicts(detail, f"certificate {number}"))
    return checks


def _level(description: KeyDescription) -> SecurityLevel:
    return min(description.security_level, description.keymint_security_level)


def _attests_keys(description: KeyDescription) -> bool:
    """Tell whether a key was made by secure hardware, and does nothing but attest other keys of it."""
    values = description.hardware.values
    return (
        _level(description) is not SecurityLevel.SOFTWARE
        and values.get("purposes") == (_ATTEST_KEY,)
        and values.get("origin") == _GENERATED
    )


def _is_factory_batch(link: Link, links: Sequence[Link]) -> bool:
    """Tell whether a certificate is one that a factory puts into a batch of phones."""
    if len(links) not in _FACTORY or any(each.is_provisioned or each.attestation is not None for each in links[1:]):
        return False
    return link.name.startswith(_BATCH) and "," not in link.name


def _same_name(one: bytes, other: bytes) -> bool:
    try:
        return comparable_name(one) == comparable_name(other)
    except Refusal:
        return False


def _validity(links: Sequence[Link], now: int) -> Check:
    is_remote = any(each.is_provisioned for each in links)
    for number, each in enumerate(links):
        late = now > each.until
        if each.attestation is not None or not (late or now < each.since):
            continue
        when = f"ran out {(now - each.until) // 86_400} days ago" if late else "is not valid yet"
        place = f"certificate {number}"
        if is_remote:
            reason = f"it {when}, and was provisioned remotely: such keys are renewed, and the attestation is as old"
            raise EvidenceRefused(ANDROID_CHAIN.id, reason, place)
        detail = f"it {when}, and a factory put it in: the list of revoked keys says whether it counts"
        return ANDROID_VALIDITY.supports(detail, place)
    return ANDROID_VALIDITY.supports("all certificates are valid" + (", provisioned remotely" if is_remote else ""))


def _refuse(reason: str, number: int) -> NoReturn:
    raise EvidenceRefused(ANDROID_CHAIN.id, reason, f"certificate {number}")
