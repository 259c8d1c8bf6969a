"""Conformity: the last word about a certificate counts, for the bytes it was given for, at a time."""

from dataclasses import replace

import pytest

from trueware.appraisal.conformity import judge_certificates
from trueware.model.certificate import CertificateStatus, Conformity, Standing

ISSUED = CertificateStatus("Lab", "C-1", b"a" * 32, Standing.ISSUED, "EN 303 645", 100, 200)


@pytest.mark.parametrize(
    ("now", "expected"),
    [(99, Conformity.NONE), (100, Conformity.CERTIFIED), (199, Conformity.CERTIFIED), (200, Conformity.EXPIRED)],
)
def test_a_certificate_holds_between_its_times(now: int, expected: Conformity) -> None:
    """From its first second to the one before its last."""
    assert judge_certificates([ISSUED], now).conformity is expected


def test_the_last_word_counts() -> None:
    """Suspended, then issued again, then revoked: each as of its turn."""
    suspended = replace(ISSUED, standing=Standing.SUSPENDED, reason="found altered")
    revoked = replace(ISSUED, standing=Standing.REVOKED)
    words = [ISSUED, suspended, ISSUED, revoked]
    states = [judge_certificates(words[:count], 150).conformity for count in range(5)]

    assert states == [
        Conformity.NONE, Conformity.CERTIFIED, Conformity.SUSPENDED, Conformity.CERTIFIED, Conformity.REVOKED,
    ]  # fmt: skip


def test_one_that_holds_outweighs_one_that_expired_but_none_that_was_taken_back() -> None:
    """A renewal is a new certificate; a revoked one is said first whatever else there is."""
    expired = replace(ISSUED, number="C-0", until=120)
    revoked = replace(ISSUED, number="C-9", standing=Standing.REVOKED)

    assert judge_certificates([expired, ISSUED], 150).conformity is Conformity.CERTIFIED
    assert judge_certificates([expired, ISSUED, revoked], 150).conformity is Conformity.REVOKED


def test_a_certificate_of_other_bytes_says_nothing_of_these() -> None:
    """It is shown beside, and does not certify."""
    judged = judge_certificates([], 150, [ISSUED])

    assert judged.conformity is Conformity.NONE
    assert [each.conformity for each in judged.elsewhere] == [Conformity.CERTIFIED]
