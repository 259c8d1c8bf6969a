"""What somebody asked to look for in changes: indicators of known malicious software, and YARA rules. A match decides no verdict.

An indicator is a digest of a file, a path, or a place on the network, with who says so and how sure they are. Lists come from
outside: nothing is known here by itself.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from hashlib import md5, sha1
from typing import NamedTuple, Protocol

from trueware.model.finding import Confidence


class IndicatorType(Enum):
    """What an indicator is about."""

    SHA256 = "sha256"
    SHA1 = "sha1"
    MD5 = "md5"
    PATH = "path"
    """Of a file, from the root of a file system on; a name alone is a weak one."""

    DOMAIN = "domain"
    """A name in the DNS, with all below it."""

    IP = "ip"
    URL = "url"
    """With its path; what follows ``?`` counts for nothing."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One thing that is known of malicious software."""

    type: IndicatorType
    value: str
    """Lower case, but of a path and of a URL's path."""

    name: str = ""
    """Of what: a family, a campaign."""

    source: str = ""
    """Who says so."""

    confidence: Confidence = Confidence.MEDIUM


class Indicators:
    """Indicators, found by what they are about."""

    def __init__(self, indicators: Iterable[Indicator] = ()) -> None:
        self._by_value: dict[tuple[IndicatorType, str], list[Indicator]] = {}
        self._urls: dict[str, list[Indicator]] = {}
        for each in indicators:
            if each.type is IndicatorType.URL:
                self._urls.setdefault(each.value.partition("/")[0].partition(":")[0], []).append(each)
            else:
                self._by_value.setdefault((each.type, each.value), []).append(each)

    def __len__(self) -> int:
        return sum(map(len, self._by_value.values())) + sum(map(len, self._urls.values()))

    def has(self, type_: IndicatorType) -> bool:
        """Tell whether there is any of this type."""
        return (type_ is IndicatorType.URL and bool(self._urls)) or any(kind is type_ for kind, _ in self._by_value)

    def match_hash(self, digest: bytes) -> tuple[Indicator, ...]:
        """Return what is known of a file with this SHA-256, SHA-1 or MD5; its length tells which."""
        types = {32: IndicatorType.SHA256, 20: IndicatorType.SHA1, 16: IndicatorType.MD5}
        kind = types.get(len(digest))
        return () if kind is None else tuple(self._by_value.get((kind, digest.hex()), ()))

    def match_path(self, path: str) -> tuple[Indicator, ...]:
        """Return what is known of a file at this path, or at the end of it."""
        found: list[Indicator] = []
        steps = path.strip("/").split("/")
        for start in range(max(len(steps) - _DEEPEST, 0), len(steps)):
            found += self._by_value.get((IndicatorType.PATH, "/".join(steps[start:])), ())
        return tuple(found)

    def match_host(self, host: str) -> tuple[Indicator, ...]:
        """Return what is known of a host: of its address, or of its name and the names above it."""
        host = host.lower().rstrip(".")
        found = list(self._by_value.get((IndicatorType.IP, host), ()))
        labels = host.split(".")
        for start in range(len(labels) - 1):
            found += self._by_value.get((IndicatorType.DOMAIN, ".".join(labels[start:])), ())
        return tuple(found)

    def match_url(self, host: str, port: int | None, path: str) -> tuple[Indicator, ...]:
        """Return what is known of this very URL, or of what it begins with."""
        written = (f"{host}{path}", f"{host}:{port}{path}")
        return tuple(each for each in self._urls.get(host, ()) if any(_begins(one, each.value) for one in written))


_DEEPEST = 16


def _begins(written: str, value: str) -> bool:
    return written == value or (
        written.startswith(value) and (value.endswith("/") or written[len(value) : len(value) + 1] == "/")
    )


class YaraMatch(NamedTuple):
    """A rule that matches."""

    rule: str
    file: str
    """Which file of rules it is from."""

    about: str
    """What the rule says it finds."""

    source: str
    """Who wrote it, or what it goes by."""

    found: tuple[tuple[str, int], ...]
    """Names of some of its patterns, and where they were found."""


class Scanned(NamedTuple):
    """What rules say of some bytes."""

    matches: tuple[YaraMatch, ...]
    finished: bool
    """Whether the time was enough."""


class Matcher(Protocol):
    """YARA rules that were compiled, with their ceilings."""

    def scan(self, data: bytes) -> Scanned:
        """Return which rules match."""
        ...


@dataclass(frozen=True, slots=True)
class Watchlists:
    """What to look for."""

    indicators: Indicators = field(default_factory=Indicators)
    matcher: Matcher | None = None


def digests(data: bytes, indicators: Indicators) -> Iterator[bytes]:
    """Yield the digests of a file that some indicator could be of, but SHA-256, which is known of each."""
    if indicators.has(IndicatorType.SHA1):
        yield sha1(data, usedforsecurity=False).digest()
    if indicators.has(IndicatorType.MD5):
        yield md5(data, usedforsecurity=False).digest()
