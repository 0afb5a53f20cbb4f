"""What a strategy is."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from comity.core.chance import Address
from comity.core.flow import Game
from comity.core.match import Decide


@runtime_checkable
class Strategy(Protocol):
    """A scripted agent's rule.

    One strategy serves any number of matches. `begin` sits it down as one player of one match and returns what decides
    there: a function from a `Decision` to a choice or a `Lottery`. What that function remembers belongs to the match.
    """

    def begin(self, game: Game, player: int) -> Decide: ...


@runtime_checkable
class Various(Strategy, Protocol):
    """A strategy that is one of many: people of one kind, who differ.

    varies: whether they do. `one` draws who sits at a place: a strategy, as a function of that address of chance and of
    nothing else. Begun without that, it plays as the typical one of them.
    """

    @property
    def varies(self) -> bool: ...

    def one(self, place: Address) -> Strategy: ...


def varies(strategy: Strategy) -> bool:
    """Whether it is one of many who differ."""
    return isinstance(strategy, Various) and strategy.varies


def one_of(strategy: Strategy, place: Address) -> Strategy:
    """The strategy that sits at that place, where it is one of many; else the strategy itself."""
    return strategy.one(place) if isinstance(strategy, Various) else strategy
