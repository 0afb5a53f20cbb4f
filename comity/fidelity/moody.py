"""The moody logit: how the chance of cooperation depends on the own last action, the neighbours and the round.

    log-odds of C = b0 + b1 z + b2 (m - m0) + b3 z (m - m0) + b4 [rounds 2 to 5] + b5 (t - t0) / 10

z: own last action. m: share of neighbours who cooperated. t: the round. b1 is the mood at m0; b2 the slope after
defection, b2 + b3 after cooperation. The first round of a stretch, which has no z, is apart. Moody conditional
cooperation was found by Grujić et al. (2010); that mood and slope must be told apart, by Horita et al. (2017).

All fits are of counts in cells, so that thousands of resamples are one batch. A normal prior of standard deviation 5 on
every coefficient keeps a rule that never errs finite; on a thousand choices it moves no third digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, log_expit, logsumexp

from comity.fidelity.contexts import EARLY, block_rounds, clusters_of, round_blocks
from comity.fidelity.observations import FidelityError, Floats, Observations, Weighted

NAMES = ("level", "mood", "after D", "more after C", "first rounds", "trend")
"""Of the coefficients b0 to b5."""

PRIOR = 5.0
"""Standard deviation of the prior of a coefficient, in log-odds."""

STEPS = 24
"""Shares are counted in steps of 1/24, exact for up to 4, for 6, 8 and 12 neighbours."""

NODES = np.arange(-50, 51) / 10
"""Where the likelihood of a trait is summed, in standard deviations. The trapezoid rule at these steps is exact to six
digits as long as no agent's trait is known better than to a tenth of the spread."""

_CLOSE = 1e-5
"""Newton's method ends with a step that is smaller; what is left is its square."""
_SAFE = 0.5
_ITERATIONS = 50
_HALVINGS = 30


@dataclass(frozen=True)
class Form:
    """From where shares and rounds are counted, and which terms of the round there are.

    share: m0. round: t0. early, trend: whether b4 and b5 are in; a term that cannot be told from the level is not.
    """

    share: float
    round: float
    early: bool = True
    trend: bool = True

    def columns(self, own: ArrayLike, neighbours: ArrayLike, rounds: ArrayLike) -> Floats:
        """[rows, 6]: what the coefficients belong to. A share that is not known counts as m0; a term left out is 0."""
        z, t = np.asarray(own, dtype=float), np.asarray(rounds, dtype=float)
        m = np.nan_to_num(np.asarray(neighbours, dtype=float) - self.share, nan=0.0)
        early = (t < EARLY) * float(self.early)
        trend = (t - self.round) / 10 * float(self.trend)
        parts = np.broadcast_arrays(np.ones_like(z), z, m, z * m, early, trend)
        return np.stack(parts, axis=-1)


@dataclass(frozen=True, eq=False)
class Cells:
    """Choices that have a context, counted.

    cooperated, chosen: [agents, cells]. own, share, round: [cells], what the choices of a cell have in common.
    """

    cooperated: Floats
    chosen: Floats
    own: Floats
    share: Floats
    round: Floats

    def columns(self, form: Form) -> Floats:
        return form.columns(self.own, self.share, self.round)


