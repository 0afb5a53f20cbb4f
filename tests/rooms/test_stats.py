"""What a number may be trusted for: closed forms, SciPy where it does the same, published tables, and simulation."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats
from scipy.special import nctdtr

from comity.stats import ranks
from comity.stats.bootstrap import (
    cluster_means,
    draw_means,
    group_totals,
    interval,
    part_of,
    resampled_means,
    weights,
)
from comity.stats.estimate import Estimate, Part, certain, combined, family, freedom_of, mean_of, quantile
from comity.stats.multiplicity import benjamini_hochberg, holm
from comity.stats.power import detectable, power_of, replicates_needed
from comity.stats.proportions import exact, wilson
from comity.stats.ranks import inseparable, rank_sets

NUMBERS = st.floats(-100, 100).map(lambda x: round(x, 3))
DRAWS = st.lists(NUMBERS, min_size=2, max_size=12)
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


def as_tuple(estimate: Estimate) -> tuple[float, ...]:
    return estimate.value, estimate.error, estimate.freedom, estimate.low, estimate.high


# Estimates


@given(DRAWS, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_one_mean_has_students_interval(draws: list[float], level: float) -> None:
    found = combined([mean_of(draws)], [1], level)
    error = float(stats.sem(draws))
    assert found.value == pytest.approx(np.mean(draws), abs=1e-12)
    assert found.error == pytest.approx(error, abs=1e-12)
    if np.ptp(draws) > 0:
        expected = stats.t.interval(level, len(draws) - 1, np.mean(draws), error)
        assert_allclose((found.low, found.high), expected, rtol=1e-9, atol=1e-9)
        assert found.p == pytest.approx(stats.ttest_1samp(draws, 0).pvalue, abs=1e-9)


@given(DRAWS, DRAWS)
def test_a_difference_of_two_means_is_welchs(first: list[float], second: list[float]) -> None:
    found = combined([mean_of(first), mean_of(second)], [1, -1])
    if np.ptp(first) > 0 and np.ptp(second) > 0:
        test = stats.ttest_ind(first, second, equal_var=False)
        expected = test.confidence_interval(0.95)
        assert found.p == pytest.approx(test.pvalue, abs=1e-9)
        assert found.freedom == pytest.approx(test.df, rel=1e-9)
        assert_allclose((found.low, found.high), (expected.low, expected.high), rtol=1e-9, atol=1e-9)


@given(DRAWS, DRAWS, st.floats(1e-150, 1e150))
def test_units_do_not_matter(first: list[float], second: list[float], unit: float) -> None:
    plain = combined([mean_of(first), mean_of(second)], [0.5, 0.5])
    scaled = combined([mean_of(np.multiply(draws, unit)) for draws in (first, second)], [0.5, 0.5])
    if plain.error > 1e-6:
        assert_allclose(np.array(as_tuple(scaled)) / [unit, unit, 1, unit, unit], as_tuple(plain), rtol=1e-6, atol=1e-9)


def test_what_was_drawn_once_has_no_interval() -> None:
    alone = mean_of([3.0])
    assert (alone.value, alone.freedom) == (3, 0)
    found = combined([alone, mean_of([1.0, 2.0])], [1, 1])
    assert found.value == 4.5
    assert all(math.isnan(number) for number in (found.error, found.low, found.high, found.p))
    assert combined([alone, mean_of([1.0, 2.0])], [0, 1]) == combined([mean_of([1.0, 2.0])], [1])


def test_what_is_certain_adds_no_error() -> None:
    draws = mean_of([1.0, 2.0, 4.0])
    assert combined([draws, certain(2)], [1, 1]).error == combined([draws], [1]).error
    assert combined([draws, certain(2)], [1, 1]).freedom == 2
    known = combined([certain(2), certain(3)], [1, -1])
    assert as_tuple(known) == (-1, 0, math.inf, -1, -1)
    assert (known.p, combined([certain(0)], [1]).p) == (0, 1)


def test_a_known_variance_gives_the_normal_interval() -> None:
    found = combined([Part(0, 1, math.inf)], [1])
    assert_allclose((found.low, found.high), stats.norm.interval(0.95), rtol=1e-6)
    assert quantile(math.inf) == pytest.approx(stats.norm.ppf(0.975))
    assert math.isnan(quantile(0))


def test_draws_that_agree_tell_nothing_where_their_step_is_unknown() -> None:
    assert math.isnan(mean_of([2.0, 2.0], step=math.nan).variance)
    assert mean_of([1.0, 3.0], step=math.nan).variance == 1.0


def test_rounding_is_neither_a_difference_nor_an_error() -> None:
    left = combined([certain(0.1 + 0.2), certain(0.3)], [1, -1])
    assert (left.value, left.error, left.p) == (0.0, 0.0, 1.0)


def test_draws_that_move_in_steps_vary_by_a_rounding_error_at_least() -> None:
    assert mean_of([2.0, 2.0, 2.0], step=0.6) == Part(2, 0.03 / 3, 2, 3)
    assert mean_of([1.0, 3.0], step=0.6) == mean_of([1.0, 3.0])
    rounded = np.random.default_rng(0).random(100_000) * 0.6
    assert rounded.var() == pytest.approx(0.03, rel=0.02)


@pytest.mark.parametrize("wrong", [([], []), ([certain(1)], []), ([certain(1)], [1, 2])])
def test_a_sum_needs_parts_and_weights(wrong: tuple[list[Part], list[float]]) -> None:
    with pytest.raises(ValueError, match="parts and as many weights"):
        combined(*wrong)
    with pytest.raises(ValueError, match="at least one draw"):
        mean_of([])


@given(st.lists(st.lists(DRAWS, min_size=3, max_size=3), min_size=1, max_size=6))
def test_a_family_shares_its_freedom_and_nothing_else(family_of_draws: list[list[list[float]]]) -> None:
    sums = [[mean_of(draws) for draws in parts] for parts in family_of_draws]
    shares = [[0.2, 0.3, 0.5]] * len(sums)
    joint, single = family(sums, shares), [combined(parts, [0.2, 0.3, 0.5]) for parts in sums]
    for ours, own in zip(joint, single, strict=True):
        assert (ours.value, ours.error) == (own.value, own.error)
        assert ours.freedom <= own.freedom
        assert ours.p >= own.p - 1e-12
    varied = [own for own in single if own.error > 1e-3]
    if varied:
        most = sum(own.error**4 for own in varied) / sum(own.error**4 / own.freedom for own in varied)
        assert max(ours.freedom for ours in joint if ours.error > 1e-3) <= most * (1 + 1e-6)


def test_a_family_of_one_is_a_sum_and_unknown_members_do_not_count() -> None:
    parts, shares = [mean_of([1.0, 2.0, 4.0]), mean_of([0.0, 5.0])], [1.0, -1.0]
    alone = combined(parts, shares)
    assert family([parts], [shares]) == (alone,)
    ours, unknown = family([parts, [mean_of([1.0])]], [shares, [1.0]])
    assert ours == alone
    assert math.isnan(unknown.error)
    assert family([], []) == ()


def test_freedom_lies_between_the_least_part_and_all_of_them() -> None:
    alike, led = [Part(0, 1, 2)] * 4, [Part(0, 1, 2), *[Part(0, 1e-9, 2)] * 3]
    assert freedom_of(alike, [1] * 4) == pytest.approx(8)
    assert freedom_of(led, [1] * 4) == pytest.approx(2, abs=1e-6)


@pytest.mark.parametrize("number", [2, 3, 5])
def test_intervals_of_normal_draws_hold_as_often_as_they_say(number: int) -> None:
    rng = np.random.default_rng(number)
    held = [(found := combined([mean_of(rng.normal(1, 3, number))], [1])).low <= 1 <= found.high for _ in range(4_000)]
    assert np.mean(held) == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 4_000))


@pytest.mark.slow
def test_a_family_keeps_its_word_where_one_part_leads() -> None:
    """Ten sums, three draws, one part with nine tenths of the spread: alone some p is too small too often."""
    rng = np.random.default_rng(11)
    alone = together = 0
    for _ in range(1_500):
        draws = rng.normal(size=(10, 4, 3)) * np.array([9, 0.3, 0.3, 0.3])[:, None]
        sums = [[mean_of(part) for part in parts] for parts in draws]
        alone += holm([combined(parts, [0.25] * 4).p for parts in sums]).min() < 0.05
        together += holm([each.p for each in family(sums, [[0.25] * 4] * 10)]).min() < 0.05
    assert together / 1_500 < 0.05 < alone / 1_500


# Multiplicity


@given(P_VALUES)
def test_benjamini_and_hochberg_as_scipy(p: list[float]) -> None:
    assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p), atol=1e-15)


@given(P_VALUES)
def test_holm_by_its_definition(p: list[float]) -> None:
    adjusted = holm(p)
    for threshold in (0.01, 0.05, 0.5):
        rejected = set()
        for rank, place in enumerate(np.argsort(p, kind="stable").tolist()):
            if p[place] * (len(p) - rank) > threshold:
                break
            rejected.add(place)
        assert {place for place, value in enumerate(adjusted) if value <= threshold} == rejected


def test_adjusted_by_hand() -> None:
    assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert_allclose(benjamini_hochberg([0.01, 0.04, 0.03, 0.005]), [0.02, 0.04, 0.04, 0.02])
    assert_allclose(holm([0.6, 0.5]), [1, 1])
    assert holm([]).size == benjamini_hochberg([]).size == 0


@given(P_VALUES, st.lists(st.integers(0, 20), max_size=4))
def test_what_is_unknown_does_not_count(p: list[float], places: list[int]) -> None:
    gaps = np.insert(p, [min(place, len(p)) for place in places], np.nan)
    for adjust in (holm, benjamini_hochberg):
        assert_allclose(adjust(gaps)[~np.isnan(gaps)], adjust(p))
        assert np.isnan(adjust(gaps)).sum() == len(places)


@given(P_VALUES)
def test_no_adjustment_makes_a_p_value_smaller(p: list[float]) -> None:
    assert (np.array(p) - 1e-15 <= benjamini_hochberg(p)).all()
    assert (benjamini_hochberg(p) <= holm(p) + 1e-15).all()


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_p_values_that_are_none_are_refused(adjust: object) -> None:
    assert callable(adjust)
    for wrong in ([0.5, 1.1], [-0.1, math.nan]):
        with pytest.raises(ValueError, match="between 0 and 1"):
            adjust(wrong)


# Ranks


def by_margin(means: list[float], margin: float) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.subtract.outer(means, means) > margin


def by_definition(above: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> tuple[tuple[int, ...], ...]:
    n = len(above)
    free = [
        group
        for size in range(1, n + 1)
        for group in combinations(range(n), size)
        if not above[np.ix_(group, group)].any()
    ]
    return tuple(sorted(group for group in free if not any(set(group) < set(other) for other in free)))


def test_a_clear_order_is_a_ranking() -> None:
    above = by_margin([3, 2, 1], 0.5)
    assert rank_sets(above) == [(1, 1), (2, 2), (3, 3)]
    assert inseparable(above) == ((0,), (1,), (2,))


def test_where_nothing_is_separated_everybody_may_be_anything() -> None:
    above = np.zeros((4, 4), dtype=bool)
    assert rank_sets(above) == [(1, 4)] * 4
    assert inseparable(above) == ((0, 1, 2, 3),)


def test_neighbours_share_groups() -> None:
    above = by_margin([3, 2, 1], 1.5)
    assert rank_sets(above) == [(1, 2), (1, 3), (2, 3)]
    assert inseparable(above) == ((0, 1), (1, 2))
    assert inseparable(np.zeros((0, 0))) == ()


@given(st.integers(0, 10**6), st.integers(1, 8), st.floats(0, 1))
def test_groups_by_their_definition(seed: int, size: int, share: float) -> None:
    above = np.triu(np.random.default_rng(seed).random((size, size)) < share, 1)
    assert inseparable(above) == by_definition(above)
    ranked = np.random.default_rng(seed).permutation(size)
    assert inseparable(above[np.ix_(ranked, ranked)]) == by_definition(above[np.ix_(ranked, ranked)])


@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.integers(0, 10))
def test_true_ranks_lie_in_the_sets_of_true_separations(means: list[int], margin: int) -> None:
    for mean, (best, worst) in zip(means, rank_sets(by_margin(list(map(float, means)), margin)), strict=True):
        assert best <= 1 + sum(other > mean for other in means)
        assert worst >= sum(other >= mean for other in means)


@pytest.mark.parametrize("most", [ranks.MOST, 5])
def test_sixty_items_are_grouped_at_once(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In twenty classes of three rivals there are 3^20 maximal groups; listed are enough of them."""
    monkeypatch.setattr(ranks, "MOST", most)
    rivals = np.arange(60) // 3
    above = np.triu(rivals[:, None] == rivals, 1)
    groups = inseparable(above)
    assert len(groups) <= 60 * 59 / 2
    assert {pair for group in groups for pair in combinations(group, 2)} == {
        (i, j) for i, j in combinations(range(60), 2) if rivals[i] != rivals[j]
    }
    assert all(len(group) == 20 for group in groups)


