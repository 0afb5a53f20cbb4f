"""What can be told apart: labels with their intervals, their possible ranks, and all pairs with their p-values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from string import ascii_lowercase

import pandas as pd

from comity.metrics import Contrasts, ResultTable
from comity.metrics.contrasts import Contrast
from comity.report.figures import Figure, dots
from comity.report.grid import Entry, Grid
from comity.report.results import measures
from comity.report.text import counted, number

MOST_PAIRS = 60
"""Of more pairs the page shows those that are told apart; its files have all."""
LEAST_P = 0.001
"""Smaller ones are printed as smaller than this."""
SMALL = "A p of 0.000 is one below 0.0005."


def ranked(
    key: str, result: ResultTable, found: Contrasts | None, table: Grid, called: Callable[[str], str] = str
) -> Figure:
    """The rows of a result by one key as dots with their intervals, best first; letters join those not told apart.

    found: all pairs, None where they were not compared. table: its caption, note and corner are those of the figure.
    called: how the page names a label.
    """
    measured = {label: measure for (label,), measure in measures(result).items() if measure.matches}
    values = pd.DataFrame(
        [measure[:3] for measure in measured.values()],
        index=[called(label) for label in measured],
        columns=["value", "low", "high"],
    )
    ranks = {str(row[result.by[0]]): _rank(row["rank_low"], row["rank_high"]) for row in result.rows}
    letters = _letters(found)
    if letters:
        values["sets"] = [f"{letters[label]} \u00b7 {ranks[label]}" if label in letters else "" for label in measured]
    rows = tuple(
        (called(label), (Entry(measure.value, ranks[label], low=measure.low, high=measure.high),))
        for label, measure in measured.items()
    )
    return dots(key, values, replace(table, columns=("Mean",), rows=rows))


def _letters(found: Contrasts | None) -> dict[str, str]:
    """For each label the letters of the groups it belongs to; empty where there are more groups than letters."""
    if found is None or len(found.groups) > len(ascii_lowercase):
        return {}
    groups = list(zip(ascii_lowercase, found.groups, strict=False))
    return {label: "".join(letter for letter, group in groups if label in group) for label in found.labels}


def _rank(low: int | None, high: int | None) -> str:
    if low is None:
        return ""
    return f"rank {low}" if low == high else f"rank {low} to {high}"


def chance(p: float) -> str:
    """A p-value as it is printed."""
    return f"< {LEAST_P}" if p < LEAST_P else number(p)


def pairs(
    found: Contrasts, caption: str, note: str, key: str, called: Callable[[str], str] = str
) -> tuple[tuple[Grid, ...], tuple[Grid, ...]]:
    """All pairs with their differences and p-values: what the page shows, and what its files hold besides.

    Of too many pairs the page shows those told apart, and none where nothing can be told of any.
    """
    apart = [pair for pair in found.pairs if pair.is_separable]
    note = f"{note} {len(apart)} of {counted(len(found.pairs), 'pair')} told apart."
    whole = _table(found.pairs, caption, note, key, called)
    if all(math.isnan(pair.p) for pair in found.pairs):
        return (), (whole,)
    if len(found.pairs) <= MOST_PAIRS:
        return (whole,), ()
    cut = f"{note} Only these are shown here; the files of the report have all."
    return (_table(apart, caption, cut, f"{key}-told-apart", called),), (whole,)


def _table(pairs: Sequence[Contrast], caption: str, note: str, key: str, called: Callable[[str], str]) -> Grid:
    columns = ("First less second", "p", "p, Holm", "p, Benjamini and Hochberg")
    rows = tuple(
        (
            f"{called(pair.first)} less {called(pair.second)}",
            (
                Entry(pair.difference.value, low=pair.difference.low, high=pair.difference.high),
                *map(Entry, (pair.p, pair.p_holm, pair.p_bh)),
            ),
        )
        for pair in pairs
    )
    small = f" {SMALL}" if any(pair.p < LEAST_P / 2 for pair in pairs) else ""
    return Grid(caption, f"{note}{small}", "Pair", columns, rows, key=key)
