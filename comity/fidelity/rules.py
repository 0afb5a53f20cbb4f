"""Level 3: whether an agent decides by the rule that people decide by.

What is compared is P(C | z, m): how the own last action z and the share m of neighbours who cooperated bear on what is
done next. A mean, a spread or a course can be right by accident; a rule that answers people's contexts as people do
cannot. But it is one rule for all: that all agents follow it in the same way is for the level of heterogeneity.

Counts of contexts are taken once, per agent; every statistic is then sums over agents, so that thousands of resamples
cost little. Cells that nobody was in are not known, and never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from comity.fidelity.contexts import (
    BANDS,
    FOLDS,
    N_CONTEXTS,
    N_SHARES,
    before_last,
    clusters_of,
    context_cells,
    folds_of,
    round_bands,
    sums_of,
)
from comity.fidelity.moody import NAMES, PRIOR, Form, coefficients, covariance, distance, form_of, lines, logit_of, told
from comity.fidelity.observations import FidelityError, Floats, Observations, Weighted
from comity.fidelity.simulate import shrunk
from comity.fidelity.statistic import Need, Statistic
from comity.stats.estimate import LEVEL, Estimate, quantile

Counts: TypeAlias = tuple[Floats, Floats]
"""How often was cooperated and how often chosen: [..., cells]."""

AFTER_D, AFTER_C = slice(0, N_SHARES), slice(N_SHARES, N_CONTEXTS)
"""The contexts after an own defection, and after an own cooperation."""

COMPARED = 4
"""So many coefficients are the rule: level, mood, slope and how much more of it there is after C. Rounds are not."""

LEAST = 0.001
"""A stated probability nearer to 0 or 1 than this counts as if it were so far away; log loss would be infinite."""

BINS = 10
"""Of equal width, in which stated probabilities are held against what happened."""

_TELLERS = 5
"""So many parts of the agents are held out in turn to tell candidate from people."""


# The table, D1


@lru_cache(maxsize=64)
def context_counts(observed: Observations) -> Counts:
    """How often each agent cooperated and chose in each context: two arrays [agents, 10]."""
    return observed.tally(context_cells(observed), N_CONTEXTS)


def responses(side: Weighted) -> Floats:
    """P(C | z, m) by context: [draws, 10]; NaN where nobody chose."""
    return _ratio(*_totals(side))


def response_distance(
    candidate: Weighted, human: Weighted, part: slice = slice(None), weighted: bool = False
) -> Floats:
    """D1: RMSE of P(C | z, m) over the contexts in which both chose: [draws]; NaN where there is none.

    part: which contexts. weighted: by how often people chose in each, else each context counts the same.
    """
    difference = (responses(candidate) - responses(human))[:, part]
    counts = _totals(human)[1][:, part] if weighted else np.ones(difference.shape)
    counts = np.where(np.isnan(difference), 0.0, counts)
    return np.sqrt(_ratio((counts * np.nan_to_num(difference) ** 2).sum(axis=1), counts.sum(axis=1)))


@dataclass(frozen=True)
class Scrambled:
    """D1 against people whose actions were permuted over all their choices: spec 2.3 of the published protocol.

    after_d, after_c: RMSE of the candidate's curve from people's. p_d, p_c: two-sided, the share of permutations whose
    distance is at least as far from their mean. It is small for a candidate that is better than scrambled people, and
    also for one that is worse, so it is no evidence of agreement.
    """

    after_d: float
    after_c: float
    p_d: float
    p_c: float


def scrambled(
    candidate: Observations, human: Observations, rng: np.random.Generator, permutations: int = 10_000
) -> Scrambled:
    """The published null of conditional cooperation: y_i(t) permuted over all observations with (m, z) as they were.

    How many cooperative actions fall into each context is then a draw without replacement (multivariate
    hypergeometric), so no permutation is made.
    """
    curve, (cooperated, chosen) = responses(candidate.once()), _totals(human.once())
    drawn = rng.multivariate_hypergeometric(chosen[0].astype(np.int64), int(cooperated.sum()), size=permutations)
    null, seen = _ratio(drawn.astype(float), np.broadcast_to(chosen, drawn.shape)), _ratio(cooperated, chosen)
    found: list[tuple[float, float]] = []
    for part in (AFTER_D, AFTER_C):
        observed, nulls = (_curves_apart((curve - people)[:, part]) for people in (seen, null))
        far = np.abs(nulls - nulls.mean()) >= abs(observed[0] - nulls.mean())
        found.append((float(observed[0]), float(far.mean())))
    (after_d, p_d), (after_c, p_c) = found
    return Scrambled(after_d, after_c, p_d, p_c)


def _curves_apart(difference: Floats) -> Floats:
    known = ~np.isnan(difference)
    return np.sqrt(_ratio((np.nan_to_num(difference) ** 2).sum(axis=1), known.sum(axis=1).astype(float)))


# The moody logit, D2


def rule_distance(candidate: Weighted, human: Weighted, linear: bool = False) -> Floats:
    """D2: the square root of d' (V_E + V_S)⁻¹ d, with d the difference of (b0, b1, b2, b3): [draws].

    V: robust to clusters (`moody.covariance`) of all as they are, brought to the size of each draw: V n / sum of
    weights. Terms of the round are fitted and not compared. It is in standard errors, so that it grows with the number
    of agents and is read against the ceiling of the same size only; and a candidate of few agents is not told apart as
    easily. linear: of the linear probability model.
    """
    form = form_of(candidate.observations, human.observations)
    fit = lines if linear else coefficients
    difference = (fit(candidate, form) - fit(human, form))[:, :COMPARED]
    spread = _spread(candidate, linear, candidate, human) + _spread(human, linear, candidate, human)
    return distance(difference, spread)


def _spread(side: Weighted, linear: bool, candidate: Weighted, human: Weighted) -> Floats:
    form = form_of(candidate.observations, human.observations)
    found = covariance(side.observations, form, linear)[:COMPARED, :COMPARED]
    size = side.weights.sum(axis=1) / side.observations.n_agents
    return np.asarray(found / np.where(size > 0, size, 1.0)[:, None, None])


Part: TypeAlias = Callable[[Floats], Floats]
"""Of the coefficients [draws, 6], one number."""

PARTS: dict[str, Part] = {
    "mood": lambda b: b[:, 1],
    "after_C": lambda b: b[:, 2] + b[:, 3],
    "after_D": lambda b: b[:, 2],
}
"""What the own last action does at people's mean share of cooperating neighbours; what neighbours do after it."""

