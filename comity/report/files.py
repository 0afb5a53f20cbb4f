"""The figures and tables of a page as files beside it, for a paper or a talk.

A figure becomes an SVG and a PNG, in the light colours of the page on white, and a CSV of its numbers; a table becomes
CSV, LaTeX and Markdown. The same run gives the same bytes, but that the letters of a PNG are in a font of the machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, count
from pathlib import Path
from xml.etree import ElementTree as ET

import vl_convert

from comity.records.store import RunError
from comity.report.drawing import SVG, Figure
from comity.report.forms import csv_of, latex_of, markdown, markdown_of, piped
from comity.report.grid import Grid
from comity.report.text import slug

INDEX = "index.md"
SCALE = 2
"""So many pixels of a PNG to one of the page."""


def write_files(parts: Iterable[Figure | Grid], folder: Path) -> list[Path]:
    """Write every figure and table into the folder, and an index of them, and say where the files are, the index last.

    Files are named by the keys of the parts. Raises `RunError` where the folder cannot be written.
    """
    written: list[Path] = []
    listed: list[list[str]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, part in _named(parts):
            paths = [_write(folder / f"{name}.{kind}", content) for kind, content in _forms(part)]
            listed.append([markdown(_caption(part)), ", ".join(f"[{path.name}]({path.name})" for path in paths)])
            written += paths
        index = f"# Figures and tables\n\n{piped(['What', 'Files'], listed, numbers=False)}"
        return [*written, _write(folder / INDEX, index.encode())]
    except OSError as error:
        raise RunError(f"the files of the report cannot be written to {folder}: {error.strerror}") from error


def alone(figure: Figure) -> str:
    """The drawing as an SVG that needs no page: with a size, on a white ground, in the light colours of the page."""
    root = ET.fromstring(figure.svg)
    across, down = root.attrib["viewBox"].split()[2:]
    del root.attrib["style"]
    root.attrib |= {"width": across, "height": down}
    for element in root.iter():
        for part in ("fill", "stroke"):
            if part in element.attrib:
                element.attrib[part] = _colours().get(element.attrib[part], element.attrib[part])
    ground = {"width": across, "height": down, "fill": _colours()["var(--paper)"]}
    root.insert(2, ET.Element(f"{{{SVG}}}rect", ground))  # behind all but its title and description
    ET.register_namespace("", SVG)
    return ET.tostring(root, encoding="unicode") + "\n"


@cache
def _colours() -> dict[str, str]:
    """What the colours of the page are, as it names them."""
    style = (Path(__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
    light = re.findall(r"--(\w+): (#[0-9a-f]{6});", style[: style.index("}")])
    named = {f"var(--{name})": colour for name, colour in light} | {"var(--paper)": "#ffffff"}
    return named | {"currentColor": named["var(--ink)"]}


def _named(parts: Iterable[Figure | Grid]) -> Iterator[tuple[str, Figure | Grid]]:
    """The parts with the names of their files, those that would be called the same told apart by a number."""
    taken: set[str] = set()
    for part in parts:
        wanted = slug(part.key or _caption(part))
        name = next(name for name in chain([wanted], (f"{wanted}-{n}" for n in count(2))) if name not in taken)
        taken.add(name)
        yield name, part


def _caption(part: Figure | Grid) -> str:
    return part.title if isinstance(part, Figure) else part.caption


def _forms(part: Figure | Grid) -> Iterator[tuple[str, bytes]]:
    if isinstance(part, Figure):
        drawing = alone(part)
        yield "svg", drawing.encode()
        yield "png", vl_convert.svg_to_png(drawing, scale=SCALE)
        yield "csv", csv_of(part.table).encode()
    else:
        yield "csv", csv_of(part).encode()
        yield "tex", latex_of(part).encode()
        yield "md", markdown_of(part).encode()


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
