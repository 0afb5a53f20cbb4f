"""How cooperation follows what it costs or brings: psychometric curves, and whether there is a trade-off at all.

A curve is cooperation as a function of one number of the game, such as the temptation to defect, for one agent or for
a population. Whoever weighs a trade-off changes somewhere, and that place is its threshold; whoever has a default
does the same at every level, and of it no threshold is told. What was chosen in one cluster (a match, an agent of a
population) may depend on each other, so likelihoods are tempered by how much more clusters vary than coins would: in
where they change with x, if the question is whether there is a trade-off, and in their means too, if it is where.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, chdtri, expit, fdtrc, fdtri, xlogy

from comity.fidelity.observations import FidelityError, Floats
from comity.stats.estimate import LEVEL

Seen: TypeAlias = Literal["trade-off", "no trade-off seen", "too few levels"]

FEWEST = 3
"""With fewer levels no threshold can be told; with fewer than `FOR_LAPSES` no lapses either, which are then 0."""
FOR_LAPSES = 5
MOST_LAPSE = 0.25
"""The largest lapse of either kind: with more, a curve would no longer tell where an agent changes."""
_LAPSES = (0.0, 0.01, 0.02, 0.04, 0.07, 0.11, 0.17, MOST_LAPSE)
_THRESHOLDS, _WIDTHS = 121, 25
_BEYOND = 0.5
"""Thresholds are looked for so far outside the levels, in ranges of the levels."""
_STEEPEST, _FLATTEST = 0.01, 3.0
"""The widths that are looked for, in ranges of the levels."""
_ODDS = 0.05
"""A trade-off is seen where levels that made no difference would look like this so seldom, and BIC agrees."""


@dataclass(frozen=True)
class Measured:
    """A parameter of a curve with its interval; infinite ends where the levels do not bound it, NaN: not known."""

    value: float
    low: float
    high: float


UNKNOWN = Measured(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Curve:
    """Cooperation as a function of one number x: P(C) = low + (1 - low - high) F((x - threshold) / width).

    F is the logistic function. A negative width falls with x.

    levels, cooperated, chosen: [levels], the values of x in rising order, and the choices at each.
    seen: whether a trade-off is seen; where none is, the four parameters are not known.
    rate: the share that cooperated over all levels, each choice counting the same.
    threshold: the x at which it is halfway between its two ends. width: how fast it changes, in units of x.
    slope: its steepest change of P(C) per unit of x, (1 - low - high) / (4 width).
    low, high: the lapses, how often it cooperates at the end where it mostly does not, and defects at the other.
    ratio: twice the log-likelihood that x brings to a constant, tempered; p: how likely a larger one is without a
        trade-off. bic: by how much BIC falls with x; above 0 speaks for a trade-off.
    dispersion: how many times more clusters vary in their slopes than independent choices would; at least 1.
    """

    levels: Floats
    cooperated: Floats
    chosen: Floats
    seen: Seen
    rate: float
    threshold: Measured
    width: Measured
    slope: Measured
    low: Measured
    high: Measured
    ratio: float
    p: float
    bic: float
    dispersion: float

    @property
    def says(self) -> str:
        """The finding in one sentence."""
        if self.seen == "too few levels":
            return "with less than three levels a difference may be told, a threshold cannot"
        if self.seen == "trade-off":
            return f"a trade-off is seen: cooperation {'rises' if self.width.value > 0 else 'falls'} with it"
        return "no trade-off seen: a constant rate says as much"

    def at(self, x: ArrayLike) -> Floats:
        """P(C) at these x by the fitted curve; the constant rate where no trade-off is seen."""
        where = np.asarray(x, dtype=float)
        if math.isnan(self.threshold.value):
            return np.full(where.shape, self.rate)
        low, high = self.low.value, self.high.value
        return np.asarray(low + (1 - low - high) * expit((where - self.threshold.value) / self.width.value))


def psychometric(
    x: ArrayLike, cooperated: ArrayLike, chosen: ArrayLike, clusters: ArrayLike, level: float = LEVEL
) -> Curve:
    """The curve that makes these choices most likely, and what can be said of it.

    x: [rows], the level. cooperated, chosen: [rows], how many of how many choices. clusters: [rows], what depends on
    each other. The likelihood is binomial, divided by a dispersion (Wedderburn 1974), which is that of a slope in the
    test and the larger of that and of a mean in intervals. Intervals are of the profile likelihood: all values of which
    some curve is no less likely than the best by half the quantile of F with 1 and as many degrees of freedom as
    clusters leave to the dispersion; chi squared, where they leave none. Whether there is a trade-off is asked of the
    logistic curve without lapses against the constant rate, a regular test by the same F: with lapses, the other
    parameters would have no meaning under the constant. Source of the curve, of fitting lapses and of the profile:
    Wichmann and Hill (2001).

    Raises `FidelityError` where there is no choice, or the arrays do not fit each other.
    """
    where, acted, made, group = _checked(x, cooperated, chosen, clusters)
    levels, place = np.unique(where, return_inverse=True)
    yes, all_ = _summed(place, acted), _summed(place, made)
    centred = levels - (levels * all_).sum() / all_.sum()
    climb, curve = _logistic(levels, yes, all_) if len(levels) > 1 else (0.0, yes / all_)
    tilt, left = _dispersion(place, acted, made, group, centred, curve)
    shift, left_to_shift = _dispersion(place, acted, made, group, np.ones(len(levels)), curve)
    rate = float(yes.sum() / all_.sum())
    ratio = 2 * (climb - _constant(yes, all_)) / tilt if len(levels) > 1 else 0.0
    ratio = max(ratio, 0.0)
    p = float(fdtrc(1, left, ratio) if math.isfinite(left) else chdtrc(1, ratio))
    bic = ratio - math.log(max(all_.sum() / tilt, 1.0))
    seen: Seen = "trade-off" if p < _ODDS and bic > 0 else "no trade-off seen"
    if len(levels) < 2 or (seen == "trade-off" and len(levels) < FEWEST):
        seen = "too few levels"
    reach = max((tilt * _quantile(left, level), shift * _quantile(left_to_shift, level)))
    parts = _profiled(levels, yes, all_, reach) if seen == "trade-off" else (UNKNOWN,) * 5
    return Curve(levels, yes, all_, seen, rate, *parts, ratio, p, bic, tilt)


def curves_by(
    who: Sequence[str], x: ArrayLike, cooperated: ArrayLike, chosen: ArrayLike, clusters: ArrayLike
) -> dict[str, Curve]:
    """A curve for each agent, by name in the order of first appearance. who: [rows]."""
    names, columns = np.asarray(who, dtype=object), [np.asarray(part) for part in (x, cooperated, chosen, clusters)]
    return {name: psychometric(*(column[names == name] for column in columns)) for name in dict.fromkeys(who)}


def _checked(*given: ArrayLike) -> tuple[Floats, Floats, Floats, NDArray[np.intp]]:
    x, cooperated, chosen = (np.asarray(part, dtype=float) for part in given[:3])
    clusters = np.asarray(given[3])
    if not len(x) == len(cooperated) == len(chosen) == len(clusters):
        raise FidelityError("a curve needs a level, two counts and a cluster for each row, and some are missing")
    keep = chosen > 0
    if not keep.any():
        raise FidelityError("a curve needs choices, and there are none")
    if not np.isfinite(x[keep]).all() or (cooperated > chosen).any() or (cooperated < 0).any():
        raise FidelityError("a curve needs finite levels, and from 0 to all choices that cooperated")
    _, codes = np.unique(clusters[keep], return_inverse=True)
    return x[keep], cooperated[keep], chosen[keep], np.asarray(codes, dtype=np.intp)


def _dispersion(
    place: NDArray[np.intp], acted: Floats, made: Floats, group: NDArray[np.intp], weight: Floats, curve: Floats
) -> tuple[float, float]:
    """How many times more weighted sums over clusters vary than coins would, and the degrees of freedom of that.

    weight: [levels], all 1 for the means of clusters, x for their slopes. Residuals e are around the share p of their
    level, so the curve itself is no overdispersion: sum over clusters of (sum of weight e)² over the sum of
    weight² n p (1 - p) (1 - h), with h the part of all choices at the level that are the cluster's. Every cluster has
    1 - h degrees of freedom, so that G clusters with all levels leave G - 1, and those with one level each G less the
    levels. Where that is none, as every level is one cluster, residuals are around the logistic curve, which leaves the
    levels less two. (1, infinity) where nothing varies.
    """
    keys, cells = np.unique(np.column_stack([group, place]), axis=0, return_inverse=True)
    of, at = keys.T
    n, did = (_summed(cells.reshape(-1), column) for column in (made, acted))
    every = _summed(at, n)
    shares = _summed(at, did) / every
    coins = weight[at] ** 2 * n * shares[at] * (1 - shares[at])
    plain, expected = _summed(of, coins), _summed(of, coins * (1 - n / every[at]))
    free = float(np.divide(expected, plain, out=np.zeros(len(plain)), where=plain > 0).sum())
    if not plain.sum():
        return 1.0, math.inf
    if free < 1e-9:
        return _lack_of_fit(did, n, curve[at])
    off = _summed(of, weight[at] * (did - n * shares[at]))
    return max(1.0, float((off**2).sum() / expected.sum())), free


def _lack_of_fit(yes: Floats, all_: Floats, curve: Floats) -> tuple[float, float]:
    """Pearson's chi squared of a curve with two parameters over its degrees of freedom, and these."""
    free = max(len(yes) - 2, 1)
    coins = all_ * np.maximum(curve * (1 - curve), 1e-9)
    return max(1.0, float(((yes - all_ * curve) ** 2 / coins).sum()) / free), float(free)


