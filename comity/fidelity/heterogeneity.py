"""Level 2, individual differences: how far agents differ from each other, and whether people differ as much.

The unit is the agent: P_i is the share of its choices in which it cooperated. The spread of P_i is not the spread of
people: coins that are all alike spread as well, by p(1 − p)/T. What exceeds that is excess variance, and only it can
show traits. It need not be one: habits and neighbourhoods make rates differ too, which H6 and H8 tell apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from comity.fidelity.observations import Floats, Observations, Weighted
from comity.fidelity.statistic import Need, Statistic
from comity.fidelity.traits import beta_binomial, trait_sd, trait_sd_gap

SCALE_END = 1_000.0
"""A variance ratio is told down to one in so many and up to so many: what is less is no detectable heterogeneity."""

LOW, HIGH = 0.05, 0.95
"""Who cooperates at most, or at least, in this share of its choices is counted as unconditional."""

_GRID = 256
"""At so many points a density is looked at for modes."""

_ROUNDING = 1e-12


class Rates(NamedTuple):
    """The distribution of P_i in each draw. values: [rates], rising and distinct. shares: [draws, rates], of agents."""

    values: Floats
    shares: Floats

    @property
    def mean(self) -> Floats:
        """[draws]: the mean over agents; each counts once, however often it chose."""
        return np.asarray(self.shares @ self.values)

    @property
    def variance(self) -> Floats:
        """[draws]: the mean squared distance from the mean."""
        middle = self.values.mean()
        deviation = self.mean - middle
        return np.asarray(self.shares @ (self.values - middle) ** 2 - deviation**2)


_RATES: WeakKeyDictionary[Weighted, Rates] = WeakKeyDictionary()
"""Distributions are worked out once for each set of draws, whose weights may be many, and kept as long as these."""


def rates_of(side: Weighted) -> Rates:
    """The distribution of P_i; who chose nothing is left out."""
    if side not in _RATES:
        _RATES[side] = distribution(side.observations.rates, side.weights)
    return _RATES[side]


def distribution(values: ArrayLike, weights: ArrayLike | None = None) -> Rates:
    """The distribution of some rates. values: [agents], NaN for who is left out. weights: [draws, agents], all once
    unless given."""
    rates = np.round(np.asarray(values, dtype=float), 12)
    found = np.unique(rates[~np.isnan(rates)])
    counted = np.ones((1, len(rates))) if weights is None else np.asarray(weights, dtype=float)
    counts = counted @ (rates[:, None] == found).astype(float)
    total = counts.sum(axis=1, keepdims=True)
    return Rates(found, np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0))


# How far two distributions are apart: H1, H2, H4


def w1(candidate: Rates, human: Rates) -> Floats:
    """[draws]: the distance of Wasserstein, the mean over quantiles u of |Q_S(u) − Q_E(u)|; sizes may differ."""
    widths, gaps = _quantile_gaps(candidate, human)
    return np.asarray((widths * np.abs(gaps)).sum(axis=1))


def centred_w1(candidate: Rates, human: Rates) -> Floats:
    """[draws]: the same after each distribution has lost its mean: how far the shapes are apart."""
    widths, gaps = _quantile_gaps(candidate, human)
    return np.asarray((widths * np.abs(gaps - (widths * gaps).sum(axis=1, keepdims=True))).sum(axis=1))


def location(candidate: Rates, human: Rates) -> Floats:
    """[draws]: |μ_S − μ_E|, the part of W₁ that a shift explains."""
    return np.asarray(np.abs(candidate.mean - human.mean))


def _quantile_gaps(candidate: Rates, human: Rates) -> tuple[Floats, Floats]:
    """Between which quantiles both distributions stay where they are: (widths [draws, steps], Q_S − Q_E there)."""
    draws = max(len(candidate.shares), len(human.shares))
    tops = [np.broadcast_to(np.cumsum(side.shares, axis=1), (draws, len(side.values))) for side in (candidate, human)]
    edges = np.concatenate(tops, axis=1)
    order = edges.argsort(axis=1, kind="stable")
    first = order < len(candidate.values)
    widths = np.diff(np.take_along_axis(edges, order, axis=1), axis=1, prepend=0.0)
    quantiles = [_at(candidate.values, first), _at(human.values, ~first)]
    return widths, np.asarray(quantiles[0] - quantiles[1])


def _at(values: Floats, mine: NDArray[np.bool_]) -> Floats:
    """The rate before each step, where mine says which of the steps are this side's."""
    passed: NDArray[np.intp] = np.cumsum(mine, axis=1) - mine
    return np.asarray(values[np.minimum(passed, len(values) - 1)])


