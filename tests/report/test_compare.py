"""Runs side by side, on the page and at the door."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.metrics import table
from comity.metrics.comparison import NotComparable
from comity.records.store import RunFile
from comity.records.tables import tables
from comity.report.page import write_page
from comity.report.results import opened
from tests.commands import called
from tests.report.reading import Element, grid, interval, read, rests, value
from tests.report.runs import PLAN, records, renamed, write_run

pytestmark = pytest.mark.slow

FIRST = PLAN.replace("seed = 3", "seed = 3\nreplicates = 3")
SECOND = FIRST.replace('"small"', '"later"').replace(', "public_goods"', "")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same design twice, the second time without public goods."""
    folder = tmp_path_factory.mktemp("runs")
    return (
        write_run(folder / "first", records(FIRST, seed=1), FIRST),
        write_run(folder / "second", records(SECOND, seed=2), SECOND),
    )


@pytest.fixture(scope="module")
def page(folders: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Element:
    with opened(folders, decisions=True) as results:
        written = write_page(results, tmp_path_factory.mktemp("page") / "page.html", compare=True)
    return read(written.read_text(encoding="utf-8"))


def test_every_run_has_its_own_numbers(page: Element, folders: tuple[Path, Path]) -> None:
    found = grid(page, "Mean score by mechanism and game, run by run")
    for name, folder in zip(("small", "later"), folders, strict=True):
        with RunFile.open(folder) as run:
            rows = table(tables(run.records(), decisions=False), "mean", ["mechanism", "game"]).rows
        for row in rows:
            head = f"{row['mechanism']} \u00b7 {row['game']}".replace("_", " ")
            if row["game"] == "public_goods":
                assert head not in found
            else:
                assert value(found[head][name]) == row["value"]
    for entries in found.values():
        first, second, difference = (value(entry) for entry in entries.values())
        assert difference == pytest.approx(second - first)  # type: ignore[operator]
        assert list(entries) == ["small", "later", "later less small"]


def test_a_difference_has_its_interval_and_its_corrected_p(page: Element) -> None:
    entry = grid(page, "Mean score by agent, run by run")["turncoat"]["later less small"]
    low, high = (float(end.replace("\u2212", "-")) for end in interval(entry)[1:-1].split(", "))
    assert low < (value(entry) or 0.0) < high
    [p] = rests(entry)
    assert p.startswith("p ")


def test_what_not_all_runs_have_is_said(page: Element) -> None:
    said = page.one("section", **{"aria-labelledby": "compare"}).text
    assert "Not all runs have, and so nothing here counts, cheap talk on public goods" in said
    assert "Over prisoners dilemma." in said
    assert page.one("p", class_="kind").text == "Comparison of 2 runs"
    assert page.one("p", class_="lead").text.startswith("Small and later, side by side: ")


def test_runs_of_different_agents_are_compared_as_wholes(folders: tuple[Path, Path], tmp_path: Path) -> None:
    plan = SECOND.replace("saint", "peter").replace("rogue", "paul").replace("turncoat", "mary")
    others = [
        renamed(record, {"saint": "peter", "rogue": "paul", "turncoat": "mary"}) for record in records(SECOND, seed=3)
    ]
    with opened([folders[0], write_run(tmp_path / "others", others, plan)]) as results:
        text = write_page(results, tmp_path / "page.html", compare=True).read_text(encoding="utf-8")
    found = read(text)
    assert "The runs have no agent in common, so each number is of all agents of its run." in found.one("main").text
    assert grid(found, "Mean score by mechanism, run by run")
    assert "Mean score by agent, run by run" not in text


def test_one_name_for_two_strategies_is_said(folders: tuple[Path, Path], tmp_path: Path) -> None:
    plan = SECOND.replace('"tit_for_tat"', '"grim"')
    with opened([folders[0], write_run(tmp_path / "others", records(SECOND, seed=3), plan)]) as results:
        text = write_page(results, tmp_path / "page.html", compare=True).read_text(encoding="utf-8")
    assert "Under one name there are different strategies: turncoat." in text


def test_one_run_cannot_be_compared(folders: tuple[Path, Path], tmp_path: Path) -> None:
    with opened([folders[0], folders[0]]) as results, pytest.raises(NotComparable, match="two runs or more; found one"):
        write_page(results, tmp_path / "page.html", compare=True)


def test_the_command_refuses_one_run_in_a_sentence(folders: tuple[Path, Path]) -> None:
    done = called(["report", str(folders[0]), "--compare"])
    assert done.returncode == 2
    assert done.stderr == "comity: a comparison needs two runs or more; found one\n"
    assert not (folders[0] / "comparison.html").exists()
