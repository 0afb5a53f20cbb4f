"""What each of several parts contributes, against the definition, known games and its axioms."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from comity.stats.shapley import interaction, shapley

Values = NDArray[np.float64]


@st.composite
def games(draw: st.DrawFn, least: int = 1) -> Values:
    parts = draw(st.integers(least, 4))
    return np.array(draw(st.lists(st.integers(-9, 9), min_size=1 << parts, max_size=1 << parts)), dtype=float)


def over_orders(values: Values, first: frozenset[int] = frozenset()) -> Values:
    """The definition: the mean gain of each part over all orders in which those that come first do."""
    parts = len(values).bit_length() - 1
    found, count = np.zeros(parts), 0
    for order in permutations(range(parts)):
        if set(order[: len(first)]) != set(first):
            continue
        subset, count = 0, count + 1
        for part in order:
            found[part] += values[subset | 1 << part] - values[subset]
            subset |= 1 << part
    return found / count


@given(games())
def test_it_is_the_mean_gain_over_all_orders(values: Values) -> None:
    assert np.allclose(shapley(values), over_orders(values))


@given(games(least=2), st.data())
def test_some_parts_may_come_before_the_others(values: Values, data: st.DataObject) -> None:
    parts = len(values).bit_length() - 1
    first = data.draw(st.frozensets(st.integers(0, parts - 1)))
    assert np.allclose(shapley(values, first), over_orders(values, first))


@given(games(), st.booleans())
def test_the_parts_sum_to_the_whole(values: Values, ordered: bool) -> None:
    assert shapley(values, (0,) if ordered else ()).sum() == pytest.approx(values[-1] - values[0], abs=1e-9)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=4))
def test_parts_that_do_not_work_together_get_what_they_add(gains: list[int]) -> None:
    values = np.array(
        [sum(g for place, g in enumerate(gains) if n >> place & 1) for n in range(1 << len(gains))], float
    )
    assert np.allclose(shapley(values), gains)
    assert all(
        interaction(values, one, other) == pytest.approx(0, abs=1e-9)
        for one in range(len(gains))
        for other in range(one + 1, len(gains))
    )


def test_the_glove_game() -> None:
    """Two left gloves and a right one: the right one is worth 2/3, each left one 1/6 (Shapley 1953)."""
    values = np.array([float(bool(n & 0b100) and bool(n & 0b011)) for n in range(8)])
    assert np.allclose(shapley(values), [1 / 6, 1 / 6, 2 / 3])


def test_two_that_are_needed_both_share_and_interact() -> None:
    both = np.array([0.0, 0.0, 0.0, 6.0])
    assert np.allclose(shapley(both), [3, 3])
    assert interaction(both, 0, 1) == 6
    assert np.allclose(shapley(both, (1,)), [6, 0])


def test_either_of_two_is_enough() -> None:
    either = np.array([0.0, 6.0, 6.0, 6.0])
    assert np.allclose(shapley(either), [3, 3])
    assert interaction(either, 0, 1) == -6
    assert np.allclose(shapley(either, (1,)), [0, 6])  # what comes first takes all the credit


def test_many_environments_at_once() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(5, 3, 16))
    found = shapley(values)
    assert found.shape == (5, 3, 4)
    assert np.allclose(found[2, 1], over_orders(values[2, 1]))


def test_what_is_no_game_is_refused() -> None:
    with pytest.raises(ValueError, match="a power of two of them, not 3"):
        shapley(np.zeros(3))
    with pytest.raises(ValueError, match="none is numbered 2"):
        shapley(np.zeros(4), (2,))


def test_the_weights_are_those_of_orders() -> None:
    """A part that gains only when all others are there gets one order in `k`."""
    values = np.zeros(16)
    values[-1] = factorial(4)
    assert np.allclose(shapley(values), [factorial(3)] * 4)
