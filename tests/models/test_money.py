"""The cap of a run holds, by the provider's own account, and a larger one goes on where a smaller one ended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from comity.llm.fake import Answered, Asked, FakeProvider, Fault, Faults, Latency, serving
from tests.commands import Called, called
from tests.models.studies import answered_again, found, from_then_on, playing, strange, study, written

pytestmark = pytest.mark.slow

INPUT, OUTPUT = 10, 30
"""US dollars per million tokens in every study here."""
SMALL = {"games": '["prisoners_dilemma"]', "repeats": 3}
STOPPED = 3


def billed(provider: FakeProvider, tried: Sequence[Asked]) -> float:
    """What the provider could charge for whether or not its answers arrived, but for trying out each model."""
    account = provider.account
    return ((account.input - 7 * len(tried)) * INPUT + (account.output - len(tried)) * OUTPUT) / 1e6


def trials(provider: FakeProvider) -> list[Asked]:
    """The questions from now on that only try out whether a model can be asked."""
    brain, heard = provider.brain, list[Asked]()

    def answer(asked: Asked) -> Answered:
        if len(asked.messages) == 1:
            heard.append(asked)
        return brain(asked)

    provider.brain = answer
    return heard


def play(path: Path, *options: str) -> Called:
    return called(["run", str(path), "--out", str(path.parent / "run"), "--no-report", *options])


@pytest.mark.parametrize("faults", [{}, {"reset_during": 0.1, "truncated_json": 0.05, "server_error": 0.05}])
def test_a_cap_holds_and_a_larger_one_goes_on(faults: dict[str, float], tmp_path: Path) -> None:
    with serving(playing()) as whole:
        reference = written(tmp_path / "reference", study(whole, **SMALL))  # type: ignore[arg-type]
        assert play(reference).returncode == 0
    with serving(playing(faults=Faults(faults), latency=Latency(0.02, 1.0))) as provider:  # type: ignore[arg-type]
        plan = study(provider, "cap = 0.3\nin_flight = 50\nattempts = 20", **SMALL)  # type: ignore[arg-type]
        path, tried = written(tmp_path, plan), trials(provider)
        first = play(path)
        at_the_cap = found(tmp_path / "run")
        assert first.returncode == STOPPED
        assert "The cap of $0.30 for this run could be passed" in first.stderr
        assert "--resume with a larger --cap goes on" in first.stderr
        assert "What was asked" in first.stdout
        assert 0.1 < billed(provider, tried) <= at_the_cap.spent + at_the_cap.uncertain <= 0.3
        assert at_the_cap.calls == provider.account.completed.total() - 2 > 0

        again = play(path, "--resume")
        assert again.returncode == STOPPED
        assert billed(provider, tried) <= sum(kept(path)) <= 0.3 + 1e-9

        last = play(path, "--resume", "--cap", "20")
        assert last.returncode == 0, last.stderr
        assert answered_again(provider) == 4  # both models were tried out before each of three starts
        assert billed(provider, tried) <= sum(kept(path)) + 1e-9
    ended, undisturbed = found(tmp_path / "run"), found(tmp_path / "reference" / "run")
    assert ended.digest == undisturbed.digest
    assert ended.calls == ended.draws == undisturbed.calls
    assert ended.spent == pytest.approx(undisturbed.spent)
    assert list(strange(ended.records)) == []


def kept(path: Path) -> tuple[float, float]:
    run = found(path.parent / "run")
    return run.spent, run.uncertain


def test_a_cap_that_no_answer_fits_under_is_refused(tmp_path: Path) -> None:
    """An answer of 200 tokens may cost 0.6 cents."""
    with serving(playing()) as provider:
        ended = play(written(tmp_path, study(provider, "cap = 0.005", **SMALL)))  # type: ignore[arg-type]
        assert provider.account.requests == 0
    assert ended.returncode == 2
    assert "kind: the cap ($0.005) is less than one answer of 200 tokens costs ($0.006)" in ended.stderr
    assert not (tmp_path / "run").exists()


def test_a_cap_that_no_question_fits_under_asks_nothing(tmp_path: Path) -> None:
    with serving(playing()) as provider:
        ended = play(written(tmp_path, study(provider, "cap = 0.0061", **SMALL)))  # type: ignore[arg-type]
        assert provider.account.requests == 2  # to try out both models
    assert ended.returncode == STOPPED
    assert f"is kept in {tmp_path / 'run'}, and --resume with a larger --cap goes on\n" in ended.stderr
    assert found(tmp_path / "run").calls == 0


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("quota", "no money or quota left"),
        ("payment_required", "no money or quota left"),
        ("unauthorized", "does not accept the key"),
    ],
)
def test_what_no_further_call_can_cure_stops_the_run_which_can_go_on(
    fault: Fault, sentence: str, tmp_path: Path
) -> None:
    with serving(playing()) as provider:
        brain = from_then_on(provider, fault, after=30)
        path = written(tmp_path, study(provider, "in_flight = 4", **SMALL))  # type: ignore[arg-type]
        first = play(path)
        assert first.returncode == STOPPED
        assert sentence in first.stderr
        assert 25 <= found(tmp_path / "run").calls <= 30
        assert found(tmp_path / "run").causes == set()
        provider.brain, provider.faults = brain, Faults()
        assert play(path, "--resume").returncode == 0
        assert answered_again(provider) == 2
