"""Who chose what, in which round, after seeing what: the one form in which agents and people are compared.

A row is one agent in one round. Lags belong to a *stretch*, a run of consecutive rounds of one agent in one session
(a part of an experiment, a supergame): the first round of a stretch has no last action, and nothing is carried from one
stretch or session to the next. What was not chosen by the agent itself (a timed-out choice that a program made, an
answer that could not be read) is no action here; it is counted and left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from comity.core.errors import ComityError

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]

COLUMNS: dict[str, str] = {
    "population": "who: the name of a pool of people, a model, a script",
    "condition": "the treatment",
    "session": "the independent group or network it belongs to",
    "unit": "what halves of a session must not cut apart, such as a pair of partners that stay together",
    "agent": "one person or agent, named apart from all others of the session",
    "stretch": "consecutive rounds over which lags are worked out: a part, a supergame",
    "round": "counted from 0 within the stretch",
    "action": "1 cooperated, 0 defected, missing where there was none",
    "valid": "whether the agent chose it itself",
    "executed": "what was carried out, where chance may change what was chosen; lags are of this",
    "own": "its action in the round before; missing in the first round of a stretch",
    "neighbours": "the share of its neighbours (partners) that cooperated in the round before",
    "degree": "how many neighbours it had in the round before; in the first round of a stretch, in that round",
    "pay": "what it was paid in the round before",
    "best": "the largest payoff among its neighbours in the round before, as shown",
}
"""The columns of the long table, in order. Those after `valid` may be missing as a whole."""

NEEDED = ("population", "condition", "session", "agent", "round", "action")
"""Columns that a table must have; the others are filled in: one stretch, all valid, lags from the rounds before."""


class FidelityError(ComityError):
    """Observations cannot be compared as asked; the message is one sentence for whoever asked."""


@dataclass(frozen=True, eq=False)
class Observations:
    """What one population did in one condition.

    population, condition: what tables call them. sessions, agents: labels; an agent is of one session.
    session_of: [agents], the session of each agent. unit_of: [agents], the unit of each, see `COLUMNS`.
    agent, stretch, round: [rows], codes and the number of the round within the stretch. Rows are sorted by agent,
        stretch and round.
    action: [rows], 1, 0 or NaN where there is none that counts. own, neighbours, degree, pay, best: [rows], as in
        `COLUMNS`; NaN where not known.
    links: None where not known, or [links, 4] whole numbers: stretch, round (-1: all rounds), agent, one neighbour of
        it. Each edge stands there twice.
    invalid: how many rows have no action that counts because the agent did not choose it itself.
    """

    population: str
    condition: str
    sessions: tuple[str, ...]
    agents: tuple[str, ...]
    session_of: Codes
    unit_of: Codes
    agent: Codes
    stretch: Codes
    round: Codes
    action: Floats
    own: Floats
    neighbours: Floats
    degree: Floats
    pay: Floats
    best: Floats
    links: NDArray[np.int64] | None = None
    invalid: int = 0

    @property
    def n_agents(self) -> int:
        return len(self.agents)

    @cached_property
    def n_rounds(self) -> int:
        """How many rounds the longest stretch has."""
        return int(self.round.max()) + 1 if len(self.round) else 0

    @property
    def known(self) -> NDArray[np.bool_]:
        """[rows]: whether there is an action."""
        return ~np.isnan(self.action)

    def tally(self, codes: ArrayLike, n: int) -> tuple[Floats, Floats]:
        """How often each agent cooperated, and how often it chose, by code: two arrays [agents, n].

        codes: [rows], which of n kinds of row it is; negative for rows that do not count.
        """
        kinds = np.asarray(codes)
        counts = self.known & (kinds >= 0)
        place = self.agent[counts] * n + kinds[counts]
        size = self.n_agents * n
        chosen = np.bincount(place, minlength=size).reshape(self.n_agents, n)
        cooperated = np.bincount(place, self.action[counts], minlength=size).reshape(self.n_agents, n)
        return cooperated.astype(float), chosen.astype(float)

    @cached_property
    def by_round(self) -> tuple[Floats, Floats]:
        """How often each agent cooperated, and how often it chose, in each round of its stretches: [agents, rounds]."""
        return self.tally(self.round, self.n_rounds)

    @cached_property
    def rates(self) -> Floats:
        """[agents]: the share of its choices in which each agent cooperated (P_i); NaN without choices."""
        cooperated, chosen = (part.sum(axis=1) for part in self.by_round)
        return np.asarray(np.divide(cooperated, chosen, out=np.full(self.n_agents, np.nan), where=chosen > 0))

    @cached_property
    def chosen(self) -> Floats:
        """[agents]: how many choices each agent made."""
        return np.asarray(self.by_round[1].sum(axis=1))

    def once(self) -> Weighted:
        """These observations as they are: every agent counts once."""
        return Weighted(self, np.ones((1, self.n_agents)))

    def taking(self, agents: ArrayLike) -> Observations:
        """Those of some agents only. agents: [agents], true for those that stay."""
        stay = np.asarray(agents, dtype=bool)
        rows = stay[self.agent]
        number = np.cumsum(stay) - 1
        names = tuple(name for name, stays in zip(self.agents, stay, strict=True) if stays)
        kept, session_of = np.unique(self.session_of[stay], return_inverse=True)
        parts = {
            name: getattr(self, name)[rows]
            for name in ("stretch", "round", "action", "own", "neighbours", "degree", "pay", "best")
        }
        return replace(
            self,
            sessions=tuple(self.sessions[each] for each in kept),
            agents=names,
            session_of=session_of,
            unit_of=self.unit_of[stay],
            agent=number[self.agent[rows]],
            invalid=min(self.invalid, int(np.isnan(self.action[rows]).sum())),
            links=None if self.links is None else _links_among(self.links, stay, number),
            **parts,
        )

    def with_actions(self, action: ArrayLike, population: str) -> Observations:
        """The same agents in the same rounds with other actions; lags are worked out anew where links are known.

        action: [rows], 1, 0 or NaN. Without links the share of neighbours who cooperated stays as it was recorded.
        """
        acted = replace(self, population=population, action=np.asarray(action, dtype=float), invalid=0)
        own = lagged(acted.agent, acted.stretch, acted.round, acted.action)
        return replace(acted, own=own, neighbours=_neighbours_of(acted))


@dataclass(frozen=True, eq=False)
class Weighted:
    """Observations in which some agents count more often than others: a resample, a half, or all as they are.

    weights: [draws, agents], how often each agent counts in each of several draws. Whatever is measured of it has one
    number per draw, so that a statistic and its whole bootstrap are one call.
    """

    observations: Observations
    weights: Floats

    @property
    def n_draws(self) -> int:
        return len(self.weights)

    def shares(self, codes: ArrayLike, n: int) -> Floats:
        """The share that cooperated, by code as in `Observations.tally`: [draws, n]; NaN where nobody chose."""
        cooperated, chosen = self.totals(codes, n)
        return np.asarray(np.divide(cooperated, chosen, out=np.full(chosen.shape, np.nan), where=chosen > 0))

    def totals(self, codes: ArrayLike, n: int) -> tuple[Floats, Floats]:
        """How often was cooperated, and how often chosen, by code: two arrays [draws, n]."""
        cooperated, chosen = self.observations.tally(codes, n)
        return self.weights @ cooperated, self.weights @ chosen

    @cached_property
    def trajectory(self) -> Floats:
        """X(t), the share that cooperated in each round of a stretch: [draws, rounds]; NaN where nobody chose."""
        cooperated, chosen = (self.weights @ part for part in self.observations.by_round)
        return np.asarray(np.divide(cooperated, chosen, out=np.full(chosen.shape, np.nan), where=chosen > 0))

    @cached_property
    def mean(self) -> Floats:
        """[draws]: the share of all choices that cooperated."""
        cooperated, chosen = ((self.weights @ part).sum(axis=1) for part in self.observations.by_round)
        return np.asarray(cooperated / chosen)


def observations(table: pd.DataFrame, links: NDArray[np.int64] | None = None) -> Observations:
    """One population in one condition from its long table, with the columns of `COLUMNS`; only `NEEDED` must be there.

    Lags that are not in the table are worked out: own actions from the round before of the same stretch, the share of
    neighbours from `links` where there are any (stretch and agent as codes in the order of their first appearance).
    Raises `FidelityError` where a column is missing, holds something else, an agent has two rows for one round, rounds
    do not follow each other so that a lag would reach over a gap, a given lag contradicts the rounds before it, or
    there is more than one population or condition.
    """
    from comity.fidelity.reading import read_observations

    return read_observations(table, links)


def lagged(agent: ArrayLike, stretch: ArrayLike, round: ArrayLike, values: ArrayLike) -> Floats:
    """[rows]: the value of the same agent and stretch in the round just before; NaN where there is none.

    Rows are sorted by agent, stretch and round. A round that is missing leaves the next one without a lag.
    """
    who, where, when = np.asarray(agent), np.asarray(stretch), np.asarray(round)
    found = np.full(len(who), np.nan)
    follows = (who[1:] == who[:-1]) & (where[1:] == where[:-1]) & (when[1:] == when[:-1] + 1)
    found[1:][follows] = np.asarray(values, dtype=float)[:-1][follows]
    return found


def pooled(parts: Sequence[Observations], population: str | None = None) -> Observations:
    """Several observations of one condition as one; their sessions, units and agents stay apart. Links are joined
    where all have them."""
    sessions = [f"{number}:{label}" for number, part in enumerate(parts) for label in part.sessions]
    agents = [f"{number}:{label}" for number, part in enumerate(parts) for label in part.agents]
    first_agent = _starts([part.n_agents for part in parts])
    first_session = _starts([len(part.sessions) for part in parts])
    first_unit = _starts([int(part.unit_of.max()) + 1 for part in parts])
    first_stretch = _starts([int(part.stretch.max()) + 1 for part in parts])

    def joined(name: str, starts: Sequence[int] | None = None) -> Any:
        shifts = starts or [0] * len(parts)
        return np.concatenate([getattr(part, name) + shift for part, shift in zip(parts, shifts, strict=True)])

    links = None
    if all(part.links is not None for part in parts):
        shifts = zip(parts, first_stretch, first_agent, strict=True)
        links = np.concatenate([part.links + np.array([s, 0, a, a]) for part, s, a in shifts])
    return Observations(
        population=population or parts[0].population,
        condition=parts[0].condition,
        sessions=tuple(sessions),
        agents=tuple(agents),
        session_of=joined("session_of", first_session),
        unit_of=joined("unit_of", first_unit),
        agent=joined("agent", first_agent),
        stretch=joined("stretch", first_stretch),
        **{name: joined(name) for name in ("round", "action", "own", "neighbours", "degree", "pay", "best")},
        links=links,
        invalid=sum(part.invalid for part in parts),
    )


def _starts(sizes: Sequence[int]) -> list[int]:
    return [sum(sizes[:place]) for place in range(len(sizes))]


def _links_among(links: NDArray[np.int64], stay: NDArray[np.bool_], number: Codes) -> NDArray[np.int64]:
    kept = links[stay[links[:, 2]] & stay[links[:, 3]]]
    return np.column_stack([kept[:, 0], kept[:, 1], number[kept[:, 2]], number[kept[:, 3]]])


def _neighbours_of(acted: Observations) -> Floats:
    """The share of neighbours who cooperated in the round before, by the links; as recorded where there are none."""
    if acted.links is None:
        return acted.neighbours
    from comity.fidelity.linked import shares_of_neighbours

    return shares_of_neighbours(acted)
