"""Level 4: what becomes of rules that meet each other.

A rule that is a little wrong in every context may go far astray when its errors become its neighbours' contexts, and
two wrongs may cancel. So agents are also compared in the loop: free, among themselves, against at people's own
contexts; against people's fitted rule, which is what a model of eight numbers gives for nothing; mixed into people in
growing shares; and by who comes to stand beside whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from comity.fidelity.contexts import BANDS, N_CONTEXTS, context_cells, round_bands, sums_of
from comity.fidelity.macro import common_rounds, rmse, series
from comity.fidelity.observations import Codes, FidelityError, Floats, Observations, Weighted
from comity.fidelity.rules import response_distance
from comity.fidelity.simulate import Strands, closed, laid_out, moody_rule, shrunk, simulated, simulated_mix
from comity.fidelity.statistic import Statistic

SHARES = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
"""How much of people is replaced, unless said."""

COPIES = 10
PERMUTATIONS = 1_000

_AT_ONCE = 100
"""So many permutations are worked out at a time, so that memory stays small."""


# Free running against teacher forced


def course_distance(candidate: Weighted, human: Weighted) -> Floats:
    """J1: RMSE of the candidate's X(t) from people's, over the rounds that both have (`macro.series`): [draws].

    The number of M2; here it is held against populations that follow people's fitted rule in the loop. Skill above 0
    says that the candidate is nearer to people than these are.
    """
    return rmse(*series(candidate, human))


def forced_course(candidate: Weighted, human: Weighted) -> Floats:
    """X(t) if the candidate's rule chose in the contexts that people met: [draws, rounds].

    The rule is its share of cooperation by context and band of rounds (`contexts.round_bands`) with two choices at its
    mean added to each, and its first round. People's choices without a known context do not count.
    """
    first, later = (shrunk(candidate.weights @ yes, candidate.weights @ n) for yes, n in _rule(candidate.observations))
    rounds = human.observations.n_rounds
    met = (human.weights @ _met(human.observations)).reshape(human.n_draws, rounds, 1 + N_CONTEXTS)
    chances = later.reshape(len(later), len(BANDS) + 1, N_CONTEXTS)[:, round_bands(np.arange(rounds))]
    chances = np.concatenate([np.broadcast_to(first[:, None], (len(first), rounds, 1)), chances], axis=-1)
    number = met.sum(axis=-1)
    return _over((met * chances).sum(axis=-1), number)


def forcing_gap(candidate: Weighted, human: Weighted) -> Floats:
    """J2: RMSE from people's X(t) of the free candidate, less that of its rule in people's contexts: [draws].

    Above 0 the loop adds to its errors; below 0 it hides them: among themselves, agents come nearer to people's course
    than their rule deserves.
    """
    free, people = series(candidate, human)
    forced = forced_course(candidate, human)[:, common_rounds(candidate.observations, human.observations)]
    return rmse(free, people) - _apart(forced, people)


@lru_cache(maxsize=64)
def _rule(observed: Observations) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Counts of first choices, [agents, 1], and by band and context, [agents, 40]."""
    contexts = context_cells(observed)
    codes = np.where(contexts >= 0, round_bands(observed.round) * N_CONTEXTS + contexts, -1)
    first = np.where(observed.round == 0, 0, -1)
    return observed.tally(first, 1), observed.tally(codes, (len(BANDS) + 1) * N_CONTEXTS)


@lru_cache(maxsize=64)
def _met(observed: Observations) -> Floats:
    """How often each agent chose, by round and (first round, context): [agents, rounds * 11]."""
    contexts = context_cells(observed)
    kinds = np.where(observed.round == 0, 0, 1 + contexts)
    there = observed.known & ((contexts >= 0) | (observed.round == 0))
    codes = np.where(there, observed.round * (1 + N_CONTEXTS) + kinds, -1)
    return sums_of(observed, codes, observed.n_rounds * (1 + N_CONTEXTS))


# Against people's fitted rule


