"""What is lost, and to which side of the agents: Shapley parts, where every set of sides was automated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from comity.metrics.decomposition import Loss, NotDecomposable, Part, helped, losses
from comity.report.contents import Head, Prose
from comity.report.contents import Part as OfPage
from comity.report.exchanges import Exchanges
from comity.report.figures import Figure, stacked
from comity.report.grid import Entry, Grid
from comity.report.results import Results
from comity.report.text import distinct, prose

OWN = "its own"
NOTE = (
    "A bar begins with the score of the agent itself, where 1 is the bound. Each further part is what is due to one "
    "side: what automating it adds, on average over all orders in which sides are automated (Shapley 1953), so the "
    "parts end where everything is automated. A part that makes less of it goes to the left of 0. In the table also "
    "what automating a side alone adds, and how much more two sides add together than each by itself. Means over "
    "worlds; brackets are 95 % intervals over worlds."
)


def split(found: Exchanges, results: Results) -> Iterator[OfPage]:
    """The parts of every loss; a sentence where sides were automated and it cannot be split."""
    assists = helped(agent for run in results.runs.values() for agent in run.header.agents)
    if not assists and not any(game.automation.sides for game in found.games.values()):
        return
    try:
        known = losses(results.tables, results.cells.values(), assists)
    except NotDecomposable as error:
        yield Prose((f"The loss is not split into parts: {error}.",))
        return
    for place, sides in enumerate(dict.fromkeys(loss.sides for loss in known)):
        if place == 0:
            yield Head("What the loss is due to")
        yield _figure([loss for loss in known if loss.sides == sides], place, found)


def _figure(of: Sequence[Loss], place: int, found: Exchanges) -> Figure:
    several = len({loss.condition for loss in of}) > 1
    names = [found.names.get(loss.agents, ", ".join(dict.fromkeys(loss.agents))) for loss in of]
    heads = distinct(
        f"{name} \u00b7 {prose(loss.condition)}" if several else name for name, loss in zip(names, of, strict=True)
    )
    rows = tuple(
        (head, tuple(_entry(part) for _, part in _columns(loss))) for head, loss in zip(heads, of, strict=True)
    )
    columns = tuple(name for name, _ in _columns(of[0]))
    key = f"exchange-losses-{place}" if place else "exchange-losses"
    table = Grid("What the loss is due to", NOTE, "Agent", columns, rows, 2, key)
    drawn = [[loss.own.estimate.value, *(part.estimate.value for part in loss.parts)] for loss in of]
    return stacked(key, pd.DataFrame(drawn, heads, [OWN, *of[0].sides]), table)


def _columns(loss: Loss) -> list[tuple[str, Part]]:
    return [
        (OWN, loss.own),
        *((part.name, part) for part in loss.parts),
        ("all automated", loss.whole),
        ("loss", loss.total),
        *((f"{part.name} alone", part) for part in loss.alone),
        *((part.name, part) for part in loss.interactions),
    ]


def _entry(part: Part) -> Entry:
    return Entry(part.estimate.value, low=part.estimate.low, high=part.estimate.high)
