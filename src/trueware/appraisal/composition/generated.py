"""What installing packages makes beside the files that they bring, as far as it can be told what it must be.

==================  =================================================================================================================
folders             which nobody but root may write to; they hold nothing by themselves
copies              of files that packages bring, and places known by name: links, devices, empty files (`Makings`)
alternatives        ``/etc/alternatives/<name>`` and links to it: the target is brought by an installed package whose script has the
                    name in it (update-alternatives(1)), or is a manual
start-up links      ``etc/rcN.d/S01<name>`` to a script that a package brings; ``*.wants`` and aliases of systemd where the unit that
                    a package brings asks for them in ``[Install]``, and a script of that package names it
accounts            lists that begin as ``base-passwd`` has them, with the services of packages (`accounts`)
login rules         ``etc/pam.d/common-*`` (`pam`)
shells              those that packages bring
package sources     of the distribution's own mirrors, signed as ever
authorities         that ``ca-certificates`` brings: links to them, and all of them in one file
owners and rights   that the script of a package gives to what it brings: its mode in digits, the group and the path are named there
addresses           of interfaces(5), as long as nothing is run when one goes up
``ld.so.cache``     which names libraries of packages alone
``fstab``           with nothing but comments; likewise ``hosts.allow`` and ``hosts.deny``
==================  =================================================================================================================

Nothing here is believed that the root file system alone says: each rule rests on bytes that packages bring. What follows none of
these rules is not accepted, however ordinary it may be.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from hashlib import sha256

from trueware.appraisal.composition import accounts, pam
from trueware.appraisal.composition.installed import child_at
from trueware.appraisal.composition.library_cache import libraries
from trueware.appraisal.composition.union import MERGED, Brought, Union
from trueware.errors import MalformedInput
from trueware.model.merkle import leaf_digest
from trueware.model.part import Kind, Part

Read = Callable[[Part], bytes | None]
"""Returns the bytes of a part that a package brings or that was found; None where they cannot be had."""

MAX_READ = 1 << 20
"""Bytes of a file that is read to tell what it should be; ``ld.so.cache`` of a large system has 200 KB."""

_TOO_OPEN = 0o7022
"""Bits of a mode that no generated file has: set-uid and the like, and writable by others than its owner."""

_SOURCE = re.compile(r"deb(?:-src)?[ \t]+(?:\[([^\]]*)\][ \t]+)?(?:https?|http)://([\w.-]+)/\S*[ \t]+\S+.*", re.ASCII)
_WORD = re.compile(r"[\w.+@:-]+", re.ASCII)
_AUTHORITIES = "usr/share/ca-certificates"
_HASHED = re.compile(r"etc/ssl/certs/[0-9a-f]{8}\.\d{1,2}")
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----")
_INTERFACE = re.compile(
    r"source(?:-directory)? /etc/network/interfaces\.d(?:/\*)?|(?:auto|allow-hotplug) [\w:. -]+"
    r"|iface [\w:.-]+ inet6? (?:loopback|dhcp|auto|static)"
    r"|[ \t]+(?:address|netmask|gateway|broadcast|network|dns-nameservers|dns-search|mtu) [\w:./ -]+",
    re.ASCII,
)
_SETTING = re.compile(r"""[A-Z_]+=(?:[\w.,:@/-]*|"[\w.,:@/ -]*")""", re.ASCII)
_RC = re.compile(r"etc/rc[0-6S]\.d/[SK]\d\d([\w.+-]+)", re.ASCII)
_SYSTEMD = re.compile(r"etc/systemd/(?:system|user)/(?:([\w.@:\\-]+)\.(wants|requires)/)?([\w.@:\\-]+)", re.ASCII)
_UNITS = ("lib/systemd/system/", "usr/lib/systemd/system/", "lib/systemd/user/", "usr/lib/systemd/user/")
_HARMLESS_OPTIONS = re.compile(r"(?:arch=[\w,-]+|signed-by=/usr/share/keyrings/[\w.+-]+|lang=[\w,-]+)", re.ASCII)
_SETGID = 0o2000
_GIVING = ("chgrp", "chown", "dpkg-statoverride")
_SCRIPTS = ("preinst", "postinst", "config", "prerm", "postrm")


@dataclass(frozen=True, slots=True)
class Makings:
    """What is known by name of what installing makes; reviewed data (`trueware.knowledge.roots`)."""

    copies: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    devices: Mapping[str, tuple[tuple[int, int], int]] = field(default_factory=dict)
    """Major and minor number, and mode."""

    folders: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Mode and name of the group."""

    empty: frozenset[str] = frozenset()
    unprovable: tuple[tuple[str, str], ...] = ()
    """Patterns of paths, and what stands there: made on the device itself, out of what nobody can tell."""

    mirrors: tuple[str, ...] = ()
    """Domains that packages may come from."""


