"""Proxies: where programs are told to send their requests, and where the device itself takes in other people's connections.

=====================  =============================================================================================================
environment            ``http_proxy`` and its like, in ``etc/environment``, profiles and scripts (curl(1), wget(1))
programs               ``proxy`` of curlrc, ``http_proxy`` of wgetrc, ``Acquire::http::Proxy`` of apt, ``option http_proxy`` of opkg
Android                ``settings put global http_proxy``, the property ``net.gprs.http-proxy``
transparent proxies    redsocks (``ip``, ``port``), squid (``http_port … intercept``, ``ssl-bump``), tinyproxy and privoxy that
                       hand on (``upstream``, ``forward``), tproxy of ss-redir
=====================  =============================================================================================================
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trueware.explaining.patterns import regex
from trueware.explaining.reading.apt import apt_settings
from trueware.explaining.reading.invocations import Invocation
from trueware.explaining.reading.lines import meaningful_lines
from trueware.explaining.reading.shell import script


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy that is set."""

    name: str
    """How it is set: ``http_proxy``, ``redsocks``."""

    target: str
    """URL, or host and port; of one that takes connections in, its line."""

    is_transparent: bool = False
    """Whether connections are taken in without their users' doing."""


_VARIABLE = regex(r"(?:https?|all|ftp|socks)_proxy", re.IGNORECASE)
_ENVIRONMENT = regex(
    r"etc/environment|etc/profile(?:\.d/[^/]+)?|etc/default/[^/]+|(?:.*/)?\.(?:profile|bashrc|bash_profile)"
)
_APT = regex(r"etc/apt/apt\.conf(?:\.d/[^/]+)?")
_PLAIN = regex(r"(?:.*/)?(?:\.?wgetrc|\.?curlrc|opkg\.conf|yum\.conf|dnf\.conf|[^/]*\.prop)")
_REDSOCKS = regex(r"(?:.*/)?redsocks\.conf")
_SQUID = regex(r"(?:.*/)?squid\.conf|etc/squid/conf\.d/[^/]+")
_FORWARDING = regex(r"(?:.*/)?(?:tinyproxy\.conf|privoxy/config|etc/config/(?:tinyproxy|privoxy))")

PATHS = "|".join(each.pattern for each in (_ENVIRONMENT, _APT, _PLAIN, _REDSOCKS, _SQUID, _FORWARDING))
"""Inner paths of the files that are read."""

_SETTING = regex(
    r"(?:option\s+|net\.(?:gprs\.)?)?((?:https?[_-]|all_)?proxy)\s*[\s=:]\s*[\"']?([^\"'\s]+)[\"']?", re.IGNORECASE
)
_REDSOCKS_SETTING = regex(r"(?:^|[{;\s])(ip|port|type)\s*=\s*\"?([^;\"}\s]+)\"?")
_BUMP = regex(
    r"https?_port\s.*\b(?:intercept|transparent|tproxy|ssl-bump)\b.*|ssl_bump\s+(?!none|splice|terminate)\w+.*"
)
_UPSTREAM = regex(r"(?:upstream\s+(?:(?:http|socks[45])\s+)?|forward\S*\s+/\s+)(\S+:\d+).*", re.IGNORECASE)


def proxies_in(inner: str, data: bytes) -> Iterator[Proxy]:
    """Yield the proxies that a file sets."""
    if _ENVIRONMENT.fullmatch(inner):
        for command in script(data):
            pairs = [
                *command.assignments,
                *((word.partition("=")[0], word.partition("=")[2]) for word in command.words[1:]),
            ]
            yield from (Proxy(name.lower(), value) for name, value in pairs if _VARIABLE.fullmatch(name) and value)
    elif _APT.fullmatch(inner):
        for name, value in apt_settings(data):
            if re.fullmatch(r"acquire::https?::proxy(?:::.+)?", name) and value.upper() not in {"", "DIRECT", "FALSE"}:
                yield Proxy(name, value)
    elif _REDSOCKS.fullmatch(inner):
        text = "\n".join(line.text for line in meaningful_lines(data, ("#", "//")))
        found = dict(reversed(_REDSOCKS_SETTING.findall(text)))
        if "ip" in found:
            yield Proxy("redsocks", f"{found['ip']}:{found.get('port', '')}", is_transparent=True)
    elif _SQUID.fullmatch(inner):
        yield from (
            Proxy("squid", line.text, is_transparent=True)
            for line in meaningful_lines(data)
            if _BUMP.fullmatch(line.text)
        )
    else:
        pattern = _UPSTREAM if _FORWARDING.fullmatch(inner) else _SETTING
        for line in meaningful_lines(data):
            if match := pattern.fullmatch(line.text):
                target = match[match.re.groups]
                if target.lower() not in {"none", "off", "0", "no", ".", ":0"}:
                    yield Proxy("upstream" if pattern is _UPSTREAM else match[1].lower(), target)


def proxies_of_runs(run: Invocation) -> Iterator[Proxy]:
    """Yield the proxies that a command sets."""
    words = run.arguments
    if run.name == "settings" and "put" in words and "http_proxy" in words[:-1]:
        target = words[words.index("http_proxy") + 1]
        if target not in {":0", ""}:
            yield Proxy("http_proxy", target)
    elif run.name in {"redsocks", "ss-redir", "ssr-redir", "trojan-nat", "redsocks2", "transocks"}:
        yield Proxy(run.name, run.text, is_transparent=True)
