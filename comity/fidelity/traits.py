"""What is an agent's own, told apart from where it stands and what it has just seen.

Two models with one number per agent that is never seen. In the beta-binomial each agent has a rate. In the logit each
has an intercept, a normal draw, beside what its context adds; its standard deviation is the trait SD (H8). Both are
fitted to the observations as they are; resamples of the logit move the fit by one step along the scores of its agents.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike

from comity.fidelity.observations import Codes, Floats, Observations, Weighted

PHASES = (5, 15, 30)
"""The course of rounds in the logit is a level for each phase: up to round 5, 15, 30, and after."""

RESIDUAL = math.pi**2 / 3
"""The variance of the logistic distribution: what a single choice leaves open in log-odds."""

_TOP = 1e4
"""α + β is not followed beyond this: an intraclass correlation of 0.0001 is none."""

_NODES = 7
_PRIOR = 10.0
"""The SD of a weak normal prior of coefficients, so that a rule without exceptions has finite ones."""

_STEP = 1e-4
"""So far apart gradients are taken for the curvature."""

_NEAR = 1e-6
"""The fit ends where a step would raise the log likelihood by less than half of this."""

_VARIANCE = (1e-4, 100.0)
"""Between these the variance of intercepts is sought."""


@dataclass(frozen=True, eq=False)
class BetaBinomial:
    """Beta distributions of rates, one for each draw. alpha, beta: [draws]; NaN where all
    cooperate, nobody does, or nobody chooses twice."""

    alpha: Floats
    beta: Floats

    @property
    def icc(self) -> Floats:
        """[draws]: 1/(α + β + 1), the correlation of two choices of one agent; 1e-4 where none is seen."""
        return np.asarray(1 / (self.alpha + self.beta + 1))

    @property
    def sd(self) -> Floats:
        """[draws]: the standard deviation of rates, √(μ(1 − μ) ICC)."""
        mean = self.alpha / (self.alpha + self.beta)
        return np.asarray(np.sqrt(mean * (1 - mean) * self.icc))


def beta_binomial(cooperated: ArrayLike, chosen: ArrayLike, weights: ArrayLike | None = None) -> BetaBinomial:
    """The likeliest beta distribution of rates, if each agent tosses a coin of its own (Skellam 1948).

    cooperated, chosen: [agents], counts. weights: [draws, agents], all once unless given. Newton's method in ln α and
    ln β, damped where a step does not help; draws start from the fit to all. Where agents differ less than coins the
    likelihood rises without end, and α + β stops at 10,000.
    """
    counts = np.column_stack([np.asarray(cooperated, dtype=float), np.asarray(chosen, dtype=float)])
    counted = np.ones((1, len(counts))) if weights is None else np.asarray(weights, dtype=float)
    cells, place = np.unique(counts, axis=0, return_inverse=True)
    masses = counted @ (place.reshape(-1, 1) == np.arange(len(cells))).astype(float)
    start = _likeliest(cells, masses.sum(axis=0, keepdims=True), np.zeros((1, 2)))
    found = np.exp(_likeliest(cells, masses, np.repeat(start, len(masses), axis=0)))
    total = masses @ cells
    several = masses @ (cells[:, 1] > 1).astype(float) > 0
    open_ = several & (total[:, 0] > 0) & (total[:, 0] < total[:, 1])
    return BetaBinomial(*np.where(open_[:, None], found, np.nan).T)


def _likeliest(cells: Floats, masses: Floats, start: Floats) -> Floats:
    """(ln α, ln β) of each draw: [draws, 2]."""
    at, damping = start.copy(), np.full(len(start), 1e-3)
    value, gradient, curvature = _climb(cells, masses, at)
    moving = np.arange(len(start))
    for _ in range(200):
        step = _damped(gradient[moving], curvature[moving], damping[moving], masses[moving].sum(axis=1))
        tried = _within_reach(at[moving] + step)
        found = _climb(cells, masses[moving], tried)
        better = found[0] >= value[moving]
        far = np.abs(tried - at[moving]).max(axis=1)
        gone = moving[better]
        at[gone], value[gone] = tried[better], found[0][better]
        gradient[gone], curvature[gone] = found[1][better], found[2][better]
        damping[moving] = np.where(better, damping[moving] / 10, damping[moving] * 10)
        moving = moving[(far > 1e-8) & (damping[moving] < 1e9)]
        if not len(moving):
            break
    return at


def _within_reach(at: Floats) -> Floats:
    return np.asarray(at - np.maximum(np.logaddexp(at[:, 0], at[:, 1]) - math.log(_TOP), 0.0)[:, None])


def _damped(gradient: Floats, curvature: Floats, damping: Floats, masses: Floats) -> Floats:
    """Newton's steps uphill, the curvature made definite where it is not."""
    values, vectors = np.linalg.eigh(-curvature)
    strength = np.maximum(np.abs(values), 1e-9) + (damping * np.maximum(masses, 1))[:, None]
    along = np.einsum("dji,dj->di", vectors, gradient) / strength
    step = np.einsum("dij,dj->di", vectors, along)
    return np.asarray(np.clip(step, -2.0, 2.0))


