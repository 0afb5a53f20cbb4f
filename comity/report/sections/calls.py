"""What it took: calls, tokens, money and failures of the models, beside how wide the intervals are that they bought."""

from __future__ import annotations

from collections.abc import Sequence

from comity.report.contents import Part, Prose, Section, Words
from comity.report.results import Results
from comity.report.text import NOTHING, counted, number
from comity.report.took import Line, took
from comity.words.phrases import listed

COLUMNS = (
    "calls",
    "asked again",
    "tokens in",
    "cached",
    "tokens out",
    "hidden",
    "US dollars",
    "new prompts",
    "shared prefix",
    "failures",
    "interval of the mean",
)
NOTE = (
    "New prompts were not put to the agent before, word for word; the shared prefix is the share of all characters in "
    "a beginning that it had read before. Failures are matches it forfeited, by class. The last column is the width of "
    "the 95 % interval of the mean score."
)


def section(results: Results) -> Section | None:
    """What the models were asked; None where there are none."""
    found = took(results)
    if found is None:
        return None
    agents = (*found.agents, found.total)
    parts: tuple[Part, ...] = (
        Words("By agent", NOTE, ("Agent", *COLUMNS, "answered by"), tuple(map(_served, agents))),
        Words("By mechanism", "", ("Mechanism", *COLUMNS), tuple(map(_row, found.mechanisms))),
        *_said(agents),
    )
    return Section("calls", "What it took", parts)


def _served(line: Line) -> tuple[str, ...]:
    return (*_row(line), ", ".join(sorted(line.account.served)) or NOTHING)


def _row(line: Line) -> tuple[str, ...]:
    return (line.name, *cells(line).values())


def cells(line: Line) -> dict[str, str]:
    """What a line says, by the name of its column."""
    account, shared = line.account, line.account.shared
    return dict(
        zip(
            COLUMNS,
            (
                f"{account.calls:,}",
                f"{account.again:,}",
                f"{account.input:,}",
                f"{account.cached:,}",
                f"{account.output:,}",
                f"{account.reasoning:,}",
                NOTHING if account.unpriced == account.calls else f"{account.cost:,.2f}",
                f"{shared.unique / shared.prompts:.0%}" if shared.prompts else NOTHING,
                f"{shared.prefix:.0%}",
                ", ".join(f"{times} {cause}" for cause, times in sorted(line.failures.items())) or "0",
                NOTHING if line.width is None else number(line.width),
            ),
            strict=True,
        )
    )


def _said(lines: Sequence[Line]) -> tuple[Prose, ...]:
    """What the numbers leave out."""
    total = lines[-1].account
    notes = []
    if total.unpriced:
        notes.append(f"Of {counted(total.unpriced, 'call')} no price is known; they are not in the dollars.")
    if total.unknown:
        notes.append(f"Of {counted(total.unknown, 'call')} the provider did not count tokens; a bound stands for them.")
    several = [line.name for line in lines[:-1] if len(line.account.served) > 1]
    if several:
        notes.append(f"More than one model answered for {listed(several)}.")
    return (Prose(tuple(notes)),) if notes else ()