def test_one_that_stands_apart_is_a_group_where_not_all_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "MOST", 1)
    assert inseparable(by_margin([9, 2, 1, 0], 1.5)) == ((0,), (1, 2), (2, 3))


def test_separations_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="one row and one column"):
        rank_sets(np.zeros((2, 3)))
    for wrong in (np.ones((2, 2)), np.eye(2)):
        with pytest.raises(ValueError, match="one at most"):
            inseparable(wrong)


# Proportions


@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_proportions_as_scipy(successes: int, failures: int, level: float) -> None:
    n = successes + failures
    if n:
        test = stats.binomtest(successes, n)
        assert_allclose(wilson(successes, n, level), test.proportion_ci(level, method="wilson"), atol=1e-10)
        assert_allclose(exact(successes, n, level), test.proportion_ci(level, method="exact"), atol=1e-10)


def test_without_draws_every_share_is_possible() -> None:
    assert wilson(0, 0) == exact(0, 0) == (0, 1)


def test_no_success_in_n_has_a_closed_form() -> None:
    assert_allclose(exact(0, 20), (0, 1 - 0.025 ** (1 / 20)))
    assert_allclose(wilson(0, 20)[1], stats.norm.ppf(0.975) ** 2 / (20 + stats.norm.ppf(0.975) ** 2))


