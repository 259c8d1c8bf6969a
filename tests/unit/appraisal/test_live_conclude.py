"""What follows from the checks of one attester's evidence: each step of the list, and that more against a device never helps it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.appraisal.live.believed import is_believed, is_of_this_device, is_open
from trueware.appraisal.live.catalogue import CHECKS
from trueware.appraisal.live.checks import (
    BOOT_MIXED,
    BOOT_RELEASE,
    BOOT_WITHDRAWN,
    COMPONENT_RELEASE,
    DEVICE_CLAIMED,
    EVIDENCE_READ,
)
from trueware.appraisal.live.conclude import Gathered, conclude
from trueware.attestation.android_key.checks import ANDROID_REVOCATION, ANDROID_SECURITY_LEVEL
from trueware.attestation.ima.checks import IMA_DATA_KNOWN, IMA_FILE_CHANGED
from trueware.attestation.tpm.checks import ATTESTATION_KEY_ATTRIBUTES, ATTESTATION_KEY_BOUND, QUOTE_NONCE
from trueware.model.attested import Appraisal, Matched
from trueware.model.check import Aspect, Check, Outcome
from trueware.model.release import Release
from trueware.model.verdict import Authority, Tier, Verdict

RELEASE = Release("1" * 64, "Acme", "Router", "1.0", Authority.PUBLISHER, bytes(32))
BOOTED = Matched(Aspect.BOOT, RELEASE, "PCR 0, 4 (sha256)")
SIGNED = (ATTESTATION_KEY_ATTRIBUTES.supports("restricted"), QUOTE_NONCE.supports("it holds it"))
WHOLE = (*SIGNED, ATTESTATION_KEY_BOUND.supports("enrolled"), BOOT_RELEASE.supports("PCR 0, 4", "PCR 0, 4"))
ORDER = [Tier.AFFIRMING, Tier.NONE, Tier.WARNING, Tier.CONTRAINDICATED]


def concluded(*checks: Check, matches: tuple[Matched, ...] = (BOOTED,)) -> Appraisal:
    return conclude(Gathered("r1", ("tpm-quote",), checks, matches))


STORAGE = replace(BOOT_RELEASE.contradicts("secrets lie open"), aspect=Aspect.STORAGE)
GAP = BOOT_RELEASE.not_shown("no release says what it should be", "PCR 7")
TABLE = {
    "whole": ((), Verdict.GENUINE, Tier.AFFIRMING),
    "refused": ((EVIDENCE_READ.contradicts("cut"),), Verdict.UNKNOWN, Tier.CONTRAINDICATED),
    "no challenge": ((QUOTE_NONCE.not_shown("none was sent"),), Verdict.UNKNOWN, Tier.NONE),
    "no challenge, unknown code": (
        (QUOTE_NONCE.not_shown("none was sent"), COMPONENT_RELEASE.contradicts("in none")),
        Verdict.UNKNOWN,
        Tier.NONE,
    ),
    "no challenge, changed file": (
        (QUOTE_NONCE.not_shown("none was sent"), IMA_FILE_CHANGED.contradicts("changed", "/bin/ls")),
        Verdict.UNKNOWN,
        Tier.CONTRAINDICATED,
    ),
    "key of nobody": ((ATTESTATION_KEY_BOUND.not_shown("not enrolled"),), Verdict.UNKNOWN, Tier.NONE),
    "another device": ((ATTESTATION_KEY_BOUND.contradicts("another key"),), Verdict.UNKNOWN, Tier.CONTRAINDICATED),
    "another name": ((DEVICE_CLAIMED.contradicts("another serial"),), Verdict.UNKNOWN, Tier.CONTRAINDICATED),
    "revoked": ((ANDROID_REVOCATION.contradicts("leaked"),), Verdict.UNKNOWN, Tier.CONTRAINDICATED),
    "by software": ((ANDROID_SECURITY_LEVEL.contradicts("software"),), Verdict.UNKNOWN, Tier.CONTRAINDICATED),
    "changed file": ((IMA_FILE_CHANGED.contradicts("changed", "/bin/ls"),), Verdict.TAMPERED, Tier.CONTRAINDICATED),
    "changed boot": ((BOOT_RELEASE.contradicts("differs", "PCR 4"),), Verdict.TAMPERED, Tier.CONTRAINDICATED),
    "unknown code": ((COMPONENT_RELEASE.contradicts("in no release"),), Verdict.UNKNOWN, Tier.WARNING),
    "unknown data": ((IMA_DATA_KNOWN.contradicts("in no release", value=32),), Verdict.UNKNOWN, Tier.WARNING),
    "withdrawn": ((BOOT_WITHDRAWN.contradicts("a hole"),), Verdict.GENUINE, Tier.WARNING),
    "mixed": ((BOOT_MIXED.contradicts("1.0 and 2.0"),), Verdict.GENUINE, Tier.WARNING),
    "secrets": ((STORAGE,), Verdict.UNKNOWN, Tier.CONTRAINDICATED),
    "a gap": ((GAP,), Verdict.UNKNOWN, Tier.NONE),
    "an expected gap": ((replace(GAP, expected_gap=True),), Verdict.GENUINE, Tier.AFFIRMING),
    "a verifier's own worst": (
        (replace(BOOT_RELEASE.contradicts("own"), value=-128),),
        Verdict.TAMPERED,
        Tier.CONTRAINDICATED,
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_each_step(case: str) -> None:
    more, verdict, tier = TABLE[case]
    kept = tuple(
        each for each in WHOLE if each.rule not in {added.rule for added in more if added.outcome is Outcome.NOT_SHOWN}
    )
    kept = kept if GAP not in more else WHOLE
    appraisal = concluded(*kept, *more)
    assert (appraisal.verdict, appraisal.tier) == (verdict, tier)
    assert ORDER.index(appraisal.tier) >= ORDER.index(appraisal.vector.tier) or appraisal.vector.tier is Tier.NONE
    assert (appraisal.authority is Authority.PUBLISHER) is (verdict is Verdict.GENUINE)


def test_what_nobody_signed_is_never_genuine() -> None:
    """Nothing speaks against it, a release accounts for all of it, and nobody is shown to have said it."""
    appraisal = concluded(BOOT_RELEASE.supports("PCR 0, 4"))
    assert (appraisal.verdict, appraisal.tier) == (Verdict.UNKNOWN, Tier.NONE)
    assert appraisal.reason == "not enough evidence: nothing shows who signed it"


def test_without_a_release_it_is_not_known() -> None:
    assert concluded(*WHOLE, matches=()).reason == "not enough evidence: nothing that was measured is in the registry"
    assert concluded(*WHOLE, matches=(replace(BOOTED, complete=False),)).verdict is Verdict.UNKNOWN


def test_executables_are_not_affirmed_where_some_were_not_compared() -> None:
    assert concluded(*WHOLE).vector.executables == 3
    assert concluded(*WHOLE, GAP).vector.executables == 0
    assert concluded(*WHOLE, GAP).vector.instance_identity == 2


def test_the_graver_of_two_that_read_alike_is_kept() -> None:
    mild, grave = (COMPONENT_RELEASE.contradicts("x", "p", value=value) for value in (33, 96))
    for checks in ((mild, grave), (grave, mild)):
        assert concluded(*WHOLE, *checks).verdict is Verdict.TAMPERED


def test_refused_evidence_affirms_nothing() -> None:
    appraisal = concluded(*WHOLE, EVIDENCE_READ.contradicts("cut"))
    assert appraisal.vector.as_claims() == {"instance-identity": 99}


CHECK = st.builds(
    lambda rule, outcome, detail: {
        Outcome.SUPPORTS: rule.supports,
        Outcome.CONTRADICTS: rule.contradicts,
        Outcome.NOT_SHOWN: rule.not_shown,
    }[outcome](detail),
    st.sampled_from(list(CHECKS.values())),
    st.sampled_from(list(Outcome)),
    st.sampled_from(["x", "y"]),
)
CONTRADICTION = st.builds(lambda rule: rule.contradicts("more"), st.sampled_from(list(CHECKS.values())))


@given(st.lists(CHECK, max_size=6), CONTRADICTION, st.booleans())
def test_another_contradiction_never_improves_a_verdict(checks: list[Check], more: Check, whole: bool) -> None:  # noqa: FBT001 (drawn)
    """Not the tier, which never gets better; nor the verdict: GENUINE is never reached by it.

    TAMPERED becomes UNKNOWN where the evidence is refused, or is another device's: then nothing is known of this one.
    """
    before = concluded(*(WHOLE if whole else ()), *checks)
    after = concluded(*(WHOLE if whole else ()), *checks, more)
    if after.verdict is Verdict.GENUINE:
        assert before.verdict is Verdict.GENUINE
    if before.verdict is Verdict.TAMPERED and after.verdict is not Verdict.TAMPERED:
        assert more.aspect in (Aspect.EVIDENCE, Aspect.IDENTITY, Aspect.HARDWARE)
    assert ORDER.index(after.tier) >= ORDER.index(before.tier)


@given(st.lists(CHECK, max_size=8), CONTRADICTION)
def test_a_gap_or_a_contradiction_never_makes_evidence_believed(checks: list[Check], more: Check) -> None:
    if not is_believed(checks):
        assert not is_believed([*checks, more])
    if not is_of_this_device(checks):
        assert not is_of_this_device([*checks, more])
    assert is_open([*checks, GAP])


@given(st.permutations([*WHOLE, GAP, BOOT_MIXED.contradicts("x"), COMPONENT_RELEASE.contradicts("y")]))
def test_order_does_not_matter(checks: list[Check]) -> None:
    first = concluded(*WHOLE, GAP, BOOT_MIXED.contradicts("x"), COMPONENT_RELEASE.contradicts("y"))
    found = concluded(*checks)
    assert (found.verdict, found.tier, found.vector) == (first.verdict, first.tier, first.vector)


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ((), False),
        (SIGNED, True),
        (SIGNED[:1], True),
        ((*SIGNED, QUOTE_NONCE.not_shown("x")), False),
        ((*SIGNED, EVIDENCE_READ.contradicts("x")), False),
        ((*SIGNED, ANDROID_REVOCATION.contradicts("x")), False),
        ((*SIGNED, ATTESTATION_KEY_BOUND.contradicts("x")), False),
        ((*SIGNED, DEVICE_CLAIMED.contradicts("x")), True),
        ((*SIGNED, BOOT_RELEASE.contradicts("x")), True),
    ],
)
def test_what_is_believed(checks: tuple[Check, ...], expected: bool) -> None:  # noqa: FBT001 (a parameter)
    assert is_believed(checks) is expected
