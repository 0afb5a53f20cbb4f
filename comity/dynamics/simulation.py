"""Finite populations, simulated: any number of types, any mutation, any number of seats, many populations at once.

Most updates change nothing: two players of one type meet, or the better one stays what it is. So what is drawn is how
many updates pass until one changes something, which is geometric, and then which change it is. The law is that of the
process, exactly; only the updates that would have changed nothing are not played.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from comity.dynamics.finite import Process, mixed_payoffs
from comity.dynamics.payoffs import Array, as_payoffs

_DONE = 0.2
"""So large a part of the populations has to be done before the others are gathered, which takes time too."""


@dataclass(frozen=True)
class Simulated:
    """Where populations are after so many updates, and where they were on the way.

    counts: [..., type], the players of each type at the end, in the shape of the starts. shares: [..., type], the share
    of each type, on average over the population as it was before each of the updates.
    """

    counts: NDArray[np.int64]
    shares: Array


def simulate(
    payoffs: ArrayLike,
    starts: ArrayLike,
    updates: int,
    process: Process,
    mutation: float,
    rng: np.random.Generator,
) -> Simulated:
    """Populations under a process for so many updates.

    payoffs: [type, ...], one axis per seat; a player is paid the mean over co-players drawn without return. starts:
    [..., type], how many players there are of each type, equally many in each population. Start again from the counts
    of a first call to leave out how a population settles. Without mutation a population of one type does not change
    any more and costs nothing, so fixation can be waited for with a large number of updates.

    Raises `ValueError` where starts are not such counts, there are fewer players than seats or than two, mutation is
    no probability, or updates is below 1. Source: Bortz, Kalos and Lebowitz (1975) for skipping what changes
    nothing.
    """
    tensor = as_payoffs(payoffs)
    counts = _as_counts(starts, tensor)
    if not 0 <= mutation <= 1 or updates < 1:
        raise ValueError(f"it takes a mutation in [0, 1] and an update or more; found {mutation} and {updates}")
    rows = counts.reshape(-1, len(tensor))
    ends, seen = rows.copy(), np.zeros(rows.shape)
    for places, now, sums in _batches(tensor, rows.T.astype(float), updates, process, mutation, rng):
        ends[places], seen[places] = now.T, sums.T
    shares = seen / np.maximum(1, seen.sum(-1, keepdims=True))
    return Simulated(ends.reshape(counts.shape), shares.reshape(counts.shape))


def _batches(
    payoffs: Array, now: Array, updates: int, process: Process, mutation: float, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.intp], Array, Array]]:
    """Follow the counts [type, population]; those that are done come out together: which, their counts, and their sums.

    Who is done has no updates left, so nothing changes it while it waits for the others to leave with it.
    """
    places, left, sums = np.arange(now.shape[1]), np.full(now.shape[1], float(updates)), np.zeros(now.shape)
    while places.size:
        change = process.change(now, mixed_payoffs(payoffs, now), mutation, rng)
        wait = _wait(change.chance, rng)
        changed = np.flatnonzero(wait <= left)
        sums += now * np.minimum(wait, left)
        left = np.maximum(left - wait, 0)
        now[change.lost[changed], changed] -= 1
        now[change.won[changed], changed] += 1
        done = left == 0
        if np.count_nonzero(done) >= _DONE * len(done):
            yield places[done], now[:, done], sums[:, done]
            places, left, now, sums = places[~done], left[~done], now[:, ~done], sums[:, ~done]


def _as_counts(starts: ArrayLike, payoffs: Array) -> NDArray[np.int64]:
    found = np.asarray(starts)
    types, least = len(payoffs), max(payoffs.ndim, 2)
    if not found.ndim or found.shape[-1] != types or not np.issubdtype(found.dtype, np.integer) or (found < 0).any():
        raise ValueError(f"starts need whole numbers of players along a last axis of length {types}, one for each type")
    sizes = np.unique(found.sum(-1))
    if len(sizes) > 1 or (sizes < least).any():
        raise ValueError(f"populations must be equally large and have at least {least} players; found {sizes.tolist()}")
    return found.astype(np.int64)


def _wait(chance: Array, rng: np.random.Generator) -> Array:
    """How many updates pass until one changes something, that one included; infinite where none can."""
    with np.errstate(divide="ignore"):
        rate = -np.log1p(-np.minimum(chance, 1))
        return np.asarray(np.maximum(np.ceil(rng.standard_exponential(len(chance)) / rate), 1))
