"""Gaussian mixed models: fixed effects, and any number of crossed random intercepts.

An episode belongs to a game, to a pair, to a model at once, and each of them shifts its score. A model with a random
intercept for each kind says how sure an effect is beyond the very games, pairs and models that were played.

    y = X b + sum over kinds k of u_k[group] + e,    u_k ~ N(0, s_k²),    e ~ N(0, s²)

Variances by restricted maximum likelihood (REML), Patterson and Thompson (1971), with the penalised least squares of
Bates, Mächler, Bolker and Walker (2015): nothing as large as rows × rows is ever made. The kind with the most groups is
taken out in closed form, for its part of the equations is diagonal; what is left is as large as all other groups
together, and it should stay below some 2,000.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import combinations, combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import qr
from scipy.optimize import Bounds, brentq, minimize
from scipy.sparse import csr_array, hstack
from scipy.special import chdtri

from comity.stats.estimate import LEVEL, Estimate, quantile

Array = NDArray[np.float64]

ZERO = 1e-4
"""A random intercept whose standard deviation is less than so much of the residual one is held to be none."""

_STEP = 1e-3
"""Of numerical derivatives, in the logarithms of standard deviations."""
_ROUNDING = 1e-12
"""Relative to the largest, what is no more than this is the rounding of floating-point numbers."""
_UNKNOWN = (math.nan, math.nan)
_CLOSELY, _ROUGHLY = 1e-14, 1e-9
_DENSE = 1e7
"""Up to so many multiplications dense arrays are faster than sparse ones."""
_LESS = 100.0
"""By no more than this the residual shrinks where intercepts are held at some spread."""
_MOST = 1e4
"""More than so many times the residual no intercepts are; beyond, nothing is left within groups."""


@dataclass(frozen=True)
class Component:
    """A variance, as a standard deviation in the units of the outcome.

    spread: the estimate; 0 where the kind explains nothing beyond chance. low, high: its interval by profile likelihood
    (REML); NaN where it was not asked for, low 0 where the interval has no lower end. groups: how many there are.
    """

    spread: float
    low: float
    high: float
    groups: int

    @property
    def variance(self) -> float:
        return self.spread**2


@dataclass(frozen=True)
class Mixed:
    """A mixed model.

    effects: one per column of the design, with standard error and Student's interval; the degrees of freedom are those
    of Satterthwaite (1946), after Fai and Cornelius (1996). components: by the name of each kind of group. residual: of
    a row beyond all groups. rows: how many. log_likelihood: the restricted one, at its top. nothing: the kinds whose
    variance is 0; they were left out of the degrees of freedom, as if known to be 0 (a singular fit).
    """

    effects: tuple[Estimate, ...]
    components: Mapping[str, Component]
    residual: Component
    rows: int
    log_likelihood: float

    @property
    def nothing(self) -> tuple[str, ...]:
        return tuple(name for name, component in self.components.items() if not component.spread)

    def wald(self, level: float = LEVEL) -> tuple[tuple[float, float], ...]:
        """The intervals of the effects as if their degrees of freedom were infinite, as R's lme4 prints them."""
        reach = quantile(math.inf, level)
        return tuple((e.value - reach * e.error, e.value + reach * e.error) for e in self.effects)


def mixed(
    outcome: ArrayLike,
    design: ArrayLike,
    groups: Mapping[str, ArrayLike],
    level: float = LEVEL,
    *,
    intervals: bool = True,
) -> Mixed:
    """A mixed model with random intercepts.

    outcome: [rows]. design: [rows, columns], with a column of ones for the intercept. groups: by the name of each kind
    its codes, [rows], any values. intervals: False leaves out those of the variances, which take most of the time.
    Raises `ValueError` where the arrays do not fit, the columns are not independent, no degree of freedom is left, a
    kind has one group only or as many as there are rows, two kinds are the same groups, the design tells the groups of
    a kind, or the fit is perfect.
    """
    y, x = _checked(outcome, design)
    kinds = {name: _codes(name, codes, len(y)) for name, codes in groups.items()}
    _told_apart(kinds, x)
    equations = _Equations(y, x, list(kinds.values()))
    found = _Found(equations, _best(equations), level)
    return Mixed(
        found.effects(),
        {name: found.component(kind, intervals) for kind, name in enumerate(kinds)},
        found.residual(intervals),
        len(y),
        -(found.least + equations.constant) / 2,
    )