_TOLD_BY = {"mood": 0, "after_D": 1, "after_C": 2}
"""Where `moody.told` says whether there is anything to know of a part."""


def part_gap(candidate: Weighted, human: Weighted, part: str, linear: bool = False) -> Floats:
    """The candidate's mood or slope less people's: [draws]. The mood is taken at people's mean share for both.

    NaN where choices of either side do not tell it, as the mood of those who never cooperate.
    """
    form = form_of(candidate.observations, human.observations)
    return _part(candidate, part, form, linear) - _part(human, part, form, linear)


def slope(side: Weighted, part: str, linear: bool = False) -> Floats:
    """The slope after C or after D of one side: [draws]. It does not depend on where shares are counted from."""
    return _part(side, part, form_of(side.observations), linear)


def _part(side: Weighted, part: str, form: Form, linear: bool) -> Floats:
    found = PARTS[part]((lines if linear else coefficients)(side, form))
    return np.where(told(side)[:, _TOLD_BY[part]], found, np.nan)


def rule_of(observed: Observations, human: Observations, level: float = LEVEL) -> dict[str, Estimate]:
    """The coefficients of a population and its mood and slopes, in log-odds, counted from people's mean share.

    Intervals are normal, with errors robust to clusters; with few sessions they are a lower bound, see
    `contexts.clusters_of`. NaN for what choices do not tell. The same `human` for both sides makes moods comparable.
    """
    form = form_of(observed, human)
    found, spread = coefficients(observed.once(), form)[0], covariance(observed, form)
    rows = np.vstack([np.eye(len(NAMES)), [0, 0, 1, 1, 0, 0]])
    values, errors = rows @ found, np.sqrt(np.einsum("ri,ij,rj->r", rows, spread, rows))
    reach = quantile(np.inf, level)
    mood, after_d, after_c = told(observed.once())[0]
    spoken = np.array([True, mood, after_d, after_d and after_c, form.early, form.trend, after_c])
    values, errors = (np.where(spoken, each, np.nan) for each in (values, errors))
    named = zip((*NAMES, "after C"), values.tolist(), errors.tolist(), strict=True)
    return {
        name: Estimate(value, error, np.inf, value - reach * error, value + reach * error)
        for name, value, error in named
    }


