"""Attestation results: the draft's examples and older forms, the rules that must hold, and every edit that must not pass."""

import json
import random
from dataclasses import replace
from pathlib import Path

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from trueware.appraisal.ar4si import assign, vector_of
from trueware.appraisal.ar4si_values import value_name
from trueware.appraisal.live.case import combine
from trueware.appraisal.live.catalogue import CHECKS
from trueware.appraisal.live.conclude import Gathered, conclude
from trueware.attestation.eat.checks import TOKEN_NONCE, TOKEN_SIGNATURE
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
from trueware.model.attested import Appraisal, Matched
from trueware.model.check import Aspect, Check, CheckRule, Outcome
from trueware.model.claim import Claim
from trueware.model.release import Release
from trueware.model.result import Match, Result
from trueware.model.verdict import Authority, Tier, TrustVector, Verdict, tier_floor, tier_of
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
        {"ear_raw_evidence": None},
        {"ear_raw_evidence": ["application/eat+cwt", "****"]},
        {"ear_raw_evidence": ["application/eat+cwt"]},
        {"ear_raw_evidence": [True, "cmF3"]},
        {"ear.status": "warning"},
        {"ear_status": "affirming"},
        {"ear_status": None},
        {"exp": None},
        {"exp": 1 << 63},
        {"iat": None},
        {"iat": -(1 << 70)},
        {"eat_nonce": "seven77"},
        {"eat_nonce": "x" * 89},
        {"eat_nonce": ["12345678"]},
        {"ear_device_topology": {}},
        {"ear_device_topology": {"box": []}},
        {"ear_device_topology": {"box": [1]}},
        {"submods": {"a": {"ear_status": "none", "ear_trustworthiness_vector": {"hardware": 32}}}},
        {"submods": {"a": {"ear_status": "warning", "ear_appraisal_policy_ids": []}}},
        {"submods": {"a": {"ear_status": "warning", "ear_attester_claims": [1]}}},
        {"submods": {"a": {"ear_status": "warning", "eat_profile": 7}}},
        {"submods": {"a": {"ear_status": 2.0}}},
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


def test_cbor_says_each_claim_once() -> None:
    """Two readers must not take one result for different ones: by the number of a claim, and by a text that looks like it."""
    genuine = cbor2.loads(to_cbor(EAR))
    submod = genuine[266]["box"]
    for broken in (
        genuine | {"ear_status": 2},
        genuine | {"ear.status": 2},
        genuine | {"exp": 1 << 40},
        genuine | {1004: {0: "a", 1: "b", "developer": "c"}},
        genuine | {b"key": 1},
        genuine | {266: {"box": submod | {1001: {2: 96, "executables": 2}}}},
        genuine | {266: {"box": submod | {1005: {1: "a", "1": "b"}}}},
        genuine | {266: {"box": submod | {1005: {"x": float("nan")}}}},
        genuine | {266: {"box": submod | {-70000: {"x": 1}, 1005: {"x": 2}}}},
        genuine | {266: {1: submod}},
        genuine | {266: {"box": submod | {1000: "affirming"}}},
        genuine | {266: {"box": submod | {1000: 33}}},
        genuine | {1002: ["application/eat+cwt", "text"]},
    ):
        with pytest.raises(MalformedInput):
            from_cbor(cbor2.dumps(broken))


def test_what_has_no_meaning_here_comes_back() -> None:
    genuine = cbor2.loads(to_cbor(EAR))
    more = genuine | {-70009: {1: "a", "b": b"c"}, "vendor": [1, {2: 3}], 7: b"id"}
    assert cbor2.loads(to_cbor(from_cbor(cbor2.dumps(more)))) == more
    assert json.loads(to_json(from_cbor(cbor2.dumps(more))))["-70009"] == {"1": "a", "b": "Yw"}
    assert from_cbor(cbor2.dumps(genuine | {1002: [30001, b"raw", 4]})).raw_evidence == (30001, b"raw")


