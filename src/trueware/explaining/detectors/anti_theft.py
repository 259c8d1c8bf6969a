"""Protection against theft taken out of an Android device: set-up and finding apps, reset protection, what checks the screen lock.

An app is known by its package where its manifest can be read; by the last word of that, or the name of its file otherwise, with less
confidence.

Sources: AOSP (``PersistentDataBlockService``, ``system/gatekeeper``, ``LockSettingsStorage``); source.android.com "Gatekeeper",
"Weaver"; GSMA SG.25 (features against device theft).
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import InputError
from trueware.explaining.contract import Altered, Case
from trueware.explaining.known.guarding_apps import FILES, PACKAGES, Guard
from trueware.explaining.patterns import regex
from trueware.explaining.reading.android_manifest import read_manifest
from trueware.explaining.reading.android_properties import PATHS, read_properties
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.persistent_data import read_persistent_data
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Part

_EFFECT = "anti-theft-removed"
_HIGH, _MEDIUM = Severity.HIGH, Severity.MEDIUM

REMOVED = {
    Guard.SETUP: Rule(
        "setup-app-removed", "The app that asks for the former owner's account after a reset was taken out",
        _HIGH, effect=_EFFECT, help="Stolen devices are made usable so. Look the IMEI up in the list of stolen devices.",
    ),
    Guard.FIND: Rule(
        "find-device-app-removed", "The app that finds, locks and erases a lost device was taken out",
        _HIGH, effect=_EFFECT, help="Systems without the maker's services lack it, too; then it is its owner's choice.",
    ),
    Guard.LOCK: Rule(
        "device-lock-app-removed", "The app that locks a stolen, unpaid or company's device was taken out",
        _HIGH, effect=_EFFECT, help="Ask whoever lent or sold the device. Look the IMEI up in the list of stolen devices.",
    ),
}  # fmt: skip
ALTERED = Rule(
    "anti-theft-app-altered", "An app that protects the device against theft was altered",
    _HIGH, effect=_EFFECT, help="See what was changed in its code and its manifest.",
)  # fmt: skip
SETUP_OFF = Rule(
    "setup-disabled", "The setup after a reset is switched off",
    _HIGH, effect=_EFFECT, help="It is what asks for the former owner's account. Only devices for developers have it off.",
)  # fmt: skip
PROTECTION_OFF = Rule(
    "reset-protection-off", "The system no longer knows where the reset protection keeps whose the device is",
    _HIGH, effect=_EFFECT, help="After a reset it asks nobody. Look the IMEI up in the list of stolen devices.",
)  # fmt: skip
PROTECTION_CLEARED = Rule(
    "reset-protection-cleared", "What the reset protection kept of the former owner was erased",
    _HIGH, effect=_EFFECT, help="An owner who gives the device away takes the account off first, which does the same.",
)  # fmt: skip
UNLOCK_FLAG = Rule(
    "unlock-flag-set", "The boot loader may be unlocked, which was not so",
    _MEDIUM, effect="verification-disabled", help="An owner allows it in the settings for developers.",
)  # fmt: skip
LOCK_SERVICE_REMOVED = Rule(
    "screen-lock-service-removed", "A program that checks the screen lock was taken out",
    _HIGH, effect=_EFFECT, help="Without it, wrong guesses are not slowed down, or any lock opens.",
)  # fmt: skip
LOCK_SERVICE_ALTERED = Rule(
    "screen-lock-service-altered", "A program that checks the screen lock is another one",
    _HIGH, Confidence.MEDIUM, effect=_EFFECT, help="It may take any lock for right, or keep what is typed.",
)  # fmt: skip
LOCK_DATA = Rule(
    "screen-lock-data-removed", "The record of the device's screen lock is gone",
    _MEDIUM, Confidence.MEDIUM, effect=_EFFECT, help="The device opens without it. It goes with a reset, too.",
)  # fmt: skip

_APP = regex(r"(?:.*/)?(?:priv-)?app/(?:.*/)?[^/]+\.apk")
_IN_APP = regex(r"classes\d*\.dex|AndroidManifest\.xml")
_LOCK_SERVICE = regex(
    r"(?:.*/)?(?:bin/(?:hw/)?(?:gatekeeperd|keystore2?|android\.hardware\.(?:gatekeeper|keymaster|security\.keymint|weaver|authsecret|oemlock)[^/]*"
    r"|vendor\.[\w.]*(?:gatekeeper|weaver|oemlock)[^/]*)"
    r"|lib(?:64)?/(?:hw/)?(?:gatekeeper\.[^/]+|libgatekeeper[^/]*|android\.hardware\.(?:gatekeeper|weaver)[^/]*)\.so)"
)
_LOCK_DATA = regex(
    r"(?:data/)?system/(?:users/\d+/)?(?:locksettings\.db|gatekeeper\.(?:password|pattern)\.key|password\.key|gesture\.key)"
)
_PARTITION = regex(r"(?:.*/)?(?:frp|persistent|pdb|steady|config)(?:\.(?:img|bin|mbn))?")


class AntiTheft:
    """What protects a device against theft."""

    subject: ClassVar[str] = "protection against theft"
    rules: ClassVar[tuple[Rule, ...]] = (
        *REMOVED.values(), ALTERED, SETUP_OFF, PROTECTION_OFF, PROTECTION_CLEARED, UNLOCK_FLAG,
        LOCK_SERVICE_REMOVED, LOCK_SERVICE_ALTERED, LOCK_DATA,
    )  # fmt: skip
    wants: ClassVar[re.Pattern[str]] = re.compile(
        "|".join(each.pattern for each in (_APP, _IN_APP, _LOCK_SERVICE, _LOCK_DATA, _PARTITION, re.compile(PATHS)))
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        inner = altered.inner
        content = "content" in altered.change.aspects
        if _APP.fullmatch(inner):
            if altered.is_removed and altered.change.expected is not None:
                yield from _removed(altered, altered.change.expected)
        elif _IN_APP.fullmatch(inner):
            if content:
                yield from _in_app(altered, case)
        elif _LOCK_SERVICE.fullmatch(inner):
            if altered.is_removed:
                yield altered.finding(LOCK_SERVICE_REMOVED, altered.name)
            elif content:
                yield altered.finding(LOCK_SERVICE_ALTERED, altered.name)
        elif _LOCK_DATA.fullmatch(inner):
            if altered.is_removed:
                yield altered.finding(LOCK_DATA, altered.name)
        elif _PARTITION.fullmatch(inner):
            yield from _partition(altered)
        else:
            yield from _properties(altered)


def _removed(altered: Altered, package: Part) -> Iterator[Finding]:
    """Yield that a guarding app is gone."""
    manifest = next((child for child in package.children if child.name == "AndroidManifest.xml"), None)
    content = altered.within_before(manifest) if manifest is not None else None
    try:
        name = read_manifest(content).package if content is not None else ""
    except InputError:
        name = ""
    file = name.rpartition(".")[2] if name else altered.name.removesuffix(".apk")
    guard = PACKAGES.get(name) or FILES.get(file.lower())
    if guard is not None:
        confidence = Confidence.HIGH if name in PACKAGES else Confidence.MEDIUM
        evidence = Evidence("package" if name else "file", excerpt(name or altered.name), None)
        yield altered.finding(
            REMOVED[guard], f"{excerpt(name or altered.name)}, which {guard.value}", evidence, confidence=confidence
        )


def _in_app(altered: Altered, case: Case) -> Iterator[Finding]:
    """Yield that a guarding app within a system was altered, once for each."""
    prefix = altered.path.removesuffix(altered.inner)
    if not prefix.endswith(".apk!/"):
        return
    code = (each for each in case.beside(altered) if _IN_APP.fullmatch(each.inner) and "content" in each.change.aspects)
    first = next(code, None)
    file = prefix.removesuffix(".apk!/").rpartition("/")[2]
    guard = FILES.get(file.lower())
    if first is altered and guard is not None:
        yield altered.finding(ALTERED, f"{excerpt(file)}, which {guard.value}", confidence=Confidence.MEDIUM)


def _partition(altered: Altered) -> Iterator[Finding]:
    before, after = altered.before(), altered.after()
    was = read_persistent_data(before) if before is not None else None
    if was is None or after is None:
        return
    now = read_persistent_data(after)
    if was.protected and not (now is not None and now.protected):
        left = "none" if now is not None else "not even the layout"
        yield altered.finding(
            PROTECTION_CLEARED, f"{was.protected} bytes are gone", Evidence("data", f"{was.protected} bytes", left)
        )
    if now is not None and now.unlockable and not was.unlockable:
        yield altered.finding(
            UNLOCK_FLAG, "the last byte is 1", Evidence("last byte", "not 1", "1"), offset=len(after) - 1
        )


def _properties(altered: Altered) -> Iterator[Finding]:
    before, after = altered.before(), altered.after()
    if after is None or (before is None and not altered.is_added):
        return
    genuine, found = read_properties(before or b""), read_properties(after)
    name = "ro.setupwizard.mode"
    was, now = genuine.get(name, ""), found.get(name, "")
    if now.upper() in ("DISABLED", "OPTIONAL") and was.upper() not in ("DISABLED", now.upper()):
        severity = _HIGH if now.upper() == "DISABLED" else _MEDIUM
        yield altered.finding(SETUP_OFF, f"{name}={now}", Evidence(name, excerpt(was) or None, now), severity=severity)
    name = "ro.frp.pst"
    was, now = genuine.get(name, ""), found.get(name, "")
    if was and was != now:
        yield altered.finding(
            PROTECTION_OFF, f"{name} is {excerpt(now) or 'gone'}", Evidence(name, excerpt(was), excerpt(now) or None)
        )
