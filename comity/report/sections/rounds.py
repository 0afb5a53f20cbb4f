"""How cooperation went over the rounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from comity.report.contents import Section
from comity.report.figures import Figure
from comity.report.groups import groups
from comity.report.results import ALL, Key, Results
from comity.report.text import distinct, prose
from comity.report.told import SHARE, courses

MOST_COURSES = 24
"""So many courses are drawn where cells are taken together."""


def section(results: Results) -> Section | None:
    """One figure for each mechanism with rounds, and one for all that were played in the same game only."""
    found = tuple(rounds(results))
    return Section("rounds", "Over the rounds", found) if found else None


def rounds(results: Results) -> Iterator[Figure]:
    """Cooperation of all agents over the rounds: of each mechanism by game, or of a game by mechanism.

    Of too many cells those of one game, or all, are taken together.
    """
    if results.is_large:
        together = groups(results, results.by_round, MOST_COURSES)
        yield from _courses(results, "rounds-together", "of cells taken together", together, "Cells")
        return
    alone = _alone(results)
    for place, mechanism in enumerate(results.mechanisms):
        if mechanism not in set().union(*alone.values()):
            keys = {prose(game): [(mechanism, game)] for game in results.games}
            yield from _courses(results, f"rounds-{place}", f"under {prose(mechanism)}", keys, "Game")
    for place, (game, mechanisms) in enumerate(alone.items()):
        keys = {prose(mechanism): [(mechanism, game)] for mechanism in mechanisms}
        yield from _courses(results, f"rounds-game-{place}", f"in {prose(game)}", keys, "Mechanism")


def _alone(results: Results) -> dict[str, list[str]]:
    """The mechanisms with rounds that were played in one game only, by that game; where there is just one, none."""
    games = {name: [game for under, game in results.by_round if under == name] for name in results.mechanisms}
    found: dict[str, list[str]] = {}
    for mechanism, played in games.items():
        if len(played) == 1:
            found.setdefault(played[0], []).append(mechanism)
    return {game: mechanisms for game, mechanisms in found.items() if len(mechanisms) > 1}


def _courses(
    results: Results, key: str, what: str, cells: Mapping[str, Sequence[Key]], corner: str
) -> Iterator[Figure]:
    """A course for each of those cells, or for the mean of several, each with the same weight."""
    played = {
        name: found for name, keys in cells.items() if (found := [key for key in keys if key in results.by_round])
    }
    if played:
        names = distinct(played)
        by_round = _over([[results.by_round[key].mean(axis=1) for key in keys] for keys in played.values()], names)
        # The cells are independent of each other, so their errors add up by their squares.
        square = _over([[results.half_widths[key][ALL] ** 2 for key in keys] for keys in played.values()], names)
        half = (square / [len(keys) for keys in played.values()]) ** 0.5
        note = f"{SHARE}, all agents with the same weight."
        yield courses(key, f"Cooperation over rounds {what}", note, by_round, corner, half)


def _over(courses: Sequence[Sequence[pd.Series]], names: Sequence[str]) -> pd.DataFrame:
    """The mean of each of several sets of courses, by round; a round counts the cells that reached it."""
    return pd.DataFrame({name: pd.DataFrame(found).mean() for name, found in zip(names, courses, strict=True)})
