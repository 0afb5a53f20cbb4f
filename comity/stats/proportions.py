"""Intervals of a share of yes-or-no draws: of independent ones, and of draws that come in clusters.

For shares whose draws are not independent, such as all moves of a match, the first two are too short: take `clustered`,
or `estimate` where every cluster is to count the same.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, ndtri

from comity.stats.estimate import LEVEL, quantile


def wilson(successes: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """The shares that a score test does not reject: short, and right on average over shares.

    Without draws everything is possible, (0, 1). Raises `ValueError` where successes are not among the draws or the
    level is not between 0 and 1. Source: Wilson (1927).
    """
    _check(successes, n, level)
    if n == 0:
        return 0.0, 1.0
    share, z = successes / n, float(ndtri((1 + level) / 2))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == n else centre + half)


def exact(successes: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """The shares that neither binomial tail rejects: holds the truth at least as often as said, and is longer for that.

    Without draws (0, 1). Raises `ValueError` as `wilson`. Source: Clopper and Pearson (1934).
    """
    _check(successes, n, level)
    tail, failures = (1 - level) / 2, n - successes
    low = 0.0 if successes == 0 else float(betaincinv(successes, failures + 1, tail))
    high = 1.0 if failures == 0 else float(betaincinv(successes + 1, failures, 1 - tail))
    return low, high


def clustered(successes: ArrayLike, counts: ArrayLike, level: float = LEVEL) -> tuple[float, float]:
    """The interval of a share of all draws where draws of one cluster are not independent, and clusters are.

    successes, counts: [clusters]; clusters without draws tell nothing and are left out. Wilson's interval with as many
    draws as the data are worth: n over the design effect of Kish (1965), which is what the residuals of whole clusters
    show (Cochran 1977, of ratio estimates) over what independent draws would, and no less than 1; and with Student's
    quantile for one cluster less than there are in place of the normal one, as Korn and Graubard (1998) do. Where all
    draws agree, or all clusters show the same share, nothing can be seen of how alike the draws of a cluster are; then
    a cluster counts as one draw, which is as few as they can be worth. (NaN, NaN) with less than two clusters. Raises
    `ValueError` as `wilson`, and where the arrays differ in length.
    """
    known, sizes = np.asarray(successes, dtype=float), np.asarray(counts, dtype=float)
    if known.shape != sizes.shape or known.ndim != 1 or np.any((known < 0) | (known > sizes)):
        raise ValueError("every cluster has between 0 and its number of draws as successes")
    known, sizes = known[sizes > 0], sizes[sizes > 0]
    clusters, n = len(sizes), float(sizes.sum())
    if clusters < 2:
        return math.nan, math.nan
    share = float(known.sum()) / n
    residuals = float(np.square(known - share * sizes).sum())
    if residuals <= _ROUNDING * n:
        return wilson(share * clusters, clusters, level)
    variance = clusters / (clusters - 1) * residuals / n**2
    worth = n / max(1.0, variance * n / (share * (1 - share)))
    worth *= (quantile(math.inf, level) / quantile(clusters - 1, level)) ** 2
    return wilson(share * worth, worth, level)


_ROUNDING = 1e-12


def _check(successes: float, n: float, level: float) -> None:
    if not 0 <= successes <= n:
        raise ValueError(f"there are between 0 and {n} successes in {n} draws; found {successes}")
    if not 0 < level < 1:
        raise ValueError(f"the level of an interval lies between 0 and 1; found {level}")
