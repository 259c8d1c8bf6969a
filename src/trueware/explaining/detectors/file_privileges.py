"""Rights that lie on files: run as root by anybody (setuid), capabilities, written by anybody.

Modes and extended attributes are compared where both sides record them; a right that is gone is no finding here. Where very many
files may be written by anybody, a program that packed them without regard to modes is likelier than an attack, and it is told once.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.naming import counted
from trueware.explaining.reading.capabilities import AS_ROOT, read_capabilities
from trueware.explaining.reading.starters import STARTERS
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind, Part

SETUID = Rule(
    "setuid-set",
    "Anybody who runs a program runs it as its owner, which they do not in the genuine software",
    Severity.HIGH,
    help="Owned by root, it does what root may do for whoever calls it: a shell or a copy tool with this bit opens everything.",
    effect="privilege-opened",
)
SETGID = Rule(
    "setgid-set",
    "Anybody who runs a program runs it with the rights of its group, which they do not in the genuine software",
    Severity.MEDIUM,
    help="How much that is depends on the group.",
    effect="privilege-opened",
)
CAPABLE = Rule(
    "capability-set",
    "A program has some of root's rights, whoever runs it, which it has not in the genuine software",
    Severity.MEDIUM,
    help="capabilities(7) says what each is for; with some of them a program becomes root.",
    effect="privilege-opened",
)
WRITABLE = Rule(
    "world-writable",
    "Anybody may write a file that in the genuine software only its owner may write",
    Severity.MEDIUM,
    help="What every program may change, whoever breaks into the least of them may change.",
    effect="privilege-opened",
)
_MANY = 25
"""Files at once that anybody may write, from which on it is told once."""

_SETUID, _SETGID, _STICKY, _WRITE, _RUN = 0o4000, 0o2000, 0o1000, 0o002, 0o111
_HAVE_MODES = (Kind.FILE, Kind.DIRECTORY, Kind.CHARACTER, Kind.BLOCK)


class FilePrivileges:
    """Rights that lie on files."""

    subject: ClassVar[str] = "rights of files: setuid, capabilities, written by anybody"
    rules: ClassVar[tuple[Rule, ...]] = (SETUID, SETGID, CAPABLE, WRITABLE)
    wants: ClassVar[re.Pattern[str]] = re.compile(r".*", re.DOTALL)

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        found, expected = altered.change.found, altered.change.expected
        if found is None or found.kind is not Kind.FILE:
            return
        before = (expected.mode or 0) if expected is not None else 0
        unknown = expected is not None and expected.mode is None
        came = 0 if unknown else (found.mode or 0) & ~before
        evidence = _modes(expected, found)
        if came & _SETUID and found.mode is not None and found.mode & _RUN:
            owner = "root" if found.uid in (0, None) else f"user {found.uid}"
            severity = None if found.uid in (0, None) else Severity.MEDIUM
            yield altered.finding(SETUID, f"{altered.name} runs as {owner}", evidence, severity=severity)
        if came & _SETGID and found.mode is not None and found.mode & _RUN:
            yield altered.finding(SETGID, f"{altered.name} runs with group {_group(found)}", evidence)
        yield from _capable(altered, expected, found)

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:  # noqa: ARG004 (asks nobody else)
        writable = [altered for altered in case.altered if _became_writable(altered)]
        if len(writable) >= _MANY:
            examples = tuple(Evidence(altered.path, None, None) for altered in writable[:5])
            yield Finding(
                WRITABLE.id,
                "",
                f"{counted(len(writable), 'file')} at once: probably packed without regard to modes",
                Severity.LOW,
                Confidence.LOW,
                evidence=examples,
                effect=WRITABLE.effect,
            )
            return
        for altered in writable:
            found = altered.change.found
            if found is not None:
                severity = Severity.HIGH if STARTERS.fullmatch(altered.inner) else None
                severity = Severity.LOW if altered.is_added else severity
                yield altered.finding(WRITABLE, altered.name, _modes(altered.change.expected, found), severity=severity)


def _became_writable(altered: Altered) -> bool:
    found, expected = altered.change.found, altered.change.expected
    if found is None or found.mode is None or found.kind not in _HAVE_MODES or not found.mode & _WRITE:
        return False
    if found.kind is Kind.DIRECTORY and found.mode & _STICKY:
        return False
    if expected is None:
        return found.kind is Kind.FILE and bool(found.mode & _RUN or STARTERS.fullmatch(altered.inner))
    return expected.mode is not None and expected.kind is found.kind and not expected.mode & _WRITE


def _modes(expected: Part | None, found: Part) -> Evidence:
    return Evidence("mode", None if expected is None else _octal(expected), _octal(found))


def _octal(part: Part) -> str:
    return "not recorded" if part.mode is None else f"{part.mode:04o}"


def _group(part: Part) -> str:
    return "root" if part.gid in (0, None) else str(part.gid)


def _capable(altered: Altered, expected: Part | None, found: Part) -> Iterator[Finding]:
    now = _capabilities(found)
    was = frozenset() if expected is None or not now else _capabilities(expected)
    if came := now - was:
        evidence = Evidence("security.capability", ", ".join(sorted(was)) or None, ", ".join(sorted(now))[:200])
        severity = Severity.HIGH if came & AS_ROOT else None
        told = ", ".join(f"cap_{name}" for name in sorted(came))[:150]
        yield altered.finding(CAPABLE, told, evidence, severity=severity)


def _capabilities(part: Part) -> frozenset[str]:
    value = next((value for name, value in part.xattrs if name == "security.capability"), None)
    return frozenset() if value is None else read_capabilities(value)
