"""Agents of known policy: at every decision a lottery that follows from their name, stated or drawn from."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from comity.agents.agent import DecideLater, Halted
from comity.core.chance import Address, stream_key
from comity.core.decision import NATURE, Decision
from comity.core.errors import NoAnswer
from comity.core.flow import Game
from comity.core.match import Decide, Reply, Tree, tree
from comity.core.space import Lottery
from comity.exact.rational import odds
from comity.exact.tree import Behaviour, InformationSet, drawn_at, expected_payoffs
from comity.runs.crossed import place, spelled


@cache
def policy(name: str, decision: Decision[Any]) -> Lottery[Any]:
    """Two or three of the options, with odds that are a function of the name and the decision."""
    options = tuple(decision.options)
    word = stream_key(name, place(decision))
    order = Address(word, 0, 0).order(len(options))
    chosen = tuple(options[number] for number in order[: 2 + word % 2])
    weights = [1 + (word >> 20 + 3 * number) % 5 for number in range(len(chosen))]
    return Lottery(chosen, tuple(weight / sum(weights) for weight in weights))


@dataclass(frozen=True)
class Mixes:
    """A strategy that states its lotteries."""

    name: str

    def begin(self, game: Game, player: int) -> Decide:
        return lambda decision: policy(self.name, decision)


@dataclass
class Draws:
    """An agent that waits and draws its answers from the same lotteries; it counts what it is asked at which address.

    most: after so many answers it can be asked no more. silent: it has no answer to decisions whose spelling has this.
    """

    name: str
    most: int | None = None
    silent: str | None = None
    asked: Counter[tuple[Decision[Any], Address]] = field(default_factory=Counter)

    def sit_down(self, game: Game, player: int) -> DecideLater:
        async def decide(decision: Decision[Any], address: Address) -> Reply:
            assert decision.player == player
            await asyncio.sleep(0)
            if self.most is not None and self.asked.total() >= self.most:
                raise Halted("nobody can be asked any more")
            self.asked[decision, address] += 1
            if self.silent is not None and self.silent in spelled(decision):
                raise NoAnswer("it says nothing", "refusal")
            return policy(self.name, decision).draw(address)

        return decide


def exact_payoffs(game: Any, agents: tuple[str, ...]) -> tuple[float, ...]:
    """What agents of these names are paid on average, by the whole tree."""
    return tuple(map(float, expected_payoffs(grown(game), _behaviour(agents))))


@lru_cache(maxsize=1)
def grown(game: Any) -> Tree:
    """The tree of the game that was asked for last is kept."""
    return tree(game)


def _behaviour(agents: tuple[str, ...]) -> Behaviour:
    def behaviour(within: InformationSet) -> Mapping[Any, Fraction]:
        if within.player == NATURE:
            return drawn_at(within.decision)
        return odds(policy(agents[within.player], within.decision))

    return behaviour
