"""What installing packages makes beside the files that they bring, as far as it can be told what it must be.

* Folders that nobody but root may write to: they hold nothing by themselves. Below ``var`` they may be a service's.
* Links (`links`), owners and rights (`attributes`), and what is known by name: copies, devices, empty files (`makings`).
* Accounts (`accounts`), login rules (`pam`), and lists of other kinds (`lists`).
* ``ld.so.cache``, where it names libraries of packages alone (`library_cache`).

Nothing here is believed that the root file system alone says: each rule rests on bytes that packages bring. What follows none of
these rules is not accepted, however ordinary it may be.
"""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import cached_property, partial
from hashlib import sha256

from trueware.appraisal.composition import accounts, attributes, links, lists, pam
from trueware.appraisal.composition.library_cache import libraries
from trueware.appraisal.composition.makings import Makings
from trueware.appraisal.composition.system import MAX_READ, Read, System
from trueware.appraisal.composition.union import Brought, Union
from trueware.errors import MalformedInput
from trueware.model.merkle import leaf_digest
from trueware.model.part import Kind, Part

_TOO_OPEN = 0o7022
"""Bits of a mode that no generated file has: set-uid and the like, and writable by others than its owner."""

_RUNS = 0o111
_SERVICES = ("var/", "run/")
_MASTER, _GROUPS = "usr/share/base-passwd/passwd.master", "usr/share/base-passwd/group.master"
_PROFILES = "usr/share/pam-configs"