def test_json_is_that_of_the_standard() -> None:
    good = to_json(EAR)
    for broken in (
        good.decode().encode("utf-16"),
        good[:-1] + b',"x":NaN}',
        good[:-1] + b',"x":"\xff"}',
        good[:-1] + b',"x":' + b"[" * 30 + b"]" * 30 + b"}",
        good[:-1] + b',"x":[' + b"0," * 60_000 + b"0]}",
        good[:-1] + b',"x":{"a":1,"a":2}}',
    ):
        with pytest.raises(InputError):
            from_json(broken)


def test_only_the_present_form_is_written() -> None:
    for ear in (replace(EAR, profile="tag:ietf.org,2026:rats/ear#03"), replace(EAR, raw_evidence=b"raw")):
        for write in (to_json, to_cbor):
            with pytest.raises(ValueError, match="-04"):
                write(ear)


def test_a_result_of_tomorrow_is_not_accepted_today() -> None:
    ear = replace(EAR, others={"nbf": NOW + 1})
    for token in (sign_jwt(ear, KEYS["P-256"]), sign_cwt(ear, KEYS["P-256"])):
        with pytest.raises(MalformedInput, match="not to be gone by yet"):
            read_signed(token, spki("P-256"), NOW)
        assert read_signed(token, spki("P-256"), NOW + 1).others == {"nbf": NOW + 1}


def test_a_message_without_its_tag_behind_that_of_a_cwt() -> None:
    token = sign_cwt(EAR, KEYS["P-256"])
    assert read_signed(b"\xd8\x3d" + token[1:], spki("P-256"), NOW).status is Status.WARNING


def test_headers_are_bounded() -> None:
    token = sign_cwt(EAR, KEYS["P-256"])
    protected, _, payload, signature = cbor2.loads(token).value
    huge = cbor2.dumps(cbor2.CBORTag(18, [protected, {1000: [0] * 30_000}, payload, signature]))
    with pytest.raises(InputError):
        read_signed(huge, spki("P-256"), NOW)


def test_edits_of_a_result_are_read_or_refused() -> None:
    """Bytes of both encodings cut, changed, doubled and moved: an answer or a refusal, and nothing that is better than it says."""
    chance = random.Random(4)
    for read, genuine in ((from_json, to_json(EAR)), (from_cbor, to_cbor(EAR))):
        for _ in range(400):
            data = bytearray(genuine)
            for _ in range(chance.randint(1, 3)):
                at = chance.randrange(len(data))
                match chance.randrange(4):
                    case 0:
                        data[at] = chance.randrange(256)
                    case 1:
                        del data[at : at + chance.randint(1, 20)]
                    case 2:
                        data[at:at] = data[at : at + chance.randint(1, 20)]
                    case _:
                        data[at:at] = bytes(chance.choices(b'{}[]":,0\x00\x80\xbf\xff', k=3))
            try:
                ear = read(bytes(data))
            except InputError:
                continue
            for submod in ear.submods.values():
                worst = max(map(tier_floor, submod.vector.values()), default=0)
                assert submod.status >= worst or (submod.status is Status.NONE and worst <= Status.AFFIRMING)


PUBLIC = "attest/public/"
DRAFT = PUBLIC + "ietf-rats-wg__draft-ietf-rats-ear/open/cddl/examples"
SERVICES = PUBLIC + "veraison__services/open/integration-tests/data/results"
NVIDIA = PUBLIC + "NVIDIA__nvtrust/open/guest_tools/attestation_sdk/tests/pytests/data/switch"