def ks(candidate: Rates, human: Rates) -> Floats:
    """[draws]: the distance of Kolmogorov and Smirnov, the largest |F_S(p) − F_E(p)|."""
    _, gaps, _ = _steps(candidate, human)
    return np.asarray(np.abs(gaps).max(axis=1))


def cramer_von_mises(candidate: Rates, human: Rates) -> Floats:
    """[draws]: ∫ (F_S − F_E)² dH with H the mean of both distributions, after Cramér and von Mises; no size in it."""
    _, gaps, masses = _steps(candidate, human)
    return np.asarray((gaps**2 * masses).sum(axis=1))


def energy(candidate: Rates, human: Rates) -> Floats:
    """[draws]: the energy distance of Székely and Rizzo (2004) on the line, 2 ∫ (F_S(p) − F_E(p))² dp."""
    values, gaps, _ = _steps(candidate, human)
    return np.asarray(2 * (gaps[:, :-1] ** 2 * np.diff(values)).sum(axis=1))


def _steps(candidate: Rates, human: Rates) -> tuple[Floats, Floats, Floats]:
    """The rates that occur on either side, F_S − F_E there [draws, rates], and the mean of both masses there."""
    values = np.union1d(candidate.values, human.values)
    masses = []
    for side in (candidate, human):
        mass = np.zeros((len(side.shares), len(values)))
        mass[:, np.searchsorted(values, side.values)] = side.shares
        masses.append(mass)
    return values, np.asarray(np.cumsum(masses[0] - masses[1], axis=1)), np.asarray((masses[0] + masses[1]) / 2)


def permutation_p(
    candidate: ArrayLike,
    human: ArrayLike,
    distance: Callable[[Rates, Rates], Floats],
    rng: np.random.Generator,
    number: int = 10_000,
) -> float:
    """How often the distance is as large as found if agents are dealt to the two sides at random.

    candidate, human: [agents], their rates. Agents are taken to be independent; where they interacted in sessions p is
    too small. The found deal counts as one.
    """
    sides = [np.asarray(rates, dtype=float) for rates in (candidate, human)]
    sides = [rates[~np.isnan(rates)] for rates in sides]
    found = float(distance(distribution(sides[0]), distribution(sides[1]))[0])
    values, counts = np.unique(np.round(np.concatenate(sides), 12), return_counts=True)
    dealt = rng.multivariate_hypergeometric(counts, len(sides[0]), size=number, method="marginals")
    drawn = distance(Rates(values, dealt / len(sides[0])), Rates(values, (counts - dealt) / len(sides[1])))
    return float((1 + (drawn >= found - _ROUNDING).sum()) / (number + 1))


# How far agents differ beyond chance: H3


def excess_variance(side: Weighted) -> Floats:
    """[draws]: σ²_true = Var(P_i) − mean of P_i(1 − P_i)/(T_i − 1), by the method of moments.

    The second part is what coins of these rates would vary by, without bias: with equal T it is
    (T Var(P) − μ(1 − μ))/(T − 1). It may be negative: then agents differ less than coins. Agents with fewer than two
    choices are left out. Choices of one agent are taken to be independent given its rate; habits add to the excess.
    """
    of = side.observations
    several = of.chosen > 1
    rates = np.where(several, of.rates, 0.0)
    centred = np.where(several, rates - (rates[several].mean() if several.any() else 0.0), 0.0)
    noise = rates * (1 - rates) / np.maximum(of.chosen - 1, 1)
    sums = side.weights @ np.column_stack([several, centred, centred**2, noise])
    _, mean, square, chance = _means(sums).T
    return np.asarray(square - mean**2 - chance)


