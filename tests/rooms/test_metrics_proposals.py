"""The quality of proposals: held to the flows that are played, to closed forms, and counted once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.decision import Decision
from comity.core.flow import Game
from comity.core.match import play
from comity.exact.strategic_form import StrategicForm
from comity.games.matrix import MatchingPennies, PrisonersDilemma, TrustGame
from comity.games.normal_form import NormalForm
from comity.games.symmetric import PublicGoods
from comity.games.travellers import TravellersDilemma
from comity.mechanisms.contracting import Contracted
from comity.mechanisms.mediation import Mediated
from comity.mechanisms.repetition import Repeated
from comity.metrics import MetricError, Quality, design_metrics, proposals, quality, table
from comity.metrics.proposals import under_contract, under_mediator
from comity.records.record import Failure, Record
from comity.records.spec import Cell, MatchSpec, Spec
from comity.records.tables import Tables, tables

GAMES: list[NormalForm] = [
    PrisonersDilemma(),
    TrustGame(),
    PublicGoods(players=3),
    PublicGoods(players=4, multiplier=1.3),
    TravellersDilemma(),
]
NEITHER, BOTH, STABLE = Quality(False, False), Quality(True, True), Quality(True, False)


def paid(game: Game, proposal: Any, profile: tuple[str, ...]) -> tuple[float, ...]:
    """What is paid where all propose this, all sign, and the profile is played."""
    answers: dict[str, Any] = {"propose": proposal, "approve": (True,) * game.n_players, "sign": True}

    def decide(decision: Decision[Any]) -> Any:
        return profile[decision.player] if decision.kind == "act" else answers[decision.kind]

    outcome = play(game, decide, key=1).outcome
    assert outcome is not None
    return outcome.payoffs


@given(st.sampled_from(GAMES), st.data())
@settings(max_examples=25)
def test_under_a_contract_everybody_is_paid_as_in_play(base: NormalForm, data: st.DataObject) -> None:
    mechanism = Contracted(base)
    transfers = data.draw(st.tuples(*[st.integers(-9, 9)] * len(mechanism.actions)))
    for profile, exactly in under_contract(mechanism, transfers).paid.items():
        assert list(map(float, exactly)) == pytest.approx(paid(mechanism, transfers, profile), abs=1e-12)


@given(st.sampled_from(GAMES), st.data())
@settings(max_examples=25)
def test_under_a_mediator_everybody_is_paid_as_in_play(base: NormalForm, data: st.DataObject) -> None:
    mechanism = Mediated(base)
    plan = data.draw(st.tuples(*[st.sampled_from(base.actions[0])] * base.n_players))
    for profile, exactly in under_mediator(mechanism, plan).paid.items():
        assert list(map(float, exactly)) == pytest.approx(paid(mechanism, plan, profile), abs=1e-12)


@given(st.integers(-5, 5), st.integers(-5, 5))
def test_contracts_of_the_prisoners_dilemma(cooperate: int, defect: int) -> None:
    """Defecting gains 1 whatever the other does, so cooperating has to be paid 1 more to be stable, and more to win."""
    expected = Quality(cooperate - defect >= 1, cooperate - defect > 1)
    assert quality(Contracted(PrisonersDilemma()), (cooperate, defect)) == expected


def test_a_tie_is_a_tie_though_floats_differ() -> None:
    thirds = PrisonersDilemma(reward=2 / 3, sucker=-1 / 3, temptation=5 / 3, punishment=1 / 3)
    assert 2 / 3 + 1 < 5 / 3
    found = quality(Contracted(thirds), (1, 0))
    assert found is not None
    assert found.equilibrium


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (("defect", "cooperate"), BOTH),
        (("cooperate", "cooperate"), NEITHER),  # a lone delegator is left to be exploited
        (("defect", "defect"), NEITHER),  # stable, but not cooperation
        (("cooperate", "defect"), NEITHER),
    ],
)
def test_mediators_of_the_prisoners_dilemma(plan: tuple[str, ...], expected: Quality) -> None:
    assert quality(Mediated(PrisonersDilemma()), plan) == expected


def test_a_mediator_may_be_stable_and_not_dominant() -> None:
    """With one delegating alone it cooperates: that is never reached from full delegation of three."""
    plan = ("contribute", "free_ride", "contribute")
    assert quality(Mediated(PublicGoods(players=3)), plan) == STABLE


def test_seats_are_judged_each_by_its_own_payoffs() -> None:
    """The trustee gains 10 by keeping, and only then does a contract that pays 9 more fail."""
    assert quality(Contracted(TrustGame()), (9, 0)) == NEITHER
    found = quality(Contracted(TrustGame()), (10, 0))
    assert found is not None
    assert found.equilibrium


def test_what_stands_around_it_does_not_matter() -> None:
    assert quality(Repeated(Contracted(PrisonersDilemma()), rounds=3), (2, 0)) == BOTH


def test_where_cooperation_or_a_proposal_is_not_defined_there_is_no_quality() -> None:
    assert quality(Contracted(MatchingPennies()), (1, 0)) is None
    assert quality(PrisonersDilemma(), (1, 0)) is None
    listed = StrategicForm(Contracted(PrisonersDilemma(), low=0, high=0, recall=False), most=10**4)
    assert quality(listed, (0, 0)) is None


# In tables

CELLS = {
    name: Cell("pd", name, Spec.of("prisoners_dilemma"), stack)
    for name, stack in {
        "none": (),
        "contracts": (Spec.of("contracting"),),
        "mediators": (Spec.of("mediation"),),
    }.items()
}
PROPOSED: dict[str, dict[tuple[str, int], Any]] = {
    "contracts": {("one", 0): (2, 0), ("one", 1): (1, 0), ("two", 0): (0, 0), ("two", 1): (1, 0)},
    "mediators": {
        ("one", 0): ("defect", "cooperate"),
        ("one", 1): ("defect", "cooperate"),
        ("two", 0): ("defect", "defect"),
        ("two", 1): ("defect", "cooperate"),
    },
}


def record(spec: MatchSpec) -> Record:
    kinds: dict[str, Any] = {"act": "defect", "sign": False, "approve": (True, True)}

    def decide(decision: Decision[Any]) -> Any:
        if decision.kind == "propose":
            return PROPOSED[spec.cell.mechanism_label][spec.agents[decision.player], decision.player]
        return kinds[decision.kind]

    match = play(spec.cell.built, decide, spec.key(1))
    assert match.outcome is not None
    return Record(spec, "finished", tuple(match.choices), match.lotteries, match.outcome.payoffs)


def records() -> Iterator[Record]:
    pairs = list(product(CELLS.values(), ("1", "2"), product(("one", "two"), repeat=2)))
    for index, (cell, replicate, agents) in enumerate(pairs):
        yield record(MatchSpec(index, cell, agents, replicate))


@pytest.fixture(scope="module")
def tournament() -> Tables:
    return tables(records())


def shares(found: Tables, metric: str, *by: str) -> dict[tuple[str, ...], float | None]:
    rows = table(found, design_metrics(CELLS.values())[metric], by).rows
    return {tuple(row[key] for key in by): row["value"] for row in rows}


def test_every_proposal_is_counted_once(tournament: Tables) -> None:
    found = proposals(tournament, CELLS.values())
    assert len(found) == 2 * 2 * 2 * 2
    assert set(found["matches"]) == {2}
    one = found[(found["mechanism"] == "contracts") & (found["agent"] == "one") & (found["replicate"] == "1")]
    assert one[["seat", "choice", "equilibrium", "dominant"]].to_numpy().tolist() == [
        [0, "[2, 0]", True, True],
        [1, "[1, 0]", True, False],
    ]


def test_shares_by_agent_and_mechanism(tournament: Tables) -> None:
    assert shares(tournament, "design_equilibrium", "mechanism", "agent") == {
        ("none", "one"): None, ("none", "two"): None,
        ("contracts", "one"): 1.0, ("contracts", "two"): 0.5,
        ("mediators", "one"): 1.0, ("mediators", "two"): 0.5,
    }  # fmt: skip
    assert shares(tournament, "design_dominance", "mechanism") == {
        ("contracts",): 0.25, ("mediators",): 0.75, ("none",): None
    }  # fmt: skip


def test_a_match_that_ended_before_is_missing() -> None:
    played = list(records())
    spec = played[-1].match
    early = Record(spec, "forfeited", failure=Failure(0, 0, 0, "propose", "no answer"))
    found = tables([*played[:-1], early])
    rows = table(found, design_metrics(CELLS.values())["design_equilibrium"], ("mechanism",)).rows
    assert {row["mechanism"]: (row["matches"], row["missing"]) for row in rows} == {
        "contracts": (8, 0), "mediators": (7, 1), "none": (0, 0)
    }  # fmt: skip


def test_what_cannot_be_judged_is_said(tournament: Tables) -> None:
    with pytest.raises(MetricError, match="made without decisions"):
        proposals(tables(records(), decisions=False), CELLS.values())
    with pytest.raises(MetricError, match="rules of contracts on pd cannot be told"):
        proposals(tournament, [CELLS["none"]])
    other = replace(CELLS["contracts"], game=Spec.of("stag_hunt"))
    with pytest.raises(MetricError, match="contracts on pd is not the same game in all runs"):
        design_metrics([*CELLS.values(), other])


def test_without_matches_there_are_no_proposals() -> None:
    assert proposals(tables([]), []).empty
