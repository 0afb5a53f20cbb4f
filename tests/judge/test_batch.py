"""Judging in batches, over real HTTP: the same labels as by calls, for half the price, and no answer paid for twice."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

import comity.cli.judging  # noqa: F401  the command registers itself
from comity.judge.commission import Commission, carried_out
from comity.judge.errors import JudgeError
from comity.judge.keeping import Judged, Judgements, Terms
from comity.judge.reason import reasons_in
from comity.judge.taxonomy import PUBLISHED, read_taxonomy
from comity.llm.fake import Batching, FakeProvider, serving
from comity.llm.request import Settings
from comity.llm.store import Submitted
from tests.commands import Called, called
from tests.judge.test_over_http import brain, written

pytestmark = pytest.mark.slow

MODEL = "anthropic:claude-haiku-4-5"


KEY = "sk-planted-for-a-batch-0123456789"


def judged_by(folder: Path, url: str, out: str, *more: str, model: str = MODEL) -> Called:
    files = ["--reasons", str(folder / "reasons.parquet"), "--out", str(folder / out)]
    settings = ["--taxonomy", str(folder / "three.toml"), "--base-url", url, "--shortest", "1"]
    return called(
        ["judge", *files, *settings, "--model", model, *more], environment={"A_BATCH_API_KEY": KEY, "COLUMNS": "200"}
    )


def verdicts(folder: Path) -> list[Judged]:
    with Judgements.open(folder) as file:
        return list(file.judged())


def spent(said: str) -> float:
    found = re.search(r"\$([0-9.]+)", said.split("calls: ")[1])
    assert found is not None
    return float(found[1])


def test_a_batch_gives_the_labels_that_calls_give_for_half_the_price(tmp_path: Path) -> None:
    written(tmp_path, 40)
    with serving(FakeProvider(brain())) as provider:
        by_calls = judged_by(tmp_path, provider.url_anthropic, "calls", "--passes", "2")
    with serving(FakeProvider(brain())) as provider:  # a new one, whose cache is as empty
        in_batch = judged_by(tmp_path, provider.url_anthropic, "batch", "--passes", "2", "--batch", "--cap", "2")
    for ended in (by_calls, in_batch):
        assert ended.returncode == 0, ended.stderr
        assert "judged: 80, of these 0 without" in ended.stdout
    assert verdicts(tmp_path / "batch") == verdicts(tmp_path / "calls")
    assert provider.account.requests == 1, "but for the check of key and model nothing was called"
    assert spent(in_batch.stdout) == pytest.approx(spent(by_calls.stdout) / 2, abs=1e-4)
    with Judgements.open(tmp_path / "batch") as file:
        assert file.batches() == ()
        assert file.spent()[0] == 80


def test_what_fails_in_a_batch_is_asked_by_calls(tmp_path: Path) -> None:
    written(tmp_path, 60)
    with serving(FakeProvider(brain(), key=KEY, batching=Batching(failed=0.2, expired=0.1))) as provider:
        how = ("--batch", "--key", "A_BATCH_API_KEY")
        ended = judged_by(tmp_path, provider.url_openai, "out", *how, model="openai-responses:gpt-4o-mini")
        assert ended.returncode == 0, ended.stderr
        assert 10 < provider.account.requests < 40, "about the third that failed, and the check"
        assert provider.account.completed.total() == 61
    assert all(one.labels is not None for one in verdicts(tmp_path / "out"))
    written_files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written_files) > 3
    assert not [path.name for path in written_files if KEY.encode() in path.read_bytes()]


def test_who_waits_for_a_batch_can_be_killed_and_pays_once(tmp_path: Path) -> None:
    written(tmp_path, 30)
    found, terms = (
        list(reasons_in(tmp_path / "reasons.parquet")),
        Terms(read_taxonomy(tmp_path / "three.toml"), "reason", "reasons.parquet"),
    )
    with serving(FakeProvider(brain(), batching=Batching(seconds=2.0))) as provider:
        order = Commission(terms, (MODEL,), settings=Settings(max_tokens=2_000), base_url=provider.url, batch=True)

        async def killed(file: Judgements) -> None:
            judging = asyncio.create_task(carried_out(order, found, file, None, None))
            while not any(one.ticket for one in file.batches()):
                await asyncio.sleep(0.01)
            judging.cancel()
            with pytest.raises(asyncio.CancelledError):
                await judging

        with Judgements.create(tmp_path / "out", terms) as file:
            asyncio.run(killed(file))
        refused = judged_by(tmp_path, provider.url, "out", "--resume")
        assert refused.returncode == 2
        assert "a batch with 30 of these questions was sent" in refused.stderr
        assert "--batch" in refused.stderr
        ended = judged_by(tmp_path, provider.url, "out", "--resume", "--batch")
        assert ended.returncode == 0, ended.stderr
        assert "judged: 30, of these 0" in ended.stdout
        answered = {question: times for question, times in provider.account.completed.items() if question[2]}
        assert len(answered) == 30, "each draw once, in the batch"
        assert set(answered.values()) == {1}
    with Judgements.open(tmp_path / "out") as file:
        assert file.batches() == ()


def test_a_file_with_nothing_but_a_batch_does_not_give_way(tmp_path: Path) -> None:
    terms = Terms(PUBLISHED, "reason", "a test")
    batch = Submitted("one", "a line", "a ticket", {"name": 0.25})
    with Judgements.create(tmp_path, terms) as file:
        file.keep_batch(Submitted("one", "a line", "", {"name": 0.25, "other": 1.0}))
        file.keep_batch(Submitted("two", "a line", "", {}))
        file.keep_batch(batch)
    with pytest.raises(JudgeError, match="go on with them"):
        Judgements.create(tmp_path, terms)
    with Judgements.open(tmp_path, writable=True) as file:
        assert file.batches() == (batch, Submitted("two", "a line", "", {}))
        file.drop_batch("two")
        assert file.batches() == (batch,)


def test_a_model_without_batches_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    written(tmp_path, 3)
    with serving(FakeProvider(brain())) as provider:
        ended = judged_by(tmp_path, provider.url_openai, "out", "--batch", model="openai:judge")
        assert provider.account.requests == 0
    assert ended.returncode == 2
    assert "openai:judge has no batch endpoint" in ended.stderr


def test_a_cap_too_small_says_so_and_keeps_all(tmp_path: Path) -> None:
    written(tmp_path, 3)
    with serving(FakeProvider(brain())) as provider:
        ended = judged_by(tmp_path, provider.url, "out", "--batch", "--cap", "0.0051")
    assert ended.returncode == 3
    assert "The cap of" in ended.stderr
    assert "--resume --batch with a larger --cap goes on" in ended.stderr


def test_the_estimate_knows_the_price_of_batches(tmp_path: Path) -> None:
    written(tmp_path, 400)

    def upper(*more: str) -> float:
        ended = judged_by(tmp_path, "http://127.0.0.1:9", "out", "--dry-run", *more)
        assert ended.returncode == 0, ended.stderr
        return float(re.findall(r" to ([0-9.]+)", ended.stdout)[-1])

    assert upper("--batch") == pytest.approx(upper() / 2, rel=0.01)
