"""Reasons out of files and out of runs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from comity.judge.errors import JudgeError
from comity.judge.judging import wanted
from comity.judge.reason import Reason, checked, reasons_in
from comity.judge.recorded import reasons_of
from comity.judge.scripted import keywords
from comity.judge.taxonomy import PUBLISHED
from comity.llm.request import Completion, Draw, Message, Request
from comity.records.record import Record
from comity.records.store import RunFile
from tests.report.runs import forfeited, records, write_run


def test_columns_go_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    rows = {"id": [1, 2], "text": ["because", "so"], "game": ["chicken", None], "match": pd.array([7, None], "Int64")}
    pd.DataFrame(rows).to_parquet(path)
    one, other = reasons_in(path)
    assert one == Reason("1", "because", "chicken", match="7", rules="The game is called chicken.")
    assert other == Reason("2", "so")


def test_files_that_are_no_reasons(tmp_path: Path) -> None:
    with pytest.raises(JudgeError, match="there is no such file of reasons"):
        reasons_in(tmp_path / "nowhere.parquet")
    pd.DataFrame({"id": [1]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(JudgeError, match="reasons need a column 'text'; there are: id"):
        reasons_in(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_text("no")
    with pytest.raises(JudgeError, match="cannot be read as Parquet"):
        reasons_in(tmp_path / "b.parquet")


def test_the_published_sample_is_read(shared_data: Path) -> None:
    found = list(checked(reasons_in(shared_data / "coopeval" / "reasoning_sample.parquet"), "game", "sample"))
    assert len(found) == 3_000
    assert all(reason.game and reason.mechanism and reason.agent and len(reason.text) >= 80 for reason in found)
    matches = {reason.match for reason in found}
    assert 2_000 < len(matches) < 3_000
    assert all("/" in match for match in matches)
    assert len(wanted((), found, ["keywords"], 1)) == 3_000


@pytest.mark.slow
def test_the_published_sample_is_labelled_by_keywords(shared_data: Path) -> None:
    found = reasons_in(shared_data / "coopeval" / "reasoning_sample.parquet")
    judge = keywords(PUBLISHED)
    shares = pd.DataFrame([dict.fromkeys(judge.rule(reason.text), 1) for reason in found]).fillna(0).mean()
    assert shares["equilibrium"] > 0.5 > shares["reciprocity"] > shares["rivalry"]
    by_mechanism = {
        name: sum("reciprocity" in judge.rule(reason.text) for reason in found if reason.mechanism == name)
        / sum(reason.mechanism == name for reason in found)
        for name in ("Repetition", "NoMechanism")
    }
    assert by_mechanism["Repetition"] > 3 * by_mechanism["NoMechanism"]


REQUEST = Request("test:model", (Message("system", "You play."), Message("user", "What do you do?")))
AGAIN = Request("test:model", (Message("system", "You play."), Message("user", "What do you do? Again.")))


def with_calls(folder: Path, played: list[Record]) -> Path:
    """A run in which "turncoat" was a model: asked twice at its first decision, and its first answer was bad."""
    write_run(folder, played)
    with RunFile.open(folder, writable=True) as run:
        for record in played:
            for slot, agent in enumerate(record.match.agents):
                key = record.match.key(run.header.seed)
                if agent == "turncoat":
                    run.keep_call(REQUEST, Draw(key, 0, slot, agent, 0), Completion("What?"))
                    run.keep_call(AGAIN, Draw(key, 0, slot, agent, 1), Completion(f"I explain {record.match.index}"))
    return folder


def test_the_reasons_of_a_run_are_the_answers_that_were_read(tmp_path: Path) -> None:
    played = [record for record in records() if record.match.cell.mechanism_label in ("none", "repetition")]
    broken = next(record for record in played if record.match.agents[0] == "turncoat")
    played = [forfeited(record) if record is broken else record for record in played]
    with RunFile.open(with_calls(tmp_path, played)) as run:
        found = list(reasons_of(run, "action"))
        assert {reason.agent for reason in found} == {"turncoat"}
        seats = sum(record.match.agents.count("turncoat") for record in played if record.status == "finished")
        assert len(found) == len({reason.id for reason in found}) == seats
        assert str(broken.match.index) not in {reason.match for reason in found}
        one = found[0]
        assert one.text == f"I explain {one.match}"
        assert one.prompt == "You play.\n\nWhat do you do?"
        assert one.id.startswith(f"{one.match}.0.")
        assert one.payoffs.startswith("In the whole match the player got ")
        assert one.action in ("cooperate", "contribute", "heads")
        assert "\n" in one.rules or one.rules.endswith(".")
        assert list(checked(found, "action", "a run")) == found
        assert not any(reason.prompt for reason in reasons_of(run, "game"))


def test_a_run_of_scripts_has_no_reasons(whole_run: Path) -> None:
    with RunFile.open(whole_run) as run, pytest.raises(JudgeError, match="no language model has played"):
        list(reasons_of(run, "reason"))


@pytest.fixture
def whole_run(tmp_path: Path) -> Path:
    return write_run(tmp_path, records()[:5])
