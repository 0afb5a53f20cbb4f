"""`comity fidelity`: agents against people, from a run and a data set to verdicts with reasons."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from comity.fidelity.kept import read
from comity.fidelity.known import POPULATIONS, villages
from comity.fidelity.observations import Observations
from tests.commands import Called, called

pytestmark = pytest.mark.slow

WIDE = {"COLUMNS": "200"}

PLAN = """
name = "small world"
seed = 5
games = [{name = "weak_prisoners_dilemma", label = "weak"}]
mechanisms = [{name = "neighbourhood", label = "ring", graph = "ring", size = [8, 4], rounds = 12}]
agents = [{label = "coin", name = "random", p = 0.4}, {label = "always", name = "always_defect"}]
replicates = 3
"""


def fidelity(*arguments: str | Path) -> Called:
    return called(["fidelity", *map(str, arguments)], environment=WIDE)


def refused(*arguments: str | Path) -> str:
    done = fidelity(*arguments)
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith("comity: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def tidy(parts: dict[str, Observations], population: str) -> pd.DataFrame:
    """The long table of a population; its sessions are its own."""
    frames = [
        pd.DataFrame(
            {
                "population": population,
                "condition": condition,
                "session": [f"{population} {part.sessions[of]}" for of in part.session_of[part.agent]],
                "agent": np.array(part.agents)[part.agent],
                "round": part.round,
                "action": part.action.astype(int),
                "neighbours": part.neighbours,
            }
        )
        for condition, part in parts.items()
    ]
    return pd.concat(frames)


def imported(folder: Path, table: pd.DataFrame, card: str = "") -> Path:
    source = folder / "source"
    source.mkdir(parents=True)
    table.to_csv(source / "table.csv", index=False)
    if card:
        (source / "card.toml").write_text(card)
    done = called(["import", "human", str(source), "--out", str(folder / "data")])
    assert done.returncode == 0, done.stderr
    return folder / "data"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = villages(np.random.default_rng(1), sessions=16, size=8, rounds=12)
    return imported(tmp_path_factory.mktemp("people"), tidy(made, "people"))


@pytest.fixture(scope="module")
def agents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two populations of agents in a folder of their own: people's twins, and coins."""
    made = villages(np.random.default_rng(2), sessions=20, size=8, rounds=12)
    rng = np.random.default_rng(3)
    coins = {name: POPULATIONS["coins"].make(part, rng) for name, part in made.items()}
    return imported(tmp_path_factory.mktemp("agents"), pd.concat([tidy(made, "twins"), tidy(coins, "coins")]))


@pytest.fixture(scope="module")
def against(people: Path, agents: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Called, Path]:
    out = tmp_path_factory.mktemp("out") / "coins.json"
    return fidelity(agents, "--against", people, "--population", "coins", "--draws", "200", "--out", out), out


def test_coins_are_told_from_people_with_reasons(against: tuple[Called, Path]) -> None:
    done, _ = against
    assert done.returncode == 0, done.stderr
    heading = done.stdout.splitlines()[0].strip()
    assert heading.startswith("coins against people: macro ")
    assert "heterogeneity ✗" in heading
    assert "✓" not in heading
    assert "beyond the margin of" in done.stdout
    assert "stand-in" in done.stdout
    assert "were they in the same experiment?" in done.stdout
    assert "D1.weighted" not in done.stdout, "what verdicts do not rest on is printed with --all"
    assert done.stderr == "", "progress is for terminals"


def test_all_of_it_is_kept_in_a_file(against: tuple[Called, Path]) -> None:
    kept = read(against[1])
    assert kept.verdicts.of("heterogeneity") == "FAIL"
    assert {each.condition for each in kept.comparison.pictured} == {"lasting", "changing"}
    assert kept.comparison.calibration == 5
    assert kept.comparison.clusters == 11
    assert {item.people for item in kept.parity["lasting"] if item.name == "rounds"} == {"12"}


def test_json_is_the_same_as_the_file(people: Path, agents: Path, tmp_path: Path) -> None:
    options = ("--population", "twins", "--condition", "lasting=changing", "--draws", "100", "--smallest", "M2=0.5")
    done = fidelity(agents, "--against", people, *options, "--out", tmp_path / "kept.json", "--json")
    assert json.loads(done.stdout) == json.loads((tmp_path / "kept.json").read_text())
    kept = read(tmp_path / "kept.json")
    assert kept.comparison.conditions == ("changing",)
    assert kept.verdicts.of("macro") in ("NOT ASSESSABLE", "FAIL"), "with one condition there is no contrast"
    course = next(each for each in kept.comparison.findings if each.key == "M2")
    assert course.margin == course.smallest == 0.5


