"""`comity observe`: from recorded games to a plan of observers, and what cannot be observed."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from comity.games.matrix import Chicken
from comity.mechanisms.observation import Observed
from comity.records.store import RunFile
from comity.runs.plan import read_plan
from tests.door.test_cli import comity, refused

PLAN = """
name = "sexes"
seed = 2
games = ["battle_of_the_sexes", {name = "chicken", crash = -3}]
mechanisms = [
  {label = "asked", stack = ["prediction", "belief", {name = "repetition", rounds = 6, memory = "all"}]},
  {label = "goes on", name = "random_continuation", chance = 0.9},
  {label = "talk", stack = ["cheap_talk", {name = "repetition", rounds = 2}]},
  "none",
]
agents = ["alternate", {label = "random", name = "random", p = 0.3}]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sexes")
    (folder / "plan.toml").write_text(PLAN)
    done = comity("run", folder / "plan.toml", "--out", folder / "run", "--workers", "1", "--no-report")
    assert done.returncode == 0, done.stderr
    return folder / "run"


def number_of(run: Path, game: str, mechanism: str, first: int = 0) -> int:
    with RunFile.open(run) as file:
        return [
            record.match.index
            for record in file.records()
            if (record.match.cell.game.name, record.match.cell.mechanism_label) == (game, mechanism)
        ][first]


def test_recorded_games_become_a_plan_of_observers(run: Path, tmp_path: Path) -> None:
    numbers = [number_of(run, "chicken", "asked", 1), number_of(run, "chicken", "goes on", 2)]
    to = tmp_path / "observers.toml"
    chosen = [part for number in numbers for part in ("--match", str(number))]
    agents = ["--agent", "composed(predict='pattern')", "--model", "openai:gpt-5.2"]
    done = comity("observe", run, *chosen, "--seat", "1", *agents, "--out", to)
    assert (done.returncode, done.stdout) == (0, f"{to}\n"), done.stderr
    plan = read_plan(to)
    assert [label for label, _ in plan.agents] == ["composed(predict='pattern')", "openai:gpt-5.2"]
    assert plan.n_matches == 4
    with RunFile.open(run) as file:
        for number, cell in zip(numbers, plan.cells, strict=True):
            record, game = file.record(number), cell.built
            assert isinstance(game, Observed)
            assert game.base == Chicken(crash=-3)
            assert game.seat == 1
            outcome = record.replayed().outcome
            assert outcome is not None
            assert list(game.moves) == [part.outcome.actions for part in outcome.parts]
            assert cell.mechanism_label == f"match {number}, seat 1"


def test_observers_play_and_are_reported(run: Path, tmp_path: Path) -> None:
    """Whoever alternates is foreseen by its pattern once it has been seen."""
    number = number_of(run, "battle_of_the_sexes", "asked")
    to = tmp_path / "observers.toml"
    agents = ["--agent", "composed(predict='pattern')", "--agent", "composed"]
    assert comity("observe", run, "--match", str(number), *agents, "--out", to).returncode == 0
    done = comity("run", to, "--out", tmp_path / "seen", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert "Predictions of observers" in (tmp_path / "seen" / "report.html").read_text(encoding="utf-8")
    printed = comity("table", tmp_path / "seen", "--metric", "prediction", "--by", "agent", "--json").stdout
    shares = {row["agent"]: row["value"] for row in json.loads(printed)}
    # Of b f b f b f, the pattern misses the second and the third, who expects a repetition all but the first.
    assert shares == {"composed(predict='pattern')": pytest.approx(4 / 6), "composed": pytest.approx(1 / 6)}


@pytest.mark.parametrize(
    ("game", "mechanism", "sentence"),
    [
        ("chicken", "talk", "was played under repetition of cheap_talk; observed can be a game that is repeated"),
        ("chicken", "none", "was played under no mechanism"),
    ],
)
def test_other_matches_cannot_be_observed(run: Path, tmp_path: Path, game: str, mechanism: str, sentence: str) -> None:
    number = number_of(run, game, mechanism)
    to = tmp_path / "plan.toml"
    told = refused("observe", run, "--match", str(number), "--agent", "composed", "--out", to)
    assert sentence in told
    assert not to.exists()


def test_what_is_asked_for_wrongly_is_refused_in_a_sentence(run: Path, tmp_path: Path) -> None:
    to = tmp_path / "plan.toml"
    one, other = number_of(run, "chicken", "asked"), number_of(run, "battle_of_the_sexes", "asked")
    both = ("--match", str(one), "--match", str(other))
    assert "of different games (" in refused("observe", run, *both, "--agent", "composed", "--out", to)
    assert "nobody is to observe" in refused("observe", run, "--match", str(one), "--out", to)
    assert "there is no agent" in refused("observe", run, "--match", str(one), "--agent", "nobody", "--out", to)
    assert "match 999 is not recorded" in refused("observe", run, "--match", "999", "--agent", "composed", "--out", to)
    assert not to.exists()
    to.write_text("mine")
    assert "is there already" in refused("observe", run, "--match", str(one), "--agent", "composed", "--out", to)
    assert to.read_text() == "mine"


def test_the_plan_is_toml_that_anybody_can_change(run: Path, tmp_path: Path) -> None:
    to = tmp_path / "plan.toml"
    number = number_of(run, "battle_of_the_sexes", "asked")
    assert comity("observe", run, "--match", str(number), "--agent", "composed", "--out", to).returncode == 0
    plan = tomllib.loads(to.read_text(encoding="utf-8"))
    assert plan["name"] == "observers of sexes"
    assert plan["games"] == [{"name": "battle_of_the_sexes", "label": "observed battle_of_the_sexes"}]
    [stack] = plan["mechanisms"]
    assert [entry["name"] for entry in stack["stack"]] == ["observation"]
    assert len(stack["stack"][0]["moves"]) == 6
