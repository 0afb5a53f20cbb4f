"""A candidate held against people, statistic by statistic: its number, people's own, the ceiling and the floors.

All numbers of one statistic rest on the same resamples of people, so that differences between them are paired. The
ceiling is made of people as resamples of the candidate are made of the candidate: halves, drawn again. A bound is
one-sided, 95 %, and no number is made up between two draws. What is not known is NaN, with the reason in words.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np

from comity.fidelity.bounds import KNOWN, UNKNOWN, Number, below, bounds
from comity.fidelity.floors import Floor
from comity.fidelity.macro import contrasts
from comity.fidelity.observations import FidelityError, Floats, Observations, Weighted
from comity.fidelity.pictured import Pictured, pictured_of
from comity.fidelity.resampling import halves, resampled, split_sessions
from comity.fidelity.statistic import LEVELS, Level, Statistic

DRAWS = 2_000
"""How often everything is drawn again, unless said."""

COPIES = 5
"""How many populations of each floor are simulated; each has the size of the candidate."""

_TIMES = 4
"""A copy of a floor has at most so many times the agents that people have."""

LEAST_CLUSTERS = 10
"""With fewer independent sessions of people no ceiling is trusted."""

LEAST_RUNS = 20
"""With fewer runs of a candidate nothing passes."""

LEAST_ROUNDS = 10
"""With fewer rounds nothing is said of the shape of a course."""

Progress: TypeAlias = Callable[[str], None]
"""Is told what is being worked out."""


@dataclass(frozen=True)
class Ceiling:
    """How far people are from people: the mean and the 95th percentile of the distance of two halves."""

    mean: float
    high: float


@dataclass(frozen=True)
class Against:
    """A cheap rule held against people by the same statistic.

    distance: how far from people the rule is. gain: that, less the candidate's distance, on the same resamples. skill:
    gain over what there is to gain, F = (d_floor - d_candidate) / (d_floor - d_ceiling), not clipped. bar: whether the
    verdict rests on it. apart: whether the rule is farther from people than people are; where it is not, nobody can do
    better than it, and skill is not known. worse: the share of resamples in which the candidate is no farther from
    people than the rule (the p-value of being worse than it). why: why nothing is known of it; empty where it is.
    """

    name: str
    distance: Number
    gain: Number
    skill: Number
    bar: bool
    apart: bool
    worse: float
    why: str = ""


@dataclass(frozen=True)
class Finding:
    """One statistic in one condition (or between two, as "A - B").

    value: the statistic. distance: the same, or its size where it is signed. candidate, people: the number of either
    where it has one; of a score, people is what halves of people score. margin: the ceiling's 95th percentile or the
    smallest effect of interest, whichever is larger. beyond: the p-value of being farther away than the margin.
    opposite: whether candidate and people show effects of opposite sign, each with certainty. reasons: why
    something is not known.
    """

    key: str
    title: str
    level: Level
    kind: Literal["distance", "signed", "score"]
    primary: bool
    condition: str
    value: Number
    distance: Number
    candidate: Number | None
    people: Number | None
    ceiling: Ceiling
    smallest: float
    margin: float
    beyond: float
    floors: tuple[Against, ...] = ()
    opposite: bool = False
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """All that was found.

    clusters: how many independent sessions of people judge, the fewest over conditions. runs: of the candidate.
    in_sample: why a verdict would be in-sample; empty where it is not. calibration: how many sessions were for tuning.
    """

    candidate: str
    people: str
    conditions: tuple[str, ...]
    findings: tuple[Finding, ...]
    pictured: tuple[Pictured, ...]
    clusters: int
    runs: int
    calibration: int
    in_sample: tuple[str, ...]
    draws: int


FOLLOWS = frozenset({"own_mean"})
"""Floors that are made from what the candidate did; all others are the same for every candidate of one size."""

Question: TypeAlias = "Statistic | _BetweenConditions"

Distances: TypeAlias = dict[str, tuple[float, Floats]]
"""By key of a statistic: the distance of a floor from people, and the same of its resamples."""

Copies: TypeAlias = tuple[Observations, ...] | str
"""A floor as populations, or why it could not be fitted."""


@dataclass(frozen=True, eq=False)
class Reference:
    """People as they are held against any candidate of one size, made once by `reference`.

    people: what judges, by condition. calibration: what tunes. again: people drawn again. apart: halves of people.
    floors: by condition and name, the copies of each, or why there are none. in_sample, smallest, untold, draws: as in
    `reference`. tuning: how many sessions tune and do not judge.
    """

    people: Mapping[str, Observations]
    calibration: Mapping[str, Observations]
    again: Mapping[str, Weighted]
    apart: Mapping[str, tuple[Weighted, Weighted]]
    floors: Mapping[str, Mapping[str, Copies]]
    makes: Mapping[str, Floor]
    statistics: tuple[Statistic, ...]
    smallest: Mapping[str, float]
    in_sample: tuple[str, ...]
    untold: Mapping[Level, str]
    tuning: int
    draws: int
    _ceilings: dict[tuple[str, str], Floats] = field(default_factory=dict)
    _distances: dict[tuple[str, str], Distances] = field(default_factory=dict)

    @property
    def clusters(self) -> int:
        """How many independent sessions judge, in the condition that has the fewest."""
        return min(len(part.sessions) for part in self.people.values())

    def untold_of(self, level: Level) -> tuple[str, ...]:
        """Why nothing may be said of a level; empty where something may."""
        return (self.untold[level],) if level in self.untold else ()

    def ceiling(self, condition: str, statistic: Statistic) -> Floats:
        """[draws]: the distance of two halves of people, or their score."""
        key = (condition, statistic.key)
        if key not in self._ceilings:
            self._ceilings[key] = _distance(statistic, *self.apart[condition], self.draws)
        return self._ceilings[key]

    def floor(self, condition: str, name: str, rng: np.random.Generator) -> Distances | str:
        """How far a floor is from people, by every statistic that looks at it; or why it could not be fitted."""
        key, copies = (condition, name), self.floors[condition][name]
        if isinstance(copies, str):
            return copies
        if key not in self._distances:
            self._distances[key] = self.distances(condition, name, copies, rng)
        return self._distances[key]

    def played(self, condition: str) -> dict[str, tuple[Observations, ...]]:
        """The floors that could be fitted."""
        return {name: copies for name, copies in self.floors[condition].items() if not isinstance(copies, str)}

    def distances(
        self, condition: str, name: str, copies: Sequence[Observations], rng: np.random.Generator
    ) -> Distances:
        """How far copies of a floor are from people; each copy is drawn again for its part of the draws, so that the
        distance varies as a candidate's does."""
        looking = [each for each in self.statistics if looks_at(each, name) and not lacking(each, copies[0])]
        people = self.people[condition].once()
        points: dict[str, list[float]] = {each.key: [] for each in looking}
        draws: dict[str, list[Floats]] = {each.key: [] for each in looking}
        for copy, part in zip(copies, np.array_split(np.arange(self.draws), len(copies)), strict=True):
            again = resampled({name: copy}, len(part), rng)[name]
            paired = Weighted(self.people[condition], self.again[condition].weights[part])
            for each in looking:
                points[each.key].append(float(_distance(each, copy.once(), people, 1)[0]))
                draws[each.key].append(_distance(each, again, paired, len(part)))
        return {key: (float(np.mean(points[key])), np.concatenate(draws[key])) for key in points}


