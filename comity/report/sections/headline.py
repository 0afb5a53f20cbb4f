"""The numbers a reader looks for first: every mechanism and agent, as published and with intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from comity.metrics import ResultTable
from comity.report.contents import Part, Section
from comity.report.figures import Figure, radar
from comity.report.grid import Entry, Grid
from comity.report.ranking import ranked
from comity.report.results import NOTHING_MEASURED, Key, Measure, Results, measures
from comity.report.text import number, prose
from comity.report.told import SCALE, entry, noted
from comity.words.phrases import sentence

METRICS = ("mean", "fitness", "cooperation", "rating")
EVERYBODY = "All agents"
FEWEST_CORNERS = 3
"""A polygon with fewer is none."""
MOST_POLYGONS = 12
"""More of them are not looked at one by one."""
ERRORS = (
    "In brackets the 95 % interval. After ± stands the standard error, and after the word games that over games, which "
    "CoopEval prints: it takes the differences between games for error."
)

ABOUT_ALL = "What follows is about the column of all agents."
ABOUT_EACH = "A row is in what follows one agent under one mechanism."


def section(results: Results) -> Section | None:
    """The aggregate tables, and what they look like."""
    if not results.cells:
        return None
    parts: list[Part] = []
    for metric in METRICS:
        parts += [table for table in (aggregate(results.wide, metric),) if table]
        if metric == "mean":
            parts += _by_mechanism(results.wide)
    parts += [*_profiles(results), *_narrow(results)]
    return Section("headline", "Headline", tuple(parts)) if parts else None


def aggregate(results: Results, metric: str) -> Grid | None:
    """A metric by mechanism, of all agents and of each, best first; None where it has no value at all."""
    ordered = results.table("mean" if metric == "rating" else metric, ["mechanism"], results.dilemmas)
    overall = {} if metric == "rating" else measures(ordered)
    each = results.table(metric, ["mechanism", "agent"], results.dilemmas)
    of_each = measures(each)
    rows = tuple(
        (prose(mechanism), tuple(_entries(results, overall, of_each, mechanism)))
        for (mechanism,) in measures(ordered)
        if any(key[0] == mechanism and (one.matches or one.missing) for key, one in of_each.items())
    )
    if not any(one.matches for one in of_each.values()):
        return None
    columns = (*([EVERYBODY] if overall else []), *results.agents)
    note = _note(results, metric, ordered, ABOUT_ALL) if overall else _note(results, metric, each, ABOUT_EACH)
    caption = f"{results.metrics[metric].title} by mechanism and agent"
    return Grid(caption, note, "Mechanism", columns, rows, key=f"headline-{metric}")


def _entries(
    results: Results, overall: dict[Key, Measure], each: dict[Key, Measure], mechanism: str
) -> Iterator[Entry]:
    if overall:
        yield _entry(overall[mechanism,], whole=True)
    yield from (_entry(each.get((mechanism, agent), NOTHING_MEASURED)) for agent in results.agents)


def _entry(measure: Measure, whole: bool = False) -> Entry:
    """The measure with its published error over games. whole: and with its own."""
    errors = [(measure.error, "± {}")] if whole else []
    errors.append((measure.error_over_games, "games ± {}"))
    rests = ", ".join(form.format(number(error)) for error, form in errors if not math.isnan(error))
    gap = f"{measure.missing:,} missing" if measure.missing else ""
    return Entry(measure.value, rests, gap, low=measure.low, high=measure.high)


def _note(results: Results, metric: str, result: ResultTable, about: str) -> str:
    """about: what the notes of the result are about, for a reader who sees more than its rows."""
    games = ", ".join(map(prose, results.dilemmas))
    told = [f"{sentence(results.metrics[metric].definition)}. Over {games}."]
    told += [ERRORS] if metric == METRICS[0] else []
    told += [about, noted(results, result.notes)] if result.notes else []
    return " ".join(told)


def _by_mechanism(results: Results) -> Iterator[Figure]:
    result = results.table("mean", ["mechanism"], results.dilemmas)
    if sum(row["value"] is not None for row in result.rows) < 2:
        return
    found = results.contrasts("mean", "mechanism")
    note = f"The column of all agents in the table above. {SCALE}"
    table = Grid("Mean score of all agents, by mechanism", note, "Mechanism", (), (), key="headline-dots")
    yield ranked("headline-dots", result, found[0] if found else None, table, prose)


def _profiles(results: Results) -> Iterator[Figure]:
    """Radars: mechanisms over games, and agents over mechanisms."""
    games, wide = results.dilemmas, results.wide
    mechanisms = [name for (name,) in wide.measured("mean", ["mechanism"], games)]
    by_game = results.cell_measures["mean"]
    of_mechanisms = {name: [by_game.get((name, game), NOTHING_MEASURED) for game in games] for name in mechanisms}
    yield from _radar(
        Grid(
            "Where each mechanism works",
            f"Mean score of all agents in each game. {SCALE}",
            "Mechanism",
            tuple(map(prose, games)),
            tuple((prose(name), tuple(map(_bare, found))) for name, found in of_mechanisms.items()),
            key="radar-mechanisms",
        )
    )
    by_agent = wide.measured("mean", ["mechanism", "agent"], games)
    of_agents = {
        agent: [by_agent.get((name, agent), NOTHING_MEASURED) for name in mechanisms] for agent in results.agents
    }
    yield from _radar(
        Grid(
            "Where each agent does well",
            f"Mean score under each mechanism, over {', '.join(map(prose, games))}. {SCALE}",
            "Agent",
            tuple(map(prose, mechanisms)),
            tuple((agent, tuple(map(_bare, found))) for agent, found in of_agents.items()),
            key="radar-agents",
        )
    )


def _radar(table: Grid) -> Iterator[Figure]:
    """A polygon for each row, where there are corners enough for one and not too many rows to look at."""
    if len(table.columns) >= FEWEST_CORNERS and len(table.rows) <= MOST_POLYGONS:
        values = pd.DataFrame(
            [[one.value for one in entries] for _, entries in table.rows],
            [head for head, _ in table.rows],
            table.columns,
        )
        yield radar(table.key, values, table)


def _bare(measure: Measure) -> Entry:
    return Entry(measure.value, low=measure.low, high=measure.high)


def _narrow(results: Results) -> Iterator[Grid]:
    """The mechanisms that were played in some of the games only, in one table."""
    narrow = results.narrow
    if narrow is None:
        return
    metrics = [metric for metric in METRICS if metric != "rating"]
    measured = {metric: narrow.measured(metric, ["mechanism"], narrow.dilemmas) for metric in metrics}
    rows = tuple(
        (prose(name), tuple(entry(measured[metric], (name,)) for metric in metrics)) for name in narrow.mechanisms
    )
    games = ", ".join(map(prose, narrow.dilemmas))
    note = f"All agents together, over {games}. They are in no average above."
    columns = tuple(results.metrics[metric].title for metric in metrics)
    caption = "Mechanism settings that were played in some of these games only"
    yield Grid(caption, note, "Mechanism", columns, rows, key="headline-narrow")
