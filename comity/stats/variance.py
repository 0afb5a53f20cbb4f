"""How much of the variance of a number each of several factors explains, where some rows belong together.

A linear model of the factors, each with its levels as classes, by least squares. The sums of squares are those of type
II (Langsrud 2003): what a factor explains beyond all other factors, and two factors together beyond all factors and
all other pairs. What factors do together may be mixed with what one does (in a fraction, or where levels fell by
chance), so for a single factor it counts as error, whichever pairs are looked at. So they need no balance and do not
depend on an order. In a balanced design they add up to the whole.

Rows come in clusters (the players of one match), and rows of a cluster are no independent draws. With the error of a
row a the variance of its own and b the covariance of two rows of a cluster, what a term would explain if it did nothing
is a times its degrees of freedom plus b times the trace of its projection on clusters; a and b are found from what the
residuals vary between clusters and within. For a factor that is the same in all rows of a cluster this is the analysis
of the cluster means, for one that differs within all of them the analysis of differences; all else lies between. In
large clusters of different sizes a negative b would make nonsense of large ones; there the mean squares between and
within clusters are mixed by how much of the term lies between.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import betainc, ncfdtr

from comity.stats.estimate import LEVEL, quantile

Array = NDArray[np.float64]

ABSENT = -1
"""The code of a row that has no level of a factor."""
PAIR = 2
"""In clusters of no more rows than this, rows may differ more than rows of two clusters."""
_RANK = 1e-9
"""Relative to the largest, an eigenvalue below this is zero."""
_SMALL = 1e-12
"""Relative to the whole, a sum of squares below this is rounding."""


@dataclass(frozen=True)
class Effect:
    """What a term explains.

    term: the place of its factor, or of its two factors. freedom: its degrees of freedom, 0 where other terms tell all
        that it could. squares: its sum of squares of type II.
    eta: the share of the whole sum of squares in these rows (eta squared). omega: the share of the variance it would
        explain with rows without end: eta without what error adds (omega squared, Hays 1963), at least 0.
    low, high: the interval of omega, from the noncentral F distribution (Steiger 2004). p: of no effect at all.
    NaN where it cannot be told.
    """

    term: tuple[int, ...]
    freedom: int
    squares: float
    eta: float
    omega: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Mean:
    """The mean at one level of a factor, with all other factors as they are in the rows; and its interval.

    NaN where other factors tell all that the level could.
    """

    factor: int
    level: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Explained:
    """The whole analysis.

    total: the sum of squares about the mean. residual: what no term explains; freedom: its degrees of freedom.
    correlation: of two rows of one cluster, beyond what the factors explain; NaN where clusters have one row, and where
        no one number fits all of them.
    """

    effects: tuple[Effect, ...]
    means: tuple[Mean, ...]
    total: float
    residual: float
    freedom: int
    rows: int
    clusters: int
    correlation: float


def explained(
    values: ArrayLike,
    factors: Sequence[ArrayLike],
    clusters: ArrayLike | None = None,
    *,
    interactions: Sequence[tuple[int, int]] = (),
    drawn: bool = True,
    level: float = LEVEL,
) -> Explained:
    """What each factor explains of the values.

    values: [rows]. factors: for each its levels [rows], codes 0, 1, ..., and `ABSENT` where a row has none: such a row
    counts for what it is not, and not for how levels differ. clusters: [rows], any codes; each row its own unless said.
    interactions: the places of every two factors that have a term together. drawn: whether anything was left to chance;
    else the numbers are exact, and an interval is the number. Raises `ValueError` where there is no value, or lengths
    differ.
    """
    data = np.asarray(values, dtype=float), [np.asarray(one) for one in factors], clusters
    alone = _Model(*data, ())
    model = _Model(*data, interactions) if interactions else alone
    noise = model.noise() if drawn else None
    apart = alone.noise() if drawn else None
    effects = tuple(
        _effect(alone, term, apart, drawn, level) if len(term) == 1 else _effect(model, term, noise, drawn, level)
        for term in model.terms
    )
    means = tuple(mean for place in range(len(factors)) for mean in _means(alone, place, apart, drawn, level))
    return Explained(
        effects,
        means,
        model.total,
        model.residual,
        model.free,
        len(model.values),
        model.n_clusters,
        math.nan if noise is None else noise.correlation,
    )


class _Part(NamedTuple):
    """How a sum of squares, or a weighted sum of rows, lies to clusters.

    own: the trace of its projection, or the sum of its squared weights. shared: the same over sums of clusters;
    between: over their means.
    """

    own: float
    shared: float
    between: float


@dataclass(frozen=True)
class _Noise:
    """Error of rows, as the residuals tell it.

    between, within: the sums of squares of residuals between clusters and within, and their degrees of freedom.
    solve: takes the two sums to a, the variance of a row of its own, and b, what two rows of a cluster share. None
    where clusters are of different sizes and rows of one differ more than rows of two: no a and b fit clusters of all
    sizes then, and a part that lies between clusters by so much takes so much of the mean square between them.
    """

    between: float
    within: float
    free_between: float
    free_within: float
    solve: Array | None

    def expected(self, part: _Part) -> tuple[float, float]:
        """What error adds to that part, and its degrees of freedom after Satterthwaite (1946)."""
        first, second = self._shares(part)
        terms = (first * self.between, second * self.within)
        mean = math.fsum(terms)
        spent = math.fsum(
            term**2 / free for term, free in zip(terms, (self.free_between, self.free_within), strict=True) if free > 0
        )
        return max(mean, 0.0), (mean**2 / spent if spent and mean > 0 else 0.0)

    def _shares(self, part: _Part) -> tuple[float, float]:
        """How often each of the two sums of squares is in it."""
        if self.solve is None:
            return part.between / self.free_between, max(part.own - part.between, 0.0) / self.free_within
        first, second = np.array([part.own, part.shared]) @ self.solve
        return float(first), float(second)

    @property
    def correlation(self) -> float:
        if self.solve is None or self.free_within == 0:
            return math.nan
        own, shared = self.solve @ np.array([self.between, self.within])
        return float(shared / (own + shared)) if own + shared > 0 else math.nan


class _Model:
    """The columns of all terms, and their products, in which everything else is worked out."""

    def __init__(
        self,
        values: Array,
        factors: Sequence[NDArray[np.int_]],
        clusters: ArrayLike | None,
        together: Iterable[tuple[int, int]],
    ) -> None:
        rows = len(values)
        codes = np.arange(rows) if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
        if not rows or len(codes) != rows or any(len(one) != rows for one in factors):
            raise ValueError("an analysis of variance needs a value, and as many levels and clusters as values")
        self.values, self.factors = values, factors
        mains: dict[tuple[int, ...], Array] = {(place,): _contrasts(one) for place, one in enumerate(factors)}
        pairs: dict[tuple[int, ...], Array] = {(one, two): _products(mains[one,], mains[two,]) for one, two in together}
        self._blocks = mains | pairs
        self.terms = tuple(self._blocks)
        columns = [np.ones((rows, 1)), *self._blocks.values()]
        ends = np.cumsum([block.shape[1] for block in columns])
        self.places = {
            term: np.arange(start, end) for term, start, end in zip(self.terms, ends[:-1], ends[1:], strict=True)
        }
        self.x = np.hstack(columns)
        sizes = np.bincount(codes).astype(float)
        sums = np.zeros((len(sizes), self.x.shape[1]))
        np.add.at(sums, codes, self.x)
        self.n_clusters, self._codes, self._sizes = len(sizes), codes, sizes
        self.products, self.shared = self.x.T @ self.x, sums.T @ sums
        self._mean_products = sums.T @ (sums / sizes[:, None])
        self.inverse = _inverse(self.products)
        self.coefficients = self.inverse @ (self.x.T @ values)
        self.rank = round(float(np.trace(self.inverse @ self.products)))
        self.free = rows - self.rank
        self.total = float(((values - values.mean()) ** 2).sum())
        self._residuals = values - self.x @ self.coefficients
        self.residual = _settled(float((self._residuals**2).sum()), self.total)

    def noise(self) -> _Noise | None:
        """What the residuals tell of the error; None where there are none left."""
        if self.free < 1:
            return None
        sums = np.bincount(self._codes, self._residuals)
        between = _settled(float((sums**2 / self._sizes).sum()), self.total)
        free_between = self.n_clusters - float(np.trace(self.inverse @ self._mean_products))
        free_within = self.free - free_between
        if free_within < 0.5:
            return _Noise(self.residual, 0.0, self.free, 0.0, np.array([[1 / self.free, 0.0], [0.0, 0.0]]))
        if free_between < 0.5:
            return _Noise(0.0, self.residual, 0.0, self.free, np.array([[0.0, 1 / self.free], [0.0, 0.0]]))
        rows, spread = len(self.values), self.inverse @ self.shared
        shared = rows - float(np.trace(spread))
        shared_between = (
            rows
            - 2 * float(np.trace(spread))
            + float(np.trace(self.inverse @ self._mean_products @ self.inverse @ self.shared))
        )
        expected = np.array([[free_between, shared_between], [free_within, shared - shared_between]])
        within = max(self.residual - between, 0.0)
        solve = np.linalg.inv(expected)
        fits = self._sizes.max() <= PAIR or float(solve[1] @ np.array([between, within])) >= 0
        return _Noise(between, within, free_between, free_within, solve if fits else None)

    def beyond(self, term: tuple[int, ...]) -> tuple[float, int, _Part]:
        """What a term explains beyond all others: squares, degrees of freedom, and how it lies to clusters."""
        own = self.places[term]
        rest = np.concatenate([np.array([0]), *(self.places[one] for one in self.terms if one != term)])
        to_own = np.zeros((self.x.shape[1], len(own)))
        to_own[own, np.arange(len(own))] = 1
        to_own[rest] = -_inverse(self.products[np.ix_(rest, rest)]) @ self.products[np.ix_(rest, own)]
        spread = to_own.T @ self.products @ to_own
        inverse = _inverse(spread, float(np.diag(self.products)[own].max(initial=1.0)))
        explains = to_own.T @ (self.x.T @ self.values)
        squares = _settled(float(explains @ inverse @ explains), self.total)
        rank, shared, between = (
            float(np.trace(inverse @ to_own.T @ each @ to_own))
            for each in (self.products, self.shared, self._mean_products)
        )
        return squares, round(rank), _Part(rank, shared, between)

    def weighed(self, row: Array) -> _Part:
        """How the estimate at that row, a weighted sum of the values, lies to clusters."""
        weights = self.inverse @ row
        own, shared, between = (
            float(weights @ each @ weights) for each in (self.products, self.shared, self._mean_products)
        )
        return _Part(own, shared, between)

    def at(self, factor: int, level: int) -> Array | None:
        """The mean row if all rows that have a level of the factor had this one; None where data do not tell it."""
        has = self.factors[factor] != ABSENT
        moved = [np.where(has, level, one) if place == factor else one for place, one in enumerate(self.factors)]
        blocks = [_contrasts(one, self.factors[place]) for place, one in enumerate(moved)]
        row: Array = np.hstack([np.ones((len(self.values), 1)), *blocks])[has].mean(axis=0)
        told = self.products @ (self.inverse @ row)
        return row if np.allclose(told, row, rtol=0, atol=1e-6) else None


def _contrasts(codes: NDArray[np.int_], like: NDArray[np.int_] | None = None) -> Array:
    """A column for each level but one, centred over the rows that have a level; rows that have none are 0.

    like: the codes by which the columns are centred, where they are not these.
    """
    known = codes if like is None else like
    size = int(known.max(initial=-1)) + 1
    if size < 2:
        return np.zeros((len(codes), 0))
    has = known != ABSENT
    shares = np.bincount(known[has], minlength=size) / max(int(has.sum()), 1)
    columns = np.eye(size)[np.maximum(codes, 0)] - shares
    columns[codes == ABSENT] = 0
    return np.asarray(columns[:, 1:])


def _products(first: Array, second: Array) -> Array:
    return (first[:, :, None] * second[:, None, :]).reshape(len(first), -1)


def _inverse(matrix: Array, scale: float | None = None) -> Array:
    """The pseudo-inverse of a matrix of products. scale: what counts as large, its largest eigenvalue unless said."""
    if not matrix.size:
        return matrix
    roots, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    large = roots > _RANK * max(float(roots.max(initial=0.0)), 0.0 if scale is None else scale)
    return np.asarray(vectors[:, large] / roots[large] @ vectors[:, large].T)


def _settled(squares: float, total: float) -> float:
    """A sum of squares without what is rounding."""
    return 0.0 if squares <= _SMALL * total else squares


def _effect(model: _Model, term: tuple[int, ...], noise: _Noise | None, drawn: bool, level: float) -> Effect:
    squares, freedom, part = model.beyond(term)
    if not freedom or not model.total:
        return Effect(term, freedom, squares, math.nan, math.nan, math.nan, math.nan, math.nan)
    eta = min(squares / model.total, 1.0)
    if not drawn:
        return Effect(term, freedom, squares, eta, eta, eta, eta, float(squares == 0))
    if noise is None:
        return Effect(term, freedom, squares, eta, math.nan, math.nan, math.nan, math.nan)
    error, free = noise.expected(part)
    if error <= _SMALL * model.total:
        return Effect(term, freedom, squares, eta, eta, eta, eta, float(squares == 0))
    mean = error / freedom
    omega = max((squares - error) / (model.total + mean), 0.0)
    ends = (_share(model, squares, error, freedom, at) for at in noncentral(squares / error, freedom, free, level))
    low, high = ends
    return Effect(term, freedom, squares, eta, omega, low, high, 1 - _f_below(squares / error, freedom, free))


def _share(model: _Model, squares: float, error: float, freedom: int, noncentrality: float) -> float:
    """The share of the variance that an effect of that noncentrality has, all else as it was found."""
    effect = noncentrality * error / freedom
    rest = max(model.total - squares + error, error)
    return effect / (effect + rest)


def noncentral(f: float, freedom: float, error_freedom: float, level: float = LEVEL) -> tuple[float, float]:
    """The interval of the noncentrality of an F distribution in which f was found (Steiger 2004).

    An end is 0 where even a noncentrality of 0 makes f unlikely on that side.
    """
    tail = (1 - level) / 2
    return (
        _noncentrality(f, freedom, error_freedom, 1 - tail),
        _noncentrality(f, freedom, error_freedom, tail),
    )


def _noncentrality(f: float, freedom: float, error_freedom: float, below: float) -> float:
    """The noncentrality under which a value below f has that probability; 0 where none has as much."""

    def excess(noncentrality: float) -> float:
        return float(ncfdtr(freedom, error_freedom, noncentrality, f)) - below

    if _f_below(f, freedom, error_freedom) <= below:
        return 0.0
    high = _doubled(excess, f * freedom + freedom + 1)
    return float(brentq(excess, 0.0, high, xtol=1e-8 * (1 + high)))


def _doubled(excess: Callable[[float], float], high: float) -> float:
    while excess(high) > 0:
        high *= 2
    return high


def _f_below(f: float, freedom: float, error_freedom: float) -> float:
    """The probability of a value below f where nothing has an effect."""
    return float(betainc(freedom / 2, error_freedom / 2, freedom * f / (freedom * f + error_freedom)))


def _means(model: _Model, factor: int, noise: _Noise | None, drawn: bool, level: float) -> list[Mean]:
    size = int(model.factors[factor].max(initial=-1)) + 1
    return [_mean(model, factor, code, noise, drawn, level) for code in range(size)]


def _mean(model: _Model, factor: int, code: int, noise: _Noise | None, drawn: bool, level: float) -> Mean:
    row = model.at(factor, code)
    if row is None:
        return Mean(factor, code, math.nan, math.nan, math.nan)
    value = float(row @ model.coefficients)
    if not drawn:
        return Mean(factor, code, value, value, value)
    if noise is None:
        return Mean(factor, code, value, math.nan, math.nan)
    variance, free = noise.expected(model.weighed(row))
    half = quantile(free, level) * math.sqrt(variance) if variance else 0.0
    return Mean(factor, code, value, value - half, value + half)