def looks_at(statistic: Statistic, floor: str) -> bool:
    """Whether a statistic is held against a floor: primary ones against all, others against their own."""
    return statistic.kind != "score" and (statistic.primary or floor in statistic.floors)


def share_for_calibration(sessions: int) -> float:
    """A third of the sessions, or as many as leave ten to judge; none where that would be fewer than two."""
    spare = min(sessions // 3, sessions - LEAST_CLUSTERS)
    return spare / sessions if spare >= 2 else 0.0


def reference(
    people: Mapping[str, Observations],
    like: Mapping[str, Observations],
    statistics: Sequence[Statistic],
    floors: Mapping[str, Floor],
    rng: np.random.Generator,
    *,
    share: float | None = None,
    draws: int = DRAWS,
    smallest: Mapping[str, float] | None = None,
    tuned: bool = False,
    untold: Mapping[Level, str] | None = None,
) -> Reference:
    """People made ready: split, drawn again, halved, and imitated by cheap rules.

    people: by condition. like: a candidate of the size that is to be compared, by the same conditions. share: of the
    sessions, for calibration; unless said, `share_for_calibration`. smallest: the smallest effect of interest by key of
    a statistic. tuned: whether the candidate was tuned on these people. untold: levels of which nothing may be said,
    and why, such as individual differences where the rows of a person cannot be told to be hers. Raises
    `FidelityError` where people lack a condition.
    """
    missing = [name for name in like if name not in people]
    if missing or not like:
        named = f"no condition {missing[0]!r}" if missing else "nothing to be held against"
        raise FidelityError(f"people have {named}; their conditions are {', '.join(people)}")
    parts = {name: people[name] for name in like}
    fewest = min(len(part.sessions) for part in parts.values())
    share = share_for_calibration(fewest) if share is None else share
    calibration, confirmation = split_sessions(parts, share, rng)
    same = fewest < 2 or share == 0
    sizes = {name: (float(like[name].n_agents), float(part.n_agents)) for name, part in confirmation.items()}
    return Reference(
        people=confirmation,
        calibration=calibration,
        again=resampled(confirmation, draws, rng),
        apart=halves(confirmation, sizes, draws, rng),
        floors={
            name: {
                floor: _copies(make, calibration[name], like[name], confirmation[name], rng)
                for floor, make in floors.items()
                if floor not in FOLLOWS
            }
            for name in like
        },
        makes=dict(floors),
        statistics=tuple(statistics),
        smallest=dict(smallest or {}),
        in_sample=tuple(_why_in_sample(fewest, same, tuned)),
        untold=dict(untold or {}),
        tuning=0 if same else min(len(part.sessions) for part in calibration.values()),
        draws=draws,
    )


def _copies(
    make: Floor, calibration: Observations, like: Observations, people: Observations, rng: np.random.Generator
) -> Copies:
    """Copies of a floor, each about as large as the candidate, but not so small that its chance outweighs people's; or
    why it cannot be fitted to the sessions for calibration.

    They play on the design of the people who judge. A floor four times their size adds little to what chance does to
    people, so none is larger.
    """
    times = min(_TIMES, max(1, round(like.n_agents / people.n_agents)))
    try:
        return tuple(make(calibration, like, rng, times, people) for _ in range(COPIES))
    except FidelityError as error:
        return str(error)


def _why_in_sample(sessions: int, same: bool, tuned: bool) -> Iterator[str]:
    if sessions < 2:
        yield "people are one session, so that what tunes is what judges"
    elif same:
        yield "the floors were fitted on the sessions that judge"
    if tuned:
        yield "the candidate was tuned on the sessions that judge"


def compare(
    candidate: Mapping[str, Observations],
    people: Reference,
    rng: np.random.Generator,
    *,
    pictures: bool = True,
    progress: Progress | None = None,
) -> Comparison:
    """The candidate held against people: every statistic in every condition, and contrasts between conditions.

    candidate: by the conditions of people. pictures: whether what a page draws is made too. progress: is told what is
    being worked out. The same state of the generator gives the same numbers. Where candidate and people are the same
    data nothing may be said at any level. Raises `FidelityError` where a condition is not among those that the
    reference was made for.
    """
    strange = [name for name in candidate if name not in people.people]
    if strange or not candidate:
        raise FidelityError(
            f"people were made ready for {', '.join(people.people)}, not for {', '.join(strange) or '-'}"
        )
    same = _same_data(candidate, people)
    if same:
        people = replace(people, untold=dict.fromkeys(LEVELS, same))
    said = progress or (lambda _: None)
    again = resampled(candidate, people.draws, rng)
    findings: list[Finding] = []
    pictured: list[Pictured] = []
    for name, part in candidate.items():
        floors = dict(_floors_of(name, part, people, rng, said))
        for statistic in people.statistics:
            said(f"{name}: {statistic.key}")
            findings.append(_found(statistic, name, again[name], people, floors))
        if pictures:
            said(f"{name}: pictures")
            pictured.append(pictured_of(name, again[name], people.again[name], people.played(name)))
    findings.extend(_contrasts(again, people))
    return Comparison(
        candidate=next(iter(candidate.values())).population,
        people=next(iter(people.people.values())).population,
        conditions=tuple(candidate),
        findings=tuple(findings),
        pictured=tuple(pictured),
        clusters=people.clusters,
        runs=min(len(part.sessions) for part in candidate.values()),
        calibration=people.tuning,
        in_sample=people.in_sample,
        draws=people.draws,
    )


def _same_data(candidate: Mapping[str, Observations], people: Reference) -> str:
    """Whether most sessions of one side are sessions of the other, in words; empty where they are not.

    Sessions in which all chose the same all the time are no sign of it.
    """
    for name, part in candidate.items():
        judging = Counter(_sessions(people.people[name]))
        tuning = Counter(_sessions(people.calibration[name]))
        ours, theirs = Counter(_sessions(part)), judging | tuning
        shared = (ours & theirs).total()
        if 2 * shared > min(ours.total(), theirs.total()):
            whose = f"{shared} of {len(part.sessions)} sessions of the candidate in {name} are sessions of people"
            return f"{whose}, choice by choice, and nothing is learned from the same data on both sides"
    return ""


def _sessions(of: Observations) -> Iterator[bytes]:
    """Every session in which not all choices are alike, as what was chosen in it."""
    session = of.session_of[of.agent]
    order = np.argsort(session, kind="stable")
    for rows in np.split(order, np.cumsum(np.bincount(session, minlength=len(of.sessions)))[:-1]):
        known = rows[of.known[rows]]
        if len(np.unique(of.action[known])) > 1:
            yield np.column_stack([of.round[known], of.action[known]]).tobytes()


def _floors_of(
    condition: str, candidate: Observations, people: Reference, rng: np.random.Generator, said: Progress
) -> Iterator[tuple[str, Distances | str]]:
    for name, make in people.makes.items():
        said(f"{condition}: floor {name}")
        if name in FOLLOWS:
            copies = _copies(make, people.calibration[condition], candidate, people.people[condition], rng)
            yield name, copies if isinstance(copies, str) else people.distances(condition, name, copies, rng)
        else:
            yield name, people.floor(condition, name, rng)


def _found(
    statistic: Statistic, condition: str, again: Weighted, people: Reference, floors: Mapping[str, Distances | str]
) -> Finding:
    """One statistic in one condition."""
    held, judging = again.observations, people.people[condition]
    why = lacking(statistic, held) or lacking(statistic, judging)
    if why:
        return unknown_finding(statistic, condition, why)
    own = _one_side(statistic, held.once(), again)
    theirs = _one_side(statistic, judging.once(), people.again[condition])
    if statistic.kind == "score":
        value = _number(
            statistic.of(held.once(), judging.once()),
            _wide(statistic.of(again, people.again[condition]), people.draws),
        )
        scored = _finding(statistic, condition, value, UNKNOWN, own, theirs or _of_halves(people, condition, statistic))
        return replace(scored, reasons=people.untold_of(statistic.level))
    point = statistic.of(held.once(), judging.once())
    draws = _wide(statistic.of(again, people.again[condition]), people.draws)
    halves_apart = people.ceiling(condition, statistic)
    smallest = people.smallest.get(statistic.key, 0.0)
    found = _held(statistic, condition, point, draws, halves_apart, smallest)
    found = replace(found, reasons=(*found.reasons, *people.untold_of(statistic.level)))
    if math.isnan(found.margin) or math.isnan(found.distance.high):
        return replace(found, candidate=own, people=theirs)
    distance = np.abs(draws) if statistic.kind == "signed" else draws
    against = tuple(
        _unfitted(name, statistic, far)
        if isinstance(far, str)
        else _against(name, statistic, far[statistic.key], found, distance)
        for name, far in floors.items()
        if (looks_at(statistic, name) if isinstance(far, str) else statistic.key in far)
    )
    return replace(found, candidate=own, people=theirs, floors=against)


def _of_halves(people: Reference, condition: str, statistic: Statistic) -> Number:
    """What people score against people."""
    scores = people.ceiling(condition, statistic)
    return Number(_mean(scores[~np.isnan(scores)]), *bounds(scores))


def _held(
    statistic: Question, condition: str, point: Floats, draws: Floats, halves_apart: Floats, smallest: float
) -> Finding:
    """A distance from people with its margin. What is signed lies within a margin where both of its bounds do."""
    signed = statistic.kind == "signed"
    value = _number(point, draws)
    sizes = np.abs(draws) if signed else draws
    low, high = bounds(sizes)
    if signed:
        # Zero lies between the bounds of what may have either sign; then nothing is known to be away from it.
        low = 0.0 if value.low <= 0 <= value.high else min(abs(value.low), abs(value.high))
        high = max(abs(value.low), abs(value.high))
    known = halves_apart[~np.isnan(halves_apart)]
    enough = len(known) >= KNOWN * len(halves_apart)
    ceiling = Ceiling(float(_mean(known)), bounds(halves_apart)[1]) if enough else Ceiling(math.nan, math.nan)
    margin = max(ceiling.high, smallest)
    reasons = []
    if not enough:
        reasons.append("it is not known for halves of people, so there is no ceiling")
    if math.isnan(value.high):
        reasons.append("it is not known in most resamples of the candidate or of people")
    found = _finding(statistic, condition, value, Number(abs(value.value), low, high), None, None)
    return replace(
        found,
        ceiling=ceiling,
        smallest=smallest,
        margin=margin if enough else math.nan,
        beyond=_beyond(draws, margin, signed) if enough else math.nan,
        reasons=tuple(reasons),
    )


def _beyond(draws: Floats, margin: float, signed: bool) -> float:
    """The p-value of being farther away than the margin; of what is signed, on the side where it is."""
    known = draws[~np.isnan(draws)]
    if not len(known):
        return math.nan
    return min(below(known, margin), below(-known, margin)) if signed else below(known, margin)


def _against(
    name: str, statistic: Question, distances: tuple[float, Floats], found: Finding, candidate: Floats
) -> Against:
    point, draws = distances
    gain = draws - candidate
    room = draws - found.ceiling.mean
    skill = np.divide(gain, room, out=np.full(len(gain), np.nan), where=room > 0)
    low, _ = bounds(draws)
    apart = bool(point > found.ceiling.high and low > found.ceiling.mean)
    over = (point - found.distance.value) / (point - found.ceiling.mean) if apart else math.nan
    known = gain[~np.isnan(gain)]
    return Against(
        name=name,
        distance=Number(point, *bounds(draws)),
        gain=Number(point - found.distance.value, *bounds(gain)),
        skill=Number(over, *bounds(skill)) if apart else UNKNOWN,
        bar=name in statistic.floors,
        apart=apart,
        worse=below(-known, 0.0) if len(known) else math.nan,
    )


def _unfitted(name: str, statistic: Statistic, why: str) -> Against:
    """A floor that could not be fitted; who cannot be held against it has not beaten it."""
    return Against(name, UNKNOWN, UNKNOWN, UNKNOWN, name in statistic.floors, False, math.nan, why)


def lacking(statistic: Statistic, of: Observations) -> str:
    """What observations lack for a statistic to be known, in words; empty where they have all."""
    columns = {"own": "last actions", "neighbours": "what neighbours did", "degree": "degrees", "pay": "payoffs"}
    for need, named in columns.items():
        if need in statistic.needs and np.isnan(getattr(of, need)).all():
            return f"{of.population} in {of.condition} has no record of {named}"
    if "links" in statistic.needs and of.links is None:
        return f"who met whom is not known of {of.population} in {of.condition}"
    if "rounds" in statistic.needs and of.n_rounds < LEAST_ROUNDS:
        return f"{of.population} in {of.condition} has {of.n_rounds} rounds; it takes {LEAST_ROUNDS}"
    return ""


def _distance(statistic: Statistic, candidate: Weighted, human: Weighted, n: int) -> Floats:
    """[n]: the size of a statistic."""
    found = _wide(statistic.of(candidate, human), n)
    return np.abs(found) if statistic.kind == "signed" else found


def _one_side(statistic: Statistic, once: Weighted, again: Weighted) -> Number | None:
    if statistic.value is None:
        return None
    return _number(statistic.value(once), _wide(statistic.value(again), again.n_draws))


def _number(point: Floats, draws: Floats) -> Number:
    return Number(float(point[0]), *bounds(draws))


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else math.nan


def _wide(draws: Floats, n: int) -> Floats:
    return np.broadcast_to(draws, (n,)) if len(draws) == 1 else draws


def _finding(
    statistic: Question, condition: str, value: Number, distance: Number, own: Number | None, theirs: Number | None
) -> Finding:
    return Finding(
        key=statistic.key,
        title=statistic.title,
        level=statistic.level,
        kind=statistic.kind,
        primary=statistic.primary,
        condition=condition,
        value=value,
        distance=distance,
        candidate=own,
        people=theirs,
        ceiling=Ceiling(math.nan, math.nan),
        smallest=0.0,
        margin=math.nan,
        beyond=math.nan,
    )


def unknown_finding(statistic: Question, condition: str, why: str) -> Finding:
    """A finding of which nothing is known, and why."""
    return replace(_finding(statistic, condition, UNKNOWN, UNKNOWN, None, None), reasons=(why,))


def _contrasts(again: Mapping[str, Weighted], people: Reference) -> Iterator[Finding]:
    """M7: by how much a change of condition changes the mean, for every pair of conditions; see `macro.contrasts`.

    The difference is delta_S - delta_E, and the floor is no effect at all.
    """
    if len(again) < 2:
        return
    once = {name: each.observations.once() for name, each in again.items()}
    truth = {name: people.people[name].once() for name in again}
    drawn = contrasts(again, {name: people.again[name] for name in again})
    point = contrasts(once, truth, drawn.pairs)
    split = [{name: people.apart[name][half] for name in again} for half in (0, 1)]
    halved = contrasts(split[0], split[1], drawn.pairs)
    smallest = people.smallest.get(CONTRAST.key, 0.0)
    for place, (first, second) in enumerate(drawn.pairs):
        own, theirs = drawn.candidate[:, place], drawn.human[:, place]
        gap = point.candidate[:, place] - point.human[:, place]
        found = _held(CONTRAST, f"{first} - {second}", gap, own - theirs, halved.gaps[:, place], smallest)
        candidate, judged = _number(point.candidate[:, place], own), _number(point.human[:, place], theirs)
        none = (abs(judged.value), np.abs(theirs))
        yield replace(
            found,
            candidate=candidate,
            people=judged,
            reasons=(*found.reasons, *people.untold_of("macro")),
            opposite=candidate.low > 0 > judged.high or candidate.high < 0 < judged.low,
            floors=(_against("no_effect", CONTRAST, none, found, np.abs(own - theirs)),),
        )


@dataclass(frozen=True)
class _BetweenConditions:
    """A question about conditions together, told as a statistic is."""

    key: str
    title: str
    level: Level
    kind: Literal["signed"]
    primary: bool
    floors: tuple[str, ...]


CONTRAST = _BetweenConditions("M7", "contrast between conditions", "macro", "signed", True, ("no_effect",))