def test_the_drafts_own_examples(corpus: Path) -> None:
    """Those of -03, as JSON and as CBOR: 5 of 5 and 2 of 2; CBOR made of those in JSON has the names of JSON, and is refused."""
    texts = {path.name: from_json(path.read_bytes()) for path in sorted((corpus / DRAFT).glob("*json*.diag"))}
    assert len(texts) == 5
    for ear in texts.values():
        assert ear.profile.endswith("#03")
        raw = ear.raw_evidence
        assert isinstance(raw, bytes)
        written = replace(ear, profile=PROFILE, raw_evidence=("application/octet-stream", raw))
        assert from_json(to_json(written)) == written
        assert from_cbor(to_cbor(written)).submods == written.submods
    annotated = texts["ext-veraison-json-1.diag"].submods["PSA_IOT"]
    assert annotated.attester_claims["psa-client-id"] == 1
    assert "psa-certified" in annotated.verifier_claims
    read = {path.name: from_cbor(path.read_bytes()) for path in sorted((corpus / DRAFT).glob("*cbor*.cbor"))}
    assert [(name, each.status) for name, ear in read.items() for each in ear.submods.values()] == [
        ("ext-teep-cbor-1.from-diag.cbor", Status.NONE),
        ("ext-veraison-cbor-1.from-diag.cbor", Status.NONE),
    ]
    teep = read["ext-teep-cbor-1.from-diag.cbor"]
    assert teep.submods["PSA"].vector == {"instance-identity": 2, "configuration": 2, "executables": 2, "hardware": 2}
    assert teep.worst is Status.NONE
    again = cbor2.loads(to_cbor(replace(teep, profile=PROFILE, raw_evidence=None)))
    assert again[266]["PSA"][65000][256] == bytes.fromhex("0198f50a4ff6c05861c8860d13a638ea")
    for path in (corpus / DRAFT).glob("*json*.cbor"):
        with pytest.raises(MalformedInput):
            from_cbor(path.read_bytes())


def test_the_forms_before(corpus: Path) -> None:
    """Veraison's, with dots in their names. The one whose name says it is rejected breaks an extension of theirs, not the draft."""
    found = {
        path.name: from_json(path.read_bytes()).submods
        for path in sorted((corpus / PUBLIC / "veraison__ear").rglob("ear-claims*.json"))
    }
    assert len(found) == 4
    assert found["ear-claims-tv-ok.json"]["test"].vector["executables"] == 3
    assert found["ear-claims.json"]["test"].policy_ids == ("https://veraison.example/policy/1/60a0068d",)


def test_what_another_verifier_concluded(corpus: Path) -> None:
    """The submodules that Veraison's service is tested for: 7 of 7, with a head of ours around them."""
    found = {}
    for path in sorted((corpus / SERVICES).glob("*.json")):
        ear = from_json(claims(ear_status="contraindicated", submods=json.loads(path.read_bytes())))
        (found[path.stem],) = [(each.status.word, *each.verifier_claims) for each in ear.submods.values()]
    assert found == {
        "enacttrust.badnode": ("contraindicated", "problem"),
        "enacttrust.good": ("affirming",),
        "psa.badcrypto": ("contraindicated", "problem"),
        "psa.badinstance": ("contraindicated", "problem"),
        "psa.badswcomp": ("warning",),
        "psa.freshness-fail": ("contraindicated", "problem"),
        "psa.noident": ("contraindicated", "problem"),
    }


def test_a_profile_of_another_verifier() -> None:
    """Trustee's, with the values that its documentation shows: a claim of its own (35) has a tier, and no meaning that we know."""
    vector = {"configuration": 36, "executables": 33, "file-system": 35, "hardware": 97}
    submod = {
        "ear.status": "contraindicated",
        "ear.trustworthiness-vector": vector,
        "ear.appraisal-policy-id": "default",
    }
    head = {"eat_profile": "tag:github.com,2024:confidential-containers/Trustee", "iat": NOW, "exp": NOW + 300}
    who = {"ear.verifier-id": {"developer": "https://confidentialcontainers.org", "build": "attestation-service 0.1.0"}}
    ear = from_json(json.dumps({**head, **who, "submods": {"cpu0": submod}}).encode())
    assert (ear.worst, ear.submods["cpu0"].vector) == (Status.CONTRAINDICATED, vector)


def test_results_of_other_kinds_are_none(corpus: Path) -> None:
    """NVIDIA's claims are of a profile of its own, which has neither status nor vector: refused by name, 0 of 6 taken."""
    documents = sorted((corpus / NVIDIA).glob("*claims*.json"))
    assert documents
    for path in documents:
        with pytest.raises(MalformedInput):
            from_json(path.read_bytes())


