"""Appraisals and cases as JSON values: a contract whose schemas stand in `trueware/schema` and only ever grow."""

from typing import Any

from trueware.cli.wire import claim_value, result_value
from trueware.model.attested import Appraisal
from trueware.model.case import Case
from trueware.model.check import Check
from trueware.model.release import Release

APPRAISAL_SCHEMA = "urn:trueware:schema:appraisals:1"
CASE_SCHEMA = "urn:trueware:schema:case:1"

Json = dict[str, Any]


def appraisals_document(appraisals: list[Appraisal]) -> Json:
    """Return the document that `appraise --json` prints."""
    return {"schema": APPRAISAL_SCHEMA, "appraisals": [appraisal_value(each) for each in appraisals]}


def appraisal_value(appraisal: Appraisal) -> Json:
    """Return one appraisal."""
    return {
        "attester": appraisal.attester,
        "kinds": list(appraisal.kinds),
        "verdict": appraisal.verdict.value,
        "tier": appraisal.tier.value,
        "vector": appraisal.vector.as_claims(),
        "reason": appraisal.reason,
        "refused": bool(appraisal.refused),
        "authority": appraisal.authority.value if appraisal.authority else None,
        "nonce": appraisal.nonce.hex() if appraisal.nonce is not None else None,
        "matches": [
            {
                "aspect": each.aspect.value,
                "shown_by": each.shown_by,
                "complete": each.complete,
                **_release(each.release),
            }
            for each in appraisal.matches
        ],
        "claims": [claim_value(claim) for claim in appraisal.claims],
        "checks": [check_value(check) for check in appraisal.checks],
        "settle": list(appraisal.settle),
    }


def check_value(check: Check) -> Json:
    """Return one check."""
    return {
        "rule": check.rule,
        "aspect": check.aspect.value,
        "outcome": check.outcome.value,
        "detail": check.detail,
        "place": check.place,
        "expected": check.expected,
        "found": check.found,
        "source": check.source,
        "value": check.value,
        "distrust": check.distrust.value if check.distrust else None,
    }


def case_document(case: Case) -> Json:
    """Return the document that `case --json` prints."""
    return {
        "schema": CASE_SCHEMA,
        "device": case.device,
        "verdict": case.verdict.value,
        "tier": case.tier.value,
        "vector": case.vector.as_claims(),
        "reason": case.reason,
        "facets": [
            {
                "facet": each.facet.value,
                "tier": each.tier.value,
                "value": each.value,
                "strength": each.strength.value if each.strength else None,
                "by": each.by,
                "detail": each.detail,
            }
            for each in case.facets
        ],
        "contradictions": [check_value(each) for each in case.contradictions],
        "results": [result_value(each) for each in case.results],
        "appraisals": [appraisal_value(each) for each in case.appraisals],
        "settle": list(case.settle),
    }


def _release(release: Release) -> Json:
    return {
        "release": release.id,
        "publisher": release.publisher,
        "product": release.product,
        "version": release.version,
        "authority": release.authority.value,
        "withdrawn": release.withdrawn,
    }
