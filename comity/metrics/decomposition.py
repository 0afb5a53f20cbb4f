"""What is lost, and to which side of an agent: automate each side, alone and with others, on the same environment.

A match is one condition of a unit: the same game, replicate, repeat and agents, with some sides automated. What its
players are paid on average, in score, is the value of that set of sides. The loss is what all sides together would add;
each side's part of it is its Shapley value, so the parts sum to the loss exactly. How far they may be off follows from
how they differ between units; of exchanges, between worlds, since one that is played again is no other.

Whoever sees things wrongly asks, answers and hands in wrongly, so to automate any of these hides a fault of seeing.
Perceiving is therefore automated before the others: what it adds is its own, and what the others add is what is left.
A reply that cannot be read is no side: it is asked for again and never a move, so it shows as a rate (`malformed`) and
as a forfeited match, which has no score, and not in a loss.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.core.errors import ComityError
from comity.metrics.exchange import exchange_of
from comity.records.spec import Cell, Spec
from comity.records.tables import Tables
from comity.stats.estimate import Estimate, combined, mean_of
from comity.stats.shapley import interaction, shapley

AUTOMATION = "automation"
"""The mechanism that takes sides over in an exchange."""
ASSISTED = "assisted"
"""The strategy for which some decisions of another one are made."""
PERCEIVE = "perceive"
"""The side on which all others depend."""

Sides: TypeAlias = frozenset[str]
Unit: TypeAlias = tuple[str, str, int]


class NotDecomposable(ComityError):
    """The matches are no factorial of automated sides; the message says what is missing."""


@dataclass(frozen=True)
class Helped:
    """An agent some of whose decisions are made for it: the label of the agent it is otherwise, and which."""

    base: str
    sides: Sides


@dataclass(frozen=True)
class Loss:
    """The loss of one composition of agents under one condition.

    condition: the mechanisms without the automation. agents: who played. whose: the numbers of the agents whose sides
    are automated, from 1; empty is everybody's. sides: in their order. values: for every unit and every subset of the
    sides (see `comity.stats.shapley`) the mean score.
    """

    condition: str
    agents: tuple[str, ...]
    whose: tuple[int, ...]
    sides: tuple[str, ...]
    values: NDArray[np.float64]

    @property
    def units(self) -> int:
        """How many environments it rests on."""
        return len(self.values)

    @property
    def own(self) -> Part:
        """The score with nothing automated."""
        return part_of("nothing automated", self.values[:, 0])

    @property
    def whole(self) -> Part:
        """The score with everything automated."""
        return part_of("all automated", self.values[:, -1])

    @property
    def total(self) -> Part:
        """What automating everything adds."""
        return part_of("loss", self.values[:, -1] - self.values[:, 0])

    @property
    def parts(self) -> list[Part]:
        """What of it is due to each side, perceiving first."""
        found = shapley(self.values, [place for place, side in enumerate(self.sides) if side == PERCEIVE])
        return [part_of(side, found[:, place]) for place, side in enumerate(self.sides)]

    @property
    def alone(self) -> list[Part]:
        """What automating each side alone adds."""
        return [part_of(side, self.values[:, 1 << place] - self.values[:, 0]) for place, side in enumerate(self.sides)]

    @property
    def interactions(self) -> list[Part]:
        """How much more each two sides add together than each by itself."""
        pairs = combinations(range(len(self.sides)), 2)
        return [
            part_of(f"{self.sides[one]} with {self.sides[other]}", interaction(self.values, one, other))
            for one, other in pairs
        ]


@dataclass(frozen=True)
class Part:
    """A number over units, with what it is called."""

    name: str
    estimate: Estimate


def part_of(name: str, values: NDArray[np.float64]) -> Part:
    """The mean of one value per unit, with Student's interval; none where there is one unit."""
    return Part(name, combined([mean_of(values)], [1.0]))


def helped(agents: Iterable[tuple[str, Spec | None]]) -> dict[str, Helped]:
    """The agents whose field `assists` names sides that are taken over, by label.

    Their base is the agent whose other fields are the same, with no such field or an empty one; for the strategy
    `assisted` it may be the strategy itself that it is otherwise.
    """
    known = [(label, spec) for label, spec in agents if spec is not None]
    plain: dict[Spec | None, str] = {
        _without(spec): label for label, spec in known if not spec.parameters.get("assists")
    }
    return {
        label: Helped(plain.get(_without(spec)) or plain.get(_otherwise(spec), label), frozenset(sides))
        for label, spec in known
        if (sides := spec.parameters.get("assists"))
    }


def _without(spec: Spec) -> Spec:
    return Spec(spec.name, tuple((key, value) for key, value in spec.fields if key != "assists"))


def _otherwise(spec: Spec) -> Spec | None:
    """The strategy that an assisted one is otherwise, where it is called by its name alone."""
    own = spec.parameters.get("of")
    return Spec(own) if spec.name == ASSISTED and isinstance(own, str) else None


@dataclass(frozen=True)
class _Automated:
    """What is automated in a match. whose: by number, empty for everybody. how: whatever else says how it is done."""

    sides: Sides = frozenset()
    whose: tuple[int, ...] = ()
    how: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class _Value:
    """One match: what it is a value of, and the value. draw: what was drawn for it, its world or else its unit."""

    condition: str
    agents: tuple[str, ...]
    unit: Unit
    draw: Hashable
    automated: _Automated
    score: float


