"""What installing packages makes of the lists of accounts: those that come with the system, and those that packages have made.

``base-passwd`` brings the lists that every system begins with; maintainers' scripts add accounts for services (Debian Policy §9.2.2:
numbers 100 to 999, made by adduser or systemd-sysusers). Such an account nobody can log in with, and its name stands in a script of a
package that is installed. Of every other line nobody knows where it comes from: it is not in the list that is returned.
"""

import re
from collections.abc import Callable, Iterable

_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_NUMBER = re.compile(r"0|[1-9]\d{0,9}")
_SYSTEM = range(100, 1000)
_NOBODY = 65534
_NO_LOGIN = frozenset({"/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false"})
_HIDDEN = frozenset({"x", "*", "!"})
"""Passwords that are in another file, or none that anybody could enter."""

_SHADOW = 9
"""Fields of shadow(5)."""

Mentioned = Callable[[str], bool]
"""Tells whether a script of an installed package has a word in it."""


def passwd(found: str, master: str, mentioned: Mentioned) -> str:
    """Return what the list of accounts (passwd(5)) should be, given what was found."""
    return _list(found, master, 7, lambda fields: _is_service(fields, mentioned))


def group(found: str, master: str, mentioned: Mentioned, services: Iterable[str]) -> str:
    """Return what the list of groups (group(5)) should be; of `services`, accounts of packages, some may be members."""
    members = frozenset(services)
    return _list(found, master, 4, lambda fields: _is_service_group(fields, mentioned, members))


def gshadow(found: str, groups: str) -> str:
    """Return what the shadowed list of groups (gshadow(5)) should be: nobody has a password, and members are those of `groups`."""
    known = {fields[0]: fields[3] for line in groups.splitlines() if len(fields := line.split(":")) == 4}
    kept = []
    for line in found.splitlines():
        fields = line.split(":")
        name = fields[0]
        if len(fields) == 4 and name in known:
            password = fields[1] if fields[1] in ("*", "!", "!*") else "!"
            kept.append(":".join((name, password, "", known[name])))
    return _text(kept)


def shadow(found: str, accounts: str) -> str:
    """Return what the shadowed list of accounts (shadow(5)) is like before anybody sets a password: for those of `accounts` alone."""
    known = {line.partition(":")[0] for line in accounts.splitlines()}
    kept = []
    for line in found.splitlines():
        fields = line.split(":")
        if len(fields) == _SHADOW and fields[0] in known:
            unusable = fields[1].strip("!") in ("", "*") and fields[1] != ""
            kept.append(":".join((fields[0], fields[1] if unusable else "*", *fields[2:])))
    return _text(kept)


def numbers(found: str) -> dict[int, str]:
    """Return the names in a list of accounts or groups by their numbers; of several with one number, the first."""
    made: dict[int, str] = {}
    for line in found.splitlines():
        name, _, number, *_ = line.split(":")
        made.setdefault(int(number), name)
    return made


def services(passwd: str, master: str) -> frozenset[str]:
    """Return the names of the accounts in a list that the system did not begin with."""
    first = {line.partition(":")[0] for line in master.splitlines()}
    return frozenset(line.partition(":")[0] for line in passwd.splitlines()) - first


def _list(found: str, master: str, width: int, is_service: Callable[[list[str]], bool]) -> str:
    begun = {line.partition(":")[0]: line.split(":") for line in master.splitlines() if line}
    kept: list[str] = []
    seen: set[str] = set()
    for line in found.splitlines():
        fields = line.split(":")
        name = fields[0]
        if len(fields) != width or name in seen:
            continue
        if name in begun:
            password = fields[1] if fields[1] in _HIDDEN else begun[name][1]
            kept.append(":".join((name, password, *begun[name][2:])))
        elif _NAME.fullmatch(name) and fields[1] in _HIDDEN and is_service(fields):
            kept.append(line)
        else:
            continue
        seen.add(name)
    missing = (":".join(fields) for name, fields in begun.items() if name not in seen)
    return _text([*kept, *missing])


def _is_service(fields: list[str], mentioned: Mentioned) -> bool:
    name, _, uid, gid, _, _, shell = fields
    return (
        _is_own_number(uid) and (_is_own_number(gid) or gid == str(_NOBODY)) and shell in _NO_LOGIN and mentioned(name)
    )


def _is_service_group(fields: list[str], mentioned: Mentioned, members: frozenset[str]) -> bool:
    name, _, gid, there = fields
    return _is_own_number(gid) and mentioned(name) and members.issuperset(filter(None, there.split(",")))


def _is_own_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and int(text) in _SYSTEM


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
