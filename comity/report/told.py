"""What several sections say alike: the words for scales and shares, an entry of a table, courses over rounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from comity.metrics import ResultTable
from comity.report.figures import Figure, lines
from comity.report.grid import Entry, grid_of
from comity.report.numbers import CELL, in_blocks
from comity.report.results import NOTHING_MEASURED, Key, Measure, Results
from comity.report.text import counted, distinct, matches, prose
from comity.words.phrases import sentence

SCALE = "On each game's scale 0 is the payoff when all defect and 1 the payoff when all cooperate."
SHARE = "The share of cooperative actions among all that were played"


def resting(results: Results, result: ResultTable) -> str:
    """The games of the result and what else must be known of it, to stand after a colon."""
    return f"{', '.join(map(prose, results.dilemmas))}. {noted(results, result.notes)}".rstrip()


def noted(results: Results, notes: Iterable[str]) -> str:
    """The notes as sentences, with games and mechanisms called as the page calls them."""
    told = " ".join(f"{sentence(note)}." for note in notes)
    for label in (*results.mechanisms, *results.games):
        told = told.replace(label, prose(label))
    return told


def replicates(results: Results) -> str:
    """How many replicates a cell has: "3 replicates", or "1 to 3 replicates" where cells differ."""
    per_cell = results.tables.matches.groupby(CELL)["replicate"].nunique()
    low, high = (int(per_cell.min()), int(per_cell.max())) if len(per_cell) else (0, 0)
    return counted(high, "replicate") if low == high else f"{low} to {high} replicates"


def courses(key: str, caption: str, note: str, by_round: pd.DataFrame, corner: str) -> Figure:
    """A line for each column of a frame whose index is the round, and its table with the rounds across."""
    last = int(by_round.index.max())
    blocks = in_blocks(by_round)
    step = blocks.index[1] - blocks.index[0] if len(blocks) > 1 else 1
    note += " A round counts the matches that reached it."
    if step > 1:
        note += f" Rounds are taken together in blocks of {step}, named by the first."
    table = blocks.set_axis(distinct(blocks.columns), axis=1).T
    return lines(key, blocks, last, grid_of(table, caption, note, corner, digits=2))


def entry(measures: Mapping[Key, Measure], key: Key, link: str = "") -> Entry:
    """The measure as a table prints it, with what it rests on."""
    measure = measures.get(key, NOTHING_MEASURED)
    gap = f"{measure.missing:,} missing" if measure.missing else ""
    rests = matches(measure.matches) if measure.matches or gap else ""  # where nothing is defined nothing is counted
    return Entry(measure.value, rests, gap, link=link, low=measure.low, high=measure.high)
