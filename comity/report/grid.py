"""A table of numbers, as the page prints it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pandas as pd


@dataclass(frozen=True)
class Entry:
    """One number of a grid; NaN where there is none.

    rests: what the number rests on, in small print. gap: what is missing from it, in words. shade: from 0 to 1, how
    dark the entry is tinted. link: the place in the page where more is said.
    """

    value: float
    rests: str = ""
    gap: str = ""
    shade: float | None = None
    link: str = ""


@dataclass(frozen=True)
class Grid:
    """Numbers in rows and columns, all with the same number of digits.

    caption, note: what they are, and how to read them. corner: what the rows are. columns: the heads of the columns.
    rows: the head of each row and its entries.
    """

    caption: str
    note: str
    corner: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Entry, ...]], ...]
    digits: int = 3


def grid_of(frame: pd.DataFrame, caption: str, note: str, corner: str, digits: int = 3) -> Grid:
    """The grid of a frame of plain numbers whose index names the rows."""
    heads, columns = map(str, frame.index), tuple(map(str, frame.columns))
    entries = (tuple(map(Entry, values)) for values in frame.to_numpy(dtype=float).tolist())
    return Grid(caption, note, corner, columns, tuple(zip(heads, entries, strict=True)), digits)


def tinted(grid: Grid) -> Grid:
    """The grid with its entries shaded from the lowest number in it (0) to the highest (1)."""
    values = [entry.value for _, entries in grid.rows for entry in entries if not math.isnan(entry.value)]
    low, span = min(values, default=0.0), (max(values, default=0.0) - min(values, default=0.0)) or 1.0

    def shaded(entry: Entry) -> Entry:
        return entry if math.isnan(entry.value) else replace(entry, shade=(entry.value - low) / span)

    return replace(grid, rows=tuple((head, tuple(map(shaded, entries))) for head, entries in grid.rows))
