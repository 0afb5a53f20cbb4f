"""The one contract of the published records that moves a whole cell: the two matches under it are found and named."""

from __future__ import annotations

import pandas as pd
import pytest

from comity.metrics import table
from comity.metrics.influence import influence, named, without
from comity.records.tables import Tables
from tests.corpora.published import Published

pytestmark = pytest.mark.slow

CLAUDE = "anthropic/claude-sonnet-4.5(CoT)"
QWEN = "qwen/qwen3-30b-a3b-instruct-2507(CoT)"


@pytest.fixture(scope="module")
def told(published: Published) -> pd.DataFrame:
    return influence(published.tables)


def value(found: Tables, metric: str, games: list[str] | None = None) -> float:
    """The number of that agent under contracts."""
    rows = table(found, metric, ("mechanism", "agent"), games).rows
    [row] = [row for row in rows if (row["mechanism"], row["agent"]) == ("contracting", CLAUDE)]
    return float(row["value"])


def test_of_all_matches_these_two_move_a_cell_most(published: Published, told: pd.DataFrame) -> None:
    found = published.tables
    first, second, third = told.iloc[0], told.iloc[1], told.iloc[2]
    for row in (first, second):
        assert (row["mechanism"], row["game"], row["agent"]) == ("contracting", "public_goods", CLAUDE)
        assert row["difference"] < 0
    assert abs(second["difference"]) > 1.9 * abs(third["difference"])
    both = [int(first["match"]), int(second["match"])]
    paid = found.outcomes[found.outcomes["match"].isin(both) & (found.outcomes["agent"] == CLAUDE)]
    assert paid["replicate"].tolist() == ["run3", "run3"]
    assert paid["payoff"].tolist() == pytest.approx([-99, -99])
    assert set(told[told["difference"].abs() > 0.3]["match"]) == set(both)


def test_the_cell_without_them(published: Published, told: pd.DataFrame) -> None:
    found = published.tables
    both = told["match"].head(2).tolist()
    left = without(found, both)
    own = (found.outcomes["mechanism"] == "contracting") & (found.outcomes["game"] == "public_goods")
    assert (own & (found.outcomes["agent"] == CLAUDE)).sum() == 324
    assert value(found, "payoff", ["public_goods"]) == pytest.approx(0.846, abs=0.0005)
    assert value(left, "payoff", ["public_goods"]) == pytest.approx(1.466, abs=0.0005)
    assert value(found, "mean") == pytest.approx(0.557, abs=0.0005)
    assert value(left, "mean") == pytest.approx(0.87, abs=0.005)


def test_they_are_named_with_the_contract_and_who_proposed_it(published: Published, told: pd.DataFrame) -> None:
    for match in told["match"].head(2).tolist():
        sentence = named(published.tables, published.cells, match)
        assert "contracting on public_goods in replicate run3" in sentence
        assert f"{CLAUDE} in seat 1 played free_ride and was paid -99 points" in sentence
        assert (
            f"the contract proposed by {QWEN} in seat 2, 100 for contribute and -1 for free_ride, was in force"
        ) in sentence