def _means(sums: Floats) -> Floats:
    """Sums over agents divided by the first of them, which counts; NaN where that is 0."""
    count = sums[:, :1]
    return np.asarray(np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0))


def variance_ratio(candidate: Weighted, human: Weighted) -> Floats:
    """[draws]: ln(σ²_true,S / σ²_true,E), told between −ln 1000 and ln 1000.

    A candidate whose excess is negative, zero or less than a thousandth of people's has the lower end, −6.9: no
    detectable heterogeneity, a finite number so that what is worked out from it stays a number. NaN where people show
    none either, since there is nothing to match.
    """
    own, theirs = excess_variance(candidate), excess_variance(human)
    ratio = own / np.where(theirs > 0, theirs, np.nan)
    return np.asarray(np.log(np.clip(ratio, 1 / SCALE_END, SCALE_END)))


def without_heterogeneity(of: Observations) -> str:
    """Why there is no variance ratio, in a sentence; empty where agents differ beyond chance."""
    found = float(excess_variance(of.once())[0])
    if found > 0:
        return ""
    return (
        f"{of.population} shows no detectable heterogeneity in {of.condition}: its agents differ no more than coins "
        f"that are all alike (excess variance {found:.4f})"
    )


def icc(side: Weighted) -> Floats:
    """[draws]: the intraclass correlation 1/(α + β + 1) of the likeliest beta-binomial, see `beta_binomial`."""
    return beta_binomial(side.observations.by_round[0].sum(axis=1), side.observations.chosen, side.weights).icc


# Extremes and modes: H5


def low_mass(side: Weighted) -> Floats:
    """[draws]: the share of agents that cooperated in at most 5 % of their choices."""
    return _mass(side, lambda values: values <= LOW + _ROUNDING)


def high_mass(side: Weighted) -> Floats:
    """[draws]: the share of agents that cooperated in at least 95 % of their choices."""
    return _mass(side, lambda values: values >= HIGH - _ROUNDING)


def _mass(side: Weighted, where: Callable[[Floats], NDArray[np.bool_]]) -> Floats:
    rates = rates_of(side)
    return np.asarray(rates.shares[:, where(rates.values)].sum(axis=1))


def modes(side: Weighted) -> Floats:
    """[draws]: how many peaks a normal kernel density of P_i has.

    Its width is 1.06 SD n^(−1/5) of the agents as they are (Silverman 1986), the same in every draw. Peaks beyond 0
    and 1 count, so that a heap at an end is one.
    """
    rates = rates_of(side)
    once = rates_of(side.observations.once())
    spread = math.sqrt(max(0.0, float(once.variance[0])))
    if spread < _ROUNDING:
        return np.ones(side.n_draws)
    return _peaks(rates, 1.06 * spread * side.observations.n_agents**-0.2)


def _peaks(rates: Rates, width: float) -> Floats:
    points = np.linspace(-3 * width, 1 + 3 * width, _GRID)
    kernel = np.exp(-(((points - rates.values[:, None]) / width) ** 2) / 2)
    density = rates.shares @ kernel
    density[density < density.max(axis=1, keepdims=True) * 1e-9] = 0.0
    rising = np.diff(density, axis=1) > 0
    return np.asarray((rising[:, :-1] & ~rising[:, 1:]).sum(axis=1), dtype=float)


class Modality(NamedTuple):
    """Whether a distribution of rates has one peak. modes: at the normal reference width. width: the least with which
    the density has one peak. p: how often a density with one peak, of that width, asks for as much."""

    modes: int
    width: float
    p: float


