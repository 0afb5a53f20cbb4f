"""Exchanges played by scripts, and by players who do anything at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from comity.core.chance import Address, stream_key
from comity.core.decision import Decision
from comity.core.match import Match, play
from comity.games.exchange.game import Exchange
from comity.games.exchange.log import Log
from comity.games.exchange.turns import Action, Turn
from comity.strategies.exchanging import Exchanging
from comity.strategies.strategy import Strategy

PERFECT = Exchanging()
WITHHOLDER = replace(PERFECT, answers=0.0)


def played(game: Exchange, *agents: Strategy) -> Match:
    """The match in which the agents sit in turn, and round again."""
    seats = [agents[player % len(agents)].begin(game, player) for player in range(game.agents)]
    return play(game, lambda decision: seats[decision.player](decision))


def tasks(game: Exchange, *agents: Strategy) -> int:
    """How many tasks they hand in."""
    outcome = played(game, *agents).outcome
    assert outcome is not None
    return sum(map(int, outcome.actions))


def log_of(match: Match) -> Log:
    """What happened in it."""
    assert match.outcome is not None
    [log] = match.outcome.notes
    assert isinstance(log, Log)
    return log


class Anything:
    """Does anything at all, possible or not; what, is a function of the seed and of where it is."""

    def __init__(self, seed: int, most: int = 6) -> None:
        self._seed, self._most = seed, most

    def begin(self, game: Any, player: int) -> Any:
        turns = 0

        def decide(decision: Decision[Any]) -> tuple[Action, ...]:
            nonlocal turns
            turns += 1
            drawn = _Drawn(stream_key(self._seed, player, turns))
            assert isinstance(decision.options, Turn)
            space = decision.options
            return tuple(drawn.action(space, game) for _ in range(drawn.below(self._most + 1)))

        return decide


class _Drawn:
    def __init__(self, key: int) -> None:
        self._key, self._count = key, 0

    def below(self, bound: int) -> int:
        self._count += 1
        return int(Address(self._key, self._count, 0).uniform() * bound)

    def _agent(self, game: Exchange) -> int:
        return self.below(game.agents + 3) - 1

    def _piece(self, game: Exchange) -> int:
        return self.below(game.pieces + 2)

    def action(self, space: Turn, game: Exchange) -> Action:
        kind = space.kinds[self.below(len(space.kinds))]
        match kind:
            case "request":
                return (kind, self._piece(game), self._agent(game))
            case "share":
                pieces = tuple(self._piece(game) for _ in range(1 + self.below(4)))
                codes = (tuple(self.below(1_000) for _ in pieces),) if space.codes else ()
                return (kind, pieces, self._agent(game), *codes)
            case "submit":
                return (kind, self.below(game.agents * 6))
            case "message":
                return (kind, self._agent(game), f"note {self.below(1_000)}")
            case _:
                return (kind, f"hear {self.below(1_000)}")


def mixed(seed: int, agents: int) -> Sequence[Strategy]:
    """Some who do anything, and some who play well, so that much happens."""
    return [Anything(seed + place) if place % 2 else PERFECT for place in range(agents)]
