"""The study of the networked dilemma: the published design, and what scripts make of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from comity.mechanisms.neighbourhood import Neighbourhood
from comity.mechanisms.personas import Personified
from comity.mechanisms.presentation import Presented
from comity.records.store import RunFile
from comity.runs.design import Plan
from comity.runs.plan import parsed_plan
from comity.runs.run import run
from comity.studies.network import NETWORK, REPLICATES_IN_FULL, SELECTED, TEMPERATURES
from tests.commands import called

PARTS = [part.name for part in NETWORK.parts]
PEOPLE: list[dict[str, Any]] = [{"label": "people", "name": "moody", "spread": 1.0}]


def plan_of(part: str, roster: Any = None, *, full: bool = False) -> Plan:
    return parsed_plan(NETWORK.plan(roster, part=part, full=full))


def networks(plan: Plan) -> dict[str, Neighbourhood]:
    found = {}
    for cell in plan.cells:
        game: Any = cell.built
        while not isinstance(game, Neighbourhood):
            game = game.base
        found[cell.mechanism_label] = game
    return found


def test_nine_models_are_selected_from_and_one_plays_the_rest() -> None:
    assert len(plan_of("selection").agents) == 9
    assert [label for label, _ in plan_of("conditions").agents] == [SELECTED]
    assert [label for label, _ in plan_of("hybrid").agents] == [SELECTED, "coin"]


def test_in_full_the_four_conditions_are_the_published_ones() -> None:
    plan = plan_of("conditions", full=True)
    found = networks(plan)
    sizes = {label: (game.n_players, game.total_rounds, game.rewired) for label, game in found.items()}
    assert sizes == {
        "lattice": (625, 51, False),
        "lattice, control": (625, 58, True),
        "heterogeneous": (604, 51, False),
        "heterogeneous, control": (604, 58, True),
    }
    assert set(found["lattice"].degrees) == {4}
    assert (min(found["heterogeneous"].degrees), max(found["heterogeneous"].degrees)) == (2, 16)
    assert len(plan.replicates) == REPLICATES_IN_FULL == 20
    for game in found.values():
        assert (game.memory, game.pay, game.shown, game.horizon) == (1, "sum", "normalised", "hidden")
        assert game.base.payoffs(("defect", "cooperate")) == (10, 0)


def test_every_condition_is_told_by_colours_to_students() -> None:
    for cell in plan_of("conditions").cells:
        game = cell.built
        assert isinstance(game, Presented)
        assert (game.labels, game.goal) == (("GREEN", "BROWN"), "own")
        assert isinstance(game.base, Personified)
        assert list(game.base.texts) == ["student"]


def test_the_sweep_has_ten_shares_of_coins_rounded_down() -> None:
    plan = plan_of("hybrid", full=True)
    matches = list(next(plan.blocks()).matches())
    assert [Counter(match.agents)["coin"] for match in matches] == [625 * tenth // 10 for tenth in range(10)]
    assert len(list(next(plan_of("hybrid").blocks()).matches())) == 10


def test_temperatures_are_tried_alone_and_mixed_over_the_nodes() -> None:
    plan = plan_of("temperature")
    assert [dict(spec.fields)["temperature"] for _, spec in plan.agents] == list(TEMPERATURES)
    *alone, mixed = next(plan.blocks()).matches()
    assert [len(set(match.agents)) for match in alone] == [1] * 5
    assert sorted(Counter(mixed.agents).values()) == [7, 7, 7, 7, 8]
    assert [label for label, _ in plan_of("temperature", PEOPLE).agents] == ["people"]


def test_each_perturbation_changes_one_thing() -> None:
    plan = plan_of("perturbations")
    stacks = {cell.mechanism_label: cell.stack for cell in plan.cells}
    published = stacks.pop("as published")
    for label, stack in stacks.items():
        changed = [spec for spec in stack if spec not in published]
        left = [spec for spec in published if spec not in stack]
        assert max(len(changed), len(left)) == 1, label
    assert [label for label, _ in plan.agents] == [SELECTED, f"{SELECTED} at 0.5"]


def test_parts_are_played_one_after_another_with_and_without_memory() -> None:
    found = networks(plan_of("carry-over", full=True))
    assert {(game.carry_over, game.total_rounds) for game in found.values()} == {(True, 109), (False, 109)}


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_scripted_people_play_every_part(part: str, tmp_path: Path) -> None:
    run(plan_of(part, PEOPLE), tmp_path)
    with RunFile.open(tmp_path) as file:
        records = list(file.records())
    assert records
    assert all(record.status == "finished" for record in records)
    assert len({record.choices for record in records}) == len(records)


def test_labels_that_toml_must_spell_out_are_spelled_out() -> None:
    plan = plan_of("hybrid", [{"label": 'the "best"', "name": "moody"}])
    assert [one.label for one in plan.matching.populations][:2] == ['the "best", 0 % coins', 'the "best", 10 % coins']


def test_the_command_prints_a_plan_that_says_what_differs() -> None:
    told = called(["study", "network"])
    assert told.returncode == 0
    assert "nobody is told that neighbours are people" in " ".join(told.stdout.replace("# ", "").split())
    assert parsed_plan(told.stdout).name == "network-selection"
