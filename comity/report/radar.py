"""Profiles: a polygon over several scales for each of those that are compared."""

from __future__ import annotations

import textwrap

import altair as alt
import numpy as np
import pandas as pd

from comity.report.drawing import PANEL, Figure, drawn, extremes, panel_header, room, short
from comity.report.grid import Grid
from comity.report.text import counted, number

RADIUS = 60.0
"""Of a radar, in pixels."""
LINE = 13
"""How high a line of small print is, in pixels."""
CLEAR = 11
"""How far a name is from the rim, in pixels, so that a ring there does not touch it."""
WRAP = 13
"""How many characters of an axis stand in one line."""
BEYOND = "A ring is a number beyond the scale, drawn where the scale ends."


def radar(key: str, values: pd.DataFrame, table: Grid, across: int = 3) -> Figure:
    """A polygon for each row of the frame, with a corner on the axis of each column: 0 in the centre, 1 on the rim.

    What lies beyond is drawn on the rim or in the centre, as a ring instead of a dot. Where a number is unknown the
    polygon is open. Every axis carries its number.
    """
    frame = _corners(values)
    panels = list(frame["panel"].unique())
    said = f"{counted(len(panels), 'polygon')} over {counted(len(values.columns), 'axis', 'axes')}. "
    said += extremes(frame.set_index(["panel", "axis"])["value"])
    facet = alt.Facet("panel:N", sort=panels, header=panel_header())
    chart = _polygons(frame).facet(facet, columns=min(across, len(panels)))
    return drawn(chart, key, table, said, BEYOND if frame["beyond"].any() else "")


def _corners(values: pd.DataFrame) -> pd.DataFrame:
    """A line for each corner: where it is, where its neighbour is, and where its name stands."""
    panels, axes = short(values.index), short(values.columns, PANEL)
    numbers = values.to_numpy(dtype=float)
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(axes)) / len(axes)
    reach = np.clip(numbers, 0, 1)
    x, y = reach * np.cos(angles), reach * np.sin(angles)
    ends = {"x": x, "y": y, "to_x": np.roll(x, -1, axis=1), "to_y": np.roll(y, -1, axis=1)}
    frame = pd.DataFrame({name: part.ravel() for name, part in ends.items()} | {"value": numbers.ravel()})
    frame["panel"], frame["axis"] = np.repeat(panels, len(axes)), axes * len(panels)
    frame["order"] = np.tile(np.arange(len(axes)), len(panels))
    frame["whole"] = np.repeat(~np.isnan(numbers).any(axis=1), len(axes))
    frame["beyond"] = (numbers != reach).ravel() & frame["value"].notna()
    frame["rim_x"], frame["rim_y"] = np.tile(np.cos(angles), len(panels)), np.tile(np.sin(angles), len(panels))
    printed = zip(frame["axis"], frame["value"], strict=True)
    frame["printed"] = [textwrap.fill(f"{axis} {number(value, 2)}", WRAP) for axis, value in printed]
    return frame


def _polygons(frame: pd.DataFrame) -> alt.LayerChart:
    lines = [line for name in frame["printed"].unique() for line in name.split("\n")]
    beside, above = room(lines, CLEAR), (frame["printed"].str.count("\n").max() + 1) * LINE + CLEAR
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-1, 1], nice=False, range=[beside, beside + 2 * RADIUS]))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[-1, 1], nice=False, range=[above + 2 * RADIUS, above]))
    base = alt.Chart().encode(x=x, y=y)
    layers = [*_web(frame, x, y), _within(base), _edges(base), _dots(base), _axis_names(base)]
    return alt.LayerChart(data=frame, layer=layers, width=2 * (beside + RADIUS), height=2 * (above + RADIUS))


def _within(base: alt.Chart) -> alt.Chart:
    area: alt.Chart = base.transform_filter("datum.whole").mark_line(
        interpolate="linear-closed", stroke="transparent", fill="var(--tint)", fillOpacity=0.25
    )
    return area.encode(order=alt.Order("order:Q"))


def _edges(base: alt.Chart) -> alt.Chart:
    known = base.transform_filter("isValid(datum.x) && isValid(datum.to_x)")
    edges: alt.Chart = known.mark_rule(color="var(--accent)", strokeWidth=2)
    return edges.encode(x2=alt.X2("to_x"), y2=alt.Y2("to_y"))


def _dots(base: alt.Chart) -> alt.Chart:
    known = base.transform_filter("isValid(datum.x)")
    dots: alt.Chart = known.mark_point(size=40, opacity=1, stroke="var(--accent)")
    return dots.encode(fill=alt.condition("datum.beyond", alt.value("var(--paper)"), alt.value("var(--accent)")))


def _web(frame: pd.DataFrame, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """The spokes, and the rings at a half and at 1."""
    rim = frame.loc[frame["panel"] == frame["panel"].iloc[0], ["rim_x", "rim_y", "order"]].to_numpy()
    rim = pd.DataFrame(rim, columns=["x", "y", "order"])
    rings = pd.concat([rim.assign(x=rim["x"] * r, y=rim["y"] * r, ring=r) for r in (0.5, 1)])
    lines = alt.Chart(rings).encode(x=x, y=y, order=alt.Order("order:Q"), detail=alt.Detail("ring:N"))
    spokes = alt.Chart(rim).encode(x=x, y=y, x2=alt.datum(0), y2=alt.datum(0))
    return [
        lines.mark_line(interpolate="linear-closed", color="currentColor", opacity=0.25, strokeWidth=1),
        spokes.mark_rule(color="currentColor", opacity=0.25),
    ]


def _axis_names(base: alt.Chart) -> alt.Chart:
    """The names of the axes around the rim, each turned away from the centre."""
    lines = "length(split(datum.printed, '\\n'))"
    rise, lift = CLEAR + LINE // 2 - 2, f"{LINE} * (1 - {lines})"
    up = f"datum.rim_y > 0.01 ? {lift} - {rise} : datum.rim_y < -0.01 ? {rise} : {lift} / 2"
    words: alt.Chart = base.mark_text(
        lineBreak="\n",
        lineHeight=LINE,
        fontSize=11,
        color="currentColor",
        align=alt.expr("abs(datum.rim_x) < 0.1 ? 'center' : datum.rim_x > 0 ? 'left' : 'right'"),
        dx=alt.expr(f"abs(datum.rim_x) < 0.1 ? 0 : datum.rim_x > 0 ? {CLEAR} : -{CLEAR}"),
        dy=alt.expr(up),
        baseline="middle",
    )
    return words.encode(x=alt.X("rim_x:Q"), y=alt.Y("rim_y:Q"), text=alt.Text("printed:N"))
