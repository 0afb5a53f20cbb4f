"""Tables in a terminal."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import isnan
from typing import TYPE_CHECKING, Any

import typer

from comity.words.printable import printable

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from comity.metrics import ResultTable
    from comity.metrics.tests import Answers

UNBROKEN = 10_000
"""So wide is what goes into a file or another program, where lines need not be broken to be read."""
GAP = 2
"""Signs between two columns."""
NOTHING = "-"
"""What stands where there is no number."""


@dataclass(frozen=True)
class Listing:
    """Rows with the same keys, as they are printed.

    rows: whole numbers, floats, text, or None. notes: what a reader must know besides. brief: the columns of a
    terminal, all unless said.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[dict[str, Any]]
    notes: tuple[str, ...] = ()
    brief: tuple[str, ...] = ()

    def print(self, *, json: bool = False, csv: bool = False) -> None:
        """Print it: as JSON, as CSV, or to be read."""
        from comity.metrics.result import as_csv, as_json

        rows = [{column: _plain(row[column]) for column in self.columns} for row in self.rows]
        if json:
            typer.echo(as_json(rows))
        elif csv:
            typer.echo(as_csv(rows, self.columns), nl=False)
        else:
            heads = self.brief or self.columns
            shown = [tuple(_shown(row[column]) for column in heads) for row in rows]
            text = {column for column in heads if any(isinstance(row[column], str) for row in rows)}
            _print(self.title, heads, text, shown, self.notes)


def print_table(result: ResultTable | Answers) -> None:
    """Print a result to be read."""
    _print(result.title, result.heads, set(result.by), result.shown(), result.notes)


def _print(
    title: str, heads: Sequence[str], left: set[str], rows: Iterable[tuple[str, ...]], notes: Sequence[str]
) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else UNBROKEN)
    cells = [[printable(cell) for cell in row] for row in (heads, *rows)]
    keys = len(list(takewhile(left.__contains__, heads)))
    for number, block in enumerate(_blocks(list(zip(*cells, strict=True)), keys, console.width)):
        console.print(_drawn("" if number else printable(title), block, set(map(printable, left)), console.width))
    for note in notes:
        console.print(Text(printable(note), style="dim"))


def _drawn(title: str, columns: Sequence[Sequence[str]], left: set[str], room: int) -> RichTable:
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    widths = _widths(columns, room - GAP * (len(columns) - 1))
    broken = [[Text(_broken(cell, width)) for cell in column] for column, width in zip(columns, widths, strict=True)]
    for (head, *_), (text, *_), width in zip(columns, broken, widths, strict=True):
        shown.add_column(text, justify="left" if head in left else "right", overflow="fold", width=width)
    for row in list(zip(*broken, strict=True))[1:]:
        shown.add_row(*row)
    return shown


def _blocks(columns: Sequence[Sequence[str]], keys: int, room: int) -> Iterator[list[Sequence[str]]]:
    """The columns, a few at a time where they have no room side by side; each time after those that say what a row is.

    keys: how many columns say what a row is, the first ones.
    """
    same = list(columns[:keys])
    taken = sum(map(_least, same)) + GAP * keys
    block, used = list[Sequence[str]](), taken
    for column in columns[keys:]:
        if block and used + _least(column) > room:
            yield [*same, *block]
            block, used = [], taken
        block.append(column)
        used += _least(column) + GAP
    yield [*same, *block]


def _least(column: Sequence[str]) -> int:
    """How wide a column must be for its words to stay whole."""
    from rich.cells import cell_len

    return max(cell_len(piece.rstrip()) for cell in column for piece in _pieces(cell))


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int]:
    """How wide each column is: as it likes, or less where there is no room, the last one first; words stay whole."""
    from rich.cells import cell_len

    least = list(map(_least, columns))
    spare, widths = max(0, room - sum(least)), []
    for narrowest, column in zip(least, columns, strict=True):
        more = min(spare, max(map(cell_len, column)) - narrowest)
        widths.append(narrowest + more)
        spare -= more
    return widths


def _broken(cell: str, width: int) -> str:
    """The cell in lines of at most that width where its words allow."""
    from rich.cells import cell_len

    lines = [""]
    for piece in _pieces(cell):
        if lines[-1] and cell_len(f"{lines[-1]}{piece}".rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(map(str.rstrip, lines))


def _pieces(cell: str) -> list[str]:
    """What stays whole on a line: words, with what ends them."""
    return re.split(r"(?<=\s)|(?<=[:/-])(?=[^\W\d])", cell)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and isnan(value) else value


def _shown(value: Any) -> str:
    if value is None:
        return NOTHING
    return f"{value:.3f}" if isinstance(value, float) else str(value)
