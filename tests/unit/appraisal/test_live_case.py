"""Cases: each facet from its strongest evidence, contradictions between sides, and that more evidence against never helps."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.appraisal.live.case import combine, normal
from trueware.appraisal.live.checks import BOOT_RELEASE, COMPONENT_RELEASE, EVIDENCE_READ
from trueware.appraisal.live.conclude import Gathered, conclude
from trueware.attestation.ima.checks import IMA_FILE_CHANGED
from trueware.attestation.tpm.checks import ATTESTATION_KEY_ATTRIBUTES, ATTESTATION_KEY_BOUND, QUOTE_NONCE
from trueware.model.attested import Appraisal, Matched
from trueware.model.case import Case, Facet
from trueware.model.check import Aspect, Check, Outcome
from trueware.model.claim import Claim
from trueware.model.release import Release
from trueware.model.result import Match, Result
from trueware.model.strength import Strength
from trueware.model.verdict import Authority, Tier, TrustVector, Verdict

OLD = Release("1" * 64, "Acme", "Router", "1.0", Authority.PUBLISHER, bytes(32))
NEW = replace(OLD, id="2" * 64, version="2.0")
SIGNED = (ATTESTATION_KEY_ATTRIBUTES.supports("restricted"), ATTESTATION_KEY_BOUND.supports("enrolled"))
FRESH = QUOTE_NONCE.supports("it holds it")
STALE = QUOTE_NONCE.not_shown("no challenge was sent")
BOOTED = BOOT_RELEASE.supports("PCR 0, 4", "PCR 0, 4")
ORDER = [Tier.AFFIRMING, Tier.NONE, Tier.WARNING, Tier.CONTRAINDICATED]
GRAVITY = [Verdict.GENUINE, Verdict.UNKNOWN, Verdict.TAMPERED, Verdict.COUNTERFEIT]


def live(*checks: Check, release: Release = OLD, attester: str = "r1", **claims: str) -> Appraisal:
    named = tuple(Claim(name.replace("_", "-"), value, "x", "") for name, value in claims.items())
    matches = (Matched(Aspect.BOOT, release, "PCR 0, 4"),)
    return conclude(Gathered(attester, ("tpm-quote",), checks, matches, named))


GENUINE_LIVE = live(*SIGNED, FRESH, BOOTED)
TAMPERED_LIVE = live(*SIGNED, FRESH, BOOTED, IMA_FILE_CHANGED.contradicts("changed", "/bin/ls"))
REFUSED = live(*SIGNED, BOOTED, EVIDENCE_READ.contradicts("cut"))
UNPROVED = live(*SIGNED, STALE, BOOTED)


def image(verdict: Verdict, vector: TrustVector, release: Release | None = OLD, **claims: str) -> Result:
    tier = vector.tier
    named = tuple(Claim(name, value, "x", "") for name, value in claims.items())
    match = Match(release, 1.0) if release is not None else None
    return Result("a.bin", 1, bytes(32), verdict, tier, vector, "because", match=match, claims=named)


GENUINE_IMAGE = image(Verdict.GENUINE, TrustVector(executables=2, file_system=2))
TAMPERED_IMAGE = image(Verdict.TAMPERED, TrustVector(executables=96, file_system=96))
UNKNOWN_IMAGE = image(Verdict.UNKNOWN, TrustVector(), None)


def against(case: Case) -> list[str]:
    return [each.rule for each in case.contradictions if each.outcome is Outcome.CONTRADICTS]


TABLE = {
    "image alone": ([GENUINE_IMAGE], [], Verdict.GENUINE, Tier.AFFIRMING, []),
    "both genuine": ([GENUINE_IMAGE], [GENUINE_LIVE], Verdict.GENUINE, Tier.AFFIRMING, []),
    "runs what it is not": ([GENUINE_IMAGE], [TAMPERED_LIVE], Verdict.TAMPERED, Tier.CONTRAINDICATED, ["case-running"]),
    "is not what it runs": ([TAMPERED_IMAGE], [GENUINE_LIVE], Verdict.TAMPERED, Tier.CONTRAINDICATED, ["case-image"]),
    "refused": ([GENUINE_IMAGE], [REFUSED], Verdict.UNKNOWN, Tier.CONTRAINDICATED, []),
    "not fresh": ([GENUINE_IMAGE], [UNPROVED], Verdict.UNKNOWN, Tier.NONE, []),
    "unknown image": ([UNKNOWN_IMAGE], [GENUINE_LIVE], Verdict.UNKNOWN, Tier.NONE, []),
    "an update waits": (
        [image(Verdict.GENUINE, TrustVector(executables=2, file_system=2), NEW)],
        [GENUINE_LIVE],
        Verdict.UNKNOWN,
        Tier.WARNING,
        ["case-release"],
    ),
    "unknown code runs": (
        [GENUINE_IMAGE],
        [live(*SIGNED, FRESH, BOOTED, COMPONENT_RELEASE.contradicts("in none"))],
        Verdict.UNKNOWN,
        Tier.WARNING,
        [],
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_sides_together(name: str) -> None:
    results, appraisals, verdict, tier, contradictions = TABLE[name]
    case = combine("r1", results, appraisals)
    assert (case.verdict, case.tier, against(case)) == (verdict, tier, contradictions)


def test_nothing_is_known() -> None:
    with pytest.raises(ValueError, match="an image or evidence"):
        combine("r1", [], [])


def test_facets_rest_on_the_strongest() -> None:
    case = combine("r1", [GENUINE_IMAGE], [GENUINE_LIVE])
    told = {each.facet: (each.tier, each.strength, each.by) for each in case.facets}
    assert told == {
        Facet.HARDWARE: (Tier.NONE, None, ""),
        Facet.IDENTITY: (Tier.AFFIRMING, Strength.ATTESTED, "r1"),
        Facet.BOOT: (Tier.AFFIRMING, Strength.ATTESTED, "r1"),
        Facet.EXECUTABLES: (Tier.AFFIRMING, Strength.MEASURED, "a.bin"),
        Facet.FILE_SYSTEM: (Tier.AFFIRMING, Strength.MEASURED, "a.bin"),
        Facet.CONFIGURATION: (Tier.NONE, None, ""),
    }


STALE_WARNING = live(*SIGNED, STALE, BOOTED, COMPONENT_RELEASE.contradicts("in none"))


@pytest.mark.parametrize(
    "appraisal", [REFUSED, UNPROVED, STALE_WARNING, live(BOOTED)], ids=["refused", "not fresh", "warns", "unsigned"]
)
def test_what_is_not_believed_affirms_nothing(appraisal: Appraisal) -> None:
    case = combine("r1", [], [appraisal])
    assert not [each for each in case.facets if each.tier is Tier.AFFIRMING]
    assert all(value >= 96 for value in case.vector.as_claims().values())


def test_a_boot_that_was_not_all_compared_is_not_affirmed() -> None:
    gap = BOOT_RELEASE.not_shown("it was not quoted", "PCR 4")
    facets = {each.facet: each for each in combine("r1", [], [live(*SIGNED, FRESH, BOOTED, gap)]).facets}
    assert (facets[Facet.BOOT].tier, facets[Facet.BOOT].detail) == (Tier.NONE, "PCR 4: it was not quoted")
    assert facets[Facet.IDENTITY].tier is Tier.AFFIRMING


IMEI = "490154203237518"


@pytest.mark.parametrize(
    ("claims", "reported", "expected"),
    [
        ({"imei": IMEI}, {"imei": IMEI[:14] + "01"}, ["supports"]),
        ({"imei": "35" + IMEI[2:], "second_imei": IMEI}, {"imei": IMEI}, ["supports"]),
        ({"imei": IMEI}, {"imei": "350000000000000"}, ["contradicts"]),
        ({"imei": IMEI, "second_imei": "35" + IMEI[2:]}, {"imei": "350000000000000"}, ["contradicts"]),
        ({"serial": "AB-12"}, {"serial": "ab12"}, ["supports"]),
        ({"serial": ""}, {"serial": "ab12"}, []),
        ({}, {"imei": IMEI}, []),
    ],
)
def test_what_was_reported(claims: dict[str, str], reported: dict[str, str], expected: list[str]) -> None:
    case = combine("p", [], [live(*SIGNED, FRESH, BOOTED, release=OLD, attester="p", **claims)], reported)
    assert [each.outcome.value for each in case.contradictions] == expected
    assert case.verdict is (Verdict.UNKNOWN if "contradicts" in expected else Verdict.GENUINE)


def test_who_is_not_believed_confirms_no_report() -> None:
    """Anybody can write an IMEI into evidence that nobody is shown to have signed; what contradicts a report is told all the same."""
    unproved = live(*SIGNED, STALE, BOOTED, imei=IMEI)
    assert combine("p", [], [unproved], {"imei": IMEI}).contradictions == ()
    assert against(combine("p", [], [unproved], {"imei": "350000000000000"})) == ["device-claimed"]
    refused = live(*SIGNED, BOOTED, EVIDENCE_READ.contradicts("cut"), imei=IMEI)
    assert combine("p", [], [refused], {"imei": "350000000000000"}).contradictions == ()


def test_two_modems_are_one_phone_and_two_phones_are_two() -> None:
    one, two = "350000000000011", "350000000000029"
    first = live(*SIGNED, FRESH, BOOTED, attester="a", imei=one, second_imei=two)
    second = live(*SIGNED, FRESH, BOOTED, attester="b", imei=two)
    third = live(*SIGNED, FRESH, BOOTED, attester="c", imei=IMEI)
    assert against(combine("p", [], [first, second])) == []
    case = combine("p", [], [first, third])
    assert (against(case), case.verdict, case.vector.instance_identity) == (["case-identity"], Verdict.UNKNOWN, 97)
    assert case.reason == "a and c are different devices"


@pytest.mark.parametrize(
    ("product", "expected"),
    [("router 9", []), ("ROUTER", []), ("switch", ["case-model"]), ("", [])],
)
def test_an_image_for_other_hardware(product: str, expected: list[str]) -> None:
    picture = image(Verdict.GENUINE, TrustVector(executables=2, file_system=2), product=product)
    case = combine("r1", [picture], [live(*SIGNED, FRESH, BOOTED, model="Router 9")])
    assert against(case) == expected
    assert case.vector.hardware == (97 if expected else 0)


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("imei", "49-015420-323751-8", "490154203237510"),
        ("second-imei", IMEI, IMEI[:14] + "99"),
        ("serial", "aa:BB:01", "AABB01"),
    ],
)
def test_names_that_are_one(name: str, one: str, other: str) -> None:
    assert normal(name, one) == normal(name, other)


MEMBERS = st.lists(st.sampled_from([GENUINE_LIVE, TAMPERED_LIVE, REFUSED, UNPROVED, live(BOOTED)]), max_size=3)
IMAGES = st.lists(st.sampled_from([GENUINE_IMAGE, TAMPERED_IMAGE, UNKNOWN_IMAGE]), max_size=3)


@given(IMAGES, MEMBERS)
def test_a_case_is_no_better_than_any_member(results: list[Result], appraisals: list[Appraisal]) -> None:
    if not results and not appraisals:
        return
    case = combine("r1", results, appraisals)
    members = [*((each.verdict, each.tier) for each in results), *((each.verdict, each.tier) for each in appraisals)]
    for verdict, tier in members:
        assert GRAVITY.index(case.verdict) >= GRAVITY.index(verdict)
        assert ORDER.index(case.tier) >= ORDER.index(tier)
    assert ORDER.index(case.tier) >= ORDER.index(case.vector.tier) or case.vector.tier is Tier.NONE


@given(IMAGES, MEMBERS, st.sampled_from([TAMPERED_LIVE, REFUSED, UNPROVED]))
def test_evidence_against_never_improves_a_case(
    results: list[Result], appraisals: list[Appraisal], more: Appraisal
) -> None:
    if not results and not appraisals:
        return
    before, after = combine("r1", results, appraisals), combine("r1", results, [*appraisals, more])
    assert GRAVITY.index(after.verdict) >= GRAVITY.index(before.verdict)
    assert ORDER.index(after.tier) >= ORDER.index(before.tier)
