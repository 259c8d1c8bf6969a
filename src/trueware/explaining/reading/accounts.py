"""Files of accounts and groups: who there is, with what rights, and what they need to log in.

===============  =====================================================================================
passwd           name:password:uid:gid:comment:home:shell
master.passwd    name:password:uid:gid:class:change:expiry:comment:home:shell
shadow           name:password:last change:least:most:warning:inactive:expiry:reserved
group            name:password:gid:members
gshadow          name:password:administrators:members
===============  =====================================================================================

Lines that the C library would pass over are passed over here; of a name that is there twice, the first line counts.
Sources: passwd(5), shadow(5), group(5), gshadow(5), FreeBSD master.passwd(5); glibc ``nss/fgetpwent_r.c``.
"""

from dataclasses import dataclass
from enum import Enum

from trueware.explaining.patterns import regex
from trueware.explaining.reading.crypt_hashes import scheme_of
from trueware.explaining.reading.lines import Line, meaningful_lines

_NUMBER = regex(r"\s*\+?(\d{1,10})")
_NO_LOGIN = frozenset({"nologin", "false", "true", "sync", "halt", "shutdown", "git-shell", "rbash-none"})


class Password(Enum):
    """What somebody needs to log in."""

    NONE = "none is asked for"
    HASHED = "one is asked for"
    SHADOWED = "stands in the file shadow"
    LOCKED = "none is accepted"


@dataclass(frozen=True, slots=True)
class Account:
    """A line of passwd or master.passwd."""

    line: int
    name: str
    secret: str
    uid: int
    gid: int
    shell: str

    @property
    def password(self) -> Password:
        """What somebody needs to log in, as far as this line says."""
        return password_of(self.secret)

    @property
    def is_root(self) -> bool:
        """Whether it may do everything; numbers of 32 bits begin anew where they end."""
        return self.uid & 0xFFFFFFFF == 0

    @property
    def has_shell(self) -> bool:
        """Whether whoever logs in gets a command line; an empty shell means ``/bin/sh``."""
        return self.shell.rpartition("/")[2] not in _NO_LOGIN


@dataclass(frozen=True, slots=True)
class Secret:
    """A line of shadow."""

    line: int
    name: str
    secret: str


@dataclass(frozen=True, slots=True)
class Group:
    """A line of group or gshadow."""

    line: int
    name: str
    members: frozenset[str]


def password_of(secret: str) -> Password:
    """Tell what a password field means: nothing in it lets everybody in, and what is no hash nobody."""
    if not secret:
        return Password.NONE
    if secret in ("x", "##" + secret[2:]):
        return Password.SHADOWED
    return Password.LOCKED if scheme_of(secret) is None else Password.HASHED


def read_accounts(data: bytes) -> dict[str, Account]:
    """Return the accounts of passwd or master.passwd by name."""
    found: dict[str, Account] = {}
    for line, fields in _records(data, 7):
        uid, gid = _NUMBER.fullmatch(fields[2]), _NUMBER.fullmatch(fields[3])
        if uid and gid:
            shell = fields[9] if len(fields) >= 10 else fields[6]
            account = Account(line.number, fields[0], fields[1], int(uid[1]), int(gid[1]), shell)
            found.setdefault(account.name, account)
    return found


def read_shadow(data: bytes) -> dict[str, Secret]:
    """Return the lines of shadow by name."""
    found: dict[str, Secret] = {}
    for line, fields in _records(data, 2):
        found.setdefault(fields[0], Secret(line.number, fields[0], fields[1]))
    return found


def read_groups(data: bytes) -> dict[str, Group]:
    """Return the groups of group or gshadow by name."""
    found: dict[str, Group] = {}
    for line, fields in _records(data, 4):
        members = frozenset(filter(None, map(str.strip, fields[3].split(","))))
        found.setdefault(fields[0], Group(line.number, fields[0], members))
    return found


def _records(data: bytes, least: int) -> "list[tuple[Line, list[str]]]":
    records = ((line, line.text.split(":")) for line in meaningful_lines(data))
    return [(line, fields) for line, fields in records if len(fields) >= least and fields[0] not in ("", "+", "-")]
