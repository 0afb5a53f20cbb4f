"""Means of independent draws, weighted sums of such means, and their Student intervals.

A tournament is one draw, however many matches it has: its matches share agents, proposals and the order of play. So the
draws behind a mean are tournaments, and there are few of them. Student's interval is right with few draws; where means
with draws of their own are added, Welch and Satterthwaite say how many degrees of freedom are left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

LEVEL = 0.95
"""How often an interval is to hold the truth, unless said."""


_ROUNDING = 1e-12
"""Relative to the terms of a sum, what is no more than this is the rounding of floating-point numbers."""


@dataclass(frozen=True)
class Part:
    """A mean of independent draws.

    variance: of the mean, not of one draw; NaN where it cannot be told (one draw). freedom: the degrees of freedom of
    that variance; infinite where it is known. draws: how many it is the mean of.
    """

    value: float
    variance: float
    freedom: float
    draws: int = 1


@dataclass(frozen=True)
class Estimate:
    """A number and how far it may be off.

    error: the standard error, NaN where it cannot be told. freedom: its degrees of freedom. low, high: the interval.
    """

    value: float
    error: float
    freedom: float
    low: float
    high: float

    @property
    def t(self) -> float:
        """The value over its standard error, with known errors also called z; NaN where there is none."""
        return self.value / self.error if self.error else math.nan

    @property
    def p(self) -> float:
        """How likely a value at least this far from 0 is if the truth is 0, by Student's distribution; NaN if unknown.

        With no error at all: 0 where the value is not 0, else 1.
        """
        if math.isnan(self.error):
            return math.nan
        if self.error == 0:
            return float(self.value == 0)
        return float(2 * stdtr(min(self.freedom, 1e9), -abs(self.value) / self.error))


def mean_of(draws: ArrayLike, step: float = 0.0) -> Part:
    """The mean of independent draws and the variance of that mean, s² / n with n - 1 degrees of freedom.

    step: the smallest difference that two draws can show, see `seen`. Raises `ValueError` where there is no draw.
    """
    values = np.asarray(draws, dtype=float)
    if not values.size:
        raise ValueError("a mean needs at least one draw")
    n = values.size
    if n == 1:
        return Part(float(values[0]), math.nan, 0.0)
    variance = seen(float(values.var(ddof=1)), step)
    return Part(float(values.mean()), variance / n, n - 1.0, n)


def seen(variance: float, step: float) -> float:
    """The variance of draws that move in steps.

    What moves in steps seems not to move at all where it moves less than a step, so it is no less than step² / 12, the
    variance of what rounding to steps hides. With an unknown step (NaN) draws that agree tell nothing, and it is NaN.
    """
    if math.isnan(step):
        return variance or math.nan
    return max(variance, step**2 / 12)


def certain(value: float, draws: int = 1) -> Part:
    """A number that nothing was drawn for, seen so many times."""
    return Part(value, 0.0, math.inf, draws)


def combined(parts: Sequence[Part], weights: Sequence[float], level: float = LEVEL) -> Estimate:
    """The weighted sum of independent parts with Student's interval.

    Degrees of freedom as `freedom_of`. Without an interval where some variance that counts cannot be told. Raises
    `ValueError` where there is no part.
    """
    return _estimate(parts, weights, freedom_of(parts, weights), level)


def family(
    sums: Sequence[Sequence[Part]], weights: Sequence[Sequence[float]], level: float = LEVEL
) -> tuple[Estimate, ...]:
    """Weighted sums that are judged together, such as the differences of all pairs of agents.

    sums, weights: [sum, part], as `combined` takes them one by one. As `combined`, but none has more degrees of freedom
    than all have on average: the harmonic mean, weighted by squared variances. For if the one large variance of a pair
    comes out small by chance, its other parts seem to carry the sum and lend it their freedom; it then looks more
    precise twice over, and among many pairs with two or three draws there is always one. A sum without an error does
    not count. Raises `ValueError` where a sum has no part, or not as many weights.
    """
    squares, spent = 0.0, 0.0
    for parts, weighed in zip(sums, weights, strict=True):
        freedom, variance = freedom_of(parts, weighed), math.fsum(_variances(parts, weighed))
        if freedom:
            squares, spent = squares + variance**2, spent + variance**2 / freedom
    most = squares / spent if spent else math.inf
    return tuple(
        _estimate(parts, weighed, min(freedom_of(parts, weighed), most), level)
        for parts, weighed in zip(sums, weights, strict=True)
    )


def freedom_of(parts: Sequence[Part], weights: Sequence[float]) -> float:
    """The degrees of freedom of a weighted sum of independent parts, after Satterthwaite (1946) and Welch (1947).

    1 over the sum of share² / freedom, where the share of a part is its w² v over the sum of all. Infinite where
    nothing varies, 0 where some variance that counts cannot be told. Raises `ValueError` where there is no part.
    """
    variances = _variances(parts, weights)
    total = math.fsum(variances)
    if math.isnan(total):
        return 0.0
    spent = math.fsum((v / total) ** 2 / part.freedom for v, part in zip(variances, parts, strict=True) if v)
    return 1 / spent if spent else math.inf


def _estimate(parts: Sequence[Part], weights: Sequence[float], freedom: float, level: float) -> Estimate:
    terms = [weight * part.value for part, weight in zip(parts, weights, strict=True)]
    rounding = _ROUNDING * max(map(abs, terms))
    value, error = math.fsum(terms), math.sqrt(math.fsum(_variances(parts, weights)))
    # What is left of numbers that are equal but for rounding is no difference, and no error.
    value, error = (0.0 if abs(number) <= rounding else number for number in (value, error))
    half = quantile(freedom, level) * error
    return Estimate(value, error, freedom, value - half, value + half)


def _variances(parts: Sequence[Part], weights: Sequence[float]) -> list[float]:
    """w² v of each part; what has no weight has no variance."""
    if not parts or len(parts) != len(weights):
        raise ValueError(f"a sum needs parts and as many weights; found {len(parts)} and {len(weights)}")
    return [weight**2 * part.variance if weight else 0.0 for part, weight in zip(parts, weights, strict=True)]


def quantile(freedom: float, level: float = LEVEL) -> float:
    """How many standard errors an interval of that level reaches to each side."""
    return float(stdtrit(min(freedom, 1e9), (1 + level) / 2)) if freedom > 0 else math.nan
