"""Before anything is measured: matches that were to be played and were not, and replicates of different runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from math import nan
from typing import Any

import pandas as pd

from comity.core.named import seated_game
from comity.metrics.metric import MetricError
from comity.records.spec import MatchSpec
from comity.records.tables import Tables

_CELL = ["mechanism", "game"]


def with_unplayed(tables: Tables, unplayed: Iterable[MatchSpec]) -> Tables:
    """The tables with those matches of the design that have no record: outcomes of the status "unfinished", unpaid.

    So whatever is measured counts them as missing.
    """
    rows = [row for spec in unplayed for row in _unpaid(spec)]
    if not rows:
        return tables
    added = pd.DataFrame(rows, columns=tables.outcomes.columns)
    return replace(tables, outcomes=pd.concat([tables.outcomes, added], ignore_index=True))


def _unpaid(spec: MatchSpec) -> Iterator[tuple[Any, ...]]:
    cell, group = spec.cell, seated_game(spec.cell.built)
    for player, agent in enumerate(spec.agents):
        seat = player % group.n_players
        where = (spec.index, cell.game_label, cell.mechanism_label, spec.replicate)
        yield (*where, player, seat, group.roles[seat], agent, "unfinished", nan, nan)


def under(tables: Tables, mechanisms: Sequence[str]) -> Tables:
    """The tables with nothing but matches under these mechanisms. Raises `MetricError` where there is no such."""
    played = tables.outcomes["mechanism"].unique().tolist()
    unknown = [mechanism for mechanism in mechanisms if mechanism not in played]
    if unknown:
        raise MetricError(f"there is no mechanism {unknown[0]!r} here; there are {', '.join(played)}")
    kept = tables.outcomes.loc[tables.outcomes["mechanism"].isin(mechanisms), "match"].unique()
    return Tables(**{name: frame[frame["match"].isin(kept)] for name, frame in vars(tables).items()})


def told_apart(runs: Mapping[str, Tables]) -> list[Tables]:
    """The tables of several runs by name, so that no replicate of one is taken for a replicate of another.

    Where the same cell has a replicate of that name in more than one run, the replicate is called RUN:REPLICATE.
    """
    owners: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for name, tables in runs.items():
        for key in tables.matches[[*_CELL, "replicate"]].drop_duplicates().itertuples(index=False):
            owners[tuple(key)].add(name)
    shared = {(name, key[-1]) for key, names in owners.items() if len(names) > 1 for name in names}
    return [_renamed(tables, name, {old for owner, old in shared if owner == name}) for name, tables in runs.items()]


def _renamed(tables: Tables, run: str, shared: Set[str]) -> Tables:
    new = {old: f"{run}:{old}" for old in shared}
    if not new:
        return tables
    frames = {name: getattr(tables, name) for name in ("matches", "outcomes", "plays")}
    return replace(
        tables, **{name: frame.assign(replicate=frame["replicate"].replace(new)) for name, frame in frames.items()}
    )
