"""What would be earned by standards that need no player: chance, the first option, equilibrium, caution, taking turns.

A score means little before it is held against these. Each is a distribution over the profiles of a stage game, and what
is earned under it is its expectation, exactly.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any, TypeAlias

from comity.core.errors import NotSolvable
from comity.core.flow import StageGame
from comity.exact.equilibria import Profile, Table, mixed_equilibria, table
from comity.exact.rational import Values

MOST_PROFILES = 4_096
"""Games with more profiles than this are refused: a table of what each pays is made first."""

MOST_UNDOMINATED = 200
"""With more undominated profiles than this no best alternation is sought: every two of them would be compared."""

Chances: TypeAlias = Mapping[Profile, Fraction]
"""Profiles with their probabilities; one that is left out is never played."""

Turns: TypeAlias = tuple[Profile, Profile]
"""Two profiles that are played in turn."""


@dataclass(frozen=True)
class Extremes:
    """The least and the most that each seat is paid in any profile, and the most that all are paid together."""

    low: Values
    high: Values
    joint: Fraction

    def share_of_max(self, seat: int, payoff: Fraction) -> Fraction | None:
        """A payoff over the most; None where payoffs can be negative or are never positive, so that it is no share."""
        return payoff / self.high[seat] if self.low[seat] >= 0 and self.high[seat] > 0 else None

    def range_share(self, seat: int, payoff: Fraction) -> Fraction | None:
        """How far a payoff lies from the least to the most; None where these are the same."""
        width = self.high[seat] - self.low[seat]
        return (payoff - self.low[seat]) / width if width else None

    def joint_share(self, payoffs: Sequence[Fraction]) -> Fraction | None:
        """What all are paid over the most they could be; None where payoffs can be negative or are never positive."""
        return sum(payoffs, Fraction(0)) / self.joint if min(self.low) >= 0 and self.joint > 0 else None


@dataclass(frozen=True)
class Baseline:
    """One standard: what it is called, what is meant in one sentence, and how likely it makes each profile."""

    name: str
    meaning: str
    chances: Chances
    paid: Table

    @cached_property
    def payoffs(self) -> Values:
        """What each seat is paid on average."""
        return tuple(
            sum((share * self.paid.paid[profile][seat] for profile, share in self.chances.items()), Fraction(0))
            for seat in range(len(self.paid.actions))
        )


def extremes(game: StageGame) -> Extremes:
    """Between what the payoffs of a stage game lie. Raises `NotSolvable` where it has too many profiles."""
    return _extremes(_listed(game))


def _extremes(exact: Table) -> Extremes:
    seats = list(zip(*exact.paid.values(), strict=True))
    return Extremes(tuple(map(min, seats)), tuple(map(max, seats)), max(map(_total, exact.paid.values())))


def baselines(game: StageGame) -> tuple[Baseline, ...]:
    """The standards that a stage game has, in this order.

    random: every profile equally likely. first: everybody takes the option that stands first. nash: the equilibria in
    pure actions, each equally likely; without one, for two players, the first of `mixed_equilibria`, and for more
    players there is no such entry. maximin: everybody takes the action whose worst payoff is best, whichever of those
    that tie equally often and independently. alternation: see `alternations`; whichever of those that tie equally
    likely, and no such entry where they are not sought. joint: the profiles in which all together are paid most, each
    equally likely.

    Raises `NotSolvable` where the game has more than `MOST_PROFILES` profiles.
    """
    exact = _listed(game)
    found: list[tuple[str, str, Chances | None]] = [
        ("random", "everybody takes every option equally often", _evenly(exact.paid)),
        ("first", "everybody takes the option that stands first", _evenly([_first(exact)])),
        ("nash", "a Nash equilibrium: the pure ones equally often, else the mixed one", _nash(game, exact)),
        ("maximin", "everybody takes the option whose worst payoff is best", _maximin(exact)),
        ("alternation", "two profiles in turn, so that the worst-paid seat is paid most", _alternating(exact)),
        ("joint", "the profile in which all together are paid most", _evenly(_best_joint(exact))),
    ]
    return tuple(Baseline(name, meaning, chances, exact) for name, meaning, chances in found if chances is not None)


def _listed(game: StageGame) -> Table:
    profiles = prod(map(len, game.actions))
    if profiles > MOST_PROFILES:
        raise NotSolvable(
            f"{type(game).__name__} has {profiles:,} profiles; baselines are worked out for up to {MOST_PROFILES:,}"
        )
    return table(game)


def _evenly(profiles: Iterable[Profile]) -> Chances:
    """Each of them equally likely; one that is named twice, twice as likely."""
    listed = list(profiles)
    chances: dict[Profile, Fraction] = {}
    for profile in listed:
        chances[profile] = chances.get(profile, Fraction(0)) + Fraction(1, len(listed))
    return chances


def _first(exact: Table) -> Profile:
    return tuple(actions[0] for actions in exact.actions)


def _nash(game: StageGame, exact: Table) -> Chances | None:
    if exact.pure_equilibria:
        return _evenly(exact.pure_equilibria)
    return _independent(exact, next(mixed_equilibria(game)).shares) if game.n_players == 2 else None


def _maximin(exact: Table) -> Chances:
    return _independent(exact, [_cautious(exact, seat) for seat in range(len(exact.actions))])


def _cautious(exact: Table, seat: int) -> Values:
    """How often that seat takes each of its actions, where it looks at the worst that each can bring."""
    worst: dict[Any, Fraction] = {}
    for profile, paid in exact.paid.items():
        worst[profile[seat]] = min(paid[seat], worst.get(profile[seat], paid[seat]))
    best = max(worst.values())
    cautious = [action for action in exact.actions[seat] if worst[action] == best]
    return tuple(Fraction(action in cautious, len(cautious)) for action in exact.actions[seat])


def _independent(exact: Table, shares: Sequence[Values]) -> Chances:
    """How likely each profile is where every seat takes its actions this often, independently."""
    taken = [
        [(action, share) for action, share in zip(actions, of_seat, strict=True) if share]
        for actions, of_seat in zip(exact.actions, shares, strict=True)
    ]
    return {
        tuple(action for action, _ in drawn): prod((share for _, share in drawn), start=Fraction(1))
        for drawn in itertools.product(*taken)
    }


def alternations(game: StageGame) -> tuple[Turns, ...]:
    """The best ways to play two profiles in turn for ever, or one, which is then named twice.

    Best are those in which the seat that is paid least on average is paid most, which is the fairest split as the
    worst-off sees it; among those, the ones that pay all together most. All that tie are given. In the battle of the
    sexes that is to meet at the one place and the other in turn, in the prisoner's dilemma to cooperate, unless being
    tempted and being the sucker in turn pays more. Raises `NotSolvable` as `baselines` does, and where more than
    `MOST_UNDOMINATED` profiles pay differently and none pays one seat more and no seat less than another.
    """
    return tuple(_alternations(_listed(game)))


def _alternating(exact: Table) -> Chances | None:
    try:
        return _evenly(itertools.chain.from_iterable(_alternations(exact)))
    except NotSolvable:
        return None


def _alternations(exact: Table) -> list[Turns]:
    by_payoffs: dict[Values, list[Profile]] = {}
    for profile, paid in exact.paid.items():
        by_payoffs.setdefault(paid, []).append(profile)
    pairs = itertools.combinations_with_replacement(_undominated(by_payoffs), 2)
    worth = {pair: _fairness(pair) for pair in pairs}
    best = max(worth.values())
    return [turns for pair, value in worth.items() if value == best for turns in _in_turn(pair, by_payoffs)]


def _fairness(pair: tuple[Values, Values]) -> tuple[Fraction, Fraction]:
    """Twice what the worst-paid seat is paid on average in these two, and twice what all are."""
    both = [sum(paid, Fraction(0)) for paid in zip(*pair, strict=True)]
    return min(both), sum(both, Fraction(0))


def _in_turn(
    pair: tuple[Values, Values], by_payoffs: Mapping[Values, list[Profile]]
) -> Iterator[tuple[Profile, Profile]]:
    first, second = (by_payoffs[paid] for paid in pair)
    same = pair[0] == pair[1]
    yield from itertools.combinations_with_replacement(first, 2) if same else itertools.product(first, second)


def _undominated(payoffs: Iterable[Values]) -> list[Values]:
    """Those than which no other pays one seat more and none less; none else can be part of a best alternation."""
    kept: list[Values] = []
    for paid in sorted(payoffs, key=_total, reverse=True):  # what dominates has the larger total, and comes first
        if not any(all(more >= less for more, less in zip(better, paid, strict=True)) for better in kept):
            kept.append(paid)
        if len(kept) > MOST_UNDOMINATED:
            raise NotSolvable(f"alternations are sought among up to {MOST_UNDOMINATED} undominated profiles")
    return kept


def _best_joint(exact: Table) -> list[Profile]:
    most = max(map(_total, exact.paid.values()))
    return [profile for profile, paid in exact.paid.items() if _total(paid) == most]


def _total(payoffs: Values) -> Fraction:
    return sum(payoffs, Fraction(0))
