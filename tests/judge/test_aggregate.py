"""Shares and their errors: closed forms, coverage, and the test between mechanisms."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2_contingency

from comity.judge.aggregate import by, cramers_v, differences, in_common, of_marks, shares
from comity.judge.marks import Marks, Rater
from tests.judge.conftest import TERMS


def marks(given: NDArray[np.float64], frame: pd.DataFrame) -> Marks:
    """What one judge gave, with the columns that matter."""
    reasons = frame.assign(id=[str(place) for place in range(len(frame))], length=10)
    return Marks(TERMS, reasons, (Rater("one", 1),), given[:, None], {})


def frame_of(cells: list[tuple[str, str, str]], matches: int, per_match: int) -> pd.DataFrame:
    """So many matches with so many reasons in each cell of game, mechanism and agent."""
    rows = [
        (*cell, f"{cell[0]}/{cell[1]}/{match}") for cell in cells for match in range(matches) for _ in range(per_match)
    ]
    return pd.DataFrame(rows, columns=["game", "mechanism", "agent", "match"])


def test_pooled_and_equal_shares_by_hand() -> None:
    present = np.array([[1.0], [1.0], [1.0], [0.0], [0.0]])
    cells, strata, matches = [0, 0, 0, 0, 1], [0, 0, 0, 0, 0], [0, 0, 1, 1, 2]
    assert shares(present, cells, strata, matches, equal=False)[0].value == pytest.approx(3 / 5)
    assert shares(present, cells, strata, matches, equal=True)[0].value == pytest.approx((3 / 4 + 0) / 2)


def test_with_one_reason_per_match_the_error_is_that_of_a_mean() -> None:
    marks_of_one = np.array([1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0])[:, None]
    found = shares(marks_of_one, np.zeros(8), np.zeros(8), np.arange(8), equal=False)[0]
    assert found.error == pytest.approx(marks_of_one.std(ddof=1) / math.sqrt(8))
    assert found.freedom == pytest.approx(7)


def test_reasons_repeated_within_a_match_add_nothing() -> None:
    once = np.array([1.0, 1.0, 0.0, 1.0, 0.0, 0.0])[:, None]
    one = shares(once, np.zeros(6), np.zeros(6), np.arange(6), equal=False)[0]
    many = shares(np.repeat(once, 20, axis=0), np.zeros(120), np.zeros(120), np.repeat(np.arange(6), 20), equal=False)[
        0
    ]
    assert many.error == pytest.approx(one.error)


def test_a_label_nobody_gave_is_not_therefore_impossible() -> None:
    found = shares(np.zeros((20, 1)), np.zeros(20), np.zeros(20), np.arange(20), equal=True)[0]
    assert (found.value, found.low) == (0, 0)
    assert 0.03 < found.high < 0.15


def test_one_match_tells_no_interval() -> None:
    found = shares(np.array([[1.0], [0.0]]), [0, 0], [0, 0], [7, 7], equal=True)[0]
    assert found.value == 0.5
    assert math.isnan(found.low)
    with pytest.raises(ValueError, match="at least one reason"):
        shares(np.zeros((0, 1)), [], [], [], equal=True)


@pytest.mark.slow
@pytest.mark.parametrize("equal", [True, False])
def test_intervals_hold_the_truth(equal: bool) -> None:
    rng, held = np.random.default_rng(3), np.zeros(2)
    frame = frame_of([(game, "none", agent) for game in ("a", "b") for agent in ("x", "y")], 25, 4)
    codes = frame.groupby(["game", "agent"]).ngroup().to_numpy()
    drawn = frame.groupby("match").ngroup().to_numpy()
    strata = frame.groupby("game").ngroup().to_numpy()
    truth = np.array([[0.3, 0.05], [0.5, 0.1], [0.7, 0.05], [0.2, 0.2]])
    for _ in range(600):
        leaning = rng.random((drawn.max() + 1, 2))
        together = rng.random((len(frame), 1)) < 0.5
        present = np.where(together, leaning[drawn], rng.random((len(frame), 2))) < truth[codes]
        for place, found in enumerate(shares(present, codes, strata, drawn, equal=equal)):
            held[place] += found.low <= truth[:, place].mean() <= found.high
    assert ((held / 600 > 0.92) & (held / 600 < 0.985)).all(), held / 600


def test_mechanisms_are_compared_over_what_all_of_them_have() -> None:
    frame = frame_of([("a", "none", "x"), ("a", "repetition", "x"), ("b", "none", "x")], 4, 2)
    common = in_common(marks(np.zeros((len(frame), 3)), frame))
    assert common is not None
    assert set(common.reasons["game"]) == {"a"}
    alone = frame[frame["mechanism"] == "none"].reset_index(drop=True)
    assert in_common(marks(np.zeros((len(alone), 3)), alone)) is None
    assert differences(marks(np.zeros((len(alone), 3)), alone)) == ()


def simulated(shift: float, rng: np.random.Generator, frame: pd.DataFrame) -> Marks:
    """Three labels that depend on game and match; `shift` of the first goes to one mechanism."""
    drawn, codes = frame.groupby("match").ngroup().to_numpy(), frame.groupby("game").ngroup().to_numpy()
    leaning = rng.random((drawn.max() + 1, 3))[drawn]
    rate = np.array([0.3, 0.5, 0.1])[None] + 0.2 * codes[:, None]
    rate[frame["mechanism"].to_numpy() == "contracting", 0] += shift
    same = rng.random((len(frame), 1)) < 0.7
    return marks((np.where(same, leaning, rng.random((len(frame), 3))) < rate).astype(float), frame)


def unequal() -> pd.DataFrame:
    """Three mechanisms with matches of two, ten and thirty reasons in two games, by two agents."""
    sizes = {"none": 1, "contracting": 5, "repetition": 15}
    parts = [
        frame_of([(game, name, agent) for game in "ab" for agent in "xy"], 16, size) for name, size in sizes.items()
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.slow
def test_where_mechanisms_do_not_differ_the_test_rejects_as_often_as_it_says() -> None:
    rng, frame = np.random.default_rng(8), unequal()
    p = np.array([[found.p for found in differences(simulated(0, rng, frame))] for _ in range(250)])
    assert ((p < 0.05).mean(axis=0) < 0.08).all(), (p < 0.05).mean(axis=0)
    assert ((p < 0.05).mean(axis=0) > 0.02).all(), (p < 0.05).mean(axis=0)


@pytest.mark.slow
def test_reasons_taken_for_independent_would_reject_far_too_often() -> None:
    rng, frame, rejected = np.random.default_rng(8), unequal(), 0.0
    for _ in range(200):
        one = simulated(0, rng, frame[frame["game"] == "a"].reset_index(drop=True))
        table = pd.crosstab(one.reasons["mechanism"], one.given[:, 0, 0])
        rejected += chi2_contingency(table, correction=False).pvalue < 0.05
    assert rejected / 200 > 0.3


@pytest.mark.slow
def test_a_planted_difference_is_found_and_it_alone() -> None:
    rng, frame = np.random.default_rng(4), unequal()
    found = [differences(simulated(0.35, rng, frame)) for _ in range(60)]
    assert np.mean([one[0].adjusted < 0.05 for one in found]) > 0.8
    assert np.mean([one[1].adjusted < 0.05 for one in found]) < 0.15
    assert np.mean([one[0].spread for one in found]) == pytest.approx(0.35, abs=0.08)


def test_cramers_v_is_that_of_a_table() -> None:
    rng = np.random.default_rng(1)
    present, groups = rng.random(300) < 0.3, rng.integers(0, 4, 300)
    chi = chi2_contingency(pd.crosstab(groups, present), correction=False).statistic
    assert cramers_v(present[:, None], groups)[0] == pytest.approx(math.sqrt(chi / 300))
    assert math.isnan(cramers_v(np.ones((10, 1)), np.arange(10) % 2)[0])


def test_shares_by_column_are_those_of_the_parts() -> None:
    frame = frame_of([("a", "none", "x"), ("a", "repetition", "x"), ("b", "none", "y")], 3, 2)
    given = np.random.default_rng(2).integers(0, 2, (len(frame), 3)).astype(float)
    whole = marks(given, frame)
    found = by(whole, ["mechanism"])
    assert list(found) == [("none",), ("repetition",)]
    part = whole.where((frame["mechanism"] == "none").to_numpy())
    assert found["none",] == of_marks(part, equal=True)
    assert found["none",][0].value == pytest.approx((given[:6, 0].mean() + given[12:, 0].mean()) / 2)


def test_what_no_judge_read_is_left_out() -> None:
    frame = frame_of([("a", "none", "x")], 4, 1)
    given = np.array([[1, 0, 0], [1, 0, 0], [0, 0, 0], [np.nan] * 3])
    assert of_marks(marks(given, frame), equal=False)[0].value == pytest.approx(2 / 3)
