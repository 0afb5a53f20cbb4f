"""Whether deviation ratings are what they claim to be, by arithmetic alone.

The law of this file: it shares no line with the search. It works on all ordered profiles of the full game, solves
nothing, and needs only the definition of a gain and weak duality: if weights on the gains make every profile come to at
least b, then so does every distribution.
"""

from __future__ import annotations

from itertools import permutations
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from comity.dynamics.rating import DeviationRatings, Level

Floats: TypeAlias = NDArray[np.float64]


def flaw(payoffs: ArrayLike, found: DeviationRatings) -> float:
    """By how much at most the ratings may be off, relative to the range of the payoffs; infinite if they prove nothing.

    Zero but for rounding means: the distribution has these gains, no distribution has a smaller largest gain, none of
    those that share it has a smaller second largest one, and so on. payoffs: as `deviation_ratings` takes them.
    """
    tensor = np.asarray(payoffs, dtype=np.float64)
    settled = [place for level in found.levels for place in level.settled]
    if sorted(settled) != list(range(len(tensor))):
        return float("inf")
    joint = _joint(found, tensor.shape)
    off = max(abs(joint.sum() - 1), -joint.min(), *np.abs(_gains_at(tensor, joint) - found.ratings))
    for number, level in enumerate(found.levels):
        earlier = [place for before in found.levels[:number] for place in before.settled]
        off = max(off, _gap(tensor, found.ratings, level, earlier))
    return float(off / (np.ptp(tensor) or 1.0))


def _joint(found: DeviationRatings, shape: tuple[int, ...]) -> Floats:
    """The probability of every ordered profile."""
    joint = np.zeros(shape)
    for profile, share in zip(found.profiles.tolist(), found.shares.tolist(), strict=True):
        orders = set(permutations(profile))
        for order in orders:
            joint[order] += share / len(orders)
    return joint


def _gains_at(tensor: Floats, joint: Floats) -> Floats:
    """What each type gains in the first seat; in the other seats it is the same, because all orders are as likely."""
    others = joint.sum(axis=0)
    instead = (tensor * others).reshape(len(tensor), -1).sum(axis=1)
    gains: Floats = instead - (tensor * joint).sum()
    return gains


def _gap(tensor: Floats, ratings: Floats, level: Level, earlier: list[int]) -> float:
    """How far below the level some distribution that keeps to the earlier ones might have a gain settled here."""
    weights = level.multipliers
    free = np.ones(len(tensor), dtype=bool)
    free[earlier] = False
    proves = weights.min() >= 0 and level.settled and free[list(level.settled)].all()
    smallest = float(weights[list(level.settled)].min()) if proves else 0.0
    if smallest <= 0:
        return float("inf")
    bound = (_weighed(tensor, weights).min() - weights[earlier] @ ratings[earlier]) / weights[free].sum()
    misstated = np.abs(ratings[list(level.settled)] - level.gain).max()
    return max(float(level.gain - bound) / smallest, float(misstated), abs(float(weights[free].sum()) - 1))


def _weighed(tensor: Floats, weights: Floats) -> Floats:
    """For every ordered profile the weighted sum of the gains, on average over the seats."""
    first = np.tensordot(weights, tensor, axes=1)[None, ...] - weights.sum() * tensor
    seats = [np.moveaxis(first, 0, seat) for seat in range(tensor.ndim)]
    total: Floats = np.add.reduce(seats) / tensor.ndim
    return total
