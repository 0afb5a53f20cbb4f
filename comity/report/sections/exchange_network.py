"""Who sent to whom."""

from __future__ import annotations

import math

import pandas as pd

from comity.metrics.exchanges import by_pair
from comity.report.contents import Head, Part
from comity.report.exchanges import Exchanges
from comity.report.figures import network
from comity.report.grid import Entry, Grid
from comity.report.text import prose

MOST_PANELS = 12
"""So many groups are drawn; the files have all."""
MOST_AGENTS = 20
"""Groups with more agents are not drawn."""
TOLD = ("asked", "answered", "sent", "useful")


def networks(found: Exchanges) -> tuple[list[Part], list[Grid]]:
    """A panel for each composition without condition, and every pair of every condition for the files."""
    name = found.baseline if found.baseline is not None else found.mechanisms[0]
    sent = {who: _sent(found, name, who) for who in list(found.under(name))[:MOST_PANELS]}
    small = {found.names[who]: frame for who, frame in sent.items() if len(frame) <= MOST_AGENTS}
    drawn: list[Part] = []
    if small:
        whole = pd.concat(small)
        columns = tuple(map(str, whole.columns))
        rows = tuple(
            (f"{title}, agent {giver}", tuple(map(Entry, values)))
            for (title, giver), values in zip(whole.index, whole.to_numpy(dtype=float).tolist(), strict=True)
        )
        note = (
            f"Pieces that reached the agent of the column from that of the row, under {prose(name)}; means over "
            "worlds. The tint is the same in all panels, from nothing to the most of any pair."
        )
        table = Grid("Who sent to whom", note, "Sender", columns, rows, 1, "exchange-network")
        drawn = [Head("Who sent to whom"), network("exchange-network", whole, table)]
    return drawn, [_whole(found)]


def _sent(found: Exchanges, name: str, who: tuple[str, ...]) -> pd.DataFrame:
    seats = range(1, len(who) + 1)
    frame = pd.DataFrame(math.nan, index=pd.Index(seats), columns=pd.Index(seats))
    for row in by_pair(found.groups[name, who]):
        frame.loc[row["seat"], row["helps_seat"]] = row["sent"]
    return frame


def _whole(found: Exchanges) -> Grid:
    rows = tuple(
        (
            f"{found.names[who]} \u00b7 {prose(name)} \u00b7 {row['seat']} to {row['helps_seat']}",
            tuple(Entry(float(row[one])) for one in TOLD),
        )
        for (name, who), group in found.groups.items()
        for row in by_pair(group)
    )
    note = (
        "Means over worlds: how many requests the first got from the second, how many of these it answered truthfully, "
        "how many pieces reached the second from it, and how many of these an open task needed."
    )
    return Grid(
        "Who asked and who sent", note, "Pair", ("Asked", "Answered", "Sent", "Needed"), rows, 2, "exchange-pairs"
    )
