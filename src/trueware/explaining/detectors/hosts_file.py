"""``hosts``: which names lead somewhere else than the whole world says, and which lead nowhere.

Names of one label, and those of the device and its own network, are nobody else's and are passed over. Long lists of names that lead
nowhere are what advertisement blockers make: they are one finding of little weight, unless servers for updates are among them.
Source: hosts(5).
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.known.update_hosts import is_update_host
from trueware.explaining.naming import counted, listing
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt, meaningful_lines
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.urls import is_address, is_local
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

REDIRECTED = Rule(
    "host-name-redirected",
    "A name leads to another machine than the rest of the world is told",
    Severity.HIGH,
    help="Whoever has that machine can pose as the one that users and programs mean.",
    effect="names-redirected",
)
UPDATES = Rule(
    "update-host-redirected",
    "The name of a server for updates leads to another machine",
    Severity.HIGH,
    help="Whoever has that machine decides which updates arrive.",
    effect="update-redirected",
)
NO_UPDATES = Rule(
    "update-host-blocked",
    "The name of a server for updates leads nowhere",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="Fixes for known weaknesses do not arrive any more. Those who alter a device do that so that no update undoes it.",
    effect="update-blocked",
)
BLOCKED = Rule(
    "host-names-blocked",
    "Names lead nowhere",
    Severity.LOW,
    help="Lists against advertisements do that. Look whether the names are of that kind.",
    effect="names-redirected",
)
LOCAL = Rule(
    "host-names-inside",
    "Names lead to machines of the own network",
    Severity.LOW,
    help="Owners name their machines so. A name of the wide world that leads to a machine inside is served by whoever has it.",
    effect="names-redirected",
)

_NOWHERE = regex(r"0\.0\.0\.0|127(?:\.\d+){3}|::1?|0|240\.0\.0\.\d+")
_OWN_NAMES = regex(
    r"[^.]*|.*\.(?:local|lan|localdomain|localdomain[46]|home|internal|home\.arpa|localhost)|ip6-.*", re.IGNORECASE
)
_SHOWN = 5


class HostsFile:
    """Names that a file says the addresses of."""

    subject: ClassVar[str] = "names with addresses of their own"
    rules: ClassVar[tuple[Rule, ...]] = (REDIRECTED, UPDATES, NO_UPDATES, BLOCKED, LOCAL)
    wants: ClassVar[re.Pattern[str]] = re.compile(
        r"(?:.*/)?etc/hosts(?:\.[\w-]+)?|tmp/hosts/.+|(?:.*/)?etc/hosts\.d/[^/]+"
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        sides = both_sides(altered)
        if sides is None or altered.name in {"hosts.allow", "hosts.deny", "hosts.equiv"}:
            return
        old, new = (_addresses(side) for side in sides)
        groups: dict[str, list[tuple[str, Evidence]]] = {}
        for name, (address, line) in new.items():
            before = old.get(name, ("", 0))[0]
            if before != address and (rule := _rule(name, address)) is not None:
                evidence = Evidence(
                    f"line {line}", excerpt(f"{before} {name}") if before else None, excerpt(f"{address} {name}")
                )
                groups.setdefault(rule.id, []).append((f"{name} leads to {address}", evidence))
        for rule in HostsFile.rules:
            if group := groups.get(rule.id):
                touches = [f"host:{each.found.split()[1]}" for _, each in group[:_SHOWN] if each.found]
                evidences = [each for _, each in group[:_SHOWN]]
                detail = listing((words for words, _ in group), 2) if len(group) < 20 else counted(len(group), "name")
                yield altered.finding(rule, detail, *evidences, touches=touches, severity=_severity(rule, altered))


def _addresses(data: bytes) -> dict[str, tuple[str, int]]:
    """Return the address and the line of each name; the first one counts, as the C library has it."""
    found: dict[str, tuple[str, int]] = {}
    for line in meaningful_lines(data, trailing=True):
        address, *names = line.text.partition("#")[0].split()
        for name in names:
            found.setdefault(name.lower().rstrip("."), (address.lower(), line.number))
    return found


def _rule(name: str, address: str) -> Rule | None:
    """Return what it means that a name leads to an address; None where it means nothing."""
    if name == "localhost":
        return None if _NOWHERE.fullmatch(address) else REDIRECTED
    if _OWN_NAMES.fullmatch(name) or not is_address(address):
        return None
    if _NOWHERE.fullmatch(address):
        return NO_UPDATES if is_update_host(name) else BLOCKED
    if is_update_host(name):
        return UPDATES
    return LOCAL if is_local(address) else REDIRECTED


def _severity(rule: Rule, altered: Altered) -> Severity | None:
    if altered.is_configuration:
        return Severity.MEDIUM if rule.severity is Severity.HIGH else Severity.INFO
    return None