# Prediction across, D3


def excess_loss(candidate: Weighted, human: Weighted) -> Floats:
    """D3: the cost of predicting people from the candidate's table, not their own, in nats a choice: [draws].

    The mean over people's choices of KL(P_E(C | z, m) || q_S(C | z, m)), with q_S the candidate's table, drawn towards
    its own mean by two choices (`simulate.shrunk`): L(q_S) less the least loss that any table of these cells has.
    Skill against a floor is then [L(floor) - L(q_S)] / [L(floor) - L(q_E)], with other people as q_E.
    """
    cooperated, chosen = _totals(human)
    people, predicted = _ratio(cooperated, chosen), shrunk(*_totals(candidate))
    return _ratio((chosen * np.nan_to_num(_divergence(people, predicted))).sum(axis=1), chosen.sum(axis=1))


def skill(candidate: Weighted, human: Weighted, floor: str) -> Floats:
    """D3 as a score: [L(floor) - L(q_S)] / [L(floor) - L(q_E)], 0 as good as the floor, 1 as good as people: [draws].

    q_S: the candidate's table. q_E: the table of other people, of all sessions but those held out in turn (of other
    units, with one session). floor: "marginal", other people's mean; "persistence", that the last action is repeated as
    often as other people repeat it. NaN where people's own rule is no better than the floor.
    """
    inside, outside = _held_out(human, context_counts(human.observations))
    rule = _loss(inside, shrunk(*outside))
    bar = _loss(inside, _marginal(outside) if floor == "marginal" else _repeating(outside))
    own = _loss(_totals(human), shrunk(*_totals(candidate)))
    room = bar - rule
    return _ratio(bar - own, np.where(room > 0, room, 0.0))


def _marginal(counts: Counts) -> Floats:
    cooperated, chosen = (part.sum(axis=-1, keepdims=True) for part in counts)
    return np.broadcast_to((cooperated + 0.5) / (chosen + 1), counts[0].shape)


def _repeating(counts: Counts) -> Floats:
    cooperated, chosen = counts
    again = cooperated[..., AFTER_C].sum(axis=-1) + (chosen - cooperated)[..., AFTER_D].sum(axis=-1)
    rate = ((again + 0.5) / (chosen.sum(axis=-1) + 1))[..., None]
    return np.concatenate([np.repeat(1 - rate, N_SHARES, axis=-1), np.repeat(rate, N_SHARES, axis=-1)], axis=-1)


def _loss(counts: Counts, predicted: Floats) -> Floats:
    """Log loss in all, of the choices of every draw; [..., draws, cells] -> [draws]."""
    cooperated, chosen = counts
    lost = -(cooperated * np.log(predicted) + (chosen - cooperated) * np.log1p(-predicted)).sum(axis=-1)
    return np.asarray(lost.sum(axis=tuple(range(lost.ndim - 1))))


def _held_out(side: Weighted, counts: Counts) -> tuple[Counts, Counts]:
    """Of agents held out and of all others, by part that is held out: each two arrays [folds, draws, cells]."""
    (inside, outside), (its, others) = (_by_fold(side, part, FOLDS) for part in counts)
    return (inside, its), (outside, others)


def _by_fold(side: Weighted, counts: Floats, folds: int) -> tuple[Floats, Floats]:
    """Sums over agents held out, and over all others: two arrays [folds, draws, cells]."""
    codes = folds_of(side.observations, folds)
    parts = [codes == fold for fold in range(int(codes.max()) + 1)]
    inside = np.stack([side.weights[:, part] @ counts[part] for part in parts])
    return inside, inside.sum(axis=0) - inside


# Told apart, D5


