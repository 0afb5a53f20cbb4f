"""What can be measured."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from comity.metrics.behaviour import behaviour_metrics
from comity.metrics.crossed import expected_metrics
from comity.metrics.memory import memory_metrics
from comity.metrics.metric import WHERE, Metric, MetricError
from comity.metrics.predictions import prediction_metrics
from comity.metrics.proposals import design_metrics
from comity.metrics.rating import rating_metrics
from comity.metrics.regret import regret_metrics
from comity.metrics.scores import score_metrics
from comity.metrics.selection import fitness, without_fitness
from comity.metrics.turns import turn_metrics
from comity.records.spec import Cell
from comity.records.tables import Tables


def _paid(tables: Tables) -> pd.DataFrame:
    return tables.outcomes[WHERE].assign(value=tables.outcomes["payoff"])


def _scored(tables: Tables) -> pd.DataFrame:
    outcomes = tables.outcomes
    defined = outcomes["score"].notna() | outcomes["payoff"].isna()
    return outcomes[WHERE].assign(value=outcomes["score"])[defined]


def _cooperated(tables: Tables) -> pd.DataFrame:
    plays = tables.plays
    shown = plays[WHERE].assign(value=plays["cooperated"].astype("Float64").to_numpy(float, na_value=float("nan")))
    silent = tables.outcomes[~tables.outcomes["match"].isin(plays["match"])]
    return pd.concat(
        [shown[shown["value"].notna()], _without_undefined(silent, shown)[WHERE].assign(value=float("nan"))]
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
    return outcomes[WHERE].assign(value=seats * mean)


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
        per="match",
    ),
    "fitness": Metric(
        "Fitness",
        "the mean score of an agent in the population that replicator dynamics lead to from equal shares; not at rest "
        "always, and dependent on that start",
        "score",
        "CoopEval (2026), the Fitness of its headline table; exponential weights, rate 0.1, 1,000 steps",
        fitness,
        per="cell",
        weighted=True,
        remarks=without_fitness,
    ),
}


def metrics_of(cells: Iterable[Cell]) -> dict[str, Metric]:
    """All metrics by name, for tables of matches that were played in these cells: some must know the rules."""
    known = tuple(cells)
    by_tables = METRICS | rating_metrics() | behaviour_metrics()
    by_cells = expected_metrics(known) | regret_metrics(known) | design_metrics(known)
    in_rounds = memory_metrics(known) | turn_metrics(known) | prediction_metrics(known)
    return by_tables | score_metrics(known) | by_cells | in_rounds


GROUPS = {"design": ("design_equilibrium", "design_dominance")}
"""Names that stand for several metrics."""


def asked(names: Iterable[str]) -> list[str]:
    """The metrics that are meant by these names, each once. Raises `MetricError` where there is none of a name."""
    known = metrics_of(())
    found = [metric for name in names for metric in GROUPS.get(name, (name,))]
    for name in found:
        if name not in known:
            raise MetricError(f"there is no metric {name!r}; there are {', '.join([*known, *GROUPS])}")
    return list(dict.fromkeys(found))
