"""Laws 1 and 8: a match is its choices, facts are values, choices are JSON, and nobody's speed changes a result."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given

from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.flow import Game
from comity.core.match import Match, Reply, play_async, replay
from comity.core.space import from_json, to_json
from comity.games.catalogue import GAMES
from comity.mechanisms.catalogue import MECHANISMS
from tests.generators import (
    BASES,
    CONDITIONS,
    EXCHANGES,
    SMALL,
    Attentive,
    Script,
    every_entry,
    every_exchange,
    keys,
    played,
    stacks,
)

ENTRIES = {**every_entry(), **every_exchange()}
everywhere = pytest.mark.parametrize("game", ENTRIES.values(), ids=ENTRIES.keys())


def test_every_catalogue_entry_has_an_example() -> None:
    assert BASES.keys() | EXCHANGES.keys() == GAMES.keys()
    assert SMALL.keys() | CONDITIONS.keys() == MECHANISMS.keys()
    assert all(sum(f"{mechanism} of" in name for name in ENTRIES) >= 2 for mechanism in SMALL | CONDITIONS)


def check_replay(game: Game, key: int) -> None:
    match, put = played(game, Script(key, mixes=True), key)
    again = Match(game)
    for decisions, choices in zip(put, match.choices, strict=True):
        assert again.pending == decisions
        again.answer(choices)
    assert again.outcome == match.outcome
    assert replay(game, match.choices).outcome == match.outcome
    assert all(
        lottery.draw(Address(key, *place)) == match.choices[place[0]][place[1]]
        for place, lottery in match.lotteries.items()
    )


@everywhere
def test_a_match_is_its_choices(game: Game) -> None:
    check_replay(game, 7)


@given(stacks(), keys)
def test_a_match_of_any_stack_is_its_choices(game: Game, key: int) -> None:
    check_replay(game, key)


def check_values(game: Game, key: int) -> None:
    match, put = played(game, Script(key), key)
    twin, put_again = played(game, Script(key), key)
    for decisions, same in zip(put, put_again, strict=True):
        assert list(map(hash, decisions)) == list(map(hash, same))
        assert len(set(decisions) | set(same)) == len(set(decisions))
    assert hash(match.outcome) == hash(twin.outcome)
    for decisions, choices in zip(put, match.choices, strict=True):
        for decision, choice in zip(decisions, choices, strict=True):
            back = from_json(json.loads(json.dumps(to_json(choice))))
            assert repr(back) == repr(choice)
            assert back in decision.options


@everywhere
def test_facts_are_values_and_choices_are_json(game: Game) -> None:
    check_values(game, 11)


@given(stacks(), keys)
def test_facts_of_any_stack_are_values_and_its_choices_are_json(game: Game, key: int) -> None:
    check_values(game, key)


async def lingering(decision: Decision[Any], decide: Attentive, order: Address) -> Reply:
    """The same answer as at once, after some turns of the loop that depend on who is asked."""
    turns = int(Address(order.word, decision.player + 1, 0).uniform() * 5)
    for _ in range(turns):
        await asyncio.sleep(0)
    return decide(decision)


@pytest.mark.parametrize("order", [1, 2])
@everywhere
def test_results_do_not_depend_on_the_order_of_replies(game: Game, order: int) -> None:
    decide = Attentive(5)
    at_once, _ = played(game, decide, 9)
    waited = asyncio.run(play_async(game, lambda d: lingering(d, decide, Address(order, 0, 0)), 9))
    assert waited.choices == at_once.choices
    assert waited.outcome == at_once.outcome