def test_an_audit_is_printed_beside_the_verdicts(people: Path, agents: Path) -> None:
    asked = ("--population", "twins", "--condition", "lasting=lasting", "--draws", "100", "--perturbed", "noise: coins")
    done = fidelity(agents, "--against", people, *asked)
    assert done.returncode == 0, done.stderr
    assert "perturbation audit" in done.stdout
    assert "between perturbations (SD)" in done.stdout


def test_a_run_on_a_network_is_held_against_people(people: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN)
    done = called(["run", str(tmp_path / "plan.toml"), "--out", str(tmp_path / "run"), "--workers", "1", "--no-report"])
    assert done.returncode == 0, done.stderr
    compared = fidelity(
        *(tmp_path / "run", "--against", people, "--population", "coin", "--draws", "100"),
        *("--condition", "weak under ring=lasting", "--out", tmp_path / "kept.json"),
    )
    assert compared.returncode == 0, compared.stderr
    assert "the candidate has 3 runs; with fewer than 20 no pass is claimed" in compared.stdout
    kept = read(tmp_path / "kept.json")
    assert {each.candidate for each in kept.parity["lasting"] if each.name.startswith("payoffs")} == {
        "R 1, S 0, T 1.43, P 0"
    }


def test_people_without_ids_have_no_individual_differences(people: Path, agents: Path, tmp_path: Path) -> None:
    made = villages(np.random.default_rng(1), sessions=12, size=8, rounds=12)
    anonymous = imported(tmp_path, tidy({"lasting": made["lasting"]}, "people"), "ids = false\n")
    asked = ("--population", "coins", "--draws", "100", "--out", tmp_path / "kept.json")
    done = fidelity(agents, "--against", anonymous, *asked)
    assert done.returncode == 0, done.stderr
    assert "which choices are of one person is not known" in done.stdout
    words = {each.key: each.verdict.word for each in read(tmp_path / "kept.json").verdicts.statistics}
    assert words["H3"] == "NOT ASSESSABLE"
    assert words["D2.mood"] == "FAIL"


def test_aggregates_are_compared_without_a_verdict(tmp_path: Path) -> None:
    assert called(["import", "human", "recovered", "--out", str(tmp_path / "data")]).returncode == 0
    both = ("--population", "llama4:16x17b", "--people", "people")
    done = fidelity(tmp_path / "data", "--against", tmp_path / "data", *both, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    value = next(each for each in found["comparison"]["findings"] if each["key"] == "M2")["value"]
    assert value == {"value": pytest.approx(0.0981, abs=5e-5), "low": None, "high": None}
    assert {each["verdict"]["word"] for each in found["verdicts"]["levels"]} == {"NOT ASSESSABLE"}
    shown = fidelity(tmp_path / "data", "--against", tmp_path / "data", *both)
    assert "macro – / heterogeneity – / rule –" in shown.stdout
    assert "IN-SAMPLE" in shown.stdout
    assert "decision rules cannot be compared" in shown.stdout


def test_wrong_questions_are_refused_in_one_sentence(people: Path, agents: Path, tmp_path: Path) -> None:
    assert "choose one with --population" in refused(agents, "--against", people)
    assert "is not a population; there are" in refused(agents, "--against", people, "--population", "me")
    twins = (agents, "--against", people, "--population", "twins")
    assert "does not say which condition" in refused(*twins, "--condition", "lasting=elsewhere")
    twice = ("--condition", "lasting=changing", "--condition", "changing=changing")
    assert "'changing' of the people is named twice" in refused(*twins, *twice)
    assert "is not KEY=VALUE" in refused(*twins, "--smallest", "M4=0.1")
    assert "is a number from 0" in refused(*twins, "--smallest", "M2=much")
    assert "is not a name, a colon" in refused(*twins, "--perturbed", "coins")
    assert "is a folder" in refused(*twins, "--out", tmp_path)
    assert "holds neither a run nor data of `comity import human`" in refused(tmp_path, "--against", people)
    assert "there is no such folder" in refused(agents, "--against", tmp_path / "nowhere")
    assert "there is no folder" in refused(*twins, "--out", tmp_path / "nowhere" / "kept.json")
    assert "M2 is named twice" in refused(*twins, "--smallest", "M2=0.1", "--smallest", "M2=0.2")
    same = ("--perturbed", "noise: coins", "--perturbed")
    assert "'noise' is the name of another one" in refused(*twins, *same, "noise: coins")
    assert "'as it is' is the name of another one" in refused(*twins, *same, "as it is: coins")
    assert "neither a population of the run nor its conditions" in refused(*twins, "--perturbed", "noise: dice")
    both = "noise: lasting=lasting; changing=lasting"
    assert "'lasting' of the people is named twice by --perturbed 'noise'" in refused(*twins, "--perturbed", both)
    assert fidelity(*twins, "--seed", "-1").returncode == 2
    assert fidelity(*twins, "--calibrate", "1.5").returncode == 2
