"""What two quotes tell of the time between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.attestation.tpm.attest import Clock
from trueware.attestation.tpm.clock import Course, check_clock, compare
from trueware.model.check import Distrust, Outcome

BEFORE = Clock(1000, 5, 2, safe=True)


@pytest.mark.parametrize(
    ("after", "course", "outcome"),
    [
        (BEFORE, Course.SAME_BOOT, Outcome.SUPPORTS),
        (Clock(2000, 5, 2, safe=True), Course.SAME_BOOT, Outcome.SUPPORTS),
        (Clock(2000, 5, 3, safe=True), Course.RESUMED, Outcome.SUPPORTS),
        (Clock(2000, 6, 0, safe=True), Course.REBOOTED, Outcome.SUPPORTS),
        (Clock(900, 6, 0, safe=False), Course.REBOOTED, Outcome.SUPPORTS),
        (Clock(900, 6, 0, safe=True), Course.WENT_BACKWARDS, Outcome.CONTRADICTS),
        (Clock(999, 5, 2, safe=True), Course.WENT_BACKWARDS, Outcome.CONTRADICTS),
        (Clock(999, 5, 2, safe=False), Course.WENT_BACKWARDS, Outcome.CONTRADICTS),
        (Clock(2000, 5, 1, safe=True), Course.WENT_BACKWARDS, Outcome.CONTRADICTS),
        (Clock(2000, 4, 2, safe=True), Course.CLEARED, Outcome.CONTRADICTS),
        (Clock(0, 0, 0, safe=True), Course.CLEARED, Outcome.CONTRADICTS),
    ],
)
def test_courses(after: Clock, course: Course, outcome: Outcome) -> None:
    assert compare(BEFORE, after) is course
    check = check_clock(BEFORE, after)
    assert check.outcome is outcome
    assert (check.distrust is Distrust.TIME) == (outcome is Outcome.CONTRADICTS)


def test_the_first_quote_has_nothing_to_be_compared_with() -> None:
    assert check_clock(None, BEFORE).outcome is Outcome.NOT_SHOWN


def test_boots_are_counted() -> None:
    assert check_clock(BEFORE, Clock(2000, 6, 0, safe=True)).detail == "booted 1 time since, so logs begin anew"
    assert check_clock(BEFORE, Clock(2000, 8, 0, safe=True)).detail == "booted 3 times since, so logs begin anew"


@given(st.integers(0, 2**32 - 1), st.integers(0, 1000))
def test_an_obfuscated_counter_may_wrap(added: int, boots: int) -> None:
    before, after = Clock(1, added, 0, safe=True), Clock(2, (added + boots) % 2**32, 0, safe=True)
    assert compare(before, after) is (Course.REBOOTED if boots else Course.SAME_BOOT)
    assert compare(after, before) is (Course.CLEARED if boots else Course.WENT_BACKWARDS)
