"""What to propose: the efficient, the useless, the greedy and the rational mediator or contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from comity.core.decision import Decision
from comity.core.flow import Game, StageGame
from comity.core.match import Decide
from comity.core.space import Lottery
from comity.exact.equilibria import Solution
from comity.strategies.negotiations import Negotiation, Proposal, efficient_proposal, negotiation_in
from comity.strategies.once import once
from comity.strategies.stages import is_dominant, solution


@dataclass(frozen=True)
class EfficientProposal:
    """Proposes what makes the most that all can have together an equilibrium.

    A mediator: of those under which it is an equilibrium that all delegate, the ones that then pay the highest total;
    among these, those under which delegating weakly dominates everything else, then those with the highest payoff that
    whoever delegates is sure of, then the first in order.

    A contract: the one with the smallest sum of absolute payments under which the efficient profile (full cooperation,
    if no profile pays a higher total, else the first that pays the highest) weakly dominates: each of its actions is
    never worse than any other of that seat, and somewhere better. Where the bounds allow none, under which it is an
    equilibrium. Among equals the first in order.

    Where nothing does this, or every profile pays the same total, it proposes what `UselessProposal` does.
    """

    def begin(self, game: Game, player: int) -> Decide:
        return _proposing(game, _efficient)


@dataclass(frozen=True)
class UselessProposal:
    """Proposes what changes nothing.

    A contract that pays nothing (as little as its bounds allow); a mediator that plays its proposer's defective action
    however many delegate, which the proposer could do by itself.
    """

    def begin(self, game: Game, player: int) -> Decide:
        return _proposing(game, lambda negotiation, seat: negotiation.useless(seat))


@dataclass(frozen=True)
class GreedyProposal:
    """Proposes what pays its proposer most if all accept it and then play the equilibrium of `backward_induction`.

    Every proposal of the space is looked at as long as that takes no more than `negotiations.MOST_WORK` profiles; in
    larger spaces the cheapest contracts that support each profile (see `contracts.supporting`), or only the efficient
    proposal. Among equals: one under which all play a weakly dominant action, then the smallest payments, then the
    first in order.
    Where nothing pays more than the equilibrium without any proposal, it proposes what `UselessProposal` does.
    """

    def begin(self, game: Game, player: int) -> Decide:
        return _proposing(game, lambda negotiation, seat: _most_paying(negotiation, seat, consent=False))


@dataclass(frozen=True)
class RationalProposal:
    """Proposes what pays its proposer most among what nobody refuses, otherwise as `GreedyProposal`.

    Nobody has to delegate, so every mediator counts; a contract must leave nobody worse off than the equilibrium
    without it, or it would not be signed.
    """

    def begin(self, game: Game, player: int) -> Decide:
        return _proposing(game, lambda negotiation, seat: _most_paying(negotiation, seat, consent=True))


def _proposing(game: Game, search: Callable[[Negotiation, int], Proposal]) -> Decide:
    negotiation = negotiation_in(game)

    def decide(decision: Decision[Any]) -> Proposal:
        return search(negotiation, decision.seat)

    return decide


def _efficient(negotiation: Negotiation, seat: int) -> Proposal:
    found = efficient_proposal(negotiation)
    return negotiation.useless(seat) if found is None else found


@dataclass(frozen=True)
class _Offer:
    """A proposal, the stage game under it, and how that is played."""

    proposal: Proposal
    stage: StageGame
    solved: Solution

    @property
    def is_dominant(self) -> bool:
        """Whether all then play a weakly dominant action."""
        replies = tuple(self.solved.policy.values())
        return not any(isinstance(reply, Lottery) for reply in replies) and is_dominant(self.stage, replies)


@once
def _most_paying(negotiation: Negotiation, seat: int, consent: bool) -> Proposal:
    without = solution(negotiation.base).values
    offers = [offer for offer in _offers(negotiation) if offer.solved.values[seat] > without[seat]]
    if consent:
        offers = [offer for offer in offers if not negotiation.is_refused(offer.solved.values, without)]
    most = max((offer.solved.values[seat] for offer in offers), default=None)
    best = [offer for offer in offers if offer.solved.values[seat] == most]
    if not best:
        return negotiation.useless(seat)
    return max(best, key=lambda offer: (offer.is_dominant, -negotiation.size(offer.proposal))).proposal


def _offers(negotiation: Negotiation) -> Iterator[_Offer]:
    for proposal in negotiation.candidates():
        stage = negotiation.under(proposal)
        yield _Offer(proposal, stage, solution(stage))
