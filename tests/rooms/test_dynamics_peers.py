"""The same questions put to other libraries: Nashpy, which answers live, and EGTTools, whose answers stand below.

Figures of EGTTools were computed with its version 0.1.14.2; above each stands the call that gave it. Its payoffs
exclude playing against oneself and its mutants are of another type, as here.
"""

from __future__ import annotations

import itertools

import nashpy
import numpy as np
import pytest
from numpy.testing import assert_allclose

from comity.dynamics.finite import Fermi, Moran, fixation, occupation, small_mutation
from comity.dynamics.infinite import replicator
from comity.dynamics.payoffs import Array, fitness, folded, spread
from comity.dynamics.rest import rest_points
from comity.dynamics.simulation import simulate
from tests.rooms.test_dynamics import COORDINATION, CYCLE, DILEMMA, HAWK_DOVE, INWARD
from tests.rooms.test_dynamics_simulation import chain

THREE = np.array([[1.0, 3.0, -1.0], [0.0, 2.0, 4.0], [2.0, -1.0, 1.0]])
SHARES = np.array([0.5, 0.3, 0.2])

# What each type is paid in a group of three, by group; EGTTools lists groups in the order of `sample_simplex`, which is
# that of falling numbers of the first type, then of the second. Groups without the type hold a zero that nobody reads.
GROUPS = [(3, 0, 0), (2, 1, 0), (2, 0, 1), (1, 2, 0), (1, 1, 1), (1, 0, 2), (0, 3, 0), (0, 2, 1), (0, 1, 2), (0, 0, 3)]
PAID = [
    [-2.4, -1.2, -0.7, -0.6, -0.1, 0.4, 0, 0, 0, 0],
    [0, -0.3, 0, -1.8, 0.1, 0, -3.9, -1.4, 0.5, 0],
    [0, 0, 1.2, 0, 0.3, 0.9, 0, -0.6, 0, 0],
]


def in_groups() -> Array:
    """The payoffs of `PAID`, seat by seat."""
    payoffs = np.zeros((3, 3, 3))
    for seats in itertools.product(range(3), repeat=3):
        group = (seats.count(0), seats.count(1), seats.count(2))
        payoffs[seats] = PAID[seats[0]][GROUPS.index(group)]
    return payoffs


# Nashpy


@pytest.mark.parametrize("payoffs", [INWARD, THREE, HAWK_DOVE], ids=["inward", "three", "hawk-dove"])
def test_nashpy_follows_the_same_path_in_continuous_time(payoffs: Array) -> None:
    """Steps half as long come twice as close to it, and what is left after that is small."""
    start = SHARES[: len(payoffs)] / SHARES[: len(payoffs)].sum()
    theirs = nashpy.Game(payoffs, payoffs.T).replicator_dynamics(y0=start, timepoints=np.linspace(0, 2, 5))[-1]
    off = []
    for steps in (1_000, 2_000):
        end = replicator(payoffs, start, rate=2 / steps * spread(payoffs), tolerance=-1.0, limit=steps).shares
        off.append(end - theirs)
    assert np.abs(off[0]).max() < 5e-3
    assert_allclose(2 * off[1], off[0], atol=2e-5)


@pytest.mark.parametrize("payoffs", [DILEMMA, HAWK_DOVE, COORDINATION, CYCLE, INWARD], ids=str)
def test_nashpy_finds_the_same_equilibria_by_support(payoffs: Array) -> None:
    """Whole numbers, because its support enumeration compares payoffs to the last digit."""
    ours = {tuple(point.shares.round(6)) for point in rest_points(payoffs) if point.nash}
    pairs = nashpy.Game(payoffs, payoffs.T).support_enumeration()
    theirs = {tuple(np.abs(x).round(6)) for x, y in pairs if np.allclose(x, y, atol=1e-7)}
    assert ours == theirs


def test_nashpy_simulates_the_same_moran_process() -> None:
    """Its births are in proportion to payoffs alone: selection 1."""
    payoffs, size, runs = np.array([[2.0, 1.0], [3.0, 1.5]]), 5, 600
    np.random.seed(1)  # noqa: NPY002 - Nashpy draws from NumPy's global generator
    found = nashpy.Game(payoffs, payoffs.T).fixation_probabilities(np.array([0, 0, 0, 0, 1]), runs)
    rho = fixation(payoffs, size, Moran(1.0))[0, 1]
    assert found[(1,) * size] == pytest.approx(rho, abs=4 * (rho * (1 - rho) / runs) ** 0.5)


