"""The plain case as data: two seats, two actions each, a fixed number of rounds, trembling hands or steady ones.

It is what the fast paths of this room play and calculate. They know no mechanism; what a `PlainRepetition` says is all
there is to it, and its flow and its data must give the same choices and the same payoffs to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from comity.core.flow import Choices
from comity.core.space import Lottery

Lotteries: TypeAlias = Mapping[tuple[int, int], Lottery[str]]
Pair: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class PlainRepetition:
    """A repeated game for two with two actions a seat.

    actions: for each seat (the action that cooperates, the action that defects).
    paid: for each sign of a round, as the first seat sees it, what both seats are paid (see `automata.sign`).
    weights: how much each round counts; a payoff is the sum of weight times pay, added from the first round on.
    noise: None where hands are steady; else the probability that an action is executed as the other one, drawn for
        both seats in a step of its own before each round.
    """

    actions: tuple[tuple[str, str], tuple[str, str]]
    paid: tuple[Pair, Pair, Pair, Pair]
    weights: tuple[float, ...]
    noise: float | None = None

    @property
    def rounds(self) -> int:
        """How many there are."""
        return len(self.weights)

    @property
    def steps_per_round(self) -> int:
        """One in which both act; before it one in which their hands may tremble."""
        return 1 if self.noise is None else 2

    @property
    def act_step(self) -> int:
        """Which step of a round is the one in which both act."""
        return self.steps_per_round - 1

    def lottery(self, seat: int, chance: float) -> Lottery[str]:
        """What a seat answers that cooperates with that probability."""
        return Lottery(self.actions[seat], (chance, 1 - chance))

    def choices(self, meant: Iterable[int], slips: Iterable[int]) -> tuple[Choices, ...]:
        """The choices of a match, step by step, as its record has them.

        meant, slips: for each round 2 x (the first seat) + (the second), where 1 is to defect or to slip. Without
        noise the slips are not looked at.
        """
        if self.noise is None:
            return tuple(map(self._profiles.__getitem__, meant))
        return tuple(
            choices for code, slip in zip(meant, slips, strict=True) for choices in (_SLIPS[slip], self._profiles[code])
        )

    @cached_property
    def _profiles(self) -> tuple[Choices, ...]:
        first, second = self.actions
        return tuple((mine, theirs) for mine in first for theirs in second)


_SLIPS: tuple[Choices, ...] = ((0, 0), (0, 1), (1, 0), (1, 1))
