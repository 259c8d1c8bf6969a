"""Accounts: who was added, who became root, and what they need to log in.

=================  ==========================================================================================
passwd             accounts added, removed, become root, given a shell; on FreeBSD ``master.passwd``
shadow             passwords removed, set, replaced, and those that everybody tries first
group, gshadow     who came into a group that is as good as root
=================  ==========================================================================================

A password is looked for in passwd, and in the shadow beside it where passwd says so. Hashes are tried against the passwords
that devices were sold with, a few hundred cheap tries or some forty costly ones for each file. Order, ageing, comments and homes
say nothing. On a device whose policy lets passwords be changed, an owner's new password is no alarm.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar, NamedTuple

from trueware.explaining.contract import Altered, Case
from trueware.explaining.known.default_passwords import DEFAULT_PASSWORDS, LIKELIEST
from trueware.explaining.reading.accounts import (
    Account,
    Password,
    password_of,
    read_accounts,
    read_groups,
    read_shadow,
)
from trueware.explaining.reading.crypt_hashes import fits, scheme_of
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.sides import both_sides
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

ROOT_ADDED = Rule(
    "account-root-added",
    "An account was added that may do everything",
    Severity.HIGH,
    help="Its user number is 0, as that of root. Whoever knows its password, where it needs one, owns the device.",
    effect="privileged-account",
)
ROOT_BECOME = Rule(
    "account-became-root",
    "An account that could do little may do everything",
    Severity.HIGH,
    help="Its user number is 0 now. The rights of root come with the number, whatever the name.",
    effect="privileged-account",
)
LOGIN_ADDED = Rule(
    "account-login-added",
    "An account was added with which somebody can log in",
    Severity.MEDIUM,
    help="It has a shell, and a password or none. Ask the maker whether that release has it.",
    effect="local-access",
)
SERVICE_ADDED = Rule(
    "account-service-added",
    "An account was added with which nobody can log in",
    Severity.LOW,
    help="Programs run under such accounts: it comes with a program that was added.",
    effect="configuration-altered",
)
REMOVED = Rule(
    "account-removed",
    "An account of the genuine software is gone",
    Severity.LOW,
    help="A program that runs under it runs as somebody else now, or no more.",
    effect="configuration-altered",
)
SHELL_GIVEN = Rule(
    "account-shell-given",
    "An account that nobody could log in with has a shell",
    Severity.MEDIUM,
    help="Accounts of services have no shell, so that their passwords are worth nothing.",
    effect="local-access",
)
EMPTY = Rule(
    "password-none",
    "An account needs no password",
    Severity.HIGH,
    help="Whoever reaches a login prompt is in. The genuine software asks for a password, or has no such account.",
    effect="default-credential",
)
KNOWN = Rule(
    "password-known",
    "The password of an account is one that everybody tries first",
    Severity.HIGH,
    help="Worms log in with it within minutes of meeting the device.",
    effect="default-credential",
)
UNLOCKED = Rule(
    "password-unlocked",
    "An account that nobody could log in with has a password",
    Severity.MEDIUM,
    help="Whoever made this software knows it. An owner may have set it too, where the device lets its owner.",
    effect="privileged-account",
)
REPLACED = Rule(
    "password-replaced",
    "The password of an account is another one",
    Severity.MEDIUM,
    help="Whoever made this software knows it, and the maker does not. An owner may have set it too.",
    effect="privileged-account",
)
SET = Rule(
    "password-set",
    "An account that needed no password has one",
    Severity.INFO,
    help="As when an owner sets the first password.",
    effect="configuration-altered",
)
MEMBER = Rule(
    "group-member-added",
    "Somebody came into a group that is as good as root",
    Severity.HIGH,
    help="Members of this group can become root, or read and write everything.",
    effect="privileged-account",
)

_PRIVILEGED = {
    "root": "files of root",
    "wheel": "su and sudo",
    "sudo": "sudo",
    "admin": "sudo",
    "docker": "containers that see the whole disk",
    "lxd": "containers that see the whole disk",
    "disk": "the raw disk",
    "shadow": "the password hashes",
    "kmem": "the kernel's memory",
}
_COST = {True: 1, False: 10}
_FILES = 16
"""Changed files of accounts whose hashes are tried; no device has more."""

_BUDGET = 400
"""What the tries of one file may cost, in thousandths of a second, about."""


class _Login(NamedTuple):
    """What one side says of an account's password."""

    password: Password
    secret: str
    line: int


