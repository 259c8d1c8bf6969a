"""Signatures of packages and updates that are no longer asked for: in the settings of the program that installs them.

=======  ==================================================================================================
opkg     ``option check_signature`` is gone from all its files, or 0
apt      ``trusted=yes`` of a source; ``AllowUnauthenticated``, ``AllowInsecureRepositories`` and the like
apk      ``allow-untrusted`` in its configuration
others   ``gpgcheck=0``, ``SigLevel = Never``, ``gpg-verify=false``, ``Verify=no``, …
=======  ==================================================================================================

Source: opkg ``libopkg/opkg_conf.c``; apt.conf(5), apt-secure(8); apk(8); and as in `trueware.explaining.reading.origins`.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.apt import apt_settings
from trueware.explaining.reading.lines import excerpt, meaningful_lines
from trueware.explaining.reading.origins import PATHS, Origin, origins_in
from trueware.explaining.reading.sides import both_sides, gathered
from trueware.model.finding import Evidence, Finding, Rule, Severity

OFF = Rule(
    "package-signatures-ignored",
    "Packages or updates are accepted without the signature that the genuine software asks for",
    Severity.HIGH,
    help="Whoever is on the way, or runs the server, can install any program.",
    effect="verification-disabled",
)
SOURCE = Rule(
    "update-source-unchecked",
    "What comes from a source of updates or packages is accepted unchecked",
    Severity.HIGH,
    help="Whoever is on the way, or runs that server, can install any program.",
    effect="verification-disabled",
)
SERVER = Rule(
    "update-server-unproven",
    "Servers of updates or packages no longer have to prove who they are",
    Severity.MEDIUM,
    help="Anybody on the way can pose as one. What is signed cannot be replaced so, but withheld.",
    effect="verification-disabled",
)

_OPKG = regex(r"etc/opkg\.conf|etc/opkg/[^/]+\.conf")
_APT = regex(r"etc/apt/apt\.conf|etc/apt/apt\.conf\.d/[^/]+")
_APK = regex(r"etc/apk/config")
_NO = frozenset({"0", "no", "false", "off", "without", "disable"})

_APT_OFF = {
    "apt::get::allowunauthenticated": (True, OFF),
    "apt::authentication::trustcdrom": (True, OFF),
    "acquire::allowinsecurerepositories": (True, OFF),
    "acquire::allowweakrepositories": (True, OFF),
    "acquire::allowdowngradetoinsecurerepositories": (True, OFF),
    "acquire::check-valid-until": (False, SERVER),
    "acquire::https::verify-peer": (False, SERVER),
    "acquire::https::verify-host": (False, SERVER),
}
"""Settings of apt, the value that switches a check off, and which."""


class PackageChecks:
    """Settings of programs that install packages."""

    subject: ClassVar[str] = "signatures of packages and updates"
    rules: ClassVar[tuple[Rule, ...]] = (OFF, SOURCE, SERVER)
    wants: ClassVar[re.Pattern[str]] = re.compile(f"{_APT.pattern}|{_APK.pattern}|{PATHS}")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        sides = both_sides(altered, PackageChecks.wants)
        if sides is None:
            return
        old, new = (_switches(altered.inner, side) for side in sides)
        for name, (words, rule) in new.items():
            if name not in old:
                yield altered.finding(rule, f"{words} was set", Evidence(name, None, excerpt(words)))
        if (
            _OPKG.fullmatch(altered.inner)
            and _asks(sides.before)
            and not _asks(sides.after)
            and not _asks_elsewhere(case)
        ):
            evidence = Evidence("check_signature", "option check_signature", "no such option, or 0")
            yield altered.finding(OFF, "opkg no longer looks at signatures", evidence)

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:  # noqa: ARG004 (asks nobody else)
        old, new = gathered(case.matching(PackageChecks.wants), PackageChecks.wants, _origins)
        known = {(origin.url.rstrip("/"), origin.unchecked) for origin, _ in old}
        checked = {origin.url.rstrip("/") for origin, _ in old if not origin.unchecked}
        for origin, altered in new:
            place = origin.url.rstrip("/")
            if origin.unchecked and (place, origin.unchecked) not in known:
                expected = "checked" if place in checked else None
                rule = SERVER if "ssl" in origin.unchecked and "gpg" not in origin.unchecked else SOURCE
                evidence = Evidence(excerpt(origin.label or place, 80), expected, excerpt(origin.unchecked))
                yield altered.finding(rule, excerpt(f"{origin.url} with {origin.unchecked}"), evidence)


def _origins(altered: Altered, data: bytes) -> tuple[Origin, ...]:
    return origins_in(altered.inner, data) if data else ()


def _switches(inner: str, data: bytes) -> dict[str, tuple[str, Rule]]:
    """Return the settings of a file that switch a check off, with how they are written."""
    found: dict[str, tuple[str, Rule]] = {}
    if _APT.fullmatch(inner):
        for name, value in apt_settings(data):
            if name in _APT_OFF:
                is_off_by, rule = _APT_OFF[name]
                if (value.casefold() not in _NO) is is_off_by:
                    found[name] = f"{name} {value}", rule
                else:
                    found.pop(name, None)
    elif _OPKG.fullmatch(inner):
        for words in _opkg_options(data):
            if words[0] in {"no_check_certificate", "force_signature"} and words[1:2] != ["0"]:
                found[words[0]] = " ".join(("option", *words)), SERVER if "certificate" in words[0] else OFF
    elif _APK.fullmatch(inner):
        for line in meaningful_lines(data):
            if line.text.lstrip("-").split("=")[0].strip() == "allow-untrusted" and not line.text.endswith("=no"):
                found["allow-untrusted"] = line.text, OFF
    return found


def _opkg_options(data: bytes) -> Iterator[list[str]]:
    for line in meaningful_lines(data, trailing=True):
        words = line.text.split()
        if words[0] == "option" and len(words) > 1:
            yield words[1:]


def _asks(data: bytes) -> bool:
    """Tell whether a file of opkg says that signatures are looked at."""
    return any(words[0] == "check_signature" and words[1:2] != ["0"] for words in _opkg_options(data))


def _asks_elsewhere(case: Case) -> bool:
    """Tell whether any file of opkg on the device still says so."""
    changed = {altered.inner: altered for altered in case.matching(_OPKG)}
    after = [altered.after() for altered in changed.values()]
    kept = [case.read(path) for path in case.files if _OPKG.fullmatch(path) and path not in changed]
    return any(_asks(data) for data in (*after, *kept) if data)
