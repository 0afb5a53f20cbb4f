"""Weighing what cooperation brings: whoever trades off cooperates where the game makes it worth enough, and lapses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from comity.core.decision import Decision
from comity.core.errors import BadParameter
from comity.core.flow import Game
from comity.core.match import Decide, Reply, play
from comity.core.named import layers
from comity.mechanisms.stacking import checked_share
from comity.strategies.finite_state import mixed
from comity.strategies.once import once
from comity.strategies.seen import meaning_of

_CERTAIN = 40
"""So many widths from the threshold nothing but lapses is left, to rounding."""


@dataclass(frozen=True)
class Trading:
    """Cooperates with probability low + (1 - low - high) F((K - threshold) / width), F being the logistic function.

    K is the index of cooperation of its seat in the base game, (R - P) / (T - S) (Rapoport 1967): what all gain by
    cooperating over what is between defecting alone and cooperating alone. low, high: how often it lapses at either
    end. Nothing that happens changes it, so its curve is known. Raises `BadParameter` unless width is positive and the
    lapses leave a curve.
    """

    threshold: float = 0.5
    width: float = 0.05
    low: float = 0.0
    high: float = 0.0

    def __post_init__(self) -> None:
        checked_share("low", self.low)
        checked_share("high", self.high)
        if not (self.width > 0 and self.low + self.high < 1):
            raise BadParameter("trading needs a positive width, and lapses that are less than 1 together")

    def begin(self, game: Game, player: int) -> Decide:
        meaning = meaning_of(game)

        *_, base = layers(game)

        def decide(decision: Decision[Any]) -> Reply:
            seat, worth = decision.seat % meaning.n_seats, indices(base)
            chance = self.chance(worth[decision.seat % len(worth)])
            return mixed((meaning.cooperative[seat], meaning.defective[seat]), chance)

        return decide

    def chance(self, index: float) -> float:
        """The probability to cooperate at that index of cooperation."""
        at = (index - self.threshold) / self.width
        if abs(at) > _CERTAIN:
            return 1 - self.high if at > 0 else self.low
        return self.low + (1 - self.low - self.high) / (1 + math.exp(-at))


@once
def indices(game: Game) -> tuple[float, ...]:
    """The index of cooperation K = (R - P) / (T - S) of each seat (Rapoport 1967), for any number of players.

    R: all cooperate; P: all defect; T: only this seat defects; S: only this seat cooperates. Where defecting alone pays
    no more than cooperating alone nothing is to be traded off, and it is infinite.
    """
    meaning = meaning_of(game)

    def paid(seat: int, own: bool, others: bool) -> float:
        def decide(decision: Decision[Any]) -> Reply:
            cooperates = own if decision.seat == seat else others
            return (meaning.cooperative if cooperates else meaning.defective)[decision.seat]

        outcome = play(game, decide).outcome
        assert outcome is not None
        return outcome.payoffs[seat]

    found = []
    for seat in range(meaning.n_seats):
        gain = paid(seat, True, True) - paid(seat, False, False)
        between = paid(seat, False, True) - paid(seat, True, False)
        found.append(gain / between if between > 0 else math.inf)
    return tuple(found)
