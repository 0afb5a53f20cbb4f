"""The published study as a plan: its games and mechanisms, its roster, and the calls it takes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from comity.agents.model import LanguageModel
from comity.corpora.coopeval.terms import GAMES, MECHANISMS
from comity.llm.endpoint import Price
from comity.records.catalogues import games, mechanisms
from comity.runs.design import Plan
from comity.runs.estimate import Estimate, estimate
from comity.runs.fields import fields_of
from comity.runs.models import Models, models_of
from comity.runs.plan import PlanError, parsed_plan
from comity.runs.spending import Range
from comity.studies.catalogue import STUDIES, study_called
from comity.studies.coopeval import COOPEVAL
from comity.studies.roster import named, read_roster
from comity.studies.study import HEAD, StudyError
from comity.words.render import render_rules
from comity.words.wordings import standard

pytestmark = pytest.mark.slow

TWO_SEATS = {
    "none": 72,
    "repetition": 1_080,
    "reputation_first_order": 180,
    "reputation": 180,
    "mediation": 156,
    "contracting": 228,
}
THREE_SEATS = {
    "none": 648,
    "repetition": 9_720,
    "reputation_first_order": 270,
    "reputation": 270,
    "mediation": 1_314,
    "contracting": 1_962,
}
"""Calls of one replicate, as the published study says and its logs confirm."""


def free(model: LanguageModel) -> Price | None:
    return Price(0, 0)


def plan_of(**kwargs: Any) -> Plan:
    return parsed_plan(COOPEVAL.plan(**kwargs))


@pytest.fixture(scope="module")
def main_study() -> Estimate:
    return estimate(plan_of(replicates=1), free)


def test_every_cell_has_the_published_number_of_calls(main_study: Estimate) -> None:
    assert main_study.fixed
    cells = main_study.by("game", "mechanism")
    assert len(cells) == 36
    assert main_study.total.calls == Range.exactly(23_664)
    for (game, mechanism), total in cells.items():
        published = THREE_SEATS if game == "public_goods" else TWO_SEATS
        assert total.calls == Range.exactly(published[mechanism])


def test_every_agent_has_a_sixth_of_the_calls(main_study: Estimate) -> None:
    calls = {agent: total.calls for (agent,), total in main_study.by("agent").items()}
    assert calls == dict.fromkeys(calls, Range.exactly(23_664 / 6))
    assert len(calls) == 6


def test_the_whole_study_has_the_published_number_of_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comity.runs.estimate.PROMPTS", 100)  # calls are counted, whatever is rendered
    study = estimate(plan_of(), free).total.calls
    one, ablations = (estimate(plan_of(part="ablations", replicates=n), free).total.calls for n in (1, None))
    assert study == Range.exactly(70_992)
    assert (one, ablations) == (Range.exactly(5_760), Range.exactly(17_280))
    assert study.plus(ablations) == Range.exactly(88_272)


def test_one_shot_prompts_are_one_for_each_agent_and_seat(main_study: Estimate) -> None:
    assert main_study.complete
    cells = main_study.by("game", "mechanism").items()
    unique = {game: total.shared.unique for (game, mechanism), total in cells if mechanism == "none"}
    assert unique.pop("public_goods") == 18
    assert unique == dict.fromkeys(unique, 12)


def test_games_and_mechanisms_are_those_the_published_records_were_made_with() -> None:
    plan = plan_of()
    assert {cell.game.name for cell in plan.cells} == {term.name for term in GAMES.values()}
    assert {cell.mechanism_label for cell in plan.cells} == {term.name for term in MECHANISMS.values()}
    terms = {term.name: {**term.study, **term.fixed} for term in MECHANISMS.values()}
    for cell in plan.cells:
        assert cell.game_label == cell.game.name
        written = {} if not cell.stack else cell.stack[0].parameters
        assert terms[cell.mechanism_label].items() <= written.items()
    assert plan.proposals == "tournament"
    assert len(plan.replicates) == 3


def test_what_the_study_writes_out_is_what_is_usual_here() -> None:
    for cell in plan_of(part="ablations").cells + plan_of().cells:
        assert games()[cell.game.name](**cell.game.parameters) == games()[cell.game.name]()
        for spec in cell.stack:
            for name, value in spec.fields:
                if name not in ("recall", "population", "depth", "memory", "discount"):
                    assert value == fields_of(mechanisms()[spec.name])[name].default


def test_ablations_differ_from_the_study_in_one_thing_each() -> None:
    found = {cell.mechanism_label: cell.stack[0].parameters for cell in plan_of(part="ablations").cells}
    assert len(found) == 12
    for label, fields in found.items():
        name, _, changed = label.removesuffix("]").partition("[")
        usual = next(term for term in MECHANISMS.values() if term.name == name).study
        differs = {key: value for key, value in fields.items() if key in usual and usual[key] != value}
        assert changed == ",".join(f"{key}={differs[key]}" for key in usual if key in differs)
        assert "memory" in differs or "discount" in differs


def test_the_roster_is_the_published_one() -> None:
    models = models_of(plan_of())
    assert list(models) == ["Gemini-R", "Gemini-B", "GPT-5.2", "GPT-4o", "Claude", "Qwen-30b"]
    assert len({model.model for model in models.values()}) == 5
    assert [label for label, model in models.items() if not model.reasoning] == ["Gemini-B"]
    assert [model.effort for model in models.values()] == ["medium", "none", "low", None, "low", None]
    for label, model in models.items():
        assert (model.form, model.wording, model.re_asks) == ("lottery", "neutral", 5)
        assert model.temperature == (None if label == "GPT-5.2" else 1.0)


@pytest.mark.parametrize("part", ["main", "ablations"])
def test_the_shipped_study_is_not_refused_before_its_first_match(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "placeholder-of-a-key")
    plan = plan_of(part=part)
    assert list(Models.of(plan).endpoints) == [label for label, _ in plan.agents]


def test_what_a_model_does_not_take_is_left_out_with_a_word() -> None:
    study = replace(COOPEVAL, settings={**COOPEVAL.settings, "effort": "low"})
    text = study.plan(roster=named(["openai:gpt-5.2", "openai:gpt-4o"]))
    asked = {model.model: (model.temperature, model.effort) for model in models_of(parsed_plan(text)).values()}
    assert asked == {"openai:gpt-5.2": (None, "low"), "openai:gpt-4o": (1.0, None)}
    assert text.count("# temperature = 1.0 is left out") == text.count("# effort = low is left out") == 1


def test_what_the_roster_says_is_never_left_out() -> None:
    roster = [{"name": "model", "model": "openai:gpt-5.2", "effort": "low", "temperature": 1.0}]
    [model] = models_of(plan_of(roster=roster)).values()
    assert (model.effort, model.temperature) == ("low", 1.0)


def test_the_head_says_what_is_not_as_published() -> None:
    head = " ".join(line.removeprefix("# ") for line in COOPEVAL.plan().splitlines() if line.startswith("#"))
    for said in ("prompts are not the published ones", 'wording = "neutral"', "claims stay numbers", "all 15 rounds"):
        assert said in head


def test_its_actions_have_no_meaning_and_its_aim_is_stated() -> None:
    words = standard("neutral")
    for cell in plan_of().cells:
        text = render_rules(cell.built, 0, words)
        assert not re.search(r"\b(cooperate|defect|contribute|free_ride|give|keep|stag|hare|heads|tails)\b", text)
        assert "Your aim is to make your own total payoff as high as you can." in text
        assert ("A0" in text and "A1" in text) or cell.game_label == "travellers_dilemma"


def test_other_models_are_asked_as_the_study_asks() -> None:
    models = models_of(plan_of(roster=named(["openai:gpt-4o", "anthropic:claude-sonnet-4-5"])))
    assert [model.model for model in models.values()] == ["openai:gpt-4o", "anthropic:claude-sonnet-4-5"]
    for model in models.values():
        assert (model.form, model.reasoning, model.temperature, model.re_asks) == ("lottery", True, 1.0, 5)


def test_a_roster_in_a_file_says_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('agents = ["tit_for_tat", {label = "x", model = "openai:gpt-4o", temperature = 0.5}]')
    plan = plan_of(roster=read_roster(path))
    assert [label for label, _ in plan.agents] == ["tit_for_tat", "x"]
    assert (models_of(plan)["x"].temperature, models_of(plan)["x"].form) == (0.5, "lottery")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"agents = []", "the field 'agents' must be a list of agents as in a plan, and there is none"),
        (b"models = ['x']", "the field 'agents' must be a list"),
        (b"agents = [", "this is not TOML"),
        (b"\xff", "not text in UTF-8"),
        (None, "No such file"),
    ],
)
def test_a_roster_that_cannot_be_read_is_refused(tmp_path: Path, text: bytes | None, sentence: str) -> None:
    path = tmp_path / "mine.toml"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(StudyError, match=sentence) as raised:
        read_roster(path)
    assert str(raised.value).startswith(str(path))


def test_a_roster_of_agents_there_are_not_is_no_plan() -> None:
    with pytest.raises(PlanError, match="did you mean 'tit_for_tat'"):
        plan_of(roster=[{"name": "tit_for_tatt"}])


def test_there_is_no_other_study() -> None:
    assert list(STUDIES) == ["coopeval", "repeated-games", "exchange", "trade-off", "network"]
    with pytest.raises(StudyError, match="did you mean 'coopeval'"):
        study_called("coopevals")


def test_a_plan_of_a_study_says_so_and_means_the_same_when_read_again() -> None:
    text = COOPEVAL.plan(replicates=2)
    assert text.startswith(f"{HEAD}coopeval\n")
    assert parsed_plan(text) == plan_of(replicates=2)
    assert parsed_plan(text).replicates == ("1", "2")
