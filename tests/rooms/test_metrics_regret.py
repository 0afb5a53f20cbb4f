"""Regret: closed forms of scripted strategies, an independent count of random tournaments, and what has none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from math import fsum, prod
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.flow import Game, StageGame
from comity.core.match import Decide, play
from comity.mechanisms.repetition import round_weights
from comity.metrics import MetricError, table
from comity.metrics.regret import regret_metrics
from comity.records.record import Failure, Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.tables import Tables, tables
from comity.strategies.catalogue import STRATEGIES

pytestmark = pytest.mark.slow

Sit = Callable[[Game, int, int], Decide]
"""From the game, the player and a key to what decides there."""


def scripted(name: str) -> Sit:
    return lambda game, player, key: STRATEGIES[name]().begin(game, player)


def any_choice(game: Game, player: int, key: int) -> Decide:
    """Anything it may, each equally often."""
    asked = iter(range(10**6))

    def decide(decision: Decision[Any]) -> Any:
        options = list(decision.options)
        return options[int(Address(key, next(asked), player).uniform() * len(options))]

    return decide


def acts(action: str, **answers: Any) -> Sit:
    """Always this action; to other kinds of decision these answers."""
    return lambda game, player, key: lambda decision: answers.get(decision.kind, action)


def played(cell: Cell, agents: Mapping[str, Sit], replicate: str = "1", first: int = 0, seed: int = 1) -> list[Record]:
    """All agents against all in every seat."""
    records = []
    for index, seated in enumerate(product(agents, repeat=cell.built.n_players)):
        spec = MatchSpec(first + index, cell, seated, replicate)
        key = spec.key(seed)
        deciding = [agents[name](cell.built, player, key) for player, name in enumerate(seated)]
        match = play(cell.built, lambda decision, who=deciding: who[decision.player](decision), key)  # type: ignore[misc]
        assert match.outcome is not None
        records.append(Record(spec, "finished", tuple(match.choices), match.lotteries, match.outcome.payoffs))
    return records


def cell(game: str, *stack: Spec, **parameters: Any) -> Cell:
    return Cell(game, "+".join(spec.name for spec in stack) or "none", Spec.of(game, parameters), stack)


def regrets(records: Sequence[Record], metric: str = "regret_points") -> pd.DataFrame:
    """The regret of every player of every match."""
    found = tables(records)
    return regret_metrics({record.match.cell for record in records})[metric].occurrences(found)


def by_agent(records: Sequence[Record], metric: str = "regret_points") -> dict[str, float]:
    measure = regret_metrics({record.match.cell for record in records})[metric]
    return {row["agent"]: row["value"] for row in table(tables(records), measure, ["game", "agent"]).rows}


# Played once


def test_a_best_reply_has_no_regret_and_cooperating_in_the_dilemma_costs_a_point() -> None:
    agents = {"c": acts("cooperate"), "d": acts("defect")}
    records = played(cell("prisoners_dilemma"), agents)
    assert by_agent(records) == {"c": 1.0, "d": 0.0}
    assert set(regrets(records)["value"]) == {0.0, 1.0}
    stretched = played(cell("prisoners_dilemma", reward=5, temptation=9, punishment=1, sucker=0), agents)
    assert by_agent(stretched) == {"c": (4 + 1) / 2, "d": 0.0}
    assert by_agent(stretched, "regret") == {"c": (4 + 1) / 2 / 4, "d": 0.0}


def test_one_action_replies_to_all_that_look_the_same() -> None:
    """Of three others two hunt the stag, so stag pays 10/3 on average and hare 3: the hare regrets a third."""
    agents = {"s": acts("stag"), "t": acts("stag"), "h": acts("hare")}
    found = by_agent(played(cell("stag_hunt"), agents))
    assert found == {"s": 0.0, "t": 0.0, "h": pytest.approx(1 / 3)}


def test_luck_is_no_regret_and_no_credit() -> None:
    """An agent that wins every match of a zero-sum game by luck has taken both actions as often as the other."""
    of = cell("matching_pennies")
    records = []
    for index, side in enumerate(("heads", "tails")):
        match = play(of.built, lambda decision, side=side: side)  # type: ignore[misc]
        assert match.outcome is not None
        records.append(
            Record(MatchSpec(index, of, ("a", "b")), "finished", tuple(match.choices), {}, match.outcome.payoffs)
        )
    assert [record.payoffs for record in records] == [(1, -1), (1, -1)]
    assert by_agent(records) == {"a": 0.0, "b": 0.0}


def contracted(defect: int, **answers: Any) -> dict[str, Any]:
    return {"propose": (0, defect), "approve": (True, True), "sign": True, **answers}


def test_every_contract_is_a_situation_of_its_own() -> None:
    """A fine of 2 makes cooperating the best reply by 1, and one that is not signed leaves defecting better by 1."""
    of = cell("prisoners_dilemma", Spec.of("contracting", {"recall": False}))
    signing = {"c": acts("cooperate", **contracted(-2)), "d": acts("defect", **contracted(-2))}
    assert by_agent(played(of, signing)) == {"c": 0.0, "d": 1.0}
    refusing = {"c": acts("cooperate", **contracted(-2)), "d": acts("defect", **contracted(-2, sign=False))}
    assert by_agent(played(of, refusing)) == {"c": 0.5, "d": 0.0}  # the contract binds where c meets c, and only there


def test_delegating_is_one_of_the_replies() -> None:
    """The mediator cooperates for two and defects for one: among those who delegate, nothing else is as good."""
    of = cell("prisoners_dilemma", Spec.of("mediation", {"recall": False}))
    answers = {"propose": ("defect", "cooperate"), "approve": (True, True)}
    agents = {"m": acts("delegate", **answers), "d": acts("defect", **answers)}
    found = by_agent(played(of, agents))
    assert found == {"m": 0.0, "d": 0.5}  # delegating pays d 2 instead of 1 where it meets m, and 1 where it meets d


def counterfactuals(records: Sequence[Record], seat: int) -> Iterator[tuple[tuple[Any, ...], str, dict[str, float]]]:
    """For each match whose game has no mechanism: who acts, how, and what each action would have been paid."""
    for record in records:
        base = record.match.cell.built
        assert isinstance(base, StageGame)
        [profile] = record.choices
        swapped = {a: (*profile[:seat], a, *profile[seat + 1 :]) for a in base.actions[seat]}
        paid = {action: base.payoffs(other)[seat] for action, other in swapped.items()}
        yield (record.match.replicate, record.match.agents[seat]), profile[seat], paid


@given(
    st.sampled_from(["prisoners_dilemma", "trust_game", "public_goods", "travellers_dilemma"]), st.integers(0, 10**6)
)
@settings(max_examples=15)
def test_without_a_mechanism_it_is_external_regret(game: str, seed: int) -> None:
    of, agents = cell(game), {"x": any_choice, "y": any_choice}
    records = [*played(of, agents, seed=seed), *played(of, agents, "2", 100, seed=seed + 1)]
    found = regrets(records).assign(seat=[seat for record in records for seat in range(of.built.n_players)])
    for seat in range(of.built.n_players):
        options: dict[Any, list[tuple[str, dict[str, float]]]] = defaultdict(list)
        for who, action, paid in counterfactuals(records, seat):
            options[who].append((action, paid))
        for (replicate, agent), there in options.items():
            means = {action: fsum(paid[action] for _, paid in there) / len(there) for action in there[0][1]}
            own = fsum(means[action] for action, _ in there) / len(there)
            rows = found[(found["replicate"] == replicate) & (found["agent"] == agent) & (found["seat"] == seat)]
            assert set(rows["value"].round(9)) == {round(max(means.values()) - own, 9)}


STACKS = [
    Spec.of("contracting", {"low": -2, "high": 2}),
    Spec.of("mediation"),
    Spec.of("cheap_talk", {"messages": ["ready", "not ready"]}),
    Spec.of("execution_noise", {"noise": 0.3}),
    Spec.of("monitoring_noise", {"noise": 0.3}),
    Spec.of("repetition", {"rounds": 3, "discount": 0.7}),
    Spec.of("random_continuation", {"chance": 0.5, "most": 6}),
]


@pytest.mark.parametrize("mechanism", STACKS, ids=lambda spec: spec.name)
@given(seed=st.integers(0, 10**6))
@settings(max_examples=5)
def test_regret_is_never_negative_and_everybody_has_it(mechanism: Spec, seed: int) -> None:
    records = played(cell("prisoners_dilemma", mechanism), {"x": any_choice, "y": any_choice}, seed=seed)
    found = regrets(records)
    assert len(found) == 2 * len(records)
    assert found["value"].min() >= 0


TOLD = Spec.of("presentation", {"labels": "random", "options": "random", "rules": "random", "unit": "random"})


@pytest.mark.parametrize("mechanisms", [(), (Spec.of("repetition", {"rounds": 3}),)], ids=["once", "repeated"])
def test_how_a_game_is_told_changes_no_regret(mechanisms: tuple[Spec, ...]) -> None:
    agents = {name: scripted(name) for name in ("always_cooperate", "always_defect", "alternate", "tit_for_tat")}
    told, plain = (
        regrets(played(cell("prisoners_dilemma", *stack), agents)) for stack in ((*mechanisms, TOLD), mechanisms)
    )
    assert len(told) == len(plain) > 0
    assert told["value"].tolist() == pytest.approx(plain["value"].tolist(), abs=1e-12)


BELIEF = Spec.of("belief", {"about": "defects_once", "seats": [1]})
THRICE = Spec.of("repetition", {"rounds": 3})


@pytest.mark.parametrize(
    ("told", "plain"),
    [((BELIEF,), ()), ((BELIEF, THRICE), (THRICE,)), ((BELIEF, THRICE, BELIEF, TOLD), (THRICE,))],
    ids=["once", "in every round", "inside, outside, and presented"],
)
def test_what_players_are_told_of_each_other_changes_no_regret(told: tuple[Spec, ...], plain: tuple[Spec, ...]) -> None:
    agents = {name: scripted(name) for name in ("always_cooperate", "always_defect", "alternate", "tit_for_tat")}
    with_it, without = (regrets(played(cell("prisoners_dilemma", *stack), agents)) for stack in (told, plain))
    assert len(with_it) == len(without) > 0
    assert with_it["value"].tolist() == pytest.approx(without["value"].tolist(), abs=1e-12)


# Repeated

ROUNDS, DISCOUNT = 10, 0.8
REPEATED = cell("prisoners_dilemma", Spec.of("repetition", {"rounds": ROUNDS, "discount": DISCOUNT}))
FIRST, LAST = 1 - DISCOUNT, DISCOUNT ** (ROUNDS - 1)
AXELROD = {name: scripted(name) for name in ("always_cooperate", "always_defect", "tit_for_tat", "alternate")}


def test_closed_forms_of_the_repeated_dilemma() -> None:
    """The best reply to tit for tat cooperates and defects in the last round; to the others it always defects.

    Those who meet tit for tat show all it does only together: whoever alternates shows that it forgives.
    """
    records = played(REPEATED, AXELROD)
    values = regrets(records)["value"].tolist()
    found = dict(zip(((*r.match.agents, seat) for r in records for seat in (0, 1)), values, strict=True))
    expected = {
        ("always_cooperate", "always_cooperate"): 1.0,
        ("always_cooperate", "always_defect"): 1.0,
        ("always_cooperate", "tit_for_tat"): LAST,
        ("always_defect", "always_cooperate"): 0.0,
        ("always_defect", "always_defect"): 0.0,
        ("always_defect", "tit_for_tat"): 2 + LAST - (3 * FIRST + 1 * (1 - FIRST)),
        ("tit_for_tat", "always_cooperate"): 1.0,
        ("tit_for_tat", "always_defect"): FIRST,
        ("tit_for_tat", "tit_for_tat"): LAST,
    }
    for (one, other), regret in expected.items():
        assert found[one, other, 0] == pytest.approx(regret, abs=1e-12)
        assert found[other, one, 1] == pytest.approx(regret, abs=1e-12)


def test_a_random_end_counts_as_the_discount_it_is() -> None:
    """Behaviour that does not depend on the round is worth what it is worth when rounds are discounted."""
    agents = {name: AXELROD[name] for name in ("always_cooperate", "always_defect")}
    ends = Spec.of("random_continuation", {"chance": DISCOUNT, "most": ROUNDS})
    assert by_agent(played(cell("prisoners_dilemma", ends), agents)) == pytest.approx(
        by_agent(played(REPEATED, agents))
    )


Policy = Mapping[Any, Counter[str]]


def policy(records: Sequence[Record], seat: int, agent: str) -> dict[Any, Counter[str]]:
    """How often the agent took each action there: after each profile, and under "overall" whatever it was."""
    found: dict[Any, Counter[str]] = defaultdict(Counter)
    for record in records:
        if record.match.agents[seat] == agent:
            for last, profile in zip(("opening", *record.choices), record.choices, strict=False):
                found[last][profile[seat]] += 1
                found["overall"][profile[seat]] += 1
    return found


def chances(policy: Policy, state: Any) -> dict[str, float]:
    counts = policy.get(state) or policy["overall"]
    return {action: count / counts.total() for action, count in counts.items()}


def worth(base: StageGame, seat: int, own: Mapping[Any, Mapping[str, float]], policies: Mapping[int, Policy]) -> float:
    """What two rounds pay the seat, profile by profile. own: its chances by round and state."""
    weights, total = round_weights(2, 0.7), 0.0
    states: dict[Any, float] = {"opening": 1.0}
    for round, weight in enumerate(weights):
        ahead: dict[Any, float] = defaultdict(float)
        for (state, likely), profile in product(states.items(), product(*base.actions)):
            told = {other: chances(theirs, state) for other, theirs in policies.items()} | {seat: own[round, state]}
            chance = likely * prod(told[place].get(action, 0.0) for place, action in enumerate(profile))
            total += chance * weight * base.payoffs(profile)[seat]
            ahead[profile] += chance
        states = ahead
    return total


@given(st.sampled_from(["prisoners_dilemma", "trust_game", "public_goods"]), st.integers(0, 10**6))
@settings(max_examples=15)
def test_no_strategy_does_better_than_the_best_reply(game: str, seed: int) -> None:
    """By hand: of all strategies of two rounds, each action by each state, the best is as good as is claimed."""
    of = cell(game, Spec.of("repetition", {"rounds": 2, "discount": 0.7}))
    base = Cell(game, "", of.game).built
    assert isinstance(base, StageGame)
    records = played(of, {"x": any_choice, "y": any_choice}, seed=seed)
    values = regrets(records)["value"].to_numpy().reshape(len(records), -1)
    record, seat = records[seed % len(records)], seed % base.n_players
    policies = {place: policy(records, place, agent) for place, agent in enumerate(record.match.agents)}
    mine = policies.pop(seat)
    profiles = list(product(*base.actions))
    own = {(1, state): chances(mine, state) for state in profiles} | {(0, "opening"): chances(mine, "opening")}
    best = max(
        worth(base, seat, dict(zip([(0, "opening"), *((1, p) for p in profiles)], picked, strict=True)), policies)
        for picked in product([{action: 1.0} for action in base.actions[seat]], repeat=1 + len(profiles))
        if game != "public_goods" or fits(base, seat, picked, profiles)
    )
    expected = best - worth(base, seat, own, policies)
    assert values[seed % len(records), seat] == pytest.approx(expected, abs=1e-12)


def fits(base: StageGame, seat: int, picked: Sequence[Mapping[str, float]], profiles: Sequence[Any]) -> bool:
    """Whether the strategy does the same after profiles that its opening cannot lead to: fewer are to be tried."""
    [opening] = picked[0]
    unreached = [then for then, profile in zip(picked[1:], profiles, strict=True) if profile[seat] != opening]
    return all(then == unreached[0] for then in unreached)


# What has none


def notes(records: Sequence[Record]) -> list[str]:
    measure = regret_metrics({record.match.cell for record in records})["regret"]
    return list(measure.remarks(tables(records)))


OTHERS = [
    (
        "prisoners_dilemma",
        (Spec.of("reputation", {"population": 2, "rounds": 2}),),
        "no regret under reputation: who meets whom changes, and what the others do rests on what they know",
    ),
    ("trust_game_sequential", (), "no regret under none: its players do not act once and at the same time, at the end"),
    ("prisoners_dilemma", (Spec.of("sanctions"),), "its players do not act once and at the same time, at the end"),
    (
        "prisoners_dilemma",
        (Spec.of("network_per_edge", {"players": 3}),),
        "its players do not act once and at the same time, at the end",
    ),
    (
        "prisoners_dilemma",
        (Spec.of("monitoring_noise"), Spec.of("repetition", {"rounds": 2})),
        "what is repeated is no plain stage game",
    ),
    (
        "prisoners_dilemma",
        (Spec.of("execution_noise"), Spec.of("prediction"), Spec.of("repetition", {"rounds": 2})),
        "so its players are no policies of the last profile",
    ),
    (
        "public_goods",
        (Spec.of("repetition", {"rounds": 2}),),
        "the stage game has more than 7 profiles",
    ),
]


@pytest.mark.parametrize(("game", "stack", "why"), OTHERS, ids=[why for _, _, why in OTHERS])
def test_other_cells_have_no_regret_and_say_why(
    game: str, stack: tuple[Spec, ...], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comity.metrics.regret.MOST_STATES", 7)
    records = played(cell(game, *stack), {"x": any_choice})
    assert regrets(records).empty
    [note] = notes(records)
    assert why in note


def test_only_some_games_of_a_mechanism_are_named() -> None:
    records = [
        *played(cell("trust_game_sequential"), {"x": any_choice}),
        *played(cell("stag_hunt"), {"x": any_choice}, first=9),
    ]
    [note] = notes(records)
    assert note.startswith("no regret under none on trust_game_sequential: ")


@pytest.mark.parametrize("stack", [(), (Spec.of("repetition", {"rounds": 2}),)])
def test_a_match_that_was_not_played_is_missing(stack: tuple[Spec, ...]) -> None:
    [one, two, *rest] = played(cell("prisoners_dilemma", *stack), {"x": any_choice, "y": any_choice})
    forfeited = Record(one.match, "forfeited", (), {}, (), Failure(0, 0, 0, "act", "no answer"))
    known = Record(two.match, "payoffs_only", (), {}, two.payoffs)
    found = regrets([forfeited, known, *rest])
    assert found["value"].isna().tolist() == [True] * 4 + [False] * 4


def test_a_game_without_a_scale_has_regret_in_points_only() -> None:
    names: dict[str, Any] = {"first_actions": ["up", "down"], "second_actions": ["left", "right"]}
    flat = cell("matrix", **names, cells=[[[1, 1], [1, 1]], [[1, 1], [1, 1]]])
    records = played(flat, {"x": any_choice})
    assert regrets(records, "regret").empty
    assert regrets(records)["value"].tolist() == [0.0, 0.0]


def test_tables_without_decisions_and_cells_that_are_not_known_are_refused() -> None:
    records = played(cell("prisoners_dilemma"), {"x": any_choice})
    measure = regret_metrics([cell("prisoners_dilemma")])["regret"]
    with pytest.raises(MetricError, match="made without decisions"):
        measure.occurrences(tables(records, decisions=False))
    with pytest.raises(MetricError, match="none on prisoners_dilemma"):
        regret_metrics([])["regret"].occurrences(tables(records))
    with pytest.raises(MetricError, match="not the same game in all runs"):
        regret_metrics([cell("prisoners_dilemma"), cell("prisoners_dilemma", temptation=4)])


def test_agents_may_be_renamed_in_the_outcomes() -> None:
    """Decisions keep the labels of the run; whose they are is told by the outcomes."""
    records = played(cell("prisoners_dilemma"), {"c": acts("cooperate"), "d": acts("defect")})
    found = tables(records)
    renamed = Tables(found.matches, found.outcomes.replace({"agent": {"c": "nice"}}), found.plays, found.decisions)
    values = regret_metrics([cell("prisoners_dilemma")])["regret"].occurrences(renamed)
    assert values.groupby("agent")["value"].first().to_dict() == {"nice": 1.0, "d": 0.0}
