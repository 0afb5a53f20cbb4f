"""A table of numbers, as the page prints it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from comity.report.text import number


@dataclass(frozen=True)
class Entry:
    """One number of a grid; NaN where there is none.

    rests: what the number rests on, in small print. gap: what is missing from it, in words. shade: from 0 to 1, how
    dark the entry is tinted. link: the place in the page where more is said. low, high: the interval of the number,
    NaN where it is not known.
    """

    value: float
    rests: str = ""
    gap: str = ""
    shade: float | None = None
    link: str = ""
    low: float = math.nan
    high: float = math.nan

    def interval(self, digits: int) -> str:
        """The interval as it is printed, "[0.43, 0.61]"; empty where there is none."""
        if math.isnan(self.low) or math.isnan(self.high):
            return ""
        return f"[{number(self.low, digits)}, {number(self.high, digits)}]"


@dataclass(frozen=True)
class Grid:
    """Numbers in rows and columns, all with the same number of digits.

    caption, note: what they are, and how to read them. corner: what the rows are. columns: the heads of the columns.
    rows: the head of each row and its entries. key: the name of its files, made from the caption where it is empty.
    """

    caption: str
    note: str
    corner: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Entry, ...]], ...]
    digits: int = 3
    key: str = ""


def grid_of(frame: pd.DataFrame, caption: str, note: str, corner: str, digits: int = 3, key: str = "") -> Grid:
    """The grid of a frame of plain numbers whose index names the rows."""
    heads, columns = map(str, frame.index), tuple(map(str, frame.columns))
    entries = (tuple(map(Entry, values)) for values in frame.to_numpy(dtype=float).tolist())
    return Grid(caption, note, corner, columns, tuple(zip(heads, entries, strict=True)), digits, key)


def grid_of_intervals(
    values: pd.DataFrame, caption: str, note: str, corner: str, head: str = "", digits: int = 3, key: str = ""
) -> Grid:
    """The grid of numbers with their intervals, one row per label.

    values: columns `value`, `low` and `high`, NaN where unknown. Its index is the label, and the only column is `head`;
    or it is group and label, and there is a column for each group.
    """
    grouped = values.index.nlevels > 1
    at = {
        place if grouped else (head, place): Entry(value, low=low, high=high)
        for place, value, low, high in _each(values)
    }
    labels = tuple(dict.fromkeys(label for _, label in at))
    columns = tuple(dict.fromkeys(group for group, _ in at))
    empty = Entry(math.nan)
    rows = tuple((str(label), tuple(at.get((group, label), empty) for group in columns)) for label in labels)
    return Grid(caption, note, corner, tuple(map(str, columns)), rows, digits, key)


def _each(values: pd.DataFrame) -> Iterator[tuple[Any, float, float, float]]:
    ends = (values[name].astype(float).tolist() for name in ("value", "low", "high"))
    return zip(values.index.tolist(), *ends, strict=True)


def tinted(grid: Grid) -> Grid:
    """The grid with its entries shaded from the lowest number in it (0) to the highest (1)."""
    values = [entry.value for _, entries in grid.rows for entry in entries if not math.isnan(entry.value)]
    low, span = min(values, default=0.0), (max(values, default=0.0) - min(values, default=0.0)) or 1.0

    def shaded(entry: Entry) -> Entry:
        return entry if math.isnan(entry.value) else replace(entry, shade=(entry.value - low) / span)

    return replace(grid, rows=tuple((head, tuple(map(shaded, entries))) for head, entries in grid.rows))