@dataclass(frozen=True)
class _Solved:
    """The equations, solved at some ratios.

    determinant: the logarithm of that of the random part and of the fixed effects. root: the Cholesky factor of what
    the fixed effects are determined by, with that of the outcome as its last row.
    """

    determinant: float
    root: Array

    @property
    def rest(self) -> float:
        """The penalised sum of squares."""
        return max(float(self.root[-1, -1]) ** 2, _ROUNDING)

    @property
    def effects(self) -> Array:
        """The fixed effects, on the basis."""
        return np.asarray(np.linalg.solve(self.root[:-1, :-1].T, self.root[-1, :-1]))

    @property
    def covariance(self) -> Array:
        """Of those, in variances of the residual."""
        return np.asarray(np.linalg.inv(self.root[:-1, :-1] @ self.root[:-1, :-1].T))


class _Equations:
    """Henderson's mixed model equations, with all that does not depend on the variances worked out once.

    Ratios are standard deviations of intercepts over that of the residual, one per kind. Columns are made orthonormal,
    and of the outcome what they leave is taken, in units of its size, so that rounding loses nothing.
    """

    def __init__(self, y: Array, x: Array, kinds: list[NDArray[np.intp]]) -> None:
        self.rows, self.columns = x.shape
        basis, self._back = qr(x, mode="economic")
        self._start = basis.T @ y
        rest = y - basis @ self._start
        self.unit = math.sqrt(float((rest**2).mean()))
        if self.unit <= _ROUNDING * np.abs(y).max():
            raise ValueError("the design explains every outcome, so nothing is left to chance")
        data = np.column_stack([basis, rest / self.unit])
        self.sizes = [int(codes.max()) + 1 for codes in kinds]
        self._order = sorted(range(len(kinds)), key=lambda kind: -self.sizes[kind])
        marks: list[Any] = [
            csr_array((np.ones(self.rows), (np.arange(self.rows), kinds[kind]))) for kind in self._order
        ]
        first, others = marks[0], hstack([csr_array((self.rows, 0)), *marks[1:]], format="csr")
        self._counts: Array = np.asarray(first.sum(axis=0), dtype=float).ravel()
        self._of_first, self._own = first.T @ data, data.T @ data
        shared: Any = (first.T @ others).tocsr()
        few = shared.shape[0] * shared.shape[1] ** 2 <= _DENSE
        self._shared: Any = shared.toarray() if few else shared
        with_data = [(others.T @ others).toarray(), others.T @ data]
        self._others = np.block([with_data, [with_data[1].T, self._own]])

    def solved(self, ratios: Array) -> _Solved:
        """Solve them: the largest kind first, then the others, the fixed effects and the outcome by one factor."""
        first = float(ratios[self._order[0]])
        scales = np.repeat(ratios[self._order[1:]], [self.sizes[kind] for kind in self._order[1:]])
        diagonal = first**2 * self._counts + 1
        inner = self._others - self._taken_out(first**2 / diagonal)
        both = np.append(scales, np.ones(self.columns + 1))
        inner = both[:, None] * inner * both
        inner[range(scales.size), range(scales.size)] += 1
        root = np.linalg.cholesky(inner)
        logs = np.log(diagonal).sum() + 2 * np.log(np.diag(root)[:-1]).sum()
        return _Solved(float(logs), root[scales.size :, scales.size :])

    def _taken_out(self, weights: Array) -> Array:
        """What the largest kind, each group with its weight, takes from the equations of everything else."""
        data = self._of_first * weights[:, None]
        if isinstance(self._shared, np.ndarray):
            everything = np.column_stack([self._shared, self._of_first])
            return np.asarray(everything.T @ (everything * weights[:, None]))
        corner = (self._shared.T @ self._shared.multiply(weights[:, None])).toarray()
        side = self._shared.T @ data
        return np.block([[corner, side], [side.T, self._of_first.T @ data]])

    def deviance(self, ratios: Array, spread: float) -> float:
        """Minus twice the restricted log-likelihood, but for a constant; spread: of the residual, in `unit`."""
        return self._deviance(self.solved(ratios), spread)

    def profiled(self, ratios: Array) -> float:
        """The same at the likeliest spread of the residual."""
        solved = self.solved(ratios)
        return self._deviance(solved, self._spread(solved))

    def spread(self, ratios: Array) -> float:
        """The likeliest spread of the residual at these ratios."""
        return self._spread(self.solved(ratios))

    def _deviance(self, solved: _Solved, spread: float) -> float:
        freedom = self.rows - self.columns
        return float(freedom * math.log(2 * math.pi * spread**2) + solved.determinant + solved.rest / spread**2)

    def _spread(self, solved: _Solved) -> float:
        return math.sqrt(solved.rest / (self.rows - self.columns))

    @property
    def constant(self) -> float:
        """What the deviance lacks in the units of the outcome and of the columns."""
        scales = float(np.log(np.abs(np.diag(self._back))).sum())
        return float(2 * ((self.rows - self.columns) * math.log(self.unit) + scales))

    def effects(self, ratios: Array) -> Array:
        """Of the columns themselves."""
        return np.asarray(np.linalg.solve(self._back, self._start + self.unit * self.solved(ratios).effects))

    def variances(self, ratios: Array, spread: float) -> Array:
        """Of those effects."""
        back = np.linalg.inv(self._back)
        covariance = back @ self.solved(ratios).covariance @ back.T
        return np.asarray((self.unit * spread) ** 2 * np.diag(covariance))


