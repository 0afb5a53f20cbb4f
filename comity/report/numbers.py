"""What the page shows beyond the metrics: who was paid what against whom, and how cooperation went over the rounds.

Every mean is first taken in the finest cell (replicate, agent, and here opponent or round) and then over replicates
with equal weights, as `comity.metrics` does it. Only finished matches count.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from comity.records.tables import Tables
from comity.stats.estimate import quantile

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
    there = seats.groupby(["match", "play", "agent"], sort=False).size().rename("others").reset_index()
    met = seats.merge(there.rename(columns={"agent": "opponent"}), on=["match", "play"])
    met = met.assign(others=met["others"] - (met["agent"] == met["opponent"]))  # nobody meets itself
    met = met[met["others"] > 0].assign(payoff=met["payoff"] * met["others"])
    keys = [*CELL, "agent", "opponent"]
    totals = met.groupby([*keys, "replicate"])[["payoff", "others"]].sum()
    means: pd.Series = (totals["payoff"] / totals["others"]).groupby(level=keys).mean().rename("payoff")
    return means


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


def half_widths(tables: Tables, *, each: bool = True) -> pd.Series:
    """How far the 95 % interval of the cooperation in a round reaches to each side of its mean.

    Indexed as `cooperation_by_round`, and without the agent where not `each`: then of the mean over agents, each with
    the same weight. Student's interval over replicates; where there is one, over its matches, if they share nothing.
    A draw varies no less than what steps of one play hide (`comity.stats.estimate.seen`). NaN where there is one draw,
    or nothing was left to chance.
    """
    plays = tables.plays.dropna(subset="cooperated")
    plays = plays[plays.groupby(CELL)["round"].transform("max") > 0]
    told = tables.matches.set_index("match")
    plays = plays.assign(
        cooperated=plays["cooperated"].astype(float),
        round=plays["round"] + 1,
        drawn=told["drawn"].reindex(plays["match"]).fillna(True).to_numpy(bool),
        shared=told["shared"].reindex(plays["match"]).fillna(False).to_numpy(bool),
    )
    keys = [*CELL, *(["agent"] if each else []), "round"]
    several = _half(plays, keys, "replicate", each)
    alone = _half(plays[~plays["shared"]], keys, "match", each)
    found = several.where(several.notna(), alone.reindex(several.index))
    drawn = plays.groupby(keys)["drawn"].any().reindex(found.index)
    return found.where(drawn)


def _half(plays: pd.DataFrame, keys: list[str], draw: str, each: bool) -> pd.Series:
    """Student's half width over draws, of which each is the mean over its plays, or agent by agent over its agents."""
    finest = [*keys, draw] if each else [*keys, draw, "agent"]
    by_draw = plays.groupby(finest)["cooperated"].agg(["mean", "size"]).groupby(level=[*keys, draw])
    draws = by_draw.agg(mean=("mean", "mean"), size=("size", "sum")).groupby(level=keys)
    spread = draws.agg(variance=("mean", "var"), draws=("mean", "size"), units=("size", "min"))
    least = (1 / spread["units"]) ** 2 / 12
    error = np.sqrt(np.maximum(spread["variance"], least) / spread["draws"])
    student = spread["draws"].map(lambda n: quantile(n - 1))
    half: pd.Series = (student * error).where(spread["variance"].notna())
    return half


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
