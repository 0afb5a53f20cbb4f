"""Populations over time: bands that share a whole, each with its name where it can be read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal, NamedTuple, TypeAlias

import altair as alt
import numpy as np
import numpy.typing as npt
import pandas as pd

from comity.report.drawing import STRONGEST, WIDEST, Figure, drawn, room, short
from comity.report.grid import Grid
from comity.report.text import distinct, number

Numbers: TypeAlias = npt.NDArray[np.float64]
Time: TypeAlias = Literal["linear", "sqrt", "symlog"]

WIDTH, HEIGHT = 420.0, 260.0
"""Of the bands, in pixels."""
NAMED = 13.0
"""A band can carry its name where it is at least so high, in pixels."""
TICKS = 36.0
"""Round steps on the axis are at least so far apart, in pixels."""
SPREAD: dict[Time, Callable[[Numbers], Numbers]] = {"linear": np.asarray, "sqrt": np.sqrt, "symlog": np.log1p}


def areas(key: str, shares: pd.DataFrame, table: Grid, time: Time = "sqrt") -> Figure:
    """A population over time: one band per column of the frame, as high as its share at the step in the index.

    A band is named where it ends, or else where it begins, or else inside where there is room for its name; those that
    are too low for a name everywhere are drawn as one. time: how the steps are spread: `sqrt` and `symlog` give the
    first ones more room. A frame with very many steps is better `thinned` first.
    """
    named = shares.set_axis(short(shares.columns), axis=1).fillna(0.0)
    final = named.iloc[-1].sort_values(ascending=False, kind="stable")
    ends = "; ".join(f"{name} {number(share, 2)}" for name, share in final.items())
    said = f"from step {shares.index[0]} to {shares.index[-1]}. Shares at the end: {ends}."
    axis = Axis(shares.index[0], shares.index[-1], time)
    return drawn(_population(_bands(_merged(named)), axis), key, table, said)


def thinned(frame: pd.DataFrame, most: int = 60, time: Time = "sqrt") -> pd.DataFrame:
    """At most so many rows of a frame whose index is the step, spread as `time` says; the first and the last stay."""
    places = Axis(frame.index[0], frame.index[-1], time).at(frame.index)
    wanted = np.linspace(0, WIDTH, most)
    return frame.iloc[np.unique(np.abs(places[:, None] - wanted).argmin(axis=0))]


@dataclass(frozen=True)
class Axis:
    """From the first step to the last, which are at least 0, over the width of the bands."""

    first: float
    last: float
    time: Time

    def at(self, steps: npt.ArrayLike) -> Numbers:
        """How far these steps are from the first, in pixels."""
        spread = SPREAD[self.time](np.array([self.first, self.last, *np.asarray(steps, dtype=float)]))
        places: Numbers = WIDTH * (spread[2:] - spread[0]) / ((spread[1] - spread[0]) or 1.0)
        return places

    @property
    def ticks(self) -> list[float]:
        """The first step, the last, and round ones between them that are not too close to be read."""
        found = [self.first]
        for power in range(int(math.log10(max(self.last, 1))) + 1):
            for step in (10.0**power, 2 * 10.0**power, 5 * 10.0**power):
                before, here = self.at([found[-1], step])
                if self.first < step and here - before > TICKS and WIDTH - here > TICKS:
                    found.append(step)
        return [*found, self.last]


class Name(NamedTuple):
    """The name of a band: the step and the height of the place it belongs to, on which side of it, and what it says."""

    step: float
    middle: float
    side: str
    printed: str

    def reach(self, axis: Axis) -> tuple[float, float]:
        """From where to where it goes if it stands inside, in pixels."""
        middle, half = float(axis.at([self.step])[0]), len(self.printed) * WIDEST / 2
        return middle - half, middle + half

    def covers(self, other: Name, axis: Axis) -> bool:
        """Whether the two would cover each other, both inside."""
        (left, right), (start, end) = self.reach(axis), other.reach(axis)
        return left < end and start < right and abs(self.middle - other.middle) * HEIGHT < NAMED


def _merged(shares: pd.DataFrame) -> pd.DataFrame:
    """The frame with those that are never high enough to be named in one column."""
    low = (shares.max() * HEIGHT < NAMED).to_numpy()
    if low.sum() < 2:
        return shares
    merged = pd.concat([shares.loc[:, ~low], shares.loc[:, low].sum(axis=1)], axis=1)
    return merged.set_axis(distinct([*shares.columns[~low], f"{low.sum()} others"]), axis=1)


def _bands(shares: pd.DataFrame) -> pd.DataFrame:
    """A line for each band at each step, the first band on top: from where to where it goes."""
    tops = 1 - shares.cumsum(axis=1) + shares
    tints = np.resize([0.4, 0.15, STRONGEST, 0.25], len(shares.columns))
    parts = [
        pd.DataFrame({"band": name, "step": shares.index, "top": tops[name], "share": shares[name], "tint": tint})
        for name, tint in zip(shares.columns, tints, strict=True)
    ]
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(bottom=frame["top"] - frame["share"], middle=frame["top"] - frame["share"] / 2)


def _population(frame: pd.DataFrame, axis: Axis) -> alt.LayerChart:
    names = pd.DataFrame([*_names(frame, axis)], columns=Name._fields)
    start, end = (room(names.loc[names["side"] == side, "printed"], 12) for side in ("left", "right"))
    scale = alt.Scale(type=axis.time, domain=[axis.first, axis.last], range=[start, start + WIDTH], nice=False)
    x = alt.X("step:Q", title=None, scale=scale, axis=alt.Axis(grid=False, values=axis.ticks, format="d"))
    y = alt.Y("top:Q", title=None, scale=alt.Scale(domain=[0, 1], nice=False), axis=None)
    tint = alt.FillOpacity("tint:Q", scale=None, legend=None)
    line = {"color": "var(--paper)", "strokeWidth": 1.5}
    bands = alt.Chart(frame).mark_area(color="var(--tint)", opacity=1, line=line)
    words = alt.Chart(names).mark_text(
        align=alt.expr("datum.side == 'left' ? 'right' : datum.side == 'right' ? 'left' : 'center'"),
        dx=alt.expr("datum.side == 'left' ? -8 : datum.side == 'right' ? 8 : 0"),
        color="currentColor",
        fontSize=12,
    )
    drawn_bands = bands.encode(x=x, y=y, y2=alt.Y2("bottom:Q"), detail=alt.Detail("band:N"), fillOpacity=tint)
    layers = [drawn_bands, words.encode(x=x, y=alt.Y("middle:Q"), text=alt.Text("printed:N"))]
    return alt.LayerChart(layer=layers, width=start + WIDTH + end, height=HEIGHT)


def _names(frame: pd.DataFrame, axis: Axis) -> Iterator[Name]:
    """Each band's name beside its end, or else its beginning, or else inside where no other name stands."""
    inside: list[Name] = []
    high = frame[frame["share"] * HEIGHT >= NAMED]
    bands = [part for _, part in high.groupby("band", sort=False)]
    for part in sorted(bands, key=lambda part: -float(part["share"].max())):
        begin, end = part.iloc[0], part.iloc[-1]
        if end["step"] == axis.last:
            yield Name(end["step"], end["middle"], "right", f"{end['band']} {number(end['share'], 2)}")
        elif begin["step"] == axis.first:
            yield Name(begin["step"], begin["middle"], "left", begin["band"])
        else:
            inside += islice(_free(part, inside, axis), 1)
    yield from inside


def _free(part: pd.DataFrame, taken: list[Name], axis: Axis) -> Iterator[Name]:
    """Where the name of a band fits inside without covering another, the highest place first."""
    places = part.sort_values("share", ascending=False, kind="stable")
    for band, step, middle in zip(places["band"], places["step"], places["middle"], strict=True):
        name = Name(step, middle, "inside", band)
        left, right = name.reach(axis)
        if left > 0 and right < WIDTH and not any(name.covers(other, axis) for other in taken):
            yield name
