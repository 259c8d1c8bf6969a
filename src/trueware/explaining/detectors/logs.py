"""Records of what happens on the device: which are no longer kept, are sent to somebody else, or are wiped.

=====================  =============================================================================================================
OpenWrt's settings     ``log_ip``, ``log_size``, ``conloglevel`` (``etc/config/system``)
syslog.conf, rsyslog   lines ``selector action``; actions ``@host``, ``@@host``, ``omfwd(target="…")`` (rsyslog.conf(5))
journald.conf          ``Storage=none``, ``ForwardToSyslog`` (journald.conf(5))
audit rules            lines that watch something (auditctl(8))
commands               ``syslogd -R host``; starts of the programs that keep records; commands that wipe records and histories
links                  a log that is a link to ``/dev/null``; what starts a program that keeps records and is gone
=====================  =============================================================================================================
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.ini import sections
from trueware.explaining.reading.invocations import Invocation
from trueware.explaining.reading.lines import difference, excerpt
from trueware.explaining.reading.runs import COULD_RUN, changed_runs
from trueware.explaining.reading.sides import Sides, both_sides
from trueware.explaining.reading.uci import differences
from trueware.explaining.reading.urls import is_address, is_local
from trueware.model.finding import Evidence, Finding, Rule, Severity
from trueware.model.part import Kind

OFF = Rule(
    "logging-off",
    "What happens on the device is no longer recorded, as the genuine software does",
    Severity.MEDIUM,
    help="Nobody can tell afterwards who logged in, what was started, or what failed.",
    effect="logging-disabled",
)
ELSEWHERE = Rule(
    "log-server-changed",
    "Records of what happens on the device are sent to another machine",
    Severity.MEDIUM,
    help="They tell who uses the device and when. Owners and providers collect them on purpose: ask whose machine it is.",
    effect="data-sent-elsewhere",
)
WIPED = Rule(
    "traces-wiped",
    "Records of what happened on the device are wiped",
    Severity.HIGH,
    help="Programs that clean up their own records do not touch those of others. It hides what somebody did.",
    effect="logging-disabled",
)

_KEEPERS = frozenset(
    {"syslogd", "rsyslogd", "syslog-ng", "logd", "klogd", "auditd", "ulogd", "journald", "systemd-journald"}
)
_SYSLOG = regex(r"etc/r?syslog\.conf|etc/rsyslog\.d/[^/]+|etc/syslog\.conf\.d/[^/]+")
_JOURNAL = regex(r"etc/systemd/journald\.conf(?:\.d/[^/]+)?")
_AUDIT = regex(r"etc/audit/(?:audit\.rules|rules\.d/[^/]+\.rules)")
_SYSTEM = "etc/config/system"
_HOST = r"((?:\d{1,3}\.){3}\d{1,3}|\[[0-9a-fA-F:]+\]|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)"
_REMOTE = regex(rf"(?:^|\s)@@?(?:\([^)]*\))?{_HOST}(?::\d+)?\s*$|\b(?i:target)=\"{_HOST}\"")
_SELECTOR = regex(r"[\w*,.;=!-]+\.[\w*=!-]+\s+\S.*|(?:auth|authpriv|kern|daemon)\S*\s+\S.*")
_LOG = regex(
    r"/(?:var/|tmp/)?(?:log|adm)/(?:messages|syslog|auth\S*|secure|wtmp|btmp|utmp|lastlog|audit\S*|kern\S*|\*|.*\.log|journal\S*)|/var/run/utmp"
)
_WIPERS = frozenset({"rm", "shred", "truncate", "unlink", "wipe"})
_HISTORY = regex(
    r"(?:unset|set \+o)\s+(?:HISTFILE|history)\b|history\s+-c\b.*|dmesg\s+(?:-c|--clear|-C)\b.*"
    r"|journalctl\s.*--vacuum-(?:size|time|files)[= ]\s*\d[smb]?"
)


_START = regex(
    r"(?:etc/(?:rc\.d/)?rc[S0-9]?\.d/S\d+|etc/systemd/system/[^/]+\.wants/|etc/runlevels/[^/]+/)"
    r"(?:log|logd|(?:busybox-)?syslogd?|klogd|sysklogd|rsyslogd?|syslog-ng|inetutils-syslogd|auditd|ulogd2?)(?:\.service)?"
)
"""What starts a program that keeps records with the device (OpenWrt package/system/ubox ``log.init``; Debian's packages)."""

_NOWHERE = frozenset({"stop", "~", "/dev/null", "-/dev/null"})
"""Actions that forget a record (rsyslog.conf(5))."""


class Logs:
    """Records of what happens."""

    subject: ClassVar[str] = "records of what happens on the device"
    rules: ClassVar[tuple[Rule, ...]] = (OFF, ELSEWHERE, WIPED)
    wants: ClassVar[re.Pattern[str]] = COULD_RUN

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        found = altered.change.found
        if altered.is_removed and _START.fullmatch(altered.inner):
            service = re.sub(r"^S\d+", "", altered.name)
            if not any(_START.fullmatch(path) and path.endswith(service) for path in case.files):
                yield altered.finding(OFF, f"{service} is not started any more", Evidence("", altered.name, None))
            return
        if found is not None and found.kind is Kind.SYMLINK:
            if found.link == "/dev/null" and _LOG.fullmatch(f"/{altered.inner}"):
                yield altered.finding(OFF, "its records go nowhere", Evidence("link", None, "to /dev/null"))
            return
        read = next((reader for matches, reader in _READERS if re.fullmatch(matches, altered.inner)), None)
        if read is None:
            yield from _commands(altered)
        elif (sides := both_sides(altered)) is not None:
            yield from read(altered, sides)


def _settings(altered: Altered, sides: Sides) -> Iterator[Finding]:
    for pair in differences(*sides):
        if pair.type != "system" or pair.after is None:
            continue
        if (changed := pair.changed("log_ip")) and changed[1] and pair.after.is_on("log_remote", default=True):
            yield _sent(altered, "log_ip", changed[1], changed[0] or None)
        if (changed := pair.changed("log_size")) and changed[1] == "0" and not pair.after.get("log_file"):
            yield altered.finding(OFF, "no room is left for records", Evidence("log_size", changed[0] or None, "0"))


def _syslog(altered: Altered, sides: Sides) -> Iterator[Finding]:
    changed = difference(*sides)
    for line in changed.added:
        if found := _REMOTE.search(line.text):
            yield _sent(altered, f"line {line.number}", (found[1] or found[2]).strip("[]"), None, line.text)
    forgotten = [line for line in changed.added if _SELECTOR.fullmatch(line.text) and line.text.split()[-1] in _NOWHERE]
    if forgotten:
        was = {line.text.split()[0]: line.text for line in changed.removed}
        evidence = [
            Evidence(f"line {line.number}", was.get(line.text.split()[0]), excerpt(line.text)) for line in forgotten[:5]
        ]
        yield altered.finding(
            OFF, excerpt(f"forgotten: {', '.join(line.text.split()[0] for line in forgotten)}"), *evidence
        )
    kept = {line.text.split()[0] for line in changed.added}
    gone = [line for line in changed.removed if _SELECTOR.fullmatch(line.text) and line.text.split()[0] not in kept]
    if gone:
        evidence = [Evidence(f"line {line.number} of the genuine", excerpt(line.text), None) for line in gone[:5]]
        yield altered.finding(
            OFF, excerpt(f"not recorded any more: {', '.join(line.text.split()[0] for line in gone)}"), *evidence
        )


def _journal(altered: Altered, sides: Sides) -> Iterator[Finding]:
    old, new = ({s.name: s for s in sections(side)}.get("journal") for side in sides)
    before, after = (section.get("storage").lower() if section is not None else "" for section in (old, new))
    if after == "none" != before:
        yield altered.finding(OFF, "the journal is not kept", Evidence("Storage", before or None, after))


def _audit(altered: Altered, sides: Sides) -> Iterator[Finding]:
    changed = difference(*sides)
    gone = [line for line in changed.removed if line.text.startswith(("-w", "-a", "-A"))]
    gone += [line for line in changed.added if re.fullmatch(r"-e\s+0", line.text)]
    if gone:
        evidence = [Evidence(f"line {line.number}", excerpt(line.text), None) for line in gone[:5]]
        yield altered.finding(OFF, excerpt(f"not watched any more: {gone[0].text}"), *evidence)


def _commands(altered: Altered) -> Iterator[Finding]:
    gone, came = changed_runs(altered)
    running = {run.name for run in came}
    for run in gone:
        if run.name in _KEEPERS and run.name not in running and not altered.is_removed:
            evidence = Evidence(f"line {run.line} of the genuine", excerpt(run.text), None)
            yield altered.finding(OFF, f"{run.name} is not started any more", evidence)
    for run in came:
        if run.name in _KEEPERS and "/dev/null" in run.arguments:
            yield altered.finding(OFF, excerpt(run.text), Evidence(f"line {run.line}", None, excerpt(run.text)))
        elif run.name == "syslogd" and (host := _target(run)):
            yield _sent(altered, f"line {run.line}", host, None, run.text)
        elif _wipes(run):
            yield altered.finding(WIPED, excerpt(_shown(run)), Evidence(f"line {run.line}", None, excerpt(_shown(run))))


def _target(run: Invocation) -> str:
    """Return to whom busybox's syslogd sends records (``-R host:port``)."""
    words = run.arguments
    at = words.index("-R") + 1 if "-R" in words else len(words)
    return words[at].partition(":")[0] if at < len(words) else ""


def _wipes(run: Invocation) -> bool:
    if _HISTORY.fullmatch(run.text):
        return True
    if run.name in _WIPERS:
        return any(_LOG.fullmatch(word) for word in run.arguments) or run.text.rstrip("/").endswith(
            ("-rf /var/log", "-r /var/log")
        )
    if run.name == "ln" and run.arguments[-2:-1] == ("/dev/null",):
        return _LOG.fullmatch(run.arguments[-1]) is not None or run.arguments[-1].endswith("_history")
    is_empty = run.name in {":", "true", "cat"} and run.arguments in {(), ("/dev/null",)}
    return is_empty and any(each.operator in {">", ">|"} and _LOG.fullmatch(each.target) for each in run.redirections)


def _shown(run: Invocation) -> str:
    return " ".join((run.text, *(f"{each.operator} {each.target}" for each in run.redirections)))


def _sent(altered: Altered, where: str, host: str, before: str | None, text: str | None = None) -> Finding:
    evidence = Evidence(where, before and excerpt(before), excerpt(text or host))
    touches = () if is_address(host) and is_local(host) else (f"host:{host}",)
    severity = Severity.LOW if altered.is_configuration or not touches else None
    return altered.finding(
        ELSEWHERE, f"records go to {host}", evidence, touches=(*touches, "service:syslog"), severity=severity
    )


_READERS = (
    (_SYSTEM, _settings),
    (_SYSLOG.pattern, _syslog),
    (_JOURNAL.pattern, _journal),
    (_AUDIT.pattern, _audit),
)
