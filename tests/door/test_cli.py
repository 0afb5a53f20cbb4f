"""The commands, as a user runs them: what they print, what they refuse, and with which exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from comity.metrics.result import MEASURED
from comity.records.store import RunError, RunFile
from tests.commands import Called, called

PLAN = """
name = "small"
seed = 3
games = ["prisoners_dilemma", "stag_hunt"]
mechanisms = ["none", {name = "repetition", rounds = 4}]
agents = ["tit_for_tat", "always_defect", {label = "coin", name = "random", p = 0.5}]
"""


def comity(*arguments: str | Path, stdin: str = "") -> Called:
    return called([*map(str, arguments)], stdin=stdin, environment={"COLUMNS": "200"})


def refused(*arguments: str | Path) -> str:
    """What the command says while it refuses: one sentence, no traceback, exit code 2."""
    done = comity(*arguments)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plans") / "plan.toml"
    path.write_text(PLAN)
    return path


@pytest.fixture(scope="module")
def run(plan: Path) -> Path:
    folder = plan.parent / "run"
    done = comity("run", plan, "--out", folder, "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert "report.html" in done.stdout
    return folder


def test_a_run_leaves_its_plan_its_records_and_its_report(run: Path) -> None:
    assert (run / "plan.toml").read_text() == PLAN
    assert (run / "run.sqlite").exists()
    assert "<html" in (run / "report.html").read_text()


def test_replay_finds_every_outcome_the_same(run: Path) -> None:
    done = comity("replay", run)
    assert (done.returncode, done.stdout) == (0, "36 matches replayed, every outcome the same\n")


def test_replay_shows_a_divergence_and_fails(run: Path, tmp_path: Path) -> None:
    with RunFile.open(run) as file, RunFile.create(tmp_path / "other", file.header) as other:
        records = [replace(r, payoffs=(7.0, 7.0)) if r.match.index in (5, 8) else r for r in file.records()]
        other.append(records)
    done = comity("replay", tmp_path / "other")
    assert done.returncode == 1
    assert "match 5" in done.stderr
    assert "2 of 36 matches diverge" in done.stderr


def test_the_table_is_a_list_of_rows_in_json(run: Path) -> None:
    rows = json.loads(comity("table", run, "--by", "mechanism,agent", "--games", "all", "--json").stdout)
    assert len(rows) == 6
    assert set(rows[0]) == {"metric", "mechanism", "agent", *MEASURED}


def test_the_table_says_the_same_in_every_form(run: Path) -> None:
    arguments = ("table", run, "--by", "game", "--metric", "cooperation")
    rows = json.loads(comity(*arguments, "--json").stdout)
    in_csv = list(csv.DictReader(io.StringIO(comity(*arguments, "--csv").stdout)))
    assert [row["game"] for row in in_csv] == [row["game"] for row in rows]
    assert [float(row["value"]) for row in in_csv] == [row["value"] for row in rows]
    assert all(row["game"] in comity(*arguments, "--markdown").stdout for row in rows)
    assert all(row["game"] in comity(*arguments).stdout for row in rows)


def test_a_run_that_is_named_twice_counts_once(run: Path) -> None:
    once = comity("table", run, "--csv").stdout
    assert comity("table", run, run / "run.sqlite", os.path.relpath(run), "--csv").stdout == once


def test_names_may_be_listed_with_spaces(run: Path) -> None:
    listed = comity("table", run, "--by", "mechanism, game", "--games", "prisoners_dilemma, stag_hunt", "--json")
    assert len(json.loads(listed.stdout)) == 4


def test_a_file_where_a_folder_should_be_is_said(run: Path, plan: Path) -> None:
    assert refused("run", plan, "--out", plan) == f"comity: the folder {plan} cannot be made: File exists\n"
    assert refused("export", run, "--to", plan) == f"comity: {plan} cannot be written: File exists\n"


def test_the_quality_of_proposals_can_be_asked_for(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'name = "p"\nseed = 1\ngames = ["prisoners_dilemma"]\nmechanisms = ["contracting", "none"]\n'
        'agents = ["tit_for_tat", {label = "useless", name = "composed", propose = "useless"}]\n'
    )
    assert comity("run", plan, "--out", tmp_path / "run", "--no-report", "--workers", "1").returncode == 0
    asked = comity("table", tmp_path / "run", "--metric", "design_equilibrium", "--by", "agent", "--json")
    assert {row["agent"]: row["value"] for row in json.loads(asked.stdout)} == {"tit_for_tat": 1, "useless": 0}


def test_export_writes_five_tables(run: Path, tmp_path: Path) -> None:
    assert comity("export", run, "--to", tmp_path / "tables").returncode == 0
    names = {path.name for path in (tmp_path / "tables").glob("*.parquet")}
    assert names == {"matches.parquet", "decisions.parquet", "outcomes.parquet", "plays.parquet", "levels.parquet"}


@pytest.mark.parametrize("what", ["games", "mechanisms", "agents", "metrics"])
def test_list_names_what_there_is(what: str) -> None:
    done = comity("list", what)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) >= 4


def test_cite_names_the_papers_of_a_plan(plan: Path) -> None:
    text = comity("cite", plan).stdout
    assert "Rapoport" in text
    assert "Skyrms" in text
    assert comity("cite", plan, "--bibtex").stdout.startswith("@")


def test_tree_writes_the_extensive_form(tmp_path: Path) -> None:
    out = tmp_path / "game.efg"
    assert comity("tree", "prisoners_dilemma", "--out", out).returncode == 0
    assert out.read_text().startswith("EFG 2 R")
    assert comity("tree", "chicken", "--out", out).returncode == 0
    database = tmp_path / "run.sqlite"
    database.write_bytes(b"SQLite format 3\0")
    assert "this file is no tree, and would be lost" in refused("tree", "chicken", "--out", database)
    assert database.read_bytes() == b"SQLite format 3\0"
    assert "cannot be written" in refused("tree", "chicken", "--out", tmp_path)
    assert "1000 nodes" in refused("tree", "prisoners_dilemma", "-m", "repetition(rounds=40)", "--most", "1000")


def test_a_person_can_take_a_seat() -> None:
    done = comity("play", "prisoners_dilemma", "-m", "repetition(rounds=2)", stdin="maybe\ncooperate\ndefect\n")
    assert done.returncode == 0, done.stderr
    assert "2.8 points for you" in done.stdout


def test_a_person_who_leaves_interrupts() -> None:
    assert comity("play", "prisoners_dilemma", stdin="").returncode == 130


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "absent.toml"), "absent.toml"),
        (("replay", "absent"), "absent"),
        (("table", "absent"), "absent"),
        (("tree", "chess"), "chess"),
        (("tree", "chicken", "-m", "repetition(turns=3)"), "turns"),
        (("tree", "prisoners_dilemma(reward=9)"), "temptation > reward"),
        (("tree", "prisoners_dilemma", "-m", "repetition", "-m", "mediation"), "nearer to the base game"),
        (("tree", "prisoners_dilemma", "-m", "contracting"), "bounds"),
        (("play", "prisoners_dilemma", "--player", "3"), "--player"),
        (("play", "prisoners_dilemma", "--against", "tit_for_tot"), "tit_for_tat"),
        (("import", "coopeval", "absent", "--out", "nowhere"), "absent"),
    ],
)
def test_bad_input_gets_one_sentence(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    assert said in refused(*arguments)


def test_a_metric_that_is_not_there_is_refused(run: Path) -> None:
    assert "mean" in refused("table", run, "--metric", "means")
    assert "mechanism" in refused("table", run, "--by", "mechanisms")
    assert "chess" in refused("table", run, "--games", "chess")


def test_a_second_run_into_the_same_folder_is_refused(run: Path, plan: Path) -> None:
    assert "resume" in refused("run", plan, "--out", run)


def test_a_corrupt_run_is_refused(run: Path, tmp_path: Path) -> None:
    (tmp_path / "run.sqlite").write_bytes((run / "run.sqlite").read_bytes()[:3000] + b"\0" * 3000)
    assert "run.sqlite" in refused("table", tmp_path)


def begun(folder: Path) -> bool:
    """Whether a match is on record there."""
    if not (folder / "run.sqlite").exists():
        return False
    with suppress(RunError), RunFile.open(folder) as file:
        return file.count() > 0
    return False


@pytest.mark.slow
def test_an_interrupt_ends_with_130_and_loses_nothing(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN.replace("rounds = 4", "rounds = 200").replace("seed = 3", "seed = 3\nreplicates = 20"))
    arguments = [sys.executable, "-m", "comity.cli", "run", str(plan), "--out", str(tmp_path / "run"), "--no-report"]
    process = subprocess.Popen(
        [*arguments, "--workers", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not begun(tmp_path / "run") and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode in (130, 0), said
    assert "Traceback" not in said
    assert process.returncode == 0 or "what was finished is kept in" in said
    resumed = subprocess.run([*arguments, "--resume"], capture_output=True, text=True, timeout=120)
    assert resumed.returncode == 0, resumed.stderr
    assert comity("replay", tmp_path / "run").stdout.startswith("720 matches replayed")


@pytest.mark.parametrize("code", ["import comity", "from comity.cli import app"])
def test_nothing_heavy_is_loaded_at_the_start(code: str) -> None:
    """How long the start takes is measured in `benchmarks/`; here, what would make it long."""
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, timeout=60)
    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "comity" in loaded
    assert not loaded & {"numpy", "pandas", "pyarrow", "scipy", "altair", "pydantic", "jinja2", "comity.core.match"}
