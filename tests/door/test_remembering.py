"""`comity memory`: what agents do over the rounds, in every form."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.door.test_cli import comity, refused

PLAN = """
name = "repeated"
seed = 5
games = ["prisoners_dilemma", "stag_hunt"]
mechanisms = ["none", {name = "repetition", rounds = 5}]
agents = ["grim", "defect_once", {label = "coin", name = "random", p = 0.5}]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repeated")
    (folder / "plan.toml").write_text(PLAN)
    done = comity("run", folder / "plan.toml", "--out", folder / "run", "--workers", "1", "--no-report")
    assert done.returncode == 0, done.stderr
    return folder / "run"


def test_fits_are_rows_of_numbers(run: Path) -> None:
    rows = {row["agent"]: row for row in json.loads(comity("memory", run, "--json").stdout)}
    assert list(rows) == ["grim", "defect_once", "coin"]
    grim = rows["grim"]
    assert [grim[name] for name in ("first", "CC", "CD", "DC", "DD")] == [1, 1, 0, 0, 0]
    # Nine matches in two games, of which grim takes part in five and fills both seats of one.
    assert (grim["rounds"], grim["episodes"], grim["first_rounds"]) == (60, 10, 12)
    assert grim["nearest"] == "grim"
    assert rows["coin"]["CC_low"] < rows["coin"]["CC"] < rows["coin"]["CC_high"]


def test_csv_holds_the_same(run: Path) -> None:
    in_json = json.loads(comity("memory", run, "--json").stdout)
    in_csv = list(csv.DictReader(io.StringIO(comity("memory", run, "--csv").stdout)))
    assert [row["CD"] for row in in_csv] == ["" if row["CD"] is None else str(row["CD"]) for row in in_json]
    assert list(in_csv[0]) == list(in_json[0])


def test_rows_are_by_the_keys_asked_for(run: Path) -> None:
    rows = json.loads(comity("memory", run, "--by", "game,mechanism", "--json").stdout)
    assert len(rows) == 6
    assert {row["mechanism"] for row in rows} == {"repetition"}, "what was played once has no rounds"
    assert "'opponent' is not a key" in refused("memory", run, "--by", "opponent")


def test_unforgiveness_and_turns_have_tables_of_their_own(run: Path) -> None:
    forgiven = {
        row["agent"]: row for row in json.loads(comity("memory", run, "--what", "forgiveness", "--json").stdout)
    }
    assert (forgiven["grim"]["after_0"], forgiven["grim"]["after_1"], forgiven["grim"]["wait"]) == (1, 0, "never")
    turns = {row["agent"]: row for row in json.loads(comity("memory", run, "--what", "turns", "--json").stdout)}
    assert 0 < turns["coin"]["switching"] < 1
    assert turns["grim"]["in_step_episodes"] == 10


def test_it_is_read_by_people(run: Path) -> None:
    shown = comity("memory", run).stdout
    assert "own act first" in shown.splitlines()[0]
    assert "with whole episodes as draws" in shown
    assert "0.00 [0.00, " in shown
    in_markdown = comity("memory", run, "--markdown").stdout.splitlines()
    assert in_markdown[0].startswith("| agent | basis | first | CC | CD |")
    assert len(in_markdown) == 2 + 3
    assert "ask for one of them" in refused("memory", run, "--json", "--csv")


def test_a_run_without_rounds_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN.replace(', {name = "repetition", rounds = 5}', ""))
    assert comity("run", tmp_path / "plan.toml", "--out", tmp_path / "run", "--no-report").returncode == 0
    done = comity("memory", tmp_path / "run", "--json")
    assert json.loads(done.stdout) == []
    assert "no match of these runs has several rounds" in done.stderr
    read = comity("memory", tmp_path / "run")
    assert (read.returncode, read.stdout) == (0, "")