def test_keys_of_others_sign_what_they_signed(corpus: Path) -> None:
    """Veraison's pair of keys: signed by one, and verified by the other, as its tools do with its claims."""
    folder = corpus / PUBLIC / "veraison__ear"
    secret, public = (
        json.loads((folder / each).read_bytes()) for each in ("open/arc/data/skey.json", "both/arc/data/pkey.json")
    )
    key = ec.derive_private_key(int.from_bytes(jws.from_base64url(secret["d"].encode())), ec.SECP256R1())
    x, y = (int.from_bytes(jws.from_base64url(public[each].encode())) for each in "xy")
    der = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    token = jws.sign({"typ": "JWT"}, (folder / "open/arc/data/ear-claims.json").read_bytes(), key)
    ear = read_signed(token, der.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), NOW)
    assert ear.profile == "tag:github.com,2023:veraison/ear"


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


@given(st.integers(-128, 127), st.integers(-128, 127))
def test_the_tier_of_a_vector_is_that_of_its_worst_claim(one: int, other: int) -> None:
    """Negative values too: -32 affirms, and -96 only warns (AR4SI §2.3.2)."""
    worst = Status(max(tier_floor(one), tier_floor(other)))
    assert TrustVector(hardware=one, executables=other).tier.value == worst.word


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
        (RULE.contradicts("bad \udcff" + "x" * 2000, "PCR 4"), TOKEN_SIGNATURE.supports("signed")),
        claims=(Claim("serial", "7", "x", ""), Claim("swname", "a", "x", ""), Claim("swname", "b", "x", "")),
        nonce=b"12345678",
    )
    ear = ear_of([appraisal, appraisal], VERIFIER, NOW)
    assert list(ear.submods) == ["box\N{REPLACEMENT CHARACTER}1", "box\N{REPLACEMENT CHARACTER}1 (2)"]
    submod = ear.submods["box\N{REPLACEMENT CHARACTER}1"]
    assert submod.attester_claims == {"serial": "7", "swname": ["a", "b"]}
    detail = "bad ?" + "x" * 995 + "…"
    assert submod.verifier_claims["contradicted"] == [{"rule": "r", "place": "PCR 4", "detail": detail}]
    assert ear.status is Status.CONTRAINDICATED
    assert from_cbor(to_cbor(ear)) == ear
    assert from_json(to_json(ear)).submods.keys() == ear.submods.keys()


def test_a_case_is_told_with_what_it_rests_on() -> None:
    release = Release("1" * 64, "Acme", "Router", "1.0", Authority.PUBLISHER, bytes(32), policy="openwrt")
    image = Result(
        "a.bin",
        1,
        bytes(32),
        Verdict.GENUINE,
        Tier.AFFIRMING,
        TrustVector(executables=2),
        "same",
        match=Match(release, 1.0),
    )
    checks = (TOKEN_SIGNATURE.supports("signed"), TOKEN_NONCE.supports("held"), RULE.contradicts("bad", "PCR 4"))
    live = conclude(
        Gathered("box", ("psa-token",), checks, (Matched(Aspect.BOOT, release, "PCR 0"),), nonce=b"12345678")
    )
    ear = ear_of([combine("box", [image], [live]), image], VERIFIER, NOW, NOW + 60, b"relying!")
    assert list(ear.submods) == ["box", "a.bin", "box (2)", "a.bin (2)"]
    assert ear.topology == {"box": ("a.bin", "box (2)")}
    assert [each.status.word for each in ear.submods.values()] == [
        *("contraindicated", "affirming", "contraindicated", "affirming")
    ]
    own, first, second = (ear.submods[each] for each in ("box", "a.bin", "box (2)"))
    assert (own.verifier_claims["verdict"], own.vector) == ("TAMPERED", {"executables": 96})
    assert own.verifier_claims["contradictions"][0]["rule"] == "case-running"  # type: ignore[index,call-overload]
    assert first.policy_ids == second.policy_ids == ("urn:trueware:policy:openwrt",)
    assert first.verifier_claims["release-title"] == "Router 1.0 of Acme"
    assert second.nonce == b"12345678"
    assert from_cbor(to_cbor(ear)) == ear
    assert from_json(to_json(ear)).topology == ear.topology


CHECK = st.builds(
    lambda rule, outcome, detail: {
        Outcome.SUPPORTS: rule.supports,
        Outcome.CONTRADICTS: rule.contradicts,
        Outcome.NOT_SHOWN: rule.not_shown,
    }[outcome](detail, detail),
    st.sampled_from(list(CHECKS.values())),
    st.sampled_from(list(Outcome)),
    st.text(st.characters(), max_size=4),
)


