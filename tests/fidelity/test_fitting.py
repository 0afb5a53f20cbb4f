"""The command `comity fits`, on people whose strategies we know and on agents whose strategies we chose."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.commands import Called, called

pytestmark = pytest.mark.slow

PLAN = """
name = "pairs"
seed = 3
replicates = 4
games = [{ name = "prisoners_dilemma", label = "dilemma" }]
mechanisms = [[{ name = "repetition", rounds = 8 }]]
agents = [
    "tit_for_tat",
    { name = "random", p = 0.5, label = "coin" },
]

[matching]
kind = "product"
self_play = true
"""


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty who play tit for tat and thirty who defect, and slip one time in twenty, as a tidy table."""
    folder = tmp_path_factory.mktemp("people")
    rng = np.random.default_rng(1)
    agents, rounds = 60, 20
    reciprocal = np.arange(agents) % 4 < 2
    acts = np.zeros((agents, rounds))
    for round in range(rounds):
        partner = acts[np.arange(agents) ^ 1, round - 1] if round else np.ones(agents)
        meant = reciprocal * partner
        acts[:, round] = np.where(rng.random(agents) < 0.05, 1 - meant, meant)
    who, when = np.indices(acts.shape)
    near = acts[who ^ 1, np.maximum(when - 1, 0)]
    table = pd.DataFrame(
        {
            "population": "people",
            "condition": "dilemma",
            "session": [f"s{agent // 10}" for agent in who.ravel()],
            "agent": [f"p{agent}" for agent in who.ravel()],
            "round": when.ravel(),
            "action": np.where(acts.ravel() == 1, "C", "D"),
            "neighbours": np.where(when.ravel() == 0, "", near.ravel().astype(int).astype(str)),
        }
    )
    table.to_csv(folder / "table.csv", index=False)
    made = called(["import", "human", str(folder / "table.csv"), "--out", str(folder / "set")])
    assert made.returncode == 0, made.stderr
    return folder / "set"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    (folder / "plan.toml").write_text(PLAN)
    made = called(["run", str(folder / "plan.toml"), "--out", str(folder / "out"), "--no-report"])
    assert made.returncode == 0, made.stderr
    return folder / "out"


def fits(*arguments: str | Path) -> Called:
    return called(["fits", *map(str, arguments)], environment={"COLUMNS": "200"})


def rows(*arguments: str | Path) -> dict[str, dict[str, float]]:
    """By parameter."""
    done = fits(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return {row["parameter"]: row for row in json.loads(done.stdout)}


def test_strategies_of_people(people: Path) -> None:
    told = rows(people)
    assert told["TFT"]["value"] == pytest.approx(0.5, abs=0.04)
    assert told["ALLD"]["value"] == pytest.approx(0.5, abs=0.04)
    assert told["beta"]["value"] == pytest.approx(0.95, abs=0.015)
    assert told["TFT"]["low"] < 0.5 < told["TFT"]["high"]
    assert told["TFT"]["agents"] == 60
    shown = fits(people)
    assert "60 agents, 1,200 choices" in shown.stdout
    assert "intervals: sessions drawn again, and agents in them" in shown.stdout
    assert fits(people, "--csv").stdout.startswith("population,condition,parameter,value,error,low,high,note")
    assert "| parameter |" in fits(people, "--markdown").stdout


def test_classes_and_parameters_of_people(people: Path) -> None:
    classes = rows(people, "--model", "memory-one", "--draws", "50")
    assert classes["class 2: share"]["value"] == pytest.approx(0.5, abs=0.02)
    assert classes["class 2: C after CC"]["value"] == pytest.approx(0.95, abs=0.03)
    reply = rows(people, "--model", "reply", "--payoffs", "3,0,5,1")
    assert reply["lambda"]["value"] == 0  # who cooperates with cooperators does not do what pays in one round


def test_what_a_model_needs_is_said(people: Path) -> None:
    lacking = fits(people, "--model", "reply")
    assert lacking.returncode == 2
    assert "reply needs the payoffs of the game" in lacking.stderr
    assert lacking.stderr.count("\n") == 1
    assert fits(people, "--classes", "9999", "--model", "moody").stderr.count("dilemma") == 1
    tastes = fits(people, "--model", "fehr-schmidt", "--payoffs", "3,0,5,1")
    assert tastes.returncode == 0
    assert "not identified: the data tell only a combination of lambda, alpha, beta" in tastes.stdout
    for arguments, sentence in (
        (["--model", "magic"], "'magic' is no structural fit; there are sfem"),
        (["--payoffs", "1,2"], "--payoffs is four numbers"),
        (["--strategies", "six"], "'six' is no list of strategies; there are five"),
        (["--condition", "x"], "has no condition 'x'; there are 'dilemma'"),
        (["--together"], "--together is for reply"),
    ):
        refused = fits(people, *arguments)
        assert refused.returncode == 2
        assert sentence in refused.stderr
        assert refused.stderr.count("\n") == 1
    aggregates = people.parent / "aggregates"
    called(["import", "human", "recovered", "--out", str(aggregates)])
    assert "holds only aggregates" in fits(aggregates).stderr


def test_agents_of_a_run(run: Path) -> None:
    told = rows(run, "--population", "tit_for_tat")
    [name] = [name for name in told if "TFT or" in name]
    assert told[name]["value"] == pytest.approx(1)
    # The payoffs are those of the plan.
    learned = fits(run, "--population", "coin", "--model", "ewa")
    assert "lambda" in learned.stdout
    assert learned.returncode == 0


def test_agents_against_people(run: Path, people: Path) -> None:
    alone = ("--population", "tit_for_tat in 50% coin + 50% tit_for_tat", "--against", people)
    told = rows(run, *alone)
    assert told["TFT"]["candidate"] > 0.9
    assert told["TFT"]["difference"] == pytest.approx(0.5, abs=0.1)
    assert told["TFT"]["low"] > 0.2
    assert told["TFT"]["distance"] == pytest.approx(0.5, abs=0.1)
    assert told["TFT"]["own_loss"] < told["TFT"]["loss"]
    classes = fits(run, *alone, "--model", "memory-one", "--draws", "50")
    assert "share of people's class 2" in classes.stdout
    several = fits(run, "--against", people)
    assert several.returncode == 2
    assert "several populations" in several.stderr
