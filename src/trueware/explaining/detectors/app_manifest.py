"""What an app may do, who may talk to it and what of it runs first: its manifest beside the genuine one.

Permissions and components are told as far as the genuine manifest has none of them. The order of elements, the numbers of
resources, and class names written in full or below the package make no difference.

Sources: developer.android.com, App manifest file and Manifest.permission; OWASP MASVS-PLATFORM and MASVS-RESILIENCE.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.known.permissions import ALARMING, REACH, Reach
from trueware.explaining.naming import listing
from trueware.explaining.reading.android_manifest import AppManifest, Component, read_manifest
from trueware.explaining.reading.lines import excerpt
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

_MOST = 12
"""Pieces of evidence of one finding."""

_LOW, _MEDIUM, _HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH

_REVOKE = "Remove the app, and install it anew from where its maker offers it."

OF_REACH = {
    Reach.COMMUNICATIONS: Rule(
        "app-may-read-communications", "The app may read messages, calls or contacts that the genuine app leaves alone",
        _HIGH, effect="communications-read",
        help="Whoever reads text messages has the codes that banks send. " + _REVOKE,
    ),
    Reach.WATCHING: Rule(
        "app-may-watch", "The app may watch or locate its owner as the genuine app does not",
        _HIGH, effect="surveillance", help=_REVOKE,
    ),
    Reach.FILES: Rule(
        "app-may-read-files", "The app may read files of its owner that the genuine app leaves alone",
        _MEDIUM, effect="surveillance", help=_REVOKE,
    ),
    Reach.MESSAGES: Rule(
        "app-may-send-messages", "The app may send messages or place calls, which the genuine app does not",
        _HIGH, effect="data-sent-elsewhere", help="Look for premium numbers on the bill of the telephone. " + _REVOKE,
    ),
    Reach.OVERLAY: Rule(
        "app-may-draw-over-others", "The app may draw over other apps, which the genuine app does not",
        _HIGH, effect="credential-capture",
        help="A window that looks like another app's takes what is typed into it (ATT&CK T1417.002). " + _REVOKE,
    ),
    Reach.POWER: Rule(
        "app-gains-power", "The app asks for power over other apps or the system that the genuine app has not",
        _HIGH, effect="privilege-opened", help=_REVOKE,
    ),
    Reach.DEVICE: Rule(
        "app-may-identify-device", "The app may tell this device and its owner from others, which the genuine app does not",
        _MEDIUM, effect="surveillance", help=_REVOKE,
    ),
    Reach.START: Rule(
        "app-may-run-unasked", "The app may run without being asked to, which the genuine app does not",
        _MEDIUM, effect="start-up-persistence", help=_REVOKE,
    ),
    Reach.NETWORK: Rule(
        "app-may-use-network", "The app may talk to the Internet, which the genuine app does not",
        _MEDIUM, effect="data-sent-elsewhere", help=_REVOKE,
    ),
}  # fmt: skip

OTHER_PERMISSION = Rule(
    "app-permission-added", "The app asks for a permission that the genuine app does not ask for",
    _LOW, effect="configuration-altered", help="What it permits is little, or known to its maker alone.",
)  # fmt: skip

ACCESSIBILITY = Rule(
    "app-accessibility-service", "The app can read and control the screen of all apps as an accessibility service",
    _HIGH, effect="communications-read",
    help="Spyware and banking trojans work this way. See the device's accessibility settings for services that are on. " + _REVOKE,
)  # fmt: skip
NOTIFICATIONS = Rule(
    "app-notification-listener", "The app can read the notifications of all apps",
    _HIGH, effect="communications-read", help="Messages and one-time codes are among them. " + _REVOKE,
)  # fmt: skip
MESSAGES = Rule(
    "app-message-receiver", "The app is told of messages or calls as they come in, which the genuine app is not",
    _HIGH, effect="communications-read", help=_REVOKE,
)  # fmt: skip
CALLS = Rule(
    "app-call-service", "The app can take part in telephone calls, which the genuine app cannot",
    _HIGH, effect="communications-read", help=_REVOKE,
)  # fmt: skip
ADMIN = Rule(
    "app-device-admin", "The app can administer the device: lock it, erase it, resist its own removal",
    _HIGH, effect="privilege-opened", help="Take its right away in the settings for device administrators before removing it.",
)  # fmt: skip
VPN = Rule(
    "app-vpn-service", "The app can take all network traffic of the device through itself",
    _HIGH, effect="traffic-intercepted", help=_REVOKE,
)  # fmt: skip
KEYBOARD = Rule(
    "app-input-method", "The app can be the keyboard of the device, which the genuine app is not",
    _HIGH, effect="credential-capture", help="A keyboard learns everything that is typed, passwords among it. " + _REVOKE,
)  # fmt: skip
AUTOFILL = Rule(
    "app-credential-service", "The app can fill in and store passwords of other apps, which the genuine app cannot",
    _HIGH, effect="credential-capture", help=_REVOKE,
)  # fmt: skip
BOOT = Rule(
    "app-boot-receiver", "The app is started with the device, which the genuine app is not",
    _MEDIUM, effect="start-up-persistence", help=_REVOKE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Role:
    """What makes a component more than a part of its own app."""

    rule: Rule
    kind: str
    permission: str
    """What only the system has, so that only the system can be meant; empty where actions alone tell."""

    actions: frozenset[str]

    def fits(self, component: Component) -> bool:
        """Tell whether a component has this role."""
        guarded = bool(self.permission) and component.permission == self.permission
        return component.kind == self.kind and (guarded or not self.actions.isdisjoint(component.actions))


def _bound(rule: Rule, permission: str, action: str, kind: str = "service") -> _Role:
    return _Role(rule, kind, f"android.permission.{permission}", frozenset({action}))


def _told(rule: Rule, *actions: str) -> _Role:
    return _Role(rule, "receiver", "", frozenset(actions))


ROLES = (
    _bound(ACCESSIBILITY, "BIND_ACCESSIBILITY_SERVICE", "android.accessibilityservice.AccessibilityService"),
    _bound(
        NOTIFICATIONS,
        "BIND_NOTIFICATION_LISTENER_SERVICE",
        "android.service.notification.NotificationListenerService",
    ),
    _told(
        MESSAGES,
        "android.provider.Telephony.SMS_RECEIVED",
        "android.provider.Telephony.SMS_DELIVER",
        "android.provider.Telephony.WAP_PUSH_RECEIVED",
        "android.provider.Telephony.WAP_PUSH_DELIVER",
        "android.intent.action.DATA_SMS_RECEIVED",
        "android.intent.action.PHONE_STATE",
        "android.intent.action.NEW_OUTGOING_CALL",
    ),
    _bound(CALLS, "BIND_INCALL_SERVICE", "android.telecom.InCallService"),
    _bound(CALLS, "BIND_SCREENING_SERVICE", "android.telecom.CallScreeningService"),
    _bound(CALLS, "BIND_CALL_REDIRECTION_SERVICE", "android.telecom.CallRedirectionService"),
    _bound(ADMIN, "BIND_DEVICE_ADMIN", "android.app.action.DEVICE_ADMIN_ENABLED", "receiver"),
    _bound(VPN, "BIND_VPN_SERVICE", "android.net.VpnService"),
    _bound(KEYBOARD, "BIND_INPUT_METHOD", "android.view.InputMethod"),
    _bound(AUTOFILL, "BIND_AUTOFILL_SERVICE", "android.service.autofill.AutofillService"),
    _bound(
        AUTOFILL,
        "BIND_CREDENTIAL_PROVIDER_SERVICE",
        "android.service.credentials.CredentialProviderService",
    ),
    _told(
        BOOT,
        "android.intent.action.BOOT_COMPLETED",
        "android.intent.action.LOCKED_BOOT_COMPLETED",
        "android.intent.action.QUICKBOOT_POWERON",
    ),
)

COMPONENT = Rule(
    "app-component-added", "The app has parts that the system can start and the genuine app has not",
    _MEDIUM, effect="app-injected", help="Each names a class; what was found in the app's code tells what it does.",
)  # fmt: skip
EXPORTED = Rule(
    "app-component-exported", "Other apps may use a part of the app that the genuine app keeps to itself",
    _MEDIUM, effect="hardening-lost", help=_REVOKE,
)  # fmt: skip
WRAPPED = Rule(
    "app-wrapped", "Another class runs first when the app starts",
    _HIGH, effect="app-injected",
    help="Repackaged apps load what was put into them this way, before anything of the genuine app runs. " + _REVOKE,
)  # fmt: skip
DEBUGGABLE = Rule(
    "app-debuggable", "The app lets itself be debugged",
    _HIGH, effect="hardening-lost", help="Whoever holds the unlocked device can read the app's data and run code in it.",
)  # fmt: skip
CLEARTEXT = Rule(
    "app-cleartext-allowed", "The app may talk without encryption, which the genuine app may not",
    _MEDIUM, effect="hardening-lost", help="Anybody on the way can read and change what it sends and gets.",
)  # fmt: skip
BACKUP = Rule(
    "app-backup-allowed", "The app lets its data be backed up, which the genuine app does not",
    _LOW, effect="hardening-lost", help="Whoever holds the unlocked device can copy the app's data.",
)  # fmt: skip
SECURITY_CONFIG = Rule(
    "app-network-security-changed",
    "The app has a network security configuration and the genuine app has none, or the other way round",
    _MEDIUM, Confidence.MEDIUM, effect="trust-anchor-added",
    help="Such a configuration decides which certificates the app trusts. Look at it.",
)  # fmt: skip
SHARED_USER = Rule(
    "app-shared-user", "The app runs under another shared user",
    _HIGH, effect="privilege-opened", help="Apps of one shared user have each other's permissions and data.",
)  # fmt: skip
OLDER = Rule(
    "app-downgraded", "The app is an older version than the genuine one",
    _MEDIUM, effect="downgraded", help="Faults that were mended since are open again. Install the current version.",
)  # fmt: skip
TARGET = Rule(
    "app-target-lowered", "The app claims to be made for an older Android than the genuine app is",
    _MEDIUM, effect="hardening-lost",
    help="The system spares older apps its newer protections; below API 23 all permissions are granted when it is installed.",
)  # fmt: skip
RENAMED = Rule(
    "app-renamed", "The app has another package name",
    _MEDIUM, effect="provenance-falsified", help="It is installed beside the genuine app and gets none of its updates.",
)  # fmt: skip
SAME = Rule(
    "app-manifest-rewritten", "The manifest was written anew and says the same, as far as it decides anything",
    Severity.INFO, effect="rebuilt-by-another", help="Tools that repackage an app leave this behind.",
)  # fmt: skip
LESS = Rule(
    "app-manifest-narrowed", "The manifest was changed, and nothing in it lets the app or others do more",
    Severity.INFO, effect="configuration-altered", help="It asks for less, keeps more to itself, or is of a later version.",
)  # fmt: skip

_BEFORE_ASKING = 23
"""First API level at which an app must ask for what it needs while it runs."""

_POWERFUL_USERS = frozenset({"android.uid.system", "android.uid.phone", "android.uid.bluetooth", "android.uid.nfc"})

_PLAIN_FACTORIES = frozenset(("androidx.core.app.CoreComponentFactory", "android.support.v4.app.CoreComponentFactory"))
"""What building with Android's support libraries writes into every manifest that names no other factory (AOSP ``androidx.core``)."""


