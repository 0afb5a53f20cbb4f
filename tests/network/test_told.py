"""How a networked dilemma is told: what a node knows, in every wording, to people, models and functions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from comity.agents.function import told
from comity.agents.tags import read_tag, tag
from comity.core.decision import NATURE, Decision
from comity.core.flow import Game
from comity.core.match import Match
from comity.games.matrix import WeakPrisonersDilemma
from comity.mechanisms.neighbourhood import Neighbourhood
from comity.mechanisms.personas import Personified
from comity.mechanisms.presentation import presented
from comity.mechanisms.repetition import Repeated
from comity.words.forms import Form, Kind, prompt, spelled
from comity.words.reading import read_answer
from comity.words.render import checked, render, sections
from comity.words.transcript import transcript
from comity.words.wordings import PLAIN, STANDARD, standard

BASE = WeakPrisonersDilemma()
STAR = Neighbourhood(BASE, graph="star", size=(3,), rounds=3)
"""One node in the middle and two at the ends: degrees 2, 1 and 1."""
GREEN = presented(STAR, labels=("GREEN", "BROWN"), unit="coins")


def after(game: Game, *rounds: tuple[str | None, ...]) -> Match:
    match = Match(game)
    _past_chance(match)
    for choices in rounds:
        match.answer(choices)
        _past_chance(match)
    return match


def _past_chance(match: Match) -> None:
    while match.pending and match.pending[0].player == NATURE:
        match.answer(tuple(cast(Any, decision.options).draw(_HERE) for decision in match.pending))


class _Here:
    """An address at which the first of everything lies."""

    word = 0

    def uniform(self) -> float:
        return 0.0

    def order(self, size: int) -> tuple[int, ...]:
        return tuple(range(size))


_HERE: Any = _Here()
C, D = "cooperate", "defect"


def decision_of(game: Game, player: int, *rounds: tuple[str | None, ...]) -> Decision[Any]:
    return after(game, *rounds).pending[player]


def test_a_node_reads_itself_and_its_neighbours() -> None:
    said = sections(decision_of(STAR, 0, (C, C, D)), PLAIN)
    assert said.news.split("\n") == [
        "You are player 1.",
        "You have 2 neighbours.",
        "Round 1: you chose cooperate and were paid 7 points; neighbour 1 chose cooperate (14 points) and neighbour 2 "
        "chose defect (20 points).",
        "Rounds played so far: 1.",
    ]
    assert said.question == "Which action do you choose, the same one with all your neighbours?"


def test_payoffs_are_shown_as_if_neighbours_had_as_many_neighbours() -> None:
    """The one in the middle was paid 10 by one of its two neighbours: 10, or 5 to somebody who has one."""
    rounds = (D, C, D)
    assert "neighbour 1 chose defect (5 points)" in render(decision_of(STAR, 1, rounds))
    assert "neighbour 1 chose defect (10 points)" in render(decision_of(replace(STAR, shown="sum"), 1, rounds))
    unseen = render(decision_of(replace(STAR, shown="none"), 1, rounds))
    assert "; neighbour 1 chose defect." in unseen
    assert "What your neighbours were paid is not shown to you." in unseen
    told_so = render(decision_of(STAR, 1, rounds))
    assert "Paid 20 points with 8 neighbours, it is shown to whoever has 4 as 10 points." in told_so


def test_a_transcript_says_which_part_of_which_play_it_is_in() -> None:
    """Of a neighbourhood of several parts that is itself repeated."""
    parts = ((("rounds", 1), ("rewired", False)), (("rounds", 2), ("rewired", True)))
    game = Repeated(replace(STAR, parts=parts), rounds=2, horizon="hidden")
    told = transcript(game, after(game, *[(C, C, D)] * 6).choices)
    for where in ("Round 1, part 1, round 1:", "Round 1, part 2, round 2:", "Round 2, part 2, round 1:"):
        assert told.count(where) == 1


def test_who_had_no_answer_is_told_so_and_its_neighbours_too() -> None:
    match = after(STAR, (None, C, D))
    middle, end = (render(decision) for decision in match.pending[:2])
    assert "Round 1: you had no answer and were paid 0 points; neighbour 1 chose cooperate" in middle
    assert "Round 1: you chose cooperate and were paid 0 points; neighbour 1 had no answer." in end


def test_the_rules_are_the_same_for_every_node_and_in_every_round() -> None:
    texts = {
        sections(decision, PLAIN).rules
        for rounds in ((), ((C, C, D),), ((C, C, D), (D, D, D)))
        for decision in after(GREEN, *rounds).pending
    }
    [rules] = texts
    assert (
        "If you choose GREEN and the other player chooses BROWN: you get 0 coins and the other player gets 10 coins."
        in rules
    )
    assert "the sum over your neighbours" in rules
    assert "Your neighbours stay the same from round to round." in rules
    assert "You are not told how many rounds there are." in rules


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"order": "shuffled"}, "In each round your neighbours are numbered anew."),
        ({"pay": "mean", "shown": "sum"}, "the mean over your neighbours"),
        ({"horizon": "announced"}, "The number of rounds is 3."),
        ({"rewired": True}, "Your neighbours change from round to round, and their number stays."),
        ({"memory": 2}, "In each round you are shown the last 2 rounds."),
        ({"memory": 0}, "In each round you are shown no past round."),
    ],
)
def test_each_field_of_the_rule_is_said(fields: dict[str, Any], sentence: str) -> None:
    assert sentence in render(decision_of(replace(STAR, **fields), 0))


def test_the_number_of_rounds_that_is_told_is_that_by_which_they_are_counted() -> None:
    """Rounds that are carried over are counted on, and the last round played must not lie beyond the last one told."""
    parts = ((("rounds", 1), ("rewired", False)), (("rounds", 2), ("rewired", False)))
    for carried, rounds, played in ((True, 3, 1), (False, 2, 0)):
        game = replace(STAR, parts=parts, horizon="announced", carry_over=carried)
        second = render(decision_of(game, 0, (C, C, D)))
        assert f"The number of rounds is {rounds}." in second
        assert f"Rounds played so far: {played}." in second


@pytest.mark.parametrize("name", STANDARD)
def test_every_wording_tells_it_briefly_and_in_its_own_words(name: str) -> None:
    wording = standard(name)
    game = presented(replace(STAR, graph="lattice", size=(3, 3)), labels=("GREEN", "BROWN"))
    checked(game, wording)
    decision = after(game, (C, D, C, D, C, D, C, None, C)).pending[0]
    text = prompt(decision, wording, Form()).user
    assert len(text) < 1_850
    assert text.count("GREEN") >= 5
    assert "cooperate" not in text
    assert render(decision, wording).count("{") == 0


@pytest.mark.parametrize("kind", ["choice", "lottery", "token"])
def test_every_form_asks_for_labels_and_reads_the_action(kind: Kind) -> None:
    form = Form(kind, reasoning=False)
    decision = decision_of(GREEN, 0, (C, C, D))
    assert '"GREEN"' in prompt(decision, PLAIN, form).user or kind == "token"
    reply = read_answer(spelled(D, decision, PLAIN, form), decision, PLAIN, form)
    choice: Any = getattr(reply, "reply", reply)
    assert D in (choice if kind == "lottery" else (choice,))


def test_a_function_is_told_it_as_plain_data() -> None:
    decision = decision_of(STAR, 0, (C, None, D))
    sees = {fact["fact"]: fact for fact in told(decision, PLAIN)["sees"]}
    assert sees["Surroundings"]["degree"] == 2
    [look] = sees["Surroundings"]["past"]
    assert look["met"][0] == {"fact": "Met", "neighbour": 0, "action": None, "payoff": 0.0}
    assert told(decision, PLAIN)["options"] == [C, D]


def test_a_tag_says_it_exactly() -> None:
    decision = after(GREEN, (C, None, D)).pending[2]
    found = read_tag(tag(decision, GREEN, PLAIN, Form()))
    assert found is not None
    assert (found.decision, found.game) == (decision, GREEN)


def test_a_transcript_names_rounds_parts_and_who_had_no_answer() -> None:
    match = after(STAR, (C, None, D))
    told_so = transcript(STAR, match.choices)
    assert "Round 1:" in told_so
    assert "player 2: no answer" in told_so
    parts = replace(STAR, parts=((("rounds", 1), ("rewired", False)), (("rounds", 1), ("rewired", True))))
    whole = transcript(parts, [(C, C, C), (D, D, C)])
    assert "player 2 played cooperate (7 points)" in whole
    assert whole.index("Part 1, round 1:") < whole.index("Part 2, round 1:")
    assert whole.endswith("12 points for player 1, 3.5 points for player 2 and 3.5 points for player 3.")


def test_a_persona_is_told_to_its_player_and_to_nobody_else() -> None:
    texts = {"old": "You are 80 years old.", "young": "You are {20} years old."}
    personas = tuple((("label", label), ("text", text)) for label, text in texts.items())
    game = Personified(STAR, personas, nodes=("old", "young", "old"))
    for player, decision in enumerate(after(game).pending):
        said = sections(decision, PLAIN)
        mine, other = (texts["young"], texts["old"]) if player == 1 else (texts["old"], texts["young"])
        assert said.rules.startswith(f"About you: {mine}\n")
        assert other not in "".join(said)
        assert "young" not in "".join(said).replace(mine, "")