class Generated:
    """Knows what installing the packages of one root file system makes.

    Attributes:
        made: the bytes of what should be where something else was found, by SHA-256.
    """

    def __init__(self, union: Union, root: Part, makings: Makings, read: Read) -> None:
        self._union, self._root, self._makings, self._read = union, root, makings, read
        self.made: dict[bytes, bytes] = {}
        self._words: dict[str, frozenset[str]] = {}
        self._lists: dict[str, str] = {}

    def unprovable(self, path: str) -> str | None:
        """Return what stands at a path, where it is made on the device itself and nobody can tell what it should be."""
        return next((what for pattern, what in self._makings.unprovable if fnmatchcase(path, pattern)), None)

    def accepted(self, path: str, found: Part, brought: tuple[Brought, ...]) -> Part | None:
        """Return what should be at a path; see `trueware.appraisal.composition.compose.Accepted`."""
        match found.kind:
            case Kind.DIRECTORY:
                return found if self._is_folder(path, found, brought) else self._with_attributes(path, found, brought)
            case Kind.SYMLINK:
                return found if self._is_link(path, found) else None
            case Kind.CHARACTER:
                mode, device = found.mode, found.rdev
                known = self._makings.devices.get(path)
                return found if known is not None and device == known[0] and mode in (None, known[1], 0o600) else None
            case Kind.FILE:
                return self._file(path, found) if not brought else self._with_attributes(path, found, brought)
        return None

    # --- folders and links ---

    def _is_folder(self, path: str, found: Part, brought: tuple[Brought, ...]) -> bool:
        known = self._makings.folders.get(path)
        if known is not None and found.mode == known[0] and self._group_is(found.gid, known[1]) and not found.uid:
            return True
        return not brought and not (found.mode or 0) & _TOO_OPEN and not found.uid and not found.xattrs

    def _group_is(self, gid: int | None, name: str) -> bool:
        return gid is None or (gid == 0 if name == "root" else self._group_names.get(gid) == name)

    @cached_property
    def _group_names(self) -> Mapping[int, str]:
        """The groups that the system begins with, and those of packages, by their numbers."""
        lines = (line.split(":") for line in (self._group(self._found_text("group")) or "").splitlines())
        return {int(number): name for name, _, number, _ in lines}

    def _is_link(self, path: str, found: Part) -> bool:
        link = found.link or ""
        if path in MERGED or self._makings.links.get(path) == link:
            return path not in MERGED or link in (f"usr/{path}", f"/usr/{path}")
        if path == "etc/localtime":
            return self._leads(path, link).startswith("usr/share/zoneinfo/") and self._brings(self._leads(path, link))
        if path.startswith("etc/alternatives/"):
            return self._is_alternative(path.removeprefix("etc/alternatives/"), self._leads(path, link))
        if link.startswith("/etc/alternatives/"):
            return self._leads_to_alternative(path, link.removeprefix("/etc/alternatives/"))
        if path.startswith("etc/ssl/certs/"):
            return self._is_certificate(path, link)
        if path.startswith("etc/runit/runsvdir/default/"):
            return link == f"/etc/sv/{path.rpartition('/')[2]}" and self._brings(link[1:])
        if match := _RC.fullmatch(path):
            return link == f"../init.d/{match[1]}" and self._brings(f"etc/init.d/{match[1]}")
        if match := _SYSTEMD.fullmatch(path):
            return self._is_wanted(match, self._leads(path, link))
        return False

    def _brings(self, path: str) -> bool:
        return self._union.brings(self._merged(path))

    def _merged(self, path: str) -> str:
        """Return a path as it stands where ``bin`` and the like are links into ``usr``."""
        first = path.partition("/")[0]
        links = any(child.name == first and child.kind is Kind.SYMLINK for child in self._root.children)
        return f"usr/{path}" if first in MERGED and links else path

    def _leads(self, path: str, link: str) -> str:
        base = [] if link.startswith("/") else path.split("/")[:-1]
        for name in link.split("/"):
            if name == "..":
                base = base[:-1]
            elif name not in ("", "."):
                base.append(name)
        return self._merged("/".join(base))

    def _is_alternative(self, name: str, target: str) -> bool:
        if not self._union.brings(target):
            return False
        return target.startswith("usr/share/man/") or self._owner_mentions(target, name)

    def _leads_to_alternative(self, path: str, name: str) -> bool:
        """Tell whether a link leads to an alternative that is accepted, and stands where a script says."""
        found = child_at(self._root, f"etc/alternatives/{name}") if "/" not in name else None
        target = self._leads(f"etc/alternatives/{name}", found.link or "") if found is not None else ""
        if found is None or found.kind is not Kind.SYMLINK or not self._is_alternative(name, target):
            return False
        return path.startswith("usr/share/man/") or self._owner_mentions(target, path.rpartition("/")[2])

    def _owner_mentions(self, target: str, word: str) -> bool:
        return any(self._mentions(each, word) for each in self._union.paths.get(target, ()))

    def _mentions(self, brought: Brought, *any_of: str) -> bool:
        """Tell whether a script of the package that brings something has one of the words in it."""
        name = brought.package.installed.title
        if name not in self._words:
            control = brought.package.control
            words: set[str] = set()
            for part in control.children if control is not None else ():
                if part.name in _SCRIPTS and part.size <= MAX_READ:
                    words.update(_words(self._text(part)))
            self._words[name] = frozenset(words)
        return not self._words[name].isdisjoint(any_of)

    def _is_wanted(self, match: re.Match[str], target: str) -> bool:
        """Tell whether a link of systemd is one that the unit it leads to asks for when it is enabled (systemd.unit(5))."""
        by, how, name = match.groups()
        unit = target.rpartition("/")[2]
        brought = self._union.paths.get(target, ())
        if not target.startswith(_UNITS) or not brought:
            return False
        asked = _install(self._text(brought[-1].part))
        wanted = asked.get("WantedBy" if how == "wants" else "RequiredBy", ()) if by else asked.get("Alias", ())
        template = re.sub(r"@[^.]*\.", "@.", name)
        if by is not None and (unit not in (name, template) or by not in wanted):
            return False
        if by is None and name not in wanted:
            return False
        return any(self._mentions(each, unit) or self._mentions(each, name) for each in brought)

    def _is_certificate(self, path: str, link: str) -> bool:
        """Tell whether a link leads to an authority that ca-certificates brings, or by its hash to such a link beside it."""
        if self._leads(path, link).startswith(f"{_AUTHORITIES}/"):
            return self._brings(self._leads(path, link))
        beside = child_at(self._root, f"etc/ssl/certs/{link}") if "/" not in link else None
        if not _HASHED.fullmatch(path) or beside is None or beside.kind is not Kind.SYMLINK:
            return False
        target = self._leads(path, beside.link or "")
        return target.startswith(f"{_AUTHORITIES}/") and self._brings(target)

    # --- files ---

    def _with_attributes(self, path: str, found: Part, brought: tuple[Brought, ...]) -> Part | None:
        """Return what a package brings where its script gave it to a service, or other rights (Debian Policy §10.9)."""
        for each in brought:
            part = each.part
            content = part.sha256 is not None and part.sha256 == found.sha256
            if part.kind is not found.kind or not (content or found.kind is Kind.DIRECTORY) or found.uid:
                continue
            capable = not found.xattrs or found.xattrs == part.xattrs or self._gives(found, each)
            if capable and self._has_mode(path, found, each) and self._has_group(path, found, each):
                return found
        return None

    def _has_mode(self, path: str, found: Part, brought: Brought) -> bool:
        """Tell whether a mode is that of the package, or gives less to others, or stands in its script."""
        mode, own = found.mode, brought.part.mode
        if mode is None or own is None or mode == own:
            return True
        if not mode & ~own and (mode & 0o700 == own & 0o700):
            return True
        named = self._mentions(brought, path.rpartition("/")[2])
        if mode == own | _SETGID and found.gid:  # a group of its own, see there
            return named
        return named and self._mentions(brought, f"{mode:o}", f"{mode:04o}")

    def _has_group(self, path: str, found: Part, brought: Brought) -> bool:
        """Tell whether a group is that of the package, or one that its script names beside the path."""
        if found.gid is None or found.gid == brought.part.gid:
            return True
        name = self._group_names.get(found.gid)
        if not found.gid or name is None:
            return False
        named = self._mentions(brought, path.rpartition("/")[2]) and self._mentions(brought, *_GIVING)
        return named and self._mentions(brought, name)

    def _gives(self, found: Part, brought: Brought) -> bool:
        """Tell whether a script sets the very capabilities that a program was found to have."""
        if [name for name, _ in found.xattrs] != ["security.capability"] or not self._mentions(brought, "setcap"):
            return False
        names = capabilities(found.xattrs[0][1])
        return bool(names) and all(self._mentions(brought, name) for name in names)

    def _file(self, path: str, found: Part) -> Part | None:
        if path in self._makings.copies:
            return self._copy(found, self._makings.copies[path])
        if path in self._makings.empty:
            return self._as(found, b"") if found.size == 0 else None
        name = path.rpartition("/")[2]
        if path.startswith("etc/pam.d/") and name in pam.TYPES:
            return self._login_rules(found, name)
        rules = {
            "etc/passwd": self._passwd,
            "etc/passwd-": self._passwd,
            "etc/group": self._group,
            "etc/group-": self._group,
            "etc/shadow": self._shadow,
            "etc/shadow-": self._shadow,
            "etc/gshadow": self._gshadow,
            "etc/gshadow-": self._gshadow,
            "etc/shells": self._shells,
            "etc/apt/sources.list": self._sources,
            "etc/ld.so.cache": self._library_cache,
            "etc/fstab": self._only_comments,
            "etc/hosts.allow": self._only_comments,
            "etc/hosts.deny": self._only_comments,
            "etc/network/interfaces": _plain_interfaces,
            "etc/ca-certificates.conf": self._authorities,
            "etc/ssl/certs/ca-certificates.crt": self._bundle,
            "etc/default/locale": _plain_settings,
            "etc/default/keyboard": _plain_settings,
        }
        rule = rules.get(path)
        if rule is None or found.size > MAX_READ or (data := self._read(found)) is None:
            return None
        text = data.decode("utf-8", "surrogateescape")
        expected = rule(text)
        return None if expected is None else self._as(found, expected.encode("utf-8", "surrogateescape"))

    def _as(self, found: Part, data: bytes) -> Part:
        """Return a file with that content, owned by root and no more open than it may be; where it was found so, that file."""
        digest = sha256(data).digest()
        proper = not (found.mode or 0) & (_TOO_OPEN | 0o111) and not found.uid and not found.xattrs
        if proper and found.sha256 == digest:
            return found
        self.made[digest] = data
        mode, gid = (found.mode, found.gid) if proper else (0o644, 0)
        return Part(
            found.name, Kind.FILE, leaf_digest(Kind.FILE, digest, mode, 0, gid), len(data), digest, mode, 0, gid
        )

    def _copy(self, found: Part, of: str) -> Part | None:
        for part in self._union.parts(of):
            if part.sha256 is not None and part.sha256 == found.sha256:
                return self._as(found, self._read(found) or b"") if found.size <= MAX_READ else None
        brought = self._union.parts(of)
        return brought[-1]._replace(name=found.name) if brought and brought[-1].kind is Kind.FILE else None

    def _text(self, part: Part) -> str:
        return (self._read(part) or b"").decode("utf-8", "surrogateescape") if part.size <= MAX_READ else ""

    def _brought_text(self, path: str) -> str | None:
        parts = self._union.parts(path)
        return self._text(parts[-1]) if parts else None

    def _anybody_mentions(self, word: str) -> bool:
        if "sysusers" not in self._words:
            words: set[str] = set()
            for path, parts in self._union.paths.items():
                if path.startswith("usr/lib/sysusers.d/"):
                    words.update(_words(self._text(parts[-1].part)))
            self._words["sysusers"] = frozenset(words)
        if word in self._words["sysusers"]:
            return True
        return any(
            self._mentions(Brought(each.data, each), word) for each in self._union.packages if each.control is not None
        )

    def _passwd(self, found: str) -> str | None:
        master = self._brought_text("usr/share/base-passwd/passwd.master")
        return None if master is None else accounts.passwd(found, master, self._anybody_mentions)

    def _group(self, found: str) -> str | None:
        master = self._brought_text("usr/share/base-passwd/group.master")
        first = self._brought_text("usr/share/base-passwd/passwd.master")
        if master is None or first is None:
            return None
        names = accounts.services(self._passwd(self._found_text("passwd")) or "", first)
        return accounts.group(found, master, self._anybody_mentions, names)

    def _gshadow(self, found: str) -> str | None:
        groups = self._group(self._found_text("group"))
        return None if groups is None else accounts.gshadow(found, groups)

    def _shadow(self, found: str) -> str | None:
        accounts_ = self._passwd(self._found_text("passwd"))
        return None if accounts_ is None else accounts.shadow(found, accounts_)

    def _found_text(self, name: str) -> str:
        """Return a list in ``etc`` as it was found."""
        if name not in self._lists:
            part = child_at(self._root, f"etc/{name}")
            self._lists[name] = self._text(part) if part is not None else ""
        return self._lists[name]

    def _shells(self, found: str) -> str:
        kept = [line for line in found.splitlines() if line.startswith("#") or self._brings(line.strip().lstrip("/"))]
        return "".join(f"{line}\n" for line in kept)

    def _sources(self, found: str) -> str:
        kept = [line for line in found.splitlines() if self._is_own_source(line.strip())]
        return "".join(f"{line}\n" for line in kept)

    def _is_own_source(self, line: str) -> bool:
        if not line or line.startswith("#"):
            return True
        match = _SOURCE.fullmatch(line)
        if match is None or not all(map(_HARMLESS_OPTIONS.fullmatch, (match[1] or "").split())):
            return False
        host = match[2].casefold()
        return any(host == domain or host.endswith(f".{domain}") for domain in self._makings.mirrors)

    def _library_cache(self, found: str) -> str | None:
        try:
            listed = libraries(found.encode("utf-8", "surrogateescape"))
        except MalformedInput:
            return None
        own = (path.startswith("/") and self._brings(path[1:]) and path.endswith(f"/{name}") for name, path in listed)
        return found if all(own) else None

    def _authorities(self, found: str) -> str:
        """Return the lines of ca-certificates.conf that name authorities which packages bring, or leave them out."""
        lines = found.splitlines()
        kept = [line for line in lines if line.startswith("#") or self._brings(f"{_AUTHORITIES}/{line.lstrip('!')}")]
        return "".join(f"{line}\n" for line in kept)

    def _bundle(self, found: str) -> str:
        """Return the certificates of all authorities in one file that packages bring."""
        known = {
            block
            for path in self._union.paths
            if path.startswith(f"{_AUTHORITIES}/") and (text := self._brought_text(path))
            for block in _certificates(text)
        }
        return "".join(f"{block}\n" for block in _certificates(found) if block in known)

    def _only_comments(self, found: str) -> str:
        return "".join(f"{line}\n" for line in found.splitlines() if not line.strip() or line.startswith("#"))

    def _login_rules(self, found: Part, name: str) -> Part | None:
        template = self._brought_text(f"usr/share/pam/{name}")
        if not template:
            return None
        folder = "usr/share/pam-configs"
        texts = (self._brought_text(f"{folder}/{each}") for each in self._union.names.get(folder, ()))
        made = pam.common_file(name, template, [pam.read_profile(text) for text in texts if text])
        if _without_blanks(self._text(found)) == _without_blanks(made):
            return self._as(found, self._read(found) or b"")
        return self._as(found, made.encode("utf-8", "surrogateescape"))


