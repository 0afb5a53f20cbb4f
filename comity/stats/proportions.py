"""Intervals of a share of independent yes-or-no draws.

For shares whose draws are not independent, such as all moves of a tournament, these are too short: take `estimate`.
"""

from __future__ import annotations

import math

from scipy.special import betaincinv, ndtri

from comity.stats.estimate import LEVEL


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


def _check(successes: float, n: float, level: float) -> None:
    if not 0 <= successes <= n:
        raise ValueError(f"there are between 0 and {n} successes in {n} draws; found {successes}")
    if not 0 < level < 1:
        raise ValueError(f"the level of an interval lies between 0 and 1; found {level}")
