r"""What apt is configured to: where packages come from, and the settings around it.

::

    deb [trusted=yes signed-by=/…] https://host/path suite component…      one line (``*.list``)

    Types: deb deb-src                                                      stanzas of fields (``*.sources``, deb822(5))
    URIs: https://host/path
    Suites: bookworm
    Trusted: yes

    Acquire::http::Proxy "http://host:3128";                                settings (apt.conf(5)), which may be nested
    APT { Periodic { Unattended-Upgrade "0"; }; };

Source: sources.list(5), apt.conf(5), apt-secure(8).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import meaningful_lines

_ONE_LINE = regex(r"deb(?:-src)?\s+(?:\[([^\]]*)\]\s*)?(\S+)\s*(.*)")
_TOKEN = regex(r'//[^\n]*|/\*.*?(?:\*/|\Z)|#(?!clear|include)[^\n]*|"([^"]*)"?|([{};])|([^\s{};"]+)|\s+', re.DOTALL)
_DEPTH = 32
"""Blocks within each other; more are read as this many."""


class Repository(NamedTuple):
    """Where packages come from."""

    url: str
    name: str
    """Suite and components."""

    options: dict[str, str]
    """Keys in lower case: ``trusted``, ``signed-by``, ``allow-insecure``."""


def one_line_repositories(data: bytes) -> Iterator[Repository]:
    """Yield the repositories of a file of the one-line form."""
    for line in meaningful_lines(data, trailing=True):
        if found := _ONE_LINE.fullmatch(line.text):
            pairs = (option.partition("=") for option in (found[1] or "").split())
            options = {key.rstrip("+-").casefold(): value for key, _, value in pairs}
            yield Repository(found[2], " ".join(found[3].split()), options)


def stanza_repositories(data: bytes) -> Iterator[Repository]:
    """Yield the repositories of a file of stanzas, one for each URI; what is not enabled is none."""
    for stanza in _stanzas(data):
        if stanza.get("enabled", "yes").casefold() not in {"no", "false", "0", "off", "without", "disable"}:
            name = " ".join(f"{stanza.get('suites', '')} {stanza.get('components', '')}".split())
            for url in stanza.get("uris", "").split():
                yield Repository(url, name, stanza)


def _stanzas(data: bytes) -> Iterator[dict[str, str]]:
    fields: dict[str, list[str]] = {}
    last = ""
    for row in (*data.decode("utf-8", "backslashreplace").split("\n"), ""):
        if row.startswith("#"):
            continue
        if not row.strip():
            if fields:
                yield {key: " ".join(pieces) for key, pieces in fields.items()}
            fields, last = {}, ""
        elif row[0] in " \t" and last:
            fields[last].append(row.strip())
        else:
            key, _, value = row.partition(":")
            last = key.strip().casefold()
            fields[last] = [value.strip()]


def apt_settings(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield each setting with its full name in lower case (``apt::get::allowunauthenticated``) and its value, in order."""
    above: list[str] = []
    words: list[str] = []
    for comment_or_text in _TOKEN.finditer(data.decode("utf-8", "backslashreplace")):
        quoted, sign, word = comment_or_text.groups()
        if quoted is not None or word is not None:
            words.append(quoted if quoted is not None else word)
        elif sign == "{":
            above = [*above, (words or [""])[0]][:_DEPTH]
            words = []
        elif sign is not None:
            if words:
                yield "::".join((*above, words[0])).casefold(), " ".join(words[1:])
            words = []
            if sign == "}":
                above = above[:-1]
