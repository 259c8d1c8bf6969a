"""Rules for network packets: what is let in, sent elsewhere, copied or no longer stopped.

Read are the rules of iptables, ip6tables and ebtables (saved, and in scripts), of nftables, and OpenWrt's firewall settings. They are
compared as a set: comments and counters never differ, and order only where in one chain a rule that lets strangers in now stands
before one that stops the same packets, and stood behind it.

A rule that lets packets in matters where they come from outside; one for the house's own network, for answers, and for ICMP is how
every router works. A port forward leads to an address of the house; what leads packets to a public address, or to a program of the
device itself, is no port forward.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.known.update_hosts import is_update_host
from trueware.explaining.patterns import regex
from trueware.explaining.reading.iptables import PROGRAM, RESTORE, read_command, read_saved
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.nft import chain_of_include, read_nft
from trueware.explaining.reading.packets import Kind, PacketRule, beyond
from trueware.explaining.reading.runs import COULD_RUN, could_be_script, is_script, runs
from trueware.explaining.reading.shell import Redirection
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.uci_firewall import read_firewall
from trueware.explaining.reading.urls import is_address, is_local
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

OPENED = Rule(
    "firewall-opened",
    "The firewall lets connections in that the genuine software does not",
    Severity.MEDIUM,
    help="What listens at these ports can be reached from outside. Owners open ports on purpose: ask which program it is for.",
    effect="defence-weakened",
)
UNGUARDED = Rule(
    "firewall-off",
    "The firewall lets everything in",
    Severity.HIGH,
    help="Every service of the device, or of the network behind it, can be reached from outside.",
    effect="defence-weakened",
)
FORWARDED = Rule(
    "port-forward-added",
    "Connections from outside are led to a machine inside",
    Severity.MEDIUM,
    help="Owners do that for games, cameras and servers. Ask whose machine it is and who set it up.",
    effect="defence-weakened",
)
UNBLOCKED = Rule(
    "firewall-rule-removed",
    "The firewall no longer stops what the genuine software stops",
    Severity.MEDIUM,
    help="The rule that is gone says what gets through now.",
    effect="defence-weakened",
)
DIVERTED = Rule(
    "traffic-diverted",
    "Packets are sent to another place than the one they are meant for",
    Severity.HIGH,
    help="Whoever is at that place can read what is not encrypted, and answer as if it were the other side.",
    effect="traffic-intercepted",
)
COPIED = Rule(
    "traffic-copied",
    "Packets are copied to another machine",
    Severity.HIGH,
    help="Whoever has that machine sees what the network's users do, as lawful interception does.",
    effect="traffic-intercepted",
)
NAMES = Rule(
    "name-queries-diverted",
    "Questions for names are sent to another server than the one they are meant for",
    Severity.HIGH,
    help="Whoever answers them decides which machine users reach under any name. Some owners lead them to their own router.",
    effect="names-redirected",
)
NO_UPDATES = Rule(
    "update-traffic-blocked",
    "Packets to a server for updates are stopped",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="Fixes for known weaknesses do not arrive any more.",
    effect="update-blocked",
)
NOT_STARTED = Rule(
    "firewall-not-started",
    "The firewall is no longer started",
    Severity.HIGH,
    help="Every service of the device, or of the network behind it, can be reached from outside.",
    effect="defence-weakened",
)
OTHER = Rule(
    "packet-rules-changed",
    "Rules for network packets differ",
    Severity.LOW,
    help="None of them is known to let more in, or to lead packets elsewhere.",
    effect="configuration-altered",
)

_SAVED = r"(?:.*/)?(?:ip6?tables|ebtables|firewall)(?:\.rules|\.save|\.conf|\.up\.rules)?|(?:.*/)?rules\.v[46]|etc/iptables/[^/]+"
_NFT = r"(?:.*/)?[^/]+\.nft|(?:.*/)?nftables(?:\.conf|\.rules)?|etc/nftables(?:\.d)?/.+"
_STOPS = frozenset({"drop", "reject"})
_START = regex(
    r"(?:etc/(?:rc\.d/)?rc[S0-9]?\.d/S\d+|(?:etc|usr/lib|lib)/systemd/system/[^/]+\.wants/|etc/runlevels/[^/]+/)"
    r"(?:firewall\d?|ip6?tables|nftables|netfilter-persistent|ufw|shorewall|firewalld)(?:\.service)?"
)
"""What starts a firewall with the device."""

_SHOWN = 5
_ORDERED = 256
"""Rules that let somebody in, beside which each guard's place is looked at."""

