"""Networks of models over HTTP: all nodes are asked at once, and what cannot be read is missing and no move."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from comity.judge.recorded import reasons_of
from comity.llm.fake import Answered, Asked, FakeProvider, Latency, serving
from comity.mechanisms.personas import personas_of
from comity.records.check import check
from comity.records.record import Record
from comity.records.store import RunFile
from comity.records.tables import tables
from comity.runs.plan import parsed_plan
from comity.runs.run import run
from comity.studies.network import NETWORK
from comity.studies.study import Roster
from tests.models.studies import found, playing

pytestmark = pytest.mark.slow

MOODY = "moody(linear=true, first=1, intercept=-2, mood=0, slope=4, mood_slope=0)"
SMALL = {"size = [6, 6]": "size = [4, 4]", "rounds = 6": "rounds = 3", "replicates = 2": "replicates = 1"}


def model(provider: FakeProvider, strategy: str, label: str, **fields: Any) -> dict[str, Any]:
    return {
        "label": label,
        "name": "model",
        "model": f"openai-chat:{strategy}",
        "base_url": provider.url_openai,
        "key": "OPENAI_API_KEY",
        "tagged": True,
        "seed": 7,
        **fields,
    }


def plan_of(roster: Roster, part: str, more: str = "") -> str:
    text = NETWORK.plan(roster, part=part)
    for old, new in SMALL.items():
        text = text.replace(old, new)
    return text + more


def records(folder: Path, roster: Roster, part: str = "selection", more: str = "") -> tuple[Record, ...]:
    run(parsed_plan(plan_of(roster, part, more)), folder)
    return found(folder).records


def choices(played: tuple[Record, ...]) -> list[Any]:
    return [(one.match.index, one.choices, one.payoffs, one.misses) for one in played]


def test_all_nodes_are_asked_at_once(tmp_path: Path) -> None:
    with serving(playing(latency=Latency(0.2))) as provider:
        roster = [model(provider, "tit_for_tat", "it")]
        begun = monotonic()
        [played] = records(tmp_path / "run", roster, more="\n[calls]\nin_flight = 100\n")
        took = monotonic() - begun
        assert provider.account.peak == 16
    assert played.status == "finished"
    assert found(tmp_path / "run").calls == 48
    assert took < 16 * 3 * 0.2 / 2  # one after another they would take 9.6 s


@pytest.mark.parametrize("part", ["hybrid", "perturbations"])
def test_models_play_as_the_scripts_behind_them(part: str, tmp_path: Path) -> None:
    """Coins sit beside them in some parts, and are drawn alike; orders, labels and words change nothing."""
    with serving(playing()) as provider:
        roster = [model(provider, MOODY, "it", reasoning=False)]
        over_http = records(tmp_path / "http", roster, part)
    scripts: Roster = [
        {"label": "it", "name": "moody", "linear": True, "first": 1, "intercept": -2, "mood": 0, "slope": 4}
        | {"mood_slope": 0}
    ]
    scripted = {one.match.key(12): one for one in records(tmp_path / "script", scripts, part)}
    compared = [one for one in over_http if one.match.key(12) in scripted]
    assert len(compared) == len(scripted)
    assert all(one.status == "finished" for one in compared)
    if part == "hybrid":  # everybody else cooperates for ever, so only there is something to answer
        assert len({action for one in compared for batch in one.choices for action in batch}) == 2
    assert [one.choices for one in compared] == [scripted[one.match.key(12)].choices for one in compared]


def test_people_beside_models_are_the_people_that_scripts_would_meet(tmp_path: Path) -> None:
    """Who sits in a seat is drawn from the match and the seat, however the match is driven."""
    mixed = 'kind = "populations"\npopulations = [{label = "x", shares = {it = 0.5, people = 0.5}}]'
    people: dict[str, Any] = {"label": "people", "name": "moody", "spread": 2.0}
    script: dict[str, Any] = {"label": "it", "name": "tit_for_tat"}
    with serving(playing()) as provider:
        rosters: dict[str, Roster] = {
            "http": [model(provider, "tit_for_tat", "it"), people],
            "script": [script, people],
        }
        for name, roster in rosters.items():
            text = plan_of(roster, "selection").replace('kind = "alike"', mixed)
            run(parsed_plan(text), tmp_path / name)
    [over_http], [scripted] = (found(tmp_path / name).records for name in rosters)
    assert over_http.lotteries == scripted.lotteries
    assert over_http.choices == scripted.choices
    assert len({lottery.probabilities for (step, _), lottery in scripted.lotteries.items() if step == 0}) == 8


def test_an_answer_that_cannot_be_read_is_missing_and_the_others_go_on(tmp_path: Path) -> None:
    with serving(playing()) as provider:
        brain = provider.brain

        def silent(asked: Asked) -> Answered:
            return Answered("I would rather not say.") if asked.model == "grim" else brain(asked)

        provider.brain = silent
        roster = [model(provider, "tit_for_tat", "it", re_asks=1), model(provider, "grim", "silent", re_asks=1)]
        text = plan_of(roster, "selection").replace(
            'kind = "alike"', 'kind = "populations"\npopulations = [{label = "x", shares = {it = 0.75, silent = 0.25}}]'
        )
        run(parsed_plan(text), tmp_path / "run")
    [played] = found(tmp_path / "run").records
    silent_nodes = {node for node, agent in enumerate(played.match.agents) if agent == "silent"}
    assert played.status == "finished"
    assert len(silent_nodes) == 4
    assert {(miss.step, miss.player) for miss in played.misses} == {(s, n) for s in range(3) for n in silent_nodes}
    assert {miss.cause for miss in played.misses} <= {"refusal", "malformed"}
    for batch in played.choices:
        assert {node for node, action in enumerate(batch) if action is None} == silent_nodes
        assert {action for action in batch if action is not None} == {"cooperate"}
    with RunFile.open(tmp_path / "run") as file:
        assert list(check(file)) == []
        plays = tables(file.records()).plays
    of_silent = plays[plays["agent"] == "silent"]
    assert of_silent["action"].isna().all()
    assert of_silent["cooperated"].isna().all()
    assert plays[plays["agent"] == "it"]["cooperated"].eq(True).all()


def test_reasons_are_read_with_what_a_node_was_told(tmp_path: Path) -> None:
    with serving(playing()) as provider:
        played = records(tmp_path / "run", [model(provider, "tit_for_tat", "it")], "personas")
    with RunFile.open(tmp_path / "run") as file:
        reasons = list(reasons_of(file, "prompt"))
    assert len(reasons) == 16 * 3 * len(played)
    told = [one for one in played if one.match.cell.mechanism_label == "gender"]
    assert len(told) == 1
    assert sorted(personas_of(told[0].match.cell.built, told[0].choices)) == ["man"] * 8 + ["woman"] * 8
