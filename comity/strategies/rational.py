"""Acting by equilibrium, exactly.

The equilibrium is the one `backward_induction` finds, by its rule: of the pure equilibria of a step the one with the
highest total payoff, then with the highest lowest payoff, then the first; a mixed one where there is no pure one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from comity.core.decision import Decision
from comity.core.flow import Game, StageGame
from comity.core.match import Decide, Reply
from comity.mechanisms.contracting import Contract, Contracted, Signatures
from comity.mechanisms.mediation import Mediated, Mediator
from comity.strategies.stages import (
    Delegating,
    UnderContract,
    decided_inside,
    equilibrium_reply,
    played_each_round,
    solution,
)


@dataclass(frozen=True)
class PlayEquilibrium:
    """Plays its part in an equilibrium of what is played this round.

    That is the stage game; the stage game under the elected mediator, where to delegate is one of its actions; the
    stage game under the contract, if it binds; or the whole game of one round, if it is of several steps. Repetition,
    matching, talk and sanctions are looked past: to play an equilibrium of the stage game in every round, to take talk
    for babble and to sanction nobody is an equilibrium of all of these.
    """

    def begin(self, game: Game, player: int) -> Decide:
        round_game = played_each_round(game)
        if isinstance(round_game, Mediated | Contracted):
            return lambda decision: equilibrium_reply(_stage(round_game, decision), decision.seat)
        if isinstance(round_game, StageGame):
            return lambda decision: equilibrium_reply(round_game, decision.seat % round_game.n_players)
        return lambda decision: _reply_in(round_game, decision)


def _stage(negotiation: Mediated | Contracted, decision: Decision[Any]) -> StageGame:
    if (mediator := decision.fact(Mediator)) is not None:
        return Delegating(negotiation.base, mediator.plan)
    contract, signatures = decision.fact(Contract), decision.fact(Signatures)
    if contract is not None and signatures is not None and signatures.binding:
        return UnderContract(negotiation.base, contract)
    return negotiation.base


def _reply_in(game: Game, decision: Decision[Any]) -> Reply:
    """What the equilibrium of a game of several steps does; to one who asks before there is a decision, what first."""
    inside, policy = decided_inside(decision, game), solution(game).policy
    if inside.kind == "act":
        return policy[inside]
    return next(reply for asked, reply in policy.items() if asked.player == inside.player % game.n_players)
