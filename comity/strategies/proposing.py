"""What to propose: the efficient, the useless, the greedy and the rational mediator or contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

from comity.core.decision import Decision
from comity.core.flow import Game
from comity.core.match import Decide
from comity.core.space import Lottery
from comity.exact.equilibria import Solution
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.mediation import Mediated
from comity.strategies.contracts import efficient_contract, nothing, size, supporting
from comity.strategies.mediators import efficient_plan, plans
from comity.strategies.once import once
from comity.strategies.seen import meaning_of
from comity.strategies.stages import Negotiated, Negotiation, is_dominant, negotiation_in, paid_in, solution, under

Proposal: TypeAlias = tuple[Any, ...]

MOST_WORK = 5_000
"""How many profiles may be looked at, in all games together, to find the best of all proposals."""


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
        return _proposing(game, _useless)


@dataclass(frozen=True)
class GreedyProposal:
    """Proposes what pays its proposer most if all accept it and then play the equilibrium of `backward_induction`.

    Every proposal of the space is looked at as long as that takes no more than `MOST_WORK` profiles; in larger spaces
    the cheapest contracts that support each profile (see `contracts.supporting`), or only the efficient proposal.
    Among equals: one under which all play a weakly dominant action, then the smallest payments, then the first in
    order.
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


def _useless(negotiation: Negotiation, seat: int) -> Proposal:
    if isinstance(negotiation, Contracted):
        return nothing(negotiation)
    return (meaning_of(negotiation.base).defective[seat],) * negotiation.n_players


def _efficient(negotiation: Negotiation, seat: int) -> Proposal:
    found = efficient_proposal(negotiation)
    return _useless(negotiation, seat) if found is None else found


@once
def efficient_proposal(negotiation: Negotiation) -> Proposal | None:
    """What `EfficientProposal` finds; None where there is nothing to be found."""
    totals = {sum(paid) for paid in paid_in(negotiation.base).paid.values()}
    if len(totals) == 1:
        return None
    return efficient_plan(negotiation.base) if isinstance(negotiation, Mediated) else efficient_contract(negotiation)


@dataclass(frozen=True)
class _Offer:
    """A proposal, the stage game under it, and how that is played."""

    proposal: Proposal
    stage: Negotiated
    solved: Solution

    @property
    def is_dominant(self) -> bool:
        replies = tuple(self.solved.policy.values())
        return not any(isinstance(reply, Lottery) for reply in replies) and is_dominant(self.stage, replies)


@once
def _most_paying(negotiation: Negotiation, seat: int, consent: bool) -> Proposal:
    without = solution(negotiation.base).values
    offers = [offer for offer in _offers(negotiation) if offer.solved.values[seat] > without[seat]]
    if consent and isinstance(negotiation, Contracted):
        offers = [o for o in offers if all(now >= before for now, before in zip(o.solved.values, without, strict=True))]
    most = max((offer.solved.values[seat] for offer in offers), default=None)
    best = [offer for offer in offers if offer.solved.values[seat] == most]
    if not best:
        return _useless(negotiation, seat)
    return max(best, key=lambda offer: (offer.is_dominant, -_size(negotiation, offer.proposal))).proposal


def _size(negotiation: Negotiation, proposal: Proposal) -> int:
    return size(proposal) if isinstance(negotiation, Contracted) else 0


def _offers(negotiation: Negotiation) -> Iterator[_Offer]:
    for proposal in _candidates(negotiation):
        stage = under(negotiation, proposal)
        yield _Offer(proposal, stage, solution(stage))


def _candidates(negotiation: Negotiation) -> Iterator[Proposal]:
    """The proposals that are looked at, each once."""
    profiles = prod(map(len, negotiation.base.actions))
    if isinstance(negotiation, Mediated):
        outcomes = prod(len(actions) + 1 for actions in negotiation.base.actions)
        if len(negotiation.base.actions[0]) ** negotiation.n_players * outcomes <= MOST_WORK:
            return plans(negotiation.base)
    elif _count(negotiation) * profiles <= MOST_WORK:
        return iter(negotiation.contracts)
    elif profiles * profiles <= MOST_WORK:
        found = (
            contract for profile in paid_in(negotiation.base).paid for contract in supporting(negotiation, profile)
        )
        return iter(dict.fromkeys(found))
    efficient = efficient_proposal(negotiation)
    return iter(() if efficient is None else (efficient,))


def _count(terms: Contracted) -> float:
    if terms.low is None or terms.high is None:
        return float("inf")
    return float((terms.high - terms.low + 1) ** len(terms.actions))
