"""Our matches as tasks of Inspect: our rules drive, seats stay apart, and no failure becomes a move."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from math import isnan
from pathlib import Path

import pytest

pytest.importorskip("inspect_ai", reason="needs Inspect: install comity[inspect]")

from inspect_ai.event import Event, ModelEvent, SpanBeginEvent
from inspect_ai.log import EvalLog, EvalSample, read_eval_log

from comity.core.errors import BadParameter
from comity.inspect.arguments import arranged, listed, planned
from comity.inspect.measures import row_of
from comity.inspect.reading import import_eval
from comity.inspect.seats import seats_of
from comity.records.check import check
from comity.records.spec import Spec
from comity.records.store import RunError, RunFile

CHECKOUT = Path(__file__).resolve().parents[2]


def environment(folder: Path) -> dict[str, str]:
    """Inspect keeps traces and caches in the user's folders, and opens a socket to be controlled by."""
    own = {name: str(folder / name.lower()) for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "INSPECT_LOG_DIR")}
    path = os.pathsep.join([str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, **own, "INSPECT_EVAL_CTL_SERVER": "false", "PYTHONPATH": path}


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the logs that `tests.inspect.evaluated` leaves."""
    folder = tmp_path_factory.mktemp("evaluated")
    command = [sys.executable, "-m", "tests.inspect.evaluated", str(folder)]
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def log_of(evaluated: Path, name: str) -> EvalLog:
    [path] = (evaluated / name).glob("*.eval")
    return read_eval_log(path.as_posix(), resolve_attachments=True)


def samples_of(log: EvalLog) -> list[EvalSample]:
    assert log.samples
    return log.samples


def calls_of(sample: EvalSample) -> list[ModelEvent]:
    return [event for event in sample.events if isinstance(event, ModelEvent)]


def spans_around(event: Event, sample: EvalSample) -> Iterator[str]:
    """The types of the spans an event lies in, from the inside out."""
    spans = {begin.id: begin for begin in sample.events if isinstance(begin, SpanBeginEvent)}
    span = spans.get(event.span_id or "")
    while span is not None:
        yield f"{span.type}:{span.name}"
        span = spans.get(span.parent_id or "")


@pytest.mark.slow
class TestCooperation:
    @pytest.fixture
    def log(self, evaluated: Path) -> EvalLog:
        return log_of(evaluated, "cooperating")

    def test_each_match_is_a_sample_and_each_epoch_a_replicate(self, log: EvalLog) -> None:
        rows = [row_of(sample.store["comity"]) for sample in samples_of(log)]
        assert log.status == "success"
        assert Counter(json.loads(row.agents)[1] for row in rows) == {
            "tit_for_tat": 2,
            "always_defect": 2,
            "player_2": 2,
        }
        assert {row.replicate for row in rows} == {"1", "1, epoch 2"}

    def test_payoffs_are_those_of_the_rules(self, log: EvalLog) -> None:
        for sample in samples_of(log):
            assert sample.scores
            against = sample.metadata["players"][1]
            expected = (
                {"player_1": 0.0, "player_2": 3.0} if against == "always_defect" else {"player_1": 2.0, "player_2": 2.0}
            )
            assert sample.scores["payoff"].value == expected
            cooperated = {"player_1": 1.0, "player_2": 0.0 if against == "always_defect" else 1.0}
            assert sample.scores["cooperation"].value == cooperated

    def test_the_metrics_are_means_per_seat(self, log: EvalLog) -> None:
        assert log.results
        means = {(score.scorer, score.name): score.metrics["mean"].value for score in log.results.scores}
        assert means["payoff", "player_1"] == pytest.approx(4 / 3)
        assert means["cooperation", "player_1"] == 1
        assert means["score", "player_2"] == pytest.approx(4 / 3)
        assert means["cooperation", "player_2"] == pytest.approx(2 / 3)

    def test_every_call_has_the_role_and_the_span_of_its_seat(self, log: EvalLog) -> None:
        for sample in samples_of(log):
            calls = calls_of(sample)
            seats = {label for label in sample.metadata["players"] if label.startswith("player_")}
            assert Counter(call.role for call in calls) == dict.fromkeys(seats, 3)
            for call in calls:
                assert f"seat:{call.role}" in spans_around(call, sample)
            assert set(sample.role_usage) == seats
            assert all(usage.total_tokens == 3 * 15 for usage in sample.role_usage.values())

    def test_each_seat_has_messages_of_its_own(self, log: EvalLog) -> None:
        [sample] = [s for s in samples_of(log) if s.metadata["players"] == ["player_1", "player_2"] and s.epoch == 1]
        said = sample.store["messages"]
        for number, role in enumerate(("player_1", "player_2"), start=1):
            asked = [message["content"] for message in said[role] if message["role"] == "user"]
            assert len(asked) == 3
            assert all(f"You are player {number}." in text for text in asked)
        assert [message.text for message in sample.messages] == [message["content"] for message in said["player_1"]]

    def test_what_is_set_for_the_evaluation_reaches_a_model_in_a_role(self, log: EvalLog) -> None:
        assert {call.config.temperature for sample in samples_of(log) for call in calls_of(sample)} == {0.7}

    def test_nothing_comes_out_of_inspects_cache(self, log: EvalLog) -> None:
        assert {call.cache for sample in samples_of(log) for call in calls_of(sample)} == {None}


@pytest.mark.slow
class TestFailures:
    @pytest.fixture
    def samples(self, evaluated: Path) -> list[EvalSample]:
        return samples_of(log_of(evaluated, "failing"))

    def test_a_player_that_fails_forfeits_and_is_not_scored(self, samples: list[EvalSample]) -> None:
        for sample, cause in zip(samples[:2], ("malformed", "filtered"), strict=True):
            record = row_of(sample.store["comity"])
            assert (record.status, record.choices, record.payoffs) == ("forfeited", "[]", "[]")
            assert len(calls_of(sample)) == 2
            assert sample.scores
            for score in sample.scores.values():
                assert isinstance(score.value, float)
                assert isnan(score.value)
                assert score.reason == cause

    def test_a_second_answer_that_can_be_read_counts(self, samples: list[EvalSample]) -> None:
        first, second = calls_of(samples[2])
        assert len(second.input[-1].text) > len(first.input[-1].text)
        assert row_of(samples[2].store["comity"]).choices == '[["defect","defect"]]'

    def test_a_provider_that_fails_is_an_error_of_the_sample(self, samples: list[EvalSample]) -> None:
        assert samples[3].error
        assert "comity" not in samples[3].store
        assert not samples[3].scores

    def test_failures_are_in_no_mean(self, evaluated: Path) -> None:
        results = log_of(evaluated, "failing").results
        assert results
        assert {(score.scored_samples, score.unscored_samples) for score in results.scores} == {(1, 2)}


@pytest.mark.slow
class TestPlans:
    @pytest.fixture
    def samples(self, evaluated: Path) -> list[EvalSample]:
        log = log_of(evaluated, "planned")
        assert log.status == "success"
        return samples_of(log)

    def test_a_model_is_the_one_bound_to_its_label(self, samples: list[EvalSample]) -> None:
        asked = 0
        for sample in samples:
            for call in calls_of(sample):
                kind = str(call.role).startswith("kind")
                assert ("defect" if kind else "cooperate") not in call.output.completion
                assert ("false" if kind else "true") not in call.output.completion
                asked += 1
        assert asked == 4 * 2 * 3 + 4 * 3

    def test_one_agent_in_two_seats_stays_apart(self, samples: list[EvalSample]) -> None:
        [sample] = [sample for sample in samples if sample.metadata["players"] == ["kind", "kind"]]
        assert set(sample.role_usage) == {"kind (1)", "kind (2)"}
        first, second = (sample.store["messages"][f"kind ({seat})"] for seat in (1, 2))
        assert "You are player 1." in first[1]["content"]
        assert "You are player 2." in second[1]["content"]

    def test_the_record_can_be_played_again(self, evaluated: Path, tmp_path: Path) -> None:
        [path] = (evaluated / "planned").glob("*.eval")
        found = import_eval([path], tmp_path / "run")
        with RunFile.open(tmp_path / "run") as run:
            assert found.matches == run.count() == 9
            assert not list(check(run))
            assert dict(run.header.agents)["kind"] is None
            assert dict(run.header.agents)["random"] is not None

    def test_what_has_no_match_is_told_when_it_is_read_back(self, evaluated: Path, tmp_path: Path) -> None:
        [path] = (evaluated / "failing").glob("*.eval")
        found = import_eval([path], tmp_path / "run")
        assert found.matches == 3
        assert len(found.notes) == 1
        assert "1 of 4 samples" in found.notes[0]


@pytest.mark.slow
def test_inspect_finds_the_tasks_by_our_entry_point(tmp_path: Path) -> None:
    """By the entry point that the project declares, whatever is installed here."""
    declared = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    [(name, module)] = declared["project"]["entry-points"]["inspect_ai"].items()
    installed = tmp_path / "site" / "declared_for_inspect-1.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: declared-for-inspect\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(f"[inspect_ai]\n{name} = {module}\n")
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'name = "scripts"\nseed = 1\ngames = ["prisoners_dilemma"]\nmechanisms = ["none"]\nagents = ["always_defect"]\n'
    )
    where = environment(tmp_path)
    where["PYTHONPATH"] = f"{tmp_path / 'site'}{os.pathsep}{where['PYTHONPATH']}"
    command = [sys.executable, "-m", "inspect_ai", "eval", "comity/match", "-T", f"plan={plan}", "--model", "none/none"]
    done = subprocess.run(
        [*command, "--display", "none"], cwd=tmp_path, env=where, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [path] = (tmp_path / "inspect_log_dir").glob("*.eval")
    [sample] = samples_of(read_eval_log(path.as_posix()))
    assert sample.scores
    assert sample.scores["payoff"].value == {"player_1": 1.0, "player_2": 1.0}


def test_lists_survive_the_commas_of_the_command_line() -> None:
    assert listed("generous_tit_for_tat(p=0.3),random") == ["generous_tit_for_tat(p=0.3)", "random"]
    assert listed(["a(x=1", " y=2)", "b"]) == ["a(x=1, y=2)", "b"]
    assert listed("") == []


def test_several_opponents_in_every_other_seat() -> None:
    design = arranged("public_goods", "none", "always_defect,model", 2, 2, 5, {})
    assert [spec.agents for spec in design.matches] == [
        *2 * [("always_defect", "player_2", "always_defect")],
        *2 * [("player_1", "player_2", "player_3")],
    ]
    assert [(spec.index, spec.repeat) for spec in design.matches] == [(0, 0), (1, 1), (2, 0), (3, 1)]
    assert set(design.agents) == {"always_defect", "player_1", "player_2", "player_3"}
    assert len({spec.key(design.seed) for spec in design.matches}) == 4


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"game": "chess"}, "chess"),
        ({"mechanism": "magic"}, "magic"),
        ({"opponent": "nobody"}, "nobody"),
        ({"opponent": ""}, "opponent"),
        ({"seat": 3}, "seat must be 1 to 2"),
        ({"matches": 0}, "matches must be at least 1"),
        ({"matches": 20_001}, "20,000 at most"),
        ({"asked": {"wording": "no-such-file"}}, "no-such-file"),
    ],
)
def test_bad_arguments_are_refused_in_words(changed: dict[str, object], told: str) -> None:
    good = {
        "game": "prisoners_dilemma",
        "mechanism": "none",
        "opponent": "random",
        "seat": 1,
        "matches": 1,
        "seed": 1,
        "asked": {},
    }
    with pytest.raises(BadParameter, match=told):
        arranged(**{**good, **changed})  # type: ignore[arg-type]


def test_a_plan_that_samples_cannot_be_is_refused(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'name = "p"\nseed = 1\ngames = ["prisoners_dilemma"]\nmechanisms = ["mediation"]\nagents = ["random"]\n'
        '[run]\nproposals = "tournament"\n'
    )
    with pytest.raises(BadParameter, match="proposals"):
        planned(str(plan))


def test_a_model_that_a_plan_names_is_one_of_inspects_or_refused() -> None:
    spec = arranged("prisoners_dilemma", "none", "tit_for_tat", 1, 1, 1, {}).matches[0]
    script = Spec.of("tit_for_tat")
    agents = {"player_1": Spec.of("model", {"model": "inspect:mockllm/model"}), "tit_for_tat": script}
    model, other = seats_of(spec, 1, agents, {})
    assert (model.role, model.is_model, other.is_model) == ("player_1", True, False)
    with pytest.raises(BadParameter, match="--model-role player_1="):
        seats_of(spec, 1, {**agents, "player_1": Spec.of("model", {"model": "openai:gpt-5.2"})}, {})


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.eval"
    path.write_bytes(b"no log at all")
    with pytest.raises(RunError, match="is no log of Inspect"):
        import_eval([path], tmp_path / "run")
    with pytest.raises(RunError, match=r"missing\.eval"):
        import_eval([tmp_path / "missing.eval"], tmp_path / "run")
