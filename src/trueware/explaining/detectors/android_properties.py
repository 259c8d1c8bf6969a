"""What Android's property files newly say: who may debug the device, who built it, what it claims to be.

Names and values are compared, not lines; order and comments make no difference. What the genuine file says, too, is no
finding, however weak it is: some makers' own properties contradict each other. Where updates come from, debugging over the
network and name servers are told by others.

Sources: AOSP ``system/core/init``, ``packages/modules/adb`` (adbd), ``build/make/tools/buildinfo.sh``; source.android.com "Verified
Boot" (what the boot loader reports in ``ro.boot``).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.naming import listing
from trueware.explaining.patterns import regex
from trueware.explaining.portraits.dex import host_of
from trueware.explaining.reading.android_properties import PATHS, contradictions, fingerprints, read_properties
from trueware.explaining.reading.lines import excerpt
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

_LOW, _MEDIUM, _HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH
_MOST = 8

DEBUGGABLE = Rule(
    "properties-debuggable", "Every program of the device may be debugged, and its debugging bridge may become root",
    _HIGH, effect="privilege-opened", help="Makers build devices so for themselves. Whoever reaches the bridge reads everything.",
)  # fmt: skip
ADB_ROOT = Rule(
    "properties-adb-root", "The debugging bridge runs as root",
    _HIGH, effect="privilege-opened", help="Whoever reaches the bridge owns the device.",
)  # fmt: skip
ADB_OPEN = Rule(
    "properties-adb-open", "The debugging bridge asks nobody who they are",
    _HIGH, effect="local-access", help="Any computer or charger that the device is plugged into can read it and install software.",
)  # fmt: skip
ADB_ON = Rule(
    "properties-adb-on", "The debugging bridge is on from the start",
    _MEDIUM, effect="local-access", help="On a device as delivered its owner has to switch it on.",
)  # fmt: skip
PERMISSIVE = Rule(
    "properties-selinux-permissive", "The device is told not to enforce its access rules (SELinux)",
    _HIGH, effect="privilege-opened", help="Programs are kept apart by these rules; without them one hole opens everything.",
)  # fmt: skip
UNLOCK = Rule(
    "properties-unlock-allowed", "The boot loader may be unlocked, which the genuine software does not allow",
    _MEDIUM, effect="verification-disabled", help="Once unlocked, it starts software of anybody.",
)  # fmt: skip
PRIVILEGED = Rule(
    "properties-privileged-apps", "Apps of the system get permissions that nobody granted them by name",
    _MEDIUM, effect="privilege-opened", help="The list that limits them is not enforced any more.",
)  # fmt: skip
BOOT_STATE = Rule(
    "properties-boot-state-forged", "A file says what only the boot loader can know of how the device was started",
    _HIGH, effect="provenance-falsified",
    help="Apps that ask whether the device is locked and verified get a false answer. Ask the hardware by key attestation.",
)  # fmt: skip
TEST_KEYS = Rule(
    "properties-test-keys", "The software says that it was not signed with its maker's keys, or not built for customers",
    _HIGH, effect="rebuilt-by-another", help="test-keys and dev-keys are public ones; userdebug and eng are builds for developers.",
)  # fmt: skip
RENAMED = Rule(
    "properties-product-renamed", "The device calls itself another product",
    _HIGH, effect="provenance-falsified", help="Compare maker and model with the device itself, its label and its IMEI.",
)  # fmt: skip
REBUILT = Rule(
    "properties-other-build", "The software says it is another build of the same product",
    _LOW, effect="rebuilt-by-another", help="Where everything else is as released, somebody wrote that in.",
)  # fmt: skip
CONTRADICTS = Rule(
    "properties-contradict-fingerprint", "The build properties contradict the fingerprint of the build",
    _HIGH, effect="provenance-falsified", help="One of them was rewritten, so that the device passes for another or a newer one.",
)  # fmt: skip
PATCH_OLDER = Rule(
    "properties-patch-level-lowered", "The software says that it has security fixes up to an earlier date",
    _HIGH, effect="downgraded", help="Faults that were mended since are open again.",
)  # fmt: skip
PATCH_NEWER = Rule(
    "properties-patch-level-raised", "The same build says that it has later security fixes than the genuine one",
    _HIGH, effect="provenance-falsified", help="The fixes are not in it: only the date was rewritten.",
)  # fmt: skip
OLDER = Rule(
    "properties-version-lowered", "The software says that it is older than the genuine one",
    _MEDIUM, effect="downgraded", help="Faults that were mended since are open again.",
)  # fmt: skip
UPDATE_OFF = Rule(
    "properties-updates-off", "A property that has to do with updates was switched so that there are none",
    _MEDIUM, Confidence.MEDIUM, effect="update-blocked", help="See whether the device still finds its maker's updates.",
)  # fmt: skip
PROXY = Rule(
    "properties-proxy", "Network traffic is sent through a proxy that the genuine software does not use",
    _HIGH, effect="traffic-intercepted", help="Whoever runs it sees where the device goes, and what is not encrypted.",
)  # fmt: skip
OTHER = Rule(
    "properties-changed", "Properties of the system have other values",
    _LOW, effect="configuration-altered", help="What each does is the maker's matter; most tune or label something.",
)  # fmt: skip
SAME = Rule(
    "properties-rewritten", "A file of properties was written anew and says the same",
    Severity.INFO, effect="configuration-altered", help="Order and comments differ.",
)  # fmt: skip

Values = dict[str, str]


@dataclass(frozen=True, slots=True)
class _Switch:
    """A property whose values are weak or not."""

    rule: Rule
    names: re.Pattern[str]
    absent: str
    """What the system takes where it does not stand in a file."""

    is_weak: Callable[[str], bool]


def _is(*values: str) -> Callable[[str], bool]:
    return lambda value: value.lower() in values


_SWITCHES = (
    _Switch(DEBUGGABLE, re.compile(r"ro\.(?:force\.)?debuggable"), "0", _is("1")),
    _Switch(ADB_ROOT, re.compile(r"ro\.secure"), "1", _is("0")),
    _Switch(ADB_ROOT, re.compile(r"service\.adb\.root"), "0", _is("1")),
    _Switch(ADB_OPEN, re.compile(r"ro\.adb\.secure"), "0", lambda value: value != "1"),
    _Switch(
        ADB_ON,
        re.compile(r"(?:persist\.|ro\.)?sys\.usb\.(?:default\.)?config(?:\.initial)?"),
        "",
        lambda value: "adb" in value.split(","),
    ),
    _Switch(
        PERMISSIVE, re.compile(r"ro\.boot\.selinux|ro\.build\.selinux\.enforce"), "", _is("permissive", "disabled", "0")
    ),
    _Switch(UNLOCK, re.compile(r"ro\.oem_unlock_supported|sys\.oem_unlock_allowed"), "0", _is("1", "true")),
    _Switch(PRIVILEGED, re.compile(r"ro\.control_privapp_permissions"), "", lambda value: value != "enforce"),
)
_BOOT_STATE = regex(
    r"ro\.boot\.(?:verifiedbootstate|flash\.locked|veritymode|vbmeta\.\w+|warranty_bit|secureboot)"
    r"|ro\.(?:boot\.)?warranty_bit|ro\.bootmode\.secure|vendor\.boot\.(?:verifiedbootstate|vbmeta\.\w+)"
)
_PATCH = regex(r"ro\.(?:vendor\.build|build\.version|odm\.build)\.security_patch")
_DATE = regex(r"\d{4}-\d\d-\d\d")
_PRODUCT = regex(
    r"ro\.product\.(?:(?:odm|product|system|system_ext|vendor|bootimage)\.)?(?:manufacturer|brand|model|device|name)"
)
_PROXY = regex(r"net\.(?:\w+\.)?http-?proxy|(?:https?|socks)\.proxyHost|persist\.[\w.]*proxy[._]?host")
_WORD = regex(r"[a-z]+")
_UPDATE_WORDS = frozenset({"ota", "fota", "update", "updates", "updater", "upgrade", "sota"})
_ON, _OFF = (
    frozenset({"1", "true", "yes", "on", "enable", "enabled"}),
    frozenset({"0", "false", "no", "off", "disable", "disabled"}),
)
_ELSEWHERE = regex(
    r"ro\.frp\.pst|ro\.setupwizard\..*|ro\.(?:boot\.)?serialno|.*(?:imei|meid|macaddr|bdaddr|mac_addr).*"
    r"|(?:service|persist)\.adb\.(?:tcp\.port|tls_server\.enable)|.*\.dns\d",
    re.IGNORECASE,
)
"""Properties of which other detectors speak."""


class AndroidProperties:
    """Property files."""

    subject: ClassVar[str] = "Android's properties"
    rules: ClassVar[tuple[Rule, ...]] = (
        DEBUGGABLE, ADB_ROOT, ADB_OPEN, ADB_ON, PERMISSIVE, UNLOCK, PRIVILEGED, BOOT_STATE, TEST_KEYS, RENAMED, REBUILT,
        CONTRADICTS, PATCH_OLDER, PATCH_NEWER, OLDER, UPDATE_OFF, PROXY, OTHER, SAME,
    )  # fmt: skip
    wants: ClassVar[re.Pattern[str]] = re.compile(PATHS)

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (one file says it all)
        before, after = altered.before(), altered.after()
        if altered.is_removed or after is None or (before is None and not altered.is_added):
            return
        genuine, found = read_properties(before or b""), read_properties(after)
        told: set[str] = set()
        for finding, names in _told(altered, genuine, found):
            told.update(names)
            yield finding
        names = [name for name in sorted(genuine.keys() | found.keys()) if genuine.get(name) != found.get(name)]
        rest = [name for name in names if name not in told and not _is_told_elsewhere(name, found.get(name, ""))]
        if rest:
            yield altered.finding(OTHER, listing(rest), *_evidence(rest, genuine, found))
        elif not names:
            yield altered.finding(SAME, altered.name)


def _is_told_elsewhere(name: str, value: str) -> bool:
    return _ELSEWHERE.fullmatch(name) is not None or (_is_about_updates(name) and host_of(value) is not None)


def _told(altered: Altered, genuine: Values, found: Values) -> Iterator[tuple[Finding, list[str]]]:
    """Yield findings, and the properties of which they speak."""
    changed = [name for name in sorted(genuine.keys() | found.keys()) if genuine.get(name) != found.get(name)]
    for rule, names, touches in (
        *_switched(genuine, found, changed, added=altered.is_added),
        *_claims(genuine, found, changed),
        *_ages(genuine, found, changed),
        *_destinations(genuine, found, changed),
    ):
        severity = _MEDIUM if altered.is_configuration and rule.severity is _HIGH else rule.severity
        detail = listing(f"{name}={found.get(name, '')}" for name in names)
        evidence = _evidence(names, genuine, found)
        yield altered.finding(rule, detail, *evidence, touches=touches, severity=severity), names
    wrong, old = contradictions(found), contradictions(genuine)
    new = [name for name in wrong if name not in old]
    if new:
        evidence = [Evidence(name, excerpt(f"{wrong[name][0]} (fingerprint)"), excerpt(wrong[name][1])) for name in new]
        names = [name for name in new if name in changed]
        yield altered.finding(CONTRADICTS, listing(new), *evidence[:_MOST]), [*names, "ro.build.fingerprint"]


Told = Iterator[tuple[Rule, list[str], tuple[str, ...]]]


def _switched(genuine: Values, found: Values, changed: list[str], *, added: bool) -> Told:
    for switch in _SWITCHES:
        names = [
            name
            for name in changed
            if switch.names.fullmatch(name)
            and switch.is_weak(found.get(name, switch.absent))
            and (not switch.is_weak(genuine.get(name, switch.absent)) or (added and name in found))
        ]
        if names:
            yield switch.rule, names, ()
    forged = [name for name in changed if name in found and _BOOT_STATE.fullmatch(name)]
    if forged:
        yield BOOT_STATE, forged, ()


def _claims(genuine: Values, found: Values, changed: list[str]) -> Told:
    """Yield what the build newly says it is."""
    was, now = fingerprints(genuine), fingerprints(found)
    weak = [
        name
        for name in changed
        if name in genuine
        and name in found
        and (
            (name.endswith(".build.tags") and "release-keys" in genuine[name] and "release-keys" not in found[name])
            or (name.endswith(".build.type") and genuine[name] == "user" and found[name] != "user")
            or (name in was and name in now and was[name].tags == "release-keys" and now[name].tags != "release-keys")
        )
    ]
    if weak:
        yield TEST_KEYS, weak, ()
    renamed = [name for name in changed if name in genuine and name in found and _PRODUCT.fullmatch(name)]
    for name, fingerprint in now.items():
        old = was.get(name)
        if old is not None and (old.brand, old.name, old.device) != (
            fingerprint.brand,
            fingerprint.name,
            fingerprint.device,
        ):
            renamed.append(name)
    if renamed:
        yield RENAMED, renamed, ()
    rebuilt = [
        name for name in now if name in was and now[name] != was[name] and name not in renamed and name not in weak
    ]
    if rebuilt:
        yield REBUILT, rebuilt, ()


def _ages(genuine: Values, found: Values, changed: list[str]) -> Told:
    dates = [
        name
        for name in changed
        if _PATCH.fullmatch(name) and _DATE.fullmatch(genuine.get(name, "")) and _DATE.fullmatch(found.get(name, ""))
    ]
    older = [name for name in dates if found[name] < genuine[name]]
    if older:
        yield PATCH_OLDER, older, ()
    build = ("ro.build.version.incremental", "ro.build.date.utc", "ro.build.id")
    same = any(name in found for name in build) and all(genuine.get(name) == found.get(name) for name in build)
    newer = [name for name in dates if found[name] > genuine[name]]
    if newer and same:
        yield PATCH_NEWER, newer, ()
    lowered = [
        name
        for name in changed
        if name in ("ro.build.version.sdk", "ro.build.date.utc", "ro.vndk.version")
        and _number(found.get(name)) is not None
        and (_number(genuine.get(name)) or 0) > (_number(found.get(name)) or 0)
    ]
    if lowered:
        yield OLDER, lowered, ()


def _destinations(genuine: Values, found: Values, changed: list[str]) -> Told:
    off = [
        name
        for name in changed
        if _is_about_updates(name) and _is_off(name, genuine.get(name, ""), found.get(name, ""))
    ]
    if off:
        yield UPDATE_OFF, off, ()
    proxies = [name for name in changed if _PROXY.fullmatch(name) and found.get(name)]
    if proxies:
        yield PROXY, proxies, tuple(f"host:{found[name].partition(':')[0]}" for name in proxies)


def _is_about_updates(name: str) -> bool:
    return not _UPDATE_WORDS.isdisjoint(_WORD.findall(name.lower()))


def _is_off(name: str, was: str, now: str) -> bool:
    """Tell whether a property about updates went from on to off, by what its name says that on means."""
    words = _WORD.findall(name.lower())
    if name.rpartition(".")[2].startswith(("disable", "no_", "block")) or "disable" in words or "disabled" in words:
        return now.lower() in _ON and was.lower() not in _ON
    return now.lower() in _OFF and was.lower() in _ON


def _number(value: str | None) -> int | None:
    return int(value) if value is not None and value.isascii() and value.isdecimal() and len(value) <= 18 else None


def _evidence(names: list[str], genuine: Values, found: Values) -> list[Evidence]:
    return [Evidence(excerpt(name), _shown(genuine, name), _shown(found, name)) for name in names[:_MOST]]


def _shown(values: Values, name: str) -> str | None:
    return excerpt(values[name]) if name in values else None
