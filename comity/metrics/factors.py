"""Which conditions made a difference, and how much of what varies between episodes each factor explains.

The unit is the episode: what a player does in one match is one value, however many rounds it has. The values of the
players of a match belong together and are no independent draws, which `comity.stats.variance` takes into account. Where
matches share answers or proposals, the replicate of a cell is what belongs together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.metrics.catalogue import metrics_of
from comity.metrics.cells import Cells, cells_by_label
from comity.metrics.metric import Metric, MetricError, decisions_of
from comity.records.levels import cell_levels, is_drawn
from comity.records.levels import levels as levels_of
from comity.records.spec import Cell
from comity.records.tables import Tables
from comity.stats.variance import ABSENT, Explained, explained
from comity.words.phrases import some

MOST_LEVELS = 40
"""A factor with more levels is left out, and so is one with fewer than `LEAST` episodes for each of its levels."""
LEAST = 2
TOGETHER = " x "
"""Between two factors that are looked at together."""
_STACK = "stack"


@dataclass(frozen=True)
class Share:
    """How much of the variance a factor explains, or two factors together.

    freedom: degrees of freedom; 0 where other factors tell all it could. eta: the share in these episodes. omega: the
    share without what chance adds; low, high: its 95 % interval. p: of no effect. NaN where it cannot be told.
    """

    factor: str
    levels: int
    freedom: int
    eta: float
    omega: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class LevelMean:
    """The mean of episodes at one level, all other factors as they are in all episodes that have this factor."""

    factor: str
    level: str
    value: float
    low: float
    high: float
    matches: int


@dataclass(frozen=True)
class Variance:
    """A metric by factors.

    residual: the share that no factor explains. matches: so many it rests on. correlation: of the values of one match,
    beyond what the factors explain; NaN where a match has one value.
    """

    metric: str
    shares: tuple[Share, ...]
    means: tuple[LevelMean, ...]
    residual: float
    matches: int
    correlation: float
    notes: tuple[str, ...]


def varied(cells: Iterable[Cell]) -> frozenset[str]:
    """The factors of these cells: the fields of mechanisms that differ between them or are drawn in each match."""
    of_cells = [cell_levels(cell) for cell in cells]
    told = {(factor, level) for of_cell in of_cells for factor, level in of_cell.items()}
    several = {factor for factor, count in Counter(factor for factor, _ in told).items() if count > 1}
    return frozenset(several | _drawn(of_cells))


def _drawn(of_cells: Iterable[Mapping[str, str]]) -> set[str]:
    """The factors that chance draws somewhere: which episodes have which of their levels is luck."""
    return {factor for of_cell in of_cells for factor, level in of_cell.items() if is_drawn(factor, level)}


def levels(tables: Tables, cells: Iterable[Cell]) -> pd.DataFrame:
    """The level of every factor in every match, with the columns match, factor and level.

    The factors are those that are `varied`; a match has rows for those in its stack. Raises `MetricError` where chance
    draws levels and the tables have no decisions.
    """
    known = cells_by_label(cells)
    drawn = _drawn(map(cell_levels, known.values()))
    decisions = decisions_of(tables, "levels that chance drew are decisions of chance") if drawn else tables.decisions
    found = levels_of(tables.matches, decisions, known)
    return found[found["factor"].isin(varied(known.values()))].reset_index(drop=True)


def variance(
    tables: Tables,
    cells: Iterable[Cell],
    metric: str | Metric = "cooperation",
    games: Sequence[str] | None = None,
    *,
    metrics: Mapping[str, Metric] | None = None,
    interactions: bool = False,
) -> Variance:
    """How much of the variance of a metric between episodes each factor explains, and its mean at each level.

    Factors are those of `levels`, and where they vary the stack (by its mechanisms), the game, the agent, its partner
    in games for two, and its seat. An agent that sits in several seats of a match has a value for each and no seat. Of
    metrics with one value for a whole match the factors are who sits in each seat.
    games: which to take; all of them unless said. interactions: whether every two factors are looked at together
    too, as far as there are episodes enough.

    Raises `MetricError` for metrics that are worked out of a whole cell, for points of several games, and where there
    is no value or no factor.
    """
    known = tuple(cells)
    measure = metric if isinstance(metric, Metric) else _called(metric, metrics or metrics_of(known))
    episodes, missing = episode_values(tables, measure, games)
    columns = _columns(tables, known, episodes)
    taken, left = _taken(columns, episodes)
    if not taken:
        raise MetricError("there is no factor to explain anything: all episodes were played in the same condition")
    codes = {factor: _coded(columns[factor]) for factor in taken}
    drawn = _any(tables, episodes, "drawn") or not _drawn(map(cell_levels, known)).isdisjoint(taken)
    pairs, crowded = _pairs([len(names) for _, names in codes.values()], episodes) if interactions else ([], [])
    found = explained(
        episodes["value"].to_numpy(float),
        [code for code, _ in codes.values()],
        _together(tables, episodes),
        interactions=pairs,
        drawn=drawn,
    )
    name = metric if isinstance(metric, str) else measure.title
    return Variance(
        name,
        tuple(_shares(found, codes)),
        tuple(_means(found, codes, episodes, measure.unit == "share")),
        found.residual / found.total if found.total else float("nan"),
        int(episodes["match"].nunique()),
        found.correlation,
        (*_notes(found, episodes, drawn, _any(tables, episodes, "shared")), *left, *crowded, *missing),
    )


def _called(name: str, metrics: Mapping[str, Metric]) -> Metric:
    if name not in metrics:
        raise MetricError(f"there is no metric {name!r}; there are {', '.join(metrics)}")
    return metrics[name]


# Episodes


def episode_values(tables: Tables, measure: Metric, games: Sequence[str] | None) -> tuple[pd.DataFrame, list[str]]:
    """One row for each player of each match with its value, and what is missing, in words.

    games: which to take; all of them unless said. Raises `MetricError` as `variance` does.
    """
    if measure.per == "cell":
        raise MetricError(f"{measure.title} is worked out of a whole cell: a single episode has no value in it")
    occurrences = measure.counted(measure.occurrences(tables), ["agent"] if measure.per == "player" else [])
    if games is not None and "all" not in games:
        unknown = [game for game in games if game not in set(tables.outcomes["game"])]
        if unknown:
            there = ", ".join(tables.outcomes["game"].unique())
            raise MetricError(f"there is no game {unknown[0]!r} here; there are {there}")
        occurrences = occurrences[occurrences["game"].isin(games)]
    keys = ["match", "mechanism", "game", "replicate", "role", "agent"]
    found = occurrences.assign(player=_players(tables, occurrences))
    found = found.groupby([*keys, "player"], sort=False)["value"].mean().reset_index()
    valued = found[found["value"].notna()].reset_index(drop=True)
    if valued.empty:
        raise MetricError(f"no episode has a value of {measure.title.lower()}")
    if measure.unit == "points" and valued["game"].nunique() > 1:
        raise MetricError(
            f"{measure.title} is counted in the points of each game, and {', '.join(valued['game'].unique())} cannot "
            "be put together: take one game"
        )
    lost = found["match"].nunique() - valued["match"].nunique()
    return valued, [f"matches without a value: {lost:,}"] if lost else []


def _players(tables: Tables, occurrences: pd.DataFrame) -> pd.Series:
    """Which of several players of a match that are one agent in one role an occurrence is of, counted from 0.

    Occurrences come in the order of plays and seats, so that these players take turns in them.
    """
    keys = ["match", "agent", "role"] if occurrences["role"].any() else ["match", "agent"]
    many = tables.outcomes.groupby(keys).size().reindex(pd.MultiIndex.from_frame(occurrences[keys]))
    turns = occurrences.groupby(keys, sort=False).cumcount()
    return turns % np.maximum(np.nan_to_num(many.to_numpy(float), nan=1.0), 1.0).astype(int)


def _columns(tables: Tables, cells: tuple[Cell, ...], episodes: pd.DataFrame) -> pd.DataFrame:
    """A column of levels for each factor, one row for each row of the episodes; missing where there is none."""
    known = cells_by_label(cells)
    found = levels(tables, cells)
    wide = found.pivot(index="match", columns="factor", values="level").reindex(episodes["match"])
    wide = wide[[*dict.fromkeys(found["factor"])]].reset_index(drop=True)
    stacks = [_stack(known, *key) for key in zip(episodes["mechanism"], episodes["game"], strict=True)]
    whose = pd.DataFrame({_STACK: stacks, "game": episodes["game"].to_numpy(), **_selves(tables, episodes)})
    return pd.concat([wide, whose], axis=1)


def _stack(cells: Cells, mechanism: str, game: str) -> str | None:
    cell = cells.get((mechanism, game))
    return None if cell is None else "+".join(spec.name for spec in cell.stack) or "none"


def _selves(tables: Tables, episodes: pd.DataFrame) -> dict[str, Any]:
    """Who an agent is, whom it met in a game for two, and where it sat; for values of whole matches who sat where."""
    outcomes = tables.outcomes[tables.outcomes["match"].isin(episodes["match"])]
    if not episodes["agent"].any():
        return _seated(outcomes, episodes)
    keys = ["match", "agent", "role"] if episodes["role"].any() else ["match", "agent"]
    seats = outcomes.groupby(keys)["seat"].agg(["min", "max", "size"])
    mine = seats.reindex(pd.MultiIndex.from_frame(episodes[keys]))
    seat = mine["min"].where((mine["min"] == mine["max"]) & (mine["size"] == 1)) + 1
    return {
        "agent": episodes["agent"].to_numpy(),
        "partner": _partners(outcomes, episodes),
        "seat": [None if np.isnan(number) else str(int(number)) for number in seat.to_numpy(float)],
    }


def _seated(outcomes: pd.DataFrame, episodes: pd.DataFrame) -> dict[str, Any]:
    """The agent in each seat, where no match is of a population."""
    if outcomes.duplicated(["match", "seat"]).any():
        return {}
    seats = outcomes.pivot(index="match", columns="seat", values="agent").reindex(episodes["match"])
    return {f"agent in seat {number + 1}": seats[number].to_numpy() for number in range(seats.shape[1])}


def _partners(outcomes: pd.DataFrame, episodes: pd.DataFrame) -> list[str | None]:
    both = {match: list(agents) for match, agents in outcomes.groupby("match")["agent"] if len(agents) == 2}
    found: list[str | None] = []
    for match, agent in zip(episodes["match"].tolist(), episodes["agent"].tolist(), strict=True):
        pair = both.get(match, [])
        found.append(pair[1 - pair.index(agent)] if agent in pair else None)
    return found


def _most(episodes: pd.DataFrame) -> int:
    """So many levels a factor may have, or two factors together."""
    return min(MOST_LEVELS, episodes["match"].nunique() // LEAST)


def _pairs(sizes: Sequence[int], episodes: pd.DataFrame) -> tuple[list[tuple[int, int]], list[str]]:
    """Which factors are looked at together, by their places, and how many are not."""
    every = list(combinations(range(len(sizes)), 2))
    taken = [(one, two) for one, two in every if sizes[one] * sizes[two] <= _most(episodes)]
    left = len(every) - len(taken)
    note = f"pairs of factors that are not looked at together, because they have too many levels for that: {left}"
    return taken, [note] if left else []


def _taken(columns: pd.DataFrame, episodes: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The factors that vary and have episodes enough, and which have not."""
    sizes = {str(factor): int(columns[factor].nunique()) for factor in columns}
    most = _most(episodes)
    taken = [factor for factor, size in sizes.items() if 1 < size <= most]
    many = [f"{factor} ({size:,} levels)" for factor, size in sizes.items() if size > max(most, 1)]
    left = f"not looked at, because there are too few episodes for each of its levels: {some(many, 12, '; ')}"
    return taken, [left] if many else []


