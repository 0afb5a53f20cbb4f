"""Results to make sections of, and how to read what a section says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from comity.records.store import RunFile
from comity.report.contents import Section, Words
from comity.report.figures import Figure
from comity.report.grid import Entry, Grid
from comity.report.results import Results
from comity.runs.plan import parsed_plan
from comity.runs.run import run

NEGOTIATED = """\
name = "negotiated"
seed = 5
replicates = 2
games = ["prisoners_dilemma", "trust_game"]
mechanisms = ["none", "mediation", "contracting", { name = "repetition", rounds = 3 }]
agents = ["always_cooperate", "always_defect", "tit_for_tat", "rational"]
"""


@contextmanager
def results_of(folder: Path) -> Iterator[Results]:
    """What is measured of a run, every decision too."""
    with RunFile.open(folder) as file:
        yield Results.of(file, decisions=True)


def played(folder: Path, plan: str = NEGOTIATED) -> Path:
    """The folder with the run of a plan of scripted agents."""
    run(parsed_plan(plan), folder)
    return folder


def table(section: Section | None, caption: str) -> Grid:
    """The one table of the section, of a figure or not, with a caption that starts so."""
    assert section is not None
    grids = [part.table if isinstance(part, Figure) else part for part in section.parts]
    [found] = [grid for grid in grids if isinstance(grid, Grid) and grid.caption.startswith(caption)]
    return found


def words(section: Section | None) -> Words:
    """The one table of text of the section."""
    assert section is not None
    [found] = [part for part in section.parts if isinstance(part, Words)]
    return found


def entries(grid: Grid) -> dict[str, dict[str, Entry]]:
    """The entries by the heads of row and column."""
    assert len({head for head, _ in grid.rows}) == len(grid.rows), "two rows have one head"
    return {head: dict(zip(grid.columns, row, strict=True)) for head, row in grid.rows}
