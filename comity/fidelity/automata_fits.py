"""How often strategies are used: the mixture over automata of Dal Bó and Fréchette (2011).

Everybody follows one strategy of a list all the time and slips from it, each time alike and independently, with
probability 1 − β. With C_kn choices of agent n that agree with strategy k and E_kn that do not, the likelihood is
ln L = Σ_n ln Σ_k φ_k β^C_kn (1 − β)^E_kn. For a given β the shares φ have one top and are solved for certain; β is
found along the profile, from one half (a coin) to one (never a slip).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from comity.exact.automata import Automaton
from comity.fidelity.likelihood import Estimate
from comity.fidelity.observations import Codes, FidelityError, Floats, Observations
from comity.fidelity.repertoire import FIVE
from comity.fidelity.sequences import agreements, signs
from comity.fidelity.shares import mixed, posteriors, shares_of, total_variation

LOWEST, HIGHEST = 0.5, 1 - 1e-9
"""Where β is looked for."""
GRID = 25
"""The profile of β is looked at in so many places before the best one is refined."""
PRESENT = 1e-4
"""Shares below this stand on the edge: they have no standard error of their own."""


@dataclass(frozen=True, eq=False)
class Agreements:
    """How often each agent did what each strategy would have done. agree, differ: [agents, strategies] (C and E).

    left_out: choices that nobody can tell the state of, see `comity.fidelity.sequences`.
    """

    observed: Observations
    names: tuple[str, ...]
    agree: Floats
    differ: Floats
    left_out: int

    def log_likelihoods(self, beta: float) -> Floats:
        """[agents, strategies]: ln β^C (1 − β)^E."""
        return np.asarray(xlogy(self.agree, beta) + xlogy(self.differ, 1 - beta))

    @property
    def chosen(self) -> Floats:
        """[agents]: how many choices of each agent count."""
        return np.asarray(self.agree[:, 0] + self.differ[:, 0])

    @cached_property
    def groups(self) -> Codes:
        """[strategies]: which group each is of; the data cannot tell those of one group apart, as they agree with every
        agent equally often. Groups are counted in the order of their first strategies."""
        _, first, which = np.unique(self.agree, axis=1, return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[which.reshape(-1)]


@dataclass(frozen=True, eq=False)
class Frequencies:
    """Strategy frequencies as estimated.

    shares: [strategies], φ. beta: how likely a choice is the one of the strategy. log_likelihood: at these. gap: how
    far it may be below the top for this β, in all.
    """

    data: Agreements
    shares: Floats
    beta: float
    log_likelihood: float
    gap: float

    @property
    def names(self) -> tuple[str, ...]:
        return self.data.names

    @cached_property
    def posterior(self) -> Floats:
        """[agents, strategies]: how likely each agent follows each strategy."""
        return posteriors(self.data.log_likelihoods(self.beta), self.shares)

    @property
    def bic(self) -> float:
        """Schwarz's criterion, −2 ln L + p ln N; lower is better. One parameter for each group of strategies that data
        tell apart (K − 1 shares and β), and N agents who chose."""
        parameters = int(self.data.groups.max()) + 1
        return -2 * self.log_likelihood + parameters * math.log(int((self.data.chosen > 0).sum()))

    @property
    def icl(self) -> float:
        """The criterion of Biernacki, Celeux and Govaert (2000): BIC and twice the entropy of who follows what."""
        return self.bic - 2 * float(xlogy(self.posterior, self.posterior).sum())

    @cached_property
    def errors(self) -> Floats:
        """[groups + 1]: standard errors of the share of each group of strategies that data tell apart, and of β, by the
        observed information; NaN for a share on the edge, for β there, and where the information is singular."""
        groups = self.data.groups
        shares = joined(self.shares, groups)
        present = np.flatnonzero(shares > PRESENT)
        found = np.full(len(shares) + 1, np.nan)
        if self.beta >= 1 - 1e-6 or self.beta <= LOWEST + 1e-6:
            return found
        firsts = np.unique(groups, return_index=True)[1]
        covariance = _covariance(self.data, self.beta, firsts[present], shares[present])
        if covariance is not None:
            found[[*present, -1]] = np.sqrt(np.diag(covariance))
        found[:-1][shares > 1 - PRESENT] = np.nan
        return found

    def table(
        self, draws: tuple[Floats, Floats] | None = None, groups: Codes | None = None, level: float = 0.95
    ) -> tuple[Estimate, ...]:
        """One row for each group of strategies that data tell apart, and one for β, with intervals.

        draws: what `redrawn` found; intervals are then its quantiles, else they are by the observed information.
        groups: [strategies], coarser ones than those of the data, such as `common_groups`; with draws only.
        """
        of = self.data.groups if groups is None else groups
        members = [
            [name for name, each in zip(self.names, of, strict=True) if each == group] for group in np.unique(of)
        ]
        names = [*(" or ".join(each) for each in members), "beta"]
        values = [*joined(self.shares, of), self.beta]
        if draws is None:
            return tuple(
                Estimate.normal(name, float(value), float(error), 0, 1, level)
                for name, value, error in zip(names, values, self.errors, strict=True)
            )
        spread = np.column_stack([joined(draws[0], of), draws[1]])
        return tuple(
            Estimate.drawn(name, float(value), spread[:, place], level)
            for place, (name, value) in enumerate(zip(names, values, strict=True))
        )

    def redrawn(self, weights: ArrayLike) -> tuple[Floats, Floats]:
        """Shares [draws, strategies] and β [draws] for every draw of agents in weights [draws, agents].

        The profile of β is worked out for all draws at once on a grid around its estimate; a parabola through the best
        three places gives the top of each draw.
        """
        counted = np.atleast_2d(np.asarray(weights, dtype=float))
        grid = self._around()
        solved = [shares_of(self.data.log_likelihoods(beta), counted, 1e-5) for beta in grid]
        heights = np.stack([each.log_likelihood for each in solved])
        shares = np.stack([each.shares for each in solved])
        best = np.clip(np.argmax(np.nan_to_num(heights, nan=-np.inf), axis=0), 1, len(grid) - 2)
        every = np.arange(len(counted))
        before, top, after = (heights[best + step, every] for step in (-1, 0, 1))
        bend = before - 2 * top + after
        aside = np.clip(np.where(bend < 0, (before - after) / (2 * np.where(bend < 0, bend, -1)), 0), -1, 1)
        side = best + np.where(aside < 0, -1, 1)
        part = np.abs(aside)[:, None]
        odds = np.log(grid / (1 - grid))
        at = odds[best] + np.abs(aside) * (odds[side] - odds[best])
        return (1 - part) * shares[best, every] + part * shares[side, every], 1 / (1 + np.exp(-at))

    def _around(self) -> Floats:
        """Places for β, evenly by log-odds, within six standard errors of its estimate."""
        odds = math.log(self.beta / (1 - self.beta))
        error = float(self.errors[-1]) / (self.beta * (1 - self.beta))
        reach = 6 * error if math.isfinite(error) else 3.0
        return np.asarray(1 / (1 + np.exp(-np.linspace(odds - reach, min(odds + reach, 20.0), 17))))


def agreements_with(observed: Observations, strategies: Mapping[str, Automaton] = FIVE) -> Agreements:
    """How often each agent did what each of some strategies would have done.

    Raises `FidelityError` where there is no single partner, nothing to count, or fewer than two strategies, and
    `BadParameter` where a strategy mixes.
    """
    if len(strategies) < 2:
        raise FidelityError("strategy frequencies need at least two strategies to choose from")
    moves = signs(observed)
    counted = [agreements(moves, automaton) for automaton in strategies.values()]
    agree, differ = (np.column_stack([each[part] for each in counted]) for part in (0, 1))
    if not (agree[:, 0] + differ[:, 0]).any():
        raise FidelityError(
            f"{observed.population}, {observed.condition}, has no choice that strategies could be told by"
        )
    return Agreements(observed, tuple(strategies), agree, differ, moves.left_out)


def frequencies(
    observed: Observations, strategies: Mapping[str, Automaton] = FIVE, weights: ArrayLike | None = None
) -> Frequencies:
    """Strategy frequencies of one population in one condition. weights: [agents], all alike unless given.

    Raises `FidelityError` as `agreements_with`.
    """
    return frequencies_of(agreements_with(observed, strategies), weights)


def frequencies_of(data: Agreements, weights: ArrayLike | None = None) -> Frequencies:
    """Strategy frequencies from agreements that are counted already."""
    from scipy.optimize import minimize_scalar

    counted = np.ones(len(data.agree)) if weights is None else np.asarray(weights, dtype=float)

    def height(odds: float, gap: float = 1e-8) -> float:
        return float(shares_of(data.log_likelihoods(_beta(odds)), counted, gap).log_likelihood[0])

    ends = math.log(HIGHEST / (1 - HIGHEST))
    grid = np.concatenate([np.linspace(0, 6, GRID), [9.0, ends]])
    heights = [height(odds, 1e-4) for odds in grid]
    best = int(np.argmax(heights))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(
        lambda odds: -height(odds), bounds=(float(low), float(high)), method="bounded", options={"xatol": 1e-6}
    )
    beta = _beta(float(found.x))
    solved = shares_of(data.log_likelihoods(beta), counted, 1e-9)
    return Frequencies(
        data, solved.shares[0], beta, float(solved.log_likelihood[0]), float(solved.gap[0] * counted.sum())
    )


@dataclass(frozen=True)
class FrequenciesCompared:
    """A candidate's mixture of strategies beside people's.

    distance: TV(φ_E, φ_S), where strategies that either side's data do not tell apart count as one. slips: |β_E − β_S|.
    loss: the mean negative log likelihood of one of people's choices under the candidate's mixture; own: under people's
    own, estimated without the sessions (or agents) that it is scored on. coin: ln 2, which is what knowing nothing
    scores.
    """

    distance: float
    slips: float
    loss: float
    own: float
    coin: float = math.log(2)


def compared(people: Frequencies, candidate: Frequencies, folds: NDArray[np.intp]) -> FrequenciesCompared:
    """Two mixtures over the same strategies. folds: [agents of people], which are left out together.

    Raises `FidelityError` where the strategies differ.
    """
    if people.names != candidate.names:
        raise FidelityError("two mixtures over different strategies cannot be compared")
    total = people.data.chosen.sum()
    common = common_groups(people.data.groups, candidate.data.groups)
    under = _scored(people.data, candidate)
    own = np.zeros(len(under))
    for fold in np.unique(folds):
        outside = folds != fold
        if outside.any():
            own[~outside] = _scored(people.data, frequencies_of(people.data, outside))[~outside]
        else:
            own[:] = np.nan
    return FrequenciesCompared(
        distance=float(total_variation(*(joined(side.shares, common) for side in (people, candidate)))),
        slips=abs(people.beta - candidate.beta),
        loss=float(-under.sum() / total),
        own=float(-own.sum() / total),
    )


def joined(shares: Floats, groups: Codes) -> Floats:
    """[..., groups]: the sum of the shares [..., strategies] in each group."""
    return np.asarray(shares @ np.eye(int(groups.max()) + 1)[groups])


def common_groups(first: Codes, second: Codes) -> Codes:
    """[strategies]: the finest groups that keep together what either of two groupings keeps together."""
    found = np.arange(len(first))
    for groups in (first, second) * len(first):
        for group in np.unique(groups):
            found[groups == group] = found[groups == group].min()
    return np.unique(found, return_inverse=True)[1].reshape(-1)


def _scored(data: Agreements, mixture: Frequencies) -> Floats:
    """[agents]: the log likelihood of what agents did under a mixture that others follow.

    Where the mixture never slips, one slip would be impossible; it may slip as often as half a choice of its own data.
    """
    most = 1 - 0.5 / (mixture.data.chosen.sum() + 1)
    return mixed(data.log_likelihoods(min(mixture.beta, most)), mixture.shares)


def _beta(odds: float) -> float:
    return min(1 / (1 + math.exp(-odds)), HIGHEST)


def _covariance(data: Agreements, beta: float, places: Codes, shares: Floats) -> Floats | None:
    """Of the shares of some strategies, which are all there are, and of β; None where the information is singular.

    The information is worked out for all of these shares but the last, which is one minus the others, and for the
    log-odds γ of β. With d_k = L_nk / Σ_j φ_j L_nj and a_k = C_kn − β T_n the score of agent n is d_k − d_last for a
    share and Σ_k φ_k d_k a_k for γ.
    """
    logs = data.log_likelihoods(beta)[:, places]
    shares = shares / shares.sum()
    ratio = np.exp(logs - mixed(logs, shares)[:, None])
    total = data.chosen[:, None]
    ahead = data.agree[:, places] - beta * total
    score = np.column_stack([ratio[:, :-1] - ratio[:, -1:], (shares * ratio * ahead).sum(axis=1)])
    information = score.T @ score
    cross = ratio * ahead
    mixed_terms = (cross[:, :-1] - cross[:, -1:]).sum(axis=0)
    information[:-1, -1] -= mixed_terms
    information[-1, :-1] -= mixed_terms
    information[-1, -1] -= float((shares * ratio * (ahead**2 - total * beta * (1 - beta))).sum())
    scale = np.sqrt(np.abs(np.diag(information)))
    if not scale.all() or np.linalg.eigvalsh(information / np.outer(scale, scale)).min() < 1e-9:
        return None
    spread = np.linalg.inv(information)
    to = np.zeros((len(places) + 1, len(places)))
    to[: len(places) - 1, : len(places) - 1] = np.eye(len(places) - 1)
    to[len(places) - 1, : len(places) - 1] = -1
    to[-1, -1] = beta * (1 - beta)
    return np.asarray(to @ spread @ to.T)
