"""The methods, the references and where the numbers come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.records.store import RunFile
from comity.report.page import write_page
from comity.report.results import opened
from comity.runs.citations import REFERENCES, cited
from comity.runs.plan import parsed_plan
from tests.report.reading import Element, read
from tests.report.runs import PLAN, SHORT, forfeited, records, write_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def methods(read_page: Element) -> Element:
    return read_page.one("section", **{"aria-labelledby": "methods"})


def test_the_methods_say_what_was_played(methods: Element, whole: Path) -> None:
    with RunFile.open(whole) as run:
        count = run.count()
    assert "3 agents (saint, rogue and turncoat) played 3 games" in methods.text
    assert f"{count} matches in 1 replicate." in methods.text
    assert "every agent met every other in every seat, itself included, once" in methods.text
    assert f"forfeited and counts in no mean (0 of {count} matches)." in methods.text
    assert "resampled 1,000 times (Efron, 1979)" in methods.text


@pytest.mark.parametrize(
    ("matching", "told"),
    [
        ("", "every agent met every other in every seat, itself included, once"),
        ("[matching]\nself_play = false\nrepeats = 2", "in every seat, never itself, 2 times"),
        ('[matching]\nkind = "sampled"\nmatches = 4', "4 matches were drawn from all ways to seat the agents"),
    ],
)
def test_the_methods_say_who_met_whom(matching: str, told: str, tmp_path: Path) -> None:
    plan = f"{SHORT}\n{matching}\n"
    failed = [forfeited(record) for record in records(plan)[:5]]
    with opened([write_run(tmp_path, failed, plan)], decisions=True) as results:
        text = read(write_page(results, tmp_path / "page.html").read_text(encoding="utf-8"))
    said = text.one("section", **{"aria-labelledby": "methods"}).text
    assert told in said
    assert f"(5 of {parsed_plan(plan).n_matches} matches)" in said


def test_every_paper_behind_the_plan_and_the_methods_is_listed_once(methods: Element) -> None:
    listed = [item.text for item in methods.all("li")]
    assert len(set(listed)) == len(listed)
    keys = ("satterthwaite1946", "holm1979", "benjamini1995", "efron1979", "marris2025", "coopeval2026")
    for reference in (*cited(parsed_plan(PLAN)), *(REFERENCES[key] for key in keys)):
        assert reference.text in listed
    assert listed == sorted(listed, key=str.lower)
    assert f"@article{{{'holm1979'}," in next(methods.all("pre")).text


def test_every_run_is_told_apart_by_its_digest(methods: Element, whole: Path, tmp_path: Path) -> None:
    with RunFile.open(whole) as run:
        digest = run.digest()
    assert f"{digest} small" in [pre.text for pre in methods.all("pre")]
    twins = [write_run(tmp_path / name, records(SHORT), SHORT) for name in ("one", "again")]
    with RunFile.open(twins[0]) as run:
        digest = run.digest()
    with opened(twins, decisions=True) as results:
        page = read(write_page(results, tmp_path / "page.html").read_text(encoding="utf-8"))
    assert page.one("section", **{"aria-labelledby": "methods"}).text.count(digest) == 2
