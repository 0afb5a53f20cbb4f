"""The section on published figures says what was worked out again, for one source and for no other run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from comity.corpora.repeatedgames import frames, import_repeated_games
from comity.corpora.repeatedgames.figures import figures, tally
from comity.corpora.repeatedgames.verdicts import Table
from comity.report import compose
from comity.report.contents import Head, Items, Part, Prose, Words
from comity.report.figures import Figure as Picture
from comity.report.results import Results
from comity.report.sections import published
from tests.corpora.repeated import write_parquet
from tests.report.measured import results_of, table

# Of figures of our making

LIST, CROSS, MAP = (
    Table("list", "One", "A list", "somewhere"),
    Table("cross", "One", "A cross", "not published"),
    Table("map", "Two", "A map", "a figure"),
)
MADE = (
    LIST.figure("a", "a number", 1.25, 2, printed="1.25", expected="1.3"),
    LIST.figure("b", "a wrong number", -2.5, 1, printed="2.5", because="It has lost its sign."),
    LIST.figure("c", "another", 3.5, 1, printed="4.5", because="It has lost its sign.", remark="Nobody knows why."),
    CROSS.cell("row", "points", 6.125, 2, expected="6.13"),
    CROSS.cell("row", "rounds", 12.0, 0),
    MAP.cell("first", "left", 0.5, 1, printed=".5"),
    MAP.cell("first", "right", 0.25, 1, printed=".8", because="It is another."),
    MAP.cell("second", "right", 0.75, 1, printed="0.85"),
)


@pytest.fixture(scope="module")
def made() -> list[Part]:
    return list(published.parts(MADE))


def _words(parts: Iterable[Part], caption: str) -> Words:
    """The first table of text with that caption."""
    return next(part for part in parts if isinstance(part, Words) and part.caption == caption)


def test_it_begins_with_how_many_numbers_are_right(made: list[Part]) -> None:
    lead, chapters = made[:2]
    assert isinstance(lead, Prose)
    assert lead.paragraphs[0] == (
        "Of 6 printed numbers 2 are exact, 0 agree but for the last digit and 4 are not reproduced."
    )
    assert isinstance(chapters, Words)
    assert chapters.columns == ("Chapter", "exact", "last digit", "not reproduced")
    assert chapters.rows == (("One", "1", "0", "2"), ("Two", "1", "0", "2"))
    assert [part.text for part in made if isinstance(part, Head)] == ["One", "Two"]


def test_a_list_has_a_row_for_each_figure_and_no_empty_column(made: list[Part]) -> None:
    told = _words(made, "A list")
    assert told.columns == ("Figure", "Printed", "From the records", "Verdict", "Recomputed")
    assert told.rows == (
        ("a number", "1.25", "1.25", "exact", "1.3"),
        ("a wrong number", "2.5", "−2.5", "not reproduced", ""),
        ("another", "4.5", "3.5", "not reproduced", ""),
    )
    assert told.note == "Somewhere. 1 of 3 printed numbers are exact."
    cross = _words(made, "A cross")
    assert (cross.columns, cross.rows) == (("Figure", "points", "rounds"), (("row", "6.12", "12"),))
    assert cross.note == "Not published. 1 of 1 recomputed numbers are found again."


def test_a_recomputation_that_differs_says_so() -> None:
    told = _words(published.parts([LIST.figure("a", "a number", 1.0, 1, expected="2.0")]), "A list")
    assert told.columns == ("Figure", "From the records", "Recomputed")
    assert told.rows == (("a number", "1.0", "2.0 (not reproduced)"),)


@pytest.mark.parametrize("columns", [("left", "right"), ("left",)])
def test_a_map_says_what_was_recomputed_with_another_result(columns: tuple[str, ...]) -> None:
    """There is no column for it, as lists have."""
    cells = [MAP.cell("first", column, 0.728, 3, expected=".729") for column in columns]
    made = list(published.parts([*cells, MAP.cell("second", "left", 0.5, 3, expected=".5")]))
    items = next(part for part in made if isinstance(part, Items))
    named = "; ".join(f"first, {column} (.729 (last digit), found 0.728)" for column in columns)
    assert items.sentences == (f"Recomputed before with another result: {named}.",)
    picture = next(part for part in made if isinstance(part, Picture))
    assert picture.table.note.endswith(f" 1 of {len(columns) + 1} recomputed numbers are found again.")


def test_numbers_alike_in_rows_and_columns_are_a_map_with_what_is_printed_behind_it(made: list[Part]) -> None:
    picture = next(part for part in made if isinstance(part, Picture))
    (first, left), (second, right) = picture.table.rows
    assert (first, second, picture.table.columns) == ("first", "second", ("left", "right"))
    assert [(entry.value, entry.rests, entry.gap) for entry in left] == [
        (0.5, "printed .5", ""),
        (0.25, "printed .8", "not reproduced"),
    ]
    assert right[0].value != right[0].value
    assert (right[1].rests, right[1].gap) == ("printed 0.85", "not reproduced")


def test_every_number_that_is_not_reproduced_is_explained_once(made: list[Part]) -> None:
    first, second = (part.sentences for part in made if isinstance(part, Items))
    assert first == (
        "Not reproduced: a wrong number (printed 2.5, found −2.5); another (printed 4.5, found 3.5). "
        "It has lost its sign.",
        "Another: Nobody knows why.",
    )
    assert second[0] == "Not reproduced: first, right (printed .8, found 0.2). It is another."
    assert second[1].startswith("Not reproduced: second, right (printed 0.85, found 0.8).")


# Of runs


def test_a_run_of_a_plan_has_none_and_asks_nothing_of_the_corpus(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("comity.corpora")]:
        monkeypatch.setitem(sys.modules, name, None)
    with results_of(whole) as results:
        assert published.section(results) is None


@pytest.mark.slow
def test_an_import_from_elsewhere_has_none(published_results: Results) -> None:
    assert published.section(published_results) is None


def test_an_import_that_lacks_most_of_the_source_has_none(tmp_path: Path) -> None:
    import_repeated_games(write_parquet(tmp_path / "source"), tmp_path / "run")
    with results_of(tmp_path / "run") as results:
        assert published.section(results) is None


@pytest.fixture(scope="module")
def imported(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    source = shared_data / "repeatedgames"
    if not source.is_dir():
        pytest.skip("needs the published moves, in the folder shared/data/repeatedgames beside the checkout")
    run = tmp_path_factory.mktemp("repeatedgames") / "run"
    import_repeated_games(source, run)
    with results_of(run) as results:
        yield results


@pytest.mark.slow
def test_the_page_of_the_published_records_has_every_figure(imported: Results) -> None:
    section = published.section(imported)
    run = imported.only
    assert section is not None
    assert run is not None
    found = figures(frames(imported.tables, run.header))
    exact, last, wrong = tally(found).values()
    assert isinstance(section.parts[0], Prose)
    assert f"Of {exact + last + wrong} printed numbers {exact} are exact" in section.parts[0].paragraphs[0]
    told = _words(section.parts, "GPT-4 against all others, one draw per round as published")
    assert ("t of Welch's test", "3.91", "3.92", "last digit", "3.9165") in told.rows
    shown = table(section, "Share of rounds in which player 1 defects")
    assert dict(shown.rows)["GPT-4"][0].rests == "printed 0"
    texts = [part for part in section.parts if isinstance(part, Words) and part.caption != published.BY_CHAPTER]
    listed = sum(len(part.rows) for part in texts if "From the records" in part.columns)
    crossed = sum(
        cell != "" for part in texts if "From the records" not in part.columns for row in part.rows for cell in row[1:]
    )
    maps = [part for part in section.parts if isinstance(part, Picture)]
    mapped = sum(entry.value == entry.value for part in maps for _, entries in part.table.rows for entry in entries)
    assert listed + crossed + mapped == len(found)
    assert len({part.key for part in maps}) == len(maps)
    reasons = " ".join(line for part in section.parts if isinstance(part, Items) for line in part.sentences)
    assert all(figure.why in reasons for figure in found)


def test_it_stands_on_the_page() -> None:
    assert published.section in compose.SECTIONS
