"""Tests of means and their Bayes factors: SciPy where it does the same, Rouder's other integral, printed numbers.

The recorded t and n are of the public data of Akata et al. (2025), worked out once; what they give was checked against
the R packages psych and BayesFactor.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import integrate, special, stats

from comity.stats.bayes import SCALE, jzs, jzs_of
from comity.stats.means import (
    TTest,
    approximate_effect_interval,
    effect_interval,
    effective_size,
    one_sample,
    paired,
    two_sample,
)

pytestmark = pytest.mark.slow

NUMBERS = st.floats(-100, 100).map(lambda x: round(x, 3))
DRAWS = st.lists(NUMBERS, min_size=2, max_size=12).filter(lambda draws: np.std(draws) > 1e-6)


def as_numbers(test: TTest) -> tuple[float, ...]:
    return test.t, test.freedom, test.p, test.difference.low, test.difference.high


def as_scipy(found: object) -> tuple[float, ...]:
    low, high = found.confidence_interval()  # type: ignore[attr-defined]
    return found.statistic, found.df, found.pvalue, low, high  # type: ignore[attr-defined]


# t tests


@given(DRAWS, NUMBERS)
def test_one_sample_is_that_of_scipy(draws: list[float], against: float) -> None:
    found = one_sample(draws, against)
    assert_allclose(
        as_numbers(found), np.add(as_scipy(stats.ttest_1samp(draws, against)), [0, 0, 0, -against, -against])
    )
    assert found.d * math.sqrt(len(draws)) == pytest.approx(found.t)
    assert found.difference.value == pytest.approx(np.mean(draws) - against)


@given(st.integers(2, 12).flatmap(lambda n: st.tuples(*[st.lists(NUMBERS, min_size=n, max_size=n)] * 2)))
def test_paired_is_that_of_scipy(draws: tuple[list[float], list[float]]) -> None:
    assume(np.std(np.subtract(*draws)) > 1e-6)
    assert_allclose(as_numbers(paired(*draws)), as_scipy(stats.ttest_rel(*draws)), rtol=1e-6)


@given(DRAWS, DRAWS, st.booleans())
def test_two_samples_are_those_of_scipy(first: list[float], second: list[float], pooled: bool) -> None:
    found = two_sample(first, second, pooled=pooled)
    assert_allclose(as_numbers(found), as_scipy(stats.ttest_ind(first, second, equal_var=pooled)), rtol=1e-6)
    assert found.pooled_t == pytest.approx(stats.ttest_ind(first, second).statistic)


@settings(max_examples=20)
@given(DRAWS, DRAWS)
def test_turned_around_a_test_says_the_opposite(first: list[float], second: list[float]) -> None:
    one, other = two_sample(first, second), two_sample(second, first)
    assert (one.t, one.d, one.d_low, one.p) == pytest.approx((-other.t, -other.d, -other.d_high, other.p))
    here, there = jzs_of(one), jzs_of(other)
    assert (here.log, here.log_above) == pytest.approx((there.log, there.log_below))


def test_what_does_not_vary_says_nothing_of_chance() -> None:
    for test in (one_sample([2.0, 2.0, 2.0], 1), paired([1, 2], [0, 1]), two_sample([1, 1], [0, 0])):
        assert test.difference.value == 1
        assert all(map(math.isnan, (test.t, test.p, test.d, test.d_low, test.d_high, jzs_of(test).log)))


@pytest.mark.parametrize(
    ("draws", "said"),
    [([1.0], "two draws or more in each group; found 1"), ([1.0, math.inf], "not finite"), ([[1.0, 2.0]], "two draws")],
)
def test_what_is_no_sample_is_refused(draws: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        one_sample(draws)
    with pytest.raises(ValueError, match=said):
        two_sample([1.0, 2.0], draws)


def test_pairs_come_two_by_two() -> None:
    with pytest.raises(ValueError, match="found 3 and 2"):
        paired([1, 2, 3], [1, 2])


# Sizes of effects


@given(NUMBERS.map(lambda x: x / 30), st.sampled_from([(2,), (5,), (288,), (2, 9), (88, 616)]))
def test_the_ends_of_the_interval_put_the_effect_at_its_tails(d: float, sizes: tuple[int, ...]) -> None:
    root, freedom = math.sqrt(effective_size(sizes)), sum(sizes) - len(sizes)
    low, high = effect_interval(d, sizes)
    assert low <= high
    tails = [special.nctdtr(freedom, end * root, d * root) for end in (low, high)]
    assume(not np.isnan(tails).any())  # where SciPy's distribution has no number
    assert_allclose(tails, [0.975, 0.025], atol=1e-8)


@pytest.mark.parametrize(
    ("t", "n", "printed"),
    [
        (3.34, 288, (0.20, 0.08, 0.31)),
        (6.29, 288, (0.37, 0.25, 0.49)),
        (7.27, 288, (0.43, 0.31, 0.55)),
        (8.45, 144, (0.70, 0.52, 0.89)),
    ],
)
def test_printed_effects_of_one_sample(t: float, n: int, printed: tuple[float, ...]) -> None:
    """The last: a t of 8.45 has the printed effect with 144 pairs and not with 288; the one before: 0.31 was a slip."""
    d = t / math.sqrt(n)
    assert (round(d, 2), *(round(end, 2) for end in effect_interval(d, (n,)))) == printed


@pytest.mark.parametrize(
    ("d", "sizes", "normal", "exact"),
    [
        (0.32557138176527645, (88, 616), (0.102, 0.550), (0.101, 0.549)),
        (0.2843373417084045, (99, 792), (0.075, 0.494), (0.075, 0.494)),
    ],
)
def test_printed_effects_of_two_samples(
    d: float, sizes: tuple[int, int], normal: tuple[float, float], exact: tuple[float, float]
) -> None:
    """What was recomputed as exact is the normal approximation; the noncentral t differs in the third digit."""
    assert tuple(round(end, 3) for end in approximate_effect_interval(d, sizes)) == normal
    assert tuple(round(end, 3) for end in effect_interval(d, sizes)) == exact


def test_an_interval_of_a_huge_effect_of_few_draws_is_found() -> None:
    low, high = effect_interval(40.0, (2,))
    assert 0 < low < 40 < high
    assert effect_interval(0.0, (2,)) == pytest.approx((-1.3859, 1.3859), abs=1e-4)


# Bayes factors


def by_variance(t: float, *sizes: int, scale: float = SCALE) -> float:
    """The log factor by the integral of Rouder et al. (2009) over the prior variance of the effect, on a fine grid."""
    n, freedom = effective_size(sizes) * scale**2, sum(sizes) - len(sizes)
    u = np.linspace(-14, 70, 40_001)
    wide = np.log1p(n * np.exp(u))
    logs = -wide / 2 - (freedom + 1) / 2 * (np.log1p(t**2 / freedom * np.exp(-wide)) - np.log1p(t**2 / freedom))
    logs += -u / 2 - np.exp(-u) / 2 - math.log(2 * math.pi) / 2
    return float(np.log(np.trapezoid(np.exp(logs - logs.max()), u)) + logs.max())


@given(
    st.floats(-40, 40),
    st.one_of(st.tuples(st.integers(2, 100_000)), st.tuples(st.integers(1, 50_000), st.integers(2, 50_000))),
    st.sampled_from([0.1, SCALE, 1.0, math.sqrt(2)]),
)
def test_the_factor_is_that_of_the_integral_over_variances(t: float, sizes: tuple[int, ...], scale: float) -> None:
    assert jzs(t, *sizes, scale=scale).log == pytest.approx(by_variance(t, *sizes, scale=scale), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("t", [-2.5, 0.0, 2.0])
def test_one_side_is_the_mean_over_half_the_prior(t: float) -> None:
    def weighed(effect: float) -> float:
        return float(stats.nct.pdf(t, 19, effect * math.sqrt(20)) * 2 * stats.cauchy.pdf(effect, scale=SCALE))

    brute = integrate.quad(weighed, 0, 6, epsabs=1e-14)[0] / stats.t.pdf(t, 19)
    assert jzs(t, 20).above == pytest.approx(brute, rel=1e-6)


@given(NUMBERS.map(lambda x: x * 0.4), st.integers(2, 100_000))
def test_both_sides_average_to_either(t: float, n: int) -> None:
    found = jzs(t, n)
    assert np.logaddexp(found.log_above, found.log_below) - math.log(2) == pytest.approx(found.log, abs=1e-9)
    assert (found.log_above >= found.log_below) == (t >= 0)


@pytest.mark.parametrize(
    ("t", "sizes", "either", "above"),
    [
        (2.856877280544346, (88, 616), "6.125", "12.22"),
        (2.667320697310801, (99, 792), "3.562", "7.091"),
        (3.34, (288,), "14.9", "29.78"),
        (-3.8653486572330893, (288,), "89.5", "0.01324"),
        (1.1908137123181617, (288,), "0.133", "0.2345"),
        (3.4846462384035983, (98, 97), "40.35", "80.66"),
        (0.46935240217613666, (98, 97), "0.1726", "0.2329"),
        (2.857597333784959, (98, 97), "6.72", "13.4"),
        (1.2107067181616877, (98, 97), "0.3085", "0.5421"),
        (2.9607812898570423, (98, 97), "8.824", "17.61"),
        (1.2789208676793444, (16, 112), "0.5315", None),
        (0.5632388502350197, (18, 144), "0.2919", None),
    ],
)
def test_recomputed_factors_to_four_digits(t: float, sizes: tuple[int, ...], either: str, above: str | None) -> None:
    found = jzs(t, *sizes)
    assert f"{found.either:.4g}" == either
    assert above is None or f"{found.above:.4g}" == above


def test_a_factor_that_no_double_holds_is_infinite_and_its_logarithm_is_not() -> None:
    found = jzs(40, 100_000)
    assert found.either == math.inf
    assert found.log == pytest.approx(788.0081354, abs=1e-6)
    assert 0 < found.below < 1e-4


@pytest.mark.parametrize("t", [1e4, 1e7, 1e10])
def test_with_three_draws_the_factor_grows_like_t(t: float) -> None:
    """Far out the likelihood takes of the prior its Cauchy tail: ten times the t, ten times the factor."""
    assert jzs(10 * t, 3).log - jzs(t, 3).log == pytest.approx(math.log(10), abs=1e-4)


def test_without_a_t_there_is_no_factor() -> None:
    assert math.isnan(jzs(math.nan, 10).either)


@pytest.mark.parametrize(
    ("sizes", "scale", "said"),
    [((1,), SCALE, "two draws"), ((), SCALE, "one group"), ((1, 1, 5), SCALE, "or two"), ((5,), 0.0, "above 0")],
)
def test_factors_of_nothing_are_refused(sizes: tuple[int, ...], scale: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        jzs(1.0, *sizes, scale=scale)


# The public data


def test_the_published_comparisons(shared_data: Path) -> None:
    """All rounds of seat 1 with the last of seat 2, as published; and one score per game and seat."""
    decisions = pd.read_parquet(shared_data / "repeatedgames/decisions.parquet")
    for experiment, published, once in (
        ("pd_main", (3.9165, 153.44, 0.326, 6.125), (2.01, 33.0, 0.53)),
        ("bos_main", (2.8304, 128.28, 0.284, 3.562), (0.53, 20.9, 0.29)),
    ):
        rows = decisions[decisions["experiment"] == experiment]
        taken = rows[(rows["seat"] == 1) | (rows["round"] == 10)]
        of_gpt = taken["player"] == "GPT-4"
        found = two_sample(taken["payoff"][of_gpt], taken["payoff"][~of_gpt])
        assert_allclose((found.t, found.freedom, found.d, jzs_of(found).either), published, rtol=0, atol=0.006)
        totals = rows.groupby(["episode", "seat", "player"])["payoff"].sum().reset_index()
        of_gpt = totals["player"] == "GPT-4"
        found = two_sample(totals["payoff"][of_gpt], totals["payoff"][~of_gpt])
        assert (round(found.t, 2), round(found.freedom, 1), round(jzs_of(found).either, 2)) == once