def _climb(cells: Floats, masses: Floats, at: Floats) -> tuple[Floats, Floats, Floats]:
    """The log likelihood [draws], its gradient [draws, 2] and its curvature [draws, 2, 2] in (ln α, ln β)."""
    from scipy.special import betaln, digamma, polygamma

    alpha, beta = np.exp(at[:, :1]), np.exp(at[:, 1:])
    yes, size = cells[:, 0], cells[:, 1]
    no, total = size - yes, alpha + beta
    value = (masses * (betaln(yes + alpha, no + beta) - betaln(alpha, beta))).sum(axis=1)
    shared = digamma(total) - digamma(size + total)
    first = (masses * (digamma(yes + alpha) - digamma(alpha) + shared)).sum(axis=1)
    second = (masses * (digamma(no + beta) - digamma(beta) + shared)).sum(axis=1)
    bend = polygamma(1, total) - polygamma(1, size + total)
    across = (masses * bend).sum(axis=1)
    a, b = alpha[:, 0], beta[:, 0]
    aa = (masses * (polygamma(1, yes + alpha) - polygamma(1, alpha))).sum(axis=1) + across
    bb = (masses * (polygamma(1, no + beta) - polygamma(1, beta))).sum(axis=1) + across
    gradient = np.column_stack([a * first, b * second])
    curvature = np.empty((len(at), 2, 2))
    curvature[:, 0, 0] = a * a * aa + gradient[:, 0]
    curvature[:, 1, 1] = b * b * bb + gradient[:, 1]
    curvature[:, 0, 1] = curvature[:, 1, 0] = a * b * across
    return value, gradient, curvature


# The logit with a random intercept


@dataclass(frozen=True, eq=False)
class Traits:
    """A logit of cooperating with a random intercept for each agent.

    names: what coefficients belong to. coefficients: [coefficients]. variance: of the intercepts. errors: the standard
    errors of the coefficients and, last, of the variance, by the curvature of the likelihood. parts: the variance over
    choices that each part of the log-odds has. scores: [agents, coefficients + 1], of the variance last.
    """

    names: tuple[str, ...]
    coefficients: Floats
    variance: float
    errors: Floats
    parts: dict[str, float]
    scores: Floats
    inverse: Floats
    log_likelihood: float

    @property
    def sd(self) -> float:
        """The trait SD, in log-odds."""
        return math.sqrt(self.variance)

    @property
    def shares(self) -> dict[str, float]:
        """What share of the variance in log-odds each part has: trait, position, context, rounds, and the rest.

        On the scale of Nakagawa and Schielzeth (2010): the rest is what a single choice leaves open, π²/3. Parts that
        go together, such as context and rounds, are counted each in full, so shares are of their sum.
        """
        total = sum(self.parts.values())
        return {name: part / total for name, part in self.parts.items()}

    def sds(self, weights: Floats) -> Floats:
        """[draws]: the trait SD if agents counted so often: one Newton step from the fit, cut off at 0.

        weights: [draws, agents]. Exact in the limit of many agents (the infinitesimal jackknife of Jaeckel 1972).
        """
        count = weights.sum(axis=1)
        step = (weights @ self.scores) @ self.inverse[:, -1]
        moved = np.divide(step * weights.shape[1], count, out=np.full(len(count), np.nan), where=count > 0)
        return np.asarray(np.sqrt(np.maximum(self.variance + moved, 0.0)))


