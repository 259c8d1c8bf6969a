"""Rights that lie on files: run as root by anybody (setuid), capabilities, written or secrets read by anybody, programs given away.

Modes, owners and extended attributes are compared where both sides record them; a right that is gone is no finding here. Where very
many files may be written by anybody, or have another owner, a program that packed them without regard to that is likelier than an
attack, and it is told once.
"""

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.naming import counted
from trueware.explaining.patterns import regex
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
READABLE = Rule(
    "secret-readable",
    "Anybody may read a file of passwords or keys that in the genuine software they may not",
    Severity.HIGH,
    help="Whoever gets any program on the device to run takes the passwords along and guesses them elsewhere.",
    effect="privilege-opened",
)
GIVEN = Rule(
    "root-program-given-away",
    "A program or start script of root belongs to another account, which may rewrite it",
    Severity.HIGH,
    help="Whoever has that account decides what root runs next.",
    effect="privilege-opened",
)
_MANY = 25
"""Files at once that anybody may write, or that were given away, from which on it is told once."""

_SECRETS = regex(
    r"(?:.*/)?etc[\w.]*/(?:(?:g?shadow|master\.passwd)-?|ssh/ssh_host_\w+_key|dropbear/dropbear_\w+_host_key"
    r"|ssl/private/[^/]+|ppp/(?:chap|pap)-secrets|ipsec\.secrets|config/\.?secrets?)"
)
"""Files that hold passwords or private keys (shadow(5), sshd(8), dropbear(8), pppd(8), ipsec.secrets(5))."""

_OF_ROOT = regex(r"(?:.*/)?(?:s?bin|xbin|lib(?:exec|32|64)?|init\.d)/.+")
"""Where programs and libraries lie that root runs, besides what starts of itself."""

_SETUID, _SETGID, _STICKY, _WRITE, _READ, _RUN = 0o4000, 0o2000, 0o1000, 0o002, 0o004, 0o111
_HAVE_MODES = (Kind.FILE, Kind.DIRECTORY, Kind.CHARACTER, Kind.BLOCK)


class FilePrivileges:
    """Rights that lie on files."""

    subject: ClassVar[str] = "rights of files: setuid, capabilities, owners, written or read by anybody"
    rules: ClassVar[tuple[Rule, ...]] = (SETUID, SETGID, CAPABLE, WRITABLE, READABLE, GIVEN)
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
        if expected is not None and came & _READ and _SECRETS.fullmatch(altered.inner):
            yield altered.finding(READABLE, altered.name, evidence)
        yield from _capable(altered, expected, found)

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:  # noqa: ARG004 (asks nobody else)
        writable = [altered for altered in case.altered if _became_writable(altered)]
        given = [altered for altered in case.altered if _was_given_away(altered)]
        if len(writable) >= _MANY:
            yield _at_once(WRITABLE, writable, "probably packed without regard to modes")
        else:
            yield from map(_written_by_anybody, writable)
        if len(given) >= _MANY:
            yield _at_once(GIVEN, given, "probably packed without regard to owners")
        else:
            yield from map(_given_away, given)


def _at_once(rule: Rule, files: Sequence[Altered], why: str) -> Finding:
    """Return one finding, of low severity, about files that have the same right."""
    examples = tuple(Evidence(altered.path, None, None) for altered in files[:5])
    told = f"{counted(len(files), 'file')} at once: {why}"
    return Finding(rule.id, "", told, Severity.LOW, Confidence.LOW, evidence=examples, effect=rule.effect)


def _written_by_anybody(altered: Altered) -> Finding:
    severity = Severity.HIGH if STARTERS.fullmatch(altered.inner) else None
    severity = Severity.LOW if altered.is_added else severity
    found = altered.change.found
    evidence = () if found is None else (_modes(altered.change.expected, found),)
    return altered.finding(WRITABLE, altered.name, *evidence, severity=severity)


def _given_away(altered: Altered) -> Finding:
    uid = altered.change.found.uid if altered.change.found is not None else None
    return altered.finding(GIVEN, f"{altered.name} belongs to user {uid}", Evidence("owner", "0", str(uid)))


def _was_given_away(altered: Altered) -> bool:
    """Tell whether what root owned and runs belongs to another; by its rights it must be run, or by its place be started."""
    found, expected = altered.change.found, altered.change.expected
    if found is None or expected is None or found.kind is not Kind.FILE or expected.uid != 0 or not found.uid:
        return False
    is_run = bool((found.mode or 0) & _RUN) and _OF_ROOT.fullmatch(altered.inner) is not None
    return is_run or STARTERS.fullmatch(altered.inner) is not None


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
