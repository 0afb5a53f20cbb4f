"""Killed twenty times without warning, runs end with the tables of runs left in peace, and ask nothing twice."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from comity.records.store import RunFile
from comity.runs.plan import parsed_plan
from comity.runs.run import run
from tests.runs.exported import tables
from tests.runs.plans import ASKED, MANY, ended, forgetful, started

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LIVES = 8
"""Into about so many lives the kills cut a run; fewer with several processes, which take a while to get going."""


@pytest.mark.parametrize(("workers", "kills", "lives"), [(1, 8, LIVES), (2, 4, 2)])
def test_scripted_runs_survive(workers: int, kills: int, lives: int, tmp_path: Path) -> None:
    plan = MANY.replace("repeats = 40", f"repeats = {6 * workers}")
    run(parsed_plan(plan), tmp_path / "undisturbed")
    expected = tables(tmp_path / "undisturbed")
    delays = np.random.default_rng(workers)
    span = lifetime(plan, tmp_path / "timed", workers)
    survived = 0
    for chain in range(5 * kills):
        folder = written(plan, tmp_path / str(chain))
        while survived < kills and killed(folder, workers, delays.uniform(0, 2 * span / lives)):
            survived += 1
        assert started(folder, workers).wait(120) == 0
        assert tables(folder / "run") == expected
        if survived == kills:
            return
    pytest.fail(f"only {survived} lives were ended by a kill")


def test_waiting_runs_survive_and_ask_no_journaled_question_again(tmp_path: Path) -> None:
    plan = parsed_plan(ASKED)
    run(plan, tmp_path / "undisturbed", agents=forgetful(plan))
    expected = tables(tmp_path / "undisturbed")
    delays = np.random.default_rng(0)
    span = lifetime(ASKED, tmp_path / "timed", 1, str(tmp_path / "log"))
    kills = survived = 8
    for chain in range(5 * kills):
        folder = written(ASKED, tmp_path / str(chain))
        alive = True
        while alive:
            left = NEEDED - journaled(folder / "run")
            log = folder / f"log {survived}"
            alive = survived > 0 and killed(folder, 1, delays.uniform(0, 2 * span / LIVES), str(log))
            survived -= alive
            if not alive:
                assert started(folder, 1, str(log)).wait(120) == 0
            asked = Counter(log.read_text().splitlines()) if log.exists() else Counter()
            assert asked <= left if alive else asked == left
        assert tables(folder / "run") == expected
        if not survived:
            return
    pytest.fail(f"{survived} lives were not ended by a kill")


def written(plan: str, folder: Path) -> Path:
    folder.mkdir()
    (folder / "plan.toml").write_text(plan)
    return folder


def lifetime(plan: str, folder: Path, workers: int, *log: str) -> float:
    """How long the plan takes when it is left in peace, once it has begun."""
    player = started(written(plan, folder), workers, *log)
    begun = time.monotonic()
    assert player.wait(120) == 0
    return time.monotonic() - begun


def killed(folder: Path, workers: int, after: float, *log: str) -> bool:
    """Go on with the run there and kill it after so many seconds; False if it had ended well before."""
    player = started(folder, workers, *log)
    try:
        assert player.wait(after) == 0
    except subprocess.TimeoutExpired:
        player.kill()
        player.wait()
        assert ended(player.pid)
        return True
    return False


NEEDED = Counter(
    f"{label} {player} {round} {type(match.cell.built.base).__name__}"  # type: ignore[attr-defined]
    for match in parsed_plan(ASKED).matches()
    for player, label in enumerate(match.agents)
    for round in range(6)
)
"""How often each question comes up in the plan of waiting agents."""


def journaled(folder: Path) -> Counter[str]:
    """How often each question has been answered so far, by the journal."""
    if not (folder / "run.sqlite").exists():
        return Counter()
    with RunFile.open(folder) as file:
        return Counter(
            f"{match.agents[slot]} {slot} {step} {type(match.cell.built.base).__name__}"  # type: ignore[attr-defined]
            for match in parsed_plan(ASKED).matches()
            for step, slot in file.journaled(match.index)
        )
