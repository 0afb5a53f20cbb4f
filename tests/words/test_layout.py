"""What is shared comes first, and in either order nothing is lost."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from comity.core.decision import Decision
from comity.core.flow import Game
from comity.games.matrix import PrisonersDilemma, TrustGame
from comity.games.symmetric import PublicGoods, SymmetricGame
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.neighbourhood import Neighbouring
from comity.mechanisms.network import PerEdge
from comity.mechanisms.observation import Observation
from comity.mechanisms.repetition import Repeated
from comity.mechanisms.talk import CheapTalk
from comity.words.presentation import as_told
from comity.words.render import render, sections
from comity.words.wording import Frame, NoWords, Wording
from comity.words.wordings import FACTS, PLAIN, RULES, STANDARD, standard
from tests.generators import every_entry, keys, stacks
from tests.playthroughs.stacks import PLAYED
from tests.words.seen import VARIED, changed, decisions_of

pytestmark = pytest.mark.slow

WORDINGS = {name: standard(name) for name in STANDARD}
in_every_wording = pytest.mark.parametrize("wording", WORDINGS.values(), ids=WORDINGS.keys())
ENTRIES = {**every_entry(), **PLAYED}
everywhere = pytest.mark.parametrize("game", ENTRIES.values(), ids=ENTRIES.keys())
DILEMMA = PrisonersDilemma()


def prompt(decision: Decision[Any], wording: Wording = PLAIN) -> str:
    """The sections in their order, with what may be answered."""
    allowed = wording.answering(decision).allowed(decision.options)
    return "\n\n".join([*sections(decision, wording), wording.say("answers.reply", allowed=allowed)])


def told_apart(game: Game, wording: Wording, key: int = 5) -> None:
    read: dict[str, Decision[Any]] = {}
    for decision in decisions_of(game, key):
        assert read.setdefault(prompt(decision, wording), decision) == decision
    assert len(read) == len(set(read.values()))


@in_every_wording
@everywhere
def test_decisions_that_differ_read_differently_and_equal_ones_alike(game: Game, wording: Wording) -> None:
    told_apart(game, wording)


@given(stacks(), keys)
@settings(max_examples=50)
def test_so_they_do_in_any_stack(game: Game, key: int) -> None:
    told_apart(game, PLAIN, key)


@in_every_wording
@pytest.mark.parametrize("game", VARIED.values(), ids=VARIED.keys())
def test_changing_anything_in_what_is_seen_changes_the_sections(game: Game, wording: Wording) -> None:
    tried = 0
    for decision in {decision.kind: decision for decision in decisions_of(game)}.values():
        text = prompt(decision, wording)
        for sees in changed(decision.sees):
            try:
                other = prompt(replace(decision, sees=sees), wording)
            except (IndexError, ValueError, NoWords):  # no such player, no such rule
                continue
            tried += 1
            assert other != text, sees
    assert tried


@everywhere
def test_every_fact_is_in_the_section_of_its_type(game: Game) -> None:
    for decision in decisions_of(game):
        _, wording = as_told(decision, PLAIN)
        parts, frame = sections(decision), Frame(wording, reader=decision.player)
        called = "an observer" if decision.fact(Observation) else PLAIN.player(decision.player)
        news, rules = [f"You are {called}."], 0
        for fact in decision.sees:
            if isinstance(fact, tuple(RULES)):
                rules += len(frame.lines(fact))
            else:
                news += frame.lines(fact)
            frame = frame.after(fact)
        assert parts.news.split("\n") == news
        assert len(parts.rules.split("\n")) == rules
        assert parts.question in render(decision)


@everywhere
def test_the_rules_stand_unchanged_through_the_match(game: Game) -> None:
    read: dict[tuple[int, int, object], set[str]] = {}
    along_edges = "PerEdge" in repr(game)  # where a player may sit in one seat here and in the other there
    for decision in decisions_of(game):
        part = decision.fact(Neighbouring)  # the parts of a match on a graph have rules of their own
        place = (decision.player, decision.seat if along_edges else 0, part)
        read.setdefault(place, set()).add(sections(decision).rules)
    assert all(len(rules) == 1 for rules in read.values())


SYMMETRIC: dict[str, Callable[[], Game]] = {
    "two players": lambda: Repeated(Mediated(DILEMMA), rounds=2),
    "three players": lambda: Repeated(Contracted(PublicGoods()), rounds=2),
    "a population": lambda: Rotated(PublicGoods(), population=6, rounds=2, depth=2),
    "a table": lambda: SymmetricGame(3, ("share", "take"), ((4, 2, 1), (5, 3, 0))),
    "a network": lambda: ENTRIES["network of prisoners_dilemma"],
}


@in_every_wording
@pytest.mark.parametrize("game", SYMMETRIC.values(), ids=SYMMETRIC.keys())
def test_all_players_of_a_symmetric_game_read_the_same_rules(game: Callable[[], Game], wording: Wording) -> None:
    assert len({sections(decision, wording).rules for decision in decisions_of(game())}) == 1


def test_along_an_edge_the_rules_are_told_from_the_seat_taken_there() -> None:
    paid = {"10 points and the other player gets 10": {0, 1}, "0 points and the other player gets 20": {0}}
    for decision in decisions_of(PerEdge(TrustGame(), players=3)):
        rules = sections(decision).rules
        for gains, seats in paid.items():
            assert (f"you get {gains} points." in rules) == (decision.seat in seats)


def test_before_neighbours_have_met_the_rules_are_told_from_the_seats_that_they_take() -> None:
    talk = decisions_of(CheapTalk(PerEdge(TrustGame(), players=3)))[:3]
    always_first, now_and_then, always_second = (sections(decision).rules for decision in talk)
    assert "If you choose give and the other player chooses keep: you get 0 points" in always_first
    assert "If you choose give and the other player chooses keep: you get 2 points" in always_second
    assert "you get" not in now_and_then
    assert "the one named first sits in seat 1" in now_and_then
    row = (
        "If the player in seat 1 chooses give and the player in seat 2 chooses keep: the player in seat 1 gets 0 points"
    )
    assert row in now_and_then


def test_who_sits_where_is_told_only_where_it_matters() -> None:
    for decision in decisions_of(CheapTalk(PerEdge(DILEMMA, players=3)))[:3]:
        assert "in seat" not in sections(decision).rules


def test_a_rule_is_what_the_rules_of_a_game_are_made_of() -> None:
    said = {type(rule) for game in ENTRIES.values() for rule in game.rules}
    assert all(issubclass(kind, tuple(RULES)) for kind in said)
    for kind in set(FACTS) - {base for base in FACTS if issubclass(base, tuple(RULES))}:
        assert kind not in said


def test_a_fact_that_no_table_calls_a_rule_is_news() -> None:
    decision = Decision(0, "act", VARIED_OPTIONS, (DILEMMA,))
    without = replace(PLAIN, rules=frozenset())
    rules, news, _ = sections(decision, without)
    assert rules == ""
    assert "If you choose cooperate and player 2 chooses defect" in news


VARIED_OPTIONS = decisions_of(DILEMMA)[0].options


# What sharing saves

BLOCK = 64


def shared(game: Game, read: Callable[[Decision[Any]], str]) -> float:
    """The share of characters that lie in blocks of a prefix read before, over three matches."""
    seen: set[str] = set()
    counts: Counter[bool] = Counter()
    for key in range(3):
        for decision in decisions_of(game, key):
            text = read(decision)
            prefixes = [text[:end] for end in range(BLOCK, len(text) + 1, BLOCK)]
            known = sum(prefix in seen for prefix in prefixes)
            seen.update(prefixes)
            counts[True] += BLOCK * known
            counts[False] += len(text) - BLOCK * known
    return counts[True] / counts.total()


@pytest.mark.parametrize(
    "game",
    [
        Repeated(DILEMMA),
        Repeated(PublicGoods()),
        Rotated(DILEMMA, rounds=4),
        Rotated(PublicGoods(), rounds=4, depth=3),
        Mediated(DILEMMA, recall=False),
        Contracted(PublicGoods(), recall=False),
    ],
    ids=lambda game: re.sub(r"\(.*", "", repr(game)),
)
def test_rules_first_shares_more_than_the_order_of_the_facts(game: Game) -> None:
    assert shared(game, prompt) > shared(game, render)
