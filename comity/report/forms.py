"""A table of numbers as text: for programs (CSV), for papers (LaTeX) and for notes (Markdown).

Whatever a run brings along as a label stays a label: it is escaped, and commands nothing in the program that reads it.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterator

from comity.report.grid import Entry, Grid
from comity.report.text import MINUS, number, slug
from comity.words.printable import printable_line

_COLUMNS = ("row", "column", "value", "low", "high", "rests", "missing")
ALWAYS = ("row", "column", "value")
"""The columns of every CSV; the others are there where something is known."""

_LATEX = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    **{sign: f"{{{sign}}}" for sign in "[]*"},  # after a row these would be read as a part of its end
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
    MINUS: "$-$",
}
LATEX = """\\begin{{table}}
\\centering
\\caption{{{caption}}}
\\label{{tab:{label}}}
\\begin{{tabular}}{{{columns}}}
\\toprule
{head}
\\midrule
{rows}
\\end{{tabular}}
\\end{{table}}
"""
_MARKDOWN = re.compile(r"[\\`*_\[\]<>|~&#!$@]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_FORMULA = tuple("=+-@")


def csv_of(grid: Grid) -> str:
    """One line per number, in full: its row and column, and what of its interval, base and gap is known.

    A label that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    told = list(_told(grid))
    names = [name for name in _COLUMNS if name in ALWAYS or any(line[name] for line in told)]
    text = io.StringIO()
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(told)
    return text.getvalue()


def latex_of(grid: Grid) -> str:
    """A floating table with a `tabular` inside, for the packages booktabs and textcomp.

    Letters stay as they are, in UTF-8: for those beyond Latin the document needs a font that has them.
    """
    head, *rows = (" & ".join(cells) + r" \\" for cells in _cells(grid, latex, "{{\\scriptsize {}}}"))
    return LATEX.format(
        caption=latex(f"{grid.caption}. {grid.note}".strip()),
        label=slug(grid.key or grid.caption),
        columns="l" + "r" * len(grid.columns),
        head=head,
        rows="\n".join([*rows, r"\bottomrule"]),
    )


def markdown_of(grid: Grid) -> str:
    """A caption and a table with pipes."""
    head, *rows = _cells(grid, markdown, "{}")
    caption = f"**{markdown(grid.caption).strip()}.** {markdown(grid.note)}".strip()
    return f"{caption}\n\n{piped(head, rows)}"


def piped(head: list[str], rows: list[list[str]], numbers: bool = True) -> str:
    """A Markdown table of cells that are Markdown already. numbers: all columns but the first are set to the right."""
    rule = ["---"] + ["---:" if numbers else "---"] * (len(head) - 1)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, rule, *rows))


def latex(text: str) -> str:
    """The text on one line as LaTeX prints it, sign for sign."""
    signs = (_LATEX.get(sign, sign) for sign in printable_line(text))
    return re.sub("-(?=-)", "-{}", "".join(signs))  # or two hyphens would be one dash


def markdown(text: str) -> str:
    """The text on one line as Markdown prints it, sign for sign: no emphasis, link, HTML or cell of a table."""
    return _MARKDOWN.sub(r"\\\g<0>", printable_line(text))


def _told(grid: Grid) -> Iterator[dict[str, str]]:
    for head, entries in grid.rows:
        for column, entry in zip(grid.columns, entries, strict=True):
            numbers = (_full(number) for number in (entry.value, entry.low, entry.high))
            told = (_plain(head), _plain(column), *numbers, printable_line(entry.rests), printable_line(entry.gap))
            yield dict(zip(_COLUMNS, told, strict=True))


def _full(value: float) -> str:
    return "" if math.isnan(value) else repr(float(value))


def _plain(label: str) -> str:
    text = printable_line(label)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cells(grid: Grid, escaped: Callable[[str], str], small: str) -> Iterator[list[str]]:
    """The cells of the head and of each row. small: how what stands beside a number is written."""
    yield [escaped(name) for name in (grid.corner, *grid.columns)]
    for head, entries in grid.rows:
        yield [escaped(head), *(_cell(entry, grid.digits, escaped, small) for entry in entries)]


def _cell(entry: Entry, digits: int, escaped: Callable[[str], str], small: str) -> str:
    beside = ", ".join(filter(None, (entry.interval(digits), entry.gap)))
    printed = escaped(number(entry.value, digits))
    return f"{printed} {small.format(escaped(beside))}" if beside else printed
