"""Playing a decision rule: on the graphs of a design, or, where these are not known, on the contexts it recorded.

On graphs the loop is closed: what a simulated agent sees is what simulated neighbours did. On recorded contexts the own
last action is the simulated one, and what neighbours did is what was recorded, so nothing spreads; `closed` says which
of the two a design allows. Everybody in the design acts in every row of it, also where the record lacks an action.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from comity.fidelity.contexts import N_CONTEXTS, N_SHARES, context_cells, share_cells
from comity.fidelity.linked import ALWAYS
from comity.fidelity.moody import Fit, fitted
from comity.fidelity.observations import Codes, Floats, Observations, pooled

PSEUDO = 2.0
"""So many choices at a population's own mean are added to every cell of its table, so that no chance is 0 or 1."""


class Rule(Protocol):
    """How an agent decides.

    spread: the standard deviation of traits, which are normal with mean 0 on the scale of log-odds.
    """

    @property
    def spread(self) -> float: ...

    def chance(self, own: Floats, neighbours: Floats, round: int, trait: Floats) -> Floats:
        """P(C) of agents with these last actions, shares of neighbours who cooperated and traits, all of one shape.

        own is NaN where there was no round before; neighbours also where nothing is known of them.
        """
        ...


@dataclass(frozen=True)
class Constant:
    """Cooperates with the same probability whatever happens. rate: P(C)."""

    rate: float
    spread: float = 0.0

    def chance(self, own: Floats, neighbours: Floats, round: int, trait: Floats) -> Floats:
        return np.full(own.shape, self.rate)


@dataclass(frozen=True)
class Persistence:
    """Does what it did last. first: P(C) where there was nothing before."""

    first: float
    spread: float = 0.0

    def chance(self, own: Floats, neighbours: Floats, round: int, trait: Floats) -> Floats:
        return np.where(np.isnan(own), self.first, own)


@dataclass(frozen=True)
class Table:
    """P(C) by context.

    first: where there was no round before. chances: [10], by own last action and cell of the neighbours' share, as
    `contexts.context_cells` counts them. blind: after D and after C where the share is not known.
    """

    first: float
    chances: tuple[float, ...]
    blind: tuple[float, float]
    spread: float = 0.0

    def chance(self, own: Floats, neighbours: Floats, round: int, trait: Floats) -> Floats:
        z, cells = np.nan_to_num(own).astype(np.intp), share_cells(neighbours)
        known = np.asarray(self.chances)[z * N_SHARES + np.maximum(cells, 0)]
        found = np.where(cells >= 0, known, np.asarray(self.blind)[z])
        return np.where(np.isnan(own), self.first, found)


@dataclass(frozen=True)
class Moody:
    """The moody logit of `comity.fidelity.moody`, with the trait added to the log-odds of every round."""

    fit: Fit

    @property
    def spread(self) -> float:
        return self.fit.spread

    def chance(self, own: Floats, neighbours: Floats, round: int, trait: Floats) -> Floats:
        columns = self.fit.form.columns(np.nan_to_num(own), neighbours, np.asarray(round))
        later = columns @ np.asarray(self.fit.coefficients)
        return np.asarray(expit(np.where(np.isnan(own), self.fit.first, later) + trait))


def moody_rule(observed: Observations, traits: bool = False) -> Moody:
    """The likeliest moody rule of a population, all alike or with traits. Raises as `moody.fitted`."""
    return Moody(fitted(observed, traits))


def table_rule(observed: Observations) -> Table:
    """The share that cooperated in each context, with `PSEUDO` choices at the mean added to each."""
    after = np.where(np.isnan(observed.own), -1, np.nan_to_num(observed.own)).astype(np.intp)
    first = np.where(np.isnan(observed.own), 0, -1)
    counts = [
        tuple(part.sum(axis=0) for part in observed.tally(codes, n))
        for codes, n in ((first, 1), (context_cells(observed), N_CONTEXTS), (after, 2))
    ]
    of_first, of_context, of_own = (shrunk(*each) for each in counts)
    return Table(float(of_first[0]), tuple(of_context.tolist()), (float(of_own[0]), float(of_own[1])))


def shrunk(cooperated: Floats, chosen: Floats, pseudo: float = PSEUDO) -> Floats:
    """P(C) of each cell with so many choices at the mean of all cells added: (c + pseudo * mu) / (n + pseudo).

    cooperated, chosen: [..., cells]. mu is (C + 1/2) / (N + 1), so that no chance is 0 or 1.
    """
    mean = (cooperated.sum(axis=-1, keepdims=True) + 0.5) / (chosen.sum(axis=-1, keepdims=True) + 1)
    return np.asarray((cooperated + pseudo * mean) / (chosen + pseudo))


def closed(design: Observations) -> bool:
    """Whether agents played on this design see each other, and not what was recorded."""
    return design.links is not None


def simulated(
    rule: Rule, design: Observations, rng: np.random.Generator, population: str, copies: int = 1
) -> Observations:
    """A population that follows a rule, in the sessions, rounds and on the links of a design.

    copies: how often all sessions are played, each time with new traits and new draws; they are sessions of their own.
    What was paid is not known of it.
    """
    return simulated_mix([rule], np.zeros(design.n_agents, dtype=np.intp), design, rng, population, copies)


