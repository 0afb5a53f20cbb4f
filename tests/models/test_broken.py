"""What no provider's failure explains, and a provider that is gone: the run says so and keeps everything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from comity.llm.fake import Faults, Latency, serving
from comity.llm.reached import Reached
from comity.llm.request import Completion, Request
from comity.runs.plan import read_plan
from comity.runs.run import run
from tests.commands import called
from tests.models.studies import answered_again, found, from_then_on, playing, strange, study, written

pytestmark = pytest.mark.slow

STOPPED = 3


def test_a_provider_that_goes_down_in_the_middle_stops_the_run_which_can_go_on(tmp_path: Path) -> None:
    with serving(playing(latency=Latency(0.05))) as provider:
        path = written(tmp_path, study(provider, "in_flight = 20", repeats=2))
        brain = from_then_on(provider, "reset_before", after=60)
        first = called(["run", str(path), "--out", str(tmp_path / "run")])
        assert first.returncode == STOPPED
        assert "has given no answer for 3 seconds" in first.stderr
        assert f"what was finished is kept in {tmp_path / 'run'}, and --resume goes on" in first.stderr
        assert "Unavailable" in first.stdout  # what went wrong, by class
        one = found(tmp_path / "run")
        assert one.calls == provider.account.completed.total() - 2  # both models were tried out
        assert one.causes == set()  # no match is forfeited because a provider is down
        provider.brain, provider.faults = brain, Faults()
        again = called(["run", str(path), "--out", str(tmp_path / "run"), "--resume", "--no-report"])
        assert again.returncode == 0, again.stderr
        assert answered_again(provider) == 2
    whole = found(tmp_path / "run")
    assert len(whole.records) == 64
    assert list(strange(whole.records)) == []


def test_an_error_that_nobody_foresaw_names_the_match_and_everything_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, sent = Reached.send, 0

    async def fails_once(self: Reached, request: Request, timeout: float, samples: int = 1) -> Sequence[Completion]:
        nonlocal sent
        sent += 1
        if sent == 40:
            raise ZeroDivisionError("nobody foresaw this")
        return await send(self, request, timeout, samples)

    monkeypatch.setattr(Reached, "send", fails_once)
    with serving(playing(latency=Latency(0.01))) as provider:
        path = written(tmp_path, study(provider, "in_flight = 5", games='["prisoners_dilemma"]'))
        with pytest.raises(ZeroDivisionError) as raised:
            run(read_plan(path), tmp_path / "run")
        [note] = raised.value.__notes__
        assert note.startswith("in match ")
        assert " under " in note
        before = found(tmp_path / "run")
        arrived = provider.account.completed.total() - 2
        assert before.calls == arrived >= 38  # what was on its way is waited for
        run(read_plan(path), tmp_path / "run", resume=True)
        assert len(found(tmp_path / "run").records) == 16
    assert list(strange(found(tmp_path / "run").records)) == []
