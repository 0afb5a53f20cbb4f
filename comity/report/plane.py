"""Points on a plane of two scales, with intervals in both directions, each named beside it."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.report.drawing import ROW, Figure, drawn, room, short
from comity.report.grid import Grid
from comity.report.text import MINUS, counted, number

SIDE = 340.0
"""How wide and at least how high the plane is, in pixels."""
LINE = 17.0
"""How far two names are apart at least, in pixels."""
BESIDE = 34.0
"""Between the plane and the names, in pixels."""
MARGIN = 0.04
"""Of what is shown, on each side of it."""
BAND = 0.1
"""The same above and below, where words stand in the corners."""
SHARES = (0.0, 1.0)
HOLLOW = "A diamond is a published number, from a secondary source."

Corners = tuple[str, str, str, str]
"""What it means to be low on both, high on the first alone, high on the second alone, and high on both."""


def plane(
    key: str,
    points: pd.DataFrame,
    table: Grid,
    names: tuple[str, str],
    corners: Corners | None = None,
    span: Sequence[float] = SHARES,
) -> Figure:
    """A point for each row of the frame, named by its index, with a line to its name at the side.

    points: columns `x` and `y`, and their intervals `x_low`, `x_high`, `y_low` and `y_high`, NaN where unknown;
    `published`, whether it is a diamond. names: of the scales. corners: words in the corners, with lines through the
    middle of both scales. span: what the first scale shows at least; the second shows 0 to 1 at least.
    """
    shown = points.dropna(subset=["x", "y"])
    reach = {"x": _shown(shown, "x", span, MARGIN), "y": _shown(shown, "y", SHARES, BAND if corners else MARGIN)}
    frame = _placed(shown, reach, "{:.2f}" if corners else "{:,.6g}")
    said = [
        f"{label} {number(x, 2)}, {number(y, 2)}" for label, x, y in frame[["name", "x", "y"]].itertuples(index=False)
    ]
    told = "; ".join(said) or "There are no numbers"
    what = f"{counted(len(frame), 'point')} by {names[0]} and {names[1]}. {told}."
    reading = HOLLOW if frame["published"].any() else ""
    return drawn(_chart(frame, names, corners, reach), key, table, what, reading)


Reach = dict[str, tuple[float, float]]
"""From where to where each scale goes."""


def _placed(points: pd.DataFrame, reach: Reach, spelled: str) -> pd.DataFrame:
    """The points with what is printed beside them, and where, in units of the scales. spelled: how the first is."""
    frame = points.reset_index(drop=True).assign(name=short(points.index, ROW))
    printed = zip(frame["name"], frame["x"], frame["y"], strict=True)
    frame["printed"] = [f"{name}  {spelled.format(x).replace('-', MINUS)}, {number(y, 2)}" for name, x, y in printed]
    (left, right), (low, high) = reach["x"], reach["y"]
    tall = _tall(len(frame))
    heights = (high - frame["y"].to_numpy(dtype=float)) / (high - low) * tall
    order = np.lexsort((-frame["x"].to_numpy(dtype=float), heights))  # lines to names below do not cross
    frame["name_y"] = high - apart(heights, order, tall) / tall * (high - low)
    for column, where in (("name_x", SIDE + BESIDE), ("near_x", SIDE + BESIDE - 6)):
        frame[column] = left + where / SIDE * (right - left)
    return frame


def _tall(points: int) -> float:
    return max(SIDE, LINE * points)


def apart(heights: NDArray[np.float64], order: NDArray[np.intp], tall: float) -> NDArray[np.float64]:
    """Heights near to the given ones, but `LINE` apart and within 0 to `tall`. order: from the top; never changed."""
    steps = LINE * np.arange(len(heights))
    wanted = np.maximum.accumulate(heights[order] - steps) if len(heights) else heights
    found = np.empty(len(heights))
    found[order] = np.clip(wanted, 0, max(tall - LINE * (len(heights) - 1), 0)) + steps
    return found


def _shown(points: pd.DataFrame, axis: str, span: Sequence[float], margin: float) -> tuple[float, float]:
    """From where to where a scale goes. margin: how much more on either side, of what it shows."""
    ends = points[[axis, f"{axis}_low", f"{axis}_high"]].to_numpy(dtype=float)
    places = [*ends[np.isfinite(ends)], *span] or [0.0, 1.0]
    low, high = float(min(places)), float(max(places))
    more = margin * ((high - low) or 1.0)
    return low - more, high + more


def _chart(frame: pd.DataFrame, names: tuple[str, str], corners: Corners | None, reach: Reach) -> alt.LayerChart:
    tall = _tall(len(frame))
    across = alt.Scale(domain=list(reach["x"]), range=[0, SIDE], nice=False)
    along = alt.Scale(domain=list(reach["y"]), range=[tall, 0], nice=False)
    x = alt.X("x:Q", scale=across, axis=_axis(names[0], corners is not None))
    y = alt.Y("y:Q", scale=along, axis=_axis(names[1], True))
    layers = [*_middle(corners, reach, x, y), *_points(alt.Chart().encode(x=x, y=y))]
    wide = SIDE + BESIDE + room(frame["printed"])
    return alt.LayerChart(data=frame, layer=layers, width=wide, height=tall)


def _axis(name: str, shares: bool) -> alt.Axis:
    """A scale with its name at its beginning. shares: whether it goes from 0 to 1."""
    return alt.Axis(
        title=name,
        titleColor="currentColor",
        titleFontSize=12,
        titleFontWeight="normal",
        titleAnchor="start",
        titlePadding=8,
        grid=False,
        domain=True,
        domainColor="currentColor",
        domainOpacity=0.3,
        values=[0, 0.5, 1] if shares else alt.Undefined,
        format=".1~f" if shares else alt.Undefined,
        tickCount=alt.Undefined if shares else 5,
    )


def _middle(corners: Corners | None, reach: Reach, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Lines through the middle of both scales, and the words in the corners."""
    if corners is None:
        return []
    (left, right), (low, high) = reach["x"], reach["y"]
    lines = alt.Chart(pd.DataFrame({"x": [0.5, left], "to_x": [0.5, right], "y": [low, 0.5], "to_y": [high, 0.5]}))
    cross = lines.mark_rule(color="currentColor", opacity=0.35, strokeDash=[2, 3])
    ends = ((at, up) for up in (low, high) for at in (left, right))
    words = [_corner(said, at == left, up == high, (at, up)) for said, (at, up) in zip(corners, ends, strict=True)]
    return [cross.encode(x=x, y=y, x2="to_x", y2="to_y"), *(word.encode(x=x, y=y) for word in words)]


