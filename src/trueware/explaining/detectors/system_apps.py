"""Apps that came to an Android system or were taken out of it, with what they may do and what lies in them.

An app that is part of the system cannot be removed by the device's owner. What one that came may do is told by the same rules as
where the genuine app may do less; of its code only what hardly any app of a maker does. Apps that owners install are theirs.

Sources: source.android.com "Privileged permission allowlist"; developer.android.com, App manifest file.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import InputError
from trueware.explaining.contract import Altered, Case
from trueware.explaining.detectors.app_code import added_code
from trueware.explaining.detectors.app_manifest import added_permissions, added_roles
from trueware.explaining.portraits.dex import Portrait, portray
from trueware.explaining.reading.android_manifest import AppManifest, read_manifest
from trueware.explaining.reading.lines import excerpt
from trueware.model.finding import Evidence, Finding, Rule, Severity
from trueware.model.part import Part

ADDED = Rule(
    "system-app-added", "The system has an app that the genuine system has not",
    Severity.MEDIUM, effect="program-altered",
    help="Its owner cannot remove it, and it may have permissions that no app of a store gets. Install the maker's image anew.",
)  # fmt: skip
REMOVED = Rule(
    "system-app-removed", "An app of the genuine system was taken out",
    Severity.LOW, effect="component-removed", help="Owners and shops take out what they do not want; see what it was for.",
)  # fmt: skip

_MANIFEST, _CODE = "AndroidManifest.xml", re.compile(r"classes\d*\.dex")
_MOST_FILES = 32
"""Dalvik files of one app that are taken apart."""


class SystemApps:
    """Apps of a system."""

    subject: ClassVar[str] = "apps of a system"
    rules: ClassVar[tuple[Rule, ...]] = (ADDED, REMOVED)
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/)*[^/]+\.apk", re.DOTALL)

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        if altered.is_configuration or altered.is_moved:
            return
        if altered.is_removed:
            yield altered.finding(REMOVED, altered.name)
        elif altered.is_added and altered.change.found is not None and altered.change.found.format == "zip":
            yield from _added(altered, altered.change.found, case)


def _added(altered: Altered, package: Part, case: Case) -> Iterator[Finding]:
    part = next((child for child in package.children if child.name == _MANIFEST), None)
    content = case.source.read(part) if part is not None else None
    found = AppManifest() if content is None else read_manifest(content)
    privileged = "priv-app/" in altered.inner or found.shared_user.startswith("android.uid.")
    yield altered.finding(
        ADDED,
        f"{excerpt(found.package or altered.name)}{', with the rights of the system' if privileged else ''}",
        Evidence("package", None, excerpt(found.package or altered.name)),
        severity=Severity.HIGH if privileged else ADDED.severity,
    )
    yield from added_permissions(altered, frozenset(), found.permissions)
    yield from added_roles(altered, AppManifest(), found)
    yield from added_code(altered, _portraits(package, case))


def _portraits(package: Part, case: Case) -> Iterator[Portrait]:
    """Yield the portraits of an app's code; a file that is none is passed over, the app is told all the same."""
    files = [child for child in package.children if _CODE.fullmatch(child.name)]
    for each in files[:_MOST_FILES]:
        if (data := case.source.read(each)) is not None:
            try:
                yield portray(data)
            except InputError:
                continue
