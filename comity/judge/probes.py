"""Whether labels follow what they should not: the length of the text, and the order in which labels are listed."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from comity.judge.aggregate import shares
from comity.judge.agreement import Agreement, Resampled, Statistic, cohen
from comity.judge.judging import is_reversed
from comity.judge.marks import Marks
from comity.stats.bootstrap import NUMBER
from comity.stats.estimate import Estimate

HOW_MANY = "number of labels"
"""What the first row of the probe for verbosity is about."""


class Verbosity(NamedTuple):
    """How a label goes with the length of the text: rank correlations, -1 to 1.

    overall: over all reasons. within: with the mean of its cell taken off both, so that it does not tell that one agent
    writes longer and argues otherwise.
    """

    of: str
    overall: Agreement
    within: Agreement


def verbosity(marks: Marks, rng: np.random.Generator, number: int = NUMBER) -> tuple[Verbosity, ...]:
    """The number of labels, and each label, against the length of the text; intervals resample matches.

    The correlation of Spearman (1904), with the ranks of the whole sample.
    """
    read = marks.read
    length, drawn = _ranks(read.reasons["length"].to_numpy()), Resampled(read.matches, rng, number)
    columns = [(HOW_MANY, read.presence.sum(axis=1)), *zip(read.names, read.presence.T, strict=True)]

    def one(name: str, values: NDArray[np.float64]) -> Verbosity:
        ranks = _ranks(values)
        inside = correlation(_centred(length, read.cells), _centred(ranks, read.cells))
        return Verbosity(name, drawn.estimated(correlation(length, ranks)), drawn.estimated(inside))

    return tuple(one(name, values) for name, values in columns)


def correlation(x: ArrayLike, y: ArrayLike) -> Statistic:
    """Pearson's correlation of two columns as a function of sums over units."""
    one, other = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    one, other = one - one.mean(), other - other.mean()
    columns = np.column_stack([np.ones(one.size), one, other, one * one, other * other, one * other])

    def formula(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        n, sx, sy, sxx, syy, sxy = np.moveaxis(sums, -1, 0)
        both = n * sxy - sx * sy
        spread = np.maximum(n * sxx - sx**2, 0) * np.maximum(n * syy - sy**2, 0)
        told = spread > 1e-9 * (n * n) ** 2
        return np.asarray(np.divide(both, np.sqrt(spread), out=np.full(both.shape, np.nan), where=told))

    return Statistic(columns, formula, np.ones(one.size, dtype=bool))


def _ranks(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(pd.Series(np.asarray(values, dtype=float)).rank(), dtype=float)


def _centred(values: NDArray[np.float64], cells: NDArray[np.intp]) -> NDArray[np.float64]:
    means = np.bincount(cells, values) / np.bincount(cells)
    return np.asarray(values - means[cells])


class Position(NamedTuple):
    """A label of one judge under both orders of the labels.

    stated, turned: its share where labels are listed as the taxonomy has them, and in reverse, in the first pass of
    each kind, over the reasons that have both. difference: the first less the second, with an interval. kappa: how far
    both agree reason by reason. same: the same between two passes in the stated order, NaN where there is one: what
    repetition alone does.
    """

    judge: str
    label: str
    stated: float
    turned: float
    difference: Estimate
    kappa: Agreement
    same: Agreement


def position(marks: Marks, rng: np.random.Generator, number: int = NUMBER) -> tuple[Position, ...]:
    """For each judge that judged in both orders, and each label, how the order matters."""
    found: list[Position] = []
    drawn = Resampled(marks.matches, rng, number)
    for judge in marks.judges:
        passes = [(place, rater.number) for place, rater in enumerate(marks.raters) if rater.judge == judge]
        stated = [place for place, count in passes if not is_reversed(count)]
        turned = [place for place, count in passes if is_reversed(count)]
        if stated and turned:
            found += _orders(marks, judge, stated, turned, drawn)
    return tuple(found)


def _orders(marks: Marks, judge: str, stated: list[int], turned: list[int], drawn: Resampled) -> list[Position]:
    first, second = marks.given[:, stated[0]], marks.given[:, turned[0]]
    third = marks.given[:, stated[1]] if len(stated) > 1 else np.full_like(first, math.nan)
    both = ~np.isnan(first[:, 0]) & ~np.isnan(second[:, 0])
    if not both.any():
        return []
    part = marks.where(both)
    one, other = first[both], second[both]
    apart = shares(one - other, part.cells, part.strata, part.matches, equal=False, least=-1.0)
    return [
        Position(
            judge,
            name,
            float(one[:, place].mean()),
            float(other[:, place].mean()),
            apart[place],
            drawn.estimated(cohen(np.column_stack([first[:, place], second[:, place]]))),
            drawn.estimated(cohen(np.column_stack([first[:, place], third[:, place]]))),
        )
        for place, name in enumerate(marks.names)
    ]
