"""Asked where people stood: the very decisions of the record, exact answers of scripts, and scores that are right."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from comity.core.errors import BadParameter, BadStack
from comity.core.match import Match, play, replaying
from comity.core.space import to_json
from comity.fidelity.observations import FidelityError
from comity.fidelity.probes import Probes, probes_of, scored
from comity.games.matrix import PrisonersDilemma
from comity.games.sequential import SequentialTrustGame
from comity.llm.fake import serving
from comity.mechanisms.forcing import Forced
from comity.mechanisms.repetition import Continued, Repeated
from comity.records.record import Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.store import RunFile
from comity.runs.estimate import estimate
from comity.runs.origins import origins_of
from comity.runs.plan import parsed_plan, read_plan
from comity.runs.probing import probed
from comity.runs.run import run
from comity.strategies.catalogue import STRATEGIES
from tests.commands import called
from tests.models.studies import playing

MIXING = "memory_one(first=0.7, both=0.9, sucker=0.3, tempted=0.4, neither=0.15)"
BASE = Continued(PrisonersDilemma(), chance=0.8, memory="all")
CHOICES: list[list[Any]] = [
    ["cooperate", "defect"],
    [True],
    ["defect", "defect"],
    [True],
    ["cooperate", "cooperate"],
    [False],
]


def forced(choices: list[list[Any]] = CHOICES, **fields: object) -> Forced:
    return Forced(BASE, json.dumps(choices), **fields)  # type: ignore[arg-type]


def test_the_very_decisions_of_the_record_are_put_whatever_is_answered() -> None:
    recorded = [match.pending for match in replaying(BASE, [tuple(step) for step in CHOICES]) if match.pending]
    acts = [pending for pending in recorded if pending[0].kind == "act"]
    for answers in ("cooperate", "defect"):
        match = Match(forced())
        for pending in acts:
            assert match.pending == pending
            match.answer((answers, "defect"))
        assert match.outcome is not None
        assert [part.outcome.actions for part in match.outcome.parts] == [(answers, "defect")] * 3
        assert match.outcome.payoffs == ((2 / 3 if answers == "cooperate" else 1 / 3), 2 / 3)


def test_chance_is_as_recorded_and_some_rounds_can_be_left_out() -> None:
    match = Match(forced(rounds=(3,)))
    [last] = [fact for fact in match.pending[0].sees if hasattr(fact, "played")]
    assert last.played == 2
    match.answer(("cooperate", "cooperate"))
    assert match.outcome is not None
    assert match.outcome.payoffs == (1.0, 1.0)


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda: Forced(BASE, "nonsense"), BadParameter, "a list with the list of choices of each step"),
        (lambda: forced(CHOICES[:3]), BadParameter, "no record of a whole game"),
        (lambda: forced([["cooperate", "swerve"]]), BadParameter, "no record of this game"),
        (lambda: forced(rounds=(4,)), BadParameter, "steps 1 to 3 of the record, not 4"),
        (lambda: Forced(SequentialTrustGame(), '[["trust"], ["reciprocate"]]'), BadParameter, "no record"),
        (
            lambda: Forced(SequentialTrustGame(), json.dumps(to_json(tuple(_played_in_turn())))),
            BadStack,
            "all players act at the same time",
        ),
    ],
)
def test_what_cannot_be_forced_is_refused(make: object, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        make()  # type: ignore[operator]


def _played_in_turn() -> list[tuple[str, ...]]:
    return play(SequentialTrustGame(), lambda decision: next(iter(decision.options))).choices


def source_plan(mechanism: str, agents: str, replicates: int = 1) -> str:
    return f"""
