"""A contract attaches a payment to every action, and binds if all sign (Haupt et al. 2024; CoopEval 2026)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from comity.core.decision import Fact
from comity.core.errors import BadParameter
from comity.core.flow import Flow, StageGame, ask_all, told
from comity.core.outcome import Outcome, Play
from comity.core.space import YES_NO, Each, Integer, Space
from comity.mechanisms.stacking import needs_stage_game
from comity.mechanisms.voting import elect, nothing


@dataclass(frozen=True)
class Contracting:
    """The rule as the players are told it: a contract, elected among proposals, binds if all sign.

    actions: what a contract attaches payments to. low, high: the bounds of a payment, where there are bounds.
    """

    actions: tuple[str, ...]
    low: int | None
    high: int | None


@dataclass(frozen=True)
class Contract:
    """The elected contract: whoever plays actions[k] receives transfers[k] in all from the others. `by` proposed it.

    A negative transfer is paid by whoever plays the action and shared equally by the others.
    """

    actions: tuple[str, ...]
    transfers: tuple[int, ...]
    by: int

    def settlement(self, profile: tuple[str, ...]) -> tuple[float, ...]:
        """What each player receives (or pays, if negative) for this profile; sums to zero."""
        owed = [self.transfers[self.actions.index(action)] for action in profile]
        total = sum(owed)
        return tuple(own - (total - own) / (len(profile) - 1) for own in owed)


@dataclass(frozen=True)
class Signatures:
    """Who signed; the contract binds if all did."""

    signed: tuple[bool, ...]

    @property
    def binding(self) -> bool:
        return all(self.signed)


@dataclass(frozen=True)
class Contracted:
    """Propose contracts, elect one, sign it or not, act, and settle if all signed.

    low, high: bounds of every payment; without them any whole number may be proposed (as in CoopEval).
    recall: whether players, when they sign and act and afterwards, still see the proposals and their own ballot
        (CoopEval shows them neither).
    """

    base: StageGame
    low: int | None = None
    high: int | None = None
    recall: bool = True

    def __post_init__(self) -> None:
        needs_stage_game("contracting", self.base)
        if self.low is not None and self.high is not None and self.low > self.high:
            raise BadParameter(f"the bounds of a payment must not cross: low is {self.low}, high is {self.high}")

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @cached_property
    def actions(self) -> tuple[str, ...]:
        """The actions a contract names: those of all seats, each once."""
        return tuple(dict.fromkeys(action for actions in self.base.actions for action in actions))

    @property
    def rule(self) -> Contracting:
        return Contracting(self.actions, self.low, self.high)

    @property
    def rules(self) -> tuple[Fact, ...]:
        return (self.rule, *self.base.rules)

    @cached_property
    def contracts(self) -> Space[tuple[int, ...]]:
        """Every contract: a payment for each action."""
        return Each(self.actions, (Integer(self.low, self.high),) * len(self.actions))

    def play(self) -> Flow[Outcome]:
        election = yield from elect(self.n_players, self.contracts, *self.rules)
        contract = Contract(self.actions, election.elected, election.winner)
        remembered = election.remembered if self.recall else nothing
        outcome = yield from told(self.under(contract), self.rule, each=lambda p: (*remembered(p), contract))
        return election.kept(outcome) if self.recall else outcome

    def under(self, contract: Contract) -> Flow[Outcome]:
        """Sign, act and settle, the contract given."""
        signatures = Signatures((yield from ask_all(self.n_players, "sign", YES_NO, *self.base.rules)))
        base = yield from told(self.base.play(), signatures)
        return settled(base, contract, signatures)


def settled(base: Outcome, contract: Contract, signatures: Signatures) -> Outcome:
    """The outcome after the contract, if it binds, has been paid."""
    transfers = contract.settlement(base.actions) if signatures.binding else (0,) * len(base.payoffs)
    payoffs = tuple(payoff + transfer for payoff, transfer in zip(base.payoffs, transfers, strict=True))
    everybody = tuple(range(len(payoffs)))
    outcome = Outcome(payoffs, base.actions, (Play(0, everybody, base),), base.notes, base.views_paid(payoffs))
    return outcome.noted(contract, signatures)
