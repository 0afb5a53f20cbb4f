"""Crossed stages: unbiased whoever answers, each question asked k times, a replicate one draw, no call lost."""

from __future__ import annotations

import math
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.agents.agent import Agent, DecideLater, Halted, ScriptedAgent
from comity.agents.brain import strategies
from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.errors import IllegalChoice
from comity.core.flow import Flow, Game, ask, told
from comity.core.match import Match, Reply
from comity.core.outcome import Outcome
from comity.core.space import YES_NO, Lottery, OneOf, Text
from comity.games.matrix import PrisonersDilemma
from comity.llm.fake import FakeProvider, serving
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.repetition import Repeated
from comity.mechanisms.talk import CheapTalk
from comity.metrics import table
from comity.records.record import Record
from comity.records.spec import Cell, MatchSpec
from comity.records.store import RunFile
from comity.report.results import Results
from comity.runs import crossed
from comity.runs.crossed import AskedTwice, crossing, mixture, obstacle, place, spelled
from comity.runs.drive import PlayStopped, ScriptedPlay
from comity.runs.estimate import estimate
from comity.runs.plan import Plan, PlanError, parsed_plan
from comity.runs.run import run
from comity.runs.spelling import build_strategy
from comity.runs.spending import Range
from comity.stats.estimate import mean_of
from tests.runs.mixing import Draws, Mixes, exact_payoffs, policy

pytestmark = pytest.mark.slow

NAMES = ("a", "b")
SMALL_STACKS = (
    '["none", "mediation", {name = "mediation", recall = false, label = "forgets"}, '
    '{name = "contracting", low = 0, high = 1}, "execution_noise", "sanctions"]'
)


def plan_of(
    games: str = '["prisoners_dilemma"]',
    mechanisms: str = SMALL_STACKS,
    *,
    replicates: int = 1,
    samples: int = 1,
    rest: str = "",
) -> Plan:
    agents = ", ".join(f'{{name = "random", label = "{name}"}}' for name in NAMES)
    return parsed_plan(
        f'name = "p"\nseed = 11\nreplicates = {replicates}\ngames = {games}\nmechanisms = {mechanisms}\n'
        f'agents = [{agents}]\n[run]\nstages = "crossed"\nsamples = {samples}\nskip_impossible = true\n{rest}'
    )


def stating() -> dict[str, ScriptedAgent]:
    return {name: ScriptedAgent(name, Mixes(name)) for name in NAMES}


def drawing(**fields: Any) -> dict[str, Draws]:
    return {name: Draws(name, **fields) for name in NAMES}


def records(folder: Path) -> list[Record]:
    with RunFile.open(folder) as file:
        return list(file.records())


