"""Several runs as one set of tables, for whoever asks one question of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from comity.metrics import social_dilemmas, told_apart
from comity.records.spec import Cell
from comity.records.store import RunFile
from comity.records.tables import Tables, joined
from comity.report.results import Results


class Together(NamedTuple):
    """The tables of some runs, their cells, which games are social dilemmas, and what is to be said of the runs."""

    tables: Tables
    cells: tuple[Cell, ...]
    dilemmas: frozenset[str]
    notes: tuple[str, ...]


def read_runs(folders: Sequence[Path], *, decisions: bool = False) -> Together:
    """Read the runs in these folders. What their plans have besides counts as missing; replicates are told apart.

    A run that is named twice, in whatever spelling, is read once. Raises `RunError` where one of them cannot be read.

    decisions: as in `Results.of`.
    """
    tables: dict[str, Tables] = {}
    cells: list[Cell] = []
    notes: list[str] = []
    read: set[Path] = set()
    for folder in folders:
        with RunFile.open(folder) as file:
            if file.path.resolve() in read:
                continue
            read.add(file.path.resolve())
            results = Results.of(file, decisions=decisions)
            tables[str(folder)] = results.tables
            cells += results.cells.values()
            if not file.is_complete():
                notes.append(f"{folder} is not complete: it has {file.count():,} of {file.header.matches:,} matches")
    return Together(joined(told_apart(tables)), tuple(cells), social_dilemmas(cells), tuple(notes))
