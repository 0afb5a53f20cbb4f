"""Correlations and their intervals: closed forms, and how often the interval holds the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.stats.correlation import fisher, pearson, spearman

NUMBERS = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, max_size=12)


def test_eight_models_leave_nearly_everything_open() -> None:
    """The published correlation of 0.16 over eight models: from about -0.61 to 0.78."""
    found = fisher(0.16, 1 / math.sqrt(8 - 3))
    assert (round(found.low, 2), round(found.high, 2)) == (-0.61, 0.78)


def test_a_known_correlation() -> None:
    x, y = [1, 2, 3, 4, 5], [2, 1, 4, 3, 5]
    found = pearson(x, y)
    assert found.value == pytest.approx(0.8)
    middle, half = math.atanh(0.8), 1.959964 / math.sqrt(2)
    assert (found.low, found.high) == pytest.approx((math.tanh(middle - half), math.tanh(middle + half)), abs=1e-6)
    assert spearman(x, [4, 1, 16, 9, 25]).value == pytest.approx(0.8)


@given(NUMBERS)
def test_both_lie_between_minus_one_and_one_and_inside_their_intervals(pairs: list[tuple[int, int]]) -> None:
    x, y = zip(*pairs, strict=True)
    for found in (pearson(x, y), spearman(x, y)):
        if len(set(x)) == 1 or len(set(y)) == 1:
            assert math.isnan(found.value)
        else:
            assert -1 <= found.value <= 1
        assert math.isnan(found.low) or -1 <= found.low <= found.value <= found.high <= 1


@given(NUMBERS)
def test_ranks_do_not_feel_a_rising_change(pairs: list[tuple[int, int]]) -> None:
    x, y = (np.array(numbers, dtype=float) for numbers in zip(*pairs, strict=True))
    one, other = spearman(x, y).value, spearman(np.exp(x / 10), y).value
    assert one == pytest.approx(other, nan_ok=True)
    assert spearman(-x, y).value == pytest.approx(-one, nan_ok=True)


def test_few_pairs_and_perfect_ones_have_no_interval() -> None:
    assert math.isnan(pearson([1, 2, 3], [1, 3, 2]).low)
    assert pearson([1, 2, 3, 4], [2, 4, 6, 8]).value == 1
    assert math.isnan(pearson([1, 2, 3, 4], [2, 4, 6, 8]).low)
    with pytest.raises(ValueError, match="needs pairs"):
        pearson([1, 2], [1])


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_the_interval_holds_the_truth_as_often_as_it_says(rho: float) -> None:
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(1_000):
        x, noise = rng.normal(size=(2, 8))
        found = pearson(x, rho * x + math.sqrt(1 - rho**2) * noise)
        held += found.low <= rho <= found.high
    assert 0.93 <= held / 1_000 <= 0.97
