"""What a page draws of a comparison: courses over rounds, the spread of rates, and responses to neighbours.

Everything is a course: a line through points, with bounds that hold with 95 % each, for the candidate, for people and
for every floor. A course of people drawn from their halves is the ceiling: no candidate is asked to be nearer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from comity.fidelity.bounds import Number, bounds
from comity.fidelity.moody import Form, coefficients, form_of
from comity.fidelity.observations import Codes, FidelityError, Floats, Observations, Weighted

CANDIDATE, PEOPLE = "candidate", "people"

RATES = tuple(point / 50 for point in range(51))
"""Where shares of agents that cooperated at most so often are told."""

CELLS = 5
"""Into how many kinds the share of neighbours falls where it takes more values."""

SHOWN = ("level", "mood", "slope after D", "slope after C")
"""Which coefficients are told."""

SHOWN_DRAWS = 400
"""Bounds of courses rest on so many resamples at most."""


@dataclass(frozen=True)
class Side:
    """Who was measured, in one condition. agents, sessions, rounds, choices, invalid: how many of each."""

    population: str
    agents: int
    sessions: int
    rounds: int
    choices: int
    invalid: int


@dataclass(frozen=True)
class Course:
    """The share that cooperated in each round, or at each point of something else, with bounds [points]."""

    name: str
    at: tuple[float, ...]
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Coefficient:
    """One coefficient of the moody logit of each side, in log-odds, counted from people's mean share of neighbours."""

    name: str
    candidate: Number
    people: Number


@dataclass(frozen=True)
class Pictured:
    """What a page draws of one condition; the candidate, people and each floor are courses.

    trajectories: over rounds, from 0. rates: the share of agents that cooperated at most so often, at shares from 0 to
    1. after_c, after_d: P(C) by the share of neighbours that cooperated, after having cooperated and after having not.
    rule: level, mood and slopes of both sides.
    """

    condition: str
    candidate: Side
    people: Side
    trajectories: tuple[Course, ...]
    rates: tuple[Course, ...]
    after_c: tuple[Course, ...]
    after_d: tuple[Course, ...]
    rule: tuple[Coefficient, ...] = ()


Line: TypeAlias = Callable[[Weighted], Floats]
"""The points of a course: [draws, points]."""


def pictured_of(
    condition: str, candidate: Weighted, people: Weighted, floors: Mapping[str, Sequence[Observations]]
) -> Pictured:
    """What a page draws of one condition. candidate, people: drawn again. floors: by name, copies of each."""
    sides = {CANDIDATE: _fewer(candidate), PEOPLE: _fewer(people)}
    cells = _cells(candidate.observations, people.observations)

    def courses(at: Sequence[float], line: Line, *, simulated: bool = True) -> tuple[Course, ...]:
        found = [_course(name, at, line(side.observations.once())[0], line(side)) for name, side in sides.items()]
        if simulated:
            found += [_of_copies(name, at, line, copies) for name, copies in floors.items()]
        return tuple(found)

    rounds = max(candidate.observations.n_rounds, people.observations.n_rounds)
    return Pictured(
        condition=condition,
        candidate=side_of(candidate.observations),
        people=side_of(people.observations),
        trajectories=courses(range(rounds), lambda of: _long(of.trajectory, rounds)),
        rates=courses(RATES, cumulative),
        after_c=courses(cells, lambda of: response(of, cells, 1)),
        after_d=courses(cells, lambda of: response(of, cells, 0)),
        rule=_rule(sides[CANDIDATE], sides[PEOPLE]),
    )


def _rule(candidate: Weighted, people: Weighted) -> tuple[Coefficient, ...]:
    """Level, mood and slopes of both sides; none where nobody ever chose after a choice of its own."""
    try:
        form = form_of(candidate.observations, people.observations)
    except FidelityError:
        return ()
    told = []
    for side in (candidate, people):
        lines = [_coefficients(each, form) for each in (side.observations.once(), side)]
        told.append([Number(float(lines[0][0, place]), *bounds(lines[1][:, place])) for place in range(len(SHOWN))])
    return tuple(Coefficient(name, *both) for name, *both in zip(SHOWN, *told, strict=True))


def _coefficients(of: Weighted, form: Form) -> Floats:
    """[draws, 4]: the level, the mood, and what neighbours do after defection and after cooperation."""
    found = coefficients(of, form)
    return np.column_stack([found[:, :3], found[:, 2] + found[:, 3]])


def side_of(observations: Observations) -> Side:
    """How much there is of one population in one condition."""
    return Side(
        population=observations.population,
        agents=observations.n_agents,
        sessions=len(observations.sessions),
        rounds=observations.n_rounds,
        choices=int(observations.known.sum()),
        invalid=observations.invalid,
    )


def cumulative(of: Weighted) -> Floats:
    """The share of agents whose rate of cooperation is at most that of each point of `RATES`: [draws, points]."""
    rates = of.observations.rates
    known = ~np.isnan(rates)
    below = (rates[known, None] <= np.asarray(RATES) + 1e-12).astype(float)
    weights = of.weights[:, known]
    return np.asarray(weights @ below / weights.sum(axis=1, keepdims=True))


def response(of: Weighted, cells: Sequence[float], own: int) -> Floats:
    """P(C) after an own last action by the share of neighbours that cooperated: [draws, cells]."""
    seen = of.observations
    nearest = np.abs(np.nan_to_num(seen.neighbours)[:, None] - np.asarray(cells)).argmin(axis=1)
    codes: Codes = np.where((seen.own == own) & ~np.isnan(seen.neighbours), nearest, -1)
    return of.shares(codes, len(cells))


def _cells(candidate: Observations, people: Observations) -> tuple[float, ...]:
    """The shares of neighbours that are told apart: those that occur where they are few, else even steps."""
    occurring = np.unique(np.concatenate([candidate.neighbours, people.neighbours]).round(6))
    known = occurring[~np.isnan(occurring)]
    return tuple(known.tolist()) if len(known) <= CELLS else tuple(np.linspace(0, 1, CELLS).tolist())


def _fewer(of: Weighted) -> Weighted:
    return Weighted(of.observations, of.weights[:SHOWN_DRAWS])


def _long(lines: Floats, rounds: int) -> Floats:
    return np.pad(lines, ((0, 0), (0, rounds - lines.shape[1])), constant_values=np.nan)


def _course(name: str, at: Sequence[float], value: Floats, draws: Floats) -> Course:
    known = ~np.isnan(draws).any(axis=0)
    low, high = np.full((2, len(value)), np.nan)
    if known.any():
        low[known], high[known] = np.quantile(draws[:, known], [0.05, 0.95], axis=0)
    return Course(name, tuple(map(float, at)), *(tuple(part.tolist()) for part in (value, low, high)))


def _of_copies(name: str, at: Sequence[float], line: Line, copies: Sequence[Observations]) -> Course:
    """The mean of copies, with the least and the greatest as bounds."""
    lines = np.concatenate([line(copy.once()) for copy in copies])
    value, low, high = lines.mean(axis=0), lines.min(axis=0), lines.max(axis=0)
    return Course(name, tuple(map(float, at)), *(tuple(part.tolist()) for part in (value, low, high)))
