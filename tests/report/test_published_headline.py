"""The published headline with its errors stands on the page of the published records."""

from __future__ import annotations

import pytest

from comity.report.grid import Entry, Grid
from comity.report.results import Results
from comity.report.sections.games import per_game, spread
from comity.report.sections.headline import aggregate
from tests.corpora.published import DILEMMAS
from tests.corpora.test_published import ERRORS, FITNESS, HEADLINE, PER_GAME, PER_GAME_ERRORS

pytestmark = pytest.mark.slow


def entries(grid: Grid | None) -> dict[str, dict[str, Entry]]:
    assert grid is not None
    return {head: dict(zip(grid.columns, row, strict=True)) for head, row in grid.rows}


def test_the_headline_has_the_published_error_and_the_honest_one(published_results: Results) -> None:
    found = entries(aggregate(published_results.wide, "mean"))
    assert list(found) == [name.replace("_", " ") for name in HEADLINE]  # best first, and no ablation among them
    for name, (mean, _) in HEADLINE.items():
        entry = found[name.replace("_", " ")]["All agents"]
        over_replicates, over_games = ERRORS[name]
        assert entry.value == pytest.approx(mean, abs=5e-5)
        replicates, games = entry.rests.split(", games ± ")
        assert float(replicates.removeprefix("± ")) == pytest.approx(over_replicates, abs=6e-4)
        assert float(games) == over_games


def test_the_fitness_is_that_of_the_paper_and_has_no_row_for_populations(published_results: Results) -> None:
    found = entries(aggregate(published_results.wide, "fitness"))
    assert {head: round(row["All agents"].value, 3) for head, row in found.items()} == FITNESS


def test_every_game_has_its_published_row(published_results: Results) -> None:
    for place, game in enumerate(DILEMMAS):
        found = entries(per_game(published_results, game))
        for name, means in PER_GAME.items():
            entry = found[name.replace("_", " ")]["All agents"]
            assert entry.value == pytest.approx(means[place], abs=6e-5)
            half = 4.302653 * PER_GAME_ERRORS[name][place]  # Student's, with two degrees of freedom
            assert entry.high - entry.value == pytest.approx(half, abs=3e-4)


def test_what_the_published_error_takes_for_chance_is_the_games(published_results: Results) -> None:
    found = entries(spread(published_results))
    for name, (over_replicates, over_games) in ERRORS.items():
        row = found[name.replace("_", " ")]
        assert row["Standard error"].value == pytest.approx(over_replicates, abs=6e-5)
        assert row["Error over games"].value == pytest.approx(over_games, abs=5e-4)
        assert row["Deviation between games"].value == pytest.approx(2 * over_games, abs=1.1e-3)