def _coded(column: pd.Series) -> tuple[NDArray[np.intp], list[str]]:
    """The levels of a factor as codes in the order of the tables, and their names."""
    codes, names = pd.factorize(column)
    return np.where(codes < 0, ABSENT, codes), list(map(str, names))


def _together(tables: Tables, episodes: pd.DataFrame) -> NDArray[np.intp]:
    """What belongs together: the players of a match, or all matches of a replicate that share answers."""
    shared = _told(tables, episodes, "shared")
    cells = episodes.groupby(["mechanism", "game", "replicate"], sort=False).ngroup().to_numpy()
    matches = pd.factorize(episodes["match"])[0]
    return np.where(shared, cells, matches + len(episodes))


def _told(tables: Tables, episodes: pd.DataFrame, column: str) -> NDArray[np.bool_]:
    """What the table of matches says of each episode; where it says nothing, a match is drawn and shares nothing."""
    silent = column == "drawn"
    told = tables.matches.set_index("match").reindex(columns=[column])[column].reindex(episodes["match"])
    return np.asarray(told.fillna(silent).to_numpy(bool))


def _any(tables: Tables, episodes: pd.DataFrame, column: str) -> bool:
    return bool(_told(tables, episodes, column).any())


# What was found

_Codes = Mapping[str, tuple[NDArray[np.intp], list[str]]]


