"""An estimate as a JSON value: a contract whose schema, `trueware/schema/impact.json`, only ever grows."""

from typing import Any

from trueware.impact.distribution import Beta, Constant, Distribution, Pert
from trueware.impact.estimate import Estimate, Outcome
from trueware.impact.study import Input, Study

IMPACT_SCHEMA = "urn:trueware:schema:impact:1"

Json = dict[str, Any]


def impact_document(study: Study, estimate: Estimate) -> Json:
    """Return the document that `impact --json` prints."""
    return {
        "schema": IMPACT_SCHEMA,
        "title": study.title,
        "caution": study.caution,
        "currency": {"code": study.currency, "year": study.year},
        "draws": estimate.draws,
        "seed": estimate.seed,
        "generator": estimate.generator,
        "devices": _outcome(estimate.devices),
        "populations": [{"population": name, "devices": _outcome(outcome)} for name, outcome in estimate.populations],
        "people": [{"category": name, "people": _outcome(outcome)} for name, outcome in estimate.people],
        "stakeholders": [
            {"stakeholder": stakeholder.value, "loss": _outcome(outcome)}
            for stakeholder, outcome in estimate.stakeholders
        ],
        "scenarios": [
            {
                "effect": each.effect,
                "population": each.population,
                "events": _outcome(each.events),
                "losses": [
                    {"stakeholder": stakeholder.value, "loss": _outcome(outcome)}
                    for stakeholder, outcome in each.losses
                ],
                "loss": None if each.total is None else _outcome(each.total),
            }
            for each in estimate.scenarios
        ],
        "inputs": [_input(each) for each in study.inputs],
        "notes": list(estimate.notes),
    }


def _outcome(outcome: Outcome) -> Json:
    interval = outcome.interval
    return {
        "p05": interval.low,
        "p50": interval.median,
        "p95": interval.high,
        "mean": interval.mean,
        "error": interval.error,
        "inputs": list(outcome.inputs),
        "shares": [{"input": each.input, "share": round(each.share, 6)} for each in outcome.shares],
    }


def _input(given: Input) -> Json:
    value: Json = {
        "name": given.name,
        "title": given.title,
        "unit": given.unit,
        **_distribution(given.distribution),
        "mean": given.distribution.mean,
        "source": given.source,
        "date": given.date,
        "illustrative": given.illustrative,
    }
    if given.sample is not None:
        value["observed"] = {"found": given.sample[0], "of": given.sample[1]}
    return value


def _distribution(distribution: Distribution) -> Json:
    match distribution:
        case Constant(value):
            return {"constant": value}
        case Pert(low, likely, high, weight):
            return {"pert": {"low": low, "likely": likely, "high": high, "lambda": weight}}
        case Beta(a, b):
            return {"beta": {"a": a, "b": b}}
