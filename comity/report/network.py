"""Who gave what to whom: a square of small tinted squares for each group of agents."""

from __future__ import annotations

import altair as alt
import pandas as pd

from comity.report.drawing import STRONGEST, Chart, Figure, drawn, extremes, panel_header, room, row_axis, shortened
from comity.report.grid import Grid
from comity.report.squares import FAINTEST
from comity.report.text import counted, number

SQUARE = 27
"""Of one pair, in pixels."""
NAME = 34
"""How many characters of the name of a group are shown."""
ACROSS = 1_100.0
"""How wide the panels of a line are together at most, in pixels."""


def network(key: str, sent: pd.DataFrame, table: Grid) -> Figure:
    """One panel for each group, in it a square for each pair: the row gave so much to the column.

    sent: index of group and giver, columns of takers, both by number; NaN has no square. The tint runs from 0 to the
    most that any gave, the same in all panels.
    """
    panels = shortened(sent.index.get_level_values(0), NAME)
    sent = sent.set_axis(pd.MultiIndex.from_arrays([panels, sent.index.get_level_values(1)]))
    named = sent.rename_axis(index=["panel", "row"], columns="column")
    frame = named.melt(var_name="column", ignore_index=False).dropna().reset_index()
    frame = frame.assign(row=frame["row"].astype(str), column=frame["column"].astype(str))
    frame["printed"] = [number(value, 1) for value in frame["value"]]
    panels = list(dict.fromkeys(panels))
    said = f"{counted(len(panels), 'panel')}. {extremes(frame.set_index(['panel', 'row', 'column'])['value'])}"
    return drawn(_panels(frame, panels, list(map(str, sent.columns))), key, table, said)


def _panels(frame: pd.DataFrame, panels: list[str], numbers: list[str]) -> Chart:
    most = float(frame["value"].max()) if len(frame) else 1.0
    wide = room([str(round(most, 1)), "0.0"], 4) if most >= 100 else SQUARE
    heads = alt.Axis(orient="top", labelAngle=0, title=None)
    base = alt.Chart().encode(
        x=alt.X("column:N", sort=numbers, axis=heads),
        y=alt.Y("row:N", sort=numbers, title=None, axis=row_axis(numbers)),
    )
    tint = alt.Scale(domain=[0, most or 1.0], range=[FAINTEST, STRONGEST], clamp=True)
    squares = base.mark_rect(color="var(--tint)", stroke="var(--paper)", strokeWidth=1).encode(
        fillOpacity=alt.FillOpacity("value:Q", scale=tint, legend=None)
    )
    words = base.mark_text(color="currentColor", fontSize=10).encode(text=alt.Text("printed:N"))
    chart = alt.LayerChart(data=frame, layer=[squares, words], width=alt.Step(wide), height=alt.Step(22))
    across = max(1, int(ACROSS // (wide * len(numbers) + 50)))
    facet = alt.Facet("panel:N", sort=panels, header=panel_header())
    found: Chart = chart.facet(facet, columns=min(across, len(panels))).resolve_axis(x="independent")
    return found
