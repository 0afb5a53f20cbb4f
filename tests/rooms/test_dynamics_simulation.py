"""Simulated populations, against the exact chain over all their states and against exact fixation and occupation."""

from __future__ import annotations

import itertools
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from comity.dynamics.finite import Fermi, Moran, Process, fixation, mixed_payoffs, occupation, small_mutation
from comity.dynamics.payoffs import Array
from comity.dynamics.simulation import simulate
from tests.rooms.test_dynamics import COORDINATION, HAWK_DOVE, random_payoffs

pytestmark = pytest.mark.slow

MOST = 4.5
"""So many standard errors are more than any of some hundred comparisons should show."""
PROCESSES = [Fermi(0.8), Moran(0.15)]


def states(types: int, size: int) -> Array:
    """Every population of so many players, [state, type]."""
    every = itertools.product(range(size + 1), repeat=types)
    return np.array([counts for counts in every if sum(counts) == size], dtype=float)


def chain(payoffs: Array, size: int, process: Process, mutation: float) -> tuple[Array, Array]:
    """All states, and the probabilities [from, to] of one update."""
    every = states(len(payoffs), size)
    places = {tuple(state): place for place, state in enumerate(every)}
    flows = process.transitions(every.T, mixed_payoffs(payoffs, every.T), mutation)
    matrix = np.zeros((len(every), len(every)))
    for lost, won in itertools.permutations(range(len(payoffs)), 2):
        for place in np.flatnonzero(every[:, lost] > 0):
            after = every[place].copy()
            after[lost] -= 1
            after[won] += 1
            matrix[place, places[tuple(after)]] = flows[lost, won, place]
    np.fill_diagonal(matrix, 1 - matrix.sum(1))
    return every, matrix


