"""How much play it takes: the differences that would be found, and the replicates that would find a difference.

A difference is found where a two-sided t test rejects that there is none. With few replicates the normal distribution
promises far too much, so everything here is by the noncentral t distribution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import gammainc, ndtr

from comity.stats.estimate import LEVEL, quantile

MANY = 1e6
"""From so many degrees of freedom on, Student's distribution is the normal one to six digits."""

REACH = 9.0
"""Farther from its mean, in standard deviations, nothing normal is looked for."""

NODES, AREAS = np.polynomial.legendre.leggauss(48)


def power_of(difference: float, error: float, freedom: float, level: float = LEVEL) -> float:
    """How likely a difference is found by a two-sided t test with that standard error and those degrees of freedom.

    With no difference this is 1 - level. NaN where the error or the freedom cannot be told.
    """
    if math.isnan(error) or not freedom > 0:
        return math.nan
    if error == 0:
        return 1.0 if difference else 1 - level
    return _found(abs(difference) / error, freedom, level)


def detectable(error: float, freedom: float, power: float = 0.8, level: float = LEVEL) -> float:
    """The smallest difference that a two-sided t test finds with that power: the minimum detectable difference.

    error: the standard error of the difference. freedom: its degrees of freedom, any positive number or infinite. NaN
    where either cannot be told. Raises `ValueError` where the power does not lie between 1 - level and 1.
    """
    _check(power, level)
    if math.isnan(error) or not freedom > 0:
        return math.nan
    most = 2 * quantile(freedom, level)
    while _found(most, freedom, level) < power:
        most *= 2
    return error * float(brentq(lambda shift: _found(shift, freedom, level) - power, 0, most, xtol=1e-12))


def replicates_needed(
    difference: float,
    variances: ArrayLike,
    weights: Sequence[float] | None = None,
    power: float = 0.8,
    level: float = LEVEL,
) -> int:
    """The smallest number of replicates in every stratum, 2 or more, that finds a difference with that power.

    variances: [strata], of one draw (one replicate) in each; for a contrast, of the difference within a replicate where
    both sides play in the same replicates, else each side is a stratum. weights: [strata], by default all alike and
    summing to one. With n replicates the error is the root of (sum of w² v) / n; the degrees of freedom are
    (n - 1) (sum of w² v)² / (sum of (w² v)²), Satterthwaite (1946). Two things to know: a test over several strata must
    estimate that freedom, so an answer of 2 or 3 promises too much (65 and 76 % in the tests, where 80 % was asked);
    and the variances of a pilot are estimates too, from three replicates easily several times off. Raises `ValueError`
    where the difference is not positive, a variance is negative or missing, or the power does not lie between 1 - level
    and 1.
    """
    _check(power, level)
    spread = np.asarray(variances, dtype=float)
    if not difference > 0:
        raise ValueError(f"the difference to be found must be above 0; found {difference:g}")
    if spread.ndim != 1 or not spread.size or not (spread >= 0).all():
        raise ValueError("variances need one number, 0 or more, per stratum")
    shares = (np.full(spread.size, 1 / spread.size) if weights is None else np.asarray(weights, dtype=float)) ** 2
    if shares.shape != spread.shape:
        raise ValueError(f"there are {spread.size} variances and {shares.size} weights")
    return _fewest(difference, spread * shares, power, level)


def _fewest(difference: float, shares: NDArray[np.float64], power: float, level: float) -> int:
    """By doubling and then halving: the power grows with the number."""
    variance = float(shares.sum())
    if variance == 0:
        return 2
    strata = variance**2 / float((shares**2).sum())

    def enough(number: int) -> bool:
        return _found(difference / math.sqrt(variance / number), (number - 1) * strata, level) >= power

    high = 2
    while not enough(high):
        high *= 2
    low = max(high // 2, 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _found(shift: float, freedom: float, level: float) -> float:
    """The probability of rejecting when the truth lies so many standard errors off: both tails of the noncentral t.

    The estimate lies x standard errors from 0, x normal around the shift. It is found if the error, estimated as
    the root of chi² / freedom, is less than |x| / bound. So this is the mean over x of the distribution of chi².
    """
    bound = quantile(freedom, level)
    if freedom > MANY:
        return float(ndtr(shift - bound) + ndtr(-shift - bound))
    steps = bound * np.maximum(1 + np.array([-np.inf, -8, -4, 0, 4, 8]) / math.sqrt(2 * freedom), 0)
    edges = np.unique(np.clip([-REACH, REACH, *(steps - shift), *(-steps - shift)], -REACH, REACH))
    half = np.diff(edges)[:, None] / 2
    z = edges[:-1, None] + half * (1 + NODES)
    found = np.exp(-(z**2) / 2) * gammainc(freedom / 2, freedom / 2 * ((z + shift) / bound) ** 2)
    return float((half * AREAS * found).sum() / math.sqrt(2 * math.pi))


def _check(power: float, level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"the level of a test lies between 0 and 1; found {level:g}")
    if not 1 - level < power < 1:
        raise ValueError(f"the power lies between {1 - level:g}, which no difference has, and 1; found {power:g}")
