"""The page on the published analysis tells the truth: its examples print what it shows, its text says no other number.

Everywhere else the examples of that page are left out, because the records are not part of comity; here they are run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from comity.metrics import table
from comity.metrics.rating import rating_metrics, ratings
from comity.report.results import Results, opened
from tests.corpora.published import Published
from tests.docs.pages import CHECKOUT, parsed

pytestmark = pytest.mark.slow

PAGE = "docs/explanation/published-analysis.md"
DILEMMAS = ("prisoners_dilemma", "public_goods", "travellers_dilemma", "trust_game")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
NO_FIGURES = re.compile(r"<!--.*?-->|`[^`]*`|\]\([^)]*\)|\(\d{4}\)|\b(?:January|March) \d{4}")
"""Comments, code, the targets of links, years: what stands in the text beside figures."""


@pytest.fixture
def beside_the_records(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, made the present one, with the records where the page has them."""
    (tmp_path / "published").symlink_to(shared_data / "coopeval")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def read_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every example of the page reads one run, which nobody changes; here the first of them reads it for all."""
    with ExitStack() as stack:

        @cache
        def first(folders: tuple[Path, ...]) -> Results:
            return stack.enter_context(opened(folders, decisions=True))

        @contextmanager
        def again(folders: Sequence[Path], *, decisions: bool = False) -> Iterator[Results]:
            yield first(tuple(folders))

        monkeypatch.setattr("comity.report.results.opened", again)
        yield


@pytest.fixture(scope="module")
def page() -> str:
    return (CHECKOUT / PAGE).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def stored(shared_data: Path) -> pd.DataFrame:
    """What the source stored, for every agent of every tournament that it rated."""
    data = shared_data / "coopeval"
    experiments = pd.read_parquet(data / "experiments.parquet", columns=["exp_id", "study", "run", "game", "mechanism"])
    found = pd.read_parquet(data / "stored_results.parquet").merge(experiments, on="exp_id")
    return found[found["deviation_rating"].notna() & (found["study"] == "main")]


@pytest.mark.usefixtures("beside_the_records", "read_once")
def test_every_example_prints_what_the_page_shows() -> None:
    examples = list(parsed(PAGE))
    assert len(examples) > 25
    for example in examples:
        example.evaluate()


def figures(text: str) -> Iterator[str]:
    return (found.replace(",", "") for found in NUMBER.findall(text))


def test_every_figure_of_the_text_is_one_that_an_example_shows(page: str) -> None:
    """Or what it becomes when rounded; those of the ratings have a test of their own."""
    prose = NO_FIGURES.sub("", FENCED.sub("", page))
    prose, _ = re.subn(r"In print the six have[^.]*(?:\.\d[^.]*)*\.", "", prose)
    shown = {float(figure) for block in FENCED.findall(page) for figure in figures(block)}
    for figure in figures(prose.replace("35 of 72", "")):
        digits = len(figure.partition(".")[2])
        assert any(f"{number:.{digits}f}" == figure for number in shown), f"no example shows {figure}"


def test_the_ratings_in_print(published: Published, stored: pd.DataFrame, page: str) -> None:
    """Their ranks, averaged over dilemmas and replicates, in the order of the correct ones."""
    own = stored[(stored["mechanism"] == "Contracting") & stored["game"].map(_our_name).isin(DILEMMAS)]
    ranks = own.groupby("exp_id")["deviation_rating"].rank(ascending=False).groupby(own["agent"]).mean()
    correct = table(published.tables, rating_metrics()["rating"], ("mechanism", "agent"), DILEMMAS).rows
    order = sorted((row["value"], row["agent"]) for row in correct if row["mechanism"] == "contracting")
    *told, last = [f"{ranks[agent]:.1f}" for _, agent in order]
    assert f"the ranks {', '.join(told)} and {last}." in " ".join(page.split())


def test_how_many_of_them_are_no_optimum(published: Published, stored: pd.DataFrame, page: str) -> None:
    """The highest rating that differs is higher than it need be."""
    keys = ["mechanism", "game", "replicate"]
    correct = ratings(published.tables).drop_duplicates([*keys, "agent"]).groupby(keys)["value"].agg(_falling)
    better = [
        _lower(correct[key], _falling(of_tournament["deviation_rating"])) for key, of_tournament in _by_key(stored)
    ]
    assert f"in {sum(better)} of {len(better)} tournaments they are no" in " ".join(page.split())


def _our_name(game: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", game).lower()


def _by_key(stored: pd.DataFrame) -> Iterator[tuple[tuple[str, str, str], pd.DataFrame]]:
    for key, rows in stored.groupby(["mechanism", "game", "run"]):
        mechanism, game, run = map(str, key)
        yield ("none" if mechanism == "NoMechanism" else _our_name(mechanism), _our_name(game), run), rows


def _falling(values: pd.Series[float]) -> tuple[float, ...]:
    return tuple(np.sort(values.to_numpy(float))[::-1].tolist())


def _lower(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether the first entry that differs is the smaller one in the first."""
    differing = [left < right for left, right in zip(one, other, strict=True) if abs(left - right) > 1e-7]
    return bool(differing) and differing[0]
