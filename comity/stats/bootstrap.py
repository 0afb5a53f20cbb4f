"""The bootstrap: what a number would have been, had what was independently drawn been drawn again.

Replicates, proposals and matches are drawn. Rounds are not: a round follows from the rounds before it, and rounds of
one match, resampled one by one, would pass for that many matches. So nothing here takes a round for a unit; whoever has
rounds adds them up to matches first.

A unit that was resampled k times weighs k. So a bootstrap is a table of weights [number, units], and any mean is a
ratio of two weighted sums.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from comity.stats.estimate import LEVEL, Part

NUMBER = 1_000
"""How many times everything is drawn again, unless said."""


def weights(levels: Sequence[ArrayLike], rng: np.random.Generator, number: int = NUMBER) -> NDArray[np.float64]:
    """How often each unit comes up when every level is resampled: [number, units].

    levels: one or more arrays [units] of codes, each saying which replicate (or proposal, or match) a unit belongs to.
    At each level its different codes are resampled with replacement, as many as there are, by one multinomial draw; a
    unit weighs the product over the levels. For crossed levels this is the pigeonhole bootstrap of Owen (2007). With
    several levels it rather overstates the variance than understates it, since what varies at an inner level is counted
    at the outer ones too. Raises `ValueError` where there is no level, no unit, or levels are not of one length.
    """
    codes = [np.asarray(level) for level in levels]
    if not codes or codes[0].ndim != 1 or not codes[0].size or any(c.shape != codes[0].shape for c in codes):
        raise ValueError(f"a bootstrap needs levels of one code per unit; found {[c.shape for c in codes]}")
    drawn = np.ones((number, codes[0].size))
    for level in codes:
        distinct, place = np.unique(level, return_inverse=True)
        size = len(distinct)
        drawn *= rng.multinomial(size, np.full(size, 1 / size), size=number)[:, place]
    return drawn


def resampled_means(totals: ArrayLike, counts: ArrayLike, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """The means of each group in each resample: [number, groups]; NaN where a resample holds nothing of a group.

    totals, counts: [units, groups], the sum of a unit's values in a group and how many they are. drawn: `weights`.
    """
    sums, sizes = drawn @ np.asarray(totals, dtype=float), drawn @ np.asarray(counts, dtype=float)
    return np.asarray(np.divide(sums, sizes, out=np.full(sums.shape, np.nan), where=sizes > 0))


def part_of(draws: ArrayLike, value: float, clusters: int) -> Part:
    """A number with the variance that its resamples show, as a part of sums of means.

    draws: [number]; NaN is left out. clusters: n, how many were resampled at the outermost level. Resampling n things
    shows (n - 1) / n of the variance, which is put right; n - 1 degrees of freedom are left. With one cluster, or less
    than two draws, the variance is NaN.
    """
    values = np.asarray(draws, dtype=float)
    values = values[~np.isnan(values)]
    if clusters < 2 or values.size < 2:
        return Part(value, float("nan"), 0.0)
    return Part(value, float(values.var(ddof=1)) * clusters / (clusters - 1), clusters - 1.0)


def interval(draws: ArrayLike, level: float = LEVEL) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The percentile intervals of resamples [number, groups]: (low [groups], high [groups]). NaN where a draw is NaN.

    They are too short where few clusters were resampled; with less than some thirty, take `part_of`.
    """
    low, high = np.quantile(np.asarray(draws, dtype=float), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.asarray(low), np.asarray(high)


def draw_means(
    values: ArrayLike, groups: ArrayLike, rng: np.random.Generator, number: int = NUMBER
) -> NDArray[np.float64]:
    """Resampled means of independent values: [number, groups].

    values: [draws]. groups: [draws], codes 0, 1, ...; each group is resampled on its own. Values that are equal are
    counted and resampled together, by one multinomial draw of the counts; this is exact, and fast where few values
    differ. NaN where a group is empty. Raises `ValueError` as `group_totals`.
    """
    paid, codes, n_groups = _grouped(values, groups)
    distinct, place = np.unique(paid, return_inverse=True)
    counts = np.bincount(codes * len(distinct) + place, minlength=n_groups * len(distinct))
    means = np.full((number, n_groups), np.nan)
    for group, row in enumerate(counts.reshape(n_groups, -1)):
        held = np.flatnonzero(row)
        if size := int(row.sum()):
            means[:, group] = rng.multinomial(size, row[held] / size, size=number) @ distinct[held] / size
    return means


def group_totals(
    values: ArrayLike, groups: ArrayLike, clusters: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """The values of each cluster in each group, added up: (totals [units], counts [units], groups [units]).

    values, groups, clusters: [draws], the latter two as codes 0, 1, ... A unit is a cluster in a group where it has
    values; units come in the order of groups. Raises `ValueError` where the arrays differ in length, hold nothing, or a
    code is negative.
    """
    paid, codes, _ = _grouped(values, groups)
    matches = np.asarray(clusters, dtype=np.intp)
    if matches.shape != codes.shape or matches.min() < 0:
        raise ValueError("clusters need one code, 0 or more, per value")
    span = int(matches.max()) + 1
    units, place, counts = np.unique(codes * span + matches, return_inverse=True, return_counts=True)
    totals = np.asarray(np.bincount(place, paid), dtype=float)
    return totals, counts.astype(float), np.asarray(units // span, dtype=np.intp)


def cluster_means(
    totals: ArrayLike, counts: ArrayLike, groups: ArrayLike, rng: np.random.Generator, number: int = NUMBER
) -> NDArray[np.float64]:
    """Resampled means where whole clusters are resampled, each group's on their own: [number, groups].

    totals: [units], or [units, metrics] for several metrics of the same resamples, then [number, groups, metrics].
    counts, groups: [units], as `group_totals` gives them. NaN where a group has no unit.
    """
    sums, sizes, codes = np.asarray(totals, dtype=float), np.asarray(counts, dtype=float), np.asarray(groups)
    columns = np.column_stack([sizes, sums]).T
    order = np.argsort(codes, kind="stable")
    ends = np.bincount(codes).cumsum()
    means = np.full((number, len(ends), len(columns) - 1), np.nan)
    for group, units in enumerate(np.split(order, ends[:-1])):
        if len(units):
            means[:, group] = _resampled(columns[:, units], rng, number)
    return means if sums.ndim > 1 else means[..., 0]


def _resampled(columns: NDArray[np.float64], rng: np.random.Generator, number: int) -> NDArray[np.float64]:
    """The ratios of resampled sums, of all rows but the first to the first: [number, rows - 1]."""
    size = columns.shape[1]
    kind = np.uint16 if size <= np.iinfo(np.uint16).max else np.int64  # short draws are fast draws
    drawn = rng.integers(0, size, (number, size), dtype=kind)
    sums = np.stack([row.take(drawn).sum(axis=1) for row in columns], axis=1)
    return np.asarray(sums[:, 1:] / sums[:, :1])


def _grouped(values: ArrayLike, groups: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.intp], int]:
    paid, codes = np.asarray(values, dtype=float), np.asarray(groups, dtype=np.intp)
    if paid.ndim != 1 or paid.shape != codes.shape or not paid.size or codes.min() < 0:
        raise ValueError("groups need one code, 0 or more, per value, and there must be some value")
    return paid, codes, int(codes.max()) + 1