def gain_over_rule(
    candidate: Weighted, human: Weighted, rng: np.random.Generator, traits: bool = True, copies: int = COPIES
) -> dict[str, Floats]:
    """How much nearer to people the candidate is than people's own rule, fitted and played on their graphs: [draws].

    By "course" (RMSE of X(t)) and "rule" (RMSE of P(C | z, m)); above 0 the candidate is nearer. traits: whether
    simulated people differ (`moody.fitted`). The rule is fitted to the same people, so this is in-sample: it flatters
    the rule.
    """
    played = simulated(moody_rule(human.observations, traits), human.observations, rng, "rule", copies).once()
    return {
        "course": course_distance(played, human) - course_distance(candidate, human),
        "rule": response_distance(played, human) - response_distance(candidate, human),
    }


@dataclass(frozen=True, eq=False)
class Substituted:
    """What becomes of people as more and more of them are replaced by clones of a candidate.

    shares: [shares]. courses: [shares, rounds], X(t), the mean over copies. means: [shares, copies], the mean of X(t)
    of each copy. distances: [shares], RMSE of each course from the one without clones. among_graphs: whether clones and
    people saw each other; where not, each met the contexts that were recorded, and nothing could spread.
    """

    shares: Floats
    courses: Floats
    means: Floats
    distances: Floats
    among_graphs: bool


def substitution(
    candidate: Observations,
    human: Observations,
    rng: np.random.Generator,
    shares: Sequence[float] = SHARES,
    copies: int = COPIES,
) -> Substituted:
    """Replace a share of fitted people by clones of the candidate, drawn at random, and play.

    Both are moody rules with traits (`moody.fitted`), on people's graphs. Raises `FidelityError` where a share is not
    in [0, 1], or one of the rules cannot be fitted.
    """
    if not all(0 <= share <= 1 for share in shares):
        raise FidelityError(f"shares of people to be replaced lie from 0 to 1; found {', '.join(map(str, shares))}")
    rules = [moody_rule(human, traits=True), moody_rule(candidate, traits=True)]
    courses, means = [], []
    for share in (0.0, *shares):
        order = rng.random((human.n_agents, copies)).argsort(axis=0)
        cloned = (order < round(share * human.n_agents)).astype(np.intp)
        played = simulated_mix(rules, cloned, human, rng, "mixed", copies)
        courses.append(played.once().trajectory[0])
        means.append(played.rates.reshape(copies, human.n_agents).mean(axis=1))
    alone, *mixed = courses
    distances = [float(_apart(course[None], alone[None])[0]) for course in mixed]
    return Substituted(
        np.array(shares), np.array(mixed), np.array(means[1:]), np.array(distances), among_graphs=closed(human)
    )


# Who stands beside whom


def assortment(side: Weighted) -> Floats:
    """J3: E[m | z = 1] - E[m | z = 0], both of the same round: [draws].

    How much more of a cooperator's neighbours cooperate than of a defector's. It is read off the lags of the round
    after, so that the last round of a stretch does not count.
    """
    seen, number = _beside(side.observations)
    means = _over(side.weights @ seen, side.weights @ number)
    return np.asarray(means[:, 1] - means[:, 0])


@lru_cache(maxsize=64)
def _beside(observed: Observations) -> tuple[Floats, Floats]:
    """Sums of m, and how many, after D and after C: two arrays [agents, 2]."""
    there = ~np.isnan(observed.own) & ~np.isnan(observed.neighbours)
    codes = np.where(there, np.nan_to_num(observed.own).astype(np.intp), -1)
    return sums_of(observed, codes, 2, np.nan_to_num(observed.neighbours)), sums_of(observed, codes, 2)


@dataclass(frozen=True, eq=False)
class Assorted:
    """Assortment against agents who stand at random.

    value: E[m | z = 1] - E[m | z = 0] of all rounds, the last included. null: [permutations], the same with agents
    exchanged within their sessions. p: two-sided, the share of permutations at least as far from their mean, the
    observed one counted among them.
    """

    value: float
    null: Floats
    p: float


