"""Answers that are missing: the match goes on, they are kept with their reasons, and nothing counts them as a move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from comity.agents.agent import Agent, DecideLater, Halted
from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.errors import NoAnswer
from comity.core.flow import Game
from comity.core.match import Reply
from comity.core.space import Lottery
from comity.mechanisms.neighbourhood import Surroundings
from comity.metrics import metrics_of, table
from comity.metrics.behaviour import action_frequencies, conditional_frequencies
from comity.metrics.episodes import rounds_of
from comity.metrics.influence import named
from comity.metrics.missed import missed
from comity.metrics.missing import bounds, filled
from comity.records.check import check
from comity.records.export import export
from comity.records.record import Failure, Record
from comity.records.store import RunFile
from comity.records.tables import Tables, tables
from comity.report.page import write_page
from comity.report.results import Results
from comity.runs.drive import PlayStopped
from comity.runs.plan import parsed_plan
from comity.runs.run import run
from tests.commands import called

pytestmark = pytest.mark.slow

C, D = "cooperate", "defect"
PLAN = parsed_plan(
    """
name = "some do not answer"
seed = 1
games = ["weak_prisoners_dilemma"]
mechanisms = [{name = "neighbourhood", graph = "ring", size = [4, 2], rounds = 3}]
agents = [{name = "always_cooperate", label = "a"}, {name = "always_defect", label = "b"}]
[matching]
kind = "alike"
"""
)
"""Two matches of four nodes and three rounds."""


@dataclass
class Patchy:
    """An agent that waits: by player and round what it says, "cooperate" where nothing is told.

    stops: after so many answers.
    """

    name: str
    says: dict[tuple[int, int], Any]
    stops: int = 10**6
    asked: list[tuple[int, int]] = field(default_factory=list)

    def sit_down(self, game: Game, player: int) -> DecideLater:
        async def decide(decision: Decision[Any], address: Address) -> Reply:
            if len(self.asked) == self.stops:
                raise Halted("enough")
            seen = decision.fact(Surroundings)
            where = (player, seen.played if seen else 0)
            self.asked.append(where)
            said = self.says.get(where, C)
            if isinstance(said, Exception):
                raise said
            return said

        return decide


SAYS = {
    (0, 0): NoAnswer("nothing could be read", "malformed"),
    (1, 0): None,
    (2, 1): "perhaps",
    (3, 1): Lottery((C, None), (0.5, 0.5)),
    (0, 2): Lottery((C, D), (0.0, 1.0)),
    (3, 2): NoAnswer("too late", "timeout"),
}
MISSED = [(0, 0, "malformed"), (0, 1, "illegal"), (1, 2, "illegal"), (1, 3, "illegal"), (2, 3, "timeout")]
"""By step, slot and cause what is missing of that."""


def agents(**others: Any) -> dict[str, Agent]:
    return {"a": Patchy("a", SAYS, **others), "b": Patchy("b", {})}


def records(folder: Path) -> list[Record]:
    with RunFile.open(folder) as file:
        return list(file.records())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("missing") / "run"
    run(PLAN, folder, agents=agents())
    return folder


@pytest.fixture(scope="module")
def measured(folder: Path) -> Tables:
    return tables(records(folder))


def test_the_match_goes_on_and_says_what_is_missing_and_why(folder: Path) -> None:
    first, second = records(folder)
    assert (first.status, second.status) == ("finished", "finished")
    assert first.choices == ((None, None, C, C), (C, C, None, None), (D, C, C, None))
    assert [(miss.step, miss.slot, miss.cause) for miss in first.misses] == MISSED
    assert first.misses[0] == Failure(0, 0, 0, "act", "nothing could be read", "malformed")
    assert "None" in first.misses[1].reason
    assert list(first.lotteries) == [(2, 0)]
    assert second.misses == ()
    with RunFile.open(folder) as file:
        assert list(check(file)) == []


@pytest.mark.parametrize("stops", [1, 4, 6, 9, 11])
def test_a_run_that_was_stopped_asks_nobody_twice_and_misses_the_same(stops: int, folder: Path, tmp_path: Path) -> None:
    stopped, goes_on = agents(stops=stops), agents()
    with pytest.raises(Halted):
        run(PLAN, tmp_path, agents=stopped)
    run(PLAN, tmp_path, agents=goes_on, resume=True)
    assert records(tmp_path) == records(folder)
    asked = [*stopped["a"].asked, *goes_on["a"].asked]  # type: ignore[union-attr]
    assert sorted(asked) == sorted((player, round) for player in range(4) for round in range(3))


def test_where_rules_do_not_go_on_without_an_answer_none_is_no_answer_either(tmp_path: Path) -> None:
    plan = parsed_plan(
        'name = "p"\nseed = 1\ngames = ["prisoners_dilemma"]\nmechanisms = ["none"]\n'
        'agents = ["always_cooperate"]\n[matching]\nkind = "alike"\n'
    )
    run(plan, tmp_path, agents={"always_cooperate": Patchy("always_cooperate", {(1, 0): None})})
    [record] = records(tmp_path)
    assert (record.status, record.misses) == ("forfeited", ())
    assert record.failure is not None
    assert record.failure.cause == "illegal"


def test_what_breaks_a_match_is_not_an_answer_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises((PlayStopped, ZeroDivisionError)):
        run(PLAN, tmp_path, agents={**agents(), "b": Patchy("b", {(2, 1): ZeroDivisionError("ours")})})


def test_tables_hold_neither_a_move_nor_a_defection(measured: Tables, folder: Path, tmp_path: Path) -> None:
    plays, decisions = measured.plays, measured.decisions
    absent = plays[plays["action"].isna()]
    assert list(zip(absent["play"], absent["seat"], strict=True)) == [(step, slot) for step, slot, _ in MISSED]
    assert absent["cooperated"].isna().all()
    assert plays.loc[plays["action"].notna(), "cooperated"].notna().all()
    told = decisions[decisions["missing"].notna()]
    assert list(zip(told["step"], told["slot"], told["missing"], strict=True)) == MISSED
    assert told["choice"].isna().all()
    assert decisions.columns[-1] == "missing"
    assert list(decisions["round"].unique()) == [0, 1, 2]
    with RunFile.open(folder) as file:
        from comity.runs.origins import origins_of

        export(file, tmp_path, origins_of(file))
    read = pd.read_parquet(tmp_path / "plays.parquet")
    assert read["cooperated"].isna().sum() == len(MISSED)


def test_shares_are_of_what_was_answered(measured: Tables) -> None:
    by_agent = {row["agent"]: row["value"] for row in table(measured, "cooperation", ["agent"], ["all"]).rows}
    assert by_agent == {"a": pytest.approx(6 / 7), "b": 1.0}
    shares = action_frequencies(measured).set_index(["agent", "action"])
    assert shares.loc[("a", D), "share"] == pytest.approx(1 / 7)
    assert shares.loc[("a", C), "plays"] == 7
    found = conditional_frequencies(measured)
    plays = found[found["agent"] == "a"].groupby("condition")["plays"].first().to_dict()
    assert plays == {
        "opening": 2,
        "cooperate, cooperate, no answer": 3,
        "cooperate, no answer, no answer": 2,
    }
    assert rounds_of(measured, [PLAN.cells[0]]).empty


def test_every_metric_is_worked_out_where_answers_are_missing(measured: Tables) -> None:
    metrics = metrics_of(PLAN.cells)
    for name, metric in metrics.items():
        if metric.unit != "points":
            found = table(measured, name, ["agent"], ["all"], metrics=metrics).rows
            assert {row["agent"] for row in found} <= {"a", "b"}, name


def test_a_single_match_is_told_with_what_was_paid(measured: Tables) -> None:
    """Which takes a replay of the choices in the tables, those that are missing among them."""
    told = named(measured, PLAN.cells, 0)
    assert told.startswith("match 0, neighbourhood on weak_prisoners_dilemma")
    assert "a in seat 1 was paid" in told


def test_how_many_are_missing_is_said_with_every_table(measured: Tables) -> None:
    assert missed(measured).to_dict("records") == [{"agent": "a", "missed": 5, "asked": 12}]
    said = "answers are missing, and count neither as cooperation nor as defection: 5 of 12 of a"
    assert said in table(measured, "mean", ["agent"], ["all"]).notes


@pytest.mark.parametrize(
    ("convention", "share"), [("lowest", 6 / 12), ("highest", 11 / 12), ("defection", 6 / 12), ("random", 8.5 / 12)]
)
def test_what_if_they_were_counted(convention: Any, share: float, measured: Tables) -> None:
    put = filled(measured, PLAN.cells, convention)
    rows: Sequence[Any] = table(put, "cooperation", ["agent"], ["all"]).rows
    assert {row["agent"]: row["value"] for row in rows}["a"] == pytest.approx(share)
    assert put.outcomes.equals(measured.outcomes)


def test_bounds_hold_what_could_have_been_answered(measured: Tables) -> None:
    low, high = bounds(measured, PLAN.cells, "cooperation", ["agent"], ["all"])["a",]
    assert (low, high) == pytest.approx((6 / 12, 11 / 12))


def test_the_page_says_how_many_are_missing_and_why(folder: Path, tmp_path: Path) -> None:
    with RunFile.open(folder) as file:
        write_page(Results.of(file, decisions=True), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Missing answers" in page
    assert "chose what is not allowed (3)" in page


def test_the_command_says_how_many_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "quiet_once.py").write_text(
        'def says(seen):\n    return None if seen["player"] == 2 else "cooperate"\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "plan.toml").write_text(
        'name = "p"\nseed = 1\ngames = ["weak_prisoners_dilemma"]\n'
        'mechanisms = [{name = "neighbourhood", graph = "ring", size = [5, 2], rounds = 3}]\n'
        'agents = [{name = "function", label = "f", call = "quiet_once:says"}]\n[matching]\nkind = "alike"\n'
    )
    environment = {"COLUMNS": "200"}
    done = called(
        ["run", str(tmp_path / "plan.toml"), "--out", str(tmp_path / "run"), "--no-report"], environment=environment
    )
    assert done.returncode == 0
    assert "missing answers by agent: 3 of 15 of f\n" in done.stdout
    told = called(["table", str(tmp_path / "run"), "--metric", "cooperation"], environment=environment)
    assert "3 of 15 of f" in told.stdout
