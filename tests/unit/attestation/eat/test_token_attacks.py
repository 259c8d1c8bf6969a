"""Attacks: edits of genuine tokens, each refused for its own reason, or worth nothing."""

import json
from collections.abc import Mapping
from hashlib import sha256
from random import Random

import pytest
from tests.unit.attestation.eat.tokens import DEVICE, GENERAL, NONCE, NOW, OTHER, PSA, UEID, signed, spki

from trueware.attestation.contract import Endorsements, Proved, Question
from trueware.attestation.eat.verifying import verify_token
from trueware.cose.foreign_cbor import Key, Tagged, Value, encode
from trueware.errors import EvidenceRefused, InputError, LimitExceeded, MalformedInput
from trueware.model.check import Outcome
from trueware.signatures import jws

KEYS = Endorsements(keys={"device": spki(DEVICE)})
ASKED = Question(NOW, NONCE, 60)


def outcomes(proved: Proved) -> dict[str, Outcome]:
    return {each.rule: each.outcome for each in proved.checks}


def verify(value: Value, endorsements: Endorsements = KEYS, question: Question = ASKED) -> Proved:
    return verify_token(encode(value), endorsements, question)


def refused(value: Value, rule: str, endorsements: Endorsements = KEYS, question: Question = ASKED) -> None:
    with pytest.raises(EvidenceRefused) as caught:
        verify(value, endorsements, question)
    assert caught.value.rule == rule


def test_genuine_tokens() -> None:
    for value in (signed(GENERAL), Tagged(61, signed(GENERAL))):
        proved = verify(value)
        found = outcomes(proved)
        assert {found[f"token-{name}"] for name in ("signature", "nonce", "time", "debug", "secure-boot")} == {
            Outcome.SUPPORTS
        }
        assert {each.name: each.value for each in proved.claims}["swversion"] == "1.2"
    proved = verify(signed(PSA))
    assert proved.kind == "psa-token"
    assert [(each.name, each.version) for each in proved.measured] == [("BL", "1.0")]
    assert outcomes(proved)["token-lifecycle"] is Outcome.SUPPORTS


@pytest.mark.parametrize(
    "protection", [{**GENERAL}, Tagged(601, {**GENERAL}), Tagged(17, (b"\xa1\x01\x05", {}, encode(GENERAL), bytes(32)))]
)
def test_nobody_signed(protection: Value) -> None:
    proved = verify(protection)
    assert {outcomes(proved)[f"token-{name}"] for name in ("signature", "nonce", "time")} == {Outcome.NOT_SHOWN}
    assert not proved.claims
    assert not proved.measured


def test_no_key_at_hand_is_not_shown() -> None:
    proved = verify(signed(PSA), Endorsements())
    assert outcomes(proved)["token-signature"] is Outcome.NOT_SHOWN
    assert not proved.claims
    assert not proved.measured


def test_another_key_signed() -> None:
    refused(signed(GENERAL, OTHER), "token-signature")
    swapped = signed(GENERAL, OTHER, unprotected={4: b"device"})
    refused(swapped, "token-signature")
    both = Endorsements(keys={"device": spki(DEVICE), "other": spki(OTHER)})
    assert "other" in verify(swapped, both).checks[0].detail, "a key id is a hint, and who signed is told"


def test_a_key_speaks_for_its_own_device() -> None:
    mine, theirs = UEID.hex(), (b"\x01" + b"\x05" * 32).hex()
    assert (
        outcomes(verify(signed(GENERAL), Endorsements(keys={mine: spki(DEVICE)})))["token-instance"] is Outcome.SUPPORTS
    )
    refused(signed(GENERAL), "token-instance", Endorsements(keys={theirs: spki(DEVICE)}))


@pytest.mark.parametrize("algorithm", [-8, -35, -37, -257, 5, 0, None, "ES256"])
def test_algorithms_are_the_keys_own(algorithm: Value) -> None:
    header: dict[Key, Value] = {} if algorithm is None else {1: algorithm}
    token = signed(GENERAL, protected=header, unprotected={1: -7} if algorithm is None else {})
    if algorithm in (-8, -37, -257):  # by a kind of key that is not at hand
        assert outcomes(verify(token))["token-signature"] is Outcome.NOT_SHOWN
        assert not verify(token).claims
    else:
        refused(token, "token-signature")


