"""A table of numbers, and the three forms in which it leaves the program."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]

MEASURED = ("value", "matches", "replicates", "missing")
"""What every row holds beside its keys."""


@dataclass(frozen=True)
class ResultTable:
    """One number per row, and what it rests on.

    by: the keys of a row. rows: for each its keys, and `value` (None where there is none), `matches` (different matches
    it rests on), `replicates` (different replicates among them) and `missing` (matches that should give it a value and
    do not). notes: what a reader must know besides, one sentence each.
    """

    title: str
    by: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.by, *MEASURED)

    def as_json(self) -> str:
        """The rows as a JSON list of objects; a missing value is null."""
        return json.dumps(self.rows, indent=1)

    def as_csv(self) -> str:
        """The rows under a header; a missing value is empty."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return text.getvalue()

    def as_markdown(self) -> str:
        """The rows as a Markdown table with values to three digits, and the notes below it."""
        shown = [_line(_shown(row[column]) for column in self.columns) for row in self.rows]
        rule = _line("---" if column in self.by else "---:" for column in self.columns)
        notes = [f"\n{note}\n" for note in self.notes]
        return "".join([_line(self.columns), rule, *shown, *notes])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value).replace("|", r"\|")
