"""How well agents foresaw what others did: those who played, and those who watched."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from comity.metrics.predictions import accuracy_by_round, first_right, predictions
from comity.report.contents import Head, Part, Prose, Section
from comity.report.figures import Figure
from comity.report.grid import Entry, Grid
from comity.report.groups import groups
from comity.report.numbers import CELL
from comity.report.results import Key, Measure, Results
from comity.report.text import counted
from comity.report.told import courses, entry

LEAD = (
    "Predictions are decisions of their own. A prediction is right if it names the action that was then played; of two "
    "actions, guessing is right half of the time. The Brier score is 0 for a prediction that is certain and right and "
    "1 for one that is certain and wrong; what was said without percentages counts as certain."
)
_BY = (*CELL, "agent")
_EPISODES = ("Share that ends right", "First right round, median", "Earliest", "Latest")

MOST_CELLS = 12
"""More cells than this are taken together."""


def section(results: Results) -> Section | None:
    """Accuracy, its course over the rounds agent by agent, and from when on it lasts; players and observers apart."""
    if not results.has_decisions:
        return None
    found = predictions(results.tables, results.cells.values())
    if found.empty:
        return None
    parts = [
        part for observer in (False, True) for part in _of(results, found[found["observer"] == observer], observer)
    ]
    return Section("predictions", "Predictions", (Prose((LEAD,)), *parts))


def _of(results: Results, found: pd.DataFrame, observer: bool) -> Iterator[Part]:
    """What is said of players, or of observers."""
    if found.empty:
        return
    who = "observers" if observer else "players"
    yield Head(f"Predictions of {who}")
    yield _accuracy(results, found, who)
    yield from _rounds(results, found, who)
    yield _lasting(results, found, who)


def _cells(results: Results, found: pd.DataFrame) -> dict[str, list[Key]]:
    """The cells with predictions by what the page calls them; too many of them are taken together."""
    there = set(found[CELL].itertuples(index=False, name=None))
    return groups(results, [key for key in results.cells if key in there], MOST_CELLS)


def _agents(results: Results, found: pd.DataFrame) -> list[str]:
    there = set(found["agent"])
    return [agent for agent in results.agents if agent in there]


def _accuracy(results: Results, found: pd.DataFrame, who: str) -> Grid:
    cells = _cells(results, found)
    measured = [results.measured(metric, _BY) for metric in ("prediction", "brier")]
    rows = tuple(
        (agent, tuple(_over(each, keys, agent) for keys in cells.values() for each in measured))
        for agent in _agents(results, found)
    )
    columns = tuple(f"{name}: {what}" for name in cells for what in ("right", "Brier"))
    note = "The share of predictions that are right, and their Brier score; of several cells the mean."
    return Grid(f"How well {who} predict", note, "Agent", columns, rows, key=f"predictions-{who}")


def _over(measures: Mapping[Key, Measure], keys: Sequence[Key], agent: str) -> Entry:
    """The measure of an agent in a cell, or its mean over several."""
    if len(keys) == 1:
        return entry(measures, (*keys[0], agent))
    values = pd.Series([entry(measures, (*key, agent)).value for key in keys]).dropna()
    return Entry(float(values.mean()), counted(len(values), "cell"))


def _rounds(results: Results, found: pd.DataFrame, who: str) -> Iterator[Figure]:
    """For each agent its accuracy over the rounds, cell by cell, where there are rounds."""
    lasting = found[found.groupby(CELL)["round"].transform("max") > 0]
    accuracy = _with_bands_where_drawn(results, accuracy_by_round(lasting))
    for place, agent in enumerate(_agents(results, found)):
        own = accuracy[accuracy["agent"] == agent]
        if not own.empty:
            shares, half = _by_round(own, _cells(results, lasting))
            note = "The share of predictions of that round that are right, each replicate with the same weight."
            caption = f"Right predictions over rounds, {agent} among {who}"
            yield courses(f"predictions-{who}-{place}", caption, note, shares, "Game", half)


def _with_bands_where_drawn(results: Results, accuracy: pd.DataFrame) -> pd.DataFrame:
    """Without intervals where nothing was left to chance, and a round could not have gone otherwise."""
    drawn = results.tables.matches.groupby(CELL)["drawn"].any()
    chance = drawn.reindex(pd.MultiIndex.from_frame(accuracy[CELL])).to_numpy(bool)
    return accuracy.assign(half=accuracy["half"].where(chance))


def _by_round(own: pd.DataFrame, cells: Mapping[str, Sequence[Key]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The accuracy of an agent by round (from 1) and cell, or in the mean over cells; and the reach of its interval."""
    by_cell = dict(iter(own.assign(round=own["round"] + 1).set_index("round").groupby(CELL, sort=False)))
    shares, half = dict[str, pd.Series](), dict[str, pd.Series]()
    for name, keys in cells.items():
        parts = [by_cell[key] for key in keys if key in by_cell]
        if parts:
            shares[name] = pd.concat([part["share"] for part in parts], axis=1).mean(axis=1)
            squares = pd.concat([part["half"] ** 2 for part in parts], axis=1)  # cells are independent of each other
            half[name] = squares.mean(axis=1, skipna=False).div(len(parts)).pow(0.5)
    return pd.DataFrame(shares).sort_index(), pd.DataFrame(half).sort_index()


def _lasting(results: Results, found: pd.DataFrame, who: str) -> Grid:
    """From which round on predictions stay right."""
    episodes = dict(iter(first_right(found).groupby(list(_BY), sort=False)))
    rows = tuple(
        (f"{agent}: {name}", _firsts(pd.concat(parts)))
        for agent in _agents(results, found)
        for name, keys in _cells(results, found).items()
        if (parts := [episodes[*key, agent] for key in keys if (*key, agent) in episodes])
    )
    note = (
        "Episode by episode, the first round from which every prediction is right to the end; the median, the earliest "
        "and the latest are of those episodes whose last prediction is right."
    )
    caption = f"From which round on {who} are right"
    return Grid(caption, note, "Agent and game", _EPISODES, rows, digits=2, key=f"predictions-first-{who}")


def _firsts(episodes: pd.DataFrame) -> tuple[Entry, ...]:
    first = episodes["first"].dropna().astype(float)
    ends = (first.median(), first.min(), first.max()) if len(first) else (math.nan,) * 3
    return (Entry(len(first) / len(episodes), counted(len(episodes), "episode")), *map(Entry, map(float, ends)))
