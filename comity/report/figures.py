"""Numbers become pictures: still ones, drawn in the colours of the page, each with words and a table that say the same.

Every function takes a frame of numbers and gives a `Figure`. Colours are the style sheet's own (`currentColor` and its
variables), so a figure follows the light and the dark scheme and print; shape and printed numbers carry what colour
does.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias
from xml.etree import ElementTree as ET

import altair as alt
import pandas as pd
import vl_convert
from markupsafe import Markup

from comity.report.grid import Grid
from comity.report.text import distinct, number
from comity.words.printable import printable

Chart: TypeAlias = alt.LayerChart | alt.FacetChart

SVG = "http://www.w3.org/2000/svg"
FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif"
WIDEST = 7.0
"""How wide a character of a label is at most on average, in pixels."""
ROW, PANEL = 40, 22
"""How many characters of a label the figures show; the tables show all."""
STRONGEST = 0.5
"""How opaque the darkest tint is; text stays readable on it in both schemes (a test computes the contrast)."""

_KEPT = {"d", "x", "y", "x2", "y2", "dy", "transform", "width", "height", "viewBox"}
_KEPT |= {"fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-linejoin", "opacity"}
_KEPT |= {"text-anchor", "font-size", "font-weight"}
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")


@dataclass(frozen=True)
class Figure:
    """A picture in the page.

    svg: the drawing, with its title and description inside. alt: the description. table: the numbers it draws.
    """

    key: str
    title: str
    svg: Markup
    alt: str
    table: Grid


def heat_map(key: str, values: pd.DataFrame, table: Grid) -> Figure:
    """A tinted square for each number of the frame, whose index and columns name rows and columns; NaN has no square.

    The tint runs from 0 to 1 and stays the same beyond; every square carries its number. table: the same numbers.
    """
    shown = values.set_axis(_short(values.index, ROW), axis=0).set_axis(_short(values.columns, ROW), axis=1)
    alt_text = f"{table.caption}, {len(shown)} rows by {len(shown.columns)} columns. {_extremes(shown)}"
    return Figure(key, table.caption, _drawn(_squares(shown), key, table.caption, alt_text), alt_text, table)


def lines(key: str, values: pd.DataFrame, last: int, table: Grid, across: int = 6) -> Figure:
    """One small panel for each column of the frame, with a line from 0 to 1 over its index: the rounds 1 to `last`.

    table: the same numbers.
    """
    shown = values.set_axis(_short(values.columns, PANEL), axis=1)
    alt_text = f"{table.caption}, one small line chart each. {_courses(shown)}"
    return Figure(
        key, table.caption, _drawn(_panels(shown, last, across), key, table.caption, alt_text), alt_text, table
    )


def _short(labels: Iterable[object], most: int) -> list[str]:
    """The labels as a figure shows them, cut where they are long, and still different."""
    whole = map(printable, map(str, labels))
    return distinct(label if len(label) <= most else f"{label[: most - 1]}…" for label in whole)


def _squares(values: pd.DataFrame) -> Chart:
    rows, columns = list(values.index), list(map(_wrapped, values.columns))
    frame = values.set_axis(columns, axis=1).rename_axis("row").reset_index().melt("row", var_name="column")
    frame["printed"] = [number(value, 2) for value in frame["value"]]
    height = 15 * max(column.count("\n") for column in columns) + 7
    room = max(map(len, rows)) * WIDEST + 8  # not measured: which fonts are here is nothing to the page
    heads = alt.Axis(orient="top", labelAngle=0, labelExpr="split(datum.label, '\\n')", labelPadding=height)
    tint = alt.Scale(domain=[0, 1], range=[0.03, STRONGEST], clamp=True)
    base = alt.Chart(frame).encode(
        x=alt.X("column:N", sort=columns, title=None, axis=heads),
        y=alt.Y("row:N", sort=rows, title=None, axis=alt.Axis(labelPadding=8, minExtent=room, maxExtent=room)),
    )
    squares = base.mark_rect(color="var(--tint)", stroke="var(--paper)", strokeWidth=2).encode(
        fillOpacity=alt.FillOpacity("value:Q", scale=tint, legend=None)
    )
    numbers = base.mark_text(color="currentColor", fontSize=13).encode(text="printed:N")
    layers = alt.layer(squares.transform_filter("isValid(datum.value)"), numbers)
    return layers.properties(width=alt.Step(84), height=alt.Step(36))


def _wrapped(label: str) -> str:
    return textwrap.fill(label, 12)


def _panels(values: pd.DataFrame, last: int, across: int) -> Chart:
    panels = list(values.columns)
    frame = values.rename_axis("round").reset_index().melt("round", var_name="panel")
    ends = alt.Axis(values=[1, last], grid=False, format="d")
    share = alt.Axis(values=[0, 0.5, 1], format=".1~f", grid=True)
    panel = (
        alt.Chart(frame)
        .mark_line(color="var(--accent)", strokeWidth=2, strokeJoin="round")
        .encode(
            x=alt.X("round:Q", title=None, axis=ends, scale=alt.Scale(domain=[1, last], nice=False)),
            y=alt.Y("value:Q", title=None, axis=share, scale=alt.Scale(domain=[-0.08, 1.08], nice=False)),
        )
        .properties(width=120, height=64)
    )
    head = alt.Header(title=None, labelAnchor="start", labelFontSize=12, labelPadding=6, labelLimit=0)
    facets: Chart = panel.facet(alt.Facet("panel:N", sort=panels, header=head), columns=across)
    return facets


def _extremes(values: pd.DataFrame) -> str:
    found = [(value, row, name) for name in values.columns for row, value in values[name].dropna().items()]
    if not found:
        return "There are no numbers."
    (low, *at_low), (high, *at_high) = min(found), max(found)
    lowest, highest = " and ".join(map(str, at_low)), " and ".join(map(str, at_high))
    return f"Lowest {number(low, 2)} for {lowest}; highest {number(high, 2)} for {highest}."


def _courses(values: pd.DataFrame) -> str:
    known = ((name, values[name].dropna()) for name in values.columns)
    courses = [f"{name} {number(line.iloc[0], 2)} to {number(line.iloc[-1], 2)}" for name, line in known if len(line)]
    return f"From the first to the last round: {'; '.join(courses)}."


def _drawn(chart: Chart, key: str, title: str, alt_text: str) -> Markup:
    styled = (
        chart.configure(aria=False, background="transparent", padding=2, font="sans-serif")
        .configure_view(stroke=None)
        .configure_axis(
            domain=False,
            ticks=False,
            gridColor="currentColor",
            gridOpacity=0.15,
            labelColor="currentColor",
            labelFontSize=12,
            labelLimit=0,
        )
        .configure_header(labelColor="currentColor")
        .configure_facet(spacing=24)
    )
    root = ET.fromstring(vl_convert.vegalite_to_svg(styled.to_dict()))
    _bare(root)
    return _labelled(root, key, printable(title), printable(alt_text))


def _bare(element: ET.Element) -> None:
    """Drop what only an interactive chart needs, and the digits nobody sees."""
    for child in list(element):
        if child.get("class") in ("background", "foreground"):
            element.remove(child)
        else:
            _bare(child)
    element.attrib = {
        name: _LONG_NUMBER.sub(lambda found: f"{float(found[0]):.2f}", value)
        for name, value in element.attrib.items()
        if name in _KEPT
    }


def _labelled(root: ET.Element, key: str, title: str, alt_text: str) -> Markup:
    box = root.attrib["viewBox"]
    root.attrib = {
        "viewBox": box,
        "role": "img",
        "aria-labelledby": f"{key}-title {key}-alt",
        "font-family": FONT,
        "style": f"--width: {math.ceil(float(box.split()[2]))}px",
    }
    for place, (tag, part, said) in enumerate((("title", "title", title), ("desc", "alt", alt_text))):
        child = ET.Element(f"{{{SVG}}}{tag}", {"id": f"{key}-{part}"})
        child.text = said
        root.insert(place, child)
    ET.register_namespace("", SVG)
    return Markup(ET.tostring(root, encoding="unicode"))
