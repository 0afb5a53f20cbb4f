"""What the page shows beyond the metrics: who was paid what against whom, and how cooperation went over the rounds.

Every mean is first taken in the finest cell (replicate, agent, and here opponent or round) and then over replicates
with equal weights, as `comity.metrics` does it. Only finished matches count.
"""

from __future__ import annotations

import math

import pandas as pd

from comity.records.tables import Tables

CELL = ["mechanism", "game"]


def payoffs_against(tables: Tables) -> pd.Series:
    """The mean payoff of an agent in matches with another, over everybody else who took part.

    Indexed by mechanism, game, agent and opponent. Where a population plays in changing groups the mean is over the
    plays of the stage game in which the two met, every round counting the same.
    """
    populations = _populations(tables)
    outcomes = tables.outcomes[~tables.outcomes["match"].isin(populations)].assign(play=0)
    plays = tables.plays[tables.plays["match"].isin(populations)]
    columns = ["match", "play", "replicate", *CELL, "player", "agent", "payoff"]
    seats = pd.concat([frame[columns] for frame in (outcomes, plays)], ignore_index=True).dropna(subset="payoff")
    met = seats.merge(seats[["match", "play", "player", "agent"]], on=["match", "play"], suffixes=("", "_met"))
    met = met[met["player"] != met["player_met"]].rename(columns={"agent_met": "opponent"})
    return _over_replicates(met, [*CELL, "agent", "opponent"], "payoff")


def population_cells(tables: Tables) -> set[tuple[str, str]]:
    """The mechanisms and games in which a match is a whole population that plays in changing groups."""
    matches = tables.matches[tables.matches["match"].isin(_populations(tables))]
    return set(matches[CELL].drop_duplicates().itertuples(index=False, name=None))


def cooperation_by_round(tables: Tables) -> pd.Series:
    """The share of cooperative actions of an agent in a round, indexed by mechanism, game, agent and round (from 1).

    Only cells with more than one round, and only games in which an action cooperates.
    """
    plays = tables.plays.dropna(subset="cooperated")
    plays = plays[plays.groupby(CELL)["round"].transform("max") > 0]
    plays = plays.assign(cooperated=plays["cooperated"].astype(float), round=plays["round"] + 1)
    return _over_replicates(plays, [*CELL, "agent", "round"], "cooperated")


def in_blocks(by_round: pd.DataFrame, most: int = 25) -> pd.DataFrame:
    """The frame with its rows (rounds) averaged in at most so many equal blocks, named by their first round."""
    size = math.ceil(len(by_round) / most)
    firsts = (by_round.index - 1) // size * size + 1
    return by_round.groupby(firsts).mean()


def _populations(tables: Tables) -> pd.Series:
    seats = tables.outcomes.groupby("match").agg(seats=("seat", "nunique"), players=("player", "nunique"))
    return seats.index[seats["players"] > seats["seats"]].to_series()


def _over_replicates(frame: pd.DataFrame, keys: list[str], column: str) -> pd.Series:
    cells = frame.groupby([*keys, "replicate"])[column].mean()
    means: pd.Series = cells.groupby(level=keys).mean()
    return means
