"""Exchanges of runs in tables, by condition, agent, pair of agents or round, and what conditions change."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from math import fsum, nan
from statistics import fmean
from typing import Any, TypeAlias

from comity.core.decision import Fact
from comity.core.errors import ComityError
from comity.core.flow import Flow
from comity.core.match import Match, replay
from comity.core.outcome import Outcome
from comity.games.exchange.game import Exchange
from comity.games.exchange.log import Log
from comity.metrics.exchange import Measures, by_round, exchange_of, logs_in, pairs
from comity.metrics.helpfulness import helpfulness, of_published, reference
from comity.metrics.result import or_none
from comity.records.record import Record
from comity.records.store import RunFile
from comity.stats.estimate import Estimate, combined, mean_of
from comity.stats.multiplicity import holm

Unit: TypeAlias = tuple[str, str, int]
"""An environment: the label of its game, the replicate, the repeat."""
Read: TypeAlias = tuple[int, int]
"""How many replies of a model could not be read, and how many there were."""
Replies: TypeAlias = Mapping[tuple[str, tuple[str, ...]], Mapping[str, Read]]
"""For each mechanism and composition of agents what became of the replies of every model."""

UNREADABLE = frozenset({"malformed", "illegal", "truncated", "refusal", "filtered"})
"""The causes of a forfeit that a reply was there and said no turn."""


class NoExchange(ComityError):
    """These runs hold no finished exchange."""


class NotPaired(ComityError):
    """Conditions cannot be compared: there is no such baseline, or no environment in common."""


@dataclass(frozen=True)
class Played:
    """One exchange in a finished match of a run.

    mechanism: by label, with what is otherwise where exchanges of several rules were played under it. agents: who sat
    where, by label. under: the label alone.
    """

    mechanism: str
    unit: Unit
    agents: tuple[str, ...]
    game: Exchange
    log: Log
    under: str

    def measures(self, agent: int | None = None) -> dict[str, float | None]:
        """Every measure of all agents, or of one by its number."""
        return self._together if agent is None else Measures(self.game, self.log, agent).all()

    @cached_property
    def _together(self) -> dict[str, float | None]:
        return Measures(self.game, self.log).all()


# Reading


def unseen(record: Record) -> Match:
    """The match played again in less time than it took: nobody is shown anything. Raises `Diverged`."""
    game = record.match.cell.built
    return record.agreeing(replay(_Unseen(game) if isinstance(game, Exchange) else game, record.choices))


@dataclass(frozen=True)
class _Unseen:
    """An exchange whose agents see nothing, and do what they have done."""

    game: Exchange

    @property
    def n_players(self) -> int:
        return self.game.n_players

    @property
    def rules(self) -> tuple[Fact, ...]:
        return self.game.rules

    def play(self) -> Flow[Outcome]:
        return self.game.play(shown=False)


def played_by(runs: Sequence[RunFile], again: Callable[[Record], Match] = unseen) -> list[Played]:
    """Every finished exchange of these runs, each played again once; environments of different runs are not the same.

    A match in which an exchange was repeated has several. again: how a record is played again. Raises `NoExchange`, and
    `Diverged` where a record does not follow from the rules.
    """
    places = [place if len(runs) > 1 else None for place in range(len(runs))]
    return _some([one for place, run in zip(places, runs, strict=True) for one in _of_run(run, place, again)])


def _of_run(run: RunFile, place: int | None, again: Callable[[Record], Match]) -> Iterator[Played]:
    for record in run.records():
        game = exchange_of(record.match.cell)
        if game is not None and record.status == "finished":
            spec = record.match
            replicate = spec.replicate if place is None else f"{place + 1}: {spec.replicate}"
            unit = (spec.cell.game_label, replicate, spec.repeat)
            for players, log in logs_in(again(record)):
                who = tuple([spec.agents[player] for player in players])
                yield Played(spec.cell.mechanism_label, unit, who, game, log, spec.cell.mechanism_label)


def _some(found: list[Played]) -> list[Played]:
    if not found:
        raise NoExchange("there is no finished exchange in these runs")
    return _told_apart(found)


_CONDITIONS = frozenset({"instructions", "stories", "visibility", "automation", "bonus"})
"""What of an exchange the mechanisms change; the rest, but for the world, are its rules."""
_RULES = tuple(field.name for field in fields(Exchange) if field.name not in {"world", *_CONDITIONS})


def _told_apart(found: list[Played]) -> list[Played]:
    """With the rules in the label of a mechanism under which they were not always the same, as with several copies."""
    known: dict[str, dict[str, set[Any]]] = defaultdict(lambda: defaultdict(set))
    for one in found:
        for rule in _RULES:
            known[one.under][rule].add(getattr(one.game, rule))
    differ = {under: [rule for rule, values in of.items() if len(values) > 1] for under, of in known.items()}
    return [replace(one, mechanism=_labelled(one, differ[one.under])) for one in found]


def _labelled(one: Played, rules: Sequence[str]) -> str:
    said = ", ".join(f"{rule} = {getattr(one.game, rule)}" for rule in rules)
    return f"{one.under} ({said})" if said else one.under


def replies(runs: Sequence[RunFile]) -> Replies:
    """How many replies of models could not be read, and how many there were, in forfeited matches too.

    Whoever is asked again in the same place has given a reply that could not be read; so has who forfeits for it.
    """
    found: dict[tuple[str, tuple[str, ...]], dict[str, Read]] = defaultdict(dict)
    for run in runs:
        calls = [call.draw for call in run.calls()]
        by_key = {record.match.key(run.header.seed): record for record in run.records()} if calls else {}
        for draw in calls:
            if draw.key in by_key:
                _count(found[_condition(by_key[draw.key])], draw.who, int(draw.ask > 0), 1)
        for record in by_key.values():
            if record.failure is not None and record.failure.cause in UNREADABLE:
                _count(found[_condition(record)], record.match.agents[record.failure.player], 1, 0)
    return found


def _condition(record: Record) -> tuple[str, tuple[str, ...]]:
    return record.match.cell.mechanism_label, record.match.agents


def _count(found: dict[str, Read], agent: str, unread: int, every: int) -> None:
    before = found.get(agent, (0, 0))
    found[agent] = (before[0] + unread, before[1] + every)


# Tables


def by_condition(found: Sequence[Played], read: Replies | None = None) -> list[dict[str, Any]]:
    """For every mechanism and composition of agents the means of all measures over its worlds.

    What was played several times in a world counts as one, its mean: only worlds are drawn anew.
    Beside them `tasks_low` and `tasks_high`, Student's 95 % interval of the tasks; `of_204`, their share of the
    published reference, None unless the rules are the published ones; `score`, where they lie between floor and oracle
    (`Reference.share`, world by world, None where undefined), with its interval; and `helpfulness` with its interval.
    `malformed` is the share of replies that could not be read. read: see `replies`; None where there are no models.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[Played]] = defaultdict(list)
    for one in found:
        groups[one.mechanism, one.agents].append(one)
    return [
        {
            "mechanism": mechanism,
            "agents": called(who),
            "worlds": _worlds(of),
            **_summary(of),
            "malformed": _rate((read or {}).get((of[0].under, who), {}).values()),
        }
        for (mechanism, who), of in groups.items()
    ]


