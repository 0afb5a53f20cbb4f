"""Differences between runs: closed forms, what runs share, and what they do not."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from comity.metrics import METRICS
from comity.metrics.comparison import NotComparable, common, compared, left_out
from comity.records.tables import Tables
from tests.rooms.test_metrics_intervals import by_game, told

pytestmark = pytest.mark.slow

MEAN = METRICS["mean"]
A, B = (0.2, 0.5, 0.3), (0.8, 0.7, 0.95)


def run(scores: Mapping[str, tuple[float, ...]], agent: str = "x", mechanism: str = "m") -> Tables:
    return told(by_game(scores, mechanism, agent))


def test_one_cell_is_welchs_test() -> None:
    [row] = compared({"a": run({"pd": A}), "b": run({"pd": B})}, MEAN, ["mechanism"])
    [difference] = row.differences
    expected = stats.ttest_ind(B, A, equal_var=False)
    low, high = expected.confidence_interval()
    assert [value.value for value in row.values] == pytest.approx([fmean(A), fmean(B)])
    assert difference.estimate.value == pytest.approx(fmean(B) - fmean(A))
    assert difference.p_holm == pytest.approx(expected.pvalue, abs=1e-12)
    assert (difference.estimate.low, difference.estimate.high) == pytest.approx((low, high), abs=1e-9)


def test_all_differences_of_a_table_are_one_family() -> None:
    runs = {"a": run({"pd": A, "pg": A}), "b": run({"pd": B, "pg": A})}
    rows = {row.key: row.differences[0] for row in compared(runs, MEAN, ["mechanism", "game"])}
    assert rows["m", "pd"].p_holm == pytest.approx(2 * rows["m", "pd"].estimate.p)
    assert rows["m", "pg"].p_holm == 1.0


def test_a_mean_over_games_gives_each_the_same_weight() -> None:
    [row] = compared({"a": run({"pd": A, "pg": A}), "b": run({"pd": B, "pg": A})}, MEAN, ["mechanism"])
    assert row.differences[0].estimate.value == pytest.approx((fmean(B) - fmean(A)) / 2)


def test_only_what_all_runs_have_counts() -> None:
    runs = {"a": run({"pd": A, "pg": B}), "b": run({"pd": B, "stag": A}), "c": run({"pd": A})}
    shared = common(runs)
    assert shared.cells == {("m", "pd")}
    [row] = compared(runs, MEAN, ["mechanism"])
    assert [value.value for value in row.values] == pytest.approx([fmean(A), fmean(B), fmean(A)])
    assert [one.estimate.value for one in row.differences] == pytest.approx([fmean(B) - fmean(A), 0.0])
    assert list(left_out(runs, shared)) == [
        "not all runs have, and so nothing here counts, m on pg (a)",
        "not all runs have, and so nothing here counts, m on stag (b)",
    ]


def test_agents_that_not_all_have_do_not_count_unless_there_are_no_others() -> None:
    def with_extra(*agents: str) -> Tables:
        return told([row for agent in agents for row in by_game({"pd": A if agent == "x" else B}, agent=agent)])

    runs = {"a": with_extra("x", "y"), "b": with_extra("x")}
    shared = common(runs)
    assert shared.agents == frozenset({"x"})
    [row] = compared(runs, MEAN, ["mechanism"])
    assert [value.value for value in row.values] == pytest.approx([fmean(A), fmean(A)])
    assert list(left_out(runs, shared)) == ["not all runs have, and so no number here is of, y (a)"]
    strangers = {"a": with_extra("x"), "b": with_extra("y")}
    [row] = compared(strangers, MEAN, ["mechanism"])
    assert row.differences[0].estimate.value == pytest.approx(fmean(B) - fmean(A))
    assert compared(strangers, MEAN, ["agent"]) == []
    assert list(left_out(strangers, common(strangers)))[-1].startswith("the runs have no agent in common")


def test_one_replicate_that_cannot_be_resampled_tells_no_difference_from_chance() -> None:
    once = told(by_game({"pd": A[:1]}), shared=True)
    [row] = compared({"a": once, "b": run({"pd": B})}, MEAN, ["mechanism"])
    assert isnan(row.differences[0].p_holm)
    assert isnan(row.differences[0].estimate.low)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_a_run_does_not_differ_from_itself(scores: list[float]) -> None:
    same = run({"pd": (scores[0], scores[1], scores[2])})
    [row] = compared({"a": same, "b": same}, MEAN, ["agent"])
    assert row.differences[0].estimate.value == pytest.approx(0)
    assert row.differences[0].p_holm == pytest.approx(1)


def test_what_cannot_be_compared_is_said() -> None:
    with pytest.raises(NotComparable, match="two runs or more; found one"):
        common({"a": run({"pd": A})})
    with pytest.raises(NotComparable, match="a, b cannot be compared: they have no game under the same mechanism"):
        common({"a": run({"pd": A}), "b": run({"pg": A})})
    with pytest.raises(NotComparable, match="no game under the same mechanism"):
        common({"a": run({"pd": A}), "b": run({"pd": A}, mechanism="n")})
