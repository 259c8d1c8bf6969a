"""What is checked when somebody logs in: PAM's modules, and the terminals on which root may log in.

A stack of PAM is compared by what it lets through: everybody (pam_permit is enough, or all that is left), accounts without a password
(``nullok``), and which programs and modules see the password. ``securetty`` lists terminals; with no such file root may use all.
Sources: pam.conf(5), securetty(5); the stack's meaning as `trueware.explaining.reading.pam` says.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.naming import listing
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import difference, excerpt
from trueware.explaining.reading.pam import Entry, opening, read_pam
from trueware.explaining.reading.sides import Sides, both_sides
from trueware.model.finding import Evidence, Finding, Rule, Severity

UNCHECKED = Rule(
    "login-unchecked",
    "Everybody logs in, whatever password they give",
    Severity.HIGH,
    help="The module that says yes to everybody decides. Take the device off the network.",
    effect="default-credential",
)
EMPTY = Rule(
    "login-empty-accepted",
    "Accounts without a password may log in",
    Severity.MEDIUM,
    help="Where such an account exists, nobody is asked for anything.",
    effect="default-credential",
)
SEES = Rule(
    "login-program-added",
    "Something sees the passwords of those who log in that does not in the genuine software",
    Severity.HIGH,
    help="A program or module was put between the password and its check. Change the passwords from another device.",
    effect="credential-capture",
)
TERMINAL = Rule(
    "root-terminal-added",
    "Root may log in on terminals where only others may in the genuine software",
    Severity.LOW,
    help="Terminals named pts are those of telnet.",
    effect="local-access",
)
_PAM = regex(r"(?:.*/)?(?:etc|usr/lib)/pam\.d/[^/]+|(?:.*/)?etc/pam\.conf")
_SECURETTY = regex(r"(?:.*/)?etc/securetty")


class LoginChecks:
    """What is checked when somebody logs in."""

    subject: ClassVar[str] = "checks of a login"
    rules: ClassVar[tuple[Rule, ...]] = (UNCHECKED, EMPTY, SEES, TERMINAL)
    wants: ClassVar[re.Pattern[str]] = re.compile(f"{_PAM.pattern}|{_SECURETTY.pattern}")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        sides = both_sides(altered, LoginChecks.wants)
        if sides is None:
            return
        if _SECURETTY.fullmatch(altered.inner):
            yield from _terminals(altered, sides)
        elif not altered.is_removed:
            yield from _modules(altered, case, sides)


def _terminals(altered: Altered, sides: Sides) -> Iterator[Finding]:
    if altered.is_removed:
        yield altered.finding(TERMINAL, "all", Evidence("file", altered.name, None), severity=Severity.MEDIUM)
    elif not altered.is_added and (came := difference(*sides, trailing=True).added):
        severity = Severity.MEDIUM if any(line.text.startswith("pts") for line in came) else None
        evidence = Evidence(f"line {came[0].number}", None, listing(line.text for line in came))
        yield altered.finding(TERMINAL, listing(line.text for line in came), evidence, severity=severity)


def _modules(altered: Altered, case: Case, sides: Sides) -> Iterator[Finding]:
    with_service = altered.name == "pam.conf"
    old, new = (tuple(read_pam(side, with_service=with_service)) for side in sides)
    services = dict.fromkeys(entry.service for entry in new)
    for service in services:
        was, now = (tuple(entry for entry in side if entry.service == service) for side in (old, new))
        entry = opening(now)
        if entry is not None and opening(was) is None and (was or not altered.is_added):
            yield altered.finding(UNCHECKED, excerpt(service) or altered.name, _shown(entry))
    had = {(entry.service, entry.type, entry.name) for entry in old}
    known = {entry.what for entry in old}
    empty = {(entry.service, entry.type, entry.name) for entry in old if _accepts_empty(entry)}
    for entry in new:
        key = (entry.service, entry.type, entry.name)
        if _accepts_empty(entry) and key in had and key not in empty:
            yield altered.finding(EMPTY, excerpt(entry.service) or altered.name, _shown(entry))
        is_new = entry.type in ("auth", "password") and entry.what not in known
        if is_new and (reason := _sees(entry, case)) is not None:
            yield altered.finding(SEES, f"{altered.name}: {reason}", _shown(entry))


def _accepts_empty(entry: Entry) -> bool:
    return entry.type == "auth" and any(word in ("nullok", "nullok_secure") for word in entry.arguments)


def _sees(entry: Entry, case: Case) -> str | None:
    """Return how a module gives away what it is given; None for one that belongs to the genuine software."""
    if entry.name in ("pam_exec", "pam_script", "pam_python", "pam_perl") and (
        entry.name != "pam_exec" or "expose_authtok" in entry.arguments
    ):
        program = next((word for word in entry.arguments if "/" in word), entry.name)
        return f"{excerpt(program, 100)} is given the password"
    file = next((each for each in case.altered if _is_module(each, entry)), None)
    if file is not None:
        return f"the module {excerpt(entry.name, 60)} was itself added or changed"
    return None


def _is_module(altered: Altered, entry: Entry) -> bool:
    is_it = altered.name == f"{entry.name}.so" and "/security/" in f"/{altered.inner}"
    return is_it and not altered.is_removed and (altered.is_added or "content" in altered.change.aspects)


def _shown(entry: Entry) -> Evidence:
    return Evidence(f"line {entry.line}", None, excerpt(entry.text))
