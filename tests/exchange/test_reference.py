"""What scripted agents hand in, against an independent model of the published rules (200 worlds at most, 4 errors)."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from comity.games.exchange.game import Exchange
from comity.games.exchange.state import Reason
from comity.strategies.misusing import Exploiting
from comity.studies.exchange_reference import REFERENCES, Compared, Reference, compared
from tests.exchange.players import PERFECT, log_of, played, tasks

WORLDS = 6


@pytest.mark.slow
@pytest.mark.parametrize("reference", REFERENCES, ids=lambda reference: reference.name)
def test_scripts_hand_in_what_they_should(reference: Reference) -> None:
    found = compared(reference, WORLDS)
    assert found.within, found
    assert found.found <= found.most
    if reference.spread == 0 and reference.most is None:
        assert found.spread == 0


def test_every_agent_of_the_table_is_there() -> None:
    names = [reference.name for reference in REFERENCES]
    assert len(set(names)) == len(names)
    assert {name.split("(")[0].split(",")[0] for name in names} == {
        *(f"P{number}" for number in range(1, 6)),
        *(f"Z{number}" for number in range(1, 6)),
        *("U1", "R", "R1", "D", "L", "S", "H", "G", "B", "X", "E", "Auto-Request", "Auto-Fulfil"),
    }


def test_a_difference_of_more_than_four_errors_is_not_within() -> None:
    reference = Reference("P", "", (PERFECT,), expected=100.0, spread=4.0)
    assert Compared(reference, 103.9, 4.0, 1.0, 400).within
    assert not Compared(reference, 104.1, 4.0, 1.0, 400).within
    assert not Compared(replace(reference, most=103.0), 103.9, 4.0, 1.0, 400).within


@pytest.mark.parametrize("world", [1, 2])
@pytest.mark.parametrize("schedule", ["phased", "sequential", "simultaneous"])
@pytest.mark.parametrize("falsifiable", [False, True])
def test_exploiters_gain_nothing(schedule: str, world: int, falsifiable: bool) -> None:
    """All that they try is refused, and each gets what it gets without."""
    game = Exchange(world, agents=5, rounds=5, pieces=30, per_task=3, schedule=schedule, falsifiable=falsifiable)  # type: ignore[arg-type]
    honest, trying = played(game, PERFECT), played(game, Exploiting(PERFECT))
    assert honest.outcome is not None
    assert trying.outcome is not None
    assert trying.outcome.payoffs == honest.outcome.payoffs
    assert log_of(trying).transfers == log_of(honest).transfers
    assert log_of(trying).completions == log_of(honest).completions
    refusals = [result.refused for *_, results in log_of(trying).results for result in results if result.refused]
    assert len(refusals) > 100
    only_in_turns = {"pieces_missing"}  # in phases perfect cooperators lack nothing when they may hand in
    only_where_all_is_known = {"not_with_them"}
    absent = {"phased": only_in_turns, "simultaneous": only_where_all_is_known, "sequential": set[str]()}[schedule]
    assert set(refusals) == set(get_args(Reason)) - absent


@pytest.mark.parametrize("schedule", ["phased", "sequential"])
def test_nobody_hands_in_what_it_has_not_been_given_yet(schedule: str) -> None:
    """Who holds everything and guesses the numbers of coming tasks gets no more than its open ones in a turn."""
    game = Exchange(agents=2, rounds=3, pieces=4, copies=2, schedule=schedule)  # type: ignore[arg-type]
    assert tasks(game, PERFECT) == tasks(game, Exploiting(PERFECT)) == game.most_tasks == game.bound == 12
