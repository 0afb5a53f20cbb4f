"""The page itself: contents and a template become one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from comity.records.store import RunError
from comity.report.compose import contents
from comity.report.contents import CellPart, Contents, Head, Items, Prose, Source, Words
from comity.report.figures import Figure
from comity.report.files import write_files
from comity.report.grid import Grid
from comity.report.results import Results
from comity.report.text import number
from comity.words.printable import printable

FILE_NAME = "report.html"
COMPARISON = "comparison.html"
"""What a page that sets runs side by side is called."""
SIGNS = ("<!doctype html", "comity</title>")
"""How a page of ours begins, and what its head says."""
HEAD = 10_000
"""So many characters of a file are looked at."""
KINDS = (Grid, Figure, Prose, Items, Words, Source, Head, CellPart)
"""What a section is made of; the template asks which of these a part is."""


def folder_of(run: Path) -> Path:
    """The folder of a run that is named by it or by its file."""
    return run.parent if run.is_file() else run


def write_page(results: Results, path: Path, files: Path | None = None, *, compare: bool = False) -> Path:
    """Write the report of runs that are open and measured, and say where it is. The same runs give the same bytes.

    files: a folder for every figure and table of the page (see `write_files`). compare: whether the runs are set side
    by side, and not taken as one body of evidence. Raises `RunError` where the page or the files cannot be written, or
    where the path is a file that is not a report, and `NotComparable` where there is one run, or nothing that all have.
    """
    _not_over_others(path)
    found = contents(results, compare)
    write_contents(found, path)
    if files is not None:
        write_files(found.pictured(), files)
    return path


def write_contents(found: Contents, path: Path) -> Path:
    """Write a page with these contents, and say where it is. Raises `RunError` as `write_page`."""
    _not_over_others(path)
    try:
        path.write_text(render(found), encoding="utf-8", newline="\n")
    except OSError as error:
        raise RunError(f"the report cannot be written to {path}: {error.strerror}") from error
    return path


def _not_over_others(path: Path) -> None:
    """Raises `RunError` where there is a file already that is neither empty nor a page of ours."""
    try:
        head = _head(path) if path.is_file() else ""
    except OSError as error:
        raise RunError(f"the report cannot be written to {path}: {error.strerror}") from error
    first, later = SIGNS
    if head and not (head.startswith(first) and later in head):
        raise RunError(f"the report is not written to {path}: this file is no report, and would be lost")


def _head(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(HEAD)


def render(page: Contents) -> str:
    """The page as HTML. All text is escaped; only the figures, which are ours, are markup."""
    return _environment().get_template("page.html.j2").render(page=page)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        finalize=_shown,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"number": number, "breaking": _breaking}
    environment.tests |= {kind.__name__.lower(): _is_a(kind) for kind in KINDS}
    return environment


def _is_a(kind: type) -> Callable[[object], bool]:
    return lambda part: isinstance(part, kind)


def _breaking(label: str) -> Markup:
    """The label as it may be broken into lines: after each underscore."""
    return Markup("_<wbr>").join(escape(part) for part in printable(label).split("_"))


def _shown(value: Any) -> Any:
    return value if isinstance(value, Markup) else printable(str(value))
