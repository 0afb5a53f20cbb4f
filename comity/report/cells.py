"""One game under one mechanism: what is known beforehand, who did how well against whom, and one match in words."""

from __future__ import annotations

import json

from comity.core.named import named_game
from comity.report.contents import CellPart, Transcript
from comity.report.facts import facts_of
from comity.report.figures import Figure
from comity.report.grid import Grid, grid_of, tinted
from comity.report.overview import SHARE, courses, entry
from comity.report.results import NOTHING_MEASURED, Key, Results
from comity.report.text import NOTHING, matches, number, prose
from comity.words.transcript import transcript

MOST_LINES = 600
"""A longer transcript is cut there, and says so."""
MOST_NAMES = 4
COLUMNS = (("payoff", "Payoff"), ("mean", "On the scale"), ("cooperation", "Cooperation"))


def cell_part(results: Results, key: Key) -> CellPart:
    """What the page says of one cell."""
    cell = results.cells[key]
    return CellPart(
        key=results.place(key),
        game=prose(cell.game_label),
        digest=_digest(results, key),
        gap=_gap(results, key),
        facts=tuple(facts_of(cell)),
        agents=_agents(results, key),
        against=_against(results, key),
        rounds=_rounds(results, key),
        transcript=_transcript(results, key),
    )


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
    note = "Payoff in the units of the game, and on its scale from 0 (all defect) to 1 (all cooperate)."
    return Grid("How each agent did", note, "Agent", tuple(head for _, head in COLUMNS), rows)


def _against(results: Results, key: Key) -> Grid | None:
    if key not in results.against:
        return None
    paid = results.against[key]
    agents = [agent for agent in results.agents if agent in paid.index]
    square = paid.reindex(index=agents, columns=agents)
    return tinted(grid_of(square, "Payoff of the row against the column", _how_paid(results, key), "Agent"))


def _how_paid(results: Results, key: Key) -> str:
    tint = "The stronger the tint, the more."
    if key in results.populations:
        return f"Mean per meeting of the two, each round the same; a dash where they did not meet. {tint}"
    if named_game(results.cells[key].built).n_players > 2:
        return f"Mean over the matches in which the column takes part, whoever else does. {tint}"
    return f"Mean over their matches, in both seats. {tint}"


def _rounds(results: Results, key: Key) -> Figure | None:
    if key not in results.by_round:
        return None
    frame = results.by_round[key]
    agents = [agent for agent in results.agents if agent in frame.columns]
    caption = "Cooperation over rounds, by agent"
    return courses(f"{results.place(key)}-rounds", caption, f"{SHARE}.", frame[agents], "Agent")


def _transcript(results: Results, key: Key) -> Transcript | None:
    index = _example(results, key)
    if index is None:
        return None
    record = results.run.record(index)
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