@lru_cache(maxsize=32)
def cells_of(observed: Observations) -> Cells:
    """The cells of `Form`: own action, share in steps of 1/24, block of rounds; only those in which somebody chose.

    Where no row knows its neighbours, the share of every cell is NaN and tells nothing; else such rows are left out.
    """
    blind = bool(np.isnan(observed.neighbours).all())
    blocks = round_blocks(observed.round)
    n_blocks = int(blocks.max(initial=0)) + 1
    steps = np.zeros(len(blocks)) if blind else np.round(np.nan_to_num(observed.neighbours, nan=-1) * STEPS)
    there = observed.known & ~np.isnan(observed.own) & (blocks >= 0) & (steps >= 0)
    codes = np.full(len(blocks), -1, dtype=np.intp)
    own = np.nan_to_num(observed.own).astype(np.intp)
    codes[there] = (own[there] * (STEPS + 1) + steps[there].astype(np.intp)) * n_blocks + blocks[there]
    kept, numbered = np.unique(codes[there], return_inverse=True)
    codes[there] = numbered
    cooperated, chosen = observed.tally(codes, len(kept))
    rest, block = np.divmod(kept, n_blocks)
    shares = np.full(len(kept), np.nan) if blind else rest % (STEPS + 1) / STEPS
    return Cells(cooperated, chosen, rest // (STEPS + 1) + 0.0, shares, block_rounds(block))


@lru_cache(maxsize=32)
def form_of(*sides: Observations) -> Form:
    """The form in which these can be compared: counted from the mean share and round of the last, which are people.

    A term of the round is in if every side can tell it from the level.
    """
    cells = [cells_of(side) for side in sides]
    if not all(part.chosen.sum() > 0 for part in cells):
        raise FidelityError("a decision rule needs choices that follow another choice of the same agent; found none")
    counts = cells[-1].chosen.sum(axis=0)
    share = float(counts @ np.nan_to_num(cells[-1].share) / counts.sum())
    early = all(0 < (part.round < EARLY).sum() < len(part.round) for part in cells)
    trend = all(len(np.unique(part.round[part.round >= EARLY] if early else part.round)) > 1 for part in cells)
    return Form(share, float(counts @ cells[-1].round / counts.sum()), early, trend)


def logit_of(cooperated: Floats, chosen: Floats, columns: Floats, prior: float = PRIOR) -> Floats:
    """Coefficients of a logit on counts, by Newton's method for all draws at once: [draws, columns].

    cooperated, chosen: [draws, cells]. columns: [cells, columns]. prior: standard deviation of each coefficient. Draws
    start from the fit to their mean.
    """
    start = np.zeros((1, columns.shape[1]))
    if len(chosen) > 1:
        start = _climbed(start, cooperated.mean(axis=0)[None], chosen.mean(axis=0)[None], columns, prior)
    return _climbed(np.repeat(start, len(chosen), axis=0), cooperated, chosen, columns, prior)


def _climbed(found: Floats, cooperated: Floats, chosen: Floats, columns: Floats, prior: float) -> Floats:
    """From there to the top. Large steps that lead down are halved; small ones are safe."""
    for _ in range(_ITERATIONS):
        slope, curvature = _derivatives(found, cooperated, chosen, columns, prior)
        step: Floats = np.linalg.solve(curvature, slope[..., None])[..., 0].astype(float)
        size = float(np.abs(step).max())
        found = found + step if size < _SAFE else _uphill(found, step, cooperated, chosen, columns, prior)
        if size < _CLOSE:
            break
    return found


def _posterior(found: Floats, cooperated: Floats, chosen: Floats, columns: Floats, prior: float) -> Floats:
    sums = found @ columns.T
    fits = cooperated * log_expit(sums) + (chosen - cooperated) * log_expit(-sums)
    return np.asarray(fits.sum(axis=1) - (found**2).sum(axis=1) / (2 * prior**2))


def _derivatives(
    found: Floats, cooperated: Floats, chosen: Floats, columns: Floats, prior: float
) -> tuple[Floats, Floats]:
    """The slope of the log posterior, and minus its curvature."""
    p = columns.shape[1]
    chances = expit(found @ columns.T)
    slope = np.asarray((cooperated - chosen * chances) @ columns - found / prior**2)
    squares = (columns[:, :, None] * columns[:, None, :]).reshape(len(columns), -1)
    curvature = (chosen * chances * (1 - chances)) @ squares
    return slope, curvature.reshape(-1, p, p) + np.eye(p) / prior**2


def _uphill(found: Floats, step: Floats, cooperated: Floats, chosen: Floats, columns: Floats, prior: float) -> Floats:
    """Go the step, or the largest half, quarter, ... of it that does not lead down."""
    size, value = np.ones(len(found)), _posterior(found, cooperated, chosen, columns, prior)
    for _ in range(_HALVINGS):
        ahead = found + size[:, None] * step
        down = _posterior(ahead, cooperated, chosen, columns, prior) < value - 1e-9 * np.abs(value)
        if not down.any():
            break
        size = np.where(down, size / 2, size)
    return ahead


@lru_cache(maxsize=8)
def coefficients(side: Weighted, form: Form) -> Floats:
    """b0 to b5 of each draw: [draws, 6]; NaN in a draw without a choice that has a context."""
    cells = cells_of(side.observations)
    chosen = side.weights @ cells.chosen
    found = logit_of(side.weights @ cells.cooperated, chosen, cells.columns(form))
    return np.where(chosen.any(axis=1, keepdims=True), found, np.nan)


@lru_cache(maxsize=8)
def told(side: Weighted) -> NDArray[np.bool_]:
    """Whether choices tell anything of the mood, the slope after D and the slope after C: [draws, 3].

    The prior gives each of them a number, and 0 where it alone speaks. A mood needs choices after both actions, a slope
    needs several shares of neighbours.
    """
    cells = cells_of(side.observations)
    chosen, kinds = side.weights @ cells.chosen, np.column_stack([cells.own == 0, cells.own == 1]).astype(float)
    moments = (chosen @ (kinds * cells.share[:, None] ** power) for power in (0, 1, 2))
    number, mean, square = (np.asarray(each) for each in moments)
    several = square * number - mean**2 > 1e-9 * number**2
    return np.column_stack([(number > 0).all(axis=1), several])


@lru_cache(maxsize=8)
def lines(side: Weighted, form: Form) -> Floats:
    """The same six coefficients of the linear probability model, by least squares: [draws, 6].

    The literature's straight lines: P(C) = b0 + b1 z + ..., in probabilities. Terms that the data do not tell are 0.
    """
    cells = cells_of(side.observations)
    columns = cells.columns(form)
    cooperated, chosen = side.weights @ cells.cooperated, side.weights @ cells.chosen
    squares = (columns[:, :, None] * columns[:, None, :]).reshape(len(columns), -1)
    p = columns.shape[1]
    inverse = np.linalg.pinv((chosen @ squares).reshape(-1, p, p), hermitian=True)
    found = (inverse @ (cooperated @ columns)[..., None])[..., 0]
    return np.where(chosen.any(axis=1, keepdims=True), found, np.nan)


@lru_cache(maxsize=32)
def covariance(observed: Observations, form: Form, linear: bool = False) -> Floats:
    """Of the coefficients of all as they are, robust to clusters: [6, 6].

    The sandwich of Liang and Zeger (1986) times G / (G - 1); clusters as in `contexts.clusters_of`. The prior of a
    logit counts as one more observation: of what choices do not tell, nothing is certain.
    """
    cells, everybody = cells_of(observed), observed.once()
    columns = cells.columns(form)
    cooperated, chosen = cells.cooperated.sum(axis=0), cells.chosen.sum(axis=0)
    if linear:
        chances = columns @ lines(everybody, form)[0]
        bread = np.linalg.pinv(columns.T @ (chosen[:, None] * columns), hermitian=True)
        prior = np.zeros_like(bread)
    else:
        found = coefficients(everybody, form)
        chances = expit(columns @ found[0])
        bread = np.linalg.inv(_derivatives(found, cooperated[None], chosen[None], columns, PRIOR)[1][0])
        prior = np.eye(len(bread)) / PRIOR**2
    scores = (cells.cooperated - cells.chosen * chances) @ columns
    codes = clusters_of(observed)
    number = int(codes.max()) + 1
    summed = np.zeros((number, columns.shape[1]))
    np.add.at(summed, codes, scores)
    return np.asarray(bread @ (summed.T @ summed * number / max(number - 1, 1) + prior) @ bread)


# Rules with traits


@dataclass(frozen=True)
class Fit:
    """A moody rule fitted to a population.

    first: log-odds of cooperation in the first round. coefficients: b0 to b5. spread: the standard deviation of the
    agents' traits, each added to all log-odds of its agent, the first round included; 0 where agents were held to be
    the same. form: from where shares and rounds are counted. log_likelihood: at these numbers, without the prior.
    """

    first: float
    coefficients: tuple[float, ...]
    spread: float
    form: Form
    log_likelihood: float


@lru_cache(maxsize=32)
def fitted(observed: Observations, traits: bool = False) -> Fit:
    """The likeliest moody rule; with traits its agents differ by random intercepts N(0, spread²).

    The likelihood of each agent is integrated over its trait on a grid of 101 points (`NODES`). Raises `FidelityError`
    where no agent ever chose after a choice of its own.
    """
    form = form_of(observed)
    cells, (first, firsts) = cells_of(observed), _first_choices(observed)
    yes, all_ = np.column_stack([first, cells.cooperated]), np.column_stack([firsts, cells.chosen])
    columns = np.zeros((yes.shape[1], 1 + len(NAMES)))
    columns[0, 0], columns[1:, 1:] = 1.0, cells.columns(form)
    pooled = logit_of(yes.sum(axis=0)[None], all_.sum(axis=0)[None], columns)[0]
    found, spread = _with_traits(yes, all_, columns, pooled) if traits else (pooled, 0.0)
    fit = -_marginal(np.append(found, spread), yes, all_, columns)[0]
    fit += float((found**2).sum()) / (2 * PRIOR**2)
    return Fit(float(found[0]), tuple(found[1:].tolist()), spread, form, fit)


def _first_choices(observed: Observations) -> tuple[Floats, Floats]:
    cooperated, chosen = observed.by_round
    return cooperated[:, 0], chosen[:, 0]


def _with_traits(yes: Floats, all_: Floats, columns: Floats, start: Floats) -> tuple[Floats, float]:
    from scipy.optimize import Bounds, minimize
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it comes with scikit-learn

    low = np.append(np.full(len(start), -np.inf), 0.0)
    with threadpool_limits(1, user_api="blas"):  # the products are small: on a busy machine threads wait for each other
        found = minimize(
            _marginal,
            np.append(start, 0.5),
            args=(yes, all_, columns),
            jac=True,
            method="L-BFGS-B",
            bounds=Bounds(low, np.full(len(low), np.inf)),
            options={"ftol": 1e-12, "gtol": 1e-5, "maxiter": 500},
        )
    return np.asarray(found.x[:-1]), float(found.x[-1])


def _marginal(parameters: Floats, yes: Floats, all_: Floats, columns: Floats) -> tuple[float, Floats]:
    """Minus the log posterior with the traits summed out, and its slope.

    yes, all_: [agents, cells]. The slope is the expected slope given the trait, by Fisher's identity.
    """
    slopes, spread = parameters[:-1], float(parameters[-1])
    sums = (columns @ slopes)[:, None] + spread * NODES
    logs = yes @ log_expit(sums) + (all_ - yes) @ log_expit(-sums) - NODES**2 / 2
    total = logsumexp(logs, axis=1)
    after = np.exp(logs - total[:, None])
    rest = yes.T @ after - (all_.T @ after) * expit(sums)
    slope = np.append(columns.T @ rest.sum(axis=1) - slopes / PRIOR**2, (rest @ NODES).sum())
    constant = len(yes) * float(logsumexp(-(NODES**2) / 2))
    value = float(total.sum()) - constant - float((slopes**2).sum()) / (2 * PRIOR**2)
    return -value, -slope


def distance(difference: Floats, spread: Floats) -> Floats:
    """The square root of d' S⁻¹ d for each difference, [draws, columns]: [draws]. spread: S, [draws, columns, columns].

    Directions in which S has no width count for nothing.
    """
    inverse: Floats = np.asarray(np.linalg.pinv(spread, hermitian=True))
    across = np.einsum(
        "bi,bij,bj->b", difference, np.broadcast_to(inverse, (len(difference), *inverse.shape[1:])), difference
    )
    return np.asarray(np.sqrt(np.maximum(across, 0.0)))
