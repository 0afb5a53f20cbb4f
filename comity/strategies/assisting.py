"""Some of an agent's decisions are made for it, as well as they can be made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.errors import BadParameter, BadStack
from comity.core.flow import Game
from comity.core.match import Decide, Reply
from comity.strategies.accepting import AcceptByEquilibrium, ApproveBest
from comity.strategies.exchanging import Exchanging, exchange_under
from comity.strategies.proposing import RationalProposal
from comity.strategies.rational import PlayEquilibrium
from comity.strategies.sanctioning import NoSanctions
from comity.strategies.scripted import Scripted
from comity.strategies.speaking import Silent
from comity.strategies.strategy import Strategy, one_of, varies

OF_GAMES = ("propose", "approve", "sign", "act", "sanction", "speak")
OF_EXCHANGES = ("request", "share", "submit")

BEST = Scripted(
    PlayEquilibrium(),
    delegate=None,
    propose=RationalProposal(),
    approve=ApproveBest(),
    sign=AcceptByEquilibrium(),
    speak=Silent(),
    sanction=NoSanctions(),
)
"""What plays an equilibrium of what follows, at every decision (see `rational`)."""


def checked_assists(kinds: tuple[str, ...]) -> None:
    """Raise `BadParameter` unless these are kinds of decisions that can be made for somebody."""
    unknown = [kind for kind in kinds if kind not in (*OF_GAMES, *OF_EXCHANGES)]
    if unknown:
        allowed = ", ".join((*OF_GAMES, *OF_EXCHANGES))
        raise BadParameter(f"assists must be some of {allowed}, not {unknown[0]!r}")


def best_at(game: Game) -> Strategy:
    """What makes the best choice at every decision of that game: an equilibrium, or in an exchange cooperation."""
    try:
        exchange_under(game)
    except BadStack:
        return BEST
    return Exchanging()


@dataclass(frozen=True)
class Assisted:
    """A strategy whose decisions of some kinds are made by `best_at`. It remembers what it would have chosen itself."""

    of: Strategy
    assists: tuple[str, ...]

    def __post_init__(self) -> None:
        checked_assists(self.assists)

    @property
    def varies(self) -> bool:
        """Whether who is assisted is one of many."""
        return varies(self.of)

    def one(self, place: Address) -> Assisted:
        """The one of many that sits at that place, assisted alike."""
        return replace(self, of=one_of(self.of, place))

    def begin(self, game: Game, player: int) -> Decide:
        own, best = self.of.begin(game, player), best_at(game).begin(game, player)

        def decide(decision: Decision[Any]) -> Reply:
            return best(decision) if decision.kind in self.assists else own(decision)

        return decide
