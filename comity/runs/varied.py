"""The `[factors]` of a plan: what they name, what is wrong with them, and the stacks that they make of a stack."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from comity.core.space import from_json
from comity.records.levels import PRESENTATION, spelled_level
from comity.records.spec import Spec
from comity.runs.complaints import Complaints, Place
from comity.runs.factors import MOST_CONDITIONS, Design, Factor, balance
from comity.runs.fields import catalogue, problems_of
from comity.runs.shape import FactorsTable, unknown

LONGEST = 200
"""A label has so many characters at most."""
_LEVELS: Place = ("factors", "levels")

Stacked: TypeAlias = tuple[str, tuple[Spec, ...]]
"""A stack as tables call it, and what it is made of."""


def factors_of(table: FactorsTable | None, named: Collection[str], complaints: Complaints) -> tuple[Factor, ...]:
    """The factors of a plan, and complaints about those that cannot be. named: the mechanisms that stand in a stack."""
    if table is None:
        return ()
    if table.design == "fraction" and table.runs is None:
        complaints.add(("factors", "design"), "a \"fraction\" needs the field 'runs': how many conditions are played")
    if table.design != "fraction" and table.runs is not None:
        complaints.add(("factors", "runs"), 'only a design of the kind "fraction" has this field')
    found = [_factor(key, levels, named, complaints) for key, levels in table.levels.items()]
    factors = tuple(factor for factor in found if factor is not None)
    most = max((len(factor.levels) for factor in factors), default=0)
    if table.design == "fraction" and table.runs is not None and table.runs < most:
        complaints.add(
            ("factors", "runs"), f"must be at least {most}, so that each level of every factor occurs, not {table.runs}"
        )
    return factors


def _factor(key: str, levels: Sequence[Any], named: Collection[str], complaints: Complaints) -> Factor | None:
    mechanism, point, field = key.partition(".")
    problems = dict(_problems(mechanism, field, levels, named)) if point and field else {(): _unnamed(key)}
    for place, problem in problems.items():
        complaints.add((*_LEVELS, key, *place), problem)
    return None if problems else Factor(mechanism, field, tuple(map(from_json, levels)))


def _unnamed(key: str) -> str:
    return f'a factor is called by its mechanism and its field, such as "repetition.horizon", and not {key!r}'


def _problems(
    mechanism: str, field: str, levels: Sequence[Any], named: Collection[str]
) -> Iterator[tuple[tuple[int, ...], str]]:
    """What is wrong with a factor, or with the level at a place."""
    known = catalogue("mechanisms")
    if mechanism not in known:
        yield (), unknown("mechanism", mechanism, list(known))
        return
    if mechanism not in named:
        yield (), f"no stack of the plan has the mechanism {mechanism!r}, so there is nothing to vary"
        return
    seen: set[str] = set()
    for place, level in enumerate(levels):
        problem = dict(problems_of(mechanism, {field: level}, known[mechanism])).get(field)
        written = json.dumps(level, default=str)
        if problem is None and written in seen:
            problem = f"the level {written} is there twice"
        if problem is None and not spelled_level(from_json(level)).isprintable():
            problem = f"a level is told in labels, so it must be text that can be seen, not {written}"
        seen.add(written)
        if problem is not None:
            unheard = problem.startswith("there is no field")
            yield (() if unheard else (place,)), problem


def order_problem(specs: Sequence[Spec]) -> str | None:
    """What is wrong with the order of a stack: the presentation tells the whole game, so nothing can stand on it."""
    names = [spec.name for spec in specs]
    if PRESENTATION in names[:-1]:
        return (
            f"{PRESENTATION} tells the whole game, so it must be the last of its stack; {names[-1]} stands on it here"
        )
    return None


@dataclass(frozen=True)
class Varied:
    """What the conditions make of a stack, how balanced they are, and what stands against it.

    Where none of the factors is in the stack it is the stack itself. Of a fraction only the balance is told.
    """

    stacks: tuple[Stacked, ...]
    balance: str = ""
    problems: tuple[str, ...] = ()


def varied(label: str, specs: tuple[Spec, ...], factors: Sequence[Factor], design: Design) -> Varied:
    """A stack in every condition of the factors that are in it."""
    own = within(specs, factors)
    problems = tuple(_conflicts(specs, own))
    if not own or problems:
        return Varied(((label, specs),), problems=problems)
    conditions = design.conditions(own)
    made = tuple(
        (f"{label} [{design.called(own, condition)}]", with_levels(specs, dict(zip(own, condition, strict=True))))
        for condition in conditions
    )
    told = balance(own, conditions).sentence(own) if design.kind == "fraction" else ""
    return Varied(made, told, tuple(_unfit(made, len(set(conditions)), design)))


def within(specs: Sequence[Spec], factors: Sequence[Factor]) -> list[Factor]:
    """The factors that vary a mechanism of this stack."""
    return [factor for factor in factors if any(spec.name == factor.mechanism for spec in specs)]


def too_many(stacks: Sequence[Sequence[Spec]], factors: Sequence[Factor], design: Design) -> str | None:
    """Why there would be too many conditions, worked out before any is made."""
    counts = [design.count(within(specs, factors)) for specs in stacks]
    if not factors or sum(counts) <= MOST_CONDITIONS:
        return None
    return (
        f"would make {sum(counts):,} conditions of {len(stacks)} stacks, and a plan has {MOST_CONDITIONS:,} at most; "
        'take fewer levels, or design = "fraction"'
    )


def _conflicts(specs: Sequence[Spec], factors: Sequence[Factor]) -> Iterator[str]:
    for factor in factors:
        found = [spec for spec in specs if spec.name == factor.mechanism]
        if len(found) > 1:
            yield f"{factor.mechanism} stands in this stack {len(found)} times, so {factor.key} is not one factor"
        written = [spec.parameters[factor.field] for spec in found if factor.field in spec.parameters]
        if any(value != factor.levels[0] for value in written):
            yield (
                f"{factor.field} of {factor.mechanism} is varied under factors, and here it is "
                f"{spelled_level(written[0])} and not its first level ({spelled_level(factor.levels[0])}); leave it out"
            )


def with_levels(specs: Sequence[Spec], levels: Mapping[Factor, int]) -> tuple[Spec, ...]:
    """The stack with these factors at the levels of these places."""
    fields: dict[str, dict[str, Any]] = {}
    for factor, place in levels.items():
        fields.setdefault(factor.mechanism, {})[factor.field] = factor.levels[place]
    return tuple(Spec.of(spec.name, {**spec.parameters, **fields.get(spec.name, {})}) for spec in specs)


def _unfit(stacks: Sequence[Stacked], different: int, design: Design) -> Iterator[str]:
    """What stands against conditions: some are the same, or are called at too great length."""
    if different < len(stacks):
        yield f'{design.runs} conditions of this stack cannot all differ; take fewer, or all with design = "factorial"'
    longest = max((label for label, _ in stacks), key=len)
    if len(longest) > LONGEST:
        yield (
            f"the label {longest[:60]!r}... of a condition has {len(longest)} characters, and a label has {LONGEST} at "
            "most; give the stack a shorter label, or the factors shorter levels"
        )


def level_place(factor: Factor, level: int) -> Place:
    """Where that level stands in the plan."""
    return (*_LEVELS, factor.key, level)


def said(factor: Factor, level: int) -> str:
    """The level in a sentence."""
    return f"{factor.field} = {spelled_level(factor.levels[level])}"