_FITTED: WeakKeyDictionary[Observations, dict[tuple[str, ...], Traits | None]] = WeakKeyDictionary()
"""Fits are made once for each observations and kept as long as these."""

TERMS = ("own", "neighbours", "position")
"""What the logit holds beside the course of rounds, where it is known."""


def terms_of(of: Observations) -> tuple[str, ...]:
    """Which of `TERMS` some choices differ in."""
    columns = {"own": of.own, "neighbours": of.neighbours, "position": of.degree}
    acting = {name: values[of.known & ~np.isnan(values)] for name, values in columns.items()}
    return tuple(name for name in TERMS if len(acting[name]) and np.ptp(acting[name]) > 0)


def traits(of: Observations, terms: tuple[str, ...] | None = None) -> Traits | None:
    """The fit of the logit with a random intercept; None where all choices are the same,
    or nobody has two.

    logit P(C) = β₀ + first + β₁z + β₂(m − ½) + β₃z(m − ½) + β₄ ln k + phase of rounds + u_i, u_i ~ N(0, σ²), with z the
    own last action, m the share of neighbours that cooperated, k the degree. Choices without a last action have a level
    of their own. terms: which of `TERMS`, all that differ unless said. By maximum likelihood with adaptive quadrature
    of seven nodes for each agent, coefficients with a weak prior of SD 10.
    """
    chosen = terms_of(of) if terms is None else terms
    kept = _FITTED.setdefault(of, {})
    if chosen not in kept:
        kept[chosen] = _fit(_cells(of, chosen))
    return kept[chosen]


def trait_sd(side: Weighted) -> Floats:
    """[draws]: the SD of the random intercepts in log-odds (H8); NaN where all choices are the same."""
    return _sds(side, terms_of(side.observations))


def trait_sd_gap(candidate: Weighted, human: Weighted) -> Floats:
    """[draws]: the candidate's trait SD less people's, both with the terms that both know."""
    known = [terms_of(side.observations) for side in (candidate, human)]
    shared = tuple(name for name in TERMS if all(name in terms for terms in known))
    return _sds(candidate, shared) - _sds(human, shared)


def _sds(side: Weighted, terms: tuple[str, ...]) -> Floats:
    fit = traits(side.observations, terms)
    return np.full(side.n_draws, np.nan) if fit is None else fit.sds(side.weights)


@dataclass(frozen=True, eq=False)
class _Cells:
    """Choices that are alike, counted. agent: [cells], rising. design: [cells, coefficients]. parts: which part of the
    log-odds each coefficient belongs to. yes, size: [cells], how often cooperated and chosen."""

    n_agents: int
    agent: Codes
    names: tuple[str, ...]
    parts: tuple[str, ...]
    design: Floats
    yes: Floats
    size: Floats

    @cached_property
    def starts(self) -> Codes:
        """Where the cells of each agent that chose begin."""
        return np.flatnonzero(np.diff(self.agent, prepend=-1))

    @cached_property
    def row(self) -> Codes:
        """[cells]: the number of the agent among those that chose."""
        return np.cumsum(np.diff(self.agent, prepend=-1) > 0) - 1

    def sums(self, values: Floats) -> Floats:
        """[acting agents, ...]: values of cells added up by agent."""
        return np.asarray(np.add.reduceat(values, self.starts, axis=0))


