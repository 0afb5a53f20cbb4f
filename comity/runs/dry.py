"""Plays that ask nobody: every answer is a legal one taken at random, and what would have been asked is counted.

In an exchange everybody cooperates instead: what is sent at random is refused, and prompts would stay short.

How many decisions a match puts, of what kind, and in how many steps follows from the rules alone, so it is counted and
not looked up by name: whatever stacks can be counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, TypeAlias

from comity.core.chance import Address, stream_key
from comity.core.decision import NATURE, Decision
from comity.core.flow import Decisions, Game
from comity.core.match import Match
from comity.core.space import Drawable, Each, Integer, Number, OneOf, Ordering, Space, Text
from comity.games.exchange.game import Exchange
from comity.games.exchange.turns import Turn
from comity.strategies.exchanging import Exchanging

MOST_PLAYS = 200
MOST_DECISIONS = 20_000
"""Where plays differ in length, so many are counted at most, and so many decisions."""
UNBOUNDED = 10
"""Where a whole number has no bound, so far from zero (or from its other bound) is what is tried."""

Pick: TypeAlias = Callable[[int], int]
"""One of so many, counted from 0."""
Chance: TypeAlias = Callable[[Space[Any], int, int], Any]
"""What chance draws from that space at that step and slot."""
Known: TypeAlias = Mapping[int, Any]
"""What each player has proposed before play, if proposals were made there."""
Asked: TypeAlias = tuple[Decision[Any], Any]
"""A decision, and what was answered."""
Stage: TypeAlias = Callable[[Game, "Hand"], Iterator[tuple[Asked, ...]]]
"""A whole match, or its design stage."""
Counted: TypeAlias = Counter[tuple[int, str]]
"""How many decisions of each kind each player makes."""


class Dice:
    """Independent numbers, the same for the same key."""

    def __init__(self, key: int) -> None:
        self._key = key
        self._thrown = 0

    def __call__(self, ways: int) -> int:
        self._thrown += 1
        return int(Address(self._key, self._thrown, 0).uniform() * ways)


def anything(space: Space[Any], pick: Pick) -> Any:
    """A choice that this space has; free text is of any length it may have."""
    if isinstance(space, OneOf):
        return space.options[pick(len(space.options))]
    if isinstance(space, Each):
        return tuple(anything(part, pick) for part in space.spaces)
    if isinstance(space, Integer):
        return _number(space, pick)
    if isinstance(space, Number):
        return pick(space.below)
    if isinstance(space, Text):
        return "".join("etaoin shrdlu"[pick(13)] for _ in range(pick(space.most + 1)))
    if isinstance(space, Ordering):
        left = list(range(space.size))
        return tuple(left.pop(pick(len(left))) for _ in range(space.size))
    options = tuple(islice(space, 1_000))
    return options[pick(len(options))]


def _number(space: Integer, pick: Pick) -> int:
    if space.low is not None:
        low, high = space.low, space.low + 2 * UNBOUNDED if space.high is None else space.high
    elif space.high is not None:
        low, high = space.high - 2 * UNBOUNDED, space.high
    else:
        low, high = -UNBOUNDED, UNBOUNDED
    return low + pick(high - low + 1)


def drawn(key: int) -> Chance:
    """Chance as it is, under that key."""

    def chance(space: Any, step: int, slot: int) -> Any:
        return space.draw(Address(key, step, slot))

    return chance


def _forced(pick: Pick) -> Chance:
    """Chance that takes what is possible by `pick`, however likely it is."""

    def chance(space: Space[Any], step: int, slot: int) -> Any:
        if isinstance(space, Drawable) and not isinstance(space, OneOf | Ordering | Number):
            options = [option for option, share in space.chances() if share > 0]
            return options[pick(len(options))]
        return anything(space, pick)

    return chance


@dataclass(frozen=True)
class Hand:
    """How the players of one play, and chance, come to their choices.

    known: proposals that are not asked for, because they were made before play.
    """

    pick: Pick
    chance: Chance
    known: Known | None = None

    def answer(self, decision: Decision[Any], step: int, slot: int) -> Any:
        """The choice for a decision."""
        if decision.player == NATURE:
            return self.chance(decision.options, step, slot)
        if not self.asks(decision):
            assert self.known is not None
            return self.known[decision.player]
        if isinstance(decision.options, Turn):
            return _cooperates(decision)
        return anything(decision.options, self.pick)

    def asks(self, decision: Decision[Any]) -> bool:
        """Whether somebody has to be asked for this decision."""
        return decision.player != NATURE and (self.known is None or decision.kind != "propose")


def _cooperates(decision: Decision[Any]) -> Any:
    """The turn of an agent that does its part in an exchange: one at random would be refused, and nothing happen."""
    exchange = Exchange()
    return Exchanging().begin(exchange, decision.player % exchange.agents)(decision)


def rolled(key: int, known: Known | None = None) -> Hand:
    """Players and chance at random, the same for the same key."""
    return Hand(Dice(stream_key(key, "dry")), drawn(key), known)


def extremes() -> tuple[Hand, Hand]:
    """Players and chance that always take the first of what is possible, or the last."""
    return Hand(_first, _forced(_first)), Hand(_last, _forced(_last))


def steps(game: Game, hand: Hand) -> Iterator[tuple[Asked, ...]]:
    """Play to the end; for each step who was asked what, and what was answered. Steps that ask nobody are left out."""
    match = Match(game)
    while match.pending:
        pending, step = match.pending, len(match.choices)
        choices = tuple(hand.answer(decision, step, slot) for slot, decision in enumerate(pending))
        asked = tuple(pair for pair in zip(pending, choices, strict=True) if hand.asks(pair[0]))
        if asked:
            yield asked
        match.answer(choices)


def design_steps(game: Game, hand: Hand) -> Iterator[tuple[Asked, ...]]:
    """The design stage: the steps up to the first in which somebody proposes."""
    for asked in steps(game, hand):
        yield asked
        if _proposes(tuple(decision for decision, _ in asked)):
            return


def _proposes(decisions: Decisions) -> bool:
    return any(decision.kind == "propose" for decision in decisions)


@dataclass(frozen=True)
class Play:
    """What one play put: how many decisions of each kind to each player, and in how many steps.

    steps: those in which nobody but proposers is asked are counted apart, in `proposing`.
    """

    counts: Counted
    steps: int
    proposing: int


def _counted(game: Game, hand: Hand, put: Stage) -> Play:
    counts: Counted = Counter()
    others = proposing = 0
    for asked in put(game, hand):
        counts.update((decision.player, decision.kind) for decision, _ in asked)
        if all(decision.kind == "propose" for decision, _ in asked):
            proposing += 1
        else:
            others += 1
    return Play(counts, others, proposing)


@dataclass(frozen=True)
class Lengths:
    """How many decisions a match of a game puts, by plays that were counted.

    plays: at random. extremes: plays in which the players and chance always take the first, or the last, of what is
    possible; they show how short and how long a match can be, and not how likely that is.
    """

    plays: tuple[Play, ...]
    extremes: tuple[Play, ...]

    @property
    def fixed(self) -> bool:
        """Whether every play counted put the same decisions, if not in the same steps."""
        first, *others = (*self.plays, *self.extremes)
        return all(play.counts == first.counts for play in others)

    @cached_property
    def decisions(self) -> Counted:
        """The decisions there can be, with the most of each that was counted."""
        most: Counted = Counter()
        for play in (*self.plays, *self.extremes):
            most |= play.counts
        return most

    def mean(self, player: int, kind: str) -> float:
        """How many such decisions a play puts on average."""
        return math.fsum(play.counts[player, kind] for play in self.plays) / len(self.plays)

    def variance(self, player: int, kind: str) -> float:
        """How much that varies between plays."""
        mean = self.mean(player, kind)
        return math.fsum((play.counts[player, kind] - mean) ** 2 for play in self.plays) / len(self.plays)

    @property
    def proposes(self) -> bool:
        """Whether anybody proposes anything."""
        return any(kind == "propose" for _, kind in self.decisions)


def lengths(game: Game, key: int, put: Stage = steps) -> Lengths:
    """Count plays of a game, or of its design stage: more of them where they differ."""
    ends = tuple(_counted(game, hand, put) for hand in extremes())
    plays = [_counted(game, rolled(stream_key(key, number)), put) for number in range(2)]
    if Lengths(tuple(plays), ends).fixed:
        return Lengths(tuple(plays), ends)
    counted = 0
    while len(plays) < MOST_PLAYS and counted < MOST_DECISIONS:
        plays.append(_counted(game, rolled(stream_key(key, len(plays))), put))
        counted += plays[-1].counts.total()
    return Lengths(tuple(plays), ends)


def _first(ways: int) -> int:
    return 0


def _last(ways: int) -> int:
    return ways - 1
