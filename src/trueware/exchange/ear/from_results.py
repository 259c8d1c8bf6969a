"""Attestation results of what trueware concluded: of artefacts, of live evidence, and of cases.

Each becomes a submodule. What the attester itself attests goes into `ear_attester_claims`; the verdict with its reason, the release,
the authority and each check that speaks against it into `ear_verifier_claims`. Evidence itself is not repeated (§8, privacy). What
evidence says that must not be believed, or whose signer or freshness was not shown, is not handed on as the attester's word.
`docs/concepts/ear.md` tells all of it for relying parties.
"""

from collections.abc import Iterable
from itertools import islice

from trueware.appraisal.live.believed import is_believed
from trueware.exchange.ear.model import Ear, EarAppraisal, Json, Status, VerifierId
from trueware.model.attested import Appraisal
from trueware.model.case import Case
from trueware.model.check import Check, Outcome
from trueware.model.claim import Claim
from trueware.model.release import Release
from trueware.model.result import Result
from trueware.model.verdict import Tier, TrustVector

_STATUS = {
    Tier.NONE: Status.NONE,
    Tier.AFFIRMING: Status.AFFIRMING,
    Tier.WARNING: Status.WARNING,
    Tier.CONTRAINDICATED: Status.CONTRAINDICATED,
}
_MOST = 32
"""Checks, releases and values of one name that are told."""

_LONGEST = 1000
"""Characters of a text that are told."""

POLICY = "urn:trueware:policy:"


def ear_of(
    concluded: Iterable[Result | Appraisal | Case],
    verifier: VerifierId,
    now: int,
    expires: int | None = None,
    nonce: bytes | None = None,
) -> Ear:
    """Return the result to be handed on.

    Args:
        concluded: what is told, each a submodule by its name; of a case its facets, and what it rests on, as parts of it.
        verifier: who appraised.
        now: seconds since 1970.
        expires: until when it may be gone by.
        nonce: of the relying party.
    """
    submods: dict[str, EarAppraisal] = {}
    topology: dict[str, tuple[str, ...]] = {}
    for each in concluded:
        labels = []
        for name, appraisal in _submods(each):
            labels.append(_free(name, submods))
            submods[labels[-1]] = appraisal
        if labels[1:]:
            topology[labels[0]] = tuple(labels[1:])
    overall = Status.worst(each.status for each in submods.values())
    return Ear(now, verifier, submods, overall, expires, nonce, topology=topology)


def _submods(each: Result | Appraisal | Case) -> list[tuple[str, EarAppraisal]]:
    if isinstance(each, Result):
        return [(each.artefact, _of_result(each))]
    if isinstance(each, Appraisal):
        return [(each.attester, _of_appraisal(each))]
    own = EarAppraisal(
        status=_status(each.tier, each.vector),
        vector=each.vector.as_claims(),
        verifier_claims=_told(
            {
                "verdict": each.verdict.value,
                "reason": each.reason,
                "facets": {
                    facet.facet.value: {
                        "status": facet.tier.value,
                        "strength": facet.strength.value if facet.strength else "none",
                        "by": facet.by,
                    }
                    for facet in each.facets
                },
                "contradictions": _checks(
                    check for check in each.contradictions if check.outcome is Outcome.CONTRADICTS
                ),
            }
        ),
    )
    return [
        (each.device, own),
        *((result.artefact, _of_result(result)) for result in each.results),
        *((appraisal.attester, _of_appraisal(appraisal)) for appraisal in each.appraisals),
    ]


def _of_result(result: Result) -> EarAppraisal:
    release = result.match.release if result.match is not None else None
    told: dict[str, Json] = {
        "verdict": result.verdict.value,
        "reason": result.reason,
        "evidence": result.evidence.value,
        "conformity": result.conformity.conformity.value,
        "changes": len(result.changes),
        "effects": list(dict.fromkeys(each.effect.id for each in result.explanations)),
        **_authority(result.authority.value if result.authority else None),
        **_release(release),
    }
    if result.sha256 is not None:
        told["sha256"] = result.sha256.hex()
    policy = (f"{POLICY}{release.policy}",) if release is not None else ()
    return EarAppraisal(
        _status(result.tier, result.vector), result.vector.as_claims(), policy, verifier_claims=_told(told)
    )


def _of_appraisal(appraisal: Appraisal) -> EarAppraisal:
    told: dict[str, Json] = {
        "verdict": appraisal.verdict.value,
        "reason": appraisal.reason,
        "evidence": "attested",
        "kinds": list(appraisal.kinds),
        "contradicted": _checks(appraisal.contradicted),
        "not-shown": _checks(appraisal.not_shown),
        **_authority(appraisal.authority.value if appraisal.authority else None),
        "releases": [{**_release(each.release), "shown-by": each.shown_by} for each in appraisal.matches[:_MOST]],
    }
    policies = tuple(dict.fromkeys(f"{POLICY}{each.release.policy}" for each in appraisal.matches))
    believed = is_believed(appraisal.checks)
    return EarAppraisal(
        _status(appraisal.tier, appraisal.vector),
        appraisal.vector.as_claims(),
        policies,
        nonce=appraisal.nonce if believed and appraisal.nonce is not None and 8 <= len(appraisal.nonce) <= 64 else None,
        attester_claims=_told(_attested(appraisal.claims)) if believed else {},
        verifier_claims=_told(told),
    )


def _status(tier: Tier, vector: TrustVector) -> Status:
    """Return the status for a tier, never a better one than the vector has (§3.1)."""
    found = _STATUS[tier]
    return max(found, _STATUS[vector.tier]) if vector.tier in (Tier.WARNING, Tier.CONTRAINDICATED) else found


def _attested(claims: Iterable[Claim]) -> dict[str, Json]:
    """Return claims by name; a list where one name has several values."""
    found: dict[str, list[Json]] = {}
    for each in claims:
        values = found.setdefault(each.name, [])
        if each.value not in values and len(values) < _MOST:
            values.append(each.value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _checks(checks: Iterable[Check]) -> list[Json]:
    return [{"rule": each.rule, "place": each.place, "detail": each.detail} for each in islice(checks, _MOST)]


def _told(claims: dict[str, Json]) -> dict[str, Json]:
    """Return claims as they may be told: texts come from file names and from evidence, and may be long, or no Unicode."""
    return {_text(name): _value(value) for name, value in claims.items()}


def _value(value: Json) -> Json:
    match value:
        case str():
            return _text(value)
        case list():
            return [_value(each) for each in value]
        case dict():
            return _told(value)
        case _:
            return value


def _text(text: str) -> str:
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return short.encode("utf-8", "replace").decode()


def _release(release: Release | None) -> dict[str, Json]:
    if release is None:
        return {}
    return {"release": release.id, "release-title": release.title, "withdrawn": release.withdrawn}


def _authority(word: str | None) -> dict[str, Json]:
    return {} if word is None else {"authority": word}


def _free(name: str, taken: dict[str, EarAppraisal]) -> str:
    """Return a label that is not taken; labels are made printable, for they come from file names and evidence."""
    label = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in name) or "attester"
    label = _text(label)
    number, free = 1, label
    while free in taken:
        number += 1
        free = f"{label} ({number})"
    return free
