"""What follows from a study: right where it can be worked out by hand, repeatable, and never less for one more effect."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.impact.studies import STUDY, changed

from trueware.errors import LimitExceeded
from trueware.impact import (
    Beta,
    Constant,
    Distribution,
    Estimate,
    Input,
    Outcome,
    Pert,
    Population,
    Scenario,
    Study,
    read_study,
)
from trueware.impact.simulate import simulate
from trueware.model.explanation import Stakeholder

SMALL = 2_000


def given_as(name: str, distribution: Distribution) -> Input:
    return Input(name, name, "", distribution, "a test", "2026")


def one(distributions: dict[str, Distribution], **scenario: object) -> Study:
    """A study of one population, `devices` of which the share `share` is affected, and one scenario in it."""
    told = {"rate": None, "losses": (), "data": (), **scenario}
    return Study(
        "x",
        "EUR",
        2026,
        tuple(given_as(name, each) for name, each in distributions.items()),
        (Population("all", "share", "devices", people="people" if "people" in distributions else None),),
        (Scenario("remote-access", "all", **told),),  # type: ignore[arg-type]
    )


def outcomes(estimate: Estimate) -> list[Outcome]:
    found = [estimate.devices]
    for listed in (estimate.populations, estimate.people, estimate.stakeholders):
        found += [outcome for _, outcome in listed]
    for each in estimate.scenarios:
        found += [each.events, *(outcome for _, outcome in each.losses)]
        found += [each.total] if each.total is not None else []
    return found


def test_what_is_known_for_certain_follows_for_certain() -> None:
    study = one(
        {
            "devices": Constant(1000),
            "share": Constant(0.25),
            "people": Constant(3),
            "rate": Constant(2),
            "loss": Constant(7),
        },
        rate="rate",
        losses=((Stakeholder.USER, "loss"), (Stakeholder.STATE, "loss")),
        data=("Password",),
    )
    estimate = simulate(study, SMALL)
    scenario = estimate.scenarios[0]

    assert estimate.devices.interval.median == 250
    assert dict(estimate.people)["Password"].interval.high == 750
    assert scenario.events.interval.low == 500
    assert {who: outcome.interval.mean for who, outcome in estimate.stakeholders} == {
        Stakeholder.USER: 3500,
        Stakeholder.STATE: 3500,
    }
    assert scenario.total is not None
    assert scenario.total.interval.median == 7000
    assert all(outcome.interval.error == 0 and not outcome.shares for outcome in outcomes(estimate))


def test_mean_of_a_product_is_the_product_of_means() -> None:
    """Inputs are independent: so the mean is that of the closed forms."""
    devices, share, loss = Pert(500, 1000, 3000), Beta(12.5, 388.5), Pert(0, 20, 200)
    estimate = simulate(
        one({"devices": devices, "share": share, "loss": loss}, losses=((Stakeholder.USER, "loss"),)), 400_000
    )
    assert estimate.stakeholders[0][1].interval.mean == pytest.approx(devices.mean * share.mean * loss.mean, rel=0.01)


def test_quantiles_are_those_of_the_distribution() -> None:
    """A uniform input: 5, 50 and 95 % are known, and lie within the error that is told."""
    study = one(
        {"devices": Pert(0, 50, 100, 0), "share": Constant(1), "loss": Constant(1)},
        losses=((Stakeholder.USER, "loss"),),
    )
    interval = simulate(study, 100_000).devices.interval

    assert 0.002 < interval.error < 0.01
    for found, expected in zip((interval.low, interval.median, interval.high), (5, 50, 95), strict=True):
        assert found == pytest.approx(expected, abs=2 * interval.error * 90)


def test_told_error_covers_what_other_seeds_find() -> None:
    """Of 60 seeds, 90 % at least are within the told error of the truth (95 % is promised for the worst of three numbers)."""
    study = one(
        {"devices": Pert(0, 10, 100), "share": Constant(1), "loss": Constant(1)}, losses=((Stakeholder.USER, "loss"),)
    )
    true = simulate(study, 1_000_000).devices.interval
    within = 0
    for seed in range(60):
        found = simulate(study, SMALL, seed + 1000).devices.interval
        reach = found.error * (found.high - found.low)
        within += sum(abs(getattr(found, name) - getattr(true, name)) <= reach for name in ("low", "median", "high"))
    assert within >= 0.9 * 180


def test_same_seed_same_answer_and_another_seed_another() -> None:
    study = read_study(STUDY.encode())

    assert simulate(study, SMALL, 5) == simulate(study, SMALL, 5)
    assert simulate(study, SMALL, 5) != simulate(study, SMALL, 6)
    assert simulate(study, SMALL, 5).seed == 5


def test_order_of_inputs_changes_nothing() -> None:
    study = read_study(STUDY.encode())
    turned = replace(study, inputs=study.inputs[::-1])

    assert simulate(turned, SMALL).stakeholders[0][1].interval == simulate(study, SMALL).stakeholders[0][1].interval


def test_nested_populations_are_counted_once() -> None:
    """Proxies are altered routers: what is within reach in both is counted there; IPAddress only of the proxies."""
    estimate = simulate(read_study(STUDY.encode()), SMALL)
    populations, people = dict(estimate.populations), dict(estimate.people)

    assert estimate.devices.interval == populations["altered routers"].interval
    assert people["IPAddress"].interval.median < people["Password"].interval.median
    assert people["Password"].inputs == ("lines", "altered", "people")
    assert people["IPAddress"].inputs == ("lines", "altered", "people", "rented")


def test_disjoint_populations_add_up_and_too_many_are_told() -> None:
    text = STUDY.replace(
        "{within: altered routers, prevalence: rented}", "{devices: lines, prevalence: rented, people: people}"
    )
    estimate = simulate(read_study(text.encode()), SMALL)
    populations = dict(estimate.populations)

    assert estimate.devices.interval.mean == pytest.approx(sum(each.interval.mean for each in populations.values()))
    assert not any("together" in note for note in estimate.notes)
    text = text.replace("observed: {found: 12, of: 400}", "pert: {low: 0.2, likely: 0.8, high: 1}")
    estimate = simulate(read_study(text.encode()), SMALL)
    assert any("altered routers, proxies are together more than all of the lines" in note for note in estimate.notes)


def test_shares_name_the_input_that_matters() -> None:
    estimate = simulate(
        one(
            {"devices": Pert(990, 1000, 1010), "share": Constant(0.1), "loss": Pert(1, 20, 400)},
            losses=((Stakeholder.USER, "loss"),),
        ),
        20_000,
    )
    shares = estimate.stakeholders[0][1].shares

    assert [each.input for each in shares] == ["loss", "devices"]
    assert shares[0].share > 0.99
    assert sum(each.share for each in shares) == pytest.approx(1)


def test_equal_inputs_have_equal_shares() -> None:
    estimate = simulate(
        one(
            {"devices": Pert(1, 2, 3), "share": Constant(1), "loss": Pert(10, 20, 30)},
            losses=((Stakeholder.USER, "loss"),),
        ),
        100_000,
    )
    assert [each.share for each in estimate.stakeholders[0][1].shares] == pytest.approx([0.5, 0.5], abs=0.02)


def test_too_few_draws_are_told() -> None:
    study = read_study(STUDY.encode())
    assert any("--draws" in note for note in simulate(study, 1_000).notes)
    assert not simulate(study, 100_000).notes


@pytest.mark.parametrize(("draws", "seed"), [(999, 1), (1_000_001, 1), (SMALL, -1), (SMALL, 1 << 64)])
def test_draws_and_seed_have_bounds(draws: int, seed: int) -> None:
    with pytest.raises(ValueError, match="draws must be"):
        simulate(read_study(STUDY.encode()), draws, seed)


def test_what_does_not_fit_is_refused_before_it_is_drawn() -> None:
    study = read_study(STUDY.encode())
    many = tuple(replace(study.inputs[0], name=f"n{each}") for each in range(21))
    with pytest.raises(LimitExceeded, match="draws x inputs"):
        simulate(replace(study, inputs=(*study.inputs, *many)), 1_000_000)


AMOUNTS = st.one_of(
    st.floats(0, 1e9).map(Constant),
    st.tuples(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(1e-3, 1e6), st.floats(0, 20)).map(
        lambda each: Pert(each[0], each[0] + each[1], each[0] + each[1] + each[2], each[3])
    ),
)
SHARES = st.one_of(
    st.floats(0, 1).map(Constant),
    st.tuples(st.integers(0, 50), st.integers(0, 500)).map(lambda each: Beta(each[0] + 0.5, each[1] + 0.5)),
)


@settings(max_examples=40)
@given(AMOUNTS, SHARES, AMOUNTS, AMOUNTS, st.integers(0, 1 << 63))
def test_any_study_has_finite_ordered_intervals(
    devices: Distribution, share: Distribution, rate: Distribution, loss: Distribution, seed: int
) -> None:
    study = one(
        {"devices": devices, "share": share, "rate": rate, "loss": loss},
        rate="rate",
        losses=((Stakeholder.MAKER, "loss"),),
    )
    estimate = simulate(study, 1_000, seed)
    for outcome in outcomes(estimate):
        interval = outcome.interval
        assert 0 <= interval.low <= interval.median <= interval.high < np.inf
        assert 0 <= interval.error < np.inf
        assert sum(each.share for each in outcome.shares) == pytest.approx(1 if outcome.shares else 0)
        assert [each.share for each in outcome.shares] == sorted((each.share for each in outcome.shares), reverse=True)


@settings(max_examples=40)
@given(st.lists(st.tuples(AMOUNTS, st.sampled_from(list(Stakeholder)), st.booleans()), min_size=1, max_size=4), SHARES)
def test_one_more_effect_never_lowers_a_sum(
    effects: list[tuple[Distribution, Stakeholder, bool]], share: Distribution
) -> None:
    """Exactly, not about: an input that is added leaves the draws of the others as they were."""
    inputs = [given_as("devices", Pert(10, 100, 1000)), given_as("share", share), given_as("people", Constant(2))]
    study = Study("x", "EUR", 2026, tuple(inputs), (Population("all", "share", "devices", people="people"),), ())
    sums = []
    for index, (loss, stakeholder, with_data) in enumerate(effects):
        name = f"loss-{index}"
        scenario = Scenario(f"effect-{index}", "all", None, ((stakeholder, name),), ("Password",) if with_data else ())
        study = replace(study, inputs=(*study.inputs, given_as(name, loss)), scenarios=(*study.scenarios, scenario))
        estimate = simulate(study, 1_000)
        sums.append(
            {who.value: outcome.interval for who, outcome in estimate.stakeholders}
            | {f"people {name}": outcome.interval for name, outcome in estimate.people}
            | {"devices": estimate.devices.interval}
        )
    for before, after in pairwise(sums):
        for name, interval in before.items():
            assert after[name].low >= interval.low
            assert after[name].median >= interval.median
            assert after[name].high >= interval.high


def test_a_larger_sample_narrows_the_answer() -> None:
    few = simulate(read_study(STUDY.encode()), SMALL).devices.interval
    many = simulate(read_study(changed("{found: 12, of: 400}", "{found: 1200, of: 40000}")), SMALL).devices.interval

    assert many.high - many.low < (few.high - few.low) / 5
