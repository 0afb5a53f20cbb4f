"""A game in normal form: every player picks one action at once, and a rule says what each is paid.

`NormalForm` is abstract; the games derive from it and say only their actions, their roles and their payoff rule.
Everything a reader or a player may want to know besides is worked out here, from that rule.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, TypeVar

from comity.core.decision import Decision, Fact
from comity.core.flow import Choices, Decisions, Flow, StageGame, ask
from comity.core.named import Scale, scale_of
from comity.core.outcome import Outcome
from comity.core.space import OneOf

Profile: TypeAlias = tuple[str, ...]
Payoffs: TypeAlias = tuple[float, ...]
T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """One line of what a seat is shown: its action, those of the others in seat order, and who is paid what."""

    own: str
    others: Profile
    paid: float
    others_paid: Payoffs


class NormalForm(ABC):
    """A base game in which every seat acts once and at the same time."""

    @property
    @abstractmethod
    def n_players(self) -> int: ...

    @property
    @abstractmethod
    def actions(self) -> tuple[tuple[str, ...], ...]:
        """The names of the actions of each seat, in the order they are shown."""

    @abstractmethod
    def payoffs(self, profile: Profile) -> Payoffs:
        """What each seat is paid when seat i plays profile[i]."""

    @property
    def rules(self) -> tuple[Fact, ...]:
        """The game itself: its payoff rule is common knowledge."""
        return (self,)

    @property
    def roles(self) -> tuple[str, ...]:
        """The name of each seat; equal names mean that the seats are interchangeable."""
        return ("player",) * self.n_players

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        """For each seat the action that cooperates; None where no action of the game means that."""
        return (None,) * self.n_players

    @property
    def defective(self) -> tuple[str | None, ...]:
        """For each seat the action that defects; None where no action of the game means that."""
        return (None,) * self.n_players

    @cached_property
    def scale(self) -> Scale:
        """Between what the scores of this game lie: see `scale_of`."""
        return scale_of(self)

    def profiles(self) -> Iterator[Profile]:
        """Every profile of actions, in the order of the actions."""
        return itertools.product(*self.actions)

    def best_replies(self, seat: int, profile: Profile) -> tuple[str, ...]:
        """The actions that pay `seat` most while the others play as in `profile` (its own entry is ignored)."""
        paid = {action: self.payoffs(deviated(profile, seat, action))[seat] for action in self.actions[seat]}
        best = max(paid.values())
        return tuple(action for action, payoff in paid.items() if payoff == best)

    def is_equilibrium(self, profile: Profile) -> bool:
        """Whether no seat gains by deviating alone (Nash equilibrium in pure actions)."""
        return all(profile[seat] in self.best_replies(seat, profile) for seat in range(self.n_players))

    def pure_equilibria(self) -> tuple[Profile, ...]:
        """Every Nash equilibrium in pure actions."""
        return tuple(filter(self.is_equilibrium, self.profiles()))

    def rows(self, seat: int) -> Iterator[Row]:
        """The payoff rule as `seat` is shown it: see `rows_of`."""
        return rows_of(self, seat)

    @cached_property
    def _decisions(self) -> Decisions:
        return tuple(Decision(seat, "act", OneOf(actions), (self,)) for seat, actions in enumerate(self.actions))

    @cached_property
    def _outcomes(self) -> dict[Choices, Outcome]:
        return {}

    def play(self) -> Flow[Outcome]:
        profile = yield from ask(*self._decisions)
        outcome = self._outcomes.get(profile)
        if outcome is None:  # outcomes are values: the same profile may as well be the same object
            outcome = self._outcomes[profile] = Outcome(self.payoffs(profile), profile)
        return outcome


def rows_of(game: StageGame, seat: int) -> Iterator[Row]:
    """The payoffs of a stage game as `seat` is shown them: its own action first, then the others in seat order."""
    for profile in sorted(itertools.product(*game.actions), key=lambda p: game.actions[seat].index(p[seat])):
        paid = game.payoffs(profile)
        yield Row(profile[seat], without(profile, seat), paid[seat], without(paid, seat))


def deviated(profile: Profile, seat: int, action: str) -> Profile:
    """The profile with the action of one seat replaced."""
    return (*profile[:seat], action, *profile[seat + 1 :])


def without(items: tuple[T, ...], seat: int) -> tuple[T, ...]:
    """The items of everybody but `seat`."""
    return (*items[:seat], *items[seat + 1 :])
