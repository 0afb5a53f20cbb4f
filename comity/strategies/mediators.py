"""Which mediator makes it an equilibrium that all delegate, by exact search over the plans."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

from comity.core.flow import StageGame
from comity.games.normal_form import Profile
from comity.mechanisms.mediation import DELEGATE
from comity.strategies.stages import Delegating, is_dominant, is_equilibrium, payoffs_of, profiles_with

MOST_PLANS = 20_000
"""How many plans are looked through, every one of them."""


def plans(base: StageGame) -> Iterator[Profile]:
    """Every plan, in order; of more than `MOST_PLANS` only those with one action until all delegate and one then."""
    actions, n = base.actions[0], base.n_players
    if len(actions) ** n <= MOST_PLANS:
        return itertools.product(actions, repeat=n)
    return ((*(until,) * (n - 1), then) for until, then in itertools.product(actions, repeat=2))


def efficient_plan(base: StageGame) -> Profile | None:
    """The plan under which it is an equilibrium that all delegate and they are then paid the highest total.

    Among equals: delegating weakly dominates everything else, for all seats; then the highest payoff that all are sure
    of who delegate; then the first in order. None if there is no such equilibrium.
    """
    found = [Delegating(base, plan) for plan in plans(base)]
    for _, alike in itertools.groupby(sorted(found, key=_shortfall), key=_shortfall):
        stable = [stage for stage in alike if is_equilibrium(stage, stage.all_delegate)]
        if stable:
            return max(stable, key=_merit).plan
    return None


def _shortfall(stage: Delegating) -> Fraction:
    return -sum(payoffs_of(stage, stage.all_delegate), Fraction(0))


def _merit(stage: Delegating) -> tuple[bool, Fraction]:
    surely = min(_surely(stage, seat) for seat in range(stage.n_players))
    return is_dominant(stage, stage.all_delegate), surely


def _surely(stage: Delegating, seat: int) -> Fraction:
    """What the seat is paid at the least if it delegates."""
    return min(payoffs_of(stage, profile)[seat] for profile in profiles_with(stage, seat, DELEGATE))
