"""Rules in the loop: free and forced, against people's fitted rule, mixed into people, and beside whom they stand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from comity.fidelity.floors import FLOORS
from comity.fidelity.joint import (
    STATISTICS,
    assortment,
    assortment_test,
    course_distance,
    forced_course,
    forcing_gap,
    gain_over_rule,
    substitution,
)
from comity.fidelity.observations import FidelityError, Observations, Weighted, pooled
from comity.fidelity.simulate import Constant, simulated
from comity.fidelity.statistic import Statistic
from tests.fidelity.designs import MOODY, PEOPLE, TRAITS, design, recorded


@pytest.fixture(scope="module")
def people() -> Observations:
    return simulated(TRAITS, design(12, 25), np.random.default_rng(1), "people")


@pytest.fixture(scope="module")
def coins(people: Observations) -> Observations:
    return FLOORS["coin"](people, people, np.random.default_rng(2), 1)


def test_courses_are_as_far_apart_as_their_rounds(people: Observations, coins: Observations) -> None:
    difference = people.action.reshape(-1, 25).mean(axis=0) - coins.action.reshape(-1, 25).mean(axis=0)
    assert course_distance(coins.once(), people.once())[0] == pytest.approx(np.sqrt(np.mean(difference**2)))


def test_courses_are_compared_over_the_rounds_both_have(people: Observations) -> None:
    short = people.round < 10
    names = ("agent", "stretch", "round", "action", "own", "neighbours", "degree", "pay", "best")
    cut = replace(people, **{name: getattr(people, name)[short] for name in names})
    assert course_distance(cut.once(), people.once())[0] == 0
    assert np.isfinite(forcing_gap(cut.once(), people.once())[0])


def test_a_rule_forced_into_peoples_contexts_takes_their_course(people: Observations, coins: Observations) -> None:
    again = simulated(TRAITS, design(12, 25), np.random.default_rng(3), "again", copies=5)
    forced = forced_course(again.once(), people.once())[0]
    np.testing.assert_allclose(forced, people.once().trajectory[0], atol=0.12)
    np.testing.assert_allclose(forced_course(coins.once(), people.once())[0, 1:], 0.5, atol=0.06)
    assert forcing_gap(coins.once(), people.once())[0] == pytest.approx(0, abs=0.02)


def test_errors_that_feed_on_themselves_are_seen(people: Observations) -> None:
    """A rule with too high a level among its likes meets more cooperation, and so cooperates more yet."""
    b = list(PEOPLE.coefficients)
    b[0] += 0.8
    eager = replace(MOODY, fit=replace(PEOPLE, coefficients=tuple(b)))
    candidate = simulated(eager, design(12, 25), np.random.default_rng(4), "eager", copies=5)
    assert forcing_gap(candidate.once(), people.once())[0] > 0.05


def test_coins_are_farther_from_people_than_peoples_rule(people: Observations, coins: Observations) -> None:
    n = people.n_agents
    weights = np.random.default_rng(5).multinomial(n, np.full(n, 1 / n), 200).astype(float)
    gain = gain_over_rule(coins.once(), Weighted(people, weights), np.random.default_rng(6))
    assert gain["course"].shape == (200,)
    assert np.quantile(gain["course"], 0.95) < 0
    assert np.quantile(gain["rule"], 0.95) < 0
    themselves = gain_over_rule(people.once(), people.once(), np.random.default_rng(7))
    assert min(float(gain[0]) for gain in themselves.values()) > 0


def test_clones_change_people_as_their_share_grows(people: Observations) -> None:
    candidate = simulated(Constant(0.9), design(12, 25), np.random.default_rng(8), "eager")
    found = substitution(candidate, people, np.random.default_rng(9), shares=(0.0, 0.3, 0.6, 1.0), copies=6)
    assert found.among_graphs
    assert found.courses.shape == (4, 25)
    assert found.means.shape == (4, 6)
    assert (np.diff(found.means.mean(axis=1)) > 0).all()
    assert found.distances[0] < 0.05 < found.distances[1] < found.distances[3]
    assert found.means[3].mean() == pytest.approx(0.9, abs=0.02)
    assert found.means[0].mean() == pytest.approx(float(people.rates.mean()), abs=0.06)
    with pytest.raises(FidelityError, match=r"from 0 to 1; found 0.0, 1.5"):
        substitution(candidate, people, np.random.default_rng(0), shares=(0.0, 1.5))


def test_without_graphs_it_is_said_that_nothing_spreads() -> None:
    rng = np.random.default_rng(10)
    human = simulated(MOODY, recorded(80, 10, rng), rng, "people")
    assert not substitution(human, human, rng, shares=(0.5,), copies=2).among_graphs


def test_assortment_is_the_difference_of_neighbours() -> None:
    rng = np.random.default_rng(11)
    base = simulated(Constant(0.5), recorded(4, 3, rng), rng, "x")
    own = np.array([[np.nan, 1, 0], [np.nan, 1, 1], [np.nan, 0, 0], [np.nan, 0, 1]])
    beside = np.array([[np.nan, 1, 0.5], [np.nan, 0.75, 0.5], [np.nan, 0, 0.25], [np.nan, 0.25, 0.75]])
    told = replace(base, own=own.ravel(), neighbours=beside.ravel())
    ones, others = [1, 0.75, 0.5, 0.75], [0.5, 0, 0.25, 0.25]
    assert assortment(told.once())[0] == pytest.approx(np.mean(ones) - np.mean(others))
    assert assortment(Weighted(told, np.array([[2.0, 0, 0, 1.0]])))[0] == pytest.approx(
        np.mean([1, 1, 0.75]) - np.mean([0.5, 0.5, 0.25])
    )


def test_assortment_of_those_who_stand_at_random_is_that_of_its_null() -> None:
    on, rng = design(8, 10), np.random.default_rng(12)
    p = np.array([assortment_test(simulated(Constant(0.4), on, rng, "x"), rng, 200).p for _ in range(80)])
    assert np.mean(p) == pytest.approx(0.5, abs=3.5 / np.sqrt(12 * 80))
    assert np.mean(p <= 0.2) == pytest.approx(0.2, abs=3.5 * np.sqrt(0.16 / 80))


def test_assortment_of_places_is_what_a_loop_finds_where_actions_are_missing() -> None:
    rng = np.random.default_rng(16)
    on = design(3, 6, sessions=2, drawn=True)
    played_ = on.with_actions(rng.choice([0.0, 1.0, np.nan], len(on.round), p=[0.2, 0.2, 0.6]), "some")
    assert played_.links is not None
    acts = dict(zip(zip(played_.agent, played_.round, strict=True), played_.action, strict=True))
    beside: dict[float, list[float]] = {0.0: [], 1.0: []}
    for (agent, when), act in acts.items():
        near = [acts[b, when] for _, t, a, b in played_.links.tolist() if (a, t) == (agent, when)]
        known = [each for each in near if not np.isnan(each)]
        if known and not np.isnan(act):
            beside[act].append(float(np.mean(known)))
    found = assortment_test(played_, rng, 10)
    assert found.value == pytest.approx(np.mean(beside[1.0]) - np.mean(beside[0.0]))


def test_cooperators_side_by_side_are_seen_and_sessions_that_differ_are_not() -> None:
    rng = np.random.default_rng(13)
    on = design(8, 10, sessions=2)
    sorted_ = (np.arange(128) % 8 < 4) * 1.0  # half of each torus cooperates
    chance = 0.2 + 0.6 * sorted_[on.agent]
    beside = on.with_actions((rng.random(len(chance)) < chance) * 1.0, "sorted")
    found = assortment_test(beside, rng, 300)
    assert found.p == pytest.approx(1 / 301)  # the one that was seen counts among them
    assert found.value > np.quantile(found.null, 0.99)
    apart = on.with_actions((rng.random(len(chance)) < 0.2 + 0.6 * (on.agent < 64)) * 1.0, "apart")
    between = assortment_test(apart, rng, 300)
    assert between.value > 0.2
    assert between.p > 0.01
    assert between.null.mean() == pytest.approx(between.value, abs=0.05)


def test_places_can_be_exchanged_on_graphs_only_and_where_they_change_too() -> None:
    rng = np.random.default_rng(15)
    with pytest.raises(FidelityError, match="who met whom is not known"):
        assortment_test(simulated(MOODY, recorded(20, 5, rng), rng, "people"), rng)
    moving = simulated(TRAITS, design(6, 12, drawn=True), rng, "moving")
    found = assortment_test(moving, rng, 100)
    assert found.p > 0.01
    # The value is that of the lags, and of the last round, in which neighbours are known as well.
    assert found.value == pytest.approx(assortment(moving.once())[0], abs=0.03)


def test_assortment_of_people_who_all_do_the_same_is_not_known(people: Observations) -> None:
    never = simulated(Constant(0.0), design(), np.random.default_rng(0), "never")
    assert np.isnan(assortment(never.once())[0])
    with pytest.raises(FidelityError, match="needs cooperators and defectors"):
        assortment_test(never, np.random.default_rng(0))


@pytest.mark.parametrize("statistic", STATISTICS, ids=lambda statistic: statistic.key)
def test_statistics_take_all_draws_at_once(statistic: Statistic, people: Observations, coins: Observations) -> None:
    of = statistic.of
    n = people.n_agents
    weights = np.random.default_rng(14).multinomial(n, np.full(n, 1 / n), 4).astype(float)
    together = of(Weighted(coins, weights), Weighted(people, weights[::-1]))
    alone = [of(Weighted(coins, weights[[i]]), Weighted(people, weights[[3 - i]]))[0] for i in range(4)]
    np.testing.assert_allclose(together, alone)
    assert of(coins.once(), Weighted(people, weights)).shape == (4,)
    twice = pooled([coins, coins])
    assert of(twice.once(), people.once())[0] == pytest.approx(of(coins.once(), people.once())[0], abs=0.003)
