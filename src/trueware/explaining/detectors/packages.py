"""Packages that came, went or have another version, by the device's own list of what is installed.

The list explains many changed files at once. It is the device's own word: whoever alters files may leave it as it is, or write
into it what he likes; so a file that a package is said to have is explained by nothing but that saying.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case, Detector
from trueware.explaining.naming import listing
from trueware.explaining.reading.package_lists import APK, CONTROL, STATUS, read_apk, read_paragraphs
from trueware.explaining.reading.package_lists import RECORD as RECORD_PATH
from trueware.explaining.reading.versions import compare_versions
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

ADDED = Rule(
    "package-added",
    "A package is listed as installed that the release does not have",
    Severity.LOW,
    Confidence.MEDIUM,
    help="By itself that is more software, and nothing worse. Look at what it starts and what it opens.",
    effect="rebuilt-by-another",
)
REMOVED = Rule(
    "package-removed",
    "A package of the release is not listed as installed any more",
    Severity.LOW,
    Confidence.MEDIUM,
    help="What it did is missing: look whether it protected something.",
    effect="component-removed",
)
UPGRADED = Rule(
    "package-upgraded",
    "A package has a later version than in the release",
    Severity.LOW,
    Confidence.MEDIUM,
    help="As an update from the same feed makes it. Whether these files are that package's, only its feed's signature tells.",
    effect="rebuilt-by-another",
)
DOWNGRADED = Rule(
    "package-downgraded",
    "A package has an earlier version than in the release",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="Weaknesses that were mended since are open again. Install the release, or the package's current version.",
    effect="downgraded",
)

RECORD = Rule(
    "package-record-changed",
    "What the package manager keeps of a package is other than in the release",
    Severity.INFO,
    help="It goes with a package that came, went or was built anew. It does nothing by itself.",
    effect="rebuilt-by-another",
)

_TOLD = 12


class Packages:
    """Lists of installed packages."""

    subject: ClassVar[str] = "installed packages"
    rules: ClassVar[tuple[Rule, ...]] = (ADDED, REMOVED, UPGRADED, DOWNGRADED, RECORD)
    wants: ClassVar[re.Pattern[str]] = re.compile(
        f"{STATUS.pattern}|{RECORD_PATH.pattern}|{APK.pattern}|(?:\\./)?(?:control|conffiles|md5sums|sha256sums|shlibs|symbols|triggers)"
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004
        if (record := RECORD_PATH.fullmatch(altered.inner)) is not None:
            yield altered.finding(RECORD, f"the {record[2]} of {record[1]} {_happened(altered)}")
            return
        if not any(each.fullmatch(altered.inner) for each in (STATUS, APK)):
            yield from _packed(altered)
            return
        before, after = altered.before(), altered.after()
        if (before is None and not altered.is_added) or (after is None and not altered.is_removed):
            return
        there, here = _read(altered, before or b""), _read(altered, after or b"")
        came = {name: version for name, version in here.items() if name not in there}
        gone = {name: version for name, version in there.items() if name not in here}
        if came:
            yield altered.finding(
                ADDED, _named(came), *(Evidence(name, None, version) for name, version in _first(came))
            )
        if gone:
            yield altered.finding(
                REMOVED, _named(gone), *(Evidence(name, version, None) for name, version in _first(gone))
            )
        yield from _versions(altered, there, here)


def _packed(altered: Altered) -> Iterator[Finding]:
    """Yield what a package itself says of itself."""
    record = CONTROL.fullmatch(altered.path)
    if record is None:
        return
    if record[1] != "control" or altered.is_added or altered.is_removed:
        yield altered.finding(RECORD, f"the {record[1]} of the package {_happened(altered)}")
        return
    before, after = altered.before(), altered.after()
    if before is not None and after is not None:
        there, here = dict(read_paragraphs(before)), dict(read_paragraphs(after))
        found = tuple(_versions(altered, there, here)) if there.keys() == here.keys() else ()
        yield from found or (altered.finding(RECORD, "the control of the package is another"),)


def _versions(altered: Altered, there: dict[str, str], here: dict[str, str]) -> Iterator[Finding]:
    later: dict[str, tuple[str, str]] = {}
    earlier: dict[str, tuple[str, str]] = {}
    for name in sorted(there.keys() & here.keys()):
        old, new = there[name], here[name]
        order = compare_versions(old, new)
        if order:
            (later if order < 0 else earlier)[name] = (old, new)
    for rule, changed in ((UPGRADED, later), (DOWNGRADED, earlier)):
        if changed:
            told = (Evidence(name, old, new) for name, (old, new) in list(changed.items())[:_TOLD])
            yield altered.finding(
                rule, listing(f"{name} {old} is {new}" for name, (old, new) in changed.items()), *told
            )


def _happened(altered: Altered) -> str:
    return "came with it" if altered.is_added else "went with it" if altered.is_removed else "is another"


def _read(altered: Altered, content: bytes) -> dict[str, str]:
    read = read_apk if APK.fullmatch(altered.inner) else read_paragraphs
    return dict(read(content))


def _named(packages: dict[str, str]) -> str:
    return listing(f"{name} {version}" for name, version in sorted(packages.items()))


def _first(packages: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(packages.items())[:_TOLD]


_: type[Detector] = Packages
