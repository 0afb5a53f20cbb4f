"""A number with what its resamples tell of it: two bounds, and p-values."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from comity.fidelity.observations import Floats

CERTAIN = 0.95
"""How sure a bound is."""

KNOWN = 0.95
"""The share of resamples in which a statistic must be known; with less nothing is said of it."""

_LEAST_P = 1e-12
"""Smaller p-values are not told."""


@dataclass(frozen=True)
class Number:
    """A value with a lower and an upper bound, each of which holds with 95 % on its own; NaN where not known."""

    value: float
    low: float = math.nan
    high: float = math.nan


UNKNOWN = Number(math.nan)


def bounds(draws: Floats) -> tuple[float, float]:
    """(lower, upper): each holds with 95 % on its own. They are draws, rounded outwards; NaN where few are known."""
    known = np.sort(draws[~np.isnan(draws)])
    if not len(known) or len(known) < KNOWN * len(draws):
        return math.nan, math.nan
    low = math.floor((1 - CERTAIN) * (len(known) - 1))
    return float(known[low]), float(known[len(known) - 1 - low])


def below(draws: Floats, bound: float) -> float:
    """How likely a number is at most a bound, from its resamples: a p-value, never 0.

    (k + 1) / (n + 1) if k of n draws are. Where none is, so that the draws tell no smaller p-value than 1 / (n + 1),
    the tail of the normal distribution with their mean and standard deviation, if that is less: a family of twenty
    questions could not be corrected for otherwise.
    """
    count = int(np.count_nonzero(draws <= bound))
    share = (count + 1) / (len(draws) + 1)
    spread = float(draws.std())
    if count or not 0 < spread < math.inf:
        return share
    return min(share, max(float(ndtr((bound - draws.mean()) / spread)), _LEAST_P))
