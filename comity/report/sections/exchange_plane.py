"""Willing and able: scores with asking automated, and with sharing automated."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from comity.report.contents import Head, Part
from comity.report.exchanges import Exchanges
from comity.report.figures import Figure, plane
from comity.report.grid import Entry, Grid
from comity.report.published_exchange import MODELS, NOT_CHECKED

NAMES = ("willing: score with asking automated", "able: score with sharing automated")
CORNERS = ("neither", "willing, not able", "able, not willing", "willing and able")
NOTE = (
    "With asking automated an agent is asked for what others need, and its own requests are made for it: what is left "
    "to it is to share. With sharing automated all requests are answered: what is left is to ask. Both leave handing "
    "in to the agent, so whoever hands in late is low on both. The lines are the middle of both scales and no "
    "threshold. Means over worlds, with 95 % intervals over worlds in both directions."
)
COMPARED = (
    "Published points are shares of 204 tasks by other rules, as a secondary source has them; {}, and the scale is not "
    "the same."
)


def willing_and_able(found: Exchanges, published: bool) -> Iterator[Part]:
    """The plane, where both sides were automated one at a time and nothing else."""
    drawn = plane_of(found, published)
    if drawn is not None:
        yield Head("Willing and able")
        yield drawn


def plane_of(found: Exchanges, published: bool) -> Figure | None:
    """The plane; None where one of the two conditions was not played by anybody who played the other."""
    asked, shared = found.automated("request"), found.automated("share")
    if asked is None or shared is None:
        return None
    both = [who for who in found.names if (asked, who) in found.groups and (shared, who) in found.groups]
    if not both:
        return None
    entries = {found.names[who]: tuple(found.entry(name, who, "score") for name in (asked, shared)) for who in both}
    note = NOTE
    if published:
        rules = (
            "these exchanges go by the published rules"
            if found.is_as_published
            else "these exchanges go by other rules"
        )
        note = f"{NOTE} {NOT_CHECKED} {COMPARED.format(rules)}"
        entries |= {
            f"{one.name}, published": (Entry(one.auto_request / 100), Entry(one.auto_share / 100)) for one in MODELS
        }
    table = Grid("Willing and able", note, "Agent", ("Willing", "Able"), tuple(entries.items()), 2, "exchange-plane")
    return plane("exchange-plane", _points(entries, len(both)), table, NAMES, CORNERS)


def _points(entries: dict[str, tuple[Entry, ...]], own: int) -> pd.DataFrame:
    rows = [
        (x.value, x.low, x.high, y.value, y.low, y.high, place >= own) for place, (x, y) in enumerate(entries.values())
    ]
    columns = ["x", "x_low", "x_high", "y", "y_low", "y_high", "published"]
    return pd.DataFrame(rows, list(entries), columns)
