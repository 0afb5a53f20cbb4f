"""How often each label is given: over all reasons, and over cells that count the same.

Where one cell has most of the reasons, what is pooled mostly tells of that cell; so both are told, side by side. The
draws are matches: the reasons of a match follow from each other, and adding more of them to a match adds no draw. All
errors are those of sums over matches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc

from comity.judge.marks import Marks
from comity.stats.estimate import Estimate, Part, combined
from comity.stats.multiplicity import benjamini_hochberg

UNTESTED = math.nan


def shares(
    present: ArrayLike,
    cells: ArrayLike,
    strata: ArrayLike,
    matches: ArrayLike,
    *,
    equal: bool,
    least: float = 0.0,
) -> tuple[Estimate, ...]:
    """The share of reasons with each label, and its interval.

    present: [reasons, labels], 0 to 1. cells: [reasons]; what counts the same if `equal`, else every reason does.
    strata: [reasons], where matches are alike; a cell lies in one stratum, a match too. matches: [reasons].

    The error: how far a match moves the share is the sum over its reasons of (mark - mean of its cell) times the weight
    of a reason; with G matches in a stratum, the variance is G / (G - 1) times the sum of squares, with G - 1 degrees
    of freedom, and strata add as in `comity.stats.estimate.combined`. It is no less than that of half an occurrence
    more in one more match: where a label was never seen, it is not therefore impossible. A stratum with one match tells
    no variance, so that there is no interval. Intervals end at `least` (-1 for differences of marks) and at 1. Raises
    `ValueError` where there is no reason.
    """
    marks = np.asarray(present, dtype=float)
    if not len(marks):
        raise ValueError("a share needs at least one reason")
    codes, strata_of = _codes(cells), _codes(strata)
    sizes = np.bincount(codes).astype(float)
    weights = np.full(sizes.size, 1 / sizes.size) if equal else sizes / sizes.sum()
    means = _sums(marks, codes) / sizes[:, None]
    moved = (marks - means[codes]) * (weights / sizes)[codes][:, None]
    held = np.zeros(sizes.size, dtype=np.intp)
    held[codes] = strata_of
    sums, weight = _sums(means * weights[:, None], held), _sums(weights[:, None], held)[:, 0]
    drawn = np.asarray(matches)
    parts = [
        _parts(moved[strata_of == place], drawn[strata_of == place], sums[place], float(weight[place]))
        for place in range(len(sums))
    ]
    return tuple(_clipped(combined(one, [1.0] * len(one)), least) for one in zip(*parts, strict=True))


def _parts(moved: NDArray[np.float64], matches: NDArray[Any], sums: NDArray[np.float64], weight: float) -> list[Part]:
    """What a stratum adds to the share of each label, with its variance."""
    codes = _codes(matches)
    n = int(codes.max()) + 1
    if n < 2:
        return [Part(float(value), math.nan, 0.0) for value in sums]
    variances = (_sums(moved, codes) ** 2).sum(axis=0) * n / (n - 1)
    rare = 1 / (2 * (n + 1))
    least = weight**2 * rare * (1 - rare) / n
    return [Part(float(v), max(float(s), least), n - 1.0, n) for v, s in zip(sums, variances, strict=True)]


def _clipped(found: Estimate, least: float) -> Estimate:
    return Estimate(found.value, found.error, found.freedom, *np.clip([found.low, found.high], least, 1).tolist())


def _codes(values: ArrayLike) -> NDArray[np.intp]:
    return np.asarray(np.unique(np.asarray(values), return_inverse=True)[1], dtype=np.intp)


def _sums(values: NDArray[np.float64], codes: NDArray[np.intp]) -> NDArray[np.float64]:
    """The rows of each code added up: [codes, columns]."""
    found = np.zeros((int(codes.max()) + 1, values.shape[1]))
    np.add.at(found, codes, values)
    return found


def of_marks(marks: Marks, *, equal: bool) -> tuple[Estimate, ...]:
    """`shares` of all reasons that were read."""
    read = marks.read
    return shares(read.presence, read.cells, read.strata, read.matches, equal=equal)


def by(marks: Marks, columns: Sequence[str], *, equal: bool = True) -> dict[tuple[str, ...], tuple[Estimate, ...]]:
    """`shares` of the reasons of each value of columns such as "mechanism" or "game", in the order of the reasons."""
    read = marks.read
    groups = read.reasons.groupby(list(columns), sort=False).ngroup().to_numpy()
    keys = read.reasons.drop_duplicates(list(columns))[list(columns)].itertuples(index=False, name=None)
    return {tuple(key): of_marks(read.where(groups == place), equal=equal) for place, key in enumerate(keys)}


class Difference(NamedTuple):
    """Whether mechanisms differ in how often a label is given.

    spread: the largest share of a mechanism less the smallest. f: Welch's statistic, with degrees of freedom `between`
    and `within`. p: its p-value; adjusted: after Benjamini and Hochberg, over all labels. v: Cramér's V of label and
    mechanism over all reasons, from 0 to 1, which is description and not evidence. NaN where it cannot be told.
    """

    label: str
    spread: float
    f: float
    between: float
    within: float
    p: float
    adjusted: float
    v: float


def differences(marks: Marks) -> tuple[Difference, ...]:
    """For each label, whether mechanisms differ, over the games and agents that all of them have, counting alike.

    The shares of mechanisms are independent, because no match is under two of them. Their errors are those of `shares`,
    and Welch's test for means with different variances (1951) compares them. Empty where there are not two mechanisms,
    or no game and agent that all of them have.
    """
    common = in_common(marks.read)
    if common is None:
        return ()
    by_mechanism = list(by(common, ["mechanism"]).values())
    of_labels = list(zip(*by_mechanism, strict=True))
    tests = [_welch(of_label) for of_label in of_labels]
    adjusted = benjamini_hochberg([test[-1] for test in tests])
    association = cramers_v(common.presence, common.reasons["mechanism"])
    return tuple(
        Difference(label, max(e.value for e in found) - min(e.value for e in found), *test, float(q), float(v))
        for label, found, test, q, v in zip(marks.names, of_labels, tests, adjusted, association, strict=True)
    )


def in_common(marks: Marks) -> Marks | None:
    """The reasons of the games and agents that every mechanism has; None where mechanisms cannot be compared."""
    reasons = marks.reasons
    mechanisms = reasons["mechanism"].nunique()
    spread = reasons.groupby(["game", "agent"])["mechanism"].transform("nunique")
    kept = np.asarray(spread == mechanisms, dtype=bool)
    return marks.where(kept) if mechanisms > 1 and kept.any() else None


def _welch(found: Sequence[Estimate]) -> tuple[float, float, float, float]:
    """Welch's F, its two degrees of freedom and its p-value for independent means that each have an error."""
    errors, values = np.array([e.error for e in found]), np.array([e.value for e in found])
    freedoms = np.array([e.freedom for e in found])
    if np.isnan(errors).any() or (errors <= 0).any():
        return UNTESTED, UNTESTED, UNTESTED, UNTESTED
    k, weights = len(found), errors**-2.0
    centre = float(weights @ values / weights.sum())
    lack = float(((1 - weights / weights.sum()) ** 2 / freedoms).sum())
    f = float(weights @ (values - centre) ** 2) / (k - 1) / (1 + 2 * (k - 2) / (k**2 - 1) * lack)
    within = (k**2 - 1) / (3 * lack)
    return f, k - 1.0, within, float(fdtrc(k - 1, within, f))


def cramers_v(present: ArrayLike, groups: ArrayLike | pd.Series) -> NDArray[np.float64]:
    """How closely each label goes with the groups, over all reasons: [labels], 0 to 1; NaN where one is constant.

    The root of chi-square over the number of reasons, for a table of groups by label given or not: Cramér (1946).
    """
    marks, codes = np.asarray(present, dtype=float), _codes(np.asarray(groups))
    sizes, share = np.bincount(codes), marks.mean(axis=0)
    means = _sums(marks, codes) / sizes[:, None]
    between = (sizes[:, None] * (means - share) ** 2).sum(axis=0) / len(marks)
    spread = share * (1 - share)
    told = (spread > 0) & (len(sizes) > 1)
    return np.asarray(np.sqrt(np.divide(between, spread, out=np.full(share.shape, np.nan), where=told)))
