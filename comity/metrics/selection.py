"""Fitness as published: what agents are paid in the population that selection among them leads to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from comity.dynamics.payoffs import fitness as expected
from comity.dynamics.published import exponential_weights
from comity.metrics.metagame import MOST_CELLS, is_population, is_too_large, meta_game
from comity.records.tables import Tables

_CELL = ["mechanism", "game", "replicate"]
_NAMED = 6
"""So many missing cells a sentence names before it counts the rest."""


def fitness(tables: Tables) -> pd.DataFrame:
    """For every match of a cell and every agent of that cell: its fitness, and as `weight` its final share.

    The shares are those of the published dynamics on the payoffs of the cell and replicate; the fitness is measured in
    scores. It rests on all matches of the cell, so each of them has a row for every agent; that of a match without
    payoff is NaN, as all are where the meta-game has a hole. Populations have no meta-game and no row.
    """
    cells = [_of_cell(outcomes) for _, outcomes in _cells(tables) if _has_meta_game(outcomes) and _scored(outcomes)]
    columns = ["match", *_CELL, "role", "agent", "value", "weight"]
    return pd.concat(cells, ignore_index=True) if cells else pd.DataFrame(columns=columns)


def without_fitness(tables: Tables) -> Iterator[str]:
    """Which cells have no fitness, and why."""
    populations = dict.fromkeys(key[0] for key, outcomes in _cells(tables) if is_population(outcomes))
    if populations:
        yield (
            f"no fitness under {', '.join(populations)}: "
            "all play there in one match, so no payoff is for meeting certain others"
        )
    for key, outcomes in _cells(tables):
        if not is_population(outcomes) and is_too_large(outcomes):
            yield f"no fitness in {' '.join(key)}, where agents and seats make more than {MOST_CELLS:,} meetings"
        if _has_meta_game(outcomes) and (missing := meta_game(outcomes).missing):
            more = f"; and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
            yield f"no fitness in {' '.join(key)}, where nobody was paid as {'; '.join(missing[:_NAMED])}{more}"


def _cells(tables: Tables) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    for key, outcomes in tables.outcomes.groupby(_CELL, sort=False):
        yield tuple(map(str, key)), outcomes


def _has_meta_game(outcomes: pd.DataFrame) -> bool:
    return not is_population(outcomes) and not is_too_large(outcomes)


def _scored(outcomes: pd.DataFrame) -> bool:
    """Whether the game defines scores, as far as can be seen."""
    return bool((outcomes["score"].notna() | outcomes["payoff"].isna()).all())


def _of_cell(outcomes: pd.DataFrame) -> pd.DataFrame:
    paid = meta_game(outcomes)
    values = pd.DataFrame({"role": "", "agent": paid.agents, "value": np.nan, "weight": np.nan})
    if not paid.missing:
        # Scores are payoffs on another scale, and shares sum to one: so is what is expected of them.
        final = exponential_weights(paid.payoffs).final
        values["value"] = expected(meta_game(outcomes, "score", paid.agents).payoffs, final)
        values["weight"] = final
    matches = outcomes.drop_duplicates("match")[["match", *_CELL]]
    matches = matches.assign(paid=outcomes.groupby("match")["payoff"].count().reindex(matches["match"]).to_numpy() > 0)
    rows = matches.merge(values, how="cross")
    return rows.assign(value=rows["value"].where(rows["paid"])).drop(columns="paid")
