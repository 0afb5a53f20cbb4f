"""One value per episode: what a test takes for a draw.

An episode is a match. Its rounds follow from each other and its two seats may be one agent's, so all of what an agent
did in it is averaged before anything is compared. Whoever knows that episodes of one replicate, one opponent or one
game hang together averages over these too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import pandas as pd

from comity.metrics.metric import Metric, MetricError
from comity.records.tables import Tables

Unit: TypeAlias = Literal["match", "replicate", "opponent", "pair", "game"]
Key: TypeAlias = Literal["match", "mechanism", "game", "role", "seat", "replicate", "repeat", "opponent", "agent"]

UNITS: dict[Unit, list[str]] = {
    "match": ["match"],
    "replicate": ["mechanism", "game", "replicate"],
    "opponent": ["opponent"],
    "pair": ["pair"],
    "game": ["game"],
}
"""What can be one draw, and the columns by which it is told; a replicate is one of its cell."""
KEYS: tuple[Key, ...] = ("match", "mechanism", "game", "role", "seat", "replicate", "repeat", "opponent", "agent")
"""By what episodes can be told apart or paired."""
COLUMNS = [*KEYS, "pair", "players", "value"]

_AND = ", "
_WORDS = {"payoffs_only": "known by their payoffs only", "expected": "worked out and not played"}


def episode_values(tables: Tables, measure: Metric, name: str) -> pd.DataFrame:
    """What each agent got in each match: one row per match and agent, with `COLUMNS`; NaN where it has no value.

    role, seat, opponent: of the agent there; several are listed. pair: all agents of the match, players: the same in
    the order of their seats. Raises `MetricError` for a metric that gives single matches no value of their own.
    """
    values = _valued(measure, name, tables)
    means = values.groupby(["match", "agent"], sort=False)["value"].mean().rename("value")
    return _who(tables).join(means, on=["match", "agent"], how="inner")[COLUMNS].reset_index(drop=True)


def single_values(tables: Tables, measure: Metric, name: str) -> pd.DataFrame:
    """Every single value, such as one per play, with the same columns. Raises `MetricError` as `episode_values`."""
    values = _valued(measure, name, tables)[["match", "agent", "value"]]
    return _who(tables).merge(values, on=["match", "agent"])[COLUMNS]


def by_match(values: pd.DataFrame) -> pd.DataFrame:
    """One row per match, its agents averaged."""
    means = values.groupby("match", sort=False)["value"].mean()
    first = values.drop_duplicates("match").assign(agent="", role="", seat="", opponent="")
    return first.assign(value=first["match"].map(means)).reset_index(drop=True)


def averaged(values: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The mean value for each combination of these columns, NaN left out: by columns and `value`."""
    known = values[values["value"].notna()]
    return known.groupby(list(by), sort=False)["value"].mean().reset_index()


def what_was_drawn(tables: Tables, values: pd.DataFrame) -> Iterator[str]:
    """How far the episodes behind these values are draws of their own, one sentence for each doubt."""
    heads = values.drop_duplicates("match")
    known = tables.matches.set_index("match").loc[heads["match"]]
    calm, shared = (
        known[name].eq(truth).fillna(False).to_numpy(bool) for name, truth in (("drawn", False), ("shared", True))
    )
    copies = int(heads[calm].duplicated(["mechanism", "game", "players"]).sum())
    if calm.any():
        yield (
            f"nothing was left to chance in {calm.sum():,} of {len(known):,} episodes: played again they would be the "
            "same, so p-values say how these episodes differ, and nothing of chance"
        )
    if copies:
        yield (
            f"{copies:,} of these are copies of others, the same players again, and no draws: average over them, with "
            "--paired-by or --unit, before you believe a p-value"
        )
    if shared.any():
        yield (
            f"{shared.sum():,} of {len(known):,} episodes share proposals or answers with others of their replicate "
            "and are no draws of their own: ask again with --unit replicate"
        )


def what_is_missing(tables: Tables, values: pd.DataFrame) -> Iterator[str]:
    """How many episodes gave no value, and why."""
    without = set(values.loc[values["value"].isna(), "match"]) - set(values.loc[values["value"].notna(), "match"])
    if without:
        status = tables.matches.loc[tables.matches["match"].isin(without), "status"]
        why = Counter(_WORDS.get(one, one) for one in status)
        yield f"episodes without a value: {_AND.join(f'{count:,} {words}' for words, count in why.items())}"


def _valued(measure: Metric, name: str, tables: Tables) -> pd.DataFrame:
    if measure.per == "cell":
        raise MetricError(
            f"{name} is worked out of a whole cell, so single episodes have none; `comity contrast` compares replicates"
        )
    values = measure.occurrences(tables)
    if "unit" in values and len(values):
        raise MetricError(
            f"{name} is of proposals that stand in many episodes, so these are no draws of it; `comity contrast` "
            "compares replicates"
        )
    return values


def _who(tables: Tables) -> pd.DataFrame:
    """For every match and agent: where it was played, in which role and seat, and with whom."""
    outcomes = tables.outcomes.sort_values(["match", "player"])
    agents = outcomes.groupby("match", sort=False)["agent"].agg(list)
    rows = outcomes.groupby(["match", "agent"], sort=False).agg(
        mechanism=("mechanism", "first"),
        game=("game", "first"),
        replicate=("replicate", "first"),
        role=("role", _listed),
        seat=("seat", _listed),
    )
    found = rows.reset_index()
    repeats = tables.matches.set_index("match")["repeat"]
    everybody = agents.loc[found["match"]].tolist()
    return found.assign(
        repeat=found["match"].map(repeats).astype(str),
        opponent=[_AND.join(_without(players, own)) for players, own in zip(everybody, found["agent"], strict=True)],
        pair=[_AND.join(sorted(players)) for players in everybody],
        players=[_AND.join(players) for players in everybody],
    )


def _listed(entries: pd.Series) -> str:
    return _AND.join(dict.fromkeys(map(str, entries)))


def _without(players: Sequence[str], own: str) -> list[str]:
    """The players but for one time the agent itself, which may have met itself."""
    others = list(players)
    others.remove(own)
    return others
