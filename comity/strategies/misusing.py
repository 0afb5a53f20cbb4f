"""Agents in exchanges that are no policy: who tries what is not allowed, and who does anything that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from comity.core.chance import Address, stream_key
from comity.core.decision import Decision
from comity.core.errors import BadStack
from comity.core.flow import Game
from comity.core.match import Decide
from comity.games.exchange.game import Exchange
from comity.games.exchange.turns import Action, Turn
from comity.games.exchange.views import Sight
from comity.strategies.exchanging import Needs, exchange_under
from comity.strategies.strategy import Strategy

T = TypeVar("T")


@dataclass(frozen=True)
class Exploiting:
    """Does what another strategy does, and then tries at every chance all that must bring nothing.

    It names every piece at once, sends what it does not hold, to itself, to nobody, twice, and what nobody asked for;
    asks for what there is not, for what it holds, of itself, of who holds nothing of it, and again; hands in tasks
    twice, before they are complete, those of others, and those that it has not been given yet.
    """

    of: Strategy

    def begin(self, game: Game, player: int) -> Decide:
        own, exchange = self.of.begin(game, player), exchange_under(game)

        def decide(decision: Decision[Any]) -> tuple[Action, ...]:
            turn, sight = _shown(decision)
            does = tuple(own(decision))
            tries = [action for action in _exploits(exchange, sight, does) if action[0] in turn.kinds]
            return (*does, *(_with_codes(action, turn) for action in tries))

        return decide


def _shown(decision: Decision[Any]) -> tuple[Turn, Sight]:
    seen = decision.sees[-1]
    if not isinstance(seen, Sight) or not isinstance(decision.options, Turn):
        raise BadStack("this strategy acts on all that an exchange shows")
    return decision.options, seen


def _exploits(game: Exchange, sight: Sight, does: Sequence[Action]) -> Iterator[Action]:
    every, other = tuple(range(1, game.pieces + 1)), sight.agent % game.agents + 1
    lacked = tuple(piece for piece in every if piece not in sight.pieces)
    yield ("share", (*every, game.pieces + 1), other)
    yield from (("share", (piece,), other) for piece in (*lacked[:1], 0, game.pieces + 1))
    for piece in sight.pieces[:1]:
        yield from (("share", (piece,), nobody) for nobody in (sight.agent, 0, game.agents + 1))
        yield ("share", (piece, piece), other)
        yield ("request", piece, other)
        if not game.unsolicited and not any(request.piece == piece for request in sight.requests):
            yield ("share", (piece,), other)
    yield from (("request", piece, other) for piece in (0, game.pieces + 1))
    yield from (("request", piece, nobody) for piece in lacked[:1] for nobody in (sight.agent, -1, game.agents + 1))
    if not game.stale and game.schedule != "simultaneous":  # who is said not to hold a piece does not
        yield from (("request", piece, other) for piece in lacked[:3] if piece not in sight.directory[other - 1])
    yield from (action for action in does if action[0] in ("request", "submit"))
    yield from (("submit", task) for task in range(1, game.agents * (game.open_tasks * (sight.round + 1) + 2)))


def _with_codes(action: Action, turn: Turn) -> Action:
    return (*action, (0,) * len(action[1])) if turn.codes and action[0] == "share" else action


@dataclass(frozen=True)
class Aimless:
    """Does so many things at a turn, each of any kind and any that is possible: chance is a function of the world."""

    things: int = 3

    def begin(self, game: Game, player: int) -> Decide:
        exchange = exchange_under(game)

        def decide(decision: Decision[Any]) -> tuple[Action, ...]:
            turn, sight = _shown(decision)
            key = stream_key(exchange.world, "aimless", sight.agent, sight.round, decision.kind)
            kinds = [kind for kind in turn.kinds if kind not in ("message", "broadcast")]
            possible = {kind: list(_possible(kind, sight, turn)) for kind in kinds}
            drawn = [
                _one_of(possible[kind], key, self.things + number)
                for number in range(self.things)
                if possible[kind := _one_of(kinds, key, number)]
            ]
            return tuple(dict.fromkeys(drawn))

        return decide


def _possible(kind: str, sight: Sight, turn: Turn) -> Iterator[Action]:
    """Every action of that kind that is not refused."""
    needs = Needs.seen(sight)
    match kind:
        case "request":
            held, asked = set(sight.pieces), {(request.to, request.piece) for request in sight.asked}
            for holder, pieces in enumerate(sight.directory, start=1):
                yield from (("request", p, holder) for p in pieces if p not in held and (holder, p) not in asked)
        case "share":
            known = dict(zip(sight.pieces, sight.codes or (), strict=False))
            for one in needs.owed:
                codes = ((known[one.piece],),) if turn.codes else ()
                yield ("share", (one.piece,), one.by, *codes)
        case _:
            yield from (("submit", task) for task in needs.complete)


def _one_of(options: Sequence[T], key: int, number: int) -> T:
    return options[int(Address(key, number, 0).uniform() * len(options))]