def told_apart(candidate: Weighted, human: Weighted) -> Floats:
    """D5: how much better than chance a table tells whose a choice was: AUC - 1/2, at least 0: [draws].

    A classifier two-sample test (Lopez-Paz and Oquab 2017) on (m, z, band of rounds, y). The classifier is the share
    of the candidate's choices among all with the same of these, either side counting the same, learnt from four fifths
    of the agents and judged on the others. Halves of people are told apart with the same classifier, which says what
    chance and persons make of it.
    """
    its, its_others = _by_fold(candidate, _seen(candidate.observations), _TELLERS)
    theirs, their_others = _by_fold(human, _seen(human.observations), _TELLERS)
    n = min(len(its), len(theirs))
    one, other = (_share_of_cells(part[:n]) for part in (its_others, their_others))
    score = one / (one + other)
    areas, pairs = _area(score, its[:n], theirs[:n])
    return np.maximum(_ratio((areas * pairs).sum(axis=0), pairs.sum(axis=0)) - 0.5, 0.0)


def _share_of_cells(counts: Floats) -> Floats:
    """How much of all is in each cell, with half a choice added to each."""
    return np.asarray((counts + 0.5) / (counts + 0.5).sum(axis=-1, keepdims=True))


@lru_cache(maxsize=64)
def _seen(observed: Observations) -> Floats:
    """How often each agent was in each context in each band of rounds and did either thing: [agents, 80]."""
    contexts = context_cells(observed)
    acted = observed.known & (contexts >= 0)
    codes = np.full(len(contexts), -1, dtype=np.intp)
    codes[acted] = (round_bands(observed.round[acted]) * N_CONTEXTS + contexts[acted]) * 2
    codes[acted] += observed.action[acted].astype(np.intp)
    return sums_of(observed, codes, (len(BANDS) + 1) * N_CONTEXTS * 2)


def _area(score: Floats, ones: Floats, others: Floats) -> tuple[Floats, Floats]:
    """The area under the curve by part and draw, and how many pairs it is of; score, ones, others: [..., cells].

    Pairs whose cells have the same score count half: the mean over ties in one order and in the other.
    """
    parts = np.broadcast_arrays(score.round(12), ones, others)
    pairs = parts[1].sum(axis=-1) * parts[2].sum(axis=-1)
    won = sum(_pairs_in_order(*(part[..., ::step] for part in parts)) for step in (1, -1))
    return np.nan_to_num(_ratio(np.asarray(won) / 2, pairs)), pairs


def _pairs_in_order(score: Floats, ones: Floats, others: Floats) -> Floats:
    """How many pairs have the higher score on the side of the ones, cells of one score as they come; [...]."""
    order = np.argsort(score, axis=-1, kind="stable")
    ones, others = np.take_along_axis(ones, order, axis=-1), np.take_along_axis(others, order, axis=-1)
    return np.asarray((ones * (np.cumsum(others, axis=-1) - others / 2)).sum(axis=-1))


# What else it answers to, D6


@lru_cache(maxsize=64)
def _longer(observed: Observations) -> tuple[Counts, Counts]:
    """Counts by context, and by context and the action before the last; of rows in which both are known."""
    contexts, older = context_cells(observed), before_last(observed)
    there = (contexts >= 0) & ~np.isnan(older)
    short = np.where(there, contexts, -1)
    long = np.where(there, contexts + N_CONTEXTS * np.nan_to_num(older).astype(np.intp), -1)
    return observed.tally(short, N_CONTEXTS), observed.tally(long, 2 * N_CONTEXTS)


def memory_gain(side: Weighted) -> Floats:
    """D6: how much better choices are predicted if the action before the last is known too, in nats a choice: [draws].

    The log loss of other agents' table on (z, m) less that of their table on (z, m, action two rounds before), of
    agents held out in turn. Around 0 (or just below) where memory is of one round.
    """
    short, long = _longer(side.observations)
    losses = []
    for counts in (short, long):
        inside, outside = _held_out(side, counts)
        losses.append(_loss(inside, shrunk(*outside)))
    return _ratio(losses[0] - losses[1], (side.weights @ short[1]).sum(axis=1))


@lru_cache(maxsize=64)
def _payoff_sums(observed: Observations) -> tuple[Floats, ...]:
    """By agent and context: how many choices, and sums of g, g², y and g y, with g = best neighbour's pay - own."""
    gap = observed.best - observed.pay
    there = observed.known & ~np.isnan(gap)
    codes = np.where(there, context_cells(observed), -1)
    gap, action = np.nan_to_num(gap), np.nan_to_num(observed.action)
    values = (None, gap, gap**2, action, gap * action)
    return tuple(sums_of(observed, codes, N_CONTEXTS, value) for value in values)


