"""What models were asked since a command began, in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from comity.cli.shown import Listing
from comity.words.printable import printable

if TYPE_CHECKING:
    from comity.llm.account import Account, LineAccount

COLUMNS = ("model", "calls", "sent again", "failed", "tokens read", "tokens written", "spent")
HEAD = "What was asked"


def print_asked(account: Account | None) -> None:
    """Print what models were asked, one row for each, and what went wrong by class; nothing where none was asked."""
    if account is None or not account.lines:
        return
    from comity.runs.progress import names_of

    names = names_of(account.lines)
    rows = [{"model": names[name], **_row(line)} for name, line in account.lines.items()]
    if len(rows) > 1:
        rows.append({"model": "in all", **_row(account.total)})
    Listing(HEAD, COLUMNS, rows, tuple(_troubles(account))).print()


def print_troubles(account: Account | None) -> None:
    """Print what went wrong on the way to answers that are told of elsewhere, and what is not known of their price."""
    for line in () if account is None else _troubles(account):
        typer.echo(printable(line))


def _troubles(account: Account) -> Iterator[str]:
    from comity.runs.progress import names_of

    names = names_of(account.lines)
    for name, line in account.lines.items():
        yield from _wrong(names[name], line)
    yield from _besides(account.total)


def _row(line: LineAccount) -> dict[str, Any]:
    from comity.runs.progress import dollars

    return {
        "calls": line.calls,
        "sent again": line.retries,
        "failed": sum(line.failures.values()),
        "tokens read": line.input,
        "tokens written": line.output,
        "spent": dollars(line.spent),
    }


def _wrong(name: str, line: LineAccount) -> Iterator[str]:
    """Attempts that failed, and may have been made good, and calls that stayed without an answer."""
    for what, found in (("attempts that failed", line.troubles), ("calls without an answer", line.failures)):
        if found:
            counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.items()))
            yield f"{name}: {what}: {counts}"


def _besides(total: LineAccount) -> Iterator[str]:
    from comity.runs.progress import dollars

    if total.cached:
        yield f"of the tokens read, {total.cached:,} came from a provider's cache"
    if total.uncertain:
        yield f"what failed may have cost {dollars(total.uncertain)} more"
    if total.unpriced:
        yield f"answers without a known price: {total.unpriced:,}"
    if total.kept:
        yield f"answers taken from what the run held already, and not counted here: {total.kept:,}"
