"""Populations in motion: what the page says is what the dynamics give."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from comity.dynamics.published import exponential_weights
from comity.metrics import meta_game
from comity.metrics import table as measured
from comity.report.contents import Prose
from comity.report.figures import Figure
from comity.report.grid import Grid
from comity.report.results import Results
from comity.report.sections import payoffs, populations
from tests.report.measured import entries, played, results_of, table
from tests.report.runs import forfeited, records, write_run

pytestmark = pytest.mark.slow

CELLS = [("none", "prisoners_dilemma"), ("repetition", "public_goods")]
NAME = "{} \u00b7 {}"


@pytest.fixture(scope="module")
def results(whole: Path) -> Iterator[Results]:
    with results_of(whole) as found:
        yield found


def test_every_cell_with_a_meta_game_has_a_row_and_populations_say_why_not(results: Results) -> None:
    section = populations.section(results)
    rows = entries(table(section, "What selection leads to"))
    assert set(rows) == {
        NAME.format(mechanism.replace("_", " "), game.replace("_", " "))
        for mechanism, game in results.cells
        if mechanism != "reputation_first_order"
    }
    assert section is not None
    [why] = [part for part in section.parts[1:] if isinstance(part, Prose)]
    assert why.paragraphs[0].startswith("No population under reputation_first_order: all play there in one match")


def test_fitness_is_the_metric(results: Results) -> None:
    rows = entries(populations.overview(results))
    for row in measured(results.tables, "fitness", ["mechanism", "game"]).rows:
        head = NAME.format(row["mechanism"], row["game"]).replace("_", " ")
        if head in rows:
            assert rows[head]["As published"].value == row["value"]


def test_where_defection_dominates_everything_ends_in_it(results: Results) -> None:
    """In the dilemma played once "saint" and "turncoat" cooperate, so from everywhere "rogue" is left, paid 0."""
    row = entries(populations.overview(results))[NAME.format("none", "prisoners dilemma")]
    for column in ("Mean over starts", "Lowest", "Highest"):
        assert row[column].value == pytest.approx(0, abs=1e-4)
    assert row["Largest basin"].value == 1
    assert row["Largest basin"].rests == "of 1, stable"
    assert row["Not at rest"].value == 0
    assert row["Rare mutants"].rests == "rogue"
    assert row["Rare mutants"].value > 0.9


@pytest.mark.parametrize("key", CELLS)
def test_the_numbers_of_a_row_are_those_of_its_populations(results: Results, key: tuple[str, str]) -> None:
    [one] = results.evolved[key]
    row = entries(populations.overview(results))[NAME.format(*key).replace("_", " ")]
    assert row["Mean over starts"].value == pytest.approx(one.final.mean())
    assert (row["Lowest"].value, row["Highest"].value) == (one.final.min(), one.final.max())
    assert row["Not at rest"].value == np.mean(~one.ends.at_rest)
    assert row["Largest basin"].value == max(found.share for found in one.sets)


@pytest.mark.parametrize("key", CELLS)
def test_the_course_is_that_of_the_published_dynamics(results: Results, key: tuple[str, str]) -> None:
    [figure] = populations.course(results, key)
    assert isinstance(figure, Figure)
    outcomes = results.tables.outcomes
    paid = meta_game(outcomes[(outcomes["mechanism"] == key[0]) & (outcomes["game"] == key[1])], agents=results.agents)
    course = exponential_weights(paid.payoffs).shares
    for agent, told in entries(figure.table).items():
        for step, entry in told.items():
            assert entry.value == pytest.approx(course[int(step), results.agents.index(agent)])
    assert figure.table.columns[0] == "0"
    assert figure.table.columns[-1] == str(len(course) - 1)


@pytest.mark.parametrize("key", CELLS)
def test_every_start_is_somewhere_among_the_ends(results: Results, key: tuple[str, str]) -> None:
    [grid] = populations.basins(results, key)
    rows = entries(grid)
    assert sum(row["Starts"].value for row in rows.values()) == pytest.approx(1)
    for row in rows.values():
        assert sum(row[agent].value for agent in results.agents) == pytest.approx(1)


def test_replicates_are_followed_one_by_one_and_averaged(tmp_path: Path) -> None:
    with results_of(played(tmp_path)) as results:
        key = ("repetition", "prisoners_dilemma")
        first, second = results.evolved[key]
        row = entries(populations.overview(results))["repetition \u00b7 prisoners dilemma"]
        assert row["Mean over starts"].value == pytest.approx((first.final.mean() + second.final.mean()) / 2)
        assert row["Not at rest"].value == pytest.approx((first.restless + second.restless) / 2)
        [ends] = populations.basins(results, key)
        assert {head.split(",")[0] for head, _ in ends.rows} == {"1", "2"}
        assert {type(part) for part in payoffs.against(results, key)} == {Figure}
        truster, trustee = payoffs.by_role(results, ("none", "trust_game"))
        assert truster.caption == "Payoff of the row as truster against the column as trustee"
        paid = entries(truster)["always_cooperate"]["always_defect"].value, entries(trustee)["always_defect"]
        assert (paid[0], paid[1]["always_cooperate"].value) == (0, 20)


EDGES = """
name = "edges"
seed = 1
games = ["trust_game"]
mechanisms = [{ name = "network_per_edge", players = 3, graph = "ring" }]
agents = ["always_cooperate", "always_defect"]
"""


def test_where_players_have_roles_of_several_edges_each_has_its_table(tmp_path: Path) -> None:
    with results_of(played(tmp_path, EDGES)) as results:
        captions = [grid.caption for grid in payoffs.by_role(results, ("network_per_edge", "trust_game"))]
    assert captions == [
        "Payoff of the row as truster against the column as truster and trustee",
        "Payoff of the row as truster and trustee against the column as trustee",
        "Payoff of the row as trustee against the column as truster",
    ]


def test_a_meeting_that_was_forfeited_is_named_and_nothing_is_followed(tmp_path: Path) -> None:
    made = [forfeited(record) if record.match.index in (1, 3) else record for record in records()]
    with results_of(write_run(tmp_path, made)) as results:
        key = ("none", "prisoners_dilemma")
        assert key not in results.evolved
        assert not [*populations.course(results, key), *populations.basins(results, key)]
        grid, why = payoffs.against(results, key)
        assert isinstance(grid, Grid)
        assert isinstance(why, Prose)
        assert why.paragraphs[0].startswith("Nobody was paid as saint against rogue; rogue against saint:")


def test_without_a_meta_game_there_is_no_section(tmp_path: Path) -> None:
    with results_of(write_run(tmp_path, [])) as results:
        assert populations.section(results) is None


def test_fitness_of_the_published_records_rests_on_its_start(published_results: Results) -> None:
    """The source reports 0.99 for public goods under repetition; from other starts it ends anywhere down to 0.13."""
    rows = entries(populations.overview(published_results))
    row = rows["repetition \u00b7 public goods"]
    assert row["As published"].value == pytest.approx(0.993, abs=0.001)
    assert row["Lowest"].value == pytest.approx(0.131, abs=0.005)
    assert row["Highest"].value == pytest.approx(1.0, abs=0.001)
    assert row["Not at rest"].value == 0
    means = [one.final.mean() for one in published_results.evolved["repetition", "public_goods"]]
    assert means == pytest.approx([0.85, 0.81, 0.79], abs=0.03)
    assert rows["repetition \u00b7 travellers dilemma"]["Lowest"].value == pytest.approx(0.548, abs=0.01)
    assert len(published_results.evolved["none", "prisoners_dilemma"]) == 3