def payoff_slope(side: Weighted) -> Floats:
    """D6: how much P(C) changes for each unit by which the best neighbour was paid more, given (z, m): [draws].

    Least squares with a level of its own for every context, so only differences within a context count. Imitation of
    the best would make it large; people hardly answer to payoffs (Grujić et al. 2014). NaN where payoffs do not vary.
    """
    number, gap, square, action, product = (side.weights @ part for part in _payoff_sums(side.observations))
    shared = (square - np.nan_to_num(_ratio(gap**2, number))).sum(axis=1)
    together = (product - np.nan_to_num(_ratio(gap * action, number))).sum(axis=1)
    return _ratio(together, np.where(shared > 1e-9 * np.maximum(square.sum(axis=1), 1e-300), shared, 0.0))


def payoff_answer(observed: Observations, level: float = LEVEL) -> Estimate:
    """`payoff_slope` of all as they are, with an interval robust to clusters (`contexts.clusters_of`), normal.

    NaN throughout where payoffs do not vary within contexts.
    """
    per_agent = _payoff_sums(observed)
    number, gap, square, action, product = per_agent
    whole = [part.sum(axis=0) for part in per_agent]
    mean_gap, mean_action = (np.nan_to_num(_ratio(whole[place], whole[0])) for place in (1, 3))
    value = float(payoff_slope(observed.once())[0])
    spread = square - 2 * mean_gap * gap + number * mean_gap**2
    together = product - mean_gap * action - mean_action * gap + number * mean_gap * mean_action
    codes = clusters_of(observed)
    scores = np.bincount(codes, (together - value * spread).sum(axis=1))
    correction = len(scores) / max(len(scores) - 1, 1)
    error = float(np.sqrt(correction * (scores**2).sum()) / spread.sum()) if np.isfinite(value) else np.nan
    reach = quantile(np.inf, level) * error
    return Estimate(value, error, np.inf, value - reach, value + reach)


# Clones, D9


def clone_divergence(candidate: Weighted, human: Weighted, among: str) -> Floats:
    """D9: how far a clone of the candidate and one of people are apart, in nats a choice: [draws].

    Clones are tables of P(C | z, m), drawn towards their means (`simulate.shrunk`). The symmetric divergence
    KL(S || E) + KL(E || S) of each context, averaged over the contexts that people met (among "people") or those that
    the candidate met ("candidate"). Where the two differ, candidate and people part company in contexts that only one
    of them comes into.
    """
    clone, person = shrunk(*_totals(candidate)), shrunk(*_totals(human))
    apart = _divergence(clone, person) + _divergence(person, clone)
    met = _totals(human if among == "people" else candidate)[1]
    return _ratio((met * apart).sum(axis=1), met.sum(axis=1))


# Stated probabilities of whoever was asked at recorded contexts, D4


@dataclass(frozen=True, eq=False)
class ForcedScores:
    """How well stated probabilities foretold what people did, one number per draw of people.

    log_loss: nats a choice. brier: mean squared error. intercept, slope: of log-odds of C on the stated log-odds; 0 and
    1 where calibrated, a slope below 1 where too sure. ece: expected calibration error, the mean distance of stated and
    actual in `BINS` bins of equal width, by their size. skill: by the name of each floor,
    [L(floor) - L] / [L(floor) - L(ceiling)], with L(ceiling) = 0 where no ceiling is given. bins: point estimate,
    [bins, 3]: number of choices, mean stated, share that cooperated.
    """

    log_loss: Floats
    brier: Floats
    intercept: Floats
    slope: Floats
    ece: Floats
    bins: Floats
    skill: Mapping[str, Floats] = field(default_factory=dict)


