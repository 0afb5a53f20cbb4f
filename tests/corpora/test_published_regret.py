"""Regret in the published records: where the best reply is known in closed form, it is what it has to be."""

from __future__ import annotations

from typing import Any

import pytest

from comity.metrics import table
from comity.metrics.regret import regret_metrics
from tests.corpora.published import Published

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(published: Published) -> dict[tuple[str, str, str], float | None]:
    rows = table(published.tables, _measure(published, "regret_points"), ("mechanism", "game", "agent")).rows
    return {(row["mechanism"], row["game"], row["agent"]): row["value"] for row in rows}


def _measure(published: Published, name: str) -> Any:
    return regret_metrics(published.cells)[name]


def test_it_is_never_negative_and_populations_have_none(found: dict[tuple[str, str, str], float | None]) -> None:
    for (mechanism, _, _), value in found.items():
        assert (value is None) == mechanism.startswith("reputation")
        assert value is None or value >= 0


@pytest.mark.parametrize(("game", "gain"), [("prisoners_dilemma", 1.0), ("public_goods", 0.5)])
def test_where_defecting_always_gains_the_same_it_is_that_times_the_cooperation(
    found: dict[tuple[str, str, str], float | None], published: Published, game: str, gain: float
) -> None:
    rows = table(published.tables, "cooperation", ("mechanism", "game", "agent")).rows
    rates = {row["agent"]: row["value"] for row in rows if (row["mechanism"], row["game"]) == ("none", game)}
    assert len(rates) == 6
    for agent, rate in rates.items():
        assert found["none", game, agent] == pytest.approx(gain * rate)


def test_under_a_contract_it_is_what_the_contract_leaves_to_gain(
    found: dict[tuple[str, str, str], float | None], published: Published
) -> None:
    """In the dilemma defecting gains 1, and X(defect) - X(cooperate) more where the contract X binds."""
    expected: dict[tuple[str, str], list[float]] = {}
    for record in published.records:
        cell = record.match.cell
        if (cell.mechanism_label, cell.game_label) == ("contracting", "prisoners_dilemma"):
            proposals, ballots, *tie, signed, profile = record.choices
            tally = [sum(ballot[seat] for ballot in ballots) for seat in (0, 1)]
            winner = tie[0][0] if tie else tally.index(max(tally))
            cooperate, defect = proposals[winner] if all(signed) else (0, 0)
            gain = 1 + defect - cooperate
            for agent, action in zip(record.match.agents, profile, strict=True):
                regret = max(gain, 0) if action == "cooperate" else max(-gain, 0)
                expected.setdefault((agent, record.match.replicate), []).append(regret)
    assert len(expected) == 18
    for agent in {agent for agent, _ in expected}:
        means = [sum(paid) / len(paid) for (who, _), paid in expected.items() if who == agent]
        assert found["contracting", "prisoners_dilemma", agent] == pytest.approx(sum(means) / 3)


def test_the_extreme_contract_is_regretted(published: Published) -> None:
    """In two matches of the third replicate an agent signed that contributing earns 100, and did not contribute."""
    occurrences = _measure(published, "regret_points").occurrences(published.tables)
    goods = occurrences[(occurrences["mechanism"] == "contracting") & (occurrences["game"] == "public_goods")]
    worst = goods[goods["value"] > 50]
    assert worst["value"].tolist() == [100.5, 100.5]  # it would have had 1.5 instead of -99
    assert set(worst["replicate"]) == {"run3"}
    assert set(worst["agent"]) == {"anthropic/claude-sonnet-4.5(CoT)"}
    for match in worst["match"]:
        made = (
            published.tables.decisions[published.tables.decisions["match"] == match].groupby("kind")["choice"].agg(list)
        )
        assert "[100, -1]" in made["propose"]
        assert made["act"] == ['"free_ride"', '"contribute"', '"contribute"']


def test_lost_records_have_no_regret(published: Published) -> None:
    result = table(published.tables, _measure(published, "regret"), ("mechanism", "game"))
    rows = {(row["mechanism"], row["game"]): row for row in result.rows}
    lost = rows["repetition", "travellers_dilemma"]
    assert (lost["matches"], lost["replicates"], lost["missing"]) == (72, 2, 36)
    assert any(note.startswith("no regret under reputation_first_order; reputation;") for note in result.notes)
