"""Student's t tests of means, with the size of the effect.

One value per draw goes in: whoever has ten rounds of an episode averages them first. A test of one mean, of paired
differences, or of two groups gives the difference with its interval, t, its degrees of freedom and p, and Cohen's d:
how many standard deviations apart. What has no spread tells nothing of chance: then t, p and d are NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, xlogy

from comity.stats.estimate import LEVEL, Estimate, combined, mean_of, quantile

_NODES, _AREAS = np.polynomial.legendre.leggauss(32)
_REACH = 10.0
"""Farther from its top, in standard deviations, a chi or normal distribution holds nothing that a double can tell."""
_PIECES = np.linspace(-1, 1, 9)


@dataclass(frozen=True)
class TTest:
    """A t test.

    difference: the mean less the value it is tested against, or the first mean less the second, with its standard
    error, degrees of freedom and interval. sizes: how many draws, of the one sample or of each of two. d: Cohen's d,
    the difference in standard deviations of one draw: of the differences where draws are paired, pooled over both
    groups where they are two. d_low, d_high: its interval, by the noncentral t distribution (`effect_interval`).
    """

    difference: Estimate
    sizes: tuple[int, ...]
    d: float
    d_low: float
    d_high: float

    @property
    def t(self) -> float:
        """The difference over its standard error; for two groups of unequal variance Welch's t."""
        return self.difference.t

    @property
    def freedom(self) -> float:
        """The degrees of freedom of t."""
        return self.difference.freedom

    @property
    def p(self) -> float:
        """Two-sided; NaN where nothing varies, which is no proof of a difference."""
        return self.difference.p if self.difference.error else math.nan

    @property
    def pooled_t(self) -> float:
        """The t that one spread of all draws gives, on which Cohen's d and Bayes factors rest: d √(effective size)."""
        return self.d * math.sqrt(effective_size(self.sizes))


def one_sample(values: ArrayLike, against: float = 0.0, level: float = LEVEL) -> TTest:
    """Whether the mean of independent draws is that number: Student's t with n - 1 degrees of freedom.

    d = t / √n. Raises `ValueError` with less than two draws, or one that is not finite.
    """
    draws = _draws(values) - against
    spread = float(draws.std(ddof=1))
    difference = combined([mean_of(draws)], [1.0], level)
    return _tested(difference, (draws.size,), spread, level)


def paired(first: ArrayLike, second: ArrayLike, level: float = LEVEL) -> TTest:
    """Whether two measurements of the same things differ: `one_sample` of first less second.

    d is in standard deviations of the differences. Raises `ValueError` where the two are not of one length, and as
    `one_sample`.
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if a.shape != b.shape:
        raise ValueError(f"paired draws come two by two; found {a.size} and {b.size}")
    return one_sample(a - b, level=level)


def two_sample(first: ArrayLike, second: ArrayLike, *, pooled: bool = False, level: float = LEVEL) -> TTest:
    """Whether two groups of independent draws have the same mean.

    By default Welch's test (1947), for groups whose spread may differ; with `pooled` Student's, for equal spread. d is
    the difference over the pooled standard deviation √(((n₁ - 1) s₁² + (n₂ - 1) s₂²) / (n₁ + n₂ - 2)) in both. Raises
    `ValueError` with less than two draws in a group, or one that is not finite.
    """
    a, b = _draws(first), _draws(second)
    freedom = a.size + b.size - 2
    spread = math.sqrt(((a.size - 1) * float(a.var(ddof=1)) + (b.size - 1) * float(b.var(ddof=1))) / freedom)
    difference = combined([mean_of(a), mean_of(b)], [1.0, -1.0], level)
    if pooled:
        difference = _student(difference.value, spread / math.sqrt(effective_size((a.size, b.size))), freedom, level)
    return _tested(difference, (a.size, b.size), spread, level)


def effective_size(sizes: tuple[int, ...]) -> float:
    """What n is to one sample: n₁ n₂ / (n₁ + n₂) for two, so that t = d √n with one spread of all draws."""
    return 1 / sum(1 / size for size in sizes)


def effect_interval(d: float, sizes: tuple[int, ...], level: float = LEVEL) -> tuple[float, float]:
    """The effects under which t as far off as d √(effective size) is not too unlikely on either side.

    By the noncentral t distribution with one or two less degrees of freedom than draws; exact for normal draws of equal
    spread. sizes: one, or those of two groups. NaN where d is. Source: Cumming and Finch (2001).
    """
    if math.isnan(d):
        return math.nan, math.nan
    root, freedom, tail = math.sqrt(effective_size(sizes)), sum(sizes) - len(sizes), (1 - level) / 2
    return _shift(d * root, freedom, 1 - tail) / root, _shift(d * root, freedom, tail) / root


def _shift(t: float, freedom: int, chance: float) -> float:
    """The noncentrality under which what is at most t has that chance."""

    def beyond(shift: float) -> float:
        return _at_most(t, shift, freedom) - chance

    reach = math.sqrt(1 + t**2 / (2 * freedom))
    while beyond(t - reach) < 0 or beyond(t + reach) > 0:
        reach *= 2
    return float(brentq(beyond, t - reach, t + reach, xtol=1e-12))


def _at_most(t: float, shift: float, freedom: int) -> float:
    """The distribution of the noncentral t: the mean of Φ(t y / √freedom - shift) over y, where y² is from chi².

    SciPy's has no number for some shifts far from a large t with few degrees of freedom.
    """
    top = math.sqrt(freedom - 1)
    cuts = [max(top - _REACH, 0.0), *(top + _REACH * _PIECES)]
    if abs(t) * _REACH > math.sqrt(freedom):  # where Φ turns, and within what
        turn, width = shift * math.sqrt(freedom) / t, math.sqrt(freedom) / abs(t)
        cuts += [turn, *(turn + _REACH * width * _PIECES)]
    edges = np.unique(np.clip(cuts, max(top - _REACH, 0.0), top + _REACH))
    half = np.diff(edges)[:, None] / 2
    y = edges[:-1, None] + half * (1 + _NODES)
    logs = xlogy(freedom - 1, y) - y**2 / 2
    weights = half * _AREAS * np.exp(logs - logs.max())
    return float((weights * ndtr(t * y / math.sqrt(freedom) - shift)).sum() / weights.sum())


def approximate_effect_interval(d: float, sizes: tuple[int, ...], level: float = LEVEL) -> tuple[float, float]:
    """The same by the normal approximation, d ± z √(1 / effective size + d² / (2 n)), n all draws together.

    For comparison with published intervals that were worked out like this. Source: Hedges and Olkin (1985).
    """
    half = float(ndtri((1 + level) / 2)) * math.sqrt(1 / effective_size(sizes) + d**2 / (2 * sum(sizes)))
    return d - half, d + half


def _tested(difference: Estimate, sizes: tuple[int, ...], spread: float, level: float) -> TTest:
    d = difference.value / spread if difference.error else math.nan
    return TTest(difference, sizes, d, *effect_interval(d, sizes, level))


def _student(value: float, error: float, freedom: float, level: float) -> Estimate:
    half = quantile(freedom, level) * error
    return Estimate(value, error, freedom, value - half, value + half)


def _draws(values: ArrayLike) -> NDArray[np.float64]:
    draws = np.asarray(values, dtype=float)
    if draws.ndim != 1 or draws.size < 2:
        raise ValueError(f"a t test needs two draws or more in each group; found {draws.size}")
    if not np.isfinite(draws).all():
        raise ValueError("a t test needs numbers; found one that is not finite")
    return draws
