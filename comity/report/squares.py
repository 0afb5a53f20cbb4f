"""Tinted squares with a number in each: what holds for a row and a column, and who is paid what against whom."""

from __future__ import annotations

import json
import textwrap

import altair as alt
import numpy as np
import pandas as pd

from comity.report.drawing import (
    STRONGEST,
    Chart,
    Figure,
    drawn,
    extremes,
    long_form,
    panel_header,
    room,
    row_axis,
    short,
    shortened,
)
from comity.report.grid import Grid
from comity.report.text import counted

FAINTEST = 0.03
"""How opaque the lightest tint is, so that the square of the lowest number is still a square."""
WIDE_COLUMNS = 8
"""At most so many columns have wide squares and heads that are read without turning the page."""


def heat_map(key: str, values: pd.DataFrame, table: Grid, domain: tuple[float, float] = (0, 1)) -> Figure:
    """A tinted square for each number of the frame, whose index and columns name rows and columns; NaN has no square.

    The tint runs over the domain and stays the same beyond; every square carries its number.
    """
    frame = long_form(values, short(values.index), short(values.columns))
    said = f"{counted(len(values), 'row')} by {counted(len(values.columns), 'column')}. {_told(frame, 'row', 'column')}"
    return drawn(_squares(frame, domain), key, table, said)


def tensor(key: str, payoffs: pd.DataFrame, table: Grid) -> Figure:
    """What the agent of the row is paid against that of the column, tinted from the lowest to the highest payoff.

    With three seats the index has two levels, the third agent and that of the row: one panel for each third agent.
    """
    paid = payoffs.to_numpy(dtype=float)
    known = paid[~np.isnan(paid)]
    domain = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    if payoffs.index.nlevels == 1:
        return heat_map(key, payoffs, table, domain)
    thirds, rows = (shortened(payoffs.index.get_level_values(level)) for level in (0, 1))
    frame = long_form(payoffs, rows, short(payoffs.columns))
    frame["panel"] = [f"with {third}" for third in thirds] * len(payoffs.columns)
    panels = list(frame["panel"].unique())
    said = f"one panel for each of {counted(len(panels), 'third agent')}. {_told(frame, 'panel', 'row', 'column')}"
    facet = alt.Facet("panel:N", sort=panels, header=panel_header())
    chart: Chart = _squares(frame, domain).facet(facet, columns=1).resolve_axis(x="independent")
    return drawn(chart, key, table, said)


def _told(frame: pd.DataFrame, *where: str) -> str:
    return extremes(frame.set_index(list(where))["value"])


def _squares(frame: pd.DataFrame, domain: tuple[float, float]) -> alt.LayerChart:
    rows, columns = list(frame["row"].unique()), list(frame["column"].unique())
    wide = len(columns) <= WIDE_COLUMNS
    width = 84 if wide else room(frame["printed"], 6)
    heads = _level_heads(columns) if wide else _upright_heads(columns)
    base = alt.Chart(frame).encode(
        x=alt.X("column:N", sort=columns, title=None, axis=heads),
        y=alt.Y("row:N", sort=rows, title=None, axis=row_axis(rows)),
    )
    tint = alt.Scale(domain=list(domain), range=[FAINTEST, STRONGEST], clamp=True)
    squares = base.mark_rect(color="var(--tint)", stroke="var(--paper)", strokeWidth=2).encode(
        fillOpacity=alt.FillOpacity("value:Q", scale=tint, legend=None)
    )
    numbers = base.mark_text(color="currentColor", fontSize=13 if wide else 12).encode(text=alt.Text("printed:N"))
    layers = [squares.transform_filter("isValid(datum.value)"), numbers]
    return alt.LayerChart(layer=layers, width=alt.Step(width), height=alt.Step(36 if wide else 26))


def _level_heads(columns: list[str]) -> alt.Axis:
    """Heads in lines of a few words, which end just above the squares."""
    wrapped = [textwrap.wrap(column, 12) or [""] for column in columns]
    height = 15 * max(len(lines) - 1 for lines in wrapped) + 7
    text = f"{json.dumps(wrapped)}[indexof({json.dumps(columns)}, datum.label)]"
    return alt.Axis(orient="top", labelAngle=0, labelExpr=text, labelPadding=height)


def _upright_heads(columns: list[str]) -> alt.Axis:
    extent = room(columns)
    return alt.Axis(orient="top", labelAngle=-90, minExtent=extent, maxExtent=extent)
