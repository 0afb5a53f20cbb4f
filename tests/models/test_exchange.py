"""Exchanges played over HTTP: what is asked, answered, killed, and made for a model, comes to what scripts come to."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from comity.llm.fake import Asked, FakeProvider, Faults, Latency, serving
from comity.records.record import Record
from comity.records.store import RunFile
from comity.runs.estimate import estimate
from comity.runs.plan import parsed_plan
from comity.runs.run import run
from tests.models.commanded import started
from tests.models.studies import found, playing, written

pytestmark = [pytest.mark.slow]

FIELDS = "agents = 4, rounds = 4, pieces = 16, per_task = 2"
CLEAN = [f'{{label = "world {n}", name = "exchange", world = {n}, {FIELDS}}}' for n in (1, 2)]
LOOSE = (
    f'{{label = "loose", name = "exchange", {FIELDS}, schedule = "sequential", unsolicited = true, falsifiable = true}}'
)
STRATEGIES = (
    "exchanger",
    "exchanger(answers=0.5)",
    "exchanger(answers=0.5, once=true)",
    "exchanger(forgets=0.4, misreads=0.2)",
    'exchanger(asks="public", reciprocal=true)',
    "exchanger(lies=true, pushes=true)",
)
FORMS = ("", "reasoning = false", "structured = true", "structured = true, reasoning = false", 'form = "lottery"')


def plan_of(provider: FakeProvider | None, agent: str = "", strategy: str = "exchanger", calls: str = "") -> str:
    """Every world under a few conditions, played by copies of one model, or of the script itself."""
    if provider is None:
        who = f"{{label = 'it', {script(strategy)}}}"
    else:
        who = (
            f"{{label = 'it', name = 'model', model = 'openai-chat:{strategy}', base_url = '{provider.url_openai}',"
            f" key = 'OPENAI_API_KEY', tagged = true, seed = 7{agent and ', '}{agent}}}"
        )
    return f"""
name = "exchange"
seed = 3
games = [{", ".join([*CLEAN, LOOSE])}]
mechanisms = [
  "none",
  {{name = "automation", sides = ["request"]}},
  {{name = "visibility", hide = ["receipts", "memory"]}},
]
agents = [{who}]
[matching]
kind = "alike"
[calls]
{calls}
"""


def script(strategy: str) -> str:
    name, _, fields = strategy.removesuffix(")").partition("(")
    return f'name = "{name}"{fields and ", "}{fields}'


def records(folder: Path, plan: str) -> tuple[Record, ...]:
    run(parsed_plan(plan), folder)
    return found(folder).records


def choices(played: tuple[Record, ...]) -> list[Any]:
    assert all(record.status == "finished" for record in played)
    return [(record.match.index, record.choices, record.payoffs) for record in played]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_strategy_behind_the_wire_plays_as_the_strategy_itself(strategy: str, tmp_path: Path) -> None:
    with serving(playing()) as provider:
        over_http = records(tmp_path / "http", plan_of(provider, strategy=strategy))
    scripted = records(tmp_path / "script", plan_of(None, strategy=strategy))
    assert len(scripted) == 9
    assert choices(over_http) == choices(scripted)
    assert any(record.payoffs and sum(record.payoffs) for record in scripted)


@pytest.mark.parametrize("form", FORMS)
def test_the_form_of_the_answers_changes_nothing(form: str, tmp_path: Path) -> None:
    with serving(playing()) as provider:
        over_http = records(tmp_path / "http", plan_of(provider, form, STRATEGIES[1]))
    assert choices(over_http) == choices(records(tmp_path / "script", plan_of(None, strategy=STRATEGIES[1])))


def test_who_remembers_is_refused_by_the_provider(tmp_path: Path) -> None:
    with serving(playing()) as provider, pytest.raises(Exception, match="an exchanger that waits remembers"):
        run(parsed_plan(plan_of(provider, strategy="exchanger(waits=2)")), tmp_path / "run")


def test_faults_that_can_be_cured_change_nothing_and_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    faults = Faults({"wrong_schema": 0.05, "empty_text": 0.05, "rate_limit": 0.05, "reset_during": 0.02})
    with serving(playing(faults=faults, seed=5)) as provider:
        over_http = records(tmp_path / "http", plan_of(provider, "re_asks = 8"))
    assert choices(over_http) == choices(records(tmp_path / "script", plan_of(None)))
    with RunFile.open(tmp_path / "http") as file:
        again = sum(call.draw.ask > 0 for call in file.calls())
        assert again > 20


def test_nobody_is_called_for_what_is_made_for_a_model(tmp_path: Path) -> None:
    asked = list[str]()
    with serving(playing()) as provider:
        brain = provider.brain

        def answer(question: Asked) -> Any:
            asked.append(question.messages[-1].text)
            return brain(question)

        provider.brain = answer
        assisted = records(
            tmp_path / "http", plan_of(provider, 'assists = ["share", "submit"]', "exchanger(answers=0)")
        )
    own = [text for text in asked if "Which pieces do you share" in text or "Which tasks do you hand in" in text]
    assert asked
    assert own == []
    clean = [record for record in assisted if record.match.cell.game_label != "loose"]
    perfect = [
        record for record in records(tmp_path / "script", plan_of(None)) if record.match.cell.game_label != "loose"
    ]
    assert choices(tuple(clean)) == choices(tuple(perfect))


def test_assists_for_every_phase_leave_whole_turns_to_the_model(tmp_path: Path) -> None:
    with serving(playing()) as provider:
        records(tmp_path / "http", plan_of(provider, 'assists = ["request", "share", "submit"]'))
    with RunFile.open(tmp_path / "http") as file:
        prompts = [call.request.messages[-1].text for call in file.calls()]
    assert prompts
    assert all("What do you do in this turn?" in text for text in prompts)


def test_an_estimate_counts_the_calls_that_are_made(tmp_path: Path) -> None:
    with serving(playing()) as provider:
        text = plan_of(provider)
        told = estimate(parsed_plan(text))
        records(tmp_path / "http", text)
    with RunFile.open(tmp_path / "http") as file:
        calls = list(file.calls())
    assert told.fixed
    assert told.total.calls.mean == len(calls) == told.total.shared.prompts
    characters = sum(
        len(message.text.split("\n\n<comity-decision>")[0]) for call in calls for message in call.request.messages
    )
    assert told.total.input.low <= characters / 4 <= told.total.input.high


@dataclass(frozen=True)
class Left:
    """A run as it was left, or ended."""

    calls: int
    distinct: int


def left(folder: Path) -> Left:
    with RunFile.open(folder) as file:
        draws = [call.draw for call in file.calls()]
    return Left(len(draws), len(set(draws)))


@pytest.mark.timeout(300)
def test_killed_inside_a_match_it_ends_as_it_would_have_ended(tmp_path: Path) -> None:
    undisturbed = choices(records(tmp_path / "script", plan_of(None)))
    with serving(playing(latency=Latency(0.03))) as provider:
        path = written(tmp_path / "killed", plan_of(provider, calls="in_flight = 8"))
        process = started(path)
        while provider.account.completed.total() < 150 and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        before = left(tmp_path / "killed" / "run")
        assert 100 < before.calls < 1_000
        process = started(path)
        said = process.communicate(timeout=240)
        assert process.returncode == 0, said
    after = left(tmp_path / "killed" / "run")
    assert after.calls == after.distinct
    assert choices(found(tmp_path / "killed" / "run").records) == undisturbed