def _quantile(left: float, level: float) -> float:
    return float(fdtri(1, left, level) if math.isfinite(left) else chdtri(1, 1 - level))


def _summed(codes: NDArray[np.intp], weights: Floats) -> Floats:
    return np.bincount(codes, weights).astype(float)


def _constant(yes: Floats, all_: Floats) -> float:
    rate = yes.sum() / all_.sum()
    return float(xlogy(yes.sum(), rate) + xlogy(all_.sum() - yes.sum(), 1 - rate))


def _logistic(levels: Floats, yes: Floats, all_: Floats) -> tuple[float, Floats]:
    """The best logistic curve without lapses, by Newton's steps; at most a step: its log-likelihood, and P(C)."""
    span = levels[-1] - levels[0]
    design = np.column_stack([np.ones(len(levels)), (levels - levels.mean()) / span])
    beta, best, curve = np.zeros(2), -math.inf, np.full(len(levels), 0.5)
    for _ in range(60):
        p = expit(np.clip(design @ beta, -30, 30))
        value = float((xlogy(yes, p) + xlogy(all_ - yes, 1 - p)).sum())
        if value < best + 1e-10:
            break
        best, curve = value, p
        curvature = design.T @ (design * (all_ * np.maximum(p * (1 - p), 1e-12))[:, None]) + 1e-10 * np.eye(2)
        beta = np.clip(beta + np.linalg.solve(curvature, design.T @ (yes - all_ * p)), -2_000, 2_000)
    return best, curve


