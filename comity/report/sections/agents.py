"""Who did how well, and who can be told apart from whom."""

from __future__ import annotations

from collections.abc import Iterator

from comity.report.contents import Part, Section
from comity.report.figures import Figure
from comity.report.grid import Grid
from comity.report.ranking import pairs, ranked
from comity.report.results import Results, measures
from comity.report.text import prose
from comity.report.told import SCALE, entry, noted, resting

PAIRS = "Agents are compared tournament by tournament, first less second. Told apart is what Holm's p puts below 5 %."


def section(results: Results) -> Section | None:
    """The agents by their mean payoff, with their possible ranks, and all pairs."""
    if not results.cells:
        return None
    wide = results.wide
    parts: list[Part] = [leaderboard(wide), *_ranked(wide)]
    found = wide.contrasts("mean", "agent")
    if found is None:
        return Section("agents", "Agents", tuple(parts))
    note = f"{PAIRS} {noted(wide, found[1])}"
    shown, beside = pairs(found[0], "Differences between agents", note, "contrasts-agents")
    return Section("agents", "Agents", (*parts, *shown), beside)


def leaderboard(results: Results) -> Grid:
    """The agents by their mean over the social dilemmas, over all mechanisms and under each."""
    overall = results.table("mean", ["agent"], results.dilemmas)
    under = results.measured("mean", ["mechanism", "agent"], results.dilemmas)
    measured = measures(overall)
    rows = tuple(
        (agent, (entry(measured, (agent,)), *(entry(under, (name, agent)) for name in results.mechanisms)))
        for (agent,) in measured
    )
    columns = ("All mechanisms", *map(prose, results.mechanisms))
    note = f"Over {resting(results, overall)} {SCALE}"
    return Grid("Agents by mean payoff", note, "Agent", columns, rows)


def _ranked(results: Results) -> Iterator[Figure]:
    result = results.table("mean", ["agent"], results.dilemmas)
    if sum(row["value"] is not None for row in result.rows) < 2:
        return
    found = results.contrasts("mean", "agent")
    note = "The first column of the table above, and the ranks that an agent may have when all pairs are looked at."
    table = Grid("Agents and the ranks they may have", note, "Agent", (), (), key="agents-ranked")
    yield ranked("agents-ranked", result, found[0] if found else None, table)
