"""Ranks by deviation rating and the ratings themselves, of hand-made cells and of random ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from math import nan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from comity.dynamics.rating import deviation_ratings
from comity.metrics import MetricError, ResultTable, table
from comity.metrics.metagame import meta_game
from comity.metrics.rating import rating_metrics
from comity.records.tables import Tables, tables

METRICS = rating_metrics()
DILEMMA = {"cc": 2.0, "cd": 0.0, "dc": 3.0, "dd": 1.0}


def outcomes(
    agents: str, seats: int, paid: Any, game: str = "g", mechanism: str = "m", replicate: str = "1", first: int = 0
) -> pd.DataFrame:
    """All agents against all in every seat; paid: from who sits where to what each seat is paid."""
    columns = ["match", "game", "mechanism", "replicate", "player", "seat", "role", "agent", "payoff"]
    listed = [
        (first + match, game, mechanism, replicate, seat, seat, "player", agent, payoff)
        for match, seated in enumerate(product(agents, repeat=seats))
        for seat, (agent, payoff) in enumerate(zip(seated, paid(seated), strict=True))
    ]
    rows = pd.DataFrame(listed, columns=columns)
    return rows.assign(status=np.where(rows["payoff"].isna(), "forfeited", "finished"), score=rows["payoff"])


def dilemma(seated: tuple[str, ...]) -> tuple[float, float]:
    return DILEMMA["".join(seated)], DILEMMA["".join(seated[::-1])]


def as_tables(parts: Iterable[pd.DataFrame]) -> Tables:
    joined = pd.concat(list(parts), ignore_index=True)
    matches = joined.drop_duplicates("match").assign(agents="[]", drawn=True, proposals=None)
    return replace(tables([]), matches=matches, outcomes=joined)


def values(found: ResultTable) -> dict[Any, float | None]:
    keys = [tuple(row[key] for key in found.by) for row in found.rows]
    return {key[0] if len(key) == 1 else key: row["value"] for key, row in zip(keys, found.rows, strict=True)}


def test_the_dominant_agent_ranks_first_and_the_other_loses_by_replacing_it() -> None:
    found = as_tables([outcomes("cd", 2, dilemma)])
    assert values(table(found, METRICS["rating"], ["agent"], ["all"])) == {"c": 2.0, "d": 1.0}
    gains = values(table(found, METRICS["deviation_rating"], ["game", "agent"]))
    assert gains == {("g", "c"): pytest.approx(-1.0), ("g", "d"): pytest.approx(0.0)}


def test_equals_share_the_mean_of_their_ranks_and_the_mean_rank_is_always_the_same() -> None:
    same = outcomes("xyz", 2, lambda seated: (1.0, 1.0))
    found = as_tables([same])
    assert values(table(found, METRICS["rating"], ["agent"], ["all"])) == dict.fromkeys("xyz", 2.0)
    assert values(table(found, METRICS["rating"], ["mechanism"], ["all"])) == {"m": 2.0}


def test_ranks_are_averaged_over_replicates_and_then_games() -> None:
    def swapped(seated: tuple[str, ...]) -> tuple[float, float]:
        return dilemma(tuple({"c": "d", "d": "c"}[agent] for agent in seated))

    found = as_tables(
        [
            outcomes("cd", 2, dilemma),
            outcomes("cd", 2, swapped, replicate="2", first=10),
            outcomes("cd", 2, dilemma, game="h", first=20),
            outcomes("cd", 2, dilemma, game="h", replicate="2", first=30),
        ]
    )
    result = table(found, METRICS["rating"], ["agent"], ["all"])
    assert values(result) == {"c": (1.5 + 2) / 2, "d": (1.5 + 1) / 2}
    assert {(row["matches"], row["replicates"], row["missing"]) for row in result.rows} == {(16, 2, 0)}
    with pytest.raises(MetricError, match="counted in the points of each game"):
        table(found, METRICS["deviation_rating"], ["agent"], ["all"])


@given(st.integers(0, 10**6), st.integers(2, 3))
@settings(max_examples=15)
def test_they_are_those_of_the_meta_game_and_repeated_on_every_match(seed: int, seats: int) -> None:
    rng = np.random.default_rng(seed)
    played = outcomes("xyz", seats, lambda seated: rng.integers(-3, 4, size=seats).astype(float))
    expected = deviation_ratings(meta_game(played).payoffs)
    for name, theirs in (("rating", expected.ranks()), ("deviation_rating", expected.ratings)):
        found = METRICS[name].occurrences(as_tables([played]))
        assert len(found) == 3 * 3**seats
        assert found.groupby("agent")["value"].nunique().eq(1).all()
        assert_allclose(found.groupby("agent")["value"].first()[list("xyz")], theirs, atol=1e-9)
        assert found["value"].max() <= (0 if name == "deviation_rating" else 3)


def test_a_hole_leaves_no_value_and_is_named() -> None:
    def hole(seated: tuple[str, ...]) -> tuple[float, ...]:
        return (nan, nan) if seated == ("d", "d") else dilemma(seated)

    found = as_tables([outcomes("cd", 2, dilemma), outcomes("cd", 2, hole, replicate="2", first=10)])
    result = table(found, METRICS["rating"], ["agent"], ["all"])
    assert values(result) == {"c": 2.0, "d": 1.0}
    assert {(row["matches"], row["replicates"]) for row in result.rows} == {(4, 1)}
    assert "no rating in m g 2, where nobody was paid as d against d" in result.notes


def test_a_population_has_no_rating_and_a_note_says_so() -> None:
    crowd = outcomes("x", 4, lambda seated: (1.0,) * 4, mechanism="reputation", first=10)
    found = as_tables([outcomes("cd", 2, dilemma), crowd.assign(seat=[0, 1, 0, 1])])
    result = table(found, METRICS["rating"], ["mechanism"], ["all"])
    assert values(result) == {"m": 1.5, "reputation": None}
    assert any(note.startswith("no rating under reputation: all play there in one match") for note in result.notes)


def test_a_program_that_is_too_large_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comity.metrics.rating.MOST_GAINS", 5)
    result = table(as_tables([outcomes("cd", 2, dilemma)]), METRICS["rating"], ["agent"], ["all"])
    assert values(result) == {"c": None, "d": None}
    assert "no rating in m g 1, where 2 agents in 2 seats make a linear program that is not solved" in result.notes


def test_a_rating_has_no_roles() -> None:
    with pytest.raises(MetricError, match="ask for it without role"):
        table(as_tables([outcomes("cd", 2, dilemma)]), METRICS["rating"], ["role"], ["all"])
