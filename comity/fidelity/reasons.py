"""Explanations compared like choices: which reasons are given in which situation, and whether they tell what is done.

A reason here is a row of labels, each the share of judges and passes that gave it; who judged is not this room's
business. A situation is the own last action by the share of neighbours who cooperated, in the cells of
`comity.fidelity.contexts`, or the first round. What is drawn is sessions and agents in them, never reasons.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit, xlogy

from comity.fidelity.contexts import N_CONTEXTS, SHARES, context_cells
from comity.fidelity.observations import Codes, FidelityError, Floats, Observations
from comity.fidelity.resampling import halves, resampled
from comity.stats.estimate import LEVEL

SITUATIONS = (
    *(f"after {own}, {share}" for own in ("defection", "cooperation") for share in SHARES),
    "first round",
    "not known",
)
"""Own last action, and the share of neighbours who cooperated then."""
FIRST, UNKNOWN = N_CONTEXTS, N_CONTEXTS + 1
COLUMNS = ("id", "population", "session", "agent", "round", "action", "own", "neighbours")
"""What must be known of each reason besides its labels; see `comity.fidelity.observations.COLUMNS`."""
FOLDS = 10
RIDGE = 1.0
"""How strongly coefficients are drawn to 0, as the inverse of a prior variance; the intercept is free."""
FEWEST = 20
"""With fewer reasons whose action is known, nothing is said of consistency."""
_HALF = "people"


@dataclass(frozen=True, eq=False)
class Told:
    """The labelled reasons of one population.

    names: of the labels. observations: one row for each reason, with the action it was given for; rows need not follow
    each other. given: [rows, labels], from 0 (nobody gave it) to 1 (all did); no NaN.
    """

    names: tuple[str, ...]
    observations: Observations
    given: Floats

    @property
    def situation(self) -> Codes:
        """[rows]: the place in `SITUATIONS`."""
        codes = context_cells(self.observations)
        first = np.isnan(self.observations.own) & (self.observations.round == 0)
        return np.where(codes >= 0, codes, np.where(first, FIRST, UNKNOWN)).astype(np.intp)

    @cached_property
    def sums(self) -> tuple[Floats, Floats]:
        """By agent and situation how often each label was given, and how many reasons there are: [agents, situations,
        labels] and [agents, situations]."""
        who, n = self.observations.agent, len(SITUATIONS)
        place, size = who * n + self.situation, self.observations.n_agents * n
        labelled = np.stack([np.bincount(place, column, minlength=size) for column in self.given.T], axis=1)
        counts: Floats = np.bincount(place, minlength=size).astype(float)
        return labelled.reshape(-1, n, len(self.names)).astype(float), counts.reshape(-1, n)


def told(table: pd.DataFrame, names: Sequence[str], given: ArrayLike, population: str) -> Told:
    """The reasons of one population. table: one row for each, with the `COLUMNS` but for id, numbers as they are.

    Raises `FidelityError` where a column is missing, an action is none, or labels do not fit.
    """
    marks = np.asarray(given, dtype=float)
    lacking = [name for name in COLUMNS[1:] if name not in table]
    if lacking:
        raise FidelityError(f"reasons need the columns {', '.join(COLUMNS)}; missing: {', '.join(lacking)}")
    if marks.shape != (len(table), len(names)) or np.isnan(marks).any() or not len(table):
        raise FidelityError(f"{population}: every reason needs a number for every label, and there must be a reason")
    for name, low, high in (("action", 0, 1), ("own", 0, 1), ("neighbours", 0, 1)):
        values = table[name].to_numpy(dtype=float)
        if not ((values >= low) & (values <= high) | np.isnan(values)).all():
            raise FidelityError(f"{population}: {name} is from 0 to 1, or missing")
    session, sessions = pd.factorize(table["session"].astype(str))
    who, agents = pd.factorize(pd.MultiIndex.from_arrays([session, table["agent"].astype(str)]))
    order = np.lexsort((table["round"].to_numpy(dtype=float), who))
    session_of = np.zeros(len(agents), dtype=np.intp)
    session_of[who] = session
    unknown = np.full(len(table), np.nan)
    action, own, neighbours = (table[name].to_numpy(dtype=float)[order] for name in ("action", "own", "neighbours"))
    rows = Observations(
        population=population,
        condition="reasons",
        sessions=tuple(map(str, sessions)),
        agents=tuple(str(agent) for _, agent in agents),
        session_of=session_of,
        unit_of=np.arange(len(agents)),
        agent=np.asarray(who[order], dtype=np.intp),
        stretch=np.zeros(len(table), dtype=np.intp),
        round=table["round"].to_numpy(dtype=float)[order].astype(np.intp),
        action=action,
        own=own,
        neighbours=neighbours,
        degree=unknown,
        pay=unknown,
        best=unknown,
    )
    return Told(tuple(names), rows, marks[order])


@dataclass(frozen=True)
class Share:
    """How often a label is given in a situation, of how many reasons; the interval is of sessions and agents drawn
    again."""

    situation: str
    label: str
    value: float
    low: float
    high: float
    reasons: int


def profile(of: Told, draws: int = 1_000, seed: int = 0) -> list[Share]:
    """The share of reasons with each label, in all situations together and in each."""
    weights = _again(of, draws, seed)
    point, spread = _shares(of, np.ones((1, of.observations.n_agents))), _shares(of, weights)
    counts = of.sums[1].sum(axis=0)
    kinds: list[tuple[str, int | None, int]] = [("all", None, int(counts.sum()))]
    kinds += [(name, place, int(counts[place])) for place, name in enumerate(SITUATIONS) if counts[place]]
    found = []
    for name, place, n in kinds:
        at = len(SITUATIONS) if place is None else place
        for number, label in enumerate(of.names):
            low, high = _ends(spread[:, at, number])
            found.append(Share(name, label, float(point[0, at, number]), low, high, n))
    return found


@dataclass(frozen=True)
class Apart:
    """How far two populations are apart in the reasons they give, with what people are from each other.

    kind: "variation", "divergence" or "difference", see `distances`. within: the mean over situations, by how many
    reasons people gave in each, or all situations together. value, low, high: the distance and its interval. ceiling,
    margin: mean and 95th percentile of the distance of two halves of people at the same sizes; NaN where people cannot
    be halved. reasons, others: how many reasons either side has.
    """

    kind: str
    within: str
    value: float
    low: float
    high: float
    ceiling: float
    margin: float
    reasons: int
    others: int

    @property
    def verdict(self) -> str:
        """ "like people" or "unlike people" where the interval says so, else "not decided" or "no ceiling"."""
        if math.isnan(self.margin):
            return "no ceiling"
        return (
            "like people" if self.high <= self.margin else "unlike people" if self.low > self.margin else "not decided"
        )


KINDS = ("variation", "divergence", "difference")
WITHIN = ("all situations together", "each situation")


def distances(candidate: Told, people: Told, draws: int = 1_000, seed: int = 0) -> list[Apart]:
    """Three distances of two label profiles, over all situations together and averaged over situations.

    With the labels' shares of all mentions as a distribution q: "variation" is the total variation sum |q - q'| / 2,
    "divergence" the Jensen-Shannon divergence in bits (Lin 1991). "difference" is the mean over labels of |share of
    reasons with the label, one population less the other|. All are 0 at best, and above 0 by chance alone: so they are
    held against two halves of people. Both sides are drawn again, session by session and then agent by agent. Raises
    `FidelityError` where labels differ.
    """
    if candidate.names != people.names:
        raise FidelityError("these reasons were labelled by different labels, and are not compared")
    one, other = (np.ones((1, side.observations.n_agents)) for side in (candidate, people))
    point = _apart(candidate, one, people, other, people)
    spread = _apart(candidate, _again(candidate, draws, seed), people, _again(people, draws, seed + 1), people)
    ceiling = _ceiling(candidate, people, draws, seed + 2)
    sizes = tuple(int(side.sums[1].sum()) for side in (candidate, people))
    found = []
    for place, within in enumerate(WITHIN):
        for number, kind in enumerate(KINDS):
            low, high = _ends(spread[:, place, number])
            halved = ceiling[:, place, number]
            known = halved[~np.isnan(halved)]
            mean, margin = (
                (float(known.mean()), float(np.quantile(known, 0.95))) if known.size else (math.nan, math.nan)
            )
            found.append(Apart(kind, within, float(point[0, place, number]), low, high, mean, margin, *sizes))
    return found


def _ceiling(candidate: Told, people: Told, draws: int, seed: int) -> Floats:
    """[draws, WITHIN, KINDS]: two halves of people, brought to the sizes of the two sides."""
    sizes = {_HALF: (float(candidate.observations.n_agents), float(people.observations.n_agents))}
    try:
        pairs = halves({_HALF: people.observations}, sizes, draws, np.random.default_rng(seed))[_HALF]
    except FidelityError:
        return np.full((1, len(WITHIN), len(KINDS)), np.nan)
    return _apart(people, pairs[0].weights, people, pairs[1].weights, people)


def _again(of: Told, draws: int, seed: int) -> Floats:
    again: Floats = resampled({_HALF: of.observations}, draws, np.random.default_rng(seed))[_HALF].weights
    return again


def _shares(of: Told, weights: Floats) -> Floats:
    """[draws, situations and all, labels]: the share of reasons with the label; NaN where there is no reason."""
    labelled, counts = _totals(of, weights)
    shape = np.broadcast_to(counts[..., None], labelled.shape)
    return np.asarray(np.divide(labelled, shape, out=np.full(labelled.shape, np.nan), where=shape > 0))


def _totals(of: Told, weights: Floats) -> tuple[Floats, Floats]:
    labelled, counts = of.sums
    agents, n, size = labelled.shape
    summed = (weights @ labelled.reshape(agents, -1)).reshape(-1, n, size)
    chosen = weights @ counts
    return (
        np.concatenate([summed, summed.sum(axis=1, keepdims=True)], axis=1),
        np.concatenate([chosen, chosen.sum(axis=1, keepdims=True)], axis=1),
    )


def _apart(one: Told, weights: Floats, other: Told, others: Floats, people: Told) -> Floats:
    """[draws, WITHIN, KINDS]."""
    shares = [_shares(one, weights), _shares(other, others)]
    mentions = [_mentions(each) for each in shares]
    apart = np.stack(
        [
            np.abs(mentions[0] - mentions[1]).sum(axis=-1) / 2,
            _jensen_shannon(*mentions),
            np.abs(shares[0] - shares[1]).mean(axis=-1),
        ],
        axis=-1,
    )
    often = np.broadcast_to(people.sums[1].sum(axis=0)[:, None], apart[:, :-1].shape)
    known = ~np.isnan(apart[:, :-1])
    weighed = np.where(known, apart[:, :-1] * often, 0).sum(axis=1)
    total = np.where(known, often, 0).sum(axis=1)
    each = np.divide(weighed, total, out=np.full(total.shape, np.nan), where=total > 0)
    return np.stack([apart[:, -1], each], axis=1)


def _mentions(shares: Floats) -> Floats:
    """Of all labels that were given, the share of each; NaN where none was."""
    total = shares.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(shares, total, out=np.full(shares.shape, np.nan), where=total > 0))


def _jensen_shannon(one: Floats, other: Floats) -> Floats:
    middle = (one + other) / 2

    def entropy(of: Floats) -> Floats:
        return np.asarray(-xlogy(of, of).sum(axis=-1) / math.log(2))

    return np.asarray(np.maximum(entropy(middle) - (entropy(one) + entropy(other)) / 2, 0.0))


def _ends(draws: Floats) -> tuple[float, float]:
    known = draws[~np.isnan(draws)]
    if not known.size:
        return math.nan, math.nan
    low, high = np.quantile(known, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return float(low), float(high)


@dataclass(frozen=True)
class Skill:
    """How much better choices are foretold than by a base rate: 1 - L / L(base), L the held-out log-loss.

    by: "reasons", "situation", "both", or "added", which is what reasons add to the situation, [L(situation) - L(both)]
    / L(base). 0 is none, 1 is certainty, below 0 worse than the base rate. reasons: how many were scored.
    why: why nothing is known, where the value is NaN.
    """

    by: str
    value: float
    low: float
    high: float
    reasons: int
    why: str = ""


def consistency(of: Told, draws: int = 1_000, seed: int = 0) -> list[Skill]:
    """Whether the stated reason tells what is done: held-out skill of its labels at foretelling the action.

    A logistic regression with a ridge (`RIDGE`) on the labels, on the situation, and on both, is fitted without the
    agents of a fold (`FOLDS` of them) and scored on these, against the rate of the other agents. The interval draws
    sessions and agents again and holds the fits, so it tells how the score varies and not how the fits do.
    """
    known = of.observations.known
    y, who = of.observations.action[known], of.observations.agent[known]
    n_agents = of.observations.n_agents
    why = ""
    if known.sum() < FEWEST:
        why = f"only {int(known.sum())} reasons have a known action, and it takes {FEWEST}"
    elif len(np.unique(who)) < 2:
        why = "all reasons are of one agent"
    elif y.min() == y.max():
        why = "all choices are the same"
    if why:
        return [
            Skill(by, math.nan, math.nan, math.nan, int(known.sum()), why)
            for by in ("reasons", "situation", "both", "added")
        ]
    labels = of.given[known]
    place = of.situation[known]
    situation = (place[:, None] == np.unique(place)).astype(float)
    folds = _folds(who, n_agents)
    blocks = {"base": labels[:, :0], "reasons": labels, "situation": situation, "both": np.hstack([labels, situation])}
    losses = {name: _held_out(design, y, folds[who]) for name, design in blocks.items()}
    weights = _again(of, draws, seed)
    sums = {name: np.bincount(who, loss, minlength=n_agents) for name, loss in losses.items()}

    def skill(name: str, over: Floats) -> Floats:
        gained = sums["situation"] - sums["both"] if name == "added" else sums["base"] - sums[name]
        below = over @ sums["base"]
        return np.asarray(np.divide(over @ gained, below, out=np.full(len(over), np.nan), where=below > 0))

    found = []
    for name in ("reasons", "situation", "both", "added"):
        low, high = _ends(skill(name, weights))
        found.append(Skill(name, float(skill(name, np.ones((1, n_agents)))[0]), low, high, int(known.sum())))
    return found


def _folds(who: Codes, n_agents: int) -> Codes:
    """[agents]: the fold each is held out in, those with reasons taking turns."""
    folds = np.zeros(n_agents, dtype=np.intp)
    there = np.unique(who)
    folds[there] = np.arange(len(there)) % FOLDS
    return folds


def _held_out(design: Floats, y: Floats, fold: Codes) -> Floats:
    """[rows]: the log-loss of each, fitted without its fold."""
    loss = np.zeros(len(y))
    with_one = np.column_stack([np.ones(len(y)), design])
    for number in np.unique(fold):
        out = fold == number
        beta = _ridge(with_one[~out], y[~out])
        p = np.clip(expit(with_one[out] @ beta), 1e-6, 1 - 1e-6)
        loss[out] = -(y[out] * np.log(p) + (1 - y[out]) * np.log1p(-p))
    return loss


def _ridge(design: Floats, y: Floats) -> Floats:
    """Logistic regression with a normal prior on all but the intercept, by Newton's steps.

    The intercept has a very weak one, so that a training set in which all did the same has a finite fit.
    """
    penalty = np.full(design.shape[1], RIDGE)
    penalty[0] = 0.01
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        p = expit(design @ beta)
        slope = design.T @ (y - p) - penalty * beta
        curvature = (design * (p * (1 - p))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curvature, slope)
        beta += step
        if np.abs(step).max() < 1e-8:
            break
    return beta