def forced_scores(
    predicted: ArrayLike,
    chosen: ArrayLike,
    agent: ArrayLike,
    weights: ArrayLike | None = None,
    floors: Mapping[str, ArrayLike] | None = None,
    ceiling: ArrayLike | None = None,
) -> ForcedScores:
    """D4: predictions of people's choices in their own contexts, scored.

    predicted: [choices], P(C) in [0, 1]. chosen: [choices], 0 or 1. agent: [choices], codes of whose choice each is.
    weights: [draws, agents], how often each person counts; once unless given. floors, ceiling: other predictions of the
    same choices, such as the people's mean, or the table of other people. Probabilities nearer to 0 or 1 than 0.001
    count as 0.001 away. Raises `FidelityError` where arrays do not fit or hold anything else.
    """
    yes, who = np.asarray(chosen, dtype=float), np.asarray(agent, dtype=np.intp)
    stated = _probabilities(predicted, yes)
    if who.shape != yes.shape or not np.isin(yes, (0, 1)).all():
        raise FidelityError("choices to be scored are 0 or 1, each with its agent")
    drawn = np.ones((1, int(who.max()) + 1)) if weights is None else np.asarray(weights, dtype=float)

    def mean(values: Floats) -> Floats:
        return _ratio(drawn @ _by(who, values, drawn.shape[1]), drawn @ _by(who, np.ones(len(who)), drawn.shape[1]))

    loss = mean(_surprise(yes, stated))
    best = 0.0 if ceiling is None else mean(_surprise(yes, _probabilities(ceiling, yes)))
    bars = {name: mean(_surprise(yes, _probabilities(each, yes))) for name, each in (floors or {}).items()}
    line = _calibration(stated, yes, who, drawn)
    ece, bins = _reliability(stated, yes, who, drawn)
    return ForcedScores(
        log_loss=loss,
        brier=mean((stated - yes) ** 2),
        intercept=line[:, 0],
        slope=line[:, 1],
        ece=ece,
        bins=bins,
        skill={name: _ratio(bar - loss, np.maximum(bar - best, 0.0)) for name, bar in bars.items()},
    )


def _probabilities(stated: ArrayLike, chosen: Floats) -> Floats:
    found = np.asarray(stated, dtype=float)
    if found.shape != chosen.shape or not found.size or not ((found >= 0) & (found <= 1)).all():
        raise FidelityError("stated probabilities lie from 0 to 1, one for each choice")
    return found.clip(LEAST, 1 - LEAST)


def _surprise(chosen: Floats, stated: Floats) -> Floats:
    return np.asarray(-np.log(np.where(chosen == 1, stated, 1 - stated)))


def _by(agent: NDArray[np.intp], values: Floats, agents: int) -> Floats:
    return np.bincount(agent, values, minlength=agents).astype(float)


def _cells(codes: NDArray[np.intp], agent: NDArray[np.intp], values: Floats, drawn: Floats, n: int) -> Floats:
    """Sums of values by cell in every draw: [draws, n]."""
    place = agent * n + codes
    sums = np.bincount(place, values, minlength=drawn.shape[1] * n).reshape(drawn.shape[1], n)
    return np.asarray(drawn @ sums)


def _calibration(stated: Floats, yes: Floats, agent: NDArray[np.intp], drawn: Floats) -> Floats:
    """Intercept and slope by logistic regression on stated log-odds, which are counted to two decimals: [draws, 2]."""
    odds, codes = np.unique(np.log(stated / (1 - stated)).round(2), return_inverse=True)
    cooperated, chosen = (_cells(codes, agent, each, drawn, len(odds)) for each in (yes, np.ones(len(yes))))
    return logit_of(cooperated, chosen, np.column_stack([np.ones(len(odds)), odds]), PRIOR)


def _reliability(stated: Floats, yes: Floats, agent: NDArray[np.intp], drawn: Floats) -> tuple[Floats, Floats]:
    codes = np.minimum((stated * BINS).astype(np.intp), BINS - 1)
    number, said, did = (_cells(codes, agent, each, drawn, BINS) for each in (np.ones(len(yes)), stated, yes))
    error = _ratio(np.abs(said - did).sum(axis=1), number.sum(axis=1))
    counts = np.bincount(codes, minlength=BINS).astype(float)
    told = [_ratio(np.bincount(codes, each, minlength=BINS).astype(float), counts) for each in (stated, yes)]
    return error, np.column_stack([counts, *told])


# Shared


def _totals(side: Weighted) -> Counts:
    cooperated, chosen = context_counts(side.observations)
    return side.weights @ cooperated, side.weights @ chosen


def _ratio(over: Floats, under: Floats) -> Floats:
    """NaN where there is nothing to divide by."""
    over, under = np.broadcast_arrays(over, under)
    return np.asarray(np.divide(over, under, out=np.full(over.shape, np.nan), where=under > 0))