def losses(tables: Tables, cells: Iterable[Cell], assists: Mapping[str, Helped] | None = None) -> list[Loss]:
    """The loss of every composition under every condition in which sides are automated.

    Where sides are automated for some agents only, or in several ways, each is a loss of its own, of which the matches
    with nothing automated are part. assists: see `helped`. Raises `NotDecomposable` where nothing is automated, or some
    subset of the sides was never played.
    """
    values = list(_values(tables, tuple(cells), assists or {}))
    groups: dict[tuple[str, tuple[str, ...], tuple[int, ...], Any], list[_Value]] = {}
    for value in values:
        if value.automated.sides:
            key = (value.condition, value.agents, value.automated.whose, value.automated.how)
            groups.setdefault(key, []).append(value)
    if not groups:
        raise NotDecomposable(
            "no side of any agent is automated in these matches: put the mechanism 'automation' into a stack, or give "
            "an agent the field 'assists'"
        )
    plain: dict[tuple[str, tuple[str, ...]], list[_Value]] = {}
    for value in values:
        if not value.automated.sides:
            plain.setdefault((value.condition, value.agents), []).append(value)
    return [
        _loss(condition, agents, whose, [*plain.get((condition, agents), []), *group])
        for (condition, agents, whose, _), group in groups.items()
    ]


def _values(tables: Tables, cells: Sequence[Cell], assists: Mapping[str, Helped]) -> Iterator[_Value]:
    """Every finished match whose automation is that of its stack or of its agents, and not of both."""
    by_key = {(cell.mechanism_label, cell.game_label): cell for cell in cells}
    scores = tables.outcomes.groupby("match")["score"].mean()
    agents = tables.outcomes.sort_values("player").groupby("match")["agent"].agg(tuple)
    finished = tables.matches[tables.matches["status"] == "finished"]
    columns = (finished[name] for name in ("match", "mechanism", "game", "replicate", "repeat"))
    for match, mechanism, game, replicate, repeat in zip(*columns, strict=True):
        cell, who = by_key.get((mechanism, game)), agents[match]
        automated = None if cell is None else _automated(cell, who, assists)
        if cell is None or automated is None:
            continue
        bases = tuple(assists[label].base if label in assists else label for label in who)
        unit, exchange = (game, replicate, int(repeat)), exchange_of(cell)
        draw = unit if exchange is None else exchange.world
        yield _Value(_condition(cell), bases, unit, draw, automated, float(scores[match]))


def _automated(cell: Cell, agents: Sequence[str], assists: Mapping[str, Helped]) -> _Automated | None:
    """What is automated in a match; None where it is not the same for all of whom something is."""
    of_stack = next((_of_spec(spec) for spec in cell.stack if spec.name == AUTOMATION), _Automated())
    helping = {number: assists[label].sides for number, label in enumerate(agents, start=1) if label in assists}
    if not helping:
        return of_stack
    if of_stack.sides or len(set(helping.values())) > 1:
        return None
    whose = () if len(helping) == len(agents) else tuple(helping)
    return _Automated(next(iter(helping.values())), whose)


def _of_spec(spec: Spec) -> _Automated:
    fields = spec.parameters
    how = tuple((name, value) for name, value in spec.fields if name not in ("sides", "agents"))
    return _Automated(frozenset(fields.get("sides", ())), tuple(fields.get("agents", ())), how)


def _condition(cell: Cell) -> str:
    """What a cell is called without its automation: the mechanisms that are left."""
    left = [spec for spec in cell.stack if spec.name != AUTOMATION]
    return "+".join(_told(spec) for spec in left) or "none"


def _told(spec: Spec) -> str:
    fields = ", ".join(f"{key}={value}" for key, value in spec.fields)
    return f"{spec.name}({fields})" if fields else spec.name


def _loss(condition: str, agents: tuple[str, ...], whose: tuple[int, ...], values: Sequence[_Value]) -> Loss:
    sides = tuple(sorted(frozenset().union(*(value.automated.sides for value in values))))
    rows = pd.DataFrame(
        {
            "unit": [value.unit for value in values],
            "sides": [value.automated.sides for value in values],
            "score": [value.score for value in values],
        }
    )
    by_unit = rows.pivot_table(index="unit", columns="sides", values="score", aggfunc="mean", sort=False)
    subsets = [_subset(sides, number) for number in range(1 << len(sides))]
    missing = [subset for subset in subsets if subset not in by_unit.columns]
    if missing:
        named = " and ".join(sorted(missing[0])) or "nothing"
        plain = "" if missing[0] else " (the stack without 'automation', or the agent without 'assists')"
        raise NotDecomposable(
            f"{condition}: {len(missing)} of the {len(subsets)} sets of {', '.join(sides)} were not played, such as "
            f"{named} automated{plain}; a decomposition needs all of them"
        )
    whole = by_unit[subsets].dropna()
    if not len(whole):
        raise NotDecomposable(f"{condition}: no environment was played under every set of {', '.join(sides)}")
    draws = {value.unit: value.draw for value in values}
    places = {draw: place for place, draw in enumerate(dict.fromkeys(draws.values()))}  # pandas takes a tuple for a key
    drawn = np.array([places[draws[unit]] for unit in whole.index])
    table = whole.groupby(drawn, sort=False).mean().to_numpy(dtype=float)
    return Loss(condition, agents, whose, sides, table)


def _subset(sides: Sequence[str], number: int) -> Sides:
    return frozenset(side for place, side in enumerate(sides) if number >> place & 1)