@dataclass(frozen=True)
class _Grid:
    """Every curve that is tried for some levels, one row each: its parameters, and log P(C) and log P(D) by level."""

    threshold: Floats
    width: Floats
    low: Floats
    high: Floats
    logs: Floats


@lru_cache(maxsize=8)
def _grid(levels: tuple[float, ...], with_lapses: bool) -> _Grid:
    """Thresholds by widths by lapses, for curves that rise; those that fall are these with C and D exchanged."""
    x, span = np.array(levels), levels[-1] - levels[0]
    thresholds = np.linspace(x[0] - _BEYOND * span, x[-1] + _BEYOND * span, _THRESHOLDS)
    widths = np.geomspace(_STEEPEST * span, _FLATTEST * span, _WIDTHS)
    lapses = np.array(_LAPSES if with_lapses else (0.0,))
    axes = [axis.ravel() for axis in np.meshgrid(thresholds, widths, lapses, lapses, indexing="ij")]
    threshold, width, low, high = axes
    p = low[:, None] + (1 - low - high)[:, None] * expit((x - threshold[:, None]) / width[:, None])
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return _Grid(threshold, width, low, high, np.hstack([np.log(p), np.log1p(-p)]))


def _profiled(
    levels: Floats, yes: Floats, all_: Floats, reach: float
) -> tuple[Measured, Measured, Measured, Measured, Measured]:
    """Threshold, width, slope and the two lapses, each with the interval of its profile likelihood.

    Every curve of a grid is held against the choices, in the direction that suits them better, so no fit can be stuck
    in a place that is best only nearby; the best is then improved between the points of the grid. reach: by how much
    twice the log-likelihood may be below the best inside an interval.
    """
    grid = _grid(tuple(map(float, levels)), len(levels) >= FOR_LAPSES)
    rises = _slope_of(levels, yes, all_) >= 0
    did, rest = (yes, all_ - yes) if rises else (all_ - yes, yes)  # what falls with x is a defection that rises
    likelihood = grid.logs @ np.concatenate([did, rest])
    best = int(likelihood.argmax())
    start = (grid.threshold[best], grid.width[best], grid.low[best], grid.high[best])
    threshold, width, low, high, value = _improved(levels, did, rest, start, float(likelihood[best]), len(levels))
    inside = 2 * (value - likelihood) <= reach
    inside[best] = True
    sign = 1.0 if rises else -1.0
    slopes = _spanned((1 - grid.low - grid.high) / (4 * grid.width), inside, (1 - low - high) / (4 * width))
    found = {
        "threshold": _reached(grid.threshold, inside, threshold, (-math.inf, math.inf)),
        "width": _reached(grid.width, inside, width, (0.0, math.inf)),
        "low": _reached(grid.low, inside, low, (0.0, MOST_LAPSE)),
        "high": _reached(grid.high, inside, high, (0.0, MOST_LAPSE)),
    }
    if len(levels) < FOR_LAPSES:
        found |= {"low": Measured(0.0, math.nan, math.nan), "high": Measured(0.0, math.nan, math.nan)}
    if not rises:  # a falling curve ends low where the exchanged one ends high
        found["low"], found["high"] = found["high"], found["low"]
    return found["threshold"], _signed(found["width"], sign), _signed(slopes, sign), found["low"], found["high"]


