"""The commands `estimate` and `study`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import comity.cli.planning  # noqa: F401  # the commands are there once it is imported
from tests.commands import Called, called

PLAN = """
name = "small"
seed = 1
games = ["prisoners_dilemma"]
mechanisms = ["none", "mediation"]
agents = [
    {label = "paid", name = "model", model = "test:paid", input_price = 2.0, output_price = 8.0},
    {label = "unknown", name = "model", model = "test:unknown"},
    "tit_for_tat",
]
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    return path


def words(found: Called) -> str:
    assert found.returncode == 0, found.stderr
    return " ".join(found.stdout.split())


def test_an_estimate_is_told_by_mechanism_agent_and_policy(plan: Path) -> None:
    told = words(called(["estimate", str(plan)], environment={"COLUMNS": "200"}))
    assert "none 12 " in told
    assert "mediation 36 " in told
    assert "total 48 " in told
    assert "paid test:paid 24 " in told
    assert "scripts: tit_for_tat cost nothing" in told
    assert "dollars: without test:unknown, of which no price is known" in told
    assert 'proposals = "tournament"' in told
    assert "calls: exact" in told


def test_an_estimate_as_json_has_every_line(plan: Path) -> None:
    found = json.loads(called(["estimate", str(plan), "--json", "--latency", "3", "--concurrency", "2"]).stdout)
    assert found["total"]["calls"] == {"low": 48, "mean": 48, "high": 48}
    assert found["unpriced"] == ["test:unknown"]
    assert {(line["agent"], line["mechanism"]) for line in found["lines"]} == {
        (agent, mechanism) for agent in ("paid", "unknown") for mechanism in ("none", "mediation")
    }
    costs = {line["agent"]: line["cost"] for line in found["lines"]}
    assert costs["unknown"] is None
    assert 0 < costs["paid"]["low"] < costs["paid"]["high"]
    assert found["total"]["cost"]["mean"] == pytest.approx(
        sum(line["cost"]["mean"] for line in found["lines"] if line["cost"])
    )
    assert found["chain"] == {"low": 3, "mean": 3, "high": 3}
    assert found["seconds"]["low"] == pytest.approx(24 * 3 / 2)


def test_models_take_the_place_of_agents(plan: Path) -> None:
    arguments = ["estimate", str(plan), "--model", "test:one", "--model", "test:two", "--json"]
    found = json.loads(called(arguments).stdout)
    assert {line["model"] for line in found["lines"]} == {"test:one", "test:two"}
    assert found["total"]["calls"]["mean"] == 8 + 24


def test_a_cap_that_will_not_do_is_told(plan: Path) -> None:
    plan.write_text(f"{PLAN}[calls]\ncap = 0.001\n")
    assert "cap: the run will probably be stopped by its cap of 0.00 dollars" in words(called(["estimate", str(plan)]))
    plan.write_text(f"{PLAN}[calls]\ncap = 1000.0\n")
    assert "cap:" not in words(called(["estimate", str(plan)]))


def test_calls_in_flight_are_the_plans_own(plan: Path) -> None:
    plan.write_text(f"{PLAN}[calls]\nin_flight = 3\n")
    assert json.loads(called(["estimate", str(plan), "--json"]).stdout)["concurrency"] == 3


def test_a_plan_of_scripts_says_that_they_are_counted_as_models(plan: Path) -> None:
    plan.write_text('name = "s"\nseed = 1\ngames = ["chicken"]\nmechanisms = ["none"]\nagents = ["grim"]\n')
    assert "every agent is counted as if it were one" in words(called(["estimate", str(plan)]))


def test_matches_of_different_length_have_a_range(plan: Path) -> None:
    plan.write_text(PLAN.replace('"mediation"', '"random_continuation"'))
    told = words(called(["estimate", str(plan)], environment={"COLUMNS": "200"}))
    assert "calls: what is expected and, in brackets, a range" in told


def test_a_bad_plan_is_one_sentence(plan: Path) -> None:
    plan.write_text(PLAN.replace("test:paid", "test:paid").replace('"none"', '"nothing"'))
    found = called(["estimate", str(plan)])
    assert found.returncode == 2
    assert "there is no mechanism called 'nothing'" in found.stderr
    assert "Traceback" not in found.stderr


def test_studies_are_listed() -> None:
    assert words(called(["study", "list"])).startswith("coopeval: Six games under six mechanisms")


def test_a_study_is_written_and_written_again_but_nothing_else_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    assert called(["study", "coopeval", "--out", str(path)]).returncode == 0
    first = path.read_text()
    assert called(["study", "coopeval", "--replicates", "7", "--out", str(path)]).returncode == 0
    assert path.read_text() != first
    path.write_text('name = "mine"\n')
    found = called(["study", "coopeval", "--out", str(path)])
    assert found.returncode == 2
    assert "this file is no plan of a study, and would be lost" in found.stderr
    assert path.read_text() == 'name = "mine"\n'


def test_a_study_goes_to_the_standard_output_as_it_is() -> None:
    from comity.studies.coopeval import COOPEVAL

    assert called(["study", "coopeval", "--ablations"]).stdout == COOPEVAL.plan(ablations=True)


def test_a_study_with_a_roster_that_is_none_is_refused(tmp_path: Path) -> None:
    roster = tmp_path / "roster.toml"
    roster.write_text('agents = [{model = "test:a", temperature = -1.0}]')
    found = called(["study", "coopeval", "--models", str(roster), "--out", str(tmp_path / "study.toml")])
    assert found.returncode == 2
    assert "temperature must be at least 0" in found.stderr
    assert not (tmp_path / "study.toml").exists()
    both = called(["study", "coopeval", "--models", str(roster), "--model", "test:a"])
    assert "name the agents twice" in both.stderr
    assert called(["study", "nothing"]).returncode == 2


def test_a_folder_is_no_plan(tmp_path: Path) -> None:
    found = called(["study", "coopeval", "--out", str(tmp_path)])
    assert found.returncode == 2
    assert "the plan cannot be written" in found.stderr
