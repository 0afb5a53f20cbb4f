"""Models that are told a game in every way at once still play their strategies, and the record says how it was told."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from comity.core.decision import NATURE
from comity.core.match import replaying
from comity.llm.fake import serving
from comity.mechanisms.presentation import FACTORS, Presentation
from comity.records.record import Record
from comity.records.store import RunFile
from comity.words.wordings import standard
from tests.commands import called
from tests.models.studies import found, playing, strange, written

pytestmark = pytest.mark.slow

PLAYED = {"reasons": "tit_for_tat", "lottery": "random(p=0.3)", "token": "grim", "schema": "win_stay_lose_shift"}
FORMS = {
    "reasons": "",
    "lottery": 'form = "lottery", structured = true,',
    "token": 'form = "token", reasoning = false,',
    "schema": 'structured = true, wording = "terse",',
}
FACTORS_DRAWN = ", ".join(f'{factor} = "random"' for factor in FACTORS)


def plan(url: str) -> str:
    agents = ", ".join(
        f'{{label = "{label}", name = "model", model = "openai-chat:{PLAYED[label]}", base_url = "{url}",'
        f' {FORMS[label]} key = "OPENAI_API_KEY", tagged = true, max_tokens = 300}}'
        for label in PLAYED
    )
    repeated = '{name = "repetition", rounds = 3}'
    presented = f'{{name = "presentation", {FACTORS_DRAWN}}}'
    return f"""
name = "told"
seed = 4
games = ["prisoners_dilemma", "trust_game_sequential"]
mechanisms = [
  {{label = "drawn", stack = [{repeated}, {presented}]}},
  {{label = "given", stack = [{repeated}, {{name = "presentation", labels = ["J", "F"], question = "reversed"}}]}},
]
agents = [{agents}]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("presented")
    with serving(playing()) as provider:
        path = written(folder, plan(provider.url_openai))
        estimated = called(["estimate", str(path)])
        assert estimated.returncode == 0, estimated.stderr
        ended = called(["run", str(path), "--out", str(folder / "run"), "--no-report"])
        assert ended.returncode == 0, ended.stderr
    return folder / "run"


def test_everybody_plays_its_strategy_however_the_game_is_told(run: Path) -> None:
    one = found(run)
    assert one.causes == set()
    assert len(one.records) == 2 * 2 * 16
    assert list(strange(one.records, PLAYED, draws={"token"})) == []


def test_a_run_is_replayed(run: Path) -> None:
    replayed = called(["replay", str(run)])
    assert (replayed.returncode, replayed.stdout) == (0, "64 matches replayed, every outcome the same\n")


def test_the_level_of_every_factor_stands_in_the_record(run: Path, tmp_path: Path) -> None:
    assert called(["export", str(run), "--to", str(tmp_path)]).returncode == 0
    table = pd.read_parquet(tmp_path / "decisions.parquet")
    drawn = table[(table["agent"] == "nature") & table["kind"].isin(FACTORS)]
    matches = drawn["match"].nunique()
    assert matches == 32
    counts = drawn.groupby("kind")["match"].count()
    assert counts["labels"] == 2 * matches
    assert set(counts.drop("labels")) == {matches}
    assert set(counts.index) == set(FACTORS)


def test_prompts_are_told_by_the_levels_in_force(run: Path) -> None:
    """Whatever was drawn is what the model was shown, and all seats of a match were shown the same."""
    with RunFile.open(run) as file:
        calls, records = list(file.calls()), list(file.records())
    shown: dict[int, list[str]] = {}
    for call in calls:
        prompt, _, _ = call.request.messages[1].text.partition("<comity-decision>")
        shown.setdefault(call.draw.key, []).append(prompt)
    for record in records:
        levels, texts = in_force(record), shown[record.match.key(4)]
        language = {"german": "german"}.get(levels.language, "plain")
        unit = standard(language).units[levels.unit][1]
        for text in texts:
            assert all(re.search(rf"\b{label}\b", text) for _, label in levels.labels)
            assert not re.search(r"\b(cooperate|defect|kooperieren|defektieren)\b", text)
            assert unit in text
            assert ("Kochwettbewerb" in text or "cooking contest" in text) == (levels.story == "cooking")
    told = [in_force(record) for record in records]
    assert {levels.unit for levels in told} == set(FACTORS["unit"])
    assert {levels.language for levels in told} == {"", *FACTORS["language"]}


def in_force(record: Record) -> Presentation:
    """The presentation that the players of a match were shown."""
    for match in replaying(record.match.cell.built, record.choices):
        for decision in match.pending:
            if decision.player != NATURE:
                presentation = decision.fact(Presentation)
                assert presentation is not None
                return presentation
    raise AssertionError("nobody was asked anything")