@pytest.mark.parametrize("method", [wilson, exact])
def test_impossible_counts_are_refused(method: object) -> None:
    assert callable(method)
    for wrong in ((3, 2), (-1, 2), (0, -1)):
        with pytest.raises(ValueError, match="successes"):
            method(*wrong)
    with pytest.raises(ValueError, match="level"):
        method(1, 2, 1.0)


# Bootstrap


def test_weights_of_one_level_count_the_units() -> None:
    drawn = weights([np.arange(7)], np.random.default_rng(0), 500)
    assert drawn.shape == (500, 7)
    assert (drawn.sum(axis=1) == 7).all()
    assert drawn.mean() == 1
    assert drawn.var() == pytest.approx(1 - 1 / 7, rel=0.05)


def test_units_of_one_cluster_weigh_the_same() -> None:
    replicate = np.array(["a", "a", "b", "b", "b", "c"])
    drawn = weights([replicate], np.random.default_rng(1), 200)
    assert (drawn[:, 0] == drawn[:, 1]).all()
    assert (drawn[:, 2] == drawn[:, 4]).all()
    assert (drawn[:, [0, 2, 5]].sum(axis=1) == 3).all()


def test_weights_of_crossed_levels_multiply() -> None:
    rows, columns = np.divmod(np.arange(12), 4)
    drawn = weights([rows, columns], np.random.default_rng(2), 100).reshape(100, 3, 4)
    totals = drawn.sum(axis=(1, 2))
    product = np.einsum("nr,nc->nrc", drawn.sum(axis=2), drawn.sum(axis=1)) / totals[:, None, None]
    assert np.abs(drawn - product).max() < 1e-12
    assert (totals == 12).all()


