"""Strategies that were made for other games play on graphs: what their neighbours did is what others did."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from comity.core.match import play
from comity.games.matrix import WeakPrisonersDilemma
from comity.mechanisms.graphs import neighbours_of
from comity.mechanisms.neighbourhood import Neighbourhood
from comity.strategies.catalogue import STRATEGIES
from tests.network.test_people import FIRST, TORUS, C, D, chance_at, played, seen

GAME = Neighbourhood(WeakPrisonersDilemma(), graph="lattice", size=(4, 5), rounds=8)
NEIGHBOURS = neighbours_of(GAME.links, GAME.n_players)
START = {3: D, 11: D}
Rule = Callable[[str, list[str]], str]


def all_cooperated(others: list[str]) -> bool:
    return all(other == C for other in others)


RULES: dict[str, tuple[dict[str, Any], Rule]] = {
    "tit_for_tat": ({}, lambda own, others: C if all_cooperated(others) else D),
    "win_stay_lose_shift": ({}, lambda own, others: C if all_cooperated(others) == (own == C) else D),
    "grim": ({}, lambda own, others: C if own == C and all_cooperated(others) else D),
    "memory_one": (
        {"first": 1, "both": 1, "sucker": 0, "tempted": 0, "neither": 1},
        lambda own, others: C if (own == C) == all_cooperated(others) else D,
    ),
    "threshold_contributor": ({"k": 4}, lambda own, others: C if others.count(C) >= 4 else D),
    "alternate": ({}, lambda own, others: D if own == C else C),
}


@pytest.mark.parametrize("name", RULES)
def test_a_strategy_answers_its_neighbours(name: str) -> None:
    """Every node plays it, but for two that defect for ever, so that there is something to answer."""
    parameters, rule = RULES[name]
    strategy, defector = STRATEGIES[name](**parameters), STRATEGIES["always_defect"]()
    seats = [(defector if node in START else strategy).begin(GAME, node) for node in range(GAME.n_players)]
    rounds = play(GAME, lambda decision: seats[decision.player](decision)).choices
    for before, after in pairwise(rounds):
        for node, action in enumerate(after):
            others = [before[other] for other in NEIGHBOURS[node]]
            assert action == (D if node in START else rule(before[node], others)), (name, node)
    assert len({action for one in rounds for node, action in enumerate(one) if node not in START}) == 2


def test_a_schedule_counts_the_neighbours_that_had_an_answer() -> None:
    schedule = STRATEGIES["conditional_contributor"]()
    assert chance_at(schedule, FIRST) == 1.0
    assert chance_at(schedule, seen(C, 7, (C, 7), (D, 10), (None, None), (D, 10))) == pytest.approx(1 / 3)
    assert chance_at(schedule, seen(D, 0, (None, None), (None, None))) == 1.0


def test_where_the_last_round_is_not_known_a_state_stays() -> None:
    decide = STRATEGIES["grim"]().begin(TORUS, 0)
    assert decide(seen(C, 7, (C, 7), (D, 10))) == D
    assert decide(seen(None, 0, (C, 7), (C, 7), played=2)) == D
    assert STRATEGIES["tit_for_tat"]().begin(TORUS, 0)(seen(C, 7, (C, 7), (None, None), (C, 7))) == C


def test_everybody_that_starts_alike_stays_alike() -> None:
    assert {action for one in played(GAME, STRATEGIES["tit_for_tat"]()) for action in one} == {C}
