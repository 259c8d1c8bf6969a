"""Holds what an attestation says against what is known: publishers' keys, releases, and what was reported of the phone."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from trueware.attestation.android_key.checks import ANDROID_BOOT_HASH, ANDROID_BOOT_KEY, ANDROID_IDENTITY
from trueware.attestation.android_key.description import BootState, RootOfTrust
from trueware.model.check import Check
from trueware.model.claim import Claim


def compare_boot(
    root: RootOfTrust | None,
    known_keys: Mapping[bytes, str],
    known_hashes: Mapping[bytes, str],
    barred: Mapping[bytes, str] = MappingProxyType({}),
) -> list[Check]:
    """Return whose key verified the system, and which release it is.

    Args:
        root: what hardware says.
        known_keys: names of publishers by SHA-256 of their AVB public keys.
        known_hashes: titles of releases by their vbmeta digest.
        barred: why keys must not be trusted, by SHA-256 likewise: their secrets are known, or they were taken back.
    """
    if root is None or not root.locked or root.state not in (BootState.VERIFIED, BootState.SELF_SIGNED):
        return []
    publisher = known_keys.get(root.boot_key)
    found = root.boot_key.hex()
    if (why := barred.get(root.boot_key)) is not None:
        return [ANDROID_BOOT_KEY.contradicts(f"the key must not be trusted: {why}", "verifiedBootKey", found=found)]
    if not any(root.boot_key):
        detail = "hardware names no key: the phone is a prototype, or was never provisioned"
        checks = [ANDROID_BOOT_KEY.not_shown(detail, "verifiedBootKey")]
    elif publisher is not None:
        checks = [
            ANDROID_BOOT_KEY.supports(f"the key is of {publisher}", "verifiedBootKey", found=found, source=publisher)
        ]
    elif root.state is BootState.SELF_SIGNED:
        detail = (
            "the key is of the phone's owner, or of who gave the phone its system: no publisher that is enrolled has it"
        )
        checks = [ANDROID_BOOT_KEY.not_shown(f"{detail} ({found[:16]}…)", "verifiedBootKey")]
    else:
        detail = f"the boot loader's maker trusts the key; no publisher that is enrolled has it ({found[:16]}…)"
        checks = [ANDROID_BOOT_KEY.not_shown(detail, "verifiedBootKey")]
    if root.boot_hash:
        title = known_hashes.get(root.boot_hash)
        if title is not None:
            checks.append(
                ANDROID_BOOT_HASH.supports(
                    f"it is {title}", "verifiedBootHash", found=root.boot_hash.hex(), source=title
                )
            )
        else:
            checks.append(
                ANDROID_BOOT_HASH.not_shown(
                    "no release in the registry has this digest of vbmeta images", "verifiedBootHash", expected_gap=True
                )
            )
    return checks


def compare_identity(claims: Iterable[Claim], reported: Mapping[str, str]) -> list[Check]:
    """Return whether what was reported of a phone is what its hardware says.

    An IMEI is compared without its check digit or software version (3GPP TS 23.003 §6.2.1, §6.2.2). A phone with two answers with
    either.
    """
    attested: dict[str, list[str]] = {}
    for claim in claims:
        name = "imei" if claim.name == "second-imei" else claim.name
        attested.setdefault(name, []).append(claim.value)
    checks: list[Check] = []
    for name, said in sorted(reported.items()):
        values = attested.get(name)
        if not values:
            checks.append(
                ANDROID_IDENTITY.not_shown("the attestation does not say: ask for identifiers to be attested", name)
            )
        elif any(comparable(name, said) == comparable(name, value) for value in values):
            checks.append(ANDROID_IDENTITY.supports("hardware says the same", name, expected=said, found=values[0]))
        else:
            found = " or ".join(values)
            checks.append(ANDROID_IDENTITY.contradicts("hardware says another", name, expected=said, found=found))
    return checks


def comparable(name: str, value: str) -> str:
    """Return an identifier as it is compared."""
    text = value.strip().casefold()
    if name == "imei":
        digits = "".join(each for each in text if each.isdecimal())
        return digits[:14] if len(digits) in (14, 15, 16) else digits
    return text
