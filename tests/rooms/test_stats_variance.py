"""Shares of variance against closed forms, other software, and themselves."""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmarks.shares import Setting, simulated
from comity.stats.variance import ABSENT, explained, noncentral

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, sizes=st.lists(st.integers(2, 4), min_size=1, max_size=3), again=st.integers(2, 3))
def test_in_balanced_designs_the_sums_of_squares_add_up(seed: int, sizes: list[int], again: int) -> None:
    rows = list(product(*map(range, sizes))) * again
    factors = [np.array(column) for column in zip(*rows, strict=True)]
    values = np.random.default_rng(seed).normal(size=len(rows))
    found = explained(values, factors, interactions=list(combinations(range(len(factors)), 2)))
    assert math.fsum(effect.squares for effect in found.effects) + found.residual == pytest.approx(found.total)
    assert sum(effect.freedom for effect in found.effects) + found.freedom == len(rows) - 1
    for mean in found.means:
        assert mean.value == pytest.approx(values[factors[mean.factor] == mean.level].mean())


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_unbalanced_sums_of_squares_are_those_of_statsmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.choice(3, 60, p=(0.5, 0.3, 0.2)), "b": rng.choice(2, 60), "c": rng.choice(2, 60)})
    assume(frame.value_counts().size == 12)
    frame["y"] = rng.normal(size=60) + frame["a"] * frame["b"]
    factors = [frame[name].to_numpy() for name in "abc"]
    alone = sm.stats.anova_lm(smf.ols("y ~ C(a) + C(b) + C(c)", frame).fit(), typ=2)
    both = sm.stats.anova_lm(smf.ols("y ~ (C(a) + C(b) + C(c))**2", frame).fit(), typ=2)
    ours = explained(frame["y"], factors)
    assert [one.squares for one in ours.effects] == pytest.approx(alone["sum_sq"].iloc[:-1].tolist())
    assert [one.p for one in ours.effects] == pytest.approx(alone["PR(>F)"].iloc[:-1].tolist(), abs=1e-9)
    together = explained(frame["y"], factors, interactions=[(0, 1), (0, 2), (1, 2)])
    assert (together.effects[:3], together.means) == (ours.effects, ours.means)
    assert [one.squares for one in together.effects[3:]] == pytest.approx(both["sum_sq"].iloc[3:-1].tolist())
    assert [one.freedom for one in together.effects] == both["df"].iloc[:-1].tolist()
    assert [one.p for one in together.effects[3:]] == pytest.approx(both["PR(>F)"].iloc[3:-1].tolist(), abs=1e-9)
    assert together.residual == pytest.approx(both["sum_sq"].iloc[-1])


def test_what_factors_do_together_is_not_taken_for_the_effect_of_a_third() -> None:
    """Levels that fell by chance lie a little like the pair, which explains everything; they get no sure share."""
    rng = np.random.default_rng(5)
    a, b, idle = rng.choice(2, 60), rng.choice(2, 60), rng.choice(2, 60)
    found = explained((a * b).astype(float), [a, b, idle], interactions=[(0, 1)])
    assert found.residual == 0
    assert found.effects[2].squares > 0
    assert found.effects[2].p > 0.05
    assert found.effects[2].low == 0


def test_a_factor_of_whole_clusters_is_judged_by_the_means_of_clusters() -> None:
    rng = np.random.default_rng(3)
    level = np.repeat([0, 1, 2], 8)
    values = rng.normal(size=(24, 1)) + 0.3 * rng.normal(size=(24, 2))
    found = explained(values.ravel(), [np.repeat(level, 2)], np.repeat(np.arange(24), 2))
    means = values.mean(axis=1)
    assert found.effects[0].p == pytest.approx(stats.f_oneway(*(means[level == one] for one in range(3))).pvalue)
    assert found.correlation > 0.7


def test_a_factor_that_differs_in_every_cluster_is_judged_by_the_differences() -> None:
    rng = np.random.default_rng(4)
    values = 2 * rng.normal(size=(15, 1)) + rng.normal(size=(15, 2)) + [0, 0.5]
    found = explained(values.ravel(), [np.tile([0, 1], 15)], np.repeat(np.arange(15), 2))
    assert found.effects[0].p == pytest.approx(stats.ttest_rel(values[:, 0], values[:, 1]).pvalue)


def test_without_clusters_the_mean_of_a_level_has_students_interval() -> None:
    values, level = np.array([1.0, 2, 4, 5, 6, 9]), np.array([0, 0, 0, 1, 1, 1])
    found = explained(values, [level])
    spread = math.sqrt((values[level == 0].var(ddof=1) + values[level == 1].var(ddof=1)) / 2 / 3)
    half = stats.t.ppf(0.975, 4) * spread
    low = found.means[0]
    assert (low.value, low.low, low.high) == pytest.approx((7 / 3, 7 / 3 - half, 7 / 3 + half))


