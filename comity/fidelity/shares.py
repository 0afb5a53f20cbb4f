"""The shares of known classes in a population: the part of every mixture that can be solved for certain.

Where each agent's likelihood under each class is known, ln L = Σ w_n ln Σ_k φ_k L_nk is concave in the shares φ, so
there is one top, and how far a point may be below it is known too: by no more than Σ w_n (max_k g_k − 1) with
g_k = Σ_n w_n L_nk / (Σ_j φ_j L_nj) / Σ_n w_n (the first-order condition of Lindsay 1983). Many draws of weights are
solved side by side, by the EM steps of Dempster, Laird and Rubin (1977) lengthened after Varadhan and Roland (2008).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from comity.fidelity.observations import Floats

GAP = 1e-6
"""How far the mean log likelihood of an agent may be below the top."""
STEPS = 2_000
"""After so many lengthened steps a draw is left as it is; its gap says how good that is."""
CELLS_AT_ONCE = 1_000_000
"""How many draws times agents are solved side by side, so that memory stays small."""


class Shares(NamedTuple):
    """Shares of classes, one row for each draw.

    shares: [draws, classes]. log_likelihood: [draws]. gap: [draws], how far the mean log likelihood of an agent is
    below its top, at most; NaN in all three where a draw has no agent.
    """

    shares: Floats
    log_likelihood: Floats
    gap: Floats


def shares_of(log_likelihoods: ArrayLike, weights: ArrayLike, gap: float = GAP) -> Shares:
    """The likeliest shares of classes. log_likelihoods: [agents, classes]. weights: [draws, agents]."""
    from scipy.sparse import csr_array

    logs, counted = np.asarray(log_likelihoods, dtype=float), np.atleast_2d(np.asarray(weights, dtype=float))
    tops = logs.max(axis=1)
    alike, inverse = np.unique(logs - tops[:, None], axis=0, return_inverse=True)
    agents = np.arange(len(logs))
    gathered = csr_array((np.ones(len(logs)), (inverse.reshape(-1), agents)), shape=(len(alike), len(logs)))
    found = Shares(np.full((len(counted), logs.shape[1]), np.nan), *np.full((2, len(counted)), np.nan))
    some = np.flatnonzero(counted.sum(axis=1) > 0)
    at_once = max(1, CELLS_AT_ONCE // len(alike))
    for draws in np.split(some, range(at_once, len(some), at_once)):
        totals = counted[draws].sum(axis=1)
        masses = np.ascontiguousarray((gathered @ counted[draws].T).T) / totals[:, None]
        found.shares[draws], means, found.gap[draws] = _solved(np.exp(alike), masses, gap)
        found.log_likelihood[draws] = means * totals + counted[draws] @ tops
    return found


def posteriors(log_likelihoods: Floats, shares: Floats) -> Floats:
    """How likely each agent is of each class: [agents, classes]."""
    with np.errstate(divide="ignore"):
        joint = log_likelihoods + np.log(shares)
    joint -= joint.max(axis=1, keepdims=True)
    weighed = np.exp(joint)
    return np.asarray(weighed / weighed.sum(axis=1, keepdims=True))


def mixed(log_likelihoods: Floats, shares: Floats) -> Floats:
    """The log likelihood of each agent under the mixture: [agents]."""
    tops = log_likelihoods.max(axis=1)
    return np.asarray(tops + np.log(np.exp(log_likelihoods - tops[:, None]) @ shares))


def total_variation(first: Floats, second: Floats) -> Floats:
    """Half the sum of absolute differences of shares: [draws], between 0 (the same) and 1 (nothing in common)."""
    return np.asarray(np.abs(first - second).sum(axis=-1) / 2)


def _solved(likelihood: Floats, masses: Floats, gap: float) -> tuple[Floats, Floats, Floats]:
    """Shares, mean log likelihoods and gaps; draws that have arrived are put aside."""
    n_draws, n_classes = len(masses), likelihood.shape[1]
    shares = np.full((n_draws, n_classes), 1 / n_classes)
    means, left = np.empty(n_draws), np.empty(n_draws)
    going = np.arange(n_draws)
    for step in range(STEPS + 1):
        now = shares[going]
        gains, means[going] = _gains(likelihood, masses[going], now)
        left[going] = gains.max(axis=1) - 1
        stay = left[going] > gap
        going, now, gains = going[stay], now[stay], gains[stay]
        if not len(going) or step == STEPS:
            break
        shares[going] = _lengthened(likelihood, masses[going], now, gains)
    return shares, means, left


def _gains(likelihood: Floats, masses: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """g of the first-order condition [draws, classes], and the mean log likelihood [draws]."""
    mixture = shares @ likelihood.T
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(masses > 0, masses / mixture, 0)
        logs = np.where(masses > 0, np.log(mixture), 0)
    return ratio @ likelihood, (masses * logs).sum(axis=1)


def _lengthened(likelihood: Floats, masses: Floats, shares: Floats, gains: Floats) -> Floats:
    """Two EM steps, and a leap along them where that stays inside and is no worse."""
    once = shares * gains
    again, height = _gains(likelihood, masses, once)
    twice = once * again
    first, bend = once - shares, twice - 2 * once + shares
    curved = np.linalg.norm(bend, axis=1)
    length = np.linalg.norm(first, axis=1) / np.where(curved > 0, curved, 1)
    length = np.maximum(np.where(curved > 0, length, 1.0), 1.0)[:, None]
    leap = shares + 2 * length * first + length**2 * bend
    inside = leap.min(axis=1) > 0
    leap = np.where(inside[:, None], leap, twice)
    leap /= leap.sum(axis=1, keepdims=True)
    better = _gains(likelihood, masses, leap)[1] >= height
    return np.asarray(np.where((inside & better)[:, None], leap, twice))
