"""What a ranking may say: the ranks that an item can have, and the groups that cannot be told apart.

A podium says more than the data where places are held by chance. What the data say is which item is separably better
than which; ranks follow from that and from nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST = 1_000
"""So many groups are listed in full; nobody reads more."""


def rank_sets(above: ArrayLike) -> list[tuple[int, int]]:
    """The best and the worst rank that each item can have; rank 1 is the best.

    above: [item, item], true where the first is separably better than the second. The rank of i lies between
    1 + how many are above i and n - how many are below i. Where all separations hold at once with probability 0.95, so
    do all rank sets. Source: Mogstad, Romano, Shaikh and Wilhelm (2024). Raises `ValueError` where `above` is not a
    square or holds of a pair both ways.
    """
    separated = _separations(above)
    n = len(separated)
    best, worst = 1 + separated.sum(axis=0), n - separated.sum(axis=1)
    return list(zip(best.tolist(), worst.tolist(), strict=True))


def inseparable(above: ArrayLike) -> tuple[tuple[int, ...], ...]:
    """The groups of items of which no two are separated and to which none can be added, as items counted from 0.

    above: [item, item], true where the first is separably better than the second. Every item is in a group, and two
    items share one exactly if they are not separated: the letters behind the means in a table, Piepho (2004). Groups
    and their items come in the order of the items. There may be exponentially many groups; beyond `MOST` no
    more are listed than it takes to put every two that are not separated into one of them. Raises `ValueError` as
    `rank_sets`.
    """
    separated = _separations(above)
    n = len(separated)
    linked = ~(separated | separated.T) & ~np.eye(n, dtype=bool)
    near = [sum(1 << int(j) for j in np.flatnonzero(row)) for row in linked]
    groups = list(islice(_maximal(near, 0, (1 << n) - 1, 0), MOST + 1)) if n else []
    if len(groups) > MOST:
        groups = list(_enough(near))
    return tuple(sorted(tuple(_members(group)) for group in groups))


def _separations(above: ArrayLike) -> NDArray[np.bool_]:
    separated = np.asarray(above, dtype=bool)
    if separated.ndim != 2 or separated.shape[0] != separated.shape[1]:
        raise ValueError(f"separations need one row and one column per item; found the shape {separated.shape}")
    if (separated & separated.T).any():
        raise ValueError("of two items one at most is above the other")
    return separated


def _maximal(near: list[int], group: int, candidates: int, passed: int) -> Iterator[int]:
    """Maximal groups of `group` and candidates that nothing passed could join, as bits; Bron and Kerbosch (1973)."""
    if not candidates:
        if not passed:
            yield group
        return
    pivot = max(_members(candidates | passed), key=lambda item: (near[item] & candidates).bit_count())
    for item in _members(candidates & ~near[pivot]):
        yield from _maximal(near, group | 1 << item, candidates & near[item], passed & near[item])
        candidates &= ~(1 << item)
        passed |= 1 << item


def _enough(near: list[int]) -> Iterator[int]:
    """Maximal groups such that every two near items, and every item, are in one of them."""
    covered = [0] * len(near)
    pairs = ((i, j) for i, j in combinations(range(len(near)), 2) if near[i] >> j & 1)
    for i, j in [*pairs, *((i, i) for i in range(len(near)) if not near[i])]:
        if not covered[i] >> j & 1:
            group = _grown(near, i, j)
            for item in _members(group):
                covered[item] |= group
            yield group


def _grown(near: list[int], i: int, j: int) -> int:
    """A maximal group around two items."""
    group, candidates = 1 << i | 1 << j, near[i] & near[j]
    while candidates:
        item = next(_members(candidates))
        group |= 1 << item
        candidates &= near[item]
    return group


def _members(group: int) -> Iterator[int]:
    while group:
        yield (group & -group).bit_length() - 1
        group &= group - 1