def _slope_of(levels: Floats, yes: Floats, all_: Floats) -> float:
    """The direction of cooperation: the weighted covariance of x and the shares."""
    centre = (levels * all_).sum() / all_.sum()
    return float(((levels - centre) * yes).sum())


def _improved(
    levels: Floats, did: Floats, rest: Floats, start: tuple[float, float, float, float], value: float, n: int
) -> tuple[float, float, float, float, float]:
    """The best parameters near a point of the grid, within its bounds, and their log-likelihood."""
    from scipy.optimize import minimize

    span = levels[-1] - levels[0]
    most = MOST_LAPSE if n >= FOR_LAPSES else 0.0

    def cost(at: Floats) -> float:
        p = at[2] + (1 - at[2] - at[3]) * expit((levels - at[0]) / math.exp(at[1]))
        p = np.clip(p, 1e-9, 1 - 1e-9)
        return -float((did * np.log(p) + rest * np.log1p(-p)).sum())

    bounds = [
        (levels[0] - _BEYOND * span, levels[-1] + _BEYOND * span),
        (math.log(_STEEPEST * span), math.log(_FLATTEST * span)),
        (0.0, most),
        (0.0, most),
    ]
    begin = np.array([start[0], math.log(start[1]), *start[2:]])
    found = minimize(cost, begin, method="L-BFGS-B", bounds=bounds)
    if -float(found.fun) < value:
        return (*start, value)
    at = found.x
    return float(at[0]), math.exp(float(at[1])), float(at[2]), float(at[3]), -float(found.fun)


def _reached(axis: Floats, inside: NDArray[np.bool_], value: float, ends: tuple[float, float]) -> Measured:
    """The least and the largest value among the curves that are likely enough, each one point of the grid outward.

    ends: what stands where the grid ends before the interval does.
    """
    points = np.unique(axis)
    first, last = np.searchsorted(points, [axis[inside].min(), axis[inside].max()])
    low = ends[0] if first == 0 else float(points[first - 1])
    high = ends[1] if last == len(points) - 1 else float(points[last + 1])
    return Measured(value, min(low, value), max(high, value))


def _spanned(values: Floats, inside: NDArray[np.bool_], value: float) -> Measured:
    """The same of a number that goes with the inverse of the width, one step of the widths outward; infinite where the
    steepest curve is likely enough."""
    step = (_FLATTEST / _STEEPEST) ** (1 / (_WIDTHS - 1))
    low, high = float(values[inside].min()) / step, float(values[inside].max()) * step
    return Measured(value, min(low, value), math.inf if high >= values.max() * step else max(high, value))


def _signed(found: Measured, sign: float) -> Measured:
    return found if sign > 0 else Measured(-found.value, -found.high, 0.0 - found.low)
