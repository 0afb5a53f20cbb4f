"""Populations in motion: closed forms of two types, known rest points, neutral drift, and Nashpy where it overlaps."""

from __future__ import annotations

import itertools
from math import comb, exp, log

import nashpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from comity.dynamics.finite import (
    Fermi,
    Moran,
    Process,
    fixation,
    log_fixation,
    occupation,
    pair_payoffs,
    small_mutation,
    stationary,
)
from comity.dynamics.infinite import imitation, logit, replicator, uniform_starts
from comity.dynamics.payoffs import Array, as_payoffs, as_shares, fitness, folded, marginal_fitness, unordered
from comity.dynamics.published import exponential_weights
from comity.dynamics.rest import basins, eigenvalues, jacobian, rest_points, stability

DILEMMA = np.array([[2.0, 0.0], [3.0, 1.0]])
HAWK_DOVE = np.array([[-1.0, 4.0], [0.0, 2.0]])  # value 4, cost 6: two thirds of hawks
COORDINATION = np.array([[3.0, 0.0], [0.0, 1.0]])  # the border is at a quarter
CYCLE = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
INWARD = np.array([[0.0, -1.0, 2.0], [2.0, 0.0, -1.0], [-1.0, 2.0, 0.0]])
THIRD = np.full(3, 1 / 3)


def random_payoffs(seed: int, types: int, seats: int) -> Array:
    return np.random.default_rng(seed).normal(size=(types,) * seats)


def public_goods(players: int, multiplier: float) -> Array:
    """Type 0 contributes 1."""
    table = np.zeros((2,) * players)
    for profile in itertools.product(range(2), repeat=players):
        table[profile] = multiplier * profile.count(0) / players - (profile[0] == 0)
    return table


# Payoffs


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(2, 4))
def test_fitness_is_the_sum_over_all_co_players(seed: int, types: int, seats: int) -> None:
    payoffs = random_payoffs(seed, types, seats)
    shares = uniform_starts(np.random.default_rng(seed), 3, types)
    for row, found in zip(shares, fitness(payoffs, shares), strict=True):
        for focal in range(types):
            profiles = itertools.product(range(types), repeat=seats - 1)
            expected = sum(payoffs[(focal, *others)] * np.prod(row[list(others)]) for others in profiles)
            assert found[focal] == pytest.approx(expected, abs=1e-12)
        assert_allclose(fitness(payoffs, row), found, atol=1e-12)
        assert_allclose(fitness(unordered(payoffs), row), found, atol=1e-12)


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(2, 5), st.integers(0, 7))
def test_folded_payoffs_give_the_same_fitness(seed: int, types: int, seats: int, number: int) -> None:
    payoffs = random_payoffs(seed, types, seats)
    shares = uniform_starts(np.random.default_rng(seed), number, types)
    short = folded(payoffs)
    assert short.table.shape == (types, comb(types + seats - 2, seats - 1))
    assert_allclose(short.fitness(shares.T).T, fitness(payoffs, shares), atol=1e-12)


def test_many_seats_are_not_many_orders() -> None:
    """Twelve co-players have 479 million orders; there are 13 multisets of two types."""
    payoffs = random_payoffs(1, 2, 13)
    assert folded(payoffs).table.shape == (2, 13)
    shares = np.array([0.3, 0.7])
    assert_allclose(fitness(unordered(payoffs), shares), fitness(payoffs, shares), atol=1e-12)


def test_many_populations_are_taken_in_blocks() -> None:
    payoffs = random_payoffs(1, 12, 5)
    shares = uniform_starts(np.random.default_rng(1), 1_000, 12)
    paid = folded(payoffs).fitness(shares.T)
    assert paid.shape == (12, 1_000)
    assert_allclose(paid[:, [0, 500, 999]].T, fitness(payoffs, shares[[0, 500, 999]]), atol=1e-12)


@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(2, 4))
def test_derivatives_are_those_of_small_differences(seed: int, types: int, seats: int) -> None:
    payoffs = random_payoffs(seed, types, seats)
    shares = np.random.default_rng(seed).dirichlet(np.ones(types))

    def velocity(x: Array) -> Array:
        paid = fitness(payoffs, x)
        return x * (paid - x @ paid)

    moved = np.eye(types) * 1e-6
    slopes = [(fitness(payoffs, shares + by) - fitness(payoffs, shares - by)) / 2e-6 for by in moved]
    assert_allclose(marginal_fitness(payoffs, shares), np.array(slopes).T, atol=1e-6)
    turns = [(velocity(shares + by) - velocity(shares - by)) / 2e-6 for by in moved]
    assert_allclose(jacobian(payoffs, shares), np.array(turns).T, atol=1e-6)


