"""Files that scripts write and owners add to: which of their lines come from installing packages, or can do no harm.

shells              those that packages bring
package sources     of the distribution's own mirrors, signed as ever
authorities         that ``ca-certificates`` brings: their names, and all of them in one file
addresses           of interfaces(5), as long as nothing is run when one goes up
owners and rights   that stand at the path already, where they are judged (dpkg-statoverride(1)): the list is for what comes later too
settings            that scripts read as their own: names and values in which nothing can be run
``fstab``           nothing but comments; likewise ``hosts.allow`` and ``hosts.deny``

Each takes what was found and returns what it should be, so that the file is accepted if the two are the same bytes.
"""

import re
from collections.abc import Callable, Iterable

from trueware.appraisal.composition.links import AUTHORITIES
from trueware.appraisal.composition.system import System

_SOURCE = re.compile(r"deb(?:-src)?[ \t]+(?:\[([^\]]*)\][ \t]+)?https?://([\w.-]+)/\S*[ \t]+\S+.*", re.ASCII)
_HARMLESS = re.compile(r"arch=[\w,-]+|signed-by=/usr/share/keyrings/[\w.+-]+|lang=[\w,-]+", re.ASCII)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----")
_INTERFACE = re.compile(
    r"source(?:-directory)? /etc/network/interfaces\.d(?:/\*)?|(?:auto|allow-hotplug) [\w:. -]+"
    r"|iface [\w:.-]+ inet6? (?:loopback|dhcp|auto|static)"
    r"|[ \t]+(?:address|netmask|gateway|broadcast|network|dns-nameservers|dns-search|mtu) [\w:./ -]+",
    re.ASCII,
)
_MODE = re.compile(r"[0-7]{3,5}")
_SETTING = re.compile(r"""[A-Z_]+=(?:[\w.,:@/-]*|"[\w.,:@/ -]*")""", re.ASCII)


def _lines(found: str, is_kept: Callable[[str], object]) -> str:
    """Return a text without the lines that are neither empty, nor comments, nor kept."""
    lines = found.removesuffix("\n").split("\n")
    kept = [line for line in lines if not line.strip(" \t") or line.startswith("#") or is_kept(line)]
    return "".join(f"{line}\n" for line in kept) if found else ""


def only_comments(found: str) -> str:
    """Return the comments."""
    return _lines(found, lambda _: False)


def plain_interfaces(found: str) -> str:
    """Return the lines of interfaces(5) that give addresses."""
    return _lines(found, _INTERFACE.fullmatch)


def plain_settings(found: str) -> str:
    """Return the plain settings."""
    return _lines(found, _SETTING.fullmatch)


def shells(found: str, system: System) -> str:
    """Return the shells that packages bring (shells(5))."""
    return _lines(found, lambda line: line.startswith("/") and system.brings(line[1:]))


def sources(found: str, mirrors: Iterable[str]) -> str:
    """Return the sources of packages in the domains `mirrors` (sources.list(5), one on a line)."""
    domains = tuple(mirrors)

    def is_own(line: str) -> bool:
        match = _SOURCE.fullmatch(line)
        if match is None or not all(map(_HARMLESS.fullmatch, (match[1] or "").split())):
            return False
        host = match[2].casefold()
        return any(host == domain or host.endswith(f".{domain}") for domain in domains)

    return _lines(found, is_own)


def overrides(found: str, system: System) -> str:
    """Return the lines of dpkg's list of owners and rights (user, group, mode, path) whose rights stand at the path already."""

    def stands(line: str) -> bool:
        words = line.split(" ")
        if len(words) != 4 or not _MODE.fullmatch(words[2]) or not words[3].startswith("/"):
            return False
        part = system.found(system.place(words[3][1:]))
        return part is not None and part.mode == int(words[2], 8)

    return _lines(found, stands)


def authorities(found: str, system: System) -> str:
    """Return the lines of ca-certificates.conf that name authorities which packages bring, or leave them out."""
    return _lines(found, lambda line: system.brings(f"{AUTHORITIES}/{line.removeprefix('!')}"))


def bundle(found: str, system: System) -> str:
    """Return of the certificates of authorities in one file those that packages bring."""
    known = {
        block
        for path in system.union.paths
        if path.startswith(f"{AUTHORITIES}/") and (text := system.brought_text(path))
        for block in _PEM.findall(text)
    }
    return "".join(f"{block}\n" for block in _PEM.findall(found) if block in known)