def _corner(said: str, left: bool, top: bool, place: tuple[float, float]) -> alt.Chart:
    frame = pd.DataFrame({"x": [place[0]], "y": [place[1]], "said": [said]})
    chart: alt.Chart = alt.Chart(frame).mark_text(
        align="left" if left else "right",
        baseline="top" if top else "bottom",
        dx=6 if left else -6,
        dy=5 if top else -5,
        color="currentColor",
        opacity=0.75,
        fontSize=12,
    )
    return chart.encode(text=alt.Text("said:N"))


def _points(base: alt.Chart) -> list[alt.Chart]:
    out = base.mark_rule(color="currentColor", opacity=0.3, strokeWidth=1).encode(
        x2=alt.X2("near_x"), y2=alt.Y2("name_y")
    )
    across = base.transform_filter("isValid(datum.x_low)").mark_rule(color="var(--accent)", strokeWidth=1.5)
    along = base.transform_filter("isValid(datum.y_low)").mark_rule(color="var(--accent)", strokeWidth=1.5)
    fill = alt.condition("datum.published", alt.value("var(--paper)"), alt.value("var(--accent)"))
    own = base.transform_filter("!datum.published").mark_point(size=64, opacity=1, stroke="var(--accent)")
    theirs = base.transform_filter("datum.published").mark_point(
        size=64, opacity=1, stroke="var(--accent)", shape="diamond"
    )
    text = base.mark_text(align="left", baseline="middle", color="currentColor", fontSize=12)
    return [
        out,
        across.encode(x=alt.X("x_low:Q"), x2=alt.X2("x_high")),
        along.encode(y=alt.Y("y_low:Q"), y2=alt.Y2("y_high")),
        own.encode(fill=fill),
        theirs.encode(fill=fill),
        text.encode(x=alt.X("name_x:Q"), y=alt.Y("name_y:Q"), text=alt.Text("printed:N")),
    ]