def modality(of: Observations, rng: np.random.Generator, number: int = 500) -> Modality:
    """The test for one mode of Silverman (1981): the critical width, and p by the smoothed bootstrap.

    Resamples come from the density with one peak, brought back to the variance of the rates. The test errs on the side
    of one mode. Rates lie on a lattice of 1/T; where that is coarse beside the width, it is no test.
    """
    rates = of.rates[~np.isnan(of.rates)]
    found = _critical_width(rates)
    spread = float(rates.std())
    if spread < _ROUNDING:
        return Modality(1, 0.0, 1.0)
    shrink = 1 / math.sqrt(1 + found**2 / spread**2)
    draws = rng.choice(rates, (number, len(rates))) + found * rng.standard_normal((number, len(rates)))
    again = rates.mean() + shrink * (draws - rates.mean())
    asked = sum(float(_peaks(distribution(np.clip(each, 0, 1)), found)[0]) > 1 for each in again)
    return Modality(int(modes(of.once())[0]), found, (1 + asked) / (number + 1))


def _critical_width(rates: Floats) -> float:
    """The least width with which the density has one peak; found by halving, to a thousandth of the range."""
    of = distribution(rates)
    low, high = 0.0, 1.0
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (middle, high) if _peaks(of, middle)[0] > 1 else (low, middle)
    return high


# Habits and traits: H6, H7


def persistence(side: Weighted) -> Floats:
    """[draws]: the share of choices that repeat the agent's own last action; the first of a stretch has none."""
    of = side.observations
    follows = of.known & ~np.isnan(of.own)
    agent = of.agent[follows]
    same = np.bincount(agent, of.action[follows] == of.own[follows], minlength=of.n_agents)
    pairs = np.bincount(agent, minlength=of.n_agents).astype(float)
    counted = side.weights @ pairs
    return np.asarray(np.divide(side.weights @ same, counted, out=np.full(len(counted), np.nan), where=counted > 0))


def excess_persistence(side: Weighted) -> Floats:
    """[draws]: persistence − [1 − 2μ(1 − μ) + 2σ²_true].

    What is subtracted is how often agents that toss their own coins would repeat themselves, μ and σ²_true being the
    mean and the excess variance of their rates. A trend in X(t) adds a little to it.
    """
    mean = rates_of(side).mean
    return persistence(side) - (1 - 2 * mean * (1 - mean) + 2 * excess_variance(side))


def reliability(side: Weighted) -> Floats:
    """[draws]: the correlation over agents of P_i in their odd and their even choices, stepped up to full length after
    Spearman (1910) and Brown (1910), 2r/(1 + r); a negative one stays. NaN where rates do not vary."""
    r = _halves_correlation(side, _position(side.observations) % 2)
    return np.asarray(np.where(r > 0, 2 * r / (1 + np.abs(r)), r))


def stability(side: Weighted) -> Floats:
    """[draws]: the correlation over agents of P_i in the first and in the second half of their choices.

    Habits and neighbourhoods that last a few rounds raise the correlation of odd with even choices, but hardly this
    one.
    """
    of = side.observations
    rows = np.bincount(of.agent, minlength=of.n_agents)
    return _halves_correlation(side, (2 * _position(of) >= rows[of.agent]).astype(np.intp))


def _position(of: Observations) -> NDArray[np.intp]:
    """[rows]: how many rows of the same agent come before."""
    first = np.searchsorted(of.agent, np.arange(of.n_agents))
    return np.asarray(np.arange(len(of.agent)) - first[of.agent])


def _halves_correlation(side: Weighted, half: NDArray[np.intp]) -> Floats:
    cooperated, chosen = side.observations.tally(half, 2)
    both = chosen.min(axis=1) > 0
    rates = np.where(both[:, None], cooperated / np.maximum(chosen, 1), 0.0)
    if both.any():
        rates = np.where(both[:, None], rates - rates[both].mean(axis=0), 0.0)
    x, y = rates.T
    _, mx, my, xx, yy, xy = _means(side.weights @ np.column_stack([both, x, y, x * x, y * y, x * y])).T
    spread = np.sqrt(np.maximum((xx - mx**2) * (yy - my**2), 0.0))
    return np.asarray(np.divide(xy - mx * my, spread, out=np.full(len(mx), np.nan), where=spread > _ROUNDING))


