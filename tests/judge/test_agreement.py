"""Agreement between judges: worked examples, closed forms, laws, and whether intervals hold what they should."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from comity.judge.agreement import Statistic, cohen, fleiss, krippendorff, masi, masi_distance, percent

NAN = math.nan
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T
"""Four observers, twelve units, missing ratings: the example of Krippendorff's text, nominal alpha .743."""

FLEISS = (
    (0, 0, 0, 0, 14),
    (0, 2, 6, 4, 2),
    (0, 0, 3, 5, 6),
    (0, 3, 9, 2, 0),
    (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0),
    (3, 2, 6, 3, 0),
    (2, 5, 3, 2, 2),
    (6, 5, 2, 1, 0),
    (0, 2, 2, 3, 7),
)
"""Fourteen raters, ten units, five codes: the usual worked example of Fleiss' kappa, .210."""


def spread(counts: tuple[tuple[int, ...], ...]) -> NDArray[np.float64]:
    """Ratings with these counts of codes per unit."""
    return np.array([np.repeat(np.arange(len(row)), row) for row in counts], dtype=float)


def pairs(table: list[list[int]]) -> NDArray[np.float64]:
    """The ratings of two raters whose joint counts are the table."""
    codes = [(i, j) for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)]
    return np.array(codes, dtype=float)


def test_krippendorffs_example() -> None:
    assert krippendorff(KRIPPENDORFF).value == pytest.approx(0.743, abs=5e-4)


def test_the_example_of_fleiss_kappa() -> None:
    assert fleiss(spread(FLEISS)).value == pytest.approx(0.210, abs=5e-4)


def test_cohens_kappa_of_a_table() -> None:
    assert cohen(pairs([[20, 5], [10, 15]])).value == pytest.approx(0.4)
    assert cohen(pairs([[45, 15], [25, 15]])).value == pytest.approx(0.1304, abs=5e-5)
    assert cohen(pairs([[25, 35], [5, 35]])).value == pytest.approx(0.2593, abs=5e-5)


def test_percent_agreement_by_hand() -> None:
    ratings = np.array([[1, 1, 0], [1, NAN, 1], [0, NAN, NAN], [0, 1, NAN]])
    assert percent(ratings).value == pytest.approx((1 / 3 + 1 + 0) / 3)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40))
def test_alpha_of_two_raters_follows_from_the_coincidences(codes: list[tuple[int, int]]) -> None:
    ratings = np.array(codes, dtype=float)
    n, counts = 2 * len(codes), np.bincount(ratings.ravel().astype(int))
    apart = 2 * sum(i != j for i, j in codes)
    expected = n * n - int((counts**2).sum())
    found = krippendorff(ratings).value
    assert math.isnan(found) if not expected else found == pytest.approx(1 - (n - 1) * apart / expected)


@given(st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_all_are_one_where_everybody_agrees_and_do_not_mind_the_names_of_codes(raters: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    same = np.repeat(np.append([0, 1, 2], rng.integers(0, 3, 20))[:, None], raters, axis=1).astype(float)
    mixed = rng.integers(0, 3, (30, raters)).astype(float)
    turned = np.array([2.0, 0.0, 1.0])[mixed.astype(int)]
    for statistic in (percent, fleiss, krippendorff):
        assert statistic(same).value == pytest.approx(1)
        assert statistic(mixed).value == pytest.approx(statistic(turned).value)
    assert cohen(same[:, :2]).value == pytest.approx(1)


def test_where_only_one_code_is_used_nothing_but_the_share_is_defined() -> None:
    ones = np.ones((10, 2))
    assert percent(ones).value == 1
    assert all(math.isnan(statistic(ones).value) for statistic in (cohen, fleiss, krippendorff))


def test_fleiss_is_over_the_units_that_all_rated() -> None:
    ratings = np.vstack([spread(FLEISS), np.full((1, 14), NAN)])
    ratings[-1, :3] = 1
    found = fleiss(ratings)
    assert found.value == pytest.approx(0.210, abs=5e-4)
    assert found.counts.sum() == 10


def test_wrong_numbers_of_raters_are_refused() -> None:
    with pytest.raises(ValueError, match="two raters; found ratings of the shape"):
        cohen(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="two raters or more"):
        fleiss(np.zeros((4, 1)))


def test_distances_of_sets() -> None:
    sets = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]])
    distance = masi_distance(sets)
    assert np.allclose(distance, distance.T)
    assert np.allclose(np.diag(distance), 0)
    assert distance[0, 1] == 1  # nothing in common with no label at all
    assert distance[1, 2] == pytest.approx(1 - 1 / 2 * 2 / 3)
    assert distance[2, 3] == pytest.approx(1 - 1 / 3 * 1 / 3)
    assert distance[1, 4] == 1