def _cells(of: Observations, terms: tuple[str, ...]) -> _Cells:
    known = of.known
    phase = np.searchsorted(PHASES, of.round[known], side="right")
    first = np.isnan(of.own[known]) if "own" in terms else np.zeros(known.sum(), dtype=bool)
    own = np.where(first, 0.0, np.nan_to_num(of.own[known])) if "own" in terms else np.zeros(len(first))
    shared = np.nan_to_num(of.neighbours[known] - 0.5) if "neighbours" in terms else np.zeros(len(first))
    position = np.zeros(len(first))
    if "position" in terms:
        logs = np.log(np.maximum(of.degree[known], 1.0))
        position = np.nan_to_num(logs - np.nanmean(logs))
    columns = [("first", "context", first), ("own", "context", own), ("neighbours", "context", shared),
               ("own x neighbours", "context", own * shared), ("position", "position", position)]  # fmt: skip
    columns += [(f"from round {PHASES[at - 1] + 1}", "rounds", phase == at) for at in range(1, len(PHASES) + 1)]
    keys = np.zeros(len(first), dtype=np.int64)
    for part in (of.agent[known], phase, first, own, shared, position):
        _, code = np.unique(part, return_inverse=True)
        keys = keys * (int(code.max(initial=0)) + 1) + code
    _, sample, place = np.unique(keys, return_index=True, return_inverse=True)
    used = [(name, part, np.asarray(values, dtype=float)[sample]) for name, part, values in columns]
    used = [(name, part, values) for name, part, values in used if len(values) and np.ptp(values) > 0]
    acting, agent = np.unique(of.agent[known][sample], return_inverse=True)
    return _Cells(
        of.n_agents,
        acting[agent],
        ("intercept", *(name for name, _, _ in used)),
        ("", *(part for _, part, _ in used)),
        np.column_stack([np.ones(len(sample)), *(values for _, _, values in used)]),
        np.bincount(place, of.action[known], minlength=len(sample)).astype(float),
        np.bincount(place, minlength=len(sample)).astype(float),
    )


def _fit(cells: _Cells) -> Traits | None:
    if not 0 < cells.yes.sum() < cells.size.sum() or cells.sums(cells.size).max() < 2:
        return None
    likelihood = _Likelihood(cells)
    return _told(cells, likelihood, _top(likelihood, cells.design.shape[1]))


def _top(likelihood: _Likelihood, n: int) -> Floats:
    """(coefficients, ln variance) where the likelihood is highest, by the steps of Berndt et al. (1974).

    The information is that of the agents' scores; a step that does not help is tried again, shorter.
    """
    low, high = (
        np.append(np.full(n, sign * 3 * _PRIOR), math.log(end)) for sign, end in zip((-1, 1), _VARIANCE, strict=True)
    )
    at, damping = np.zeros(n + 1), 1e-3
    values, scores = likelihood(at)
    value = float(values.sum()) - _penalty(at)
    for _ in range(200):
        slope = scores.sum(axis=0) - _pull(at)
        open_ = ~((at <= low) & (slope < 0) | (at >= high) & (slope > 0))
        information = scores.T @ scores + np.diag(np.append(np.full(n, 1 / _PRIOR**2), 0.0))
        information += np.diag(damping * information.diagonal() + 1e-9)
        step = np.zeros(n + 1)
        step[open_] = np.linalg.solve(information[np.ix_(open_, open_)], slope[open_])
        if float(step @ slope) < _NEAR:
            break
        tried = np.clip(at + np.clip(step, -2.0, 2.0), low, high)
        values, there = likelihood(tried)
        higher = float(values.sum()) - _penalty(tried)
        if higher >= value:
            at, value, scores, damping = tried, higher, there, max(damping / 10, 1e-9)
        else:
            damping = min(damping * 10, 1e9)
    return at


def _penalty(at: Floats) -> float:
    return float((at[:-1] ** 2).sum() / (2 * _PRIOR**2))


def _pull(at: Floats) -> Floats:
    return np.append(at[:-1] / _PRIOR**2, 0.0)


