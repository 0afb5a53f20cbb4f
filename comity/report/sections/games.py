"""Every game by itself, as CoopEval prints it but with intervals, and how much the games differ."""

from __future__ import annotations

import math
from statistics import stdev

from comity.report.contents import Part, Section
from comity.report.facts import facts_of
from comity.report.grid import Entry, Grid
from comity.report.results import NOTHING_MEASURED, Results, measures
from comity.report.text import prose, slug
from comity.report.told import entry, noted
from comity.words.phrases import sentence


def section(results: Results) -> Section | None:
    """A table for each game that has a scale, after one that says how far they differ."""
    games = sorted(results.games, key=lambda game: game not in results.dilemmas)
    told = [] if results.is_large else games
    tables = [per_game(results, game) for game in told if _has_scores(results, game)]
    if not tables and not (results.is_large and len(results.dilemmas) > 1):
        return None
    parts: list[Part] = [*([spread(results)] if len(results.dilemmas) > 1 else []), *tables]
    return Section("games", "Per game", tuple(parts))


def _has_scores(results: Results, game: str) -> bool:
    return any(of == game and measure.matches for (_, of), measure in results.cell_measures["mean"].items())


def spread(results: Results) -> Grid:
    """How much of the published error is the games and not the play."""
    overall = results.wide.measured("mean", ["mechanism"], results.dilemmas)
    rows = tuple((prose(name), _spread(results, name, measure.error)) for (name,), measure in overall.items())
    note = (
        "Mean score of all agents. The standard error says how far chance may have moved the mean; the deviation, "
        "how unlike the games are, and more play does not make it smaller. The deviation divided by the root of "
        "the number of games is the error over games that CoopEval prints."
    )
    columns = ("Mean", "Standard error", "Deviation between games", "Error over games", "Lowest game", "Highest game")
    return Grid("How much the games differ", note, "Mechanism", columns, rows, key="games-spread")


def _spread(results: Results, mechanism: str, error: float) -> tuple[Entry, ...]:
    by_game = {
        game: results.cell_measures["mean"].get((mechanism, game), NOTHING_MEASURED).value for game in results.dilemmas
    }
    known = {game: value for game, value in by_game.items() if not math.isnan(value)}
    if not known:
        return (Entry(math.nan),) * 6
    mean, deviation = sum(known.values()) / len(known), stdev(known.values()) if len(known) > 1 else math.nan
    low, high = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
    return (
        *map(Entry, (mean, error, deviation, deviation / math.sqrt(len(known)))),
        *(Entry(known[game], prose(game)) for game in (low, high)),
    )


def per_game(results: Results, game: str) -> Grid:
    """The mean scores in one game, of all agents and of each, best mechanism first."""
    overall = results.table("mean", ["mechanism"], [game])
    measured, each = measures(overall), results.agent_measures["mean"]
    rows = tuple(
        (prose(name), (entry(measured, (name,)), *(entry(each, (name, game, agent)) for agent in results.agents)))
        for (name,) in measured
    )
    scale = next(dict(facts_of(cell))["Scale"] for (_, of), cell in results.cells.items() if of == game)
    caption, note = f"Mean score in {prose(game)}", f"{sentence(scale)}. {noted(results, overall.notes)}"
    return Grid(caption, note, "Mechanism", ("All agents", *results.agents), rows, key=f"game-{slug(game)}")
