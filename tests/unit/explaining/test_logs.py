"""Records of what happens on the device."""

import pytest
from tests.unit.explaining.cases import File, Tree, case, findings, rules

from trueware.explaining.detectors.logs import Logs
from trueware.model.finding import Severity


def _rules(path: str, before: str, after: str) -> list[str]:
    return rules(Logs, case({path: before.encode()}, {path: after.encode()}))


SYSLOG = "kern.*  /var/log/kern\nauth,authpriv.*\t/var/log/auth.log\n"
SYSTEM = "config system\n option hostname a\n option log_size 64\n"


@pytest.mark.parametrize(
    ("path", "before", "after", "expected"),
    [
        ("etc/config/system", SYSTEM, SYSTEM + " option log_ip 198.51.100.1\n", ["log-server-changed"]),
        ("etc/config/system", SYSTEM, SYSTEM.replace("64", "0"), ["logging-off"]),
        ("etc/config/system", SYSTEM, SYSTEM.replace("64", "128").replace("hostname a", "hostname b"), []),
        ("etc/config/system", SYSTEM, SYSTEM + " option log_ip 198.51.100.1\n option log_remote 0\n", []),
        ("etc/syslog.conf", SYSLOG, SYSLOG + "*.* @198.51.100.1\n", ["log-server-changed"]),
        (
            "etc/rsyslog.d/x.conf",
            "",
            '*.* action(type="omfwd" target="log.example.org" port="514")\n',
            ["log-server-changed"],
        ),
        ("etc/syslog.conf", SYSLOG, "kern.* /var/log/kern\n", ["logging-off"]),
        ("etc/syslog.conf", SYSLOG, SYSLOG.replace("/var/log/auth.log", "/var/log/secure"), []),
        ("etc/syslog.conf", SYSLOG, "# x\n" + "\n".join(reversed(SYSLOG.splitlines())), []),
        ("etc/systemd/journald.conf", "[Journal]\nStorage=auto\n", "[Journal]\nStorage=none\n", ["logging-off"]),
        ("etc/systemd/journald.conf", "[Journal]\n", "[Journal]\nStorage=volatile\n", []),
        ("etc/audit/rules.d/a.rules", "-w /etc/passwd -p wa\n", "# none\n", ["logging-off"]),
        ("etc/audit/rules.d/a.rules", "", "-w /etc/passwd -p wa\n", []),
        ("etc/rsyslog.conf", SYSLOG, SYSLOG.replace("/var/log/auth.log", "stop"), ["logging-off"]),
        ("etc/rsyslog.conf", SYSLOG, SYSLOG + ':msg, contains, "noise" stop\n', []),
        ("etc/init.d/log", "#!/bin/sh\nsyslogd -O /tmp/log\n", "#!/bin/sh\nsyslogd -O /dev/null\n", ["logging-off"]),
        ("etc/init.d/log", "#!/bin/sh\nsyslogd -O /tmp/log\n", "#!/bin/sh\nsyslogd -O /var/log/m\n", []),
        ("etc/init.d/log", "#!/bin/sh\nsyslogd -C16\n", "#!/bin/sh\ntrue\n", ["logging-off"]),
        ("etc/init.d/log", "#!/bin/sh\nsyslogd -C16\n", "#!/bin/sh\nsyslogd -C32\n", []),
        ("etc/init.d/log", "#!/bin/sh\nsyslogd\n", "#!/bin/sh\nsyslogd -R 198.51.100.1:514\n", ["log-server-changed"]),
        ("etc/rc.local", "", "rm -f /var/log/messages\n", ["traces-wiped"]),
        ("etc/rc.local", "", "rm -rf /var/log/*\n", ["traces-wiped"]),
        ("etc/rc.local", "", ": > /var/log/auth.log\n", ["traces-wiped"]),
        ("etc/rc.local", "", "history -c\n", ["traces-wiped"]),
        ("etc/rc.local", "", "ln -sf /dev/null /root/.ash_history\n", ["traces-wiped"]),
        ("etc/rc.local", "", "rm -f /var/log/mine/x.tmp\n", []),
        ("etc/rc.local", "", "rm -f /tmp/x; echo a >> /var/log/messages\n", []),
        ("etc/rc.local", "rm -f /var/log/messages\n", "true\nrm -f /var/log/messages\n", []),
    ],
)
def test_what_changed(path: str, before: str, after: str, expected: list[str]) -> None:
    assert _rules(path, before, after) == expected


def test_a_log_that_goes_nowhere() -> None:
    before: Tree = {"var/log/messages": b"x"}
    assert rules(Logs, case(before, {"var/log/messages": File(link="/dev/null")})) == ["logging-off"]
    assert rules(Logs, case(before, {"var/log/messages": File(link="/tmp/messages")})) == []
    assert rules(Logs, case({}, {"etc/x": File(link="/dev/null")})) == []


def test_to_the_own_network_by_the_owner() -> None:
    path, after = "etc/config/system", SYSTEM + " option log_ip 192.168.1.9\n"
    (found,) = findings(Logs, case({path: SYSTEM.encode()}, {path: after.encode()}))
    assert (found.severity, found.touches) == (Severity.LOW, ("service:syslog",))


@pytest.mark.parametrize(
    ("gone", "there", "expected"),
    [
        ("etc/rc.d/S12log", None, ["logging-off"]),
        ("etc/systemd/system/multi-user.target.wants/rsyslog.service", None, ["logging-off"]),
        ("etc/rc.d/S12log", "etc/rc.d/S20log", []),
        ("etc/rc.d/S96login", None, []),
        ("etc/rc.d/K89log", None, []),
    ],
)
def test_what_starts_a_keeper_of_records_is_gone(gone: str, there: str | None, expected: list[str]) -> None:
    base: Tree = {"bin/sh": File(b"\x7fELF", 0o755), "etc/passwd": b"x", "lib/x": b"x", "usr/x": b"x"}
    link = File(link="../init.d/x")
    after = base if there is None else {**base, there: link}
    assert rules(Logs, case({**base, gone: link}, after)) == expected