def test_jwt() -> None:
    claims = {"eat_nonce": jws.to_base64url(NONCE).decode(), "swname": "OS", "iat": NOW}
    token = jws.sign({"typ": "JWT"}, json.dumps(claims).encode(), DEVICE)
    assert outcomes(verify_token(token, KEYS, ASKED))["token-signature"] is Outcome.SUPPORTS
    _, payload, signature = token.split(b".")

    def headed(header: Mapping[str, object], end: bytes = signature) -> bytes:
        return jws.to_base64url(json.dumps(header).encode()) + b"." + payload + b"." + end

    for header in ({"alg": "HS256"}, {"alg": "EdDSA"}, {"alg": "RS256"}):
        found = verify_token(headed(header), KEYS, ASKED)
        assert outcomes(found)["token-signature"] is Outcome.NOT_SHOWN
        assert not found.claims
    with pytest.raises(EvidenceRefused):
        verify_token(headed({"alg": "ES384"}), KEYS, ASKED)
    for bad in (headed({"alg": "none"}), headed({"alg": "ES256", "crit": ["x"]}), headed({}) + b"=", token + b".x"):
        with pytest.raises(InputError):
            verify_token(bad, KEYS, ASKED)
    unsecured = verify_token(headed({"alg": "none"}, b""), KEYS, ASKED)
    assert outcomes(unsecured)["token-signature"] is Outcome.NOT_SHOWN
    assert not unsecured.claims


def test_challenges() -> None:
    other = b"\xee" * 32
    assert outcomes(verify(signed({**GENERAL, 10: (other, NONCE)})))["token-nonce"] is Outcome.SUPPORTS
    for nonce in (other, (), (other,), NONCE[:-1], NONCE + b"\0", (NONCE, 5), (NONCE, b"short"), (NONCE,) * 17):
        refused(signed({**GENERAL, 10: nonce}), "token-nonce")
    refused(signed({6: NOW}), "token-nonce")
    refused(signed({**PSA, 10: (NONCE, other)}), "token-profile")
    assert outcomes(verify(signed(GENERAL), question=Question(NOW)))["token-nonce"] is Outcome.NOT_SHOWN


@pytest.mark.parametrize(
    "edit",
    [
        *({4: NOW}, {5: NOW + 1000}, {6: NOW + 1000}, {6: NOW - 61}, {4: "x"}, {4: float("nan")}, {4: float("-inf")}),
        *({4: True}, {6: 1 << 63}),
    ],
)
def test_times(edit: dict[Key, Value]) -> None:
    refused(signed({**GENERAL, **edit}), "token-time")


@pytest.mark.parametrize(
    "edit",
    [
        *(
            {2396: bytes(31)},
            {256: b"\x02" + bytes(32)},
            {256: bytes(33)[:17]},
            {2394: "1"},
            {2394: True},
            {2394: None},
        ),
        *({2395: 0x7000}, {2395: 0x3100}, {2395: -1}, {2395: None}, {2397: bytes(7)}, {2398: "123"}, {2400: ""}),
        *({2399: ()}, {2399: ({2: bytes(32)},)}, {2399: ({2: bytes(31), 5: bytes(32)},)}, {2399: (1,)}, {2399: {}}),
        *({268: bytes(33)}, {10: bytes(8)}),
    ],
)
def test_profile_of_psa(edit: dict[Key, Value]) -> None:
    refused(signed({**PSA, **edit}), "token-profile", question=Question(NOW))


