"""Killed under load, runs with models end as they would have ended, and pay for nothing twice that they had kept."""

from __future__ import annotations

import logging
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from comity.llm.fake import Asked, FakeProvider, Latency, serving
from comity.records.store import RunFile
from comity.runs.plan import read_plan
from comity.runs.run import run
from tests.models.commanded import started
from tests.models.studies import KEY, Found, found, playing, strange, study, written

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

HEAVY = bool(os.environ.get("COMITY_HEAVY"))
KILLS = 50 if HEAVY else 3
IN_FLIGHT = 200
LATENCY = Latency(0.15, 0.5)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The study that is killed below, left in peace."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with serving(playing()) as provider:
        run(read_plan(written(folder, large(provider))), folder / "run")
    return found(folder / "run")


def large(provider: FakeProvider) -> str:
    return study(provider, f"in_flight = {IN_FLIGHT}", repeats=8 if HEAVY else 4, proposals="tournament")


def listened(provider: FakeProvider) -> list[int]:
    """The sampling seeds that reach the provider from now on: each draw has one of its own."""
    seeds, brain = list[int](), provider.brain

    def answer(asked: Asked):  # type: ignore[no-untyped-def]
        if asked.settings.seed is not None:
            seeds.append(asked.settings.seed)
        return brain(asked)

    provider.brain = answer
    return seeds


def kept_seeds(folder: Path) -> set[int | None]:
    if not (folder / "run.sqlite").exists():
        return set()
    with RunFile.open(folder) as file:
        return {call.request.settings.seed for call in file.calls()}


def until(true: Callable[[], bool], process: subprocess.Popen[str]) -> bool:
    """Wait until that is true; False if the process ended before."""
    while process.poll() is None:
        if true():
            return True
        time.sleep(0.002)
    return False


def test_kills_at_random_points_change_nothing(undisturbed: Found, tmp_path: Path) -> None:
    chance = random.Random(KILLS)
    kills, lost, in_flight = 0, list[int](), list[int]()
    while kills < KILLS:
        folder = tmp_path / f"chain {kills}"
        with serving(playing(latency=LATENCY)) as provider:
            path, seeds, ended = written(folder, large(provider)), listened(provider), False
            while not ended:
                known, asked_before = kept_seeds(folder / "run"), len(seeds)
                answers = provider.account.completed.total() + chance.randint(10, 400 if HEAVY else 150)
                process = started(path)
                alive = kills < KILLS and until(lambda: provider.account.completed.total() > answers, process)  # noqa: B023
                if alive:
                    in_flight.append(provider.account.in_flight)
                    process.kill()
                    kills += 1
                said = process.communicate(timeout=120)
                ended = not alive
                assert known.isdisjoint(seeds[asked_before:])  # what was kept is asked for no more
                if alive:
                    new = kept_seeds(folder / "run")
                    assert known <= new <= set(seeds)
                    until_now = seeds[asked_before:]
                    lost.append(sum(seed not in new for seed in until_now))
                    assert lost[-1] <= 2 * IN_FLIGHT  # of two models
                else:
                    assert process.returncode == 0, said[1]
        one = found(folder / "run")
        assert one.digest == undisturbed.digest
        assert one.calls == one.draws == undisturbed.calls
        assert one.spent == pytest.approx(undisturbed.spent)
    assert list(strange(undisturbed.records)) == []
    logging.info("%d kills; in flight then: %s; asked and not kept then: %s", kills, sorted(in_flight), sorted(lost))


def test_an_interrupt_waits_for_what_is_on_its_way_and_keeps_it(undisturbed: Found, tmp_path: Path) -> None:
    with serving(playing(latency=Latency(0.4, 0.5))) as provider:
        path = written(tmp_path, large(provider))
        process = started(path)
        assert until(lambda: provider.account.completed.total() > 50 and provider.account.in_flight > 50, process)
        process.send_signal(signal.SIGINT)
        said, told = process.communicate(timeout=60)
        assert process.returncode == 130, told
        assert "comity: interrupted; what was finished is kept in" in told
        assert "Traceback" not in told
        assert "What was asked" in said
        assert found(tmp_path / "run").calls == provider.account.completed.total() - 2  # both models were tried out
        assert provider.account.requests == provider.account.completed.total()
        process = started(path)
        process.communicate(timeout=120)
        assert process.returncode == 0
        assert provider.account.requests == undisturbed.calls + 4
    assert found(tmp_path / "run").digest == undisturbed.digest


def test_a_second_interrupt_waits_for_nothing(undisturbed: Found, tmp_path: Path) -> None:
    with serving(playing(latency=Latency(0.2))) as provider:
        path, seeds = written(tmp_path, large(provider)), listened(provider)
        process = started(path)
        assert until(lambda: provider.account.completed.total() > 50, process)
        provider.latency, before = Latency(60.0), len(seeds)
        assert until(lambda: len(seeds) > before + 20, process)
        process.send_signal(signal.SIGINT)
        time.sleep(1)
        assert process.poll() is None
        told = interrupted(process)
        assert process.returncode == 130, told
        assert "comity: interrupted; what was finished is kept in" in told
        assert "Traceback" not in told
        assert "Unclosed" not in told
        assert "CancelledError" not in told
        assert KEY not in told
        provider.latency = Latency(0.0)
        process = started(path)
        process.communicate(timeout=120)
    assert found(tmp_path / "run").digest == undisturbed.digest


def interrupted(process: subprocess.Popen[str]) -> str:
    """Interrupt until the process ends (of signals that come too close together the system drops one); what it told."""
    for _ in range(5):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return "".join(process.communicate(timeout=8))
    raise AssertionError("interrupts do not end the process")