@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(2, 4))
def test_payoffs_in_a_mixed_population_are_those_of_drawing_without_return(seed: int, types: int, seats: int) -> None:
    payoffs = random_payoffs(seed, types, seats)
    counts = np.random.default_rng(seed).integers(0, 3, types)
    counts[0] += seats
    found = mixed_payoffs(payoffs, counts[:, None].astype(float))[:, 0]
    for own in np.flatnonzero(counts):
        others = np.repeat(np.arange(types), counts - (np.arange(types) == own))
        draws = list(itertools.permutations(others.tolist(), seats - 1))
        assert found[own] == pytest.approx(np.mean([payoffs[(own, *draw)] for draw in draws]), abs=1e-10)


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize(("types", "seats", "mutation"), [(2, 2, 0.1), (3, 2, 0.02), (3, 3, 0.1), (4, 2, 0.0)])
def test_where_populations_are_after_some_updates(process: Process, types: int, seats: int, mutation: float) -> None:
    """The number of populations in each state, and the mean shares on the way, are those of the chain."""
    size, updates, populations = 6, 40, 20_000
    payoffs = random_payoffs(types + seats, types, seats)
    start = np.full(types, size // types)
    start[0] += size - start.sum()
    every, matrix = chain(payoffs, size, process, mutation)
    course = [(every == start).all(1).astype(float)]
    for _ in range(updates):
        course.append(course[-1] @ matrix)
    found = simulate(payoffs, np.tile(start, (populations, 1)), updates, process, mutation, np.random.default_rng(1))
    numbers = (found.counts[:, None] == every).all(-1).sum(0)
    expected = populations * course[-1]
    assert numbers.sum() == populations
    assert (np.abs(numbers - expected) <= MOST * np.sqrt(np.maximum(expected, 1))).all()
    mean = np.mean(course[:-1], axis=0) @ every / size
    error = found.shares.std(0) / populations**0.5
    assert (np.abs(found.shares.mean(0) - mean) <= MOST * error).all()


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize("mutation", [0.01, 0.3])
def test_two_types_are_found_as_often_as_occupation_says(process: Process, mutation: float) -> None:
    size, populations = 12, 20_000
    expected = occupation(COORDINATION, size, process, mutation)
    drawn = np.random.default_rng(1).choice(size + 1, populations, p=expected)
    starts = np.stack([drawn, size - drawn], axis=1)
    found = simulate(COORDINATION, starts, 200, process, mutation, np.random.default_rng(2))
    numbers = np.bincount(found.counts[:, 0], minlength=size + 1)
    assert (np.abs(numbers - populations * expected) <= MOST * np.sqrt(np.maximum(populations * expected, 1))).all()
    error = found.shares[:, 0].std() / populations**0.5
    assert found.shares[:, 0].mean() == pytest.approx(expected @ np.arange(size + 1) / size, abs=MOST * error)


@pytest.mark.parametrize("process", [Fermi(0.3), Moran(0.1)])
def test_with_rare_mutants_one_type_at_a_time_is_there(process: Process) -> None:
    payoffs, mutation = random_payoffs(5, 3, 2), 1e-5
    starts = np.tile([0, 0, 8], (300, 1))
    settled = simulate(payoffs, starts, 3_000_000, process, mutation, np.random.default_rng(1)).counts
    found = simulate(payoffs, settled, 3_000_000, process, mutation, np.random.default_rng(2)).shares
    error = found.std(0) / 300**0.5
    assert (error < 0.02).all()
    assert (np.abs(found.mean(0) - small_mutation(payoffs, 8, process)) <= 4 * error + 100 * mutation).all()


@pytest.mark.parametrize("process", [Fermi(0.5), Moran(0.2)])
@pytest.mark.parametrize("seats", [2, 3])
def test_mutants_take_over_as_often_as_fixation_says(process: Process, seats: int) -> None:
    payoffs, populations = random_payoffs(3, 2, seats), 20_000
    starts = np.tile([9, 1], (populations, 1))
    found = simulate(payoffs, starts, 10**12, process, 0.0, np.random.default_rng(1)).counts
    assert set(found[:, 0].tolist()) == {0, 10}
    rho = fixation(payoffs, 10, process)[0, 1]
    assert np.mean(found[:, 1] == 10) == pytest.approx(rho, abs=4 * (rho * (1 - rho) / populations) ** 0.5)


@given(st.integers(0, 10**6), st.integers(1, 4), st.sampled_from([0.0, 0.2, 1.0]), st.sampled_from(PROCESSES))
@settings(max_examples=40)
def test_no_player_is_lost(seed: int, types: int, mutation: float, process: Process) -> None:
    rng = np.random.default_rng(seed)
    starts = rng.multinomial(7, np.ones(types) / types, (2, 3))
    found = simulate(random_payoffs(seed, types, 2) / 4, starts, 30, process, mutation, rng)
    assert found.counts.shape == found.shares.shape == starts.shape
    assert found.counts.min() >= 0
    assert (found.counts.sum(-1) == 7).all()
    assert_allclose(found.shares.sum(-1), 1)


def test_strong_selection_leaves_no_warning_and_the_better_type() -> None:
    payoffs = np.array([[1e6, 1e6], [0.0, 0.0]])
    found = simulate(payoffs, [[1, 19]] * 50, 10**9, Fermi(1.0), 0.0, np.random.default_rng(1))
    assert (found.counts == [20, 0]).sum() + (found.counts == [0, 20]).sum() == 100
    assert (found.counts[:, 0] == 20).all()


def test_a_generator_gives_the_same_twice() -> None:
    one, two = (simulate(HAWK_DOVE, [5, 5], 1_000, Fermi(1.0), 0.1, np.random.default_rng(4)) for _ in range(2))
    assert one.counts.tolist() == two.counts.tolist()
    assert one.shares.tolist() == two.shares.tolist()


def test_neutral_types_of_many_seats_are_alike() -> None:
    found = simulate(np.ones((3, 3, 3)), [[4, 4, 4]] * 3_000, 500, Moran(1.0), 0.05, np.random.default_rng(1))
    assert_allclose(found.shares.mean(0), 1 / 3, atol=4 * found.shares.std() / 3_000**0.5)
    assert prod(found.counts.shape) == 9_000


@pytest.mark.parametrize(
    ("starts", "updates", "mutation", "sentence"),
    [
        ([[1, 2, 3]], 1, 0.1, "last axis of length 2"),
        ([[0.5, 0.5]], 1, 0.1, "whole numbers"),
        ([[-1, 3]], 1, 0.1, "whole numbers"),
        ([[2, 2], [2, 3]], 1, 0.1, r"equally large and have at least 2 players; found \[4, 5\]"),
        ([[1, 0]], 1, 0.1, "at least 2 players"),
        ([[2, 2]], 0, 0.1, "an update or more; found 0.1 and 0"),
        ([[2, 2]], 1, 1.1, r"a mutation in \[0, 1\]"),
    ],
)
def test_bad_questions_get_a_sentence(starts: object, updates: int, mutation: float, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        simulate(HAWK_DOVE, np.asarray(starts), updates, Fermi(1.0), mutation, np.random.default_rng(1))


def test_a_moran_process_needs_fitness_only_of_those_who_are_there() -> None:
    payoffs = np.array([[1.0, 1.0], [-5.0, -5.0]])
    alone = simulate(payoffs, [[10, 0]], 100, Moran(1.0), 0.0, np.random.default_rng(1))
    assert alone.counts.tolist() == [[10, 0]]
    with pytest.raises(ValueError, match="positive fitness"):
        simulate(payoffs, [[9, 1]], 100, Moran(1.0), 0.0, np.random.default_rng(1))
