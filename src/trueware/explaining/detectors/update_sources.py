"""Where packages, updates and firmware are fetched from: which sources came, went, lead elsewhere, or lost their encryption.

The sources of all changed files are one list, so that one that moved to another file, or stands in another order, is no change.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.origins import PATHS, Origin, origins_in
from trueware.explaining.reading.sides import both_sides, gathered
from trueware.explaining.reading.stated_url import StatedUrl, read_url
from trueware.model.finding import Evidence, Finding, Rule, Severity

REPLACED = Rule(
    "update-source-replaced",
    "Updates or packages are fetched from another server than the genuine software names",
    Severity.HIGH,
    help="Whoever runs that server decides which updates arrive, and with a key or without checks also what is in them.",
    effect="update-redirected",
)
ADDED = Rule(
    "update-source-added",
    "Updates or packages are also fetched from a server that the genuine software does not name",
    Severity.MEDIUM,
    help="Owners add sources of their own. Ask whether this one was added on purpose, and who signs what it offers.",
    effect="update-redirected",
)
MOVED = Rule(
    "update-source-path-changed",
    "Updates or packages are fetched from another place on the same server",
    Severity.LOW,
    help="Servers that host many projects have places of many people: compare the path, not the name of the server.",
    effect="update-redirected",
)
REMOVED = Rule(
    "update-source-removed",
    "Updates or packages are no longer fetched from a server that the genuine software names",
    Severity.MEDIUM,
    help="Fixes for known weaknesses do not arrive any more.",
    effect="update-blocked",
)
INSECURE = Rule(
    "update-source-unencrypted",
    "Updates or packages are fetched without encryption, which the genuine software uses",
    Severity.MEDIUM,
    help="Anybody on the way can withhold updates, and replace what is not signed.",
    effect="verification-disabled",
)

_OWNERS = regex(
    r"etc/opkg/customfeeds\.conf|etc/apt/sources\.list\.d/.*|etc/apk/repositories\.d/.*|etc/yum\.repos\.d/.*"
)
"""Files that are there for what owners add."""


class UpdateSources:
    """Servers of updates and packages."""

    subject: ClassVar[str] = "where updates and packages come from"
    rules: ClassVar[tuple[Rule, ...]] = (REPLACED, ADDED, MOVED, REMOVED, INSECURE)
    wants: ClassVar[re.Pattern[str]] = re.compile(PATHS)

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        """Read the sources, so that a file that cannot be read is told; they are one list and looked at together."""
        for side in both_sides(altered, UpdateSources.wants) or ():
            _origins(altered, side)
        return iter(())

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:  # noqa: ARG004 (asks nobody else)
        old, new = gathered(case.matching(UpdateSources.wants), UpdateSources.wants, _origins)
        known, kept = {_key(origin) for origin, _ in old}, {_key(origin) for origin, _ in new}
        gone = _Gone((origin, altered) for origin, altered in old if _key(origin) not in kept)
        hosts = {url.host for origin, _ in old if (url := read_url(origin.url))}
        for origin, altered in new:
            if _key(origin) not in known:
                yield from _came(origin, altered, gone, hosts)
        for origin, altered in gone.left():
            evidence = Evidence(_where(origin), excerpt(origin.url), None)
            severity = Severity.LOW if _is_owners(altered) else None
            yield altered.finding(REMOVED, f"{origin.url} is not asked any more", evidence, severity=severity)


def _origins(altered: Altered, data: bytes) -> tuple[Origin, ...]:
    origins = origins_in(altered.inner, data) if data else ()
    return tuple(origin for origin in origins if not origin.url.startswith("cdrom:"))


def _key(origin: Origin) -> str:
    return origin.url.rstrip("/")


class _Gone:
    """Sources that are there no more, until something takes their place."""

    def __init__(self, gone: Iterable[tuple[Origin, Altered]]) -> None:
        self._gone = dict(enumerate(gone))
        self._by_name: dict[object, deque[int]] = {}
        for number, each in self._gone.items():
            for name in _names(*each):
                self._by_name.setdefault(name, deque()).append(number)

    def take(self, origin: Origin, altered: Altered) -> Origin | None:
        """Return whose place a source takes: that of the same place, of the same name, or one of its file."""
        for name in _names(origin, altered):
            waiting = self._by_name.get(name, deque())
            while waiting:
                if (found := self._gone.pop(waiting.popleft(), None)) is not None:
                    return found[0]
        return None

    def left(self) -> Iterable[tuple[Origin, Altered]]:
        """Return those whose place nothing took."""
        return self._gone.values()


def _names(origin: Origin, altered: Altered) -> Iterator[object]:
    if url := read_url(origin.url):
        yield "place", url.place
    if origin.label:
        yield "label", origin.label
    yield "file", altered.path


def _came(origin: Origin, altered: Altered, gone: _Gone, hosts: set[str]) -> Iterator[Finding]:
    """Yield what a new source does."""
    url = read_url(origin.url)
    partner = gone.take(origin, altered)
    if partner is None:
        rule, words = MOVED if url is not None and url.host in hosts else ADDED, "is asked too"
    else:
        rule_or_none, words = _difference(read_url(partner.url), url), f"is asked in place of {partner.url}"
        if rule_or_none is None:
            return
        rule = rule_or_none
    evidence = Evidence(_where(origin), excerpt(partner.url) if partner is not None else None, excerpt(origin.url))
    touches = url.touches if url is not None else ()
    detail = excerpt(f"{origin.url} {words}")
    yield altered.finding(rule, detail, evidence, touches=touches, severity=_severity(rule, altered))


def _difference(before: StatedUrl | None, after: StatedUrl | None) -> Rule | None:
    """Return what it means that one took the place of the other; None where that is no loss."""
    if before is None or after is None or before.host != after.host:
        return REPLACED
    if before.is_encrypted and not after.is_encrypted:
        return INSECURE
    return MOVED if before.place != after.place else None


def _severity(rule: Rule, altered: Altered) -> Severity | None:
    """An owner's own source is normal; one that takes the place of a genuine one is less so."""
    if altered.is_configuration or (rule is ADDED and _is_owners(altered)):
        return Severity.MEDIUM if rule is REPLACED else Severity.LOW
    return None


def _is_owners(altered: Altered) -> bool:
    return altered.is_configuration or _OWNERS.fullmatch(altered.inner) is not None


def _where(origin: Origin) -> str:
    return excerpt(origin.label or "source", 80)
