"""What models were asked since a command began, in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from comity.cli.shown import Listing

if TYPE_CHECKING:
    from comity.llm.account import Account, LineAccount

COLUMNS = (
    "model",
    "calls",
    "sent again",
    "answers",
    "failed",
    "tokens read",
    "cached",
    "tokens written",
    "spent",
    "perhaps spent",
)
HEAD = "What was asked"
KEPT = "Answers that the run held already were not asked for again and are not counted: {:,}."


def print_asked(account: Account | None) -> None:
    """Print what models were asked, one row for each, and what went wrong by class; nothing where none was asked."""
    if account is None or not account.lines:
        return
    lines = dict(account.lines)
    if len(lines) > 1:
        lines["in all"] = account.total
    rows = [{"model": name, **_row(line)} for name, line in lines.items()]
    kept = account.total.kept
    Listing(HEAD, COLUMNS, rows, (*_wrong(account), *([KEPT.format(kept)] if kept else []))).print()


def _row(line: LineAccount) -> dict[str, Any]:
    from comity.runs.progress import dollars

    return {
        "calls": line.calls,
        "sent again": line.retries,
        "answers": line.completions,
        "failed": sum(line.failures.values()),
        "tokens read": line.input,
        "cached": line.cached,
        "tokens written": line.output,
        "spent": dollars(line.spent),
        "perhaps spent": dollars(line.uncertain),
    }


def _wrong(account: Account) -> Iterator[str]:
    """Attempts that failed, and may have been made good, and calls that stayed without an answer."""
    for name, line in account.lines.items():
        for what, found in (("attempts that failed", line.troubles), ("calls without an answer", line.failures)):
            if found:
                counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.items()))
                yield f"{name}: {what}: {counts}."