@given(st.lists(st.lists(CHECK, max_size=6), min_size=1, max_size=3), st.text(st.characters(), max_size=6))
def test_whatever_is_concluded_can_be_handed_on(each: list[list[Check]], name: str) -> None:
    """Any texts, names and checks: a result is written, and read again as the same; only GENUINE without a fault is affirming."""
    told = [conclude(Gathered(name, ("x",), tuple(checks), claims=(Claim(name, name, "x", ""),))) for checks in each]
    ear = ear_of(told, VERIFIER, NOW)
    assert from_cbor(to_cbor(ear)) == ear
    assert from_json(to_json(ear)).submods.keys() == ear.submods.keys()
    assert len(ear.submods) == len(told)
    for appraisal, submod in zip(told, ear.submods.values(), strict=True):
        genuine = appraisal.verdict is Verdict.GENUINE and appraisal.tier is Tier.AFFIRMING
        assert (submod.status is Status.AFFIRMING) is genuine
    assert (ear.worst is Status.AFFIRMING) is all(each.status is Status.AFFIRMING for each in ear.submods.values())


def test_what_is_not_believed_is_not_the_attesters_word() -> None:
    """A serial number in evidence whose signer is not shown, or whose challenge nobody sent, is anybody's word."""
    claim = (Claim("serial", "7", "x", ""),)
    for checks in (
        (),
        (TOKEN_SIGNATURE.not_shown("no key"),),
        (TOKEN_SIGNATURE.supports("signed"), TOKEN_NONCE.not_shown("no challenge")),
        (TOKEN_SIGNATURE.supports("signed"), TOKEN_NONCE.contradicts("another")),
    ):
        appraisal = Appraisal(
            "a", (), Verdict.UNKNOWN, Tier.NONE, TrustVector(), "r", checks, claims=claim, nonce=b"12345678"
        )
        submod = ear_of([appraisal], VERIFIER, NOW).submods["a"]
        assert (submod.attester_claims, submod.nonce) == ({}, None)


def test_nothing_is_affirmed_where_a_part_says_nothing() -> None:
    """UNKNOWN with affirming claims is status none, and so is all of a result with such a part: never affirming."""
    unknown = Appraisal("a", (), Verdict.UNKNOWN, Tier.NONE, TrustVector(executables=2), "r", ())
    genuine = Appraisal("b", (), Verdict.GENUINE, Tier.AFFIRMING, TrustVector(executables=2), "r", ())
    ear = ear_of([unknown, genuine], VERIFIER, NOW)
    assert (ear.status, ear.worst) == (Status.NONE, Status.NONE)
    assert from_json(to_json(ear)).submods == ear.submods
    assert ear_of([genuine], VERIFIER, NOW).status is Status.AFFIRMING
    assert replace(ear, status=Status.AFFIRMING).worst is Status.NONE
    assert replace(ear, status=Status.CONTRAINDICATED).worst is Status.CONTRAINDICATED


@pytest.mark.parametrize(
    ("among", "expected"),
    [
        ([], Status.NONE),
        ([Status.AFFIRMING], Status.AFFIRMING),
        ([Status.AFFIRMING, Status.NONE], Status.NONE),
        ([Status.NONE, Status.WARNING], Status.WARNING),
        (list(Status), Status.CONTRAINDICATED),
    ],
)
def test_the_worst_status(among: list[Status], expected: Status) -> None:
    assert Status.worst(among) is expected


@pytest.mark.parametrize("claim", CLAIMS)
def test_values_have_names(claim: str) -> None:
    """AR4SI §2.3.4: each claim has a meaning for 2 and 96, values of a verifier's own have none, all have a tier."""
    own = "a value of the verifier's own"
    assert own not in (value_name(claim, 2), value_name(claim, 96), value_name(claim, 99), value_name(claim, 0))
    assert value_name(claim, -50) == own == value_name(claim, 77)
    assert [tier_of(value).value for value in (0, -1, 2, -32, 32, -96, 96, -128)] == [
        *("none", "none", "affirming", "affirming", "warning", "warning", "contraindicated", "contraindicated")
    ]
