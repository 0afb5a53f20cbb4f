"""Single matches that move a number."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from comity.metrics.influence import influence, named
from comity.report.contents import Items, Prose, Section, Words
from comity.report.results import Results
from comity.report.text import number, prose
from comity.words.phrases import sentence

LEAD = "A mean over few matches may be the work of one of them. These matches move a mean score most."
NOTE = (
    "Each match is left out in turn, under the same averages as everywhere on this page. Of each match the mean score "
    "is told that it moves most, with it and without it, and by how many standard errors (of the jackknife). Cells in "
    "which all play in one match are left out."
)
COLUMNS = ("Match", "Whose mean score", "With it", "Without it", "Standard errors")
MOST = 8
"""So many matches are named."""
LEAST = 0.01
"""A match that moves no mean score by this much is not named."""


def section(results: Results) -> Section | None:
    """The matches without which the mean score of an agent in a cell would be most different."""
    moved = _moved(results)
    if moved.empty:
        return None
    table = Words("Matches by what they move", NOTE, COLUMNS, tuple(_rows(moved)))
    parts = (Prose((LEAD,)), table, Prose(("What happened in them:",)), Items(tuple(_told(results, moved))))
    return Section("influence", "Single matches that move a number", parts)


def _moved(results: Results) -> pd.DataFrame:
    moved = influence(results.tables, "mean", ("mechanism", "game", "agent"))
    moved = moved[moved["difference"].abs() >= LEAST]
    cells = pd.MultiIndex.from_frame(moved[["mechanism", "game"]])
    return moved[~cells.isin(list(results.populations))].drop_duplicates("match").head(MOST)


def _rows(moved: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    told = moved[["match", "agent", "game", "mechanism", "value", "without", "relative"]]
    for match, agent, game, mechanism, *numbers in told.itertuples(index=False, name=None):
        value, without, relative = map(float, numbers)
        whose = f"{agent} in {prose(game)} under {prose(mechanism)}"
        yield str(match), whose, number(value), number(without), number(relative, 1)


def _told(results: Results, moved: pd.DataFrame) -> Iterator[str]:
    for match in moved["match"].tolist():
        yield f"{sentence(named(results.tables, results.cells.values(), match))}."
