"""How far judges agree, beyond what chance alone would do.

All statistics here are functions of sums over units (the things that were rated). So they are resampled by resampling
what was independently drawn, the matches, with all their units, and what the raters of a unit said stays together.

Ratings are arrays [units, raters] of codes 0, 1, ...; NaN where a rater said nothing. With two codes, 1 and 0, they say
whether a label was given.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, hstack

from comity.stats.bootstrap import NUMBER, part_of, weights
from comity.stats.estimate import LEVEL, combined

Formula: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]

UNDEFINED = 0.05
"""Where more of the resamples have no value (nobody gives a rare label in them), there is no interval."""
CHUNK = 100
"""So many resamples are held at once."""


class Agreement(NamedTuple):
    """A coefficient with its interval; NaN where there is none. units: on how many it rests. clusters: in so many."""

    value: float
    low: float
    high: float
    units: int
    clusters: int


@dataclass(frozen=True)
class Statistic:
    """A function of sums over units.

    columns: [units, k], what each unit adds. formula: from sums [..., k] to values [...]. counts: [units], whether a
    unit adds anything at all. least: the least that it can be.
    """

    columns: Any
    formula: Formula
    counts: NDArray[np.bool_]
    least: float = -1.0

    @property
    def value(self) -> float:
        """NaN where it is not defined, such as where all ratings are the same."""
        return float(self.formula(np.asarray(self.columns.sum(axis=0), dtype=float)[None])[0])

    def estimated(
        self, clusters: ArrayLike, rng: np.random.Generator, number: int = NUMBER, level: float = LEVEL
    ) -> Agreement:
        """The value with an interval from resampling clusters; see `Resampled`."""
        return Resampled(clusters, rng, number).estimated(self, level)


class Resampled:
    """Clusters of units drawn again and again, once for however many statistics of the same units.

    clusters: [units], what each unit was drawn with; they are resampled with all their units.
    """

    def __init__(self, clusters: ArrayLike, rng: np.random.Generator, number: int = NUMBER) -> None:
        distinct, self._codes = np.unique(np.asarray(clusters), return_inverse=True)
        self._size, each = len(distinct), np.arange(len(distinct))
        chunks = math.ceil(number / CHUNK) if self._size else 0
        self._drawn = [weights([each], rng, CHUNK).astype(np.uint16) for _ in range(chunks)]

    def estimated(self, statistic: Statistic, level: float = LEVEL) -> Agreement:
        """The value of a statistic of these units, with its interval."""
        held = np.flatnonzero(statistic.counts)
        if not held.size:
            return Agreement(math.nan, math.nan, math.nan, 0, 0)
        places = csr_array((np.ones(held.size), (self._codes[held], held)), shape=(self._size, len(self._codes)))
        totals, value = places @ statistic.columns, statistic.value
        drawn = np.concatenate([statistic.formula(chunk.astype(float) @ totals) for chunk in self._drawn])
        told = len(np.unique(self._codes[held]))
        return Agreement(value, *_ends(drawn, value, told, level, statistic.least), held.size, told)


def _ends(drawn: NDArray[np.float64], value: float, clusters: int, level: float, least: float) -> tuple[float, float]:
    """Student's interval, from the variance of the resamples: with few matches it holds more often than percentiles."""
    known = drawn[~np.isnan(drawn)]
    if math.isnan(value) or clusters < 2 or known.size < (1 - UNDEFINED) * drawn.size:
        return math.nan, math.nan
    estimate = combined([part_of(known, value, clusters)], [1.0], level)
    return max(estimate.low, least), min(estimate.high, 1.0)


def percent(ratings: ArrayLike) -> Statistic:
    """The share of pairs of raters that agree, over the units with two ratings or more, each unit weighing the same."""
    counts, raters = _counts(ratings)
    several = raters > 1
    pairs = _ratio((counts * (counts - 1)).sum(axis=1), raters * (raters - 1))
    columns = np.column_stack([np.where(several, pairs, 0), several])
    return Statistic(columns, lambda sums: _ratio(sums[..., 0], sums[..., 1]), several, 0.0)


