"""The documented plugin, installed as a distribution would be, adds a game and an agent that plans can name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.commands import called

PLUGIN = Path(__file__).parents[2] / "examples" / "plugin"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder that holds the plugin and what an installer writes about it."""
    site = tmp_path / "site"
    about = site / "comity_volunteers-1.0.dist-info"
    about.mkdir(parents=True)
    shutil.copy(PLUGIN / "comity_volunteers.py", site)
    groups = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]["entry-points"]
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in entries.items()) for group, entries in groups.items()]
    (about / "entry_points.txt").write_text("\n".join(lines))
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: comity-volunteers\nVersion: 1.0\n")
    return site


def comity(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "comity.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(site)},
    )


def test_its_names_are_listed(installed: Path) -> None:
    assert "volunteers_dilemma" in comity(installed, "list", "games").stdout
    assert "mixed_volunteer" in comity(installed, "list", "agents").stdout


@pytest.mark.slow
def test_a_plan_can_name_them(installed: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'name = "volunteers"\nseed = 1\ngames = [{name = "volunteers_dilemma", players = 2}]\nmechanisms = ["none"]\n'
        'agents = ["mixed_volunteer", "always_cooperate"]\n'
    )
    run = comity(installed, "run", str(plan), "--out", str(tmp_path / "run"), "--no-report", "--workers", "1")
    assert run.returncode == 0, run.stderr
    replayed = comity(installed, "replay", str(tmp_path / "run"))
    assert replayed.stdout.startswith("4 matches replayed")
    for command in ("table", "replay", "report"):
        without = called([command, str(tmp_path / "run")])
        assert without.returncode == 2
        assert without.stderr.startswith("comity: there is no game called 'volunteers_dilemma' here; is the plugin")


def test_a_name_of_ours_cannot_be_taken(installed: Path) -> None:
    about = installed / "comity_volunteers-1.0.dist-info" / "entry_points.txt"
    about.write_text("[comity.games]\nchicken = comity_volunteers:VolunteersDilemma\n")
    refused = comity(installed, "list", "games")
    assert refused.returncode == 2
    assert "chicken" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_example_stays_under_fifty_lines() -> None:
    assert len((PLUGIN / "comity_volunteers.py").read_text().splitlines()) < 50
