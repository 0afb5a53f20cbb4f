"""Conditions of an exchange: each changes one thing, says what it cannot be, and is told to whom it concerns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from comity.core.errors import BadParameter, BadStack, NotEnumerable
from comity.core.match import Match, tree
from comity.games.exchange.conditions import Automated, Bonus, Framed, Instruction, Rules
from comity.games.exchange.game import Exchange, exchange, exchange_compat
from comity.games.exchange.views import Digest, Sight
from comity.games.matrix import PrisonersDilemma
from comity.mechanisms.catalogue import MECHANISMS
from comity.mechanisms.repetition import Repeated
from comity.strategies.assisting import Assisted
from comity.strategies.catalogue import STRATEGIES
from comity.strategies.exchanging import Exchanging
from tests.exchange.players import PERFECT, WITHHOLDER, log_of, played, tasks

automation: Any = MECHANISMS["automation"]
visibility: Any = MECHANISMS["visibility"]
instruction: Any = MECHANISMS["instruction"]
transfer_bonus: Any = MECHANISMS["transfer_bonus"]

SMALL = Exchange(agents=4, rounds=3, pieces=12, per_task=2)


def facts(game: Exchange, kind: type[Any]) -> list[Any]:
    """The fact of that kind that each agent is told, or None."""
    told = [game.told(agent) for agent in range(1, game.agents + 1)]
    return [next((fact for fact in of if isinstance(fact, kind)), None) for of in told]


def test_the_catalogue_has_the_clean_and_the_published_rules() -> None:
    assert exchange() == Exchange()
    published = exchange_compat(3)
    assert (published.world, published.pieces, published.schedule) == (3, 100, "sequential")
    assert (published.stale, published.unsolicited, published.falsifiable) == (True, True, True)


def test_aims_and_stories_are_dealt_out_agent_by_agent() -> None:
    game = instruction(SMALL, ("policy", "Say nothing."), ("points", "business", "score_board"))
    assert [fact.aim for fact in facts(game, Instruction)] == ["policy", "Say nothing."] * 2
    assert facts(game, Framed) == [None, Framed("business"), Framed("score_board"), None]
    assert set(facts(game, Rules)) == {SMALL.rule}


def test_a_bonus_is_paid_and_told_to_whom_it_is_for() -> None:
    game = transfer_bonus(SMALL, 0.5, agents=(2,))
    assert [fact.bonus for fact in facts(game, Rules)] == [Bonus(), game.bonus, Bonus(), Bonus()]
    match = played(game, PERFECT)
    assert match.outcome is not None
    sent = sum(transfer.by == 2 for transfer in log_of(match).transfers)
    assert sent > 0
    assert list(match.outcome.payoffs) == [6 + 0.5 * sent * (agent == 2) for agent in range(1, 5)]


def test_who_is_automated_is_told_and_asked_for_the_rest_only() -> None:
    game = automation(SMALL, ("perceive", "share"), (1, 3))
    assert facts(game, Automated) == [Automated(("share", "perceive")), None] * 2
    assert facts(replace(game, automation=replace(game.automation, told=False)), Automated) == [None] * 4
    match = Match(game)
    assert [type(decision.sees[-1]) for decision in match.pending] == [Digest, Sight] * 2
    match.answer(((),) * 4)
    assert [decision.player for decision in match.pending] == [1, 3]


def test_automating_the_side_that_fails_repairs_it_and_no_other_does() -> None:
    assert tasks(SMALL, WITHHOLDER) < SMALL.most_tasks
    assert tasks(automation(SMALL, ("share",)), WITHHOLDER) == SMALL.most_tasks
    for side in ("request", "submit", "perceive"):
        assert tasks(automation(SMALL, (side,)), WITHHOLDER) == tasks(SMALL, WITHHOLDER)


def test_conditions_may_be_stacked_and_each_keeps_what_the_others_changed() -> None:
    game = visibility(transfer_bonus(instruction(automation(SMALL, ("share",)), ("policy",))), ("scores",), ("ranks",))
    assert (game.automation.sides, game.instructions, game.bonus) == (("share",), ("policy",), Bonus(0.1))
    assert (game.visibility.scores, game.visibility.ranks, game.visibility.memory) == (False, True, True)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: automation(SMALL, ("fly",)), "sides must be of request, share, submit, perceive, not 'fly'"),
        (lambda: automation(SMALL, ("share",), asks="some"), "asks must be of all, first, not 'some'"),
        (lambda: automation(SMALL, ("share",), (5,)), "there is no agent 5 to automate"),
        (lambda: visibility(SMALL, ("pieces",)), "there is no section 'pieces' to hide or show"),
        (lambda: instruction(SMALL, ()), "aims must be at least one text"),
        (lambda: instruction(SMALL, (" ",)), "aims must be at least one text"),
        (lambda: instruction(SMALL, stories=("war",)), "stories must be of points, business, score_board, not 'war'"),
        (lambda: transfer_bonus(SMALL, 0), "each must be positive, not 0"),
        (lambda: transfer_bonus(SMALL, agents=(9,)), "there is no agent 9 to pay a bonus"),
        (lambda: Exchange(copies=11), r"copies must be at most the number of agents \(10\), not 11"),
        (lambda: Exchange(per_task=101), r"per_task must be at most the number of pieces \(100\), not 101"),
        (lambda: Exchange(memory=0), "memory must be at least 1 round"),
        (lambda: Exchange(pay=0), "pay must be positive, not 0"),
        (lambda: Exchange(agents=1), "agents must be at least 2, not 1"),
        (lambda: Exchanging(answers=2), "answers is a probability, not 2"),
        (lambda: Exchanging(waits=-1), "waits must be 0 turns or more, not -1"),
        (lambda: Assisted(PERFECT, ("fly",)), "assists must be some of"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(make: Any, sentence: str) -> None:
    with pytest.raises(BadParameter, match=sentence):
        make()


@pytest.mark.parametrize("condition", [lambda g: automation(g, ("share",)), visibility, instruction, transfer_bonus])
@pytest.mark.parametrize("base", [PrisonersDilemma(), Repeated(SMALL, rounds=2)])
def test_a_condition_stands_on_an_exchange_only(condition: Any, base: Any) -> None:
    with pytest.raises(BadStack, match=r"is a condition of an exchange, and .* is none"):
        condition(base)


def test_turns_cannot_be_listed() -> None:
    with pytest.raises(NotEnumerable, match="turns of several actions cannot be listed"):
        tree(SMALL)


def test_scripts_of_other_games_are_refused_in_an_exchange_and_the_other_way_round() -> None:
    [decision, *_] = Match(SMALL).pending
    with pytest.raises(BadStack, match="no rule for decisions of kind 'request'"):
        STRATEGIES["tit_for_tat"]().begin(SMALL, 0)(decision)
    with pytest.raises(BadStack, match="plays exchanges only"):
        PERFECT.begin(PrisonersDilemma(), 0)


@pytest.mark.parametrize("side", ["request", "share", "submit"])
def test_assistance_repairs_the_kind_of_decision_it_makes(side: str) -> None:
    """Of agents who neither ask nor answer nor hand in, only all three assistances together make cooperators."""
    useless = Exchanging(asks="none", answers=0.0, waits=None)
    others = tuple(kind for kind in ("request", "share", "submit") if kind != side)
    assert tasks(SMALL, Assisted(useless, others)) < SMALL.most_tasks
    assert tasks(SMALL, Assisted(useless, (*others, side))) == SMALL.most_tasks
