"""Start-up: what runs of itself that did not, as whom and when, and whether what is run was itself added or changed.

Files that start programs are compared by what they start (`trueware.explaining.reading.starters`), so that order, comments and
layout never differ. In a script, what counts as started is a program of the device that is none of the tools scripts are made of.
Links that switch a service on or off (``rc.d/S50x``, ``multi-user.target.wants/x``) are told by themselves, as is the list of
libraries that every program loads (``ld.so.preload``, ld.so(8)). Scripts for the first start only (``uci-defaults``) remove
themselves.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.naming import listing
from trueware.explaining.patterns import regex
from trueware.explaining.reading.invocations import SHELLS
from trueware.explaining.reading.lines import difference, excerpt
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.starters import STARTERS, Start, When, starts
from trueware.explaining.reading.ways_in import Way, ways_in
from trueware.model.change import ChangeKind
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind

ADDED = Rule(
    "start-added",
    "Something runs of itself that does not in the genuine software",
    Severity.MEDIUM,
    help="The finding says what runs, when, and as whom. Where the program itself was added or changed, it is the way it stays.",
    effect="start-up-persistence",
)
ENABLED = Rule(
    "start-enabled",
    "A service is switched on that is off in the genuine software",
    Severity.MEDIUM,
    help="The service may be the maker's own; what it opens shows in its script or unit.",
    effect="start-up-persistence",
)
PRELOAD = Rule(
    "library-preloaded",
    "Every program loads a library that it does not load in the genuine software",
    Severity.HIGH,
    help="Such a library sees and changes what all programs do: it hides files and connections, and reads passwords.",
    effect="start-up-persistence",
)
AS_ROOT = Rule(
    "start-as-root",
    "A program runs as root that runs as a lesser user in the genuine software",
    Severity.MEDIUM,
    help="Whoever breaks into that program has the whole device.",
    effect="privilege-opened",
)
REMOVED = Rule(
    "start-removed",
    "Something no longer runs of itself that does in the genuine software",
    Severity.LOW,
    help="What it did is no longer done: look whether it protected, updated or watched something.",
    effect="component-removed",
)
ONCE = Rule(
    "start-once-done",
    "A script for the first start has run, and removed itself",
    Severity.INFO,
    help="As on every device that was started once.",
    effect="configuration-altered",
)
RENUMBERED = Rule(
    "start-order-changed",
    "Services start in another order",
    Severity.INFO,
    help="The same services start as in the genuine software.",
    effect="configuration-altered",
)

_PRELOAD = regex(r"(?:.*/)?etc/ld\.so\.preload|(?:.*/)?etc/ld-musl-[\w-]+\.path")
_LINK = regex(
    r"(?P<where>(?:.*/)?(?:etc[\w.]*/(?:rc\.d/)?(?:rc[S0-9]?\.d)|systemd/(?:system|user)/[^/]+\.(?:wants|requires)"
    r"|etc/runlevels/[^/]+|etc/rc\.d))/(?P<number>[SK]\d+)?(?P<name>[^/]+)"
)
_ONCE = regex(r"(?:.*/)?etc/uci-defaults/[^/]+")
_FOLDERS = ("bin", "sbin", "usr/bin", "usr/sbin", "system/bin", "system/xbin", "vendor/bin", "usr/local/bin", "opt/bin")
_WRITABLE = ("/tmp/", "/var/tmp/", "/dev/shm/", "/data/local/tmp/", "/mnt/", "/media/", "/var/run/")  # noqa: S108
# fmt: off
_TOOLS = frozenset({
    "[", "[[", "test", ":", ".", "source", "echo", "printf", "cd", "export", "set", "unset", "return",
    "exit", "true", "false", "read", "shift", "local", "eval", "break", "continue", "case", "for",
    "select", "trap", "wait", "umask", "ulimit", "alias", "hash", "type", "command", "sleep", "usleep",
    "mkdir", "rmdir", "mknod", "mount", "umount", "rm", "cp", "mv", "ln", "cat", "grep", "egrep",
    "fgrep", "sed", "awk", "cut", "tr", "head", "tail", "sort", "uniq", "wc", "find", "xargs",
    "basename", "dirname", "readlink", "realpath", "expr", "seq", "date", "touch", "chmod", "chown",
    "chgrp", "kill", "killall", "pkill", "pidof", "pgrep", "ps", "id", "whoami", "hostname", "uname",
    "logger", "tee", "dd", "sync", "stat", "df", "du", "which", "tty", "stty", "clear", "dmesg",
    "sysctl", "hexdump", "od", "md5sum", "sha256sum", "ls", "pwd", "env", "getopt", "jshn", "uci",
    "config_load", "config_get", "config_foreach", "json_init", "ubus", "getprop",
    "jsonfilter", "lock", "cmp", "diff", "jffs2reset", "blkid", "restorecon", "log",
    "iptables", "ip6tables", "ebtables", "nft", "ipset", "tc", "iptables-restore", "ip6tables-restore",
    "lsmod", "depmod", "ip", "ifconfig", "route", "vconfig", "brctl",
})
# fmt: on
"""What scripts are made of; what they do with it is told by the detectors of what they do it to."""

_SHOWN = 5


class StartUp:
    """What runs of itself."""

    subject: ClassVar[str] = "start-up"
    rules: ClassVar[tuple[Rule, ...]] = (ADDED, ENABLED, PRELOAD, AS_ROOT, REMOVED, ONCE, RENUMBERED)
    wants: ClassVar[re.Pattern[str]] = re.compile(
        "|".join(f"(?:{each})" for each in (_PRELOAD.pattern, _LINK.pattern, STARTERS.pattern)), re.VERBOSE
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        if _PRELOAD.fullmatch(altered.inner):
            yield from _preloaded(altered)
        elif _is_link(altered):
            yield from _switched(altered, case)
        elif altered.is_removed and _ONCE.fullmatch(altered.inner):
            yield altered.finding(ONCE, altered.name)
        elif STARTERS.fullmatch(altered.inner):
            yield from _started(altered, case)


def _preloaded(altered: Altered) -> Iterator[Finding]:
    sides = both_sides(altered, _PRELOAD)
    if sides is not None:
        for line in difference(*sides, trailing=True).added:
            evidence = Evidence(f"line {line.number}", None, excerpt(line.text))
            yield altered.finding(PRELOAD, excerpt(line.text, 100), evidence)


def _is_link(altered: Altered) -> bool:
    part = altered.change.found or altered.change.expected
    return part is not None and part.kind is Kind.SYMLINK and _LINK.fullmatch(altered.inner) is not None


def _switched(altered: Altered, case: Case) -> Iterator[Finding]:
    """Tell what a link switches on or off; one that only has another number switches nothing."""
    place = _LINK.fullmatch(altered.inner)
    if place is None:
        return
    is_stop = (place["number"] or "").startswith("K")
    expected, found = altered.change.expected, altered.change.found
    evidence = Evidence("link", expected.link if expected else None, found.link if found else None)
    other = ChangeKind.REMOVED if altered.is_added else ChangeKind.ADDED
    if expected is None or found is None:
        others = map(case.find, _same_service(place, "K" if is_stop else "S"))
        if any(each is not None and each.change.kind is other for each in others):
            yield altered.finding(RENUMBERED, place["name"], evidence)
            return
    severity = Severity.LOW if altered.is_configuration else None
    if is_stop and _starts_too(place, altered, case):
        rule = REMOVED if altered.is_removed else ENABLED
        yield altered.finding(rule, f"how {place['name']} is stopped", evidence, severity=Severity.LOW)
    elif altered.is_removed or is_stop or (found is not None and found.link == "/dev/null"):
        yield altered.finding(REMOVED, f"{place['name']} is switched off", evidence)
    else:
        yield altered.finding(ENABLED, f"{place['name']} is switched on", evidence, severity=severity)


def _starts_too(place: re.Match[str], altered: Altered, case: Case) -> bool:
    """Tell whether the link for a service's stop came, or went, with the one for its start: then it decides nothing."""
    paths = _same_service(place, "S")
    if altered.is_removed:
        return any(each is not None and each.is_removed for each in map(case.find, paths))
    return any(path in case.files for path in paths)


