"""Finds endpoints in text: places on a network that software may contact, as URLs, host names and IP addresses.

What only looks like one is left out: names of XML namespaces and licences, links to a project's home, netmasks, local and multicast
addresses, version numbers of four parts, names of files and packages. A bare host
name counts where it stands as a word of its own below a top-level domain that is in use for services; a URL counts with any.

Sources: RFC 3986 (URLs), RFC 1123 §2.1 (host names), RFC 6890 (addresses for special purposes). Addresses and names that are
reserved for examples (RFC 5737, RFC 2606) count: nobody can tell from the text alone whether one resolves in an operator's net.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.urls import find_urls, is_local

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_ADDRESS = r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"
_BARE = regex(
    rf"(?<![\w.:/-])(?<!\w@)(?P<address>{_ADDRESS})(?![\w.-])(?!/\d)(?::(?P<address_port>\d{{1,5}})(?![\d.]))?"
    rf"|(?<![\w./$%\\-])(?<!\w@)(?P<name>{_LABEL}(?:\.{_LABEL}){{1,8}})\.?(?![\w(\[/-]|\.\w)(?::(?P<name_port>\d{{2,5}}))?"
)
_HINT = regex(r"\d\.\d|\.[A-Za-z]{2}")

_ALWAYS = frozenset("com net org onion example cn ru su ir de fr nl eu jp kr br xyz top".split())  # noqa: SIM905 (reads better)
"""Top-level domains below which two labels are a host."""

DOMAINS = _ALWAYS | frozenset(
    (  # noqa: SIM905
        "info biz io co me tv cc us uk in it es se no fi dk ch at be cz pl ro hu ua by kz tr gr pt ie il ae sa za ng ke eg ma id my"
        " sg th vn ph tw hk au nz ca mx ar cl club site online app dev cloud link live pro mobi shop store tech space website host"
        " icu vip work gov edu int asia test"
    ).split()
)
"""Those below which three labels are one."""

_PACKAGES = frozenset("com org net io android androidx java javax kotlin sun tv me de cn ru eu co in".split())  # noqa: SIM905
"""What the reversed names of packages begin with."""

_NAMESPACES = regex(
    r"(?:[\w-]+\.)*(?:w3\.org|xmlsoap\.org|schemas\.[\w.-]+|ns\.adobe\.com|purl\.org|purl\.oclc\.org|xmlpull\.org|xml\.org|gnu\.org|fsf\.org"
    r"|opensource\.org|apache\.org|creativecommons\.org|json-schema\.org|xmlns\.com|docbook\.org|relaxng\.org|ogp\.me|iptc\.org"
    r"|dslforum\.org|upnp\.org|broadband-forum\.org|iana\.org|ietf\.org|rfc-editor\.org|oasis-open\.org|freedesktop\.org|mozilla\.org/MPL"
    r"|jquery\.com|jquery\.org|jqueryui\.com|sizzlejs\.com|getbootstrap\.com|unlicense\.org|spdx\.org|whatwg\.org|iso\.org|khronos\.org)",
    re.IGNORECASE,
)
"""Hosts of namespaces, licences and documentation, which software names and does not contact."""

_HOMES = regex(
    r"(?:www\.)?(?:github|gitlab|sourceforge|bitbucket|stackoverflow|wikipedia|en\.wikipedia)\.(?:com|org|net)",
    re.IGNORECASE,
)
_FETCHED = regex(r"/(?:raw|releases/download|archive|-/raw|projects/[^/]+/files)/|/download$|\.git\b", re.IGNORECASE)
_PROSE = regex(
    r"\.(?:html?|txt|md|pdf|rst)(?:#.*)?$|/(?:licen[cs]es?|docs?|wiki|bugs?|issues|faq)(?:/|$)|^/?$", re.IGNORECASE
)
_VERSION = regex(r"(?:version|release|rev|build)\W{0,3}$|[vV]$", re.IGNORECASE)
_PUBLIC = ((1, 1, 1, 1), (1, 0, 0, 1), (4, 2, 2, 1), (4, 2, 2, 2), (8, 8, 8, 8), (8, 8, 4, 4), (9, 9, 9, 9))
"""Resolvers for everybody."""

_BUGS = regex(r"(?:bugs?|bugzilla|docs?|wiki|lists|git)\.", re.IGNORECASE)


class Endpoint(NamedTuple):
    """A place on a network."""

    text: str
    """As it can be shown: without names and passwords."""

    host: str
    """Lower case."""

    port: int | None
    scheme: str
    """Empty where only a host or an address stands there."""

    @property
    def touches(self) -> tuple[str, ...]:
        """Tokens for a finding."""
        return (f"host:{self.host}", *(() if self.port is None else (f"port:{self.port}",)))

    @property
    def place(self) -> str:
        """Host and port, by which endpoints are told apart: a new path on an old server is no new endpoint."""
        return self.host if self.port is None else f"{self.host}:{self.port}"


def find_endpoints(text: str, *, names: bool = True) -> Iterator[Endpoint]:
    """Yield the endpoints in a text: first all URLs, then all that stand bare.

    Args:
        text: any.
        names: whether bare host names count, which only a text of settings or of words of its own can tell from others.
    """
    told = set[str]()
    if "://" in text:
        for url in find_urls(text):
            if not _is_named_only(url.host, url.path) and _leads_away(url.host):
                told.add(url.host)
                yield Endpoint(excerpt(url.masked()), url.host, url.port, url.scheme)
    if _HINT.search(text) is None:
        return
    for match in _BARE.finditer(text):
        if match["address"]:
            if match["address"] not in told and _is_address(match["address"], text, match.start()):
                yield Endpoint(match[0], match["address"], _port(match["address_port"]), "")
        elif names and _is_host(match["name"]):
            host = match["name"].lower()
            if host not in told and not _NAMESPACES.fullmatch(host):
                yield Endpoint(excerpt(match[0].rstrip(".")), host, _port(match["name_port"]), "")


def _leads_away(host: str) -> bool:
    return not is_local(host) and not (_octets(host) or (1,))[0] >= 224


def _is_named_only(host: str, rest: str) -> bool:
    if _NAMESPACES.fullmatch(host):
        return True
    if _HOMES.fullmatch(host):
        return _FETCHED.search(rest) is None
    return bool(_BUGS.match(host) and _PROSE.search(rest))


def _is_address(address: str, text: str, start: int) -> bool:
    octets = _octets(address)
    if octets is None or not _leads_away(address):
        return False
    if octets not in _PUBLIC and (octets[0] < 5 or sum(octet < 10 for octet in octets) > 2):
        return False  # more likely a version
    return _VERSION.search(text[max(0, start - 16) : start]) is None


def _octets(address: str) -> tuple[int, int, int, int] | None:
    parts = address.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts):
        return None
    first, second, third, fourth = (int(part) for part in parts)
    return (first, second, third, fourth) if max(first, second, third, fourth) < 256 else None


def _is_host(name: str) -> bool:
    labels = name.lower().split(".")
    if labels[-1] not in DOMAINS or (labels[-1] not in _ALWAYS and len(labels) < 3):
        return False
    if labels[0] in _PACKAGES or "_" in labels[-2]:
        return False
    return any(letter.isalpha() for letter in labels[-2])


def _port(text: str | None) -> int | None:
    return int(text) if text and int(text) < 65536 else None