class Accounts:
    """Accounts, their rights and their passwords."""

    subject: ClassVar[str] = "accounts and passwords"
    rules: ClassVar[tuple[Rule, ...]] = (
        ROOT_ADDED,
        ROOT_BECOME,
        LOGIN_ADDED,
        SERVICE_ADDED,
        REMOVED,
        SHELL_GIVEN,
        EMPTY,
        KNOWN,
        UNLOCKED,
        REPLACED,
        SET,
        MEMBER,
    )
    wants: ClassVar[re.Pattern[str]] = re.compile(
        r"(?:.*/)?(?:etc[\w.]*|var|config)/(?:passwd|master\.passwd|shadow|group|gshadow)"
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        sides = both_sides(altered, Accounts.wants)
        if sides is None or altered.is_removed:
            return
        if altered.name in ("group", "gshadow"):
            yield from _members(altered, *sides)
        elif altered.name == "shadow":
            yield from _secrets(altered, case, *sides)
        else:
            yield from _accounts(altered, case, *sides)


def _accounts(altered: Altered, case: Case, before: bytes, after: bytes) -> Iterator[Finding]:
    old, new = read_accounts(before), read_accounts(after)
    old_roots = {account.name for account in old.values() if account.is_root}
    tries = _Tries.of(altered, case)
    for name, account in new.items():
        was = old.get(name)
        if was is None and (old or name != "root"):
            yield _added(altered, case, account)
        if was is not None and account.is_root and name not in old_roots:
            evidence = Evidence(f"line {account.line}, user number", str(was.uid), str(account.uid))
            yield altered.finding(ROOT_BECOME, f"{excerpt(name, 60)} is root by another name", evidence)
        if was is not None and account.has_shell and not was.has_shell:
            evidence = Evidence(f"line {account.line}, shell", excerpt(was.shell), excerpt(account.shell or "/bin/sh"))
            yield altered.finding(SHELL_GIVEN, f"{excerpt(name, 60)} gets a command line", evidence)
        before_login = None if was is None else _Login(was.password, was.secret, was.line)
        login = _Login(account.password, account.secret, account.line)
        yield from _password(altered, name, before_login, login, tries)
    for name, was in old.items():
        if name not in new:
            yield altered.finding(REMOVED, excerpt(name, 60), Evidence(f"line {was.line}", _told(was), None))


def _added(altered: Altered, case: Case, account: Account) -> Finding:
    evidence = Evidence(f"line {account.line}", None, _told(account))
    password = account.password
    if password is Password.SHADOWED and (shadow := case.read(_beside(altered, "shadow"))) is not None:
        line = read_shadow(shadow).get(account.name)
        password = Password.LOCKED if line is None else password_of(line.secret)
    name = excerpt(account.name, 60)
    enters = f"{name}: {_NEEDS[password]}"
    if account.is_root:
        return altered.finding(ROOT_ADDED, f"{enters}; its user number is 0", evidence)
    if account.has_shell and password is not Password.LOCKED:
        sure = Confidence.LOW if password is Password.SHADOWED else None
        return altered.finding(LOGIN_ADDED, f"{enters}; its user number is {account.uid}", evidence, confidence=sure)
    return altered.finding(SERVICE_ADDED, f"{name}, user number {account.uid}", evidence)


def _beside(altered: Altered, name: str) -> str:
    return f"{altered.inner.rpartition('/')[0]}/{name}"


_NEEDS = {
    Password.NONE: "no password is asked for",
    Password.HASHED: "a password is asked for",
    Password.SHADOWED: "its password stands elsewhere",
    Password.LOCKED: "no password is accepted",
}


def _told(account: Account) -> str:
    """Return an account without its hash."""
    return excerpt(f"{account.name}:…:{account.uid}:{account.gid}:…:{account.shell}")


def _secrets(altered: Altered, case: Case, before: bytes, after: bytes) -> Iterator[Finding]:
    old, new = read_shadow(before), read_shadow(after)
    accounts = read_accounts(case.read(_beside(altered, "passwd")) or b"")
    tries = _Tries.of(altered, case)
    for name, line in new.items():
        was = old.get(name)
        before_login = None if was is None else _Login(password_of(was.secret), was.secret, was.line)
        login = _Login(password_of(line.secret), line.secret, line.line)
        if name not in accounts or accounts[name].has_shell:
            yield from _password(altered, name, before_login, login, tries)


def _password(altered: Altered, name: str, was: _Login | None, now: _Login, tries: "_Tries") -> Iterator[Finding]:
    """Yield what became of a password; of an account that is new, only what is wrong with it."""
    if was is not None and was.secret == now.secret:
        return
    shown = excerpt(name, 60)
    where = f"line {now.line}, password of {shown}"
    expected = None if was is None else _shown(was)
    touches = [f"file:{altered.inner}"]
    if now.password is Password.NONE:
        evidence = Evidence(where, expected, "nothing")
        yield altered.finding(EMPTY, f"{shown} logs in without one", evidence, touches=touches)
    if now.password is not Password.HASHED:
        return
    evidence = Evidence(where, expected, _shown(now))
    if (fitting := tries.fitting(name, now.secret)) is not None:
        detail = f"the password of {shown} is {fitting!r}" if fitting else f"{shown} logs in with an empty password"
        yield altered.finding(KNOWN, detail, evidence, touches=touches)
    elif was is None:
        return
    elif was.password is Password.NONE:
        yield altered.finding(SET, shown, evidence, touches=touches)
    else:
        rule = UNLOCKED if was.password is Password.LOCKED else REPLACED
        severity = Severity.INFO if altered.is_configuration else None
        confidence = Confidence.LOW if altered.is_configuration else None
        yield altered.finding(rule, shown, evidence, touches=touches, severity=severity, confidence=confidence)


def _shown(login: _Login) -> str:
    """Return what stands there, of a hash only as much as tells it from another."""
    if login.password is Password.HASHED:
        scheme = scheme_of(login.secret)
        return f"{login.secret[:8]}… ({scheme.value if scheme is not None else 'hash'})"
    return excerpt(login.secret, 40) or "nothing"


class _Tries:
    """Tries the hashes of one file, as long as the budget lasts."""

    def __init__(self, budget: int) -> None:
        self._left = budget

    @classmethod
    def of(cls, altered: Altered, case: Case) -> "_Tries":
        """Return what may be tried for one change: nothing where there are many."""
        return cls(_BUDGET if altered in islice(case.matching(Accounts.wants), _FILES) else 0)

    def fitting(self, name: str, secret: str) -> str | None:
        """Return the password that has this hash, if it is one that everybody tries first, the name itself, or empty."""
        scheme = scheme_of(secret)
        if scheme is None:
            return None
        likely = DEFAULT_PASSWORDS if scheme.is_cheap else DEFAULT_PASSWORDS[:LIKELIEST]
        for password in dict.fromkeys((name[:64], "", *likely)):
            self._left -= _COST[scheme.is_cheap]
            if self._left < 0:
                return None
            if fits(secret, password):
                return password
        return None


def _members(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    old, new = read_groups(before), read_groups(after)
    for name, group in new.items():
        was = old[name].members if name in old else frozenset()
        for member in sorted(group.members - was - {"root"}):
            if name in _PRIVILEGED and old:
                evidence = Evidence(
                    f"line {group.line}",
                    excerpt(",".join(sorted(was))) or None,
                    excerpt(",".join(sorted(group.members))),
                )
                detail = f"{excerpt(member, 60)} is in {name}, which reaches {_PRIVILEGED[name]}"
                yield altered.finding(MEMBER, detail, evidence)
