"""A candidate held against people known by aggregates only: a course of cooperation and a distribution of rates.

Numbers are told and no verdict: without individuals there is no ceiling, and without choices no decision rule. The
candidate may be known in full or by aggregates too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Protocol, TypeAlias

import numpy as np

from comity.fidelity import heterogeneity, macro
from comity.fidelity.bounds import UNKNOWN, Number, bounds
from comity.fidelity.comparison import CONTRAST, Against, Comparison, Finding, unknown_finding
from comity.fidelity.observations import FidelityError, Floats, Observations, Weighted
from comity.fidelity.pictured import CANDIDATE, PEOPLE, RATES, Course, Pictured, Side, cumulative, side_of
from comity.fidelity.resampling import resampled
from comity.fidelity.statistic import Statistic

WHY = "people are known by aggregates of one session, so there is no ceiling"
CANDIDATE_WHY = "the candidate is known by aggregates only, so how it varies between runs and agents is not known"
NO_CHOICES = "choices of individuals are not known, so decision rules cannot be compared"


class Aggregate(Protocol):
    """One population in one condition, without individuals. trajectory: [rounds], X(t). rates: [agents], a sample."""

    @property
    def population(self) -> str: ...
    @property
    def condition(self) -> str: ...
    @property
    def agents(self) -> int: ...
    @property
    def trajectory(self) -> Floats: ...
    @property
    def rates(self) -> Floats: ...


Known: TypeAlias = Observations | Aggregate


@dataclass(frozen=True, eq=False)
class _Told:
    """One side in one condition, in draws. course: [draws, rounds]. rates: their distributions. rounds: T."""

    course: Floats
    rates: heterogeneity.Rates
    rounds: int


Measure: TypeAlias = Callable[[_Told, _Told], Floats]


def _courses(of: Callable[[Floats, Floats], Floats]) -> Measure:
    def measured(candidate: _Told, people: _Told) -> Floats:
        n = min(candidate.course.shape[1], people.course.shape[1])
        return of(candidate.course[:, :n], people.course[:, :n])

    return measured


def _rates(of: Callable[[heterogeneity.Rates, heterogeneity.Rates], Floats]) -> Measure:
    return lambda candidate, people: of(candidate.rates, people.rates)


def _excess(told: _Told) -> Floats:
    """Var(P) - mean[P(1 - P)] / (T - 1): the variance of rates beyond that of coins, by moments."""
    mean, variance = told.rates.mean, told.rates.variance
    return np.asarray((variance * told.rounds - mean * (1 - mean)) / (told.rounds - 1))


def _ratio(candidate: _Told, people: _Told) -> Floats:
    floor = 1 / heterogeneity.SCALE_END
    ratio = np.maximum(_excess(candidate), 0) / np.maximum(_excess(people), 1e-12)
    return np.asarray(np.log(np.clip(ratio, floor, heterogeneity.SCALE_END)))


MEASURES: Mapping[str, Measure] = {
    "M1": _courses(macro.difference),
    "M2": _courses(macro.rmse),
    "M2.mae": _courses(macro.mae),
    "M2.centred": _courses(macro.centred_rmse),
    "M4": _courses(macro.correlation),
    "M4.changes": _courses(lambda a, b: macro.correlation(macro.changes(a), macro.changes(b))),
    "M4.late": _courses(lambda a, b: macro.correlation(a[:, macro.EARLY :], b[:, macro.EARLY :])),
    "M4.detrended": _courses(lambda a, b: macro.correlation(macro.detrended(a), macro.detrended(b))),
    "M5": _courses(lambda a, b: macro.carry_over(a)[0] - macro.carry_over(b)[0]),
    "H1": _rates(heterogeneity.w1),
    "H2": _rates(heterogeneity.centred_w1),
    "H2.location": _rates(heterogeneity.location),
    "H3": _ratio,
}
"""By the key of the statistic, the same of aggregates."""


def compare_aggregates(
    candidate: Mapping[str, Known],
    people: Mapping[str, Known],
    statistics: Sequence[Statistic],
    rng: np.random.Generator,
    draws: int,
) -> Comparison:
    """What can be told where one side at least is known by aggregates only.

    candidate, people: by condition. Bounds hold what differs between runs and agents of a side that is known in full;
    nothing else is in them. Raises `FidelityError` where people lack a condition.
    """
    missing = [name for name in candidate if name not in people]
    if missing or not candidate:
        raise FidelityError(f"people have no condition {', '.join(missing)!r}; they have {', '.join(people)}")
    sides = {name: (_told(candidate[name], draws, rng), _told(people[name], draws, rng)) for name in candidate}
    whys = {name: CANDIDATE_WHY if isinstance(people[name], Observations) else WHY for name in candidate}
    findings = [finding for name, pair in sides.items() for finding in _findings(name, pair, statistics, whys[name])]
    findings += _contrasts(sides, whys)
    clusters = min(_clusters(people[name]) for name in candidate)
    return Comparison(
        candidate=next(iter(candidate.values())).population,
        people=next(iter(people[name] for name in candidate)).population,
        conditions=tuple(candidate),
        findings=tuple(findings),
        pictured=tuple(_pictured(name, candidate[name], people[name], pair) for name, pair in sides.items()),
        clusters=clusters,
        runs=min(_clusters(each) for each in candidate.values()),
        calibration=0,
        in_sample=("people are one session, so that what tunes is what judges",) if clusters < 2 else (),
        draws=draws,
    )


def _clusters(of: Known) -> int:
    return len(of.sessions) if isinstance(of, Observations) else 1


def _told(of: Known, draws: int, rng: np.random.Generator) -> tuple[_Told, _Told]:
    """As it is, and drawn again; aggregates have one draw only."""
    if isinstance(of, Observations):
        again = resampled({of.condition: of}, draws, rng)[of.condition]
        return _of_weighted(of.once()), _of_weighted(again)
    told = _Told(of.trajectory[None], heterogeneity.distribution(of.rates), len(of.trajectory))
    return told, told


def _of_weighted(of: Weighted) -> _Told:
    return _Told(of.trajectory, heterogeneity.rates_of(of), of.observations.n_rounds)


_Pair: TypeAlias = tuple[tuple[_Told, _Told], tuple[_Told, _Told]]


def _findings(condition: str, pair: _Pair, statistics: Sequence[Statistic], why: str) -> Iterator[Finding]:
    (candidate, again), (people, people_again) = pair
    for statistic in statistics:
        measure = MEASURES.get(statistic.key)
        if measure is None:
            lacks = NO_CHOICES if statistic.level in ("rule", "joint") else "it takes what individuals chose"
            yield unknown_finding(statistic, condition, lacks)
            continue
        value = _number(measure(candidate, people), measure(again, people_again))
        found = replace(unknown_finding(statistic, condition, why), value=value)
        if statistic.kind != "score":
            found = replace(
                found,
                distance=replace(value, value=abs(value.value))
                if statistic.kind == "distance"
                else Number(abs(value.value)),
            )
        yield replace(found, floors=(_flat(candidate, people),)) if statistic.key == "M2" else found


def _number(point: Floats, draws: Floats) -> Number:
    """Without bounds where nothing could be drawn again."""
    return Number(float(point[0]), *bounds(draws)) if len(draws) > 1 else Number(float(point[0]))


def _flat(candidate: _Told, people: _Told) -> Against:
    """A flat line at the candidate's own mean: what its course adds to its mean is told by the difference."""
    n = min(candidate.course.shape[1], people.course.shape[1])
    own = candidate.course[0, :n]
    line = np.full((1, n), own.mean())
    distance = float(macro.rmse(line, people.course[:, :n])[0])
    gain = distance - float(macro.rmse(own[None], people.course[:, :n])[0])
    return Against("own_mean", Number(distance), Number(gain), UNKNOWN, bar=False, apart=False, worse=math.nan)


