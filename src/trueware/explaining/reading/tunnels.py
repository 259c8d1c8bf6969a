"""Tunnels to other machines, as they are configured: WireGuard, OpenVPN, IPsec, PPTP, L2TP, GRE, VXLAN and their like.

=====================================  =====================================================================================
``etc/wireguard/*.conf``               ``[Peer]`` with ``Endpoint``, ``AllowedIPs`` (wg(8), wg-quick(8))
``etc/openvpn/*.conf``, ``*.ovpn``     ``remote``, ``redirect-gateway`` (openvpn(8))
``etc/ipsec.conf``, ``ipsec.d``        ``right``, ``rightsubnet`` (ipsec.conf(5))
``etc/config/network``, ``openvpn``    interfaces by ``proto``, peers of WireGuard, connections that are enabled
commands                               ``ip tunnel add``, ``ip link add … type``, ``wg set`` (ip-tunnel(8), ip-link(8))
=====================================  =====================================================================================
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trueware.explaining.patterns import regex
from trueware.explaining.reading.ini import sections
from trueware.explaining.reading.invocations import Invocation
from trueware.explaining.reading.lines import meaningful_lines
from trueware.explaining.reading.uci import Section, read_uci


@dataclass(frozen=True, slots=True)
class Tunnel:
    """One tunnel to one machine."""

    kind: str
    """What it is made by: ``wireguard``, ``openvpn``, ``gre``, …"""

    name: str
    peer: str
    """Host, or host and port."""

    takes_all: bool
    """Whether all traffic goes through it."""


PATHS = (
    r"etc/wireguard/[^/]+\.conf|(?:.*/)?etc/openvpn/.+|(?:.*/)?[^/]+\.ovpn|etc/ipsec\.conf|etc/ipsec\.d/[^/]+\.conf"
    r"|etc/config/(?:network|openvpn)"
)
"""Inner paths of the files that are read."""

_KINDS = regex(
    r"wireguard|openvpn|pptp|l2tp|sstp|openconnect|vpnc|gre|gretap|grev6|grev6tap|vxlan6?|ipip|xfrm|tinc|zerotier|amneziawg"
)
_EVERYWHERE = frozenset({"0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1"})
_LINKS = frozenset(
    {"gre", "gretap", "ip6gre", "ip6gretap", "erspan", "ip6erspan", "vxlan", "ipip", "sit", "geneve", "vti"}
)


def tunnels_in(inner: str, data: bytes) -> Iterator[Tunnel]:
    """Yield the tunnels that a file configures.

    Raises:
        MalformedInput: it is of OpenWrt's settings, and cannot be read.
    """
    if inner.startswith("etc/config/"):
        for section in read_uci(data):
            yield from _of_settings(section)
    elif "wireguard" in inner:
        for part in sections(data):
            if part.name == "peer" and (peer := part.get("endpoint")):
                allowed = {
                    each.strip() for each in " ".join(part.every.get("allowedips", ())).replace(",", " ").split()
                }
                yield Tunnel("wireguard", inner.rpartition("/")[2], peer, not allowed.isdisjoint(_EVERYWHERE))
    elif "ipsec" in inner:
        yield from _ipsec(data)
    else:
        yield from _openvpn(inner.rpartition("/")[2], data)


def _of_settings(section: Section) -> Iterator[Tunnel]:
    kind = section.get("proto")
    if section.type == "interface" and _KINDS.fullmatch(kind) and section.is_on("auto", default=True):
        peer = next(
            (section.get(key) for key in ("server", "peeraddr", "peer6addr", "remote", "serverip") if section.get(key)),
            "",
        )
        if peer:
            yield Tunnel(kind, section.name, peer, section.is_on("defaultroute", default=False))
    elif section.type.startswith(("wireguard_", "amneziawg_")) and not section.is_on("disabled", default=False):
        if host := section.get("endpoint_host"):
            peer = f"{host}:{section.get('endpoint_port') or '51820'}"
            routes = section.is_on("route_allowed_ips", default=False)
            yield Tunnel(
                "wireguard",
                section.type.partition("_")[2],
                peer,
                routes and bool(_EVERYWHERE.intersection(section.words("allowed_ips"))),
            )
    elif section.type == "openvpn" and section.is_on("enabled", default=False):
        for peer in section.options.get("remote", ()):
            yield Tunnel("openvpn", section.name, ":".join(peer.split()[:2]), bool(section.get("redirect_gateway")))


def _openvpn(name: str, data: bytes) -> Iterator[Tunnel]:
    words = [line.text.split() for line in meaningful_lines(data, ("#", ";"), trailing=True)]
    takes_all = any(each[0] == "redirect-gateway" for each in words)
    for each in words:
        if each[0] == "remote" and len(each) > 1:
            yield Tunnel("openvpn", name, ":".join(each[1:3]), takes_all)


def _ipsec(data: bytes) -> Iterator[Tunnel]:
    name, right, everywhere = "", "", False
    for line in (*meaningful_lines(data, trailing=True), None):
        words = line.text.split() if line is not None else ["conn", ""]
        if words[0] in {"conn", "config"}:
            if right and right not in {"%any", "%defaultroute"}:
                yield Tunnel("ipsec", name, right, everywhere)
            name, right, everywhere = (words[1] if len(words) > 1 else ""), "", False
        elif line is not None:
            key, _, value = (piece.strip() for piece in line.text.partition("="))
            right = value if key == "right" else right
            everywhere = everywhere or (key == "rightsubnet" and not _EVERYWHERE.isdisjoint(value.split(",")))


def tunnels_of_commands(runs: Iterable[Invocation]) -> Iterator[Tunnel]:
    """Yield the tunnels that commands make."""
    for run in runs:
        words = run.arguments
        if run.name == "ip" and words[:1] in {("tunnel",), ("tun",), ("link",), ("l",)} and "add" in words:
            kind = _behind(words, "mode") or _behind(words, "type")
            peer = _behind(words, "remote")
            if kind in _LINKS and peer not in {"", "any"}:
                yield Tunnel(kind, _behind(words, "add") or _behind(words, "name"), peer, takes_all=False)
        elif run.name == "wg" and words[:1] == ("set",) and (peer := _behind(words, "endpoint")):
            allowed = _behind(words, "allowed-ips").split(",")
            yield Tunnel("wireguard", words[1] if len(words) > 1 else "", peer, not _EVERYWHERE.isdisjoint(allowed))


def _behind(words: tuple[str, ...], word: str) -> str:
    at = words.index(word) + 1 if word in words else len(words)
    return words[at] if at < len(words) else ""