# EGTTools


def test_egttools_derivative_for_two_players() -> None:
    # by egttools.analytical.replicator_equation([0.5, 0.3, 0.2], THREE)
    paid = fitness(THREE, SHARES)
    assert_allclose(SHARES * (paid - SHARES @ paid), [0.0, 0.06, -0.06], atol=1e-12)


def test_egttools_derivative_for_three_players() -> None:
    # by egttools.analytical.replicator_equation_n_player([0.5, 0.3, 0.2], PAID, 3)
    paid = folded(in_groups()).fitness(SHARES[:, None])[:, 0]
    assert_allclose(SHARES * (paid - SHARES @ paid), [-0.175, -0.0882, 0.2632], atol=1e-12)


def test_egttools_fixation_and_rare_mutants_for_two_players() -> None:
    # by PairwiseComparison(20, Matrix2PlayerGameHolder(3, THREE)) of egttools.analytical and egttools.games: the second
    # of what its calculate_transition_and_fixation_matrix_sml(0.1) gives, and of the first, turned round,
    # egttools.utils.calculate_stationary_distribution
    theirs = [
        [0, 0.0143914190287, 0.13394384100815],
        [0.11752277307133, 0, 0.0007327360359],
        [0.00666867116973, 0.26747610715733, 0],
    ]
    ours = fixation(THREE, 20, Fermi(0.1))
    np.fill_diagonal(ours, 0)
    assert_allclose(ours, theirs, atol=1e-12)
    rare = small_mutation(THREE, 20, Fermi(0.1))
    assert_allclose(rare, [0.36681651649841, 0.45275122939137, 0.18043225411022], atol=1e-12)


def test_egttools_fixation_for_three_players() -> None:
    # by PairwiseComparison(20, MatrixNPlayerGameHolder(3, 3, PAID)), calculate_transition_and_fixation_matrix_sml(0.3)
    theirs = [
        [0, 2.29598670059967e-02, 6.25714657612786e-01],
        [5.35792939221795e-01, 0, 5.75614494240329e-01],
        [8.70645439132927e-05, 4.17044710208569e-04, 0],
    ]
    ours = fixation(in_groups(), 20, Fermi(0.3))
    np.fill_diagonal(ours, 0)
    assert_allclose(ours, theirs, rtol=1e-10)


def test_egttools_occupation_of_two_types_with_mutation() -> None:
    # by StochDynamics(2, HAWK_DOVE, 12, mu=0.05).calculate_stationary_distribution(1.0) of egttools.analytical, whose
    # states begin with twelve players of type 0
    theirs = [
        *(8.252147259703e-02, 1.242251806074e-01, 1.689551604627e-01, 1.901108461229e-01, 1.736497787442e-01),
        *(1.279761121974e-01, 7.599152658467e-02, 3.641093265956e-02, 1.414056188552e-02, 4.491013379207e-03),
        *(1.187545651814e-03, 2.732339911422e-04, 6.663511645607e-05),
    ]
    assert_allclose(occupation(HAWK_DOVE, 12, Fermi(1.0), 0.05)[::-1], theirs, rtol=1e-9)


def test_egttools_shares_of_three_types_with_mutation() -> None:
    """By its compiled chain; the rows of the one in Python do not sum to one where a type is missing.

    Ours are those of the exact chain, which the simulation follows.
    """
    # by PairwiseComparison(12, Matrix2PlayerGameHolder(3, THREE)).calculate_transition_matrix(0.5, 0.02), its left
    # eigenvector to the eigenvalue 1, and with it the mean share of each type
    theirs = [0.421704798642, 0.379742435543, 0.198552765815]
    every, matrix = chain(THREE, 12, Fermi(0.5), 0.02)
    right = np.append(np.zeros(len(every)), 1)
    shares = np.linalg.lstsq(np.vstack([matrix.T - np.eye(len(every)), np.ones(len(every))]), right, rcond=None)[0]
    assert_allclose(shares @ every / 12, theirs, atol=1e-10)
    rng = np.random.default_rng(1)
    settled = simulate(THREE, np.tile([4, 4, 4], (1_000, 1)), 3_000, Fermi(0.5), 0.02, rng).counts
    found = simulate(THREE, settled, 10_000, Fermi(0.5), 0.02, rng).shares
    assert (np.abs(found.mean(0) - theirs) <= 4 * found.std(0) / 1_000**0.5).all()