def _same_service(place: re.Match[str], letter: str) -> Iterator[str]:
    """Yield the paths of the links that switch the same service on (``S``) or off (``K``), whatever their number."""
    if letter == "S":
        yield f"{place['where']}/{place['name']}"
    for number in range(100):
        yield f"{place['where']}/{letter}{number:02}{place['name']}"


def _started(altered: Altered, case: Case) -> Iterator[Finding]:
    sides = both_sides(altered, STARTERS)
    if sides is None:
        return
    old, new = (tuple(starts(altered.inner, side)) for side in sides)
    counts = Counter(start.key for start in old)
    came = []
    for start in new:
        if counts[start.key]:
            counts[start.key] -= 1
        else:
            came.append(start)
    lesser = {start.run.text: start.user for start in old if start.user}
    risen = [start for start in came if not start.user and start.run.text in lesser]
    for start in risen:
        evidence = Evidence(f"line {start.run.line}, user", excerpt(lesser[start.run.text]), "root")
        yield altered.finding(AS_ROOT, excerpt(start.run.text, 100), evidence)
    consoles = [start for start in came if any(way.way is Way.CONSOLE for way in ways_in(start))]
    came = [start for start in came if start not in risen and start not in consoles and _counts(start, case)]
    if came:
        yield _told(altered, case, came)
    elif altered.is_added and new and sides.after.startswith(b"#!"):
        severity = None if altered.change.found is not None and altered.change.found.format is None else Severity.LOW
        detail = f"a script runs {new[0].when.value}"
        yield altered.finding(ADDED, detail, *_evidence(new), severity=severity, confidence=Confidence.MEDIUM)
    kept = {start.run.text for start in new}
    terminals = {start.label for start in consoles if not start.label.startswith("::")}
    gone = [start for start in old if start.run.text not in kept and start.label not in terminals]
    gone = [start for start in gone if _counts(start, case)]
    if gone:
        lost = (Evidence(f"line {start.run.line}", excerpt(start.run.text), None) for start in gone[:_SHOWN])
        yield altered.finding(REMOVED, listing(start.run.text for start in gone), *lost)