def _contrasts(sides: Mapping[str, _Pair], whys: Mapping[str, str]) -> Iterator[Finding]:
    """M7 of aggregates: a condition less one before it, over the rounds that both sides have."""
    for first, second in combinations(sides, 2):
        effects = [
            [
                _mean(sides[second][side][drawn], sides[second], drawn)
                - _mean(sides[first][side][drawn], sides[first], drawn)
                for drawn in (0, 1)
            ]
            for side in (0, 1)
        ]
        own, theirs = (_number(*effect) for effect in effects)
        gap = _number(effects[0][0] - effects[1][0], effects[0][1] - effects[1][1])
        yield replace(
            unknown_finding(CONTRAST, f"{second} - {first}", whys[first]),
            value=gap,
            distance=Number(abs(gap.value)),
            candidate=own,
            people=theirs,
        )


def _mean(of: _Told, pair: _Pair, drawn: int) -> Floats:
    n = min(side[drawn].course.shape[1] for side in pair)
    return np.asarray(of.course[:, :n].mean(axis=1))


def _pictured(condition: str, candidate: Known, people: Known, pair: _Pair) -> Pictured:
    named = ((CANDIDATE, candidate, pair[0]), (PEOPLE, people, pair[1]))
    return Pictured(
        condition=condition,
        candidate=_side(candidate),
        people=_side(people),
        trajectories=tuple(_line(name, range(told[0].rounds), told[0].course[0]) for name, _, told in named),
        rates=tuple(_line(name, RATES, _cumulated(of)) for name, of, _ in named),
        after_c=(),
        after_d=(),
    )


def _side(of: Known) -> Side:
    if isinstance(of, Observations):
        return side_of(of)
    rounds = len(of.trajectory)
    return Side(of.population, of.agents, 1, rounds, of.agents * rounds, 0)


def _cumulated(of: Known) -> Floats:
    if isinstance(of, Observations):
        return np.asarray(cumulative(of.once())[0])
    return np.searchsorted(np.sort(of.rates), np.asarray(RATES) + 1e-12, side="right") / np.float64(of.agents)


def _line(name: str, at: Sequence[float], value: Floats) -> Course:
    unknown = (math.nan,) * len(value)
    return Course(name, tuple(map(float, at)), tuple(value.tolist()), unknown, unknown)