def _best(equations: _Equations) -> Array:
    """The likeliest ratios; what is as likely to be 0 is 0."""
    ratios, least = _least(equations.profiled, np.ones(len(equations.sizes)))
    if ratios.max() > _MOST or _still_falls(equations, ratios, least):
        raise ValueError("outcomes do not vary within the groups, so nothing is left to chance")
    for kind in np.argsort(ratios):
        without = ratios.copy()
        without[kind] = 0.0
        if ratios[kind] < ZERO or equations.profiled(without) <= least:
            ratios = without
    return ratios


def _still_falls(equations: _Equations, ratios: Array, least: float) -> bool:
    """Whether the widest intercepts would be likelier yet at ten times their ratio.

    Where a residual is not needed the likelihood grows without end, and so slowly that a search ends on its way.
    """
    wider = np.where(ratios == ratios.max(), 10 * ratios, ratios)
    return bool(ratios.max() > 1 and equations.profiled(wider) < least - _ROUGHLY * abs(least))


def _least(deviance: Callable[[Array], float], start: Array, change: float = _CLOSELY) -> tuple[Array, float]:
    """The numbers, none of them negative, at which a function is least, and its value there.

    change: how little of its size it still falls by when the search ends.

    Searched by their squares: in a standard deviation itself every likelihood is flat at 0, and the search would stay.
    """
    if not start.size:
        return start, deviance(start)

    def by_squares(squares: Array) -> float:
        return deviance(np.sqrt(squares))

    how: Any = {"jac": "3-point", "method": "L-BFGS-B", "options": {"ftol": change, "gtol": 1e-7}}
    found = minimize(
        by_squares, start**2, bounds=Bounds(np.zeros(start.size), np.full(start.size, (10 * _MOST) ** 2)), **how
    )
    return np.sqrt(found.x), float(found.fun)


