"""Verifies a token: who made it, for whom and when, by which profile, and what it says.

1. Envelope: told apart; a detached bundle's parts must have the digests that the token holds; CCA's two tokens.
2. Signature, by a key or chain at hand (`signing`). Nothing counts as attested of what nobody at hand signed.
3. Challenge: equal to the one that was sent, or one of several that the token holds (RFC 9711 §4.1).
4. Time: exp, nbf and iat against now and the age that is allowed (RFC 8392 §3.1.4 to §3.1.6).
5. Profile: what PSA's and CCA's demand; any other is read as EAT without one.
6. Claims, then those of submodules. Nested tokens are signed for themselves, or say nothing.
"""

import math
from collections.abc import Mapping

from trueware.attestation.contract import Endorsements, Proved, Question
from trueware.attestation.eat import cca, psa
from trueware.attestation.eat import checks as rules
from trueware.attestation.eat.claims_set import NAME, ClaimsSet
from trueware.attestation.eat.general import Told, nonces, tell
from trueware.attestation.eat.signing import check_signature
from trueware.attestation.eat.submodules import MAX_NESTED, MAX_SUBMODULES, open_submodules, read_bundle
from trueware.attestation.eat.token import Token, read_token
from trueware.cose.foreign_cbor import Value
from trueware.errors import EvidenceRefused, LimitExceeded
from trueware.model.check import Check
from trueware.signatures.jws import to_base64url

_REALM = frozenset({"initial-measurement", "extensible-measurements", "realm-key", "realm-hash"})
_FIRST = frozenset({"implementation-id", "client-id"})
"""What a token of PSA's first profile has, which need not name it."""
EAT, PSA, CCA = "eat", "psa-token", "cca-token"
AHEAD = 300
"""Seconds that a device's clock may be ahead."""


def verify_token(data: bytes, endorsements: Endorsements, question: Question) -> Proved:
    """Return what a token proves.

    Args:
        data: a CWT, JWT, UCCS, UJCS, detached bundle, or CCA collection.
        endorsements: keys and roots at hand.
        question: the challenge that was sent, the time, the age that is allowed.

    Raises:
        MalformedInput: it is no token (check 1).
        LimitExceeded: too long, too deep, or too many values.
        EvidenceRefused: it must not be believed (checks 1 to 5).
    """
    if cca.is_collection(data):
        return _verify_cca(data, endorsements, question)
    bundle = read_bundle(data)
    main, beside = bundle if bundle is not None else (data, {})
    token = read_token(main)
    claims = token.claims.claims
    profile = claims.get("eat_profile")
    if _REALM & claims.keys():
        return _verify_realm(token, question)
    named = profile if isinstance(profile, str) else psa.FIRST if profile is None and claims.keys() >= _FIRST else ""
    is_psa, is_platform = named in psa.PROFILES, named in cca.PLATFORM_PROFILES
    kind = PSA if is_psa else CCA if is_platform else EAT
    signed = check_signature(token, endorsements, question)
    checks = [*signed.checks, _check_nonce(claims, question, is_signed=signed.is_proved)]
    checks += _check_time(claims, question, is_signed=signed.is_proved)
    told = Told()
    if is_psa or is_platform:
        (psa.require if is_psa else cca.require_platform)(claims)
        checks.append(rules.TOKEN_PROFILE.supports(f"as {named} demands"))
        _tell_arm(claims, kind, told)
    _tell_all(token.claims, beside, kind, endorsements, question, told, [MAX_SUBMODULES])
    return _proved(kind, checks, told, claims, is_signed=signed.is_proved)


def _verify_cca(data: bytes, endorsements: Endorsements, question: Question) -> Proved:
    found = cca.read_collection(data)
    platform, realm = found.platform.claims.claims, found.realm.claims.claims
    profile = platform.get("eat_profile")
    if not isinstance(profile, str) or profile not in cca.PLATFORM_PROFILES:
        psa.refuse("the platform's profile is not known", "platform")
    signed = check_signature(found.platform, endorsements, question, "platform")
    cca.require_platform(platform)
    cca.require_realm(realm)
    checks = [*signed.checks, cca.check_binding(found.platform, found.realm)]
    checks.append(_check_nonce(realm, question, is_signed=signed.is_proved))
    checks.append(rules.TOKEN_PROFILE.supports(f"as {profile} demands"))
    told = Told()
    _tell_arm(platform, CCA, told, "platform")
    _tell_all(found.platform.claims, {}, CCA, endorsements, question, told, [MAX_SUBMODULES], "platform")
    told.measured += cca.realm_measurements(realm)
    return _proved(CCA, checks, told, realm, is_signed=signed.is_proved)


def _verify_realm(token: Token, question: Question) -> Proved:
    """Return what a realm's token proves without its platform's: nothing, if it is of its form."""
    claims = token.claims.claims
    cca.require_realm(claims)
    detail = "a realm's claims by themselves; the platform token that comes with them would vouch for its key"
    checks = [rules.TOKEN_SIGNATURE.not_shown(detail), _check_nonce(claims, question, is_signed=False)]
    return _proved(CCA, checks, Told(), claims, is_signed=False)


