"""The meta-game of a cell: agents as actions, what they were paid for meeting each other as payoffs.

Two forms. As published, an agent is paid its mean over all seats, so the meta-game is symmetric and who sat where is
lost. Role by role, nothing is averaged over seats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.core.errors import ComityError

Column = Literal["payoff", "score"]

MOST_CELLS = 1_000_000
"""So many cells a meta-game has at most: agents to the power of seats."""


class NoMetaGame(ComityError):
    """A cell without a meta-game.

    All play there in one match, so no payoff is for meeting certain others; or there are more than `MOST_CELLS`.
    """


@dataclass(frozen=True)
class MetaGame:
    """What agents are paid for whom they meet.

    agents: their labels. payoffs: [agent, co-player, ...], one axis per seat; the same for every order of the
    co-players; NaN where nobody was paid for it.
    """

    agents: tuple[str, ...]
    payoffs: NDArray[np.float64]

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """The cells without a payoff, by name, each order of the co-players once."""
        cells = np.argwhere(np.isnan(self.payoffs)).tolist()
        return tuple(
            f"{self.agents[focal]} against {_names(self.agents, others)}"
            for focal, *others in cells
            if others == sorted(others)
        )


@dataclass(frozen=True)
class RoleMetaGame:
    """What agents are paid in each seat.

    agents: their labels. payoffs: [seat, agent in seat 0, agent in seat 1, ...], what the one in that seat is paid; NaN
    where nobody was paid for it.
    """

    agents: tuple[str, ...]
    payoffs: NDArray[np.float64]

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """The profiles in which some seat has no payoff, by name."""
        profiles = np.argwhere(np.isnan(self.payoffs).any(0)).tolist()
        return tuple(_names(self.agents, profile) for profile in profiles)


def meta_game(outcomes: pd.DataFrame, column: Column = "payoff", agents: Sequence[str] | None = None) -> MetaGame:
    """The meta-game of one cell and replicate (or several), seats averaged.

    The payoff of an agent among certain co-players is its mean over all (match, seat) in which it met exactly those, in
    whatever order. outcomes: rows of `Tables.outcomes`; those without a payoff do not count. agents: their order; that
    of the rows unless said. Source: CoopEval (2026). Raises `NoMetaGame` where more play in a match than the game has
    seats, or where there are more than `MOST_CELLS`.
    """
    seated = _Seated(outcomes, column, agents)
    means = seated.means(lambda seat: [seated.who[:, seat], *np.sort(np.delete(seated.who, seat, 1), 1).T])
    focal, *others = np.indices(means.shape)
    return MetaGame(seated.agents, means[(focal, *np.sort(others, 0))])


def role_meta_game(
    outcomes: pd.DataFrame, column: Column = "payoff", agents: Sequence[str] | None = None
) -> RoleMetaGame:
    """The meta-game of one cell and replicate (or several), seats kept apart; otherwise as `meta_game`."""
    seated = _Seated(outcomes, column, agents)
    return RoleMetaGame(
        seated.agents, np.stack([seated.means(lambda _: [*seated.who.T], (seat,)) for seat in range(seated.seats)])
    )


class _Seated:
    """Matches as arrays: who sat where and what it was paid, [match, seat]."""

    def __init__(self, outcomes: pd.DataFrame, column: Column, agents: Sequence[str] | None) -> None:
        if is_population(outcomes):
            raise NoMetaGame("a match of this cell has more players than the game has seats")
        self.agents = tuple(outcomes["agent"].unique() if agents is None else agents)
        self.seats = outcomes["seat"].nunique()
        if len(self.agents) ** self.seats > MOST_CELLS:
            raise NoMetaGame(f"{len(self.agents)} agents in {self.seats} seats make more than {MOST_CELLS:,} cells")
        codes = pd.Categorical(outcomes["agent"], categories=list(self.agents)).codes
        laid = outcomes[["match", "seat"]].assign(who=codes.astype(int), paid=outcomes[column].to_numpy(float))
        wide = laid.pivot(index="match", columns="seat", values=["who", "paid"])
        self.who = wide["who"].to_numpy(int)
        self.paid = wide["paid"].to_numpy(float)

    def means(
        self, places: Callable[[int], list[NDArray[np.int64]]], seats: Sequence[int] | None = None
    ) -> NDArray[np.float64]:
        """The mean of what those seats were paid, each at its places; NaN where there is none."""
        totals, counts = np.zeros((2, *[len(self.agents)] * self.seats))
        for seat in range(self.seats) if seats is None else seats:
            counted = ~np.isnan(self.paid[:, seat])
            place = tuple(index[counted] for index in places(seat))
            np.add.at(totals, place, self.paid[counted, seat])
            np.add.at(counts, place, 1)
        return np.asarray(np.divide(totals, counts, out=np.full_like(totals, np.nan), where=counts > 0))


def is_population(outcomes: pd.DataFrame) -> bool:
    """Whether some match has more players than the game has seats."""
    return bool((outcomes["player"] != outcomes["seat"]).any())


def is_too_large(outcomes: pd.DataFrame) -> bool:
    """Whether the meta-game would have more than `MOST_CELLS`."""
    return bool(outcomes["agent"].nunique() ** outcomes["seat"].nunique() > MOST_CELLS)


def _names(agents: Sequence[str], places: Sequence[int]) -> str:
    return ", ".join(agents[place] for place in places)
