"""Capability against what was handed in, with the interval that so few agents deserve."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from comity.report.contents import Head, Part, Prose
from comity.report.exchanges import Exchanges
from comity.report.figures import plane
from comity.report.grid import Entry, Grid
from comity.report.text import counted, number, prose
from comity.stats.correlation import pearson, spearman
from comity.stats.estimate import Estimate

NOTE = (
    "Score under {} by the capability that the user stated; only groups of equal agents. Whiskers are 95 % intervals "
    "over worlds. The correlation is over agents, and no number of worlds makes its interval shorter."
)
COLUMNS = ("Capability", "Score")


def capability(found: Exchanges, stated: Mapping[str, float]) -> Iterator[Part]:
    """The scatter and both correlations; nothing unless capabilities are stated."""
    if not stated:
        return
    name = found.baseline if found.baseline is not None else found.mechanisms[0]
    alike = {who: found.names[who] for who in found.under(name) if len(set(who)) == 1 and who[0] in stated}
    pairs = {title: (Entry(stated[who[0]]), found.entry(name, who, "score")) for who, title in alike.items()}
    pairs = {title: pair for title, pair in pairs.items() if not math.isnan(pair[1].value)}
    yield Head("Capability against cooperation")
    if len(pairs) < 2:
        yield Prose(("Capability is compared over groups of equal agents, and fewer than two of these have one.",))
        return
    rows = [(x.value, math.nan, math.nan, y.value, y.low, y.high, False) for x, y in pairs.values()]
    points = pd.DataFrame(rows, list(pairs), ["x", "x_low", "x_high", "y", "y_low", "y_high", "published"])
    note = f"{NOTE.format(prose(name))} {_said(points)}"
    table = Grid(
        "Capability against cooperation", note, "Agent", COLUMNS, tuple(pairs.items()), 2, "exchange-capability"
    )
    names = ("capability, as stated", f"score under {prose(name)}")
    yield plane("exchange-capability", points, table, names, span=())


def _said(points: pd.DataFrame) -> str:
    r, rho = (of(points["x"], points["y"]) for of in (pearson, spearman))
    linear, ranks = _told(r), _told(rho)
    return (
        f"Over {counted(len(points), 'agent')}: Pearson's r {linear}; Spearman's \u03c1 {ranks} (95 %, by Fisher's z)."
    )


def _told(found: Estimate) -> str:
    if math.isnan(found.value):
        return "is not defined"
    if math.isnan(found.low):
        return f"= {number(found.value, 2)}, without an interval"
    return f"= {number(found.value, 2)} [{number(found.low, 2)}, {number(found.high, 2)}]"
