"""One row for each label: dots with their intervals, bars of shares, and bars in parts.

Every row carries its number in print, so a reader need not measure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from comity.report.drawing import (
    PANEL,
    STRONGEST,
    WIDEST,
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
from comity.report.text import counted, number

HEIGHT = 24
"""Of a row, in pixels."""
REFERENCES = (0.0, 1.0)
"""Where all defect and where all cooperate, on the scale of a game."""
STACK = 440.0
"""How wide a bar in parts is, in pixels."""
MARGIN = 0.03
"""Of what is shown, on each side of it."""

RING = "A ring stands where the interval is not known."
SHARED = "Those that share a letter cannot be told apart."


def dots(
    key: str,
    values: pd.DataFrame,
    table: Grid,
    references: Sequence[float] = REFERENCES,
    across: int = 2,
    head: int = PANEL,
) -> Figure:
    """A dot at each value on a line from `low` to `high`, one row per label; a ring where the interval is not known.

    values: columns `value`, `low` and `high`, NaN where unknown; optionally `sets`, the letters that those share who
    cannot be told apart, or `marks` that the note of the table explains, printed after the number. Its index is the
    label, or group and label: one panel per group, so many across. references: where a dashed line goes from top to
    bottom. head: how many characters the head of a panel has at most.
    """
    frame = _dotted(values, head)
    where = ["panel", "row"] if "panel" in frame else ["row"]
    said = f"{counted(len(frame), 'row')}. {extremes(frame.set_index(where)['value'])}"
    reading = [SHARED] if "sets" in values else []
    reading += [RING] if (frame["value"].notna() & ~frame["known"]).any() else []
    panel = _dots(frame, list(references), 300 if len(where) == 1 else 200)
    chart = _panelled(panel, frame, across) if len(where) > 1 else panel
    return drawn(chart, key, table, said, " ".join(reading))


def bars(
    key: str,
    shares: pd.DataFrame,
    table: Grid,
    low: pd.DataFrame | None = None,
    high: pd.DataFrame | None = None,
    across: int = 4,
) -> Figure:
    """A bar from 0 to each share, one row per label and one panel per column: what is compared starts at one line.

    low, high: frames of the same shape, the ends of the whisker on each bar; NaN has none. The bars run from 0 to 1.
    """
    frame = long_form(shares, short(shares.index), short(shares.columns, PANEL)).rename(columns={"column": "panel"})
    for name, end in (("low", low), ("high", high)):
        frame[name] = math.nan if end is None else end.to_numpy(dtype=float).ravel("F")
    found = extremes(frame.set_index(["panel", "row"])["value"])
    said = f"{counted(len(shares), 'row')} of {counted(len(shares.columns), 'bar')}. {found}"
    return drawn(_panelled(_bars(frame, 110), frame, across), key, table, said)


def stacked(key: str, shares: pd.DataFrame, table: Grid) -> Figure:
    """A bar in parts for each row of the frame; its columns are the parts, from left to right, together at most 1.

    Parts below 0 lie side by side to the left of 0, so what a bar adds up to is its right end less its left. A part
    carries its name and number where they fit. For up to six parts: more tints are hard to tell apart.
    """
    frame = _parts(shares)
    said = f"one bar in {counted(len(shares.columns), 'part')} for each of {counted(len(shares), 'row')}. "
    return drawn(_stack(frame), key, table, said + extremes(frame.set_index(["row", "part"])["value"]))


def _dotted(values: pd.DataFrame, head: int) -> pd.DataFrame:
    frame = values.reset_index(drop=True)
    frame = frame.assign(known=frame[["value", "low", "high"]].notna().all(axis=1))
    letters = next((frame[name] for name in ("sets", "marks") if name in frame), [""] * len(frame))
    frame["printed"] = [
        f"{number(value, 2)} {mark}".rstrip() for value, mark in zip(frame["value"], letters, strict=True)
    ]
    if values.index.nlevels == 1:
        return frame.assign(row=short(values.index))
    labels = [values.index.get_level_values(level) for level in (0, 1)]
    panels, rows = shortened(labels[0], head), shortened(labels[1])
    return frame.assign(panel=panels, row=rows)


def _panelled(panel: alt.LayerChart, frame: pd.DataFrame, across: int) -> alt.FacetChart:
    panels = list(frame["panel"].unique())
    facet = alt.Facet("panel:N", sort=panels, header=panel_header())
    return panel.facet(facet, columns=min(across, len(panels)))


def _base(frame: pd.DataFrame, grid: bool = False) -> alt.Chart:
    rows = list(frame["row"].unique())
    return alt.Chart().encode(y=alt.Y("row:N", sort=rows, title=None, axis=row_axis(rows, grid)))


def _layered(frame: pd.DataFrame, layers: list[alt.Chart], width: float, height: int = HEIGHT) -> alt.LayerChart:
    return alt.LayerChart(data=frame, layer=layers, width=width, height=height * frame["row"].nunique())


def _numbers(base: alt.Chart, end: float) -> alt.Chart:
    """The printed numbers, in a column of their own that ends there."""
    words: alt.Chart = base.mark_text(align="right", color="currentColor", fontSize=12)
    return words.encode(x=alt.value(end), text=alt.Text("printed:N"))


def _share_axis() -> alt.Axis:
    return alt.Axis(grid=False, values=[0, 0.5, 1], format=".1~f")


def _dots(frame: pd.DataFrame, references: list[float], width: float) -> alt.LayerChart:
    scale = alt.Scale(domain=_span(frame, references), range=[0, width], nice=False)
    x = alt.X("value:Q", title=None, scale=scale, axis=alt.Axis(grid=False, tickCount=5))
    base, end = _base(frame, grid=True), width + room(frame["printed"])
    drawn_at = alt.Chart(pd.DataFrame({"value": references}))
    marks = drawn_at.mark_rule(color="currentColor", opacity=0.5, strokeDash=[2, 3])
    spans = base.transform_filter("datum.known").mark_rule(color="var(--accent)", strokeWidth=2)
    points = base.transform_filter("isValid(datum.value)").mark_point(size=56, opacity=1, stroke="var(--accent)")
    fill = alt.condition("datum.known", alt.value("var(--accent)"), alt.value("var(--paper)"))
    layers = [marks.encode(x=x), spans.encode(x=alt.X("low:Q"), x2=alt.X2("high:Q")), points.encode(x=x, fill=fill)]
    return _layered(frame, [*layers, _numbers(base, end)], end)


def _span(frame: pd.DataFrame, references: list[float]) -> list[float]:
    """From the lowest to the highest place where something is drawn, and a little more."""
    ends = frame[["value", "low", "high"]].to_numpy(dtype=float)
    places = [*ends[np.isfinite(ends)], *references] or [0.0]
    margin = MARGIN * ((max(places) - min(places)) or 1.0)
    return [min(places) - margin, max(places) + margin]


def _bars(frame: pd.DataFrame, width: float) -> alt.LayerChart:
    scale = alt.Scale(domain=[0, 1], range=[0, width], nice=False, clamp=True)
    x = alt.X("value:Q", title=None, scale=scale, axis=_share_axis())
    base, end = _base(frame), width + room(frame["printed"])
    tints = base.mark_bar(color="var(--tint)", fillOpacity=STRONGEST, stroke="var(--accent)", height=HEIGHT - 8)
    whiskers = base.transform_filter("isValid(datum.low)").mark_rule(color="currentColor", strokeWidth=1.5)
    return _layered(
        frame, [tints.encode(x=x), whiskers.encode(x=alt.X("low:Q"), x2=alt.X2("high:Q")), _numbers(base, end)], end
    )


def _parts(shares: pd.DataFrame) -> pd.DataFrame:
    """A line for each part: from where to where it goes, how dark it is, and what of its name and number fits."""
    frame = long_form(shares, short(shares.index), short(shares.columns, PANEL)).rename(columns={"column": "part"})
    above, below = (shares.fillna(0).clip(*ends) for ends in ((0, None), (None, 0)))
    reached = above.cumsum(axis=1).where(above > 0, below.cumsum(axis=1).where(below < 0, above.cumsum(axis=1)))
    frame["end"] = reached.to_numpy(dtype=float).ravel("F")
    frame["start"] = frame["end"] - frame["value"].fillna(0)
    frame["middle"] = (frame["start"] + frame["end"]) / 2
    tints = np.linspace(0.08, STRONGEST, len(shares.columns)).round(2)
    frame["tint"] = np.repeat(tints, len(shares))
    whole, wide = frame["part"] + " " + frame["printed"], frame["value"].abs() * STACK / _reach(frame)
    number_alone = frame["printed"].where(wide >= _wide(frame["printed"]), "")
    frame["printed"] = whole.where(wide >= _wide(whole), number_alone)
    return frame


def _reach(frame: pd.DataFrame) -> float:
    """How much the scale of bars in parts shows: 1, and what lies below 0."""
    return 1.0 - min(0.0, float(frame["end"].min()))


def _wide(words: pd.Series) -> pd.Series:
    wide: pd.Series = words.str.len() * WIDEST + 6
    return wide


def _stack(frame: pd.DataFrame) -> alt.LayerChart:
    tint = alt.FillOpacity("tint:Q", scale=None, legend=None)
    scale = alt.Scale(domain=[1 - _reach(frame), 1], range=[0, STACK], nice=False)
    x = alt.X("start:Q", title=None, scale=scale, axis=_share_axis())
    base = _base(frame)
    bars = base.transform_filter("isValid(datum.value) && datum.value != 0").mark_bar(
        color="var(--tint)", stroke="var(--paper)", strokeWidth=2, height=HEIGHT
    )
    words = base.mark_text(color="currentColor", fontSize=12).encode(x=alt.X("middle:Q"), text=alt.Text("printed:N"))
    layers = [bars.encode(x=x, x2=alt.X2("end:Q"), fillOpacity=tint), words, *_key(frame, tint)]
    return _layered(frame, layers, STACK, HEIGHT + 6)


def _key(frame: pd.DataFrame, tint: alt.FillOpacity) -> list[alt.Chart]:
    """A tinted square with its name for each part, in lines above the bars."""
    places = _places(frame.drop_duplicates("part")[["part", "tint"]])
    x, y = alt.X("x:Q", scale=None, axis=None), alt.Y("y:Q", scale=None, axis=None)
    chart = alt.Chart(places).encode(x=x, y=y)
    squares = chart.mark_point(shape="square", size=170, fill="var(--tint)", stroke="var(--rule)", opacity=1)
    names = chart.mark_text(align="left", dx=14, color="currentColor", fontSize=12)
    return [squares.encode(fillOpacity=tint), names.encode(text=alt.Text("part:N"))]


def _places(parts: pd.DataFrame) -> pd.DataFrame:
    """Where the key of each part stands: from the left, and on a new line where it would go beyond the bars."""
    places, x, line = [], 0.0, 0
    for part in parts["part"]:
        wide = room([part], 30)
        x, line = (0.0, line + 1) if x and x + wide > STACK else (x, line)
        places.append((x + 7, line))
        x += wide
    return parts.assign(x=[x for x, _ in places], y=[22 * (at - line) - 14 for _, at in places])
