"""The published label counts: what was pooled comes out as published, and cells that count the same tell otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from comity.judge.taxonomy import PUBLISHED

POOLED = {
    "Individual utility maximization": 79.5,
    "Strategic equilibrium focus": 70.2,
    "Strategic influence": 49.1,
    "Uncertainty evaluation": 32.7,
    "Multidimensional reasoning": 29.1,
    "Trust evaluation": 22.6,
    "Risk aversion": 19.1,
    "Reciprocity": 16.5,
    "Social welfare maximization": 8.0,
    "Exploration-exploitation trade-off": 5.8,
    "Strategy legibility": 1.0,
    "Social norm conformity": 0.4,
    "Inequity aversion": 0.2,
    "Rule misunderstanding": 0.1,
    "Competitiveness": 0.03,
}
EQUAL = {"Reciprocity": 6.6, "Strategic influence": 37.6, "Trust evaluation": 18.9, "Risk aversion": 22.6}
CELL = ["game", "mechanism", "agent"]


def pooled(counts: pd.DataFrame, totals: pd.Series) -> NDArray[np.float64]:
    """The share of each label over everything that was judged."""
    return np.asarray(counts.to_numpy(dtype=float).sum(axis=0) / float(totals.sum()))


def equal(counts: pd.DataFrame, totals: pd.Series) -> NDArray[np.float64]:
    """The same with every cell counting the same."""
    return np.asarray((counts.to_numpy(dtype=float) / totals.to_numpy(dtype=float)[:, None]).mean(axis=0))


@pytest.fixture(scope="module")
def published_counts(shared_data: Path) -> tuple[pd.DataFrame, pd.Series]:
    """Counts [cell, label] and how many reasons were judged in each cell; seats added up."""
    rows = pd.read_parquet(shared_data / "coopeval" / "judge_label_counts.parquet")
    totals = rows.drop_duplicates([*CELL, "seat"]).groupby(CELL)["group_count"].sum()
    counts = rows.pivot_table(index=CELL, columns="label", values="count", aggfunc="sum", fill_value=0)
    return counts, totals.reindex(counts.index)


def test_how_much_was_judged(published_counts: tuple[pd.DataFrame, pd.Series]) -> None:
    counts, totals = published_counts
    assert int(totals.sum()) == 38_350
    assert int(counts.to_numpy().sum()) == 128_186
    assert len(totals) == 120


def test_our_taxonomy_has_the_published_labels(published_counts: tuple[pd.DataFrame, pd.Series]) -> None:
    assert set(PUBLISHED.titles) == set(published_counts[0].columns) == set(POOLED)


def test_pooled_shares(published_counts: tuple[pd.DataFrame, pd.Series]) -> None:
    counts, totals = published_counts
    found = dict(zip(counts.columns, 100 * pooled(counts, totals), strict=True))
    for label, share in POOLED.items():
        assert found[label] == pytest.approx(share, abs=0.005 if share < 0.1 else 0.05), label


def test_cells_that_count_the_same(published_counts: tuple[pd.DataFrame, pd.Series]) -> None:
    counts, totals = published_counts
    found = dict(zip(counts.columns, 100 * equal(counts, totals), strict=True))
    for label, share in EQUAL.items():
        assert found[label] == pytest.approx(share, abs=0.05), label


def test_most_of_what_was_pooled_is_one_game_and_one_mechanism(
    published_counts: tuple[pd.DataFrame, pd.Series],
) -> None:
    totals = published_counts[1]
    assert totals.groupby("game").sum()["PublicGoods"] / totals.sum() == pytest.approx(0.71, abs=0.005)
    assert totals.groupby("mechanism").sum()["Repetition"] / totals.sum() == pytest.approx(0.75, abs=0.005)
