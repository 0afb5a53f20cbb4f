"""A game of many moves as a game of one: everybody chooses a whole plan beforehand (von Neumann 1928).

What mechanisms say about the one action each player takes at once, they can so say of any small game.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any, TypeAlias

from comity.core.decision import NATURE, Decision, Fact
from comity.core.errors import BadStack, NotEnumerable
from comity.core.flow import Decisions, Flow, Game, ask
from comity.core.match import Tree, tree
from comity.core.named import Named, Scale, named_game
from comity.core.outcome import Outcome
from comity.core.space import OneOf
from comity.exact.tree import AtNode, InformationSet, drawn_at, expected_payoffs, label, labels, nodes

Plan: TypeAlias = Mapping[InformationSet, Any]
"""A choice for every information set of a player."""

_MOST_NODES = 5_000


@dataclass(frozen=True)
class StrategicFormRule:
    """The rule as the players are told it: each chooses one of its plans, all at once, and the game runs by itself.

    plans: those of each player. Where chance has a part in the game, its average is paid.
    """

    plans: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class StrategicForm:
    """The stage game whose actions are the plans of base: one choice for each information set of the player.

    Its payoffs are the expected ones. A plan is called after its choices, "give after give; keep after keep"; where a
    player decides only once, its plans are called as its actions are.

    most: how many plans a player may have. Raises `BadStack` if some player has more, or base cannot be listed.
    """

    base: Game
    most: int = 256

    def __post_init__(self) -> None:
        for player, situations in enumerate(self._situations):
            if prod(len(situation.options) for situation in situations) > self.most:
                raise BadStack(
                    f"the strategic form of {type(self.base).__name__} would give player {player + 1} "
                    f"more than {self.most} plans; take it nearer to the base game"
                )

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @cached_property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        """The names of the plans of each player."""
        return tuple(map(tuple, self.plans))

    @property
    def rules(self) -> tuple[Fact, ...]:
        return (StrategicFormRule(self.actions), *self.base.rules)

    @cached_property
    def plans(self) -> tuple[Mapping[str, Plan], ...]:
        """For each player, what each of its plans does."""
        return tuple(map(_plans, self._situations))

    @cached_property
    def _tree(self) -> Tree:
        try:
            return tree(self.base, most=_MOST_NODES)
        except NotEnumerable as error:
            raise BadStack(f"{type(self.base).__name__} has no strategic form that can be listed: {error}") from error

    @cached_property
    def _situations(self) -> tuple[tuple[_Situation, ...], ...]:
        """For each player where it decides, in the order of what was chosen before, its own choices first."""
        known: dict[InformationSet, list[_Known]] = {}
        steps: dict[InformationSet, int] = {}
        for place in nodes(self._tree):
            seen = sorted(_seen(place))
            known[place.within] = [move for move in known.get(place.within, seen) if move in seen]
            steps[place.within] = place.node.step
        found = sorted((_Situation(steps[within], tuple(moves), within) for within, moves in known.items()), key=_order)
        return tuple(tuple(s for s in found if s.within.player == player) for player in range(self.n_players))

    @cached_property
    def _paid(self) -> dict[tuple[str, ...], tuple[float, ...]]:
        return {}

    def payoffs(self, profile: tuple[str, ...]) -> tuple[float, ...]:
        """What each player is paid on average when player i follows the plan profile[i]."""
        if profile not in self._paid:
            plans = [named[name] for named, name in zip(self.plans, profile, strict=True)]

            def behaviour(within: InformationSet) -> Mapping[Any, Fraction]:
                if within.player == NATURE:
                    return drawn_at(within.decision)
                return {plans[within.player][within]: Fraction(1)}

            self._paid[profile] = tuple(map(float, expected_payoffs(self._tree, behaviour)))
        return self._paid[profile]

    @cached_property
    def _decisions(self) -> Decisions:
        return tuple(Decision(seat, "act", OneOf(plans), self.rules) for seat, plans in enumerate(self.actions))

    def play(self) -> Flow[Outcome]:
        profile = yield from ask(*self._decisions)
        return Outcome(self.payoffs(profile), profile)

    @property
    def _named(self) -> Named:
        return named_game(self.base)

    @property
    def roles(self) -> tuple[str, ...]:
        seats = [situations[0].within.decision.seat if situations else 0 for situations in self._situations]
        return tuple(self._named.roles[seat] for seat in seats)

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        """For each player the plan that cooperates wherever it decides, if it is one."""
        return self._always(self._named.cooperative)

    @property
    def defective(self) -> tuple[str | None, ...]:
        """For each player the plan that defects wherever it decides, if it is one."""
        return self._always(self._named.defective)

    @property
    def scale(self) -> Scale:
        return self._named.scale

    def _always(self, meant: tuple[str | None, ...]) -> tuple[str | None, ...]:
        """For each player the plan that always does what is meant for the seat it sits in."""
        return tuple(
            next((name for name, plan in plans.items() if _is_always(plan, meant)), None) for plans in self.plans
        )


_Known: TypeAlias = tuple[int, bool, int, int, Any]
"""A choice that a player may know of: its step, whether it is another's, whose, the place of the choice, the choice."""


@dataclass(frozen=True)
class _Situation:
    """Where a player decides, and which choices before are the same at all nodes of that information set."""

    step: int
    known: tuple[_Known, ...]
    within: InformationSet

    @property
    def options(self) -> tuple[Any, ...]:
        return tuple(self.within.decision.options)

    @property
    def name(self) -> str:
        return " and ".join(label(choice) for *_, choice in self.known)


def _order(situation: _Situation) -> tuple[int, list[tuple[int, bool, int, int]]]:
    return situation.step, [move[:4] for move in situation.known]


def _seen(place: AtNode) -> Iterator[_Known]:
    """The players' moves of earlier steps, and the player's own of the present one."""
    for move in place.trail:
        is_own = move.at.player == place.within.player
        if is_own or (move.step < place.node.step and move.at.player != NATURE):
            options = tuple(move.at.decision.options)
            yield move.step, not is_own, move.at.player, options.index(move.choice), move.choice


def _is_always(plan: Plan, meant: tuple[str | None, ...]) -> bool:
    return bool(plan) and all(choice == meant[within.decision.seat] for within, choice in plan.items())


def _plans(situations: tuple[_Situation, ...]) -> Mapping[str, Plan]:
    parts = [
        [f"{choice} after {name}" if name else choice for choice in labels(situation.options)]
        for situation, name in zip(situations, _told_apart(situations), strict=True)
    ]
    names = map("; ".join, itertools.product(*parts))
    chosen = itertools.product(*(situation.options for situation in situations))
    sets = [situation.within for situation in situations]
    return {name or "nothing": dict(zip(sets, plan, strict=True)) for name, plan in zip(names, chosen, strict=True)}


def _told_apart(situations: tuple[_Situation, ...]) -> list[str]:
    """The names of the situations, numbered where several are called the same; one alone needs no name."""
    names = [situation.name for situation in situations]
    if len(names) == 1:
        return [""]
    return [
        name if names.count(name) == 1 else f"{name or 'the start'} ({names[: place + 1].count(name)})"
        for place, name in enumerate(names)
    ]
