"""Records of runs as observations: on graphs, in pairs, in mixtures, with answers missing."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from comity.core.decision import Decision
from comity.core.match import play
from comity.core.outcome import stage_plays
from comity.fidelity.from_run import mixture_of, observations_of
from comity.fidelity.linked import shares_of_neighbours
from comity.fidelity.observations import FidelityError
from comity.mechanisms.neighbourhood import graphs_of
from comity.records.record import Record
from comity.records.spec import Cell, MatchSpec, Spec

WEAK = Spec.of("weak_prisoners_dilemma")
PLAYERS = list("abcdefghijkl")
PAIR = Spec.of("prisoners_dilemma")


def record(
    agents: Sequence[str],
    mechanism: str,
    fields: Mapping[str, Any],
    game: Spec = WEAK,
    index: int = 0,
    missing: float = 0,
) -> Record:
    """A match of agents who act by chance, some of whose answers are missing."""
    draws = random.Random(index)
    cell = Cell(game.name, mechanism, game, (Spec.of(mechanism, fields),))

    def decide(decision: Decision[Any]) -> Any:
        return None if draws.random() < missing else draws.choice(list(decision.options))

    match = play(cell.built, decide, key=index)
    assert match.outcome is not None
    return Record(MatchSpec(index, cell, tuple(agents)), "finished", tuple(match.choices), {}, match.outcome.payoffs)


def ring(rounds: int = 6, **fields: Any) -> dict[str, Any]:
    return {"graph": "ring", "size": [5, 2], "rounds": rounds, **fields}


def test_a_network_comes_back_as_it_was_played() -> None:
    played = record(["coin"] * 5, "neighbourhood", ring(), missing=0.2)
    [(key, found)] = observations_of([played]).items()
    assert key == ("coin", "weak_prisoners_dilemma under neighbourhood")
    outcome = played.replayed().outcome
    assert outcome is not None
    rounds = [each.outcome for each in stage_plays(outcome)]
    meaning = {"cooperate": 1.0, "defect": 0.0, None: np.nan}
    actions = np.array([[meaning[action] for action in each.actions] for each in rounds]).T
    assert np.array_equal(found.action.reshape(5, 6), actions, equal_nan=True)
    assert found.invalid == np.isnan(actions).sum() > 0
    paid = np.array([each.payoffs for each in rounds]).T
    assert np.array_equal(found.pay.reshape(5, 6)[:, 1:], paid[:, :-1])
    assert np.array_equal(
        found.best.reshape(5, 6)[:, 1:], np.maximum(np.roll(paid, 1, 0), np.roll(paid, -1, 0))[:, :-1]
    )
    assert found.links is not None
    assert {(a, b) for _, _, a, b in found.links.tolist()} == {(i, (i + s) % 5) for i in range(5) for s in (1, 4)}
    assert np.array_equal(found.neighbours, shares_of_neighbours(found), equal_nan=True)
    assert (found.degree == 2).all()
    assert found.unit_of.tolist() == [0, 1, 2, 3, 4]


def test_parts_are_conditions_and_ties_that_change_are_those_of_each_round() -> None:
    fields = {
        "graph": "scale_free",
        "size": [30, 2, 6],
        "parts": [{"rounds": 2, "rewired": False}, {"rounds": 4, "rewired": True}],
    }
    played = record(["coin"] * 30, "neighbourhood", fields)
    found = observations_of([played])
    assert [condition.rpartition(", ")[2] for _, condition in found] == ["part 1", "part 2"]
    fixed, moving = found.values()
    assert (fixed.n_rounds, moving.n_rounds) == (2, 4)
    assert fixed.links is not None
    assert moving.links is not None
    assert set(fixed.links[:, 1]) == {-1}
    ties = {tied.round: tied.edges for tied in graphs_of(played.match.cell.built, played.choices) if tied.part == 1}
    for round, edges in ties.items():
        told = {(a, b) for _, t, a, b in moving.links.tolist() if t == round and a < b}
        assert told == {tuple(sorted(edge)) for edge in edges}


def test_pairs_are_sessions_that_halves_do_not_cut() -> None:
    matches = [record(["a", "b"], "repetition", {"rounds": 4}, PAIR, index) for index in range(3)]
    found = observations_of(matches)
    condition = "prisoners_dilemma under repetition"
    assert list(found) == [("50% a + 50% b", condition), ("a", condition), ("b", condition)]
    both, first, second = found.values()
    assert both.sessions == ("match 0", "match 1", "match 2")
    assert [len(set(both.unit_of[both.session_of == session])) for session in range(3)] == [1, 1, 1]
    assert np.array_equal(first.neighbours, second.own, equal_nan=True)
    assert np.array_equal(second.best, first.pay, equal_nan=True)
    assert first.links is None


def test_compositions_of_one_agent_are_kept_apart() -> None:
    matches = [
        record(["a"] * 5, "neighbourhood", ring(), index=0),
        record(["a"] * 4 + ["b"], "neighbourhood", ring(), index=1),
    ]
    names = [population for population, _ in observations_of(matches)]
    assert names == ["a", "80% a + 20% b", "a in 80% a + 20% b", "b"]


def test_partners_who_change_are_links_of_their_round() -> None:
    played = record(PLAYERS, "reputation_first_order", {"rounds": 3}, PAIR)
    found = observations_of([played])[mixture_of(PLAYERS), "prisoners_dilemma under reputation_first_order"]
    assert found.links is not None
    assert set(found.links[:, 1]) == {0, 1, 2}
    assert all(
        len({b for _, t, a, b in found.links.tolist() if (t, a) == (r, i)}) == 1 for r in range(3) for i in range(12)
    )
    assert set(found.neighbours[found.round > 0]) <= {0.0, 1.0}


def test_nothing_finished_is_said() -> None:
    forfeited = Record(record(["a", "b"], "repetition", {"rounds": 2}, PAIR).match, "forfeited")
    with pytest.raises(FidelityError, match="no match that was finished"):
        observations_of([forfeited])


def test_a_mixture_is_named_by_its_shares() -> None:
    assert mixture_of(["a", "a"]) == "a"
    assert mixture_of(["coin", "llm", "llm", "llm", "llm"]) == "80% llm + 20% coin"