def simulated_mix(
    rules: Sequence[Rule],
    of_agent: ArrayLike,
    design: Observations,
    rng: np.random.Generator,
    population: str,
    copies: int = 1,
) -> Observations:
    """The same where agents follow different rules. of_agent: [agents], or [agents, copies], the number of its rule."""
    who = np.broadcast_to(np.asarray(of_agent, dtype=np.intp).reshape(design.n_agents, -1), (design.n_agents, copies))
    spreads = np.array([rule.spread for rule in rules])
    traits = rng.standard_normal((design.n_agents, copies)) * spreads[who]
    action, own, neighbours = _played(rules, who, traits, design, rng)
    parts = [
        _as_played(design, population, action[:, copy], own[:, copy], neighbours[:, copy]) for copy in range(copies)
    ]
    return parts[0] if copies == 1 else pooled(parts, population)


def _as_played(design: Observations, population: str, action: Floats, own: Floats, neighbours: Floats) -> Observations:
    unpaid = np.full(len(action), np.nan)
    return replace(
        design,
        population=population,
        action=action,
        own=own,
        neighbours=neighbours,
        pay=unpaid,
        best=unpaid,
        invalid=0,
    )


def _played(
    rules: Sequence[Rule], who: Codes, traits: Floats, design: Observations, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """What was done, done before and seen of neighbours: three arrays [rows, copies]."""
    laid = laid_out(design)
    action, own, neighbours = (np.full((len(design.round), traits.shape[1]), np.nan) for _ in range(3))
    before = np.full((laid.number, traits.shape[1]), np.nan)
    for round, rows in enumerate(laid.rows):
        places, agents = laid.of_row[rows], design.agent[rows]
        own[rows] = before[places]
        neighbours[rows] = laid.seen(round, rows, before, design)
        chance = _chances(rules, who[agents], own[rows], neighbours[rows], round, traits[agents])
        action[rows] = rng.random(chance.shape) < chance
        before = np.full_like(before, np.nan)
        before[places] = action[rows]
    return action, own, neighbours


def _chances(rules: Sequence[Rule], who: Codes, own: Floats, neighbours: Floats, round: int, trait: Floats) -> Floats:
    if len(rules) == 1:
        return rules[0].chance(own, neighbours, round, trait)
    found = np.empty(own.shape)
    for number, rule in enumerate(rules):
        its = who == number
        found[its] = rule.chance(own[its], neighbours[its], round, trait[its])
    return found


@dataclass(frozen=True, eq=False)
class Strands:
    """A design laid out for playing: a strand is an agent in a stretch.

    number: of strands. agent, stretch: [strands]. rows: by round, the rows played in it. of_row: [rows], the strand of
    each. adjacency: by round, who is whose neighbour, [strands, strands], sparse; None without links. present:
    [strands, rounds], whether there is a row.
    """

    number: int
    agent: Codes
    stretch: Codes
    rows: tuple[Codes, ...]
    of_row: Codes
    adjacency: tuple[Any, ...] | None
    present: Floats

    def seen(self, round: int, rows: Codes, before: Floats, design: Observations) -> Floats:
        """[rows of the round, copies]: the share of neighbours in the round before that cooperated in it."""
        if self.adjacency is None:
            return np.broadcast_to(design.neighbours[rows][:, None], (len(rows), before.shape[1]))
        if round == 0:
            return np.full((len(rows), before.shape[1]), np.nan)
        graph, places = self.adjacency[round - 1], self.of_row[rows]
        cooperated = (graph @ np.nan_to_num(before))[places]
        acted = np.broadcast_to((graph @ self.present[:, round - 1])[places][:, None], cooperated.shape)
        return np.asarray(np.divide(cooperated, acted, out=np.full(cooperated.shape, np.nan), where=acted > 0))


@lru_cache(maxsize=16)
def laid_out(design: Observations) -> Strands:
    """The strands of a design, its rows by round, and its links as graphs."""
    n_stretches = int(design.stretch.max(initial=0)) + 1
    keys, of_row = np.unique(design.agent * n_stretches + design.stretch, return_inverse=True)
    rounds = design.n_rounds
    order = np.argsort(design.round, kind="stable")
    ends = np.searchsorted(design.round[order], np.arange(1, rounds))
    present = np.zeros((len(keys), rounds))
    present[of_row, design.round] = 1
    rows = tuple(np.split(order, ends)) if rounds else ()
    agent, stretch = np.divmod(keys, n_stretches)
    return Strands(len(keys), agent, stretch, rows, of_row, _adjacency(design, keys, n_stretches), present)


def _adjacency(design: Observations, keys: Codes, n_stretches: int) -> tuple[Any, ...] | None:
    if design.links is None:
        return None
    from scipy.sparse import csr_array

    stretch, when, *ends = design.links.T
    inside = (stretch < n_stretches) & (when < design.n_rounds)
    places = [np.searchsorted(keys, end * n_stretches + stretch).clip(max=len(keys) - 1) for end in ends]
    for end, place in zip(ends, places, strict=True):
        inside &= keys[place] == end * n_stretches + stretch

    def graph(chosen: ArrayLike) -> Any:
        focal, other = (place[inside & chosen] for place in places)
        return csr_array((np.ones(len(focal)), (focal, other)), shape=(len(keys), len(keys)))

    fixed = graph(when == ALWAYS)
    moving = set(np.unique(when[when != ALWAYS]).tolist())
    return tuple(fixed + graph(when == round) if round in moving else fixed for round in range(design.n_rounds))
