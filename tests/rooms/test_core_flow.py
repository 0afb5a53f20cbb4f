"""Flows and joins, driven by hand."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from comity.core.decision import NATURE, Decision, Seats
from comity.core.flow import (
    Choices,
    Decisions,
    Flow,
    Game,
    StageGame,
    ask,
    ask_all,
    draw,
    relay,
    seated,
    together,
    told,
)
from comity.core.outcome import Outcome
from comity.core.space import OneOf
from comity.games.matrix import PrisonersDilemma
from comity.games.sequential import SequentialTrustGame
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.repetition import Repeated

AB = OneOf(("a", "b"))


def ended(flow: Generator[Any, Any, Any], choices: Choices) -> Any:
    """What the flow returns when it is sent its last choices."""
    with pytest.raises(StopIteration) as end:
        flow.send(choices)
    return end.value.value


def test_ask_puts_one_step_and_returns_its_answers() -> None:
    flow = ask(Decision(0, "act", AB), Decision(1, "act", AB))
    assert next(flow) == (Decision(0, "act", AB), Decision(1, "act", AB))
    assert ended(flow, ("a", "b")) == ("a", "b")


def test_nothing_to_decide_takes_no_step() -> None:
    with pytest.raises(StopIteration) as end:
        next(ask())
    assert end.value.value == ()


def test_ask_all_puts_the_same_to_everybody() -> None:
    assert next(ask_all(3, "speak", AB, "fact")) == tuple(Decision(p, "speak", AB, ("fact",)) for p in range(3))


def test_chance_is_asked_like_a_player_and_sees_nothing() -> None:
    flow = draw("coin", AB)
    assert next(flow) == (Decision(NATURE, "coin", AB),)
    assert ended(flow, ("b",)) == "b"


def both(player: int = 0) -> Flow[str]:
    [first] = yield from ask(Decision(player, "act", AB, ("inside",)))
    coin = yield from draw("coin", AB)
    [second] = yield from ask(Decision(player, "act", AB, ("inside",)))
    return f"{first}{coin}{second}"


def test_told_puts_its_facts_before_those_inside_and_tells_chance_nothing() -> None:
    flow = told(both(1), "outer", each=lambda player: (f"only {player}",))
    assert next(flow) == (Decision(1, "act", AB, ("outer", "only 1", "inside")),)
    assert flow.send(("a",)) == (Decision(NATURE, "coin", AB),)
    assert flow.send(("b",)) == (Decision(1, "act", AB, ("outer", "only 1", "inside")),)
    assert ended(flow, ("b",)) == "abb"


def test_seated_renames_the_players_and_says_so() -> None:
    flow = seated(both(1), (7, 4))
    [decision] = next(flow)
    assert decision == Decision(4, "act", AB, (Seats((7, 4)), "inside"))
    assert decision.seat == 1
    assert flow.send(("a",)) == (Decision(NATURE, "coin", AB),)


def test_seats_inside_seats_are_followed_inwards() -> None:
    [decision] = next(seated(seated(both(0), (1, 0)), (5, 3)))
    assert (decision.player, decision.seat) == (3, 0)
    assert decision.sees == (Seats((5, 3)), Seats((1, 0)), "inside")


def test_relay_translates_both_ways_and_shows_read_the_inner_decisions() -> None:
    def read(decisions: Decisions, choices: Choices) -> Choices:
        assert all(decision.options == AB for decision in decisions)
        return tuple(choice.lower() for choice in choices)

    capital = OneOf(("A", "B"))
    flow = relay(both(), lambda d: Decision(d.player, d.kind, capital, d.sees), read)
    assert next(flow)[0].options == capital
    flow.send(("A",))
    flow.send(("B",))
    assert ended(flow, ("A",)) == "aba"


def of_length(steps: int, player: int) -> Flow[str]:
    said = ""
    for step in range(steps):
        [choice] = yield from ask(Decision(player, f"step {step}", AB))
        said += choice
    return said


def test_together_puts_what_every_flow_has_pending_and_returns_in_their_order() -> None:
    flow = together([of_length(1, 0), of_length(3, 1), of_length(0, 2), of_length(2, 3)])
    assert [d.player for d in next(flow)] == [0, 1, 3]
    assert [(d.player, d.kind) for d in flow.send(("a", "a", "b"))] == [(1, "step 1"), (3, "step 1")]
    assert [(d.player, d.kind) for d in flow.send(("b", "b"))] == [(1, "step 2")]
    assert ended(flow, ("a",)) == ["a", "aba", "", "bb"]


def test_together_with_nobody_is_over_at_once() -> None:
    with pytest.raises(StopIteration) as end:
        next(together([]))
    assert end.value.value == []


def test_an_error_inside_comes_out_of_every_join() -> None:
    def broken() -> Flow[str]:
        yield from ask(Decision(0, "act", AB))
        raise ValueError("a rule broke")

    flow = together([told(seated(relay(broken()), (0,)), "fact")])
    next(flow)
    with pytest.raises(ValueError, match="a rule broke"):
        flow.send(("a",))


def test_what_counts_as_a_game_and_as_a_stage_game() -> None:
    stage, turn = PrisonersDilemma(), SequentialTrustGame()
    assert isinstance(stage, StageGame)
    assert isinstance(turn, Game)
    assert not isinstance(turn, StageGame)
    assert not isinstance(Mediated(stage), StageGame)
    assert isinstance(Repeated(Mediated(stage)), Game)
    assert not isinstance(Outcome((1,)), Game)
