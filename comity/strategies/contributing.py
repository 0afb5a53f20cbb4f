"""Conditional cooperation in groups: what counts is how many of the others contributed last.

To contribute is to cooperate, so these play any game; what the others did last is read as `seen` says. As long as that
is not to be seen they do what they do first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from comity.core.decision import Decision
from comity.core.errors import BadParameter
from comity.core.flow import Game
from comity.core.match import Decide, Reply
from comity.mechanisms.stacking import checked_share
from comity.strategies.finite_state import mixed
from comity.strategies.seen import Meaning, circle_of, last_actions, meaning_of, progress_of


@dataclass(frozen=True)
class ThresholdContributor:
    """Contributes if at least k of the others did last, and at first if `first` says so.

    Granovetter (1978); as a strategy for the repeated game Boyd and Richerson (1988), who call it T_k. With k = n - 1
    it is tit for tat among n players. Raises `BadParameter` if k is negative.
    """

    k: int = 1
    first: bool = True

    def __post_init__(self) -> None:
        if self.k < 0:
            raise BadParameter(f"k must not be negative, not {self.k}")

    def begin(self, game: Game, player: int) -> Decide:
        return _by_contributors(game, float(self.first), lambda others: float(sum(others) >= self.k))


@dataclass(frozen=True)
class ConditionalContributor:
    """Contributes with probability intercept + slope x (the share of the others who did last), between 0 and 1.

    The contribution schedule of Fischbacher, Gächter and Fehr (2001), read as a probability because here one
    contributes all or nothing: a slope of 1 matches the others, less than 1 is the self-serving bias they report, 0 is
    unconditional. first: the probability at first.
    """

    first: float = 1.0
    intercept: float = 0.0
    slope: float = 1.0

    def __post_init__(self) -> None:
        checked_share("first", self.first)

    def begin(self, game: Game, player: int) -> Decide:
        return _by_contributors(game, self.first, self._chance)

    def _chance(self, others: list[bool]) -> float:
        return min(max(self.intercept + self.slope * sum(others) / len(others), 0.0), 1.0)


def _by_contributors(game: Game, first: float, chance: Callable[[list[bool]], float]) -> Decide:
    meaning = meaning_of(game)

    def decide(decision: Decision[Any]) -> Reply:
        seat, others = _others_contributed(decision, meaning)
        actions = (meaning.cooperative[seat], meaning.defective[seat])
        return mixed(actions, first if others is None else chance(others))

    return decide


def _others_contributed(decision: Decision[Any], meaning: Meaning) -> tuple[int, list[bool] | None]:
    circle = circle_of(decision, meaning.n_seats)
    actions = last_actions(progress_of(decision.sees), circle)
    if actions is None:
        return circle.seat, None
    return circle.seat, [actions[other] == meaning.cooperative[other] for other in circle.others]
