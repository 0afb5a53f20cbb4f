"""What agents were paid in repeated games beside what needs no player: chance, equilibrium, caution, taking turns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from comity.core.named import NamedStage, named_game
from comity.exact.baselines import baselines
from comity.metrics.pairings import ends_of, score_of, scores, scores_together
from comity.records.spec import Cell
from comity.report.contents import Part, Section
from comity.report.figures import heat_map
from comity.report.grid import Entry, Grid
from comity.report.groups import groups
from comity.report.results import Key, Results

MOST_ROWS, MOST_COLUMNS = 16, 24
"""A map with more is not drawn; its table stands in its place, or in the files."""
TITLES = {
    "random": "Random",
    "first": "First option",
    "nash": "Nash",
    "maximin": "Maximin",
    "alternation": "Best turns",
    "joint": "Best together",
}
"""What the standards of `comity.exact.baselines` are called at the head of a column."""
NOTE = (
    "What the stage game paid per round, over the most that the seat can be paid; where it can be below zero, from its "
    "least to its most. The agents stand behind the standards, which are means over the seats: everybody at random; "
    "everybody the option that stands first; a Nash equilibrium (the pure ones equally often, else the mixed one); "
    "everybody the option whose worst payoff is best; two profiles in turn, so that the worse-paid is paid most; and "
    "the profile that pays all together most. A dash: the agent did not play there, or the game has no such standard. "
    "In brackets 95 % intervals over replicates, or over episodes where there is one replicate."
)


def section(results: Results) -> Section | None:
    """Agents and standards, game by game; None where no game was repeated that can be scored."""
    scored = scores(results.rounds, results.cells.values())
    if scored.empty:
        return None
    played = set(scored[["mechanism", "game"]].itertuples(index=False, name=None))
    keys = [key for key in results.cells if key in played]
    standards = {key: standards_of(results.cells[key]) for key in keys}
    found = groups(results, keys, MOST_ROWS)
    table = _table(results, found, scored, standards, "baselines")
    part: Part = table
    if len(table.columns) <= MOST_COLUMNS:
        values = pd.DataFrame(
            [[one.value for one in row] for _, row in table.rows], [head for head, _ in table.rows], list(table.columns)
        )
        part = heat_map("baselines", values, table)
    alone = groups(results, keys, len(keys))
    beside = (_table(results, alone, scored, standards, "baselines-cells"),) if len(alone) > len(found) else ()
    return Section("baselines", "Beside what needs no player", (part,), beside)


def standards_of(cell: Cell) -> dict[str, float]:
    """What each standard is paid in a play of the cell, as `score_of`, in the mean over seats."""
    named, ends = named_game(cell.built), ends_of(cell)
    if ends is None or not isinstance(named, NamedStage):
        return {}
    return {
        standard.name: math.fsum(score_of(ends, seat, float(paid)) for seat, paid in enumerate(standard.payoffs))
        / len(standard.payoffs)
        for standard in baselines(named)
    }


def _table(
    results: Results,
    found: Mapping[str, Sequence[Key]],
    scored: pd.DataFrame,
    standards: Mapping[Key, Mapping[str, float]],
    key: str,
) -> Grid:
    there = set(scored["agent"])
    agents = [agent for agent in results.agents if agent in there]
    cells = pd.MultiIndex.from_frame(scored[["mechanism", "game"]])
    rows = []
    for name, keys in found.items():
        of_agents = scores_together(scored[cells.isin(list(keys))])
        entries = [_standard([standards[one] for one in keys], standard) for standard in TITLES]
        for agent in agents:
            one = of_agents.get(agent)
            entries.append(Entry(math.nan) if one is None else Entry(one.value, low=one.low, high=one.high))
        rows.append((name, tuple(entries)))
    columns = (*TITLES.values(), *agents)
    caption = "Scores beside standards" + (" in each cell" if key.endswith("cells") else "")
    return Grid(caption, NOTE, "Game", columns, tuple(rows), digits=2, key=key)


def _standard(found: Sequence[Mapping[str, float]], name: str) -> Entry:
    """The mean of a standard over cells; none where a cell has no such standard."""
    values = [standards.get(name, math.nan) for standards in found]
    return Entry(math.fsum(values) / len(values))
