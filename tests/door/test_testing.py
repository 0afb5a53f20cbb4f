"""`comity test` on a run that was played: every model, every form, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.door.test_cli import comity, refused

pytestmark = pytest.mark.slow

PLAN = """
name = "pilot"
seed = 5
replicates = 4
games = ["prisoners_dilemma", "stag_hunt"]
mechanisms = ["none", {name = "repetition", rounds = 4}]
agents = ["always_defect", {label = "coin", name = "random", p = 0.5}, {label = "penny", name = "random", p = 0.2}]
"""


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tested")
    (folder / "plan.toml").write_text(PLAN)
    done = comity("run", folder / "plan.toml", "--out", folder / "run", "--workers", "1", "--no-report")
    assert done.returncode == 0, done.stderr
    return folder / "run"


def rows(*arguments: str | Path) -> list[dict[str, Any]]:
    found = json.loads(comity("test", *arguments, "--json").stdout)
    assert isinstance(found, list)
    return found


def test_two_agents_are_compared(pilot: Path) -> None:
    [row] = rows(pilot, "--agent", "coin", "--against", "penny", "--metric", "cooperation")
    assert row["mean"] > row["mean_against"]
    assert row["low"] < row["difference"] < row["high"]
    assert row["p"] == row["p_holm"] < 0.01
    assert row["log10_bf_below"] < 0 < row["log10_bf_above"]
    shown = comity("test", pilot, "--agent", "coin", "--against", "penny").stdout
    assert "the unit is an episode (a match)" in shown
    assert "Welch's" in shown


def test_the_forms_hold_the_same(pilot: Path) -> None:
    asked = (pilot, "--value", "0.5", "--by", "game,mechanism")
    in_csv = list(csv.DictReader(io.StringIO(comity("test", *asked, "--csv").stdout)))
    assert [row["agent"] for row in in_csv] == [row["agent"] for row in rows(*asked)]
    assert comity("test", *asked, "--markdown").stdout.startswith("| agent | against | game | mechanism |")


def test_cooperation_is_log_odds_with_matches_as_clusters(pilot: Path) -> None:
    [row] = rows(pilot, "--agent", "coin", "--against", "penny", "--metric", "cooperation", "--model", "binomial")
    odds = [math.log(share / (1 - share)) for share in (row["mean"], row["mean_against"])]
    assert row["difference"] == pytest.approx(odds[0] - odds[1], abs=1e-6)
    assert row["df"] == 8 * 2 * 2 * 4 - 1  # ordered pairs with one of the two, games, mechanisms, replicates
    [held] = rows(pilot, "--agent", "coin", "--value", "0.4", "--metric", "cooperation", "--model", "binomial")
    assert held["difference"] == pytest.approx(odds[0] - math.log(0.4 / 0.6), abs=1e-6)


def test_what_is_decided_completely_has_no_log_odds(pilot: Path) -> None:
    asked = ("--agent", "coin", "--against", "always_defect", "--metric", "cooperation", "--model", "binomial")
    [row] = rows(pilot, *asked)
    assert row["difference"] is row["t"] is row["p"] is None
    assert "the estimate would be infinite" in comity("test", pilot, *asked).stdout


def test_mechanisms_are_compared_by_a_mixed_model(pilot: Path) -> None:
    shown = comity("test", pilot, "--between", "mechanism", "--against", "none", "--model", "mixed").stdout
    assert "repetition  none" in shown
    assert "repetition against none: standard deviations (and groups): " in shown
    assert "BF" not in shown


def test_agents_are_held_against_what_needs_no_player(pilot: Path) -> None:
    found = rows(pilot, "--baseline", "random", "--metric", "share_of_max", "--games", "prisoners_dilemma")
    assert [row["against"] for row in found] == ["random"] * 3
    for row in found:
        assert row["mean"] - row["mean_against"] == pytest.approx(row["difference"])
        assert row["mean_against"] == pytest.approx(found[0]["mean_against"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "one of --against, --value and --baseline"),
        (("--agent", "nope", "--value", "1"), "there is no agent 'nope' here"),
        (("--value", "1", "--metric", "nope"), "there is no metric 'nope'"),
        (("--value", "1", "--metric", "design"), "stands for several metrics"),
        (("--value", "1", "--scale", "0"), "--scale is a number above 0; found 0"),
        (("--value", "1", "--unit", "day"), "day"),
        (("--value", "1", "--json", "--csv"), "three forms of one table"),
    ],
)
def test_bad_questions_get_a_sentence(pilot: Path, arguments: tuple[str, ...], said: str) -> None:
    assert said in refused("test", pilot, *arguments)
