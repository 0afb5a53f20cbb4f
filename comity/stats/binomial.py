"""Yes or no explained by other things: logistic regression, with draws that are independent or come in clusters.

Ten rounds of one person are not ten draws. `logistic` takes rows for independent unless it is given clusters; then its
errors are robust to whatever goes on within one. `logistic_mixed` gives each cluster a level of its own instead. What
cannot be estimated, because the data decide it completely, is refused in words: a maximum at infinity is no number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import qr
from scipy.optimize import linprog, minimize
from scipy.special import expit, log_expit, logsumexp

from comity.stats.estimate import LEVEL, Estimate, quantile

FEW = 20
"""With fewer clusters the errors are too small by more than a correction of degrees of freedom makes good."""

NODES = 25
"""Of the quadrature of a level, unless said; twice as many changed no printed digit in the tests."""

_SLACK = 1e-7
"""Less of a direction than this is the rounding of the linear program."""
_CLOSE = 1e-12
"""How little the deviance changes when the search for its top ends."""
_ITERATIONS = 200
"""More than any search for the likeliest level takes."""
_STEP = 1e-3
"""Of numerical second derivatives, relative to the size of a parameter where that is above 1."""


class NoEstimate(ValueError):
    """A model whose coefficients the data do not determine; the message is one sentence that says why."""


@dataclass(frozen=True)
class Logistic:
    """A logistic regression.

    coefficients: one per column of the design, in log-odds; `t` of each is what is also called z. rows, clusters: how
    many there were; no clusters where rows were taken for independent, and then errors are normal. With G clusters the
    covariance is the sandwich of Liang and Zeger (1986) times G / (G - 1) (n - 1) / (n - k), and p-values and intervals
    are Student's with G - 1 degrees of freedom; with fewer than `FEW` clusters they still promise too much.
    log_likelihood: at the maximum.
    """

    coefficients: tuple[Estimate, ...]
    rows: int
    clusters: int | None
    log_likelihood: float


@dataclass(frozen=True)
class MixedLogistic:
    """A logistic regression in which every cluster has a level of its own, drawn from a normal distribution.

    coefficients: of the columns of the design, in log-odds given the level; their errors are normal, from the curvature
    of the log-likelihood. spread: the standard deviation of the levels; where it is 0, clusters differ no more than
    chance. log_likelihood: at the maximum.
    """

    coefficients: tuple[Estimate, ...]
    spread: float
    rows: int
    clusters: int
    log_likelihood: float


def logistic(
    outcome: ArrayLike, design: ArrayLike, clusters: ArrayLike | None = None, level: float = LEVEL
) -> Logistic:
    """The log-odds of a yes as a sum over the columns of the design.

    outcome: [rows], 0 or 1. design: [rows, columns], with a column of ones for the intercept. clusters: [rows], any
    codes; rows with the same one may depend on each other. Raises `ValueError` where the arrays do not fit or there are
    less than two clusters, `NoEstimate` where the columns are not independent, or separate the yes from the no, or
    where all clusters are alike.
    """
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    yes, columns = _checked(outcome, design)
    if clusters is None:
        found = GLM(yes, columns, family=Binomial()).fit(tol=_CLOSE)
        freedom, number = math.inf, None
    else:
        codes = _codes(clusters, len(yes))
        number = int(codes.max()) + 1
        if number < 2:
            raise ValueError("errors that are robust to clusters need two clusters or more; found one")
        found = GLM(yes, columns, family=Binomial()).fit(tol=_CLOSE, cov_type="cluster", cov_kwds={"groups": codes})
        freedom = number - 1.0
        if (np.diag(found.cov_params()) <= _SLACK * np.diag(found.normalized_cov_params)).any():
            raise NoEstimate("the clusters do not differ at all, so nothing can be said of chance")
    coefficients = _estimates(found.params, np.asarray(found.cov_params()), freedom, level)
    return Logistic(coefficients, len(yes), number, float(found.llf))


def logistic_mixed(
    outcome: ArrayLike, design: ArrayLike, clusters: ArrayLike, level: float = LEVEL, nodes: int = NODES
) -> MixedLogistic:
    """The same with a random intercept for every cluster, by maximum likelihood.

    nodes: of the adaptive Gauss-Hermite quadrature of each cluster's level, Pinheiro and Bates (1995); one is Laplace's
    approximation, which R's glmer makes unless asked for more, and which is poor where most clusters are all yes or all
    no. Raises as `logistic`, and `NoEstimate` where the likelihood has no top.
    """
    yes, columns = _checked(outcome, design)
    codes = _codes(clusters, len(yes))
    if codes.max() < 1:
        raise ValueError("levels of clusters need two clusters or more; found one")
    likelihood = _Levels(yes, columns, codes, *np.polynomial.hermite.hermgauss(nodes))
    start = np.array([*(one.value for one in logistic(yes, columns).coefficients), 0.5])
    found = minimize(likelihood.deviance, start, method="BFGS", options={"gtol": 1e-6}).x
    best = minimize(likelihood.deviance, found, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11}).x
    best[-1] = abs(best[-1])
    if best[-1] < _STEP:  # at its boundary the spread has no curvature to be inverted with the others
        flat = logistic(yes, columns, level=level)
        return MixedLogistic(flat.coefficients, 0.0, len(yes), int(codes.max()) + 1, flat.log_likelihood)
    curvature = _curvature(likelihood, best)
    if np.linalg.eigvalsh(curvature).min() <= 0:
        raise NoEstimate("the likelihood of the mixed model has no top: the clusters tell too little")
    covariance = np.asarray(2 * np.linalg.inv(curvature), dtype=float)
    coefficients = _estimates(best[:-1], covariance[:-1, :-1], math.inf, level)
    log_likelihood = -likelihood.deviance(best) / 2
    return MixedLogistic(coefficients, float(best[-1]), len(yes), int(codes.max()) + 1, log_likelihood)


def separating(outcome: ArrayLike, design: ArrayLike) -> NDArray[np.float64] | None:
    """A sum of the columns that is nowhere negative at a yes, nowhere positive at a no, and not always 0, or None.

    Where there is one, the likelihood grows without end along it and no coefficient is to be believed: separation, as
    Albert and Anderson (1984) call it, complete or quasi-complete. Found by a linear program, so exactly.
    """
    yes, columns = np.asarray(outcome, dtype=float), np.asarray(design, dtype=float)
    sides = np.unique((2 * yes - 1)[:, None] * columns, axis=0)
    found = linprog(-sides.sum(axis=0), A_ub=-sides, b_ub=np.zeros(len(sides)), bounds=(-1, 1), method="highs")
    return np.asarray(found.x) if found.success and float(sides.sum(axis=0) @ found.x) > _SLACK else None


class _Levels:
    """The likelihood of a random intercept per cluster.

    Rows of a cluster with the same columns are counted together. nodes, areas: of the Gauss-Hermite rule.
    """

    def __init__(
        self,
        yes: NDArray[np.float64],
        columns: NDArray[np.float64],
        codes: NDArray[np.intp],
        nodes: NDArray[np.float64],
        areas: NDArray[np.float64],
    ) -> None:
        rows, place, counts = np.unique(
            np.column_stack([codes, columns]), axis=0, return_inverse=True, return_counts=True
        )
        self.codes, self.columns, self.counts = rows[:, 0].astype(int), rows[:, 1:], counts.astype(float)
        self.yes = np.bincount(place.ravel(), yes)
        self.nodes, self.log_areas = nodes, np.log(areas) + nodes**2
        self.clusters = int(codes.max()) + 1

    def deviance(self, parameters: NDArray[np.float64]) -> float:
        """Minus twice the log-likelihood of coefficients and, last, the spread of the levels."""
        sums, spread = self.columns @ parameters[:-1], float(parameters[-1])
        levels, widths = self._topped(sums, spread)
        at = levels[:, None] + math.sqrt(2) * widths[:, None] * self.nodes
        logs = np.stack([self._joint(sums, spread, level) for level in at.T], axis=1) + self.log_areas
        return float(-2 * (logsumexp(logs, axis=1) + np.log(math.sqrt(2) * widths)).sum())

    def _topped(self, sums: NDArray[np.float64], spread: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where every level, in units of the spread, is likeliest, and its curvature as a width.

        Newton's steps, or halves of what is left where these lead out of it: the slope falls everywhere.
        """
        most = abs(spread) * self._by_cluster(self.counts) + 1
        low, high, levels = -most, most, np.zeros_like(most)
        for _ in range(_ITERATIONS):
            chances = expit(sums + spread * levels[self.codes])
            slope = spread * self._by_cluster(self.yes - self.counts * chances) - levels
            curvature = spread**2 * self._by_cluster(self.counts * chances * (1 - chances)) + 1
            low, high = np.where(slope > 0, levels, low), np.where(slope < 0, levels, high)
            further = levels + slope / curvature
            further = np.where((further > low) & (further < high), further, (low + high) / 2)
            further = np.where(slope == 0, levels, further)
            if np.abs(further - levels).max() < 1e-12:
                break
            levels = further
        return levels, np.asarray(1 / np.sqrt(curvature))

    def _joint(self, sums: NDArray[np.float64], spread: float, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """The log density of what was seen in each cluster and its level."""
        odds = sums + spread * levels[self.codes]
        logs = self.yes * log_expit(odds) + (self.counts - self.yes) * log_expit(-odds)
        return self._by_cluster(logs) - levels**2 / 2 - math.log(2 * math.pi) / 2

    def _by_cluster(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(self.codes, values, minlength=self.clusters), dtype=float)


def _curvature(likelihood: _Levels, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """The second derivatives of the deviance by central differences."""
    steps = np.diag(_STEP * np.maximum(1, np.abs(at)))
    found = np.empty((len(at), len(at)))
    for i, a in enumerate(steps):
        for j, b in enumerate(steps):
            corners = [likelihood.deviance(at + s * a + r * b) * s * r for s in (1, -1) for r in (1, -1)]
            found[i, j] = math.fsum(corners) / (4 * a[i] * b[j])
    return found


def _estimates(
    values: NDArray[np.float64], covariance: NDArray[np.float64], freedom: float, level: float
) -> tuple[Estimate, ...]:
    reach = quantile(freedom, level)
    errors = np.sqrt(np.diag(covariance)).tolist()
    return tuple(
        Estimate(value, error, freedom, value - reach * error, value + reach * error)
        for value, error in zip(np.asarray(values).tolist(), errors, strict=True)
    )


def _checked(outcome: ArrayLike, design: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two as arrays, if they fit and determine the coefficients."""
    yes, columns = np.asarray(outcome, dtype=float), np.asarray(design, dtype=float)
    if columns.ndim != 2 or yes.shape != columns.shape[:1] or not yes.size or not columns.size:
        raise ValueError(f"a design needs one row per outcome; found {columns.shape} for {yes.shape}")
    if not np.isin(yes, (0, 1)).all() or not np.isfinite(columns).all():
        raise ValueError("outcomes are 0 or 1, and what explains them are numbers")
    sizes = np.abs(np.diag(np.atleast_2d(qr(columns, mode="r", pivoting=True)[0])))
    if len(columns) < columns.shape[1] or sizes.min() < 1e-10 * sizes.max():
        raise NoEstimate("some columns of the design are sums of others, so their effects cannot be told apart")
    if yes.min() == yes.max():
        raise NoEstimate(f"all outcomes are {yes[0]:g}, so nothing explains them")
    if separating(yes, columns) is not None:
        raise NoEstimate(
            "the data are separated: what is to explain the outcomes decides all or some of them completely, so the "
            "estimate would be infinite"
        )
    return yes, columns


def _codes(clusters: ArrayLike, rows: int) -> NDArray[np.intp]:
    labels = np.asarray(clusters)
    if labels.shape != (rows,):
        raise ValueError(f"clusters need one code per row; found {labels.shape} for {rows} rows")
    return np.asarray(np.unique(labels, return_inverse=True)[1], dtype=np.intp)
