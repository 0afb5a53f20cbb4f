"""Fitness as published: what agents are paid in the population that selection among them leads to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.dynamics.payoffs import fitness as expected
from comity.dynamics.published import exponential_weights
from comity.metrics.metagame import by_meta_game, meta_game, without_meta_game
from comity.records.tables import Tables


def fitness(tables: Tables) -> pd.DataFrame:
    """For every match of a cell and every agent of that cell: its fitness, and as `weight` its final share.

    The shares are those of the published dynamics on the payoffs of the cell and replicate; the fitness is measured in
    scores. Where the meta-game has a hole all values are NaN. Populations have no meta-game and no row.
    """
    return by_meta_game(tables, _of_cell)


def without_fitness(tables: Tables) -> Iterator[str]:
    """Which cells have no fitness, and why."""
    yield from without_meta_game(tables, "fitness")


def _of_cell(outcomes: pd.DataFrame) -> pd.DataFrame | None:
    if not _scored(outcomes):
        return None
    paid = meta_game(outcomes)
    values = pd.DataFrame({"agent": paid.agents, "value": np.nan, "weight": np.nan})
    if paid.missing:
        return values
    # Scores are payoffs on another scale, and shares sum to one: so is what is expected of them.
    final = _final(paid.payoffs.tobytes(), paid.payoffs.shape)
    scores = expected(meta_game(outcomes, "score", paid.agents).payoffs, final)
    return values.assign(value=scores, weight=final)


@lru_cache(maxsize=1_000)
def _final(payoffs: bytes, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """The final shares, kept, because several tables ask for those of the same payoffs."""
    return exponential_weights(np.frombuffer(payoffs).reshape(shape)).final


def _scored(outcomes: pd.DataFrame) -> bool:
    """Whether the game defines scores, as far as can be seen."""
    return bool((outcomes["score"].notna() | outcomes["payoff"].isna()).all())
