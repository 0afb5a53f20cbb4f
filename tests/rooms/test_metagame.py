"""Meta-games of hand-made and random cells, and the fitness that the published dynamics gives in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations, product
from math import nan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from comity.dynamics.payoffs import fitness
from comity.dynamics.published import exponential_weights
from comity.metrics import MetricError, table
from comity.metrics.metagame import NoMetaGame, meta_game, meta_games, role_meta_game, without_meta_game
from comity.records.tables import Tables, tables

Seated = tuple[tuple[str, ...], tuple[float, ...]]


def rows(matches: Iterable[Seated], mechanism: str = "m", replicate: str = "1", first: int = 0) -> pd.DataFrame:
    """Outcomes of a game g whose scores are (payoff - 1) / 2, from who sat where and what they were paid."""
    listed = [
        {
            "match": first + match,
            "game": "g",
            "mechanism": mechanism,
            "replicate": replicate,
            "player": seat,
            "seat": seat,
            "role": f"seat{seat}",
            "agent": agent,
            "status": "finished" if payoff == payoff else "forfeited",
            "payoff": payoff,
            "score": (payoff - 1) / 2,
        }
        for match, (agents, payoffs) in enumerate(matches)
        for seat, (agent, payoff) in enumerate(zip(agents, payoffs, strict=True))
    ]
    return pd.DataFrame(listed)


def as_tables(*outcomes: pd.DataFrame) -> Tables:
    joined = pd.concat(outcomes, ignore_index=True)
    return replace(tables([]), matches=joined.drop_duplicates("match"), outcomes=joined)


def tournament(seed: int, seats: int, repeats: int = 1) -> list[Seated]:
    """All of x, y, z against all in every seat."""
    rng = np.random.default_rng(seed)
    return [
        (agents, tuple(rng.normal(size=seats).tolist()))
        for agents in product("xyz", repeat=seats)
        for _ in range(repeats)
    ]


TWO: list[Seated] = [
    (("x", "x"), (1.0, 3.0)),
    (("x", "y"), (4.0, 6.0)),
    (("y", "x"), (8.0, 10.0)),
    (("y", "y"), (5.0, 5.0)),
]


# Payoffs


def test_seats_are_averaged_or_kept_apart() -> None:
    found = meta_game(rows(TWO))
    assert found.agents == ("x", "y")
    assert found.payoffs.tolist() == [[2.0, 7.0], [7.0, 5.0]]
    by_role = role_meta_game(rows(TWO))
    assert by_role.payoffs.tolist() == [[[1.0, 4.0], [8.0, 5.0]], [[3.0, 6.0], [10.0, 5.0]]]
    assert found.missing == by_role.missing == ()


def test_agents_come_in_the_order_asked_for_and_scores_are_another_column() -> None:
    found = meta_game(rows(TWO), "score", ("y", "x"))
    assert found.payoffs.tolist() == [[2.0, 3.0], [3.0, 0.5]]


@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(1, 2))
@settings(max_examples=15)
def test_the_order_of_co_players_does_not_matter_and_repeats_are_averaged(seed: int, seats: int, repeats: int) -> None:
    played = tournament(seed, seats, repeats)
    found = meta_game(rows(played))
    for order in permutations(range(1, seats)):
        assert_array_equal(found.payoffs.transpose(0, *order), found.payoffs)
    for focal, *others in product(range(3), repeat=seats):
        company = sorted("xyz"[other] for other in others)
        paid = [
            payoffs[seat]
            for agents, payoffs in played
            for seat in range(seats)
            if agents[seat] == "xyz"[focal] and sorted(agents[:seat] + agents[seat + 1 :]) == company
        ]
        assert found.payoffs[(focal, *others)] == pytest.approx(sum(paid) / len(paid))


@given(st.integers(0, 10**6), st.integers(2, 4))
@settings(max_examples=15)
def test_fitness_in_the_uniform_population_is_the_mean(seed: int, seats: int) -> None:
    outcomes = rows(tournament(seed, seats))
    found = meta_game(outcomes)
    means = outcomes.groupby("agent")["payoff"].mean()
    assert_allclose(fitness(found.payoffs, np.full(3, 1 / 3)), means[list(found.agents)], atol=1e-12)


def test_cells_without_a_payoff_are_named() -> None:
    played = [match for match in TWO if match[0] != ("y", "y")] + [(("y", "y"), (nan, nan))]
    assert meta_game(rows(played)).missing == ("y against y",)
    assert role_meta_game(rows(played)).missing == ("y, y",)
    three: list[Seated] = [(("x", "y", "z"), (1.0, 2.0, 3.0))]
    missing = meta_game(rows(three)).missing
    assert len(missing) == 3 * 6 - 3
    assert "x against y, z" not in missing
    assert "x against x, z" in missing


def test_a_population_has_no_meta_game() -> None:
    crowd = rows([(("x", "y", "x", "y"), (1.0, 2.0, 3.0, 4.0))]).assign(seat=[0, 1, 0, 1])
    for form in (meta_game, role_meta_game):
        with pytest.raises(NoMetaGame, match="more players than the game has seats"):
            form(crowd)


def test_more_meetings_than_can_be_listed_are_refused_and_said() -> None:
    agents = tuple(f"agent{place}" for place in range(8))
    crowd = rows([(agents, (1.0,) * 8)])
    for form in (meta_game, role_meta_game):
        with pytest.raises(NoMetaGame, match="8 agents in 8 seats make more than 1,000,000 cells"):
            form(crowd)
    result = table(as_tables(crowd), "fitness", ["mechanism"], ["all"])
    assert result.rows[0]["value"] is None
    assert "no fitness in m g 1, where agents and seats make more than 1,000,000 meetings" in result.notes


# Averaged over replicates


def test_replicates_weigh_the_same_in_the_meta_game_of_a_cell() -> None:
    """The first replicate has every match twice and the second once; without pooling, both count the same."""
    more = [(agents, tuple(paid + 2 for paid in payoffs)) for agents, payoffs in TWO]
    found = as_tables(rows([*TWO, *TWO]), rows(more, replicate="2", first=100))
    [(key, paid)] = meta_games(found).items()
    assert (key, paid.agents, paid.missing) == (("m", "g"), ("x", "y"), ())
    assert paid.payoffs.tolist() == [[3.0, 8.0], [8.0, 6.0]]
    assert meta_games(found, column="score")["m", "g"].payoffs.tolist() == [[1.0, 3.5], [3.5, 2.5]]
    by_role = meta_games(found, roles=True)["m", "g"]
    assert by_role.payoffs.tolist() == [[[2.0, 5.0], [9.0, 6.0]], [[4.0, 7.0], [11.0, 6.0]]]


def test_an_entry_that_one_replicate_lacks_is_that_of_the_others_and_one_that_all_lack_is_named() -> None:
    lacking = [match for match in TWO if match[0] != ("y", "y")]
    found = as_tables(rows(TWO), rows(lacking, replicate="2", first=100))
    paid = meta_games(found)["m", "g"]
    assert paid.missing == ()
    assert paid.payoffs.tolist() == meta_game(rows(TWO)).payoffs.tolist()
    nobody = as_tables(rows(lacking), rows(lacking, replicate="2", first=100))
    assert meta_games(nobody)["m", "g"].missing == ("y against y",)
    assert meta_games(nobody, roles=True)["m", "g"].missing == ("y, y",)


def test_a_population_is_left_out_and_said() -> None:
    crowd = rows([(("x", "y", "x", "y"), (1.0, 2.0, 3.0, 4.0))], mechanism="reputation", first=100)
    found = as_tables(rows(TWO), crowd.assign(seat=[0, 1, 0, 1]))
    assert list(meta_games(found)) == list(meta_games(found, roles=True)) == [("m", "g")]
    [sentence] = without_meta_game(found, "payoff tensor")
    assert sentence.startswith("no payoff tensor under reputation: all play there in one match")


# Fitness


def values(found: Tables, *by: str) -> dict[tuple[str, ...], Any]:
    return {tuple(row[key] for key in by): row["value"] for row in table(found, "fitness", by, ["all"]).rows}


@given(st.integers(0, 10**6), st.integers(2, 3))
@settings(max_examples=10)
def test_fitness_is_that_of_the_final_population_on_the_scale_of_the_game(seed: int, seats: int) -> None:
    outcomes = rows(tournament(seed, seats))
    course = exponential_weights(meta_game(outcomes).payoffs)
    found = values(as_tables(outcomes), "agent")
    assert_allclose([found[agent,] for agent in "xyz"], (course.fitness - 1) / 2, atol=1e-12)
    mean = values(as_tables(outcomes), "mechanism")["m",]
    assert mean == pytest.approx(course.final @ (course.fitness - 1) / 2, abs=1e-12)


def test_agents_are_weighted_within_each_replicate() -> None:
    """Whoever wins a replicate is its average, whatever the others would be paid."""
    defection = [((a, b), (pay[a + b], pay[b + a])) for pay in [{"xx": 3.0, "xy": 1.0, "yx": 5.0, "yy": 2.0}]
                 for a, b in product("xy", repeat=2)]  # fmt: skip
    swapped = [(tuple({"x": "y", "y": "x"}[agent] for agent in agents), paid) for agents, paid in defection]
    found = as_tables(rows(defection), rows(swapped, replicate="2", first=100))
    assert values(found, "mechanism")["m",] == pytest.approx(0.5, abs=1e-6)
    by_agent = values(found, "agent")
    assert by_agent["x",] == pytest.approx((0.5 + 0.0) / 2, abs=1e-6)
    assert by_agent["x",] == pytest.approx(by_agent["y",])
    result = table(found, "fitness", ["mechanism"], ["all"])
    [row] = result.rows
    assert (row["mechanism"], row["value"]) == ("m", pytest.approx(0.5))
    assert (row["matches"], row["replicates"], row["missing"]) == (8, 2, 0)
    assert "averaged over agents, each with its share of the population as weight" in result.notes
    assert "averaged, each with equal weight, over replicates" in result.notes


def test_fitness_rests_on_all_matches_of_its_cell() -> None:
    played: list[Seated] = [*TWO, (("x", "y"), (nan, nan))]
    for row in table(as_tables(rows(played)), "fitness", ["agent"], ["all"]).rows:
        assert (row["matches"], row["missing"]) == (4, 1)


def test_a_hole_in_the_meta_game_leaves_no_value_and_is_named() -> None:
    hole = rows(TWO[:3], replicate="2", first=100)
    result = table(as_tables(rows(TWO), hole), "fitness", ["mechanism"], ["all"])
    [row] = result.rows
    assert (row["matches"], row["replicates"], row["missing"]) == (4, 1, 3)
    assert "no fitness in m g 2, where nobody was paid as y against y" in result.notes
    [alone] = table(as_tables(hole), "fitness", ["mechanism"], ["all"]).rows
    assert alone["value"] is None


def test_a_population_has_no_fitness_and_a_note_says_so() -> None:
    crowd = rows([(("x", "y", "x", "y"), (1.0, 2.0, 3.0, 4.0))], mechanism="reputation", first=100)
    found = as_tables(rows(TWO), crowd.assign(seat=[0, 1, 0, 1]))
    result = table(found, "fitness", ["mechanism"], ["all"])
    assert [(row["mechanism"], row["value"] is None) for row in result.rows] == [("m", False), ("reputation", True)]
    assert any(note.startswith("no fitness under reputation: all play there in one match") for note in result.notes)
    [alone] = table(as_tables(crowd.assign(seat=[0, 1, 0, 1])), "fitness", ["mechanism"], ["all"]).rows
    assert (alone["value"], alone["missing"]) == (None, 0)


def test_a_game_without_scores_has_no_fitness() -> None:
    result = table(as_tables(rows(TWO).assign(score=nan)), "fitness", ["mechanism"], ["all"])
    assert result.rows[0]["value"] is None
    assert "fitness is not defined in g" in result.notes


def test_fitness_has_no_roles() -> None:
    with pytest.raises(MetricError, match="ask for it without role"):
        table(as_tables(rows(TWO)), "fitness", ["role"], ["all"])
