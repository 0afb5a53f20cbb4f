"""Proposals, votes and adoption: the shares are those of the metrics, and their intervals exact."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.metrics import proposals as made
from comity.metrics.behaviour import adoption, votes
from comity.report.figures import Figure
from comity.report.grid import Grid
from comity.report.results import Results
from comity.report.sections import proposals
from comity.stats.proportions import exact
from tests.report.measured import entries, played, results_of, table

pytestmark = pytest.mark.slow

PROPERTIES = {"Nash": "equilibrium", "dominant": "dominant"}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    with results_of(played(tmp_path_factory.mktemp("negotiated"))) as found:
        yield found


def test_quality_counts_each_proposal_once_with_an_exact_interval(results: Results) -> None:
    rows = entries(table(proposals.section(results), "Quality of proposals, averaged"))
    pooled = entries(table_of_quality(results))
    found = made(results.tables, results.cells.values())
    assert set(pooled) == set(rows) == set(results.agents)
    for agent, row in pooled.items():
        for column, entry in row.items():
            mechanism, said = column.split(": ")
            own = found[(found["agent"] == agent) & (found["mechanism"] == mechanism)][PROPERTIES[said]]
            assert entry.value == own.sum() / len(own)
            assert (entry.low, entry.high) == exact(int(own.sum()), len(own))
            assert entry.rests == f"{own.sum()} of {len(own)}"


def table_of_quality(results: Results) -> Grid:
    section = proposals.section(results)
    assert section is not None
    [found] = [part.table for part in section.parts if isinstance(part, Figure) and part.key == "proposals-quality"]
    return found


def test_quality_averaged_over_games_is_the_metric(results: Results) -> None:
    rows = entries(table(proposals.section(results), "Quality of proposals, averaged"))
    for name, said in (("design_equilibrium", "Nash"), ("design_dominance", "dominant")):
        for row in results.table(name, ["mechanism", "agent"], results.dilemmas).rows:
            if row["value"] is not None:
                assert rows[row["agent"]][f"{row['mechanism']}: {said}"].value == row["value"]


def test_adoption_is_the_metric(results: Results) -> None:
    found = adoption(results.tables)
    section = proposals.section(results)
    for mechanism, game, measure, share, error, *_ in found.itertuples(index=False, name=None):
        entry = entries(table(section, f"Adoption under {mechanism}"))[game.replace("_", " ")]
        assert entry[measure.capitalize()].value == share
        assert entry[measure.capitalize()].rests == ("" if math.isnan(error) else f"\u00b1 {error:.3f}")


def test_votes_are_the_metric_and_sum_to_one(results: Results) -> None:
    rows = entries(table(proposals.section(results), "How many delegate"))
    own = votes(results.tables).query("counted == 'delegators'")
    for game, number, share in own[["game", "number", "share"]].itertuples(index=False, name=None):
        assert rows[game.replace("_", " ")][str(number)].value == share
    for row in rows.values():
        assert sum(entry.value for entry in row.values()) == pytest.approx(1)


def test_who_approves_signs_and_delegates_is_the_metric(results: Results) -> None:
    rows = entries(table(proposals.section(results), "Votes and adoption by agent under mediation"))
    for row in results.table("delegation", ["mechanism", "agent"]).rows:
        if row["mechanism"] == "mediation":
            assert rows[row["agent"]]["Delegates"].value == row["value"]
    assert "Signs" not in table(proposals.section(results), "Votes and adoption by agent under mediation").columns


def test_where_nothing_is_proposed_there_is_no_section(whole: Path) -> None:
    with results_of(whole) as without:
        assert proposals.section(without) is None
