"""How far two numbers go together over a few things, and between what that may lie."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from comity.stats.estimate import LEVEL, Estimate

LEAST = 4
"""Of fewer pairs no interval can be told."""


def pearson(x: ArrayLike, y: ArrayLike, level: float = LEVEL) -> Estimate:
    """The linear correlation, with the interval by Fisher's transformation (1915).

    NaN where one of the two does not vary or there are fewer than two pairs; without an interval where there are fewer
    than `LEAST`, or where the correlation is perfect, of which the transformation says nothing. Raises `ValueError`
    unless both have as many numbers.
    """
    first, second = _paired(x, y)
    value = _linear(first, second)
    error = 1 / math.sqrt(len(first) - 3) if len(first) >= LEAST else math.nan
    return fisher(value, error, level)


def spearman(x: ArrayLike, y: ArrayLike, level: float = LEVEL) -> Estimate:
    """The linear correlation of ranks, ties sharing theirs; its interval with the error of Bonett and Wright (2000).

    As `pearson`.
    """
    from scipy.stats import rankdata

    first, second = _paired(x, y)
    value = _linear(rankdata(first), rankdata(second))
    error = math.sqrt((1 + value**2 / 2) / (len(first) - 3)) if len(first) >= LEAST else math.nan
    return fisher(value, error, level)


def fisher(value: float, error: float, level: float = LEVEL) -> Estimate:
    """A correlation with its interval, for an error on the scale of Fisher's transformation.

    The estimate's own error is NaN, as the interval is not symmetric.
    """
    if math.isnan(value) or math.isnan(error) or abs(value) >= 1:
        return Estimate(value, math.nan, 0.0, math.nan, math.nan)
    middle, half = math.atanh(value), float(ndtri((1 + level) / 2)) * error
    return Estimate(value, math.nan, 0.0, math.tanh(middle - half), math.tanh(middle + half))


def _paired(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"a correlation needs pairs; found {first.shape} and {second.shape}")
    return first, second


def _linear(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan
    across, along = x - x.mean(), y - y.mean()
    found = float(across @ along / math.sqrt(float(across @ across) * float(along @ along)))
    return max(-1.0, min(1.0, found))
