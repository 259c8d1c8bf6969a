"""Indicators of known malicious software in what changed: digests and paths of files, and places on the network that they name.

Looked up are only the lists that were asked for (`trueware.model.watchlists`). What the genuine release has too is no finding: its
file of that digest, wherever it lies, and the places that the genuine file names as well. An indicator is somebody's word, found with
the confidence that its list has, and never decides a verdict.
"""

import re
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from typing import ClassVar

from trueware.errors import InputError
from trueware.explaining.contract import Altered, Case, Concluding
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt, listed
from trueware.explaining.reading.urls import Url, find_urls
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind
from trueware.model.watchlists import Indicator, Indicators, digests

_EFFECT = "known-malicious"

FILE = Rule(
    "indicator-file",
    "A file is known as malicious",
    Severity.HIGH,
    help="Its digest stands in a list that was asked for. See what the list says of it, and how it came there.",
    effect=_EFFECT,
)
PATH = Rule(
    "indicator-path",
    "A file was added where malicious software is known to put one",
    Severity.MEDIUM,
    Confidence.LOW,
    help="Its content is not the known one; anything may lie at a path.",
    effect=_EFFECT,
)
ADDRESS = Rule(
    "indicator-address",
    "A changed file names a place on the network that is known as malicious",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="Block it, and see in the network's records whether the device was in contact. Lists of blocked places have such names too.",
    effect=_EFFECT,
)

_HOST = regex(rb"(?<![A-Za-z0-9_.-])(?:[A-Za-z0-9_-]{1,63}\.){1,16}[A-Za-z0-9-]{1,63}(?![A-Za-z0-9_-])")
_LARGEST = 1 << 26
_MOST_HOSTS = 1 << 16
_MANY = 6
_BLOCKING = regex(r"(?i).*(?:block|adaway|adblock|deny|blacklist|threat|malware|ipset|sinkhole)[^/]*")
"""Names of files that list places in order to keep away from them."""


class KnownIndicators:
    """Indicators from lists."""

    subject: ClassVar[str] = "indicators"
    rules: ClassVar[tuple[Rule, ...]] = (FILE, PATH, ADDRESS)
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")  # all changes, once others have spoken

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (the form)
        yield from ()  # what a change does is for others to say first

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:  # noqa: ARG004 (the form)
        if not len(case.watchlists.indicators):
            return
        genuine = frozenset(part.sha256 for _, part in case.genuine.walk() if part.sha256 is not None)
        for altered in case.altered:
            with suppress(InputError):  # what cannot be read is told by those who had to
                yield from _look(altered, case, genuine)


def _look(altered: Altered, case: Case, genuine: Container[bytes]) -> Iterator[Finding]:
    """Yield what the lists know of one change; `genuine` are the digests of all that the release has."""
    known = case.watchlists.indicators
    part = altered.change.found
    if not len(known) or part is None or altered.is_moved or part.kind is Kind.DIRECTORY:
        return
    if altered.is_added and (found := known.match_path(altered.inner)):
        yield _told(altered, PATH, found, f"at {excerpt(altered.inner)}")
    if part.kind not in (Kind.FILE, Kind.REGION, Kind.GAP) or not part.size:
        return
    found = known.match_hash(part.sha256) if part.sha256 is not None else ()
    after = altered.after() if part.size <= _LARGEST else None
    if after is not None:
        found += tuple(each for digest in digests(after, known) for each in known.match_hash(digest))
    if found and part.sha256 not in genuine:
        yield _told(altered, FILE, found, found[0].value)
    if after is not None:
        before = b"" if altered.is_added else altered.before()
        yield from _addresses(altered, before, after, known)


def _addresses(altered: Altered, before: bytes | None, after: bytes, known: Indicators) -> Iterator[Finding]:
    old = _places(before or b"", known)
    new = {place: found for place, found in _places(after, known).items() if place not in old}
    if not new:
        return
    every = [each for found in new.values() for each in found]
    blocking = _BLOCKING.fullmatch(altered.name) is not None
    yield _told(
        altered,
        ADDRESS,
        every,
        listed(new, 4),
        hosts=tuple(dict.fromkeys(place.partition("/")[0].partition(":")[0] for place in new)),
        severity=Severity.INFO if blocking else None,
        limit=Confidence.LOW if before is None or blocking else Confidence.MEDIUM,
    )


def _places(data: bytes, known: Indicators) -> dict[str, tuple[Indicator, ...]]:
    """Return the places in some bytes that an indicator is of."""
    places: dict[str, tuple[Indicator, ...]] = {}
    seen: set[bytes] = set()
    for match in _HOST.finditer(data):
        written = match[0]
        if written in seen or len(seen) > _MOST_HOSTS:
            continue
        seen.add(written)
        host = written.decode().lower()
        if found := known.match_host(host):
            places[host] = found
    if b"://" in data:
        for url in find_urls(data.decode("latin-1")):
            if found := known.match_url(url.host, url.port, url.path):
                places[_place(url)] = found
    return places


def _place(url: Url) -> str:
    return f"{url.host}{url.path}"


_ORDER = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)


def _told(
    altered: Altered,
    rule: Rule,
    found: Iterable[Indicator],
    what: str,
    *,
    hosts: tuple[str, ...] = (),
    severity: Severity | None = None,
    limit: Confidence | None = None,
) -> Finding:
    every = tuple(dict.fromkeys(found))
    highest = limit or (Confidence.LOW if rule is PATH else Confidence.HIGH)
    said = max((each.confidence for each in every), key=_ORDER.index)
    names = listed(dict.fromkeys(each.name for each in every if each.name), 3)
    sources = listed(dict.fromkeys(each.source for each in every if each.source), 3)
    return altered.finding(
        rule,
        excerpt(f"{what}: {names or 'no name given'}, by {sources or 'an unnamed list'}"),
        *(
            Evidence(each.type.value, None, excerpt(f"{each.value} ({each.name or 'no name'}, {each.source})"))
            for each in every[:_MANY]
        ),
        touches=[f"host:{host}" for host in hosts],
        confidence=min(said, highest, key=_ORDER.index),
        severity=severity,
    )


_: type[Concluding] = KnownIndicators