@pytest.mark.parametrize("wrong", [[], [[]], [[1, 2], [1]], [[[1, 2]]]])
def test_levels_that_are_none_are_refused(wrong: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="one code per unit"):
        weights([np.array(level) for level in wrong], np.random.default_rng(0))


def test_resampled_means_are_ratios_of_weighted_sums() -> None:
    totals, counts = np.array([[2.0, 0], [6, 5]]), np.array([[1.0, 0], [2, 1]])
    found = resampled_means(totals, counts, np.array([[1.0, 1], [2, 0], [0, 2]]))
    assert_allclose(found, np.array([[8 / 3, 5], [2, math.nan], [3, 5]]))


def test_the_bootstrap_shows_the_variance_of_a_mean_and_the_part_puts_it_right() -> None:
    values = np.array([1.0, 4, 4, 7, 12])
    drawn = weights([np.arange(5)], np.random.default_rng(3), 60_000)
    means = resampled_means(values[:, None], np.ones((5, 1)), drawn)[:, 0]
    part, known = part_of(means, values.mean(), 5), mean_of(values)
    assert part.variance == pytest.approx(known.variance, rel=0.03)
    assert (part.value, part.freedom) == (known.value, known.freedom)


def test_a_part_needs_two_clusters_and_two_draws() -> None:
    assert math.isnan(part_of([1.0, 2.0], 1.5, 1).variance)
    assert math.isnan(part_of([1.0, math.nan], 1.5, 4).variance)
    assert part_of([1.0, 3.0, math.nan], 2, 2) == Part(2, 4, 1)
    assert combined([part_of([1.0, 2.0], 1.5, 1)], [1]).freedom == 0


