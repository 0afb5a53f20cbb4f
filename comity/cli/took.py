"""What a run with models took, as a command prints it at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.cli.shown import Listing

if TYPE_CHECKING:
    from comity.report.results import Results


BRIEF = ("calls", "tokens in", "tokens out", "US dollars", "failures", "interval of the mean")
"""The columns that a terminal has room for; the report has all."""


def print_took(results: Results) -> None:
    """Print calls, tokens, money and widths of intervals; nothing where no model was asked."""
    from comity.report.sections.calls import COLUMNS, cells
    from comity.report.took import took

    found = took(results)
    if found is None:
        return
    for what, lines in (("mechanism", (*found.mechanisms, found.total)), ("agent", found.agents)):
        rows = [{what: line.name, **cells(line)} for line in lines]
        Listing(f"what it took, by {what}", (what, *COLUMNS), rows, brief=(what, *BRIEF)).print()