def _proved(kind: str, checks: list[Check], told: Told, claims: Mapping[str, Value], *, is_signed: bool) -> Proved:
    held = next((each for each in nonces(claims) if isinstance(each, bytes)), None)
    if not is_signed:
        return Proved(kind, tuple(checks), nonce=held)
    return Proved(kind, (*checks, *told.checks), tuple(told.claims), tuple(told.measured), held)


def _tell_arm(claims: Mapping[str, Value], kind: str, told: Told, place: str = "") -> None:
    told.checks.append(psa.judge_lifecycle(claims, place))
    told.checks += psa.certification(claims)
    told.claims += psa.claims_of(claims, kind, place)
    told.measured += psa.components(claims, place)


def _check_nonce(claims: Mapping[str, Value], question: Question, *, is_signed: bool) -> Check:
    rule = rules.TOKEN_NONCE
    if question.nonce is None:
        return rule.not_shown("no challenge was given; that the token answers one shows that it is fresh")
    sent = question.nonce
    texts = {to_base64url(sent).decode(), sent.hex()}
    held = nonces(claims)
    if not any(each == sent if isinstance(each, bytes) else each in texts or each.encode() == sent for each in held):
        found = "another challenge" if held else "no challenge"
        raise EvidenceRefused(rule.id, f"the token holds {found}, not the one that was sent")
    if not is_signed:
        return rule.not_shown("the challenge stands in it, and nobody at hand signed that")
    return rule.supports("it holds the challenge that was sent")


def _check_time(claims: Mapping[str, Value], question: Question, *, is_signed: bool) -> list[Check]:
    rule, now = rules.TOKEN_TIME, question.now
    times = {name: _time(name, claims[name]) for name in ("exp", "nbf", "iat") if name in claims}
    if "exp" in times and now >= times["exp"]:
        raise EvidenceRefused(rule.id, f"it ran out {now - times['exp']:.0f} seconds ago", "exp")
    for name in ("nbf", "iat"):
        if name in times and times[name] > now + AHEAD:
            raise EvidenceRefused(rule.id, f"it is of a time {times[name] - now:.0f} seconds ahead", name)
    if question.max_age is not None and "iat" in times and now - times["iat"] > question.max_age:
        raise EvidenceRefused(
            rule.id, f"it is {now - times['iat']:.0f} seconds old, {question.max_age} are allowed", "iat"
        )
    if not times or (question.max_age is not None and "iat" not in times):
        detail = "it has no time of its own; only a challenge shows how old it is"
        return [rule.not_shown(detail, expected_gap=True)]
    if not is_signed:
        return [rule.not_shown("times stand in it, and nobody at hand signed them")]
    return [rule.supports(f"{', '.join(times)} fit the present time")]


def _time(name: str, value: Value) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or abs(value) > 1 << 48
    ):
        raise EvidenceRefused(rules.TOKEN_TIME.id, "no time", name)
    return value


def _tell_all(
    given: ClaimsSet,
    beside: Mapping[str, bytes],
    kind: str,
    endorsements: Endorsements,
    question: Question,
    told: Told,
    left: list[int],
    place: str = "",
    depth: int = 0,
) -> None:
    """Add what a claims set and its submodules say (check 6); `left` is how many submodules may still be opened."""
    if depth > MAX_NESTED:
        raise LimitExceeded("depth of submodules", MAX_NESTED, NAME)
    own = tell(given, kind, place)
    told.checks += own.checks
    told.claims += own.claims
    told.measured += own.measured
    for each in open_submodules(given, beside, place):
        left[0] -= 1
        if left[0] < 0:
            raise LimitExceeded("submodules of a token", MAX_SUBMODULES, NAME)
        if each.claims is not None:
            if _is_detached(given, each.name):
                detail = "what is conveyed beside the token has the digest that it holds"
                told.checks.append(rules.TOKEN_SUBMODULES.supports(detail, each.name))
            _tell_all(each.claims, {}, kind, endorsements, question, told, left, each.name, depth + 1)
        elif each.token is not None:
            _tell_nested(each.token, each.name, kind, endorsements, question, told, left, depth)
        else:
            told.checks.append(rules.TOKEN_SUBMODULES.not_shown(each.fault, each.name))


def _tell_nested(
    token: Token,
    name: str,
    kind: str,
    endorsements: Endorsements,
    question: Question,
    told: Told,
    left: list[int],
    depth: int,
) -> None:
    """Add what a nested token says, if somebody at hand signed it; for the whole it is a part that is not shown."""
    try:
        signed = check_signature(token, endorsements, question, name)
    except EvidenceRefused as error:
        told.checks.append(rules.TOKEN_SUBMODULES.not_shown(f"a nested token says nothing: {error.reason}", name))
        return
    if not signed.is_proved:
        detail = f"a nested token says nothing: {signed.checks[0].detail}"
        told.checks.append(rules.TOKEN_SUBMODULES.not_shown(detail, name))
        return
    told.checks.append(rules.TOKEN_SUBMODULES.supports(f"a nested token: {signed.checks[0].detail}", name))
    told.checks += _check_time(token.claims.claims, question, is_signed=True)
    _tell_all(token.claims, {}, kind, endorsements, question, told, left, name, depth + 1)


def _is_detached(given: ClaimsSet, name: str) -> bool:
    modules = given.claims.get("submods")
    value = modules.get(name.rpartition("submods/")[2]) if isinstance(modules, dict) else None
    return isinstance(value, tuple)
