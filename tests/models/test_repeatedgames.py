"""The repeated-games study over HTTP: what models are asked and answer is what their scripts are asked and do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from comity.llm.fake import serving
from comity.metrics.predictions import predictions
from comity.records.store import RunFile
from comity.records.tables import Tables, tables
from comity.runs.plan import parsed_plan
from comity.runs.run import run
from comity.studies.repeatedgames import REPEATED_GAMES
from tests.models.studies import KEY, playing

pytestmark = pytest.mark.slow

BEHIND = {"shifting": "win_stay_lose_shift", "planner": "best_reply_to_prediction"}


def played(folder: Path, part: str, roster: list[dict[str, Any]]) -> Tables:
    run(parsed_plan(REPEATED_GAMES.plan(roster, part=part, replicates=1)), folder, workers=1)
    with RunFile.open(folder) as file:
        return tables(file.records())


@pytest.mark.parametrize("part", ["battle", "beliefs", "gradation"])
def test_models_do_over_http_what_their_scripts_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with serving(playing()) as provider:
        common = {"name": "model", "base_url": provider.url_openai, "key": "OPENAI_API_KEY", "tagged": True}
        roster = [{"label": label, "model": f"openai-chat:{of}", **common} for label, of in BEHIND.items()]
        asked = played(tmp_path / "models", part, roster)
    done = played(tmp_path / "scripts", part, [{"label": label, "name": of} for label, of in BEHIND.items()])
    assert (asked.matches["status"] == "finished").all()
    keys = ["match", "play", "seat", "agent", "action", "payoff"]
    assert asked.plays[keys].equals(done.plays[keys])
    if part == "battle":
        with RunFile.open(tmp_path / "models") as file:
            cells = {record.match.cell for record in file.records()}
        told = predictions(asked, cells)
        assert set(BEHIND) <= set(told["agent"])
        assert told["right"].notna().all()
