"""Where updates and packages come from, read from the configuration of each program that fetches them.

Every file becomes a list of `Origin`; which reader a file takes is decided by its inner path, in the table at the end.
Sources: opkg ``libopkg/opkg_conf.c``; sources.list(5); apk-repositories(5); yum.conf(5), dnf.conf(5); pacman.conf(5); fwupd
``fwupd-remotes.d(5)``; ostree.repo-config(5); sysupdate.d(5); Gluon ``autoupdater`` and ``site.conf``; RAUC hawkBit updater; Mender
``mender.conf``; SWUpdate ``swupdate.cfg``. Properties of Android name servers for updates as each maker likes (``ro.fota.url``).
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from trueware.errors import MalformedInput
from trueware.explaining.patterns import regex
from trueware.explaining.reading.apt import Repository, one_line_repositories, stanza_repositories
from trueware.explaining.reading.ini import Section, sections
from trueware.explaining.reading.lines import meaningful_lines
from trueware.explaining.reading.uci import read_uci

_NO = frozenset({"0", "no", "false", "off"})
_YES = frozenset({"1", "yes", "true", "on"})


@dataclass(frozen=True, slots=True)
class Origin:
    """One place from which software is fetched."""

    label: str
    """What the file calls it; empty where it has no name."""

    url: str
    unchecked: str = ""
    """The words that switch off the check of what comes from there; empty where it is checked as usual."""


def origins_in(inner: str, data: bytes) -> tuple[Origin, ...]:
    """Return the origins that a file states.

    Raises:
        MalformedInput: the file is not of its syntax.
    """
    read = next((reader for pattern, reader in _READERS if pattern.fullmatch(inner)), None)
    return () if read is None else tuple(read(data))


def _opkg(data: bytes) -> Iterator[Origin]:
    for line in meaningful_lines(data, trailing=True):
        words = [word.strip("\"'") for word in line.text.split()]
        if words[0] in {"src", "src/gz"} and len(words) > 2:
            yield Origin(words[1], words[2])


def _apt_list(data: bytes) -> Iterator[Origin]:
    return _apt(one_line_repositories(data))


def _apt_stanzas(data: bytes) -> Iterator[Origin]:
    return _apt(stanza_repositories(data))


_APT_UNCHECKED = ("trusted", "allow-insecure", "allow-weak", "allow-downgrade-to-insecure")


def _apt(repositories: Iterable[Repository]) -> Iterator[Origin]:
    for url, name, options in repositories:
        off = [f"{key}={options[key]}" for key in _APT_UNCHECKED if options.get(key, "no").casefold() not in _NO]
        yield Origin(name, url, " ".join(off))


def _apk(data: bytes) -> Iterator[Origin]:
    for line in meaningful_lines(data):
        words = line.text.split()
        words = words[words[0].startswith("@") :]  # a tag for packages from there
        words = words[words[:1] in (["ndx"], ["v3"]) :]
        if words and words[0] != "set":
            yield Origin("", words[0])


def _yum(data: bytes) -> Iterator[Origin]:
    for section in sections(data, indented=True):
        if section.get("enabled").casefold() in _NO:
            continue
        off = _set_to(section, _NO, "gpgcheck", "sslverify")
        for key in ("baseurl", "mirrorlist", "metalink"):
            for url in " ".join(section.every.get(key, ())).replace(",", " ").split():
                yield Origin(section.name, url, off)


def _pacman(data: bytes) -> Iterator[Origin]:
    level_of_all = ""
    for section in sections(data):
        level = section.get("siglevel")
        if section.name == "options":
            level_of_all = level
        level = level or level_of_all
        is_off = not {"Never", "PackageNever", "TrustAll"}.isdisjoint(level.split())
        for url in section.every.get("server", ()):
            yield Origin(section.name, url, f"SigLevel = {level}" if is_off else "")


def _fwupd(data: bytes) -> Iterator[Origin]:
    for section in sections(data):
        if section.get("enabled").casefold() not in _NO:
            off = _set_to(section, {"none"}, "keyring")
            for key in ("metadatauri", "firmwarebaseuri", "reporturi"):
                if url := section.get(key):
                    yield Origin(f"{section.name} {key}", url, off)


def _ostree(data: bytes) -> Iterator[Origin]:
    for section in sections(data):
        if section.name.startswith("remote ") and (url := section.get("url")):
            off = [_set_to(section, _NO, "gpg-verify", "gpg-verify-summary", "sign-verify")]
            off.append(_set_to(section, _YES, "tls-permissive"))
            yield Origin(section.name, url.removeprefix("metalink="), " ".join(filter(None, off)))


def _sysupdate(data: bytes) -> Iterator[Origin]:
    found = {section.name: section for section in sections(data)}
    off = _set_to(found["transfer"], _NO, "verify") if "transfer" in found else ""
    if "source" in found and (url := found["source"].get("path")):
        yield Origin("", url, off)


def _set_to(section: Section, values: AbstractSet[str], *keys: str) -> str:
    """Return those of the keys that have one of these values, as they stand."""
    return " ".join(f"{key}={section.get(key)}" for key in keys if section.get(key).casefold() in values)


def _gluon_settings(data: bytes) -> Iterator[Origin]:
    for section in read_uci(data):
        for mirror in section.words("mirror"):
            yield Origin(section.get("name") or section.name, mirror)


def _attended(data: bytes) -> Iterator[Origin]:
    for section in read_uci(data):
        if url := section.get("url"):
            yield Origin(section.name or section.type, url)


_LUA_COMMENT = regex(r"('[^'\n]*'|\"[^\"\n]*\")|--[^\n]*")
_LUA_MIRRORS = regex(r"\bmirrors\s*=\s*\{([^{}]*)\}")
_LUA_TEXT = regex(r"'([^'\n]*)'|\"([^\"\n]*)\"")


def _gluon_site(data: bytes) -> Iterator[Origin]:
    """The mirrors of a site, in JSON or Lua."""
    text = data.decode("utf-8", "backslashreplace")
    if text.lstrip()[:1] == "{" and '"' in text[: text.find(":") + 1]:
        branches = _at(_json(data), "autoupdater", "branches")
        for name, branch in branches.items() if isinstance(branches, dict) else ():
            for mirror in _texts(_at(branch, "mirrors")):
                yield Origin(str(name), mirror)
        return
    for block in _LUA_MIRRORS.finditer(_LUA_COMMENT.sub(r"\1", text)):
        for single, double in _LUA_TEXT.findall(block[1]):
            yield Origin("", single or double)


def _mender(data: bytes) -> Iterator[Origin]:
    settings = _json(data)
    off = (
        "SkipVerify"
        if _at(settings, "SkipVerify") is True or _at(settings, "HttpsClient", "SkipVerify") is True
        else ""
    )
    for url in _texts([_at(settings, "ServerURL")]):
        yield Origin("ServerURL", url, off)
    servers = _at(settings, "Servers")
    for server in servers if isinstance(servers, list) else ():
        for url in _texts([_at(server, "ServerURL")]):
            yield Origin("Servers", url, off)


def _hawkbit(data: bytes) -> Iterator[Origin]:
    for section in sections(data):
        if section.name == "client" and (server := section.get("hawkbit_server")):
            scheme = "http" if section.get("ssl").casefold() in _NO else "https"
            url = server if "://" in server else f"{scheme}://{server}"
            yield Origin("hawkbit_server", url, _set_to(section, _NO, "ssl_verify"))


_SWUPDATE = regex(r"(?m)^[ \t]*(url|nocheckcert)[ \t]*[=:][ \t]*(?:\"([^\"\n]*)\"|(\w+))")


def _swupdate(data: bytes) -> Iterator[Origin]:
    found = [(key, text or word) for key, text, word in _SWUPDATE.findall(data.decode("utf-8", "backslashreplace"))]
    off = "nocheckcert" if ("nocheckcert", "true") in found else ""
    for key, value in found:
        if key == "url":
            yield Origin("url", value, off)


_PROPERTY = regex(r"[df]?ota\w{0,16}|(?:auto|sw|fw|system)?(?:update|upgrade)\w{0,16}", re.IGNORECASE)


def _properties(data: bytes) -> Iterator[Origin]:
    for line in meaningful_lines(data):
        key, _, value = line.text.partition("=")
        if "://" in value and any(_PROPERTY.fullmatch(word) for word in re.split(r"[._]", key.strip())):
            yield Origin(key.strip(), value.strip())


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedInput("json", 0, f"no JSON ({error})") from error


def _at(value: Any, *keys: str) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _texts(value: object) -> Iterator[str]:
    return (each for each in value if isinstance(each, str)) if isinstance(value, list) else iter(())


_READERS: tuple[tuple[re.Pattern[str], Callable[[bytes], Iterator[Origin]]], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (r"etc/opkg\.conf|etc/opkg/[^/]+\.conf", _opkg),
        (r"etc/apt/sources\.list|etc/apt/sources\.list\.d/[^/]+\.list", _apt_list),
        (r"etc/apt/sources\.list\.d/[^/]+\.sources", _apt_stanzas),
        (r"etc/apk/repositories|etc/apk/repositories\.d/[^/]+\.list", _apk),
        (r"etc/(?:yum\.repos\.d|yum/repos\.d|zypp/repos\.d)/[^/]+\.repo|etc/(?:yum|dnf/dnf)\.conf", _yum),
        (r"etc/pacman\.conf|etc/pacman\.d/[^/]+", _pacman),
        (r"(?:etc|usr/share|var/lib)/fwupd/remotes\.d/.+\.conf", _fwupd),
        (r"(?:etc/ostree/remotes\.d|usr/share/ostree/remotes\.d)/[^/]+\.conf|(?:sysroot/)?ostree/repo/config", _ostree),
        (r"(?:etc|usr/lib|usr/local/lib)/sysupdate\.[^/]*d/[^/]+\.(?:conf|transfer)", _sysupdate),
        (r"etc/config/autoupdater", _gluon_settings),
        (r"etc/config/(?:attendedsysupgrade|asu|softwareupdate|ota|fota)", _attended),
        (r"lib/gluon/site\.(?:json|conf)|lib/gluon/domains/[^/]+\.json", _gluon_site),
        (r"(?:etc|var/lib|data)/mender/mender\.conf|usr/share/mender/mender\.conf", _mender),
        (r"etc/rauc-hawkbit-updater(?:/config)?\.conf|etc/rauc-hawkbit-updater/[^/]+\.conf", _hawkbit),
        (r"etc/swupdate(?:/swupdate)?\.cfg", _swupdate),
        (r"(?:.*/)?(?:[^/]*\.prop|prop\.default)", _properties),
    )
)

PATHS = "|".join(pattern.pattern for pattern, _ in _READERS)
"""Inner paths of the files that are read."""
