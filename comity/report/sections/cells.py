"""One game under one mechanism: what is known beforehand, who did how well against whom, and one match in words."""

from __future__ import annotations

import json
from collections.abc import Iterator

from comity.report.contents import CellPart, Head, Part, Prose, Section, Transcript, Words
from comity.report.facts import facts_of
from comity.report.figures import Figure
from comity.report.grid import Grid
from comity.report.groups import left_out
from comity.report.results import NOTHING_MEASURED, Key, Results
from comity.report.sections.behaviour import actions, replies
from comity.report.sections.networks import is_crowd
from comity.report.sections.payoffs import against, by_role
from comity.report.sections.populations import basins, course
from comity.report.text import NOTHING, matches, number, prose
from comity.report.told import SHARE, courses, entry
from comity.words.transcript import transcript

MOST_LINES = 600
"""A longer transcript is cut there, and says so."""
MOST_NAMES = 4
PAID = "Payoff in the units of the game, and on its scale from 0 (all defect) to 1 (all cooperate)."
COLUMNS = (("payoff", "Payoff"), ("mean", "On the scale"), ("cooperation", "Cooperation"))


def section(results: Results) -> Section | None:
    """Every game under every mechanism; of too many the numbers go into the files, and the page says so."""
    if not results.cells:
        return None
    if results.is_large:
        return Section("cells", "Game by game", (Prose((left_out(results),)),), (_whole(results),))
    lead = "Every game under every mechanism: its facts, how each agent did and against whom, and one match in words."
    parts: list[Part] = [Prose((lead,))]
    for mechanism in results.mechanisms:
        parts.append(Head(f"Under {prose(mechanism)}"))
        parts += [cell_part(results, key) for key in results.cells if key[0] == mechanism]
    return Section("cells", "Game by game", tuple(parts))


def _whole(results: Results) -> Grid:
    """How each agent did in each cell, in one table."""
    rows = tuple(
        (
            f"{prose(game)} under {prose(mechanism)}: {agent}",
            tuple(entry(results.agent_measures[metric], (mechanism, game, agent)) for metric, _ in COLUMNS),
        )
        for mechanism, game in results.cells
        for agent in results.agents
        if (mechanism, game, agent) in results.agent_measures["payoff"]
    )
    columns = tuple(head for _, head in COLUMNS)
    return Grid("How each agent did in each game", PAID, "Game, mechanism and agent", columns, rows, key="cells-agents")


def cell_part(results: Results, key: Key) -> CellPart:
    """What the page says of one cell."""
    cell = results.cells[key]
    return CellPart(
        key=results.place(key),
        game=prose(cell.game_label),
        digest=_digest(results, key),
        gap=_gap(results, key),
        facts=tuple(facts_of(cell)),
        parts=tuple(_parts(results, key)),
        transcript=_transcript(results, key),
    )


def _parts(results: Results, key: Key) -> Iterator[Grid | Figure | Words | Prose]:
    yield _agents(results, key)
    if not is_crowd(results, key):
        yield from against(results, key)
    yield from by_role(results, key)
    yield from course(results, key)
    yield from basins(results, key)
    yield from actions(results, key)
    yield from replies(results, key)
    yield from _rounds(results, key)


def _digest(results: Results, key: Key) -> str:
    of_cell = [results.cell_measures[metric].get(key, NOTHING_MEASURED) for metric in ("mean", "cooperation")]
    mean, cooperation = (number(measure.value) for measure in of_cell)
    shared = f" \u00b7 cooperation {cooperation}" if cooperation != NOTHING else ""
    return f"mean {mean}{shared} \u00b7 {matches(of_cell[0].matches)}"


def _gap(results: Results, key: Key) -> str:
    missing = results.cell_measures["mean"].get(key, NOTHING_MEASURED).missing
    return f"{matches(missing)} of this cell, forfeited or not played: no mean counts them." if missing else ""


def _agents(results: Results, key: Key) -> Grid:
    rows = tuple(
        (agent, tuple(entry(results.agent_measures[metric], (*key, agent)) for metric, _ in COLUMNS))
        for agent in results.agents
    )
    columns = tuple(head for _, head in COLUMNS)
    return Grid("How each agent did", PAID, "Agent", columns, rows, key=f"{results.place(key)}-agents")


def _rounds(results: Results, key: Key) -> Iterator[Figure]:
    if key in results.by_round:
        frame = results.by_round[key]
        agents = [agent for agent in results.agents if agent in frame.columns]
        caption = "Cooperation over rounds, by agent"
        half = results.half_widths[key].reindex(columns=agents)
        yield courses(f"{results.place(key)}-rounds", caption, f"{SHARE}.", frame[agents], "Agent", half)


def _transcript(results: Results, key: Key) -> Transcript | None:
    index = None if is_crowd(results, key) else _example(results, key)
    if index is None:
        return None
    record = results.record(index)
    agents = record.match.agents
    told = transcript(record.match.cell.built, record.choices, dict(enumerate(agents)), record.lotteries).splitlines()
    who = ", ".join(agents) if len(agents) <= MOST_NAMES else f"a population of {len(agents)}"
    return Transcript(f"Match {index} in words: {who}", "\n".join(told[:MOST_LINES]), max(len(told) - MOST_LINES, 0))


def _example(results: Results, key: Key) -> int | None:
    """The first finished match of the cell between different agents, or else the first finished one."""
    if key not in results.finished:
        return None
    played = results.finished[key]
    mixed = played[[len(set(json.loads(agents))) > 1 for agents in played["agents"]]]
    return int((mixed if len(mixed) else played)["match"].iloc[0])