def test_rounds_of_a_match_that_are_alike_count_as_one_draw() -> None:
    """Fifteen equal rounds a match: resampled by match the error is that of the matches, by decision far too small."""
    rng = np.random.default_rng(4)
    outcome = rng.integers(0, 2, 100)
    values, match = np.repeat(outcome, 15), np.repeat(np.arange(100), 15)
    group = np.zeros(1_500, dtype=int)
    by_decision = draw_means(values, group, rng, 4_000).std()
    by_match = cluster_means(*group_totals(values, group, match), rng, 4_000).std()
    assert by_match == pytest.approx(outcome.std() / 10, rel=0.05)
    assert by_decision == pytest.approx(outcome.std() / math.sqrt(1_500), rel=0.05)


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_group_totals_add_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, groups, clusters = rng.integers(0, 4, 50), rng.integers(0, 4, 50), rng.integers(0, 6, 50)
    totals, counts, units = group_totals(values, groups, clusters)
    assert (np.diff(units) >= 0).all()
    assert len(units) == len(set(zip(groups.tolist(), clusters.tolist(), strict=True)))
    assert counts.sum() == 50
    for group in range(4):
        assert totals[units == group].sum() == values[groups == group].sum()
        assert counts[units == group].sum() == (groups == group).sum()


def test_resampling_by_counts_is_resampling() -> None:
    """Mean, variance and third moment of the resampled means are those of the bootstrap in closed form."""
    values, groups = np.array([0.0, 0, 1, 3, 3, 3, 8, 5]), np.array([0, 0, 0, 0, 0, 0, 0, 2])
    found = draw_means(values, groups, np.random.default_rng(5), 40_000)
    sample = values[:7]
    assert found.shape == (40_000, 3)
    assert found[:, 0].mean() == pytest.approx(sample.mean(), abs=0.03)
    assert found[:, 0].var() == pytest.approx(sample.var() / 7, rel=0.03)
    assert stats.skew(found[:, 0]) == pytest.approx(stats.skew(sample) / math.sqrt(7), abs=0.05)
    assert np.isnan(found[:, 1]).all()
    assert (found[:, 2] == 5).all()


