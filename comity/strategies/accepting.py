"""What to approve in an election of proposals, and whether to sign the elected contract.

One rule answers both: to approve is to say of each proposal, and to sign is to say of one, whether it is acceptable. A
proposal is judged by the stage game under it, a contract as signed by all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from comity.core.decision import Decision
from comity.core.errors import BadStack, NotEnumerable, NotSolvable
from comity.core.flow import Game
from comity.core.match import Decide, Reply
from comity.exact.rational import Values
from comity.mechanisms.contracting import Contract
from comity.mechanisms.voting import Proposals
from comity.strategies.negotiations import Negotiation, negotiation_in
from comity.strategies.once import once
from comity.strategies.stages import guaranteed, solution


@dataclass(frozen=True)
class AcceptAll:
    """Approves and signs everything."""

    def begin(self, game: Game, player: int) -> Decide:
        return _accepting(lambda proposal, by_myself, seat: True)


@dataclass(frozen=True)
class AcceptNone:
    """Approves and signs nothing."""

    def begin(self, game: Game, player: int) -> Decide:
        return _accepting(lambda proposal, by_myself, seat: False)


@dataclass(frozen=True)
class AcceptOwn:
    """Approves and signs what it proposed itself, and nothing else."""

    def begin(self, game: Game, player: int) -> Decide:
        return _accepting(lambda proposal, by_myself, seat: by_myself)


@dataclass(frozen=True)
class AcceptByGuarantee:
    """Accepts what does not lower the payoff it can guarantee itself (pure maximin).

    A mediator never does: whoever does not delegate still faces actions of the base game and nothing else.
    """

    def begin(self, game: Game, player: int) -> Decide:
        negotiation = negotiation_in(game)
        return _accepting(lambda proposal, _, seat: _is_as_safe(negotiation, proposal, seat))


@dataclass(frozen=True)
class AcceptByEquilibrium:
    """Accepts what does not lower its payoff in the equilibrium of `backward_induction`.

    When all signers do this, it is the equilibrium of the signing stage in which whoever is indifferent signs. Where
    that finds no equilibrium, with the proposal or without it, it judges as `AcceptByGuarantee` does.
    """

    def begin(self, game: Game, player: int) -> Decide:
        negotiation = negotiation_in(game)
        return _accepting(lambda proposal, _, seat: _pays_as_much(negotiation, proposal, seat))


@dataclass(frozen=True)
class ApproveBest:
    """Approves the proposals with the highest continuation value for itself, all players being rational.

    The continuation value of a mediator is the equilibrium under it; that of a contract too if it lowers nobody's
    payoff, else it will not be signed and the equilibrium without it counts. An approval voter who does this never
    plays a dominated ballot (Brams and Fishburn 1978); with two players all doing it is an equilibrium of the vote,
    with more it need not be one.
    """

    def begin(self, game: Game, player: int) -> Decide:
        negotiation = negotiation_in(game)

        def decide(decision: Decision[Any]) -> Reply:
            values = [_continuation(negotiation, proposal)[decision.seat] for proposal in _proposals(decision)]
            return tuple(value == max(values) for value in values)

        return decide


_Accepts: TypeAlias = Callable[[Any, bool, int], bool]


def _accepting(accepts: _Accepts) -> Decide:
    """accepts is asked of a proposal, whether it is the decider's own, and the decider's seat."""

    def decide(decision: Decision[Any]) -> Reply:
        seat = decision.seat
        if decision.kind == "approve":
            return tuple(accepts(proposal, by == seat, seat) for by, proposal in enumerate(_proposals(decision)))
        contract = decision.fact(Contract)
        if contract is None:
            raise BadStack(f"there is no contract to accept at a decision of kind {decision.kind!r}")
        return accepts(contract.transfers, contract.by == seat, seat)

    return decide


def _proposals(decision: Decision[Any]) -> tuple[Any, ...]:
    made = decision.fact(Proposals)
    if made is None:
        raise BadStack(f"there are no proposals to accept at a decision of kind {decision.kind!r}")
    return made.proposals


def _is_as_safe(negotiation: Negotiation, proposal: Any, seat: int) -> bool:
    return guaranteed(negotiation.under(proposal))[seat] >= guaranteed(negotiation.base)[seat]


@once
def _pays_as_much(negotiation: Negotiation, proposal: Any, seat: int) -> bool:
    try:
        return solution(negotiation.under(proposal)).values[seat] >= solution(negotiation.base).values[seat]
    except (NotSolvable, NotEnumerable):
        return _is_as_safe(negotiation, proposal, seat)


def _continuation(negotiation: Negotiation, proposal: Any) -> Values:
    values = solution(negotiation.under(proposal)).values
    without = solution(negotiation.base).values
    return without if negotiation.is_refused(values, without) else values