def capabilities(attribute: bytes) -> tuple[str, ...]:
    """Return the names of the capabilities that ``security.capability`` gives; none where that is not known.

    Source: Linux, include/uapi/linux/capability.h.

    >>> capabilities(bytes.fromhex("0100000200200000000000000000000000000000"))
    ('cap_net_raw',)
    """
    if len(attribute) not in (20, 24) or attribute[3] not in (2, 3):
        return ()
    low, inherited, high, more = (int.from_bytes(attribute[at : at + 4], "little") for at in (4, 8, 12, 16))
    given = low | high << 32
    if inherited or more or given >> len(_CAPABILITIES):
        return ()
    return tuple(f"cap_{name}" for bit, name in enumerate(_CAPABILITIES) if given >> bit & 1)


_CAPABILITIES = (
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable",
    "net_bind_service", "net_broadcast", "net_admin", "net_raw",
)  # fmt: skip
"""Those with the lowest numbers: packages set none of the others."""


def _certificates(text: str) -> list[str]:
    return _PEM.findall(text)


def _plain_interfaces(found: str) -> str:
    """Return the lines of interfaces(5) that give addresses, and none that run something when an interface goes up or down."""
    kept = [
        line for line in found.splitlines() if not line.strip() or line.startswith("#") or _INTERFACE.fullmatch(line)
    ]
    return "".join(f"{line}\n" for line in kept)


def _plain_settings(found: str) -> str:
    """Return the lines of a file of settings that scripts read as their own: a name and a value in which nothing can be run."""
    kept = [line for line in found.splitlines() if not line.strip() or line.startswith("#") or _SETTING.fullmatch(line)]
    return "".join(f"{line}\n" for line in kept)


def _without_blanks(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def _words(text: str) -> set[str]:
    """Return the words of a script: names, the last names of paths, and of capabilities those without what is made of them."""
    words = {word.strip(".:") for word in _WORD.findall(text)}
    return words | {word.partition("+")[0] for word in words if word.startswith("cap_")}


def _install(unit: str) -> dict[str, tuple[str, ...]]:
    """Return what ``[Install]`` of a unit asks for."""
    found: dict[str, tuple[str, ...]] = {}
    section = ""
    for line in unit.splitlines():
        if line.startswith("["):
            section = line.strip()
        elif section == "[Install]":
            name, _, value = line.partition("=")
            found[name.strip()] = (*found.get(name.strip(), ()), *value.split())
    return found