name = "source"
seed = 5
replicates = {replicates}
games = ["prisoners_dilemma"]
mechanisms = [{mechanism}]
agents = [{agents}]
[matching]
kind = "alike"
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fifty matches of twenty rounds between scripts that mix: the people of these tests."""
    folder = tmp_path_factory.mktemp("source") / "run"
    text = source_plan(
        '{name = "repetition", rounds = 20}',
        '{label = "p", name = "memory_one", first = 0.7, both = 0.9, sucker = 0.3, tempted = 0.4, neither = 0.15}',
        replicates=50,
    )
    run(parsed_plan(text), folder, workers=1)
    return folder


def asked(source: Path, folder: Path, *arguments: str) -> list[Probes]:
    to = folder / "probes.toml"
    done = called(["probe", str(source), "--out", str(to), *arguments])
    assert done.returncode == 0, done.stderr
    run(read_plan(to), folder / "run", workers=1)
    with RunFile.open(folder / "run") as file:
        return probes_of(file.records(), origins_of(file).drawing or ())


def stated(record: Record, step: int, seat: int) -> float:
    """P(C) as the record of the source has it."""
    lottery = record.lotteries.get((step, seat))
    if lottery is None:
        return float(record.choices[step][seat] == "cooperate")
    return sum(odds for option, odds in lottery.chances() if option == "cooperate")


@pytest.mark.slow
def test_a_script_probed_at_its_own_histories_is_calibrated_and_loses_the_entropy(source: Path, tmp_path: Path) -> None:
    found = asked(source, tmp_path, "--agent", MIXING, "--agent", "random(p=0.5)", "--agent", "always_cooperate")
    own, coin, certain = found
    with RunFile.open(source) as file:
        expected = [stated(record, step, seat) for record in file.records() for seat in range(2) for step in range(20)]
    assert own.predicted.tolist() == pytest.approx(expected)
    p = own.predicted
    entropy = float(-(p * np.log(p) + (1 - p) * np.log(1 - p)).mean())
    result = scored(own, 300)
    spread = float(np.sqrt((p * (1 - p) * np.log(p / (1 - p)) ** 2).sum())) / len(p)
    assert abs(float(result.point.log_loss[0]) - entropy) < 3 * spread
    low, high = np.quantile(result.draws.slope, (0.005, 0.995))
    assert low <= 1 <= high
    low, high = np.quantile(result.draws.intercept, (0.005, 0.995))
    assert low <= 0 <= high
    assert float(result.point.ece[0]) < 0.03
    assert (result.choices, result.agents, result.sessions) == (2_000, 100, 50)
    assert result.point.skill["marginal"][0] == pytest.approx(1.0, abs=0.1)  # nothing is to be known but the context
    assert float(scored(coin, 100).point.log_loss[0]) == pytest.approx(np.log(2))
    assert float(scored(coin, 100).point.skill["coin"][0]) == pytest.approx(0.0)
    assert (certain.predicted == 1).all()
    assert certain.stated


@pytest.mark.slow
def test_every_node_of_a_network_is_asked_where_it_stood(tmp_path: Path) -> None:
    """Moody players answer their own recorded surroundings with the very probabilities that they stated then."""
    moody = '{label = "moody", name = "moody", first = 0.6, trend = -0.05}'
    network = '{name = "neighbourhood", graph = "lattice", size = [4, 4], rounds = 6, rewired = true}'
    run(parsed_plan(source_plan(network, moody, replicates=2)), tmp_path / "source", workers=1)
    [found] = asked(tmp_path / "source", tmp_path, "--agent", "moody(first=0.6, trend=-0.05)")
    with RunFile.open(tmp_path / "source") as file:
        expected = [
            [stated(record, step, node) for step, choices in enumerate(record.choices) if len(choices) == 16]
            for record in file.records()
            for node in range(16)
        ]
    assert found.predicted.reshape(32, 6) == pytest.approx(np.array(expected))
    assert scored(found, 100).choices == 2 * 16 * 6


@pytest.mark.slow
def test_a_model_answers_as_the_script_behind_it(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over HTTP: a stated lottery is the script's in whole percent; drawn choices give its share, moved inward."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    with serving(playing()) as provider:
        common = (
            f'name = "model", model = \'openai-chat:{MIXING}\', base_url = "{provider.url_openai}", '
            'key = "OPENAI_API_KEY", tagged = true, max_tokens = 300, reasoning = false'
        )
        who = f'agents = [{{label = "states", form = "lottery", {common}}}, {{label = "draws", {common}}}]'
        (tmp_path / "who.toml").write_text(who)
        few = ("--agents", str(tmp_path / "who.toml"), "--agent", MIXING)
        script, states, draws = asked(source, tmp_path, *few, "--samples", "8", "--most", "2", "--rounds", "1,2,7")
        expected = estimate(read_plan(tmp_path / "probes.toml")).total.calls.mean
    with RunFile.open(tmp_path / "run") as file:
        assert len(list(file.calls())) == expected == 2 * 2 * 2 * 3 * 8
    asked_at = ~np.isnan(script.predicted)
    assert asked_at.sum() == 2 * 2 * 3
    assert states.predicted[asked_at] == pytest.approx(script.predicted[asked_at], abs=0.005)
    assert states.stated
    assert not draws.stated
    shares = draws.predicted[asked_at] * 9 - 0.5
    assert shares == pytest.approx(shares.round())
    assert np.corrcoef(draws.predicted[asked_at], script.predicted[asked_at])[0, 1] > 0.5
    assert any("8 drawn answers" in note for note in scored(draws, 100).notes)


@pytest.mark.slow
def test_the_commands_score_and_refuse_in_a_sentence(source: Path, tmp_path: Path) -> None:
    to = tmp_path / "probes.toml"

    def refused(*arguments: str) -> str:
        done = called(["probe", str(source), "--out", str(to), *arguments])
        assert done.returncode == 2, done.stdout
        assert not to.exists()
        return done.stderr

    assert "nobody is to be asked" in refused()
    assert "the run has no game 'chess'; there are: prisoners_dilemma" in refused("--agent", "grim", "--game", "chess")
    assert "--rounds is a list of whole numbers" in refused("--agent", "grim", "--rounds", "0")
    assert "steps 1 to 20" in refused("--agent", "grim", "--rounds", "21")
    assert "no match of this run is a probe" in called(["probed", str(source)]).stderr
    assert called(["probe", str(source), "--agent", "grim", "--most", "5", "--out", str(to)]).returncode == 0
    assert called(["run", str(to), "--out", str(tmp_path / "run"), "--workers", "1", "--no-report"]).returncode == 0
    printed = called(["probed", str(tmp_path / "run"), "--draws", "100"], environment={"COLUMNS": "400"})
    assert "log loss" in printed.stdout, printed.stderr
    [row] = json.loads(called(["probed", str(tmp_path / "run"), "--draws", "100", "--json"]).stdout)
    assert (row["agent"], row["choices"], row["people"]) == ("grim", 200, 10)
    assert row["log_loss_low"] <= row["log_loss"] <= row["log_loss_high"]


def network_record(index: int, rng: np.random.Generator, missing: float, *forcing: Spec) -> Record:
    """Nine nodes mostly do what they did before, over five rounds, and some do not answer."""
    stack = (Spec.of("neighbourhood", {"graph": "lattice", "size": [3, 3], "rounds": 5}), *forcing)
    cell = Cell("pd", f"match {index}", Spec.of("prisoners_dilemma", {}), stack)
    match = Match(cell.built)
    acts = rng.choice(["cooperate", "defect"], 9)
    while match.outcome is None:
        acts = np.where(rng.random(9) < 0.1, rng.choice(["cooperate", "defect"], 9), acts)
        match.answer(tuple(None if rng.random() < missing else act for act in acts.tolist()))
    return Record(MatchSpec(index, cell, ("one",) * 9), "finished", tuple(match.choices), payoffs=match.outcome.payoffs)


def asked_again(record: Record, rng: np.random.Generator, missing: float = 0.1, **fields: object) -> Record:
    """The same nodes are asked where they stood, and some again do not answer."""
    spelled = json.dumps(to_json(record.choices))
    session = f"s{record.match.index}"
    return network_record(
        record.match.index, rng, missing, Spec.of("forced", {"choices": spelled, "session": session, **fields})
    )


def test_what_is_missing_on_either_side_is_not_scored_and_all_else_by_the_formulas() -> None:
    """Against a plain reading of the records: one drawn answer counts 3/4 or 1/4, others are of other sessions."""
    rng = np.random.default_rng(0)
    people = [network_record(index, rng, 0.15) for index in range(3)]
    answers = [asked_again(record, rng) for record in people]
    [probes] = probes_of(answers, ("one",))

    def listed(records: list[Record]) -> np.ndarray:
        means = {"cooperate": 1.0, "defect": 0.0, None: math.nan}
        return np.array([means[step[node]] for record in records for node in range(9) for step in record.choices])

    did, said = listed(people), listed(answers) / 2 + 0.25
    np.testing.assert_array_equal(probes.people.action, did)
    np.testing.assert_array_equal(probes.predicted, said)
    assert probes.missed == np.isnan(said).sum() > 0
    counted = ~np.isnan(did) & ~np.isnan(said)
    session = np.repeat([0, 1, 2], 45)
    others = [did[(session != each) & ~np.isnan(did)] for each in range(3)]
    marginal = np.array([(part.sum() + 0.5) / (len(part) + 1) for part in others])[session][counted]
    own = np.where(np.isnan(probes.people.own), 2, probes.people.own).astype(int)
    y, p = did[counted], said[counted]
    result = scored(probes, 100)
    assert result.choices == counted.sum()
    assert result.point.log_loss[0] == pytest.approx(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())
    assert result.point.brier[0] == pytest.approx(((p - y) ** 2).mean())
    met = np.where(np.isnan(probes.people.neighbours), -1, 4 * probes.people.neighbours)
    # A context with a missing last act or unknown neighbours is one of its own, beside the first round.
    context = np.where(own == 2, 10, np.where(met < 0, 11, 5 * own + np.digitize(met / 4, (0.01, 0.34, 0.66, 0.99))))
    table = np.empty(135)
    for row in range(135):
        alike = did[(session != session[row]) & (context == context[row]) & ~np.isnan(did)]
        table[row] = (alike.sum() + 0.5) / (len(alike) + 1)
    losses = [-(y * np.log(q) + (1 - y) * np.log(1 - q)).mean() for q in (marginal, table[counted], p)]
    assert losses[0] > losses[1]
    assert result.point.skill["marginal"][0] == pytest.approx((losses[0] - losses[2]) / (losses[0] - losses[1]))


def test_answers_at_some_rounds_stand_at_these_rounds() -> None:
    rng = np.random.default_rng(1)
    record = network_record(0, rng, 0.0)
    [probes] = probes_of([asked_again(record, rng, rounds=[2, 5])])
    assert set(probes.people.round[~np.isnan(probes.predicted)]) == {1, 4}


def test_what_nobody_did_cannot_be_agreed_with() -> None:
    rng = np.random.default_rng(2)
    record = network_record(0, rng, 0.3)
    again = asked_again(record, rng, missing=0.3)
    for node in range(9):
        pairs = [(said[node], did[node]) for said, did in zip(again.choices, record.choices, strict=True)]
        agreed = [said == did for said, did in pairs if did is not None]
        assert again.payoffs[node] == pytest.approx(np.mean(agreed) if agreed else 0)
    outcome = again.replayed().outcome
    assert outcome is not None
    plays = [part.outcome.payoffs for part in outcome.parts]
    nothing = [
        play[node]
        for play, said, did in zip(plays, again.choices, record.choices, strict=True)
        for node in range(9)
        if said[node] is None and did[node] is None
    ]
    assert nothing
    assert set(nothing) == {0.0}


def test_some_matches_are_taken_by_lot_and_fewer_are_a_part_of_more() -> None:
    rng = np.random.default_rng(3)
    records = [network_record(index, rng, 0.0) for index in range(12)]
    four, eight = ([record.match.index for record in probed(records, most)] for most in (4, 8))
    assert four == sorted(four) != [0, 1, 2, 3]
    assert len(eight) == 8
    assert set(four) < set(eight)
    assert probed(records) == records


def test_nothing_to_score_is_said() -> None:
    with pytest.raises(FidelityError, match="no match of this run is a probe"):
        probes_of([])


def test_scripts_read_a_probe_as_the_game_below_it() -> None:
    game = Forced(Repeated(PrisonersDilemma(), rounds=2), '[["cooperate","defect"],["defect","defect"]]')
    decide = STRATEGIES["tit_for_tat"]().begin(game, 0)
    match = Match(game)
    assert decide(match.pending[0]) == "cooperate"
    match.answer(("defect", "defect"))
    assert decide(match.pending[0]) == "defect"
