"""Ends that belong together, against games whose rest points are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import ArrayLike

from comity.dynamics.continua import RestSet, rest_sets
from comity.dynamics.infinite import Ends, replicator, uniform_starts

RATE, TOLERANCE, LIMIT = 1.0, 1e-6, 2_000


def followed(payoffs: ArrayLike, starts: int = 100) -> tuple[tuple[RestSet, ...], Ends]:
    types = len(np.asarray(payoffs))
    ends = replicator(
        payoffs,
        uniform_starts(np.random.default_rng(1), starts, types),
        rate=RATE,
        tolerance=TOLERANCE,
        limit=LIMIT,
    )
    return rest_sets(payoffs, ends), ends


def test_a_strictly_dominant_type_is_one_stable_point() -> None:
    [found], _ = followed([[2, 0], [3, 1]])
    assert (found.share, found.stability) == (1.0, "stable")
    assert_allclose(found.shares, [0, 1], atol=1e-4)


def test_two_strict_equilibria_are_two_stable_points_with_the_basins_of_the_threshold() -> None:
    """A stag hunt with 3, 0, 2, 1: above one half of the first type the first is paid more."""
    (first, second), ends = followed([[3, 0], [2, 1]], starts=400)
    assert {first.stability, second.stability} == {"stable"}
    assert first.share + second.share == pytest.approx(1.0)
    assert first.share == pytest.approx(0.5, abs=0.08)
    assert sorted([*first.ends, *second.ends]) == list(range(len(ends.at_rest)))


def test_a_stable_mixture_is_one_point() -> None:
    """Hawks and doves with a prize of 2 and a cost of 4: half of each."""
    [found], _ = followed([[-1, 2], [0, 1]])
    assert found.stability == "stable"
    assert_allclose(found.shares, [0.5, 0.5], atol=1e-4)


@pytest.mark.parametrize("seats", [2, 3])
def test_types_that_are_alike_are_one_neutral_continuum(seats: int) -> None:
    """Every start stands still at once, at another place, and all are one set."""
    [found], ends = followed(np.ones((4,) * seats))
    assert (found.share, found.stability) == (1.0, "neutral")
    assert np.ptp(ends.shares, axis=0).max() > 0.3


def test_a_twin_makes_a_continuum_of_a_point_and_leaves_other_ends_apart() -> None:
    """Two stags who are alike, and hares: the mixtures of stags are one set, all hares another."""
    (first, second), _ = followed([[3, 3, 0], [3, 3, 0], [2, 2, 1]], starts=200)
    by_stability = {found.stability: found for found in (first, second)}
    assert by_stability["neutral"].shares[2] == pytest.approx(0, abs=1e-4)
    assert_allclose(by_stability["stable"].shares, [0, 0, 1], atol=1e-4)


def test_what_is_not_at_rest_is_in_no_set() -> None:
    found, ends = followed([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    assert sum(len(one.ends) for one in found) == ends.at_rest.sum() == 0
