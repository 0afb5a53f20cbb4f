"""The games of one step a strategy can look into: what is played each round, under a mediator, under a contract.

What a mediator or a contract does to the stage game is said once, as a stage game of its own, so that proposers,
voters, signers and whoever acts all calculate with the same payoffs. Values are exact, and each game is solved once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from comity.core.decision import Decision
from comity.core.flow import Game, StageGame
from comity.core.match import Reply
from comity.core.named import layers
from comity.exact.equilibria import Solution, Table, backward_induction, security_levels, table
from comity.exact.rational import Values, exactly
from comity.games.normal_form import NormalForm, Payoffs, Profile, deviated
from comity.mechanisms.contracting import Contract, Contracted
from comity.mechanisms.mediation import DELEGATE, Mediated
from comity.mechanisms.prediction import Predicted
from comity.strategies.once import once


@dataclass(frozen=True)
class Delegating(NormalForm):
    """The stage game that follows a mediator's election: each plays an action of base or delegates.

    plan: the mediator's action for 1, 2, ... players who delegate.
    """

    base: StageGame
    plan: Profile

    @property
    def all_delegate(self) -> Profile:
        """The profile in which everybody delegates."""
        return (DELEGATE,) * self.n_players

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @property
    def actions(self) -> tuple[Profile, ...]:
        return tuple((*actions, DELEGATE) for actions in self.base.actions)

    def payoffs(self, profile: Profile) -> Payoffs:
        return self.base.payoffs(self.executed(profile))

    def executed(self, profile: Profile) -> Profile:
        """What is played in base when the seats choose so."""
        count = profile.count(DELEGATE)
        return tuple(self.plan[count - 1] if action == DELEGATE else action for action in profile)


@dataclass(frozen=True)
class UnderContract(NormalForm):
    """The stage game with a contract that all have signed."""

    base: StageGame
    contract: Contract

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @property
    def actions(self) -> tuple[Profile, ...]:
        return self.base.actions

    def payoffs(self, profile: Profile) -> Payoffs:
        received = self.contract.settlement(profile)
        return tuple(paid + more for paid, more in zip(self.base.payoffs(profile), received, strict=True))


@once
def played_each_round(game: Game) -> Game:
    """What is played in every round under a stack of mechanisms: a negotiation, a stage game, or what has no base.

    Repetition, matching, talk, sanctions, predictions and the like are taken off.
    """
    for layer in layers(game):
        if isinstance(layer, Mediated | Contracted | StageGame) and not isinstance(layer, Predicted):
            break
    return layer


def decided_inside(decision: Decision[Any], game: Game) -> Decision[Any]:
    """The decision as `game` put it, before the mechanisms around it added what they know."""
    first = game.rules[0]
    start = max(place for place, fact in enumerate(decision.sees) if fact == first)
    return Decision(decision.seat, decision.kind, decision.options, decision.sees[start:])


@once
def paid_in(stage: StageGame) -> Table:
    """What every profile of a stage game pays."""
    return table(stage)


def payoffs_of(stage: StageGame, profile: Profile) -> Values:
    """What one profile of a stage game pays."""
    if isinstance(stage, Delegating):
        return paid_in(stage.base).paid[stage.executed(profile)]
    return tuple(map(exactly, stage.payoffs(profile)))


@once
def guaranteed(stage: StageGame) -> Values:
    """What each seat can guarantee itself by a pure action (maximin)."""
    return security_levels(stage)


@once
def solution(game: Game) -> Solution:
    """The equilibrium of a game that `backward_induction` finds, by its rule for ties."""
    return backward_induction(game)


def equilibrium_reply(stage: StageGame, seat: int) -> Reply:
    """What a seat plays in that equilibrium of a stage game, in which it acts once."""
    policy = solution(stage).policy
    return next(reply for asked, reply in policy.items() if asked.player == seat and asked.kind == "act")


def is_equilibrium(stage: StageGame, profile: Profile) -> bool:
    """Whether no seat gains by leaving the profile alone."""
    kept = payoffs_of(stage, profile)
    return all(
        payoffs_of(stage, deviated(profile, seat, action))[seat] <= kept[seat]
        for seat, actions in enumerate(stage.actions)
        for action in actions
    )


def is_dominant(stage: StageGame, profile: Profile) -> bool:
    """Whether every seat's action of the profile weakly dominates all its others."""
    return all(
        _is_better(stage, seat, action, other)
        for seat, action in enumerate(profile)
        for other in stage.actions[seat]
        if other != action
    )


def _is_better(stage: StageGame, seat: int, action: str, other: str) -> bool:
    better = False
    for profile in profiles_with(stage, seat, action):
        gain = payoffs_of(stage, profile)[seat] - payoffs_of(stage, deviated(profile, seat, other))[seat]
        if gain < 0:
            return False
        better = better or gain > 0
    return better


def profiles_with(stage: StageGame, seat: int, action: str) -> Iterator[Profile]:
    """Every profile in which the seat plays this action."""
    return itertools.product(*((action,) if place == seat else acts for place, acts in enumerate(stage.actions)))