class Generated:
    """Knows what installing the packages of one root file system makes.

    Attributes:
        made: the bytes of what should be where something else was found, by SHA-256.
    """

    def __init__(self, union: Union, root: Part, makings: Makings, read: Read) -> None:
        self._system, self._makings, self._read = System(union, root, read), makings, read
        self.made: dict[bytes, bytes] = {}
        self._rules: Mapping[str, Callable[[str], str | None]] = {
            "etc/passwd": self._passwd,
            "etc/passwd-": self._passwd,
            "etc/group": self._group,
            "etc/group-": self._group,
            "etc/shadow": self._shadow,
            "etc/shadow-": self._shadow,
            "etc/gshadow": self._gshadow,
            "etc/gshadow-": self._gshadow,
            "etc/shells": partial(lists.shells, system=self._system),
            "etc/apt/sources.list": partial(lists.sources, mirrors=makings.mirrors),
            "etc/ld.so.cache": self._library_cache,
            "etc/fstab": lists.only_comments,
            "etc/hosts.allow": lists.only_comments,
            "etc/hosts.deny": lists.only_comments,
            "etc/network/interfaces": lists.plain_interfaces,
            "etc/ca-certificates.conf": partial(lists.authorities, system=self._system),
            "etc/ssl/certs/ca-certificates.crt": partial(lists.bundle, system=self._system),
            "var/lib/dpkg/statoverride": partial(lists.overrides, system=self._system),
            "etc/default/locale": lists.plain_settings,
            "etc/default/keyboard": lists.plain_settings,
            **{f"etc/pam.d/{name}": partial(self._login_rules, name) for name in pam.TYPES},
        }

    def unprovable(self, path: str) -> str | None:
        """Return what stands at a path, where it is made on the device itself and nobody can tell what it should be."""
        return next((what for pattern, what in self._makings.unprovable if fnmatchcase(path, pattern)), None)

    def accepted(self, path: str, found: Part, brought: tuple[Brought, ...]) -> Part | None:
        """Return what should be at a path; see `trueware.appraisal.composition.compose.Accepted`."""
        match found.kind:
            case Kind.SYMLINK:
                return found if links.is_made(path, found.link or "", self._system, self._makings) else None
            case Kind.CHARACTER:
                device, mode = self._makings.devices.get(path, (None, 0))
                return found if device is not None and found.rdev == device and found.mode in (None, mode) else None
            case Kind.DIRECTORY if self._is_folder(path, found, brought):
                return found
            case Kind.FILE if not brought:
                return self._file(path, found)
            case Kind.FILE | Kind.DIRECTORY:
                given = attributes.are_given(path, found, brought, self._system, self._group_names, self._user_names)
                return found if given else None
        return None

    def _is_folder(self, path: str, found: Part, brought: tuple[Brought, ...]) -> bool:
        mode, group = self._makings.folders.get(path, (None, ""))
        if mode is not None and found.mode == mode and not found.uid:
            return found.gid is None or self._group_names.get(found.gid) == group
        own = not found.uid or (path.startswith(_SERVICES) and found.uid in self._user_names)
        return not brought and own and not (found.mode or 0) & _TOO_OPEN and not found.xattrs

    # --- files ---

    def _file(self, path: str, found: Part) -> Part | None:
        if found.size > MAX_READ:
            return None
        if path in self._makings.copies:
            return self._copy(found, self._makings.copies[path])
        if path in self._makings.empty:
            return self._as(found, b"")
        rule = self._rules.get(path)
        data = self._read(found) if rule is not None else None
        if rule is None or data is None:
            return None
        expected = rule(data.decode("utf-8", "surrogateescape"))
        return None if expected is None else self._as(found, expected.encode("utf-8", "surrogateescape"))

    def _as(self, found: Part, data: bytes) -> Part:
        """Return a file with that content, owned by root and no more open than it may be; where it was found so, that file."""
        digest = sha256(data).digest()
        proper = not (found.mode or 0) & (_TOO_OPEN | _RUNS) and not found.uid and not found.xattrs
        if proper and found.sha256 == digest:
            return found
        self.made[digest] = data
        mode, gid = (found.mode, found.gid) if proper else (0o644, 0)
        tree = leaf_digest(Kind.FILE, digest, mode, 0, gid)
        return Part(found.name, Kind.FILE, tree, len(data), digest, mode, 0, gid)

    def _copy(self, found: Part, of: str) -> Part | None:
        brought = [part for part in self._system.union.parts(of) if part.kind is Kind.FILE and part.sha256 is not None]
        if not brought:
            return None
        part = next((each for each in brought if each.sha256 == found.sha256), brought[-1])
        data = self._read(part)
        return None if data is None else self._as(found, data)

    # --- lists of accounts ---

    def _found_text(self, path: str) -> str:
        part = self._system.found(path)
        return self._system.text(part) if part is not None else ""

    def _passwd(self, found: str) -> str | None:
        master = self._system.brought_text(_MASTER)
        return None if master is None else accounts.passwd(found, master, self._system.anybody_mentions)

    def _group(self, found: str) -> str | None:
        master, first = self._system.brought_text(_GROUPS), self._system.brought_text(_MASTER)
        if master is None or first is None:
            return None
        services = accounts.services(self._passwd_here or "", first)
        return accounts.group(found, master, self._system.anybody_mentions, services)

    def _shadow(self, found: str) -> str | None:
        return None if self._passwd_here is None else accounts.shadow(found, self._passwd_here)

    def _gshadow(self, found: str) -> str | None:
        return None if self._group_here is None else accounts.gshadow(found, self._group_here)

    @cached_property
    def _passwd_here(self) -> str | None:
        return self._passwd(self._found_text("etc/passwd"))

    @cached_property
    def _group_here(self) -> str | None:
        return self._group(self._found_text("etc/group"))

    @cached_property
    def _group_names(self) -> Mapping[int, str]:
        """The groups that the system begins with, and those of packages, by their numbers."""
        return accounts.numbers(self._group_here or "")

    @cached_property
    def _user_names(self) -> Mapping[int, str]:
        return accounts.numbers(self._passwd_here or "")

    # --- others ---

    def _library_cache(self, found: str) -> str | None:
        try:
            listed = libraries(found.encode("utf-8", "surrogateescape"))
        except MalformedInput:
            return None
        brings = self._system.brings
        own = (path.startswith("/") and brings(path[1:]) and path.endswith(f"/{name}") for name, path in listed)
        return found if all(own) else None

    def _login_rules(self, name: str, found: str) -> str | None:
        template = self._system.brought_text(f"usr/share/pam/{name}")
        if not template:
            return None
        profiles = self._system.union.names.get(_PROFILES, ())
        texts = (self._system.brought_text(f"{_PROFILES}/{each}") for each in profiles)
        made = pam.common_file(name, template, [pam.read_profile(text) for text in texts if text])
        return found if pam.without_blanks(found) == pam.without_blanks(made) else made
