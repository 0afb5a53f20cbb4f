"""Deviation ratings: closed forms, invariances, and a certificate that is checked and cannot be forged."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from comity.dynamics.certificate import flaw
from comity.dynamics.rating import DeviationRatings, deviation_ratings

SOUND = 1e-9


@st.composite
def metagames(draw: st.DrawFn) -> NDArray[np.float64]:
    """Symmetric payoffs of two or three seats; small whole numbers, so that ties are common."""
    seats = draw(st.sampled_from([2, 2, 3]))
    types = draw(st.integers(1, 5 if seats == 2 else 3))
    size = types**seats
    flat = draw(st.lists(st.integers(-3, 3), min_size=size, max_size=size))
    payoffs = np.array(flat, dtype=float).reshape((types,) * seats)
    return payoffs if seats == 2 else (payoffs + payoffs.swapaxes(1, 2)) / 2


def reordered(payoffs: NDArray[np.float64], order: list[int]) -> NDArray[np.float64]:
    """The same meta-game with its types in another order, or some of them more than once."""
    return payoffs[np.ix_(*[order] * payoffs.ndim)]


@pytest.mark.parametrize(
    ("payoffs", "ratings"),
    [
        ([[2, 0], [3, 1]], [-1, 0]),  # a dominant type is all that is left, and the other loses 1 against it
        ([[5, 0], [3, 3]], [-1.2, -1.2]),  # both meet their like: 3/5 of the time one type, 2/5 the other
        ([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], [0, 0, 0]),
        ([[7]], [0]),
        ([[4, 4], [4, 4]], [0, 0]),
        ([[[1.5, 1.0], [1.0, 0.5]], [[2.0, 1.5], [1.5, 1.0]]], [-0.5, 0]),  # public goods for three
    ],
)
def test_closed_forms(payoffs: list[Any], ratings: list[float]) -> None:
    found = deviation_ratings(payoffs)
    assert found.ratings == pytest.approx(ratings, abs=1e-9)
    assert flaw(payoffs, found) < SOUND


def test_a_second_level_is_lowered_as_well() -> None:
    """Two equal dominant types hold the first level at 0; the third is rated by the best mixture of these two."""
    payoffs = np.array([[1.0, 1.0, 9.0], [1.0, 1.0, 9.0], [-2.0, 0.0, 0.0]])
    found = deviation_ratings(payoffs)
    assert found.ratings == pytest.approx([0, 0, -3], abs=1e-9)
    assert found.levels[-1].settled == (2,)


@given(metagames())
@settings(max_examples=60)
def test_every_rating_has_a_certificate(payoffs: NDArray[np.float64]) -> None:
    found = deviation_ratings(payoffs)
    assert flaw(payoffs, found) < SOUND
    assert found.ratings.max() <= 1e-9
    gains = [level.gain for level in found.levels]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(gains))


@given(metagames(), st.data())
@settings(max_examples=30)
def test_the_order_of_types_is_all_one(payoffs: NDArray[np.float64], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(payoffs))))
    plain, other = deviation_ratings(payoffs).ratings, deviation_ratings(reordered(payoffs, list(order))).ratings
    assert other == pytest.approx(plain[list(order)], abs=1e-8)


@given(metagames(), st.data())
@settings(max_examples=30)
def test_a_clone_changes_no_rating(payoffs: NDArray[np.float64], data: st.DataObject) -> None:
    cloned = [*range(len(payoffs)), data.draw(st.integers(0, len(payoffs) - 1))]
    plain, more = deviation_ratings(payoffs).ratings, deviation_ratings(reordered(payoffs, cloned)).ratings
    assert more == pytest.approx(plain[cloned], abs=1e-8)


@given(metagames(), st.integers(-5, 5), st.sampled_from([0.001, 1.0, 1e6]))
@settings(max_examples=20)
def test_ratings_are_in_the_units_of_the_payoffs(payoffs: NDArray[np.float64], shift: int, scale: float) -> None:
    plain, other = deviation_ratings(payoffs).ratings, deviation_ratings(scale * (payoffs + shift)).ratings
    assert other / scale == pytest.approx(plain, abs=1e-8)


@given(metagames())
@settings(max_examples=40)
def test_another_solver_finds_the_same_first_level(payoffs: NDArray[np.float64]) -> None:
    """By SciPy, over all ordered profiles, the gain of every type in every seat at most the same bound."""
    types, seats = len(payoffs), payoffs.ndim
    rows = []
    for seat in range(seats):
        own = np.moveaxis(payoffs, 0, seat)
        instead = [np.broadcast_to(np.expand_dims(one, seat), payoffs.shape) for one in payoffs]
        rows += [(other - own).ravel() for other in instead]
    found = linprog(
        np.append(np.zeros(payoffs.size), 1),
        A_ub=np.column_stack([np.array(rows), -np.ones(seats * types)]),
        b_ub=np.zeros(seats * types),
        A_eq=np.append(np.ones(payoffs.size), 0)[None],
        b_eq=[1],
        bounds=[*[(0, None)] * payoffs.size, (None, None)],
    )
    assert deviation_ratings(payoffs).ratings.max() == pytest.approx(found.fun, abs=1e-7)


@pytest.mark.parametrize("seed", range(20))
def test_games_full_of_ties_are_solved_and_proved(seed: int) -> None:
    rng = np.random.default_rng(seed)
    payoffs = rng.integers(0, 2, (20, 20)).astype(float)
    order = rng.integers(0, 20, 24).tolist()
    for tied in (payoffs, reordered(payoffs, order), payoffs + 1e-15 * rng.normal(size=(20, 20))):
        assert flaw(tied, deviation_ratings(tied)) < SOUND


@given(metagames(), st.integers(0, 2**32))
@settings(max_examples=30)
def test_no_distribution_does_better(payoffs: NDArray[np.float64], seed: int) -> None:
    """By hand, over ordered profiles: the gains of any other joint distribution, sorted, are not smaller."""
    best = np.sort(deviation_ratings(payoffs).ratings)[::-1]
    rng = np.random.default_rng(seed)
    for concentration in (0.05, 0.3, 1.0):
        joint = rng.dirichlet([concentration] * payoffs.size).reshape(payoffs.shape)
        joint = np.add.reduce([joint.transpose(order) for order in permutations(range(joint.ndim))])
        joint /= joint.sum()
        gains = np.zeros(len(payoffs))
        for profile in product(range(len(payoffs)), repeat=payoffs.ndim):
            instead = [payoffs[(own, *profile[1:])] for own in range(len(payoffs))]
            gains += joint[profile] * (np.array(instead) - payoffs[profile])
        reached = np.sort(gains)[::-1]
        differ = np.flatnonzero(np.abs(reached - best) > 1e-7)
        assert not differ.size or reached[differ[0]] > best[differ[0]]


@pytest.mark.parametrize(("types", "seats"), [(30, 2), (60, 2), (12, 3), (8, 4)])
def test_the_largest_sizes_are_solved_to_the_end(types: int, seats: int) -> None:
    payoffs = np.random.default_rng(7).normal(size=(types,) * seats)
    payoffs = np.mean([payoffs.transpose(0, *order) for order in permutations(range(1, seats))], axis=0)
    assert flaw(payoffs, deviation_ratings(payoffs)) < SOUND


@pytest.fixture(scope="module")
def rated() -> tuple[NDArray[np.float64], DeviationRatings]:
    payoffs = np.random.default_rng(3).normal(size=(5, 5))
    return payoffs, deviation_ratings(payoffs)


def test_no_claim_can_be_changed_unnoticed(rated: tuple[NDArray[np.float64], DeviationRatings]) -> None:
    payoffs, found = rated
    first = found.levels[0]
    forged = [
        replace(found, ratings=found.ratings + 0.01),
        replace(found, ratings=found.ratings[::-1]),
        replace(found, shares=found.shares * 0.99),
        replace(found, shares=found.shares[::-1]),
        replace(found, levels=found.levels[1:]),
        replace(found, levels=found.levels[::-1]),
        replace(found, levels=(replace(first, gain=first.gain + 0.01), *found.levels[1:])),
        replace(found, levels=(replace(first, multipliers=-first.multipliers), *found.levels[1:])),
        replace(found, levels=(replace(first, multipliers=np.ones(5) / 5), *found.levels[1:])),
    ]
    assert flaw(payoffs, found) < SOUND
    assert min(flaw(payoffs, forgery) for forgery in forged) > 1e-4


def test_a_vertex_that_is_not_the_optimum_has_no_certificate() -> None:
    """What a solver happens upon at the first level may leave a gain tight that can be lowered: it is found out."""
    payoffs = np.array([[1.0, 1.0, 9.0], [1.0, 1.0, 9.0], [0.0, 1.0, 0.0]])
    found = deviation_ratings(payoffs)
    assert found.ratings == pytest.approx([0, 0, -4.5], abs=1e-9)
    level = replace(found.levels[0], settled=(0, 1, 2))
    greedy = replace(found, ratings=np.zeros(3), shares=(found.profiles == 1).all(axis=1) * 1.0, levels=(level,))
    assert flaw(payoffs, greedy) > 0.1


def test_ranks_share_the_mean_of_equals() -> None:
    found = replace(deviation_ratings(np.zeros((4, 4))), ratings=np.array([-1.0, 0.0, -1e-12, -2.0]))
    assert found.ranks().tolist() == [3.0, 1.5, 1.5, 4.0]


@pytest.mark.parametrize(
    ("payoffs", "sentence"),
    [
        ([1.0, 2.0], "one axis for each of two or more seats"),
        ([[1.0, 2.0]], "all equally long"),
        (np.zeros((0, 0)), "all equally long"),
        ([[1.0, np.nan], [0.0, 1.0]], "missing one cannot be rated"),
        (np.arange(8.0).reshape(2, 2, 2), "axes 1 and 2 differ"),
    ],
)
def test_other_arrays_are_refused(payoffs: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        deviation_ratings(np.asarray(payoffs))
