"""What is said of an app whose manifest changed, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.axml import Node, Value, component, document, manifest
from tests.unit.explaining.cases import case, findings, rules

from trueware.errors import MalformedInput
from trueware.explaining.detectors.app_manifest import ManifestOfApp
from trueware.explaining.reading.android_manifest import read_manifest
from trueware.model.finding import Finding, Severity

P = "android.permission."
BOOT, SMS = "android.intent.action.BOOT_COMPLETED", "android.provider.Telephony.SMS_RECEIVED"
MAIN = component("activity", ".Main", "android.intent.action.MAIN", exported=True)


def told(before: bytes, after: bytes) -> list[str]:
    return rules(ManifestOfApp, case({"AndroidManifest.xml": before}, {"AndroidManifest.xml": after}))


def found(before: bytes, after: bytes) -> list[Finding]:
    return findings(ManifestOfApp, case({"AndroidManifest.xml": before}, {"AndroidManifest.xml": after}))


@pytest.mark.parametrize(
    ("name", "rule", "severity"),
    [
        ("READ_SMS", "app-may-read-communications", Severity.HIGH),
        ("READ_CALENDAR", "app-may-read-communications", Severity.MEDIUM),
        ("RECORD_AUDIO", "app-may-watch", Severity.HIGH),
        ("ACTIVITY_RECOGNITION", "app-may-watch", Severity.MEDIUM),
        ("READ_MEDIA_IMAGES", "app-may-read-files", Severity.MEDIUM),
        ("SEND_SMS", "app-may-send-messages", Severity.HIGH),
        ("REQUEST_INSTALL_PACKAGES", "app-gains-power", Severity.HIGH),
        ("GET_TASKS", "app-gains-power", Severity.MEDIUM),
        ("READ_PHONE_STATE", "app-may-identify-device", Severity.MEDIUM),
        ("RECEIVE_BOOT_COMPLETED", "app-may-run-unasked", Severity.MEDIUM),
        ("INTERNET", "app-may-use-network", Severity.MEDIUM),
        ("VIBRATE", "app-permission-added", Severity.LOW),
    ],
)
def test_an_added_permission_is_told_by_what_it_reaches(name: str, rule: str, severity: Severity) -> None:
    """Each says what it reaches, touches the permission itself, and weighs by what it is alone."""
    (only,) = found(manifest(permissions=(P + "WAKE_LOCK",)), manifest(permissions=(P + name, P + "WAKE_LOCK")))

    assert (only.rule, only.severity, only.touches) == (rule, severity, (f"permission:{P}{name}",))
    assert only.evidence[0].expected is None
    assert only.evidence[0].found == P + name


def test_permissions_in_another_order_are_none_added() -> None:
    """Order, and the numbers of strings, make no difference; that it was written anew is said."""
    one = manifest(permissions=(P + "READ_SMS", P + "INTERNET"))
    two = manifest(permissions=(P + "INTERNET", P + "READ_SMS"), strings_before=("x", "y"))

    assert told(one, two) == ["app-manifest-rewritten"]


def test_a_permission_taken_away_is_nothing_gained() -> None:
    assert told(manifest(permissions=(P + "READ_SMS",)), manifest()) == ["app-manifest-narrowed"]


ROLES = [
    (
        component("service", ".A", permission=P + "BIND_ACCESSIBILITY_SERVICE"),
        "app-accessibility-service",
    ),
    (
        component("service", ".A", "android.service.notification.NotificationListenerService"),
        "app-notification-listener",
    ),
    (component("receiver", ".A", SMS), "app-message-receiver"),
    (component("service", ".A", permission=P + "BIND_SCREENING_SERVICE"), "app-call-service"),
    (component("receiver", ".A", permission=P + "BIND_DEVICE_ADMIN"), "app-device-admin"),
    (component("service", ".A", permission=P + "BIND_VPN_SERVICE"), "app-vpn-service"),
    (component("service", ".A", permission=P + "BIND_INPUT_METHOD"), "app-input-method"),
    (component("service", ".A", permission=P + "BIND_AUTOFILL_SERVICE"), "app-credential-service"),
    (component("receiver", ".A", BOOT), "app-boot-receiver"),
]


@pytest.mark.parametrize(("added", "rule"), ROLES)
def test_an_added_role_is_told(added: Node, rule: str) -> None:
    """A component that the system starts for a purpose is told by the purpose, and as an added part."""
    assert told(manifest(components=(MAIN,)), manifest(components=(MAIN, added))) == sorted(
        ["app-component-added", rule]
    )


@pytest.mark.parametrize(("there", "rule"), ROLES)
def test_a_role_that_the_genuine_app_has_is_not_told(there: Node, rule: str) -> None:
    """What the genuine app does is none of it, even where its class is written in full."""
    kind, attributes, filters = there
    full: Node = (kind, {**attributes, "name": "org.example.app.A"}, filters)

    assert rule not in told(manifest(components=(there,)), manifest(components=(full,), permissions=("x.Y",)))


def test_a_component_that_answers_to_its_own_words_has_no_role() -> None:
    own = component("receiver", ".A", "org.example.app.PING", exported=False)

    assert told(manifest(), manifest(components=(own,))) == ["app-component-added"]


def test_a_component_opened_to_others() -> None:
    """Exported where it was not, or without the permission that it asked for."""
    closed = component("provider", ".P", exported=False)
    opened = component("provider", ".P", exported=True)
    guarded = component("provider", ".P", exported=True, permission="org.example.OWN")

    assert told(manifest(components=(closed,)), manifest(components=(opened,))) == ["app-component-exported"]
    assert told(manifest(components=(guarded,)), manifest(components=(opened,))) == ["app-component-exported"]
    assert told(manifest(components=(closed,)), manifest(components=(guarded,))) == ["app-manifest-narrowed"]
    assert told(manifest(components=(opened,)), manifest(components=(closed,))) == ["app-manifest-narrowed"]


def test_a_filter_exports_what_says_nothing() -> None:
    """Without a word about it, a component with a filter is open to others, as the platform takes it."""
    silent, filtered = component("service", ".S"), component("service", ".S", "org.example.DO")

    assert told(manifest(components=(silent,)), manifest(components=(filtered,))) == ["app-component-exported"]


FLAGS: list[tuple[dict[str, Value], dict[str, Value], list[str]]] = [
    ({}, {"debuggable": True}, ["app-debuggable"]),
    ({"debuggable": True}, {"debuggable": False}, ["app-manifest-narrowed"]),
    ({}, {"debuggable": "true"}, ["app-debuggable"]),
    ({}, {"usesCleartextTraffic": True}, ["app-cleartext-allowed"]),
    ({}, {"usesCleartextTraffic": False}, ["app-manifest-rewritten"]),
    ({"allowBackup": False}, {"allowBackup": True}, ["app-backup-allowed"]),
    ({"allowBackup": False}, {}, ["app-backup-allowed"]),
    ({}, {"allowBackup": True}, ["app-manifest-rewritten"]),
    ({}, {"networkSecurityConfig": "@0x7f110003"}, ["app-network-security-changed"]),
    ({"networkSecurityConfig": "@0x7f110003"}, {"networkSecurityConfig": "@0x7f110004"}, ["app-manifest-narrowed"]),
    ({"name": ".App"}, {"name": "com.wrap.Shell"}, ["app-wrapped"]),
    ({}, {"name": "com.wrap.Shell"}, ["app-wrapped"]),
    ({"name": ".App"}, {"name": "org.example.app.App"}, ["app-manifest-rewritten"]),
    ({"name": ".App"}, {}, ["app-manifest-narrowed"]),
    ({}, {"appComponentFactory": "org.lsposed.Factory"}, ["app-wrapped"]),
    (
        {"appComponentFactory": "org.example.app.Guard"},
        {"appComponentFactory": "androidx.core.app.CoreComponentFactory"},
        ["app-wrapped"],
    ),
]


@pytest.mark.parametrize(("before", "after", "expected"), FLAGS)
def test_what_the_application_says_of_itself(
    before: dict[str, Value], after: dict[str, Value], expected: list[str]
) -> None:
    """Defaults count as the platform takes them, and only the weaker direction is told."""
    assert told(manifest(application=before), manifest(application=after)) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (manifest(version=7), manifest(version=6), ["app-downgraded"]),
        (manifest(version=7), manifest(version=8), ["app-manifest-narrowed"]),
        (manifest(target=33), manifest(target=22), ["app-cleartext-allowed", "app-target-lowered"]),
        (manifest(target=33), manifest(target=32), ["app-target-lowered"]),
        (manifest(target=32), manifest(target=33), ["app-manifest-narrowed"]),
        (manifest(components=(MAIN,)), manifest(components=(MAIN,), package="org.example.app2"), ["app-renamed"]),
        (manifest(), manifest(top={"sharedUserId": "android.uid.system"}), ["app-shared-user"]),
        (manifest(top={"sharedUserId": "android.uid.system"}), manifest(), ["app-manifest-narrowed"]),
    ],
)
def test_who_it_says_it_is(before: bytes, after: bytes, expected: list[str]) -> None:
    """Older, made for less, renamed with its own classes, under another user; never the other way round."""
    assert told(before, after) == expected


def test_a_class_of_the_same_user_weighs_by_the_user() -> None:
    (system,) = found(manifest(), manifest(top={"sharedUserId": "android.uid.system"}))
    (other,) = found(manifest(), manifest(top={"sharedUserId": "org.example.shared"}))

    assert (system.severity, other.severity) == (Severity.HIGH, Severity.MEDIUM)


def test_without_the_genuine_manifest_nothing_is_said() -> None:
    """What is found may have been there all the time."""
    given_case = case(
        {"AndroidManifest.xml": manifest()},
        {"AndroidManifest.xml": manifest(permissions=(P + "READ_SMS",))},
        at_hand=False,
    )

    assert rules(ManifestOfApp, given_case) == []


@pytest.mark.parametrize("bad", [b"", b"<manifest/>", document(("resources", {}, []))])
def test_what_is_no_manifest_is_refused(bad: bytes) -> None:
    with pytest.raises(MalformedInput):
        told(manifest(), bad or b"\0")


@given(data=st.data())
def test_damaged_manifests_are_read_or_refused(data: st.DataObject) -> None:
    """Whatever bytes are changed or cut, only `MalformedInput` is raised."""
    content = bytearray(manifest(permissions=(P + "READ_SMS",), components=tuple(node for node, _ in ROLES[:3])))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.sampled_from((0, 1, 3, 0x7F, 0x80, 0xFF)))
    for damaged in (bytes(content), bytes(content[: data.draw(st.integers(0, len(content)))])):
        try:
            read_manifest(damaged)
        except MalformedInput:
            continue


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_no_manifest(content: bytes) -> None:
    with pytest.raises(MalformedInput):
        read_manifest(content)


def test_the_factory_that_tools_write_wraps_nothing() -> None:
    plain: dict[str, Value] = {"appComponentFactory": "androidx.core.app.CoreComponentFactory"}
    assert "app-wrapped" not in told(manifest(application={}), manifest(application=plain))


def test_drawing_over_other_apps_is_how_passwords_are_taken() -> None:
    (only,) = found(manifest(), manifest(permissions=(P + "SYSTEM_ALERT_WINDOW",)))
    assert (only.rule, only.effect) == ("app-may-draw-over-others", "credential-capture")