class _Found:
    """What follows from the likeliest ratios."""

    def __init__(self, equations: _Equations, ratios: Array, level: float) -> None:
        self.equations, self.ratios, self.level = equations, ratios, level
        self.spread = equations.spread(ratios)
        self.least = equations.deviance(ratios, self.spread)

    def effects(self) -> tuple[Estimate, ...]:
        """The fixed effects with their degrees of freedom."""
        values, variances = self.equations.effects(self.ratios), self._variances(self._logs)
        slopes = _slopes(self._variances, self._logs)
        uncertain = 2 * _inverse(_curvature(self._deviance, self._logs))
        freedoms = 2 * variances**2 / np.einsum("ik,ij,jk->k", slopes, uncertain, slopes)
        told = zip(values.tolist(), np.sqrt(variances).tolist(), freedoms.tolist(), strict=True)
        return tuple(
            Estimate(value, error, freedom, *_reach(value, error, quantile(freedom, self.level)))
            for value, error, freedom in told
        )

    # As functions of the logarithms of the ratios that are not 0 and, last, of the residual spread

    @property
    def _logs(self) -> Array:
        return np.log([*self.ratios[self.ratios > 0], self.spread])

    def _at(self, logs: Array) -> tuple[Array, float]:
        ratios = self.ratios.copy()
        ratios[ratios > 0] = np.exp(logs[:-1])
        return ratios, math.exp(logs[-1])

    def _variances(self, logs: Array) -> Array:
        return self.equations.variances(*self._at(logs))

    def _deviance(self, logs: Array) -> float:
        return self.equations.deviance(*self._at(logs))

    # Intervals of the standard deviations

    def component(self, kind: int, intervals: bool) -> Component:
        """The intercepts of a kind."""
        value = float(self.ratios[kind]) * self.spread
        low, high = self._interval(value, partial(self._held, kind), self._others(kind)) if intervals else _UNKNOWN
        unit = self.equations.unit
        return Component(unit * value, unit * low, unit * high, self.equations.sizes[kind])

    def residual(self, intervals: bool) -> Component:
        """What is left of a row."""
        low, high = self._interval(self.spread, self._held_residual, self.ratios) if intervals else _UNKNOWN
        unit = self.equations.unit
        return Component(unit * self.spread, unit * low, unit * high, self.equations.rows)

    def _others(self, kind: int) -> Array:
        """Where the others are likeliest: their ratios, and the spread of the residual."""
        return np.append(np.delete(self.ratios, kind), self.spread)

    def _held(self, kind: int, spread: float, start: Array) -> tuple[Array, float]:
        """The least deviance where the intercepts of a kind have this spread, and the others there."""

        def deviance(others: Array) -> float:
            residual = max(others[-1], self.spread / _LESS)
            return self.equations.deviance(np.insert(others[:-1], kind, spread / residual), residual)

        return _least(deviance, start, _ROUGHLY)

    def _held_residual(self, spread: float, start: Array) -> tuple[Array, float]:
        """The least deviance where the residual has this spread, and the ratios there."""
        if spread == 0:
            return start, math.inf
        return _least(lambda ratios: self.equations.deviance(ratios, spread), start, _ROUGHLY)

    def _interval(
        self, value: float, held: Callable[[float, Array], tuple[Array, float]], start: Array
    ) -> tuple[float, float]:
        """The spreads whose deviance is above the least by no more than a quantile of chi².

        The root of what it is above is nearly a straight line in the logarithm of the spread.
        """
        most = math.sqrt(float(chdtri(1, 1 - self.level)))
        scale = math.log(value or ZERO * self.spread)

        def end(direction: float) -> float:
            where = start

            def beyond(log: float) -> float:
                nonlocal where
                where, least = held(math.exp(log), where)
                return math.sqrt(max(least - self.least, 0.0)) - most

            near, far = scale, scale + direction
            while beyond(far) < 0:
                near, far = far, 2 * far - near + direction
            return math.exp(brentq(beyond, near, far, xtol=1e-4))

        none = held(0.0, start)[1] - self.least < most**2
        return (0.0 if none else end(-0.25)), end(0.25)


