"""The rules behind the labels of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from comity.metrics.metric import MetricError
from comity.records.spec import Cell

Cells: TypeAlias = Mapping[tuple[str, str], Cell]
"""Cells by their labels, mechanism and game."""


def cells_by_label(cells: Iterable[Cell]) -> Cells:
    """The cells by mechanism and game. Raises `MetricError` where one pair of labels stands for two games."""
    known: dict[tuple[str, str], Cell] = {}
    for cell in cells:
        key = cell.mechanism_label, cell.game_label
        if known.setdefault(key, cell) != cell:
            raise MetricError(f"{' on '.join(key)} is not the same game in all runs, so its rules cannot be told")
    return known


def cell_of(cells: Cells, mechanism: str, game: str) -> Cell:
    """The cell of those labels. Raises `MetricError` where it is not among them."""
    if (mechanism, game) not in cells:
        raise MetricError(f"the rules of {mechanism} on {game} cannot be told: that game is not among the cells")
    return cells[mechanism, game]
