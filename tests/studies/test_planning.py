"""The commands `estimate` and `study`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import comity.cli.planning  # noqa: F401  # the commands are there once it is imported
from tests.commands import Called, called

pytestmark = pytest.mark.slow

PLAN = """
name = "small"
seed = 1
games = ["prisoners_dilemma"]
mechanisms = ["none", "mediation"]
agents = [
    {label = "paid", name = "model", model = "openai:paid", input_price = 2.0, output_price = 8.0},
    {label = "unknown", name = "model", model = "openai:unknown"},
    "tit_for_tat",
]
"""

CAPPED = """
name = "capped"
seed = 1
games = ["prisoners_dilemma"]
mechanisms = ["none"]
agents = [{label = "m", name = "model", model = "openai:m", max_tokens = 9, input_price = 2.0, output_price = 8.0}]
[calls]
cap = 9
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
    assert "paid openai:paid 24 " in told
    assert "scripts: tit_for_tat cost nothing" in told
    assert "dollars: without openai:unknown, of which no price is known" in told
    assert 'proposals = "tournament"' in told
    assert "calls: exact" in told


def test_an_estimate_as_json_has_every_line(plan: Path) -> None:
    found = json.loads(called(["estimate", str(plan), "--json", "--latency", "3", "--concurrency", "2"]).stdout)
    assert found["total"]["calls"] == {"low": 48, "mean": 48, "high": 48}
    assert found["unpriced"] == ["openai:unknown"]
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
    arguments = ["estimate", str(plan), "--model", "openai:one", "--model", "openai:two", "--json"]
    found = json.loads(called(arguments).stdout)
    assert {line["model"] for line in found["lines"]} == {"openai:one", "openai:two"}
    assert found["total"]["calls"]["mean"] == 8 + 24


def test_a_cap_that_will_not_do_is_told(plan: Path) -> None:
    plan.write_text(CAPPED.replace("cap = 9", "cap = 0.001"))
    assert "cap: the run will probably be stopped by its cap of 0.00 dollars" in words(called(["estimate", str(plan)]))
    plan.write_text(CAPPED.replace("cap = 9", "cap = 1000"))
    told = words(called(["estimate", str(plan)]))
    assert "cap: 1,000.00 dollars, enough for the most that is estimated (0." in told


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
    plan.write_text(PLAN.replace('"none"', '"nothing"'))
    found = called(["estimate", str(plan)])
    assert found.returncode == 2
    assert "there is no mechanism called 'nothing'" in found.stderr
    assert "Traceback" not in found.stderr


REFUSED = {
    "no provider": ('"openai:m"', '"m"', "'m' names no model"),
    "unknown provider": ('"openai:m"', '"opennai:m"', "the provider 'opennai' is unknown"),
    "cap without a longest answer": ("max_tokens = 9, ", "", "the longest answer must be known: give it max_tokens"),
    "cap without a price": (", input_price = 2.0, output_price = 8.0", "", "no price of openai:m is known"),
    "a setting": ('"openai:m"', '"openai:gpt-5.2", effort = "low", temperature = 0.5', "does not take temperature"),
    "a server": ('"openai:m"', '"openai:m", base_url = "ftp://x"', "must begin with http:// or https://"),
}


@pytest.mark.parametrize(("old", "new", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_a_run_refuses_an_estimate_refuses_in_the_same_words(
    plan: Path, old: str, new: str, sentence: str
) -> None:
    plan.write_text(CAPPED.replace(old, new))
    estimated = called(["estimate", str(plan)])
    ran = called(["run", str(plan)], environment={"OPENAI_API_KEY": "placeholder-of-a-key"})
    assert estimated.returncode == ran.returncode == 2
    assert sentence in estimated.stderr
    assert estimated.stderr == ran.stderr


def test_a_key_that_is_missing_is_refused_by_a_run_only(plan: Path) -> None:
    plan.write_text(CAPPED)
    assert called(["estimate", str(plan)], environment={"OPENAI_API_KEY": ""}).returncode == 0


def test_models_that_a_run_refuses_are_refused_in_a_study(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    found = called(["study", "coopeval", "--model", "gpt-4o", "--out", str(path)])
    assert found.returncode == 2
    assert "'gpt-4o' names no model" in found.stderr
    assert not path.exists()


def test_studies_are_listed() -> None:
    assert words(called(["study", "list"])).startswith("coopeval: Six games under six mechanisms")


def test_a_study_is_written_and_nothing_is_lost_by_it(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    assert called(["study", "coopeval", "--out", str(path)]).returncode == 0
    first = path.read_text()
    assert called(["study", "coopeval", "--out", str(path)]).returncode == 0
    assert path.read_text() == first
    changed = f"{first}# a thought of mine\n"
    for there, options in ((first, ["--replicates", "7"]), (changed, []), ('name = "mine"\n', [])):
        path.write_text(there)
        found = called(["study", "coopeval", *options, "--out", str(path)])
        assert found.returncode == 2
        assert "what this file holds would be lost" in found.stderr
        assert path.read_text() == there


def test_a_study_goes_to_the_standard_output_as_it_is() -> None:
    from comity.studies.coopeval import COOPEVAL

    assert called(["study", "coopeval", "--part", "ablations"]).stdout == COOPEVAL.plan(part="ablations")


def test_a_study_with_a_roster_that_is_none_is_refused(tmp_path: Path) -> None:
    roster = tmp_path / "roster.toml"
    roster.write_text('agents = [{model = "openai:gpt-4o", temperature = -1.0}]')
    found = called(["study", "coopeval", "--models", str(roster), "--out", str(tmp_path / "study.toml")])
    assert found.returncode == 2
    assert "temperature must be at least 0" in found.stderr
    assert not (tmp_path / "study.toml").exists()
    both = called(["study", "coopeval", "--models", str(roster), "--model", "openai:gpt-4o"])
    assert "name the agents twice" in both.stderr
    assert called(["study", "nothing"]).returncode == 2


def test_a_folder_is_no_plan(tmp_path: Path) -> None:
    found = called(["study", "coopeval", "--out", str(tmp_path)])
    assert found.returncode == 2
    assert "the plan cannot be written" in found.stderr
