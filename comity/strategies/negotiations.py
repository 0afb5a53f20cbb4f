"""What is negotiated before play, a mediator or a contract, with one face for whoever proposes, votes or signs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, prod
from typing import Any, Protocol, TypeAlias

from comity.core.errors import BadStack
from comity.core.flow import Game, StageGame
from comity.core.named import layers
from comity.exact.rational import Values
from comity.games.normal_form import Profile
from comity.mechanisms.contracting import Contract, Contracted
from comity.mechanisms.mediation import Mediated
from comity.strategies.contracts import Transfers, efficient_contract, nothing, size, supporting
from comity.strategies.mediators import efficient_plan, plans
from comity.strategies.once import once
from comity.strategies.seen import meaning_of
from comity.strategies.stages import Delegating, UnderContract, paid_in

Proposal: TypeAlias = tuple[Any, ...]

MOST_WORK = 5_000
"""How many profiles may be looked at, in all games together, to find the best of all proposals."""


class Negotiation(Protocol):
    """What can be proposed for a stage game, and what becomes of the game under it."""

    @property
    def base(self) -> StageGame:
        """The stage game that is negotiated about."""
        ...

    def under(self, proposal: Proposal) -> StageGame:
        """The stage game under this proposal, if all accept it."""
        ...

    def useless(self, seat: int) -> Proposal:
        """The proposal of that seat that changes nothing."""
        ...

    def efficient(self) -> Proposal | None:
        """The proposal that makes the most that all can have together an equilibrium, if there is one."""
        ...

    def candidates(self) -> Iterator[Proposal]:
        """The proposals to look at in search of the best, each once: all, if that is no more than `MOST_WORK`."""
        ...

    def is_refused(self, values: Values, without: Values) -> bool:
        """Whether somebody keeps the proposal from taking effect who is paid `values` under it, else `without`."""
        ...

    def size(self, proposal: Proposal) -> int:
        """How much it moves; of two that are as good the smaller one is taken."""
        ...


@dataclass(frozen=True)
class Mediators:
    """The mediators of a mediation, each a plan. Nobody has to delegate, so none is refused."""

    mediation: Mediated

    @property
    def base(self) -> StageGame:
        return self.mediation.base

    def under(self, proposal: Proposal) -> Delegating:
        return Delegating(self.base, proposal)

    def useless(self, seat: int) -> Profile:
        return (meaning_of(self.base).defective[seat],) * self.base.n_players

    def efficient(self) -> Profile | None:
        return efficient_plan(self.base)

    def candidates(self) -> Iterator[Proposal]:
        actions = self.base.actions
        outcomes = prod(len(names) + 1 for names in actions)
        if len(actions[0]) ** self.base.n_players * outcomes <= MOST_WORK:
            return plans(self.base)
        return _only_efficient(self)

    def is_refused(self, values: Values, without: Values) -> bool:
        return False

    def size(self, proposal: Proposal) -> int:
        return 0


@dataclass(frozen=True)
class Contracts:
    """The contracts within some bounds, each as its transfers. One that leaves a signer worse off is not signed."""

    terms: Contracted

    @property
    def base(self) -> StageGame:
        return self.terms.base

    def under(self, proposal: Proposal) -> UnderContract:
        return UnderContract(self.base, Contract(self.terms.actions, proposal, by=0))

    def useless(self, seat: int) -> Transfers:
        return nothing(self.terms)

    def efficient(self) -> Transfers | None:
        return efficient_contract(self.terms)

    def candidates(self) -> Iterator[Proposal]:
        profiles = paid_in(self.base).paid
        if _count(self.terms) * len(profiles) <= MOST_WORK:
            return iter(self.terms.contracts)
        if len(profiles) ** 2 <= MOST_WORK:
            found = (contract for profile in profiles for contract in supporting(self.terms, profile))
            return iter(dict.fromkeys(found))
        return _only_efficient(self)

    def is_refused(self, values: Values, without: Values) -> bool:
        return any(now < before for now, before in zip(values, without, strict=True))

    def size(self, proposal: Proposal) -> int:
        return size(proposal)


def _count(terms: Contracted) -> float:
    """How many contracts there are within the bounds."""
    if terms.low is None or terms.high is None:
        return inf
    return float((terms.high - terms.low + 1) ** len(terms.actions))


def _only_efficient(negotiation: Negotiation) -> Iterator[Proposal]:
    found = efficient_proposal(negotiation)
    return iter(() if found is None else (found,))


@once
def efficient_proposal(negotiation: Negotiation) -> Proposal | None:
    """The efficient proposal; None where there is none, or every profile of the stage game pays the same total."""
    totals = {sum(paid) for paid in paid_in(negotiation.base).paid.values()}
    return negotiation.efficient() if len(totals) > 1 else None


@once
def negotiation_in(game: Game) -> Negotiation:
    """The mediation or contracting in this stack. Raises `BadStack` where there is none."""
    for layer in layers(game):
        match layer:
            case Mediated():
                return Mediators(layer)
            case Contracted():
                return Contracts(layer)
    raise BadStack(f"what is proposed in {type(game).__name__} is neither a mediator nor a contract")
