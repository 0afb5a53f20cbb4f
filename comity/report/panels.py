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
MOST, ACROSS = 6, 1_180.0
"""So many panels stand in a line at most, and so wide are they together, in pixels."""


def lines(key: str, values: pd.DataFrame, last: int, table: Grid) -> Figure:
    """One small panel for each column of the frame, with a line from 0 to 1 over its index: the rounds 1 to `last`."""
    shown = values.set_axis(short(values.columns), axis=1)
    return drawn(_panels(shown, last), key, table, f"one small line chart each. {_courses(shown)}")


def _panels(values: pd.DataFrame, last: int) -> Chart:
    """As many side by side as there is room for; each as wide as the longest name, which would run out of the last."""
    width = max(NARROWEST, room(values.columns, 0))
    across = min(MOST, int(ACROSS // (width + BESIDE)))
    frame = long_form(values, list(values.index), list(values.columns))
    ends = alt.Axis(values=[1, last], grid=False, format="d")
    share = alt.Axis(values=[0, 0.5, 1], format=".1~f", grid=True)
    panel = (
        alt.Chart(frame)
        .mark_line(color="var(--accent)", strokeWidth=2, strokeJoin="round")
        .encode(
            x=alt.X("row:Q", title=None, axis=ends, scale=alt.Scale(domain=[1, last], nice=False)),
            y=alt.Y("value:Q", title=None, axis=share, scale=alt.Scale(domain=[-0.08, 1.08], nice=False)),
        )
        .properties(width=width, height=64)
    )
    facets = panel.facet(alt.Facet("column:N", sort=list(values.columns), header=panel_header()), columns=across)
    independent: Chart = facets.resolve_axis(x="independent")
    return independent


def _courses(values: pd.DataFrame) -> str:
    known = ((name, values[name].dropna()) for name in values.columns)
    courses = [f"{name} {number(line.iloc[0], 2)} to {number(line.iloc[-1], 2)}" for name, line in known if len(line)]
    return f"From the first to the last round: {'; '.join(courses)}."
