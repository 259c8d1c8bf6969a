"""Scripts that fetch or install something and are told not to check it, which the genuine ones do not or check.

Source: manuals of curl, wget, opkg, apk, apt-get, dpkg, rpm, yum, pacman, git; OpenWrt ``sysupgrade``, ``lib/upgrade/fwtool.sh``
(``REQUIRE_IMAGE_SIGNATURE``); kmod (``--force``).
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.runs import COULD_RUN, changed_runs, could_be_script, is_script
from trueware.explaining.reading.shell import script
from trueware.explaining.reading.sides import both_sides
from trueware.model.finding import Evidence, Finding, Rule, Severity

INSTALL = Rule(
    "installs-unchecked",
    "A script installs software and is told not to check who made it",
    Severity.HIGH,
    help="Whoever is on the way, or runs the server, can install any program.",
    effect="verification-disabled",
)
FETCH = Rule(
    "fetches-unchecked",
    "A script fetches something and is told not to check from whom",
    Severity.MEDIUM,
    help="Anybody on the way can answer in place of the server.",
    effect="verification-disabled",
)
REQUIRED = Rule(
    "update-signature-not-required",
    "Images for updates no longer need the signature that the genuine software requires",
    Severity.HIGH,
    help="An image by anybody is installed as if it were the maker's.",
    effect="verification-disabled",
)

_FLAGS: tuple[tuple[Rule, str, str], ...] = (
    (FETCH, r"curl", r"-[a-zA-Z]*k[a-zA-Z]*|--insecure|--proxy-insecure"),
    (FETCH, r"wget|uclient-fetch|aria2c", r"--no-check-certificate|--check-certificate=false"),
    (FETCH, r"git", r"http\.sslVerify=(?:false|0)"),
    (INSTALL, r"apk", r"--allow-untrusted"),
    (INSTALL, r"opkg", r"--force-signature|--no-check-certificate|--force-checksum|--nocheckcert"),
    (INSTALL, r"apt|apt-get|aptitude", r"--allow-unauthenticated|--allow-insecure-repositories|--force-yes"),
    (INSTALL, r"dpkg", r"--force-bad-verify|--force-all"),
    (INSTALL, r"rpm|yum|dnf|zypper", r"--nosignature|--nogpgcheck|--no-gpg-checks?|--nodigest|--allow-unsigned-rpm"),
    (INSTALL, r"sysupgrade", r"-[a-zA-Z]*F[a-zA-Z]*|--force"),
    (INSTALL, r"insmod|modprobe", r"-f|--force|--force-vermagic"),
    (INSTALL, r"rauc|mender|swupdate", r"--no-verify|--no-check-certificate|-K\s*none|--override-boot-slot"),
)
_LONGEST = 64
"""Characters of a flag."""

_REQUIRED = regex(r"REQUIRE_IMAGE_(?:SIGNATURE|METADATA)")


class UncheckedCommands:
    """Commands that are told not to check."""

    subject: ClassVar[str] = "commands that are told not to check"
    rules: ClassVar[tuple[Rule, ...]] = (INSTALL, FETCH, REQUIRED)
    wants: ClassVar[re.Pattern[str]] = COULD_RUN

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        gone, came = changed_runs(altered)
        before = {_flagged(run.name, run.arguments) for run in gone}
        for run in came:
            found = _flagged(run.name, run.arguments)
            if found is not None and found not in before:
                rule, _, flag = found
                evidence = Evidence(f"line {run.line}", None, excerpt(run.text))
                yield altered.finding(rule, f"{run.name} {flag}", evidence)
        yield from _required(altered)


def _flagged(name: str, arguments: tuple[str, ...]) -> tuple[Rule, str, str] | None:
    """Return the flag by which a command is told not to check, with its name and what that means."""
    for rule, programs, flags in _FLAGS:
        if re.fullmatch(programs, name):
            flag = next((word for word in arguments if len(word) <= _LONGEST and re.fullmatch(flags, word)), None)
            return (rule, name, flag) if flag is not None else None
    return None


def _required(altered: Altered) -> Iterator[Finding]:
    """Yield that OpenWrt's sysupgrade is told to need no signature or description of an image."""
    if (
        not altered.inner.startswith("lib/upgrade/")
        or not could_be_script(altered)
        or (sides := both_sides(altered)) is None
    ):
        return
    old, new = (
        {name: value for command in script(side) for name, value in command.assignments if _REQUIRED.fullmatch(name)}
        if is_script(altered, side)
        else {}
        for side in sides
    )
    for name, value in old.items():
        if value == "1" and sides.after and new.get(name) != "1":
            evidence = Evidence(name, f"{name}=1", f"{name}={new[name]}" if name in new else None)
            yield altered.finding(REQUIRED, f"{name} is not 1 any more", evidence)
