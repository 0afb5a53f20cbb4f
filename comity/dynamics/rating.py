"""Deviation ratings (Marris et al. 2025): how much a type would gain by deviating, where all gain as little as can be.

Among the joint distributions of a symmetric meta-game, those are sought whose largest gain from deviating is smallest;
among these, those whose second largest is smallest; and so on. The gains of such a lexicographic optimum are unique.
They are found by one linear program for each level. A gain is settled only where its multiplier is positive: then it
has that value in every optimum, and not just in the one the solver came upon.

Because the meta-game is symmetric, exchangeable distributions suffice, so the unknowns are multisets of types.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

Floats: TypeAlias = NDArray[np.float64]

_POSITIVE = 1e-6
"""A multiplier below this is taken for zero; of those that sum to one, some is always above."""
_FEASIBLE = 1e-10
"""How far the solver may be from keeping a constraint, relative to the range of the payoffs."""


@dataclass(frozen=True)
class Level:
    """One level of the optimum, and the proof that it can be no lower.

    gain: the largest gain among the types that no earlier level has settled. settled: those that have it in every
    optimum. multipliers: one for each type, none negative; those of the types not settled earlier sum to one. Weighted
    by them, the gains of any distribution that keeps to the earlier levels come to at least `gain`
    (see `certificate.flaw`).
    """

    gain: float
    settled: tuple[int, ...]
    multipliers: Floats


@dataclass(frozen=True)
class DeviationRatings:
    """The ratings of a symmetric meta-game, a distribution that has them, and the proof that it is the optimum.

    ratings[i]: what type i gains on average over whoever it replaces; never above 0, and higher is better.
    profiles[m]: a multiset of types, one for each seat, sorted. shares[m]: its probability; within it all orders are
    equally likely. levels: from the largest gain to the smallest.
    """

    ratings: Floats
    profiles: NDArray[np.intp]
    shares: Floats
    levels: tuple[Level, ...]

    def ranks(self, decimals: int = 7) -> Floats:
        """The rank of each type: 1 has the highest rating, and equals share the mean of their ranks.

        Ratings are equal if they agree when rounded to so many decimals.
        """
        rounded = np.round(self.ratings, decimals)
        above = (rounded[None, :] > rounded[:, None]).sum(axis=1)
        equal = (rounded[None, :] == rounded[:, None]).sum(axis=1)
        ranks: Floats = above + (equal + 1) / 2
        return ranks


def deviation_ratings(payoffs: ArrayLike) -> DeviationRatings:
    """The deviation ratings of the types of a symmetric meta-game.

    payoffs[i, j, ...]: what type i is paid when the types j, ... sit in the other seats, in whatever order; one axis
    for each seat, two or more. Raises `ValueError` where payoffs is no such array, and `ArithmeticError` where the
    solver gives up.
    """
    tensor = symmetric(payoffs)
    scale = float(np.ptp(tensor)) or 1.0
    profiles = np.array(list(combinations_with_replacement(range(len(tensor)), tensor.ndim)), dtype=np.intp)
    gains = _gains(tensor / scale, profiles)
    ratings, shares, levels = np.full(len(tensor), np.nan), np.zeros(len(profiles)), []
    while np.isnan(ratings).any():
        shares, level = _lowest(gains, ratings)
        ratings[list(level.settled)] = level.gain
        levels.append(Level(level.gain * scale, level.settled, level.multipliers))
    return DeviationRatings(ratings * scale, profiles, shares, tuple(levels))


def symmetric(payoffs: ArrayLike) -> Floats:
    """The payoffs as an array. Raises `ValueError` unless each seat has the same types and their order is all one."""
    tensor = np.asarray(payoffs, dtype=np.float64)
    if tensor.ndim < 2 or len(set(tensor.shape)) > 1 or not tensor.size:
        raise ValueError(f"payoffs need one axis for each of two or more seats, all equally long, not {tensor.shape}")
    if not np.isfinite(tensor).all():
        raise ValueError("payoffs must be finite numbers; a missing one cannot be rated")
    for axis in range(2, tensor.ndim):
        if not np.allclose(tensor, np.swapaxes(tensor, 1, axis), rtol=0, atol=1e-12 * float(np.ptp(tensor))):
            raise ValueError(f"payoffs must not depend on the order of the other seats, but axes 1 and {axis} differ")
    return tensor


def _gains(tensor: Floats, profiles: NDArray[np.intp]) -> Floats:
    """gains[s, m]: what type s gains by taking a seat of the multiset m, on average over the seats."""
    gains = np.zeros((len(tensor), len(profiles)))
    for seat in range(tensor.ndim):
        others = tuple(np.delete(profiles, seat, axis=1).T)
        gains += tensor[(slice(None), *others)] - tensor[(profiles[:, seat], *others)]
    return gains / tensor.ndim


def _lowest(gains: Floats, settled: Floats) -> tuple[Floats, Level]:
    """The next level: the smallest largest gain of the types whose entry in `settled` is NaN.

    A settled gain is bounded by its value and no more: nothing below it is possible once the larger ones are kept.
    """
    free = np.isnan(settled)
    n_profiles = gains.shape[1]
    bounds: list[tuple[float | None, float | None]] = [*[(0.0, None)] * n_profiles, (None, None)]
    found = linprog(
        np.append(np.zeros(n_profiles), 1.0),
        A_ub=np.column_stack([gains, -free.astype(float)]),
        b_ub=np.where(free, 0.0, settled),
        A_eq=np.append(np.ones(n_profiles), 0.0)[None, :],
        b_eq=[1.0],
        bounds=bounds,
        method="highs-ds",
        options={"primal_feasibility_tolerance": _FEASIBLE, "dual_feasibility_tolerance": _FEASIBLE},
    )
    if found.status != 0 or found.x is None or found.fun is None:
        raise ArithmeticError(f"the linear program of a level was not solved: {found.message}")
    multipliers = np.maximum(-found.ineqlin.marginals, 0.0)
    decided = np.flatnonzero(free & (multipliers > _POSITIVE))
    return found.x[:-1], Level(float(found.fun), _plain(decided), multipliers)


def _plain(places: NDArray[np.intp]) -> tuple[int, ...]:
    return tuple(int(place) for place in places)
