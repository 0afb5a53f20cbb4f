"""What is lost, and to which side of an agent: automate each side, alone and with others, on the same environment.

A match is one condition of a unit: the same game, replicate, repeat and agents, with some sides automated. What its
players are paid on average, in score, is the value of that set of sides. The loss is what all sides together would add;
each side's part of it is its Shapley value, so the parts sum to the loss exactly. How far they may be off follows from
how they differ between units.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from comity.core.errors import ComityError
from comity.records.spec import Cell, Spec
from comity.records.tables import Tables
from comity.stats.estimate import Estimate, combined, mean_of
from comity.stats.shapley import interaction, shapley

AUTOMATION = "automation"
"""The mechanism that takes sides over for everybody."""

Sides: TypeAlias = frozenset[str]


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

    condition: the mechanisms without the automation. agents: who played. sides: in their order. values: for every unit
    and every subset of the sides (see `comity.stats.shapley`) the mean score.
    """

    condition: str
    agents: tuple[str, ...]
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
        """What of it is due to each side."""
        found = shapley(self.values)
        return [part_of(side, found[:, place]) for place, side in enumerate(self.sides)]

    @property
    def alone(self) -> list[Part]:
        """What automating each side alone adds."""
        return [
            part_of(side, self.values[:, 1 << place] - self.values[:, 0]) for place, side in enumerate(self.sides)
        ]

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
    """The agents whose fields name sides that are taken over, by label; their base is who is like them without."""
    known = [(label, spec) for label, spec in agents if spec is not None]
    plain = {_without(spec): label for label, spec in known if not spec.parameters.get("assists")}
    return {
        label: Helped(plain.get(_without(spec), label), frozenset(sides))
        for label, spec in known
        if (sides := spec.parameters.get("assists"))
    }


def _without(spec: Spec) -> Spec:
    return Spec(spec.name, tuple((key, value) for key, value in spec.fields if key != "assists"))


def losses(tables: Tables, cells: Iterable[Cell], assists: Mapping[str, Helped] | None = None) -> list[Loss]:
    """The loss of every composition under every condition in which sides are automated.

    assists: see `helped`. Raises `NotDecomposable` where nothing is automated, or some subset of the sides was never
    played.
    """
    rows = pd.DataFrame(_rows(tables, tuple(cells), assists or {}))
    if rows.empty or not rows["sides"].map(bool).any():
        raise NotDecomposable(
            "no side of any agent is automated in these matches: put the mechanism 'automation' into a stack, or give an "
            "agent the field 'assists'"
        )
    return [
        found
        for (condition, agents), group in rows.groupby(["condition", "agents"], sort=False)
        if (found := _loss(condition, agents, group)) is not None
    ]


def _rows(tables: Tables, cells: Sequence[Cell], assists: Mapping[str, Helped]) -> Iterator[dict[str, Any]]:
    taken = {(cell.mechanism_label, cell.game_label): _sides(cell) for cell in cells}
    names = {key: _condition(cell) for cell, key in zip(cells, taken, strict=True)}
    scores = tables.outcomes.groupby("match")["score"].mean()
    agents = tables.outcomes.sort_values("player").groupby("match")["agent"].agg(tuple)
    for row in tables.matches.itertuples():
        key = (row.mechanism, row.game)
        if row.status != "finished" or key not in taken:
            continue
        own = {assists[label].sides for label in agents[row.match] if label in assists}
        if len(own) > 1 or (own and taken[key]):
            continue
        yield {
            "condition": names[key],
            "agents": tuple(assists[label].base if label in assists else label for label in agents[row.match]),
            "unit": (row.game, row.replicate, row.repeat),
            "sides": taken[key] or next(iter(own), frozenset()),
            "score": scores[row.match],
        }


def _sides(cell: Cell) -> Sides:
    return frozenset(
        side for spec in cell.stack if spec.name == AUTOMATION for side in spec.parameters.get("sides", ())
    )


def _condition(cell: Cell) -> str:
    """What a cell is called without its automation: the mechanisms that are left."""
    left = [spec for spec in cell.stack if spec.name != AUTOMATION]
    return "+".join(_told(spec) for spec in left) or "none"


def _told(spec: Spec) -> str:
    fields = ", ".join(f"{key}={value}" for key, value in spec.fields)
    return f"{spec.name}({fields})" if fields else spec.name


def _loss(condition: str, agents: tuple[str, ...], rows: pd.DataFrame) -> Loss | None:
    sides = tuple(sorted(frozenset().union(*rows["sides"])))
    if not sides:
        return None
    by_unit = rows.pivot_table(index="unit", columns="sides", values="score", aggfunc="mean", sort=False)
    subsets = [_subset(sides, number) for number in range(1 << len(sides))]
    missing = [subset for subset in subsets if subset not in by_unit.columns]
    if missing:
        named = " and ".join(sorted(missing[0])) or "nothing"
        raise NotDecomposable(
            f"{condition}: {len(missing)} of the {len(subsets)} sets of {', '.join(sides)} were not played, such as "
            f"{named} automated; a decomposition needs all of them"
        )
    values = by_unit[subsets].dropna().to_numpy(dtype=float)
    if not len(values):
        raise NotDecomposable(f"{condition}: no environment was played under every set of {', '.join(sides)}")
    return Loss(condition, agents, sides, values)


def _subset(sides: Sequence[str], number: int) -> Sides:
    return frozenset(side for place, side in enumerate(sides) if number >> place & 1)
