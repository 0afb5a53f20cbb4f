"""The page on the repeated games tells the truth: its examples print what it shows, its text says no other number.

Everywhere else the examples of that page are left out, because the records are not part of comity; here they are run.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpora.test_published_defects import FENCED, NO_FIGURES
from tests.corpora.test_published_defects import figures as figures_in
from tests.docs.pages import CHECKOUT, parsed

pytestmark = pytest.mark.slow

PAGE = "docs/explanation/repeated-games.md"


@pytest.fixture
def beside_the_records(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, made the present one, with the records where the page has them."""
    source = shared_data / "repeatedgames"
    if not source.is_dir():
        pytest.skip("needs the published moves, in the folder shared/data/repeatedgames beside the checkout")
    (tmp_path / "repeatedgames").symlink_to(source)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("beside_the_records")
def test_every_example_prints_what_the_page_shows() -> None:
    examples = list(parsed(PAGE))
    assert len(examples) > 20
    for example in examples:
        example.evaluate()


def test_every_figure_of_the_text_is_one_that_an_example_shows() -> None:
    """Numbers in names, and those of seats, are no figures."""
    page = (CHECKOUT / PAGE).read_text(encoding="utf-8")
    shown = {float(figure) for block in FENCED.findall(page) for figure in figures_in(block)}
    prose = " ".join(NO_FIGURES.sub("", FENCED.sub("", page)).split())
    for name in (
        "of 2025",
        "Behaviour 2025",
        "GPT-4",
        "Claude 2",
        "Claude Instant 1",
        "all 144 games",
        "seat 1",
        "seat 2",
    ):
        assert name in prose
        prose = prose.replace(name, "")
    assert [figure for figure in figures_in(prose) if float(figure) not in shown] == []
