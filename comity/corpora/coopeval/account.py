"""What the source tells of a match, in one form for both of its layouts.

An account is believed nowhere yet: `check` plays it again and says where it cannot be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from comity.corpora.coopeval.names import Names


@dataclass(frozen=True, slots=True)
class MoveAccount:
    """What one seat is said to have done in one play.

    action: what was finally played, in our names; None where the source lost it.
    points: what the seat is said to have been paid, transfers included; base_points: before them, where that is told.
    delegated: whether a mediator played for it.
    stated: the probability the agent gave each of its options, in their order; empty where the source kept none.
    """

    action: str | None
    points: float
    delegated: bool = False
    base_points: float | None = None
    stated: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class PlayAccount:
    """One play of the stage game: in which round (from 0), by whom (seat i by players[i]), and each seat's move."""

    round: int
    players: tuple[int, ...]
    moves: tuple[MoveAccount, ...]


@dataclass(frozen=True, slots=True)
class ElectionAccount:
    """Who proposed what, who approved what, and whose proposal is said to have won.

    proposals: one per seat; None where the source lacks it.
    winner: a seat, from 0. designer: the agent that is said to have made the winning proposal.
    signatures: one per seat; empty under a mediator. all_signed: what the source concludes from them.
    """

    proposals: tuple[Any, ...]
    ballots: tuple[tuple[bool, ...], ...]
    winner: int
    designer: str
    signatures: tuple[bool, ...] = ()
    all_signed: bool | None = None


@dataclass(frozen=True, slots=True)
class MatchAccount:
    """One match as the source tells it.

    where: the file and line, or the row, it was read from.
    place: the number of the match in its tournament, from 0.
    agents: one per player, as in `MatchSpec`.
    plays: in the order they were played; empty where only payoffs are told.
    payoffs: the payoff of the whole match, one per player, where the source tells it; else empty.
    """

    where: str
    place: int
    agents: tuple[str, ...]
    plays: tuple[PlayAccount, ...] = ()
    election: ElectionAccount | None = None
    payoffs: tuple[float, ...] = ()


@dataclass(frozen=True)
class Tournament:
    """All matches of one game under one mechanism in one replicate.

    name: what messages call it. names: what is played there and by whom.
    notes: what the source lacks of this tournament. accounts: tells its matches, anew at every call.
    """

    name: str
    replicate: str
    names: Names
    notes: tuple[str, ...]
    accounts: Callable[[], Iterator[MatchAccount]]

    @property
    def matches(self) -> int:
        """How many matches there should be: all agents against all in every seat, or one of the whole population."""
        terms = self.names.terms
        return 1 if terms.rotates else len(self.names.roster) ** terms.seats
