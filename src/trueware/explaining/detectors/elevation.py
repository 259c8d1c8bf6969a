"""Who may become root: rules of sudo, doas and polkit that let more people do more, or without a password.

Rules are compared as what they grant to whom (`trueware.explaining.reading.grants`); order, aliases, comments and rules that went are
no finding. Root itself may do everything anyhow.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.grants import Grant, read_doas, read_polkit, read_sudoers
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.sides import both_sides
from trueware.model.finding import Evidence, Finding, Rule, Severity

UNASKED = Rule(
    "root-without-password",
    "Somebody may act as root without being asked for a password",
    Severity.HIGH,
    help="Whoever breaks into that account, or into a program that runs under it, is root.",
    effect="privilege-opened",
)
GRANTED = Rule(
    "root-granted",
    "Somebody may act as root who may not in the genuine software",
    Severity.MEDIUM,
    help="Whoever knows that account's password is root.",
    effect="privilege-opened",
)
_SUDOERS = regex(r"(?:.*/)?etc/(?:sudoers|sudoers\.d/[^/.~]+)")
_DOAS = regex(r"(?:.*/)?etc/(?:doas\.conf|doas\.d/[^/]+\.conf)")
_POLKIT = regex(
    r"(?:.*/)?polkit-1/(?:rules\.d/[^/]+\.rules|localauthority(?:/[^/]+\.d/[^/]+\.pkla|\.conf\.d/[^/]+\.conf))"
)


class Elevation:
    """Who may become root."""

    subject: ClassVar[str] = "sudo, doas and polkit"
    rules: ClassVar[tuple[Rule, ...]] = (UNASKED, GRANTED)
    wants: ClassVar[re.Pattern[str]] = re.compile("|".join(each.pattern for each in (_SUDOERS, _DOAS, _POLKIT)))

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        sides = both_sides(altered, Elevation.wants)
        if sides is None:
            return
        old = {grant.same for grant in _read(altered, sides.before)}
        for grant in _read(altered, sides.after):
            if grant.same in old or grant.who == "root":
                continue
            evidence = Evidence(f"line {grant.line}", None, excerpt(grant.text))
            detail = f"{excerpt(grant.who, 60) or 'whoever the rule names'}: {excerpt(grant.what, 100)}"
            if not grant.needs_password:
                whole = grant.is_everything or _POLKIT.fullmatch(altered.inner) is None
                yield altered.finding(UNASKED, detail, evidence, severity=None if whole else Severity.MEDIUM)
            elif grant.is_everything:
                yield altered.finding(GRANTED, detail, evidence)


def _read(altered: Altered, data: bytes) -> Iterator[Grant]:
    if _SUDOERS.fullmatch(altered.inner):
        return read_sudoers(data)
    if _DOAS.fullmatch(altered.inner):
        return read_doas(data)
    return read_polkit(data, is_program=altered.name.endswith(".rules"))
