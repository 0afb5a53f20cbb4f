"""Deviation ratings of agents: how little each could gain by taking the others' seats, at best.

Source: Marris et al. (2025). Published are ranks only, and those are not the optimum (see `comity.dynamics.rating`);
here are both the ranks and the ratings they come from, of the lexicographic optimum.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import comb

import numpy as np
import pandas as pd

from comity.dynamics.rating import DeviationRatings, deviation_ratings
from comity.metrics.metagame import MetaGame, NoMetaGame, by_meta_game, meta_game, without_meta_game
from comity.metrics.metric import Metric
from comity.records.tables import Tables

MOST_GAINS = 250_000
"""So many gains a linear program of ratings has at most: agents times the multisets of agents that fill the seats."""


def rating_metrics() -> dict[str, Metric]:
    """The metrics of deviation ratings, for `table`: rating (the rank) and deviation_rating (in points)."""
    source = "Marris et al. (2025), deviation ratings as the lexicographic optimum"
    return {
        "rating": Metric(
            "Rank by deviation rating",
            "the rank of an agent by its deviation rating among the agents of a cell: 1 is best, and ties share the "
            "mean of their ranks",
            "rank",
            source,
            ranks,
            per="cell",
            remarks=without_ratings,
            best="low",
        ),
        "deviation_rating": Metric(
            "Deviation rating",
            "what an agent would gain on average over whoever it replaces, in the joint distribution of agents in "
            "which the gains of all are as small as can be; never above 0",
            "points",
            source,
            ratings,
            per="cell",
            remarks=without_ratings,
        ),
    }


def ranks(tables: Tables) -> pd.DataFrame:
    """For every match of a cell and every agent of that cell: its rank by deviation rating, 1 for the highest.

    Agents whose ratings agree to seven decimals share the mean of their ranks. The meta-game is that of the cell and
    replicate, payoffs averaged over seats (`meta_game`); where it has a hole, or cannot be rated, all values are NaN.
    Populations have no meta-game and no row.
    """
    return by_meta_game(tables, lambda outcomes: _values(outcomes, ranked=True))


def ratings(tables: Tables) -> pd.DataFrame:
    """For every match of a cell and every agent of that cell: its deviation rating in points, otherwise as `ranks`.

    A rating is what the agent would gain on average over whoever it replaces. It is never above 0.
    """
    return by_meta_game(tables, lambda outcomes: _values(outcomes, ranked=False))


def without_ratings(tables: Tables) -> Iterator[str]:
    """Which cells have no ratings, and why."""
    yield from without_meta_game(tables, "rating")
    for key, outcomes in tables.outcomes.groupby(["mechanism", "game", "replicate"], sort=False):
        try:
            paid = meta_game(outcomes)
        except NoMetaGame:
            continue
        if not paid.missing and _ratings_of(paid) is None:
            size = f"{len(paid.agents)} agents in {paid.payoffs.ndim} seats"
            yield f"no rating in {' '.join(map(str, key))}, where {size} make a linear program that is not solved"


def _values(outcomes: pd.DataFrame, *, ranked: bool) -> pd.DataFrame:
    paid = meta_game(outcomes)
    found = _ratings_of(paid)
    values = np.nan if found is None else found.ranks() if ranked else np.minimum(found.ratings, 0.0)
    return pd.DataFrame({"agent": paid.agents, "value": values})


def _ratings_of(paid: MetaGame) -> DeviationRatings | None:
    """The ratings, worked out once for ranks and ratings; None with a hole or where the program cannot be solved."""
    agents, seats = len(paid.agents), paid.payoffs.ndim
    if paid.missing or agents * comb(agents + seats - 1, seats) > MOST_GAINS:
        return None
    return _rated(paid.payoffs.tobytes(), paid.payoffs.shape)


@lru_cache(maxsize=1_000)
def _rated(payoffs: bytes, shape: tuple[int, ...]) -> DeviationRatings | None:
    try:
        return deviation_ratings(np.frombuffer(payoffs).reshape(shape))
    except ArithmeticError:
        return None
