"""The correct ranks by deviation rating come out of the published records, as a table like any other.

They were worked out from the same records by a program that shares nothing with this one, with the lexicographic
optimum that the ranks in print miss.
"""

from __future__ import annotations

import pytest

from comity.metrics import table
from comity.metrics.metagame import meta_games
from comity.metrics.rating import rating_metrics
from tests.corpora.published import AGENTS, DILEMMAS, Published

pytestmark = pytest.mark.slow

RANKS = {
    "none": (3.08, 2.96, 3.04, 2.96, 5.17, 3.79),
    "repetition": (3.58, 2.92, 2.83, 2.96, 4.79, 3.92),
    "mediation": (2.75, 2.21, 3.04, 3.67, 5.33, 4.00),
    "contracting": (3.58, 2.25, 1.96, 3.12, 5.46, 4.62),
}
"""The mean rank of each of `AGENTS` over the four dilemmas and three replicates."""


def test_the_ranks_of_all_agents(published: Published) -> None:
    found = table(published.tables, rating_metrics()["rating"], ("mechanism", "agent"), DILEMMAS)
    rows = {(row["mechanism"], row["agent"]): row for row in found.rows}
    for mechanism, ranks in RANKS.items():
        assert [rows[mechanism, agent]["value"] for agent in AGENTS] == pytest.approx(ranks, abs=0.0051)
        assert {rows[mechanism, agent]["matches"] for agent in AGENTS} == {972}
        assert {rows[mechanism, agent]["replicates"] for agent in AGENTS} == {3}
    assert rows["reputation", AGENTS[0]]["value"] is None
    assert any(note.startswith("no rating under reputation_first_order, reputation,") for note in found.notes)


def test_the_mean_rank_of_a_mechanism_says_nothing(published: Published) -> None:
    found = table(published.tables, rating_metrics()["rating"], ("mechanism",), DILEMMAS)
    means = {row["mechanism"]: row["value"] for row in found.rows}
    assert [means[mechanism] for mechanism in RANKS] == pytest.approx([3.5] * 4)


def test_somebody_is_without_gain_and_nobody_has_any(published: Published) -> None:
    found = table(published.tables, rating_metrics()["deviation_rating"], ("mechanism", "game", "agent", "replicate"))
    best: dict[tuple[str, ...], float] = {}
    for row in found.rows:
        if row["value"] is not None:
            key = row["mechanism"], row["game"], row["replicate"]
            best[key] = max(best.get(key, -9.0), row["value"])
    assert len(best) == 84
    assert max(best.values()) <= 0
    assert min(best.values()) < -0.01  # where no pair of agents is an equilibrium of the meta-game, everybody loses


def test_the_payoff_tensors(published: Published) -> None:
    found = meta_games(published.tables, column="score")
    assert len(found) == 28
    assert all(not paid.missing for paid in found.values())
    assert found["none", "public_goods"].payoffs.shape == (6, 6, 6)
    assert found["none", "prisoners_dilemma"].payoffs.mean() == pytest.approx(0.0972, abs=5e-5)
    roles = meta_games(published.tables, roles=True)["none", "trust_game"]
    assert roles.payoffs.shape == (2, 6, 6)
    assert roles.payoffs.mean() == pytest.approx(meta_games(published.tables)["none", "trust_game"].payoffs.mean())