def _shares(found: Explained, codes: _Codes) -> Iterator[Share]:
    names = list(codes)
    for effect in found.effects:
        if len(effect.term) > 1 and not effect.freedom:
            continue  # two factors of which one is only in the stacks of the other have nothing together
        sizes = [len(codes[names[place]][1]) for place in effect.term]
        yield Share(
            TOGETHER.join(names[place] for place in effect.term),
            int(np.prod(sizes)),
            effect.freedom,
            effect.eta,
            effect.omega,
            effect.low,
            effect.high,
            effect.p,
        )


def _means(found: Explained, codes: _Codes, episodes: pd.DataFrame, share: bool) -> Iterator[LevelMean]:
    """share: whether values, and so the ends of intervals, lie between 0 and 1."""
    names, matches = list(codes), episodes["match"].to_numpy()
    for mean in found.means:
        code, labels = codes[names[mean.factor]]
        count = len(set(matches[code == mean.level].tolist()))
        low, high = np.clip((mean.low, mean.high), 0.0, 1.0).tolist() if share else (mean.low, mean.high)
        yield LevelMean(names[mean.factor], labels[mean.level], mean.value, low, high, count)


def _notes(found: Explained, episodes: pd.DataFrame, drawn: bool, shared: bool) -> Iterator[str]:
    yield (
        f"the unit is the episode: {episodes['match'].nunique():,} matches, in each of which a player has one value "
        f"({len(episodes):,} in all)"
    )
    if found.clusters < len(episodes):
        whose = "a replicate that share answers or proposals" if shared else "one match"
        known = found.correlation == found.correlation
        so = f"; their correlation is {found.correlation:.2f}" if known else ""
        yield f"values of {whose} are not taken for independent{so}"
    yield "eta squared is the share in these episodes, omega squared the share without what chance adds"
    if not drawn:
        yield "nothing was left to chance, so numbers are exact"
    elif found.freedom < 1:
        yield "no interval, because there are no more episodes than there are conditions to tell apart: play more"
    else:
        yield "95 % intervals by the noncentral F distribution; what factors do together and is not listed is error"
    if any(not effect.freedom for effect in found.effects if len(effect.term) == 1):
        yield "a factor without a share cannot be told from others: they always change together"
    if any(not effect.freedom for effect in found.effects if len(effect.term) == 2):
        yield "two factors that are not listed together cannot be told from other factors and pairs"