def test_alpha_of_sets_is_nominal_alpha_where_sets_have_one_label() -> None:
    marks = np.full((*KRIPPENDORFF.shape, 5), NAN)
    for unit, rater in np.argwhere(~np.isnan(KRIPPENDORFF)):
        marks[unit, rater] = np.arange(5) == KRIPPENDORFF[unit, rater] - 1
    assert masi(marks).value == pytest.approx(krippendorff(KRIPPENDORFF).value)


def test_alpha_of_sets_of_nothing_but_missing_is_undefined() -> None:
    assert math.isnan(masi(np.full((4, 2, 3), NAN)).value)


def planted(matches: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Two raters who err, on matches of one to nine reasons that resemble each other."""
    sizes = rng.integers(1, 10, matches)
    clusters = np.repeat(np.arange(matches), sizes)
    leaning = rng.beta(0.6, 0.9, matches)[clusters]
    true = rng.random(clusters.size) < leaning
    given = [np.where(rng.random(clusters.size) < 0.15, ~true, true) for _ in range(2)]
    return np.column_stack(given).astype(float), clusters


@pytest.mark.slow
def test_intervals_hold_the_truth_where_reasons_of_a_match_resemble_each_other() -> None:
    rng = np.random.default_rng(11)
    statistics = (percent, cohen, krippendorff)
    truth = [statistic(planted(60_000, rng)[0]).value for statistic in statistics]
    held = np.zeros(3)
    for _ in range(300):
        ratings, clusters = planted(60, rng)
        for place, statistic in enumerate(statistics):
            found = statistic(ratings).estimated(clusters, rng, 400)
            held[place] += found.low <= truth[place] <= found.high
    assert ((held / 300 > 0.90) & (held / 300 < 0.99)).all(), held / 300


def test_resampling_whole_matches_is_wider_than_resampling_reasons() -> None:
    rng = np.random.default_rng(5)
    once, clusters = rng.integers(0, 2, (40, 2)).astype(float), np.repeat(np.arange(40), 10)
    ratings = np.repeat(once, 10, axis=0)
    together = krippendorff(ratings).estimated(clusters, rng)
    alone = krippendorff(ratings).estimated(np.arange(400), rng)
    assert (together.units, together.clusters, alone.clusters) == (400, 40, 400)
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_what_cannot_be_told_has_no_interval() -> None:
    rng = np.random.default_rng(5)
    ratings = np.array([[1, 0], [1, 1], [0, 0]])
    one_match = cohen(ratings).estimated([0, 0, 0], rng)
    assert one_match.value == pytest.approx(0.4)
    assert math.isnan(one_match.low)
    nobody = cohen(np.full((3, 2), NAN)).estimated([0, 1, 2], rng)
    assert (nobody.units, nobody.clusters) == (0, 0)
    assert math.isnan(nobody.value)
    rare = np.zeros((100, 2))
    rare[0] = 1
    assert math.isnan(cohen(rare).estimated(np.arange(100), rng).low), "most resamples hold no rare label at all"


def test_the_same_seed_gives_the_same_interval() -> None:
    ratings, clusters = planted(30, np.random.default_rng(2))

    def ends(statistic: Statistic) -> tuple[float, float]:
        found = statistic.estimated(clusters, np.random.default_rng(9), 200)
        return found.low, found.high

    assert ends(cohen(ratings)) == ends(cohen(ratings))
