"""What a device runs now beside what it ran before: the same, an update, or an earlier release."""

from collections.abc import Iterable, Iterator

from trueware.appraisal.live.checks import BOOT_ROLLBACK
from trueware.model.attested import Matched
from trueware.model.check import Check
from trueware.model.release import Release


def against_before(before: Release | None, matches: Iterable[Matched]) -> Iterator[Check]:
    """Yield what came of the release that a device ran when it was appraised last.

    A release is later than another of the same product if it entered the registry later; versions are words that each publisher
    orders in a way of their own.
    """
    if before is None:
        return
    for match in matches:
        release = match.release
        if (release.publisher, release.product) != (before.publisher, before.product) or release.id == before.id:
            continue
        if release.published < before.published:
            detail = f"it ran {before.title}, and runs {release.title}, which is older"
            yield BOOT_ROLLBACK.contradicts(detail, expected=before.title, found=release.title)
        else:
            yield BOOT_ROLLBACK.supports(f"it was updated from {before.title} to {release.title}", found=release.title)