@given(f=st.floats(0.01, 50), freedom=st.integers(1, 8), error=st.integers(3, 200), level=st.sampled_from((0.9, 0.95)))
def test_the_ends_of_an_interval_are_where_the_tails_are_as_wide(
    f: float, freedom: int, error: int, level: float
) -> None:
    tail = (1 - level) / 2
    for end, share in zip(noncentral(f, freedom, error, level), (1 - tail, tail), strict=True):
        if end:
            assert stats.ncf.cdf(f, freedom, error, end) == pytest.approx(share, abs=1e-5)
        else:
            assert stats.f.cdf(f, freedom, error) <= share + 1e-9


def test_omega_squared_is_that_of_the_textbook_and_lies_in_its_interval() -> None:
    values = np.array([3.0, 4, 5, 4, 6, 7, 8, 7, 5, 5, 6, 4])
    level = np.repeat([0, 1, 2], 4)
    [effect] = explained(values, [level]).effects
    between = sum(4 * (values[level == one].mean() - values.mean()) ** 2 for one in range(3))
    total = ((values - values.mean()) ** 2).sum()
    error = (total - between) / 9
    assert effect.eta == pytest.approx(between / total)
    assert effect.omega == pytest.approx((between - 2 * error) / (total + error))
    assert 0 < effect.low < effect.omega < effect.high < 1


def test_what_is_not_there_is_compared_as_a_whole_and_not_among_levels() -> None:
    # No level where there is no mechanism: the mechanism explains what levels do not, and levels what they differ in.
    there = np.repeat([0, 1], 20)
    level = np.where(there, np.tile([0, 1], 20), ABSENT)
    values = 5.0 * there + np.where(level == 1, 2.0, 0.0) + np.tile([-0.1, -0.1, 0.1, 0.1], 10)
    mechanism, field = explained(values, [there, level]).effects
    assert (mechanism.freedom, field.freedom) == (1, 1)
    assert field.squares == pytest.approx(20 * 1.0**2)
    assert mechanism.squares == pytest.approx(40 * (6.0 / 2) ** 2)


def test_factors_that_always_change_together_cannot_be_told_apart() -> None:
    level = np.tile([0, 1, 2], 5)
    found = explained(np.arange(15.0), [level, level])
    assert [effect.freedom for effect in found.effects] == [0, 0]
    assert all(math.isnan(effect.eta) and math.isnan(effect.low) for effect in found.effects)
    assert all(math.isnan(mean.value) for mean in found.means)


def test_large_clusters_of_different_sizes_that_offset_each_other_leave_an_error() -> None:
    # In every cluster all pairs of four meet; who meets whom matters much, and cancels within it.
    rng = np.random.default_rng(5)
    pairing = rng.normal(size=(4, 4))
    pairing -= pairing.mean(axis=0)
    pairing -= pairing.mean(axis=1)[:, None]
    rows = [
        (level, cluster, own, pairing[own, other] + 0.1 * rng.normal())
        for cluster, level in enumerate([0, 1] * 6)
        for own, other in product(range(4), repeat=2)
        for _ in range(1 + 4 * (cluster % 4 < 2))
    ]
    level, cluster, own, values = (np.array(column) for column in zip(*rows, strict=True))
    found = explained(values, [level, own], cluster)
    assert math.isnan(found.correlation)
    assert found.effects[0].p > 0.01
    for mean in found.means:
        assert mean.low < mean.value < mean.high
    means = [mean for mean in found.means if mean.factor == 0]
    assert all(mean.high - mean.low < 0.2 for mean in means)  # of clusters that agree, though their rows do not


def test_nothing_drawn_is_exact_and_nothing_left_has_no_interval() -> None:
    level, other = np.tile([0, 1], 4), np.repeat([0, 1], 4)
    exact = explained(level + 3.0 * other, [level, other], drawn=False)
    assert [(one.low, one.omega, one.high) for one in exact.effects] == [(0.1,) * 3, (0.9,) * 3]
    saturated = explained([1.0, 2.0, 4.0, 8.0], [np.arange(4)])
    assert saturated.effects[0].eta == 1
    assert math.isnan(saturated.effects[0].low)
    with pytest.raises(ValueError, match="as many levels and clusters"):
        explained([1.0, 2.0], [np.array([0])])


@pytest.mark.slow
@pytest.mark.parametrize(
    "setting",
    [Setting(30, 0.0), Setting(30, 0.9), Setting(120, 0.5, uneven=True), Setting(120, 0.5, binary=True)],
    ids=str,
)
def test_intervals_hold_about_as_often_as_they_should(setting: Setting) -> None:
    """Of 600 data sets; 3 standard errors about 95 are 2.7. Where there is no effect 97.5 is the aim: one end only."""
    held = simulated(setting, trials=600, seed=1)
    assert held.same > 95.5
    assert held.differs > 95.5
    assert max(held.found) < 7.7
    assert 92.3 < held.effect < 98.5
    assert 92.3 < held.mean < 98.5
    assert held.omega == pytest.approx(setting.truth, abs=0.035)
