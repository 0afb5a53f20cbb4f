"""A match between two decisions, its drivers, and what they refuse."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from comity.core.chance import Address
from comity.core.decision import Decision, Fact
from comity.core.errors import ComityError, Diverged, IllegalChoice, PlayerError, RuleError
from comity.core.flow import Flow, ask
from comity.core.match import Match, play, play_async, receive, replay, settle
from comity.core.outcome import Outcome
from comity.core.space import Lottery, OneOf
from comity.games.matrix import PrisonersDilemma
from comity.games.sequential import Moved, SequentialTrustGame
from comity.mechanisms.noise import Trembling
from comity.mechanisms.repetition import Repeated

PD = PrisonersDilemma()


def test_a_match_goes_from_decision_to_decision_to_its_outcome() -> None:
    match = Match(SequentialTrustGame())
    [first] = match.pending
    assert (first.player, match.outcome, match.choices) == (0, None, [])
    match.answer(("give",))
    [second] = match.pending
    assert second.player == 1
    assert second.fact(Moved) == Moved(0, "give")
    match.answer(("keep",))
    assert match.pending == ()
    assert match.outcome == Outcome((0, 20), ("give", "keep"))
    assert match.choices == [("give",), ("keep",)]


@pytest.mark.parametrize(
    "choices", [("cooperate", "deflect"), ("cooperate", 1), ("cooperate", None), ("cooperate", ["x"])]
)
def test_an_illegal_choice_is_refused_and_changes_nothing(choices: tuple[Any, ...]) -> None:
    match = Match(PD)
    pending = match.pending
    with pytest.raises(IllegalChoice) as refusal:
        match.answer(choices)
    assert refusal.value.choice == choices[1]
    assert refusal.value.decision == pending[1]
    assert (match.pending, match.choices, match.outcome, match.lotteries) == (pending, [], None, {})
    match.answer(("cooperate", "defect"))
    assert match.outcome == Outcome((0, 3), ("cooperate", "defect"))


def test_the_refusal_says_what_is_allowed() -> None:
    with pytest.raises(
        IllegalChoice, match=r"player 1 chose 'x' at a decision of kind 'act', .* one of cooperate, defect"
    ):
        Match(PD).answer(("x", "defect"))


@pytest.mark.parametrize("choices", [(), ("defect",), ("defect",) * 3])
def test_every_decision_of_a_step_wants_one_answer(choices: tuple[str, ...]) -> None:
    match = Match(PD)
    with pytest.raises(ValueError, match="zip"):
        match.answer(choices)
    assert match.choices == []


def test_a_lottery_is_drawn_at_its_address_and_kept() -> None:
    mixed = Lottery(("cooperate", "defect"), (0.5, 0.5))
    match = play(Repeated(PD, 8), lambda decision: mixed if decision.player else "defect", 5)
    assert set(match.lotteries) == {(step, 1) for step in range(8)}
    drawn = [choices[1] for choices in match.choices]
    assert drawn == [mixed.draw(Address(5, step, 1)) for step in range(8)]
    assert set(drawn) == {"cooperate", "defect"}


def test_a_lottery_over_something_illegal_is_refused_even_if_something_legal_would_be_drawn() -> None:
    match = Match(PD)
    lottery = Lottery(("cooperate", "run away"), (1 - 1e-12, 1e-12))
    with pytest.raises(IllegalChoice, match="run away"):
        receive(match, ["defect", lottery], 0)
    assert match.choices == []


def test_a_lottery_beside_an_illegal_choice_leaves_no_trace() -> None:
    match = Match(PD)
    lottery = Lottery(("cooperate", "defect"), (0.5, 0.5))
    with pytest.raises(IllegalChoice):
        receive(match, [lottery, "run away"], 0)
    assert match.lotteries == {}
    receive(match, ["defect", lottery], 0)
    assert set(match.lotteries) == {(0, 1)}


def test_settle_asks_the_players_and_draws_for_chance() -> None:
    match, asked = Match(Trembling(PD, 1)), []

    def decide(decision: Decision[Any]) -> str:
        asked.append(decision.player)
        return "cooperate"

    settle(match, decide, 0)
    assert (asked, match.choices) == ([], [(1, 1)])
    settle(match, decide, 0)
    assert asked == [0, 1]
    assert match.outcome is not None
    assert match.outcome.actions == ("defect", "defect")


def test_waiting_for_answers_gives_what_not_waiting_gives() -> None:
    order: list[int] = []

    async def decide(decision: Decision[Any]) -> str:
        for _ in range(3 - 3 * decision.player):
            await asyncio.sleep(0)
        order.append(decision.player)
        return ("cooperate", "defect")[decision.player]

    match = asyncio.run(play_async(Trembling(PD, 0.5), decide, 4))
    assert order == [1, 0]
    assert match.outcome == play(Trembling(PD, 0.5), lambda d: ("cooperate", "defect")[d.player], 4).outcome


def test_a_record_is_played_again_as_far_as_it_goes() -> None:
    game = Repeated(PD, 2)
    assert replay(game, []).pending == Match(game).pending
    assert len(replay(game, [("defect", "defect")]).choices) == 1
    assert replay(game, [("defect", "defect")] * 2).outcome is not None


@pytest.mark.parametrize(
    ("record", "step", "reason"),
    [
        ([("defect",)], 0, "the record answers 1 decisions, the rules put 2"),
        ([("defect", "defect"), ("defect", "sulk")], 1, "player 2 chose 'sulk'"),
        ([("defect", "defect")] * 3, 2, "the record goes on where the rules have ended"),
        ([("defect", "defect")] * 2 + [()], 2, "the record goes on where the rules have ended"),
        ([()], 0, "the record answers 0 decisions, the rules put 2"),
    ],
)
def test_a_record_that_does_not_follow_from_the_rules_names_the_step(record: Any, step: int, reason: str) -> None:
    with pytest.raises(Diverged, match=f"at step {step}: {reason}") as found:
        replay(Repeated(PD, 2), record)
    assert found.value.step == step
    assert reason in found.value.reason


def test_a_game_without_a_step_of_choices_is_over_at_once() -> None:
    class Idle:
        """A game in which nobody has anything to decide."""

        n_players = 1
        rules: tuple[Fact, ...] = ()

        def play(self) -> Flow[Outcome]:
            assert (yield from ask()) == ()
            return Outcome((1.0,))

    assert Match(Idle()).outcome == Outcome((1.0,))
    assert play(Idle(), lambda decision: None).choices == []


def test_errors_come_in_two_families() -> None:
    assert issubclass(IllegalChoice, PlayerError)
    assert issubclass(Diverged, RuleError)
    assert not issubclass(RuleError, PlayerError)
    assert issubclass(PlayerError, ComityError)
    assert issubclass(RuleError, ComityError)
    assert issubclass(Diverged, Exception)


def test_decisions_are_values_and_find_their_facts_from_inside_out() -> None:
    decision = Decision(0, "act", OneOf(("a",)), (Moved(0, "outer"), "text", Moved(1, "inner")))
    assert decision == Decision(0, "act", OneOf(("a",)), (Moved(0, "outer"), "text", Moved(1, "inner")))
    assert decision.fact(Moved) == Moved(1, "inner")
    assert list(decision.facts(Moved)) == [Moved(1, "inner"), Moved(0, "outer")]
    assert decision.fact(int) is None
    assert decision.seat == 0