def test_clusters_are_resampled_with_their_counts() -> None:
    """Against weights: a ratio of sums, not a mean of means."""
    rng = np.random.default_rng(6)
    totals, counts = rng.integers(0, 30, 9).astype(float), rng.integers(1, 9, 9).astype(float)
    by_index = cluster_means(totals, counts, np.zeros(9, dtype=int), rng, 30_000)[:, 0]
    drawn = weights([np.arange(9)], rng, 30_000)
    by_weight = resampled_means(totals[:, None], counts[:, None], drawn)[:, 0]
    assert_allclose(np.quantile(by_index, [0.05, 0.5, 0.95]), np.quantile(by_weight, [0.05, 0.5, 0.95]), rtol=0.03)
    low, high = interval(by_index[:, None], 0.9)
    assert_allclose((low[0], high[0]), np.quantile(by_index, [0.05, 0.95]))


def test_several_metrics_share_their_resamples() -> None:
    totals, counts, groups = np.array([1.0, 5, 2, 2]), np.array([1.0, 2, 1, 1]), np.array([2, 0, 2, 0])
    both = cluster_means(np.column_stack([totals, 3 * totals]), counts, groups, np.random.default_rng(7), 50)
    alone = cluster_means(totals, counts, groups, np.random.default_rng(7), 50)
    assert both.shape == (50, 3, 2)
    assert_allclose(both[..., 0], alone)
    assert_allclose(both[..., 1], 3 * alone)
    assert np.isnan(alone[:, 1]).all()
    assert not np.isnan(alone[:, [0, 2]]).any()


def test_codes_that_are_none_are_refused() -> None:
    rng = np.random.default_rng(0)
    for values, groups in (([1.0], [0, 1]), ([], []), ([1.0], [-1])):
        with pytest.raises(ValueError, match="groups need"):
            draw_means(values, groups, rng)
    for clusters in ([0], [-1, 0]):
        with pytest.raises(ValueError, match="clusters need"):
            group_totals([1.0, 2.0], [0, 0], clusters)


# Power


@given(st.floats(0, 12), st.floats(1, 200), st.sampled_from([0.8, 0.95, 0.99]))
def test_power_is_the_noncentral_t(shift: float, freedom: float, level: float) -> None:
    bound = stats.t.ppf((1 + level) / 2, freedom)
    far = nctdtr(freedom, shift, -bound)
    expected = 1 - nctdtr(freedom, shift, bound) + (0 if math.isnan(far) else far)  # SciPy has no number for tiny tails
    assert power_of(shift, 1, freedom, level) == pytest.approx(expected, abs=2e-6)
    assert power_of(-2 * shift, 2, freedom, level) == power_of(shift, 1, freedom, level)


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_no_difference_is_found_as_often_as_the_test_errs(level: float) -> None:
    for freedom in (1, 2, 7.5, 1e5, 1e8, math.inf):
        assert power_of(0, 1, freedom, level) == pytest.approx(1 - level, abs=1e-6)


@given(st.floats(0.01, 100), st.floats(1, 1e4), st.floats(0.1, 0.99))
def test_a_detectable_difference_is_detected_with_that_power(error: float, freedom: float, power: float) -> None:
    assert power_of(detectable(error, freedom, power), error, freedom) == pytest.approx(power, abs=1e-9)


