"""Models that are asked what they expect, as players and as observers, over real HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.core.match import replaying
from comity.core.space import Lottery
from comity.llm.fake import serving
from comity.llm.fake.server import FakeProvider
from comity.metrics.predictions import predictions
from comity.records.record import Record
from comity.records.store import RunFile
from comity.records.tables import tables
from comity.runs.estimate import estimate
from comity.runs.plan import read_plan
from tests.commands import called
from tests.models.studies import decisions, found, playing, strange, written

pytestmark = pytest.mark.slow

PLAYED = {
    "choice": "best_reply_to_prediction",
    "lottery": 'composed(act="alternate", predict="uniform")',
    "token": 'composed(predict="pattern")',
}
"""The strategy behind each label."""

FORMS = {
    "choice": "reasoning = true",
    "lottery": 'form = "lottery", structured = true',
    "token": 'form = "token", reasoning = false',
}


def agents(provider: FakeProvider) -> str:
    """The agents of a plan, each asked in a form of its own; all can be told by one letter."""
    return ", ".join(
        f'{{label = "{label}", name = "model", model = \'openai-chat:{PLAYED[label]}\', '
        f'base_url = "{provider.url_openai}", key = "OPENAI_API_KEY", tagged = true, max_tokens = 300, {form}}}'
        for label, form in FORMS.items()
    )


def plan(provider: FakeProvider, mechanism: str) -> str:
    return f"""
name = "predicting"
seed = 4
games = ["battle_of_the_sexes"]
mechanisms = [{mechanism}]
agents = [{agents(provider)}]
"""


PLAYERS = (
    '{stack = [{name = "prediction", public = true}, {name = "belief", about = "errs"}, '
    '{name = "repetition", rounds = 3, memory = "all"}]}'
)
MOVES = '[["ballet", "ballet"], ["fight", "ballet"], ["ballet", "fight"]]'
OBSERVERS = f'{{name = "observation", moves = {MOVES}}}'


@pytest.mark.parametrize("mechanism", [PLAYERS, OBSERVERS], ids=["players", "observers"])
def test_predictions_are_asked_answered_counted_and_scored(tmp_path: Path, mechanism: str) -> None:
    with serving(playing()) as provider:
        path = written(tmp_path, plan(provider, mechanism))
        expected = estimate(read_plan(path))
        ended = called(["run", str(path), "--out", str(tmp_path / "run"), "--workers", "1"])
        assert ended.returncode == 0, ended.stderr
    run = found(tmp_path / "run")
    assert run.causes == set()
    assert run.calls == decisions(run.records) == expected.total.calls.mean
    assert list(strange(run.records, PLAYED, draws={"token", "lottery"})) == []
    stated = {agent for record in run.records for agent in _stated(record)}
    assert "lottery" in stated
    with RunFile.open(tmp_path / "run") as file:
        scored = predictions(tables(file.records()), file.cells())
        texts = [call.request.messages[1].text for call in file.calls()]
    assert len(scored) == (3 * 9 * 2 if mechanism == PLAYERS else 3 * 3)
    assert scored[scored["agent"] == "lottery"]["brier"].tolist() == pytest.approx(
        [0.25] * (scored["agent"] == "lottery").sum()
    )
    asked = [text for text in texts if "Which action do you expect player" in text]
    assert len(asked) == len(scored)
    if mechanism == OBSERVERS:
        assert all("You are an observer." in text for text in texts)
    else:
        assert all("sometimes makes mistakes." in text for text in texts)
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert f"Predictions of {'players' if mechanism == PLAYERS else 'observers'}" in page


def _stated(record: Record) -> set[str]:
    """Who stated a lottery over predictions in the match."""
    who = set()
    for step, match in enumerate(replaying(record.match.cell.built, record.choices)):
        for slot, decision in enumerate(match.pending):
            if decision.kind == "predict" and isinstance(record.lotteries.get((step, slot)), Lottery):
                who.add(record.match.agents[decision.player])
    return who
