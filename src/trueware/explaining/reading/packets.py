"""What a rule for network packets says, whichever program it is written for: where it applies, to what, and what becomes of it."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from trueware.explaining.patterns import regex


class Kind(Enum):
    """What a statement does to the set of rules."""

    RULE = "rule"
    POLICY = "policy"
    """What happens to packets that no rule is about."""

    FLUSH = "flush"
    """All rules, or those of a chain, are forgotten."""


_HOOKS = ("input", "forward", "output", "prerouting", "postrouting")
_HOUSE = regex(r"(?:lo|br-?\w*|.*lan.*|guest.*|wl\w*|ra\d+|ath\d+|docker\d*|virbr\d*)(?:\+|\*)?", re.IGNORECASE)
_OUTSIDE = regex(r".*wan.*|ppp\w*|pppoe.*|wwan\w*|rmnet\w*|usb\d+|inet.*|internet|external|public", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PacketRule:
    """One statement. What is not said is empty."""

    kind: Kind
    text: str
    """As it is written, blanks reduced; by it rules are compared."""

    line: int
    chain: str = ""
    hook: str = ""
    """Where packets meet it: ``input``, ``forward``, ``output``, ``prerouting``, ``postrouting``."""

    verdict: str = ""
    """``accept``, ``drop``, ``reject``, ``dnat``, ``redirect``, ``tproxy``, ``copy`` (to another machine), or what it jumps to."""

    to: str = ""
    """Where packets are sent instead, or also: address, port, or both."""

    protocol: str = ""
    ports: str = ""
    """Destination ports as written: ``22``, ``80,443``, ``1000:2000``."""

    source: str = ""
    destination: str = ""
    interface: str = ""
    """Where packets come in: an interface, or a zone."""

    is_answer: bool = False
    """Whether it is about packets that belong to connections made before."""

    names: str = ""
    """Texts that are looked for in packets, and names of hosts."""

    @property
    def is_from_house(self) -> bool:
        """Whether it is about packets from inside only: the device's own, or its owner's network's."""
        return bool(_HOUSE.fullmatch(self.interface)) and not _OUTSIDE.fullmatch(self.interface)

    def is_about(self, *ports: int) -> bool:
        """Tell whether one of these ports is among the destination ports."""
        for piece in re.split(r"[,\s{}]+", self.ports):
            first, _, last = piece.replace(":", "-").partition("-")
            if first.isdigit() and (not last or last.isdigit()) and len(first) < 6 and len(last) < 6:
                if any(int(first) <= port <= int(last or first) for port in ports):
                    return True
            elif first in _SERVICES and _SERVICES[first] in ports:
                return True
        return False


_SERVICES = {"domain": 53, "domain-s": 853, "http": 80, "https": 443, "ssh": 22, "telnet": 23}


def hook_of(chain: str) -> str:
    """Return the hook that a chain belongs to, by its name: ``zone_wan_input``, ``INPUT``, ``forwarding_rule``."""
    lowered = chain.lower()
    return next((hook for hook in _HOOKS if hook in lowered), "")


def beyond(these: Iterable[PacketRule], others: Iterable[PacketRule]) -> list[PacketRule]:
    """Return the rules of which the others have no equal, or not as many."""
    counts = Counter((rule.kind, rule.chain, rule.text) for rule in others)
    kept = []
    for rule in these:
        key = rule.kind, rule.chain, rule.text
        if counts[key]:
            counts[key] -= 1
        else:
            kept.append(rule)
    return kept
