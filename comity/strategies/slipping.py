"""Strategies whose hands slip: what another strategy would do, but for now and then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.errors import BadParameter
from comity.core.flow import Game
from comity.core.match import Decide, Reply
from comity.core.space import Lottery
from comity.mechanisms.mediation import DELEGATE
from comity.strategies.strategy import Strategy, one_of, varies


@dataclass(frozen=True)
class Slipping:
    """Acts by another rule; with probability p it takes one of its other actions instead, each equally likely.

    The slips are its own (Selten 1975): it answers with the lottery of what may come of them, and the rule sees what
    was executed, as everybody does. To delegate is no action, and is neither slipped from nor into. Raises
    `BadParameter` unless p is between 0 and 1.
    """

    act: Strategy
    p: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            raise BadParameter(f"p must lie between 0 and 1, not {self.p:g}")

    @property
    def varies(self) -> bool:
        """Whether the rule it acts by is one of many."""
        return varies(self.act)

    def one(self, place: Address) -> Slipping:
        """The one of many that sits at that place, whose hands slip as often."""
        return replace(self, act=one_of(self.act, place))

    def begin(self, game: Game, player: int) -> Decide:
        meant = self.act.begin(game, player)

        def decide(decision: Decision[Any]) -> Reply:
            reply = meant(decision)
            actions = [option for option in decision.options if option != DELEGATE]
            is_steady = self.p == 0 or reply == DELEGATE or len(actions) == 1
            return reply if is_steady else self._slipped(reply, actions)

        return decide

    def _slipped(self, reply: Reply, actions: Sequence[str]) -> Reply:
        intended = dict(reply.chances()) if isinstance(reply, Lottery) else {reply: 1.0}
        chances = {option: share for option, share in intended.items() if option == DELEGATE}
        for action in actions:
            from_others = sum(intended.get(other, 0.0) for other in actions if other != action)
            chances[action] = (1 - self.p) * intended.get(action, 0.0) + self.p * from_others / (len(actions) - 1)
        return Lottery(tuple(chances), tuple(chances.values()))
