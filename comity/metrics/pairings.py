"""Who did what against whom: the episodes of two players by the agents in either seat, never averaged over seats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import numpy as np
import pandas as pd

from comity.core.errors import NotSolvable
from comity.core.named import NamedStage, named_game
from comity.exact.baselines import Extremes, extremes
from comity.metrics.cells import cells_by_label
from comity.metrics.turns import with_turns
from comity.records.spec import Cell
from comity.stats.estimate import Estimate, Part, combined

MEASURES: Mapping[str, str] = {
    "defection_1": "Defection of seat 1",
    "defection_2": "Defection of seat 2",
    "coordination": "Coordination",
    "alternation": "Taking turns",
    "score_1": "Score of seat 1",
    "score_2": "Score of seat 2",
}
"""What is told of a pairing, and what it is called."""

_CELL = ["mechanism", "game"]
_PAIR = [*_CELL, "first", "second"]
_ESTIMATED = ["value", "variance", "freedom", "draws", "episodes"]


def pairings(rounds: pd.DataFrame, cells: Iterable[Cell]) -> pd.DataFrame:
    """What is known of every pairing of two agents in every cell, of episodes of two players.

    rounds: of `comity.metrics.episodes.rounds_of`. One row for each pairing and measure, with the columns mechanism,
    game, first and second (the agents in seat 1 and seat 2), measure (of `MEASURES`), value, variance, freedom (of the
    mean, as in `comity.stats.estimate.Part`), draws and episodes. Every episode is one number: the share of rounds in
    which a seat did not cooperate (only where actions mean that), in which both took the option of the same place, and
    of pairs of rounds in which they took turns; and `score_of` what a seat was paid. Draws are replicates, or episodes
    where there is one replicate and they share nothing. Measures without a value have no row.
    """
    of_two = with_turns(rounds[rounds["players"] == 2])
    if of_two.empty:
        return pd.DataFrame(columns=[*_PAIR, "measure", *_ESTIMATED])
    episodes = _episodes(_seats(of_two, cells))
    parts = [_estimated(episodes.dropna(subset=name), name, _PAIR).assign(measure=name) for name in MEASURES]
    return pd.concat(parts, ignore_index=True)


def scores(rounds: pd.DataFrame, cells: Iterable[Cell]) -> pd.DataFrame:
    """What every agent was paid in every cell by the stage game, per round, by `score_of`.

    One row for each, with the columns mechanism, game, agent, and value to episodes as in `pairings`; an episode in
    which an agent has several seats is one number. Cells in which nothing can be scored have no row.
    """
    if rounds.empty:
        return pd.DataFrame(columns=[*_CELL, "agent", *_ESTIMATED])
    seats = _seats(with_turns(rounds), cells).dropna(subset="score")
    keys = ["match", *_CELL, "replicate", "cluster", "drawn", "agent"]
    episodes = seats.groupby(keys, sort=False)["score"].mean().reset_index()
    return _estimated(episodes, "score", [*_CELL, "agent"])


def score_of(ends: Extremes, seat: int, payoff: float) -> float:
    """A payoff of one play over the most that seat can be paid; from its least to its most, where one is below zero."""
    low, high = float(ends.low[seat]), float(ends.high[seat])
    if low >= 0 and high > 0:
        return payoff / high
    return (payoff - low) / (high - low) if high > low else float("nan")


@lru_cache(maxsize=1_000)
def ends_of(cell: Cell) -> Extremes | None:
    """Between what the payoffs of a play lie; None where the stage game is not played at once, or is too large."""
    named = named_game(cell.built)
    try:
        return extremes(named) if isinstance(named, NamedStage) else None
    except NotSolvable:
        return None


def _seats(rounds: pd.DataFrame, cells: Iterable[Cell]) -> pd.DataFrame:
    """One row for every seat of every episode: who sat there, and what it did and was paid; NaN where undefined.

    rounds: with turns.
    """
    ends = {key: ends_of(cell) for key, cell in cells_by_label(cells).items()}
    told = rounds.assign(
        defected=(~rounds["own"].astype(bool)).astype(float).where(rounds["basis"] == "cooperation"),
        coordinated=rounds["coordinated"].astype(float),
    )
    means = ("defected", "coordinated", "took_turns", "base_payoff")
    by_seat = told.groupby(["match", "seat"], sort=False).agg(
        **{name: (name, "first") for name in (*_CELL, "replicate", "cluster", "drawn", "agent")},
        **{name: (name, "mean") for name in means},
    )
    found = by_seat.reset_index()
    paid = zip(found[_CELL].itertuples(index=False, name=None), found["seat"], found["base_payoff"], strict=True)
    return found.assign(score=[_score(ends[key], int(seat), payoff) for key, seat, payoff in paid])


def _score(ends: Extremes | None, seat: int, payoff: float) -> float:
    return float("nan") if ends is None else score_of(ends, seat, payoff)


def _episodes(seats: pd.DataFrame) -> pd.DataFrame:
    """One row for every episode of two: who sat where, and its measures."""
    first, second = (seats[seats["seat"] == seat].set_index("match") for seat in (0, 1))
    second = second.reindex(first.index)
    return first[[*_CELL, "replicate", "cluster", "drawn"]].assign(
        first=first["agent"],
        second=second["agent"],
        defection_1=first["defected"],
        defection_2=second["defected"],
        coordination=first["coordinated"],
        alternation=first["took_turns"],
        score_1=first["score"],
        score_2=second["score"],
    )


def _estimated(episodes: pd.DataFrame, measure: str, keys: list[str]) -> pd.DataFrame:
    """The mean of a measure for each combination of the keys, and how far it may be off."""
    matches = episodes.groupby(keys, sort=False)
    told = matches.agg(
        episodes=(measure, "size"),
        drawn=("drawn", "any"),
        replicates=("replicate", "nunique"),
        least=("cluster", "min"),
    )
    replicates = episodes.groupby([*keys, "replicate"], sort=False)[measure].mean().groupby(level=keys, sort=False)
    several, shared = told["replicates"] > 1, told["least"] < 0
    draws = told["replicates"].where(several | shared, told["episodes"])
    seen = replicates.var().reindex(told.index).where(several, matches[measure].var().reindex(told.index))
    least = (draws / told["episodes"]) ** 2 / 12  # what steps of one episode hide, see `comity.stats.estimate.seen`
    variance = (np.maximum(seen, least) / draws).where(draws > 1).where(told["drawn"], 0.0)
    found = told[["episodes"]].assign(
        value=replicates.mean().reindex(told.index),
        variance=variance,
        freedom=(draws - 1.0).where(told["drawn"], np.inf),
        draws=draws,
    )
    return found.reset_index()


def together(pairs: pd.DataFrame) -> dict[tuple[str, str, str], Estimate]:
    """Every pairing by measure, first and second agent: the mean over the cells of these rows, each the same."""
    found = _means(pairs, ["measure", "first", "second"])
    return {(measure, first, second): one for (measure, first, second), one in found}


def scores_together(scored: pd.DataFrame) -> dict[str, Estimate]:
    """The score of every agent: the mean over the cells of these rows, each the same."""
    return {agent: one for (agent,), one in _means(scored, ["agent"])}


def _means(rows: pd.DataFrame, keys: list[str]) -> Iterator[tuple[tuple[str, ...], Estimate]]:
    found: dict[tuple[str, ...], list[Part]] = {}
    labels, estimated = rows[keys], rows[["value", "variance", "freedom", "draws"]]
    each = zip(labels.itertuples(index=False, name=None), estimated.itertuples(index=False, name=None), strict=True)
    for key, (value, variance, freedom, draws) in each:
        found.setdefault(key, []).append(Part(value, variance, freedom, int(draws)))
    for key, parts in found.items():
        yield key, combined(parts, [1 / len(parts)] * len(parts))
