"""SSH: whom its settings let in, and with which keys.

====================  =======================================================================================
sshd_config(.d)       root by password, no password at all, keys looked for elsewhere, authorities of certificates
etc/config/dropbear   OpenWrt: switched on, where it listens, whether a password will do
etc/default/dropbear  Debian: switched on, further options
authorized_keys       keys that were added
====================  =======================================================================================

A setting that is not there counts as the server's default. What an owner does through a page of settings weighs little; a key
that came with the software weighs much. Source of defaults: sshd_config(5); OpenWrt package/network/services/dropbear.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.shell import script
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.ssh import ANYBODY, LoginKey, Setting, read_login_keys, read_sshd
from trueware.explaining.reading.uci import Pairing, differences
from trueware.model.finding import Evidence, Finding, Rule, Severity

KEY = Rule(
    "ssh-key-added",
    "Whoever holds a certain key logs in over SSH",
    Severity.HIGH,
    help="The genuine software does not have this key. It works whatever the password is; remove it if it is not yours.",
    effect="remote-access",
)
EMPTY = Rule(
    "ssh-empty-password",
    "SSH lets in accounts that have no password",
    Severity.HIGH,
    help="Where such an account exists, whoever reaches the port is in.",
    effect="remote-access",
)
ROOT = Rule(
    "ssh-root-password",
    "Root may log in over SSH with a password",
    Severity.MEDIUM,
    help="Passwords can be guessed, and root's opens everything. The genuine software wants a key, or refuses root.",
    effect="remote-access",
)
PASSWORD = Rule(
    "ssh-password-accepted",
    "A password is enough to log in over SSH",
    Severity.LOW,
    help="The genuine software wants a key.",
    effect="remote-access",
)
ELSEWHERE = Rule(
    "ssh-keys-elsewhere",
    "SSH asks another file or program which keys may log in",
    Severity.HIGH,
    help="A key there works although no user's own list of keys has it.",
    effect="remote-access",
)
AUTHORITY = Rule(
    "ssh-authority-added",
    "Whoever holds a certain key can issue keys that log in over SSH",
    Severity.HIGH,
    help="The genuine software does not accept certificates of this authority.",
    effect="remote-access",
)
ENABLED = Rule(
    "ssh-enabled",
    "SSH is switched on, or listens where it did not",
    Severity.LOW,
    help="Owners may do that themselves. Reachable from the internet, its passwords are tried within minutes.",
    effect="remote-access",
)

_KEYS = regex(
    r"(?:.*/)?(?:\.ssh/authorized_keys2?|etc/dropbear/authorized_keys|etc/ssh/authorized_keys(?:\.d)?(?:/[^/]+)?)"
)
_SSHD = regex(r"(?:.*/)?(?:etc|ssh|config)/(?:ssh/)?sshd_config(?:\.d/[^/]+\.conf)?")
_UCI = regex(r"(?:.*/)?etc/config/dropbear")
_DEFAULT = regex(r"(?:.*/)?etc/(?:default|conf\.d|sysconfig)/dropbear")


class SshSettings:
    """Whom SSH lets in."""

    subject: ClassVar[str] = "SSH: settings and keys"
    rules: ClassVar[tuple[Rule, ...]] = (KEY, EMPTY, ROOT, PASSWORD, ELSEWHERE, AUTHORITY, ENABLED)
    wants: ClassVar[re.Pattern[str]] = re.compile("|".join(each.pattern for each in (_KEYS, _SSHD, _UCI, _DEFAULT)))

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        sides = both_sides(altered, SshSettings.wants)
        if sides is None or altered.is_removed:
            return
        if _KEYS.fullmatch(altered.inner):
            yield from _keys(altered, *sides)
        elif _UCI.fullmatch(altered.inner):
            for pairing in differences(*sides):
                yield from _of_openwrt(altered, pairing)
        elif _DEFAULT.fullmatch(altered.inner):
            yield from _of_debian(altered, *sides)
        else:
            yield from _sshd(altered, *sides)


def _keys(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    old = {key.same for key in read_login_keys(before)}
    for key in read_login_keys(after):
        if key.same not in old:
            severity = Severity.MEDIUM if altered.is_configuration else None
            evidence = Evidence(f"line {key.line}", None, excerpt(_told(key)))
            limits = f", limited to {excerpt(key.options, 80)}" if key.options else ""
            yield altered.finding(KEY, f"{excerpt(_told(key), 100)}{limits}", evidence, severity=severity)


def _told(key: LoginKey) -> str:
    return f"{key.type} {key.fingerprint} {key.comment}".rstrip()


_DEFAULTS = {
    "permitrootlogin": "prohibit-password",
    "passwordauthentication": "yes",
    "permitemptypasswords": "no",
    "authorizedkeysfile": ".ssh/authorized_keys .ssh/authorized_keys2",
    "authorizedkeyscommand": "none",
    "trustedusercakeys": "none",
}


def _sshd(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    old, new = read_sshd(before), read_sshd(after)
    for (block, keyword), setting in new.items():
        if keyword not in _DEFAULTS:
            continue
        default = old.get((ANYBODY, keyword), Setting(0, _DEFAULTS[keyword]))
        was = old.get((block, keyword), default).value
        if (rule := _loosened(keyword, was, setting.value)) is not None:
            evidence = Evidence(f"line {setting.line}, {keyword}", excerpt(was), excerpt(setting.value))
            only = f" (only {excerpt(block, 60)})" if block else ""
            yield altered.finding(rule, f"{keyword} {excerpt(setting.value, 80)}{only}", evidence)
    for (block, keyword), was_set in old.items():
        stands = _DEFAULTS.get(keyword, "")
        if block == ANYBODY and (block, keyword) not in new and (rule := _loosened(keyword, was_set.value, stands)):
            evidence = Evidence(keyword, excerpt(was_set.value), f"{stands}, the default")
            yield altered.finding(rule, f"{keyword} is not set any more", evidence)


def _loosened(keyword: str, was: str, now: str) -> Rule | None:
    """Return what it means that a setting went from one value to another; None where nobody more gets in."""
    old, new = was.lower(), now.lower()
    if old == new:
        return None
    match keyword:
        case "permitrootlogin" if new == "yes":
            return ROOT
        case "permitemptypasswords" if new == "yes":
            return EMPTY
        case "passwordauthentication" if new == "yes":
            return PASSWORD
        case "authorizedkeysfile" if not set(now.split()) <= {*was.split(), "none"}:
            usual = {".ssh/authorized_keys", ".ssh/authorized_keys2", "%h/.ssh/authorized_keys"}
            return ELSEWHERE if not set(now.split()) <= usual else None
        case "authorizedkeyscommand" if new != "none":
            return ELSEWHERE
        case "trustedusercakeys" if new != "none":
            return AUTHORITY
    return None


def _of_openwrt(altered: Altered, pairing: Pairing) -> Iterator[Finding]:
    before, after = pairing.before, pairing.after
    if after is None or after.type != "dropbear" or not after.is_on("enable", default=True):
        return
    line = f"line {after.line}"
    was_on = before is not None and before.is_on("enable", default=True)
    place = f"port {after.get('Port') or '22'}, {after.get('Interface') or 'all interfaces'}"
    was_at = f"port {before.get('Port') or '22'}, {before.get('Interface') or 'all interfaces'}" if before else None
    if not was_on or place != was_at:
        evidence = Evidence(line, was_at if was_on else "off", excerpt(place))
        touches = [f"port:{after.get('Port') or '22'}"]
        yield altered.finding(ENABLED, excerpt(place, 100), evidence, touches=touches)
    for option, rule in (("PasswordAuth", PASSWORD), ("RootPasswordAuth", ROOT)):
        was = before is None or before.is_on(option, default=True)
        if before is not None and not was and after.is_on(option, default=True):
            severity = Severity.LOW if altered.is_configuration else None
            yield altered.finding(rule, option, Evidence(f"{line}, {option}", "off", "on"), severity=severity)


def _of_debian(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    """Read assignments of a shell, since that is what reads the file."""
    old, new = (
        {name: (value, command.line) for command in script(side) for name, value in command.assignments}
        for side in (before, after)
    )
    value, line = new.get("NO_START", ("0", 1))
    if before and old.get("NO_START", ("0", 1))[0] == "1" != value:
        yield altered.finding(ENABLED, "NO_START", Evidence(f"line {line}, NO_START", "1", excerpt(value)))
    for name, (arguments, line) in new.items():
        was = old.get(name, ("", 0))[0]
        if "-B" in arguments.split() and "-B" not in was.split():
            evidence = Evidence(f"line {line}, {name}", excerpt(was) or None, excerpt(arguments))
            yield altered.finding(EMPTY, f"{excerpt(name, 40)}={excerpt(arguments, 80)}", evidence)
