"""The commands that read runs: what can be told apart, how much play it takes, what single matches do."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.door.test_cli import comity, refused

PLAN = """
name = "pilot"
seed = 5
replicates = 4
games = ["prisoners_dilemma", "stag_hunt"]
mechanisms = ["none", {name = "repetition", rounds = 4}]
agents = ["always_cooperate", "always_defect", {label = "coin", name = "random", p = 0.5}]
"""


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pilot")
    (folder / "plan.toml").write_text(PLAN)
    done = comity("run", folder / "plan.toml", "--out", folder / "run", "--workers", "1", "--no-report")
    assert done.returncode == 0, done.stderr
    return folder / "run"


def rows(*arguments: str | Path) -> list[dict[str, Any]]:
    found = json.loads(comity(*arguments, "--json").stdout)
    assert isinstance(found, list)
    return found


def test_several_metrics_are_one_list_of_rows(pilot: Path) -> None:
    found = rows("table", pilot, "--metric", "mean,cooperation", "--by", "agent")
    assert [row["metric"] for row in found] == ["mean"] * 3 + ["cooperation"] * 3
    in_csv = csv.DictReader(io.StringIO(comity("table", pilot, "--metric", "mean,cooperation", "--csv").stdout))
    assert [row["metric"] for row in in_csv] == ["mean"] * 2 + ["cooperation"] * 2


def test_a_table_is_read_with_its_intervals_and_ranks(pilot: Path) -> None:
    shown = comity("table", pilot, "--by", "agent").stdout
    assert "95 % interval" in shown.splitlines()[1]
    assert "95 % intervals are Student's, over replicates" in " ".join(shown.split())
    for row in rows("table", pilot, "--by", "agent"):
        assert row["low"] <= row["value"] <= row["high"]
        assert 1 <= row["rank_low"] <= row["rank_high"] <= 3


def test_mechanisms_can_be_chosen(pilot: Path) -> None:
    assert [row["mechanism"] for row in rows("table", pilot, "--mechanisms", "none")] == ["none"]
    assert "there is no mechanism 'nope' here; there are none, repetition" in refused(
        "table", pilot, "--mechanisms", "nope"
    )


@pytest.mark.parametrize("between", ["agent", "mechanism"])
def test_contrasts_are_listed_pair_by_pair(pilot: Path, between: str) -> None:
    found = rows("contrast", pilot, "--between", between)
    assert len(found) == (3 if between == "agent" else 1)
    for row in found:
        assert row["low"] <= row["difference"] <= row["high"]
        assert row["p"] <= row["p_holm"]
        assert row["told_apart"] == (row["p_holm"] < 0.05)
    assert "rank of" in comity("contrast", pilot, "--between", between).stdout


def test_a_pilot_says_how_many_replicates_it_takes(pilot: Path) -> None:
    few, many = (
        [row["alone"] for row in rows("plan-size", pilot, "-d", d, "--between", "agent")] for d in ("0.5", "0.05")
    )
    assert all(2 <= less <= more for less, more in zip(few, many, strict=True))
    assert any(less < more for less, more in zip(few, many, strict=True))
    assert "above 0; found 0" in refused("plan-size", pilot, "-d", "0")
    assert "no countable number of replicates" in refused("plan-size", pilot, "-d", "1e-200", "--between", "agent")
    assert "power must lie" in refused("plan-size", pilot, "-d", "0.1", "--power", "1.5")
    assert "stands for several metrics" in refused("plan-size", pilot, "-d", "0.1", "--metric", "design")


def test_the_tensor_of_a_cell_is_printed_with_seats_averaged_or_apart(pilot: Path) -> None:
    averaged = rows("tensor", pilot, "--games", "prisoners_dilemma", "--mechanisms", "none")
    assert len(averaged) == 9
    paid = {(row["agent"], row["others"]): row["value"] for row in averaged}
    assert paid["always_defect", "always_cooperate"] == 3
    apart = rows("tensor", pilot, "--games", "prisoners_dilemma", "--mechanisms", "none", "--roles")
    assert len(apart) == 18
    assert {row["seat"] for row in apart} == {0, 1}
    assert rows("tensor", pilot, "--games", "all") == rows("tensor", pilot)
    assert "there is no game 'go' here" in refused("tensor", pilot, "--games", "go")


def test_the_matches_that_move_a_number_are_named(pilot: Path) -> None:
    found = rows("influence", pilot, "--most", "3")
    assert len(found) == 3
    sizes = [abs(row["difference"]) for row in found]
    assert sizes == sorted(sizes, reverse=True)
    assert f"match {found[0]['match']}, " in comity("influence", pilot, "--most", "1").stdout
    assert "worked out of a whole cell" in refused("influence", pilot, "--metric", "fitness")


@pytest.mark.parametrize("convention", ["lowest", "highest", "cooperation", "defection", "random"])
def test_where_nothing_is_missing_no_convention_changes_a_value(pilot: Path, convention: str) -> None:
    assumed, measured = rows("table", pilot, "--missing", convention), rows("table", pilot)
    assert [row["value"] for row in assumed] == [row["value"] for row in measured]
    assert {row["low"] for row in assumed} == {row["rank_low"] for row in assumed} == {None}
    assert "a what-if" in comity("table", pilot, "--missing", convention).stdout


def test_what_is_missing_is_not_filled_in_for_what_is_worked_out_of_a_whole_cell(pilot: Path) -> None:
    assert "mean, payoff, welfare, cooperation; not for regret" in refused(
        "table", pilot, "--missing", "lowest", "--metric", "regret"
    )


def test_one_mechanism_alone_is_compared_with_nothing(pilot: Path) -> None:
    assert "it takes two mechanisms or more" in refused("contrast", pilot, "--mechanisms", "none")
    assert "it takes two roles or more" in refused("contrast", pilot, "--between", "role")


def test_ranks_are_of_agents(pilot: Path) -> None:
    assert {row["agent"] for row in rows("table", pilot, "--metric", "rating")} == {
        "always_cooperate",
        "always_defect",
        "coin",
    }


def test_runs_of_other_rules_and_agents_are_named(pilot: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN.replace("rounds = 4", "rounds = 6").replace("coin", "dime"))
    assert comity("run", tmp_path / "plan.toml", "--out", tmp_path / "run", "--no-report").returncode == 0
    said = comity("table", pilot, tmp_path / "run").stderr
    assert "none on" not in said
    assert f"in {tmp_path / 'run'} has other rules than in a run before it" in said
    assert f"{tmp_path / 'run'} has other agents than {pilot}" in said


@pytest.mark.slow
def test_a_report_leaves_its_figures_and_tables_as_files(pilot: Path, tmp_path: Path) -> None:
    done = comity("report", pilot, "--out", tmp_path / "page.html", "--files", tmp_path / "files")
    assert done.returncode == 0, done.stderr
    kinds = {path.suffix for path in (tmp_path / "files").iterdir()}
    assert kinds >= {".svg", ".png", ".csv", ".tex", ".md"}


@pytest.mark.parametrize("command", ["table", "contrast", "tensor", "influence"])
def test_two_forms_at_once_are_refused(pilot: Path, command: str) -> None:
    assert "three forms of one table" in refused(command, pilot, "--json", "--csv")
