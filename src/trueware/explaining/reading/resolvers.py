"""Who answers the device's questions for names, and what is answered without asking, as each program is configured.

========================  ==================================================================================================
syntax                    read
========================  ==================================================================================================
resolv.conf(5)            ``nameserver``
systemd-resolved          ``DNS=``, ``FallbackDNS=`` (resolved.conf(5)); the same in ``*.network`` (systemd.network(5))
dnsmasq(8)                ``server=``, ``address=``, ``dhcp-option=6,…`` (for the house's machines), ``dhcp-option=252,…`` (proxy)
unbound.conf(5)           ``forward-addr:``, ``local-data:``
udhcpd(8), dhcpd.conf(5)  ``opt dns``, ``option domain-name-servers``
OpenWrt's settings        ``dns`` of interfaces; ``server``, ``address``, ``dhcp_option`` of dnsmasq, ``domain``
Android                   properties ``net.dns1``, ``net.eth0.dns1``
========================  ==================================================================================================
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from trueware.explaining.patterns import regex
from trueware.explaining.reading.ini import sections
from trueware.explaining.reading.lines import meaningful_lines
from trueware.explaining.reading.uci import Section, read_uci


class Role(Enum):
    """What is set."""

    SERVER = "server"
    """Who is asked by this device."""

    CLIENTS = "clients"
    """Who the machines of the house are told to ask."""

    ANSWER = "answer"
    """What is answered for a name without asking."""

    PROXY = "proxy"
    """Where the machines of the house are told to find the settings of their proxy (WPAD)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting."""

    role: Role
    name: str
    """The domain that it is for, empty for all."""

    value: str
    """An address (with port), or a URL."""


def resolvers_in(inner: str, data: bytes) -> tuple[Entry, ...]:
    """Return what a file sets.

    Raises:
        MalformedInput: it is not of its syntax.
    """
    read = next((reader for pattern, reader in _READERS if pattern.fullmatch(inner)), None)
    return () if read is None else tuple(read(data))


def _resolv_conf(data: bytes) -> Iterator[Entry]:
    for line in meaningful_lines(data, ("#", ";"), trailing=True):
        words = line.text.split()
        if words[0] == "nameserver" and len(words) > 1:
            yield Entry(Role.SERVER, "", words[1])


def _systemd(data: bytes) -> Iterator[Entry]:
    for section in sections(data):
        for key in ("dns", "fallbackdns"):
            for value in section.every.get(key, ()):
                for server in value.split():
                    yield Entry(Role.SERVER, "", server.partition("#")[0])


def _dnsmasq(data: bytes) -> Iterator[Entry]:
    for line in meaningful_lines(data, trailing=True):
        key, _, value = line.text.partition("=")
        yield from _dnsmasq_option(key.strip(), value.strip())


def _dnsmasq_option(key: str, value: str) -> Iterator[Entry]:
    if key in {"server", "local", "address"} and value:
        *names, target = value.strip("/").split("/") if value.startswith("/") else ["", value]
        is_bare = value.startswith("/") and value.endswith("/")
        names, target = ([*names, target], "") if is_bare else (names, target)
        role = Role.ANSWER if key == "address" else Role.SERVER
        target = target.partition("@")[0].replace("#", ":") if key != "address" or target != "#" else "0.0.0.0"  # noqa: S104 (read)
        for name in names:
            if target or role is Role.ANSWER:
                yield Entry(role, name.lower(), target)
    elif key in {"dhcp-option", "dhcp_option", "dhcp-option-force"}:
        yield from _dhcp_option(value)


_DHCP_OPTION = regex(r"(?:(?:tag|net|encap|vendor):[^,]*,)*(?:option:)?([\w-]+),(.*)")


def _dhcp_option(value: str) -> Iterator[Entry]:
    if found := _DHCP_OPTION.fullmatch(value):
        if found[1] in {"6", "dns-server"}:
            for server in found[2].split(","):
                yield Entry(Role.CLIENTS, "", server.strip())
        elif found[1] == "252":
            yield Entry(Role.PROXY, "", found[2].strip("\"'"))


_UNBOUND = regex(r"(?:forward-addr|stub-addr|forward-host|stub-host):\s*(\S+)")
_LOCAL_DATA = regex(r"local-data:\s*[\"'](\S+)\s+(?:\d+\s+)?(?:IN\s+)?(?:A|AAAA|CNAME)\s+(\S+?)[\"']", re.IGNORECASE)


def _unbound(data: bytes) -> Iterator[Entry]:
    for line in meaningful_lines(data, trailing=True):
        if found := _UNBOUND.match(line.text):
            yield Entry(Role.SERVER, "", found[1].strip("\"'").partition("#")[0].replace("@", ":"))
        elif found := _LOCAL_DATA.match(line.text):
            yield Entry(Role.ANSWER, found[1].lower().rstrip("."), found[2])


_DHCP_SERVER = regex(r"(?:opt(?:ion)?\s+dns|option\s+domain-name-servers)\s+(.+?);?")


def _dhcp_server(data: bytes) -> Iterator[Entry]:
    for line in meaningful_lines(data, trailing=True):
        if found := _DHCP_SERVER.fullmatch(line.text):
            for server in re.split(r"[\s,]+", found[1]):
                yield Entry(Role.CLIENTS, "", server)


def _settings(data: bytes) -> Iterator[Entry]:
    for section in read_uci(data):
        yield from _of_section(section)


def _of_section(section: Section) -> Iterator[Entry]:
    if section.type == "interface":
        yield from (Entry(Role.SERVER, "", server) for server in section.words("dns"))
    for key in ("server", "address", "dhcp_option"):
        for value in section.options.get(key, ()) if section.type in {"dnsmasq", "dhcp", "tag", "host"} else ():
            yield from _dnsmasq_option(key, value)
    if section.type == "dhcp":
        yield from (Entry(Role.CLIENTS, "", server) for server in section.words("dns"))
    if section.type in {"domain", "hostrecord"} and section.get("name"):
        yield Entry(Role.ANSWER, section.get("name").lower(), section.get("ip"))
    if url := section.get("resolver_url"):
        yield Entry(Role.SERVER, "", url)


_PROPERTY = regex(r"(?:net|dhcp)\.(?:[\w-]+\.)?dns\d=(\S+)")


def _properties(data: bytes) -> Iterator[Entry]:
    for line in meaningful_lines(data):
        if found := _PROPERTY.fullmatch(line.text):
            yield Entry(Role.SERVER, "", found[1])


def hosts_services(data: bytes) -> tuple[str, ...]:
    """Return by what names of hosts are looked up, in order (nsswitch.conf(5)), actions left out."""
    for line in meaningful_lines(data, trailing=True):
        key, _, value = line.text.partition(":")
        if key.strip() == "hosts":
            return tuple(re.sub(r"\[[^\]]*\]", " ", value).split())
    return ()


_READERS: tuple[tuple[re.Pattern[str], Callable[[bytes], Iterable[Entry]]], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (
            r"(?:.*/)?(?:etc|tmp|run)/(?:.*/)?resolv\.conf[\w.]*|etc/resolvconf/resolv\.conf\.d/[^/]+|etc/ppp/resolv[^/]*",
            _resolv_conf,
        ),
        (r"(?:etc|usr/lib)/systemd/(?:resolved\.conf(?:\.d/[^/]+)?|network/[^/]+\.network)", _systemd),
        (r"(?:.*/)?(?:etc|tmp)/(?:.*/)?dnsmasq[\w.-]*(?:/[^/]+)?|tmp/dnsmasq\.d/[^/]+", _dnsmasq),
        (r"etc/unbound/.+\.conf|(?:.*/)?unbound[\w-]*\.conf", _unbound),
        (r"(?:.*/)?(?:udhcpd[\w.-]*|dhcpd)\.conf[\w.]*", _dhcp_server),
        (r"etc/config/(?:network|dhcp|https-dns-proxy|stubby|unbound)", _settings),
        (r"(?:.*/)?[^/]*\.prop|(?:.*/)?prop\.default", _properties),
    )
)

PATHS = "|".join(pattern.pattern for pattern, _ in _READERS)
"""Inner paths of the files that are read."""
