"""Bayes factors of t tests: how many times likelier the data are under some effect than under none.

The prior of the effect in standard deviations is a Cauchy distribution around 0, that of the variance is Jeffreys's:
the JZS factor of Rouder, Speckman, Sun, Morey and Iverson (2009). It depends on the data by t and the number of draws
alone, so published tests can be weighed as well as our own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from comity.stats.means import TTest, effective_size

SCALE = math.sqrt(2) / 2
"""Half of all effects, by the prior, are smaller than this; the default of the R package BayesFactor, "medium"."""

_NODES, _AREAS = np.polynomial.legendre.leggauss(64)
_FINE, _FINE_AREAS = np.polynomial.legendre.leggauss(256)
_SPREADS = 40.0
"""So many standard deviations to each side of its top hold all of a log-concave density that a double can tell."""
_NEGLIGIBLE = 60.0
"""A log density so far below its top adds nothing."""
_ROUNDING = 1e-12
"""Pieces that are shorter than this, relative to all of them, are rounding."""
_LARGEST = 709.0
"""The logarithm of the largest double, rounded down."""


@dataclass(frozen=True)
class BayesFactor:
    """How many times likelier the data are under an effect than under none, as natural logarithms.

    log: for an effect on either side. log_above, log_below: for one that can only be positive, or negative. Then the
    prior lies on one side alone, with twice the density. All NaN where t is.
    """

    log: float
    log_above: float
    log_below: float

    @property
    def either(self) -> float:
        """Two-sided; infinite where a double can't hold it."""
        return _exp(self.log)

    @property
    def above(self) -> float:
        """One-sided, for a positive effect."""
        return _exp(self.log_above)

    @property
    def below(self) -> float:
        """One-sided, for a negative effect."""
        return _exp(self.log_below)


def jzs(t: float, *sizes: int, scale: float = SCALE) -> BayesFactor:
    """The Bayes factor of a t test.

    t: Student's; for two groups that of equal spread, which `TTest.pooled_t` gives for Welch's too. sizes: the number
    of draws, or those of both groups. scale: of the Cauchy prior of the effect. By quadrature, good to ten digits for
    |t| up to 40 and 100,000 draws. Raises `ValueError` where there are not one or two sizes, together more than as
    many, or the scale is not positive. Source: Rouder et al. (2009), Morey and Rouder (2011) for one side.
    """
    freedom = sum(sizes) - len(sizes)
    if len(sizes) not in (1, 2) or min(sizes) < 1 or freedom < 1:
        raise ValueError(f"a Bayes factor is of one group of draws or two, and needs two draws; found {sizes}")
    if not 0 < scale < math.inf:
        raise ValueError(f"the scale of a prior is above 0; found {scale:g}")
    if math.isnan(t):
        return BayesFactor(t, t, t)
    width = scale * math.sqrt(effective_size(sizes))
    above, below = _one_sided(t, freedom, width), _one_sided(-t, freedom, width)
    return BayesFactor(float(np.logaddexp(above, below)) - math.log(2), above, below)


def jzs_of(test: TTest, scale: float = SCALE) -> BayesFactor:
    """The Bayes factor of a t test that was made here."""
    return jzs(test.pooled_t, *test.sizes, scale=scale)


def _one_sided(t: float, freedom: int, width: float) -> float:
    """The log factor of a positive effect: the mean of the likelihood ratio over the half of a Cauchy distribution.

    Over the shift of t, that is the effect times √n, whose prior has that width.
    """
    edges = _edges(t, freedom, width)
    half = np.diff(edges)[:, None] / 2
    shifts = (edges[:-1, None] + half * (1 + _NODES)).ravel()
    prior = math.log(2 / (math.pi * width)) - np.log1p((shifts / width) ** 2)
    return float(logsumexp(_log_ratio(shifts, t, freedom) + prior, b=(half * _AREAS).ravel()))


def _edges(t: float, freedom: int, width: float) -> NDArray[np.float64]:
    """Where to cut the shifts so that in each piece both the likelihood and the prior are nearly polynomials.

    The likelihood has one top, near t if that is positive; pieces grow from there by doubling, and from 0 at the width
    of the prior.
    """
    top = max(t, 0.0)
    least = _log_ratio(np.array([top]), t, freedom)[0] - _NEGLIGIBLE
    step = 1.0
    while _log_ratio(np.array([top + step]), t, freedom)[0] > least:
        step *= 2
    while _log_ratio(np.array([top + step / 2]), t, freedom)[0] < least:
        step /= 2
    end = top + step
    around = step * 2.0 ** np.arange(-6, 1)
    priors = width * 2.0 ** np.arange(-4, 3 + max(0, math.ceil(math.log2(end / width))))
    cuts = np.unique(np.clip(np.concatenate([[0.0, end, top], top - around, top + around, priors]), 0.0, end))
    return np.asarray(cuts[np.append(True, np.diff(cuts) > _ROUNDING * end)])


def _log_ratio(shifts: NDArray[np.float64], t: float, freedom: int) -> NDArray[np.float64]:
    """The log of the density of t at each shift over that without a shift.

    That is the mean of exp(x y shift) over y, less shift² / 2, where x = t / √(freedom + t²) and y² comes from the chi²
    distribution with one more degree of freedom than t has.
    """
    both = np.append(shifts, 0.0)
    tilts = both * t / math.sqrt(freedom + t * t)
    twice = np.sqrt(tilts**2 + 4 * freedom) + np.abs(tilts)
    # Twice the same root of a quadratic, each where it takes no difference of two numbers that are nearly equal.
    tops = np.where(tilts < 0, 2 * freedom / twice, twice / 2)
    spreads = 1 / np.sqrt(1 + freedom / tops**2)
    low, high = np.maximum(tops - _SPREADS * spreads, 0.0), tops + _SPREADS * spreads
    y = low[:, None] + (high - low)[:, None] / 2 * (1 + _FINE)
    logs = freedom * np.log(y / tops[:, None]) - (y - tops[:, None]) * ((y + tops[:, None]) / 2 - tilts[:, None])
    means = np.log((np.exp(logs) * _FINE_AREAS).sum(axis=1) * (high - low))
    # The same number twice: where t is large tilt² and shift² are nearly equal, and their difference is known exactly.
    against = tops * (tilts - tops / 2) - both**2 / 2
    along = -((freedom / tops) ** 2 + both**2 * freedom / (freedom + t * t)) / 2
    heights = freedom * np.log(tops) + np.where(tilts < 0, against, along) + means
    return np.asarray(heights[:-1] - heights[-1])


def _exp(log: float) -> float:
    """The number itself; infinite where a double can't hold it."""
    return math.exp(log) if not log > _LARGEST else math.inf