@pytest.mark.parametrize("wrong", [[1.0, 2.0], [[1.0, 2.0]], [[np.nan]], np.zeros((0, 0))])
def test_payoffs_that_are_none_are_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="payoffs"):
        as_payoffs(np.asarray(wrong))


@pytest.mark.parametrize("wrong", [[0.5, 0.6], [1.5, -0.5], [1.0], 1.0])
def test_shares_that_are_none_are_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="shares"):
        as_shares(np.asarray(wrong), 2)


# As published


def test_the_published_dynamics_of_two_types_has_a_closed_form() -> None:
    """Where the difference of fitness is constant, the odds grow by the same factor every step."""
    course = exponential_weights(DILEMMA, steps=50)
    odds = course.shares[:, 1] / course.shares[:, 0]
    assert_allclose(np.log(odds), 0.1 * np.arange(51), rtol=1e-12)
    assert_allclose(course.fitness, fitness(DILEMMA, course.final))


def test_the_published_dynamics_takes_its_steps_or_stops_where_all_are_paid_the_same() -> None:
    assert len(exponential_weights(DILEMMA).shares) == 1_001
    assert len(exponential_weights(CYCLE).shares) == 1
    stopped = exponential_weights(HAWK_DOVE)
    assert len(stopped.shares) < 1_001
    assert_allclose(stopped.final, [2 / 3, 1 / 3], atol=1e-5)


def test_the_published_dynamics_depends_on_the_units_and_the_proper_one_does_not() -> None:
    slow, fast = exponential_weights(DILEMMA / 1_000).final, exponential_weights(DILEMMA).final
    assert slow[1] < 0.53 < 0.99 < fast[1]
    start = [0.9, 0.1]
    ends = [replicator(scale * DILEMMA + shift, start) for scale, shift in ((0.001, 0), (1, 0), (1_000, 5))]
    assert {int(end.steps) for end in ends} == {int(ends[0].steps)}
    for end in ends:
        assert_allclose(end.shares, [0, 1], atol=1e-8)


# Infinite populations


@pytest.mark.parametrize(
    ("payoffs", "start", "end"),
    [
        (DILEMMA, [0.999, 0.001], [0, 1]),
        (HAWK_DOVE, [0.01, 0.99], [2 / 3, 1 / 3]),
        (HAWK_DOVE, [1.0, 0.0], [1, 0]),
        (COORDINATION, [0.251, 0.749], [1, 0]),
        (COORDINATION, [0.249, 0.751], [0, 1]),
        (INWARD, [0.9, 0.05, 0.05], THIRD),
    ],
)
def test_replicator_and_imitation_come_to_the_same_known_rest(
    payoffs: Array, start: list[float], end: list[float]
) -> None:
    for ends in (replicator(payoffs, start), imitation(payoffs, start)):
        assert ends.at_rest
        assert_allclose(ends.shares, end, atol=1e-6)


def test_a_population_that_grows_from_almost_nothing_is_not_at_rest() -> None:
    ends = replicator(DILEMMA, [1 - 1e-15, 1e-15])
    assert ends.steps > 50
    assert_allclose(ends.shares, [0, 1], atol=1e-8)


def test_a_cycle_does_not_come_to_rest() -> None:
    ends = replicator(CYCLE, [[0.5, 0.3, 0.2], THIRD.tolist()], limit=500)
    assert ends.at_rest.tolist() == [False, True]
    assert ends.steps.tolist() == [500, 0]


@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(2, 3))
@settings(max_examples=20)
def test_rest_from_within_is_a_symmetric_equilibrium(seed: int, types: int, seats: int) -> None:
    payoffs = random_payoffs(seed, types, seats)
    starts = uniform_starts(np.random.default_rng(seed), 20, types)
    ends = replicator(payoffs, starts, limit=3_000)
    assert_allclose(ends.shares.sum(-1), 1)
    paid = fitness(payoffs, ends.shares[ends.at_rest])
    mean = (ends.shares[ends.at_rest] * paid).sum(-1)
    assert (paid.max(-1, initial=-np.inf) - mean <= 1e-8 * np.ptp(payoffs)).all()


