"""The same design in several runs: what differs between them.

Runs are independent, so their differences are taken cell by cell, unpaired, over the cells that all of them have. All
differences of one table are one family, judged together and corrected by Holm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pandas as pd

from comity.core.errors import ComityError
from comity.metrics.metric import Metric
from comity.metrics.strata import Stratum, nested, strata
from comity.records.tables import Tables
from comity.stats.estimate import Estimate, Part, combined, family
from comity.stats.multiplicity import holm
from comity.words.phrases import some

Key: TypeAlias = tuple[str, ...]
_Cell: TypeAlias = tuple[str, str]
_Parts: TypeAlias = dict[_Cell, tuple[Stratum, Part]]


class NotComparable(ComityError):
    """Runs that cannot be set side by side: there is one only, or they have nothing in common."""


@dataclass(frozen=True)
class Difference:
    """How much more a run has than the first one.

    estimate: of the difference, with its 95 % interval. p_holm: of no difference, corrected for all differences of the
    table; NaN where nothing can be told.
    """

    estimate: Estimate
    p_holm: float


@dataclass(frozen=True)
class Compared:
    """One row: its key, the value in each run, and for each run but the first its difference from the first."""

    key: Key
    values: tuple[Estimate, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Common:
    """What runs share. agents: None where they share none; then all agents of each are taken."""

    cells: frozenset[_Cell]
    agents: frozenset[str] | None


def common(runs: Mapping[str, Tables], games: Sequence[str] | None = None) -> Common:
    """The cells (mechanism, game) and agents that all runs have, among these games.

    Raises `NotComparable` where there is one run only, or no cell in common.
    """
    if len(runs) < 2:
        raise NotComparable("a comparison needs two runs or more; found one")
    cells = frozenset.intersection(*(_cells(tables) for tables in runs.values()))
    cells = frozenset(cell for cell in cells if games is None or cell[1] in games)
    if not cells:
        raise NotComparable(
            f"{', '.join(runs)} cannot be compared: they have no game under the same mechanism in common"
        )
    agents = frozenset.intersection(*(frozenset(tables.outcomes["agent"]) for tables in runs.values()))
    return Common(cells, agents or None)


def _cells(tables: Tables) -> frozenset[_Cell]:
    return frozenset(tables.outcomes[["mechanism", "game"]].drop_duplicates().itertuples(index=False, name=None))


def compared(
    runs: Mapping[str, Tables], metric: Metric, by: Sequence[str], shared: Common | None = None
) -> list[Compared]:
    """One row for each combination of the keys that all runs have, in the order of the first run.

    by: of mechanism, game, agent and role. A value is the mean over the cells (and of the agents) that all runs have,
    averaged as `table` does it: over agents, then replicates, then games, then mechanisms. shared: `common` of the
    runs, unless said. Raises `NotComparable` as `common` does.
    """
    shared = common(runs) if shared is None else shared
    found = [_rows(tables, metric, by, shared) for tables in runs.values()]
    keyed = {key: [rows.get(key, {}) for rows in found] for key in found[0]}
    return _judged({key: rows for key, rows in keyed.items() if set.intersection(*map(set, rows))})


def _rows(tables: Tables, metric: Metric, by: Sequence[str], shared: Common) -> dict[Key, _Parts]:
    """For each key what its value is in each cell."""
    rows: defaultdict[Key, _Parts] = defaultdict(dict)
    for stratum in _strata(tables, metric, by, shared):
        for group in stratum.groups:
            part = stratum.part({group: 1.0})
            if part is not None:
                rows[stratum.key(group, by)][stratum.mechanism, stratum.game] = stratum, part
    return rows


def _strata(tables: Tables, metric: Metric, by: Sequence[str], shared: Common) -> list[Stratum]:
    found = metric.occurrences(tables)
    cells = pd.MultiIndex.from_frame(found[["mechanism", "game"]])
    found = found[found["value"].notna() & cells.isin(list(shared.cells))]
    if shared.agents is not None:
        found = found[found["agent"].isin(shared.agents)]
    return strata(metric.counted(found, by), metric, by, tables)


def _judged(rows: Mapping[Key, Sequence[_Parts]]) -> list[Compared]:
    """The rows with their values, and all their differences as one family."""
    aligned = {key: _aligned(found) for key, found in rows.items()}
    weights = {key: nested([stratum for stratum, _ in found[0]]) for key, found in aligned.items()}
    parts = {key: [[part for _, part in run] for run in found] for key, found in aligned.items()}
    later = [(key, place) for key, found in parts.items() for place in range(1, len(found))]
    estimates = family(
        [[*parts[key][place], *parts[key][0]] for key, place in later],
        [[sign * weight for sign in (1, -1) for weight in weights[key]] for key, _ in later],
    )
    corrected = holm([estimate.p for estimate in estimates]).tolist()
    judged = dict(zip(later, map(Difference, estimates, corrected), strict=True))
    return [
        Compared(
            key,
            tuple(combined(run, weights[key]) for run in found),
            tuple(judged[key, place] for place in range(1, len(found))),
        )
        for key, found in parts.items()
    ]


def _aligned(found: Sequence[_Parts]) -> list[list[tuple[Stratum, Part]]]:
    """For each run what is found in the cells that all have, in the same order."""
    cells = [cell for cell in found[0] if all(cell in run for run in found)]
    return [[run[cell] for cell in cells] for run in found]


def left_out(runs: Mapping[str, Tables], shared: Common) -> Iterator[str]:
    """What does not count because not all runs have it, one sentence each."""
    for name, tables in runs.items():
        cells = [" on ".join(cell) for cell in sorted(_cells(tables) - shared.cells)]
        if cells:
            yield f"not all runs have, and so nothing here counts, {some(cells)} ({name})"
        if shared.agents is not None and (agents := sorted(set(tables.outcomes["agent"]) - shared.agents)):
            yield f"not all runs have, and so no number here is of, {some(agents)} ({name})"
    if shared.agents is None:
        yield "the runs have no agent in common, so each number is of all agents of its run"
