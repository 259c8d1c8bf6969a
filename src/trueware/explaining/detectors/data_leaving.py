"""Machines on the network that settings name now and did not before: where data may go.

Told apart are an endpoint in the place of another (the same line, or the only one that left), one that was added, where logs are
sent, where statistics and fault reports go, and whose clock is asked. A new path on a server that was named before is none. Only
what no other detector has told of the same file is told here: update sources, name servers, pages, scripts and programs are theirs.

A log server in the own network counts as well, since a device's log is not meant for its neighbours either.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar, NamedTuple

from trueware.errors import InputError
from trueware.explaining.contract import Altered, Case, Concluding
from trueware.explaining.naming import listing
from trueware.explaining.patterns import regex
from trueware.explaining.reading.endpoints import Endpoint, find_endpoints
from trueware.explaining.reading.lines import Line, difference, excerpt
from trueware.explaining.reading.sides import Sides, both_sides
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind

ADDED = Rule(
    "endpoint-added",
    "A setting names a machine on the network that the genuine one does not",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="What is sent there, or fetched from there, depends on the program that reads the setting. Ask whose machine it is.",
    effect="data-sent-elsewhere",
)
REPLACED = Rule(
    "endpoint-replaced",
    "A setting leads to another machine on the network than the genuine one",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="What went to the maker's or operator's machine goes to the new one. Ask whose it is.",
    effect="data-sent-elsewhere",
)
LOGS = Rule(
    "log-sent-elsewhere",
    "Log messages are sent to another machine",
    Severity.MEDIUM,
    help="Logs tell who uses the device, when and from where, and often more. Operators collect logs too, on machines of their own.",
    effect="data-sent-elsewhere",
)
STATISTICS = Rule(
    "statistics-redirected",
    "Statistics or fault reports go to another machine",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="They say how the device is used, and fault reports may hold anything that was in memory.",
    effect="data-sent-elsewhere",
)
CLOCK = Rule(
    "time-server-changed",
    "The clock is set by another machine",
    Severity.LOW,
    help="Whoever sets the clock decides which certificates are valid. Another public server does no harm.",
    effect="configuration-altered",
)

_LOGGING = regex(
    r"(?i)\b(?:log_(?:ip|host|server|remote)\w*|remote_?log\w*|syslog\w*|log_?server\w*|gelf\w*|rsyslog\w*)\b|^[\w.*,;=!-]+\s+@@?\S"
)
_REPORTING = regex(
    r"(?i)(?:\b|_)(?:telemetry|statistics?|stats?|metrics?|analytics|report(?:ing|s|_?url|_?server)?|crash(?:_?report\w*|lytics)?|collector?"
    r"|beacon|tracking|usage|diag(?:nostics)?_?(?:url|server|host)|upload_?(?:url|server|host))(?:\b|_)"
)
_TIME = regex(r"(?i)\bntp\w*\b|\btimeserver\b|^\s*(?:server|pool|peer)\s+\S+(?:\s+(?:iburst|minpoll|prefer)\b.*)?$")
_TIME_FILES = regex(r"(?:.*/)?(?:ntp|chrony|timesyncd|openntpd)[\w.-]*")
_LOCAL = regex(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")

_COMMENTS = ("#", ";", "//", "!", "<!--", "--", "'", "rem ")
_CODE = regex(r".*\.(?:lua|py|pl|rb|tcl|c|h|cpp|java|sh)")
"""Programs in source, in which a word with dots is a name of theirs more often than a host."""

_LIST = 16
"""Endpoints from which on a file is a list that somebody publishes."""

_MOST, _LONG = 256, 2048
"""Endpoints of one file that are told apart; characters of a line that is compared with others."""

_LARGEST = 1 << 20
"""Bytes of a text that is looked at; settings are smaller."""

_NOT = (
    r"(?:.*/)?etc/hosts(?:[.-][\w.-]+|\.d/[^/]+)?|tmp/hosts/.+"
    r"|(?:.*/)?(?:usr/share/(?:doc|man|info|help|licenses?|common-licenses|locale|i18n|zoneinfo)|usr/lib/opkg|var/lib/(?:dpkg|opkg|rpm)"
    r"|lib/apk|META-INF|LICENSES?|keys|etc/ssl|ca-certificates|keyrings)/.*"
    r"|(?:.*/)?(?:LICEN[CS]E|NOTICE|README|COPYING|CHANGELOG|AUTHORS|CREDITS)[^/]*"
    r"|.*(?i:\.(?:html?|xhtml|js|css|php\d?|phtml|asp|jsp|tpl|svg|md|rst|po|pot|lmo|pem|crt|cer|der|key|pub|asc|sig|gpg|png|jpe?g|gif|ico"
    r"|so|ko|o|a|dex|apk|jar|zip|gz|xz|ttf|woff2?|mo|desktop|control|list))"
)


class DataLeaving:
    """Endpoints in settings."""

    subject: ClassVar[str] = "machines that settings name"
    rules: ClassVar[tuple[Rule, ...]] = (ADDED, REPLACED, LOGS, STATISTICS, CLOCK)
    wants: ClassVar[re.Pattern[str]] = re.compile(rf"(?!(?:{_NOT})$).+", re.DOTALL)

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (it waits for the others)
        return iter(())

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:
        touched: dict[str, set[str]] = {}
        for finding in findings:
            touched.setdefault(finding.part, set()).update(finding.touches)
        for altered in case.altered:
            part = altered.change.found
            if part is None or part.kind is not Kind.FILE or altered.is_moved or not 0 < part.size <= _LARGEST:
                continue
            if DataLeaving.wants.fullmatch(altered.inner) and (sides := _texts(altered)) is not None:
                yield from _compare(altered, sides, touched.get(altered.path, set()))


_: type[Concluding] = DataLeaving


def _texts(altered: Altered) -> Sides | None:
    """Return both sides where they are texts; what cannot be read is said by whoever asked for it first."""
    try:
        sides = both_sides(altered)
    except InputError:
        return None
    if sides is None or sides.before == sides.after or b"\0" in sides.after or b"\0" in sides.before:
        return None
    return sides


class _Named(NamedTuple):
    """An endpoint and the line it stands in."""

    endpoint: Endpoint
    line: Line

    @property
    def around(self) -> str:
        """The line without what may differ; of a long one, nothing that another line has."""
        if len(self.line.text) > _LONG:
            return f"{self.line.number} {self.endpoint.place}"
        return re.sub(
            r"[\w.:/@?=&%+~-]*" + re.escape(self.endpoint.host) + r"[\w.:/?=&%+~-]*", "\0", self.line.text.lower()
        )


def _compare(altered: Altered, sides: Sides, told: set[str]) -> Iterator[Finding]:
    changed = difference(sides.before, sides.after, _COMMENTS, trailing=False)
    names = _CODE.fullmatch(altered.inner) is None
    came = [
        each
        for each in _elsewhere(changed.added, sides.before, names=names)
        if f"host:{each.endpoint.host}" not in told
    ]
    went = _elsewhere(changed.removed, sides.after, names=names)
    yield from _logs(altered, changed.added, sides.before, told)
    partners = {each.around: each for each in went[:_MOST]}
    groups: dict[tuple[str, bool], list[tuple[_Named, _Named | None]]] = {}
    for each in islice({each.endpoint.place: each for each in came}.values(), _MOST):
        if _LOGGING.search(each.line.text[:_LONG]):
            continue
        partner = partners.get(each.around)
        if partner is None and len(went) == len(came) == 1:
            partner = went[0]
        groups.setdefault((_rule(altered, each, partner).id, partner is not None), []).append((each, partner))
    for pairs in groups.values():
        each, partner = pairs[0]
        yield _told(altered, _rule(altered, each, partner), pairs)


def _elsewhere(lines: tuple[Line, ...], other: bytes, *, names: bool) -> list[_Named]:
    """Return the endpoints of lines whose hosts stand nowhere in the other side, which is looked through only where there are any."""
    found = list(_named(lines, names=names))
    hosts = {each.host for each in find_endpoints(other.decode("utf-8", "replace"))} if found else set()
    return [each for each in found if each.endpoint.host not in hosts]


def _named(lines: tuple[Line, ...], *, names: bool) -> Iterator[_Named]:
    for line in lines:
        for endpoint in find_endpoints(line.text, names=names):
            yield _Named(endpoint, line)


def _rule(altered: Altered, named: _Named, partner: _Named | None) -> Rule:
    if (
        _TIME_FILES.fullmatch(altered.inner)
        or _TIME.search(named.line.text[:_LONG])
        or named.endpoint.host.endswith(".pool.ntp.org")
    ):
        return CLOCK
    if partner is not None:
        return STATISTICS if _REPORTING.search(named.line.text[:_LONG]) else REPLACED
    return ADDED


def _told(altered: Altered, rule: Rule, pairs: list[tuple[_Named, _Named | None]]) -> Finding:
    evidence = [
        Evidence(f"line {new.line.number}", None if old is None else excerpt(old.line.text), excerpt(new.line.text))
        for new, old in pairs[:5]
    ]
    touches = [touch for new, _ in pairs for touch in new.endpoint.touches]
    detail = listing(
        new.endpoint.text if old is None else f"{new.endpoint.text} instead of {old.endpoint.text}"
        for new, old in pairs
    )
    severity = (
        Severity.LOW
        if altered.is_configuration and rule is ADDED
        else Severity.MEDIUM
        if altered.is_configuration
        else None
    )
    return altered.finding(rule, detail, *evidence, touches=touches[:16], severity=None if rule is CLOCK else severity)


def _logs(altered: Altered, lines: tuple[Line, ...], before: bytes, told: set[str]) -> Iterator[Finding]:
    """Yield where logs are sent, neighbours included."""
    found: list[tuple[Line, str]] = []
    for line in lines:
        if not _LOGGING.search(line.text[:_LONG]):
            continue
        hosts = [each.host for each in find_endpoints(line.text)] + _LOCAL.findall(line.text)
        away = [host for host in hosts if not host.startswith(("127.", "0.")) and host.encode() not in before]
        found += [(line, host) for host in dict.fromkeys(away) if f"host:{host}" not in told]
    if found:
        evidence = [Evidence(f"line {line.number}", None, excerpt(line.text)) for line, _ in found[:5]]
        severity = Severity.LOW if altered.is_configuration else None
        touches = [f"host:{host}" for _, host in found]
        yield altered.finding(
            LOGS, listing(host for _, host in found), *evidence, touches=touches[:16], severity=severity
        )
