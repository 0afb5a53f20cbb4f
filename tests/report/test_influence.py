"""Single matches that move a number."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.metrics.influence import influence
from comity.report.contents import Items
from comity.report.results import Results
from comity.report.sections import influence as section_of
from comity.report.text import number
from tests.report.measured import played, results_of, words
from tests.report.runs import forfeited, records, write_run


def test_the_matches_that_move_most_stand_first(tmp_path: Path) -> None:
    with results_of(played(tmp_path)) as results:
        section = section_of.section(results)
        first = influence(results.tables).iloc[0]
        row = words(section).rows[0]
        assert row[0] == str(first["match"])
        assert (row[2], row[3]) == (number(first["value"]), number(first["without"]))
        assert row[1].startswith(f"{first['agent']} in ")
        assert section is not None
        [told] = [part for part in section.parts if isinstance(part, Items)]
        assert told.sentences[0].startswith(f"Match {first['match']}, ")
        assert len(told.sentences) == len(words(section).rows) == len({row[0] for row in words(section).rows})


def test_matches_of_whole_populations_are_left_out(whole: Path) -> None:
    with results_of(whole) as results:
        assert not [row for row in words(section_of.section(results)).rows if "reputation" in row[1]]


def test_without_payoffs_there_is_no_section(tmp_path: Path) -> None:
    with results_of(write_run(tmp_path, map(forfeited, records()))) as results:
        assert section_of.section(results) is None


@pytest.mark.slow
def test_the_one_extreme_contract_of_the_published_records_is_found_and_named(
    published_results: Results,
) -> None:
    section = section_of.section(published_results)
    assert section is not None
    for row in words(section).rows[:2]:
        assert row[1] == "anthropic/claude-sonnet-4.5(CoT) in public goods under contracting"
    [told] = [part for part in section.parts if isinstance(part, Items)]
    for said in told.sentences[:2]:
        assert "100 for contribute and -1 for free_ride, was in force" in said
        assert "was paid -99 points" in said
