"""The published list of the 144 games against the enumeration: places, names, families, and its fifteen errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest

from comity.core.errors import BadParameter
from comity.games.ordinal import OrdinalGame, Table, family, ordinal_class, ordinal_games

CELLS = [(row, column) for row in (1, 2) for column in (1, 2)]
WITH_ERRORS = [*range(17, 25), 58, 59, 60, 83, 84, 95, 96]


@pytest.fixture(scope="module")
def listed(shared_data: Path) -> list[dict[str, Any]]:
    """One entry for each game of the list, by number."""
    path = shared_data / "repeatedgames" / "games.parquet"
    if not path.exists():
        pytest.skip("needs the published list of games, in the folder shared/data beside the checkout")
    return cast("list[dict[str, Any]]", pd.read_parquet(path).sort_values("game_number").to_dict("records"))


def table(entry: dict[str, Any], suffix: str = "") -> Table:
    cells = {(r, c): tuple(entry[f"r{r}_c{c}_p{p}{suffix}"] for p in (1, 2)) for r, c in CELLS}
    return tuple(tuple((cells[r, c][0], cells[r, c][1]) for c in (1, 2)) for r in (1, 2))


def is_strict(of: Table) -> bool:
    return all(sorted(cell[player] for line in of for cell in line) == [1, 2, 3, 4] for player in (0, 1))


def repairs(of: Table) -> set[Table]:
    """Every strict table that differs from this one in one payoff of one cell."""
    return {
        changed
        for i, j, player, rank in ((i, j, p, k) for i in (0, 1) for j in (0, 1) for p in (0, 1) for k in (1, 2, 3, 4))
        for changed in [_with(of, i, j, player, rank)]
        if changed != of and is_strict(changed)
    }


def _with(of: Table, i: int, j: int, player: int, rank: int) -> Table:
    cell = (rank, of[i][j][1]) if player == 0 else (of[i][j][0], rank)
    line = (cell, of[i][1]) if j == 0 else (of[i][0], cell)
    return (line, of[1]) if i == 0 else (of[0], line)


def test_every_place_of_the_layout_holds_the_same_game(listed: list[dict[str, Any]]) -> None:
    for entry, game in zip(listed, ordinal_games(), strict=True):
        assert (entry["game_row"], entry["game_col"]) == (game.row, game.column)
        assert f"rg{entry['game_number']:03d}" == game.number
        assert table(entry, "_corrected") == game.table


def test_every_game_has_the_same_family(listed: list[dict[str, Any]]) -> None:
    for entry, game in zip(listed, ordinal_games(), strict=True):
        assert entry["game_family"].lower() == game.family.lower()


def test_the_symmetric_games_have_the_same_names(listed: list[dict[str, Any]]) -> None:
    symmetric = [(entry, game) for entry, game in zip(listed, ordinal_games(), strict=True) if game.is_symmetric]
    assert len(symmetric) == 12
    for entry, game in symmetric:
        assert entry["game_name"].replace("s’ ", "'s ") == game.title


def test_fifteen_games_are_no_ordinal_games_and_each_has_one_repair(listed: list[dict[str, Any]]) -> None:
    """Of all single changes that make a game strict, just one makes the game that is missing from the list."""
    typed = {entry["game_number"]: table(entry) for entry in listed}
    assert [number for number, of in typed.items() if not is_strict(of)] == WITH_ERRORS
    present = {ordinal_class(of) for number, of in typed.items() if number not in WITH_ERRORS}
    missing = set(ordinal_games()) - present
    assert len(missing) == len(WITH_ERRORS)
    repaired: dict[int, OrdinalGame] = {}
    for number in WITH_ERRORS:
        with pytest.raises(BadParameter, match="differently"):
            family(typed[number])
        [repaired[number]] = {ordinal_class(of) for of in repairs(typed[number])} & missing
    assert set(repaired.values()) == missing
    assert all(game.number == f"rg{number:03d}" for number, game in repaired.items())
