"""Whether to let the elected mediator act. Asked with every action that may be delegated; the answer is yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from comity.core.decision import Decision
from comity.core.errors import BadStack
from comity.core.flow import Game
from comity.core.match import Decide
from comity.mechanisms.mediation import Mediator
from comity.strategies.negotiations import negotiation_in
from comity.strategies.once import once
from comity.strategies.stages import Delegating, guaranteed, is_equilibrium, payoffs_of


@dataclass(frozen=True)
class DelegateAlways:
    """Always delegates."""

    def begin(self, game: Game, player: int) -> Decide:
        return lambda decision: True


@dataclass(frozen=True)
class DelegateNever:
    """Never delegates."""

    def begin(self, game: Game, player: int) -> Decide:
        return lambda decision: False


@dataclass(frozen=True)
class DelegateInEquilibrium:
    """Delegates if it is an equilibrium that all do, and one that pays it more than it could guarantee itself.

    That is: nobody would gain by acting while all others delegate, and its own payoff is then above its pure maximin
    without the mediator, so that a mediator who only does what anybody can do alone is left alone.
    """

    def begin(self, game: Game, player: int) -> Decide:
        base = negotiation_in(game).base

        def decide(decision: Decision[Any]) -> bool:
            mediator = decision.fact(Mediator)
            if mediator is None:
                raise BadStack("there is no mediator to delegate to")
            return _pays(Delegating(base, mediator.plan), decision.seat)

        return decide


@once
def _pays(stage: Delegating, seat: int) -> bool:
    together = stage.all_delegate
    return is_equilibrium(stage, together) and payoffs_of(stage, together)[seat] > guaranteed(stage.base)[seat]