def _divergence(of: Floats, other: Floats) -> Floats:
    """KL of two chances of cooperation, in nats; 0 < other < 1."""
    return np.asarray(xlogy(of, of / other) + xlogy(1 - of, (1 - of) / (1 - other)))


def _memory_gap(candidate: Weighted, human: Weighted) -> Floats:
    return memory_gain(candidate) - memory_gain(human)


def _payoff_gap(candidate: Weighted, human: Weighted) -> Floats:
    return payoff_slope(candidate) - payoff_slope(human)


_CHEAP = ("coin", "one_rate", "persistence")
_SEEN: frozenset[Need] = frozenset({"own", "neighbours"})
_PAID: frozenset[Need] = frozenset({"own", "neighbours", "pay"})
_TOLD = {"mood": "mood", "after_C": "slope after cooperation", "after_D": "slope after defection"}


def _parts(key: str, words: str, linear: bool) -> list[Statistic]:
    return [
        Statistic(
            key=f"{key}.{part}",
            title=f"{title} ({words})",
            level="rule",
            kind="signed",
            of=partial(part_gap, part=part, linear=linear),
            value=None if part == "mood" else partial(slope, part=part, linear=linear),
            needs=_SEEN,
        )
        for part, title in _TOLD.items()
    ]


STATISTICS: tuple[Statistic, ...] = (
    Statistic("D1", "P(C) by context, RMSE", "rule", "distance", response_distance, floors=_CHEAP, needs=_SEEN),
    Statistic(
        "D1.weighted",
        "P(C) by context, RMSE weighted by people's choices",
        "rule",
        "distance",
        partial(response_distance, weighted=True),
        floors=_CHEAP,
        needs=_SEEN,
    ),
    Statistic(
        "D1.after_C",
        "P(C) by context after cooperation, RMSE",
        "rule",
        "distance",
        partial(response_distance, part=AFTER_C),
        floors=_CHEAP,
        needs=_SEEN,
    ),
    Statistic(
        "D1.after_D",
        "P(C) by context after defection, RMSE",
        "rule",
        "distance",
        partial(response_distance, part=AFTER_D),
        floors=_CHEAP,
        needs=_SEEN,
    ),
    Statistic(
        "D2",
        "moody logit, Wald distance",
        "rule",
        "distance",
        rule_distance,
        primary=True,
        floors=_CHEAP,
        needs=_SEEN,
    ),
    *_parts("D2", "log-odds", linear=False),
    Statistic(
        "D2.linear",
        "moody straight lines, Wald distance",
        "rule",
        "distance",
        partial(rule_distance, linear=True),
        floors=_CHEAP,
        needs=_SEEN,
    ),
    *_parts("D2.linear", "probability", linear=True),
    Statistic(
        "D3",
        "people predicted from the candidate's table, excess log loss",
        "rule",
        "distance",
        excess_loss,
        primary=True,
        floors=_CHEAP,
        needs=_SEEN,
    ),
    Statistic(
        "D3.over_marginal",
        "skill of that over people's mean",
        "rule",
        "score",
        partial(skill, floor="marginal"),
        needs=_SEEN,
    ),
    Statistic(
        "D3.over_persistence",
        "skill of that over repeating",
        "rule",
        "score",
        partial(skill, floor="persistence"),
        needs=_SEEN,
    ),
    Statistic(
        "D5", "candidate told from people, AUC - 1/2", "rule", "distance", told_apart, floors=_CHEAP, needs=_SEEN
    ),
    Statistic(
        "D6.memory",
        "what the action before the last tells",
        "rule",
        "signed",
        _memory_gap,
        value=memory_gain,
        needs=_SEEN,
    ),
    Statistic(
        "D6.payoff",
        "answer to the best neighbour's payoff",
        "rule",
        "signed",
        _payoff_gap,
        value=payoff_slope,
        needs=_PAID,
    ),
    Statistic(
        "D9.people",
        "clones apart in people's contexts",
        "rule",
        "distance",
        partial(clone_divergence, among="people"),
        floors=_CHEAP,
        needs=_SEEN,
    ),
    Statistic(
        "D9.candidate",
        "clones apart in the candidate's contexts",
        "rule",
        "distance",
        partial(clone_divergence, among="candidate"),
        floors=_CHEAP,
        needs=_SEEN,
    ),
)
