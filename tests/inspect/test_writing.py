"""A run as a log of Inspect: every seat and every question is in it, and it can be played again."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from math import isnan
from pathlib import Path

import pytest

pytest.importorskip("inspect_ai", reason="needs Inspect: install comity[inspect]")

from inspect_ai.analysis import EventInfo, ModelEventColumns, events_df, samples_df
from inspect_ai.event import Event, InfoEvent, ModelEvent, SpanBeginEvent
from inspect_ai.log import EvalLog, EvalSample, list_eval_logs, read_eval_log

import comity.cli.inspecting  # noqa: F401 (adds its commands)
from comity.core.decision import NATURE
from comity.core.errors import NoAnswer
from comity.core.match import replaying
from comity.inspect.reading import import_eval
from comity.inspect.writing import write_eval
from comity.llm.request import Completion, Draw, Message, Request, Settings, Usage
from comity.records.record import Record
from comity.records.spec import MatchSpec
from comity.records.store import Header, RunError, RunFile
from comity.runs.design import Plan
from comity.runs.drive import playing
from comity.runs.plan import parsed_plan
from comity.runs.run import run
from tests.commands import called

pytestmark = pytest.mark.slow

SCRIPTED = """
name = "scripted"
seed = 7
games = ["prisoners_dilemma", "public_goods"]
mechanisms = ["none", {name = "repetition", rounds = 3}, "mediation"]
agents = ["always_defect", {label = "coin", name = "random"}]
"""

ASKED = """
name = "asked"
seed = 3
games = ["prisoners_dilemma"]
mechanisms = [{name = "repetition", rounds = 2}]
agents = [{name = "model", label = "gpt", model = "openai:gpt-5.2"}, "tit_for_tat"]
"""


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of scripts, with the log of it."""
    folder = tmp_path_factory.mktemp("scripted")
    run(parsed_plan(SCRIPTED), folder, workers=1)
    with RunFile.open(folder) as file:
        write_eval(file, folder / "run.eval")
    return folder


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run in which a model was asked, with the log of it; its last match is forfeited."""
    folder = tmp_path_factory.mktemp("asked")
    plan = parsed_plan(ASKED)
    header = Header(plan.name, "plan", ASKED, plan.seed, plan.agents, plan.n_matches)
    with RunFile.create(folder, header) as file:
        for spec in plan.matches():
            file.append([answered(file, plan, spec, fails=spec.index == plan.n_matches - 2)])
        write_eval(file, folder / "run.eval")
    return folder


def answered(file: RunFile, plan: Plan, spec: MatchSpec, *, fails: bool) -> Record:
    """The match, played as if a model had answered; where it fails it is asked twice at its first decision."""
    asking, step = playing(spec, plan.seed), 0
    try:
        decisions = next(asking)
        while True:
            answers = []
            for slot, decision in enumerate(decisions):
                who = spec.agents[decision.player]
                if who == "gpt":
                    for ask in range(2 if fails else 1):
                        draw = Draw(spec.key(plan.seed), step, slot, who, ask)
                        file.keep_call(request(f"{spec.index} {step} {slot}", ask), draw, completion(ask))
                answers.append(NoAnswer("it will not say", "refusal") if fails and who == "gpt" else "cooperate")
            decisions, step = asking.send(answers), step + 1
    except StopIteration as end:
        record: Record = end.value
        return record


def request(which: str, ask: int) -> Request:
    messages = (Message("system", "You play."), Message("user", f"Question {which}, asked {ask + 1} times"))
    return Request("openai:gpt-5.2", messages, Settings(temperature=0.3, effort="low"))


def completion(ask: int) -> Completion:
    return Completion(
        text='{"answer": "cooperate"}',
        reasoning="It pays.",
        served="gpt-5.2-2026",
        usage=Usage(input=100, cached=60, output=20, reasoning=15),
        seconds=1.5,
        attempts=2,
        cost=0.001,
        identifier=f"r-{ask}",
        at=1_700_000_000.0,
    )


def log_in(folder: Path) -> EvalLog:
    return read_eval_log((folder / "run.eval").as_posix(), resolve_attachments=True)


def samples_in(folder: Path) -> list[EvalSample]:
    samples = log_in(folder).samples
    assert samples
    return samples


def records_in(folder: Path) -> list[Record]:
    with RunFile.open(folder) as file:
        return list(file.records())


def calls_of(sample: EvalSample) -> list[ModelEvent]:
    return [event for event in sample.events if isinstance(event, ModelEvent)]


def decided(record: Record) -> Iterator[tuple[int, int, int]]:
    """(step, slot, player) of every decision of a player in the record."""
    for step, match in enumerate(replaying(record.match.cell.built, record.choices)):
        if step < len(record.choices):
            yield from (
                (step, slot, decision.player)
                for slot, decision in enumerate(match.pending)
                if decision.player != NATURE
            )


def test_every_decision_of_every_seat_is_an_event(scripted: Path) -> None:
    for sample, record in zip(samples_in(scripted), records_in(scripted), strict=True):
        places = list(decided(record))
        events = calls_of(sample)
        assert [(event.metadata or {})["step"] for event in events] == [step for step, _, _ in places]
        for event, (step, slot, player) in zip(events, places, strict=True):
            assert event.metadata
            choice = record.choices[step][slot]
            assert event.metadata["choice"] == json.loads(json.dumps(choice))
            assert event.metadata["asked"] is False
            assert f"You are player {player + 1}." in event.input[-1].text
            assert event.model == f"scripted/{record.match.agents[player]}"
            assert str(event.role).startswith(record.match.agents[player])


def test_a_stated_lottery_is_told(scripted: Path) -> None:
    coins = [event for sample in samples_in(scripted) for event in calls_of(sample) if event.model == "scripted/coin"]
    acts = [event.metadata["lottery"] for event in coins if event.metadata and "lottery" in event.metadata]
    assert acts
    assert all(sum(p for _, p in lottery) == pytest.approx(1) for lottery in acts)


def test_chance_is_told(scripted: Path) -> None:
    told = 0
    for sample, record in zip(samples_in(scripted), records_in(scripted), strict=True):
        drawn = [
            {"kind": decision.kind, "drawn": choice}
            for match, choices in zip(replaying(record.match.cell.built, record.choices), record.choices, strict=False)
            for decision, choice in zip(match.pending, choices, strict=True)
            if decision.player == NATURE
        ]
        assert [event.data for event in sample.events if isinstance(event, InfoEvent)] == drawn
        told += len(drawn)
    assert told


def test_spans_hold_the_calls_of_one_seat(scripted: Path) -> None:
    for sample in samples_in(scripted):
        spans = {event.id: event.name for event in sample.events if isinstance(event, SpanBeginEvent)}
        assert all(spans[str(event.span_id)] == event.role for event in calls_of(sample))


@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame:DeprecationWarning")  # raised by Inspect's tables
def test_inspects_tables_have_every_row(scripted: Path) -> None:
    path = (scripted / "run.eval").as_posix()
    records = records_in(scripted)

    def is_call(event: Event) -> bool:
        return event.event == "model"

    events = events_df(path, columns=[*EventInfo, *ModelEventColumns], filter=is_call, quiet=True)
    assert len(events) == sum(1 for record in records for _ in decided(record))
    roles = Counter((record.match.index, player) for record in records for _, _, player in decided(record))
    assert len(events.groupby(["sample_id", "model_event_role"])) == len(roles)
    samples = samples_df(path, quiet=True)
    assert len(samples) == len(records)
    assert list(samples["metadata_mechanism"]) == [record.match.cell.mechanism_label for record in records]


def test_inspects_listing_finds_it(scripted: Path) -> None:
    [found] = list_eval_logs(scripted.as_posix())
    assert found.name.endswith("/run.eval")
    assert log_in(scripted).status == "success"


def test_scores_are_those_of_the_record(scripted: Path) -> None:
    for sample, record in zip(samples_in(scripted), records_in(scripted), strict=True):
        assert sample.scores
        value = sample.scores["payoff"].value
        assert isinstance(value, dict)
        paid = [x for x in value.values() if isinstance(x, float) and not isnan(x)]
        assert paid == list(record.payoffs)


def test_what_was_exported_can_be_read_back(scripted: Path, tmp_path: Path) -> None:
    import_eval([scripted / "run.eval"], tmp_path / "again")
    with RunFile.open(scripted) as first, RunFile.open(tmp_path / "again") as again:
        assert again.digest() == first.digest()


def test_what_a_model_was_asked_and_answered_stands_as_it_was_kept(asked: Path) -> None:
    sample = samples_in(asked)[1]
    assert sample.metadata["players"] == ["gpt", "tit_for_tat"]
    first, script, *_ = calls_of(sample)
    assert (first.model, first.role, first.retries) == ("openai/gpt-5.2", "gpt", 1)
    assert [message.text for message in first.input] == ["You play.", "Question 1 0 0, asked 1 times"]
    assert first.output.completion == '{"answer": "cooperate"}'
    assert first.output.model == "gpt-5.2-2026"
    assert (first.config.temperature, first.config.reasoning_effort) == (0.3, "low")
    assert first.output.usage
    assert (first.output.usage.input_tokens, first.output.usage.input_tokens_cache_read) == (40, 60)
    assert (first.output.usage.total_tokens, first.output.usage.total_cost) == (120, 0.001)
    assert (script.model, script.role) == ("scripted/tit_for_tat", "tit_for_tat")
    assert [(event.metadata or {})["asked"] for event in (first, script)] == [True, False]
    assert sample.role_usage["gpt"].total_tokens == 2 * 120
    assert sample.model_usage["openai/gpt-5.2"].output_tokens == 2 * 20


def test_one_model_in_two_seats_keeps_two_roles(asked: Path) -> None:
    sample = samples_in(asked)[0]
    assert Counter(event.role for event in calls_of(sample)) == {"gpt (1)": 2, "gpt (2)": 2}
    assert {event.input[-1].text for event in calls_of(sample) if event.role == "gpt (2)"} == {
        "Question 0 0 1, asked 1 times",
        "Question 0 1 1, asked 1 times",
    }


def test_a_forfeited_match_shows_every_ask_and_is_not_scored(asked: Path) -> None:
    [sample] = [sample for sample in samples_in(asked) if sample.metadata["status"] == "forfeited"]
    assert [event.input[-1].text for event in calls_of(sample)] == [
        "Question 2 0 1, asked 1 times",
        "Question 2 0 1, asked 2 times",
    ]
    assert not any((event.metadata or {}).get("choice") for event in calls_of(sample))
    assert sample.scores
    assert {score.reason for score in sample.scores.values()} == {"refusal"}
    assert any(isinstance(event, InfoEvent) and event.source == "failure" for event in sample.events)


def test_the_same_run_is_written_the_same(scripted: Path, tmp_path: Path) -> None:
    with RunFile.open(scripted) as file:
        write_eval(file, tmp_path / "run.eval")
    again = read_eval_log((tmp_path / "run.eval").as_posix()).model_dump(exclude={"location", "etag"})
    first = read_eval_log((scripted / "run.eval").as_posix()).model_dump(exclude={"location", "etag"})
    assert json.dumps(again, default=str) == json.dumps(first, default=str)


def test_what_cannot_be_written_is_refused(scripted: Path, tmp_path: Path) -> None:
    with RunFile.open(scripted) as file:
        with pytest.raises(RunError, match="is there already"):
            write_eval(file, scripted / "run.eval")
        with pytest.raises(RunError, match=r"ends in \.eval"):
            write_eval(file, tmp_path / "run.json")
        with pytest.raises(RunError, match="5 at most"):
            write_eval(file, tmp_path / "run.eval", most=5)


def test_the_commands(scripted: Path, tmp_path: Path) -> None:
    log, again = tmp_path / "logs" / "run.eval", tmp_path / "again"
    exported = called(["inspect", "export", str(scripted), "--to", str(log)])
    assert (exported.returncode, exported.stderr) == (0, "")
    assert exported.stdout == f"{log}: {len(records_in(scripted))} matches\n"
    imported = called(["inspect", "import", str(log), "--out", str(again)])
    assert (imported.returncode, imported.stderr) == (0, "")
    assert called(["replay", str(again)]).returncode == 0
    refused = called(["inspect", "export", str(scripted), "--to", str(log)])
    assert refused.returncode == 2
    assert "is there already" in refused.stderr


def test_without_inspect_it_is_said_what_is_missing(scripted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    found = called(["inspect", "export", str(scripted), "--to", "x.eval"])
    assert found.returncode == 2
    assert "install comity[inspect]" in found.stderr
