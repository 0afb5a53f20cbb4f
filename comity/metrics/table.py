"""From the values of single players to one table.

In the finest cell (mechanism, game, replicate, agent, and role where it is asked for) a value is the plain mean over
its occurrences. Then one key after another that is not asked for is averaged away, everything left of it with equal
weight: agents, then replicates, then games, then mechanisms. With all agents against all that is the average of
CoopEval (2026); where agents played unequally often, each still counts the same. A metric of populations averages
agents by their shares instead.

How far the result may be off follows from how the replicates of each cell differ (see `strata`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from math import isnan, nan, sqrt
from statistics import fmean, median, stdev
from typing import TypeAlias

import pandas as pd

from comity.metrics.catalogue import METRICS
from comity.metrics.contrasts import BETWEEN, MOST, Between, Contrasts, contrasts_of
from comity.metrics.dilemmas import dilemmas_by_name
from comity.metrics.metric import Metric, MetricError
from comity.metrics.missed import told
from comity.metrics.result import ResultTable, Row, or_none
from comity.metrics.strata import Stratum, nested, strata
from comity.records.tables import Tables
from comity.stats.estimate import Estimate, Part, combined
from comity.stats.power import detectable
from comity.words.phrases import some

_Found: TypeAlias = tuple[Stratum, Part]

KEYS = ("mechanism", "game", "agent", "role", "replicate")
"""What a row may be for."""

_AVERAGED = ("agent", "replicate", "game", "mechanism")
_NOT_INFERRED = dict.fromkeys(("low", "high", "error", "error_over_games", "rank_low", "rank_high"))
_NAMED = 12
"""So many rows a note names before it counts the rest."""

_WORDS = {
    "forfeited": "forfeited",
    "payoffs_only": "known by their payoffs only",
    "expected": "worked out and not played",
    "unfinished": "not played",
}


def table(
    tables: Tables,
    metric: str | Metric = "mean",
    by: Sequence[str] = ("mechanism",),
    games: Sequence[str] | None = None,
    *,
    metrics: Mapping[str, Metric] = METRICS,
    dilemmas: Collection[str] | None = None,
    intervals: bool = True,
) -> ResultTable:
    """One row for each combination of the keys `by` that was played.

    metric: one of `metrics` by its name, or one of your own. metrics: those that need no more than tables, unless said;
        `metrics_of` gives all for given cells.
    games: the labels of those to take; "all" takes every game. By default every game where games are a key, else the
        social dilemmas.
    dilemmas: which labels are social dilemmas (`social_dilemmas` of the cells); by default told by `dilemmas_by_name`.

    intervals: False leaves out whatever is inferred from the values: intervals, errors, ranks.

    Where mechanisms and games are both averaged away, mechanisms on fewer games than others are left out, and named in
    a note. Rows by one key are sorted from the best value to the worst, others by their keys in the order of the
    tables; rows that rest on fewer games than others come last. Raises `MetricError` where the question makes no sense.
    """
    by = _keys(by)
    measure, taken, notes = _asked(tables, _metric(metric, metrics), by, games, dilemmas)
    asked = _Question(tables, _called(metric), measure, by, taken)
    rows = asked.rows() if intervals else [row | _NOT_INFERRED for row in asked.rows()]
    inferred = (*asked.drawn(), *asked.compared()) if intervals else ()
    return ResultTable(
        f"{measure.title} by {', '.join(by)}", _called(metric), by, rows, (*notes, *asked.notes(), *inferred)
    )


def contrasts(
    tables: Tables,
    metric: str | Metric = "mean",
    between: Between = "mechanism",
    games: Sequence[str] | None = None,
    *,
    metrics: Mapping[str, Metric] = METRICS,
    dilemmas: Collection[str] | None = None,
) -> tuple[Contrasts, tuple[str, ...]]:
    """All pairs of agents, roles or mechanisms, and what a reader must know besides; otherwise as `table`.

    Raises `MetricError` where there are more than `MOST` to compare.
    """
    if between not in BETWEEN:
        raise MetricError(f"contrasts are between one of {', '.join(BETWEEN)}; found {between!r}")
    measure, taken, notes = _asked(tables, _metric(metric, metrics), (between,), games, dilemmas)
    asked = _Question(tables, _called(metric), measure, (between,), taken)
    if len(asked.rows()) > MOST:
        raise MetricError(f"{len(asked.rows())} {between}s make too many pairs; up to {MOST} are compared")
    return asked.contrasts, (*notes, *asked.notes())


def _asked(
    tables: Tables,
    measure: Metric,
    by: tuple[str, ...],
    games: Sequence[str] | None,
    dilemmas: Collection[str] | None,
) -> tuple[Metric, list[str], list[str]]:
    """The metric, the games to take, and what a reader must know of the choice."""
    taken, notes = _taken(tables.outcomes["game"].unique().tolist(), by, games, dilemmas)
    if measure.unit == "points" and len(taken) > 1 and "game" not in by:
        raise MetricError(
            f"{measure.title} is counted in the points of each game, and {', '.join(taken)} cannot be averaged: "
            "ask for it by game, or take one game"
        )
    return measure, taken, notes


def _metric(asked: str | Metric, metrics: Mapping[str, Metric]) -> Metric:
    if isinstance(asked, Metric):
        return asked
    if asked not in metrics:
        raise MetricError(f"there is no metric {asked!r}; there are {', '.join(metrics)}")
    return metrics[asked]


def _called(asked: str | Metric) -> str:
    return asked.title if isinstance(asked, Metric) else asked


def _keys(by: Sequence[str]) -> tuple[str, ...]:
    wrong = [key for key in by if key not in KEYS]
    if wrong or not by or len(set(by)) < len(by):
        found = f"{wrong[0]!r} is not a key" if wrong else f"found {', '.join(by) or 'none'}"
        raise MetricError(f"a table is by one or more different keys of {', '.join(KEYS)}; {found}")
    return tuple(by)


def _taken(
    played: list[str], by: tuple[str, ...], asked: Sequence[str] | None, dilemmas: Collection[str] | None
) -> tuple[list[str], list[str]]:
    """The games to take, and what a reader must know of the choice."""
    if asked is not None:
        unknown = [game for game in asked if game not in played and game != "all"]
        if unknown:
            raise MetricError(f"there is no game {unknown[0]!r} here; there are {', '.join(played)}")
        return (played if "all" in asked else [game for game in played if game in asked]), []
    if "game" in by:
        return played, []
    dilemmas = dilemmas_by_name(played) if dilemmas is None else dilemmas
    taken = [game for game in played if game in dilemmas]
    left = [game for game in played if game not in dilemmas]
    if not taken and played:
        return played, [f"none of the games is a social dilemma: all are taken ({', '.join(played)})"]
    if not played:
        return [], ["there are no matches to measure"]
    rest = f"; not taken: {', '.join(left)}" if left else ""
    return taken, [f"games: {', '.join(taken)} (the social dilemmas{rest})"]


class _Question:
    """A metric, by some keys, over some games of some tables."""

    def __init__(self, tables: Tables, name: str, measure: Metric, by: tuple[str, ...], games: list[str]) -> None:
        self.name, self.measure, self.by, self.games = name, measure, by, games
        outcomes = tables.outcomes[tables.outcomes["game"].isin(games)]
        self._narrow = [] if {"mechanism", "game"} & set(by) else _narrow(outcomes)
        self.outcomes = outcomes[~outcomes["mechanism"].isin(self._narrow)]
        self.tables = replace(tables, outcomes=self.outcomes)
        occurrences = measure.occurrences(self.tables)
        occurrences = occurrences[occurrences["game"].isin(games) & ~occurrences["mechanism"].isin(self._narrow)]
        if "role" in by and len(occurrences) and not occurrences["role"].any():
            raise MetricError(f"{measure.title.lower()} is of an agent in all its roles; ask for it without role")
        self.occurrences = occurrences = measure.counted(occurrences, by)
        self.valued = occurrences[occurrences["value"].notna()]
        self.strata = strata(self.valued, measure, by, tables)
        self._told = self._grouped(occurrences, "match")
        self._weighed = self._grouped(self.valued, "match")
        self._replicates = self._grouped(self.valued, "replicate")
        self._games_of = self._grouped(self.valued, "game")
        self._cells_of = self._grouped(self.valued.assign(cell=_cells(self.valued)), "cell")

    def rows(self) -> list[Row]:
        """The rows, sorted."""
        return sorted((self._row(key) for key in self._combinations), key=self._place)

    def _row(self, key: tuple[str, ...]) -> Row:
        low, high = self._ranks.get(key[0], (None, None)) if len(key) == 1 else (None, None)
        return {
            "metric": self.name,
            **dict(zip(self.by, key, strict=True)),
            **self._estimated(key),
            "rank_low": low,
            "rank_high": high,
            "matches": len(self._weighed[key]),
            "replicates": len(self._replicates[key]),
            "missing": len(self._told[key] - self._weighed[key]),
        }

    @cached_property
    def _combinations(self) -> list[tuple[str, ...]]:
        """What was to be played, by the keys, in the order of the tables."""
        keys = pd.concat([frame[list(self.by)] for frame in (self.outcomes, self.valued)])
        found = list(keys.drop_duplicates().itertuples(index=False, name=None))
        order = [list(dict.fromkeys(labels)) for labels in zip(*found, strict=True)]
        return sorted(found, key=lambda key: [places.index(label) for places, label in zip(order, key, strict=True)])

    # The value and how far it may be off

    def _estimated(self, key: tuple[str, ...]) -> Row:
        estimate = self._estimates.get(key)
        if estimate is None:
            return {"value": None, "low": None, "high": None, "error": None, "error_over_games": None}
        low, high = (estimate.low, estimate.high) if self.measure.unit != "share" else _clipped(estimate)
        return {
            "value": estimate.value,
            "low": or_none(low),
            "high": or_none(high),
            "error": or_none(estimate.error),
            "error_over_games": or_none(_over_games(self._parts[key])),
        }

    @cached_property
    def _estimates(self) -> dict[tuple[str, ...], Estimate]:
        return {
            key: combined([part for _, part in parts], nested([stratum for stratum, _ in parts]))
            for key, parts in self._parts.items()
        }

    @cached_property
    def _parts(self) -> dict[tuple[str, ...], list[_Found]]:
        """For each row its cells and what it is in each of them."""
        found: defaultdict[tuple[str, ...], list[_Found]] = defaultdict(list)
        for stratum in self.strata:
            for group in stratum.groups:
                part = stratum.part({group: 1.0})
                if part is not None:
                    found[stratum.key(group, self.by)].append((stratum, part))
        return found

    # Ranks

    @cached_property
    def _ranks(self) -> dict[str, tuple[int, int]]:
        """For each label its possible ranks, where rows are ranked."""
        return self.contrasts.ranks if self._is_ranked else {}

    @property
    def _is_ranked(self) -> bool:
        return self.by[0] in BETWEEN and len(self.by) == 1 and 1 < len(self._complete) <= MOST

    @cached_property
    def _complete(self) -> list[str]:
        """The labels that have a value and do not rest on fewer games than others, best first."""
        values = {key[0]: one.value for key, one in self._estimates.items() if not self._is_thin(key)}
        return sorted(values, key=lambda label: self._sign * values[label])

    @property
    def _sign(self) -> int:
        return -1 if self.measure.best == "high" else 1

    @cached_property
    def contrasts(self) -> Contrasts:
        """All pairs of the labels of rows by one key."""
        return contrasts_of(self.strata, self.by[0], self._complete, self.measure.best)  # type: ignore[arg-type]

    def compared(self) -> Iterator[str]:
        """What can be told apart, and what could be."""
        if self._is_ranked:
            alike = [_listed(group) for group in self.contrasts.groups if len(group) > 1]
            apart = f"all {len(self.contrasts.labels)} that have a rank are told apart (Holm, 5 %)"
            yield f"not told apart (Holm, 5 %): {'; '.join(alike)}" if alike else apart
            least = self.contrasts.detectable
        else:
            least = self._detectable_at_large
        if not isnan(least):
            yield (
                f"a difference between two rows needs to be {least:.3f} to be found four times in five "
                "(5 %, before correction for many comparisons)"
            )

    @property
    def _detectable_at_large(self) -> float:
        """The smallest difference found with a power of 80 % between two rows that have nothing in common."""
        known = [one for one in self._estimates.values() if one.error > 0]
        if len(known) < 2:
            return nan
        return detectable(sqrt(2) * median(one.error for one in known), 2 * median(one.freedom for one in known))

    def _grouped(self, rows: pd.DataFrame, column: str) -> defaultdict[tuple[str, ...], set[object]]:
        """For each combination of the keys the different entries of that column."""
        groups: defaultdict[tuple[str, ...], set[object]] = defaultdict(set)
        for *key, entry in rows[[*self.by, column]].drop_duplicates().itertuples(index=False):
            groups[tuple(key)].add(entry)
        return groups

    def _place(self, row: Row) -> tuple[bool, bool, float]:
        fewer = self._is_thin(tuple(row[key] for key in self.by))
        value = row["value"] if len(self.by) == 1 and row["value"] is not None else 0.0
        return fewer, len(self.by) == 1 and row["value"] is None, self._sign * value

    # What a reader must know besides

    def notes(self) -> Iterator[str]:
        """What the rows do not say by themselves."""
        yield from self._averaged()
        if self._narrow:
            yield f"not taken, because they are on fewer games: {some(self._narrow, _NAMED, '; ')}"
        yield from self._thin()
        yield from self._undefined()
        yield from self.measure.remarks(self.tables)
        yield from told(self.tables)
        yield from self._missing()

    def _averaged(self) -> Iterator[str]:
        over = [f"{key}s" for key in _AVERAGED if key not in self.by and self.occurrences[key].nunique() > 1]
        if self.measure.weighted and "agents" in over:
            over.remove("agents")
            yield "averaged over agents, each with its share of the population as weight"
        if over:
            yield f"averaged, each with equal weight, over {', then '.join(over)}"

    def drawn(self) -> Iterator[str]:
        """What the intervals rest on."""
        drawn = [stratum for stratum in self.strata if stratum.drawn]
        if any(len(stratum.replicates) > 1 for stratum in drawn):
            yield "95 % intervals are Student's, over replicates"
        alone = [stratum for stratum in drawn if len(stratum.replicates) == 1]
        if any(stratum.alone for stratum in alone):
            yield "where there is one replicate, its matches are resampled, and whom one meets counts as chance"
        if any(not stratum.alone for stratum in alone):
            yield "no interval where there is one replicate whose matches are one draw: play two or more"
        if self.strata and len(drawn) < len(self.strata):
            yield "where nothing was left to chance, numbers are exact"

    def _is_thin(self, key: tuple[str, ...]) -> bool:
        return "game" not in self.by and len(self._cells_of[key]) < self._most_cells

    @cached_property
    def _most_cells(self) -> int:
        return max(map(len, self._cells_of.values()), default=0)

    def _thin(self) -> Iterator[str]:
        """Which rows rest on fewer cells than others."""
        thin: dict[str, list[str]] = defaultdict(list)
        for key in self._combinations:
            if self._is_thin(key) and self._cells_of[key]:
                thin[self._share(key)].append(" ".join(key))
        last = ", and therefore last" if len(self.by) == 1 else ""
        for share, labels in thin.items():
            yield f"on {share} only{last}: {some(labels, _NAMED, '; ')}"

    def _share(self, key: tuple[str, ...]) -> str:
        """On how many cells a row rests, in words."""
        if "mechanism" not in self.by:
            return f"{len(self._cells_of[key])} of {self._most_cells} games under mechanisms"
        games = ", ".join(game for game in self.games if game in self._games_of[key])
        return f"{len(self._games_of[key])} of {self._most_cells} games ({games})"

    def _undefined(self) -> Iterator[str]:
        heard = set(self.occurrences["game"].unique())
        silent = [game for game in self.games if game not in heard]
        if silent:
            yield f"{self.measure.title.lower()} is not defined in {', '.join(silent)}"

    def _missing(self) -> Iterator[str]:
        """How many matches give no value at all, and why."""
        missing = set(self.occurrences["match"].unique()) - set(self.valued["match"].unique())
        if missing:
            rows = self.outcomes[self.outcomes["match"].isin(missing)].drop_duplicates("match")
            why = Counter(rows["status"].map(lambda status: _WORDS.get(status, status)))
            yield f"matches without a value: {', '.join(f'{count} {words}' for words, count in why.items())}"


def _narrow(outcomes: pd.DataFrame) -> list[str]:
    """The mechanisms that are on fewer games than others."""
    games = outcomes.groupby("mechanism", sort=False)["game"].nunique()
    return [str(mechanism) for mechanism in games.index[games < games.max()]]


def _cells(rows: pd.DataFrame) -> pd.Series:
    return rows["mechanism"].astype(str) + " on " + rows["game"].astype(str)


def _over_games(parts: Sequence[_Found]) -> float:
    """The standard error over games, each with its mean over mechanisms; NaN where there is one game."""
    games: defaultdict[str, list[float]] = defaultdict(list)
    for stratum, part in parts:
        games[stratum.game].append(part.value)
    values = [fmean(of_game) for of_game in games.values()]
    return stdev(values) / sqrt(len(values)) if len(values) > 1 else nan


def _clipped(estimate: Estimate) -> tuple[float, float]:
    """A share lies between 0 and 1, and so does its interval."""
    return (estimate.low, estimate.high) if isnan(estimate.low) else (max(estimate.low, 0.0), min(estimate.high, 1.0))


def _listed(labels: Sequence[str]) -> str:
    return ", ".join(labels)
