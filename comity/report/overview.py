"""The numbers of the whole run: who did how well, where cooperation held, and how it went over the rounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from comity.metrics import ResultTable, table
from comity.report.facts import is_constant_sum
from comity.report.figures import Figure, heat_map, lines
from comity.report.grid import Entry, Grid, grid_of
from comity.report.numbers import in_blocks
from comity.report.results import NOTHING_MEASURED, Key, Measure, Results, measures
from comity.report.text import distinct, matches, prose
from comity.words.phrases import sentence

SCALE = "On each game's scale 0 is the payoff when all defect and 1 the payoff when all cooperate."
SHARE = "The share of cooperative actions among all that were played"


def leaderboard(results: Results) -> Grid:
    """The agents by their mean over the social dilemmas, over all mechanisms and under each."""
    overall = table(results.tables, "mean", ["agent"], results.dilemmas)
    under = results.measured("mean", ["agent", "mechanism"], results.dilemmas)
    measured = measures(overall)
    rows = tuple(
        (agent, (entry(measured, (agent,)), *(entry(under, (agent, name)) for name in results.mechanisms)))
        for (agent,) in measured
    )
    columns = ("All mechanisms", *map(prose, results.mechanisms))
    note = f"Over {_resting(results, overall)} {SCALE}"
    return Grid("Agents by mean payoff", note, "Agent", columns, rows)


def _resting(results: Results, result: ResultTable) -> str:
    """The games of the result and what else must be known of it, to stand after a colon."""
    notes = "".join(f" {sentence(note)}." for note in result.notes)
    return f"{', '.join(map(prose, results.dilemmas))}.{notes}"


def maps(results: Results) -> Iterator[Figure]:
    """Mean payoff and cooperation of all agents by mechanism, over the social dilemmas and in each game."""
    fixed = list(dict.fromkeys(prose(game) for (_, game), cell in results.cells.items() if is_constant_sum(cell)))
    same = f" In {' and '.join(fixed)} what one wins another loses." if fixed else ""
    scale = f"{SCALE} A dash where no match was finished.{same}"
    yield _map(results, "mean", "Mean payoff by mechanism and game", scale)
    yield _map(
        results, "cooperation", "Cooperation by mechanism and game", f"{SHARE}. A dash where no action means it."
    )


def rounds(results: Results) -> Iterator[Figure]:
    """For each mechanism with rounds, cooperation of all agents over the rounds of each game."""
    for place, mechanism in enumerate(results.mechanisms):
        found = {game: frame.mean(axis=1) for (under, game), frame in results.by_round.items() if under == mechanism}
        if found:
            caption = f"Cooperation over rounds under {prose(mechanism)}"
            by_game = pd.DataFrame([found[game] for game in results.games if game in found]).T
            by_game.columns = distinct(prose(game) for game in results.games if game in found)
            note = f"{SHARE}, all agents with the same weight."
            yield courses(f"rounds-{place}", caption, note, by_game, "Game")


def courses(key: str, caption: str, note: str, by_round: pd.DataFrame, corner: str) -> Figure:
    """A line for each column of a frame whose index is the round, and its table with the rounds across."""
    last = int(by_round.index.max())
    blocks = in_blocks(by_round)
    step = blocks.index[1] - blocks.index[0] if len(blocks) > 1 else 1
    note += " A round counts the matches that reached it."
    if step > 1:
        note += f" Rounds are taken together in blocks of {step}, named by the first."
    table = blocks.set_axis(distinct(blocks.columns), axis=1).T
    return lines(key, blocks, last, grid_of(table, caption, note, corner, digits=2))


def entry(measures: Mapping[Key, Measure], key: Key, link: str = "") -> Entry:
    """The measure as a table prints it, with what it rests on."""
    measure = measures.get(key, NOTHING_MEASURED)
    gap = f"{measure.missing:,} missing" if measure.missing else ""
    rests = matches(measure.matches) if measure.matches or gap else ""  # where nothing is defined nothing is counted
    return Entry(measure.value, rests, gap, link=link)


def _map(results: Results, metric: str, caption: str, note: str) -> Figure:
    together = table(results.tables, metric, ["mechanism"], results.dilemmas)
    overall, each = measures(together), results.cell_measures[metric]
    rows = [
        (
            prose(mechanism),
            (entry(overall, (mechanism,)), *(_linked(results, each, (mechanism, game)) for game in results.games)),
        )
        for mechanism in results.mechanisms
    ]
    first = "all games" if results.dilemmas == results.games else "social dilemmas"
    columns = (first, *map(prose, results.games))
    values = pd.DataFrame([[e.value for e in entries] for _, entries in rows], [head for head, _ in rows], columns)
    said = f"{note} {sentence(first)}: {_resting(results, together)}"
    return heat_map(f"map-{metric}", values, Grid(caption, said, "Mechanism", columns, tuple(rows)))


def _linked(results: Results, measures: Mapping[Key, Measure], key: Key) -> Entry:
    return entry(measures, key, results.place(key) if key in results.cells else "")
