"""Rules for packets, as each program writes them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.errors import MalformedInput
from trueware.explaining.reading.iptables import PROGRAM, read_command, read_saved
from trueware.explaining.reading.nft import chain_of_include, read_nft
from trueware.explaining.reading.packets import Kind, PacketRule, beyond
from trueware.explaining.reading.uci_firewall import read_firewall


def _command(text: str) -> PacketRule:
    rule = read_command(text.split(), 1)
    assert rule is not None
    return rule


def test_a_command_of_iptables() -> None:
    rule = _command(
        "-t nat -I PREROUTING 1 -i br-lan -p udp ! -s 10.0.0.1 --dport 53 -j DNAT --to-destination 1.2.3.4:53"
    )
    assert (rule.kind, rule.hook, rule.verdict, rule.to) == (Kind.RULE, "prerouting", "dnat", "1.2.3.4:53")
    assert (rule.interface, rule.protocol, rule.ports, rule.source) == ("br-lan", "udp", "53", "")
    assert rule.is_about(53)
    assert not rule.is_about(54)
    assert rule.is_from_house


def test_options_in_their_other_forms() -> None:
    rule = _command(
        "--append INPUT --proto tcp -m multiport --dports 22,1000:2000 -m conntrack --ctsta NEW --jump ACCEPT"
    )
    assert (rule.verdict, rule.is_about(22), rule.is_about(1500), rule.is_answer) == ("accept", True, True, False)
    assert _command("-A INPUT -s ! 10.0.0.0/8 -j DROP").source == ""
    assert _command("-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT").is_answer
    assert read_command(["-L", "-n"], 1) is None
    assert read_command(["-D", "INPUT", "-j", "DROP"], 1) is None
    assert _command("-P INPUT ACCEPT").kind is Kind.POLICY
    assert _command("-F").kind is Kind.FLUSH


@pytest.mark.parametrize(
    ("name", "is_one"), [("iptables", True), ("$IPT", True), ("ip6tables-nft", True), ("ip", False), ("tables", False)]
)
def test_names_of_the_command(name: str, is_one: bool) -> None:  # noqa: FBT001
    assert (PROGRAM.fullmatch(name) is not None) is is_one


def test_a_saved_table() -> None:
    text = b'# by hand\n*filter\n:INPUT DROP [1:2]\n:own - [0:0]\n[5:6] -A INPUT -m comment --comment "a b -j X" -j ACCEPT\nCOMMIT\n'
    policy, rule = read_saved(text)
    assert (policy.kind, policy.hook, policy.verdict) == (Kind.POLICY, "input", "drop")
    assert (rule.verdict, rule.line) == ("accept", 5)


def test_comments_counters_and_order_never_differ() -> None:
    one = list(read_saved(b"*filter\n[0:0] -A INPUT -m comment --comment one -j ACCEPT\n-A INPUT -j DROP\n"))
    two = list(read_saved(b"*filter\n-A INPUT -j DROP\n[9:9] -A INPUT -m comment --comment two -j ACCEPT\n"))
    assert beyond(one, two) == beyond(two, one) == []


NFT = b"""
flush ruleset  # all
table inet filter {
    set hosts { type ipv4_addr; elements = { 1.1.1.1, 2.2.2.2 } }
    chain mine {
        type filter hook input priority 0; policy drop;
        ct state established,related accept
        iifname "wan0" tcp dport { 22, 80 } counter accept comment "ssh"
        ip saddr != 10.0.0.1 udp dport 53 \\
            drop
    }
    chain pre { type nat hook prerouting priority -100
        udp dport 53 dnat ip to 9.9.9.9:53
        tcp dport 80 redirect to :3128
        dup to 10.1.1.1 device "eth1"
    }
}
add rule inet filter mine handle 4 tcp dport 23 accept
"""


def test_blocks_of_nftables() -> None:
    flush, policy, answer, opened, dropped, names, web, copy, added = read_nft(NFT)
    assert (flush.kind, policy.kind, policy.hook, policy.verdict) == (Kind.FLUSH, Kind.POLICY, "input", "drop")
    assert answer.is_answer
    assert (opened.hook, opened.interface, opened.is_about(80), opened.verdict) == ("input", "wan0", True, "accept")
    assert (dropped.verdict, dropped.source, dropped.line) == ("drop", "", 9)
    assert (names.hook, names.verdict, names.to) == ("prerouting", "dnat", "9.9.9.9:53")
    assert (web.verdict, web.to, copy.verdict, copy.to) == ("redirect", ":3128", "copy", "10.1.1.1")
    assert (added.chain, added.hook, added.ports) == ("mine", "input", "23")


def test_bare_rules_of_openwrt() -> None:
    chain = chain_of_include("usr/share/nftables.d/chain-pre/input_wan/10-x.nft")
    (rule,) = read_nft(b"tcp dport 22 accept\n", chain)
    assert (rule.hook, rule.verdict, rule.ports) == ("input", "accept", "22")
    assert list(read_nft(b"tcp dport 22 accept\n")) == []


def test_settings_of_openwrt() -> None:
    zone, rule, off, forward = read_firewall(
        b"config zone\n option name wan\n list network wan6\n option input REJECT\n"
        b"config rule\n option src wan\n option proto tcp\n option dest_port 22\n option target ACCEPT\n"
        b"config rule\n option enabled 0\n option src wan\n"
        b"config forwarding\n option src lan\n option dest wan\n"
        b"config redirect\n option src wan\n option src_dport 80\n option dest_ip 192.168.1.5\n option dest_port 8080\n",
    )
    assert (zone.kind, zone.interface, zone.verdict) == (Kind.POLICY, "wan", "reject")
    assert (rule.hook, rule.verdict, rule.ports) == ("input", "accept", "22")
    assert (off.verdict, off.interface) == ("accept", "lan")
    assert (forward.verdict, forward.to, forward.ports) == ("dnat", "192.168.1.5:8080", "80")


@given(st.binary(max_size=300), st.integers(0, len(NFT)))
def test_arbitrary_bytes_are_read(noise: bytes, at: int) -> None:
    for data in (noise, NFT[:at] + noise + NFT[at:]):
        list(read_nft(data))
        list(read_nft(data, "input"))
        list(read_saved(data))
    read_command(noise.decode("latin-1").split(), 1)
    try:
        list(read_firewall(b"config rule\n option a " + noise))
    except MalformedInput:
        return


@pytest.mark.parametrize(
    "unit",
    [b"{", b"}", b"table a {\n", b"add rule a b c { ", b"comment ", b"-A INPUT ! -j ACCEPT\n", b"dport { ", b'"'],
)
def test_long_texts_are_read_in_linear_time(unit: bytes) -> None:
    data = unit * (400_000 // len(unit))
    start = time.perf_counter()
    list(read_nft(data, "input"))
    list(read_saved(data))
    assert time.perf_counter() - start < 20
