"""What changed rules for packets mean."""

import pytest
from tests.unit.explaining.cases import File, Tree, case, findings, rules

from trueware.explaining.detectors.packet_filter import PacketFilter
from trueware.model.finding import Severity

SCRIPT = "etc/firewall.user"
HEAD = "#!/bin/sh\n"
GUARD = "iptables -A INPUT -i wan -j DROP\n"


def _script(after: str, before: str = GUARD, path: str = SCRIPT, mutable: tuple[str, ...] = ()) -> list[str]:
    return rules(PacketFilter, case({path: (HEAD + before).encode()}, {path: (HEAD + after).encode()}, mutable=mutable))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("iptables -I INPUT -i eth1 -p tcp --dport 23 -j ACCEPT", "firewall-opened"),
        ("ip6tables -A INPUT -p tcp -m tcp --dport 8080 -j ACCEPT", "firewall-opened"),
        ("$IPT -I INPUT -j ACCEPT", "firewall-off"),
        ("IPT=/usr/sbin/iptables; $IPT -I FORWARD -i wan -j ACCEPT", "firewall-off"),
        ("iptables -t nat -A PREROUTING -i wan -p tcp --dport 80 -j DNAT --to 192.168.1.9:80", "port-forward-added"),
        (
            "iptables -t nat -A PREROUTING -i br-lan -p udp --dport 53 -j DNAT --to-destination 198.51.100.3",
            "name-queries-diverted",
        ),
        ("iptables -t nat -A PREROUTING -i br-lan -p udp --dport 53 -j REDIRECT", "name-queries-diverted"),
        ("iptables -t nat -A PREROUTING -i br-lan -p tcp --dport 80 -j REDIRECT --to-ports 3128", "traffic-diverted"),
        ("iptables -t nat -A OUTPUT -p tcp --dport 443 -j DNAT --to-destination 198.51.100.3:443", "traffic-diverted"),
        ("iptables -t mangle -A PREROUTING -i br-lan -j TEE --gateway 192.168.1.250", "traffic-copied"),
        ("nft add rule inet fw4 mangle_prerouting dup to 192.168.1.250", "traffic-copied"),
        ("iptables -A OUTPUT -d downloads.openwrt.org -j DROP", "update-traffic-blocked"),
        ("iptables-restore <<EOF\n*mangle\n-A PREROUTING -j TEE --gateway 10.1.1.1\nCOMMIT\nEOF", "traffic-copied"),
        ("iptables -A INPUT -m limit --limit 3/min -j LOG", "packet-rules-changed"),
        # near misses
        ("iptables -A INPUT -m state --state ESTABLISHED -j ACCEPT", "packet-rules-changed"),
        ("iptables -A INPUT -i lo -j ACCEPT", "packet-rules-changed"),
        ("iptables -A INPUT -i br-lan -p tcp --dport 22 -j ACCEPT", "packet-rules-changed"),
        ("iptables -A INPUT -p icmp -j ACCEPT", "packet-rules-changed"),
        ("iptables -A INPUT -s 192.168.1.0/24 -p tcp --dport 22 -j ACCEPT", "packet-rules-changed"),
        ("iptables -t nat -A PREROUTING -i br-lan -p tcp --dport 80 -j DNAT --to 192.168.1.9", "packet-rules-changed"),
        ("iptables -A OUTPUT -d example.org -j DROP", "packet-rules-changed"),
    ],
)
def test_a_rule_was_added_to_a_script(line: str, expected: str) -> None:
    assert _script(GUARD + line + "\n") == [expected]


@pytest.mark.parametrize(
    "line", ["iptables -L", "ip route add default via 10.0.0.1", "echo iptables -F", "# iptables -F", "iptables -N own"]
)
def test_what_sets_no_rule(line: str) -> None:
    assert _script(GUARD + line + "\n") == []


def test_the_guard_is_gone() -> None:
    assert _script("") == ["firewall-rule-removed"]
    assert _script("iptables -F\n") == ["firewall-off", "firewall-rule-removed"]
    assert _script("iptables -F\n" + GUARD) == ["packet-rules-changed"], "rules are made anew behind it"
    assert _script("", "iptables -A INPUT -i br-lan -j DROP\n") == ["packet-rules-changed"]


def test_saved_rules_let_everything_in() -> None:
    before = b"*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
    after = before.replace(b"INPUT DROP", b"INPUT ACCEPT").replace(b"0:0", b"7:9")
    (found,) = findings(PacketFilter, case({"etc/iptables/rules.v4": before}, {"etc/iptables/rules.v4": after}))
    assert (found.rule, found.severity) == ("firewall-off", Severity.HIGH)
    assert (found.evidence[0].expected, found.evidence[0].found) == ("policy INPUT drop", "policy INPUT accept")
    assert rules(PacketFilter, case({"etc/iptables/rules.v4": after}, {"etc/iptables/rules.v4": before})) == [
        "packet-rules-changed"
    ]


