"""Tunnels to other machines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import case, findings, rules

from trueware.errors import InputError
from trueware.explaining.detectors.tunnels import Tunnels
from trueware.explaining.reading.tunnels import Tunnel, tunnels_in

WG = "[Interface]\nPrivateKey = x\n[Peer]\nPublicKey = y\nEndpoint = {peer}\nAllowedIPs = {allowed}\n"
STATED = {
    "etc/wireguard/wg0.conf": (
        WG.format(peer="a.example:51820", allowed="10.0.0.0/24").encode(),
        ("wireguard", "wg0.conf", "a.example:51820", False),
    ),
    "etc/wireguard/wg1.conf": (
        WG.format(peer="a.example:1", allowed="0.0.0.0/0, ::/0").encode(),
        ("wireguard", "wg1.conf", "a.example:1", True),
    ),
    "etc/openvpn/c.conf": (
        b"client\n;remote b\nremote a.example 1194\n",
        ("openvpn", "c.conf", "a.example:1194", False),
    ),
    "etc/openvpn/d.ovpn": (b"remote a.example\nredirect-gateway def1\n", ("openvpn", "d.ovpn", "a.example", True)),
    "etc/ipsec.conf": (
        b"config setup\nconn x\n  right=a.example\n  rightsubnet=0.0.0.0/0\n",
        ("ipsec", "x", "a.example", True),
    ),
    "etc/config/network": (
        b"config interface t\n option proto gre\n option peeraddr 198.51.100.1\n",
        ("gre", "t", "198.51.100.1", False),
    ),
    "etc/config/openvpn": (
        b"config openvpn v\n option enabled 1\n list remote 'a.example 1194'\n",
        ("openvpn", "v", "a.example:1194", False),
    ),
}


@pytest.mark.parametrize("path", STATED)
def test_every_syntax_is_read(path: str) -> None:
    data, expected = STATED[path]
    assert list(tunnels_in(path, data)) == [Tunnel(*expected)]
    rule = "traffic-tunnelled" if expected[3] else "tunnel-added"
    assert rules(Tunnels, case({}, {path: data})) == [rule]
    assert rules(Tunnels, case({path: data}, {path: data + b"\n# x\n"})) == []
    assert rules(
        Tunnels, case({path: data}, {path: data.replace(b"a.example", b"b.example").replace(b"100.1", b"100.2")})
    ) == [rule if expected[3] else "tunnel-leads-elsewhere"]


def test_peers_of_wireguard_in_settings() -> None:
    path = "etc/config/network"
    peer = b"config wireguard_vpn\n option endpoint_host a.example\n list allowed_ips 0.0.0.0/0\n option route_allowed_ips 1\n"
    (found,) = findings(Tunnels, case({path: b""}, {path: peer}, mutable=("etc/config/**",)))
    assert (found.rule, found.severity.value, found.touches) == ("traffic-tunnelled", "medium", ("host:a.example",))
    assert rules(Tunnels, case({path: b""}, {path: peer.replace(b"ips 1", b"ips 0")})) == ["tunnel-added"]
    assert rules(Tunnels, case({path: b""}, {path: peer + b" option disabled 1\n"})) == []


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("etc/config/openvpn", b"config openvpn sample\n option enabled 0\n list remote 'a.example 1194'\n"),
        ("etc/config/network", b"config interface wan\n option proto pppoe\n option server x\n"),
        ("etc/config/network", b"config interface wan\n option proto dhcp\n"),
        ("etc/openvpn/server.conf", b"port 1194\nserver 10.8.0.0 255.255.255.0\n"),
        ("etc/wireguard/wg0.conf", b"[Interface]\nListenPort = 1\n[Peer]\nAllowedIPs = 10.0.0.2/32\n"),
        ("etc/ipsec.conf", b"conn x\n  right=%any\n"),
    ],
)
def test_what_leads_nowhere(path: str, data: bytes) -> None:
    assert rules(Tunnels, case({}, {path: data})) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ip tunnel add g mode gre remote 198.51.100.1 local 10.0.0.1", ["tunnel-added"]),
        ("ip link add v type vxlan id 1 remote 198.51.100.1 dstport 4789", ["tunnel-added"]),
        ("wg set wg0 peer K endpoint 198.51.100.1:51820 allowed-ips 0.0.0.0/0", ["traffic-tunnelled"]),
        ("ip link add br0 type bridge", []),
        ("ip tunnel del g", []),
        ("ip tunnel add g mode gre remote any local 10.0.0.1", []),
    ],
)
def test_commands(line: str, expected: list[str]) -> None:
    path = "etc/init.d/x"
    assert rules(Tunnels, case({path: b"#!/bin/sh\n"}, {path: f"#!/bin/sh\n{line}\n".encode()})) == expected


@given(st.sampled_from(sorted(STATED)), st.binary(max_size=100), st.integers(0, 100))
def test_arbitrary_bytes_are_read_or_refused(path: str, noise: bytes, at: int) -> None:
    data = STATED[path][0]
    for each in (noise, data[:at] + noise + data[at:]):
        try:
            list(tunnels_in(path, each))
        except InputError:
            continue