@pytest.mark.parametrize(("state", "value"), [(0x1000, 96), (0x2000, 96), (0x4000, 32), (0x50FF, 96), (0x6000, 96)])
def test_lifecycles_that_are_not_secured(state: int, value: int) -> None:
    found = [each for each in verify(signed({**PSA, 2395: state})).checks if each.rule == "token-lifecycle"]
    assert [(each.outcome, each.value) for each in found] == [(Outcome.CONTRADICTS, value)]
    assert outcomes(verify(signed({**PSA, 2395: 0})))["token-lifecycle"] is Outcome.NOT_SHOWN


def test_claims_twice_under_two_keys() -> None:
    with pytest.raises(MalformedInput):
        verify(signed({**PSA, -75003: bytes(32)}))
    with pytest.raises(MalformedInput):
        verify(signed(b"\xa2\x0a\x48" + bytes(8) + b"\x18\x0a\x48" + bytes(8)))
    with pytest.raises(MalformedInput):
        verify_token(b'{"iat": 1, "iat": 2}', KEYS, ASKED)


def test_what_the_device_says_against_itself() -> None:
    found = outcomes(verify(signed({**GENERAL, 263: 0, 262: False, 274: (("self", (("kernel", 2),)),)})))
    for name in ("debug", "secure-boot", "measurement-result"):
        assert found[f"token-{name}"] is Outcome.CONTRADICTS
    found = outcomes(verify(signed({**GENERAL, 263: 1, 274: (("self", (("kernel", 1), ("shell", 3))),)})))
    assert found["token-debug"] is found["token-measurement-result"] is Outcome.NOT_SHOWN


@pytest.mark.parametrize(
    "edit",
    [
        *({256: b"\x04" + bytes(16)}, {256: bytes(5)}, {257: {}}, {258: b"12"}, {260: ()}, {261: -1}, {263: 9}),
        *({264: {1: 2.0}}, {267: True}, {270: 5}, {275: 9}),
    ],
)
def test_claims_of_a_wrong_form_are_left_out_and_told(edit: dict[Key, Value]) -> None:
    assert outcomes(verify(signed({**GENERAL, **edit})))["token-claims"] is Outcome.CONTRADICTS


def test_claims_that_need_others() -> None:
    several: tuple[dict[Key, Value], ...] = ({259: b"x"}, {260: ("1",)}, {262: True}, {271: ("1",)})
    for claims in several:
        assert outcomes(verify(signed({6: NOW, 10: NONCE, **claims})))["token-claims"] is Outcome.CONTRADICTS


def test_letters_of_approval_are_claims() -> None:
    proved = verify(signed({**GENERAL, 269: (("https://registrar.example", "platform", "app"),)}))
    assert outcomes(proved)["token-certification"] is Outcome.NOT_SHOWN
    assert [each.value for each in proved.claims if each.name == "dloa"] == ["https://registrar.example platform app"]


def test_measured_components() -> None:
    digest = sha256(b"x").digest()
    component = encode({1: ("boot", ("7",)), 2: (1, digest)})
    proved = verify(signed({**GENERAL, 273: ((300, component), (258, encode({0: "id"})))}))
    assert [(each.name, each.version, each.digests) for each in proved.measured] == [
        ("boot", "7", (("sha256", digest),))
    ]
    assert outcomes(proved)["token-measurements"] is Outcome.NOT_SHOWN


def test_reports_of_updates() -> None:
    digest = encode((-16, bytes(range(32))))
    properties: dict[Key, Value] = {0: (b"kernel", b"\x00"), 3: digest, 14: 5}
    report: dict[Key, Value] = {99: ("coaps://x", digest), 3: (((), 1, 0, 0, {}), properties), 4: True}
    proved = verify(signed({**GENERAL, 273: ((300, encode(report)),)}))
    assert [(each.name, each.digests[0][0]) for each in proved.measured] == [("kernel/00", "sha256")]
    assert outcomes(proved)["token-update"] is Outcome.SUPPORTS
    stopped = verify(signed({**GENERAL, 273: ((300, encode({**report, 4: {5: 1, 7: 10}})),)}))
    assert outcomes(stopped)["token-update"] is Outcome.CONTRADICTS
    edits: tuple[dict[Key, Value], ...] = (
        {99: ()},
        {4: False},
        {4: {}},
        {3: (1,)},
        {3: ({0: 5},)},
        {99: (b"\x82\x2f\x41\x00",)},
        {2: "n"},
    )
    for edit in edits:
        broken = verify(signed({**GENERAL, 273: ((300, encode({**report, **edit})),)}))
        assert outcomes(broken)["token-measurements"] is Outcome.NOT_SHOWN
        assert not broken.measured


