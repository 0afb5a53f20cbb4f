"""How cooperation went over the rounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from comity.report.contents import Section
from comity.report.figures import Figure
from comity.report.results import Key, Results
from comity.report.text import distinct, prose
from comity.report.told import SHARE, courses


def section(results: Results) -> Section | None:
    """One figure for each mechanism with rounds, and one for all that were played in the same game only."""
    found = tuple(rounds(results))
    return Section("rounds", "Over the rounds", found) if found else None


def rounds(results: Results) -> Iterator[Figure]:
    """Cooperation of all agents over the rounds: of each mechanism by game, or of a game by mechanism."""
    alone = _alone(results)
    for place, mechanism in enumerate(results.mechanisms):
        if mechanism not in set().union(*alone.values()):
            keys = {prose(game): (mechanism, game) for game in results.games}
            yield from _courses(results, f"rounds-{place}", f"under {prose(mechanism)}", keys, "Game")
    for place, (game, mechanisms) in enumerate(alone.items()):
        keys = {prose(mechanism): (mechanism, game) for mechanism in mechanisms}
        yield from _courses(results, f"rounds-game-{place}", f"in {prose(game)}", keys, "Mechanism")


def _alone(results: Results) -> dict[str, list[str]]:
    """The mechanisms with rounds that were played in one game only, by that game; where there is just one, none."""
    games = {name: [game for under, game in results.by_round if under == name] for name in results.mechanisms}
    found: dict[str, list[str]] = {}
    for mechanism, played in games.items():
        if len(played) == 1:
            found.setdefault(played[0], []).append(mechanism)
    return {game: mechanisms for game, mechanisms in found.items() if len(mechanisms) > 1}


def _courses(results: Results, key: str, what: str, keys: Mapping[str, Key], corner: str) -> Iterator[Figure]:
    found = {name: results.by_round[cell].mean(axis=1) for name, cell in keys.items() if cell in results.by_round}
    if found:
        by_round = pd.DataFrame(found.values()).T
        by_round.columns = distinct(found)
        note = f"{SHARE}, all agents with the same weight."
        yield courses(key, f"Cooperation over rounds {what}", note, by_round, corner)