class ManifestOfApp:
    """The manifest of an app."""

    subject: ClassVar[str] = "what an app may do"
    rules: ClassVar[tuple[Rule, ...]] = (
        *OF_REACH.values(), OTHER_PERMISSION, *dict.fromkeys(role.rule for role in ROLES),
        COMPONENT, EXPORTED, WRAPPED, DEBUGGABLE, CLEARTEXT, BACKUP, SECURITY_CONFIG, SHARED_USER, OLDER, TARGET, RENAMED, SAME, LESS,
    )  # fmt: skip
    wants: ClassVar[re.Pattern[str]] = re.compile(r"AndroidManifest\.xml")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (one file says it all)
        before, after = altered.before(), altered.after()
        if before is None or after is None:
            return
        genuine, found = read_manifest(before), read_manifest(after)
        if genuine == found:
            yield altered.finding(SAME, "other order, numbers or words that the system does not ask for")
            return
        told = [
            *added_permissions(altered, genuine.permissions, found.permissions),
            *added_roles(altered, genuine, found),
            *_components(altered, genuine, found),
            *_identity(altered, genuine, found),
            *_hardening(altered, genuine, found),
        ]
        yield from told
        if not told:
            yield altered.finding(LESS, _less(genuine, found))


def added_permissions(altered: Altered, genuine: frozenset[str], found: frozenset[str]) -> Iterator[Finding]:
    """Yield what the permissions reach that only the found manifest asks for, one finding for each kind of reach."""
    groups: dict[Reach | None, list[str]] = {}
    for name in sorted(found - genuine):
        groups.setdefault(REACH[name][0] if name in REACH else None, []).append(name)
    for reach, names in groups.items():
        evidence = [Evidence("uses-permission", None, excerpt(name)) for name in names[:_MOST]]
        touches = [f"permission:{excerpt(name)}" for name in names[:_MOST]]
        if reach is None:
            yield altered.finding(OTHER_PERMISSION, f"asks for {listing(names)}", *evidence, touches=touches)
            continue
        rule = OF_REACH[reach]
        grave = rule.severity is not _HIGH or not ALARMING.isdisjoint(names)
        what = listing(dict.fromkeys(REACH[name][1] for name in names))
        severity = rule.severity if grave else _MEDIUM
        yield altered.finding(rule, f"asks for {what}", *evidence, touches=touches, severity=severity)