@pytest.mark.slow
@pytest.mark.parametrize("game", ["prisoners_dilemma", "trust_game_sequential", "matching_pennies"])
def test_stated_lotteries_give_what_the_whole_tree_gives(game: str) -> None:
    plan = plan_of(f'["{game}"]')
    assert plan.crossed == plan.cells
    played = ScriptedPlay(plan, stating())
    for record in played.records(list(plan.matches())):
        assert record.status == "expected"
        assert record.payoffs == pytest.approx(exact_payoffs(record.match.cell.built, record.match.agents), abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("proposals", ["match", "tournament"])
@pytest.mark.parametrize(("samples", "replicates"), [(1, 80), (3, 40)])
def test_answers_that_were_drawn_give_it_on_average(
    proposals: str, samples: int, replicates: int, tmp_path: Path
) -> None:
    plan = plan_of(
        mechanisms='["none", "mediation", {name = "mediation", recall = false, label = "forgets"}]',
        replicates=replicates,
        samples=samples,
        rest=f'proposals = "{proposals}"',
    )
    run(plan, tmp_path, agents=drawing())
    found: dict[tuple[Cell, tuple[str, ...], int], list[float]] = {}
    for record in records(tmp_path):
        assert record.status == "expected"
        for player, payoff in enumerate(record.payoffs):
            found.setdefault((record.match.cell, record.match.agents, player), []).append(payoff)
    assert len(found) == 3 * 4 * 2
    deviations = [
        (fmean(payoffs) - exact_payoffs(cell.built, agents)[player]) / (stdev(payoffs) / math.sqrt(len(payoffs)))
        for (cell, agents, player), payoffs in found.items()
    ]
    assert max(map(abs, deviations)) < 4  # 24 numbers, the largest of which passes 4 once in 600 times
    assert fmean(deviation**2 for deviation in deviations) < 2.5


def test_each_question_is_asked_k_times_and_nothing_else_is(tmp_path: Path) -> None:
    agents = drawing()
    run(plan_of(mechanisms='["none"]', samples=5, replicates=2), tmp_path, agents=agents)
    for agent in agents.values():
        assert set(agent.asked.values()) == {1}
        seats = Counter(decision.player for decision, _ in agent.asked)
        assert seats == {0: 10, 1: 10}  # 5 samples in each of two replicates, whoever the co-players are
        assert len({address for _, address in agent.asked}) == 20


def test_the_expectation_is_over_all_pairs_of_answers(tmp_path: Path) -> None:
    plan, agents = plan_of(mechanisms='["none"]', samples=4), drawing()
    run(plan, tmp_path, agents=agents)
    game = PrisonersDilemma()
    given: dict[tuple[str, int], list[str]] = {}
    for name, agent in agents.items():
        for decision, address in agent.asked:
            given.setdefault((name, decision.player), []).append(policy(name, decision).draw(address))
    for record in records(tmp_path):
        one, other = record.match.agents
        pairs = [game.payoffs((mine, theirs)) for mine in given[one, 0] for theirs in given[other, 1]]
        assert record.payoffs == pytest.approx([fmean(paid) for paid in zip(*pairs, strict=True)])


def test_a_run_that_stops_goes_on_without_asking_again(tmp_path: Path) -> None:
    plan = plan_of(samples=2, replicates=2, rest='proposals = "tournament"')
    run(plan, tmp_path / "whole", agents=drawing())
    asked: Counter[Any] = Counter()
    for most in (3, 30, None):
        agents = drawing(most=most)
        try:
            run(plan, tmp_path / "stopped", resume=True, agents=agents)
        except Halted:
            assert most is not None
        for name, agent in agents.items():
            asked.update((name, *where) for where in agent.asked)
    assert set(asked.values()) == {1}
    with RunFile.open(tmp_path / "whole") as whole, RunFile.open(tmp_path / "stopped") as stopped:
        assert whole.digest() == stopped.digest()


def test_a_model_is_not_asked_again_for_what_is_on_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-for-tests")
    provider = FakeProvider(strategies(build_strategy))
    with serving(provider):
        plan = parsed_plan(
            'name = "p"\nseed = 1\ngames = ["prisoners_dilemma"]\nmechanisms = ["none", "mediation"]\n'
            '[[agents]]\nname = "model"\nmodel = "openai-chat:random(p=0.4)"\nkey = "OPENAI_API_KEY"\ntagged = true\n'
            f'base_url = "{provider.url_openai}"\nmax_tokens = 300\n'
            '[run]\nstages = "crossed"\nsamples = 3\nproposals = "tournament"\n'
        )
        run(plan, tmp_path)
        with RunFile.open(tmp_path) as file:
            whole, calls = file.digest(), len(list(file.calls()))
        with closing(sqlite3.connect(tmp_path / "run.sqlite")) as database, database:
            database.execute("DELETE FROM matches")
            database.execute("DELETE FROM journal")
        asked = provider.account.completed.total()
        run(plan, tmp_path, resume=True)
        assert provider.account.completed.total() - asked <= 1  # whether the model can be asked at all
    with RunFile.open(tmp_path) as file:
        assert file.digest() == whole
        assert len(list(file.calls())) == calls


def test_who_plays_and_where_makes_no_difference(tmp_path: Path) -> None:
    agents = ", ".join(['"tit_for_tat"', '{name = "random", p = 0.3}', '"rational"', '"composed"'])
    text = (
        'name = "p"\nseed = 1\nreplicates = 2\ngames = ["prisoners_dilemma", "public_goods"]\n'
        'mechanisms = ["none", "mediation", {name = "repetition", rounds = 3}]\n'
        f'agents = [{agents}]\n[run]\nstages = "crossed"\nsamples = 2\nproposals = "tournament"\n'
    )
    plan = parsed_plan(text)
    assert [cell.mechanism_label for cell in plan.crossed] == ["none", "mediation"] * 2
    assert plan.uncrossed == tuple(
        f"repetition on {game} is played match by match and not crossed: its players act more than once"
        for game in ("prisoners_dilemma", "public_goods")
    )
    run(plan, tmp_path / "one")
    run(plan, tmp_path / "two", workers=2)
    statuses = Counter((r.match.cell.mechanism_label, r.status) for r in records(tmp_path / "one"))
    assert set(statuses) == {("none", "expected"), ("mediation", "expected"), ("repetition", "finished")}
    with RunFile.open(tmp_path / "one") as one, RunFile.open(tmp_path / "two") as two:
        assert one.digest() == two.digest()


def test_models_and_scripts_meet_and_a_script_is_held_to_its_lottery(tmp_path: Path) -> None:
    plan = plan_of(mechanisms='["none"]', samples=3)
    a = Draws("a")
    mixed: dict[str, Agent] = {"a": a, "b": ScriptedAgent("b", Mixes("b"))}
    run(plan, tmp_path, agents=mixed)
    assert a.asked.total() == 6
    both = next(record for record in records(tmp_path) if record.match.agents == ("b", "b"))
    assert both.payoffs == pytest.approx(exact_payoffs(PrisonersDilemma(), ("b", "b")))


# What goes wrong


def test_a_failure_forfeits_the_matches_that_reach_it(tmp_path: Path) -> None:
    plan = plan_of('["trust_game_sequential"]', '["none"]', samples=2)
    agents: dict[str, Agent] = {"a": ScriptedAgent("a", Always("trustor")), "b": Draws("b", silent="Moved(0,'give')")}
    run(plan, tmp_path, agents=agents)
    found = {record.match.agents: record for record in records(tmp_path)}
    assert {found[who].status for who in (("a", "a"), ("b", "a"))} == {"expected"}
    assert {found[who].status for who in (("a", "b"), ("b", "b"))} == {"forfeited"}
    failure = found["a", "b"].failure
    assert failure is not None
    assert (failure.player, failure.step, failure.kind, failure.cause) == (1, 1, "act", "refusal")
    assert found["a", "b"].choices == ()
    agents["a"] = ScriptedAgent("a", Always("keeper"))
    run(plan, tmp_path / "unreached", agents=agents)
    found = {record.match.agents: record for record in records(tmp_path / "unreached")}
    assert found["a", "b"].status == "expected"  # who never gives is never answered
    assert found["b", "b"].status == "forfeited"


@dataclass(frozen=True)
class Always:
    """The first option, which trusts, or the last."""

    name: str

    def begin(self, game: Game, player: int) -> Any:
        return lambda decision: tuple(decision.options)[0 if self.name == "trustor" else -1]


@dataclass(frozen=True)
class Echo:
    """A game that puts the same question to player 1 twice; told: it says which time it is."""

    says_when: bool = False
    n_players = 2
    rules = ("an echo",)

    def play(self) -> Flow[Outcome]:
        one = yield from self._asked(0)
        other = yield from self._asked(1)
        return Outcome((float(one + other), 0.0), ("x", "x"))

    def _asked(self, time: int) -> Flow[int]:
        facts = (time,) if self.says_when else ()
        [choice, _] = yield from told(
            ask(
                Decision(0, f"say {time}" if self.says_when else "say", OneOf((0, 1))),
                Decision(1, f"hear {time}", YES_NO),
            ),
            *facts,
        )
        return int(choice)


@dataclass(frozen=True)
class Holder:
    """A cell around a game of our own."""

    built: Game
    game_label: str = "ours"
    mechanism_label: str = "none"


def worked_out(game: Game, shares: dict[Any, float]) -> Record:
    asking = crossing(MatchSpec(0, Holder(game), NAMES))  # type: ignore[arg-type]
    try:
        decisions = next(asking)
        while True:
            known = [tuple((one, share) for one, share in shares.items() if one in d.options) for d in decisions]
            decisions = asking.send([(options or (((True, 1.0)),)) for options in known])
    except StopIteration as end:
        record: Record = end.value
        return record


def test_the_same_question_twice_on_one_path_is_refused_in_words() -> None:
    with pytest.raises(AskedTwice, match="player 1 is asked the same question of the kind 'say' twice"):
        worked_out(Echo(), {0: 0.5, 1: 0.5})
    assert worked_out(Echo(says_when=True), {0: 0.25, 1: 0.75}).payoffs == (1.5, 0.0)
    assert obstacle(Echo(), 1) == "its players decide more than once"


def test_a_tree_with_too_many_ways_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crossed, "MOST_ENDS", 7)
    plan = plan_of(mechanisms='["none", "mediation"]', samples=2)
    assert [cell.mechanism_label for cell in plan.crossed] == ["none"]
    assert "more than 7 ways" in plan.uncrossed[0]
    monkeypatch.setattr(crossed, "MOST_ENDS", 3)
    with pytest.raises(PlayStopped, match=r"match 0 \(prisoners_dilemma under none, a and a\): it can go on in more"):
        list(ScriptedPlay(plan, stating()).records(list(plan.matches())[:1]))


