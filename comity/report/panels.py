"""Small lines side by side: how shares go over the rounds."""

from __future__ import annotations

import altair as alt
import pandas as pd

from comity.report.drawing import Chart, Figure, drawn, long_form, panel_header, room, short
from comity.report.grid import Grid
from comity.report.text import number

NARROWEST = 120.0
"""How wide a panel is, in pixels, unless its name is wider."""
BESIDE = 30.0
"""How much room there is between panels, in pixels."""
BAND = 0.3
"""How opaque a band is."""
MOST, ACROSS = 6, 1_180.0
"""So many panels stand in a line at most, and so wide are they together, in pixels."""


def lines(
    key: str,
    values: pd.DataFrame,
    last: int,
    table: Grid,
    low: pd.DataFrame | None = None,
    high: pd.DataFrame | None = None,
    over: str = "round",
) -> Figure:
    """One small panel for each column of the frame, with a line from 0 to 1 over its index, which ends at `last`.

    low, high: frames of the same shape, the ends of a band around each line; NaN where there is none. over: what the
    index counts, from 1 or from 0.
    """
    shown = values.set_axis(short(values.columns), axis=1)
    bands = None if low is None or high is None or low.isna().all(axis=None) else (low, high)
    told = f"one small line chart each{' with a band' if bands else ''}. {_courses(shown, over)}"
    return drawn(_panels(shown, last, bands), key, table, told)


def _panels(values: pd.DataFrame, last: int, bands: tuple[pd.DataFrame, pd.DataFrame] | None) -> Chart:
    """As many side by side as there is room for; each as wide as the longest name, which would run out of the last."""
    width = max(NARROWEST, room(values.columns, 0))
    across = min(MOST, int(ACROSS // (width + BESIDE)))
    frame = long_form(values, list(values.index), list(values.columns))
    first = min(1, int(values.index[0]))
    ends = alt.Axis(values=[first, last], grid=False, format="d")
    share = alt.Axis(values=[0, 0.5, 1], format=".1~f", grid=True)
    base = alt.Chart().encode(
        x=alt.X("row:Q", title=None, axis=ends, scale=alt.Scale(domain=[first, last], nice=False)),
        y=alt.Y("value:Q", title=None, axis=share, scale=alt.Scale(domain=[-0.08, 1.08], nice=False)),
    )
    line = base.mark_line(color="var(--accent)", strokeWidth=2, strokeJoin="round")
    layers = [line]
    if bands is not None:
        for name, end in zip(("low", "high"), bands, strict=True):
            frame[name] = end.to_numpy(dtype=float).ravel("F")
        area = base.transform_filter("isValid(datum.low)").mark_area(color="var(--tint)", opacity=BAND)
        layers = [area.encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q")), line]
    panel = alt.LayerChart(data=frame, layer=layers, width=width, height=64)
    facets = panel.facet(alt.Facet("column:N", sort=list(values.columns), header=panel_header()), columns=across)
    independent: Chart = facets.resolve_axis(x="independent")
    return independent


def _courses(values: pd.DataFrame, over: str) -> str:
    known = ((name, values[name].dropna()) for name in values.columns)
    courses = [f"{name} {number(line.iloc[0], 2)} to {number(line.iloc[-1], 2)}" for name, line in known if len(line)]
    return f"From the first to the last {over}: {'; '.join(courses)}."
