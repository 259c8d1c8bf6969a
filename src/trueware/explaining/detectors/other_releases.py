"""Files that are those of another release of the same product: an old program put back, or a later one put in.

Only a registry can tell this: of every release it knows which contents it holds. An older part brings back its weaknesses without
a single byte that its maker did not make. Versions are compared as packages' are; where that says nothing, the day of publication
does.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case, Concluding
from trueware.explaining.reading.versions import compare_versions
from trueware.model.finding import Evidence, Finding, Rule, Severity
from trueware.model.release import Release

OLDER = Rule(
    "part-of-earlier-release",
    "A part is that of an earlier release of the same product",
    Severity.MEDIUM,
    help="Weaknesses that were mended since are open again. Install the whole of the current release.",
    effect="downgraded",
)
OTHER = Rule(
    "part-of-other-release",
    "A part is that of another release of the same product",
    Severity.LOW,
    help="The maker made it, for another version. Whether the two fit together, only the maker can tell.",
    effect="rebuilt-by-another",
)


class OtherReleases:
    """Looks at all changed contents together."""

    subject: ClassVar[str] = "parts of other releases of the same product"
    rules: ClassVar[tuple[Rule, ...]] = (OLDER, OTHER)
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (asked about all together)
        yield from ()

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:  # noqa: ARG004
        matched = case.release
        if matched is None:
            return
        for altered in case.altered:
            found = altered.change.found
            if found is None or found.sha256 is None or not found.size or altered.is_moved:
                continue
            holders = [each.release for each in case.siblings if found.sha256 in each.holds]
            if holders:
                yield _told(altered, matched, holders)


def _told(altered: Altered, matched: Release, holders: list[Release]) -> Finding:
    named = ", ".join(sorted({each.version or each.id[:12] for each in holders}))
    withdrawn = next((f", withdrawn: {each.withdrawn}" for each in holders if each.withdrawn), "")
    rule = OLDER if all(_is_earlier(each, matched) for each in holders) else OTHER
    detail = f"it is the one of {matched.product} {named}{withdrawn}"
    return altered.finding(rule, detail, Evidence("version", matched.version or None, named))


def _is_earlier(release: Release, than: Release) -> bool:
    order = compare_versions(release.version, than.version)
    return order < 0 or (order == 0 and release.published < than.published)


_: type[Concluding] = OtherReleases
