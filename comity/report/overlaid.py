"""Lines laid over each other, each named beside them: a candidate, people with a band, and others in dashes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import altair as alt
import numpy as np
import pandas as pd

from comity.report.drawing import ROW, WIDEST, Chart, Figure, drawn, panel_header, room, short, shortened
from comity.report.grid import Entry, Grid
from comity.report.plane import apart
from comity.report.text import counted, number
from comity.words.phrases import sentence

Kind: TypeAlias = Literal["candidate", "people", "other"]

WIDTH, HEIGHT = 300.0, 190.0
"""Of the lines of a panel, in pixels."""
LEAD, SAMPLE = 22.0, 26.0
"""Between the lines and the samples of them that stand before their names, and how long these are, in pixels."""
DASHES = ([5, 3], [14, 4], [2, 2], [8, 2, 2, 2], [3, 6], [12, 3, 2, 3, 2, 3])
"""How the others are dashed, in their order; from the seventh on again. No dots: bounds of the candidate are dotted."""
HEAD = 60
"""How many characters the head of a panel has at most."""
TWO = 1_180.0
"""Panels stand side by side where two are no wider, in pixels."""
LOW, HIGH = -0.04, 1.04
"""What the upright scale shows: shares, and a little more."""
BAND = 0.3
"""How opaque a band is."""


@dataclass(frozen=True)
class Line:
    """A line of a panel. at, value, low, high: its points, NaN where there is none; bounds are drawn of the candidate
    and of people alone."""

    panel: str
    name: str
    kind: Kind
    at: Sequence[float]
    value: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def overlaid(
    key: str, found: Sequence[Line], table: Grid, over: str, reading: str = "", *, meet: bool = False
) -> Figure:
    """A panel for each part, with its lines over each other and their names at the right.

    Values are shares. over: what goes from left to right, as the name of the scale. reading: how the lines are read,
    unless as those of a candidate, of people and of others. meet: whether all lines end in one point, as those of
    distributions do, so that the ends tell nothing.
    """
    at, told = ("Where they reach one half", _half) if meet else ("At their right ends", lambda line: _last(line)[1])
    ends = "; ".join(f"{line.panel}, {line.name} {number(told(line), 2)}" for line in found)
    panels = len({line.panel for line in found})
    said = f"{counted(panels, 'panel')} of lines over {over}. {at}: {ends}."
    return drawn(_chart(found, over, meet), key, table, said, reading or _reading(found))


def _reading(found: Sequence[Line]) -> str:
    """How those lines are read that are there."""
    bounded = {line.kind for line in found if not all(map(math.isnan, line.low))}
    told = {
        "candidate": f"The thickest line, in the accent colour, is the candidate"
        f"{', with its bounds dotted' if 'candidate' in bounded else ''}",
        "people": f"the solid {'line with a band' if 'people' in bounded else 'thin line'} is people",
        "other": "dashes are the others",
    }
    kinds = {line.kind for line in found}
    return sentence("; ".join(words for kind, words in told.items() if kind in kinds)) + "."


def table_of(found: Sequence[Line], caption: str, note: str, key: str) -> Grid:
    """The points of the lines, one row for each line; all have their points at the same places."""
    places = sorted({at for line in found for at in line.at})
    rows = tuple((f"{line.panel}: {line.name}", tuple(_entries(line, places))) for line in found)
    return Grid(caption, note, "Who", tuple(f"{at:g}" for at in (round(at, 2) for at in places)), rows, 2, key)


def _entries(line: Line, places: Sequence[float]) -> Iterator[Entry]:
    bounds = zip(line.value, line.low, line.high, strict=True)
    known = dict(zip(line.at, bounds, strict=True))
    for at in places:
        value, low, high = known.get(at, (math.nan, math.nan, math.nan))
        yield Entry(value, low=low, high=high)


def _last(line: Line) -> tuple[float, float]:
    """The last point that is known."""
    known = [(at, value) for at, value in zip(line.at, line.value, strict=True) if not math.isnan(value)]
    return known[-1] if known else (math.nan, math.nan)


def _half(line: Line) -> float:
    """The first place where the line is at one half or higher."""
    return next((at for at, value in zip(line.at, line.value, strict=True) if value >= 0.5), math.nan)


def _chart(found: Sequence[Line], over: str, meet: bool) -> Chart:
    places = [at for line in found for at in line.at] or [0.0]
    first, last = min(places), max(places)
    last = last if last > first else first + 1
    frame = pd.concat([_points(found), _names(found, first, last, meet)], ignore_index=True)
    wide = WIDTH + LEAD + SAMPLE + max(room(frame["printed"].dropna()), 40.0)
    panels = list(frame["panel"].unique())
    across = 2 if 2 * wide + 90 <= TWO and len(panels) > 1 else 1
    panel = alt.LayerChart(data=frame, layer=_layers(first, last, over), width=wide, height=HEIGHT)
    facets = panel.facet(alt.Facet("panel:N", sort=panels, header=panel_header()), columns=across)
    independent: Chart = facets.resolve_axis(x="independent", y="independent")
    return independent


def _looks(found: Sequence[Line]) -> list[str]:
    """How each line is drawn: as the candidate, as people, or with dashes that tell it from the others."""
    names = list(dict.fromkeys(line.name for line in found if line.kind == "other"))
    return [line.kind if line.kind != "other" else f"dash {names.index(line.name) % len(DASHES)}" for line in found]


def _points(found: Sequence[Line]) -> pd.DataFrame:
    panels = shortened([line.panel for line in found], HEAD)
    rows = [
        {"panel": panel, "line": place, "look": look, "x": at, "y": value, "low": low, "high": high}
        for place, (panel, look, line) in enumerate(zip(panels, _looks(found), found, strict=True))
        for at, value, low, high in zip(line.at, line.value, line.low, line.high, strict=True)
    ]
    return pd.DataFrame(rows, columns=["panel", "line", "look", "x", "y", "low", "high"])


def _names(found: Sequence[Line], first: float, last: float, meet: bool) -> pd.DataFrame:
    """What is printed beside the lines, and where: as near to the end of each as leaves all of them readable."""
    panels, looks = shortened([line.panel for line in found], HEAD), _looks(found)
    step = (last - first) / WIDTH
    places = [last + pixels * step for pixels in (LEAD, LEAD + SAMPLE, LEAD + SAMPLE + WIDEST / 2)]
    rows: list[dict[str, object]] = []
    for panel in dict.fromkeys(panels):
        shown = [
            (line, look)
            for of, look, line in zip(panels, looks, found, strict=True)
            if of == panel and not math.isnan(_last(line)[1])
        ]
        names = short([line.name for line, _ in shown], ROW // 2)
        points = [_last(line) for line, _ in shown]
        heights = np.array([(HIGH - y) / (HIGH - LOW) * HEIGHT for _, y in points])
        middle = apart(heights, np.argsort(heights, kind="stable"), HEIGHT)
        for name, (_, look), (x, y), height in zip(names, shown, points, middle, strict=True):
            rows.append(
                {
                    "panel": panel,
                    "named": look,
                    "printed": name if meet else f"{name} {number(y, 2)}",
                    "lead_x": math.nan if meet else x,
                    "lead_y": y,
                    **dict(zip(("near", "far", "name_x"), places, strict=True)),
                    "name_y": HIGH - height / HEIGHT * (HIGH - LOW),
                }
            )
    columns = ["panel", "named", "printed", "lead_x", "lead_y", "near", "far", "name_x", "name_y"]
    return pd.DataFrame(rows, columns=columns)


def _layers(first: float, last: float, over: str) -> list[alt.Chart]:
    axis = alt.Axis(title=over, titleColor="currentColor", titleFontSize=12, titleFontWeight="normal", grid=False)
    axis = _from_the_start(axis, first, last)
    x = alt.X("x:Q", scale=alt.Scale(domain=[first, last], range=[0, WIDTH], nice=False), axis=axis)
    share = alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format=".2~f", grid=True)
    y = alt.Y("y:Q", title=None, scale=alt.Scale(domain=[LOW, HIGH], range=[HEIGHT, 0], nice=False), axis=share)
    detail = alt.Detail("line:N")
    band = _of("people", "low").mark_area(color="var(--tint)", fillOpacity=BAND)
    bounds = [
        _of("candidate", end)
        .mark_line(color="var(--accent)", strokeWidth=1, strokeDash=[1, 2])
        .encode(x=x, y=_along(y, f"{end}:Q"), detail=detail)
        for end in ("low", "high")
    ]
    named = alt.Chart().transform_filter("isValid(datum.printed)")
    leads = named.transform_filter("isValid(datum.lead_x)").mark_rule(color="currentColor", opacity=0.3, strokeWidth=1)
    words = named.mark_text(align="left", baseline="middle", color="currentColor", fontSize=12)
    at_name = _along(y, "name_y:Q")
    return [
        band.encode(x=x, y=_along(y, "low:Q"), y2=alt.Y2("high:Q"), detail=detail),
        *bounds,
        *(_drawn(_of(look, "y"), "mark_line", look).encode(x=x, y=y, detail=detail) for look in LOOKS),
        leads.encode(x=_across(x, "lead_x:Q"), y=_along(y, "lead_y:Q"), x2=alt.X2("near:Q"), y2=alt.Y2("name_y:Q")),
        *(
            _drawn(named.transform_filter(f"datum.named === '{look}'"), "mark_rule", look).encode(
                x=_across(x, "near:Q"), x2=alt.X2("far:Q"), y=at_name
            )
            for look in LOOKS
        ),
        words.encode(x=_across(x, "name_x:Q"), y=at_name, text=alt.Text("printed:N")),
    ]


LOOKS = (*(f"dash {place}" for place in range(len(DASHES))), "people", "candidate")
"""Every way a line is drawn; what is drawn later lies above."""


def _drawn(chart: alt.Chart, mark: Literal["mark_line", "mark_rule"], look: str) -> alt.Chart:
    """The chart with a mark that looks so."""
    if look == "candidate":
        style = {"color": "var(--accent)", "strokeWidth": 2.5}
    elif look == "people":
        style = {"color": "currentColor", "strokeWidth": 1.5}
    else:
        dash = DASHES[int(look.removeprefix("dash "))]
        style = {"color": "currentColor", "strokeWidth": 1, "opacity": 0.7, "strokeDash": dash}
    found: alt.Chart = getattr(chart, mark)(**style)
    return found


def _from_the_start(axis: alt.Axis, first: float, last: float) -> alt.Axis:
    """The scale with a few numbers, its ends among them, and its name at its beginning."""
    whole = float(first).is_integer() and float(last).is_integer() and last - first > 1
    ticks = [first, last] if whole else np.linspace(first, last, 5).tolist()
    found: alt.Axis = axis.copy()
    found.values, found.titleAnchor, found.format = ticks, "start", "d" if whole else ".2~f"
    return found


def _of(look: str, known: str) -> alt.Chart:
    """The points of lines that look so, as far as they have that column."""
    found: alt.Chart = alt.Chart().transform_filter(f"datum.look === '{look}' && isValid(datum.{known})")
    return found


def _across(scale: alt.X, field: str) -> alt.X:
    """The same scale for another column."""
    other: alt.X = scale.copy()
    other.shorthand = field
    return other


def _along(scale: alt.Y, field: str) -> alt.Y:
    """The same scale for another column."""
    other: alt.Y = scale.copy()
    other.shorthand = field
    return other