def test_with_many_draws_the_detectable_difference_has_a_closed_form() -> None:
    assert detectable(2, math.inf) == pytest.approx(2 * (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)), rel=1e-5)
    assert detectable(1, 1e7) == pytest.approx(detectable(1, math.inf), rel=1e-6)
    assert detectable(1, 9e5) == pytest.approx(detectable(1, 2e6), rel=1e-5)
    assert detectable(0, 3) == 0
    assert math.isnan(detectable(math.nan, 3))
    assert math.isnan(detectable(1, 0))
    assert math.isnan(power_of(1, math.nan, 2))
    assert power_of(1, 0, 2) == 1
    assert power_of(0, 0, 2, 0.9) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("effect", "two_samples", "one_sample"), [(0.2, 394, 199), (0.5, 64, 34), (0.8, 26, 15), (1.0, 17, 10)]
)
def test_published_sample_sizes(effect: float, two_samples: int, one_sample: int) -> None:
    """Two-sided at 5 %, power 80 %: the sizes that power tables for t tests give for each group, or for pairs."""
    assert replicates_needed(effect, [1, 1], [1, -1]) == two_samples
    assert replicates_needed(effect, [1], [1]) == one_sample


@given(st.floats(0.2, 3), st.lists(st.floats(0.01, 4), min_size=1, max_size=4), st.floats(0.2, 0.95))
def test_the_number_is_the_smallest(difference: float, variances: list[float], power: float) -> None:
    number = replicates_needed(difference, variances, power=power)

    def reached(replicates: int) -> float:
        parts = [Part(0, variance / replicates, replicates - 1) for variance in variances]
        found = combined(parts, [1 / len(parts)] * len(parts))
        return power_of(difference, found.error, found.freedom)

    assert number >= 2
    assert reached(number) >= power - 1e-9
    assert number == 2 or reached(number - 1) < power


def test_what_never_varies_takes_two_replicates() -> None:
    assert replicates_needed(0.1, [0, 0]) == 2
    assert replicates_needed(1e-5, [1]) == pytest.approx(detectable(1, math.inf) ** 2 * 1e10, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"difference": 0.0}, "above 0"),
        ({"difference": math.nan}, "above 0"),
        ({"power": 1.0}, "power lies between"),
        ({"power": 0.05}, "power lies between"),
        ({"level": 1.0}, "level of a test"),
        ({"variances": [1, -1]}, "variances need"),
        ({"variances": [math.nan]}, "variances need"),
        ({"variances": []}, "variances need"),
        ({"weights": [1, 2, 3]}, "2 variances and 3 weights"),
    ],
)
def test_questions_without_an_answer_are_refused(arguments: dict[str, object], said: str) -> None:
    asked: dict[str, object] = {"difference": 1.0, "variances": [1.0, 2.0], **arguments}
    with pytest.raises(ValueError, match=said):
        replicates_needed(**asked)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "found"), [(2, 0.65), (3, 0.76), (5, 0.79), (8, 0.8)])
def test_power_by_simulation(number: int, found: float) -> None:
    """Strata with variances 1 and 4: with two replicates the test knows its freedom so badly that it finds less."""
    variances = np.array([1.0, 4.0])
    known = combined([Part(0, variance / number, number - 1) for variance in variances], [0.5, 0.5])
    difference = detectable(known.error, known.freedom)
    draws = np.random.default_rng(number).normal(size=(8_000, 2, number)) * np.sqrt(variances)[:, None] + difference
    shares = np.mean([combined([mean_of(d) for d in each], [0.5, 0.5]).p < 0.05 for each in draws])
    assert shares == pytest.approx(found, abs=0.02)


def test_power_of_one_mean_by_simulation() -> None:
    draws = detectable(1 / math.sqrt(3), 2) + np.random.default_rng(8).normal(size=(20_000, 3))
    found = np.mean(np.asarray(stats.ttest_1samp(draws, 0, axis=1).pvalue) < 0.05)
    assert found == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / 20_000))
