"""What an agent had before it when it chose, counted in cells that are declared before any data are seen.

A context is the own last action z and the share m of neighbours who cooperated in the round before. Shares fall into
five cells: none, up to a third, in between, two thirds or more, all. With one to four neighbours every possible share
has a cell of its own (on a square lattice 0, 1/4, 1/2, 3/4, 1); with more, cells hold several, and exchanging
cooperation for defection turns cells into cells.

Rounds two to five stand alone, later ones in blocks of five: where counts are taken for many draws at once, a few
hundred cells hold what matters. The first round of a stretch has no context.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from comity.fidelity.observations import Codes, Floats, Observations, lagged

SHARES = ("none", "up to a third", "in between", "two thirds or more", "all")
"""The cells of the share of neighbours who cooperated."""

N_SHARES = len(SHARES)
N_CONTEXTS = 2 * N_SHARES
"""Own last action by share: first those after defection, then those after cooperation."""

EARLY = 5
"""Rounds before this one, counted from 0, are the first rounds, in which cooperation falls fastest."""
BLOCK = 5
"""So many later rounds are counted together."""
BANDS = (EARLY, 2 * EARLY, 5 * EARLY)
"""Where bands of rounds end that only tell early from late: 1-4, 5-9, 10-24, from 25 on."""
FEW = 10
"""With fewer sessions than this, whatever needs independent draws takes units instead, and claims less."""
FOLDS = 10
"""At most so many parts are held out in turn."""

_ROUNDING = 1e-9
_EDGES = (_ROUNDING, 1 / 3 + _ROUNDING, 2 / 3 - _ROUNDING, 1 - _ROUNDING)


def share_cells(neighbours: ArrayLike) -> Codes:
    """The cell of each share, 0 to 4; -1 where it is not known."""
    shares = np.asarray(neighbours, dtype=float)
    return np.where(np.isnan(shares), -1, np.digitize(shares, _EDGES)).astype(np.intp)


def context_cells(observed: Observations) -> Codes:
    """[rows]: z * 5 + the cell of m; -1 where either is not known."""
    shares = share_cells(observed.neighbours)
    there = ~np.isnan(observed.own) & (shares >= 0)
    codes = np.full(len(shares), -1, dtype=np.intp)
    codes[there] = observed.own[there].astype(np.intp) * N_SHARES + shares[there]
    return codes


def before_last(observed: Observations) -> Floats:
    """[rows]: the own action two rounds before; NaN where there is none."""
    return lagged(observed.agent, observed.stretch, observed.round, observed.own)


def round_blocks(rounds: ArrayLike) -> Codes:
    """The block of each round from the second on (1 in the count from 0); -1 for the first."""
    counted = np.asarray(rounds, dtype=np.intp)
    return np.asarray(np.where(counted < EARLY, counted - 1, EARLY - 1 + (counted - EARLY) // BLOCK), dtype=np.intp)


def block_rounds(blocks: ArrayLike) -> Floats:
    """The round, counted from 0, that stands for each block: its middle."""
    codes = np.asarray(blocks, dtype=float)
    later = EARLY + (codes - (EARLY - 1)) * BLOCK + (BLOCK - 1) / 2
    return np.where(codes < EARLY - 1, codes + 1, later)


def round_bands(rounds: ArrayLike) -> Codes:
    """The band of each round, 0 to 3; see `BANDS`."""
    return np.asarray(np.digitize(np.asarray(rounds), BANDS), dtype=np.intp)


def sums_of(observed: Observations, codes: ArrayLike, n: int, values: ArrayLike | None = None) -> Floats:
    """Sums of values (or counts, without any) over the rows of each agent, by code: [agents, n].

    codes: [rows], which of n kinds of row it is; negative for rows that do not count. Unlike `Observations.tally` it
    does not ask whether there was an action.
    """
    kinds = np.asarray(codes)
    counts = kinds >= 0
    weights = None if values is None else np.asarray(values, dtype=float)[counts]
    place = observed.agent[counts] * n + kinds[counts]
    summed = np.bincount(place, weights, minlength=observed.n_agents * n)
    return summed.reshape(observed.n_agents, n).astype(float)


def clusters_of(observed: Observations) -> Codes:
    """[agents]: what is drawn independently: sessions where there are at least `FEW`, else units, else agents.

    Units and agents of one session depend on each other, so errors from them are a lower bound.
    """
    for codes in (observed.session_of, observed.unit_of):
        found, numbered = np.unique(codes, return_inverse=True)
        if len(found) >= FEW:
            return numbered.astype(np.intp)
    return np.arange(observed.n_agents, dtype=np.intp)


def folds_of(observed: Observations, folds: int = FOLDS) -> Codes:
    """[agents]: the part in which each agent is held out: sessions go together, with one session units do.

    Parts are fixed, so that an agent drawn twice never stands on both sides.
    """
    whole = observed.session_of if len(observed.sessions) > 1 else observed.unit_of
    numbered = np.unique(whole, return_inverse=True)[1]
    return (numbered % folds).astype(np.intp)
