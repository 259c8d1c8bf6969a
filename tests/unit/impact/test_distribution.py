"""What is known of an input: closed forms against the beta distribution they come from, and against what is drawn."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.impact.distribution import Beta, Constant, Distribution, Pert, observed
from trueware.impact.simulate import draw

FINITE = st.floats(0, 1e12)


@given(st.lists(FINITE, min_size=3, max_size=3), st.floats(0, 100))
def test_mean_and_variance_of_pert_are_those_of_its_beta(points: list[float], weight: float) -> None:
    low, likely, high = sorted(points)
    if high - low < 1e-6 * high or high == low:
        return
    pert = Pert(low, likely, high, weight)
    a, b = pert.shapes
    mean = low + (high - low) * a / (a + b)
    variance = (high - low) ** 2 * a * b / ((a + b) ** 2 * (a + b + 1))

    assert a + b == pytest.approx(2 + weight)
    assert pert.mean == pytest.approx(mean, rel=1e-9, abs=1e-9 * high)
    assert pert.variance == pytest.approx(variance, rel=1e-6, abs=1e-9 * (high - low) ** 2)


def test_pert_by_custom_has_the_mean_of_the_textbook() -> None:
    assert Pert(2, 4, 12).mean == (2 + 4 * 4 + 12) / 6
    assert Pert(0, 5, 10).variance == pytest.approx((10 - 0) ** 2 / 28)  # symmetric, (h - l)² / (4 (λ + 3))
    uniform = Pert(2, 11, 12, 0)
    assert uniform.mean == 7
    assert uniform.variance == pytest.approx(100 / 12)


@pytest.mark.parametrize(
    "distribution",
    [
        Pert(2, 4, 12),
        Pert(0, 0, 1),
        Pert(5, 9, 9, 10),
        Pert(1, 7, 8, 0),
        Beta(0.5, 40.5),
        Beta(31.5, 369.5),
        Constant(3),
    ],
    ids=str,
)
def test_draws_have_the_mean_and_variance_that_are_promised(distribution: Distribution) -> None:
    n = 200_000
    values = draw(distribution, "x", n, 7)
    deviation = distribution.variance**0.5

    assert values.mean() == pytest.approx(distribution.mean, abs=5 * deviation / n**0.5 + 1e-12)
    assert values.var() == pytest.approx(distribution.variance, rel=0.03, abs=1e-12)
    assert distribution.low <= values.min() <= values.max() <= distribution.high


def test_a_sample_says_less_the_smaller_it_is() -> None:
    small, large = observed(3, 60), observed(300, 6000)

    assert small.mean == pytest.approx(3.5 / 61)
    assert large.mean == pytest.approx(0.05, rel=0.01)
    assert small.variance > 50 * large.variance


def test_none_found_is_not_none_there() -> None:
    """None of 100: by Jeffreys' prior 95 of 100 draws lie below some 1.9 %."""
    values = draw(observed(0, 100), "x", 100_000, 1)

    assert float(np.quantile(values, 0.95)) == pytest.approx(0.019, abs=0.001)
    assert values.min() > 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: Constant(nan),
        lambda: Constant(-1),
        lambda: Constant(inf),
        lambda: Constant(1e19),
        lambda: Pert(3, 2, 4),
        lambda: Pert(1, 5, 4),
        lambda: Pert(2, 2, 2),
        lambda: Pert(0, nan, 1),
        lambda: Pert(-1, 0, 1),
        lambda: Pert(0, 1, 2, -1),
        lambda: Pert(0, 1, 2, nan),
        lambda: Beta(0, 1),
        lambda: Beta(nan, 1),
        lambda: Beta(1, inf),
        lambda: observed(5, 4),
        lambda: observed(0, 0),
        lambda: observed(-1, 4),
    ],
)
def test_what_cannot_be_is_refused(make: object) -> None:
    with pytest.raises(ValueError, match=r"must|is no sample|is a constant"):
        make()  # type: ignore[operator]
