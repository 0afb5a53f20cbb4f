"""What `comity exchange` and `comity decompose` print, and what they refuse."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from comity.metrics.exchanges import effects, played_by, replies
from comity.records.record import Failure, Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.store import RunFile
from comity.runs.plan import read_plan
from comity.runs.run import run
from comity.stats.estimate import combined, mean_of
from tests.commands import Called, called

pytestmark = pytest.mark.slow

SIZE = "agents = 3, rounds = 5, pieces = 12, per_task = 2"
PLAN = f"""
name = "small"
seed = 1
games = [{", ".join(f'{{label = "world {n}", name = "exchange", world = {n}, {SIZE}}}' for n in (1, 2, 3))}]
mechanisms = [
    "none",
    {{label = "policy", name = "instruction", aims = ["policy"]}},
    {{label = "auto share", name = "automation", sides = ["share"]}},
]
[[agents]]
label = "perfect"
name = "exchanger"
[[agents]]
label = "halting"
name = "exchanger"
answers = 0.4
[matching]
kind = "alike"
"""
OTHER = """
name = "other"
seed = 1
games = ["prisoners_dilemma"]
mechanisms = ["none"]
[[agents]]
name = "always_defect"
[matching]
kind = "alike"
"""


def played(folder: Path, plan: str) -> Path:
    (folder / "plan.toml").write_text(plan)
    run(read_plan(folder / "plan.toml"), folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return played(tmp_path_factory.mktemp("small"), PLAN)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return played(tmp_path_factory.mktemp("other"), OTHER)


def rows(answer: Called) -> list[dict[str, Any]]:
    assert answer.returncode == 0, answer.stderr
    found: list[dict[str, Any]] = json.loads(answer.stdout)
    return found


def refused(arguments: Sequence[str]) -> str:
    answer = called(arguments)
    assert answer.returncode == 2
    assert not answer.stdout
    assert answer.stderr.count("\n") == 1
    return answer.stderr


def test_a_row_for_each_condition(small: Path) -> None:
    found = rows(called(["exchange", str(small), "--json"]))
    by_key = {(row["mechanism"], row["agents"]): row for row in found}
    perfect, halting = by_key["none", "perfect x3"], by_key["none", "halting x3"]
    assert (perfect["worlds"], perfect["tasks"], perfect["optimum"], perfect["score"]) == (3, 30, 1, 1)
    assert (perfect["tasks_low"], perfect["tasks_high"], perfect["helpfulness"]) == (30, 30, 1)
    assert halting["tasks"] < 30
    assert halting["tasks_low"] < halting["tasks"] < halting["tasks_high"]
    assert halting["helpfulness"] == pytest.approx(0.4)
    assert halting["helpfulness_low"] <= 0.4 <= halting["helpfulness_high"]
    assert by_key["auto share", "halting x3"]["tasks"] == 30
    assert by_key["auto share", "halting x3"]["helpfulness"] is None
    assert halting["falsification"] is halting["of_204"] is halting["malformed"] is None


@pytest.mark.parametrize("more", [[], ["--by", "agent"], ["--by", "pair"], ["--by", "round"], ["--against", "none"]])
def test_what_is_printed_fits_a_terminal(small: Path, more: list[str]) -> None:
    answer = called(["exchange", str(small), *more], environment={"COLUMNS": "110"})
    assert answer.returncode == 0
    assert max(map(len, answer.stdout.splitlines())) <= 110
    heads = answer.stdout.splitlines()[1].split()
    assert len(heads) == len(set(heads)) >= 9
    assert "halting" in answer.stdout


def test_all_columns_are_there_where_they_are_asked_for(small: Path) -> None:
    listed = list(csv.DictReader(io.StringIO(called(["exchange", str(small), "--csv"]).stdout)))
    asked = rows(called(["exchange", str(small), "--json"]))
    shown = called(["exchange", str(small), "--all"], environment={"COLUMNS": "10000"}).stdout.splitlines()[1].split()
    assert list(listed[0]) == list(asked[0]) == shown
    assert len(shown) > 25
    assert len(listed) == len(asked) == 6
    assert listed[0]["falsification"] == ""


def test_columns_that_have_no_room_come_below_and_whole(small: Path) -> None:
    wide, narrow = (
        called(["exchange", str(small), "--all"], environment={"COLUMNS": width}).stdout for width in ("10000", "110")
    )
    tables = [line.split() for line in narrow.splitlines() if line.startswith("mechanism ")]
    assert max(map(len, narrow.splitlines())) <= 110
    assert len(tables) > 1
    assert all(heads[:2] == ["mechanism", "agents"] for heads in tables)
    assert ["mechanism", "agents", *(head for heads in tables for head in heads[2:])] == wide.splitlines()[1].split()


def test_rows_for_agents_pairs_and_rounds(small: Path) -> None:
    agents = rows(called(["exchange", str(small), "--by", "agent", "--json"]))
    assert [row["seats"] for row in agents] == [9] * 6
    assert agents[0]["tasks"] == 10
    pairs = rows(called(["exchange", str(small), "--by", "pair", "--json"]))
    assert len(pairs) == 3 * 2 * 6
    assert {row["response"] for row in pairs if row["mechanism"] == "none" and row["agent"] == "perfect"} == {1}
    rounds = rows(called(["exchange", str(small), "--by", "round", "--json"]))
    assert len(rounds) == 3 * 2 * 5
    assert [row["tasks"] for row in rounds if (row["mechanism"], row["agents"]) == ("none", "perfect x3")] == [6] * 5


def test_effects_are_paired_by_world(small: Path) -> None:
    found = {
        (row["mechanism"], row["agents"]): row
        for row in rows(called(["exchange", str(small), "--against", "none", "--json"]))
    }
    assert len(found) == 4
    policy = found["policy", "halting x3"]
    assert (policy["difference"], policy["low"], policy["high"], policy["p_holm"]) == (0, 0, 0, 1)
    shared = found["auto share", "halting x3"]
    with RunFile.open(small) as file:
        matches = played_by([file])
    tasks = [one.measures()["tasks"] for one in matches if (one.mechanism, one.agents[0]) == ("none", "halting")]
    by_hand = combined([mean_of([30 - float(count or 0) for count in tasks])], [1.0])
    assert (shared["difference"], shared["low"], shared["high"]) == pytest.approx(
        (by_hand.value, by_hand.low, by_hand.high)
    )
    assert shared["change"] == pytest.approx(by_hand.value / (30 - by_hand.value))
    assert shared["p_holm"] >= by_hand.p
    assert shared["worlds"] == 3


def test_effects_on_other_measures(small: Path) -> None:
    found = rows(called(["exchange", str(small), "--against", "none", "--measure", "score", "--json"]))
    assert {row["value"] for row in found if row["mechanism"] == "auto share"} == {1}
    with RunFile.open(small) as file:
        assert {effect.mechanism for effect in effects(played_by([file]), "policy", "response")} == {
            "none",
            "auto share",
        }


def test_a_match_is_played_again_as_it_was(small: Path) -> None:
    with RunFile.open(small) as file:
        [*quick], [*usual] = played_by([file]), played_by([file], Record.replayed)
    assert quick == usual
    assert len(quick) == 18


def test_matches_in_which_nobody_decides_are_measured(tmp_path: Path) -> None:
    sides = '["request", "share", "submit"]'
    plan = PLAN.replace('"none",', f'{{label = "all", name = "automation", sides = {sides}}},')
    with RunFile.open(played(tmp_path, plan)) as file:
        found = played_by([file])
    assert {one.measures()["tasks"] for one in found if one.mechanism == "all"} == {30}


def test_runs_are_read_once_and_worlds_of_several_are_not_the_same(small: Path) -> None:
    twice = rows(called(["exchange", str(small), str(small / "run.sqlite"), "--json"]))
    assert {row["worlds"] for row in twice} == {3}


def test_replies_that_cannot_be_read_are_a_rate() -> None:
    """Three replies in the first match, of which one was asked for again; in the second a forfeit for the only one."""
    cell = Cell("world 1", "none", Spec.of("exchange"))
    first = Record(MatchSpec(0, cell, ("model",) * 10), "finished")
    second = Record(
        MatchSpec(1, cell, ("model",) * 10, "2"),
        "forfeited",
        failure=Failure(2, 0, 2, "request", "no list", "malformed"),
    )
    third = Record(
        MatchSpec(2, cell, ("model",) * 10, "3"),
        "forfeited",
        failure=Failure(2, 0, 2, "request", "no answer", "timeout"),
    )

    def call(record: Record, slot: int, ask: int = 0) -> SimpleNamespace:
        return SimpleNamespace(draw=SimpleNamespace(key=record.match.key(7), step=0, slot=slot, who="model", ask=ask))

    calls = [call(first, 0), call(first, 1), call(first, 1, 1), call(second, 2), call(third, 0)]
    file = SimpleNamespace(
        calls=lambda: iter(calls), records=lambda: iter([first, second, third]), header=SimpleNamespace(seed=7)
    )
    assert replies([cast("Any", file)]) == {("none", ("model",) * 10): {"model": (2, 5)}}


def test_bad_input_gets_a_sentence(small: Path, other: Path, tmp_path: Path) -> None:
    assert "--by is condition, agent, pair, round, not 'seat'" in refused(["exchange", str(small), "--by", "seat"])
    assert "ask for one of them" in refused(["exchange", str(small), "--json", "--csv"])
    assert "ask for one of them" in refused(["exchange", str(small), "--by", "agent", "--against", "none"])
    assert "'none', 'policy', 'auto share'" in refused(["exchange", str(small), "--against", "nobody"])
    sentence = refused(["exchange", str(small), "--against", "none", "--measure", "joy"])
    assert "there is no measure 'joy'; there are tasks, revenue" in sentence
    assert "no finished exchange" in refused(["exchange", str(other)])
    assert "no side of any agent is automated" in refused(["decompose", str(other)])
    assert str(tmp_path / "nowhere") in refused(["exchange", str(tmp_path / "nowhere")])


def test_a_loss_is_decomposed(small: Path) -> None:
    found = rows(called(["decompose", str(small), "--json", "--interactions"]))
    halting = {row["part"]: row for row in found if row["agents"] == "halting x3" and row["condition"] == "none"}
    assert list(halting) == ["nothing automated", "all automated", "loss", "share"]
    assert halting["all automated"]["value"] == 1
    assert halting["share"]["value"] == halting["loss"]["value"] == halting["share"]["alone"]
    assert halting["share"]["low"] > 0
    assert {row["units"] for row in found} == {3}
    shown = called(["decompose", str(small)], environment={"COLUMNS": "110"}).stdout
    assert max(map(len, shown.splitlines())) <= 110
    assert "whose" not in shown.splitlines()[1]
