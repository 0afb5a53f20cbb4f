"""Personas: what was dealt can be told from the choices, and changes nothing that is played."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from comity.core.decision import NATURE
from comity.core.errors import BadParameter
from comity.core.match import Match, play, receive
from comity.games.matrix import PrisonersDilemma
from comity.games.symmetric import PublicGoods
from comity.mechanisms.personas import Persona, Personified, apportioned, personas_of
from comity.mechanisms.presentation import presented
from comity.mechanisms.repetition import Repeated
from comity.runs.complaints import PlanError
from comity.runs.plan import parsed_plan


def persona(label: str, text: str, share: float | None = None) -> Any:
    fields = (("label", label), ("text", text))
    return fields if share is None else (*fields, ("share", share))


THREE = (persona("a", "You are A.", 0.5), persona("b", "You are B.", 0.3), persona("c", "You are C.", 0.2))


def test_as_many_are_dealt_as_the_shares_say_to_whom_chance_will() -> None:
    game = Personified(PublicGoods(players=10), THREE)
    dealt = []
    for key in range(30):
        match = play(game, lambda decision: next(iter(decision.options)), key)
        labels = personas_of(game, match.choices)
        assert Counter(labels) == {"a": 5, "b": 3, "c": 2}
        dealt.append(labels)
    assert len(set(dealt)) == 30


def test_what_a_player_was_told_is_what_the_record_says() -> None:
    inside = Personified(Repeated(PublicGoods(players=4), rounds=2), THREE)
    for game in (inside, presented(inside, labels="random")):
        match, found = Match(game), dict[int, set[str]]()
        while match.pending:
            for decision in match.pending:
                if decision.player != NATURE:
                    [fact] = decision.facts(Persona)
                    found.setdefault(decision.player, set()).add(fact.text)
            receive(match, [None if d.player == NATURE else next(iter(d.options)) for d in match.pending], 8)
        labels = personas_of(game, match.choices)
        assert [{f"You are {label.upper()}."} for label in labels] == [found[player] for player in range(4)]


def test_nothing_is_drawn_where_nothing_is_left_to_chance() -> None:
    alike = Personified(PrisonersDilemma(), (persona("a", "You are A.", 1.0),))
    given = Personified(PrisonersDilemma(), (persona("a", "You are A."), persona("b", "You are B.")), nodes=("b", "a"))
    for game, labels in ((alike, ("a", "a")), (given, ("b", "a"))):
        assert len(Match(game).pending) == 2
        assert personas_of(game) == labels
        outcome = play(game, lambda decision: "defect").outcome
        assert outcome is not None
        assert outcome.payoffs == (1, 1)


@pytest.mark.parametrize(
    ("shares", "whole", "counts"),
    [((0.5, 0.5), 3, (2, 1)), ((0.2, 0.8), 625, (125, 500)), ((1 / 3,) * 3, 8, (3, 3, 2)), ((0.0, 1.0), 5, (0, 5))],
)
def test_a_whole_is_apportioned(shares: tuple[float, ...], whole: int, counts: tuple[int, ...]) -> None:
    assert apportioned(shares, whole) == counts


@pytest.mark.parametrize(
    ("personas", "nodes", "sentence"),
    [
        ((), (), "at least one persona"),
        ((persona("a", "x", 0.5),), (), r"not be negative and sum to 1, not \[0.5\]"),
        ((persona("a", "x", 1.0), persona("a", "y", 0.0)), (), "a label of its own"),
        ((persona("a", "x"),), (), "must have the fields label, text, share"),
        ((persona("a", "x", 1.0),), ("a", "a"), "must have the fields label, text, and it has label, text, share"),
        ((persona("a", "x"),), ("a",), "nodes has 1 personas, and there are 2 players"),
        ((persona("a", "x"),), ("a", "b"), "nodes has 'b', and the personas are a"),
        ((persona("a", "\x1b[2J", 1.0),), (), "characters that can be seen"),
        ((persona("a", " ", 1.0),), (), "the text of persona 1 must be 1 to 2,000 characters"),
    ],
)
def test_impossible_personas_are_refused(personas: Any, nodes: Any, sentence: str) -> None:
    with pytest.raises(BadParameter, match=sentence):
        Personified(PrisonersDilemma(), personas, nodes)


def test_where_there_are_no_personas_nobody_had_one() -> None:
    with pytest.raises(BadParameter, match="has no personas"):
        personas_of(PrisonersDilemma())
    with pytest.raises(BadParameter, match="end before the personas are dealt"):
        personas_of(Personified(PublicGoods(players=10), THREE))


PLAN = """
name = "told"
seed = 1
games = ["prisoners_dilemma"]
mechanisms = [{name = "personas", personas = [PERSONAS]}]
agents = ["tit_for_tat"]
"""


def test_a_plan_gives_them_as_tables() -> None:
    personas = '{label = "a", text = "You are A.", share = 0.5}, {label = "b", text = "You are B.", share = 0.5}'
    [cell] = parsed_plan(PLAN.replace("PERSONAS", personas)).cells
    assert isinstance(cell.built, Personified)
    assert cell.built.texts == {"a": "You are A.", "b": "You are B."}


def test_a_plan_with_a_mistake_is_refused_in_one_sentence() -> None:
    with pytest.raises(PlanError, match=r"line 5, .*persona 1 must have the fields label, text, share") as refused:
        parsed_plan(PLAN.replace("PERSONAS", '{label = "a", says = "x", share = 1.0}'))
    assert str(refused.value).count("\n") == 0
