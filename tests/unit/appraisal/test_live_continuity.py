"""What a device runs now beside what it ran before."""

from dataclasses import replace

import pytest

from trueware.appraisal.live.continuity import against_before
from trueware.model.attested import Matched
from trueware.model.check import Aspect, Outcome
from trueware.model.release import Release
from trueware.model.verdict import Authority

BEFORE = Release("2" * 64, "Acme", "Router", "2.0", Authority.PUBLISHER, bytes(32), published=20)
OLDER = replace(BEFORE, id="1" * 64, version="1.0", published=10)
LATER = replace(BEFORE, id="3" * 64, version="3.0", published=30)
OTHER = replace(OLDER, id="4" * 64, product="Board")


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (None, [OLDER], []),
        (BEFORE, [], []),
        (BEFORE, [BEFORE], []),
        (BEFORE, [OTHER], []),
        (BEFORE, [LATER], [(Outcome.SUPPORTS, "it was updated from Router 2.0 of Acme to Router 3.0 of Acme")]),
        (
            BEFORE,
            [OTHER, OLDER],
            [(Outcome.CONTRADICTS, "it ran Router 2.0 of Acme, and runs Router 1.0 of Acme, which is older")],
        ),
    ],
)
def test_what_changed(before: Release | None, now: list[Release], expected: list[tuple[Outcome, str]]) -> None:
    found = against_before(before, [Matched(Aspect.BOOT, each, "PCR 4") for each in now])
    assert [(each.outcome, each.detail) for each in found] == expected
