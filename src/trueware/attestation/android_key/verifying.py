"""Verifies an attestation, and tells what it says of the phone.

1. The chain holds (`chain`), and none of it was revoked: who has a key that leaked says of any phone what he likes, so that nothing
   after this counts.
2. It was made by secure hardware.
3. It holds the challenge that was sent.
4. The root of trust that hardware enforces says how the phone booted: verified by a key of the maker's, by a key of the owner's, not
   at all. The same words in the list of software are the system's own and count for nothing.
5. Identifiers and versions that hardware enforces are claims, attested; patch levels are held against the time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trueware.attestation.android_key.chain import Chain, verify_chain
from trueware.attestation.android_key.checks import (
    ANDROID_BOOT_LOCKED,
    ANDROID_BOOT_STATE,
    ANDROID_CHALLENGE,
    ANDROID_FIELDS,
    ANDROID_PATCH_LEVEL,
    ANDROID_SECURITY_LEVEL,
)
from trueware.attestation.android_key.description import (
    LATEST,
    BootState,
    KeyDescription,
    RootOfTrust,
    SecurityLevel,
)
from trueware.attestation.android_key.revocation import RevocationList, check_revocation
from trueware.attestation.contract import Question
from trueware.errors import EvidenceRefused
from trueware.formats.moments import written
from trueware.model.check import Check, Outcome
from trueware.model.claim import BOOT_HASH, BOOT_KEY, Claim

KIND = "android-key-attestation"
_IDENTIFIERS = {
    "attestationIdBrand": "brand",
    "attestationIdDevice": "device",
    "attestationIdProduct": "product",
    "attestationIdSerial": "serial",
    "attestationIdImei": "imei",
    "attestationIdSecondImei": "second-imei",
    "attestationIdMeid": "meid",
    "attestationIdManufacturer": "manufacturer",
    "attestationIdModel": "model",
}
_VERSIONS = {
    "osVersion": "os-version",
    "osPatchLevel": "os-patch-level",
    "vendorPatchLevel": "vendor-patch-level",
    "bootPatchLevel": "boot-patch-level",
}
_PATCHED = {field: name for field, name in _VERSIONS.items() if name.endswith("patch-level")}
_MONTHS, _AHEAD = 12, 3
"""Months: what runs before its release is patched for the time of that."""
_LONGEST_MONTH = 999_912


@dataclass(frozen=True, slots=True)
class Attested:
    """What an attestation proves."""

    description: KeyDescription
    chain: Chain
    checks: tuple[Check, ...]
    claims: tuple[Claim, ...]

    is_believed: bool
    """Whether secure hardware made it, with a key that is not revoked, so that what it says of the phone counts."""

    @property
    def root_of_trust(self) -> RootOfTrust | None:
        """What hardware says of the boot."""
        return self.description.hardware.root_of_trust


def verify_attestation(
    certificates: Sequence[bytes], roots: Iterable[bytes], question: Question, revoked: RevocationList | None = None
) -> Attested:
    """Return what an attestation proves; the numbers are those of the module's list.

    Args:
        certificates: DER, the attested key's first.
        roots: SubjectPublicKeyInfo, DER, of roots that are trusted.
        question: the challenge that was sent, and the time.
        revoked: keys that were taken back; None: nobody gave a list.

    Raises:
        EvidenceRefused: it must not be believed.
        MalformedInput: it is not laid out as it must be.
    """
    chain = verify_chain(certificates, tuple(roots), question.now)  # 1
    description, revocation = chain.description, check_revocation(chain.serials, revoked)
    checks = [*chain.checks, revocation]
    level = min(description.security_level, description.keymint_security_level)
    if level is SecurityLevel.SOFTWARE:  # 2
        checks.append(ANDROID_SECURITY_LEVEL.contradicts("it was made in software", found=level.name))
    elif chain.is_software:
        checks.append(ANDROID_SECURITY_LEVEL.contradicts("the root of software answers for it", found=level.name))
    else:
        checks.append(ANDROID_SECURITY_LEVEL.supports(level.name.lower().replace("_", " "), found=level.name))
    if question.nonce is None:  # 3
        checks.append(ANDROID_CHALLENGE.not_shown("no challenge was sent, so the attestation may be an old one"))
    elif description.challenge != question.nonce:
        reason = f"it holds {description.challenge.hex()[:64] or 'nothing'}, {question.nonce.hex()} was sent"
        raise EvidenceRefused(ANDROID_CHALLENGE.id, reason)
    else:
        checks.append(ANDROID_CHALLENGE.supports("it holds the challenge that was sent"))
    unknown = (*description.hardware.unknown, *description.software.unknown)
    if unknown:
        named = ", ".join(map(str, unknown))
        checks.append(ANDROID_FIELDS.not_shown(f"fields {named} are not known here", expected_gap=True))
    if description.version > LATEST:
        detail = f"version {description.version} is later than {LATEST}, the last that is known here"
        checks.append(ANDROID_FIELDS.not_shown(detail, expected_gap=True))
    is_revoked = revocation.outcome is Outcome.CONTRADICTS
    if level is SecurityLevel.SOFTWARE or chain.is_software or is_revoked:
        why = "the key that says so was revoked" if is_revoked else "software says so, not hardware"
        checks.append(ANDROID_BOOT_STATE.not_shown(why))
        return Attested(description, chain, tuple(checks), (), is_believed=False)
    checks += (*_boot(description), *_patch_levels(description, question.now))  # 4, 5
    return Attested(description, chain, tuple(checks), tuple(_claims(description)), is_believed=True)


def _boot(description: KeyDescription) -> list[Check]:
    root = description.hardware.root_of_trust
    if root is None:
        return [ANDROID_BOOT_STATE.not_shown("hardware says nothing of the boot: no root of trust that it enforces")]
    locked = (
        ANDROID_BOOT_LOCKED.supports("the boot loader is locked")
        if root.locked
        else ANDROID_BOOT_LOCKED.contradicts(
            "the boot loader is unlocked: it starts whatever it is given", "deviceLocked"
        )
    )
    place = "verifiedBootState"
    match root.state:
        case BootState.VERIFIED if root.locked:
            state = ANDROID_BOOT_STATE.supports("verified, by a key that the boot loader has from its maker", place)
        case BootState.SELF_SIGNED if root.locked:
            state = ANDROID_BOOT_STATE.supports("verified, by a key that was put in by the phone's owner", place)
        case BootState.FAILED:
            state = ANDROID_BOOT_STATE.contradicts(
                "verification failed, and the phone booted all the same", place, source="Android Verified Boot"
            )
        case BootState.UNVERIFIED:
            state = ANDROID_BOOT_STATE.contradicts("nothing was verified", place)
        case _:
            state = ANDROID_BOOT_STATE.contradicts(
                f"said to be {root.state.name.lower().replace('_', ' ')} by a boot loader that is unlocked", place
            )
    return [state, locked]


def _patch_levels(description: KeyDescription, now: int) -> Iterable[Check]:
    """Yield whether patch levels (YYYYMM, or YYYYMMDD) are of the last twelve months."""
    listed = {name: listed for field, name in _PATCHED.items() if (listed := description.hardware.number(field))}
    if not listed:
        yield ANDROID_PATCH_LEVEL.not_shown("hardware says no patch level")
        return
    year, month = map(int, written(now)[:7].split("-"))
    for name, level in listed.items():
        whole = level // 100 if level > _LONGEST_MONTH else level
        age = year * 12 + month - (whole // 100 * 12 + whole % 100)
        told = f"{whole // 100}-{whole % 100:02}"
        if not 1 <= whole % 100 <= 12 or age < -_AHEAD:
            yield ANDROID_PATCH_LEVEL.not_shown(f"{level} is no month that was", name)
        elif age > _MONTHS:
            yield ANDROID_PATCH_LEVEL.contradicts(f"{told} is {age} months old", name, found=str(level))
        else:
            yield ANDROID_PATCH_LEVEL.supports(told, name, found=str(level))


def _claims(description: KeyDescription) -> Iterable[Claim]:
    listed = description.hardware
    for field, name in _IDENTIFIERS.items():
        if (value := listed.octets(field)) is not None:
            yield Claim(name, value.decode("utf-8", "replace"), KIND, field)
    for field, name in _VERSIONS.items():
        if (number := listed.number(field)) is not None:
            yield Claim(name, str(number), KIND, field)
    root = listed.root_of_trust
    if root is not None:
        yield Claim("verified-boot-state", root.state.name.lower().replace("_", "-"), KIND, "rootOfTrust")
        yield Claim("boot-loader", "locked" if root.locked else "unlocked", KIND, "rootOfTrust")
        if any(root.boot_key):
            yield Claim(BOOT_KEY, root.boot_key.hex(), KIND, "rootOfTrust")
        if root.boot_hash:
            yield Claim(BOOT_HASH, root.boot_hash.hex(), KIND, "rootOfTrust")
