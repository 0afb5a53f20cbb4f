"""A run and what was measured in it: everything the page takes its numbers from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import pandas as pd

from comity.metrics import ResultTable, social_dilemmas, table, with_unplayed
from comity.records.spec import Cell, MatchSpec
from comity.records.store import RunFile
from comity.records.tables import Tables, tables
from comity.report.numbers import CELL, cooperation_by_round, payoffs_against, population_cells
from comity.report.text import distinct
from comity.runs.plan import parsed_plan

EVERY_GAME = ("all",)

Key: TypeAlias = tuple[str, ...]


class Measure(NamedTuple):
    """A number and what it rests on; NaN where nothing was played."""

    value: float
    matches: int
    replicates: int
    missing: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Measure:
        """The measure that a row of `comity.metrics.table` is."""
        value = math.nan if row["value"] is None else row["value"]
        return cls(value, row["matches"], row["replicates"], row["missing"])


def measures(result: ResultTable) -> dict[Key, Measure]:
    """The rows of a result by their keys, in its order."""
    return {tuple(row[name] for name in result.by): Measure.of(row) for row in result.rows}


NOTHING_MEASURED = Measure(math.nan, 0, 0, 0)


@dataclass(frozen=True)
class Results:
    """A run with its tables, and the orders in which its games, mechanisms and agents are named."""

    run: RunFile
    tables: Tables
    unplayed: tuple[MatchSpec, ...]

    @classmethod
    def of(cls, run: RunFile, *, decisions: bool = False) -> Results:
        """What is measured of a run; its records are read once. What the plan has besides counts as missing.

        decisions: whether the tables have every decision, which takes longer and which few metrics need.
        """
        unplayed = tuple(_unplayed(run))
        found = with_unplayed(tables(run.records(), decisions=decisions), unplayed)
        labels = dict.fromkeys([*(label for label, _ in run.header.agents), *found.outcomes["agent"].unique()])
        return cls(run, _renamed(found, dict(zip(labels, distinct(labels), strict=True))), unplayed)

    @cached_property
    def cells(self) -> dict[Key, Cell]:
        """Every cell by mechanism and game, in the order of the run; those without any record come last."""
        firsts = self.tables.matches.drop_duplicates(["mechanism", "game"])["match"]
        found = [self.run.record(int(index)).match.cell for index in firsts]
        found += [match.cell for match in self.unplayed]
        return {(cell.mechanism_label, cell.game_label): cell for cell in found}

    @property
    def mechanisms(self) -> list[str]:
        return list(dict.fromkeys(mechanism for mechanism, _ in self.cells))

    @property
    def games(self) -> list[str]:
        return list(dict.fromkeys(game for _, game in self.cells))

    @cached_property
    def agents(self) -> list[str]:
        """Everybody who was to play, as the page calls them, in the order of the header."""
        labels = (label for label, _ in self.run.header.agents)
        seen = set(self.tables.outcomes["agent"])
        return [name for name in distinct(labels) if name in seen]

    def count(self, status: str) -> int:
        """How many recorded matches ended so."""
        return int((self.tables.matches["status"] == status).sum())

    def place(self, key: Key) -> str:
        """The place of a cell in the page."""
        return f"cell-{list(self.cells).index(key)}"

    @cached_property
    def dilemmas(self) -> list[str]:
        """The games that the leaderboard is about: the social dilemmas of the run, or all its games if it has none."""
        named = social_dilemmas(self.cells.values())
        return [game for game in self.games if game in named] or self.games

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
    def by_round(self) -> dict[Key, pd.DataFrame]:
        """For each cell with rounds the cooperation in each (rows) of each agent (columns)."""
        return _by_cell(cooperation_by_round(self.tables), "agent")

    @cached_property
    def populations(self) -> set[tuple[str, str]]:
        """The cells in which a match is a whole population in changing groups."""
        return population_cells(self.tables)

    @cached_property
    def finished(self) -> dict[Key, pd.DataFrame]:
        """For each cell its finished matches."""
        played = self.tables.matches
        return {_key(name): part for name, part in played[played["status"] == "finished"].groupby(CELL)}

    def measured(self, metric: str, by: Sequence[str], games: Sequence[str] = EVERY_GAME) -> dict[Key, Measure]:
        """The rows of a metric by their keys, in the order of the metric."""
        return measures(table(self.tables, metric, by, games))


def _unplayed(run: RunFile) -> Iterator[MatchSpec]:
    if run.header.origin == "plan" and not run.is_complete():
        done = run.done()
        plan = parsed_plan(run.header.plan, f"the plan of {run.path}")
        yield from (match for match in plan.matches() if match.index not in done)


def _renamed(found: Tables, names: Mapping[str, str]) -> Tables:
    outcomes, plays = (frame.assign(agent=frame["agent"].map(names)) for frame in (found.outcomes, found.plays))
    return replace(found, outcomes=outcomes, plays=plays)


def _by_cell(numbers: pd.Series, across: str) -> dict[Key, pd.DataFrame]:
    parts = numbers.groupby(level=CELL, sort=False)
    return {_key(name): part.droplevel([0, 1]).unstack(across).sort_index() for name, part in parts}


def _key(name: Any) -> Key:
    return tuple(name)