def added_roles(altered: Altered, genuine: AppManifest, found: AppManifest) -> Iterator[Finding]:
    """Yield what components can do for which the system starts them, as far as the genuine app has none of that name."""
    old = {_key(genuine, each): each for each in genuine.components.values()}
    told: dict[Rule, list[tuple[Component, frozenset[str]]]] = {}
    for each in found.components.values():
        was = old.get(_key(found, each))
        for role in ROLES:
            if role.fits(each) and (was is None or not role.fits(was)):
                told.setdefault(role.rule, []).append((each, role.actions & each.actions))
    for rule, components in told.items():
        names = [each.name for each, _ in components]
        yield altered.finding(
            rule,
            f"{components[0][0].kind} {listing(names)}",
            *(
                Evidence(each.kind, None, excerpt(f"{each.name}: {', '.join(sorted(actions)) or each.permission}"))
                for each, actions in components[:_MOST]
            ),
            touches=(f"permission:{each.permission}" for each, _ in components if each.permission),
        )


def _components(altered: Altered, genuine: AppManifest, found: AppManifest) -> Iterator[Finding]:
    old = {_key(genuine, each): each for each in genuine.components.values()}
    new = [each for each in found.components.values() if _key(found, each) not in old]
    if new:
        yield altered.finding(
            COMPONENT,
            listing(f"{each.kind} {each.name}" for each in new),
            *(Evidence(each.kind, None, excerpt(each.name)) for each in new[:_MOST]),
        )
    opened = []
    for each in found.components.values():
        was = old.get(_key(found, each))
        if was is not None and _is_open(each) and not _is_open(was):
            opened.append((was, each))
    if opened:
        yield altered.finding(
            EXPORTED,
            listing(f"{each.kind} {each.name}" for _, each in opened),
            *(
                Evidence(excerpt(f"{each.kind} {each.name}"), _openness(was), _openness(each))
                for was, each in opened[:_MOST]
            ),
        )