class Summary(NamedTuple):
    """One population in the numbers by which people are described.

    mean, sd: of the rates of agents. true_sd: the root of the excess variance, NaN where that is negative. alpha, beta,
    icc: of the beta-binomial. memory_one: the share that cooperated after (own, partner) last chose DD, DC, CD, CC; NaN
    where this did not occur. persistence, excess: repeated choices, and how far beyond what rates alone give.
    """

    mean: float
    sd: float
    true_sd: float
    alpha: float
    beta: float
    icc: float
    memory_one: tuple[float, float, float, float]
    persistence: float
    excess: float


def summary(of: Observations) -> Summary:
    """The numbers of `Summary`; partners are neighbours that all did the same, other choices are not in memory-one."""
    once = of.once()
    rates = rates_of(once)
    fit = beta_binomial(of.by_round[0].sum(axis=1), of.chosen)
    alike = (of.neighbours == 0) | (of.neighbours == 1)
    past = np.where(alike & ~np.isnan(of.own), 2 * np.nan_to_num(of.own) + np.nan_to_num(of.neighbours), -1)
    after = once.shares(past.astype(np.intp), 4)[0]
    excess = float(excess_variance(once)[0])
    return Summary(
        float(rates.mean[0]),
        math.sqrt(float(rates.variance[0])),
        math.sqrt(excess) if excess >= 0 else math.nan,
        float(fit.alpha[0]),
        float(fit.beta[0]),
        float(fit.icc[0]),
        (float(after[0]), float(after[1]), float(after[2]), float(after[3])),
        float(persistence(once)[0]),
        float(excess_persistence(once)[0]),
    )


# What is compared


def _of_rates(distance: Callable[[Rates, Rates], Floats]) -> Callable[[Weighted, Weighted], Floats]:
    return lambda candidate, human: distance(rates_of(candidate), rates_of(human))


def _signed(
    key: str, title: str, value: Callable[[Weighted], Floats], *needs: Need, floors: tuple[str, ...] = ()
) -> Statistic:
    """The candidate's number less people's."""
    return Statistic(
        key,
        title,
        "heterogeneity",
        "signed",
        lambda candidate, human: value(candidate) - value(human),
        value=value,
        floors=floors,
        needs=frozenset(needs),
    )


def _distance(
    key: str, title: str, distance: Callable[[Rates, Rates], Floats], *floors: str, primary: bool = False
) -> Statistic:
    return Statistic(key, title, "heterogeneity", "distance", _of_rates(distance), primary=primary, floors=floors)


STATISTICS: tuple[Statistic, ...] = (
    _distance("H1", "distance of the distributions of individual rates (W₁)", w1, "one_rate"),
    _distance("H2", "the same without the means (centred W₁)", centred_w1, "one_rate", primary=True),
    _distance("H2.location", "distance of the mean rates", location),
    Statistic(
        "H3",
        "log ratio of excess variances",
        "heterogeneity",
        "signed",
        variance_ratio,
        primary=True,
        value=excess_variance,
        floors=("one_rate",),
    ),
    _signed("H3.icc", "difference of intraclass correlations (beta-binomial)", icc),
    _distance("H4.ks", "largest difference of the distributions (KS)", ks),
    _distance("H4.cvm", "mean squared difference of the distributions (Cramér–von Mises)", cramer_von_mises),
    _distance("H4.energy", "energy distance of the distributions", energy),
    _signed("H5.low", "difference of the shares that hardly ever cooperate", low_mass),
    _signed("H5.high", "difference of the shares that nearly always cooperate", high_mass),
    _signed("H5.modes", "difference of the numbers of modes", modes),
    _signed("H6", "difference of excess persistence", excess_persistence, "own"),
    _signed("H6.raw", "difference of persistence", persistence, "own"),
    _signed("H7", "difference of trait reliability (odd and even choices)", reliability),
    _signed("H7.halves", "difference of trait stability (first and second half)", stability),
    Statistic(
        "H8",
        "difference of trait standard deviations in log-odds",
        "heterogeneity",
        "signed",
        trait_sd_gap,
        value=trait_sd,
        floors=("one_rule",),
        needs=frozenset({"own"}),
    ),
)
"""Level 2."""
