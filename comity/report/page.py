"""The page itself: contents and a template become one HTML file that needs nothing beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from comity.records.store import RunError, RunFile
from comity.report.compose import contents
from comity.report.contents import Contents
from comity.report.results import Results
from comity.report.text import number
from comity.words.printable import printable

FILE_NAME = "report.html"


def write_report(run_folder: Path, out: Path | None = None) -> Path:
    """Write the report of a run, into its folder unless `out` names a file, and say where it is.

    Raises `RunError` where the run cannot be read or the page not be written; `Diverged` where a record does not follow
    from the rules.
    """
    folder = run_folder.parent if run_folder.is_file() else run_folder
    with RunFile.open(run_folder) as run:
        return write_page(Results.of(run), out or folder / FILE_NAME)


def write_page(results: Results, path: Path) -> Path:
    """Write the report of a run that is open and measured, and say where it is. The same run gives the same bytes.

    Raises `RunError` where the page cannot be written.
    """
    page = render(contents(results))
    try:
        path.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise RunError(f"the report cannot be written to {path}: {error.strerror}") from error
    return path


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
    return environment


def _breaking(label: str) -> Markup:
    """The label as it may be broken into lines: after each underscore."""
    return Markup("_<wbr>").join(escape(part) for part in printable(label).split("_"))


def _shown(value: Any) -> Any:
    return value if isinstance(value, Markup) else printable(str(value))
