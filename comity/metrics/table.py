"""From the values of single players to one table.

In the finest cell (mechanism, game, replicate, agent, and role where it is asked for) a value is the plain mean over
its occurrences. Then one key after another that is not asked for is averaged away, everything left of it with equal
weight: agents, then replicates, then games, then mechanisms. With all agents against all that is the average of
CoopEval (2026); where agents played unequally often, each still counts the same. A metric of populations averages
agents by their shares instead.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

import pandas as pd

from comity.metrics.catalogue import METRICS, Metric, MetricError
from comity.metrics.dilemmas import dilemmas_by_name
from comity.metrics.result import ResultTable, Row
from comity.records.tables import Tables

KEYS = ("mechanism", "game", "agent", "role", "replicate")
"""What a row may be for."""

_AVERAGED = ("agent", "replicate", "game", "mechanism")
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
    dilemmas: Collection[str] | None = None,
) -> ResultTable:
    """One row for each combination of the keys `by` that was played.

    metric: one of `METRICS` by its name, or one that has to know the cells (see `design_metrics`).
    games: the labels of those to take; "all" takes every game. By default every game where games are a key, else the
        social dilemmas.
    dilemmas: which labels are social dilemmas (`social_dilemmas` of the cells); by default told by `dilemmas_by_name`.

    Rows by one key are sorted from the highest value to the lowest, others by their keys in the order of the tables;
    rows that rest on fewer games than others come last. Raises `MetricError` where the question makes no sense.
    """
    measure, by = _metric(metric), _keys(by)
    if measure.weighted and "role" in by:
        raise MetricError(f"{metric} is of an agent in all its roles; ask for it without role")
    taken, notes = _taken(tables.outcomes["game"].unique().tolist(), by, games, dilemmas)
    if measure.unit == "points" and len(taken) > 1 and "game" not in by:
        raise MetricError(
            f"{_called(metric)} is counted in the points of each game, and {', '.join(taken)} cannot be averaged: "
            "ask for it by game, or take one game"
        )
    asked = _Question(tables, measure, by, taken)
    return ResultTable(f"{measure.title} by {', '.join(by)}", by, asked.rows(), (*notes, *asked.notes()))


def _metric(asked: str | Metric) -> Metric:
    if isinstance(asked, Metric):
        return asked
    if asked not in METRICS:
        raise MetricError(f"there is no metric {asked!r}; there are {', '.join(METRICS)}")
    return METRICS[asked]


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

    def __init__(self, tables: Tables, measure: Metric, by: tuple[str, ...], games: list[str]) -> None:
        self.measure, self.by, self.games = measure, by, games
        self.outcomes = tables.outcomes[tables.outcomes["game"].isin(games)]
        self.tables = replace(tables, outcomes=self.outcomes)
        occurrences = measure.occurrences(self.tables)
        occurrences = occurrences[occurrences["game"].isin(games)]
        if measure.per_match and not {"agent", "role"} & set(by):
            occurrences = occurrences.drop_duplicates("match").assign(agent="")
        self.occurrences = occurrences
        self.valued = occurrences[occurrences["value"].notna()]
        self._told = self._grouped(occurrences, "match")
        self._weighed = self._grouped(self.valued, "match")
        self._replicates = self._grouped(self.valued, "replicate")
        self._games_of = self._grouped(self.valued, "game")

    def rows(self) -> list[Row]:
        """The rows, sorted."""
        values = self._values()
        return sorted((self._row(key, values.get(key)) for key in self._combinations), key=self._place)

    def _row(self, key: tuple[str, ...], value: float | None) -> Row:
        return {
            **dict(zip(self.by, key, strict=True)),
            "value": value,
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

    def _values(self) -> dict[tuple[str, ...], float]:
        left = [key for key in (*_AVERAGED, "role") if key != "role" or key in self.by]
        means = self.valued.groupby(left, sort=False)["value"].mean()
        for key in _AVERAGED:
            if key not in self.by:
                left.remove(key)
                if key == "agent" and self.measure.weighted:
                    means = self._averaged_by_shares(means, left)
                else:
                    means = means.groupby(level=left, sort=False).mean()
        frame = means.reset_index()
        return dict(zip(zip(*(frame[key] for key in self.by), strict=True), frame["value"].tolist(), strict=True))

    def _averaged_by_shares(self, means: pd.Series[float], left: list[str]) -> pd.Series[float]:
        shares = self.valued.groupby(list(means.index.names), sort=False)["weight"].mean()
        totals = (means * shares).groupby(level=left, sort=False).sum()
        return (totals / shares.groupby(level=left, sort=False).sum()).rename("value")

    def _grouped(self, rows: pd.DataFrame, column: str) -> defaultdict[tuple[str, ...], set[object]]:
        """For each combination of the keys the different entries of that column."""
        groups: defaultdict[tuple[str, ...], set[object]] = defaultdict(set)
        for *key, entry in rows[[*self.by, column]].drop_duplicates().itertuples(index=False):
            groups[tuple(key)].add(entry)
        return groups

    def _place(self, row: Row) -> tuple[bool, bool, float]:
        fewer = self._is_thin(tuple(row[key] for key in self.by))
        value = row["value"] if len(self.by) == 1 and row["value"] is not None else 0.0
        return fewer, len(self.by) == 1 and row["value"] is None, -value

    # What a reader must know besides

    def notes(self) -> Iterator[str]:
        """What the rows do not say by themselves."""
        yield from self._averaged()
        yield from self._thin()
        yield from self._undefined()
        yield from self.measure.remarks(self.tables)
        yield from self._missing()

    def _averaged(self) -> Iterator[str]:
        over = [f"{key}s" for key in _AVERAGED if key not in self.by and self.occurrences[key].nunique() > 1]
        if self.measure.weighted and "agents" in over:
            over.remove("agents")
            yield "averaged over agents, each with its share of the population as weight"
        if over:
            yield f"averaged, each with equal weight, over {', then '.join(over)}"

    def _is_thin(self, key: tuple[str, ...]) -> bool:
        return "game" not in self.by and len(self._games_of[key]) < len(self._all_games)

    @cached_property
    def _all_games(self) -> set[object]:
        return set().union(*self._games_of.values())

    def _thin(self) -> Iterator[str]:
        """Which rows rest on fewer games than others."""
        thin: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for key in self._combinations:
            if self._is_thin(key) and self._games_of[key]:
                games = tuple(game for game in self.games if game in self._games_of[key])
                thin[games].append(" ".join(key))
        for games, labels in thin.items():
            share = f"{len(games)} of {len(self._all_games)} games ({', '.join(games)})"
            more = f"; and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
            yield f"on {share} only, and therefore last: {'; '.join(labels[:_NAMED])}{more}"

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