def test_many_starts_end_as_each_alone() -> None:
    starts = uniform_starts(np.random.default_rng(1), 6, 3).reshape(2, 3, 3)
    together = replicator(INWARD, starts)
    assert together.shares.shape == (2, 3, 3)
    for place in np.ndindex(2, 3):
        alone = replicator(INWARD, starts[place])
        assert_allclose(together.shares[place], alone.shares, rtol=1e-12)
        assert together.steps[place] == alone.steps


def test_mutation_keeps_the_worse_type_at_its_balance() -> None:
    """With p defectors after selection at the odds exp(rate / spread), the rest is a quadratic equation's root."""
    mutation, factor = 0.01, exp(0.5 * 1 / 3)
    ends = replicator(DILEMMA, [0.5, 0.5], mutation=mutation, tolerance=1e-14)
    share = ends.shares[1]
    selected = share * factor / (share * factor + 1 - share)
    assert share == pytest.approx((1 - mutation) * selected + mutation / 2, abs=1e-12)
    assert 0.9 < share < 0.98


def test_logit_equilibrium_of_two_types() -> None:
    ends = logit(DILEMMA, [[0.5, 0.5], [0.01, 0.99]], noise=0.2, tolerance=1e-13)
    assert_allclose(ends.shares[:, 1], 1 / (1 + exp(-1 / 3 / 0.2)), rtol=1e-10)
    much = logit(COORDINATION, [0.9, 0.1], noise=1e6)
    assert_allclose(much.shares, [0.5, 0.5], atol=1e-5)
    little = logit(COORDINATION, [[0.9, 0.1], [0.1, 0.9]], noise=0.01)
    assert_allclose(little.shares, [[1, 0], [0, 1]], atol=1e-6)


def test_nashpy_follows_the_same_population() -> None:
    ends = replicator(INWARD, [0.6, 0.3, 0.1])
    theirs = nashpy.Game(INWARD).replicator_dynamics(y0=[0.6, 0.3, 0.1], timepoints=np.linspace(0, 300, 100))
    assert_allclose(ends.shares, theirs[-1], atol=1e-6)


# Rest points


def test_rest_points_and_stability_of_known_games() -> None:
    def told(payoffs: Array) -> list[tuple[list[float], str, bool]]:
        return [(point.shares.round(9).tolist(), point.stability, point.nash) for point in rest_points(payoffs)]

    assert told(DILEMMA) == [([1, 0], "unstable", False), ([0, 1], "stable", True)]
    assert told(HAWK_DOVE)[2] == ([0.666666667, 0.333333333], "stable", True)
    assert [point[1] for point in told(HAWK_DOVE)[:2]] == ["unstable", "unstable"]
    assert told(COORDINATION)[2] == ([0.25, 0.75], "unstable", True)
    assert [point[1] for point in told(COORDINATION)[:2]] == ["stable", "stable"]
    assert told(CYCLE)[-1][1:] == ("neutral", True)
    assert told(INWARD)[-1][1:] == ("stable", True)
    assert told(-INWARD)[-1][1:] == ("unstable", True)


