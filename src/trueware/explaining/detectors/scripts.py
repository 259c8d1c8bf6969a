"""Scripts: what a changed or added one fetches, runs, sends away or no longer verifies; failing all that, which lines changed.

Shell scripts are compared by the programs they run, others (Python, Lua, Perl) by the commands they hand to a shell
(`trueware.explaining.reading.script_actions`). What opens a way in, starts at boot, or concerns firewall, accounts and updates is
told by the detectors of these subjects; only where nobody says anything of a script are its changed lines shown. Pages and their
scripts are the web interface's.

A check counts as defused where a script that verifies something, or is there for upgrades, says success where it said failure.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import ClassVar

from trueware.explaining.contract import Altered, Case, Concluding
from trueware.explaining.naming import counted, listing
from trueware.explaining.patterns import regex
from trueware.explaining.reading.invocations import Invocation, script_runs
from trueware.explaining.reading.lines import Line, difference, excerpt
from trueware.explaining.reading.script_actions import Action, Kind, actions_in_shell, actions_in_text
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.starters import When, starts
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind as PartKind

DOWNLOAD = Rule(
    "script-downloads-code",
    "A script fetches something from the network and runs it",
    Severity.HIGH,
    help="Whoever answers at that address, or sits on the way there, decides what the device runs.",
    effect="code-downloaded",
)
SHELL = Rule(
    "script-opens-shell",
    "A script gives a shell to the network",
    Severity.HIGH,
    help="Whoever is at the other end has all rights of the script, usually all there are.",
    effect="remote-access",
)
SEND = Rule(
    "script-sends-data",
    "A script sends something to another machine",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="The command shows what is sent and where. Ask whose machine that is.",
    effect="data-sent-elsewhere",
)
CONTACT = Rule(
    "script-contacts",
    "A script asks another machine for something",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="What it fetches is not run by this script. The machine asked learns that the device is there, and when.",
    effect="data-sent-elsewhere",
)
UNVERIFIED = Rule(
    "script-check-removed",
    "A script no longer verifies a digest or signature that the genuine one verifies",
    Severity.HIGH,
    help="What was refused before is accepted now: usually an update that is not the maker's.",
    effect="verification-disabled",
)
DEFUSED = Rule(
    "script-check-defused",
    "A script that verifies something says success where the genuine one says failure",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="The check is still there and decides nothing any more.",
    effect="verification-disabled",
)
CHANGED = Rule(
    "script-changed",
    "A script runs other commands than the genuine one",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="The lines are shown; none of them is one that trueware knows the meaning of.",
    effect="program-altered",
)
LINE = Rule(
    "start-script-does-more",
    "A script that runs when the device starts does more than the genuine one, and all that it did",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="A line added there runs at each start. None of these is one that trueware knows more of.",
    effect="start-up-persistence",
)
ADDED = Rule(
    "script-added",
    "A script was added that the genuine software does not have",
    Severity.LOW,
    Confidence.MEDIUM,
    help="None of its commands is one that trueware knows the meaning of. Whether it runs shows in what starts it.",
    effect="program-altered",
)
RESTYLED = Rule(
    "script-restyled",
    "A script differs only in comments, blanks or the order of its lines",
    Severity.INFO,
    Confidence.MEDIUM,
    help="As far as can be told, it does the same.",
    effect="appearance-changed",
)
REMOVED = Rule(
    "script-removed",
    "A script of the genuine software is missing",
    Severity.LOW,
    help="What it did is no longer done.",
    effect="component-removed",
)

_OF_KIND = {Kind.DOWNLOAD: DOWNLOAD, Kind.SHELL: SHELL, Kind.SEND: SEND, Kind.CONTACT: CONTACT}

_SCRIPT = regex(
    r"""(?:.*/)?(?:
        [^/]*\.(?:sh|bash|ash|ksh|py|lua|pl|cgi|rb|tcl)
        |etc/(?:init\.d|rc[^/]*|uci-defaults|hotplug\.d/[^/]+|cron\.[a-z]+|profile\.d)/[^/]*
        |lib/(?:upgrade/(?!keep\.d/)|preinit/|functions/|netifd/|wifi/).*
        |etc/(?:rc\.local|preinit|profile|rc\.common)
    )""",
    re.VERBOSE | re.DOTALL,
)
"""Scripts by name or place, whatever their first line says."""

_LANGUAGE = regex(rb"#!\s*(?:/usr)?(?:/local)?(?:/bin/env\s+|/[\w./-]*/)([a-z]+)")
_SHELLS = frozenset({"sh", "ash", "bash", "dash", "ksh", "mksh", "busybox"})
_OTHERS = frozenset({"python", "lua", "perl", "ruby", "tclsh", "luajit", "micropython", "php"})
_SUFFIXES = {"py": "python", "lua": "lua", "pl": "perl", "rb": "ruby", "tcl": "tclsh"}
_COMMENTS = {"lua": ("--",), "php": ("//", "#", "*", "/*")}
_UPGRADE = regex(r"(?:.*/)?lib/upgrade/.*|.*(?:verif|valid|check|sign|upgrade|update|fwu|secure)[^/]*", re.IGNORECASE)
_FAILURE, _SUCCESS = (
    re.compile(r"(?:exit|return)\s+(?:[1-9]\d{0,2}|-1)|false"),
    re.compile(r"(?:exit|return)(?:\s+0)?|true|:"),
)
_ERREXIT = regex(r"\s-[a-z]*e[a-z]*\b|\s-[a-z]*o errexit")
_SHOWN = 5


class Scripts:
    """Scripts in shell, Python, Lua, Perl."""

    subject: ClassVar[str] = "scripts"
    rules: ClassVar[tuple[Rule, ...]] = (
        DOWNLOAD,
        SHELL,
        SEND,
        CONTACT,
        UNVERIFIED,
        DEFUSED,
        CHANGED,
        LINE,
        RESTYLED,
        ADDED,
        REMOVED,
    )
    wants: ClassVar[re.Pattern[str]] = re.compile(
        r"(?!(?:.*\.(?:html?|js|css|php\d?|phtml|asp|png|gif|jpe?g|ico|svg|so|ko|json|xml|dex|apk|pem|crt|ttf|woff2?)$)).*",
        re.DOTALL,
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        sides = _sides(altered)
        if sides is None:
            return
        before, after, language = sides
        shell = language in _SHELLS
        read = actions_in_shell if shell else actions_in_text
        old, new = read(before), read(after)
        yield from _gained(altered, old, new)
        if after and before:
            yield from _checks(altered, old, new)
            if shell:
                yield from _defused(altered, before, after, verifies=any(each.kind is Kind.VERIFY for each in old))

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:
        told = {finding.part for finding in findings}
        for altered in case.altered:
            if altered.path in told or not Scripts.wants.fullmatch(altered.inner):
                continue
            sides = _sides(altered)
            if sides is not None:
                yield from _lines(altered, *sides)


_: type[Concluding] = Scripts


def _sides(altered: Altered) -> tuple[bytes, bytes, str] | None:
    """Return both sides of a script and its language; None for what is no script on the side that counts, or not compared."""
    part = altered.change.found or altered.change.expected
    if part is None or part.kind is not PartKind.FILE or altered.is_moved:
        return None
    if not (altered.is_added or altered.is_removed) and "content" not in altered.change.aspects:
        return None
    known = _SCRIPT.fullmatch(altered.inner) is not None
    after = b"" if altered.is_removed else altered.after()
    if after is None or (not known and not after.startswith(b"#!") and not altered.is_removed) or b"\0" in after[:1024]:
        return None
    sides = both_sides(altered)
    if sides is None or b"\0" in sides.before[:1024]:
        return None
    language = _language(altered.name, sides.after or sides.before)
    if language is None or (altered.is_removed and not known and not sides.before.startswith(b"#!")):
        return None
    return sides.before, sides.after, language


def _language(name: str, data: bytes) -> str | None:
    """Return the language of a script, None for one that is not read."""
    if found := _LANGUAGE.match(data):
        word = found[1].decode("ascii")
        return word if word in _SHELLS | _OTHERS else "other" if data.startswith(b"#!") else None
    return _SUFFIXES.get(name.rpartition(".")[2], "sh")


def _gained(altered: Altered, old: tuple[Action, ...], new: tuple[Action, ...]) -> Iterator[Finding]:
    """Yield what is done that was not done before, one finding for each kind."""
    there = {each.same for each in old}
    hosts = {host for each in old for host in each.hosts}
    for kind, rule in _OF_KIND.items():
        came = [each for each in new if each.kind is kind and each.same not in there]
        if kind is Kind.CONTACT:
            came = [each for each in came if set(each.hosts) - hosts]
        if not came:
            continue
        was = [each for each in old if each.kind is kind and each.same not in {one.same for one in new}]
        evidence = [
            Evidence(
                f"line {each.line}", was[index].text if index < len(was) and len(was) == len(came) else None, each.text
            )
            for index, each in enumerate(came[:_SHOWN])
        ]
        touches = [f"host:{host}" for each in came for host in each.hosts]
        severity = Severity.MEDIUM if kind is Kind.SEND and not touches else None
        yield altered.finding(
            rule, listing((each.text for each in came), 2), *evidence, touches=touches[:16], severity=severity
        )


def _checks(altered: Altered, old: tuple[Action, ...], new: tuple[Action, ...]) -> Iterator[Finding]:
    """Yield that checks are gone; one that is written otherwise is still there."""
    before, after = ([each for each in side if each.kind is Kind.VERIFY] for side in (old, new))
    programs = Counter(each.text.split()[0] for each in after)
    gone = []
    for each in before:
        program = each.text.split()[0]
        if programs[program]:
            programs[program] -= 1
        else:
            gone.append(each)
    if gone and len(after) < len(before):
        evidence = [Evidence(f"line {each.line}", each.text, None) for each in gone[:_SHOWN]]
        yield altered.finding(UNVERIFIED, listing((each.text for each in gone), 2), *evidence)


def _defused(altered: Altered, before: bytes, after: bytes, *, verifies: bool) -> Iterator[Finding]:
    if not verifies and not _UPGRADE.fullmatch(altered.inner):
        return
    old, new = (list(script_runs(side)) for side in (before, after))
    outcomes = [
        Counter("failure" if _FAILURE.fullmatch(each.text) else "success" for each in side if _is_outcome(each.text))
        for side in (old, new)
    ]
    lost = outcomes[0]["failure"] - outcomes[1]["failure"]
    came = outcomes[1]["success"] - outcomes[0]["success"]
    if lost > 0 and came > 0:
        found = difference(before, after)
        evidence = _paired(_outcomes(found.removed), _outcomes(found.added)) or _paired(found.removed, found.added)
        yield altered.finding(DEFUSED, f"ends with failure at {counted(lost, 'place')} less", *evidence)
    elif (stops := _stops(before, old)) and not _stops(after, new):
        yield altered.finding(DEFUSED, "goes on after an error, where the genuine one stops", Evidence("", stops, None))
    elif came > 0 and old and _is_success(new[:1]) and not _is_success(old[:1]):
        evidence = [Evidence(f"line {new[0].line}", None, new[0].text)]
        yield altered.finding(DEFUSED, "ends with success before anything is done", *evidence)


def _stops(data: bytes, run: list[Invocation]) -> str:
    """Return what makes a script stop at the first error (POSIX XCU set, option -e), empty where nothing does."""
    first = data.partition(b"\n")[0]
    if re.match(rb"#!.*\s-[a-z]*e", first):
        return excerpt(first.decode("latin-1"))
    return next((each.text for each in run if each.name == "set" and _ERREXIT.search(each.text)), "")


def _is_outcome(text: str) -> bool:
    return _FAILURE.fullmatch(text) is not None or _SUCCESS.fullmatch(text) is not None


def _is_success(first: Sequence[Invocation]) -> bool:
    return any(_SUCCESS.fullmatch(each.text) and each.name in ("exit", "return") for each in first)


def _outcomes(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    return tuple(line for line in lines if re.search(r"\b(?:exit|return|true|false)\b", line.text))


def _paired(removed: tuple[Line, ...], added: tuple[Line, ...]) -> list[Evidence]:
    """Return lines beside those that stand in their place where there are as many; otherwise first what came, then what went."""
    if len(removed) == len(added):
        pairs = zip(removed[:_SHOWN], added[:_SHOWN], strict=True)
        return [Evidence(f"line {new.number}", excerpt(old.text), excerpt(new.text)) for old, new in pairs]
    evidence = [Evidence(f"line {line.number}", None, excerpt(line.text)) for line in added[:_SHOWN]]
    return evidence + [
        Evidence(f"line {line.number} of the genuine", excerpt(line.text), None) for line in removed[: _SHOWN - 2]
    ]


def _lines(altered: Altered, before: bytes, after: bytes, language: str) -> Iterator[Finding]:
    """Yield which lines changed, of a script of which there is nothing better to say."""
    if altered.is_removed:
        yield altered.finding(REMOVED, f"was {_described(before, language)}")
        return
    if altered.is_added:
        found = _described(after, language)
        yield altered.finding(ADDED, found, Evidence("", None, excerpt(found)))
        return
    signs = _COMMENTS.get(language, ("#",))
    changed = difference(before, after, signs, trailing=True, continued=language in _SHELLS)
    if not changed.added and not changed.removed:
        yield altered.finding(RESTYLED, "no line came or went")
        return
    severity = Severity.LOW if altered.is_configuration else None
    detail = f"{counted(len(changed.added), 'line')} added, {counted(len(changed.removed), 'line')} removed"
    rule = LINE if language in _SHELLS and _does_more_at_start(altered.inner, before, after) else CHANGED
    yield altered.finding(rule, detail, *_paired(changed.removed, changed.added), severity=severity)


def _does_more_at_start(inner: str, before: bytes, after: bytes) -> bool:
    """Tell whether a script of the start runs all that it ran, and something more."""
    if not any(start.when is When.START for start in starts(inner, after)):
        return False
    old, new = (
        Counter(each.text for each in script_runs(side) if not _is_outcome(each.text)) for side in (before, after)
    )
    return not old - new and bool(new - old)


def _described(data: bytes, language: str) -> str:
    rows = counted(data.count(b"\n"), "line")
    if language not in _SHELLS:
        return f"a script of {rows} for {language}" if language != "other" else f"a script of {rows}"
    names = dict.fromkeys(each.name for each in script_runs(data) if each.name and "$" not in each.name)
    ordinary = (
        "echo",
        "exit",
        "return",
        "[",
        "test",
        "local",
        "true",
        "false",
        "shift",
        "break",
        "continue",
        ":",
        ".",
        "case",
        "for",
        "select",
        "function",
    )
    return f"a shell script of {rows}, runs {listing((name for name in names if name not in ordinary), 8) or 'nothing'}"
