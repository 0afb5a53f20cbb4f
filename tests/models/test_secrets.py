"""Keys that a provider says back wherever it can are in no file, no message and no table."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.agents.tags import read_tag
from comity.core.space import Text
from comity.llm import secrets
from comity.llm.fake import Answered, Asked, FakeProvider, Faults, serving
from comity.llm.fake.exchange import Exchange, key_of
from comity.runs.count import Reached
from comity.runs.plan import read_plan
from comity.runs.run import run
from tests.commands import called
from tests.models.studies import KEY, found, playing, study, written

pytestmark = pytest.mark.slow

OTHER = "hf_anotherPlantedSecret/987654321+XYZ"


def forms(key: str) -> set[str]:
    """The ways a key is written down, in the middle of something longer, too."""
    data = key.encode()
    inside = {
        encode(before + data + after).decode()[4 : 4 + len(data)]
        for encode in (base64.b64encode, base64.urlsafe_b64encode)
        for before in (b"", b"u:", b"me:")
        for after in (b"", b":x")
    }
    return {key, quote(key), quote(key, safe=""), quote_plus(key), json.dumps(key)[1:-1], *inside}


LEAKS = forms(KEY) | forms(OTHER)


def leaked(text: str) -> set[str]:
    return {form for form in LEAKS if form in text}


def talkative(provider: FakeProvider) -> None:
    """It says the keys in its reasons, in what it says to other players, in identifiers and in headers."""
    brain, result = provider.brain, provider._result

    def answer(asked: Asked) -> Answered:
        said = brain(asked)
        tagged = read_tag(asked.messages[-1].text)
        if tagged is None:
            return said
        if isinstance(tagged.decision.options, Text):
            return Answered(json.dumps({"answer": f"my key is {KEY}, and {quote(KEY, safe='')}"}))
        encoded = base64.b64encode(f"me:{OTHER}".encode()).decode()
        return replace(said, text=f"{KEY} {quote_plus(KEY)} {OTHER} {encoded}\n{said.text}", reasoning=OTHER)

    def identified(asked: Asked) -> Any:
        return replace(result(asked), identifier=f"id-{KEY}", model=f"served-{OTHER}")

    provider.brain, provider._result = answer, identified  # type: ignore[method-assign]


@pytest.fixture
def echoing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer of a fake provider repeats the key in its headers."""
    deliver = Exchange.deliver

    async def echo(
        self: Exchange, status: int, body: bytes, kind: str = "application/json", headers: Any = None
    ) -> Any:
        said = {"X-Echo": key_of(self.request), "X-Request-Id": key_of(self.request)}
        return await deliver(self, status, body, kind, {**(headers or {}), **said})

    monkeypatch.setattr(Exchange, "deliver", echo)
    monkeypatch.setenv("HF_TOKEN", OTHER)
    secrets.key("HF_TOKEN")


@pytest.mark.usefixtures("echoing")
def test_no_file_of_a_run_and_nothing_that_is_printed_holds_a_key(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    logs = list[bytes]()
    folder = tmp_path / "run"

    def look(reached: Reached) -> None:
        """While it is written, the run's newest lines lie in a log beside its file."""
        logs.extend(path.read_bytes() for path in folder.glob("run.sqlite*"))

    with serving(playing(faults=Faults({"key_echo": 0.3, "wrong_schema": 0.1}))) as provider:
        talkative(provider)
        plan = study(
            provider, "attempts = 2", agent="re_asks = 1",
            mechanisms='["none", "cheap_talk", "contracting", {name = "repetition", rounds = 2}]',
        )  # fmt: skip
        url, path = provider.url_openai, written(tmp_path, plan)
        run(read_plan(path), folder, progress=look)
        assert any(served.fault == "key_echo" for served in provider.account.log)
    with serving(playing(faults=Faults({"key_echo": 0.3, "wrong_schema": 0.1}))) as provider:
        talkative(provider)
        again = written(tmp_path / "again", plan.replace(url, provider.url_openai))
        printed = called(["run", str(again), "--out", str(tmp_path / "again" / "run")])
        assert printed.returncode == 0, printed.stderr
        refused = called(["run", str(again), "--out", str(tmp_path / "never")], environment={"OPENAI_API_KEY": OTHER})
    assert len(logs) > 10
    one = found(folder)
    assert any("[OPENAI_API_KEY]" in str(record.failure) for record in one.records)
    assert any("[OPENAI_API_KEY]" in str(record.choices) for record in one.records)  # what was said to others
    exported = called(["export", str(folder), "--to", str(tmp_path / "tidy")])
    report = called(["report", str(folder)])
    assert caplog.text  # the libraries of the providers log every request
    for text in (
        caplog.text,
        printed.stdout,
        printed.stderr,
        refused.stdout,
        refused.stderr,
        exported.stdout,
        report.stdout,
    ):
        assert leaked(text) == set()
    for data in logs:
        assert leaked(data.decode("utf-8", "replace")) == set()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {"run.sqlite", "report.html", "plan.toml", "decisions.parquet"} <= {file.name for file in files}
    for file in files:
        assert leaked(file.read_bytes().decode("utf-8", "replace")) == set(), file
        if file.suffix == ".parquet":
            assert leaked(pd.read_parquet(file).to_csv()) == set(), file


@pytest.mark.usefixtures("echoing")
def test_no_error_repeats_a_key(tmp_path: Path) -> None:
    for fault in ("key_echo", "unauthorized", "quota", "truncated_json", "wrong_content_type"):
        with serving(playing(faults=Faults({fault: 1.0}))) as provider:
            path = written(tmp_path / fault, study(provider, "timeout = 5"))
            ended = called(["run", str(path), "--out", str(tmp_path / fault / "run")])
        assert ended.returncode == 2
        assert leaked(ended.stdout + ended.stderr) == set()


@given(st.text(min_size=8, max_size=40).map(str.strip).filter(lambda key: len(key) >= 8), st.binary(), st.binary())
def test_a_key_is_taken_out_in_every_form(key: str, before: bytes, after: bytes) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(secrets, "_known", {})
        secrets._keep("PLANTED", key)
        data = key.encode()
        texts = [key, quote(key), quote(key, safe=""), quote_plus(key), json.dumps(key)]
        texts += [encode(before + data + after).decode() for encode in (base64.b64encode, base64.urlsafe_b64encode)]
        for text in texts:
            assert "[PLANTED]" in secrets.redacted(f"so {text}.")
