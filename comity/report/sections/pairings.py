"""Who did what against whom in repeated games: a map for every measure, with seat 1 in its rows and seat 2 across."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from comity.metrics.pairings import MEASURES, pairings, together
from comity.report.contents import Head, Part, Prose, Section
from comity.report.figures import Figure, heat_map
from comity.report.grid import Entry, Grid
from comity.report.groups import groups
from comity.report.results import Key, Results
from comity.report.text import counted, prose
from comity.stats.estimate import Estimate

MOST_GROUPS = 10
"""So many sets of maps are on a page at most."""
MOST_AGENTS = 24
"""With more agents a map cannot be read; the files have the numbers."""
LEAD = (
    "The agent of the row sat in seat 1, that of the column in seat 2, and nothing is averaged over seats. Every "
    "episode is one number. In brackets in the tables are 95 % intervals over replicates, or over episodes where there "
    "is one replicate; none where there is one draw."
)
MEANT: Mapping[str, str] = {
    "defection_1": "Share of rounds in which the agent in seat 1 did not cooperate.",
    "defection_2": "Share of rounds in which the agent in seat 2 did not cooperate.",
    "coordination": "Share of rounds in which both took the option of the same place in their lists.",
    "alternation": "Share of pairs of successive rounds that were coordinated, on different options.",
    "score_1": "What the stage game paid seat 1, over the most it can.",
    "score_2": "What the stage game paid seat 2, over the most it can.",
}
FROM_LEAST = " Where it can be below zero: from its least to its most."


def section(results: Results) -> Section | None:
    """Maps of defection, coordination, turns and scores by pairing; None without two agents in repeated play of two."""
    pairs = pairings(results.rounds, results.cells.values())
    keys = [key for key in results.cells if _agents(pairs, [key]) > 1]
    if not keys:
        return None
    parts: list[Part] = [Prose((LEAD,))]
    shown = groups(results, keys, MOST_GROUPS)
    for place, (name, of) in enumerate(shown.items()):
        maps = tuple(_maps(results, f"pairings-{place}", name, _of(pairs, of)))
        parts += [Head(f"In {name}"), *maps] if maps else []
    if len(parts) == 1:
        return None
    return Section("pairings", "Pairing by pairing", tuple(parts), (_whole(pairs),))


def _of(pairs: pd.DataFrame, keys: Sequence[Key]) -> pd.DataFrame:
    cells = pd.MultiIndex.from_frame(pairs[["mechanism", "game"]])
    return pairs[cells.isin(keys)]


def _agents(pairs: pd.DataFrame, keys: Sequence[Key]) -> int:
    of = _of(pairs, keys)
    return len({*of["first"], *of["second"]})


def _maps(results: Results, key: str, name: str, pairs: pd.DataFrame) -> Iterator[Figure]:
    """A map for each measure of these cells that has a value; turns only where somebody took them."""
    found = together(pairs)
    first, second = ([agent for agent in results.agents if agent in set(pairs[seat])] for seat in ("first", "second"))
    cells = len(pairs[["mechanism", "game"]].drop_duplicates())
    over = f" Mean over {counted(cells, 'cell')}, each the same." if cells > 1 else ""
    for measure, title in MEASURES.items():
        told = {pair: one for (what, *pair_), one in found.items() if what == measure for pair in [tuple(pair_)]}
        idle = measure == "alternation" and not any(one.value for one in told.values())
        if not told or idle or max(len(first), len(second)) > MOST_AGENTS:
            continue
        note = (
            f"{MEANT[measure]}{FROM_LEAST if measure.startswith('score') else ''}{over} A dash: they did not meet so."
        )
        yield _map(f"{key}-{measure.replace('_', '-')}", f"{title} in {name}", note, told, first, second)


def _map(
    key: str,
    caption: str,
    note: str,
    found: Mapping[tuple[str, ...], Estimate],
    first: Sequence[str],
    second: Sequence[str],
) -> Figure:
    rows = tuple((row, tuple(_entry(found.get((row, column))) for column in second)) for row in first)
    values = pd.DataFrame([[one.value for one in entries] for _, entries in rows], list(first), list(second))
    return heat_map(key, values, Grid(caption, note, "Seat 1", tuple(second), rows, digits=2, key=key))


def _entry(found: Estimate | None) -> Entry:
    if found is None:
        return Entry(math.nan)
    return Entry(found.value, low=found.low, high=found.high)


def _whole(pairs: pd.DataFrame) -> Grid:
    """Every pairing of every cell in one table, for the files."""
    heads = ["mechanism", "game", "first", "second"]
    rows = []
    for where, part in pairs.groupby(heads, sort=False):
        mechanism, game, first, second = map(str, where)
        found = {measure: one for (measure, *_), one in together(part).items()}
        head = f"{prose(game)} under {prose(mechanism)}: {first} and {second}"
        rows.append((head, tuple(_entry(found.get(measure)) for measure in MEASURES)))
    note = "Seat 1 first; see the maps of the page for what the columns mean."
    return Grid("Pairing by pairing", note, "Pairing", tuple(MEASURES.values()), tuple(rows), key="pairings")
