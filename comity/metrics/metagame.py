"""The meta-game of a cell: agents as actions, what they were paid for meeting each other as payoffs.

Two forms. As published, an agent is paid its mean over all seats, so the meta-game is symmetric and who sat where is
lost. Role by role, nothing is averaged over seats.

Replicates are independent, so each has a meta-game of its own. What is measured of meta-games is measured of these;
only to be shown are they averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.core.errors import ComityError
from comity.records.tables import Tables
from comity.words.phrases import some

Column = Literal["payoff", "score"]
Key: TypeAlias = tuple[str, ...]

_CELL = ["mechanism", "game"]
_TOURNAMENT = [*_CELL, "replicate"]
_NAMED = 6
"""So many missing cells a sentence names before it counts the rest."""

MOST_CELLS = 1_000_000
"""So many cells a meta-game has at most: agents to the power of seats."""
MOST_SEATS = 24
"""With more, as on a network, nobody is paid for meeting all the others."""


class NoMetaGame(ComityError):
    """A cell without a meta-game.

    All play there in one match, so no payoff is for meeting certain others; or there are more than `MOST_CELLS` or
    `MOST_SEATS`.
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

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row for each agent and co-players, each order of these once: agent, others and value."""
        for focal, *others in np.ndindex(self.payoffs.shape):
            if others == sorted(others):
                named = _names(self.agents, others)
                yield {"agent": self.agents[focal], "others": named, "value": float(self.payoffs[(focal, *others)])}


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

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row for each seat and who sits there and elsewhere: seat, agent, others (by seat) and value."""
        for seat, *profile in np.ndindex(self.payoffs.shape):
            named = _names(self.agents, [who for place, who in enumerate(profile) if place != seat])
            value = float(self.payoffs[(seat, *profile)])
            yield {"seat": seat, "agent": self.agents[profile[seat]], "others": named, "value": value}


def meta_game(outcomes: pd.DataFrame, column: Column = "payoff", agents: Sequence[str] | None = None) -> MetaGame:
    """The meta-game of one cell and replicate (or several), seats averaged.

    The payoff of an agent among certain co-players is its mean over all (match, seat) in which it met exactly those, in
    whatever order. outcomes: rows of `Tables.outcomes`; those without a payoff do not count. agents: their order; that
    of the rows unless said. Source: CoopEval (2026). Raises `NoMetaGame` where more play in a match than the game has
    seats, or only one, or where there are more than `MOST_CELLS` or `MOST_SEATS`.
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


@overload
def meta_games(
    tables: Tables, *, column: Column = "payoff", roles: Literal[False] = False
) -> dict[tuple[str, str], MetaGame]: ...


@overload
def meta_games(
    tables: Tables, *, column: Column = "payoff", roles: Literal[True]
) -> dict[tuple[str, str], RoleMetaGame]: ...


def meta_games(
    tables: Tables, *, column: Column = "payoff", roles: bool = False
) -> dict[tuple[str, str], MetaGame] | dict[tuple[str, str], RoleMetaGame]:
    """The meta-game of every cell by mechanism and game, each entry the mean of what it is in the replicates.

    Replicates weigh the same, however many matches they have; one that lacks an entry does not count there. An entry
    that all lack is NaN, and named by `missing`. column: what is paid, payoffs or scores. roles: whether seats are kept
    apart. Agents come in the order of the outcomes. Cells without a meta-game are left out (see `without_meta_game`).
    """
    return _role_meta_games(tables, column) if roles else _meta_games(tables, column)


def _meta_games(tables: Tables, column: Column) -> dict[tuple[str, str], MetaGame]:
    found = {}
    for key, agents, replicates in _replicated(tables):
        found[key] = MetaGame(agents, _mean([meta_game(part, column, agents).payoffs for part in replicates]))
    return found


def _role_meta_games(tables: Tables, column: Column) -> dict[tuple[str, str], RoleMetaGame]:
    found = {}
    for key, agents, replicates in _replicated(tables):
        found[key] = RoleMetaGame(agents, _mean([role_meta_game(part, column, agents).payoffs for part in replicates]))
    return found


def _replicated(tables: Tables) -> Iterator[tuple[tuple[str, str], tuple[str, ...], list[pd.DataFrame]]]:
    """For each cell with a meta-game its mechanism and game, its agents, and the outcomes of its replicates."""
    for (mechanism, game), outcomes in tables.outcomes.groupby(_CELL, sort=False):
        if _has_meta_game(outcomes):
            replicates = [part for _, part in outcomes.groupby("replicate", sort=False)]
            yield (str(mechanism), str(game)), tuple(outcomes["agent"].unique()), replicates


def _mean(payoffs: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The mean of the arrays, entry by entry, over those that have it."""
    stacked = np.stack(payoffs)
    counts = np.isfinite(stacked).sum(0)
    return np.asarray(np.divide(np.nansum(stacked, 0), counts, out=np.full(counts.shape, np.nan), where=counts > 0))


# What is measured of meta-games