def _identity(altered: Altered, genuine: AppManifest, found: AppManifest) -> Iterator[Finding]:
    if genuine.package != found.package:
        evidence = _versus("package", genuine.package, found.package)
        yield altered.finding(RENAMED, f"calls itself {excerpt(found.package)}", evidence)
    if found.version_code < genuine.version_code:
        said = [f"{each.version_name} ({each.version_code})" for each in (genuine, found)]
        yield altered.finding(OLDER, f"version {excerpt(said[1])}", _versus("version", *said))
    for where, was, now in (
        ("application", genuine.application, found.application),
        ("appComponentFactory", genuine.factory, found.factory),
    ):
        if now and _below(genuine, was) != _below(found, now) and not (not was and now in _PLAIN_FACTORIES):
            yield altered.finding(
                WRAPPED, f"{excerpt(now)} runs first", _versus(where, was, now), touches=(f"api:{now}",)
            )
    if found.shared_user and found.shared_user != genuine.shared_user:
        severity = _HIGH if found.shared_user in _POWERFUL_USERS else _MEDIUM
        evidence = _versus("sharedUserId", genuine.shared_user, found.shared_user)
        yield altered.finding(SHARED_USER, f"runs as {excerpt(found.shared_user)}", evidence, severity=severity)


def _hardening(altered: Altered, genuine: AppManifest, found: AppManifest) -> Iterator[Finding]:
    flags: Iterable[tuple[Rule, str, bool, bool]] = (
        (DEBUGGABLE, "debuggable", genuine.debuggable, found.debuggable),
        (CLEARTEXT, "usesCleartextTraffic", genuine.cleartext, found.cleartext),
        (BACKUP, "allowBackup", genuine.backup, found.backup),
    )
    for rule, name, was, now in flags:
        if now and not was:
            yield altered.finding(rule, f"{name} is true", Evidence(name, "false", "true"))
    if bool(genuine.network_security) != bool(found.network_security):
        evidence = _versus("networkSecurityConfig", genuine.network_security, found.network_security)
        yield altered.finding(SECURITY_CONFIG, "it is added" if found.network_security else "it is gone", evidence)
    if found.target_sdk < genuine.target_sdk:
        severity = _HIGH if found.target_sdk < _BEFORE_ASKING <= genuine.target_sdk else _MEDIUM
        evidence = Evidence("targetSdkVersion", str(genuine.target_sdk), str(found.target_sdk))
        yield altered.finding(TARGET, f"made for API {found.target_sdk}", evidence, severity=severity)


def _less(genuine: AppManifest, found: AppManifest) -> str:
    gone = [*sorted(genuine.permissions - found.permissions)]
    gone += (f"{kind} {name}" for kind, name in genuine.components.keys() - found.components.keys())
    return f"without {listing(gone)}" if gone else "nothing of weight differs"


def _versus(where: str, was: str, now: str) -> Evidence:
    return Evidence(where, excerpt(was) or None, excerpt(now) or None)


def _key(manifest: AppManifest, component: Component) -> tuple[str, str]:
    return component.kind, _below(manifest, component.name)


def _below(manifest: AppManifest, name: str) -> str:
    """Return the name of a class without the package, so that a package with another name keeps its classes."""
    package = f"{manifest.package}."
    return f".{name[len(package) :]}" if name.startswith(package) else name


def _is_open(component: Component) -> bool:
    return component.exported and not component.permission


def _openness(component: Component) -> str:
    if not component.exported:
        return "not exported"
    return excerpt(f"needs {component.permission}") if component.permission else "exported to all"