def test_the_cycle_turns_at_the_known_speed() -> None:
    found = eigenvalues(CYCLE, THIRD)
    assert_allclose(np.sort(found.imag), [-1 / 3**0.5, 1 / 3**0.5], atol=1e-12)
    assert_allclose(found.real, 0, atol=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_nashpy_finds_the_same_symmetric_equilibria(seed: int) -> None:
    payoffs = random_payoffs(seed, 3, 2)
    ours = {tuple(point.shares.round(6)) for point in rest_points(payoffs) if point.nash}
    pairs = nashpy.Game(payoffs, payoffs.T).vertex_enumeration()
    theirs = {tuple(np.abs(x).round(6)) for x, y in pairs if np.allclose(x, y, atol=1e-7)}
    assert ours == theirs


def test_rest_points_of_many_seats_and_two_types() -> None:
    """Somebody must volunteer at a cost c for all to gain 1: with n players nobody does with c^(1 / (n - 1))."""
    players, cost = 4, 0.3
    payoffs = np.ones((2,) * players)
    payoffs[0] -= cost
    payoffs[(1,) * players] = 0
    inside = rest_points(payoffs)[-1]
    assert inside.shares[1] == pytest.approx(cost ** (1 / (players - 1)), abs=1e-9)
    assert (inside.stability, inside.nash) == ("stable", True)
    assert [point.stability for point in rest_points(public_goods(4, 1.5))] == ["unstable", "stable"]


def test_many_types_in_many_seats_are_refused_and_have_basins() -> None:
    payoffs = np.zeros((3, 3, 3))
    for kind, paid in enumerate((1.0, 2.0, 3.0)):
        payoffs[kind, kind, kind] = paid
    with pytest.raises(ValueError, match="3 seats and 3 types"):
        rest_points(payoffs)
    found = basins(payoffs, np.random.default_rng(1), 300)
    assert [int(basin.shares.argmax()) for basin in found.basins] == [2, 1, 0]
    assert {basin.stability for basin in found.basins} == {"stable"}
    assert sum(basin.share for basin in found.basins) + found.restless == pytest.approx(1)


def test_basins_of_coordination_are_cut_at_the_border() -> None:
    found = basins(COORDINATION, np.random.default_rng(1), 20_000)
    assert found.restless == 0
    first, second = found.basins
    assert_allclose([first.shares, second.shares], [[1, 0], [0, 1]], atol=1e-6)
    assert first.share == pytest.approx(0.75, abs=0.01)  # three standard errors


def test_nothing_comes_to_rest_on_a_cycle() -> None:
    found = basins(CYCLE, np.random.default_rng(1), 20, limit=200)
    assert (found.basins, found.restless) == ((), 1.0)


def test_a_type_alone_is_stable() -> None:
    assert stability([[1.0]], [1.0]) == "stable"


# Finite populations


@pytest.mark.parametrize("process", [Moran(0.0), Fermi(0.0), Moran(1.0), Fermi(3.0)])
def test_neutral_mutants_take_over_once_in_n(process: Process) -> None:
    payoffs = np.ones((3, 3, 3)) if process in (Moran(1.0), Fermi(3.0)) else random_payoffs(1, 3, 3)
    assert_allclose(fixation(payoffs, 17, process), 1 / 17, rtol=1e-12)
    assert_allclose(small_mutation(payoffs, 17, process), 1 / 3, rtol=1e-12)


def test_a_mutant_of_constant_fitness() -> None:
    """rho = (1 - 1 / r) / (1 - 1 / r^N) for a mutant that is r times as fit (Moran 1958)."""
    r, size = 1.3, 25
    payoffs = np.array([[1.0, 1.0], [r, r]])
    assert fixation(payoffs, size, Moran(1.0))[0, 1] == pytest.approx((1 - 1 / r) / (1 - r**-size), rel=1e-12)
    assert fixation(payoffs, size, Fermi(log(r) / (r - 1)))[0, 1] == pytest.approx((1 - 1 / r) / (1 - r**-size))


def test_weak_selection_favours_who_is_better_at_a_third() -> None:
    """A mutant beats drift under weak selection if it earns more at a share of a third (Nowak et al. 2004)."""
    for border, favoured in ((0.30, True), (0.36, False)):
        payoffs = np.array([[border, 0.0], [0.0, 1 - border]])  # type 1 is better off above a share of `border`
        rho = fixation(payoffs, 2_000, Fermi(1e-5))[0, 1]
        assert bool(rho > 1 / 2_000) is favoured


@given(st.integers(0, 10**6), st.integers(2, 3), st.integers(4, 12), st.booleans())
@settings(max_examples=25)
def test_fixation_solves_the_chain(seed: int, seats: int, size: int, is_moran: bool) -> None:
    """As first-step analysis of T+ and T- gives it: h(k) = T+ h(k + 1) + T- h(k - 1) + (1 - T+ - T-) h(k)."""
    process: Process = Moran(0.1) if is_moran else Fermi(0.7)
    payoffs = random_payoffs(seed, 2, seats)
    paid = np.nan_to_num(pair_payoffs(payoffs, size))
    counts = np.array([np.arange(size, -1, -1), np.arange(size + 1)], dtype=float)
    flows = process.transitions(counts, np.array([paid[0, 1, ::-1], paid[1, 0]]), 0.0)
    more, less = flows[0, 1], flows[1, 0]
    assert more[0] == less[-1] == more[-1] == less[0] == 0
    inside = range(1, size)
    system, right = np.zeros((size - 1, size - 1)), np.zeros(size - 1)
    for row, k in enumerate(inside):
        system[row, row] = more[k] + less[k]
        if k > 1:
            system[row, row - 1] = -less[k]
        if k < size - 1:
            system[row, row + 1] = -more[k]
        else:
            right[row] = more[k]
    assert fixation(payoffs, size, process)[0, 1] == pytest.approx(np.linalg.solve(system, right)[0], rel=1e-9)


def test_payoffs_in_a_finite_population_leave_oneself_out() -> None:
    paid = pair_payoffs(DILEMMA, 10)
    assert np.isnan(paid[:, :, 0]).all()
    assert paid[0, 1, 4] == pytest.approx((2 * 3 + 0 * 6) / 9)
    assert paid[1, 0, 4] == pytest.approx((1 * 3 + 3 * 6) / 9)
    three = pair_payoffs(public_goods(3, 1.5), 10)
    expected = sum(comb(3, s) * comb(6, 2 - s) / comb(9, 2) * (1.5 * (s + 1) / 3 - 1) for s in range(3))
    assert three[0, 1, 4] == pytest.approx(expected)


def test_strong_selection_leaves_logarithms() -> None:
    payoffs = np.array([[1.0, 1.0], [0.0, 0.0]])
    assert fixation(payoffs, 1_000, Fermi(5.0))[0, 1] == 0
    assert log_fixation(payoffs, 1_000, Fermi(5.0))[0, 1] == pytest.approx(-5.0 * 999 + log(1 - exp(-5)), rel=1e-9)
    assert_allclose(small_mutation(payoffs, 1_000, Fermi(5.0)), [1, 0])


@given(st.integers(0, 10**6), st.integers(2, 6))
def test_the_stationary_distribution_stands_still(seed: int, states: int) -> None:
    rates = np.random.default_rng(seed).uniform(0.01, 1, (states, states))
    shares = stationary(np.log(rates))
    np.fill_diagonal(rates, 0)
    assert_allclose(shares @ rates, shares * rates.sum(1), rtol=1e-9)
    assert shares.sum() == pytest.approx(1)


def test_two_types_are_held_in_proportion_to_how_they_are_reached() -> None:
    rho = fixation(DILEMMA, 20, Fermi(0.1))
    shares = small_mutation(DILEMMA, 20, Fermi(0.1))
    assert shares[1] / shares[0] == pytest.approx(rho[0, 1] / rho[1, 0])


def test_a_chain_in_two_parts_has_no_one_distribution() -> None:
    apart = np.array([[0.0, 0.0, -np.inf], [0.0, 0.0, -np.inf], [-np.inf, -np.inf, 0.0]])
    with pytest.raises(ValueError, match="never left"):
        stationary(apart)
    with pytest.raises(ValueError, match="as many rows as columns"):
        stationary(np.zeros((2, 3)))


@pytest.mark.parametrize(("process", "mutation"), [(Moran(0.3), 0.5), (Fermi(2.0), 1.0)])
def test_where_types_are_tossed_up_the_numbers_are_binomial(process: Process, mutation: float) -> None:
    expected = [comb(12, k) / 2**12 for k in range(13)]
    assert_allclose(occupation(DILEMMA, 12, process, mutation), expected, rtol=1e-10)


@pytest.mark.parametrize("process", [Moran(0.2), Fermi(0.5)])
def test_with_rare_mutants_occupation_becomes_that_of_small_mutation(process: Process) -> None:
    found = occupation(HAWK_DOVE, 8, process, 1e-9)
    assert_allclose(found[[8, 0]], small_mutation(HAWK_DOVE, 8, process), rtol=1e-5)


def test_bad_questions_get_a_sentence() -> None:
    with pytest.raises(ValueError, match="needs positive fitness"):
        fixation(HAWK_DOVE, 5, Moran(1.0))
    with pytest.raises(ValueError, match="between 0 and 1; found 2"):
        Moran(2.0)
    with pytest.raises(ValueError, match="must be 0 or more; found -1"):
        Fermi(-1.0)
    with pytest.raises(ValueError, match="at least 3 players"):
        pair_payoffs(public_goods(3, 1.5), 2)
    with pytest.raises(ValueError, match="two types"):
        occupation(CYCLE, 5, Fermi(1.0), 0.1)