def test_an_illegal_option_of_a_lottery_forfeits_even_if_it_is_never_drawn() -> None:
    decision = Match(PrisonersDilemma()).pending[0]
    with pytest.raises(IllegalChoice):
        mixture(decision, ["cooperate", Lottery(("defect", "sleep"), (1.0, 0.0))])


@given(st.lists(st.sampled_from(["cooperate", "defect", 0.25, 0.7, 1.0]), min_size=1, max_size=9))
def test_law_a_mixture_is_how_often_each_choice_was_given(answers: list[Any]) -> None:
    decision = Match(PrisonersDilemma()).pending[0]
    replies = [a if isinstance(a, str) else Lottery(("cooperate", "defect"), (a, 1 - a)) for a in answers]
    shares = dict(mixture(decision, replies))
    cooperate = fmean(1.0 if a == "cooperate" else 0.0 if a == "defect" else float(a) for a in answers)
    assert shares.get("cooperate", 0.0) == pytest.approx(cooperate)
    assert math.fsum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) > 0


# What can be crossed, and where answers lie


@pytest.mark.parametrize(
    ("game", "why"),
    [
        (Repeated(PrisonersDilemma(), rounds=2), "its players act more than once"),
        (Rotated(PrisonersDilemma(), population=4, rounds=2), "its players act more than once"),
        (CheapTalk(PrisonersDilemma()), "its players write free text"),
        (CheapTalk(PrisonersDilemma(), messages=("I will", "I will not")), None),
        (Mediated(PrisonersDilemma()), None),
    ],
)
def test_what_is_short_and_can_be_listed_is_crossed(game: Game, why: str | None) -> None:
    assert obstacle(game, 3) == why


