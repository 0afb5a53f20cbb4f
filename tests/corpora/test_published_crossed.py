"""The published one-shot decisions, with their stated lotteries instead of one coin per match.

How much more precise that is was worked out from the answers of the models by a program that shares nothing with this
one: with the expectation of each match, and with mean strategies against mean strategies.
"""

from __future__ import annotations

import json

import pytest

from comity.metrics import table, under
from comity.metrics.crossed import expected_metrics, variances
from comity.records.spec import Cell
from comity.records.tables import Tables
from tests.corpora.published import Published

pytestmark = pytest.mark.slow

RATIOS = {"prisoners_dilemma": (2.1, 9.6), "stag_hunt": (4.6, 22.4)}
"""Variance of sampled play over that of expectations per match, and over that of crossed ones."""

SAMPLED = {"prisoners_dilemma": 0.0972, "public_goods": 0.0350, "travellers_dilemma": 0.0617, "trust_game": 0.0926}
"""The published Mean without a mechanism."""


@pytest.fixture(scope="module")
def played(published: Published) -> tuple[Tables, list[Cell]]:
    """All one-shot matches without a mechanism."""
    return under(published.tables, ["none"]), [cell for cell in published.cells if cell.mechanism_label == "none"]


@pytest.mark.parametrize("game", RATIOS)
def test_the_variance_that_sampling_adds(played: tuple[Tables, list[Cell]], game: str) -> None:
    """A variance over 3,000 tournaments is known to some 3 %, a ratio of two to some 4 %."""
    told = variances(*played, "none", game)
    per_match, crossed = RATIOS[game]
    assert told.ratio == pytest.approx(crossed, rel=0.1)
    assert told.sampled / told.per_match == pytest.approx(per_match, rel=0.1)


def test_where_payoffs_add_up_the_crossed_mean_is_that_of_what_was_stated(played: tuple[Tables, list[Cell]]) -> None:
    """In the dilemma and the public good that is the stated cooperation, in the trust game the stated giving."""
    found, cells = played
    rows = table(found, expected_metrics(cells)["expected"], ("game",)).rows
    crossed = {row["game"]: row for row in rows}
    cooperative = {"prisoners_dilemma": "cooperate", "public_goods": "contribute", "trust_game": "give"}
    decisions = found.decisions.merge(found.matches[["match", "game"]], on="match")
    for game, action in cooperative.items():
        stated = decisions[decisions["game"] == game]
        if game == "trust_game":
            stated = stated[stated["role"] == "truster"]
        shares = [dict(json.loads(lottery))[action] for lottery in stated["lottery"]]
        assert crossed[game]["value"] == pytest.approx(sum(shares) / len(shares), abs=1e-12)
    assert all(row["missing"] == 0 and row["replicates"] == 3 for row in rows)


def test_what_was_stated_lies_near_what_was_sampled(played: tuple[Tables, list[Cell]]) -> None:
    found, cells = played
    sampled = {row["game"]: row["value"] for row in table(found, "mean", ("game",)).rows}
    crossed = {row["game"]: row for row in table(found, expected_metrics(cells)["expected"], ("game",)).rows}
    for game, published in SAMPLED.items():
        assert sampled[game] == pytest.approx(published, abs=0.00006)
        assert crossed[game]["value"] == pytest.approx(published, abs=0.05)
