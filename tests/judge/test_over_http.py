"""Judging over real HTTP, by a fake provider with planted accuracy that fails in many ways."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import comity.cli.judging  # noqa: F401  the command registers itself
from comity.core.chance import Address, stream_key
from comity.judge.asking import REASON
from comity.judge.judging import HUMAN, sampled
from comity.judge.keeping import Judged, Judgements
from comity.judge.marks import marks_of
from comity.judge.prevalence import Corrected, prevalences
from comity.judge.reason import Reason, reasons_in
from comity.llm.fake import Answered, Asked, Brain, FakeProvider, Fault, Faults, serving
from tests.commands import called
from tests.judge.test_judging import planted

TAXONOMY = """\
name = "three"
[[labels]]
name = "alpha"
title = "Alpha"
definition = "The player says alpha."
[[labels]]
name = "beta"
title = "Beta"
definition = "The player says beta."
[[labels]]
name = "never"
title = "Never"
definition = "The player says never."
"""
NAMES = ("alpha", "beta", "never")


def answer(text: str, model: str) -> list[str]:
    """What the judge gives: it hits 80 % and spares 90 %, and errs on the same reasons whenever it is asked."""
    key = stream_key(model, text)
    drawn = [Address(key, place, 0).uniform() for place in range(len(NAMES))]
    return [n for n, u in zip(NAMES, drawn, strict=True) if (u < 0.8 if n in text.split() else u >= 0.9)]


def brain() -> Brain:
    def judge(asked: Asked) -> Answered:
        _, found, material = asked.messages[-1].text.partition(f"{REASON}\n")
        if not found:
            return Answered("Fine.")  # whether key and model are accepted is found out first
        text = json.loads(material.split("\n")[0])
        return Answered(json.dumps({"labels": answer(text, asked.model), "confidence": 0.5}))

    return judge


def written(folder: Path, number: int) -> list[Reason]:
    """Reasons with planted labels, in a file beside the taxonomy."""
    every = planted(number)
    pd.DataFrame([{"id": one.id, "text": one.text, "match": one.match} for one in every]).to_parquet(
        folder / "reasons.parquet"
    )
    (folder / "three.toml").write_text(TAXONOMY, encoding="utf-8")
    assert [one.text for one in reasons_in(folder / "reasons.parquet")] == [one.text for one in every]
    return every


def judge(folder: Path, url: str, *more: str) -> str:
    """Judge the file, which must succeed, and give what was printed."""
    files = ["--reasons", str(folder / "reasons.parquet"), "--out", str(folder / "out")]
    settings = ["--taxonomy", str(folder / "three.toml"), "--base-url", url, "--shortest", "1", "--in-flight", "32"]
    ended = called(["judge", *files, *settings, "--model", "openai:judge", *more])
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.slow
def test_the_truth_is_recovered_through_faults(tmp_path: Path) -> None:
    every = written(tmp_path, 300)
    rates: dict[Fault, float] = dict.fromkeys(("rate_limit", "wrong_schema", "refusal", "empty_text"), 0.05)
    faults = Faults({**rates, "truncated_json": 0.02}, retry_after=0.05)
    with serving(FakeProvider(brain(), faults=faults, seed=3)) as provider:
        said = judge(tmp_path, provider.url_openai)
        assert "judged: 300" in said
        served = provider.account.requests
        assert "judged: 0" in judge(tmp_path, provider.url_openai, "--resume")
        assert provider.account.requests == served, "nothing was asked a second time"
    texts = {one.id: one.text for one in every}
    with Judgements.open(tmp_path / "out", writable=True) as file:
        found = list(file.judged())
        assert len(found) == 300
        for one in found:
            if one.labels is not None:
                assert list(one.labels) == answer(texts[one.id], "judge"), "a fault became a label"
        assert sum(one.labels is None for one in found) < 12
        for reason in sampled(every, 150):
            true = tuple(name for name in NAMES if name in reason.text.split())
            file.keep(Judged(reason.id, HUMAN, 1, true))
        corrected = prevalences(marks_of(file), "openai:judge")
    for name in ("alpha", "beta"):
        share, shown = sum(name in text.split() for text in texts.values()) / len(texts), corrected[name]
        assert isinstance(shown, Corrected)
        assert shown.low <= share <= shown.high
