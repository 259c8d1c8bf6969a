"""Impact: which data is reached, whom it harms, what they should do; by the rules that ship and by small ones."""

import pytest

from trueware.explaining.impact import MOST_ACTIONS, assess, component_of, touched
from trueware.knowledge.impact import load_impact
from trueware.model.explanation import Assessment, Scenario, Stakeholder
from trueware.model.finding import Confidence, Finding, Severity

RULES = load_impact()


def _finding(part: str = "fw.bin!/etc/x", *touches: str, severity: Severity = Severity.HIGH) -> Finding:
    return Finding("rule", part, "", severity, touches=touches)


def _assess(effect: str, *findings: Finding, scenario: Scenario = Scenario.NETWORK_DEVICE) -> Assessment:
    return assess(effect, findings, scenario, configured=False, rules=RULES)


def _levels(told: Assessment) -> dict[str, int]:
    return {harm.stakeholder.value: harm.level for harm in told.harms}


def _todo(told: Assessment, who: Stakeholder = Stakeholder.USER) -> list[str]:
    return [action.id for action in told.actions if action.stakeholder is who]


def test_who_is_root_could_reach_what_the_system_may() -> None:
    """Touching the accounts shows that passwords are handled; the rest of the gateway lies open too."""
    told = _assess("privileged-account", _finding("fw.bin!/etc/shadow", "file:etc/shadow"))
    assert told.reached == ("Password", "Username")
    assert {"BrowserHistory", "Communication"} <= set(told.reachable)
    assert not set(told.reached) & set(told.reachable)
    assert _todo(told)[:4] == ["cut-off", "no-private-use", "reinstall", "change-passwords"]


def test_what_is_touched_is_all_where_it_is_known() -> None:
    """A program that captures the network reaches traffic; nothing is guessed besides."""
    told = _assess("program-altered", _finding("fw.bin!/usr/sbin/x", "call:pcap_loop"))
    assert "Communication" in told.reached
    assert told.reachable == ()


def test_what_is_not_known_could_be_all() -> None:
    """Neither no token nor one that says nothing of data narrows it down."""
    for touches in ((), ("port:4444",), ("host:example.org",)):
        told = _assess("program-altered", _finding("fw.bin!/usr/sbin/x", *touches))
        assert told.reached == ()
        assert "Password" in told.reachable


def test_nobody_reaches_what_the_component_may_not_access() -> None:
    """A gateway has no address book, whatever a program was built with."""
    told = _assess("program-altered", _finding("fw.bin!/usr/sbin/x", "api:android.provider.ContactsContract"))
    assert told.reached == told.reachable == ()


def test_an_app_reaches_what_its_permissions_grant() -> None:
    """Where they are known they are the limit; where not, what the code touches is believed."""
    finding = _finding("x.apk!/classes.dex", "api:android.telephony.SmsManager.sendTextMessage")
    for permissions, reached in (
        (None, ("Authenticating", "Communication", "TelephoneNumber")),
        (("android.permission.SEND_SMS",), ("Authenticating", "Communication", "TelephoneNumber")),
        (("android.permission.INTERNET",), ()),
    ):
        told = assess("app-injected", (finding,), Scenario.APP, configured=False, rules=RULES, permissions=permissions)
        assert told.reached == reached


def test_the_two_low_rows() -> None:
    """A pirate decoder harms its owner little and the content's owner much; a proxy harms nearly all but the owner's own data."""
    pirate = _levels(_assess("content-protection-bypassed", _finding(), scenario=Scenario.RECEIVER))
    assert pirate["user"] == 1
    assert pirate["content-owner"] == 4
    proxy = _assess("bandwidth-abused", _finding(), scenario=Scenario.RECEIVER)
    assert proxy.reached == ("IPAddress",)
    assert _levels(proxy)["state"] == 4


def test_a_scenario_changes_single_levels() -> None:
    phone = _levels(_assess("kernel-altered", _finding(), scenario=Scenario.PHONE))
    box = _levels(_assess("kernel-altered", _finding(), scenario=Scenario.RECEIVER))
    assert (phone["user"], box["user"]) == (4, 3)
    assert (phone["content-owner"], box["content-owner"]) == (1, 3)
    assert phone["maker"] == box["maker"]


def test_what_an_owner_may_have_done_is_asked_first() -> None:
    told = assess("remote-access", (_finding(),), Scenario.NETWORK_DEVICE, configured=True, rules=RULES)
    assert _todo(told)[0] == "ask-whose-doing"
    assert len(_todo(told)) == MOST_ACTIONS


def test_what_is_not_certain_is_confirmed_first() -> None:
    unsure = Finding("rule", "a", "", Severity.HIGH, Confidence.LOW)
    told = assess("known-malicious", (unsure,), Scenario.RECEIVER, configured=False, rules=RULES)
    assert all(_todo(told, who)[0] == "confirm-first" for who in Stakeholder)
    told = assess("known-malicious", (unsure, _finding()), Scenario.RECEIVER, configured=False, rules=RULES)
    assert "confirm-first" not in _todo(told)


