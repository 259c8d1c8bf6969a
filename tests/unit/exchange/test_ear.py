"""Attestation results: the draft's examples and older forms, the rules that must hold, and every edit that must not pass."""

import json
from pathlib import Path

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from trueware.appraisal.ar4si import assign, tier_floor, vector_of
from trueware.cose.sign1 import PrivateKey
from trueware.errors import InputError, MalformedInput, UntrustedStatement
from trueware.exchange.ear import (
    PROFILE,
    Ear,
    EarAppraisal,
    Status,
    VerifierId,
    ear_of,
    from_cbor,
    from_json,
    read_signed,
    sign_cwt,
    sign_jwt,
    to_cbor,
    to_json,
)
from trueware.exchange.ear.model import CLAIMS
from trueware.model.attested import Appraisal
from trueware.model.check import Aspect, Check, CheckRule, Outcome
from trueware.model.claim import Claim
from trueware.model.verdict import Tier, TrustVector, Verdict
from trueware.signatures import jws

NOW = 1_700_000_000
VERIFIER = VerifierId("trueware", "1")
KEYS: dict[str, PrivateKey] = {
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
}
EAR = Ear(
    NOW,
    VERIFIER,
    {
        "box": EarAppraisal(
            Status.WARNING, {"executables": 32}, ("urn:p",), nonce=b"12345678", verifier_claims={"reason": "old"}
        )
    },
    Status.WARNING,
    NOW + 60,
    b"relying!",
    ("application/eat+cwt", b"raw"),
    {"box": ("box",)},
)


def spki(name: str) -> bytes:
    return KEYS[name].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("name", KEYS)
def test_signed_results_come_back(name: str) -> None:
    for token in (sign_jwt(EAR, KEYS[name], "k1"), sign_cwt(EAR, KEYS[name], b"k1")):
        back = read_signed(token, spki(name), NOW)
        assert (back.status, back.submods["box"].vector, back.profile) == (Status.WARNING, {"executables": 32}, PROFILE)
        assert back.raw_evidence == ("application/eat+cwt", b"raw")
        assert back.submods["box"].verifier_claims == {"reason": "old"}
    assert read_signed(b"\xd8\x3d" + sign_cwt(EAR, KEYS[name]), spki(name), NOW).topology == {"box": ("box",)}


@pytest.mark.parametrize("name", KEYS)
def test_no_byte_may_change(name: str) -> None:
    for token in (sign_jwt(EAR, KEYS[name]), sign_cwt(EAR, KEYS[name])):
        for at in range(0, len(token), 7):
            broken = bytearray(token)
            broken[at] ^= 4
            with pytest.raises(InputError):
                read_signed(bytes(broken), spki(name), NOW)


def test_keys_and_algorithms_are_not_confused() -> None:
    token = sign_jwt(EAR, KEYS["P-256"])
    with pytest.raises(UntrustedStatement):
        read_signed(token, spki("Ed25519"), NOW)
    _, payload, _ = token.split(b".")
    for algorithm in ("none", "HS256", "EdDSA", ""):
        head = jws.to_base64url(json.dumps({"alg": algorithm}).encode())
        for signature in (b"", jws.to_base64url(bytes(64))):
            with pytest.raises(InputError):
                read_signed(head + b"." + payload + b"." + signature, spki("P-256"), NOW)


def test_what_ran_out_is_not_accepted() -> None:
    with pytest.raises(MalformedInput, match="ran out"):
        read_signed(sign_jwt(EAR, KEYS["P-256"]), spki("P-256"), NOW + 60)


def claims(**changed: object) -> bytes:
    return json.dumps({**json.loads(to_json(EAR)), **changed}).encode()


@pytest.mark.parametrize(
    "changed",
    [
        {"iat": 1.5},
        {"iat": True},
        {"exp": 1e10},
        {"submods": {}},
        {"submods": {"a": {}}},
        {"submods": {"a": {"ear_status": "fine"}}},
        {"submods": {"a": {"ear_status": "affirming", "ear_trustworthiness_vector": {"hardware": 96}}}},
        {"submods": {"a": {"ear_status": "warning", "ear_trustworthiness_vector": {"hardware": -97}}}},
        {"submods": {"a": {"ear_status": "contraindicated", "ear_trustworthiness_vector": {"hardware": 128}}}},
        {"submods": {"a": {"ear_status": "contraindicated", "ear_trustworthiness_vector": {"haardware": 2}}}},
        {"submods": {"a": {"ear_status": "contraindicated"}}},
        {"ear_verifier_id": {"developer": "x"}},
        {"ear_verifier_id": None},
        {"eat_profile": "tag:example"},
        {"ear_raw_evidence": 5},
        {"ear.status": "warning"},
    ],
    ids=str,
)
def test_the_rules_of_the_draft(changed: dict[str, object]) -> None:
    with pytest.raises(MalformedInput):
        from_json(claims(**changed))


def test_unknown_claims_are_kept_and_mean_nothing() -> None:
    back = from_json(claims(ear_teep_claims={"a": 1}))
    assert back.others == {"ear_teep_claims": {"a": 1}}
    assert from_json(to_json(back)) == back


def test_names_that_stand_twice() -> None:
    with pytest.raises(MalformedInput):
        from_json(to_json(EAR)[:-1] + b',"iat":1}')


@given(st.dictionaries(st.sampled_from(sorted(CLAIMS)), st.integers(-128, 127)))
def test_round_trips(vector: dict[str, int]) -> None:
    worst = max(map(tier_floor, vector.values()), default=0)
    ear = Ear(NOW, VERIFIER, {"x": EarAppraisal(Status(worst), vector)})
    assert from_json(to_json(ear)).submods == ear.submods
    assert from_cbor(to_cbor(ear)) == ear


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    for read in (from_json, from_cbor):
        try:
            read(noise)
        except InputError:
            continue


