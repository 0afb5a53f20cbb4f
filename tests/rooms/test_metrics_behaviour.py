"""Action frequencies, votes and adoption: hand-made plays with known answers, and elections counted by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.match import play
from comity.core.outcome import stage_plays
from comity.metrics import MetricError, table
from comity.metrics.behaviour import (
    OPENING,
    action_frequencies,
    adoption,
    behaviour_metrics,
    conditional_frequencies,
    votes,
)
from comity.records.record import Failure, Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.tables import Tables, tables
from comity.strategies.catalogue import STRATEGIES

METRICS = behaviour_metrics()


def cell(game: str, *stack: Spec) -> Cell:
    return Cell(game, "+".join(spec.name for spec in stack) or "none", Spec.of(game), stack)


def record(of: Cell, index: int, agents: Sequence[str], decide: Callable[[Decision[Any]], Any], **where: Any) -> Record:
    spec = MatchSpec(index, of, tuple(agents), **where)
    match = play(of.built, decide, spec.key(1))
    assert match.outcome is not None
    return Record(spec, "finished", tuple(match.choices), match.lotteries, match.outcome.payoffs)


def at_random(of: Cell, index: int, agents: Sequence[str], seed: int = 1, **where: Any) -> Record:
    asked = iter(range(10**6))

    def decide(decision: Decision[Any]) -> Any:
        options = list(decision.options)
        return options[int(Address(seed, next(asked), index).uniform() * len(options))]

    return record(of, index, agents, decide, **where)


def scripted(of: Cell, index: int, agents: Sequence[str], **where: Any) -> Record:
    deciding = [STRATEGIES[name]().begin(of.built, player) for player, name in enumerate(agents)]
    return record(of, index, agents, lambda decision: deciding[decision.player](decision), **where)


def profile(of: Cell, index: int, agents: Sequence[str], *actions: str, **where: Any) -> Record:
    return record(of, index, agents, lambda decision: actions[decision.player], **where)


def keyed(found: pd.DataFrame, *keys: str) -> dict[tuple[Any, ...], float]:
    return dict(zip(found[list(keys)].itertuples(index=False, name=None), found["share"].tolist(), strict=True))


# Actions

C, D = "cooperate", "defect"
PD = cell("prisoners_dilemma")


def test_replicates_weigh_the_same_in_a_frequency_and_the_error_is_over_them() -> None:
    """x cooperates always in the first replicate, and in one of two matches of the second."""
    records = [
        profile(PD, 0, "xy", C, D),
        profile(PD, 1, "xy", C, D, replicate="2"),
        profile(PD, 2, "xy", D, D, replicate="2"),
    ]
    found = action_frequencies(tables(records))
    assert list(found.columns) == ["mechanism", "game", "agent", "action", "share", "error", "replicates", "plays"]
    assert keyed(found, "agent", "action") == {("x", C): 0.75, ("x", D): 0.25, ("y", C): 0.0, ("y", D): 1.0}
    assert found["error"].tolist() == pytest.approx([0.25, 0.25, 0.0, 0.0])
    assert set(found["replicates"]) == {2}
    assert set(found["plays"]) == {3}


def test_one_replicate_has_no_error() -> None:
    assert action_frequencies(tables([profile(PD, 0, "xy", C, D)]))["error"].isna().all()


def test_actions_nobody_took_under_one_mechanism_have_a_share_of_zero() -> None:
    repeated = cell("prisoners_dilemma", Spec.of("repetition", {"rounds": 2}))
    found = action_frequencies(tables([profile(PD, 0, "xy", C, C), profile(repeated, 1, "xy", D, D)]))
    assert keyed(found, "mechanism", "agent", "action")["none", "x", D] == 0.0


def test_roles_have_rows_of_their_own_where_asked_for() -> None:
    trust = cell("trust_game")
    records = [profile(trust, 0, "xy", "give", "keep"), profile(trust, 1, "yx", "keep", "give")]
    assert keyed(action_frequencies(tables(records)), "agent", "action")["x", "give"] == 1.0
    found = keyed(action_frequencies(tables(records), roles=True), "role", "agent", "action")
    roles = trust.built.roles  # type: ignore[attr-defined]
    assert found[roles[0], "x", "give"] == found[roles[1], "y", "keep"] == 1.0
    assert found[roles[0], "x", "keep"] == 0.0


def test_tit_for_tat_does_what_its_co_player_did() -> None:
    repeated = cell("prisoners_dilemma", Spec.of("repetition", {"rounds": 6}))
    found = conditional_frequencies(tables([scripted(repeated, 0, ("tit_for_tat", "alternate"))]))
    assert keyed(found, "agent", "condition", "action") == {
        ("tit_for_tat", OPENING, C): 1.0,
        ("tit_for_tat", OPENING, D): 0.0,
        ("tit_for_tat", C, C): 1.0,
        ("tit_for_tat", C, D): 0.0,
        ("tit_for_tat", D, C): 0.0,
        ("tit_for_tat", D, D): 1.0,
        ("alternate", OPENING, C): 1.0,
        ("alternate", OPENING, D): 0.0,
        ("alternate", C, C): pytest.approx(2 / 3),  # after C, C, D, C, D it does D, C, D, C, D
        ("alternate", C, D): pytest.approx(1 / 3),
        ("alternate", D, C): 0.0,
        ("alternate", D, D): 1.0,
    }
    plays = dict(zip(found[["agent", "condition"]].itertuples(index=False, name=None), found["plays"], strict=True))
    assert plays["tit_for_tat", C] == 3


def conditions(record: Record) -> Iterator[tuple[str, str, str]]:
    """By hand: for every play and player the agent, the last actions of the others, sorted, and its own."""
    outcome = record.replayed().outcome
    assert outcome is not None
    last: dict[int, str] = {}
    for each in stage_plays(outcome):
        actions = dict(zip(each.players, each.outcome.actions, strict=True))
        for player, action in actions.items():
            before = sorted(last[other] for other in actions if other != player and other in last)
            yield record.match.agents[player], ", ".join(before) or OPENING, action
        last |= actions


CHANGING = [
    cell("public_goods", Spec.of("repetition", {"rounds": 4})),
    cell("public_goods", Spec.of("reputation", {"population": 6, "rounds": 4})),
    cell("travellers_dilemma", Spec.of("reputation", {"population": 4, "rounds": 5, "matching": "balanced"})),
    cell("prisoners_dilemma", Spec.of("mediation"), Spec.of("repetition", {"rounds": 3})),
    cell("stag_hunt"),
]


@pytest.mark.parametrize("of", CHANGING, ids=lambda of: f"{of.mechanism_label} on {of.game_label}")
@given(seed=st.integers(0, 10**6))
@settings(max_examples=5)
def test_conditions_are_what_co_players_did_last_whoever_they_met(of: Cell, seed: int) -> None:
    agents = [("x", "y")[player % 2] for player in range(of.built.n_players)]
    played = [at_random(of, index, agents, seed) for index in range(3)]
    counts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in played:
        for agent, condition, action in conditions(each):
            counts[agent, condition].append(action)
    found = conditional_frequencies(tables(played))
    assert {(row.agent, row.condition) for row in found.itertuples()} == set(counts)
    for (agent, condition, action), share in keyed(found, "agent", "condition", "action").items():
        there = counts[agent, condition]
        assert share == pytest.approx(there.count(action) / len(there))
    assert found.groupby(["agent", "condition"])["share"].sum().tolist() == pytest.approx([1.0] * len(counts))


def test_along_the_edges_of_a_network_each_pair_has_a_past_of_its_own() -> None:
    """0 defects towards 1 and cooperates towards 2, who do the same to it: along an edge nothing ever changes."""
    of = cell("prisoners_dilemma", Spec.of("network_per_edge", {"players": 3}), Spec.of("repetition", {"rounds": 3}))

    def decide(decision: Decision[Any]) -> str:
        [seats] = [fact.players for fact in decision.sees if hasattr(fact, "players")]
        return D if set(seats) == {0, 1} else C

    found = conditional_frequencies(tables([record(of, 0, "xyz", decide)]))
    by_condition = keyed(found, "agent", "condition", "action")
    assert by_condition["x", D, D] == by_condition["x", C, C] == by_condition["z", C, C] == 1.0
    assert ("z", D, D) not in by_condition


def test_nothing_played_is_an_empty_table() -> None:
    empty = tables([])
    for frame in (action_frequencies(empty), conditional_frequencies(empty), adoption(empty), votes(empty)):
        assert frame.empty
        assert {"mechanism", "game", "share", "error", "replicates"} <= set(frame.columns)


# Votes, signatures, delegation

CONTRACT = Spec.of("contracting", {"low": -1, "high": 1})


def elected(of: Cell, index: int, agents: Sequence[str], answers: Mapping[str, Sequence[Any]], **where: Any) -> Record:
    """answers: for each kind of decision that of every player."""
    return record(of, index, agents, lambda decision: answers[decision.kind][decision.player], **where)


def contract(index: int, ballots: Sequence[tuple[bool, bool]], signed: Sequence[bool], **where: Any) -> Record:
    answers = {"propose": [(0, 0), (1, 0)], "approve": ballots, "sign": signed, "act": [C, D]}
    return elected(cell("prisoners_dilemma", CONTRACT), index, "xy", answers, **where)


def mediator(index: int, *acts: str) -> Record:
    answers: dict[str, Sequence[Any]] = {"propose": [(D, C)] * 2, "approve": [(True, False)] * 2, "act": acts}
    return elected(cell("prisoners_dilemma", Spec.of("mediation")), index, "xy", answers)


def measured(found: Tables, metric: str, *by: str) -> dict[Any, Any]:
    rows = table(found, METRICS[metric], by, ["all"]).rows
    return {tuple(row[key] for key in by) if len(by) > 1 else row[by[0]]: row["value"] for row in rows}


ELECTIONS = [
    contract(0, [(True, True), (True, False)], [True, True]),
    contract(1, [(True, False), (False, False)], [True, False]),
]


def test_votes_are_told_by_who_gives_and_who_receives_them() -> None:
    found = tables(ELECTIONS)
    assert measured(found, "approval", "agent") == {"x": 0.75, "y": 0.25}
    assert measured(found, "approved", "agent") == {"x": 0.75, "y": 0.25}
    asymmetric = tables([contract(0, [(False, True), (False, True)], [True, True])])
    assert measured(asymmetric, "approval", "agent") == {"x": 0.5, "y": 0.5}
    assert measured(asymmetric, "approved", "agent") == {"y": 1.0, "x": 0.0}


def test_a_contract_is_adopted_when_all_sign_it() -> None:
    found = tables(ELECTIONS)
    assert measured(found, "signing", "agent") == {"x": 1.0, "y": 0.5}
    assert measured(found, "adopted", "mechanism") == {"contracting": 0.5}


def test_a_mediator_is_adopted_when_all_delegate_to_it() -> None:
    found = tables([mediator(0, "delegate", "delegate"), mediator(1, "delegate", D), mediator(2, D, D)])
    assert measured(found, "delegation", "agent") == {"x": pytest.approx(2 / 3), "y": pytest.approx(1 / 3)}
    assert measured(found, "adopted", "mechanism") == {"mediation": pytest.approx(1 / 3)}
    assert keyed(adoption(found), "measure") == {
        ("approvals",): 0.5,
        ("delegations",): 0.5,
        ("somebody delegated",): pytest.approx(2 / 3),
        ("all delegated",): pytest.approx(1 / 3),
    }
    counted = votes(found)
    assert keyed(counted[counted["counted"] == "delegators"], "number") == {
        (number,): pytest.approx(1 / 3) for number in range(3)
    }


def test_adoption_and_votes_of_contracts() -> None:
    second = contract(2, [(True, True), (True, True)], [True, True], replicate="2")
    found = adoption(tables([*ELECTIONS, second]))
    assert list(found.columns) == ["mechanism", "game", "measure", "share", "error", "replicates", "of"]
    assert keyed(found, "measure") == {
        ("approvals",): (0.5 + 1) / 2,
        ("signatures",): (0.75 + 1) / 2,
        ("all signed",): (0.5 + 1) / 2,
    }
    assert found["of"].tolist() == [12, 6, 3]
    assert found["error"].tolist() == pytest.approx([0.25, 0.125, 0.25])
    counted = votes(tables([*ELECTIONS, second]))
    assert keyed(counted, "counted", "number") == {
        ("most approvals", 0): 0.0,
        ("most approvals", 1): 0.25,
        ("most approvals", 2): 0.75,
        ("signers", 0): 0.0,
        ("signers", 1): 0.25,
        ("signers", 2): 0.75,
    }


def test_only_agreements_of_a_cell_that_has_them_count_as_missing() -> None:
    [one, two] = ELECTIONS
    forfeited = Record(two.match, "forfeited", one.choices[:2], {}, (), Failure(0, 2, 0, "sign", "no answer"))
    plain = profile(PD, 2, "xy", C, C)
    result = table(tables([one, forfeited, plain]), METRICS["signing"], ["mechanism"], ["all"])
    rows = {row["mechanism"]: (row["value"], row["matches"], row["missing"]) for row in result.rows}
    assert rows == {"contracting": (1.0, 1, 1), "none": (None, 0, 0)}


def test_groups_that_vote_in_the_same_step_are_told_apart() -> None:
    """In a population two pairs vote at once; only the pair of the players 0 and 1 signs."""
    of = cell(
        "prisoners_dilemma", CONTRACT, Spec.of("reputation", {"population": 4, "rounds": 3, "matching": "balanced"})
    )
    signing = {0, 1}
    answers = {"propose": (0, 0), "approve": (True, False), "act": C}

    def decide(decision: Decision[Any]) -> Any:
        return decision.player in signing if decision.kind == "sign" else answers[decision.kind]

    played = record(of, 0, ["a", "b", "c", "d"], decide)
    outcome = played.replayed().outcome
    assert outcome is not None
    groups = [set(each.players) for each in stage_plays(outcome)]
    found = tables([played])
    expected = sum(group == signing for group in groups) / len(groups)
    assert measured(found, "adopted", "mechanism") == {of.mechanism_label: pytest.approx(expected)}
    assert measured(found, "signing", "agent") == {"a": 1.0, "b": 1.0, "c": 0.0, "d": 0.0}
    assert measured(found, "approved", "agent") == {"a": 1.0, "c": 1.0, "b": 0.0, "d": 0.0}


@given(st.sampled_from([CONTRACT, Spec.of("mediation")]), st.integers(0, 10**6))
@settings(max_examples=10)
def test_what_is_given_is_what_is_received_and_what_a_replay_shows(mechanism: Spec, seed: int) -> None:
    of = cell("public_goods", mechanism)
    played = [at_random(of, index, agents, seed) for index, agents in enumerate(product("xy", repeat=3))]
    found = tables(played)
    given_, received = (METRICS[name].occurrences(found)["value"] for name in ("approval", "approved"))
    ballots = [choice for record in played for choice in record.choices[1]]
    assert given_.sum() == pytest.approx(received.sum())
    assert given_.tolist() == pytest.approx([sum(ballot) / 3 for ballot in ballots])
    assert received.tolist() == pytest.approx(
        [sum(ballot[seat] for ballot in record.choices[1]) / 3 for record in played for seat in range(3)]
    )
    most = votes(found)
    most = most[most["counted"] == "most approvals"]
    tallies = [max(map(sum, zip(*record.choices[1], strict=True))) for record in played]
    assert most["share"].tolist() == pytest.approx([tallies.count(number) / len(tallies) for number in range(4)])


def test_tables_without_decisions_are_refused_where_decisions_are_read() -> None:
    bare = tables(ELECTIONS, decisions=False)
    for name in ("approval", "approved", "signing", "adopted"):
        assert METRICS[name].decisions
        with pytest.raises(MetricError, match="made without decisions"):
            METRICS[name].occurrences(bare)
    assert not METRICS["delegation"].decisions
    assert METRICS["delegation"].occurrences(bare).empty
    with pytest.raises(MetricError, match="made without decisions"):
        adoption(bare)


def test_agents_are_called_what_the_outcomes_call_them() -> None:
    found = tables(ELECTIONS)
    renamed = replace(found, outcomes=found.outcomes.replace({"agent": {"x": "someone"}}))
    assert measured(renamed, "signing", "agent") == {"someone": 1.0, "y": 0.5}