def test_severity_decides_how_much_is_asked() -> None:
    slight = _todo(_assess("remote-access", _finding(severity=Severity.LOW)))
    assert "cut-off" not in slight
    assert "switch-off-access" in slight


def test_what_is_said_fits_the_product() -> None:
    """A box is unplugged, an app removed; nobody writes an image to somebody else's phone."""
    box = _assess("known-malicious", _finding(), scenario=Scenario.RECEIVER)
    app = _assess("known-malicious", _finding(), scenario=Scenario.APP)
    phone = _assess("known-malicious", _finding(), scenario=Scenario.PHONE)
    assert box.actions[0].text.startswith("Unplug the box")
    assert "cut-off" not in _todo(app)
    assert any(action.text.startswith("Remove this app") for action in app.actions)
    assert "push-genuine" in _todo(box, Stakeholder.OPERATOR)
    assert "push-genuine" not in _todo(phone, Stakeholder.OPERATOR)


def test_what_is_slight_reaches_and_harms_little() -> None:
    """A changed text in a program is no reason to speak of passwords, and its harm has a highest level."""
    slight = _assess("program-altered", _finding("fw.bin!/bin/boa", severity=Severity.LOW))
    assert slight.reached == slight.reachable == ()
    assert _levels(slight)["operator"] == 2
    assert "harm/at-most/low" in slight.rules
    assert "no-private-use" not in _todo(slight)
    grave = _assess("program-altered", _finding("fw.bin!/bin/boa"), _finding("fw.bin!/bin/ls", severity=Severity.LOW))
    assert _levels(grave)["operator"] == 3
    assert not any(rule.startswith("harm/at-most") for rule in grave.rules)
    info = _levels(_assess("remote-access", _finding(severity=Severity.INFO)))
    assert max(info.values()) == 1


def test_an_effect_needs_a_finding() -> None:
    with pytest.raises(ValueError, match="empty"):
        assess("remote-access", (), Scenario.OTHER, configured=False, rules=RULES)


def test_every_rule_that_took_part_is_named() -> None:
    told = _assess("names-redirected", _finding("fw.bin!/etc/hosts", severity=Severity.LOW))
    assert told.rules == (
        "reach/names-redirected",
        "component/name-resolution",
        "harm/names-redirected",
        "harm/names-redirected/network-device",
        "harm/at-most/low",
        "action/led-astray-slight",
        "action/for-the-record",
    )


@pytest.mark.parametrize(
    ("path", "scenario", "component"),
    [
        ("fw.bin!/rootfs!/etc/dnsmasq.conf", Scenario.NETWORK_DEVICE, "name-resolution"),
        ("rootfs/etc/ssl/certs/x.pem", Scenario.NETWORK_DEVICE, "trust-store"),
        ("etc/config/firewall", Scenario.NETWORK_DEVICE, "forwarding"),
        ("bin/busybox", Scenario.NETWORK_DEVICE, "gateway-system"),
        ("www/logo.png", Scenario.NETWORK_DEVICE, "documentation"),
        ("system.img!/priv-app/Phone/Phone.apk!/classes.dex", Scenario.PHONE, "installed-app"),
        ("NON-HLOS.bin", Scenario.PHONE, "phone-radio"),
        ("system.img!/etc/hosts", Scenario.PHONE, "name-resolution"),
        ("boot.img", Scenario.PHONE, "phone-system"),
        ("usr/keys/oscam.server", Scenario.RECEIVER, "receiver-conditional-access"),
        ("usr/bin/enigma2", Scenario.RECEIVER, "receiver-system"),
        ("index.html", Scenario.APP, "app"),
        ("usr/bin/ls", Scenario.OTHER, "system"),
    ],
)
def test_components(path: str, scenario: Scenario, component: str) -> None:
    assert component_of(path, scenario, RULES).id == component


@pytest.mark.parametrize(
    ("token", "term"),
    [
        ("permission:android.permission.ACCESS_FINE_LOCATION", "CurrentLocation"),
        ("api:Landroid/telephony/SmsManager;->sendTextMessage", "Communication"),
        ("api:android.media.AudioRecord", "VoiceCommunicationRecording"),
        ("call:pam_get_authtok", "Password"),
        ("file:data/data/com.android.providers.telephony/databases/mmssms.db", "Communication"),
        ("service:dnsmasq", "BrowserHistory"),
        ("permission:http://tizen.org/privilege/tv.inputdevice", "TVViewingBehaviour"),
        ("api:com.appsflyer", "UID"),
        ("call:ptrace", "Password"),
    ],
)
def test_tokens(token: str, term: str) -> None:
    assert term in touched((token,), RULES)


def test_tokens_are_matched_as_a_whole() -> None:
    assert touched(("xpermission:android.permission.CAMERA", "call:my_pcap_loop", "port:22"), RULES) == frozenset()
