"""What can be measured.

A metric gives every player of every match a value: its occurrences. How these become one number is the same for all
metrics and stands in `table`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from comity.core.errors import ComityError
from comity.metrics.selection import fitness, without_fitness
from comity.records.tables import Tables

_WHERE = ["match", "mechanism", "game", "replicate", "role", "agent"]


class MetricError(ComityError):
    """A question that the tables do not answer; the message is one sentence that says what may be asked."""


@dataclass(frozen=True)
class Metric:
    """Something that can be measured.

    definition: one sentence. source: where it comes from.
    unit: "score" and "share" may be averaged over games, "points" are each game's own.
    per_match: whether all players of a match have the same value, so that a match counts once where nobody is singled
        out.
    occurrences: the value of every player of every match (of every play, for cooperation), with the columns match,
        mechanism, game, replicate, role, agent and value. A value that should be there and is not is NaN; where the
        game defines none there is no row.
    weighted: whether the values belong to the agents of a whole cell, none of which has a role in it. Then occurrences
        have a column `weight`, by which agents are averaged.
    remarks: what a reader must know of these tables, one sentence each.
    """

    title: str
    definition: str
    unit: Literal["score", "share", "points"]
    source: str
    occurrences: Callable[[Tables], pd.DataFrame]
    per_match: bool = False
    weighted: bool = False
    remarks: Callable[[Tables], Iterable[str]] = lambda tables: ()


def _paid(tables: Tables) -> pd.DataFrame:
    return tables.outcomes[_WHERE].assign(value=tables.outcomes["payoff"])


def _scored(tables: Tables) -> pd.DataFrame:
    outcomes = tables.outcomes
    defined = outcomes["score"].notna() | outcomes["payoff"].isna()
    return outcomes[_WHERE].assign(value=outcomes["score"])[defined]


def _cooperated(tables: Tables) -> pd.DataFrame:
    plays = tables.plays
    shown = plays[_WHERE].assign(value=plays["cooperated"].astype("Float64").to_numpy(float, na_value=float("nan")))
    silent = tables.outcomes[~tables.outcomes["match"].isin(plays["match"])]
    return pd.concat(
        [shown[shown["value"].notna()], _without_undefined(silent, shown)[_WHERE].assign(value=float("nan"))]
    )


def _without_undefined(silent: pd.DataFrame, shown: pd.DataFrame) -> pd.DataFrame:
    """The players of matches without plays, but for roles that are known to have no cooperative action."""
    keys = ["game", "role"]
    defined = shown["value"].notna().groupby([shown[key] for key in keys]).any()
    undefined = defined.index[~defined]
    return silent[~pd.MultiIndex.from_frame(silent[keys]).isin(undefined)]


def _shared(tables: Tables) -> pd.DataFrame:
    outcomes = tables.outcomes
    by_match = outcomes.groupby("match")
    seats = by_match["seat"].transform("max") + 1
    mean = (
        by_match["payoff"]
        .transform("mean")
        .where(by_match["payoff"].transform("count").eq(by_match["payoff"].transform("size")))
    )
    return outcomes[_WHERE].assign(value=seats * mean)


METRICS: dict[str, Metric] = {
    "mean": Metric(
        "Mean score",
        "the payoff of a match on the scale where 0 is everybody defecting and 1 is everybody cooperating; not clipped",
        "score",
        "CoopEval (2026), the Mean of its headline table",
        _scored,
    ),
    "cooperation": Metric(
        "Cooperation rate",
        "the share of actions that are the cooperative one of their seat, every play counted once per seat",
        "share",
        "Rapoport and Chammah (1965), the frequency of cooperative choices",
        _cooperated,
    ),
    "payoff": Metric(
        "Payoff",
        "what a player is paid for a match, in the points of the game; rounds are discounted as the mechanism says",
        "points",
        "CoopEval (2026), the discounted payoff of a match",
        _paid,
    ),
    "welfare": Metric(
        "Welfare",
        "what all seats of a game are paid together; of a population, what one group is paid on average",
        "points",
        "Ledyard (1995), group payoffs as the measure of efficiency",
        _shared,
        per_match=True,
    ),
    "fitness": Metric(
        "Fitness",
        "the mean score of an agent in the population that replicator dynamics lead to from equal shares; not at rest "
        "always, and dependent on that start",
        "score",
        "CoopEval (2026), the Fitness of its headline table; exponential weights, rate 0.1, 1,000 steps",
        fitness,
        weighted=True,
        remarks=without_fitness,
    ),
}
