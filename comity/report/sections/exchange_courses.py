"""How exchanges went over the rounds: tasks, open requests, responses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import fsum

import pandas as pd

from comity.metrics.exchanges import Played, of_rounds
from comity.report.contents import Head, Part
from comity.report.curves import curves
from comity.report.exchanges import Condition, Exchanges, open_by_round
from comity.report.figures import Figure, lines
from comity.report.grid import Grid, grid_of
from comity.report.text import distinct, prose


@dataclass(frozen=True)
class _Told:
    """A number of each round. share: whether it lies between 0 and 1."""

    name: str
    head: str
    note: str
    share: bool = False


TOLD = (
    _Told("tasks", "Tasks in each round", "Tasks that all agents handed in in that round"),
    _Told("open", "Open requests", "Requests that are open at the end of the round: what was asked for has not come"),
    _Told(
        "response", "Response", "Of the requests made in that round, the share that was ever answered truthfully", True
    ),
)


def courses(found: Exchanges) -> tuple[list[Part], list[Grid]]:
    """Small lines by agent, without condition, and by condition, over all agents; and every course for the files."""
    known = {condition: _frame(group) for condition, group in found.groups.items()}
    parts: list[Part] = [Head("Over the rounds")]
    for told in TOLD:
        parts += _drawn(found, known, told)
    return parts, [_whole(found, known, told) for told in TOLD]


def _frame(group: Sequence[Played]) -> pd.DataFrame:
    """Every number of `TOLD` by round: means over worlds."""
    rows = pd.DataFrame(of_rounds(group)).set_index("round")
    counts = [list(open_by_round(one.game, one.log)) for one in group]
    still = [fsum(of) / len(of) for of in zip(*counts, strict=False)]
    return rows.assign(open=still)[[told.name for told in TOLD]].astype(float)


def _drawn(found: Exchanges, known: dict[Condition, pd.DataFrame], told: _Told) -> Iterator[Figure]:
    name = found.baseline if found.baseline is not None else found.mechanisms[0]
    by_agent = {title: known[name, who][told.name] for who, title in found.names.items() if (name, who) in known}
    yield from _figure(by_agent, told, f"by agent under {prose(name)}", "Agent", "agents", "Means over worlds.")
    if len(found.mechanisms) > 1:
        common = [who for who in found.names if all((each, who) in known for each in found.mechanisms)]
        over = {
            prose(each): pd.concat([known[each, who][told.name] for who in common], axis=1).mean(axis=1)
            for each in (found.mechanisms if common else ())
        }
        note = "Means over worlds and over all agents that played every condition, each with the same weight."
        yield from _figure(over, told, "by condition", "Condition", "conditions", note)


def _figure(columns: dict[str, pd.Series], told: _Told, how: str, corner: str, key: str, note: str) -> Iterator[Figure]:
    frame = pd.DataFrame(columns)
    if frame.isna().all(axis=None):
        return
    frame.columns = pd.Index(distinct(columns))
    key = f"exchange-{told.name}-{key}"
    table = grid_of(frame.T, f"{told.head}, {how}", f"{told.note}. {note}", corner, 2, key)
    yield lines(key, frame, int(frame.index.max()), table) if told.share else curves(key, frame, table)


def _whole(found: Exchanges, known: dict[Condition, pd.DataFrame], told: _Told) -> Grid:
    """The course of every condition, for the files."""
    frame = pd.DataFrame(
        {f"{found.names[who]} \u00b7 {prose(name)}": of[told.name] for (name, who), of in known.items()}
    )
    note = f"{told.note}. Means over worlds."
    return grid_of(frame.T, f"{told.head}, everything", note, "Agent and condition", 2, f"exchange-{told.name}")
