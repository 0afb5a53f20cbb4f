"""Runs side by side: what each measured, and how far it lies from the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from comity.metrics import Metric
from comity.metrics.comparison import Common, Compared, Difference, common, compared, left_out
from comity.records.tables import Tables
from comity.report.contents import Head, Items, Part, Prose, Section
from comity.report.figures import Figure, dots
from comity.report.grid import Entry, Grid, grid_of_intervals
from comity.report.ranking import chance
from comity.report.results import Key, Results
from comity.report.text import prose
from comity.report.told import SCALE, SHARE, noted
from comity.stats.estimate import Estimate
from comity.words.phrases import listed, some

METRICS = (("mean", SCALE), ("cooperation", f"{SHARE}."))
TABLES = (("mechanism",), ("agent",), ("mechanism", "game"))
JOINT = " \u00b7 "
"""Between the mechanism and the game of a row."""


def section(results: Results) -> Section:
    """Every mechanism, agent and cell in each run, with the differences.

    Raises `NotComparable` where there is one run, or nothing that all runs have.
    """
    runs = {name: run.tables for name, run in results.each.items()}
    everything = common(runs)
    parts: list[Part] = [Prose((_lead(list(runs)),))]
    notes = [*left_out(runs, everything), *_unlike(results, everything)]
    parts += [Items(tuple(noted(results, [note]) for note in notes))] if notes else []
    for metric, scale in METRICS:
        parts += _measured(results, runs, metric, scale)
    return Section("compare", "Side by side", tuple(parts))


def _lead(names: Sequence[str]) -> str:
    first, *others = names
    return (
        "Each number is of one run, over what all runs have, with its 95 % interval; a difference is "
        f"{listed(others)} less {first}. Runs are independent, so their replicates are not paired: differences are "
        "taken cell by cell and averaged as the values are. Under each difference stands p, corrected for all "
        "differences of its table (Holm); below 0.05 the runs are told apart."
    )


def _unlike(results: Results, shared: Common) -> Iterator[str]:
    """What has the same label in all runs and is not the same."""
    runs = results.each.values()
    cells = [" on ".join(key) for key in sorted(shared.cells) if len({run.cells[key].built for run in runs}) > 1]
    if cells:
        yield f"under one name there are different rules: {some(cells)}"
    known = [dict(run.header.agents) for run in results.runs.values()]
    agents = [name for name in sorted(shared.agents or ()) if len({agents.get(name) for agents in known}) > 1]
    if agents:
        yield f"under one name there are different strategies: {some(agents)}"


def _measured(results: Results, runs: Mapping[str, Tables], metric: str, scale: str) -> Iterator[Part]:
    measure, dilemmas = results.metrics[metric], _shared_dilemmas(results, runs)
    found = [_table(results, runs, measure, by, None if "game" in by else dilemmas, scale) for by in TABLES]
    if any(grid.rows for grid, _ in found):
        yield Head(measure.title)
    for (grid, rows), by in zip(found, TABLES, strict=True):
        if grid.rows:
            yield grid
        if metric == "mean" and by == ("mechanism",) and len(rows) > 1:
            yield _figure(list(runs), rows)


def _shared_dilemmas(results: Results, runs: Mapping[str, Tables]) -> list[str]:
    """The games of averages: the social dilemmas that all runs have, or else all games."""
    played = {game for _, game in common(runs).cells}
    return [game for game in results.dilemmas if game in played] or [game for game in results.games if game in played]


def _table(
    results: Results,
    runs: Mapping[str, Tables],
    measure: Metric,
    by: Sequence[str],
    games: Sequence[str] | None,
    scale: str,
) -> tuple[Grid, list[Compared]]:
    rows = compared(runs, measure, by, common(runs, games))
    first, *others = runs
    over = f"Over {', '.join(map(prose, games))}. " if games else ""
    caption = f"{measure.title} by {' and '.join(by)}, run by run"
    columns = (first, *others, *(f"{other} less {first}" for other in others))
    entries = tuple(
        (_head(row.key, by), (*map(_value, row.values), *map(_difference, row.differences))) for row in rows
    )
    corner = JOINT.join(key.capitalize() for key in by)
    return Grid(
        caption, f"{over}{scale}", corner, columns, entries, key=f"compare-{measure.title}-{'-'.join(by)}"
    ), rows


def _head(key: Key, by: Sequence[str]) -> str:
    return JOINT.join(label if what == "agent" else prose(label) for what, label in zip(by, key, strict=True))


def _value(estimate: Estimate) -> Entry:
    return Entry(estimate.value, low=estimate.low, high=estimate.high)


def _difference(difference: Difference) -> Entry:
    estimate, p = difference.estimate, difference.p_holm
    return Entry(estimate.value, f"p {chance(p)}" if p == p else "", low=estimate.low, high=estimate.high)


def _figure(names: Sequence[str], rows: Sequence[Compared]) -> Figure:
    """The differences by mechanism, a panel for each run but the first where there are several."""
    first, *others = names
    estimates = {
        (other, prose(row.key[0])): row.differences[place].estimate
        for place, other in enumerate(others)
        for row in rows
    }
    values = pd.DataFrame(
        [(one.value, one.low, one.high) for one in estimates.values()],
        index=pd.MultiIndex.from_tuples(estimates),
        columns=["value", "low", "high"],
    )
    values = values.droplevel(0) if len(others) == 1 else values
    caption = f"Mean score less that of {first}, by mechanism"
    note = "The differences of the table above; at 0 there is none."
    table = grid_of_intervals(values, caption, note, "Mechanism", others[0], key="compare-dots")
    return dots("compare-dots", values, table, references=(0.0,))
