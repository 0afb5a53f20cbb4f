"""Infinite populations, followed to rest: replicator, imitation and logit dynamics, many starts at once.

A dynamic is a map from shares to the shares one step later. Payoffs are scaled by their spread first, so no answer
depends on the units of a game. How far a population is from rest is measured by what moves it, never by how small a
step was: shares that grow from almost nothing move little and are not at rest.

Inside, populations lie along the last axis: with few types and many populations that is several times as fast.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from comity.dynamics.payoffs import Array, Folded, as_payoffs, as_shares, folded, spread

Step: TypeAlias = Callable[[Array], tuple[Array, Array]]
"""Shares [type, population] to the shares one step later and to how restless each population is before it."""

RATE = 0.5
TOLERANCE = 1e-9
LIMIT = 100_000
FLOOR = 1e-300
"""A type that is there at the start keeps at least this share, so that rounding makes nobody extinct."""


@dataclass(frozen=True)
class Ends:
    """Where populations are after so many steps.

    shares: [..., type], in the shape of the starts. at_rest: [...], whether each came to rest. steps: [...], taken by
    each, the limit where it did not come to rest.
    """

    shares: Array
    at_rest: NDArray[np.bool_]
    steps: NDArray[np.int64]


def uniform_starts(rng: np.random.Generator, number: int, types: int) -> Array:
    """Points drawn evenly from the simplex, [number, type]."""
    return rng.dirichlet(np.ones(types), number)


def replicator(
    payoffs: ArrayLike,
    starts: ArrayLike,
    *,
    rate: float = RATE,
    mutation: float = 0.0,
    tolerance: float = TOLERANCE,
    limit: int = LIMIT,
) -> Ends:
    """Shares in proportion to x_i exp(rate (f_i - f) / spread), followed to rest.

    mutation: the share that is replaced, every step, by all types in equal parts. Without it a population is at rest
    where no type that was there at the start is paid more than the mean, and whoever is paid less has no weight: where
    the start has all types, at a symmetric Nash equilibrium. Measured in units of the spread of the payoffs. With
    mutation it is at rest where it stands still. Source: Taylor and Jonker (1978), in discrete time; Weibull (1995,
    section 3.3) for what it converges to.
    """
    scaled = _scaled(payoffs)
    types = len(scaled.table)

    def step(shares: Array) -> tuple[Array, Array]:
        gains = _gains(scaled, shares)
        after = shares * np.exp(rate * gains)
        after /= after.sum(0)
        if mutation:
            after = (1 - mutation) * after + mutation / types
            return after, np.abs(after - shares).max(0)
        return after, _incentive(shares, gains)

    return _followed(step, as_shares(starts, types), tolerance, limit)


def imitation(
    payoffs: ArrayLike,
    starts: ArrayLike,
    *,
    selection: float = 1.0,
    rate: float = RATE,
    tolerance: float = TOLERANCE,
    limit: int = LIMIT,
) -> Ends:
    """Pairwise comparison: x_i changes by rate x_i sum over j of x_j tanh(selection (f_i - f_j) / (2 spread)).

    A player meets another and takes its type with the probability 1 / (1 + exp(-selection difference)); this is what
    that does to shares when the population is large. At rest as in `replicator`. rate: at most 1, so that no share
    becomes negative. Source: Traulsen, Nowak and Pacheco (2006).
    """
    scaled = _scaled(payoffs)

    def step(shares: Array) -> tuple[Array, Array]:
        gains = _gains(scaled, shares)
        pull = np.tanh(selection / 2 * (gains[:, None] - gains))
        after = shares * (1 + rate * (pull * shares).sum(1))
        return after / after.sum(0), _incentive(shares, gains)

    return _followed(step, as_shares(starts, len(scaled.table)), tolerance, limit)


def logit(
    payoffs: ArrayLike,
    starts: ArrayLike,
    *,
    noise: float = 0.1,
    rate: float = RATE,
    tolerance: float = TOLERANCE,
    limit: int = LIMIT,
) -> Ends:
    """Noisy best replies: x changes by rate (L(x) - x), where L_i is proportional to exp(f_i / (noise spread)).

    At rest where L(x) is x, a logit equilibrium. Source: Fudenberg and Levine (1998, chapter 4).
    """
    scaled = _scaled(payoffs)

    def step(shares: Array) -> tuple[Array, Array]:
        replies = _softmax(scaled.fitness(shares) / noise)
        return shares + rate * (replies - shares), np.abs(replies - shares).max(0)

    return _followed(step, as_shares(starts, len(scaled.table)), tolerance, limit)


def _scaled(payoffs: ArrayLike) -> Folded:
    tensor = as_payoffs(payoffs)
    return folded(tensor / spread(tensor))


def _gains(payoffs: Folded, shares: Array) -> Array:
    paid = payoffs.fitness(shares)
    paid -= (shares * paid).sum(0)
    return paid


def _incentive(shares: Array, gains: Array) -> Array:
    """The most that a type which is there is paid above the mean, or, with its share as weight, below it."""
    above = np.multiply(gains, shares > 0).max(0)
    return np.asarray(np.maximum(above, -(shares * gains).min(0)))


def _softmax(values: Array) -> Array:
    powers = np.exp(values - values.max(0))
    return np.asarray(powers / powers.sum(0))


def _followed(step: Step, starts: Array, tolerance: float, limit: int) -> Ends:
    """Every population until it is at rest, or to the limit; those at rest are not moved on."""
    rows = starts.reshape(-1, starts.shape[-1])
    shares, steps, at_rest = rows.copy(), np.full(len(rows), limit), np.zeros(len(rows), dtype=bool)
    moving, now = np.arange(len(rows)), rows.T.copy()
    floor = np.where(now > 0, FLOOR, 0)
    for number in range(limit + 1):
        after, restless = step(now)
        resting = restless <= tolerance
        if resting.any():
            here = moving[resting]
            shares[here], steps[here], at_rest[here] = now[:, resting].T, number, True
            moving, now, after, floor = moving[~resting], now[:, ~resting], after[:, ~resting], floor[:, ~resting]
        if not moving.size or number == limit:
            break
        now = np.maximum(after, floor, out=after)
    shares[moving] = now.T
    shape = starts.shape[:-1]
    return Ends(shares.reshape(starts.shape), at_rest.reshape(shape), steps.reshape(shape))