def test_plans_that_make_no_sense_are_refused() -> None:
    with pytest.raises(PlanError, match=r'"crossed" needs the field \'samples\''):
        parsed_plan(_text('[run]\nstages = "crossed"\n'))
    with pytest.raises(PlanError, match=r'run, samples: only a run with stages = "crossed" has this field'):
        parsed_plan(_text("[run]\nsamples = 2\n"))
    with pytest.raises(PlanError, match="repeats: must be 1 where stages are"):
        parsed_plan(_text('[matching]\nrepeats = 2\n[run]\nstages = "crossed"\nsamples = 2\n'))
    with pytest.raises(PlanError, match="no cell can be crossed: repetition on prisoners_dilemma"):
        parsed_plan(_text('[run]\nstages = "crossed"\nsamples = 2\n', "repetition"))


def _text(rest: str, mechanism: str = "none") -> str:
    return (
        f'name = "p"\nseed = 1\ngames = ["prisoners_dilemma"]\nmechanisms = ["{mechanism}"]\nagents = ["grim"]\n{rest}'
    )


def test_a_decision_lies_at_the_same_place_in_every_process() -> None:
    code = (
        "from comity.core.match import Match\nfrom comity.games.matrix import PrisonersDilemma\n"
        "from comity.mechanisms.contracting import Contracted\nfrom comity.runs.crossed import place, spelled\n"
        "m = Match(Contracted(PrisonersDilemma()))\nm.answer(((1, 2), (0, 0)))\n"
        "print([place(d) for d in m.pending], spelled(frozenset(map(str, range(9)))))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
    one, other = Match(PrisonersDilemma()).pending
    assert place(one) != place(other)
    assert 0 <= place(one) < 2**62


def test_what_cannot_be_written_down_is_not_crossed() -> None:
    with pytest.raises(TypeError, match="type object"):
        spelled((1, object()))
    assert spelled((True, 1, 1.0, "1")) == "(True,1,1.0,'1')"
    assert spelled(Text(3)) == "comity.core.space.Text(3)"


@dataclass
class Broken(Draws):
    """An agent that nobody has tried out."""

    def sit_down(self, game: Game, player: int) -> DecideLater:
        async def decide(decision: Decision[Any], address: Address) -> Reply:
            raise ZeroDivisionError("nobody foresaw this")

        return decide


def test_an_error_that_matches_share_names_one_of_them(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        run(plan_of(mechanisms='["none"]', samples=2), tmp_path, agents={"a": Broken("a"), "b": Draws("b")})
    assert raised.value.__notes__ == ["in match 0 (prisoners_dilemma under none, a and a)"]


# What it costs


def test_the_estimate_counts_the_questions_that_a_run_asks(tmp_path: Path) -> None:
    plan = plan_of('["prisoners_dilemma", "public_goods"]', '["none"]', samples=3, replicates=2)
    agents = drawing()
    run(plan, tmp_path, agents=agents)
    found = estimate(plan)
    assert found.total.calls == Range.exactly(sum(agent.asked.total() for agent in agents.values()))
    by_name = {policy.name: policy.requests for policy in found.policies}
    assert by_name["as in the plan"] == found.total.calls == Range.exactly(2 * 3 * 2 * (2 + 3))
    assert by_name['stages = "match"'] == Range.exactly(2 * (4 * 2 + 8 * 3))
    assert by_name["coalesced, at best"] == Range.exactly(2 * 2 * (2 + 3))
    played = estimate(parsed_plan(plan.text.replace('stages = "crossed"', "").replace("samples = 3", "")))
    assert {p.name: p.requests for p in played.policies}["crossed, samples = 1"] == Range.exactly(2 * 2 * (2 + 3))


@pytest.mark.parametrize("proposals", ["match", "tournament"])
def test_what_later_stages_ask_lies_in_the_range_of_the_estimate(proposals: str, tmp_path: Path) -> None:
    plan = plan_of(mechanisms='["mediation"]', samples=2, replicates=8, rest=f'proposals = "{proposals}"')
    agents = drawing()
    run(plan, tmp_path, agents=agents)
    calls = estimate(plan).total.calls
    assert calls.low < sum(agent.asked.total() for agent in agents.values()) <= calls.high
    assert calls.low < calls.mean <= calls.high


def test_a_script_beside_a_model_is_taken_for_what_it_says(tmp_path: Path) -> None:
    beside = '{{name = "model", label = "a", model = "test:a"}}, {{name = "{}", label = "b"{}}}'
    text = (
        'name = "p"\nseed = {}\nreplicates = 2\ngames = ["prisoners_dilemma"]\nmechanisms = ["mediation"]\n'
        'agents = [{}]\n[run]\nstages = "crossed"\nsamples = 3\n'
    )
    expected = Counter[str]()
    for seed in range(5):
        plan = parsed_plan(text.format(seed, beside.format("always_cooperate", "")))
        agents: dict[str, Agent] = {"a": Draws("a"), "b": ScriptedAgent("b", build_strategy("always_cooperate"))}
        run(plan, tmp_path / str(seed), agents=agents)
        [drawing_one] = [agent for agent in agents.values() if isinstance(agent, Draws)]
        calls = estimate(plan).by("agent")["a",].calls
        assert calls.low < drawing_one.asked.total() <= calls.high
        expected["script"] += round(calls.mean)
        models = parsed_plan(text.format(seed, beside.format("model", ', model = "test:b"')))
        expected["model"] += round(estimate(models).by("agent")["a",].calls.mean)
    assert expected["script"] < 0.8 * expected["model"]  # it leaves fewer ways open


# What tables say


def test_one_replicate_has_no_interval_and_several_have_students(tmp_path: Path) -> None:
    for replicates in (1, 3):
        plan = plan_of(mechanisms='["none"]', samples=2, replicates=replicates, rest='proposals = "match"')
        run(plan, tmp_path / str(replicates), agents=drawing())
    with RunFile.open(tmp_path / "1") as file:
        results = Results.of(file)
    assert results.tables.matches[["drawn", "shared"]].all(axis=None)
    [row] = table(results.tables, "payoff", ["mechanism"]).rows
    assert row["value"] is not None
    assert (row["low"], row["high"], row["error"]) == (None, None, None)
    with RunFile.open(tmp_path / "3") as file:
        results = Results.of(file)
    [row] = table(results.tables, "payoff", ["mechanism"]).rows
    by_replicate = [fmean(part["payoff"]) for _, part in results.tables.outcomes.groupby("replicate")]
    outcomes = results.tables.outcomes
    assert outcomes.groupby(["replicate", "agent"]).size().nunique() == 1
    floor = min(b - a for a, b in zip(*[sorted(set(outcomes["payoff"]))[i:] for i in (0, 1)], strict=False))
    expected = mean_of(by_replicate, floor)
    assert row["value"] == pytest.approx(expected.value)
    assert row["error"] ** 2 == pytest.approx(expected.variance)
    assert row["low"] < row["value"] < row["high"]


def test_scripts_that_are_all_sure_are_not_taken_for_certain_tables(tmp_path: Path) -> None:
    run(plan_of(mechanisms='["none"]', replicates=3), tmp_path)
    with RunFile.open(tmp_path) as file:
        results = Results.of(file)
    [row] = table(results.tables, "mean", ["mechanism"]).rows
    assert row["error"] > 0


def test_crossed_records_are_read_replayed_and_exported_like_others(tmp_path: Path) -> None:
    from comity.records.check import check

    run(plan_of(mechanisms='["none", "mediation"]'), tmp_path, agents=stating())
    with RunFile.open(tmp_path) as file:
        assert list(check(file)) == []
        assert file.count_of("expected") == 8
        assert file.is_complete()