def test_rules_of_nftables() -> None:
    before = b"table inet f {\n chain in { type filter hook input priority 0; policy drop;\n }\n}\n"
    after = before.replace(b"policy drop;\n", b"policy drop;\n tcp dport 23 accept\n")
    assert rules(PacketFilter, case({"etc/nftables.conf": before}, {"etc/nftables.conf": after})) == ["firewall-opened"]
    path = "usr/share/nftables.d/chain-pre/input_wan/x.nft"
    assert rules(PacketFilter, case({}, {path: b"tcp dport 22 accept\n"})) == ["firewall-opened"]
    assert rules(PacketFilter, case({}, {path: b"ct state established accept\n"})) == ["packet-rules-changed"]


SETTINGS = "etc/config/firewall"
ZONES = b"config zone\n option name lan\n option input ACCEPT\nconfig zone\n option name wan\n option input REJECT\n"


def _settings(more: bytes, before: bytes = ZONES, after: bytes | None = None) -> list[tuple[str, str]]:
    made = case({SETTINGS: before}, {SETTINGS: (ZONES if after is None else after) + more}, mutable=("etc/config/**",))
    return [(found.rule, found.severity.value) for found in findings(PacketFilter, made)]


def test_settings_of_openwrt() -> None:
    forward = b"config redirect\n option src wan\n option src_dport 80\n option dest_ip 192.168.1.5\n"
    assert _settings(forward) == [("port-forward-added", "low")], "owners do that"
    opened = b"config rule\n option src wan\n option proto tcp\n option dest_port 22\n option target ACCEPT\n"
    assert _settings(opened) == [("firewall-opened", "low")]
    assert _settings(opened.replace(b"ACCEPT", b"DROP")) == [("packet-rules-changed", "low")]
    assert _settings(b"config rule\n option enabled 0\n option src wan\n option target ACCEPT\n") == []
    assert _settings(b"", after=ZONES.replace(b"REJECT", b"ACCEPT")) == [("firewall-off", "high")], (
        "hardly any owner does that"
    )
    assert (
        _settings(
            b"",
            after=ZONES.replace(b"'", b"").replace(
                b"config zone\n option name lan", b"config zone lan\n option name lan"
            ),
        )
        == []
    )
    names = b"config redirect\n option src lan\n option src_dport 53\n option proto udp\n option target DNAT\n"
    assert _settings(names) == [("name-queries-diverted", "low")]


def test_a_zone_of_the_house_may_be_open() -> None:
    assert _settings(b"config zone\n option name guest_lan\n option input ACCEPT\n") == [
        ("packet-rules-changed", "low")
    ]


def test_the_firewall_is_not_started() -> None:
    root: Tree = {"bin/sh": b"", "etc/init.d/firewall": b"#!/bin/sh\n"}
    link = File(link="../init.d/firewall")
    assert rules(PacketFilter, case({**root, "etc/rc.d/S19firewall": link}, root)) == ["firewall-not-started"]
    assert (
        rules(PacketFilter, case({**root, "etc/rc.d/S19firewall": link}, {**root, "etc/rc.d/S20firewall": link})) == []
    )
    assert rules(PacketFilter, case({**root, "etc/rc.d/S19x": link}, root)) == []


def test_without_the_genuine_bytes_nothing_is_said() -> None:
    assert (
        rules(PacketFilter, case({SCRIPT: b"#!/bin/sh\n"}, {SCRIPT: b"#!/bin/sh\niptables -F\n"}, at_hand=False)) == []
    )


def test_a_program_is_not_read() -> None:
    assert rules(PacketFilter, case({}, {"usr/bin/x": b"\x7fELF iptables -F"})) == []


STOP, LET = "-A INPUT -i wan0 -j DROP\n", "-A INPUT -p tcp --dport 22 -j ACCEPT\n"
HOUSE, OTHER_PORT = "-A INPUT -i br-lan -j ACCEPT\n", "-A INPUT -p tcp --dport 80 -j DROP\n"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (STOP + LET, LET + STOP, ["firewall-rule-removed"]),
        (LET + STOP, STOP + LET, []),
        (STOP + HOUSE, HOUSE + STOP, []),
        (OTHER_PORT + LET, LET + OTHER_PORT, []),
        (STOP + LET.replace("INPUT", "FORWARD"), LET.replace("INPUT", "FORWARD") + STOP, []),
        (STOP + LET + HOUSE, STOP + HOUSE + LET, []),
    ],
)
def test_order_counts_where_a_guard_is_passed_by(before: str, after: str, expected: list[str]) -> None:
    sides = [f"*filter\n:INPUT DROP [0:0]\n{side}COMMIT\n".encode() for side in (before, after)]
    assert rules(PacketFilter, case(*({"etc/iptables/rules.v4": side} for side in sides))) == expected
