"""Start-up: what runs of itself that did not, and what only looks different."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import File, Tree, case, findings, rules

from trueware.explaining.detectors.start_up import StartUp
from trueware.model.finding import Severity

BASE = {"bin/sh": b"", "usr/sbin/dnsmasq": b"d", "etc/hosts": b""}
SCRIPT = b"#!/bin/sh\nstart() {\n  echo starting\n  /usr/sbin/dnsmasq -C /etc/d.conf\n}\n"


def run(before: Tree, after: Tree, mutable: tuple[str, ...] = ()) -> list[str]:
    return rules(StartUp, case({**BASE, **before}, {**BASE, **after}, mutable=mutable))


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("etc/inittab", b"::sysinit:/etc/init.d/rcS\n", b"::sysinit:/etc/init.d/rcS\n::respawn:/usr/bin/x -d\n"),
        ("etc/rc.local", b"exit 0\n", b"/usr/bin/x &\nexit 0\n"),
        ("etc/init.d/net", SCRIPT, SCRIPT + b"/usr/bin/x\n"),
        ("etc/init.d/net", SCRIPT, SCRIPT + b"dnsmasq -p 54\n"),
        ("etc/crontabs/root", b"", b"*/5 * * * * /usr/bin/x\n"),
        ("etc/systemd/system/x.service", b"", b"[Service]\nExecStart=/usr/bin/x\n"),
        ("system/etc/init/x.rc", b"", b"service x /system/bin/x\n    class main\n"),
        ("etc/hotplug.d/iface/99-x", b"", b"/usr/bin/x\n"),
        ("etc/profile.d/x.sh", b"", b"/usr/bin/x\n"),
        ("system/bin/install-recovery.sh", b"#!/system/bin/sh\n", b"#!/system/bin/sh\n/system/bin/x\n"),
    ],
)
def test_something_more_runs(path: str, before: bytes, after: bytes) -> None:
    assert run({path: before} if before else {}, {path: after}) == ["start-added"]


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("etc/inittab", b"::sysinit:/a\n::respawn:/b\n", b"# x\n::respawn:/b\n\n::sysinit:/a\n"),
        ("etc/inittab", b"::sysinit:/a\n", b"::sysinit:/a\n#::respawn:/b\n"),
        ("etc/init.d/net", SCRIPT, SCRIPT.replace(b"  ", b"\t").replace(b"/sh\n", b"/sh\n# x\n")),
        ("etc/init.d/net", SCRIPT, SCRIPT + b"mkdir -p /run/x; echo 1 > /proc/sys/x\n"),
        ("etc/init.d/net", SCRIPT, SCRIPT + b"own_function a\n"),
        ("usr/share/doc/rc.txt", b"", b"/usr/bin/x\n"),
    ],
)
def test_nothing_more_runs(path: str, before: bytes, after: bytes) -> None:
    assert run({path: before} if before else {}, {path: after}) == []


def test_it_says_what_when_and_as_whom() -> None:
    made = case(BASE, {**BASE, "etc/cron.d/x": b"*/5 * * * * nobody /usr/bin/x -a\n"})
    (found,) = findings(StartUp, made)
    assert found.detail == "at set times, as nobody: /usr/bin/x -a"
    assert found.severity is Severity.MEDIUM
    assert (found.evidence[0].where, found.evidence[0].found) == ("line 1", "/usr/bin/x -a")


@pytest.mark.parametrize("line", [b"/usr/bin/x -d\n", b"x -d\n", b"sh /usr/bin/x\n", b"busybox nohup /usr/bin/x &\n"])
def test_what_was_itself_added_or_changed_is_worse(line: bytes) -> None:
    made = case({**BASE, "etc/rc.local": b""}, {**BASE, "etc/rc.local": line, "usr/bin/x": b"\x7fELF"})
    (found,) = findings(StartUp, made)
    assert found.severity is Severity.HIGH
    assert found.detail.endswith("usr/bin/x was itself added or changed")
    changed = case(
        {**BASE, "etc/rc.local": b"", "usr/bin/x": b"genuine"}, {**BASE, "etc/rc.local": line, "usr/bin/x": b"other"}
    )
    assert [each.severity for each in findings(StartUp, changed)] == [Severity.HIGH]


def test_what_anybody_may_write_is_worse() -> None:
    (found,) = findings(StartUp, case(BASE, {**BASE, "etc/rc.local": b"sh /tmp/x.sh\n"}))
    assert (found.severity, found.detail.rpartition("; ")[2]) == (
        Severity.HIGH,
        "anybody may write where /tmp/x.sh lies",
    )


def test_an_added_script_runs_even_if_it_starts_no_program() -> None:
    assert run({}, {"etc/init.d/x": b"#!/bin/sh\necho 1 > /proc/sys/x\n"}) == ["start-added"]
    assert run({}, {"etc/rc.local": b"# Put your commands here\n"}) == []


def test_less_runs() -> None:
    before = {"etc/inittab": b"::sysinit:/a\n::respawn:/usr/sbin/watch\n"}
    assert run(before, {"etc/inittab": b"::sysinit:/a\n"}) == ["start-removed"]
    assert run({"etc/init.d/net": SCRIPT}, {}) == ["start-removed"]


def test_another_user() -> None:
    unit = b"[Service]\nUser=%s\nExecStart=/usr/bin/x\n"
    path = "lib/systemd/system/x.service"
    assert run({path: unit % b"nobody"}, {path: unit % b"root"}) == ["start-as-root"]
    assert run({path: unit % b"root"}, {path: unit % b"nobody"}) == ["start-added"]


@pytest.mark.parametrize(
    "path", ["etc/rc.d/S50x", "etc/systemd/system/multi-user.target.wants/x.service", "etc/rc2.d/S01x"]
)
def test_links_switch_services(path: str) -> None:
    link = {path: File(link="../init.d/x")}
    assert run({}, link) == ["start-enabled"]
    assert run(link, {}) == ["start-removed"]
    assert run({}, link, mutable=(path,)) == ["start-enabled"]


def test_a_link_with_another_number_switches_nothing() -> None:
    one, other = ({f"etc/rc.d/S{number}x": File(link="../init.d/x")} for number in (50, 60))
    assert run(one, other) == ["start-order-changed"] * 2
    both = {**one, "etc/rc.d/K10x": File(link="../init.d/x")}
    assert run({}, both) == ["start-enabled"] * 2
    assert run(both, {}) == ["start-removed"] * 2
    stop = {"etc/rc.d/K50x": File(link="../init.d/x")}
    assert run(one, stop) == ["start-removed"] * 2


def test_a_library_is_preloaded() -> None:
    assert run({}, {"etc/ld.so.preload": b"/lib/libx.so\n"}) == ["library-preloaded"]
    assert run({}, {"etc/ld.so.preload": b"# none\n"}) == []
    assert run({"etc/ld.so.preload": b"/lib/a.so\n"}, {"etc/ld.so.preload": b"\n/lib/a.so # a\n"}) == []


def test_first_start_scripts_remove_themselves() -> None:
    assert run({"etc/uci-defaults/10_x": b"#!/bin/sh\n/usr/bin/x\n"}, {}) == ["start-once-done"]
    assert run({}, {"etc/uci-defaults/10_x": b"#!/bin/sh\n/usr/bin/x\n"}) == ["start-added"]


def test_nothing_is_said_where_the_genuine_bytes_are_not_at_hand_or_it_is_a_program() -> None:
    made = case({"etc/rc.local": b"exit 0\n"}, {"etc/rc.local": b"/usr/bin/x\n"}, at_hand=False)
    assert rules(StartUp, made) == []
    assert run({}, {"etc/init.d/x": b"\x7fELF /usr/bin/x"}) == []


@given(st.binary(), st.binary(), st.sampled_from(["etc/inittab", "etc/rc.local", "etc/ld.so.preload", "a/init.rc"]))
def test_any_bytes_have_a_reading(before: bytes, after: bytes, path: str) -> None:
    run({path: before}, {path: after})


def test_a_console_that_asks_for_no_login_is_no_new_start() -> None:
    before, after = b"ttyS0::respawn:/bin/login -p\n", b"ttyS0::respawn:/bin/sh\n"
    assert rules(StartUp, case({"etc/inittab": before}, {"etc/inittab": after})) == []
    other = b"ttyS0::respawn:/bin/logind -p\n"
    assert rules(StartUp, case({"etc/inittab": before}, {"etc/inittab": other})) == ["start-added", "start-removed"]
    before, after = b"::respawn:/bin/login\n", b"::respawn:/bin/sh\n::respawn:/bin/extra\n"
    assert rules(StartUp, case({"etc/inittab": before}, {"etc/inittab": after})) == ["start-added", "start-removed"]


def test_rules_for_packets_are_told_by_what_they_do() -> None:
    before, line = b"#!/bin/sh\n", b"/usr/sbin/iptables -t mangle -A PREROUTING -j MARK\n"
    assert rules(StartUp, case({"etc/firewall.user": before}, {"etc/firewall.user": before + line})) == []
    line = b"/usr/sbin/iptablesd\n"
    assert rules(StartUp, case({"etc/firewall.user": before}, {"etc/firewall.user": before + line})) == ["start-added"]
