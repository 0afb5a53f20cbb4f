"""Classes of people: mixtures of memory-one rules and of moody conditional cooperators, and how their shares differ.

An agent is of one class all the time. In a class the chance to cooperate depends on what was seen in the round before:
on own act and the partner's (memory-one; Nowak and Sigmund 1990), the same with equal chances after the two mixed
rounds (semi-grim; Breitmoser 2015), or, with any number of neighbours, by a logit in own act z and the share m of
neighbours who cooperated (moody conditional cooperation; Grujić et al. 2010). Fitted by EM (Dempster, Laird and Rubin
1977) from many starts; how many classes, Schwarz's criterion says. The least cooperative class is told first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, xlogy

from comity.fidelity.automata_fits import Frequencies, common_groups, frequencies, joined
from comity.fidelity.likelihood import Estimate
from comity.fidelity.observations import FidelityError, Floats, Observations, Weighted
from comity.fidelity.repertoire import SEVEN
from comity.fidelity.shares import mixed, posteriors, shares_of, total_variation
from comity.fidelity.statistic import Statistic

Form: TypeAlias = Literal["memory-one", "semi-grim", "moody"]

GROUPS: dict[Form, tuple[int, ...]] = {"memory-one": (0, 1, 2, 3, 4), "semi-grim": (0, 1, 2, 2, 3)}
"""Which of first round, both, sucker, tempted and neither have a chance of their own."""
NAMES: dict[Form, tuple[str, ...]] = {
    "memory-one": ("C first", "C after CC", "C after CD", "C after DC", "C after DD"),
    "semi-grim": ("C first", "C after CC", "C after CD or DC", "C after DD"),
    "moody": ("C first", "level", "mood", "slope after D", "more slope after C"),
}
"""What the parameters of a class are called. Those of the moody rule are log-odds, but for the first."""

PRIOR = 0.01
"""To each side so many choices are added, and to each coefficient so much precision: what nobody did stays possible."""
FEW = 5
"""What rests on fewer agents has no interval."""
STARTS = 10
MOST = 4
"""So many classes at most are tried, unless said."""
SHORT, LONG, AGAIN = 15, 1_000, 200
"""Steps of EM from every start, from the best two, and from a mixture of almost the same agents."""
ENOUGH = 1e-8
"""EM ends where a step adds less than this to the mean log likelihood of an agent."""


@dataclass(frozen=True, eq=False)
class Contexts:
    """How often each agent cooperated after each kind of what it had seen.

    cooperated, chosen: [agents, contexts]. own, neighbours: [contexts], what was seen; NaN for the first round, which
    is the first context.
    """

    observed: Observations
    cooperated: Floats
    chosen: Floats
    own: Floats
    neighbours: Floats

    @cached_property
    def design(self) -> Floats:
        """[contexts, 4]: one, z, m and z m; 0 for the first round."""
        z, m = np.nan_to_num(self.own), np.nan_to_num(self.neighbours)
        rows = np.column_stack([np.ones(len(z)), z, m, z * m])
        rows[0] = 0
        return rows

    def of(self, agents: NDArray[np.bool_]) -> Contexts:
        """Those of some agents; what the others did counts as nothing."""
        return replace(self, cooperated=self.cooperated * agents[:, None], chosen=self.chosen * agents[:, None])

    def log_likelihoods(self, chances: Floats) -> Floats:
        """[agents, classes] under chances to cooperate [classes, contexts]."""
        with np.errstate(divide="ignore"):
            return np.asarray(
                self.cooperated @ np.log(chances.T) + (self.chosen - self.cooperated) @ np.log1p(-chances.T)
            )


def contexts(observed: Observations, form: Form) -> Contexts:
    """How often each agent cooperated after what it had seen. Rows after a gap, where that is not known, are left out.

    Raises `FidelityError` where a memory-one rule is asked of shares of several neighbours, or nothing counts.
    """
    own, near = observed.own, observed.neighbours
    first = observed.round == 0
    seen = ~first & ~np.isnan(own) & ~np.isnan(near)
    if form != "moody" and not np.isin(near[seen], (0, 1)).all():
        raise FidelityError(
            f"memory-one rules need one partner, who cooperated or did not; {observed.population}, "
            f"{observed.condition}, has shares of several neighbours (a moody rule takes them)"
        )
    if form == "moody":
        kinds, codes = np.unique(np.column_stack([own[seen], near[seen]]).round(9), axis=0, return_inverse=True)
    else:
        kinds = np.array([(1, 1), (1, 0), (0, 1), (0, 0)], dtype=float)
        codes = (2 * (own[seen] == 0) + (near[seen] == 0)).astype(np.intp)
    which = np.where(first, 0, -1)
    which[seen] = codes.reshape(-1) + 1
    cooperated, chosen = observed.tally(which, len(kinds) + 1)
    if not chosen[:, 1:].any():
        raise FidelityError(f"{observed.population}, {observed.condition}, has no choice after a round that was seen")
    own_of, near_of = (np.concatenate([[np.nan], part]) for part in kinds.reshape(-1, 2).T)
    return Contexts(observed, cooperated, chosen, own_of, near_of)


@dataclass(frozen=True, eq=False)
class Mixture:
    """Classes of one form, as fitted.

    parameters: [classes, parameters], as `NAMES` calls them. shares: [classes]. log_likelihood: at these, without the
    prior. weights: [agents], how often each counted.
    """

    data: Contexts
    form: Form
    shares: Floats
    parameters: Floats
    log_likelihood: float
    weights: Floats

    @property
    def n_classes(self) -> int:
        return len(self.shares)

    @property
    def n_parameters(self) -> int:
        """Parameters of all classes, and all shares but one."""
        return self.parameters.size + self.n_classes - 1

    @property
    def bic(self) -> float:
        """−2 ln L + p ln N with N agents who chose; lower is better."""
        chose = self.weights[self.data.chosen.sum(axis=1) > 0]
        return -2 * self.log_likelihood + self.n_parameters * math.log(chose.sum())

    @property
    def icl(self) -> float:
        """BIC and twice the entropy of who is of which class (Biernacki, Celeux and Govaert 2000)."""
        return self.bic - 2 * float(self.weights @ xlogy(self.posterior, self.posterior).sum(axis=1))

    @cached_property
    def posterior(self) -> Floats:
        """[agents, classes]: how likely each agent is of each class."""
        return posteriors(self.log_likelihoods(self.data), self.shares)

    def chances(self, data: Contexts) -> Floats:
        """[classes, contexts]: how likely each class cooperates after what was seen."""
        return _chances(self.parameters, data, self.form)

    def log_likelihoods(self, data: Contexts) -> Floats:
        """[agents, classes]: of other observations, or of those that it was fitted to."""
        return data.log_likelihoods(self.chances(data))

    def loss(self, data: Contexts) -> float:
        """The mean negative log likelihood of a choice of these agents, each of a class drawn by its share."""
        return float(-mixed(self.log_likelihoods(data), self.shares).sum() / data.chosen.sum())

    @cached_property
    def told(self) -> NDArray[np.bool_]:
        """[classes, parameters]: whether the choices of a class say more of a parameter than the prior does."""
        faced = (self.posterior * self.weights[:, None]).T @ self.data.chosen
        if self.form != "moody":
            groups = np.eye(self.parameters.shape[1])[list(GROUPS[self.form])]
            return np.asarray(faced @ groups > 1)
        chances, design = self.chances(self.data), self.data.design
        bend = np.einsum("kc,ci,cj->kij", faced * chances * (1 - chances), design, design)
        spread = np.diagonal(np.linalg.inv(bend + PRIOR * np.eye(design.shape[1])), axis1=1, axis2=2)
        return np.hstack([faced[:, :1] > 1, spread * PRIOR < 0.5])

    @cached_property
    def met(self) -> Floats:
        """[agents, classes, parameters]: how many choices of an agent, as far as it is of a class, speak of each."""
        if self.form == "moody":
            first = self.data.chosen[:, :1]
            rest = self.data.chosen[:, 1:].sum(axis=1, keepdims=True)
            faced = np.hstack([first, np.repeat(rest, self.parameters.shape[1] - 1, axis=1)])
        else:
            faced = self.data.chosen @ np.eye(self.parameters.shape[1])[list(GROUPS[self.form])]
        return np.asarray((self.posterior * self.weights[:, None])[:, :, None] * faced[:, None, :])

    @cached_property
    def witnesses(self) -> Floats:
        """[classes, parameters]: on how many agents each rests, (Σ n)² / Σ n² with n as in `met` (Kish 1965)."""
        squares = (self.met**2).sum(axis=0)
        return np.asarray(np.divide(self.met.sum(axis=0) ** 2, squares, out=np.zeros(squares.shape), where=squares > 0))

    def redrawn(self, weights: ArrayLike) -> tuple[Floats, Floats]:
        """Shares [draws, classes] and parameters [draws, classes, parameters] with agents counting as in each draw.

        EM goes on from this mixture, so that classes keep their places. Parameters are NaN in draws that do not tell
        them.
        """
        drawn = [self._again(each) for each in np.atleast_2d(np.asarray(weights, dtype=float))]
        parameters = [np.where(each.told, each.parameters, np.nan) for each in drawn]
        return np.stack([each.shares for each in drawn]), np.stack(parameters)

    def _again(self, weights: Floats) -> Mixture:
        start = _Point(self.shares, self.chances(self.data))
        point, height = _climbed(self.data, self.form, weights, start, AGAIN)
        parameters = _parameters(self.data, self.form, point.chances)
        return replace(
            self,
            shares=point.shares,
            parameters=parameters,
            log_likelihood=height * float(weights.sum()),
            weights=weights,
        )

    def table(self, draws: tuple[Floats, Floats] | None = None, level: float = 0.95) -> tuple[Estimate, ...]:
        """The share and the parameters of each class. draws: what `redrawn` found, for intervals.

        What rests on fewer than `FEW` agents has no interval, since they are the same in all draws; and a chance of
        which all saw the same reaches as far as so many agents, one choice each, leave open (0.05 ^ (1 / agents)).
        """
        rows = []
        for number in range(self.n_classes):
            names = [f"class {number + 1}: {name}" for name in ("share", *NAMES[self.form])]
            values = [float(self.shares[number]), *map(float, self.parameters[number])]
            for place, (name, value) in enumerate(zip(names, values, strict=True)):
                if place and not self.told[number, place - 1]:
                    rows.append(Estimate.unknown(name, "not identified: nobody of this class was there to tell"))
                elif draws is None:
                    rows.append(Estimate(name, value, math.nan, math.nan, math.nan, "no interval: nothing was redrawn"))
                elif place == 0:
                    rows.append(Estimate.drawn(name, value, draws[0][:, number], level))
                else:
                    rows.append(self._drawn(name, number, place - 1, draws[1][:, number, place - 1], level))
        return tuple(rows)

    def _drawn(self, name: str, number: int, place: int, spread: Floats, level: float) -> Estimate:
        value, agents = float(self.parameters[number, place]), float(self.witnesses[number, place])
        if agents < FEW:
            note = f"no interval: it rests on fewer than {FEW} agents of the class"
            return Estimate(name, value, math.nan, math.nan, math.nan, note)
        found = Estimate.drawn(name, value, spread, level)
        faced = float(self.met[:, number, place].sum())
        open_ = 1 - (1 - level) ** (1 / agents)
        if self.form != "moody" or place == 0:
            if value * faced < 1:
                return replace(found, high=max(found.high, open_))
            if (1 - value) * faced < 1:
                return replace(found, low=min(found.low, 1 - open_))
        return found


def mixture(
    observed: Observations,
    form: Form,
    n_classes: int,
    rng: np.random.Generator,
    weights: ArrayLike | None = None,
    starts: int = STARTS,
) -> Mixture:
    """The likeliest mixture of so many classes of one form. weights: [agents], once each unless given.

    Raises `FidelityError` as `contexts`, and where there are more classes than agents.
    """
    return _mixture(contexts(observed, form), form, n_classes, rng, weights, starts)


def mixtures(
    observed: Observations, form: Form, rng: np.random.Generator, most: int = MOST, starts: int = STARTS
) -> tuple[Mixture, ...]:
    """The likeliest mixtures of 1, 2, ... up to `most` classes."""
    data = contexts(observed, form)
    return tuple(
        _mixture(data, form, number, rng, None, starts) for number in range(1, min(most, observed.n_agents) + 1)
    )


def chosen(fits: Sequence[Mixture]) -> Mixture:
    """The mixture with the least BIC; of equals the one with fewer classes."""
    return min(fits, key=lambda fit: (fit.bic, fit.n_classes))


@dataclass(frozen=True, eq=False)
class _Point:
    """Shares [classes] and chances to cooperate [classes, contexts]: where EM is."""

    shares: Floats
    chances: Floats


def _mixture(
    data: Contexts, form: Form, n_classes: int, rng: np.random.Generator, weights: ArrayLike | None, starts: int
) -> Mixture:
    if not 1 <= n_classes <= data.observed.n_agents:
        raise FidelityError(
            f"a mixture has 1 to {data.observed.n_agents} classes here, one agent each; found {n_classes}"
        )
    counted = np.ones(len(data.chosen)) if weights is None else np.asarray(weights, dtype=float)
    tried = [
        _climbed(data, form, counted, _point(data, form, counted, beliefs), SHORT)
        for beliefs in _beliefs(data, n_classes, rng, starts if n_classes > 1 else 1)
    ]
    tried.sort(key=lambda found: -found[1])
    best, _ = max((_climbed(data, form, counted, point, LONG) for point, _ in tried[:2]), key=lambda found: found[1])
    order = np.argsort(best.chances @ data.chosen.sum(axis=0), kind="stable")
    shares, chances = best.shares[order], best.chances[order]
    height = float(counted @ mixed(data.log_likelihoods(chances), shares))
    return Mixture(data, form, shares, _parameters(data, form, chances), height, counted)


def _beliefs(data: Contexts, n_classes: int, rng: np.random.Generator, starts: int) -> list[Floats]:
    """Who is of which class, to start from: first cut by how often agents cooperate, then drawn at random."""
    rates = data.cooperated.sum(axis=1) / np.maximum(data.chosen.sum(axis=1), 1)
    rank = np.argsort(np.argsort(rates, kind="stable"), kind="stable")
    cut = np.eye(n_classes)[rank * n_classes // len(rank)]
    return [
        0.9 * cut + 0.1 / n_classes,
        *(rng.dirichlet(np.full(n_classes, 0.2), len(rank)) for _ in range(starts - 1)),
    ]


def _point(data: Contexts, form: Form, counted: Floats, beliefs: Floats) -> _Point:
    """The M step: shares and rules by who is believed to be of which class."""
    mass = beliefs * counted[:, None]
    shares = mass.sum(axis=0) / counted.sum()
    cooperated, faced = mass.T @ data.cooperated, mass.T @ data.chosen
    if form != "moody":
        return _Point(shares, _grouped(cooperated, faced, GROUPS[form]))
    first = (cooperated[:, :1] + PRIOR) / (faced[:, :1] + 2 * PRIOR)
    rest = expit(_logits(cooperated[:, 1:], faced[:, 1:], data.design[1:]) @ data.design[1:].T)
    return _Point(shares, np.hstack([first, rest]))


def _climbed(data: Contexts, form: Form, counted: Floats, point: _Point, steps: int) -> tuple[_Point, float]:
    """EM from a point, and how high it came: the mean log likelihood of an agent."""
    height = -math.inf
    for _ in range(steps):
        logs = data.log_likelihoods(point.chances)
        with np.errstate(divide="ignore"):
            now = float(counted @ mixed(logs, point.shares)) / counted.sum()
        if now - height < ENOUGH:
            return point, now
        height = now
        point = _point(data, form, counted, posteriors(logs, point.shares))
    return point, height


def _grouped(cooperated: Floats, faced: Floats, groups: Sequence[int]) -> Floats:
    """Chances that are equal within groups of contexts."""
    member = np.eye(max(groups) + 1)[list(groups)]
    return np.asarray(((cooperated @ member + PRIOR) / (faced @ member + 2 * PRIOR)) @ member.T)


def _logits(cooperated: Floats, faced: Floats, design: Floats) -> Floats:
    """Coefficients [classes, 4] of one logit for each class, by Newton steps on all of them at once."""
    precision = PRIOR * np.eye(design.shape[1])
    found = np.zeros((len(faced), design.shape[1]))
    for _ in range(50):
        chance = expit(found @ design.T)
        slope = (cooperated - faced * chance) @ design - PRIOR * found
        bend = np.einsum("kc,ci,cj->kij", faced * chance * (1 - chance), design, design) + precision
        step = np.linalg.solve(bend, slope[..., None])[..., 0]
        found = found + step * np.minimum(1, 4 / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    return found


def _parameters(data: Contexts, form: Form, chances: Floats) -> Floats:
    """[classes, parameters] from chances to cooperate."""
    if form != "moody":
        first = [GROUPS[form].index(group) for group in range(max(GROUPS[form]) + 1)]
        return chances[:, first]
    coefficients = np.linalg.lstsq(data.design[1:], logit(chances[:, 1:]).T, rcond=None)[0].T
    return np.hstack([chances[:, :1], coefficients])


def _chances(parameters: Floats, data: Contexts, form: Form) -> Floats:
    if form != "moody":
        return np.asarray(parameters[:, list(GROUPS[form])])
    chances = expit(parameters[:, 1:] @ data.design.T)
    chances[:, 0] = parameters[:, 0]
    return np.asarray(np.clip(chances, 1e-12, 1 - 1e-12))


_Found = TypeVar("_Found")
_FREQUENCIES: WeakKeyDictionary[Observations, Frequencies | None] = WeakKeyDictionary()
_CLASSES: WeakKeyDictionary[Observations, Mixture | None] = WeakKeyDictionary()


def strategy_distance(candidate: Weighted, human: Weighted) -> Floats:
    """D7: the total variation TV(φ_S, φ_E) between the shares of seven strategies (Dal Bó and Fréchette 2011): [draws].

    Shares are estimated anew in every draw, with slips held at what they are in all of that side. Strategies that the
    data of either side do not tell apart count as one, so the distance is the least that the data allow. NaN where
    either side has no single partner.
    """
    fits = [_once(_FREQUENCIES, side.observations, _seven) for side in (candidate, human)]
    known = [fit for fit in fits if fit is not None]
    if len(known) < 2:
        return _unknown(candidate, human)
    groups = common_groups(*(fit.data.groups for fit in known))
    pairs = zip(known, (candidate, human), strict=True)
    shares = [shares_of(fit.data.log_likelihoods(fit.beta), side.weights, 1e-5).shares for fit, side in pairs]
    return total_variation(*(joined(each, groups) for each in shares))


def class_distance(candidate: Weighted, human: Weighted) -> Floats:
    """D7 among neighbours: the total variation between the shares of people's classes of moody conditional cooperation.

    Classes are fitted to all people, as many as BIC says; then the shares of these classes are estimated on either
    side, anew in every draw: [draws]. It sees who is how common, and not a class that people do not have. NaN where
    either side has seen nothing.
    """
    people = _once(_CLASSES, human.observations, _people_classes)
    if people is None:
        return _unknown(candidate, human)
    try:
        sides = [
            shares_of(people.log_likelihoods(contexts(side.observations, "moody")), side.weights, 1e-5).shares
            for side in (candidate, human)
        ]
    except FidelityError:
        return _unknown(candidate, human)
    return total_variation(*sides)


def _seven(observed: Observations) -> Frequencies:
    return frequencies(observed, SEVEN)


def _people_classes(observed: Observations) -> Mixture:
    return chosen(mixtures(observed, "moody", np.random.default_rng(0)))


def _once(
    kept: WeakKeyDictionary[Observations, _Found | None], observed: Observations, work: Callable[[Observations], _Found]
) -> _Found | None:
    """What was worked out of these observations before, or now; None where they do not allow it."""
    if observed not in kept:
        try:
            kept[observed] = work(observed)
        except FidelityError:
            kept[observed] = None
    return kept[observed]


def _unknown(candidate: Weighted, human: Weighted) -> Floats:
    return np.full(max(candidate.n_draws, human.n_draws), np.nan)


STATISTICS: tuple[Statistic, ...] = (
    Statistic(
        "D7",
        "shares of strategies, total variation",
        "rule",
        "distance",
        strategy_distance,
        needs=frozenset({"own", "neighbours"}),
    ),
    Statistic(
        "D7.classes",
        "shares of people's classes, total variation",
        "rule",
        "distance",
        class_distance,
        needs=frozenset({"own", "neighbours"}),
    ),
)
