"""What several sections say alike: the words for scales and shares, an entry of a table, courses over rounds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import pandas as pd

from comity.metrics import ResultTable
from comity.report.figures import Figure, lines
from comity.report.grid import Entry, Grid
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


def courses(
    key: str, caption: str, note: str, by_round: pd.DataFrame, corner: str, half: pd.DataFrame | None = None
) -> Figure:
    """A line for each column of a frame whose index is the round, and its table with the rounds across.

    half: a frame of the same shape, how far the interval of each share reaches to each side; NaN where it is not known.
    """
    last = int(by_round.index.max())
    blocks = in_blocks(by_round)
    wide = in_blocks(half.reindex_like(by_round)) if half is not None else blocks * math.nan
    low, high = (blocks - wide).clip(lower=0), (blocks + wide).clip(upper=1)
    step = blocks.index[1] - blocks.index[0] if len(blocks) > 1 else 1
    note += " A round counts the matches that reached it."
    if step > 1:
        note += f" Rounds are taken together in blocks of {step}, named by the first."
    if half is not None:
        note += f" {_bands(wide)}"
    heads = distinct(blocks.columns)
    rows = tuple(
        (head, tuple(map(_share, blocks.iloc[:, place], low.iloc[:, place], high.iloc[:, place])))
        for place, head in enumerate(heads)
    )
    table = Grid(caption, note, corner, tuple(map(str, blocks.index)), rows, digits=2)
    return lines(key, blocks, last, table, low, high)


def _bands(wide: pd.DataFrame) -> str:
    """How the bands are read, and where there are none."""
    none = "where there is one draw, or nothing was left to chance, there is none"
    if wide.isna().all(axis=None):
        return f"No bands: {none}."
    return (
        "The band is the 95 % interval of each round by itself, over replicates, or over matches where there is one "
        f"replicate; {none}."
    )


def _share(value: float, low: float, high: float) -> Entry:
    return Entry(float(value), low=float(low), high=float(high))


def entry(measures: Mapping[Key, Measure], key: Key, link: str = "") -> Entry:
    """The measure as a table prints it, with what it rests on."""
    measure = measures.get(key, NOTHING_MEASURED)
    gap = f"{measure.missing:,} missing" if measure.missing else ""
    rests = matches(measure.matches) if measure.matches or gap else ""  # where nothing is defined nothing is counted
    return Entry(measure.value, rests, gap, link=link, low=measure.low, high=measure.high)
