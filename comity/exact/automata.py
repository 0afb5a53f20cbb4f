"""Finite-state strategies as data: enough to play them, to bulk-play them, and to know what they earn exactly.

An automaton sees each past round as one of four signs, by whether it cooperated itself and whether the others did
(with several others: whether all of them did). What is executed counts, not what was meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from comity.core.errors import BadParameter

BOTH, SUCKER, TEMPTED, NEITHER = range(4)
"""The four signs of a round: both cooperated, only I did, only the others did, none did."""

Transitions: TypeAlias = tuple[int, int, int, int]


def sign(own: bool, others: bool) -> int:
    """The sign of a round in which I (`own`) and the others did or did not cooperate."""
    return 2 * (not own) + (not others)


@dataclass(frozen=True)
class Automaton:
    """A finite-state strategy for a game seen as cooperate or defect.

    start: the state of the first round.
    cooperates: for each state the probability of cooperating in it.
    then: for each state the next state after each sign of the round (both, sucker, tempted, neither).

    Raises `BadParameter` where a probability or a state does not exist.
    """

    start: int
    cooperates: tuple[float, ...]
    then: tuple[Transitions, ...]

    def __post_init__(self) -> None:
        states = range(len(self.cooperates))
        if len(self.then) != len(self.cooperates) or self.start not in states:
            raise BadParameter("an automaton needs one row of transitions for each state, and to start in one of them")
        if any(len(row) != 4 or any(state not in states for state in row) for row in self.then):
            raise BadParameter("each row of an automaton's transitions names four of its states")
        if any(not 0 <= probability <= 1 for probability in self.cooperates):
            raise BadParameter("the probabilities of cooperating must lie between 0 and 1")

    @property
    def is_deterministic(self) -> bool:
        """Whether it never mixes."""
        return all(probability in (0, 1) for probability in self.cooperates)


def memory_one(first: float, both: float, sucker: float, tempted: float, neither: float) -> Automaton:
    """The automaton that cooperates with these probabilities at first and after each sign (Nowak and Sigmund 1990)."""
    return Automaton(4, (both, sucker, tempted, neither, first), ((0, 1, 2, 3),) * 5)
