"""Level 1, the aggregate: how many cooperate in each round, and by how much a treatment changes it.

Everything here is a function of series X(t), arrays [draws, rounds], so a published series and a resample pass through
the same code. Two sides are compared over the rounds that both have: those in which at least a tenth of the agents of
either side chose. A draw in which nobody chose in such a round takes the value of the round before. What is worked out
of X(t) alone cannot tell people from coins with the right bias; that is what the other levels are for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from comity.fidelity.observations import FidelityError, Floats, Observations, Weighted
from comity.fidelity.resampling import resampled
from comity.fidelity.statistic import Need, Statistic
from comity.stats.bootstrap import interval
from comity.stats.estimate import LEVEL

SHARE = 0.1
"""A round counts where at least this share of the agents of either side chose."""

EARLY = 5
"""How many rounds are left out where the first rounds, in which every series falls, are not to decide."""

TAIL = 10
"""The tail begins after so many rounds, or in the middle of a series that has less than twice as many."""

SHAPE = ("first round", "rounds 2 to 5", "log of the decay constant", "last rounds", "slope of the tail")
"""What the shape of a series is described by (M3), in order."""

_SHORTEST = 0.25
"""The shortest decay constant that is told apart, in rounds: less than 2 % is left after one round."""

_COVARIANCE_DRAWS = 400
_COVARIANCE_SEED = 3
"""The covariance of people's shapes is part of the definition of the distance, so its resamples are always the same."""

_SHRUNK = 0.1
"""So far a covariance is drawn to its diagonal, so that it can be inverted where few clusters were resampled."""

_LEAST_VARIANCE = 1e-6

_NO_MOVE = 1e-12
"""Less than this is what rounding leaves of a course that does not move."""


def common_rounds(candidate: Observations, human: Observations) -> NDArray[np.intp]:
    """The rounds that both have, in order; raises `FidelityError` where there is none."""
    n = min(candidate.n_rounds, human.n_rounds)
    both = np.ones(n, dtype=bool)
    for side in (candidate, human):
        acting = (side.by_round[1][:, :n] > 0).sum(axis=0)
        both &= (acting > 0) & (acting >= SHARE * side.n_agents)
    if not both.any():
        raise FidelityError(
            f"{candidate.population} and {human.population} have no round in common in {human.condition}, so their "
            "courses cannot be compared"
        )
    return np.flatnonzero(both)


def series(candidate: Weighted, human: Weighted) -> tuple[Floats, Floats]:
    """X(t) of both over the rounds that both have: two arrays [draws, rounds]."""
    rounds = common_rounds(candidate.observations, human.observations)
    return _filled(candidate.trajectory[:, rounds]), _filled(human.trajectory[:, rounds])


def _own_series(side: Weighted) -> Floats:
    return series(side, side)[0]


def _filled(values: Floats) -> Floats:
    """Missing values replaced by those before them, at the beginning by the first that is known."""
    if not np.isnan(values).any():
        return values
    places = np.where(np.isnan(values), 0, np.arange(values.shape[1]))
    filled = np.take_along_axis(values, np.maximum.accumulate(places, axis=1), axis=1)
    first = np.take_along_axis(values, np.isfinite(values).argmax(axis=1)[:, None], axis=1)
    return np.where(np.isnan(filled), first, filled)


# Level and course: M1, M2


def difference(candidate: Floats, human: Floats) -> Floats:
    """[draws]: the mean over rounds of X_S(t) − X_E(t); positive where the candidate cooperates more."""
    return np.asarray((candidate - human).mean(axis=1))


def rmse(candidate: Floats, human: Floats) -> Floats:
    """[draws]: √ of the mean over rounds of (X_S(t) − X_E(t))²; its square is bias² + `centred_rmse`²."""
    return np.asarray(np.sqrt(((candidate - human) ** 2).mean(axis=1)))


def mae(candidate: Floats, human: Floats) -> Floats:
    """[draws]: the mean over rounds of |X_S(t) − X_E(t)|."""
    return np.asarray(np.abs(candidate - human).mean(axis=1))


def centred_rmse(candidate: Floats, human: Floats) -> Floats:
    """[draws]: the root mean squared distance of two courses after each has lost its mean."""
    return np.asarray((candidate - human).std(axis=1))


