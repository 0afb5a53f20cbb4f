"""Where cooperation held: mechanisms and games."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from comity.report.contents import Section
from comity.report.facts import is_constant_sum
from comity.report.figures import Figure, heat_map
from comity.report.grid import Entry, Grid
from comity.report.ranking import pairs
from comity.report.results import Key, Measure, Results, measures
from comity.report.text import prose
from comity.report.told import SCALE, SHARE, entry, noted, resting
from comity.words.phrases import sentence

PAIRS = "Mean scores, compared game by game, first less second. Told apart is what Holm's p puts below 5 %."


def section(results: Results) -> Section | None:
    """Mean payoff and cooperation by mechanism and game, and all pairs of mechanisms."""
    if not results.cells:
        return None
    parts = () if results.is_large else tuple(maps(results))
    found = results.wide.contrasts("mean", "mechanism")
    if found is None:
        if not parts:
            return None
        return Section("maps", "Mechanisms and games", parts)
    caption, note = "Differences between mechanisms", f"{PAIRS} {noted(results, found[1])}"
    shown, beside = pairs(found[0], caption, note, "contrasts-mechanisms", prose)
    return Section("maps", "Mechanisms and games", (*parts, *shown), beside)


def maps(results: Results) -> Iterator[Figure]:
    """Mean payoff and cooperation of all agents by mechanism, over the social dilemmas and in each game."""
    fixed = list(dict.fromkeys(prose(game) for (_, game), cell in results.cells.items() if is_constant_sum(cell)))
    same = f" In {' and '.join(fixed)} what one wins another loses." if fixed else ""
    scale = f"{SCALE} A dash where no match was finished.{same}"
    yield _map(results, "mean", "Mean payoff by mechanism and game", scale)
    yield _map(
        results, "cooperation", "Cooperation by mechanism and game", f"{SHARE}. A dash where no action means it."
    )


def _map(results: Results, metric: str, caption: str, note: str) -> Figure:
    together = results.table(metric, ["mechanism"], results.dilemmas)
    overall, each = measures(together), results.cell_measures[metric]
    rows = [
        (
            prose(mechanism),
            (entry(overall, (mechanism,)), *(_linked(results, each, (mechanism, game)) for game in results.games)),
        )
        for mechanism in results.mechanisms
    ]
    first = "all games" if results.dilemmas == results.games else "social dilemmas"
    columns = (first, *map(prose, results.games))
    values = pd.DataFrame([[e.value for e in entries] for _, entries in rows], [head for head, _ in rows], columns)
    said = f"{note} {sentence(first)}: {resting(results, together)}"
    return heat_map(f"map-{metric}", values, Grid(caption, said, "Mechanism", columns, tuple(rows)))


def _linked(results: Results, measures: Mapping[Key, Measure], key: Key) -> Entry:
    return entry(measures, key, results.link(key))
