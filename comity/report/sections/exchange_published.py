"""Published numbers of tasks beside those of these runs."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from comity.metrics.helpfulness import PUBLISHED
from comity.report.contents import Head, Part
from comity.report.exchanges import Exchanges
from comity.report.figures import bars
from comity.report.grid import Entry, Grid
from comity.report.published_exchange import MODELS, NOT_CHECKED

ALIKE = "Both go by the published rules and size, so their lengths can be compared; the prompts are not the same."
OTHER = (
    "These exchanges do not go by the published rules and size, so lengths of theirs and ours cannot be compared: ours "
    "are shares of the bound, theirs of 204 tasks."
)
COLUMN = "Tasks"


def published(found: Exchanges, wanted: bool) -> Iterator[Part]:
    """Bars of what was handed in without any condition, ours and then theirs; nothing unless it is wanted."""
    if not wanted or found.baseline is None:
        return
    alike = found.is_as_published
    entries = {found.names[who]: _own(found, found.baseline, who) for who in found.under(found.baseline)}
    entries |= {
        f"{one.name}, published": _share(
            Entry(one.tasks, low=one.tasks - one.half, high=one.tasks + one.half), PUBLISHED
        )
        for one in MODELS
    }
    note = f"Shares of 204 tasks. {ALIKE}" if alike else OTHER
    caption = "Tasks beside published ones"
    table = Grid(
        caption, f"{note} {NOT_CHECKED} Whiskers are 95 % intervals, ours over worlds, theirs over five runs.", "Agent",
        (COLUMN,), tuple((name, (entry,)) for name, entry in entries.items()), 2, "exchange-published",
    )  # fmt: skip
    values, low, high = (
        pd.DataFrame({COLUMN: [getattr(entry, end) for entry in entries.values()]}, list(entries))
        for end in ("value", "low", "high")
    )
    yield Head("Published figures")
    yield bars("exchange-published", values, table, low, high)


def _own(found: Exchanges, baseline: str, who: tuple[str, ...]) -> Entry:
    """The tasks of a composition as a share of the published reference, or of the bound by other rules."""
    game = found.under(baseline)[who][0].game
    scale = PUBLISHED if found.is_as_published else game.agents * game.open_tasks * game.rounds
    return _share(found.entry(baseline, who, "tasks"), scale)


def _share(tasks: Entry, scale: float) -> Entry:
    return Entry(tasks.value / scale, low=tasks.low / scale, high=tasks.high / scale)
