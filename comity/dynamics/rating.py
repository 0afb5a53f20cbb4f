"""Deviation ratings (Marris et al. 2025): how much a type would gain by deviating, where all gain as little as can be.

Among the joint distributions of a symmetric meta-game, those are sought whose largest gain from deviating is smallest;
among these, those whose second largest is smallest; and so on. The gains of such a lexicographic optimum are unique.
They are found by one linear program for each level. A gain is settled only where its multiplier is positive: then it
has that value in every optimum, and not just in the one the solver came upon.

Because the meta-game is symmetric, exchangeable distributions suffice, so the unknowns are multisets of types.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import TypeAlias

import highspy
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]

_POSITIVE = 1e-6
"""A multiplier below this is taken for zero; of those that sum to one, some is always above."""
_SOUND = 1e-7
"""Ratings are refused where the distribution found misses them by more, relative to the range of the payoffs."""
_FEASIBLE = 1e-10
"""How far the solver may be from keeping a constraint, relative to the range of the payoffs."""
_OPTIONS: dict[str, bool | int | float | str] = {
    "output_flag": False,
    "presolve": "off",  # it would forget where the level before it ended
    "solver": "simplex",
    "simplex_strategy": 4,  # primal: where a level ends is allowed in the next one
    "simplex_scale_strategy": 0,  # the gains are scaled already
    "small_matrix_value": 1e-12,
    "primal_feasibility_tolerance": _FEASIBLE,
    "dual_feasibility_tolerance": _FEASIBLE,
}


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
    try:
        ratings, shares, levels = _solved(gains, _Program(gains))
    except ArithmeticError:  # near ties mislead a solver that sets out from the level before
        ratings, shares, levels = _solved(gains, _Program(gains, anew=True))
    return DeviationRatings(ratings * scale + 0.0, profiles, shares, tuple(_scaled(level, scale) for level in levels))


def _solved(gains: Floats, program: _Program) -> tuple[Floats, Floats, list[Level]]:
    """The ratings, a distribution that has them, and the levels, all in units of the range of the payoffs."""
    ratings, levels = np.full(len(gains), np.nan), []
    while np.isnan(ratings).any():
        level = program.lowest(np.isnan(ratings))
        ratings[list(level.settled)] = level.gain
        levels.append(level)
        program.keep(level)
    shares = program.shares
    off = float(np.abs(gains @ shares - ratings).max())
    if off > _SOUND:
        raise ArithmeticError(f"no distribution was found that has the ratings: the best is off by {off:.1g}")
    return ratings, shares, levels


def _scaled(level: Level, scale: float) -> Level:
    return replace(level, gain=level.gain * scale)


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


class _Program:
    """The chain of linear programs: the smallest bound on the gains that are not settled yet.

    Its variables are the probability of each multiset and the bound, its rows the gain of each type less the bound, and
    the sum of the probabilities. HiGHS starts each level where the one before it ended, or else anew.
    """

    def __init__(self, gains: Floats, *, anew: bool = False) -> None:
        self._types, self._profiles = gains.shape
        self._anew = anew
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in _OPTIONS.items():
            self._solver.setOptionValue(option, value)
        self._solver.passModel(self._model(gains))

    def _model(self, gains: Floats) -> highspy.HighsLp:
        types, profiles, infinity = self._types, self._profiles, highspy.kHighsInf
        rows = np.vstack([np.column_stack([gains, -np.ones(types)]), np.append(np.ones(profiles), 0.0)])
        model = highspy.HighsLp()
        model.num_row_, model.num_col_ = rows.shape
        model.col_cost_ = np.append(np.zeros(profiles), 1.0)
        model.col_lower_ = np.append(np.zeros(profiles), -infinity)
        model.col_upper_ = np.full(profiles + 1, infinity)
        model.row_lower_ = np.append(np.full(types, -infinity), 1.0)
        model.row_upper_ = np.append(np.zeros(types), 1.0)
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = np.arange(0, rows.size + 1, types + 1)
        model.a_matrix_.index_ = np.tile(np.arange(types + 1), profiles + 1)
        model.a_matrix_.value_ = rows.T.ravel()
        return model

    def lowest(self, free: NDArray[np.bool_]) -> Level:
        """The next level, among the types that are free. Raises `ArithmeticError` where the solver gives up."""
        if self._anew:
            self._solver.clearSolver()
        self._solver.run()
        status = self._solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise ArithmeticError(f"the linear program of a level was not solved: {status.name}")
        multipliers = np.maximum(-np.array(self._solver.getSolution().row_dual[: self._types]), 0.0)
        decided = np.flatnonzero(free & (multipliers > _POSITIVE))
        if not decided.size:
            raise ArithmeticError("the linear program of a level settled nothing")
        return Level(self._solver.getObjectiveValue(), _plain(decided), multipliers)

    def keep(self, level: Level) -> None:
        """Bound the gains that it settles by their value and no more: nothing below it is possible any longer."""
        for place in level.settled:
            self._solver.changeCoeff(place, self._profiles, 0.0)
            self._solver.changeRowBounds(place, -highspy.kHighsInf, level.gain)

    @property
    def shares(self) -> Floats:
        """The probability of each multiset in the solution of the last level."""
        return np.asarray(np.maximum(np.array(self._solver.getSolution().col_value[: self._profiles]), 0.0))


def _plain(places: NDArray[np.intp]) -> tuple[int, ...]:
    return tuple(int(place) for place in places)
