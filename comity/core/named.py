"""Games whose actions have a meaning: which of them cooperates, and between which payoffs a score lies."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from math import fsum, nan, prod
from typing import Protocol, runtime_checkable

from comity.core.errors import NotNamed
from comity.core.flow import Game, StageGame


@dataclass(frozen=True)
class Scale:
    """The two payoffs that scores are measured between.

    low: the mean payoff per seat when everybody defects.
    high: the mean payoff per seat when everybody cooperates.
    """

    low: float
    high: float

    def normalised(self, payoff: float) -> float:
        """The payoff where low is 0 and high is 1; not clipped (CoopEval 2026, the scale of its Mean).

        A game that pays everybody the same whatever they do has no such scale; the answer is NaN.
        """
        return (payoff - self.low) / (self.high - self.low) if self.low < self.high else nan


@runtime_checkable
class Seated(Game, Protocol):
    """A game whose seats have roles."""

    @property
    def roles(self) -> tuple[str, ...]:
        """The name of each seat; equal names mean that the seats are interchangeable."""
        ...


@runtime_checkable
class Collecting(Game, Protocol):
    """A game in which a player is paid several plays of the base game, added up."""

    @property
    def plays_paid(self) -> float:
        """How many plays a player is paid, on average over the players."""
        ...


@runtime_checkable
class Named(Seated, Protocol):
    """A game whose seats have roles and whose actions have a meaning, whether its players act at once or in turn."""

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        """For each seat the action that cooperates; None where no action of the game means that."""
        ...

    @property
    def defective(self) -> tuple[str | None, ...]:
        """For each seat the action that defects; None where no action of the game means that."""
        ...

    @property
    def scale(self) -> Scale:
        """Between what the scores of this game lie."""
        ...


@runtime_checkable
class NamedStage(Named, StageGame, Protocol):
    """A stage game that is named."""


def layers(game: Game) -> Iterator[Game]:
    """The game, the game that it is made from (its `base`), and so on down to the one that has none."""
    layer: Game | None = game
    while layer is not None:
        yield layer
        layer = getattr(layer, "base", None)


def named_game(game: Game) -> Named:
    """The game that names the actions under a stack of mechanisms: the outermost named one. Raises `NotNamed`."""
    for layer in layers(game):
        if isinstance(layer, Named):
            return layer
    raise NotNamed(f"{type(layer).__name__} says neither its roles nor which of its actions cooperate")


def seated_game(game: Game) -> Seated:
    """The game that names the seats under a stack of mechanisms: the outermost that does.

    In a population, player p sits in its seat p modulo its number of seats. Raises `NotNamed`.
    """
    return next((layer for layer in layers(game) if isinstance(layer, Seated)), None) or named_game(game)


def scale_under(game: Game) -> Scale:
    """Between what the scores under a stack of mechanisms lie: the scale of the named game, times what is added up."""
    named = named_game(game)
    outside = takewhile(lambda layer: layer is not named, layers(game))
    times = prod(layer.plays_paid for layer in outside if isinstance(layer, Collecting))
    return Scale(named.scale.low * times, named.scale.high * times)


def scale_of(game: NamedStage) -> Scale:
    """The scale that follows from the payoff rule.

    From the mean payoff when all play their defective action to the mean payoff when all play their cooperative one.
    Where those are missing or do not rise, from the lowest to the highest mean payoff of any profile; where that is
    one number too (constant-sum games), from the lowest payoff of any seat.
    """
    defect, cooperate = _mean_payoff(game, game.defective), _mean_payoff(game, game.cooperative)
    if defect is not None and cooperate is not None and defect < cooperate:
        return Scale(defect, cooperate)
    paid = [game.payoffs(profile) for profile in itertools.product(*game.actions)]
    means = [fsum(payoffs) / game.n_players for payoffs in paid]
    low, high = min(means), max(means)
    return Scale(low if low < high else min(map(min, paid)), high)


def _mean_payoff(game: NamedStage, profile: tuple[str | None, ...]) -> float | None:
    named = tuple(action for action in profile if action is not None)
    return fsum(game.payoffs(named)) / game.n_players if len(named) == game.n_players else None