def _told(cells: _Cells, likelihood: _Likelihood, at: Floats) -> Traits:
    """The fit with its curvature, from differences of the gradient, in the variance and not in its logarithm."""
    value, scores = likelihood(at)
    variance = math.exp(at[-1])
    total = scores.sum(axis=0) - _pull(at)
    curvature = np.empty((len(at), len(at)))
    for place in range(len(at)):
        aside = at.copy()
        aside[place] += _STEP
        curvature[place] = (likelihood(aside)[1].sum(axis=0) - _pull(aside) - total) / _STEP
    curvature = (curvature + curvature.T) / 2
    curvature[-1, -1] -= total[-1]
    scale = np.append(np.ones(len(at) - 1), 1 / variance)
    information = -curvature * np.outer(scale, scale)
    inverse = _inverse(information)
    everyone = np.zeros((cells.n_agents, len(at)))
    everyone[cells.agent[cells.starts]] = scores * scale
    return Traits(
        cells.names,
        at[:-1],
        variance,
        np.sqrt(np.maximum(inverse.diagonal(), 0.0)),
        _variances(cells, at[:-1], variance),
        everyone,
        inverse,
        float(value.sum()),
    )


def _inverse(information: Floats) -> Floats:
    """The inverse, directions in which the likelihood is flat or bends upwards left out."""
    values, vectors = np.linalg.eigh(information)
    kept = values > 1e-10 * max(float(values.max()), 1e-300)
    return np.asarray((vectors[:, kept] / values[kept]) @ vectors[:, kept].T)


def _variances(cells: _Cells, coefficients: Floats, variance: float) -> dict[str, float]:
    found = {"trait": variance}
    for part in ("position", "context", "rounds"):
        mine = np.array([name == part for name in cells.parts])
        values = cells.design[:, mine] @ coefficients[mine]
        mean = np.average(values, weights=cells.size)
        found[part] = float(np.average((values - mean) ** 2, weights=cells.size))
    return found | {"choice": RESIDUAL}


class _Likelihood:
    """The log likelihood of each agent that chose, and its scores, at (coefficients, ln variance).

    The integral over an agent's intercept is by Gauss–Hermite nodes about the intercept's mode, which is found by
    Newton's method from where it was last.
    """

    def __init__(self, cells: _Cells) -> None:
        self.cells = cells
        self.modes = np.zeros(len(cells.starts))
        nodes, masses = np.polynomial.hermite.hermgauss(_NODES)
        self.nodes = nodes
        self.logs = np.log(masses) + nodes**2

    def __call__(self, at: Floats) -> tuple[Floats, Floats]:
        """(log likelihoods [acting agents], scores [acting agents, coefficients + 1])."""
        cells, variance = self.cells, math.exp(at[-1])
        fixed = cells.design @ at[:-1]
        width = self._find_modes(fixed, variance)
        points = self.modes[:, None] + math.sqrt(2) * width[:, None] * self.nodes
        logit = fixed[:, None] + points[cells.row]
        small = np.exp(-np.abs(logit))
        fits = cells.yes[:, None] * logit - cells.size[:, None] * (np.maximum(logit, 0.0) + np.log1p(small))
        heights = cells.sums(fits) - points**2 / (2 * variance) + self.logs
        top = heights.max(axis=1, keepdims=True)
        masses = np.exp(heights - top)
        total = masses.sum(axis=1, keepdims=True)
        value = (top + np.log(total))[:, 0] + np.log(width) - math.log(variance) / 2 - math.log(math.pi) / 2
        masses /= total
        expected = (masses[cells.row] * np.where(logit >= 0, 1.0, small) / (1 + small)).sum(axis=1)
        scores = cells.sums(cells.design * (cells.yes - cells.size * expected)[:, None])
        own = (masses * (points**2 / variance - 1) / 2).sum(axis=1)
        return np.asarray(value), np.column_stack([scores, own])

    def _find_modes(self, fixed: Floats, variance: float) -> Floats:
        """Moves the modes to where they are now; gives the widths about them."""
        cells = self.cells
        for _ in range(30):
            share = _logistic(fixed + self.modes[cells.row])
            slope = cells.sums(cells.yes - cells.size * share) - self.modes / variance
            bend = cells.sums(cells.size * share * (1 - share)) + 1 / variance
            step = np.clip(slope / bend, -2.0, 2.0)
            self.modes = self.modes + step
            if float(np.abs(step).max()) < 1e-6:
                break
        return np.asarray(1 / np.sqrt(bend))


def _logistic(values: Floats) -> Floats:
    from scipy.special import expit

    return np.asarray(expit(values))
