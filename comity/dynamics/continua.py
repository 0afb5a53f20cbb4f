"""Ends that belong together: one rest point, or parts of one continuum of rest points.

Agents that treat each other alike are paid alike, so a population of them stands still in any mixture, and every start
ends in another one. Counted as points, these would be as many basins as there are starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from comity.dynamics.infinite import Ends, replicator
from comity.dynamics.payoffs import Array, as_payoffs, spread
from comity.dynamics.rest import NEAR, Stability, eigenvalues

TOLERANCE = 1e-5
"""So far from rest a population between two ends may be, in units of the spread of the payoffs."""


@dataclass(frozen=True)
class RestSet:
    """A rest point or a connected set of rest points, as far as populations ended there.

    ends: [end], which of the starts ended there. share: of all starts, how many. shares: [type], the mean of those
    ends. stability: of a point what the Jacobian says; a continuum is neutral, as nothing drives a population back
    along it.
    """

    ends: NDArray[np.intp]
    share: float
    shares: Array
    stability: Stability


def rest_sets(payoffs: ArrayLike, ends: Ends, tolerance: float = TOLERANCE) -> tuple[RestSet, ...]:
    """The sets in which populations [start, type] with all types came to rest, the one with most starts first.

    Two ends are in one set where no share differs by more than `NEAR`, or where populations on the line between them
    are at rest too, by what is rest in `replicator`; and so on from end to end. It is asked at as many places between
    them as there are seats: differences of payoffs along a line are polynomials of a lower degree, so where they are
    zero at all of these they are zero everywhere. With more than two seats a continuum may be curved, and is followed
    from end to neighbouring end.
    """
    tensor = as_payoffs(payoffs)
    places = np.flatnonzero(ends.at_rest)
    found = [_set(tensor, ends, places[members], tolerance) for members in _together(tensor, ends, places, tolerance)]
    return tuple(sorted(found, key=lambda one: -one.share))


def _together(payoffs: Array, ends: Ends, places: NDArray[np.intp], tolerance: float) -> Iterator[NDArray[np.intp]]:
    near = list(_near(ends.shares[places]))
    points = np.array([ends.shares[places[group[0]]] for group in near])
    for connected in _connected(payoffs, points, tolerance):
        yield np.concatenate([near[point] for point in connected])


def _near(points: Array) -> Iterator[NDArray[np.intp]]:
    """Points that are close to the first of them, as far as they are not taken."""
    left = np.arange(len(points))
    while left.size:
        close = np.abs(points[left] - points[left[0]]).max(-1) <= NEAR
        yield left[close]
        left = left[~close]


def _connected(payoffs: Array, points: Array, tolerance: float) -> Iterator[list[int]]:
    left = np.arange(len(points))
    while left.size:
        reached, waiting, left = [], [int(left[0])], left[1:]
        while waiting:
            here = waiting.pop()
            reached.append(here)
            if left.size:
                resting = _rest_between(payoffs, points[left], points[here], tolerance)
                waiting += left[resting].tolist()
                left = left[~resting]
        yield reached


def _rest_between(payoffs: Array, points: Array, here: Array, tolerance: float) -> NDArray[np.bool_]:
    """For each of the points whether populations rest on the line from it to here."""
    parts = np.arange(1, payoffs.ndim + 1)[:, None, None] / (payoffs.ndim + 1)
    between = parts * points + (1 - parts) * here
    return np.asarray(replicator(payoffs, between, tolerance=tolerance, limit=0).at_rest.all(0))


def _set(payoffs: Array, ends: Ends, places: NDArray[np.intp], tolerance: float) -> RestSet:
    shares = ends.shares[places]
    mean, is_point = shares.mean(0), np.ptp(shares, axis=0).max() <= 2 * NEAR
    stability = _of_point(payoffs, mean, tolerance) if is_point else "neutral"
    return RestSet(places, len(places) / len(ends.shares), mean, stability)


def _of_point(payoffs: Array, shares: Array, tolerance: float) -> Stability:
    """As `stability`, for a point that is known no better than to the tolerance."""
    leading = max(eigenvalues(payoffs, shares).real, default=-1.0) / spread(payoffs)
    return "neutral" if abs(leading) <= tolerance else "unstable" if leading > 0 else "stable"
