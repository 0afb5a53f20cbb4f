"""The commands about designs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.commands import called

pytestmark = pytest.mark.slow

PLAN = """\
name = "varied"
seed = 6
replicates = 4
games = ["prisoners_dilemma"]
mechanisms = ["none", ["execution_noise", {name = "repetition", rounds = 3}, "presentation"]]
agents = [{name = "random", p = 0.5, label = "half"}, "always_defect"]
[factors]
design = "fraction"
runs = 4
[factors.levels]
"execution_noise.noise" = [0.0, 0.3]
"presentation.labels" = [["J", "F"], "random"]
"repetition.horizon" = ["announced", "hidden"]
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "plan.toml"
    path.write_text(PLAN, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "run"
    assert called(["run", str(plan), "--out", str(folder), "--no-report", "--workers", "1"]).returncode == 0
    return folder


def test_factors_are_printed_with_shares_and_means(run: Path) -> None:
    done = called(["factors", str(run)], environment={"COLUMNS": "200"})
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    [agent] = [line for line in lines if line[:1] == ["agent"] and len(line) == 8]
    assert float(agent[5]) > 0  # the lower end of its share
    assert ["execution_noise.noise", "0.3"] in [line[:2] for line in lines]
    assert "the unit is the episode: 80 matches" in done.stdout


def test_json_and_csv_have_a_row_for_each_factor_and_each_level(run: Path) -> None:
    rows = json.loads(called(["factors", str(run), "--json", "--interactions"]).stdout)
    shares = [row for row in rows if row["level"] is None]
    means = [row for row in rows if row["level"] is not None]
    assert all(row["mean"] is None and row["levels"] > 1 for row in shares)
    assert {row["level"] for row in means if row["factor"] == "repetition.horizon"} == {"announced", "hidden"}
    assert any(" x " in row["factor"] for row in shares)
    printed = list(csv.DictReader(io.StringIO(called(["factors", str(run), "--csv", "--interactions"]).stdout)))
    assert [row["factor"] for row in printed] == [row["factor"] for row in rows]


def test_markdown_has_two_tables(run: Path) -> None:
    printed = called(["factors", str(run), "--markdown"]).stdout
    assert [line.count("---") for line in printed.splitlines() if set(line) == set("| -")] == [8, 6]
    assert "| execution_noise.noise | 0.3 |" in printed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--metric", "fitness"], "Fitness is worked out of a whole cell"),
        (["--metric", "joy"], "there is no metric 'joy'"),
        (["--games", "chess"], "there is no game 'chess' here; there are prisoners_dilemma"),
        (["--mechanisms", "magic"], "there is no mechanism 'magic' here"),
        (["--json", "--csv"], "ask for one of them"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(run: Path, arguments: list[str], sentence: str) -> None:
    done = called(["factors", str(run), *arguments])
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert sentence in done.stderr


def test_runs_of_conditions_are_replayed_resumed_and_exported_with_their_levels(
    run: Path, plan: Path, tmp_path: Path
) -> None:
    assert "80 matches replayed, every outcome the same" in called(["replay", str(run)]).stdout
    again = called(["run", str(plan), "--out", str(run), "--resume", "--no-report", "--workers", "1"])
    assert again.returncode == 0, again.stderr
    assert called(["export", str(run), "--to", str(tmp_path)]).returncode == 0
    levels = pq.read_table(tmp_path / "levels.parquet").to_pandas()
    wide = levels.pivot(index="match", columns="factor", values="level")
    assert set(wide["repetition.horizon"]) == {"announced", "hidden"}
    assert set(wide["repetition.rounds"]) == {"3"}
    assert wide["presentation.labels"].nunique() > 2
    assert "random" not in set(wide["presentation.labels"])


def test_lint_warns_and_is_strict_when_asked(plan: Path, tmp_path: Path) -> None:
    done = called(["lint", str(plan)])
    assert done.returncode == 0
    assert (
        "balance: execution_noise+repetition+presentation: 4 of 8 conditions, each level equally often" in done.stdout
    )
    assert "order: the cooperative action is always named first in the rules" in done.stdout
    assert called(["lint", str(plan), "--strict"]).returncode == 1
    sound = tmp_path / "sound.toml"
    fields = 'options = "random", question = "random", labels = "random"'
    sound.write_text(
        'name = "p"\nseed = 1\nreplicates = 5\ngames = ["prisoners_dilemma"]\n'
        f'mechanisms = [{{name = "presentation", {fields}}}]\nagents = ["always_defect"]\n'
    )
    strict = called(["lint", str(sound), "--strict"])
    assert (strict.returncode, strict.stdout) == (0, "nothing to warn of\n")


def test_the_estimate_tells_of_labels_and_balance(plan: Path) -> None:
    printed = called(["estimate", str(plan)]).stdout
    assert "balance: execution_noise+repetition+presentation: 4 of 8 conditions" in printed
    assert "order: the cooperative action is always named first in the rules" in printed
