"""One run or several, and what was measured in them: everything the page takes its numbers from."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pandas as pd

from comity.core.named import named_game
from comity.metrics import (
    Contrasts,
    MetaGame,
    Metric,
    ResultTable,
    RoleMetaGame,
    contrasts,
    meta_games,
    metrics_of,
    social_dilemmas,
    table,
    told_apart,
    under,
    with_unplayed,
)
from comity.metrics.behaviour import action_frequencies, conditional_frequencies
from comity.metrics.contrasts import MOST, Between
from comity.metrics.episodes import rounds_of, seen_by_all
from comity.metrics.exchange import exchange_of
from comity.records.record import Record
from comity.records.spec import Cell, MatchSpec
from comity.records.store import RunFile
from comity.records.tables import CHANCE, Tables, first_numbers, joined, tables
from comity.report.capability import NOTHING_BESIDE, Beside
from comity.report.evolution import Evolved, evolved
from comity.report.numbers import CELL, cooperation_by_round, half_widths, payoffs_against, population_cells
from comity.report.text import distinct
from comity.runs.origins import origins_of
from comity.runs.plan import plan_of
from comity.words.phrases import some

EVERY_GAME = ("all",)
ALL = "All agents"
"""Who did something, where all agents are taken together."""

MOST_CELLS = 40
"""With more cells the page has no part for each."""

Key: TypeAlias = tuple[str, ...]
Shares: TypeAlias = dict[Key, tuple[float, float]]
"""Shares with their standard errors, NaN where unknown."""


class Measure(NamedTuple):
    """A number, its interval and errors, and what it rests on; NaN where there is none."""

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    error: float = math.nan
    error_over_games: float = math.nan
    matches: int = 0
    replicates: int = 0
    missing: int = 0

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Measure:
        """The measure that a row of `comity.metrics.table` is."""
        return cls(**{name: row[name] for name in cls._fields if row[name] is not None})


def measures(result: ResultTable) -> dict[Key, Measure]:
    """The rows of a result by their keys, in its order."""
    return {tuple(row[name] for name in result.by): Measure.of(row) for row in result.rows}


NOTHING_MEASURED = Measure()


@dataclass(frozen=True)
class Results:
    """Runs with their tables, and the orders in which games, mechanisms and agents are named.

    runs: open, by the names the page gives them. firsts: the number in the tables of the first match of each. beside:
    what the reader adds to them.
    """

    runs: Mapping[str, RunFile]
    tables: Tables
    firsts: tuple[int, ...]
    unplayed: tuple[MatchSpec, ...]
    beside: Beside = NOTHING_BESIDE

    @classmethod
    def of(cls, runs: RunFile | Mapping[str, RunFile], *, decisions: bool = False) -> Results:
        """What is measured of runs; their records are read once. What their plans have besides counts as missing.

        Replicates of different runs are told apart. decisions: whether the tables have every decision, which takes
        longer and which some metrics need.
        """
        named = {runs.header.name: runs} if isinstance(runs, RunFile) else dict(runs)
        unplayed = {name: tuple(_unplayed(run)) for name, run in named.items()}
        found = [_tables(run, decisions, unplayed[name]) for name, run in named.items()]
        apart = told_apart(dict(zip(named, found, strict=True)))
        everything = joined(apart)
        everybody = [label for run in named.values() for label, _ in run.header.agents]
        labels = dict.fromkeys([*everybody, *everything.outcomes["agent"].unique()])
        shown = _renamed(everything, dict(zip(labels, distinct(labels), strict=True)))
        return cls(named, shown, tuple(first_numbers(apart)), tuple(one for of in unplayed.values() for one in of))

    @property
    def only(self) -> RunFile | None:
        """The run, if there is one."""
        return next(iter(self.runs.values())) if len(self.runs) == 1 else None

    def record(self, match: int) -> Record:
        """The record of a match by its number in the tables."""
        place = bisect_right(self.firsts, match) - 1
        return list(self.runs.values())[place].record(match - self.firsts[place])

    @cached_property
    def cells(self) -> dict[Key, Cell]:
        """Every cell by mechanism and game, in the order of the runs; those without any record come last."""
        firsts = self.tables.matches.drop_duplicates(["mechanism", "game"])["match"]
        found = [self.record(int(number)).match.cell for number in firsts]
        found += [match.cell for match in self.unplayed]
        return {(cell.mechanism_label, cell.game_label): cell for cell in found}

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """Every metric, for these cells."""
        return metrics_of(self.cells.values())

    @property
    def mechanisms(self) -> list[str]:
        return list(dict.fromkeys(mechanism for mechanism, _ in self.cells))

    @property
    def games(self) -> list[str]:
        return list(dict.fromkeys(game for _, game in self.cells))

    @cached_property
    def agents(self) -> list[str]:
        """Everybody who was to play, as the page calls them, in the order of the headers."""
        labels = dict.fromkeys(label for run in self.runs.values() for label, _ in run.header.agents)
        seen = set(self.tables.outcomes["agent"])
        return [name for name in distinct(labels) if name in seen]

    @property
    def has_decisions(self) -> bool:
        """Whether every decision is at hand, as far as there were any (see `of`)."""
        return not self.tables.decisions.empty or not self.tables.matches["decisions"].any()

    @property
    def is_replicated(self) -> bool:
        """Whether there are several replicates, so that it is known how far numbers may be off."""
        return self.tables.matches["replicate"].nunique() > 1

    def count(self, status: str) -> int:
        """How many recorded matches ended so."""
        return int((self.tables.matches["status"] == status).sum())

    @property
    def wanted(self) -> int:
        """How many matches the designs have."""
        return sum(run.header.matches for run in self.runs.values())

    @property
    def is_imported(self) -> bool:
        return all(run.header.origin == "import" for run in self.runs.values())

    @property
    def incomplete(self) -> Iterator[str]:
        """Which runs lack matches, one sentence each."""
        for name, run in self.runs.items():
            if not run.is_complete():
                yield f"{name} is not complete: it has {run.count():,} of {run.header.matches:,} matches"

    # Parts of it

    @cached_property
    def wide(self) -> Results:
        """The same with nothing but the mechanisms that were to be played in every game the leaderboard is about.

        What was played in some of them only, such as variants in one game, is not to weigh in averages over
        mechanisms. Where no mechanism is as wide, nothing is left out.
        """
        every = [name for name in self.mechanisms if all((name, game) in self.cells for game in self.dilemmas)]
        return self._under(every or self.mechanisms)

    @cached_property
    def narrow(self) -> Results | None:
        """The same with the other mechanisms; None where there are none."""
        left = [name for name in self.mechanisms if name not in self.wide.mechanisms]
        return self._under(left) if left else None

    def _under(self, mechanisms: Sequence[str]) -> Results:
        if list(mechanisms) == self.mechanisms:
            return self
        unplayed = tuple(match for match in self.unplayed if match.cell.mechanism_label in mechanisms)
        return replace(self, tables=under(self.tables, mechanisms), unplayed=unplayed)

    @cached_property
    def each(self) -> dict[str, Results]:
        """Every run by itself, by its name, or by what the page calls it where two have the same name."""
        names = [run.header.name for run in self.runs.values()]
        titles = names if len(set(names)) == len(names) else list(self.runs)
        ends = [*self.firsts[1:], math.inf]
        return {
            title: Results({key: run}, _between(self.tables, first, end), (first,), tuple(_unplayed(run)))
            for title, (key, run), first, end in zip(titles, self.runs.items(), self.firsts, ends, strict=True)
        }

    @property
    def mixed(self) -> Iterator[str]:
        """What differs between runs that count as one body of evidence, one sentence each."""
        first, *others = self.runs
        for name, run in zip(others, list(self.each.values())[1:] if others else (), strict=True):
            rules = [" on ".join(key) for key, cell in run.cells.items() if cell.built != self.cells[key].built]
            if rules:
                yield f"{some(rules)} in {name} has other rules than in a run before it, and counts as the same"
        for name in others:
            if {*self.runs[name].header.agents} != {*self.runs[first].header.agents}:
                yield f"{name} has other agents than {first}: all count alike"

    @property
    def is_large(self) -> bool:
        """Whether there are too many cells for a part of each, so that the page takes games together."""
        return len(self.cells) > MOST_CELLS

    def place(self, key: Key) -> str:
        """The place of a cell in the page."""
        return f"cell-{list(self.cells).index(key)}"

    def link(self, key: Key) -> str:
        """The place that a number of a cell links to; nothing where the page has no part for it."""
        return self.place(key) if key in self.cells and not self.is_large else ""

    @cached_property
    def social(self) -> frozenset[str]:
        """The games that are social dilemmas."""
        return social_dilemmas(self.cells.values())

    @cached_property
    def dilemmas(self) -> list[str]:
        """The games that the leaderboard is about: the social dilemmas, or all games if there are none."""
        return [game for game in self.games if game in self.social] or self.games

    @cached_property
    def cell_measures(self) -> dict[str, dict[Key, Measure]]:
        """For each metric its measures by mechanism and game."""
        return {metric: self.measured(metric, CELL) for metric in ("mean", "cooperation")}

    @cached_property
    def agent_measures(self) -> dict[str, dict[Key, Measure]]:
        """For each metric its measures by mechanism, game and agent."""
        return {metric: self.measured(metric, [*CELL, "agent"]) for metric in ("payoff", "mean", "cooperation")}

    @cached_property
    def against(self) -> dict[Key, pd.DataFrame]:
        """For each cell who was paid what (rows) against whom (columns)."""
        return _by_cell(payoffs_against(self.tables), "opponent")

    @cached_property
    def rounds(self) -> pd.DataFrame:
        """What every player did in each round of the matches that repeat a game (`rounds_of`)."""
        return rounds_of(self.tables, self.cells.values())

    @cached_property
    def by_round(self) -> dict[Key, pd.DataFrame]:
        """For each cell with rounds the cooperation in each (rows) of each agent (columns)."""
        return _by_cell(cooperation_by_round(self.tables), "agent")

    @cached_property
    def half_widths(self) -> dict[Key, pd.DataFrame]:
        """For each cell with rounds how far the interval of the cooperation in each reaches, as `by_round`.

        The column `ALL` is of the mean over agents.
        """
        each = _by_cell(half_widths(self.tables), "agent")
        together = half_widths(self.tables, each=False)
        return {key: frame.assign(**{ALL: together.loc[key]}) for key, frame in each.items()}

    @cached_property
    def meta_games(self) -> dict[tuple[str, str], MetaGame]:
        """For each cell who is paid what for meeting whom, seats averaged; without populations in changing groups."""
        return meta_games(self.tables)

    @cached_property
    def role_meta_games(self) -> dict[tuple[str, str], RoleMetaGame]:
        """The same for each cell whose seats have different roles, role by role."""
        games = {game for (_, game), cell in self.cells.items() if len(set(named_game(cell.built).roles)) > 1}
        outcomes = self.tables.outcomes
        return meta_games(replace(self.tables, outcomes=outcomes[outcomes["game"].isin(games)]), roles=True)

    @cached_property
    def actions(self) -> dict[Key, Shares]:
        """By mechanism, game and role how often each agent, and `ALL`, takes each action (`action_frequencies`).

        Each by agent and action.
        """
        return _by_role([action_frequencies(tables, roles=True) for tables in self._everybody], ["agent", "action"])

    @cached_property
    def replies(self) -> dict[Key, Shares]:
        """The same after what co-players did before (`conditional_frequencies`), by agent, action and condition.

        Not on graphs, where a player sees its neighbours and not all the others.
        """
        seen = [replace(tables, plays=seen_by_all(tables.plays, self.cells.values())) for tables in self._everybody]
        found = [conditional_frequencies(tables, roles=True) for tables in seen]
        return _by_role(found, ["agent", "action", "condition"])

    @property
    def _everybody(self) -> tuple[Tables, Tables]:
        """The tables with all agents as one, and as they are."""
        plays = self._acted
        return replace(self.tables, plays=plays.assign(agent=ALL)), replace(self.tables, plays=plays)

    @property
    def _acted(self) -> pd.DataFrame:
        """The plays in which an action is one of a list, and not how many tasks an exchange came to."""
        unlisted = [key for key, cell in self.cells.items() if exchange_of(cell) is not None]
        if not unlisted:
            return self.tables.plays
        cells = pd.MultiIndex.from_frame(self.tables.plays[list(CELL)])
        return self.tables.plays[~cells.isin(unlisted)]

    @cached_property
    def evolved(self) -> dict[Key, tuple[Evolved, ...]]:
        """For each cell with a meta-game what becomes of populations of the agents, replicate by replicate."""
        return evolved(self.tables, self.agents)

    @cached_property
    def populations(self) -> set[tuple[str, str]]:
        """The cells in which a match is a whole population in changing groups."""
        return population_cells(self.tables)

    @cached_property
    def finished(self) -> dict[Key, pd.DataFrame]:
        """For each cell its finished matches."""
        played = self.tables.matches
        return {_key(name): part for name, part in played[played["status"] == "finished"].groupby(CELL)}

    @cached_property
    def _once(self) -> dict[str, Metric]:
        """Every metric, worked out once for all matches whichever of them are then asked for."""
        return {name: _worked_out_once(metric, self.tables) for name, metric in self.metrics.items()}

    @cached_property
    def _measured(self) -> dict[tuple[Key, Key, bool], ResultTable]:
        return {}

    def table(self, metric: str, by: Sequence[str], games: Sequence[str] = EVERY_GAME) -> ResultTable:
        """A metric of these results."""
        return self._table(metric, by, games, True)

    def measured(self, metric: str, by: Sequence[str], games: Sequence[str] = EVERY_GAME) -> dict[Key, Measure]:
        """The rows of a metric by their keys, in the order of the metric."""
        return measures(self._table(metric, by, games, False))

    def _table(self, metric: str, by: Sequence[str], games: Sequence[str], remarks: bool) -> ResultTable:
        asked = (metric, *by), tuple(games), remarks
        if not remarks and (*asked[:2], True) in self._measured:
            return self._measured[*asked[:2], True]
        if asked not in self._measured:
            measure = self._once[metric] if remarks else replace(self._once[metric], remarks=_nothing)
            self._measured[asked] = table(self.tables, metric, by, games, metrics={metric: measure})
        return self._measured[asked]

    def contrasts(self, metric: str, between: Between) -> tuple[Contrasts, tuple[str, ...]] | None:
        """All pairs over the games the leaderboard is about, and what must be known of them.

        None where there is nothing to compare, or more than can be compared pair by pair.
        """
        rows = [row for row in self.table(metric, [between], self.dilemmas).rows if row["value"] is not None]
        if not 1 < len(rows) <= MOST:
            return None
        return contrasts(self.tables, metric, between, self.dilemmas, metrics=self._once)


@contextmanager
def opened(folders: Sequence[Path], *, decisions: bool = False) -> Iterator[Results]:
    """The results of the runs in these folders, which stay open meanwhile.

    A run that is named twice, in whatever spelling, is read once. Raises `RunError` where one of them cannot be read.
    """
    with ExitStack() as stack:
        files: dict[Path, tuple[str, RunFile]] = {}
        for folder in folders:
            file = stack.enter_context(RunFile.open(folder))
            files.setdefault(file.path.resolve(), (str(folder), file))
        yield Results.of(dict(files.values()), decisions=decisions)


def _worked_out_once(metric: Metric, tables: Tables) -> Metric:
    @cache
    def everywhere() -> pd.DataFrame:
        return metric.occurrences(tables)

    def taken(asked: Tables) -> pd.DataFrame:
        found = everywhere()
        return found[found["match"].isin(asked.outcomes["match"])]

    return replace(metric, occurrences=taken)


def _nothing(tables: Tables) -> tuple[str, ...]:
    return ()


def _between(tables: Tables, first: float, end: float) -> Tables:
    """The tables of the matches from the first up to and without the end."""
    return Tables(**{name: _rows(frame, first, end) for name, frame in vars(tables).items()})


def _rows(frame: pd.DataFrame, first: float, end: float) -> pd.DataFrame:
    found: pd.DataFrame = frame[(frame["match"] >= first) & (frame["match"] < end)]
    return found


def _unplayed(run: RunFile) -> Iterator[MatchSpec]:
    if run.header.origin == "plan" and not run.is_complete():
        done = run.done()
        plan = plan_of(run.header, f"the plan of {run.path}")
        yield from (match for match in plan.matches() if match.index not in done)


def _tables(run: RunFile, decisions: bool, unplayed: Sequence[MatchSpec]) -> Tables:
    return with_unplayed(tables(run.records(), origins_of(run), decisions=decisions), unplayed)


def _renamed(found: Tables, names: Mapping[str, str]) -> Tables:
    frames = {name: getattr(found, name) for name in ("outcomes", "plays", "decisions")}
    called = {**names, CHANCE: CHANCE}
    renamed = {name: frame.assign(agent=frame["agent"].map(called)) for name, frame in frames.items()}
    return replace(found, **renamed)


def _by_cell(numbers: pd.Series, across: str) -> dict[Key, pd.DataFrame]:
    parts = numbers.groupby(level=CELL, sort=False)
    return {_key(name): part.droplevel([0, 1]).unstack(across).sort_index() for name, part in parts}


def _by_role(frequencies: Sequence[pd.DataFrame], keys: list[str]) -> dict[Key, Shares]:
    found: dict[Key, Shares] = {}
    where = [*CELL, "role"]
    for frame in frequencies:
        labels = (frame[[*where, *keys]].itertuples(index=False, name=None), frame["share"], frame["error"])
        for label, share, error in zip(*labels, strict=True):
            found.setdefault(label[: len(where)], {})[label[len(where) :]] = share, error
    return found


def _key(name: Any) -> Key:
    return tuple(name)