def _counts(start: Start, case: Case) -> bool:
    """Tell whether it is a program that is started, and not a step of a script."""
    name = start.run.name
    if start.label:
        return True
    if name in _TOOLS or name.startswith("$"):
        return False
    if "/" in start.run.program or name in SHELLS:
        return True
    return any(f"{folder}/{name}" in case.files for folder in _FOLDERS)


def _told(altered: Altered, case: Case, came: list[Start]) -> Finding:
    own = next((path for start in came[:50] if (path := _altered_too(start, case))), "")
    writable = next((word for start in came for word in _words(start) if word.startswith(_WRITABLE)), "")
    reason = f"; {excerpt(own, 80)} was itself added or changed" if own else ""
    if writable and not own:
        reason = f"; anybody may write where {excerpt(writable, 80)} lies"
    whom = "" if came[0].when is When.LOGIN else f", as {excerpt(came[0].user, 30) or 'root'}"
    detail = f"{came[0].when.value}{whom}: {listing(start.run.text for start in came)}{reason}"
    severity = Severity.HIGH if own or writable else Severity.LOW if altered.is_configuration else None
    return altered.finding(ADDED, detail, *_evidence(came), severity=severity)


def _evidence(came: Sequence[Start]) -> tuple[Evidence, ...]:
    return tuple(Evidence(f"line {start.run.line}", None, excerpt(start.run.text)) for start in came[:_SHOWN])


def _words(start: Start) -> tuple[str, ...]:
    """Return what is run: the program, and the scripts that a shell is given."""
    scripts = (word for word in start.run.arguments if word.startswith("/"))
    return start.run.program, *(scripts if start.run.name in SHELLS else ())


def _altered_too(start: Start, case: Case) -> str:
    """Return the path of what is run, where that was added or its content changed."""
    for word in _words(start):
        paths = [word.lstrip("/")] if "/" in word else [f"{folder}/{word}" for folder in _FOLDERS]
        for path in paths:
            for candidate in (path, f"usr/{path}"):
                found = case.find(candidate) if candidate in case.files else None
                if found is not None and not found.is_removed and (found.is_added or "content" in found.change.aspects):
                    return candidate
    return ""
