"""Populations in motion: what selection among the agents leads to, as published and from everywhere else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from comity.metrics.metagame import without_meta_game
from comity.report.contents import Part, Prose, Section
from comity.report.evolution import PLAYERS, STARTS, STEPS, Evolved, mean_course
from comity.report.figures import Figure, areas, thinned
from comity.report.grid import Entry, Grid, grid_of
from comity.report.results import NOTHING_MEASURED, Key, Measure, Results
from comity.report.text import counted, prose
from comity.words.phrases import sentence

LEAD = (
    "Let agents that earn more become more frequent, and see who is left and what is then earned. Where this leads "
    "depends on where it starts, so one start is one answer among many."
)
COLUMNS = ("As published", "Mean over starts", "Lowest", "Highest", "Largest basin", "Not at rest", "Rare mutants")
SETTINGS = (
    f"As published: from equal shares, 1,000 steps of exponential weights at the rate 0.1. "
    f"Over starts: {STARTS} populations drawn evenly, replicator dynamics to rest or for {STEPS:,} steps at most, and "
    "the mean score where each is then."
)
READ = (
    "Largest basin: the share of starts that end in the same rest point, or the same continuum of rest points. It is "
    "stable if selection brings a disturbed population back, neutral if nothing does or the linear part does not say. "
    f"Rare mutants: of {PLAYERS} players, who imitate those paid more, the share of time for which all are of the one "
    "agent that leads. Each replicate has populations of its own; numbers are means over replicates, lowest and "
    "highest are over all."
)
FILED = "There are too many cells to table them here; `comity report RUN --files DIR` writes the table."
MOST_STEPS = 25
"""So many steps of a course are drawn and tabled."""
MOST_SETS, MOST_REPLICATES = 4, 5
"""So many ends of so many replicates a cell lists."""


def section(results: Results) -> Section | None:
    """One row for every cell with a meta-game."""
    if not results.evolved:
        return None
    lacking = tuple(f"{sentence(why)}." for why in without_meta_game(results.tables, "population"))
    table = overview(results)
    parts: list[Part] = [Prose((LEAD, *([FILED] if results.is_large else [])))]
    parts += [] if results.is_large else [table]
    parts += [Prose(lacking)] if lacking else []
    return Section("populations", "Populations in motion", tuple(parts), (table,) if results.is_large else ())


def overview(results: Results) -> Grid:
    """Fitness as published beside what is true from many starts."""
    published = results.measured("fitness", ("mechanism", "game"))
    rows = tuple(
        (f"{prose(key[0])} \u00b7 {prose(key[1])}", _entries(results, key, published))
        for key in results.cells
        if key in results.evolved
    )
    note = f"Mean scores. {SETTINGS} {_restless(results)} {READ}"
    return Grid("What selection leads to", note, "Mechanism and game", COLUMNS, rows)


def _restless(results: Results) -> str:
    """How much of all that was followed is still moving."""
    share = float(np.mean([one.restless for found in results.evolved.values() for one in found]))
    return f"Of all of them {100 * share:.1f} % are not at rest then." if share else "All of them came to rest."


def _entries(results: Results, key: Key, published: Mapping[Key, Measure]) -> tuple[Entry, ...]:
    found = results.evolved[key]
    final = np.array([one.final for one in found])
    return (
        Entry(published.get(key, NOTHING_MEASURED).value, link=results.link(key)),
        Entry(float(final.mean())),
        Entry(float(final.min())),
        Entry(float(final.max())),
        _largest(found),
        Entry(float(np.mean([one.restless for one in found]))),
        _leading(found),
    )


def _largest(found: Sequence[Evolved]) -> Entry:
    """The largest basin, 0 in a replicate where nothing came to rest; how many there are, and what they are."""
    share = float(np.mean([one.sets[0].share if one.sets else 0.0 for one in found]))
    kinds = dict.fromkeys(one.sets[0].stability for one in found if one.sets)
    few, many = min(len(one.sets) for one in found), max(len(one.sets) for one in found)
    number = str(many) if few == many else f"{few} to {many}"
    return Entry(share, f"of {number}, {' or '.join(kinds)}" if kinds else "none found")


def _leading(found: Sequence[Evolved]) -> Entry:
    shares = np.mean([one.rare for one in found], axis=0)
    return Entry(float(shares.max()), found[0].agents[int(shares.argmax())])


# In the part of a cell


def course(results: Results, key: Key) -> Iterator[Figure | Grid]:
    """The population over time, as published; of a first look, one replicate, only dilemmas are drawn."""
    found = results.evolved.get(key)
    if not found:
        return
    shares = thinned(mean_course(found), MOST_STEPS)
    note = f"Shares of the agents from equal shares, exponential weights as published{_averaged(found)}."
    table = grid_of(shares.T, "A population of the agents over time", note, "Agent", key=f"{results.place(key)}-course")
    yield areas(table.key, shares, table) if results.is_replicated or key[1] in results.dilemmas else table


def _averaged(found: Sequence[Evolved]) -> str:
    return f", in the mean over {counted(len(found), 'replicate')}" if len(found) > 1 else ""


def basins(results: Results, key: Key) -> Iterator[Grid]:
    """Where populations end from many starts."""
    found = results.evolved.get(key, ())[:MOST_REPLICATES]
    rows = tuple(row for one in found for row in _ends(one, len(found) > 1))
    if not rows:
        return
    more = len(results.evolved[key]) - len(found)
    left = f" The first {len(found)} replicates; {more} more are not listed." if more else ""
    note = (
        f"One row for each rest point or continuum of rest points that some of {STARTS} starts lead to, the largest "
        "first: the share of starts and its stability, the mean score there, and the population. In brackets are the "
        f"lowest and the highest where ends differ: along a continuum, and where populations still move.{left}"
    )
    columns = ("Starts", "Mean score", *found[0].agents)
    yield Grid("Where populations end", note, "End", columns, rows, key=f"{results.place(key)}-ends")


def _ends(one: Evolved, is_named: bool) -> Iterator[tuple[str, tuple[Entry, ...]]]:
    """A row for each of the largest basins, and one for what is not at rest."""
    name = f"{one.replicate}, " if is_named else ""
    for place, found in enumerate(one.sets[:MOST_SETS], start=1):
        yield f"{name}{place}", _end(one, found.ends, found.stability)
    moving = np.flatnonzero(~one.ends.at_rest)
    if moving.size:
        yield f"{name}not at rest", _end(one, moving, "moving")


def _end(one: Evolved, starts: NDArray[np.intp], what: str) -> tuple[Entry, ...]:
    """The share of these starts, and what they end in: the mean, and from where to where."""
    ends = np.column_stack([one.final[starts], one.ends.shares[starts]])
    spreads = zip(ends.mean(0), ends.min(0), ends.max(0), strict=True)
    return (Entry(len(starts) / len(one.final), what), *(_spread(*map(float, each)) for each in spreads))


def _spread(mean: float, low: float, high: float) -> Entry:
    is_wide = high - low >= 0.001
    return Entry(mean, low=low if is_wide else math.nan, high=high if is_wide else math.nan)
