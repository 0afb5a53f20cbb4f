"""A table of numbers, and the three forms in which it leaves the program."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from comity.words.printable import printable_line

Row: TypeAlias = dict[str, Any]

NOTHING = "-"
"""What stands where there is no number."""

MEASURED = (
    "value",
    "low",
    "high",
    "error",
    "error_over_games",
    "rank_low",
    "rank_high",
    "matches",
    "replicates",
    "missing",
)
"""What every row holds beside the name of the metric and its keys."""


def as_json(rows: Sequence[Row]) -> str:
    """The rows as a JSON list of objects; what is None becomes null."""
    return json.dumps(rows, indent=1)


def as_csv(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """The rows under a header; what is None becomes empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@dataclass(frozen=True)
class ResultTable:
    """One number per row, how far it may be off, and what it rests on.

    metric: the name of what was measured. by: the keys of a row. rows: for each the metric, its keys, and

    - `value`; `low` and `high`, its 95 % interval; `error`, its standard error over what was independently drawn;
    - `error_over_games`, the standard error over games that CoopEval (2026) prints, which takes the differences between
      games for error;
    - `rank_low` and `rank_high`, between which its rank lies, where rows are ranked;
    - `matches` (different matches it rests on), `replicates` (different replicates among them) and `missing` (matches
      that should give it a value and do not).

    None where there is no such number. notes: what a reader must know besides, one sentence each.
    """

    title: str
    metric: str
    by: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Of JSON and CSV."""
        return ("metric", *self.by, *MEASURED)

    @property
    def heads(self) -> tuple[str, ...]:
        """Of what is made to be read."""
        ranks = ("ranks",) if self._is_ranked else ()
        return (*self.by, "value", "95 % interval", *ranks, "matches", "replicates", "missing")

    @property
    def _is_ranked(self) -> bool:
        return any(row["rank_low"] is not None for row in self.rows)

    def shown(self) -> list[tuple[str, ...]]:
        """The rows as they are made to be read, under `heads`: numbers to three digits, a dash where there is none."""
        return [self._shown(row) for row in self.rows]

    def _shown(self, row: Row) -> tuple[str, ...]:
        interval = NOTHING if row["low"] is None else f"{row['low']:.3f} to {row['high']:.3f}"
        ranks = (_ranks(row["rank_low"], row["rank_high"]),) if self._is_ranked else ()
        counts = (str(row[count]) for count in ("matches", "replicates", "missing"))
        return (*(str(row[key]) for key in self.by), _number(row["value"]), interval, *ranks, *counts)

    def as_json(self) -> str:
        """The rows as a JSON list of objects; a missing value is null."""
        return as_json(self.rows)

    def as_csv(self) -> str:
        """The rows under a header; a missing value is empty."""
        return as_csv(self.rows, self.columns)

    def as_markdown(self) -> str:
        """The rows as a Markdown table with values to three digits, and the notes below it."""
        return markdown(self.heads, self.by, self.shown(), self.notes)


def markdown(heads: Sequence[str], text: Sequence[str], shown: Sequence[Sequence[str]], notes: Sequence[str]) -> str:
    """Rows as a Markdown table, and notes below it. text: the heads of columns that hold text.

    Labels steer no terminal and end no cell; what Markdown makes of them otherwise is left to its reader.
    """
    rows = [_line(printable_line(cell).replace("|", r"\|") for cell in row) for row in shown]
    rule = _line("---" if head in text else "---:" for head in heads)
    below = [f"\n{printable_line(note)}\n" for note in notes]
    return "".join([_line(heads), rule, *rows, *below])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def or_none(value: float) -> float | None:
    """The number as a row holds it: None where there is none (NaN)."""
    return None if math.isnan(value) else float(value)


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3f}"


def _ranks(low: int | None, high: int | None) -> str:
    if low is None:
        return NOTHING
    return str(low) if low == high else f"{low} to {high}"
