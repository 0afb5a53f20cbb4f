"""Whole runs: the same tables whoever plays; going on where it stopped; refusing what does not belong together."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest

from comity.agents.agent import ScriptedAgent
from comity.core.errors import NotEnumerable
from comity.core.flow import Game
from comity.core.match import Decide
from comity.records.check import check
from comity.records.store import Header, RunError, RunFile, stored
from comity.runs.count import Reached
from comity.runs.drive import PlayStopped, ScriptedPlay, agents_of
from comity.runs.plan import parsed_plan
from comity.runs.run import SHARD, run
from tests.runs.disks import ALONE
from tests.runs.exported import tables
from tests.runs.plans import ASKED, MANY, SMALL, Logged, ended, forgetful, started

PLAN = parsed_plan(SMALL)
LONGER = parsed_plan(SMALL.replace("repeats = 2", "repeats = 20"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The tables of the longer plan, played in one go and one process."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run(LONGER, folder)
    return tables(folder)


def test_a_run_is_a_folder_with_the_plan_and_every_match(tmp_path: Path) -> None:
    run(PLAN, tmp_path / "run")
    assert (tmp_path / "run" / "plan.toml").read_text() == SMALL
    with RunFile.open(tmp_path / "run") as file:
        assert file.is_complete()
        assert [record.match for record in file.records()] == list(PLAN.matches())
        assert list(check(file)) == []
        assert (file.header.name, file.header.seed, file.header.agents) == ("small", 3, PLAN.agents)


def test_cells_that_were_left_out_are_noted(tmp_path: Path) -> None:
    text = SMALL.replace('"public_goods"', '"trust_game_sequential"') + "[run]\nskip_impossible = true\n"
    run(parsed_plan(text), tmp_path)
    with RunFile.open(tmp_path) as file:
        [note] = file.header.notes
    assert note.startswith("mediation cannot stand on trust_game_sequential")


@pytest.mark.slow
def test_the_order_in_which_matches_are_finished_changes_no_table(
    undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    play = ScriptedPlay(LONGER, agents_of(LONGER))
    records = [record for block in LONGER.blocks() for record in play.records(list(block.matches()))]
    shuffled = [records[place * 7919 % len(records)] for place in range(len(records))]
    header = Header(LONGER.name, "plan", LONGER.text, LONGER.seed, LONGER.agents, LONGER.n_matches)
    with RunFile.create(tmp_path, header) as file:
        for start in range(0, len(shuffled), 7):
            file.append_rows(map(stored, shuffled[start : start + 7]))
    assert tables(tmp_path) == undisturbed


@pytest.mark.slow
def test_the_number_of_processes_changes_no_table(
    undisturbed: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comity.runs.run.HEAD_START", 0)
    processes = []

    def look_around(reached: Reached) -> None:
        processes.append(len(multiprocessing.active_children()))

    run(LONGER, tmp_path, workers=2, progress=look_around)
    assert max(processes) == 2
    assert multiprocessing.active_children() == []
    assert tables(tmp_path) == undisturbed


def test_progress_is_told_in_matches(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    run(LONGER, tmp_path, progress=lambda reached: told.append((reached.done, reached.total)))
    assert told[-1] == (LONGER.n_matches, LONGER.n_matches)
    assert all(SHARD <= later - earlier < 2 * SHARD for (earlier, _), (later, _) in pairwise(told[:-1]))


@dataclass(frozen=True)
class Breaking:
    """A strategy that plays like another one until it has sat down so often, and then breaks."""

    agent: ScriptedAgent
    error: BaseException
    left: list[int]

    def begin(self, game: Game, player: int) -> Decide:
        self.left[0] -= 1
        if self.left[0] < 0:
            raise self.error
        return self.agent.sit(game, player)


def breaking(error: BaseException, after: int) -> dict[str, ScriptedAgent]:
    agents = agents_of(LONGER)
    return {**agents, "grim": ScriptedAgent("grim", Breaking(agents["grim"], error, [after]))}


@pytest.mark.slow
@pytest.mark.parametrize("error", [NotEnumerable("too many"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_what_was_finished_is_kept_and_the_run_goes_on(
    undisturbed: dict[str, bytes], tmp_path: Path, error: BaseException
) -> None:
    for after in (300, 500):
        with pytest.raises((PlayStopped, KeyboardInterrupt)):
            run(LONGER, tmp_path, resume=True, agents=breaking(error, after))
    with RunFile.open(tmp_path) as file:
        kept = file.count()
    assert kept >= 2 * SHARD
    told: list[int] = []
    run(LONGER, tmp_path, resume=True, progress=lambda reached: told.append(reached.done))
    assert told[0] <= kept + 2 * SHARD
    assert tables(tmp_path) == undisturbed


def test_a_complete_run_is_not_played_again(tmp_path: Path) -> None:
    run(PLAN, tmp_path)
    run(PLAN, tmp_path, resume=True, agents=breaking(NotEnumerable("asked"), 0))


def test_to_resume_what_was_not_begun_is_to_begin(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text("left by a run that was killed at birth")
    run(PLAN, tmp_path, resume=True)
    assert (tmp_path / "plan.toml").read_text() == SMALL


def test_a_run_is_not_overwritten(tmp_path: Path) -> None:
    run(PLAN, tmp_path)
    with pytest.raises(RunError, match="holds a run already: resume it"):
        run(PLAN, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("seed = 3", "seed = 4", "another plan: seed 3, not 4"),
        ('"grim"', '"alternate"', "agents tit_for_tat, random, grim, not tit_for_tat, random, alternate"),
        ("repeats = 2", "repeats = 3", "matches 220, not 330"),
        ("rounds = 4", "rounds = 5", "is the run of another plan, the one in plan.toml beside it"),
        ("p = 0.4", "p = 0.5", "is the run of another plan, the one in plan.toml beside it"),
    ],
)
def test_a_run_of_another_plan_is_not_gone_on_with(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    run(PLAN, tmp_path)
    with pytest.raises(RunError, match=sentence):
        run(parsed_plan(SMALL.replace(old, new)), tmp_path, resume=True)
    run(PLAN, tmp_path, resume=True)


def test_a_plan_that_says_the_same_in_other_words_goes_on(tmp_path: Path) -> None:
    run(PLAN, tmp_path)
    run(parsed_plan(f"# the same\n{SMALL}"), tmp_path, resume=True)
    assert (tmp_path / "plan.toml").read_text() == SMALL


def test_a_run_of_other_rules_is_not_gone_on_with(tmp_path: Path) -> None:
    header = Header(PLAN.name, "plan", PLAN.text, PLAN.seed, PLAN.agents, PLAN.n_matches)
    RunFile.create(tmp_path, replace(header, rules_version="0")).close()
    with pytest.raises(RunError, match="played by version 0 of the rules"):
        run(PLAN, tmp_path, resume=True)


@pytest.mark.slow
def test_a_lost_process_is_said_and_the_run_goes_on(
    undisturbed: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comity.runs.run.HEAD_START", 0)

    def lose_one(reached: Reached) -> None:
        for child in multiprocessing.active_children()[:1]:
            child.kill()
            child.join()

    with pytest.raises(RunError, match="a process that played matches was lost"):
        run(LONGER, tmp_path, workers=2, progress=lose_one)
    run(LONGER, tmp_path, resume=True)
    assert tables(tmp_path) == undisturbed


@pytest.mark.slow
def test_an_error_in_another_process_names_the_match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comity.runs.run.HEAD_START", 0)
    with pytest.raises(PlayStopped, match=r"match \d+ \(\w+ under .*\): too many"):
        run(LONGER, tmp_path, workers=2, agents=breaking(NotEnumerable("too many"), SHARD))
    assert multiprocessing.active_children() == []


def test_agents_that_wait_give_the_same_tables(tmp_path: Path) -> None:
    plan = parsed_plan(ASKED)
    agents = {label: Logged(label, agent, tmp_path / "log") for label, agent in forgetful(plan).items()}
    run(plan, tmp_path / "at once", agents=forgetful(plan))
    run(plan, tmp_path / "later", agents=agents)
    assert tables(tmp_path / "at once") == tables(tmp_path / "later")
    assert len((tmp_path / "log").read_text().splitlines()) == plan.n_matches * 12


COUNTS_PROCESSES = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc to see processes")


@COUNTS_PROCESSES
@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupted_command_leaves_no_process_and_can_be_resumed(tmp_path: Path, workers: int) -> None:
    (tmp_path / "plan.toml").write_text(MANY.replace("repeats = 40", "repeats = 80"))
    player = started(tmp_path, workers)
    wait_for_processes(player.pid, workers if workers == 1 else 1 + workers)
    os.killpg(player.pid, signal.SIGINT)
    assert player.wait(20) != 0
    assert ended(player.pid)
    assert started(tmp_path, 1).wait(60) == 0
    with RunFile.open(tmp_path / "run") as file:
        assert file.is_complete()


@COUNTS_PROCESSES
@pytest.mark.slow
def test_a_killed_command_leaves_no_process(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(MANY.replace("repeats = 40", "repeats = 80"))
    player = started(tmp_path, 2)
    wait_for_processes(player.pid, 3)
    player.kill()
    player.wait()
    assert ended(player.pid)


def wait_for_processes(session: int, count: int) -> None:
    """Wait until so many processes of the session play, each of which needs a moment to begin."""
    deadline = time.monotonic() + 30
    while len(list(playing(session))) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.3)


def playing(session: int) -> Iterator[int]:
    """The processes of the session but the one that multiprocessing keeps for itself."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (folder / "cmdline").read_bytes()
            if os.getsid(int(folder.name)) == session and b"resource_tracker" not in command:
                yield int(folder.name)


ON_A_DISK_OF_ITS_OWN = pytest.mark.skipif(
    subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode != 0,
    reason="needs the right to mount a disk for one process",
)


@ON_A_DISK_OF_ITS_OWN
@pytest.mark.slow
@pytest.mark.parametrize("what", [("full", "40"), ("full", "100"), ("full", "250"), ("full", "400"), ("read-only",)])
def test_a_disk_that_takes_no_more_is_said_and_the_run_goes_on_when_it_does(
    what: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "plan.toml").write_text(LONGER.text)
    run(LONGER, tmp_path / "undisturbed")
    command = [*ALONE, sys.executable, "-m", "tests.runs.disks", f"{tmp_path}/plan.toml", f"{tmp_path}", *what]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
