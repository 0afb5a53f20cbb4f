"""The commands about games alone."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from tests.door.test_cli import comity, refused


def rows(*arguments: str) -> list[dict[str, Any]]:
    found = json.loads(comity(*arguments, "--json").stdout)
    assert isinstance(found, list)
    return found


def test_the_ordinal_games_are_listed_with_what_they_are() -> None:
    found = rows("ordinal")
    assert len(found) == 144
    [dilemma] = [game for game in found if game["title"] == "Prisoner's Dilemma"]
    assert dilemma == {
        "number": "rg067",
        "row": 6,
        "column": 7,
        "title": "Prisoner's Dilemma",
        "family": "PD family",
        "payoffs": "3,3 1,4 / 4,1 2,2",
        "equilibria": "B B",
        "neighbours": "rg007 rg055 rg079 rg072 rg068 rg066",
        "twin": "rg067",
    }
    cyclic = [game for game in found if game["family"] == "Cyclic"]
    assert {game["equilibria"] for game in cyclic} == {None}


def test_a_family_can_be_asked_for_in_any_case() -> None:
    assert len(rows("ordinal", "--family", "tragic")) == 8
    shown = comity("ordinal", "--family", "PD family").stdout
    assert shown.startswith("7 games of the family PD family")
    assert "Prisoner's Dilemma / Stag Hunt" in shown
    in_csv = list(csv.DictReader(io.StringIO(comity("ordinal", "--family", "Unfair", "--csv").stdout)))
    assert len(in_csv) == 19
    assert {game["family"] for game in in_csv} == {"Unfair"}


def test_a_family_that_is_none_is_refused() -> None:
    assert "there is no family called 'Tragical'; did you mean 'Tragic'?" in refused("ordinal", "--family", "Tragical")
    assert "ask for one of them" in refused("ordinal", "--json", "--csv")


def test_baselines_are_of_every_seat() -> None:
    found = rows("baselines", "battle_of_the_sexes")
    assert len(found) == 12
    assert found[2] == {
        "baseline": "first",
        "seat": 1,
        "payoff": 10.0,
        "share_of_max": 1.0,
        "range_share": 1.0,
        "joint": 1.0,
    }
    assert [row["payoff"] for row in found if row["baseline"] == "alternation"] == [8.5, 8.5]
    assert len(rows("baselines", "public_goods")) == 18
    shown = comity("baselines", "matching_pennies").stdout
    assert "nash: a Nash equilibrium" in shown
    assert "-" in shown.splitlines()[2]


def test_games_without_baselines_are_refused() -> None:
    assert "not played in one step" in refused("baselines", "trust_game_sequential")
    assert "8,192 profiles" in refused("baselines", "public_goods(players=13)")
    assert "1 to 12, not 13" in refused("baselines", "ordinal(row=13)")
    assert "chess" in refused("baselines", "chess")
