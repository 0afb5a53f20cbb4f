"""One player's choice to make: who, of what kind, among what, seeing what.

A decision is a value. What the player `sees` is at once what it is shown, what a strategy may use and what names its
information set, so the prompt and the theory cannot drift apart. Two decisions with equal `sees` are the same question.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from comity.core.space import Space

NATURE = -1
"""The player who draws: chance is a player like any other."""

C = TypeVar("C")
F = TypeVar("F")

Fact: TypeAlias = Hashable
"""Something a player knows: any frozen dataclass."""


@dataclass(frozen=True, slots=True)
class Seats:
    """From here on players are counted by seat: seat i is taken by the player called players[i] so far."""

    players: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Decision(Generic[C]):
    """A choice to make.

    player: who makes it (`NATURE` is chance), counted from 0 in the outermost game.
    kind: "act", "propose", "approve", "sign", "speak", "sanction", "predict", or for chance what is drawn.
    options: the legal choices.
    sees: all the player knows and all it is shown, outermost first.
    """

    player: int
    kind: str
    options: Space[C]
    sees: tuple[Fact, ...] = ()

    @property
    def seat(self) -> int:
        """The player's place in the innermost game: its number after every change of `Seats`."""
        place = self.player
        for fact in self.sees:
            if type(fact) is Seats:
                place = fact.players.index(place)
        return place

    def facts(self, kind: type[F]) -> Iterator[F]:
        """The facts of that kind, innermost first."""
        return (fact for fact in reversed(self.sees) if isinstance(fact, kind))

    def fact(self, kind: type[F]) -> F | None:
        """The innermost fact of that kind, if there is one."""
        return next(self.facts(kind), None)


class Observer(Protocol):
    """What a player is told beyond what all are told."""

    def __call__(self, player: int, /) -> tuple[Any, ...]: ...