def cohen(ratings: ArrayLike) -> Statistic:
    """Cohen's kappa of two raters, over the units that both rated; chance is each rater's own frequencies.

    Raises `ValueError` unless there are two raters. Source: Cohen (1960).
    """
    codes = np.asarray(ratings, dtype=float)
    if codes.ndim != 2 or codes.shape[1] != 2:
        raise ValueError(f"Cohen's kappa needs two raters; found ratings of the shape {codes.shape}")
    both = ~np.isnan(codes).any(axis=1)
    size = _size(codes)
    columns = np.zeros((len(codes), size * size))
    pairs = codes[both].astype(int)
    columns[np.flatnonzero(both), pairs[:, 0] * size + pairs[:, 1]] = 1

    def formula(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        joint = sums.reshape(*sums.shape[:-1], size, size)
        total = joint.sum(axis=(-2, -1))
        observed = _ratio(np.trace(joint, axis1=-2, axis2=-1), total)
        expected = _ratio((joint.sum(axis=-1) * joint.sum(axis=-2)).sum(axis=-1), total**2)
        return _ratio(observed - expected, 1 - expected)

    return Statistic(columns, formula, both)


def fleiss(ratings: ArrayLike) -> Statistic:
    """Fleiss' kappa, over the units that every rater rated; chance is the frequencies of all raters together.

    Raises `ValueError` where there are less than two raters. Source: Fleiss (1971).
    """
    codes = np.asarray(ratings, dtype=float)
    if codes.ndim != 2 or codes.shape[1] < 2:
        raise ValueError(f"Fleiss' kappa needs two raters or more; found ratings of the shape {codes.shape}")
    counts, raters = _counts(codes)
    whole, n = raters == codes.shape[1], codes.shape[1]
    agreeing = (counts * (counts - 1)).sum(axis=1) / (n * (n - 1))
    columns = np.column_stack([agreeing, counts, np.ones(len(codes))]) * whole[:, None]

    def formula(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        units = sums[..., -1]
        observed = _ratio(sums[..., 0], units)
        expected = (_ratio(sums[..., 1:-1], n * units[..., None]) ** 2).sum(axis=-1)
        return _ratio(observed - expected, 1 - expected)

    return Statistic(columns, formula, whole)


def krippendorff(ratings: ArrayLike, distance: NDArray[np.float64] | None = None) -> Statistic:
    """Krippendorff's alpha, over the units with two ratings or more, however many and whoever gave them.

    distance: [code, code], how much two ratings disagree, 0 on the diagonal; by default 1 for any two that differ
    (nominal data). 1 is perfect agreement, 0 what ratings dealt out by chance would do. Source: Krippendorff (2004).
    """
    codes = np.asarray(ratings, dtype=float)
    said, size = ~np.isnan(codes), _size(codes)
    apart = 1 - np.eye(size) if distance is None else distance
    raters = said.sum(axis=1)
    several = raters > 1
    kept = said & several[:, None]
    observed = _disagreements(np.where(said, codes, 0).astype(int), said, apart) / np.maximum(raters - 1, 1)
    units, given = np.nonzero(kept)[0], codes[kept].astype(int)
    counts = csr_array((np.ones(units.size), (units, given)), shape=(len(codes), size))
    columns = hstack([csr_array(observed[:, None]), counts], format="csr")

    def formula(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        values = sums[..., 1:]
        total = values.sum(axis=-1)
        expected = _ratio(((values @ apart) * values).sum(axis=-1), total - 1)
        return 1 - _ratio(sums[..., 0], expected)

    return Statistic(columns, formula, several)


def _disagreements(codes: NDArray[np.intp], said: NDArray[np.bool_], apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distances of all ordered pairs of ratings of each unit, added up: [units]."""
    found = np.zeros(len(codes))
    for one, other in combinations(range(codes.shape[1]), 2):
        both = said[:, one] & said[:, other]
        found[both] += 2 * apart[codes[both, one], codes[both, other]]
    return found


def masi(marks: ArrayLike) -> Statistic:
    """Krippendorff's alpha of whole sets of labels, with the distance of `masi_distance`.

    marks: [units, raters, labels], 1 where a rater gave a label, else 0; NaN where it said nothing.
    """
    given = np.asarray(marks, dtype=float)
    units, raters, labels = given.shape
    flat = given.reshape(-1, labels)
    said = ~np.isnan(flat).any(axis=1)
    sets, codes = np.unique(flat[said].astype(bool), axis=0, return_inverse=True)
    ratings = np.full(units * raters, np.nan)
    ratings[said] = codes.ravel()
    return krippendorff(ratings.reshape(units, raters), masi_distance(sets) if len(sets) else np.zeros((1, 1)))


def masi_distance(sets: ArrayLike) -> NDArray[np.float64]:
    """How far sets of labels are apart: [set, set], from 0 to 1.

    sets: [set, label], what is in each. 1 - J M, where J is the share of common labels among all of both, and M is 1
    for equal sets, 2/3 where one is a part of the other, 1/3 where they overlap otherwise, and 0 where nothing is
    common. Source: Passonneau (2006).
    """
    held = np.asarray(sets, dtype=float)
    common, size = held @ held.T, held.sum(axis=1)
    either = size[:, None] + size[None] - common
    jaccard = np.where(either > 0, common / np.maximum(either, 1), 1.0)
    least, most = np.minimum(size[:, None], size[None]), np.maximum(size[:, None], size[None])
    kind = np.select([common == most, common == least, common > 0], [1.0, 2 / 3, 1 / 3], 0.0)
    return np.asarray(1 - jaccard * kind)


def _counts(ratings: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many raters gave each code to each unit [units, codes], and how many gave any [units]."""
    codes = np.asarray(ratings, dtype=float)
    said = ~np.isnan(codes)
    units, _ = np.nonzero(said)
    counts = np.zeros((len(codes), _size(codes)))
    np.add.at(counts, (units, codes[said].astype(int)), 1)
    return counts, counts.sum(axis=1)


def _size(codes: NDArray[np.float64]) -> int:
    return int(np.nanmax(codes)) + 1 if not np.isnan(codes).all() else 1


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """NaN where nothing is to be divided by; a denominator that is zero but for rounding is zero."""
    above, below = np.broadcast_arrays(np.asarray(above, dtype=float), np.asarray(below, dtype=float))
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=np.abs(below) > 1e-12))
