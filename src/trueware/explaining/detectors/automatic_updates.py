"""Updaters that run by themselves: whether they still do, on which branch, and how many signatures they ask for.

=================  ===========================================================================================================
Gluon              ``enabled``, ``branch`` of ``autoupdater``; ``good_signatures`` and ``pubkey`` of each branch
apt                ``APT::Periodic::Update-Package-Lists``, ``…::Unattended-Upgrade``
dnf                ``apply_updates``, ``download_updates`` of dnf-automatic
Android            properties that switch the updater off
programs           what installs updates and is gone (``sysupgrade``, ``swupdate``, ``rauc``, ``mender``, ``opkg`` …)
units, links       timers, services and links by which an updater runs, gone, emptied or masked (systemctl(1), mask)
=================  ===========================================================================================================

Where updates come from is another subject (`update_sources`). Source: Gluon ``package/autoupdater``, Debian's apt.systemd.daily,
dnf-automatic(8).
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.apt import apt_settings
from trueware.explaining.reading.ini import sections
from trueware.explaining.reading.lines import excerpt, meaningful_lines
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.uci import Pairing, differences
from trueware.model.finding import Evidence, Finding, Rule, Severity
from trueware.model.part import Kind

OFF = Rule(
    "automatic-updates-off",
    "The device no longer updates itself",
    Severity.MEDIUM,
    help="Fixes for known weaknesses do not arrive any more. Owners switch that off on purpose too.",
    effect="update-blocked",
)
FEWER = Rule(
    "update-signatures-fewer",
    "Updates need fewer signatures than in the genuine software",
    Severity.HIGH,
    help="Fewer people, or one who stole a key, can decide what the device installs.",
    effect="verification-disabled",
)
KEY = Rule(
    "updater-key-added",
    "The updater accepts what somebody signs whom the genuine software does not name",
    Severity.HIGH,
    help="Together with as many others as it asks for, the holder of that key decides what the device installs.",
    effect="trust-anchor-added",
)
BRANCH = Rule(
    "update-branch-changed",
    "The device follows another line of updates",
    Severity.LOW,
    help="Owners choose test versions on purpose. Another line may be signed by other people.",
    effect="configuration-altered",
)

GONE = Rule(
    "updater-gone",
    "What installs updates is missing, or no longer runs by itself",
    Severity.MEDIUM,
    help="Fixes for known weaknesses do not arrive any more.",
    effect="update-blocked",
)

_PROGRAM = regex(
    r"(?:.*/)?(?:usr/)?s?bin/(?P<name>sysupgrade|fw_?upgrade|swupdate|rauc|mender(?:-update)?|fwupdmgr|autoupdater|opkg|ipkg"
    r"|apt-get|unattended-upgrade|update_engine)"
)
_FOLDERS = ("bin", "sbin", "usr/bin", "usr/sbin", "system/bin")
_RUNS = (
    r"(?:(?:apt-daily(?:-upgrade)?|fwupd-refresh|dnf-automatic(?:-\w+)?|dnf-makecache|packagekit-offline-update)\.(?:timer|service)"
    r"|(?:unattended-upgrades|swupdate|rauc|mender-(?:client|updated)|[\w-]*auto-?update\w*)(?:\.(?:timer|service))?)"
)
_STARTS = regex(
    rf"(?:(?:usr/)?lib|etc)/systemd/system/(?:[^/]+\.wants/)?{_RUNS}|etc/(?:rc\.d/)?rc[S0-9]?\.d/S\d+{_RUNS}|etc/init\.d/{_RUNS}"
    rf"|etc/cron\.(?:hourly|daily|weekly)/(?:apt-compat|apt|{_RUNS})"
)
"""What makes an updater run: units, and links to services (systemd.unit(5), Debian apt and unattended-upgrades)."""

_GLUON = "etc/config/autoupdater"
_APT = regex(r"etc/apt/apt\.conf\.d/[^/]+|etc/apt/apt\.conf")
_DNF = regex(r"etc/dnf/automatic\.conf")
_PROPERTIES = regex(r"(?:.*/)?(?:[^/]*\.prop|prop\.default)")
_SWITCHES = regex(
    r"(?P<off>\w+(?:\.\w+)*[._](?:disable_?(?:ota|update)\w*|(?:ota|update)\w*[._]disabled?))|(?P<on>\w+(?:\.\w+)*[._](?:ota|update)\w*[._]enabled?)"
)
_LONGEST = 128
_NO = frozenset({"0", "no", "false", "off"})


class AutomaticUpdates:
    """Updaters that run by themselves."""

    subject: ClassVar[str] = "automatic updates"
    rules: ClassVar[tuple[Rule, ...]] = (OFF, FEWER, KEY, BRANCH, GONE)
    wants: ClassVar[re.Pattern[str]] = re.compile(
        f"{_GLUON}|{_APT.pattern}|{_DNF.pattern}|{_PROPERTIES.pattern}|{_PROGRAM.pattern}|{_STARTS.pattern}"
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        if (program := _PROGRAM.fullmatch(altered.inner)) or _STARTS.fullmatch(altered.inner):
            if how := _gone(altered, program and program["name"], case):
                severity = Severity.LOW if altered.is_configuration else None
                yield altered.finding(GONE, f"{altered.name} {how}", severity=severity)
            return
        sides = both_sides(altered)
        if sides is None:
            return
        if altered.inner == _GLUON:
            for pair in differences(*sides):
                yield from _gluon(altered, pair)
            return
        old, new = (_switched_off(altered.inner, side) for side in sides)
        for name, words in new.items():
            if name not in old:
                yield altered.finding(
                    OFF, excerpt(f"{words} was set"), Evidence(excerpt(name, 80), None, excerpt(words))
                )


def _gone(altered: Altered, program: str | None, case: Case) -> str:
    """Return in words how a program is gone, or what makes one run is; empty where it is still there."""
    expected, found = altered.change.expected, altered.change.found
    if found is None:
        elsewhere = program is not None and any(f"{folder}/{program}" in case.files for folder in _FOLDERS)
        return "" if elsewhere or altered.is_moved else "is missing"
    if found.link == "/dev/null":
        return "is masked"
    is_emptied = expected is not None and expected.size > 0 and found.kind is Kind.FILE and not found.size
    return "is empty" if is_emptied else ""


def _gluon(altered: Altered, pair: Pairing) -> Iterator[Finding]:
    before, after = pair.before, pair.after
    if before is None or after is None:
        return
    if pair.type == "autoupdater":
        if before.is_on("enabled", default=False) and not after.is_on("enabled", default=False):
            severity = Severity.INFO if altered.is_configuration else None
            evidence = Evidence("enabled", before.get("enabled"), after.get("enabled") or None)
            yield altered.finding(OFF, "the updater was switched off", evidence, severity=severity)
        if branch := pair.changed("branch"):
            yield altered.finding(
                BRANCH, f"it follows {branch[1] or 'none'}", Evidence("branch", branch[0] or None, branch[1] or None)
            )
    elif pair.type == "branch":
        if (needed := pair.changed("good_signatures")) and _number(needed[1]) < _number(needed[0]):
            evidence = Evidence(f"good_signatures of {after.label}", needed[0], needed[1] or None)
            yield altered.finding(FEWER, f"{needed[1] or 'none'} in place of {needed[0]}", evidence)
        known = set(before.words("pubkey"))
        for key in after.words("pubkey"):
            if key not in known:
                yield altered.finding(
                    KEY,
                    excerpt(f"{key} may sign"),
                    Evidence(f"pubkey of {after.label}", None, excerpt(f"ecdsautils:{key}")),
                )


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else 0


def _switched_off(inner: str, data: bytes) -> dict[str, str]:
    """Return the settings by which an updater does not run, with how they are written."""
    found: dict[str, str] = {}
    if _APT.fullmatch(inner):
        for name, value in apt_settings(data):
            if name in {
                "apt::periodic::update-package-lists",
                "apt::periodic::unattended-upgrade",
                "apt::periodic::enable",
            }:
                found.pop(name, None)
                if value.casefold() in _NO:
                    found[name] = f"{name} {value}"
    elif _DNF.fullmatch(inner):
        for section in sections(data):
            for key in ("apply_updates", "download_updates"):
                if section.get(key).casefold() in _NO:
                    found[key] = f"{key} = {section.get(key)}"
    else:
        for line in meaningful_lines(data):
            key, _, value = line.text.partition("=")
            switch = _SWITCHES.fullmatch(key.strip()) if len(key) <= _LONGEST else None
            is_no = value.strip().casefold() in _NO
            if switch is not None and is_no is (switch["on"] is not None) and value.strip():
                found[key.strip()] = line.text
    return found
