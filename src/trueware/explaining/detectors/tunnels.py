"""Tunnels to other machines that were added, lead to another machine, or take all traffic.

Owners set up tunnels of their own, to a provider of such or to their office: where owners set things, one more weighs little.
Tunnels that programs open so that somebody gets in (``ssh -R`` and the like) are told as ways in.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.runs import COULD_RUN, changed_runs
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.tunnels import PATHS, Tunnel, tunnels_in, tunnels_of_commands
from trueware.explaining.reading.urls import is_address, is_local
from trueware.model.finding import Evidence, Finding, Rule, Severity

ADDED = Rule(
    "tunnel-added",
    "A tunnel to another machine is set up",
    Severity.MEDIUM,
    help="Whoever has that machine is inside the network. Owners set up tunnels of their own: ask whose machine it is.",
    effect="remote-access",
)
PEER = Rule(
    "tunnel-leads-elsewhere",
    "A tunnel of the genuine software leads to another machine",
    Severity.HIGH,
    help="What was meant for the one machine goes to the other.",
    effect="traffic-intercepted",
)
ALL = Rule(
    "traffic-tunnelled",
    "All traffic is led through another machine",
    Severity.HIGH,
    help="Whoever has that machine sees who talks to whom, and can read and change what is not encrypted.",
    effect="traffic-intercepted",
)

_FILES = regex(PATHS)


class Tunnels:
    """Tunnels to other machines."""

    subject: ClassVar[str] = "tunnels to other machines"
    rules: ClassVar[tuple[Rule, ...]] = (ADDED, PEER, ALL)
    wants: ClassVar[re.Pattern[str]] = COULD_RUN

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        if _FILES.fullmatch(altered.inner):
            sides = both_sides(altered)
            old, new = ([*tunnels_in(altered.inner, side)] if side else [] for side in sides) if sides else ([], [])
        else:
            old, new = (list(tunnels_of_commands(side)) for side in changed_runs(altered))
        known = set(old)
        before = {(each.kind, each.name): each for each in old}
        for each in dict.fromkeys(new):
            if each not in known:
                yield _told(altered, each, before.get((each.kind, each.name)))


def _told(altered: Altered, tunnel: Tunnel, before: Tunnel | None) -> Finding:
    if tunnel.takes_all and not (before is not None and before.takes_all and before.peer == tunnel.peer):
        rule, words = ALL, f"all traffic goes to {tunnel.peer}"
    elif before is not None and before.peer != tunnel.peer:
        rule, words = PEER, f"it leads to {tunnel.peer} in place of {before.peer}"
    else:
        rule, words = ADDED, f"{tunnel.kind} to {tunnel.peer}"
    host = tunnel.peer.rpartition(":")[0] if tunnel.peer.count(":") == 1 else tunnel.peer.strip("[]")
    touches = () if is_address(host) and is_local(host) else (f"host:{host}",)
    severity = None
    if altered.is_configuration:
        severity = Severity.LOW if rule is ADDED else Severity.MEDIUM
    expected = excerpt(f"{before.kind} to {before.peer}") if before is not None else None
    evidence = Evidence(
        excerpt(f"{tunnel.kind} {tunnel.name}".strip(), 80), expected, excerpt(f"{tunnel.kind} to {tunnel.peer}")
    )
    return altered.finding(rule, excerpt(words), evidence, touches=touches, severity=severity)
