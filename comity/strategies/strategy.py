"""What a strategy is."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from comity.core.flow import Game
from comity.core.match import Decide


@runtime_checkable
class Strategy(Protocol):
    """A scripted agent's rule.

    One strategy serves any number of matches. `begin` sits it down as one player of one match and returns what decides
    there: a function from a `Decision` to a choice or a `Lottery`. What that function remembers belongs to the match.
    """

    def begin(self, game: Game, player: int) -> Decide: ...
