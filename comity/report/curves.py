"""Small lines side by side over rounds, on one scale from 0 to the most there is."""

from __future__ import annotations

import altair as alt
import pandas as pd

from comity.report.drawing import Chart, Figure, drawn, long_form, panel_header, room, short
from comity.report.grid import Grid
from comity.report.panels import ACROSS, BESIDE, MOST, NARROWEST
from comity.report.text import number


def curves(key: str, values: pd.DataFrame, table: Grid) -> Figure:
    """One small panel for each column of the frame, with a line over its index: the rounds. All have the same scale."""
    shown = values.set_axis(short(values.columns), axis=1)
    return drawn(_panels(shown), key, table, f"one small line chart each. {_courses(shown)}")


def _panels(values: pd.DataFrame) -> Chart:
    width = max(NARROWEST, room(values.columns, 0))
    across = min(MOST, int(ACROSS // (width + BESIDE)))
    frame = long_form(values, list(values.index), list(values.columns))
    first, last = int(values.index.min()), int(values.index.max())
    most = float(frame["value"].max()) or 1.0
    rounds = alt.X("row:Q", title=None, axis=alt.Axis(values=[first, last], grid=False, format="d"))
    rounds = rounds.scale(alt.Scale(domain=[first, max(last, first + 1)], nice=False))
    height = alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=3, grid=True))
    height = height.scale(alt.Scale(domain=[-0.06 * most, 1.06 * most], nice=False))
    line = alt.Chart(frame).mark_line(color="var(--accent)", strokeWidth=2, strokeJoin="round")
    panel = line.encode(x=rounds, y=height).properties(width=width, height=64)
    facets = panel.facet(alt.Facet("column:N", sort=list(values.columns), header=panel_header()), columns=across)
    independent: Chart = facets.resolve_axis(x="independent")
    return independent


def _courses(values: pd.DataFrame) -> str:
    known = ((name, values[name].dropna()) for name in values.columns)
    courses = [f"{name} {number(line.iloc[0], 2)} to {number(line.iloc[-1], 2)}" for name, line in known if len(line)]
    return f"From the first to the last round: {'; '.join(courses)}."
