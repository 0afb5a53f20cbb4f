"""A chart becomes a drawing: still, in the colours of the page, with its words inside.

Colours are the style sheet's own (`currentColor` and its variables), so a drawing follows the light and the dark scheme
and print. Nothing in it moves, loads or links.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias
from xml.etree import ElementTree as ET

import altair as alt
import pandas as pd
import vl_convert
from markupsafe import Markup

from comity.report.grid import Grid
from comity.report.text import distinct, number
from comity.words.printable import printable_line

Chart: TypeAlias = alt.LayerChart | alt.FacetChart

SVG = "http://www.w3.org/2000/svg"
FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif"
WIDEST = 7.0
"""How wide a character of a label is at most on average, in pixels; not measured, as fonts differ between readers."""
ROW, PANEL = 40, 22
"""How many characters of a label the figures show; the tables show all."""
STRONGEST = 0.5
"""How opaque the darkest tint is; text stays readable on it in both schemes (a test computes the contrast)."""

CONFIG = {
    "aria": False,
    "axis": {
        "domain": False,
        "gridColor": "currentColor",
        "gridOpacity": 0.15,
        "labelColor": "currentColor",
        "labelFontSize": 12,
        "labelLimit": 0,
        "ticks": False,
    },
    "background": "transparent",
    "facet": {"spacing": 24},
    "font": "sans-serif",
    "header": {"labelColor": "currentColor"},
    "padding": 2,
    "view": {"stroke": None},
}
"""How every chart is drawn unless it says otherwise."""

_KEPT = {"d", "x", "y", "x2", "y2", "dy", "transform", "width", "height", "viewBox"}
_KEPT |= {"fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-linejoin", "stroke-dasharray"}
_KEPT |= {"opacity", "text-anchor", "font-size", "font-weight"}
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")


@dataclass(frozen=True)
class Figure:
    """A picture in the page.

    key: its place in the page, of letters, digits and hyphens. svg: the drawing, with its title and description inside.
    alt: the description. table: the numbers it draws.
    """

    key: str
    title: str
    svg: Markup
    alt: str
    table: Grid


def drawn(chart: Chart, key: str, table: Grid, said: str, reading: str = "") -> Figure:
    """The figure of a chart that draws the numbers of a table.

    said: what it shows, in words. reading: how its signs are read, added to the note of the table.
    """
    alt_text = printable_line(f"{table.caption}, {said} {reading}".rstrip())
    table = replace(table, note=f"{table.note} {reading}".strip())
    root = ET.fromstring(vl_convert.vegalite_to_svg(chart.to_dict(validate=False) | {"config": CONFIG}))
    _bare(root)
    return Figure(key, table.caption, _labelled(root, key, printable_line(table.caption), alt_text), alt_text, table)


def short(labels: Iterable[object], most: int = ROW) -> list[str]:
    """The labels as a figure shows them, on one line, cut where they are long, and still different.

    They are cut in the middle: names of models often differ at the end.
    """
    return distinct(_cut(printable_line(str(label)), most) for label in labels)


def _cut(label: str, most: int) -> str:
    tail = (most - 1) // 2
    return label if len(label) <= most else f"{label[: most - 1 - tail]}…{label[-tail:]}"


def shortened(labels: Iterable[object], most: int = ROW) -> list[str]:
    """The same, but a label that comes again is called the same again."""
    known = list(labels)
    once = list(dict.fromkeys(known))
    names = dict(zip(once, short(once, most), strict=True))
    return [names[label] for label in known]


def long_form(values: pd.DataFrame, rows: Sequence[object], columns: Sequence[str]) -> pd.DataFrame:
    """A line for each number, column by column: `row`, `column`, `value` and the number as it is printed.

    rows, columns: what they are called in the figure.
    """
    numbers = values.to_numpy(dtype=float).ravel("F")
    where = {"row": [*rows] * len(columns), "column": [column for column in columns for _ in rows]}
    return pd.DataFrame(where | {"value": numbers, "printed": [number(value, 2) for value in numbers]})


def extremes(values: pd.Series) -> str:
    """The lowest and the highest of the numbers in words; the index, of one level or more, says what they are of."""
    known = values.dropna()
    if known.empty:
        return "There are no numbers."
    (low, at_low), (high, at_high) = ((float(known.iloc[place]), _words(known.index[place])) for place in _ends(known))
    return f"Lowest {number(low, 2)} for {at_low}; highest {number(high, 2)} for {at_high}."


def room(labels: Iterable[str], beside: int = 8) -> float:
    """How wide the longest of the labels is, with so much space beside it, in pixels."""
    return max(map(len, labels), default=0) * WIDEST + beside


def row_axis(labels: Iterable[str], grid: bool = False) -> alt.Axis:
    """The axis that names the rows: as wide as its labels wherever it is drawn. grid: with a thin line along each."""
    extent = room(labels)
    return alt.Axis(labelPadding=8, minExtent=extent, maxExtent=extent, grid=grid)


def panel_header() -> alt.Header:
    """The head of a small panel: its name, over its left edge."""
    return alt.Header(title=None, labelAnchor="start", labelFontSize=12, labelPadding=6, labelLimit=0)


def _ends(values: pd.Series) -> tuple[int, int]:
    numbers = values.to_numpy(dtype=float)
    return int(numbers.argmin()), int(numbers.argmax())


def _words(names: object) -> str:
    return " and ".join(map(str, names)) if isinstance(names, tuple) else str(names)


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
