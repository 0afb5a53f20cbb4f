"""The replicator dynamics of CoopEval (2026), with its settings and its faults.

Kept apart because it is a convention and not an answer: the rate is not scaled by the payoffs, 1,000 steps from one
start need not come to rest, and where they end depends on the start. `replicator` and `basins` are the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from comity.dynamics.payoffs import Array, as_payoffs, as_shares, fitness

RATE = 0.1
STEPS = 1_000
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Trajectory:
    """One population over time.

    shares: [time, type], the start first. fitness: [type], at the last of the shares.
    """

    shares: Array
    fitness: Array

    @property
    def final(self) -> Array:
        return np.asarray(self.shares[-1])


def exponential_weights(
    payoffs: ArrayLike,
    start: ArrayLike | None = None,
    rate: float = RATE,
    steps: int = STEPS,
    tolerance: float = TOLERANCE,
) -> Trajectory:
    """Shares in proportion to x_i exp(rate (f_i - f)), where f is the mean fitness sum x_i f_i, step by step.

    start: uniform unless said. It stops early where no f_i, of extinct types neither, is further than the tolerance
    from f. Source: CoopEval (2026); the rule is that of Freund and Schapire (1999), for a population.
    """
    tensor = as_payoffs(payoffs)
    types = len(tensor)
    shares = as_shares(np.full(types, 1 / types) if start is None else start, types)
    course = [shares]
    paid = fitness(tensor, shares)
    while len(course) <= steps and np.abs(gains := paid - shares @ paid).max() >= tolerance:
        weights = shares * np.exp(rate * gains)
        shares = weights / weights.sum()
        course.append(shares)
        paid = fitness(tensor, shares)
    return Trajectory(np.array(course), paid)
