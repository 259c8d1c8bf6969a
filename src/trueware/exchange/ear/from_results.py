"""Attestation results of what trueware concluded: of artefacts, of live evidence, and of cases.

Each becomes a submodule. What the attester itself attests goes into `ear_attester_claims`; the verdict with its reason, the release,
the authority and each check that speaks against it into `ear_verifier_claims`. Evidence itself is not repeated (§8, privacy).
"""

from collections.abc import Iterable

from trueware.exchange.ear.model import Ear, EarAppraisal, Json, Status, VerifierId
from trueware.model.attested import Appraisal
from trueware.model.case import Case
from trueware.model.check import Check, Outcome
from trueware.model.release import Release
from trueware.model.result import Result
from trueware.model.verdict import Tier

_STATUS = {
    Tier.NONE: Status.NONE,
    Tier.AFFIRMING: Status.AFFIRMING,
    Tier.WARNING: Status.WARNING,
    Tier.CONTRAINDICATED: Status.CONTRAINDICATED,
}
_MOST = 32
"""Changes and checks that are told."""

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
        concluded: what is told, each a submodule by its name; of a case its facets, and what it rests on.
        verifier: who appraised.
        now: seconds since 1970.
        expires: until when it may be gone by.
        nonce: of the relying party.
    """
    submods: dict[str, EarAppraisal] = {}
    for each in concluded:
        for name, appraisal in _submods(each):
            submods[_free(name, submods)] = appraisal
    overall = max((each.status for each in submods.values()), default=Status.NONE)
    return Ear(now, verifier, submods, overall, expires, nonce)


def _submods(each: Result | Appraisal | Case) -> list[tuple[str, EarAppraisal]]:
    if isinstance(each, Result):
        return [(each.artefact, _of_result(each))]
    if isinstance(each, Appraisal):
        return [(each.attester, _of_appraisal(each))]
    own = EarAppraisal(
        status=_STATUS[each.tier],
        vector=each.vector.as_claims(),
        verifier_claims={
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
            "contradictions": _told(check for check in each.contradictions if check.outcome is Outcome.CONTRADICTS),
        },
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
    return EarAppraisal(_STATUS[result.tier], result.vector.as_claims(), policy, verifier_claims=told)


def _of_appraisal(appraisal: Appraisal) -> EarAppraisal:
    told: dict[str, Json] = {
        "verdict": appraisal.verdict.value,
        "reason": appraisal.reason,
        "evidence": "attested",
        "kinds": list(appraisal.kinds),
        "contradicted": _told(appraisal.contradicted),
        "not-shown": _told(appraisal.not_shown),
        **_authority(appraisal.authority.value if appraisal.authority else None),
        "releases": [{**_release(each.release), "shown-by": each.shown_by} for each in appraisal.matches],
    }
    attested: dict[str, Json] = {claim.name: claim.value for claim in appraisal.claims} if not appraisal.refused else {}
    policies = tuple(dict.fromkeys(f"{POLICY}{each.release.policy}" for each in appraisal.matches))
    return EarAppraisal(
        _STATUS[appraisal.tier],
        appraisal.vector.as_claims(),
        policies,
        nonce=appraisal.nonce,
        attester_claims=attested,
        verifier_claims=told,
    )


def _told(checks: Iterable[Check]) -> list[Json]:
    found: list[Json] = [{"rule": each.rule, "place": each.place, "detail": each.detail} for each in checks]
    return found[:_MOST]


def _release(release: Release | None) -> dict[str, Json]:
    if release is None:
        return {}
    return {"release": release.id, "release-title": release.title, "withdrawn": release.withdrawn}


def _authority(word: str | None) -> dict[str, Json]:
    return {} if word is None else {"authority": word}


def _free(name: str, taken: dict[str, EarAppraisal]) -> str:
    """Return a label that is not taken; labels are made printable, for they come from file names and evidence."""
    label = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in name) or "attester"
    label = label.encode("utf-8", "replace").decode()
    number, free = 1, label
    while free in taken:
        number += 1
        free = f"{label} ({number})"
    return free
