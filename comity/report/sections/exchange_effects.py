"""What conditions change, world by world."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from comity.metrics.exchanges import Effect, NotPaired, effects
from comity.report.contents import Head, Part
from comity.report.exchanges import Exchanges
from comity.report.figures import dots
from comity.report.grid import Entry, Grid
from comity.report.ranking import chance
from comity.report.text import prose

BELOW = 0.05
"""A difference is marked where Holm's p is below this."""
MARK = "*"


def effects_of(found: Exchanges) -> Iterator[Part]:
    """The difference of tasks from the baseline, agent by agent; nothing where nothing can be compared."""
    try:
        known = effects(list(found.played), found.baseline) if found.baseline is not None else []
    except NotPaired:
        return
    if not known:
        return
    names = [(prose(one.mechanism), found.names[one.agents]) for one in known]
    values = pd.DataFrame(
        [(one.difference.value, one.difference.low, one.difference.high, _mark(one)) for one in known],
        pd.MultiIndex.from_tuples(names),
        ["value", "low", "high", "marks"],
    )
    at = dict(zip(names, known, strict=True))
    columns = tuple(dict.fromkeys(mechanism for mechanism, _ in names))
    rows = tuple(
        (who, (_before(found, who), *(_entry(at.get((column, who))) for column in columns)))
        for who in dict.fromkeys(who for _, who in names)
    )
    note = (
        f"Tasks under the condition less tasks under {prose(found.baseline or '')}, by the same agents in the same "
        f"worlds; 95 % intervals over worlds (Student). {MARK} marks what Holm's p, over all differences here, puts "
        "below 5 %; in the table the change in per cent, and that p."
    )
    table = Grid("Effects of conditions on tasks", note, "Agent", ("Baseline", *columns), rows, 2, "exchange-effects")
    yield Head("Effects of conditions")
    yield dots("exchange-effects", values, table, references=(0.0,), across=3)


def _mark(effect: Effect) -> str:
    return MARK if effect.p_holm < BELOW else ""


def _before(found: Exchanges, title: str) -> Entry:
    who = next(agents for agents, name in found.names.items() if name == title)
    return found.entry(found.baseline or "", who, "tasks")


def _entry(effect: Effect | None) -> Entry:
    if effect is None:
        return Entry(math.nan)
    told = [] if effect.change is None else [f"{effect.change:+.0%}"]
    if not math.isnan(effect.p_holm):
        p = chance(effect.p_holm)
        told.append(f"p {p}" if p.startswith("<") else f"p = {p}")
    return Entry(effect.difference.value, ", ".join(told), low=effect.difference.low, high=effect.difference.high)