_LONGEST = 64
"""Characters of a program's name."""


class PacketFilter:
    """Firewalls."""

    subject: ClassVar[str] = "rules for network packets"
    rules: ClassVar[tuple[Rule, ...]] = (
        *(OPENED, UNGUARDED, FORWARDED, UNBLOCKED, DIVERTED, COPIED, NAMES, NO_UPDATES, NOT_STARTED, OTHER),
    )
    wants: ClassVar[re.Pattern[str]] = COULD_RUN

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        if altered.is_removed and _START.fullmatch(altered.inner) and not any(map(_START.fullmatch, case.files)):
            yield altered.finding(NOT_STARTED, f"{altered.name} is gone", Evidence("", altered.name, None))
        if not could_be_script(altered) or (sides := both_sides(altered)) is None:
            return
        old, new = (tuple(_rules(altered, side)) for side in sides)
        came, gone = beyond(new, old), beyond(old, new)
        passed = list(_passed_by(old, new))
        if not came and not gone and not passed:
            return
        before, after = _Whole.of(old), _Whole.of(new)
        told = [meaning for each in came if (meaning := _meaning(each, before, after))]
        told += [meaning for each in gone if (meaning := _loss(each, after))]
        told += passed
        for rule, group in _grouped(told):
            evidence = [each.evidence for each in group]
            detail = f"{group[0].words}, and {len(group) - 1} more" if len(group) > 1 else group[0].words
            touches = dict.fromkeys(token for each in group for token in each.touches)
            severity = _severity(rule, altered)
            yield altered.finding(rule, excerpt(detail), *evidence[:_SHOWN], touches=touches, severity=severity)
        if not told:
            evidence = [Evidence(f"line {each.line}", None, excerpt(each.text)) for each in came]
            evidence += [Evidence(f"line {each.line} of the genuine", excerpt(each.text), None) for each in gone]
            yield altered.finding(OTHER, f"{len(came)} rules came, {len(gone)} went", *evidence[:_SHOWN])


