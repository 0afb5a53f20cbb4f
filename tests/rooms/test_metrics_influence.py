"""The influence of single matches: held to the table of all the others, and one sentence about each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.chance import Address
from comity.core.decision import Decision
from comity.core.match import play
from comity.metrics import MetricError, table
from comity.metrics.influence import influence, named, without
from comity.records.record import Failure, Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.tables import Tables, tables

pytestmark = pytest.mark.slow

AGENTS = ("one", "two")
CELLS = [
    Cell("trust", "none", Spec.of("trust_game")),
    Cell("pd", "repetition", Spec.of("prisoners_dilemma"), (Spec.of("repetition", {"rounds": 2}),)),
    Cell("goods", "none", Spec.of("public_goods")),
]


def any_of(decision: Decision[Any], address: Address) -> Any:
    options = list(decision.options)
    return options[int(address.uniform() * len(options))]


def at_random(spec: MatchSpec, seed: int) -> Record:
    key = spec.key(seed)
    asked = iter(range(10**6))
    return record(spec, lambda decision: any_of(decision, Address(key, next(asked), 1_000)))


def record(spec: MatchSpec, decide: Callable[[Decision[Any]], Any]) -> Record:
    match = play(spec.cell.built, decide, spec.key(1))
    assert match.outcome is not None
    return Record(spec, "finished", tuple(match.choices), match.lotteries, match.outcome.payoffs)


def design(cells: Sequence[Cell], replicates: Sequence[str]) -> Iterator[MatchSpec]:
    meetings = (
        (of, r, who) for of, r in product(cells, replicates) for who in product(AGENTS, repeat=of.built.n_players)
    )
    for index, (of, replicate, agents) in enumerate(meetings):
        yield MatchSpec(index, of, agents, replicate)


# Leaving one out

KEYS = [
    ("mechanism", "game", *more)
    for more in ((), ("agent",), ("role",), ("replicate",), ("agent", "role"), ("role", "replicate", "agent"))
]  # fmt: skip


@settings(max_examples=8)
@given(st.integers(0, 2**32), st.sampled_from(KEYS), st.sampled_from(["mean", "welfare", "cooperation"]), st.data())
def test_without_a_match_the_table_is_that_of_all_others(
    seed: int, by: tuple[str, ...], metric: str, data: st.DataObject
) -> None:
    specs = list(design(CELLS, ("1", "2")))
    kept = data.draw(st.lists(st.sampled_from(specs), min_size=4, max_size=9, unique_by=lambda spec: spec.index))
    found = tables((at_random(spec, seed) for spec in sorted(kept, key=lambda spec: spec.index)), decisions=False)
    told = influence(found, metric, by)
    values = rows(found, metric, by)
    assert set(zip(*(told[key] for key in by), strict=True)) == set(values)
    for match, of_match in told.groupby("match"):
        others = rows(without(found, [int(str(match))]), metric, by)
        for *key, value, less in of_match[[*by, "value", "without"]].itertuples(index=False):
            assert value == pytest.approx(values[tuple(key)])
            assert less == pytest.approx(others.get(tuple(key), np.nan), nan_ok=True)


def rows(found: Tables, metric: str, by: Sequence[str]) -> Mapping[tuple[str, ...], float]:
    listed = table(found, metric, by, ["all"]).rows
    return {tuple(row[key] for key in by): row["value"] for row in listed if row["value"] is not None}


def test_each_row_holds_its_matches_and_the_largest_movement_comes_first() -> None:
    found = tables((at_random(spec, 2) for spec in design(CELLS, ("1", "2"))), decisions=False)
    told = influence(found, "mean")
    assert list(told.columns) == ["mechanism", "game", "agent", "match", "value", "without", "difference", "relative"]
    assert told["difference"].abs().is_monotonic_decreasing
    assert told["difference"].tolist() == (told["value"] - told["without"]).tolist()
    sizes = told.groupby(["game", "agent"]).size()
    assert sizes.to_dict() == {
        (game, agent): n for game, n in (("goods", 14), ("pd", 6), ("trust", 6)) for agent in AGENTS
    }


def test_an_odd_match_stands_out() -> None:
    """Nine matches of giving and one of keeping, of the same two: 0 instead of 10 for the truster."""
    specs = [MatchSpec(i, CELLS[0], AGENTS) for i in range(10)]
    odd = record(specs[7], lambda decision: "keep" if decision.player == 1 else "give")
    found = tables(odd if spec.index == 7 else record(spec, lambda decision: "give") for spec in specs)
    first = influence(found, "payoff", ("mechanism", "game", "agent")).iloc[0]
    assert (first["agent"], first["match"]) == ("one", 7)
    assert (first["value"], first["without"], first["difference"]) == (9, 10, pytest.approx(-1))
    payoffs = np.array([10.0] * 9 + [0.0])
    assert first["relative"] == pytest.approx(-1 / (payoffs.std(ddof=1) / np.sqrt(10)))


def test_where_no_match_moves_anything_there_is_nothing_to_compare_with() -> None:
    found = tables(record(MatchSpec(i, CELLS[0], AGENTS), lambda decision: "give") for i in range(3))
    told = influence(found, "payoff")
    assert told["difference"].tolist() == [0.0] * 6
    assert told["relative"].isna().all()


def test_the_only_match_leaves_nothing() -> None:
    found = tables([record(MatchSpec(0, CELLS[0], AGENTS), lambda decision: "give")])
    assert influence(found)["without"].isna().all()
    assert influence(tables([])).empty


def test_questions_are_refused_in_a_sentence() -> None:
    found = tables([record(MatchSpec(0, CELLS[0], AGENTS), lambda decision: "give")])
    with pytest.raises(MetricError, match="there is no metric 'fame'; there are mean"):
        influence(found, "fame")
    with pytest.raises(MetricError, match="Fitness is worked out of a whole cell"):
        influence(found, "fitness")
    with pytest.raises(MetricError, match=r"by mechanism, game and others of .* found agent"):
        influence(found, "mean", ["agent"])
    with pytest.raises(MetricError, match="there is no match 5 in these tables"):
        named(found, CELLS, 5)


# One match in a sentence


def told(cell: Cell, answers: Mapping[str, Any]) -> str:
    """The sentence about a match in which these answers are given; a list has one for each player."""

    def decide(decision: Decision[Any]) -> Any:
        answer = answers[decision.kind]
        return answer[decision.player] if isinstance(answer, list) else answer

    return named(tables([record(MatchSpec(3, cell, AGENTS), decide)]), [cell], 3)


def dilemma(mechanism: str, **fields: Any) -> Cell:
    return Cell("pd", mechanism, Spec.of("prisoners_dilemma"), (Spec.of(mechanism, fields),))


@pytest.mark.parametrize(
    ("signs", "held", "paid"), [(True, "was in force", (-4, 7)), (False, "was elected and not signed by all", (0, 3))]
)
def test_a_contract_is_told_with_who_proposed_it(signs: bool, held: str, paid: tuple[int, int]) -> None:
    answers = {
        "propose": [(1, 0), (-1, 3)],
        "approve": (False, True),
        "sign": [True, signs],
        "act": ["cooperate", "defect"],
    }
    assert told(dilemma("contracting"), answers) == (
        f"match 3, contracting on pd in replicate 1: one in seat 1 played cooperate and was paid {paid[0]} points and "
        f"two in seat 2 played defect and was paid {paid[1]} points; "
        f"the contract proposed by two in seat 2, -1 for cooperate and 3 for defect, {held}"
    )


def test_a_mediator_is_told_with_who_trusted_it() -> None:
    answers = {"propose": ("defect", "cooperate"), "approve": (True, False), "act": ["delegate", "cooperate"]}
    assert told(dilemma("mediation"), answers).endswith(
        "; the mediator proposed by one in seat 1, defect for 1 and cooperate for 2 delegating, acted for one in seat 1"
    )


def test_over_several_plays_each_proposal_is_told_once() -> None:
    cell = Cell(
        "pd", "both", Spec.of("prisoners_dilemma"), (Spec.of("mediation"), Spec.of("repetition", {"rounds": 4}))
    )
    answers = {"propose": ("defect", "cooperate"), "approve": (True, False), "act": "delegate"}
    sentence = told(cell, answers)
    assert sentence.count("the mediator proposed by") == 1
    assert "one in seat 1 was paid 2 points and two in seat 2 was paid 2 points; the mediator" in sentence


def test_of_a_population_those_far_from_the_mean_are_told() -> None:
    cell = Cell(
        "pd", "reputation", Spec.of("prisoners_dilemma"), (Spec.of("reputation", {"population": 8, "rounds": 2}),)
    )
    spec = MatchSpec(0, cell, AGENTS * 4)
    found = tables([record(spec, lambda decision: "defect" if decision.player == 5 else "cooperate")])
    sentence = named(found, [cell], 0)
    assert "two in seat 2 was paid 3 points" in sentence
    assert sentence.endswith(", 2 others less far from the mean")


def test_a_match_without_an_end_is_told_with_its_reason() -> None:
    spec = MatchSpec(3, CELLS[0], AGENTS)
    found = tables([Record(spec, "forfeited", failure=Failure(1, 0, 1, "act", "it said <b>maybe</b>"))])
    assert named(found, CELLS, 3) == (
        "match 3, none on trust in replicate 1: no payoffs are known for one in seat 1 and two in seat 2; "
        "it was forfeited by player 2, asked to act: it said <b>maybe</b>"
    )


def test_without_decisions_nothing_is_told_of_what_was_done() -> None:
    found = tables([record(MatchSpec(0, CELLS[0], AGENTS), lambda decision: "give")], decisions=False)
    assert named(found, CELLS, 0).endswith(": one in seat 1 was paid 10 points and two in seat 2 was paid 10 points")
