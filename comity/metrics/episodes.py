"""Repeated play, move by move: what every player did in each round of an episode, and what it had seen before.

An episode is a match in which the same players play the stage game more than once. It is the unit of whatever is
measured of repeated play: its rounds follow from each other, so they are never counted as draws of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.core.named import layers, named_game
from comity.exact.automata import sign
from comity.mechanisms.neighbourhood import Neighbourhood
from comity.metrics.cells import cell_of, cells_by_label
from comity.metrics.ranges import actions_of
from comity.records.spec import Cell
from comity.records.tables import Tables

Basis: TypeAlias = Literal["cooperation", "first option"]
"""What counts as cooperating: the action that means it, or, where none does for every seat, the first in the list."""

AFTER = ("first", "CC", "CD", "DC", "DD")
"""What a player has seen when it acts: nothing yet, or the last round, its own act first, then that of the others.

In the order of the signs of `comity.exact.automata`, behind the first round.
"""

_CELL = ["mechanism", "game"]
_COLUMNS = ["match", *_CELL, "replicate", "role", "agent", "player", "seat", "base_payoff"]


def rounds_of(tables: Tables, cells: Iterable[Cell]) -> pd.DataFrame:
    """What every player did in each round of every episode: one row each, by match, round and seat.

    The columns match, mechanism, game, replicate, role, agent, player, seat and base_payoff of the table of plays, and

    - turn: the round, counted from 0;
    - basis: see `Basis`;
    - own, others: whether the player cooperated, and whether all others did, by that basis;
    - after: the place in `AFTER` of what the player had seen;
    - option: the place of its action in the list of its seat, -1 for one that is not in it;
    - coordinated: whether all seats took the option of the same place;
    - players: how many there are;
    - drawn: whether anything in the episode was left to chance;
    - cluster: what was drawn together: the episode, or the whole replicate of a cell where matches share proposals or
      answers.

    cells: those the matches were played in. Left out are matches with one play, those in which groups change or several
    play at once, those on a graph, where nobody sees all the others, and those in which an answer is missing. Raises
    `MetricError` where the rules of a match are not among the cells.
    """
    known = list(cells)
    plays = seen_by_all(_fixed(tables), known)
    if plays.empty:
        return _empty()
    size = plays.groupby(["match", "play"], sort=False)["seat"].transform("size").to_numpy()
    parts = [_rounds(plays[size == seats], seats) for seats in np.unique(size).tolist()]
    found = pd.concat([_with_meaning(part, known) for part in parts], ignore_index=True)
    return _told(found, tables.matches)


def _empty() -> pd.DataFrame:
    more = ["turn", "basis", "own", "others", "after", "option", "coordinated", "players", "drawn", "cluster"]
    return pd.DataFrame({name: [] for name in (*_COLUMNS, *more)})


def _fixed(tables: Tables) -> pd.DataFrame:
    """The plays of matches with several plays, in each of which every player takes part, by match, play and seat."""
    plays = tables.plays
    if plays.empty:
        return plays
    by_match = plays.groupby("match")
    rows = by_match["play"].transform("size")
    players, number = by_match["player"].transform("nunique"), by_match["play"].transform("nunique")
    everybody = plays.groupby(["match", "play"])["player"].transform("nunique")
    answered = by_match["action"].transform("count") == rows
    taken = plays[(number > 1) & (players > 1) & (everybody == players) & (rows == players * number) & answered]
    return taken.sort_values(["match", "play", "seat"], ignore_index=True)


def seen_by_all(plays: pd.DataFrame, cells: Iterable[Cell]) -> pd.DataFrame:
    """The plays of cells in which everybody sees what everybody did."""
    on_graphs = [
        (cell.mechanism_label, cell.game_label)
        for cell in cells
        if any(isinstance(layer, Neighbourhood) for layer in layers(cell.built))
    ]
    if not on_graphs or plays.empty:
        return plays
    return plays[~pd.MultiIndex.from_frame(plays[_CELL]).isin(on_graphs)].reset_index(drop=True)


def _rounds(plays: pd.DataFrame, seats: int) -> pd.DataFrame:
    """The plays of matches with so many seats, with their rounds counted."""
    turns = plays["play"] - plays.groupby("match", sort=False)["play"].transform("min")
    return plays[[*_COLUMNS, "action", "cooperated"]].assign(turn=turns, players=seats)


def _with_meaning(rounds: pd.DataFrame, cells: Iterable[Cell]) -> pd.DataFrame:
    """The rounds with what each act meant, and what had been seen before it."""
    seats = int(rounds["players"].iloc[0])
    meanings = _meanings(rounds, cells).reindex(pd.MultiIndex.from_frame(rounds[[*_CELL, "seat", "action"]]))
    by_option = _by_option(rounds)
    option = meanings.fillna(-1).to_numpy(int)
    own = np.where(by_option, option == 0, rounds["cooperated"].fillna(False).to_numpy(bool))
    others = (own.reshape(-1, seats).sum(axis=1, keepdims=True) - own.reshape(-1, seats) == seats - 1).ravel()
    together = option.reshape(-1, seats)
    alike = (together == together[:, :1]).all(axis=1) & (together[:, 0] >= 0)
    return rounds.drop(columns=["action", "cooperated"]).assign(
        basis=np.where(by_option, "first option", "cooperation"),
        own=own,
        others=others,
        after=_after(rounds["turn"].to_numpy(int), own, others, seats),
        option=option,
        coordinated=np.repeat(alike, seats),
    )


def _meanings(rounds: pd.DataFrame, cells: Iterable[Cell]) -> pd.Series:
    """The place of every action in the list of its seat, by mechanism, game, seat and action."""
    known = cells_by_label(cells)
    places: dict[tuple[str, str, int, str], int] = {}
    for mechanism, game in rounds[_CELL].drop_duplicates().itertuples(index=False, name=None):
        actions = actions_of(named_game(cell_of(known, mechanism, game).built))
        for seat in rounds.loc[(rounds["mechanism"] == mechanism) & (rounds["game"] == game), "seat"].unique().tolist():
            listed = enumerate(actions[seat % len(actions)])
            places |= {(mechanism, game, seat, action): place for place, action in listed}
    return pd.Series(places, dtype=float)


def _by_option(rounds: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether some action of the cell has no meaning, so that options are looked at."""
    unnamed = rounds["cooperated"].isna()
    return unnamed.groupby([rounds[key] for key in _CELL], sort=False).transform("any").to_numpy(bool)


def _after(turns: NDArray[np.intp], own: NDArray[np.bool_], others: NDArray[np.bool_], seats: int) -> NDArray[np.intp]:
    """The place in `AFTER` for every row; the row of the same seat one round before stands `seats` rows above."""
    signs = np.zeros(len(own), dtype=np.intp)
    for mine, theirs in product((True, False), repeat=2):
        signs[(own == mine) & (others == theirs)] = sign(mine, theirs) + 1
    return np.where(turns == 0, 0, np.roll(signs, seats))


def _told(rounds: pd.DataFrame, matches: pd.DataFrame) -> pd.DataFrame:
    """The rounds with what the table of matches says of their match."""
    known = matches.set_index("match")[["drawn", "shared"]].reindex(rounds["match"])
    drawn = known["drawn"].fillna(True).to_numpy(bool)
    shared = known["shared"].fillna(False).to_numpy(bool)
    tournament = rounds.groupby([*_CELL, "replicate"], sort=False).ngroup().to_numpy()
    cluster = np.where(shared, -1 - tournament, rounds["match"].to_numpy(int))
    return rounds.assign(drawn=drawn, cluster=cluster)
