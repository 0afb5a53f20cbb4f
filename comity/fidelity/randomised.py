"""Is a candidate another kind of session? Sessions are dealt anew into candidates and people, and measured again.

With fewer than ten sessions no error bar of a coefficient is to be believed. But if a candidate's runs were sessions of
people, any of the sessions could as well have been the candidate's. So what was measured is held against all the ways
to deal them (Fisher 1935; with many, a random part of the ways). The p-value is exact with any number of sessions, and
it says of itself how small it could have become.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from comity.fidelity.observations import FidelityError, Floats, Observations, Weighted, pooled
from comity.fidelity.statistic import Measure

DEALS = 1_000


@dataclass(frozen=True, eq=False)
class Dealt:
    """A statistic against sessions dealt anew.

    value: as the sessions are. null: [deals]. p: the share of deals whose value is at least as large in size; of random
    deals, with the one that was seen counted among them. least: the smallest p that so many sessions can give.
    """

    value: float
    null: Floats
    p: float
    least: float


def dealt_anew(
    of: Measure, candidate: Observations, human: Observations, rng: np.random.Generator, deals: int = DEALS
) -> Dealt:
    """The randomisation test of a statistic, signed or a distance, over sessions.

    of: as in `Statistic`. deals: if there are no more ways than this, all of them, else so many random ones. Deals in
    which the statistic is not known count as far as any. Raises `FidelityError` where it is not known of the sessions
    as they are, or all that there is are two sessions.
    """
    both = pooled([candidate, human])
    mine, sessions = len(candidate.sessions), len(both.sessions)
    if sessions < 3:
        raise FidelityError(
            f"{candidate.population} and {human.population} have one session each, which cannot be dealt anew"
        )
    ways = math.comb(sessions, mine)
    hands = _all_hands(sessions, mine) if ways <= deals else _some_hands(sessions, mine, deals, rng)
    hands = np.vstack([np.arange(sessions) < mine, hands])
    weights = hands[:, both.session_of].astype(float)
    found = np.abs(of(Weighted(both, weights), Weighted(both, 1 - weights)))
    if np.isnan(found[0]):
        raise FidelityError(f"the statistic is not known of {candidate.population} and {human.population}")
    value, null = float(found[0]), found[1:]
    far = np.count_nonzero(~(null < value - 1e-9 * abs(value)))
    p, least = (far / ways, 1 / ways) if ways <= deals else ((far + 1) / (deals + 1), 1 / (deals + 1))
    return Dealt(value, null, float(p), least)


def _all_hands(sessions: int, mine: int) -> NDArray[np.bool_]:
    ways = list(combinations(range(sessions), mine))
    hands = np.zeros((len(ways), sessions), dtype=bool)
    hands[np.arange(len(ways))[:, None], np.array(ways)] = True
    return hands


def _some_hands(sessions: int, mine: int, deals: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    return np.asarray(rng.random((deals, sessions)).argsort(axis=1).argsort(axis=1) < mine)
