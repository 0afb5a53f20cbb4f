"""Rules are played as they say, on graphs and on recorded contexts; fitted rules are recovered; floors are cheap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from comity.fidelity import moody
from comity.fidelity.contexts import block_rounds, context_cells, round_bands, round_blocks, share_cells
from comity.fidelity.floors import FLOORS
from comity.fidelity.linked import shares_of_neighbours
from comity.fidelity.moody import cells_of, fitted
from comity.fidelity.observations import FidelityError, Floats, lagged
from comity.fidelity.simulate import (
    Constant,
    Moody,
    Persistence,
    Table,
    closed,
    shrunk,
    simulated,
    simulated_mix,
    table_rule,
)
from comity.stats.binomial import logistic_mixed
from tests.fidelity.designs import DIFFERENT, MOODY, PEOPLE, TRAITS, design, recorded


def test_shares_of_up_to_four_neighbours_have_cells_of_their_own() -> None:
    assert share_cells([0, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1, np.nan]).tolist() == [0, 1, 1, 2, 3, 3, 4, -1]


@given(st.integers(1, 16).flatmap(lambda k: st.tuples(st.integers(0, k), st.just(k))))
def test_cells_of_shares_turn_over_with_the_labels(counted: tuple[int, int]) -> None:
    some, all_ = counted
    assert share_cells([some / all_])[0] == 4 - share_cells([1 - some / all_])[0]


def test_rounds_are_counted_alone_and_then_by_fives() -> None:
    blocks = round_blocks(np.arange(15))
    assert blocks.tolist() == [-1, 0, 1, 2, 3, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5]
    assert block_rounds([0, 3, 4, 5]).tolist() == [1, 4, 7, 12]
    assert round_bands([1, 4, 5, 9, 10, 24, 25, 60]).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize("drawn", [False, True])
def test_on_graphs_agents_see_what_simulated_neighbours_did(drawn: bool) -> None:
    on = design(sessions=2, drawn=drawn)
    played = simulated(TRAITS, on, np.random.default_rng(1), "played")
    assert closed(on)
    np.testing.assert_array_equal(played.neighbours, shares_of_neighbours(played))
    np.testing.assert_array_equal(played.own, lagged(played.agent, played.stretch, played.round, played.action))
    assert set(np.unique(played.action)) == {0.0, 1.0}


def test_without_graphs_agents_meet_the_recorded_contexts() -> None:
    rng = np.random.default_rng(2)
    on = recorded(50, 12, rng)
    played = simulated(MOODY, on, rng, "played")
    assert not closed(on)
    np.testing.assert_array_equal(played.neighbours, on.neighbours)
    np.testing.assert_array_equal(played.own, lagged(played.agent, played.stretch, played.round, played.action))


def test_who_was_not_there_the_round_before_starts_anew_and_is_nobodys_neighbour() -> None:
    whole = design(side=3, rounds=4)
    kept = (whole.round != 1) | (whole.agent > 0)
    names = ("agent", "stretch", "round", "action", "own", "neighbours", "degree", "pay", "best")
    on = replace(whole, **{name: getattr(whole, name)[kept] for name in names})
    played = simulated(Persistence(1.0), on, np.random.default_rng(0), "played")
    first = played.agent == 0
    assert np.isnan(played.own[first & (played.round == 2)]).all()
    np.testing.assert_array_equal(played.neighbours, shares_of_neighbours(played))


def test_a_seed_gives_the_same_population_and_copies_are_sessions_of_their_own() -> None:
    on = design(sessions=2)
    one, other = (simulated(TRAITS, on, np.random.default_rng(5), "played", copies=3) for _ in range(2))
    np.testing.assert_array_equal(one.action, other.action)
    assert (len(one.sessions), one.n_agents) == (6, 3 * on.n_agents)
    np.testing.assert_array_equal(one.neighbours, shares_of_neighbours(one))
    assert len({tuple(part) for part in one.action.reshape(3, -1)}) == 3


def test_simple_rules_do_what_they_say() -> None:
    rng, on = np.random.default_rng(3), design(side=10, rounds=20)
    assert simulated(Constant(0.3), on, rng, "x").once().mean[0] == pytest.approx(0.3, abs=0.03)
    stays = simulated(Persistence(0.6), on, rng, "x")
    assert (stays.action == stays.own)[stays.round > 0].all()
    table = Table(0.0, (0.0,) * 5 + (1.0,) * 5, (0.0, 1.0))
    assert simulated(table, on, rng, "x").action.sum() == 0
    assert table.chance(np.array([1.0, 0.0]), np.array([np.nan, np.nan]), 3, np.zeros(2)).tolist() == [1.0, 0.0]


def test_agents_of_a_mix_follow_their_own_rules() -> None:
    on = design(side=10)
    who = np.arange(100) % 2
    mixed = simulated_mix([Constant(0.0), Constant(1.0)], who, on, np.random.default_rng(0), "mix")
    np.testing.assert_array_equal(mixed.rates, who)


def test_a_moody_rule_is_the_logit_of_its_columns() -> None:
    own, neighbours, trait = np.array([np.nan, 0.0, 1.0]), np.array([np.nan, 0.5, 0.5]), np.array([0.2, 0.0, 0.1])
    b = PEOPLE.coefficients
    by_hand = [0.6, b[0] + 0.1 * b[2] + b[4] - 0.7 * b[5], b[0] + b[1] + 0.1 * (b[2] + b[3]) + b[4] - 0.7 * b[5] + 0.1]
    np.testing.assert_allclose(MOODY.chance(own, neighbours, 3, trait), expit(by_hand))


def test_tables_are_recovered() -> None:
    rng = np.random.default_rng(4)
    truth = Table(0.7, (0.1, 0.2, 0.3, 0.4, 0.5, 0.4, 0.5, 0.6, 0.7, 0.8), (0.2, 0.6))
    found = table_rule(simulated(truth, recorded(1000, 30, rng), rng, "x"))
    assert found.first == pytest.approx(0.7, abs=0.05)
    np.testing.assert_allclose(found.chances, truth.chances, atol=0.04)


@pytest.mark.slow
def test_rules_with_traits_are_recovered() -> None:
    on, rng = design(side=15, rounds=30), np.random.default_rng(6)
    played = [fitted(simulated(TRAITS, on, rng, "x"), traits=True) for _ in range(6)]
    spreads = [each.spread for each in played]
    assert np.mean(spreads) == pytest.approx(DIFFERENT.spread, abs=0.06)
    level = [each.coefficients for each in played]
    shifted = np.array(level) - np.array(DIFFERENT.coefficients)
    moved = [each.form.share - 0.4 for each in played]
    # Levels and moods are counted from another share and round; slopes, the first rounds and the trend are not.
    assert abs(np.mean(shifted[:, 1] - 0.5 * np.array(moved))) < 0.08
    np.testing.assert_allclose(shifted[:, 2:].mean(axis=0), 0, atol=0.15)
    alike = fitted(simulated(MOODY, on, rng, "x"), traits=True)
    assert alike.spread < 0.15


@pytest.mark.slow
def test_traits_are_summed_out_as_adaptive_quadrature_sums_them() -> None:
    rng = np.random.default_rng(7)
    played = simulated(TRAITS, recorded(60, 15, rng), rng, "x")
    found = fitted(played, traits=True)
    first = np.isnan(played.own)
    later = found.form.columns(np.nan_to_num(played.own), played.neighbours, block_rounds(round_blocks(played.round)))
    design_ = np.column_stack([first, np.where(first[:, None], 0.0, later)]).astype(float)
    other = logistic_mixed(played.action, design_, played.agent)
    assert found.spread == pytest.approx(other.spread, rel=0.02)
    values = [each.value for each in other.coefficients]
    np.testing.assert_allclose([found.first, *found.coefficients], values, atol=0.03)
    assert found.log_likelihood == pytest.approx(other.log_likelihood, abs=0.01)


def test_cells_are_drawn_to_the_mean_by_two_choices() -> None:
    mean = 3.5 / 6
    assert shrunk(np.array([3.0, 0.0]), np.array([4.0, 1.0])) == pytest.approx([(3 + 2 * mean) / 6, 2 * mean / 3])


def test_the_slope_of_the_posterior_is_its_slope() -> None:
    rng = np.random.default_rng(10)
    counts = rng.integers(1, 6, (8, 3))
    yes, all_ = rng.binomial(counts, 0.4).astype(float), counts.astype(float)
    columns: Floats = rng.normal(size=(3, 2))
    at = np.array([3.0, -6.0, 0.7])
    ends = [[moody._marginal(at + sign * step, yes, all_, columns)[0] for sign in (-1, 1)] for step in np.eye(3) * 1e-5]
    slope = moody._marginal(at, yes, all_, columns)[1]
    assert slope == pytest.approx(np.diff(ends)[:, 0] / 2e-5, abs=1e-4)


def test_cells_hold_every_choice_that_has_a_context() -> None:
    played = simulated(MOODY, design(), np.random.default_rng(8), "x")
    cells = cells_of(played)
    assert cells.chosen.sum() == (context_cells(played) >= 0).sum()
    assert set(np.unique(cells.share)) <= {0, 0.25, 0.5, 0.75, 1}


def test_a_rule_can_be_fitted_where_nothing_is_known_of_neighbours() -> None:
    rng = np.random.default_rng(9)
    blind = simulated(MOODY, recorded(200, 20, rng), rng, "x")
    blind = replace(blind, neighbours=np.full(len(blind.round), np.nan))
    assert fitted(blind).coefficients[2:4] == (0.0, 0.0)
    assert fitted(blind).coefficients[1] > 1


def test_floors_are_the_rules_that_they_are_called() -> None:
    rng, on = np.random.default_rng(10), design(side=10, rounds=20)
    people, candidate = simulated(TRAITS, on, rng, "people"), simulated(Constant(0.8), on, rng, "candidate")
    made = {name: floor(people, candidate, rng, 4) for name, floor in FLOORS.items()}
    assert [floor.numeral for floor in FLOORS.values()] == ["i", "ii", "iii", "iv", "v", "vi"]
    means = {name: float(each.once().mean[0]) for name, each in made.items()}
    mine = float(people.once().mean[0])
    assert means["coin"] == pytest.approx(0.5, abs=0.02)
    assert means["own_mean"] == pytest.approx(0.8, abs=0.02)
    for name in ("one_rate", "one_rule", "fitted_people"):
        assert means[name] == pytest.approx(mine, abs=0.05), name
    repeats = made["persistence"]
    assert (repeats.action == repeats.own)[repeats.round > 0].all()
    assert repeats.once().trajectory[0, 0] == pytest.approx(people.once().trajectory[0, 0], abs=0.1)
    spreads = {name: float(each.rates.std()) for name, each in made.items()}
    assert spreads["one_rate"] < spreads["one_rule"] < spreads["fitted_people"]
    assert spreads["fitted_people"] == pytest.approx(float(people.rates.std()), abs=0.05)


def test_floors_play_in_the_candidates_place_or_in_peoples_contexts() -> None:
    rng = np.random.default_rng(11)
    people, elsewhere = simulated(MOODY, design(), rng, "people"), design(side=4, rounds=7)
    candidate, blind = simulated(MOODY, elsewhere, rng, "ours"), simulated(MOODY, recorded(9, 5, rng), rng, "blind")
    floor = FLOORS["one_rule"]
    assert floor(people, candidate, rng, 1).n_agents == 16
    assert floor(people, blind, rng, 1).n_agents == 36
    assert floor(people, people, rng, 1, elsewhere).n_agents == 16


def test_floors_of_people_who_did_nothing_are_refused() -> None:
    nobody = design()
    with pytest.raises(FidelityError, match="made no choice in torus"):
        FLOORS["one_rate"](nobody, nobody, np.random.default_rng(0))
    with pytest.raises(FidelityError, match="follow another choice"):
        FLOORS["fitted_people"](nobody, nobody, np.random.default_rng(0))


def test_moody_rules_carry_their_spread() -> None:
    assert Moody(DIFFERENT).spread == 0.8
