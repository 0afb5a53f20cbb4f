"""How far two sides that draw different numbers may lie apart."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.roster import ROSTER, dilemma
from comity.exact.automata_payoffs import expected_payoffs
from comity.exact.bulk import bulk_payoffs, every_pair, match_keys

MOST = 4.0
"""How many standard errors a mean may lie from its expectation."""


@cache
def expected(turns: int, noise: float | None) -> NDArray[np.float64]:
    """The exact payoffs of every pair of the roster [pair, seat]."""
    return expected_payoffs(dilemma(turns, noise), [entry.automaton for entry in ROSTER], every_pair(len(ROSTER)))


@cache
def spread(turns: int, noise: float | None, matches: int = 400) -> NDArray[np.float64]:
    """The standard deviation of the payoffs of one match of every pair of the roster [pair, seat], by simulation."""
    once = every_pair(len(ROSTER))
    pairs = np.repeat(once, matches, axis=0)
    paid = bulk_payoffs(dilemma(turns, noise), [e.automaton for e in ROSTER], pairs, match_keys(2, len(pairs)))
    deviations: NDArray[np.float64] = paid.reshape(len(once), matches, 2).std(axis=1)
    return deviations


def furthest(means: NDArray[np.float64], exact: NDArray[np.float64], sd: NDArray[np.float64], matches: int) -> float:
    """By how many standard errors at most these means of so many matches lie off the exact payoffs.

    sd: the standard deviation of one match. Where it is nought any difference above 1e-12 is infinitely far.
    """
    off = np.abs(means - exact)
    fixed = sd < 1e-12
    errors = np.where(fixed, 1, sd / matches**0.5)
    z = np.where(fixed, np.where(off <= 1e-12, 0, np.inf), off / errors)
    return float(z.max())
