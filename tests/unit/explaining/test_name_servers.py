"""Whom the device asks for names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import Tree, case, findings, rules

from trueware.errors import InputError
from trueware.explaining.detectors.name_servers import NameServers
from trueware.explaining.reading.resolvers import Entry, Role, hosts_services, resolvers_in
from trueware.model.finding import Severity

S, C, A, P = Role.SERVER, Role.CLIENTS, Role.ANSWER, Role.PROXY
DOMAIN = b"config domain\n option name X.y\n option ip 6.6.6.6\n"
STATED: dict[str, tuple[bytes, list[Entry]]] = {
    "etc/resolv.conf": (b"# x\nsearch lan\nnameserver 1.1.1.1\n", [Entry(S, "", "1.1.1.1")]),
    "etc/systemd/resolved.conf": (
        b"[Resolve]\nDNS=1.1.1.1#one 9.9.9.9\n",
        [Entry(S, "", "1.1.1.1"), Entry(S, "", "9.9.9.9")],
    ),
    "etc/dnsmasq.conf": (
        (
            b"server=/example.org/1.2.3.4#5353\nserver=1.1.1.1\naddress=/a.b/c.d/6.6.6.6\naddress=/x.y/\ndhcp-option=6,1.1.1.1,2.2.2.2\n"
            b'dhcp-option=tag:lan,252,"http://p/wpad.dat"\nlocal=/lan/\n'
        ),
        [
            Entry(S, "example.org", "1.2.3.4:5353"),
            Entry(S, "", "1.1.1.1"),
            Entry(A, "a.b", "6.6.6.6"),
            Entry(A, "c.d", "6.6.6.6"),
            Entry(A, "x.y", ""),
            Entry(C, "", "1.1.1.1"),
            Entry(C, "", "2.2.2.2"),
            Entry(P, "", "http://p/wpad.dat"),
        ],
    ),
    "etc/unbound/unbound.conf": (
        b'forward-zone:\n name: "."\n forward-addr: 1.1.1.1@853#one\nlocal-data: "a.example. 60 IN A 6.6.6.6"\n',
        [Entry(S, "", "1.1.1.1:853"), Entry(A, "a.example", "6.6.6.6")],
    ),
    "etc/udhcpd.conf": (b"opt dns 1.1.1.1 2.2.2.2\n", [Entry(C, "", "1.1.1.1"), Entry(C, "", "2.2.2.2")]),
    "etc/config/network": (b"config interface wan\n list dns 1.1.1.1\n option peerdns 0\n", [Entry(S, "", "1.1.1.1")]),
    "etc/config/dhcp": (
        b"config dnsmasq\n list server 1.1.1.1\n list address /a.b/6.6.6.6\nconfig dhcp lan\n list dhcp_option 6,9.9.9.9\n"
        + DOMAIN,
        [Entry(S, "", "1.1.1.1"), Entry(A, "a.b", "6.6.6.6"), Entry(C, "", "9.9.9.9"), Entry(A, "x.y", "6.6.6.6")],
    ),
    "system/build.prop": (b"net.dns1=1.1.1.1\nnet.change=net.dns1\n", [Entry(S, "", "1.1.1.1")]),
}


@pytest.mark.parametrize("path", STATED)
def test_every_syntax_is_read(path: str) -> None:
    data, expected = STATED[path]
    assert resolvers_in(path, data) == tuple(expected)


@given(st.sampled_from(sorted(STATED)), st.binary(max_size=200), st.integers(0, 100))
def test_arbitrary_bytes_are_read_or_refused(path: str, noise: bytes, at: int) -> None:
    data = STATED[path][0]
    for each in (noise, data[:at] + noise + data[at:]):
        hosts_services(each)
        try:
            resolvers_in(path, each)
        except InputError:
            continue


def _rules(path: str, before: bytes, after: bytes, mutable: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    made = case({path: before}, {path: after}, mutable=mutable)
    return [(found.rule, found.severity.value) for found in findings(NameServers, made)]


def test_another_server_is_asked() -> None:
    path = "etc/resolv.conf"
    (found,) = findings(NameServers, case({path: b"nameserver 9.9.9.9"}, {path: b"nameserver 198.51.100.1"}))
    assert (found.rule, found.severity) == ("name-server-changed", Severity.MEDIUM)
    assert (found.evidence[0].expected, found.evidence[0].found) == ("9.9.9.9", "198.51.100.1")
    assert _rules(path, b"", b"nameserver 127.0.0.1") == [("name-server-changed", "low")]
    assert _rules(path, b"", b"nameserver 1.1.1.1", (path,)) == [("name-server-changed", "info")]


def test_order_and_place_of_servers_are_no_change() -> None:
    one, two = b"nameserver 1.1.1.1\n", b"nameserver 9.9.9.9\n"
    assert _rules("etc/resolv.conf", one + two, two + b"# x\n" + one) == []
    before: Tree = {"etc/resolv.conf": one, "etc/systemd/resolved.conf": b""}
    assert (
        rules(
            NameServers,
            case(before, {"etc/resolv.conf": b"", "etc/systemd/resolved.conf": b"[Resolve]\nDNS=1.1.1.1\n"}),
        )
        == []
    )
    assert _rules("etc/resolv.conf", one, b"") == []


def test_the_house_is_told_to_ask_another() -> None:
    path, mutable = "etc/config/dhcp", ("etc/config/**",)
    after = b"config dhcp lan\n list dhcp_option 6,198.51.100.1\n"
    assert _rules(path, b"config dhcp lan\n", after) == [("name-server-of-house-changed", "medium")]
    assert _rules(path, b"config dhcp lan\n", after, mutable) == [("name-server-of-house-changed", "info")]
    assert _rules(path, b"config dhcp lan\n", b"config dhcp lan\n list dhcp_option 3,192.168.1.1\n") == []


def test_names_are_answered_by_the_device() -> None:
    path = "etc/dnsmasq.conf"
    assert _rules(path, b"", b"address=/www.bank.example/198.51.100.1") == [("name-answered-by-device", "high")]
    assert _rules(path, b"", b"address=/ads.example.com/0.0.0.0") == [("name-answered-by-device", "low")]
    assert _rules(path, b"", b"address=/downloads.openwrt.org/0.0.0.0") == [("update-host-answered-by-device", "high")]
    assert _rules(path, b"", b"address=/printer.lan/192.168.1.9") == []
    assert _rules(path, b"", b"address=/router/192.168.1.9") == []


def test_a_proxy_is_announced() -> None:
    assert _rules("etc/dnsmasq.conf", b"", b"dhcp-option=252,http://198.51.100.1/wpad.dat") == [
        ("proxy-announced", "high")
    ]
    assert _rules("etc/dnsmasq.conf", b"", b"dhcp-option=42,198.51.100.1") == []


def test_another_library_looks_up_names() -> None:
    path = "etc/nsswitch.conf"
    before = b"hosts: files dns\n"
    assert _rules(path, before, b"hosts: evil files dns\n") == [("name-service-added", "medium")]
    assert _rules(path, before, b"hosts:  files mdns4_minimal [NOTFOUND=return] dns # x\n") == []
    assert _rules(path, before, b"passwd: evil\nhosts: dns files\n") == []
    assert _rules(path, b"", b"hosts: evil\n") == [], "what was looked up before is not known"


def test_without_the_genuine_bytes_nothing_is_said() -> None:
    path = "etc/resolv.conf"
    assert rules(NameServers, case({path: b"x"}, {path: b"nameserver 1.1.1.1"}, at_hand=False)) == []