def _slopes(function: Callable[[Array], Array], at: Array) -> Array:
    """The first derivatives by central differences, [argument, value]."""
    steps = _STEP * np.eye(at.size)
    return np.stack([(function(at + step) - function(at - step)) / (2 * _STEP) for step in steps])


def _curvature(function: Callable[[Array], float], at: Array) -> Array:
    """The second derivatives by central differences."""
    steps, found = _STEP * np.eye(at.size), np.empty((at.size, at.size))
    for i, j in combinations_with_replacement(range(at.size), 2):
        corners = [a * b * function(at + a * steps[i] + b * steps[j]) for a in (1, -1) for b in (1, -1)]
        found[i, j] = found[j, i] = math.fsum(corners) / (4 * _STEP**2)
    return found


def _inverse(curvature: Array) -> Array:
    """Over the directions in which the likelihood has a top."""
    values, vectors = np.linalg.eigh(curvature)
    known = values > _ROUNDING * values.max()
    return np.asarray((vectors[:, known] / values[known]) @ vectors[:, known].T)


def _reach(value: float, error: float, quantile: float) -> tuple[float, float]:
    return value - quantile * error, value + quantile * error


def _checked(outcome: ArrayLike, design: ArrayLike) -> tuple[Array, Array]:
    """The two as arrays, if they fit."""
    y, x = np.asarray(outcome, dtype=float), np.asarray(design, dtype=float)
    if x.ndim != 2 or y.shape != x.shape[:1] or not x.size:
        raise ValueError(f"a design needs one row per outcome; found {x.shape} for {y.shape}")
    if not np.isfinite(y).all() or not np.isfinite(x).all():
        raise ValueError("a mixed model needs numbers; found one that is not finite")
    if len(x) <= x.shape[1]:
        raise ValueError(f"{len(x)} rows leave nothing to tell {x.shape[1]} effects from chance")
    sizes = np.abs(np.diag(qr(x, mode="r", pivoting=True)[0]))
    if sizes.min() < 1e-10 * sizes.max():
        raise ValueError("some columns of the design are sums of others, so their effects cannot be told apart")
    return y, x


def _codes(name: str, labels: ArrayLike, rows: int) -> NDArray[np.intp]:
    values = np.asarray(labels)
    if values.shape != (rows,):
        raise ValueError(f"{name} needs one code per row; found {values.shape} for {rows} rows")
    codes = np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.intp)
    if not 0 < codes.max() < rows - 1:
        found = "one" if codes.max() == 0 else "one per row"
        raise ValueError(f"a random intercept needs two groups or more, and some with several rows; {name} has {found}")
    return codes


def _told_apart(kinds: Mapping[str, NDArray[np.intp]], x: Array) -> None:
    """Refuse two kinds that are the same groups by other names, and one that the design tells already."""
    if not kinds:
        raise ValueError("a mixed model needs a kind of groups or more")
    basis = qr(x, mode="economic")[0]
    for name, codes in kinds.items():
        sizes = np.bincount(codes).astype(float)
        sums = np.zeros((sizes.size, basis.shape[1]))
        np.add.at(sums, codes, basis)
        if np.allclose((sums**2).sum(axis=1), sizes):
            raise ValueError(f"the design tells which {name} each row is of, so their effects cannot be told apart")
    for (first, a), (second, b) in combinations(kinds.items(), 2):
        pairs = len(np.unique(np.column_stack([a, b]), axis=0))
        if pairs == a.max() + 1 == b.max() + 1:
            raise ValueError(f"{first} and {second} are the same groups, so their shares cannot be told apart")
