"""Updaters that run by themselves."""

import pytest
from tests.unit.explaining.cases import File, Tree, case, findings, rules

from trueware.explaining.detectors.automatic_updates import AutomaticUpdates

GLUON = "etc/config/autoupdater"
SETTINGS = (
    "config autoupdater settings\n option enabled 1\n option branch stable\n"
    "config branch stable\n option good_signatures 2\n list pubkey aa\n list pubkey bb\n"
)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("enabled 1", "enabled 0", ["automatic-updates-off"]),
        (" option enabled 1\n", "", ["automatic-updates-off"]),
        ("good_signatures 2", "good_signatures 1", ["update-signatures-fewer"]),
        (" option good_signatures 2\n", "", ["update-signatures-fewer"]),
        ("good_signatures 2", "good_signatures 3", []),
        ("list pubkey bb", "list pubkey cc", ["updater-key-added"]),
        (" list pubkey bb\n", "", []),
        ("branch stable\nc", "branch beta\nc", ["update-branch-changed"]),
        ("list pubkey aa\n list pubkey bb", "list pubkey bb\n list pubkey aa", []),
    ],
)
def test_gluon(before: str, after: str, expected: list[str]) -> None:
    assert before in SETTINGS
    made = case({GLUON: SETTINGS.encode()}, {GLUON: SETTINGS.replace(before, after).encode()})
    assert rules(AutomaticUpdates, made) == expected


def test_an_owner_switches_it_off() -> None:
    after = SETTINGS.replace("enabled 1", "enabled 0").encode()
    (found,) = findings(AutomaticUpdates, case({GLUON: SETTINGS.encode()}, {GLUON: after}, mutable=("etc/config/**",)))
    assert found.severity.value == "info"


@pytest.mark.parametrize(
    ("path", "text", "is_off"),
    [
        ("etc/apt/apt.conf.d/20auto-upgrades", 'APT::Periodic::Unattended-Upgrade "0";', True),
        ("etc/apt/apt.conf.d/20auto-upgrades", 'APT::Periodic::Unattended-Upgrade "1";', False),
        ("etc/apt/apt.conf.d/20auto-upgrades", 'APT::Periodic::Verbose "0";', False),
        ("etc/dnf/automatic.conf", "[commands]\napply_updates = no", True),
        ("etc/dnf/automatic.conf", "[commands]\napply_updates = yes", False),
        ("system/build.prop", "persist.sys.disable_ota=1", True),
        ("system/build.prop", "ro.vendor.update.enable=false", True),
        ("system/build.prop", "persist.sys.disable_ota=0", False),
        ("system/build.prop", "ro.vendor.update.enable=true", False),
        ("system/build.prop", "#persist.sys.disable_ota=1", False),
    ],
)
def test_switches(path: str, text: str, is_off: bool) -> None:  # noqa: FBT001
    expected = ["automatic-updates-off"] if is_off else []
    assert rules(AutomaticUpdates, case({path: b"\n"}, {path: text.encode()})) == expected
    assert rules(AutomaticUpdates, case({path: text.encode()}, {path: text.encode() + b"\n"})) == []


BASE: Tree = {"bin/sh": File(b"\x7fELF", 0o755), "etc/passwd": b"x", "lib/x": b"x", "usr/x": b"x"}
TIMER = "lib/systemd/system/apt-daily.timer"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"sbin/sysupgrade": b"x"}, {}, ["updater-gone"]),
        ({"sbin/sysupgrade": b"x"}, {"sbin/sysupgrade": b"y"}, []),
        ({"usr/bin/apt-get": b"x"}, {"bin/apt-get": b"y"}, []),
        ({"sbin/netupgrade": b"x"}, {}, []),
        ({TIMER: b"[Timer]\n"}, {TIMER: b""}, ["updater-gone"]),
        ({TIMER: b"[Timer]\n"}, {TIMER: b"[Timer]\nOnCalendar=daily\n"}, []),
        ({}, {"etc/systemd/system/apt-daily.timer": File(link="/dev/null")}, ["updater-gone"]),
        ({}, {"etc/systemd/system/bluetooth.service": File(link="/dev/null")}, []),
        ({"etc/rc.d/S95autoupdater": File(link="../init.d/autoupdater")}, {}, ["updater-gone"]),
        ({"etc/rc.d/S95network": File(link="../init.d/network")}, {}, []),
    ],
)
def test_what_installs_updates(before: Tree, after: Tree, expected: list[str]) -> None:
    assert rules(AutomaticUpdates, case({**BASE, **before}, {**BASE, **after})) == expected
