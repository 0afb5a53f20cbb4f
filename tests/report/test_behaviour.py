"""Behaviour: the frequencies on the page are those of the metric."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.metrics.behaviour import action_frequencies, conditional_frequencies
from comity.report.results import ALL, Results
from comity.report.sections import behaviour
from tests.report.measured import entries, played, results_of, table
from tests.report.runs import forfeited, records, write_run


@pytest.fixture(scope="module")
def results(whole: Path) -> Iterator[Results]:
    with results_of(whole) as found:
        yield found


def test_actions_game_by_game_are_shares_of_all_plays(results: Results) -> None:
    """Of three agents "saint" cooperates always, "turncoat" in the first of four rounds, "rogue" never."""
    rows = entries(table(behaviour.section(results), "What was done in prisoners dilemma"))
    assert list(rows) == ["none", "repetition", "reputation first order", "cheap talk"]
    told = {head: (row["cooperate"].value, row["defect"].value) for head, row in rows.items()}
    assert told["none"] == pytest.approx((2 / 3, 1 / 3))
    assert told["repetition"] == pytest.approx((5 / 12, 7 / 12))
    for head, row in rows.items():
        plays = results.tables.plays
        own = plays[(plays["mechanism"].str.replace("_", " ") == head) & (plays["game"] == "prisoners_dilemma")]
        assert row["cooperate"].value == pytest.approx(own["cooperated"].astype(float).mean())


def test_the_cooperative_action_stands_last(results: Results) -> None:
    assert table(behaviour.section(results), "What was done in public goods").columns == ("free_ride", "contribute")


def test_what_each_agent_did_is_the_metric(results: Results) -> None:
    found = action_frequencies(results.tables)
    for mechanism, game, agent, action, share, *_ in found.itertuples(index=False, name=None):
        for grid in behaviour.actions(results, (mechanism, game)):
            if game != "matching_pennies":
                assert entries(grid)[agent][action].value == share


def test_replies_are_the_metric(results: Results) -> None:
    found = conditional_frequencies(results.tables)
    key = ("repetition", "public_goods")
    own = found[(found["mechanism"] == key[0]) & (found["game"] == key[1]) & (found["action"] == "contribute")]
    [grid] = behaviour.replies(results, key)
    told = entries(grid)
    shown = {
        "opening": "at first",
        "contribute, contribute": "contribute \u00d72",
        "contribute, free_ride": "contribute, free_ride",
        "free_ride, free_ride": "free_ride \u00d72",
    }
    assert set(own["condition"]) == set(shown)
    for agent, condition, share in own[["agent", "condition", "share"]].itertuples(index=False, name=None):
        assert told[agent][shown[condition]].value == share
    assert not list(behaviour.replies(results, ("none", "public_goods")))


def test_cooperation_after_what_co_players_did(results: Results) -> None:
    rows = entries(table(behaviour.section(results), "Cooperation under repetition, after what co-players did"))
    assert rows["prisoners dilemma: at first"]["saint"].value == 1
    assert rows["prisoners dilemma: at first"]["rogue"].value == 0
    assert rows["prisoners dilemma: cooperate"]["turncoat"].value == 0
    assert rows["prisoners dilemma: at first"][ALL].value == pytest.approx(2 / 3)
    assert not [head for head in rows if head.startswith("matching pennies")]


def test_errors_stand_beside_shares_where_there_are_replicates(tmp_path: Path, results: Results) -> None:
    with results_of(played(tmp_path)) as several:
        grid = table(behaviour.section(several), "What was done in trust game")
        assert "standard error over replicates" in grid.note
        assert [head for head, _ in grid.rows][:2] == ["none, as truster", "none, as trustee"]
        assert all(entry.rests.startswith("\u00b1 ") for _, row in grid.rows for entry in row)
    alone = table(behaviour.section(results), "What was done in public goods")
    assert "standard error" not in alone.note
    assert not [entry for _, row in alone.rows for entry in row if entry.rests]


def test_without_plays_there_is_no_section(tmp_path: Path) -> None:
    with results_of(write_run(tmp_path, map(forfeited, records()))) as results:
        assert behaviour.section(results) is None