def sampling_floor(candidate: Weighted, human: Weighted) -> Floats:
    """[draws]: the root mean squared distance that two samples of these sizes would have on average, had they the same
    course: √ of the mean over rounds of X_S(1 − X_S)/n_S + X_E(1 − X_E)/n_E, where n(t) is how many chose.

    Agents are taken to choose independently of each other; with equal sizes it is √ of the mean of 2X(1 − X)/N.
    """
    rounds = common_rounds(candidate.observations, human.observations)
    noise: Floats = np.zeros(1)
    for side in (candidate, human):
        share = _filled(side.trajectory[:, rounds])
        sizes = side.observations.by_round[1][:, rounds].sum(axis=0)
        noise = noise + (share * (1 - share) / sizes).mean(axis=1)
    return np.asarray(np.sqrt(noise))


# The shape of a course: M3


def shapes(values: Floats) -> Floats:
    """The shape of each course: [draws, 5], as `SHAPE` names it; NaN with less than ten rounds.

    values: [draws, rounds]. The decay constant τ, in rounds, is that of X(t) = p + a exp(−(t − 1)/τ) by least squares
    with p and a free, between a quarter of a round and as many rounds as there are; its logarithm is taken, since
    slow decays cannot be told from each other. The level of the last rounds is their mean (ten of them, fewer in a
    short series) and not p, which a slow decay leaves open. The slope is that of a straight line through the tail,
    per round.
    """
    n = values.shape[1]
    if n < TAIL:
        return np.full((len(values), len(SHAPE)), np.nan)
    tail = values[:, tail_start(n) :]
    time = _standard_time(tail.shape[1])
    slope = tail @ time / (time @ time)
    last = values[:, -min(TAIL, n // 4) :].mean(axis=1)
    parts = (values[:, 0], values[:, 1:EARLY].mean(axis=1), np.log(decay_constant(values)), last, slope)
    return np.column_stack(parts)


def tail_start(n_rounds: int) -> int:
    """How many rounds come before the tail."""
    return min(TAIL, n_rounds // 2)


def _standard_time(n: int) -> Floats:
    return np.asarray(np.arange(n) - (n - 1) / 2)


def decay_constant(values: Floats) -> Floats:
    """[draws]: τ of `shapes`, in rounds. Found on a grid of 48 values, then by a parabola through the best three."""
    n = values.shape[1]
    grid = np.linspace(np.log(_SHORTEST), np.log(n), 48)
    curves = np.exp(-np.arange(n) / np.exp(grid)[:, None])
    curves -= curves.mean(axis=1, keepdims=True)
    curves /= np.sqrt((curves**2).sum(axis=1, keepdims=True))
    explained = ((values - values.mean(axis=1, keepdims=True)) @ curves.T) ** 2
    best = np.clip(explained.argmax(axis=1), 1, len(grid) - 2)
    rows = np.arange(len(values))
    before, at, after = (explained[rows, best + step] for step in (-1, 0, 1))
    bend = before - 2 * at + after
    shift = np.divide(before - after, 2 * bend, out=np.zeros(len(values)), where=bend < 0)
    return np.asarray(np.exp(grid[best] + np.clip(shift, -1, 1) * (grid[1] - grid[0])))


def shape_covariance(side: Observations, rounds: NDArray[np.intp], rng: np.random.Generator) -> Floats:
    """[5, 5]: how the shape of a population varies if it is drawn again (sessions, then agents; never rounds).

    A tenth of the way to its diagonal, so that it can be inverted where there are few sessions.
    """
    return _covariance(resampled({side.condition: side}, _COVARIANCE_DRAWS, rng)[side.condition], rounds)


def _covariance(drawn: Weighted, rounds: NDArray[np.intp]) -> Floats:
    found = np.atleast_2d(np.cov(shapes(_filled(drawn.trajectory[:, rounds])), rowvar=False))
    return np.asarray((1 - _SHRUNK) * found + np.diag(_SHRUNK * found.diagonal() + _LEAST_VARIANCE))


def _clusters(side: Observations) -> NDArray[np.intp]:
    """[agents]: the session of each, the unit where there is one session."""
    codes = side.session_of if len(side.sessions) > 1 else side.unit_of
    return np.asarray(np.unique(codes, return_inverse=True)[1])


def _between_clusters(side: Observations, rounds: NDArray[np.intp], rng: np.random.Generator) -> Floats:
    """[5, 5]: the covariance of a shape by what clusters alone show, times G / (G - 1).

    Agents are not drawn again inside sessions: that would count twice what varies between them, and a test would lose
    its level.
    """
    clusters = _clusters(side)
    n = int(clusters.max()) + 1
    counts = rng.multinomial(n, np.full(n, 1 / n), size=_COVARIANCE_DRAWS)
    return _covariance(Weighted(side, counts[:, clusters].astype(float)), rounds) * n / max(n - 1, 1)


def shape_distance(candidate: Weighted, human: Weighted) -> Floats:
    """[draws]: the distance of two shapes by Mahalanobis (1936), √(Δθ' Σ⁻¹ Δθ), in people's own standard errors.

    Σ is the covariance of the shape if all these people are drawn again, whatever the draws compared. NaN with less
    than ten rounds in common.
    """
    rounds = common_rounds(candidate.observations, human.observations)
    gap = np.subtract(*(shapes(each) for each in series(candidate, human)))
    if len(rounds) < TAIL:
        return np.full(len(gap), np.nan)
    covariance = shape_covariance(human.observations, rounds, np.random.default_rng(_COVARIANCE_SEED))
    return np.asarray(np.sqrt(np.einsum("di,ij,dj->d", gap, np.linalg.inv(covariance), gap)))


@dataclass(frozen=True)
class ShapeTest:
    """Whether two populations have courses of one shape.

    squared: T², the squared distance in the errors of both. freedom: how many clusters beyond two were drawn. p: NaN
    where there are too few for a test.
    """

    squared: float
    freedom: int
    p: float


def shape_test(candidate: Observations, human: Observations, rng: np.random.Generator) -> ShapeTest:
    """T² of Hotelling (1931) with the covariances that resampled clusters of both show; p by its F distribution.

    Clusters are sessions or runs, units where there is only one. The F distribution holds for normal shapes; with few
    clusters p is rough.
    """
    from scipy.stats import f as fisher

    rounds = common_rounds(candidate, human)
    gap = np.subtract(*(shapes(each)[0] for each in series(candidate.once(), human.once())))
    freedom = sum(int(_clusters(side).max()) + 1 for side in (candidate, human)) - 2
    left = freedom - len(SHAPE) + 1
    if len(rounds) < TAIL or left < 1:
        return ShapeTest(float("nan"), freedom, float("nan"))
    both = _between_clusters(candidate, rounds, rng) + _between_clusters(human, rounds, rng)
    squared = float(gap @ np.linalg.solve(both, gap))
    return ShapeTest(squared, freedom, float(fisher.sf(squared * left / (freedom * len(SHAPE)), len(SHAPE), left)))


# Whether two courses move together: M4


def correlation(candidate: Floats, human: Floats) -> Floats:
    """[draws]: Pearson's r over rounds; NaN where a course does not move, or has one round."""
    if human.shape[1] < 2:
        return np.full(max(len(candidate), len(human)), np.nan)
    across, along = (part - part.mean(axis=1, keepdims=True) for part in (candidate, human))
    norms = np.sqrt((across**2).sum(axis=1) * (along**2).sum(axis=1))
    product = (across * along).sum(axis=1)
    return _ratio(product, np.where(norms > _NO_MOVE, norms, 0.0))


def changes(values: Floats) -> Floats:
    """[draws, rounds - 1]: X(t) − X(t − 1)."""
    return np.diff(values, axis=1)


def detrended(values: Floats) -> Floats:
    """What is left of each course after a constant, a straight line and a logarithm of t, by least squares.

    The logarithm takes the fast fall of the first rounds, the line the slow one after it.
    """
    time = np.arange(1, values.shape[1] + 1)
    return _without(values, np.column_stack([np.ones(len(time)), time, np.log(time)]))


def _without(values: Floats, trend: Floats) -> Floats:
    basis, _ = np.linalg.qr(trend)
    return np.asarray(values - (values @ basis) @ basis.T)


def block_permutation_p(
    candidate: ArrayLike, human: ArrayLike, rng: np.random.Generator, block: int = 5, number: int = 10_000
) -> float:
    """How often |r| is as large as found if blocks of rounds of one course are put in another order, two-sided.

    candidate, human: [rounds], detrended unless the trend itself is what is tested. The course is closed to a circle,
    cut into blocks at a random place, and the blocks are shuffled, so that what hangs together over a few rounds
    stays so. The found order counts as one. NaN where a course does not move.
    """
    x, y = (np.asarray(part, dtype=float)[None] for part in (candidate, human))
    found = correlation(x, y)[0]
    n = y.shape[1]
    order = rng.random((number, -(-n // block))).argsort(axis=1)
    places = (order[:, :, None] * block + np.arange(block)).reshape(number, -1)
    shuffled = places[places < n].reshape(number, n)
    turned = (shuffled + rng.integers(n, size=(number, 1))) % n
    values = np.abs(correlation(np.broadcast_to(x, turned.shape), y[0][turned]))
    return float("nan") if np.isnan(found) else float((1 + (values >= abs(found) - 1e-12).sum()) / (number + 1))


# How a change carries over to the next: M5


def carry_over(values: Floats) -> tuple[Floats, Floats]:
    """(φ [draws], mean increment [draws]) of ΔX(t) = κ + φ ΔX(t − 1) + ε by least squares; the mean is κ / (1 − φ).

    After Ferraz de Arruda et al. (2026). Independent noise about a steady level alone gives φ = −1/2. NaN where
    changes do not vary.
    """
    change = changes(values)
    before, after = change[:, :-1], change[:, 1:]
    if before.shape[1] < 2:
        return np.full(len(values), np.nan), np.full(len(values), np.nan)
    centred = before - before.mean(axis=1, keepdims=True)
    spread = (centred**2).sum(axis=1)
    slope = _ratio((centred * after).sum(axis=1), np.where(spread > _NO_MOVE, spread, 0.0))
    constant = after.mean(axis=1) - slope * before.mean(axis=1)
    return slope, np.asarray(constant / (1 - slope))


# Whether the agents of a session move together: M6


def fluctuation(values: Floats, size: float) -> Floats:
    """[draws]: the variance of the tail about its straight line, over that of as many independent agents.

    values: [draws, rounds]. size: N, how many chose per round. The tail's variance, with two degrees of freedom spent
    on the line, over X̄(1 − X̄)/N. 1 where agents choose independently; more where something moves them together.
    """
    variance, mean = _tail(values)
    return _ratio(variance, mean * (1 - mean) / size)


def _tail(values: Floats) -> tuple[Floats, Floats]:
    """The variance of each tail about its straight line, and its mean."""
    tail = values[:, tail_start(values.shape[1]) :]
    n = tail.shape[1]
    left = _without(tail, np.column_stack([np.ones(n), _standard_time(n)]))
    return np.asarray((left**2).sum(axis=1) / max(n - 2, 1)), np.asarray(tail.mean(axis=1))


def synchrony(side: Weighted) -> Floats:
    """[draws]: `fluctuation` inside sessions, taken together over sessions; NaN with less than ten rounds.

    One session gives the published ratio; one that has no choice in some round is left out. An agent that a resample
    holds twice moves in step with itself; this is taken out, so that resamples of independent agents have a ratio of 1
    as well.
    """
    rounds = common_rounds(side.observations, side.observations)
    together, alone = _moves(side, rounds)
    return 1 + _ratio(together, alone)


def _moves(side: Weighted, rounds: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Two arrays [draws], both summed over sessions: the variance of the tail beyond that of independent agents, and
    that of independent agents."""
    of = side.observations
    together, alone = np.zeros(side.n_draws), np.zeros(side.n_draws)
    if len(rounds) < TAIL:
        return together, alone
    cooperated, chosen = (part[:, rounds] for part in of.by_round)
    for session in range(len(of.sessions)):
        members = np.flatnonzero(of.session_of == session)
        if not chosen[members].sum(axis=0).all():
            continue
        weights = side.weights[:, members]
        counts = weights @ chosen[members]
        share = np.divide(weights @ cooperated[members], counts, out=np.full(counts.shape, np.nan), where=counts > 0)
        drawn = counts.min(axis=1) > 0
        size = chosen[members].sum(axis=0).mean()
        effective = _square(counts) / np.maximum((weights**2 @ chosen[members]).mean(axis=1), 1e-300)
        variance, mean = _tail(np.where(drawn[:, None], share, 0.0))
        weight = drawn * weights.mean(axis=1)
        together += weight * (variance - mean * (1 - mean) / np.maximum(effective, 1e-300))
        alone += weight * mean * (1 - mean) / size
    return together, alone


def _square(counts: Floats) -> Floats:
    return np.asarray((counts**2).mean(axis=1))


def synchrony_gap(candidate: Weighted, human: Weighted) -> Floats:
    """[draws]: the candidate's `synchrony` less people's, the candidate's told for sessions of people's size.

    The same common shock moves a large group's ratio by more than a small group's; what exceeds 1 grows with the size.
    """
    sizes = [len(side.observations.agents) / len(side.observations.sessions) for side in (candidate, human)]
    return np.asarray((synchrony(candidate) - 1) * sizes[1] / sizes[0] - (synchrony(human) - 1))


# What treatments change: M7, over conditions


@dataclass(frozen=True, eq=False)
class Contrasts:
    """By how much treatments change cooperation, for a candidate and for people.

    pairs: each a treatment and what it is held against. candidate, human: [draws, pairs], X̄ in the first condition
    less X̄ in the second, over the rounds that both sides have in a condition.
    """

    pairs: tuple[tuple[str, str], ...]
    candidate: Floats
    human: Floats

    @property
    def gaps(self) -> Floats:
        """[draws, pairs]: |δ_S − δ_E|."""
        return np.asarray(np.abs(self.candidate - self.human))

    @property
    def distance(self) -> Floats:
        """[draws]: the mean of the gaps."""
        return np.asarray(self.gaps.mean(axis=1))

    @property
    def same_sign(self) -> Floats:
        """[draws]: the share of contrasts that go the same way on both sides."""
        return np.asarray((np.sign(self.candidate) == np.sign(self.human)).mean(axis=1))

    @property
    def concordance(self) -> Floats:
        """[draws]: the concordance of Lin (1989) over contrasts taken in both directions, 2Σδ_Sδ_E / Σ(δ_S² + δ_E²).

        Which condition of a pair is named first then does not matter. NaN where all contrasts are 0.
        """
        return _ratio(2 * (self.candidate * self.human).sum(axis=1), (self.candidate**2 + self.human**2).sum(axis=1))

    @property
    def slope(self) -> Floats:
        """[draws]: people's contrasts regressed on the candidate's, through the origin: ΣδSδE / ΣδS².

        1 is calibrated; less where the candidate's effects are too large, negative where they go the wrong way.
        """
        return _ratio((self.candidate * self.human).sum(axis=1), (self.candidate**2).sum(axis=1))

    def opposite(self, level: float = LEVEL) -> NDArray[np.bool_]:
        """[pairs]: whether the candidate's contrast and people's have opposite signs, both beyond their intervals."""
        signs = []
        for side in (self.candidate, self.human):
            low, high = interval(side, level)
            signs.append(np.where(low > 0, 1, np.where(high < 0, -1, 0)))
        return np.asarray(signs[0] * signs[1] < 0)


def pairs_of(conditions: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Every condition against every one before it."""
    return tuple((later, first) for place, later in enumerate(conditions) for first in conditions[:place])


def contrasts(
    candidate: Mapping[str, Weighted],
    human: Mapping[str, Weighted],
    pairs: Sequence[tuple[str, str]] | None = None,
) -> Contrasts:
    """What treatments do to the candidate and to people (M7).

    candidate, human: by condition. pairs: contrasts, all pairs of shared conditions unless said. For intervals pass
    resamples, and see `comity.stats.bootstrap.interval`. Raises `FidelityError` where no pair is shared or a condition
    of a pair is missing on one side.
    """
    shared = [name for name in human if name in candidate]
    chosen = tuple(pairs) if pairs is not None else pairs_of(shared)
    if not chosen:
        raise FidelityError(f"a contrast needs two conditions that both sides have; shared: {', '.join(shared) or '-'}")
    for name in (name for pair in chosen for name in pair):
        if name not in shared:
            raise FidelityError(
                f"the condition {name} of a contrast is missing on one side; shared: {', '.join(shared)}"
            )
    means = {}
    for name in dict.fromkeys(name for pair in chosen for name in pair):
        means[name] = [part.mean(axis=1) for part in series(candidate[name], human[name])]
    first, second = ([[means[pair[end]][side] for pair in chosen] for side in (0, 1)] for end in (0, 1))
    sides = [np.subtract(np.stack(a, axis=1), np.stack(b, axis=1)) for a, b in zip(first, second, strict=True)]
    return Contrasts(chosen, sides[0], sides[1])


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


# What is compared


def _late(values: Floats) -> Floats:
    return np.asarray(values[:, EARLY:])


def _mean_difference(candidate: Weighted, human: Weighted) -> Floats:
    return difference(*series(candidate, human))


def _level(side: Weighted) -> Floats:
    return np.asarray(_own_series(side).mean(axis=1))


def _course(candidate: Weighted, human: Weighted) -> Floats:
    return rmse(*series(candidate, human))


def _absolute_course(candidate: Weighted, human: Weighted) -> Floats:
    return mae(*series(candidate, human))


def _centred_course(candidate: Weighted, human: Weighted) -> Floats:
    return centred_rmse(*series(candidate, human))


def _together(candidate: Weighted, human: Weighted) -> Floats:
    return correlation(*series(candidate, human))


def _changing_together(candidate: Weighted, human: Weighted) -> Floats:
    return correlation(*(changes(part) for part in series(candidate, human)))


def _late_together(candidate: Weighted, human: Weighted) -> Floats:
    return correlation(*(_late(part) for part in series(candidate, human)))


def _detrended_together(candidate: Weighted, human: Weighted) -> Floats:
    return correlation(*(detrended(part) for part in series(candidate, human)))


def _carry_over_gap(candidate: Weighted, human: Weighted) -> Floats:
    return np.subtract(*(carry_over(part)[0] for part in series(candidate, human)))


def _increment_gap(candidate: Weighted, human: Weighted) -> Floats:
    return np.subtract(*(carry_over(part)[1] for part in series(candidate, human)))


_LONG: frozenset[Need] = frozenset({"rounds"})

STATISTICS: tuple[Statistic, ...] = (
    Statistic("M1", "difference of mean cooperation", "macro", "signed", _mean_difference, value=_level),
    Statistic(
        "M2",
        "distance of the courses of cooperation (RMSE)",
        "macro",
        "distance",
        _course,
        primary=True,
        floors=("own_mean", "one_rule"),
    ),
    Statistic("M2.mae", "mean absolute distance of the courses", "macro", "distance", _absolute_course),
    Statistic("M2.centred", "distance of the courses without their means", "macro", "distance", _centred_course),
    Statistic(
        "M3",
        "distance of the shapes of the courses",
        "macro",
        "distance",
        shape_distance,
        floors=("fitted_people",),
        needs=_LONG,
    ),
    Statistic("M4", "correlation of the courses", "macro", "score", _together, needs=_LONG),
    Statistic(
        "M4.changes", "correlation of changes from round to round", "macro", "score", _changing_together, needs=_LONG
    ),
    Statistic("M4.late", "correlation from the sixth round on", "macro", "score", _late_together, needs=_LONG),
    Statistic("M4.detrended", "correlation without trends", "macro", "score", _detrended_together, needs=_LONG),
    Statistic(
        "M5",
        "difference of how changes carry over",
        "macro",
        "signed",
        _carry_over_gap,
        value=lambda side: carry_over(_own_series(side))[0],
        needs=_LONG,
    ),
    Statistic(
        "M5.mean",
        "difference of the mean change per round",
        "macro",
        "signed",
        _increment_gap,
        value=lambda side: carry_over(_own_series(side))[1],
        needs=_LONG,
    ),
    Statistic(
        "M6",
        "difference of how far agents move together",
        "macro",
        "signed",
        synchrony_gap,
        value=synchrony,
        needs=_LONG,
    ),
)
"""Level 1 but for M7, which needs several conditions: see `contrasts`."""