def by_meta_game(tables: Tables, measured: Callable[[pd.DataFrame], pd.DataFrame | None]) -> pd.DataFrame:
    """For every match of a cell and replicate and every agent there, what is measured of their meta-game.

    measured: from the outcomes of a cell and replicate that has a meta-game to one row for each agent, with `agent`,
        `value` and maybe `weight`; None where it is not defined.

    A value rests on all matches of the cell and replicate, so each of them has a row for every agent, of no role; that
    of a match without payoff is NaN. These are the occurrences of a `comity.metrics.catalogue.Metric`.
    """
    found = [
        values.assign(**dict(zip(_TOURNAMENT, key, strict=True)))
        for key, outcomes in _tournaments(tables)
        if _has_meta_game(outcomes) and (values := measured(outcomes)) is not None
    ]
    if not found:
        return pd.DataFrame(columns=["match", *_TOURNAMENT, "role", "agent", "value", "weight"])
    rows = _matches(tables.outcomes).merge(pd.concat(found), on=_TOURNAMENT)
    return rows.assign(value=rows["value"].where(rows["paid"])).drop(columns="paid")


def _matches(outcomes: pd.DataFrame) -> pd.DataFrame:
    """One row per match, and whether anybody was paid in it."""
    paid = outcomes.loc[outcomes["payoff"].notna(), "match"].unique()
    matches = outcomes.drop_duplicates("match")[["match", *_TOURNAMENT]]
    return matches.assign(role="", paid=matches["match"].isin(paid))


def without_meta_game(tables: Tables, lacking: str) -> Iterator[str]:
    """Which cells have no meta-game, or one with holes, and why. lacking: what they therefore do not have."""
    populations = dict.fromkeys(key[0] for key, outcomes in _tournaments(tables) if is_population(outcomes))
    if populations:
        yield (
            f"no {lacking} under {', '.join(populations)}: "
            "all play there in one match, so no payoff is for meeting certain others"
        )
    alone = dict.fromkeys(key[0] for key, outcomes in _tournaments(tables) if is_alone(outcomes))
    if alone:
        yield f"no {lacking} under {some(list(alone), _NAMED)}: a match of it has one player, who meets nobody"
    crowds = {key[0]: seats for key, outcomes in _tournaments(tables) if (seats := _seats(outcomes)) > MOST_SEATS}
    for name, seats in crowds.items():
        if name not in populations:
            yield f"no {lacking} under {name}: {seats:,} play there at once, so no payoff is for meeting certain others"
    for key, outcomes in _tournaments(tables):
        if not is_population(outcomes) and is_too_large(outcomes) and _seats(outcomes) <= MOST_SEATS:
            yield f"no {lacking} in {' '.join(key)}, where agents and seats make more than {MOST_CELLS:,} meetings"
        if _has_meta_game(outcomes) and (missing := meta_game(outcomes).missing):
            yield f"no {lacking} in {' '.join(key)}, where nobody was paid as {some(missing, _NAMED, '; ')}"


def _tournaments(tables: Tables) -> Iterator[tuple[Key, pd.DataFrame]]:
    """The outcomes of every cell and replicate."""
    for key, outcomes in tables.outcomes.groupby(_TOURNAMENT, sort=False):
        yield tuple(map(str, key)), outcomes


def _has_meta_game(outcomes: pd.DataFrame) -> bool:
    return not (is_population(outcomes) or is_alone(outcomes) or is_too_large(outcomes))


# Outcomes as arrays


class _Seated:
    """Matches as arrays: who sat where and what it was paid, [match, seat]."""

    def __init__(self, outcomes: pd.DataFrame, column: Column, agents: Sequence[str] | None) -> None:
        if is_population(outcomes):
            raise NoMetaGame("a match of this cell has more players than the game has seats")
        if is_alone(outcomes):
            raise NoMetaGame("a match of this cell has one player, who meets nobody")
        self.agents = tuple(outcomes["agent"].unique() if agents is None else agents)
        self.seats = outcomes["seat"].nunique()
        if self.seats > MOST_SEATS:
            raise NoMetaGame(f"a match of this cell has {self.seats} seats, more than {MOST_SEATS}")
        if len(self.agents) ** self.seats > MOST_CELLS:
            raise NoMetaGame(f"{len(self.agents)} agents in {self.seats} seats make more than {MOST_CELLS:,} cells")
        labels, match = np.unique(outcomes["match"].to_numpy(), return_inverse=True)
        numbers, seat = np.unique(outcomes["seat"].to_numpy(), return_inverse=True)
        number_of = {agent: number for number, agent in enumerate(self.agents)}
        self.who = np.zeros((len(labels), len(numbers)), dtype=int)
        self.paid = np.full((len(labels), len(numbers)), np.nan)
        self.who[match, seat] = [number_of[agent] for agent in outcomes["agent"]]
        self.paid[match, seat] = outcomes[column].to_numpy(float)

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


def is_alone(outcomes: pd.DataFrame) -> bool:
    """Whether a match is of one player, as that of an observer is."""
    return bool(outcomes["player"].max() == 0)


def is_too_large(outcomes: pd.DataFrame) -> bool:
    """Whether the meta-game would have more than `MOST_CELLS` or more than `MOST_SEATS`."""
    seats = _seats(outcomes)
    return bool(seats > MOST_SEATS or outcomes["agent"].nunique() ** seats > MOST_CELLS)


def _seats(outcomes: pd.DataFrame) -> int:
    return int(outcomes["seat"].nunique())


def _names(agents: Sequence[str], places: Sequence[int]) -> str:
    return ", ".join(agents[place] for place in places)
