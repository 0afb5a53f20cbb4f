"""A mediator acts for all who delegate to it (Monderer and Tennenholtz 2009; Kalai et al. 2010; CoopEval 2026)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from comity.core.decision import Decision, Fact
from comity.core.errors import BadStack
from comity.core.flow import Choices, Decisions, Flow, StageGame, relay, told
from comity.core.outcome import Outcome
from comity.core.space import Each, OneOf, Space
from comity.mechanisms.stacking import label, needs_common_actions, needs_stage_game
from comity.mechanisms.voting import elect, nothing

DELEGATE = "delegate"


@dataclass(frozen=True)
class Mediation:
    """The rule as the players are told it: a mediator, elected among proposals, plays for all who delegate."""


@dataclass(frozen=True)
class Mediator:
    """The elected mediator: with k delegating it plays plan[k - 1] for each of them. `by` proposed it."""

    plan: tuple[str, ...]
    by: int


@dataclass(frozen=True)
class Delegated:
    """Who let the mediator act."""

    players: tuple[int, ...]


@dataclass(frozen=True)
class Mediated:
    """Propose mediators, elect one, then act or delegate.

    A mediator sees only how many delegate, and plays one action for all of them.
    recall: whether the players, when they act and afterwards, still see the proposals and their own ballot. Without it
        (as in CoopEval) the game is not of perfect recall.
    """

    base: StageGame
    recall: bool = True

    def __post_init__(self) -> None:
        needs_stage_game("mediation", self.base)
        needs_common_actions("mediation", self.base)
        if DELEGATE in self.base.actions[0]:
            raise BadStack(f"mediation adds the action {DELEGATE!r}, which {label(self.base)} has already")

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @property
    def rules(self) -> tuple[Fact, ...]:
        return (Mediation(), *self.base.rules)

    @cached_property
    def plans(self) -> Space[tuple[str, ...]]:
        """Every mediator: an action for each number of players who delegate."""
        counts = tuple(f"{count} delegating" for count in range(1, self.n_players + 1))
        return Each(counts, (OneOf(self.base.actions[0]),) * self.n_players)

    def play(self) -> Flow[Outcome]:
        election = yield from elect(self.n_players, self.plans, *self.rules)
        mediator = Mediator(election.elected, election.winner)
        remembered = election.remembered if self.recall else nothing
        outcome = yield from told(self.under(mediator), Mediation(), each=lambda p: (*remembered(p), mediator))
        return election.kept(outcome) if self.recall else outcome

    def under(self, mediator: Mediator) -> Flow[Outcome]:
        """Act or delegate, the mediator given."""
        delegating: list[int] = []

        def read(decisions: Decisions, choices: Choices) -> Choices:
            here = [d.player for d, choice in zip(decisions, choices, strict=True) if choice == DELEGATE]
            delegating.extend(here)
            return tuple(mediator.plan[len(here) - 1] if choice == DELEGATE else choice for choice in choices)

        outcome = yield from relay(self.base.play(), _widened, read)
        return outcome.noted(mediator, Delegated(tuple(delegating)))


def _widened(decision: Decision[Any]) -> Decision[Any]:
    if decision.kind != "act":
        return decision
    return Decision(decision.player, "act", OneOf((*decision.options, DELEGATE)), decision.sees)