def test_the_drafts_own_examples(corpus: Path) -> None:
    """Those of draft -03 in JSON are valid JSON as they stand; those in CBOR diagnostic notation are made into CBOR here."""
    folder = corpus / "attest/public/ietf-rats-wg__draft-ietf-rats-ear/open/cddl/examples"
    read = 0
    for path in sorted(folder.glob("*json*.diag")):
        ear = from_json(path.read_bytes())
        assert ear.profile.endswith("#03")
        assert from_json(to_json(ear)).submods == ear.submods
        read += 1
    example = {
        265: "tag:ietf.org,2026:rats/ear#03",
        6: 1666529184,
        1004: {0: "https://veraison-project.org", 1: "vts 0.0.1"},
    }
    example |= {
        1002: b"raw",
        266: {"PSA": {1000: 0, 1001: {0: 2, 1: 2, 2: 2, 4: 2}, 1003: ["https://p"], 65000: {10: b"n"}}},
    }
    with pytest.raises(MalformedInput, match="better than its worst claim"):  # status none beside affirming claims
        from_cbor(cbor2.dumps(example))
    example[266]["PSA"][1000] = 2  # type: ignore[index]
    assert from_cbor(cbor2.dumps(example)).submods["PSA"].vector["hardware"] == 2
    assert read == 5


def test_the_forms_before(corpus: Path) -> None:
    """Veraison's, with dots in their names. The one whose name says it is rejected breaks an extension of theirs, not the draft."""
    found = {
        path.name: from_json(path.read_bytes()).submods
        for path in sorted((corpus / "attest/public/veraison__ear").rglob("ear-claims*.json"))
    }
    assert len(found) == 4
    assert found["ear-claims-tv-ok.json"]["test"].vector["executables"] == 3
    assert found["ear-claims.json"]["test"].policy_ids == ("https://veraison.example/policy/1/60a0068d",)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], 0),
        ([0], 0),
        ([1], 1),
        ([-1, 1], -1),
        ([2, 3], 3),
        ([2, 32], 32),
        ([-33, 2], -33),
        ([-40, 36], 36),
        ([96, -128], 96),
        ([33, -97], -97),
        ([31, 2], 31),
        ([127, 99], 127),
    ],
)
def test_the_worst_value_is_assigned(values: list[int], expected: int) -> None:
    assert assign(values) == expected


@pytest.mark.parametrize(
    ("value", "floor"),
    [
        *((-128, 96), (-97, 96), (-96, 32), (-33, 32), (-32, 2), (-2, 2), (-1, 0), (0, 0), (1, 0)),
        *((2, 2), (31, 2), (32, 32), (95, 32), (96, 96), (127, 96)),
    ],
)
def test_tiers(value: int, floor: int) -> None:
    assert tier_floor(value) == floor


def test_an_impossible_value() -> None:
    with pytest.raises(ValueError, match="8-bit"):
        assign([128])


RULE = CheckRule("r", Aspect.BOOT, "t")


def test_vectors_of_checks() -> None:
    boot, runs = RULE.supports("x"), CheckRule("q", Aspect.EXECUTABLES, "t").supports("x")
    refused = CheckRule("e", Aspect.EVIDENCE, "t", contradicted=99).contradicts("x")
    assert vector_of([boot]) == TrustVector(executables=3)
    assert vector_of([boot, runs]) == TrustVector(executables=2)
    assert vector_of([boot, RULE.contradicts("x", value=33)]) == TrustVector(executables=33)
    assert vector_of([refused]) == TrustVector(instance_identity=99)
    assert vector_of([RULE.not_shown("x")]) == TrustVector()


@given(st.lists(st.sampled_from(list(Outcome))), st.sampled_from(list(Aspect)))
def test_another_contradiction_never_improves(outcomes: list[Outcome], aspect: Aspect) -> None:
    rule = CheckRule("r", aspect, "t")
    made = {
        Outcome.SUPPORTS: rule.supports("x"),
        Outcome.CONTRADICTS: rule.contradicts("x"),
        Outcome.NOT_SHOWN: rule.not_shown("x"),
    }
    checks: list[Check] = [made[each] for each in outcomes]
    before, after = vector_of(checks), vector_of([*checks, rule.contradicts("y")])
    order = [Tier.NONE, Tier.AFFIRMING, Tier.WARNING, Tier.CONTRAINDICATED]
    assert order.index(after.tier) >= order.index(before.tier)


def test_an_appraisal_becomes_a_submodule() -> None:
    appraisal = Appraisal(
        "box\n1",
        ("tpm-quote",),
        Verdict.TAMPERED,
        Tier.CONTRAINDICATED,
        TrustVector(executables=96),
        "because",
        (RULE.contradicts("bad", "PCR 4"),),
        claims=(Claim("serial", "7", "x", ""),),
        nonce=b"12345678",
    )
    ear = ear_of([appraisal, appraisal], VERIFIER, NOW)
    assert list(ear.submods) == ["box\N{REPLACEMENT CHARACTER}1", "box\N{REPLACEMENT CHARACTER}1 (2)"]
    submod = ear.submods["box\N{REPLACEMENT CHARACTER}1"]
    assert submod.attester_claims == {"serial": "7"}
    assert submod.verifier_claims["contradicted"] == [{"rule": "r", "place": "PCR 4", "detail": "bad"}]
    assert ear.status is Status.CONTRAINDICATED
