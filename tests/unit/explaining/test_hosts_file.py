"""Names with addresses of their own."""

import pytest
from tests.unit.explaining.cases import case, findings, rules

from trueware.explaining.detectors.hosts_file import HostsFile
from trueware.explaining.known.update_hosts import is_update_host
from trueware.model.finding import Severity

PLAIN = b"127.0.0.1 localhost\n::1 localhost ip6-localhost\n"


def _rules(line: str, path: str = "etc/hosts") -> list[str]:
    return rules(HostsFile, case({path: PLAIN}, {path: PLAIN + line.encode() + b"\n"}))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("198.51.100.7 www.bank.example", ["host-name-redirected"]),
        ("198.51.100.7 downloads.openwrt.org", ["update-host-redirected"]),
        ("127.0.0.1 downloads.openwrt.org", ["update-host-blocked"]),
        ("0.0.0.0 fota-cloud.vendor.example", ["update-host-blocked"]),
        ("0.0.0.0 ads.example.com", ["host-names-blocked"]),
        ("192.168.1.4 nas.example.com", ["host-names-inside"]),
        ("198.51.100.7 www.bank.example # downloads.openwrt.org", ["host-name-redirected"]),
        # near misses
        ("# 198.51.100.7 www.bank.example", []),
        ("127.0.1.1 router", []),
        ("192.168.1.1 OpenWrt.lan", []),
        ("198.51.100.7 myserver", []),
        ("fe00::0 ip6-localnet", []),
        ("198.51.100.7 localhost", []),
    ],
)
def test_a_line_was_added(line: str, expected: list[str]) -> None:
    assert _rules(line) == expected
    assert _rules(line, "system/etc/hosts") == expected


def test_localhost_elsewhere() -> None:
    assert rules(HostsFile, case({"etc/hosts": PLAIN}, {"etc/hosts": b"198.51.100.7 localhost\n"})) == [
        "host-name-redirected"
    ]


def test_order_blanks_and_what_was_there_are_no_change() -> None:
    before = PLAIN + b"198.51.100.7 a.example b.example\n"
    after = b"# x\n198.51.100.7\tb.example\n198.51.100.7 A.example.\n" + PLAIN
    assert rules(HostsFile, case({"etc/hosts": before}, {"etc/hosts": after})) == []
    assert rules(HostsFile, case({"etc/hosts": before}, {"etc/hosts": PLAIN})) == [], (
        "names that are gone lead where all do"
    )
    assert rules(HostsFile, case({}, {"etc/hosts.allow": b"198.51.100.7 a.example"})) == []


def test_a_list_against_advertisements_is_one_finding() -> None:
    listed = b"".join(b"0.0.0.0 ads%d.example.com\n" % number for number in range(1000))
    (found,) = findings(HostsFile, case({"etc/hosts": PLAIN}, {"etc/hosts": PLAIN + listed}))
    assert (found.rule, found.severity, len(found.evidence), found.detail) == (
        "host-names-blocked",
        Severity.LOW,
        5,
        "1000 names",
    )


def test_evidence_says_where_the_name_led_before() -> None:
    before, after = PLAIN + b"198.51.100.7 a.example\n", PLAIN + b"203.0.113.9 a.example\n"
    (found,) = findings(HostsFile, case({"etc/hosts": before}, {"etc/hosts": after}, mutable=("etc/hosts",)))
    assert (found.evidence[0].expected, found.evidence[0].found) == ("198.51.100.7 a.example", "203.0.113.9 a.example")
    assert (found.severity, found.touches) == (Severity.MEDIUM, ("host:a.example",))


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("downloads.openwrt.org", True),
        ("acs.isp.example", True),
        ("fw-update3.vendor.example", True),
        ("dl.google.com", True),
        ("update.com", False),
        ("www.example.com", False),
        ("handling.example.com", False),
        ("", False),
    ],
)
def test_names_of_servers_for_updates(name: str, is_one: bool) -> None:  # noqa: FBT001
    assert is_update_host(name) is is_one
