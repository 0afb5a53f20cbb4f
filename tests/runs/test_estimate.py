"""What a plan will cost: counted decisions against closed forms, and what follows from them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.agents.agent import DecideLater
from comity.agents.model import LanguageModel
from comity.core.chance import Address
from comity.core.decision import NATURE, Decision
from comity.core.flow import Flow, Game, ask
from comity.core.match import Reply, replaying
from comity.core.outcome import Outcome
from comity.core.space import YES_NO, Each, Integer, OneOf, Ordering, Space, Text
from comity.games.matrix import PrisonersDilemma
from comity.games.symmetric import PublicGoods
from comity.llm.endpoint import Price
from comity.llm.providers import keyless
from comity.llm.request import Completion, Message, Request, Usage
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.matching import Rotated
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.repetition import Continued, Repeated
from comity.runs.account import Account, Call, account_of, by_agent, by_mechanism, summed, text_of
from comity.runs.design import Plan
from comity.runs.drive import ScriptedPlay, agents_of
from comity.runs.dry import Dice, anything, design_steps, lengths
from comity.runs.estimate import ANYBODY, Estimate, estimate, list_price
from comity.runs.plan import parsed_plan
from comity.runs.run import run
from comity.runs.sharing import BLOCK, Reader, Shared
from comity.runs.spending import ASKED_AGAIN, HIDDEN, REASONS, SLOWEST, Range, cost, seconds, tokens_out

pytestmark = pytest.mark.slow

MODELS = 'agents = [{label = "a", name = "model", model = "test:a"}, {label = "b", name = "model", model = "test:b"}]\n'


def plan_of(games: str, mechanisms: str, rest: str = "", agents: str = MODELS) -> Plan:
    return parsed_plan(f'name = "p"\nseed = 1\ngames = {games}\nmechanisms = {mechanisms}\n{agents}{rest}')


def free(model: LanguageModel) -> Price | None:
    return Price(0, 0)


def per_match(game: Game) -> float:
    """How many decisions the dry plays of a game put, which must be the same in all."""
    counted = lengths(game, 5)
    assert counted.fixed
    return sum(counted.mean(*asked) for asked in counted.decisions)


@pytest.mark.parametrize("base", [PrisonersDilemma(), PublicGoods(), PublicGoods(players=5)])
def test_decisions_of_a_match_follow_the_published_formulas(base: PublicGoods | PrisonersDilemma) -> None:
    n = base.n_players
    assert per_match(base) == n
    assert per_match(Repeated(base, rounds=15)) == 15 * n
    assert per_match(Mediated(base)) == 3 * n
    assert per_match(Contracted(base)) == 4 * n
    assert per_match(Rotated(base, population=4 * n, rounds=7)) == 7 * 4 * n


@given(st.integers(1, 6), st.integers(1, 4), st.sampled_from([Mediated, Contracted]), st.integers(2, 4))
def test_formulas_multiply_over_stacks(rounds: int, groups: int, mechanism: type[Mediated], seats: int) -> None:
    base = PublicGoods(players=seats)
    within = per_match(mechanism(base))
    assert per_match(Repeated(mechanism(base), rounds)) == rounds * within
    assert per_match(Rotated(mechanism(base), groups * seats, rounds)) == rounds * groups * within
    assert per_match(Repeated(Repeated(base, rounds), 2)) == 2 * rounds * seats


def test_a_design_stage_ends_with_the_first_proposals() -> None:
    game = Repeated(Mediated(PublicGoods()), rounds=4)
    counted = lengths(game, 1, design_steps)
    assert counted.fixed
    assert dict(counted.decisions) == {(player, "propose"): 1 for player in range(3)}
    assert [play.proposing + play.steps for play in counted.plays] == [1, 1]


def test_a_chain_is_the_steps_that_follow_one_another() -> None:
    assert {play.steps for play in lengths(Repeated(PrisonersDilemma(), rounds=9), 1).plays} == {9}
    assert {play.steps for play in lengths(Rotated(PrisonersDilemma(), 8, rounds=9), 1).plays} == {9}
    mediated = lengths(Mediated(PrisonersDilemma()), 1).plays
    assert {(play.proposing, play.steps) for play in mediated} == {(1, 2)}


@pytest.mark.parametrize(("chance", "most"), [(0.8, 200), (0.5, 6), (0.9, 12)])
def test_random_continuation_is_expected_and_its_ends_are_found(chance: float, most: int) -> None:
    game = Continued(PrisonersDilemma(), chance, most)
    counted = lengths(game, 11)
    assert not counted.fixed
    expected = (1 - chance**most) / (1 - chance)
    around = 4 * math.sqrt(counted.variance(0, "act") / len(counted.plays))
    assert abs(counted.mean(0, "act") - expected) < around
    assert {play.counts[0, "act"] for play in counted.extremes} == {1, most}


@given(st.integers(0, 2**32))
def test_an_answer_at_random_is_legal(key: int) -> None:
    spaces: list[Space[object]] = [
        YES_NO,
        OneOf((1, "two", (3, 4))),
        Each(("a", "b"), (YES_NO, Integer(-3, 4))),
        Integer(),
        Integer(low=7),
        Integer(high=-7),
        Text(40),
        Ordering(5),
    ]
    pick = Dice(key)
    for space in spaces:
        assert anything(space, pick) in space
        assert anything(space, lambda ways: 0) in space
        assert anything(space, lambda ways: ways - 1) in space


def test_dice_fall_evenly() -> None:
    pick = Dice(3)
    thrown = Counter(pick(6) for _ in range(6_000))
    assert sorted(thrown) == list(range(6))
    assert all(850 < count < 1_150 for count in thrown.values())


PLAYED = [
    (
        '["prisoners_dilemma", "public_goods", "trust_game"]',
        '["none", "mediation", ["mediation", {name = "repetition", rounds = 3}]]',
        "",
    ),
    ('["public_goods"]', '["repetition", "reputation", "contracting"]', "[matching]\nrepeats = 3"),
    ('["public_goods"]', '["none", "mediation"]', '[matching]\nkind = "sampled"\nmatches = 13'),
    ('["chicken"]', '["cheap_talk", "sanctions", ["execution_noise", "repetition"]]', ""),
    ('["trust_game_sequential", "prisoners_dilemma"]', '["none", "network"]', "[run]\nskip_impossible = true"),
]


@pytest.mark.parametrize(("games", "mechanisms", "rest"), PLAYED)
def test_calls_are_the_decisions_that_are_put_when_the_plan_is_played(games: str, mechanisms: str, rest: str) -> None:
    scripts = 'agents = ["always_defect", "tit_for_tat", {label = "r", name = "random", p = 0.3}]\n'
    plan = plan_of(games, mechanisms, "\n" + rest, scripts)
    found = estimate(plan, free)
    asked: Counter[tuple[str, ...]] = Counter(
        (record.match.cell.mechanism_label, record.match.cell.game_label, record.match.agents[decision.player])
        for record in ScriptedPlay(plan, agents_of(plan)).records(list(plan.matches()))
        for match, choices in zip(replaying(record.match.cell.built, record.choices), record.choices, strict=False)
        for decision in match.pending
        if decision.player != NATURE and choices
    )
    counted = {key: total.calls for key, total in found.by("mechanism", "game", "agent").items()}
    assert found.assumed
    for key, calls in counted.items():
        if calls.exact:
            assert calls.mean == asked[key]
        else:
            assert calls.low <= asked[key] <= calls.high


@dataclass
class Tallied:
    """Somebody who is waited for, answers anything, and is counted."""

    name: str
    asked: Counter[tuple[str, ...]]

    def sit_down(self, game: Game, player: int) -> DecideLater:
        async def decide(decision: Decision[Any], address: Address) -> Reply:
            self.asked[self.name, decision.kind] += 1
            return anything(decision.options, Dice(address.word))

        return decide


def test_decisions_that_are_made_for_a_model_cost_no_calls() -> None:
    agents = 'agents = [{label = "a", name = "model", model = "test:a"%s}]\n[matching]\nkind = "alike"\n'
    game, mechanism = '["prisoners_dilemma"]', '["contracting"]'
    own, helped = (
        estimate(plan_of(game, mechanism, agents=agents % assists), free).total.calls.mean
        for assists in ("", ', assists = ["sign", "propose"]')
    )
    assert (own, helped) == (8, 4)


@pytest.mark.parametrize("policy", ["match", "tournament"])
def test_calls_are_the_questions_that_a_run_puts_to_who_is_waited_for(policy: str, tmp_path: Path) -> None:
    stacks = (
        '["none", {name = "repetition", rounds = 3}, {name = "reputation", rounds = 3}, "mediation", "contracting"]'
    )
    plan = plan_of('["prisoners_dilemma", "public_goods"]', stacks, f'replicates = 2\n[run]\nproposals = "{policy}"')
    asked: Counter[tuple[str, ...]] = Counter()
    run(plan, tmp_path / "run", agents={label: Tallied(label, asked) for label in "ab"})
    calls = estimate(plan, free).by("agent")
    assert {label: sum(n for (who, _), n in asked.items() if who == label) for label in "ab"} == {
        label: total.calls.mean for (label,), total in calls.items()
    }


@dataclass(frozen=True)
class Asking:
    """One player says whether the other is asked anything."""

    n_players = 2
    rules = ()

    def play(self) -> Flow[Outcome]:
        [goes_on] = yield from ask(Decision(0, "act", YES_NO))
        if goes_on:
            yield from ask(Decision(1, "act", YES_NO))
        return Outcome((0.0, 0.0))


def test_where_choices_decide_who_is_asked_there_is_a_range() -> None:
    counted = lengths(Asking(), 3)
    assert not counted.fixed
    assert {play.counts[1, "act"] for play in counted.extremes} == {0, 1}
    assert counted.mean(0, "act") == 1
    assert abs(counted.mean(1, "act") - 0.5) < 0.15
    assert counted.variance(1, "act") == pytest.approx(0.25, abs=0.03)


def test_a_sequential_game_is_a_chain() -> None:
    found = estimate(plan_of('["trust_game_sequential"]', '["none"]'), free)
    assert (found.total.calls, found.chain) == (Range.exactly(8), Range.exactly(2))


def test_proposals_are_asked_for_once_for_each_seat_cell_and_replicate() -> None:
    rest = "replicates = 3\n"
    games, stacks = '["public_goods"]', '["none", "mediation"]'
    per_match_, once = (
        estimate(plan_of(games, stacks, f'{rest}[run]\nproposals = "{policy}"'), free).by("mechanism")
        for policy in ("match", "tournament")
    )
    assert per_match_["mediation",].calls == Range.exactly(3 * 8 * 9)
    assert once["mediation",].calls == Range.exactly(3 * (8 * 6 + 2 * 3))
    assert once["none",].calls == per_match_["none",].calls == Range.exactly(3 * 8 * 3)


def test_the_other_policy_stands_beside_the_plans() -> None:
    found = estimate(plan_of('["public_goods"]', '["mediation"]'), free)
    once = estimate(plan_of('["public_goods"]', '["mediation"]', '[run]\nproposals = "tournament"'), free)
    by_name = {policy.name: policy for policy in found.policies}
    assert list(by_name) == [
        "as in the plan",
        'proposals = "tournament"',
        "crossed, samples = 1",
        "coalesced, at best",
    ]
    assert by_name['proposals = "tournament"'].requests == once.total.calls
    assert by_name["as in the plan"].requests == found.total.calls
    assert by_name["coalesced, at best"].requests.mean == found.total.shared.unique
    assert by_name["coalesced, at best"].output == found.total.output
    assert [policy.name for policy in estimate(plan_of('["chicken"]', '["repetition"]'), free).policies] == [
        "as in the plan",
        "coalesced, at best",
    ]


def test_one_shot_prompts_do_not_depend_on_the_others() -> None:
    found = estimate(plan_of('["prisoners_dilemma", "public_goods"]', '["none"]', "replicates = 2\n"), free)
    unique = {game: total.shared.unique for (game,), total in found.by("game").items()}
    assert found.complete
    assert unique == {"prisoners_dilemma": 2 * 2, "public_goods": 2 * 3}
    assert found.total.shared.prefix > 0.75


def test_scripts_cost_nothing() -> None:
    agents = 'agents = ["tit_for_tat", {label = "a", name = "model", model = "test:a"}]\n'
    found = estimate(plan_of('["prisoners_dilemma"]', '["repetition"]', agents=agents), free)
    assert [line.agent for line in found.lines] == ["a"]
    assert found.total.calls == Range.exactly(4 * 15)
    assert found.complete
    assert not found.assumed


def test_without_models_every_agent_is_taken_for_one() -> None:
    found = estimate(plan_of('["prisoners_dilemma"]', '["none"]', agents='agents = ["grim", "random"]\n'))
    assert found.assumed
    assert {model.model for model in found.models.values()} == {ANYBODY}
    assert found.total.calls == Range.exactly(8)
    assert found.total.cost is None
    assert found.unpriced == (ANYBODY,)


def test_a_large_plan_is_sampled_and_its_calls_still_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comity.runs.estimate.PROMPTS", 3_000)
    rest = "replicates = 50\n[matching]\nrepeats = 100"
    found = estimate(plan_of('["public_goods", "prisoners_dilemma"]', '["none", "repetition"]', rest), free)
    assert found.total.calls == Range.exactly(50 * 100 * 16 * (8 * 3 + 4 * 2))
    assert found.fixed
    assert not found.complete
    assert 2_700 < found.total.shared.prompts <= 3_000
    for _, total in found.by("agent").items():
        assert total.shared.prompts > 0.4 * found.total.shared.prompts


def test_a_match_larger_than_the_sample_is_sampled_within(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comity.runs.estimate.PROMPTS", 100)
    found = estimate(plan_of('["prisoners_dilemma"]', '[{name = "reputation", population = 40}]'), free)
    assert found.total.calls == Range.exactly(40 * 15)
    assert 50 <= found.total.shared.prompts <= 100


def test_tokens_and_dollars_follow_from_characters_and_prices() -> None:
    agents = (
        'agents = [{name = "model", model = "test:a", form = "token", reasoning = false, re_asks = 0, '
        "input_price = 3.0, output_price = 5.0}]\n"
    )
    found = estimate(plan_of('["prisoners_dilemma"]', '["none"]', agents=agents))
    shared = found.total.shared
    assert found.complete
    assert found.total.input.low == pytest.approx(shared.characters / 5)
    assert found.total.input.high == pytest.approx(shared.characters / 3)
    spelled = len("cooperate") / 2 + len("defect") / 2
    assert found.total.output.mean == pytest.approx(2 * spelled / 4, rel=0.3)
    assert found.total.cost is not None
    assert found.total.cost.mean == pytest.approx((3 * shared.characters / 4 + 5 * found.total.output.mean) / 1e6)


def test_reasons_hidden_reasoning_and_the_longest_answer() -> None:
    bare = tokens_out(LanguageModel("m", reasoning=False), 60)
    assert bare == Range(12, 20, 60)
    assert tokens_out(LanguageModel("m"), 60) == bare.plus(REASONS)
    assert tokens_out(LanguageModel("m", effort="high"), 60) == bare.plus(REASONS).plus(HIDDEN["high"])
    capped = tokens_out(LanguageModel("m", effort="high", max_tokens=1_000), 60)
    assert capped.high == capped.mean == 1_000
    assert tokens_out(LanguageModel("m", form="token", reasoning=False), 1) == Range.exactly(1)


def test_prices_are_the_plans_own_or_the_lists() -> None:
    assert list_price(LanguageModel("test:nobody", input_price=1.0, output_price=2.0)) == Price(1.0, 2.0)
    assert list_price(LanguageModel("nobody:nothing")) is None
    listed = list_price(LanguageModel("openai:gpt-4o"))
    assert listed is not None
    assert 0 < listed.input < listed.output
    assert cost(listed, Range.exactly(1e6), Range.exactly(1e6)).mean == pytest.approx(listed.input + listed.output)


@pytest.mark.parametrize(
    "model", ["openai:gpt-4o", "anthropic:claude-sonnet-4-5", "openai:nobody", "inspect:mockllm/m"]
)
@pytest.mark.parametrize("base_url", [None, "http://127.0.0.1:1/v1"])
def test_prices_are_those_of_a_run(model: str, base_url: str | None) -> None:
    for asked in (LanguageModel(model, base_url), LanguageModel(model, base_url, input_price=1.0, output_price=2.0)):
        assert list_price(asked) == keyless(model, base_url=base_url, price=asked.price).price


def test_behind_inspect_the_price_is_that_of_the_provider() -> None:
    assert list_price(LanguageModel("inspect:openai/gpt-4o")) == list_price(LanguageModel("openai:gpt-4o"))


def test_time_is_bounded_by_the_chain_and_by_the_busiest_model() -> None:
    chain, calls = Range.exactly(15), [Range.exactly(1_000), Range.exactly(10)]
    waiting = seconds(chain, calls, latency=2, concurrency=1_000_000)
    assert waiting.low == 30
    assert waiting.high == pytest.approx(30 * SLOWEST, rel=1e-3)
    busy = seconds(chain, calls, latency=2, concurrency=10)
    assert busy.low == 200
    assert busy.high == pytest.approx(200 * ASKED_AGAIN.high + 30 * SLOWEST)


def test_models_of_one_name_share_their_calls_in_flight() -> None:
    apart, same = (
        estimate(plan_of('["prisoners_dilemma"]', '["none"]', agents=MODELS.replace("test:b", model)), free)
        for model in ("test:b", "test:a")
    )
    assert same.seconds(10, 1).low == 80
    assert apart.seconds(10, 1).low == 40


def test_the_chain_of_a_plan_has_the_design_stage_in_it() -> None:
    def chain(policy: str, stack: str) -> Range:
        return estimate(plan_of('["prisoners_dilemma"]', stack, f'[run]\nproposals = "{policy}"'), free).chain

    assert chain("match", '["none"]') == Range.exactly(1)
    assert chain("match", '["contracting", "none"]') == Range.exactly(4)
    assert chain("tournament", '["contracting", "none"]') == Range.exactly(4)
    assert chain("match", '[["mediation", {name = "repetition", rounds = 5}]]') == Range.exactly(15)
    assert chain("tournament", '[["mediation", {name = "repetition", rounds = 5}]]') == Range.exactly(11)


def test_an_estimate_is_the_same_every_time() -> None:
    plan = plan_of('["public_goods"]', '["reputation", "random_continuation"]')
    assert _numbers(estimate(plan, free)) == _numbers(estimate(plan, free))


def _numbers(found: Estimate) -> list[object]:
    return [(line.agent, line.calls, line.input, line.shared) for line in found.lines]


def _repeated(texts: Sequence[str]) -> int:
    """What `Reader` counts, by comparing every prompt with every one before it."""
    repeated = 0
    for number, text in enumerate(texts):
        common = max((len(_common(text, other)) for other in texts[:number]), default=0)
        repeated += len(text) if text in texts[:number] else common // BLOCK * BLOCK
    return repeated


def _common(one: str, other: str) -> str:
    length = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[:length]


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200), st.sampled_from("xyz"))))
def test_what_was_read_before_is_what_prompts_have_in_common(shapes: list[tuple[int, int, str]]) -> None:
    texts = ["a" * first + letter + "b" * second for first, second, letter in shapes]
    reader = Reader()
    found = sum((reader.read(text) for text in texts), Shared())
    assert found.prompts == len(texts)
    assert found.characters == sum(map(len, texts))
    assert found.unique == len(set(texts))
    assert found.unique_characters == sum(map(len, set(texts)))
    assert found.repeated == _repeated(texts)


def test_an_account_adds_up_what_calls_took() -> None:
    usage = Usage(100, 40, 20, 5)
    calls = [
        Call("a", "none", "x" * 64, Completion("", usage=usage, cost=0.5)),
        Call("a", "mediation", "x" * 64, Completion("", usage=usage, cost=0.25)),
        Call("b", "none", "x" * 64 + "y", Completion("", usage=Usage(7, known=False))),
        Call("a", "none", "x" * 65, Completion("", usage=usage, cost=0.5)),
    ]
    accounts = account_of(calls)
    assert [(each.agent, each.mechanism, each.calls) for each in accounts] == [
        ("a", "none", 2),
        ("a", "mediation", 1),
        ("b", "none", 1),
    ]
    assert accounts[0] == Account("a", "none", 2, 200, 80, 40, 10, 0, 1.0, 0, Shared(2, 129, 2, 129, 64))
    assert accounts[1].shared == Shared(1, 64, 0, 0, 64)
    assert accounts[2] == Account("b", "none", 1, 7, 0, 0, 0, 1, 0.0, 1, Shared(1, 65, 1, 65, 0))
    total = summed(accounts)
    assert (total.calls, total.cost, total.unpriced, total.unknown) == (4, 1.25, 1, 1)
    assert [(each.agent, each.mechanism, each.calls) for each in by_agent(accounts)] == [("a", "", 3), ("b", "none", 1)]
    assert [(each.mechanism, each.calls) for each in by_mechanism(accounts)] == [("none", 3), ("mediation", 1)]
    assert summed(()) == Account("", "")


def test_the_text_of_a_request_has_all_that_is_said() -> None:
    request = Request("m", (Message("system", "be brief"), Message("user", "act")), schema="{}")
    assert text_of(request) == "be brief\nact\n{}"


def test_draws_of_dice_are_those_of_their_address() -> None:
    assert Dice(9)(1_000) == int(Address(9, 1, 0).uniform() * 1_000)
