"""Settings of web servers, whatever the server: where it listens, which folder it shows, what it runs, whom it asks for a password.

=======================  ==============================================================================================
uhttpd (UCI)             ``listen_http``, ``listen_https``, ``home``, ``cgi_prefix``, ``interpreter``, ``lua_prefix``, ``realm``
lighttpd                 ``server.port``, ``server.bind``, ``server.document-root``, ``alias.url``, ``cgi.assign``, ``auth.require``
busybox httpd.conf       ``H:folder``, ``*.ext:program``, ``/path:user:password``
mini_httpd, thttpd, boa  ``dir``, ``DocumentRoot``, ``port``, ``Port``, ``cgipat``, ``ScriptAlias``, ``Alias``
=======================  ==============================================================================================

Sources: OpenWrt package/network/services/uhttpd; lighttpd documentation (configuration, mod_alias, mod_cgi, mod_auth); busybox
``networking/httpd.c``; mini_httpd(8), thttpd(8); Boa documentation.
"""

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import meaningful_lines
from trueware.explaining.reading.uci import read_uci


class About(Enum):
    """What a setting is about."""

    LISTENS = "listens on"
    SHOWS = "shows"
    RUNS = "runs"
    ASKS = "asks for a password at"


class Setting(NamedTuple):
    """One setting."""

    about: About
    value: str
    line: int


def read_uhttpd(data: bytes) -> Iterator[Setting]:
    """Yield the settings of OpenWrt's server.

    Raises:
        MalformedInput: it is no such file.
    """
    for section in read_uci(data):
        if section.type == "uhttpd":
            options = (
                (About.LISTENS, ("listen_http", "listen_https")),
                (About.SHOWS, ("home",)),
                (About.RUNS, ("cgi_prefix", "interpreter", "lua_prefix", "ucode_prefix", "ubus_prefix")),
                (About.ASKS, ("realm",)),
            )
            for about, names in options:
                for name in names:
                    if name in section.options:
                        yield from (Setting(about, word, section.line) for word in section.words(name))


_STATEMENT = regex(r"([\w.-]+)\s*(?:\+?=>?|:=)\s*(.+)")
_PAIR = regex(r'"([^"]*)"\s*=>\s*"([^"]*)"')
_QUOTED = regex(r'"([^"]*)"')
_LIGHTTPD = {
    "server.port": About.LISTENS,
    "server.bind": About.LISTENS,
    "server.document-root": About.SHOWS,
    "alias.url": About.SHOWS,
    "cgi.assign": About.RUNS,
    "fastcgi.server": About.RUNS,
    "auth.require": About.ASKS,
}


def read_lighttpd(data: bytes) -> Iterator[Setting]:
    """Yield the settings of lighttpd; what stands in parentheses over several lines belongs to the first."""
    name, depth = "", 0
    for line in meaningful_lines(data, trailing=True):
        text = line.text
        if depth <= 0 and (found := _STATEMENT.fullmatch(text)):
            name, text, depth = found[1], found[2], 0
        about = _LIGHTTPD.get(name)
        depth += text.count("(") - text.count(")")
        if about is None:
            continue
        pairs = _PAIR.findall(text)
        values = [f"{key} {value}" if about is About.RUNS else value for key, value in pairs] or _QUOTED.findall(text)
        if about is About.ASKS:
            values = [found[1] for found in re.finditer(r'"([^"]*)"\s*=>\s*\(', text)]
        elif not values and text.isdigit():
            values = [text]
        yield from (Setting(about, value, line.number) for value in values)


_PLAIN = {
    "dir": About.SHOWS,
    "data_dir": About.SHOWS,
    "documentroot": About.SHOWS,
    "alias": About.SHOWS,
    "port": About.LISTENS,
    "listen": About.LISTENS,
    "cgipat": About.RUNS,
    "scriptalias": About.RUNS,
    "addhandler": About.RUNS,
    "auth": About.ASKS,
}


def read_plain(data: bytes) -> Iterator[Setting]:
    """Yield the settings of the small servers, which write a name and a value, and of busybox, which puts a colon between."""
    for line in meaningful_lines(data, trailing=True):
        if line.text.startswith("/") and line.text.count(":") >= 2:
            yield Setting(About.ASKS, line.text.partition(":")[0], line.number)
        elif line.text.startswith("H:"):
            yield Setting(About.SHOWS, line.text[2:].strip(), line.number)
        elif line.text.startswith("*.") and ":" in line.text:
            yield Setting(About.RUNS, line.text.replace(":", " ", 1), line.number)
        else:
            words = re.split(r"[\s=]+", line.text, maxsplit=1)
            about = _PLAIN.get(words[0].lower())
            if about is not None and len(words) > 1:
                values = words[1].split() if about is About.SHOWS else [words[1]]
                yield Setting(about, values[-1].strip('"'), line.number)
