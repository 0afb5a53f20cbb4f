"""What is missing, and what it could change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from comity.metrics import table as measured
from comity.metrics.missing import bounds, filled
from comity.report.contents import Items, Words
from comity.report.grid import Grid
from comity.report.results import Results
from comity.report.sections import missing
from comity.stats.proportions import exact
from tests.report.measured import entries, results_of, table
from tests.report.runs import SHORT, forfeited, records, write_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    """All matches, of which three are forfeited."""
    made = [forfeited(record) if record.match.index in (1, 20, 50) else record for record in records()]
    with results_of(write_run(tmp_path_factory.mktemp("forfeited"), made)) as found:
        yield found


def test_shares_of_forfeits_have_exact_intervals(results: Results) -> None:
    """The second match without a mechanism, (saint, rogue), has no end, because saint did not answer."""
    rows = entries(table(missing.section(results), "Share of forfeited matches"))
    outcomes = results.tables.outcomes
    for agent in ("saint", "rogue"):
        own = outcomes[(outcomes["mechanism"] == "none") & (outcomes["agent"] == agent)]
        begun, lost = own["match"].nunique(), own.loc[own["status"] == "forfeited", "match"].nunique()
        entry = rows[agent]["none"]
        assert entry.value == lost / begun > 0
        assert (entry.low, entry.high) == exact(lost, begun)
    assert rows["rogue"]["none"].rests.endswith(", 0 its own")


def test_a_mean_lies_between_its_bounds_and_so_does_every_convention(results: Results) -> None:
    rows = entries(table(missing.section(results), "Mean payoff by mechanism, whatever is missing"))
    cells = list(results.cells.values())
    held = bounds(results.tables, cells, "mean", ["mechanism"], results.dilemmas)
    for (mechanism,), (low, high) in held.items():
        row = rows[mechanism.replace("_", " ")]
        assert (row["Lowest"].value, row["Highest"].value) == (low, high)
        for column in ("If cooperation", "If defection", "If random"):
            assert low <= row[column].value <= high
    lost = rows["none"]
    assert lost["Lowest"].value < lost["As it is"].value < lost["Highest"].value


@pytest.mark.parametrize("convention", ["cooperation", "defection", "random"])
def test_conventions_are_the_table_of_filled_tables(results: Results, convention: str) -> None:
    rows = entries(table(missing.section(results), "Cooperation by mechanism, whatever is missing"))
    put = filled(results.tables, list(results.cells.values()), convention)  # type: ignore[arg-type]
    for row in measured(put, "cooperation", ["mechanism"], results.dilemmas).rows:
        assert rows[row["mechanism"].replace("_", " ")][f"If {convention}"].value == row["value"]


def test_where_only_payoffs_are_known_cooperation_has_bounds_and_no_convention(tmp_path: Path) -> None:
    known = [replace(one, status="payoffs_only", choices=()) if one.match.index < 4 else one for one in records()]
    with results_of(write_run(tmp_path, known)) as lacking:
        section = missing.section(lacking)
        assert [part.caption for part in section.parts if isinstance(part, Grid)] == [
            "Cooperation by mechanism, whatever is missing"
        ]
        row = entries(table(section, "Cooperation by mechanism, whatever is missing"))["none"]
        held = bounds(lacking.tables, list(lacking.cells.values()), "cooperation", ["mechanism"], lacking.dilemmas)
    assert [*row] == ["As it is", "Lowest", "Highest"]
    assert (row["Lowest"].value, row["Highest"].value) == held["none",]
    assert row["Lowest"].value < row["As it is"].value < row["Highest"].value


def test_failures_that_differ_in_numbers_only_are_one_row(tmp_path: Path) -> None:
    made = [forfeited(one, f"asked {one.match.index} times") for one in records(SHORT)]
    with results_of(write_run(tmp_path, made, SHORT)) as lost:
        section, agents = missing.section(lost), lost.agents
    listed = [part for part in section.parts if isinstance(part, Words)][-1]
    assert len(listed.rows) == 2 * len(agents)
    assert listed.rows[0] == ("0", "3", "none", "prisoners dilemma", "saint, asked to act: asked 0 times")
    assert sum(int(row[1]) for row in listed.rows) == len(made)


def test_what_was_worked_out_has_no_cooperation(tmp_path: Path) -> None:
    known = [replace(one, status="expected", choices=()) if one.match.index < 4 else one for one in records()]
    with results_of(write_run(tmp_path, known)) as lacking:
        said = missing.section(lacking).parts[0]
    assert isinstance(said, Items)
    [sentence] = said.sentences
    assert sentence == "4 matches were worked out from crossed answers and not played, and so have no cooperation."


def test_where_nothing_is_missing_one_sentence_says_so(whole: Path) -> None:
    with results_of(whole) as complete:
        assert len(missing.section(complete).parts) == 1
