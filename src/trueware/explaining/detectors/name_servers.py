"""Whom the device asks for the addresses of names, what it tells the machines of the house, and what it answers by itself.

The settings of all changed files are compared as one set. To ask another server is every owner's right and common: in settings that
the owner changes it weighs little. To answer for somebody else's name without asking is not common.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.known.update_hosts import is_update_host
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.resolvers import PATHS, Entry, Role, hosts_services, resolvers_in
from trueware.explaining.reading.sides import both_sides, gathered
from trueware.explaining.reading.urls import is_address, is_local
from trueware.model.finding import Evidence, Finding, Rule, Severity

SERVER = Rule(
    "name-server-changed",
    "The device asks another server for the addresses of names",
    Severity.MEDIUM,
    help="Whoever runs it sees every name that is looked up, and can lead users to other machines. Owners choose theirs too.",
    effect="names-redirected",
)
CLIENTS = Rule(
    "name-server-of-house-changed",
    "The machines of the house are told to ask another server for the addresses of names",
    Severity.MEDIUM,
    help="Whoever runs it sees every name that they look up, and can lead them to other machines. Owners choose theirs too.",
    effect="names-redirected",
)
ANSWER = Rule(
    "name-answered-by-device",
    "The device answers for somebody else's name without asking",
    Severity.HIGH,
    help="Users are led to the address it says, whatever the rest of the world is told.",
    effect="names-redirected",
)
UPDATES = Rule(
    "update-host-answered-by-device",
    "The device itself answers for the name of a server for updates",
    Severity.HIGH,
    help="Updates come from where it says, or do not arrive at all.",
    effect="update-blocked",
)
PROXY = Rule(
    "proxy-announced",
    "The machines of the house are told to send their traffic through a proxy",
    Severity.HIGH,
    help="Whoever runs it can read and change what is not encrypted. Browsers take this without asking their users.",
    effect="traffic-intercepted",
)
SERVICE = Rule(
    "name-service-added",
    "Names are looked up by a program that the genuine software does not use for it",
    Severity.MEDIUM,
    help="The program is a library that is loaded into everything that looks up a name.",
    effect="names-redirected",
)

_RULES = {Role.SERVER: SERVER, Role.CLIENTS: CLIENTS, Role.ANSWER: ANSWER, Role.PROXY: PROXY}
_WORDS = {
    Role.SERVER: "{value} is asked{name}",
    Role.CLIENTS: "{value} is what the house's machines are told to ask",
    Role.ANSWER: "{value} is the answer{name}",
    Role.PROXY: "{value} says which proxy to use",
}
_NOWHERE = regex(r"0\.0\.0\.0|127(?:\.\d+){3}|::1?|")
_ORDINARY = frozenset(
    {"files", "dns", "myhostname", "mymachines", "resolve", "mdns", "mdns4", "mdns4_minimal", "mdns_minimal", "compat"}
)
_SWITCH = regex(r"(?:.*/)?etc/nsswitch\.conf")


class NameServers:
    """Who answers questions for names."""

    subject: ClassVar[str] = "who is asked for names"
    rules: ClassVar[tuple[Rule, ...]] = (SERVER, CLIENTS, ANSWER, UPDATES, PROXY, SERVICE)
    wants: ClassVar[re.Pattern[str]] = re.compile(f"{PATHS}|{_SWITCH.pattern}")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        sides = both_sides(altered, NameServers.wants)
        if sides is None:
            return
        if not _SWITCH.fullmatch(altered.inner):
            for side in sides:
                _entries(altered, side)  # what cannot be read is told
            return
        old, new = (hosts_services(side) for side in sides)
        for service in new:
            if old and service not in old and service not in _ORDINARY:
                evidence = Evidence("hosts", excerpt(" ".join(old)), excerpt(" ".join(new)))
                yield altered.finding(
                    SERVICE, f"{service} is asked", evidence, touches=(f"file:lib/libnss_{service}.so.2",)
                )

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:  # noqa: ARG004 (asks nobody else)
        old, new = gathered(case.matching(NameServers.wants), NameServers.wants, _entries)
        known, kept = {entry for entry, _ in old}, {entry for entry, _ in new}
        gone: dict[tuple[Role, str], str] = {}
        for entry, _ in old:
            if entry not in kept:
                gone.setdefault((entry.role, entry.name), entry.value)
        told = set(known)
        for entry, altered in new:
            if entry in told:
                continue
            told.add(entry)
            yield from _told(entry, gone.get((entry.role, entry.name)), altered)


def _entries(altered: Altered, data: bytes) -> tuple[Entry, ...]:
    return resolvers_in(altered.inner, data) if data else ()


def _told(entry: Entry, before: str | None, altered: Altered) -> Iterator[Finding]:
    rule = _RULES[entry.role]
    severity = None
    if entry.role is Role.ANSWER:
        if "." not in entry.name.strip(".") or entry.name.endswith((".lan", ".local", ".home.arpa", ".localdomain")):
            return  # the house's own names
        if is_update_host(entry.name):
            rule = UPDATES
        elif _NOWHERE.fullmatch(entry.value):
            severity = Severity.LOW  # lists against advertisements
    elif entry.role is not Role.PROXY:
        host = _host(entry.value)
        if host in {"127.0.0.1", "::1", "127.0.0.53"} or (is_address(host) and is_local(host)):
            severity = Severity.LOW  # the device itself, or one of the house
    if altered.is_configuration:
        severity = Severity.INFO if rule in {SERVER, CLIENTS} or severity is Severity.LOW else Severity.MEDIUM
    words = _WORDS[entry.role].format(value=entry.value or "nothing", name=f" for {entry.name}" if entry.name else "")
    where = entry.name or entry.role.value
    evidence = Evidence(excerpt(where, 80), before and excerpt(before), excerpt(entry.value or "nothing"))
    host = _host(entry.value)
    touches = (f"host:{host}",) if host and not (is_address(host) and is_local(host)) else ()
    yield altered.finding(rule, excerpt(words), evidence, touches=touches, severity=severity)


def _host(value: str) -> str:
    """Return the host of a server: ``1.1.1.1``, ``1.1.1.1:53``, ``[::1]:53``, ``::1``, or a URL."""
    rest = value.partition("://")[2].partition("/")[0] or value
    if rest.startswith("["):
        return rest[1:].partition("]")[0]
    host, colon, port = rest.rpartition(":")
    return host if colon and port.isdigit() and ":" not in host else rest
