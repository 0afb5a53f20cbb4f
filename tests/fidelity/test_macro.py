"""Level 1: closed forms of what is worked out of courses, and populations whose course is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.fidelity import macro
from comity.fidelity.observations import FidelityError, Floats, Weighted
from comity.fidelity.resampling import resampled
from tests.fidelity.generated import coins, moody, observed

COURSES = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=12, max_size=30)


def _arrays(pairs: list[tuple[int, int]]) -> tuple[Floats, Floats]:
    x, y = np.array(pairs, dtype=float).T / 50
    return x[None], y[None]


@given(COURSES)
def test_the_squared_distance_is_bias_and_what_is_left(pairs: list[tuple[int, int]]) -> None:
    x, y = _arrays(pairs)
    parts = macro.difference(x, y) ** 2 + macro.centred_rmse(x, y) ** 2
    assert macro.rmse(x, y)[0] ** 2 == pytest.approx(parts[0], abs=1e-12)
    assert abs(macro.difference(x, y)[0]) - 1e-12 <= macro.mae(x, y)[0] <= macro.rmse(x, y)[0] + 1e-12


@given(COURSES)
def test_correlations_agree_with_a_library(pairs: list[tuple[int, int]]) -> None:
    x, y = _arrays(pairs)
    if np.ptp(x) > 0 and np.ptp(y) > 0:
        assert macro.correlation(x, y)[0] == pytest.approx(np.corrcoef(x[0], y[0])[0, 1], abs=1e-9)
    else:
        assert math.isnan(macro.correlation(x, y)[0])


def test_every_statistic_has_a_number_per_draw_and_its_point_is_the_draw_of_everybody() -> None:
    rng = np.random.default_rng(2)
    people, agents = moody(120, 30, rng, trait=1.0, sessions=4), moody(80, 26, rng, trait=0.0, sessions=2)
    everybody = Weighted(agents, np.ones((3, 80)))
    for statistic in macro.STATISTICS:
        point = statistic.of(agents.once(), people.once())
        assert point.shape == (1,)
        assert np.isfinite(point).all(), statistic.key
        np.testing.assert_allclose(statistic.of(everybody, people.once()), np.repeat(point, 3), err_msg=statistic.key)
        same = statistic.of(people.once(), people.once())[0]
        assert same == pytest.approx(1.0 if statistic.kind == "score" else 0.0, abs=1e-9), statistic.key


def test_only_rounds_that_both_have_are_compared() -> None:
    rng = np.random.default_rng(3)
    actions = (rng.random((40, 20)) < 0.5).astype(float)
    lone = actions.copy()
    lone[1:, 15:] = np.nan  # one of forty goes on: less than a tenth
    lone[:, 4] = np.nan
    people, agents = observed(lone), observed(actions)
    rounds = macro.common_rounds(agents, people)
    assert rounds.tolist() == [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    found = macro.STATISTICS[1].of(agents.once(), people.once())
    gap = actions[:, rounds].mean(axis=0) - np.nanmean(lone[:, rounds], axis=0)
    assert found[0] == pytest.approx(math.sqrt((gap**2).mean()))
    nobody = observed(np.full((3, 20), np.nan))
    with pytest.raises(FidelityError, match="no round in common"):
        macro.common_rounds(agents, nobody)


def test_a_draw_without_anybody_in_a_round_keeps_the_round_before() -> None:
    actions = np.array([[1.0, 0, 1, 1], [np.nan, 1, np.nan, 0]])
    people = observed(actions)
    second = Weighted(people, np.array([[0.0, 1.0]]))
    assert macro.series(second, people.once())[0].tolist() == [[1, 1, 1, 0]]


@pytest.mark.parametrize(("tau", "sign"), [(1.5, 1), (6.0, 1), (6.0, -1), (20.0, 1)])
def test_the_decay_constant_of_an_exponential_is_found(tau: float, sign: int) -> None:
    course = 0.5 + sign * 0.3 * np.exp(-np.arange(50) / tau)
    assert macro.decay_constant(course[None])[0] == pytest.approx(tau, rel=0.01)


def test_the_shape_of_a_straight_line() -> None:
    course: Floats = np.asarray(0.8 - 0.01 * np.arange(40))[None]
    first, early, _, last, slope = macro.shapes(course)[0]
    assert (first, early, last, slope) == pytest.approx((0.8, 0.775, 0.455, -0.01))
    assert np.isnan(macro.shapes(course[:, :9])).all()


def test_shapes_are_told_apart_where_means_are_not() -> None:
    """A falling and a steady course with one mean; and two samples of one population, which are not told apart."""
    rng = np.random.default_rng(4)
    falling = np.linspace(0.7, 0.3, 40)
    people, again = (observed(rng.random((400, 40)) < falling, sessions=8) for _ in range(2))
    steady = observed(rng.random((400, 40)) < 0.5, sessions=8)
    near, far = (macro.shape_distance(side.once(), people.once())[0] for side in (again, steady))
    assert near < 5 < 10 < far
    assert macro.shape_test(again, people, rng).p > 0.01
    assert macro.shape_test(steady, people, rng).p < 1e-4


def test_a_test_of_shape_keeps_its_level() -> None:
    """Sessions of one population: neither found to differ too often, nor so seldom that it is no test."""
    rng = np.random.default_rng(14)
    sides = [[moody(96, 24, rng, trait=1.0, sessions=8) for _ in range(60)] for _ in range(2)]
    p = np.array([macro.shape_test(a, b, rng).p for a, b in zip(*sides, strict=True)])
    assert np.mean(p < 0.05) < 0.12
    assert 0.04 < np.mean(p < 0.2) < 0.35


def test_a_test_of_shape_needs_clusters() -> None:
    rng = np.random.default_rng(5)
    few = [observed(rng.random((40, 12)) < 0.5, sessions=2) for _ in range(2)]
    found = macro.shape_test(few[0], few[1], rng)
    assert found.freedom == 2
    assert math.isnan(found.p)


def test_blocks_keep_what_hangs_together_and_find_what_moves_together() -> None:
    rng = np.random.default_rng(6)
    noise = rng.standard_normal((2, 60))
    together = noise[0] + 0.3 * noise[1]
    assert macro.block_permutation_p(together, noise[0], rng, number=999) == pytest.approx(1 / 1000)
    assert macro.block_permutation_p(noise[1], noise[0], rng, number=999) > 0.05
    assert math.isnan(macro.block_permutation_p(np.ones(60), noise[0], rng, number=99))


def test_block_permutation_keeps_its_level_for_courses_that_wander() -> None:
    rng = np.random.default_rng(7)
    p = []
    for _ in range(150):
        shocks = rng.standard_normal((2, 60))
        one, other = shocks[:, 1:] + 0.6 * shocks[:, :-1]
        p.append(macro.block_permutation_p(one, other, rng, number=199))
    assert np.mean(np.array(p) < 0.1) < 0.2


def test_detrending_takes_lines_and_logarithms() -> None:
    time = np.arange(1, 41)
    wave = np.sin(time)
    trend = 3 - 0.1 * time + np.log(time)
    np.testing.assert_allclose(macro.detrended((wave + trend)[None]), macro.detrended(wave[None]), atol=1e-10)


def test_changes_of_independent_noise_carry_over_by_minus_a_half() -> None:
    rng = np.random.default_rng(8)
    slope, increment = macro.carry_over(rng.standard_normal((1, 20_000)))
    assert slope[0] == pytest.approx(-0.5, abs=0.02)
    assert increment[0] == pytest.approx(0, abs=0.01)
    assert math.isnan(macro.carry_over(np.ones((1, 20)))[0][0])


def test_agents_who_move_together_are_told_from_those_who_do_not() -> None:
    """Independent agents have a ratio of 1, in resamples too; a common shock of variance c adds c N / (p(1 - p))."""
    rng = np.random.default_rng(9)
    alone = observed(rng.random((2000, 60)) < 0.4, sessions=20)
    shock = rng.normal(0, 0.1, (20, 60)).repeat(100, axis=0)
    together = observed(rng.random((2000, 60)) < 0.4 + shock, sessions=20)
    assert macro.synchrony(alone.once())[0] == pytest.approx(1, abs=0.15)
    expected = 1 + 0.01 * 99 / 0.24
    assert macro.synchrony(together.once())[0] == pytest.approx(expected, rel=0.15)
    drawn = [resampled({"ring": side}, 200, rng)["ring"] for side in (alone, together)]
    assert macro.synchrony(drawn[0]).mean() == pytest.approx(1, abs=0.2)
    assert macro.synchrony(drawn[1]).mean() == pytest.approx(expected, rel=0.2)
    smaller = together.taking(np.arange(2000) % 100 < 25)
    gap = macro.synchrony_gap(smaller.once(), together.once())[0]
    assert abs(gap) < 1.2 < macro.synchrony(together.once())[0] - macro.synchrony(smaller.once())[0]


def test_a_line_through_the_tail_costs_two_degrees_of_freedom() -> None:
    course = np.random.default_rng(15).random(24)
    tail = course[10:]
    left = tail - np.polyval(np.polyfit(np.arange(14), tail, 1), np.arange(14))
    expected = (left @ left / 12) / (tail.mean() * (1 - tail.mean()) / 50)
    assert macro.fluctuation(course[None], 50)[0] == pytest.approx(expected)


def test_one_session_has_the_published_ratio() -> None:
    rng = np.random.default_rng(10)
    of = observed(rng.random((300, 40)) < 0.3)
    assert macro.synchrony(of.once())[0] == pytest.approx(macro.fluctuation(of.once().trajectory, 300)[0])


def test_the_sampling_floor_is_how_far_two_samples_of_one_course_are_apart() -> None:
    rng = np.random.default_rng(11)
    course = np.linspace(0.6, 0.3, 30)
    sides = [[observed(rng.random((n, 30)) < course) for _ in range(40)] for n in (200, 400)]
    squares = [macro.STATISTICS[1].of(a.once(), b.once())[0] ** 2 for a, b in zip(*sides, strict=True)]
    floor = macro.sampling_floor(sides[0][0].once(), sides[1][0].once())[0]
    assert math.sqrt(np.mean(squares)) == pytest.approx(floor, rel=0.08)


def test_contrasts_have_signs_sizes_and_a_slope() -> None:
    rng = np.random.default_rng(12)

    def population(**rates: float) -> dict[str, Weighted]:
        return {name: coins(np.full(500, rate), 40, rng).once() for name, rate in rates.items()}

    people = population(fixed=0.5, shuffled=0.4, large=0.45)
    doubled = population(fixed=0.6, shuffled=0.4, large=0.5)
    reversed_ = population(fixed=0.4, shuffled=0.5, large=0.45)
    found = macro.contrasts(doubled, people)
    assert found.pairs == (("shuffled", "fixed"), ("large", "fixed"), ("large", "shuffled"))
    assert found.same_sign[0] == 1
    assert found.slope[0] == pytest.approx(0.5, abs=0.06)
    assert found.concordance[0] == pytest.approx(0.8, abs=0.06)
    assert found.distance[0] == pytest.approx((0.1 + 0.05 + 0.05) / 3, abs=0.02)
    wrong = macro.contrasts(reversed_, people, [("fixed", "shuffled")])
    assert wrong.same_sign[0] == 0
    assert wrong.concordance[0] == pytest.approx(-1, abs=0.1)
    turned = macro.contrasts(reversed_, people, [("shuffled", "fixed")])
    assert turned.concordance[0] == pytest.approx(wrong.concordance[0])
    drawn = [
        {name: resampled({name: side.observations}, 200, rng)[name] for name, side in sides.items()}
        for sides in (reversed_, doubled)
    ]
    again = {name: resampled({name: side.observations}, 200, rng)[name] for name, side in people.items()}
    assert macro.contrasts(drawn[0], again, [("fixed", "shuffled")]).opposite().tolist() == [True]
    assert macro.contrasts(drawn[1], again, [("fixed", "shuffled")]).opposite().tolist() == [False]


def test_effects_are_opposite_only_where_both_are_certain() -> None:
    up, down, either = (np.linspace(*ends, 41)[:, None] for ends in ((0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1)))
    found = [macro.Contrasts((("a", "b"),), first, up).opposite()[0] for first in (up, down, either)]
    assert found == [False, True, False]


def test_a_contrast_needs_conditions_that_both_sides_have() -> None:
    rng = np.random.default_rng(13)
    one = {"a": coins(np.full(10, 0.5), 12, rng).once()}
    with pytest.raises(FidelityError, match="needs two conditions"):
        macro.contrasts(one, one)
    with pytest.raises(FidelityError, match="condition b of a contrast is missing"):
        macro.contrasts(one, one, [("a", "b")])