@dataclass(frozen=True, slots=True)
class _Whole:
    """What all rules of one side say together."""

    has_guards: bool
    """Whether any of them stops anything."""

    policies: Mapping[tuple[str, str], str]
    """As written, by chain and interface."""

    @classmethod
    def of(cls, rules: tuple[PacketRule, ...]) -> "_Whole":
        policies = {(each.chain, each.interface): each.text for each in rules if each.kind is Kind.POLICY}
        return cls(any(each.verdict in _STOPS for each in rules), policies)


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What one rule that came or went means."""

    rule: Rule
    words: str
    evidence: Evidence
    touches: tuple[str, ...] = ()


def _grouped(told: list[_Meaning]) -> Iterator[tuple[Rule, list[_Meaning]]]:
    groups: dict[str, list[_Meaning]] = {}
    for each in told:
        groups.setdefault(each.rule.id, []).append(each)
    return ((group[0].rule, group) for group in groups.values())


def _rules(altered: Altered, data: bytes) -> Iterator[PacketRule]:
    """Yield the rules of a file, by what it is.

    Raises:
        MalformedInput: it is of OpenWrt's settings, and cannot be read.
    """
    if altered.inner.endswith("etc/config/firewall"):
        yield from read_firewall(data)
    elif re.fullmatch(_NFT, altered.inner) and not data.startswith(b"#!/bin"):
        yield from read_nft(data, chain_of_include(altered.inner))
    elif is_script(altered, data):
        for run in runs(data):
            if len(run.name) <= _LONGEST and PROGRAM.fullmatch(run.name):
                if rule := read_command(run.arguments, run.line):
                    yield rule
            elif RESTORE.fullmatch(run.name):
                for text in _documents(run.redirections):
                    yield from read_saved(text)
            elif run.name == "nft":
                for text in (*_documents(run.redirections), " ".join(run.arguments).encode("utf-8", "replace")):
                    yield from read_nft(text)
    elif re.fullmatch(_SAVED, altered.inner):
        yield from read_saved(data)


def _documents(redirections: Iterable[Redirection]) -> Iterator[bytes]:
    return (each.target.encode("utf-8", "replace") for each in redirections if each.operator in {"<<", "<<<"})


def _meaning(rule: PacketRule, before: _Whole, after: _Whole) -> _Meaning | None:
    """Return what a rule that came means; None where nothing is known of it."""
    evidence = Evidence(f"line {rule.line}", None, excerpt(rule.text))
    if rule.kind is Kind.POLICY:
        return _policy(rule, before, evidence)
    if rule.kind is Kind.FLUSH:
        is_left_open = before.has_guards and not after.has_guards
        return _Meaning(UNGUARDED, "all rules are forgotten", evidence) if is_left_open else None
    if rule.verdict == "copy":
        return _Meaning(COPIED, f"copies go to {rule.to or 'another machine'}", evidence, _hosts(rule.to))
    if rule.verdict in {"dnat", "redirect", "tproxy"}:
        return _diversion(rule, evidence)
    if rule.verdict in _STOPS:
        name = next((each for each in (rule.destination, rule.names) if is_update_host(each)), None)
        return _Meaning(NO_UPDATES, f"nothing gets to {name}", evidence, (f"host:{name}",)) if name else None
    if rule.verdict == "accept" and rule.hook in {"input", "forward"} and _lets_strangers_in(rule):
        return _entrance(rule, evidence)
    return None


def _policy(rule: PacketRule, before: _Whole, evidence: Evidence) -> _Meaning | None:
    known = before.policies.get((rule.chain, rule.interface))
    if rule.verdict != "accept" or rule.hook not in {"input", "forward"} or rule.is_from_house:
        return None
    if known is None and not rule.interface:
        return None  # what everything else leaves open is not known
    expected = excerpt(known) if known is not None else None
    words = f"what no rule is about is let in ({rule.hook}{f', {rule.interface}' if rule.interface else ''})"
    return _Meaning(UNGUARDED, words, Evidence(evidence.where, expected, evidence.found))


def _diversion(rule: PacketRule, evidence: Evidence) -> _Meaning | None:
    host, port = _parts(rule.to)
    where = rule.to or "this device"
    if rule.is_about(53, 853):
        return _Meaning(NAMES, f"questions for names go to {where}", evidence, _hosts(host))
    is_public = is_address(host) and not is_local(host)
    to_itself = rule.verdict != "dnat" or host in {"127.0.0.1", "::1", "localhost"}
    if is_public or to_itself:
        ports = f" at port {rule.ports}" if rule.ports else ""
        touches = (*_hosts(host), *((f"port:{port}",) if port.isdigit() else ()))
        return _Meaning(DIVERTED, f"packets{ports} go to {where}", evidence, touches)
    if rule.is_from_house:
        return None  # from inside to inside
    return _Meaning(FORWARDED, f"port {rule.ports or 'any'} leads to {where}", evidence)


def _lets_strangers_in(rule: PacketRule) -> bool:
    is_for_ping = "icmp" in rule.protocol.lower() or rule.protocol.lower() in {"igmp", "esp", "ah", "gre", "50", "51"}
    return not (rule.is_answer or rule.is_from_house or is_for_ping or _is_inside(rule.source))


def _is_inside(source: str) -> bool:
    address = source.partition("/")[0]
    return bool(address) and ((is_local(address) and is_address(address)) or address.lower().startswith("fe80"))


def _entrance(rule: PacketRule, evidence: Evidence) -> _Meaning:
    touches = tuple(f"port:{port}" for port in re.findall(r"\b\d{1,5}\b", rule.ports))
    if not (rule.ports or rule.source or rule.destination):
        return _Meaning(
            UNGUARDED, f"everything is let in from {rule.interface or 'everywhere'} ({rule.hook})", evidence
        )
    words = f"port {rule.ports} is open" if rule.ports else "packets are let in"
    return _Meaning(OPENED, f"{words} for {rule.source or rule.interface or 'everybody'}", evidence, touches)


def _loss(rule: PacketRule, after: _Whole) -> _Meaning | None:
    """Return what it means that a rule is gone; a policy that changed is told where the new one is."""
    is_guard = rule.verdict in _STOPS and rule.hook in {"input", "forward"}
    if not is_guard or rule.is_from_house or is_update_host(rule.destination):
        return None
    if rule.kind is Kind.POLICY and (rule.chain, rule.interface) in after.policies:
        return None
    evidence = Evidence(f"line {rule.line} of the genuine", excerpt(rule.text), None)
    return _Meaning(UNBLOCKED, excerpt(f"gone is {rule.text}"), evidence)


def _passed_by(old: tuple[PacketRule, ...], new: tuple[PacketRule, ...]) -> Iterator[_Meaning]:
    """Yield the guards that stand behind what lets the same packets in, and stood before it; of the first some hundred rules."""
    place = {(each.chain, each.text): index for index, each in reversed(list(enumerate(old)))}
    known = [each for each in new if each.kind is Kind.RULE and (each.chain, each.text) in place and _is_appended(each)]
    lets: list[PacketRule] = []
    for each in known:
        if each.verdict == "accept" and each.hook in {"input", "forward"} and _lets_strangers_in(each):
            lets.append(each)
        elif each.verdict in _STOPS and each.hook in {"input", "forward"} and not each.is_from_house:
            here = place[each.chain, each.text]
            first = next(
                (let for let in lets[:_ORDERED] if here < place[let.chain, let.text] and _may_meet(let, each)), None
            )
            if first is not None:
                evidence = Evidence(f"line {each.line}", f"before {excerpt(first.text, 150)}", excerpt(each.text))
                yield _Meaning(UNBLOCKED, excerpt(f"{first.text} now comes before {each.text}"), evidence)


def _is_appended(rule: PacketRule) -> bool:
    """Tell whether a rule stands behind those before it: inserted ones stand where they say."""
    return not {"-I", "--insert", "-R", "--replace", "insert", "replace"}.intersection(rule.text.split()[:6])


def _may_meet(one: PacketRule, other: PacketRule) -> bool:
    """Tell whether two rules of one chain may be about the same packets, as far as they say."""
    pairs = (
        (one.protocol, other.protocol),
        (one.ports, other.ports),
        (one.source, other.source),
        (one.destination, other.destination),
        (one.interface, other.interface),
    )
    return one.chain == other.chain and all(not a or not b or a == b for a, b in pairs)


def _severity(rule: Rule, altered: Altered) -> Severity | None:
    """What owners do in their settings is normal; to copy everything, or to open everything, is not."""
    if altered.is_configuration and rule in {OPENED, FORWARDED, UNBLOCKED, NAMES}:
        return Severity.LOW
    return Severity.MEDIUM if altered.is_configuration and rule is DIVERTED else None


def _parts(to: str) -> tuple[str, str]:
    """Return address and port of where packets are sent: ``1.2.3.4:53``, ``[::1]:53``, ``:53``, ``53``."""
    if to.startswith("["):
        host, _, port = to[1:].partition("]")
        return host, port.lstrip(":")
    if to.isdigit():
        return "", to
    host, colon, port = to.rpartition(":")
    return (host, port) if colon and ":" not in host else (to, "")


def _hosts(to: str) -> tuple[str, ...]:
    host, _ = _parts(to)
    return (f"host:{host}",) if is_address(host) and not is_local(host) else ()
