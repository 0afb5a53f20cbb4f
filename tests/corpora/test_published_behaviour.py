"""How the published agents act, vote, sign and delegate: the rates of the paper come out of the published records."""

from __future__ import annotations

import pandas as pd
import pytest

from comity.metrics import table
from comity.metrics.behaviour import action_frequencies, adoption, behaviour_metrics, conditional_frequencies, votes
from tests.corpora.published import Published

pytestmark = pytest.mark.slow

GAMES = ("prisoners_dilemma", "public_goods", "travellers_dilemma", "trust_game", "stag_hunt", "matching_pennies")
RATES = {
    "all signed": (0.86, 0.93, 0.86, 0.78, 0.80, 0.84),
    "delegations": (0.87, 0.72, 0.74, 0.82, 0.92, 0.24),
}
"""Of all contracts those in force, and of all actions under a mediator those delegated, in the order of `GAMES`."""
RANGES = {
    ("mediation", "approvals"): (0.71, 0.93),
    ("contracting", "approvals"): (0.65, 0.84),
    ("contracting", "signatures"): (0.89, 0.98),
}
"""The lowest and the highest rate of any game."""
COOPERATION = {
    "none": (0.097, 0.035, 0.102, 0.176, 0.718),
    "reputation_first_order": (0.283, 0.068, 0.052, 0.650, 0.998),
    "reputation": (0.198, 0.037, 0.037, 0.409, 0.993),
    "mediation": (0.833, 0.474, 0.653, 0.815, 0.926),
    "contracting": (0.843, 0.876, 0.681, 0.713, 0.838),
}
COOPERATIVE = ("cooperate", "contribute", "5", "give", "stag")


@pytest.fixture(scope="module")
def adopted(published: Published) -> pd.DataFrame:
    return adoption(published.tables)


def test_contracts_in_force_and_delegation(adopted: pd.DataFrame) -> None:
    for measure, rates in RATES.items():
        found = adopted[adopted["measure"] == measure].set_index("game")
        assert tuple(found.loc[list(GAMES), "share"].round(2)) == rates
        assert found["of"].sum() == (108 * 5 + 648 if measure == "all signed" else 216 * 5 + 1944)
        assert set(found["replicates"]) == {3}


def test_approvals_and_signatures(adopted: pd.DataFrame) -> None:
    for (mechanism, measure), bounds in RANGES.items():
        found = adopted[(adopted["mechanism"] == mechanism) & (adopted["measure"] == measure)]["share"].round(2)
        assert (found.min(), found.max()) == bounds


def test_the_metrics_say_the_same_as_the_frames(published: Published, adopted: pd.DataFrame) -> None:
    """In a full tournament all agents vote equally often, so averaging agents is averaging votes."""
    frames = {"approval": "approvals", "approved": "approvals", "signing": "signatures", "delegation": "delegations"}
    shares = adopted.set_index(["measure", "mechanism", "game"])["share"]
    for name, measure in frames.items():
        for row in table(published.tables, behaviour_metrics()[name], ("mechanism", "game")).rows:
            if row["value"] is not None:
                assert row["value"] == pytest.approx(shares[measure, row["mechanism"], row["game"]])
                assert row["missing"] == 0
    for row in table(published.tables, behaviour_metrics()["adopted"], ("mechanism", "game")).rows:
        if row["value"] is not None:
            measure = "all signed" if row["mechanism"] == "contracting" else "all delegated"
            assert row["value"] == pytest.approx(shares[measure, row["mechanism"], row["game"]])


def test_the_selected_proposal_has_most_approvals_and_some_approval_is_always_given(published: Published) -> None:
    counted = votes(published.tables)
    most = counted[counted["counted"] == "most approvals"]
    assert set(most["of"]) == {108, 648}
    assert most.loc[most["number"] == 0, "share"].max() == 0
    totals = counted.groupby(["mechanism", "game", "counted"])["share"].sum()
    assert totals.tolist() == pytest.approx([1.0] * len(totals))


def test_frequencies_are_the_cooperation_rates(published: Published) -> None:
    found = action_frequencies(published.tables).groupby(["mechanism", "game", "action"])["share"].mean()
    for mechanism, rates in COOPERATION.items():
        shares = [found[mechanism, game, action] for game, action in zip(GAMES, COOPERATIVE, strict=False)]
        assert shares == pytest.approx(rates, abs=0.00051)


def test_conditional_frequencies_average_to_the_frequencies(published: Published) -> None:
    plain = action_frequencies(published.tables)
    conditional = conditional_frequencies(published.tables)
    keys = ["mechanism", "game", "agent"]
    per_condition = conditional.drop_duplicates([*keys, "condition"]).groupby(keys)["plays"].sum()
    assert per_condition.equals(plain.drop_duplicates(keys).groupby(keys)["plays"].sum())
    assert set(conditional.loc[conditional["mechanism"] == "none", "condition"]) == {"opening"}
    goods = conditional[(conditional["game"] == "public_goods") & (conditional["mechanism"] == "reputation")]
    both = {"contribute, contribute", "contribute, free_ride", "free_ride, free_ride", "opening"}
    assert set(goods["condition"]) <= both


def test_the_repeated_dilemma_is_reciprocal(published: Published) -> None:
    found = conditional_frequencies(published.tables)
    cell = found[(found["mechanism"] == "repetition") & (found["game"] == "prisoners_dilemma")]
    rates = cell[cell["action"] == "cooperate"].set_index(["agent", "condition"])["share"].unstack()
    assert len(rates) == 6
    assert (rates["cooperate"] > rates["defect"] + 0.4).all()
