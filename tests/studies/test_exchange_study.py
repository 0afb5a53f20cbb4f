"""The study of zero-cost collaboration: its plans, and the command that plays scripts whose results are known."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from comity.cli.references import COLUMNS
from comity.games.exchange.conditions import Automation, Bonus
from comity.games.exchange.game import Exchange
from comity.runs.design import Plan
from comity.runs.plan import parsed_plan
from comity.studies.exchange import EXCHANGE, WORLDS, WORLDS_IN_FULL
from comity.studies.exchange_reference import REFERENCES
from comity.studies.study import StudyError
from tests.commands import called

PARTS = [part.name for part in EXCHANGE.parts]
SCRIPTS: list[dict[str, Any]] = [{"name": "exchanger"}, {"name": "exchanger", "label": "withholder", "answers": 0.0}]


def plan_of(part: str, *, full: bool = False) -> Plan:
    return parsed_plan(EXCHANGE.plan(part=part, full=full))


def built(plan: Plan) -> dict[tuple[str, str], Exchange]:
    found = {(cell.mechanism_label, cell.game_label): cell.built for cell in plan.cells}
    assert all(isinstance(game, Exchange) for game in found.values())
    return found  # type: ignore[return-value]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("full", [False, True])
def test_every_condition_of_a_part_is_played_in_the_same_worlds(part: str, full: bool) -> None:
    plan = plan_of(part, full=full)
    games = built(plan)
    worlds: dict[str, set[int]] = {}
    for (mechanism, _), game in games.items():
        worlds.setdefault(mechanism, set()).add(game.world)
    count = WORLDS_IN_FULL if full else WORLDS
    assert all(seen == set(range(1, count + 1)) for seen in worlds.values())
    assert WORLDS_IN_FULL >= 10
    assert len(plan.agents) == 8
    assert {spec.agents for spec in plan.matches()} == {(label,) * 10 for label, _ in plan.agents}


@pytest.mark.parametrize("part", ["conditions", "compat"])
def test_a_condition_changes_one_thing(part: str) -> None:
    games = {mechanism: game for (mechanism, world), game in built(plan_of(part)).items() if world == "world 1"}
    plain = games.pop("none")
    assert len(games) == 6
    for game in games.values():
        changed = [one.name for one in fields(plain) if getattr(game, one.name) != getattr(plain, one.name)]
        assert len(changed) == 1
    assert games["bonus"].bonus == Bonus(0.1)
    assert games["auto share"].automation == Automation(("share",))


def test_the_decomposition_has_every_set_of_sides() -> None:
    for full, count in ((False, 8), (True, 16)):
        sides = {game.automation.sides for game in built(plan_of("decomposition", full=full)).values()}
        assert len(sides) == count


def test_each_world_is_played_with_one_two_and_three_copies() -> None:
    games = built(plan_of("copies")).values()
    assert {(game.world, game.copies) for game in games} == {(w, c) for w in range(1, WORLDS + 1) for c in (1, 2, 3)}


def test_scripts_play_it() -> None:
    plan = parsed_plan(EXCHANGE.plan(SCRIPTS, part="conditions"))
    assert [label for label, _ in plan.agents] == ["exchanger", "withholder"]


def test_a_part_that_there_is_not_is_refused() -> None:
    with pytest.raises(StudyError, match="conditions, decomposition, copies, compat"):
        EXCHANGE.plan(part="ablations")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["coopeval", "--reference"], "the study coopeval has no scripts whose results are known; exchange has"),
        (["exchange", "--reference", "--json", "--csv"], "ask for one of them"),
        (["exchange", "--worlds", "3"], "belong to --reference"),
    ],
)
def test_what_the_table_is_not_for_is_refused(arguments: list[str], sentence: str) -> None:
    refused = called(["study", *arguments])
    assert refused.returncode == 2
    assert sentence in refused.stderr


@pytest.mark.slow
def test_the_table_has_every_reference() -> None:
    table = called(["study", "exchange", "--reference", "--worlds", "3", "--json"])
    rows = json.loads(table.stdout)
    assert table.returncode == 0
    assert [row["agent"] for row in rows] == [reference.name for reference in REFERENCES]
    assert tuple(rows[0]) == COLUMNS
    assert all(row["within"] for row in rows)