def test_detached_submodules() -> None:
    part = encode({270: "inner"})
    good = signed({**GENERAL, 266: {"tee": (-16, sha256(part).digest())}})
    proved = verify(Tagged(602, (good, {"tee": part})))
    assert ("swname", "inner", "submods/tee") in [(each.name, each.value, each.part) for each in proved.claims]
    refused(Tagged(602, (good, {"tee": encode({270: "inneR"})})), "token-submodules")
    left_out = verify(Tagged(602, (good, {})))
    assert outcomes(left_out)["token-submodules"] is Outcome.NOT_SHOWN
    assert len(left_out.claims) < len(proved.claims)


def test_nested_tokens_are_signed_for_themselves() -> None:
    inner: dict[Key, Value] = {270: "inner"}
    for nested, is_told in (
        (signed(inner), True),
        (encode(signed(inner)), True),
        (signed(inner, OTHER), False),
        (Tagged(601, inner), False),
        (encode(Tagged(601, inner)), False),
        (b"\xff", False),
    ):
        proved = verify(signed({**GENERAL, 266: {"sub": nested}}))
        assert ("inner" in [each.value for each in proved.claims]) is is_told
        expected = Outcome.SUPPORTS if is_told else Outcome.NOT_SHOWN
        assert outcomes(proved)["token-submodules"] is expected


def test_bombs() -> None:
    deep: dict[Key, Value] = {270: "x"}
    for _ in range(6):
        deep = {266: {"a": deep}}
    with pytest.raises(LimitExceeded):
        verify(signed({**GENERAL, **deep}))
    wide: dict[Key, Value] = {266: {str(n): {266: {str(m): {270: "x"} for m in range(60)}} for n in range(60)}}
    with pytest.raises(LimitExceeded):
        verify(signed({**GENERAL, **wide}))
    for data in (b"\x9f" * 100_000, b"\xbf" * 100_000, b"\xd8\x3d" * 100_000, b'{"a":' * 50_000, b"[" * 100_000):
        with pytest.raises(InputError):
            verify_token(data, KEYS, ASKED)
    for crowded in (
        (0,) * 200_000,
        signed(encode({10: (0,) * 200_000})),
        signed(GENERAL, protected={1: -7, 99: (0,) * 70_000}),
    ):
        with pytest.raises(LimitExceeded):
            verify(crowded)
    with pytest.raises(LimitExceeded):
        verify_token(bytes(3 << 20), KEYS, ASKED)


def test_lengths_that_are_not_definite_are_read_as_they_came() -> None:
    payload = b"\xbf" + encode({10: NONCE, 6: NOW, 270: "OS"})[1:] + b"\xff"
    assert outcomes(verify(signed(payload)))["token-signature"] is Outcome.SUPPORTS


def test_any_mutation_is_refused_or_worth_nothing() -> None:
    random = Random(7)
    part = encode({270: "inner"})
    whole = encode(Tagged(602, (signed({**PSA, 266: {"tee": (-16, sha256(part).digest())}}), {"tee": part})))
    genuine = verify_token(whole, KEYS, ASKED)
    for _ in range(600):
        data = bytearray(whole)
        for _ in range(random.randint(1, 3)):
            at = random.randrange(len(data))
            match random.randrange(3):
                case 0:
                    data[at] ^= 1 << random.randrange(8)
                case 1:
                    del data[at]
                case _:
                    data.insert(at, random.randrange(256))
        try:
            found = verify_token(bytes(data), KEYS, ASKED)
        except InputError:
            continue
        assert set(found.claims) <= set(genuine.claims)
        assert set(found.measured) <= set(genuine.measured)
