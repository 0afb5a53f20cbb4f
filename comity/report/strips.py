"""Episodes as strips: a square with a sign for every round, one row for each seat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from comity.report.drawing import PANEL, ROW, STRONGEST, Chart, Figure, drawn, panel_header, row_axis, short, shortened
from comity.report.grid import Grid
from comity.report.text import counted

SQUARE = 20
"""How wide and high a round is, in pixels."""


@dataclass(frozen=True)
class Strip:
    """What one seat did in an episode. panel: the episode. row: the seat. signs: one for each round.

    dark: for each round whether its square is tinted.
    """

    panel: str
    row: str
    signs: Sequence[str]
    dark: Sequence[bool]


def strips(key: str, found: Sequence[Strip], table: Grid) -> Figure:
    """A panel for each episode, one below the other: a row of squares for each seat, the rounds from the left."""
    frame = _squares(found)
    panels = list(frame["panel"].unique())
    told = "; ".join(f"{strip.panel}, {strip.row}: {' '.join(strip.signs)}" for strip in found)
    said = f"{counted(len(panels), 'episode')}, a square for each round. {told}."
    facet = alt.Facet("panel:N", sort=panels, header=panel_header())
    chart: Chart = _panel(frame).facet(facet, columns=1).resolve_scale(y="independent").resolve_axis(x="independent")
    return drawn(chart, key, table, said)


def _squares(found: Sequence[Strip]) -> pd.DataFrame:
    rows = short([strip.row for strip in found], ROW)
    panels = shortened([strip.panel for strip in found], 3 * PANEL)
    return pd.DataFrame(
        [
            {"panel": panel, "row": row, "round": number, "sign": sign, "dark": dark}
            for strip, panel, row in zip(found, panels, rows, strict=True)
            for number, (sign, dark) in enumerate(zip(strip.signs, strip.dark, strict=True), start=1)
        ]
    )


def _panel(frame: pd.DataFrame) -> alt.LayerChart:
    rows, last = list(frame["row"].unique()), int(frame["round"].max())
    ticks = alt.Axis(
        labelAngle=0, labelExpr=f"datum.value == 1 || datum.value % 5 == 0 || datum.value == {last} ? datum.label : ''"
    )
    base = alt.Chart().encode(
        x=alt.X("round:O", title=None, axis=ticks, scale=alt.Scale(domain=list(range(1, last + 1)))),
        y=alt.Y("row:N", sort=rows, title=None, axis=row_axis(rows)),
    )
    squares = base.mark_rect(color="var(--tint)", stroke="var(--paper)", strokeWidth=2).encode(
        fillOpacity=alt.condition("datum.dark", alt.value(STRONGEST), alt.value(0.06))
    )
    signs = base.mark_text(color="currentColor", fontSize=12).encode(text=alt.Text("sign:N"))
    return alt.LayerChart(data=frame, layer=[squares, signs], width=alt.Step(SQUARE), height=alt.Step(SQUARE + 4))
