"""Regret and expected payoffs on the page are the metrics."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.records.store import RunFile
from comity.report.results import Results
from comity.report.sections import regret
from tests.report.measured import entries, results_of, table
from tests.report.runs import write_run


@pytest.fixture(scope="module")
def results(whole: Path) -> Iterator[Results]:
    with results_of(whole) as found:
        yield found


def test_regret_is_the_metric(results: Results) -> None:
    rows = entries(table(regret.section(results), "Regret by agent and mechanism"))
    found = results.table("regret", ["mechanism", "agent"], results.dilemmas).rows
    valued = [row for row in found if row["value"] is not None]
    assert valued
    for row in valued:
        assert rows[row["agent"]][row["mechanism"].replace("_", " ")].value == row["value"]
    assert rows["rogue"]["none"].value == pytest.approx(0)
    assert rows["saint"]["none"].value > 0


def test_what_has_no_regret_is_said_and_has_no_column(results: Results) -> None:
    grid = table(regret.section(results), "Regret by agent and mechanism")
    assert "reputation first order" not in grid.columns
    assert "No regret under reputation_first_order" in grid.note


def test_expected_stands_beside_sampled(results: Results) -> None:
    """Agents that always do the same have no luck: both are the same."""
    rows = entries(table(regret.section(results), "Expected and sampled mean scores"))
    for row in results.table("expected", ["mechanism", "agent"], results.dilemmas).rows:
        if row["value"] is not None:
            told = rows[row["agent"]]
            assert told[f"{row['mechanism']}: expected"].value == row["value"]
            assert told[f"{row['mechanism']}: sampled"].value == pytest.approx(row["value"])


def test_without_matches_there_is_no_section(tmp_path: Path) -> None:
    with results_of(write_run(tmp_path, [])) as empty:
        assert regret.section(empty) is None


def test_without_decisions_there_is_no_section(whole: Path) -> None:
    with RunFile.open(whole) as file:
        assert regret.section(Results.of(file)) is None
