"""SNMP: who may change settings of the device over it that may not in the genuine software.

=====================================  =============================================================
``rwcommunity[6] WORD [SOURCE …]``     whoever knows the word may write, from that source
``rwuser NAME [noauth|auth|priv]``     that user may write; with ``noauth`` without a password
=====================================  =============================================================

A source of the device itself (``localhost``, ``127.…``, ``::1``) lets in nobody from elsewhere. Rights given by ``com2sec``,
``group``, ``view`` and ``access`` together are not put together here. Source: net-snmp snmpd.conf(5); the well-known words are those
of the examples in RFC 1157 and in manuals.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import Line, difference, excerpt
from trueware.explaining.reading.sides import both_sides
from trueware.model.finding import Evidence, Finding, Rule, Severity

KNOWN = Rule(
    "snmp-writable-by-all",
    "Everybody may change settings over SNMP: the word for it is known, or none is asked for",
    Severity.HIGH,
    help="Worms try these words first. Whoever reaches UDP port 161 reads and changes what SNMP shows.",
    effect="default-credential",
)
WRITABLE = Rule(
    "snmp-writable",
    "Settings may be changed over SNMP that in the genuine software may not",
    Severity.MEDIUM,
    help="The word for it goes over the network unencrypted, but for users of version 3. Ask who needs it.",
    effect="remote-access",
)

_WORDS = frozenset(
    {"public", "private", "admin", "snmp", "write", "rw", "community", "default", "cisco", "manager", "secret"}
)
_HERE = regex(r"localhost|127\.[\d./]+|::1(?:/128)?", re.IGNORECASE)


class Snmp:
    """Settings of net-snmp's agent."""

    subject: ClassVar[str] = "who may write over SNMP"
    rules: ClassVar[tuple[Rule, ...]] = (KNOWN, WRITABLE)
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:.*/)?snmpd(?:\.local)?\.conf(?:\.d/[^/]+\.conf)?")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        if (sides := both_sides(altered)) is None:
            return
        for line in difference(*sides, trailing=True).added:
            if (rule := _rule(line)) is not None:
                yield altered.finding(
                    rule,
                    excerpt(line.text),
                    Evidence(f"line {line.number}", None, excerpt(line.text)),
                    touches=("service:snmp", "port:161"),
                )


def _rule(line: Line) -> Rule | None:
    match line.text.lower().split():
        case ["rwcommunity" | "rwcommunity6", word, *source]:
            if source and _HERE.fullmatch(source[0]):
                return None
            return KNOWN if word.strip("\"'") in _WORDS else WRITABLE
        case ["rwuser", _, *level]:
            return KNOWN if "noauth" in level else WRITABLE
        case _:
            return None