def assortment_test(observed: Observations, rng: np.random.Generator, permutations: int = PERMUTATIONS) -> Assorted:
    """Assortment if whole agents, with all they did, exchanged their places on the graph within their sessions.

    Rounds stay together, so that a common course makes no assortment. What neighbours did is worked out anew for every
    permutation, since an edge counts from both its ends; so links must be known. Where people show less than this null
    in spite of slopes above 0, look first whether agents, rounds and links are aligned. Raises `FidelityError` where
    links are not known, or all agents did the same.
    """
    laid = laid_out(observed)
    if laid.adjacency is None:
        raise FidelityError(f"{observed.population}: agents cannot exchange places, as who met whom is not known")
    actions = np.full((laid.number + 1, observed.n_rounds), np.nan)  # the last is of nobody
    actions[laid.of_row, observed.round] = observed.action
    value = _assorted(laid, actions, np.arange(laid.number)[:, None])[0]
    if np.isnan(value):
        raise FidelityError("assortment needs cooperators and defectors whose neighbours are known")
    orders = [_exchanged(observed, rng) for _ in range(permutations)]
    parts = [np.stack(orders[at : at + _AT_ONCE], axis=1) for at in range(0, permutations, _AT_ONCE)]
    null = np.concatenate([_assorted(laid, actions, _sources(laid, part)) for part in parts])
    centre = float(np.nanmean(null))
    farther = np.count_nonzero(np.abs(null - centre) >= abs(value - centre) - 1e-12)
    return Assorted(float(value), null, (farther + 1) / (permutations + 1))


def _exchanged(observed: Observations, rng: np.random.Generator) -> Codes:
    """[agents]: whose actions each agent has, somebody's of its session."""
    shuffled = np.lexsort((rng.random(observed.n_agents), observed.session_of))
    order = np.empty(observed.n_agents, dtype=np.intp)
    order[np.argsort(observed.session_of, kind="stable")] = shuffled
    return order


def _sources(laid: Strands, order: Codes) -> Codes:
    """[strands, permutations]: the strand whose actions each has, the one of the same stretch; the last if none."""
    place = np.full((int(laid.agent.max()) + 1, int(laid.stretch.max()) + 1), laid.number, dtype=np.intp)
    place[laid.agent, laid.stretch] = np.arange(laid.number)
    return np.asarray(place[order[laid.agent], laid.stretch[:, None]])


def _assorted(laid: Strands, actions: Floats, source: Codes) -> Floats:
    """[permutations]: E[m | z = 1] - E[m | z = 0] over all rounds. source: [strands, permutations]."""
    sums = np.zeros((2, 2, source.shape[1]))  # of m and of rows, after D and after C
    for round, graph in enumerate(laid.adjacency or ()):
        own = actions[source, round]
        known = ~np.isnan(own)
        own = np.nan_to_num(own)
        met = graph @ known.astype(float)
        beside = np.divide(graph @ own, met, out=np.zeros(own.shape), where=met > 0)
        for z, there in enumerate(((own == 0) & known, own == 1)):
            counts = there & (met > 0)
            sums[:, z] += (beside * counts).sum(axis=0), counts.sum(axis=0)
    means = _over(sums[0], sums[1])
    return np.asarray(means[1] - means[0])


def _apart(course: Floats, other: Floats) -> Floats:
    """RMSE of courses over the rounds in which both are known: [draws]; NaN where there is none."""
    difference = course - other
    known = (~np.isnan(difference)).sum(axis=1).astype(float)
    return np.sqrt(_over((np.nan_to_num(difference) ** 2).sum(axis=1), known))


def _over(sums: Floats, number: Floats) -> Floats:
    """NaN where there is nothing to divide by."""
    sums, number = np.broadcast_arrays(sums, number)
    return np.asarray(np.divide(sums, number, out=np.full(sums.shape, np.nan), where=number > 0))


def _assortment_gap(candidate: Weighted, human: Weighted) -> Floats:
    return assortment(candidate) - assortment(human)


STATISTICS: tuple[Statistic, ...] = (
    Statistic(
        "J1",
        "course of cooperation in the loop, RMSE",
        "joint",
        "distance",
        course_distance,
        floors=("one_rule", "fitted_people"),
    ),
    Statistic(
        "J2",
        "what the loop adds to the errors of the rule",
        "joint",
        "score",
        forcing_gap,
        needs=frozenset({"own", "neighbours"}),
    ),
    Statistic(
        "J3",
        "assortment",
        "joint",
        "signed",
        _assortment_gap,
        value=assortment,
        needs=frozenset({"own", "neighbours"}),
    ),
)