def _summary(found: Sequence[Played]) -> dict[str, float | None]:
    worlds: dict[int, list[Played]] = defaultdict(list)
    for one in found:
        worlds[one.game.world].append(one)
    each = [_means([one.measures() for one in of]) for of in worlds.values()]
    games = [of[0].game for of in worlds.values()]
    tasks = [float(measures["tasks"] or 0) for measures in each]
    shares = [reference(game).share(count) for game, count in zip(games, tasks, strict=True)]
    published = [of_published(game, count) for game, count in zip(games, tasks, strict=True)]
    fitted = helpfulness(games, tasks)
    return {
        **{name: mean(measures[name] for measures in each) for name in each[0]},
        **_interval("tasks", tasks),
        "of_204": mean(published),
        "score": mean(shares),
        **_interval("score", [share for share in shares if share is not None]),
        "helpfulness": fitted.p,
        "helpfulness_low": fitted.low,
        "helpfulness_high": fitted.high,
    }


def _means(each: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """The mean of every measure."""
    return {name: mean(measures[name] for measures in each) for name in each[0]}


def _worlds(found: Iterable[Played]) -> int:
    """How many worlds these were played in."""
    return len({one.game.world for one in found})


def _interval(name: str, values: Sequence[float]) -> dict[str, float | None]:
    """Student's 95 % interval of the mean; nothing where there is one value."""
    estimate = combined([mean_of(values)], [1.0]) if values else None
    low, high = (None, None) if estimate is None else (or_none(estimate.low), or_none(estimate.high))
    return {f"{name}_low": low, f"{name}_high": high}


def _rate(reads: Iterable[Read]) -> float | None:
    """The share of replies that could not be read."""
    every = list(reads)
    total = sum(replies for _, replies in every)
    return sum(unread for unread, _ in every) / total if total else None


def by_agent(found: Sequence[Played], read: Replies | None = None) -> list[dict[str, Any]]:
    """For every mechanism and agent the means of its own measures over its seats and worlds. read: see `replies`."""
    groups: dict[tuple[str, str], list[dict[str, float | None]]] = defaultdict(list)
    for one in found:
        for number, agent in enumerate(one.agents, start=1):
            groups[one.mechanism, agent].append(one.measures(number))
    return [
        {
            "mechanism": mechanism,
            "agent": agent,
            "seats": len(each),
            **{name: mean(measures[name] for measures in each) for name in each[0] if name != "inequality"},
            "malformed": _rate(
                of[agent] for (under, _), of in (read or {}).items() if under == mechanism and agent in of
            ),
        }
        for (mechanism, agent), each in groups.items()
    ]


def by_pair(found: Sequence[Played]) -> list[dict[str, Any]]:
    """For every mechanism, and every seat towards every other, who asked and who helped whom: means over worlds.

    `response` is the share of all requests that were answered truthfully, over all worlds together. Seats are told
    apart, since equal agents may sit in several.
    """
    groups: dict[tuple[str, str, int, str, int], list[dict[str, int]]] = defaultdict(list)
    worlds: dict[tuple[str, str, int, str, int], set[int]] = defaultdict(set)
    for one in found:
        for pair in pairs(one.game, one.log):
            key = (one.mechanism, one.agents[pair.by - 1], pair.by, one.agents[pair.to - 1], pair.to)
            groups[key].append({name: getattr(pair, name) for name in _OF_A_PAIR})
            worlds[key].add(one.game.world)
    return [
        {
            "mechanism": mechanism,
            "agent": agent,
            "seat": seat,
            "helps": other,
            "helps_seat": place,
            "worlds": len(worlds[mechanism, agent, seat, other, place]),
            **{name: mean(counts[name] for counts in each) for name in _OF_A_PAIR},
            "response": _ratio(each, "answered", "asked"),
        }
        for (mechanism, agent, seat, other, place), each in groups.items()
    ]


_OF_A_PAIR = ("asked", "answered", "sent", "useful", "false")


def _ratio(counts: Sequence[Mapping[str, int]], part: str, whole: str) -> float | None:
    total = sum(count[whole] for count in counts)
    return sum(count[part] for count in counts) / total if total else None


def of_rounds(found: Sequence[Played]) -> list[dict[str, Any]]:
    """For every mechanism and composition of agents the course of time: means over worlds, round by round."""
    groups: dict[tuple[str, tuple[str, ...], int], list[dict[str, float | None]]] = defaultdict(list)
    worlds: dict[tuple[str, tuple[str, ...]], set[int]] = defaultdict(set)
    for one in found:
        worlds[one.mechanism, one.agents].add(one.game.world)
        for round in by_round(one.game, one.log):
            values = {field.name: getattr(round, field.name) for field in fields(round) if field.name != "round"}
            groups[one.mechanism, one.agents, round.round].append(values)
    return [
        {
            "mechanism": mechanism,
            "agents": called(who),
            "round": number,
            "worlds": len(worlds[mechanism, who]),
            **_means(each),
        }
        for (mechanism, who, number), each in groups.items()
    ]


# Interventions


@dataclass(frozen=True)
class Effect:
    """How much more a measure is under a condition than under the baseline, world by world.

    baseline, value: the means over the worlds that both have. difference: with Student's 95 % interval over them.
    change: relative to the baseline, None where that is 0. p_holm: of no difference, corrected for all effects of the
    table (Holm 1979), NaN where nothing can be told. worlds: how many it rests on.
    """

    mechanism: str
    agents: tuple[str, ...]
    worlds: int
    baseline: float
    value: float
    difference: Estimate
    p_holm: float

    @property
    def change(self) -> float | None:
        return self.difference.value / abs(self.baseline) if self.baseline else None


def effects(found: Sequence[Played], against: str = "none", measure: str = "tasks") -> list[Effect]:
    """The effect of every condition, for every composition of agents that also played the baseline.

    against: the label of the baseline. measure: a name in `Measures.all`, or "score"; environments where it is not
    defined in both do not count. Raises `NotPaired` where there is no such baseline or nothing to compare with it.
    """
    values = _values(found, measure)
    baselines = {one.mechanism for one in found if against in (one.under, one.mechanism)}
    if not baselines:
        known = dict.fromkeys(one.under for one in found)
        raise NotPaired(f"no exchange was played under {against!r}; there are {', '.join(map(repr, known))}")
    listed = [
        effect
        for (mechanism, agents), by_place in values.items()
        if mechanism not in baselines
        for effect in _effect(mechanism, agents, by_place, _joined(values, baselines, agents), _step(measure))
    ]
    if not listed:
        raise NotPaired(
            f"nothing can be compared with {against!r}: the same agents played nothing else in the same world"
        )
    corrected = holm([effect.difference.p for effect in listed]).tolist()
    return [replace(effect, p_holm=p) for effect, p in zip(listed, corrected, strict=True)]


Place: TypeAlias = tuple[int, Unit]
"""A world, and the environment that it is in."""
_Values: TypeAlias = Mapping[Place, Sequence[float]]


def _values(found: Sequence[Played], measure: str) -> dict[tuple[str, tuple[str, ...]], dict[Place, list[float]]]:
    values: dict[tuple[str, tuple[str, ...]], dict[Place, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in found:
        value = _value(one, measure)
        of = values[one.mechanism, one.agents]
        if value is not None:
            of[one.game.world, one.unit].append(value)
    return values


def _joined(
    values: Mapping[tuple[str, tuple[str, ...]], _Values], mechanisms: Iterable[str], agents: tuple[str, ...]
) -> _Values:
    """What the agents did under any of these mechanisms."""
    return {place: of for name in mechanisms for place, of in values.get((name, agents), {}).items()}


def _value(one: Played, measure: str) -> float | None:
    known = one.measures()
    if measure == "score":
        return reference(one.game).share(float(known["tasks"] or 0))
    if measure not in known:
        raise NotPaired(f"there is no measure {measure!r}; there are {', '.join((*known, 'score'))}")
    return known[measure]


_COUNTS = frozenset({"tasks", "held_back", "unsolicited", "useless"})


def _step(measure: str) -> float:
    """The smallest difference that two worlds can show; NaN where it is not known (see `stats.estimate.seen`)."""
    return 1.0 if measure in _COUNTS else nan


def _effect(mechanism: str, agents: tuple[str, ...], under: _Values, without: _Values, step: float) -> Iterator[Effect]:
    """The effect, where there is a world in common; in a world in which several matches are in common, their mean.

    Worlds that agree in a difference do not make it certain, so it then moves in steps; where nothing changes in any of
    them there is no difference.
    """
    pairs: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for place in under:
        if place in without:
            pairs[place[0]].append((fmean(without[place]), fmean(under[place])))
    if pairs:
        before, after = zip(*(map(fmean, zip(*each, strict=True)) for each in pairs.values()), strict=True)
        differences = [value - was for was, value in zip(before, after, strict=True)]
        mean_difference = mean_of(differences, step if any(differences) else 0.0)
        estimate = combined([mean_difference], [1.0])
        yield Effect(mechanism, agents, len(pairs), fmean(before), fmean(after), estimate, nan)


# Words


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of the values that are defined; None where none is."""
    known = [value for value in values if value is not None]
    return fsum(known) / len(known) if known else None


def called(agents: Sequence[str]) -> str:
    """Who plays, each once, with how many there are of it."""
    counts = Counter(agents)
    return ", ".join(agent if count == 1 else f"{agent} x{count}" for agent, count in counts.items())
