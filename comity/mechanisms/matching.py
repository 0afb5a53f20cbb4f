"""Reputation: a population meets in changing groups, and everybody is shown what its partners did before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import lcm
from typing import Literal, TypeAlias

from comity.core.decision import Fact
from comity.core.errors import BadParameter
from comity.core.flow import Flow, Game, draw, seated, together, told
from comity.core.outcome import Outcome, Play
from comity.core.space import Ordering
from comity.mechanisms.repetition import (
    Horizon,
    announced,
    checked_horizon,
    round_weights,
)
from comity.mechanisms.stacking import Memory, checked_memory, checked_rounds, checked_share

Matching: TypeAlias = Literal["random", "balanced"]
Groups: TypeAlias = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Rotation:
    """The rule as the players are told it: how many there are, how it goes on, and what they are shown.

    rounds, chance: as in `Repetition`. memory: how many past rounds are shown, or "all". depth: 1 shows what the
    partners did, 2 also what their partners had done before that, and so on.
    """

    population: int
    rounds: int | None
    chance: float | None
    memory: Memory
    depth: int


@dataclass(frozen=True)
class Encounter:
    """One past play of a player, and what was known of its partners before it."""

    play: Play
    before: tuple[Standing, ...] = ()


@dataclass(frozen=True)
class Standing:
    """What is shown of one player of the population: its plays inside the memory, oldest first."""

    player: int
    encounters: tuple[Encounter, ...]


@dataclass(frozen=True)
class Standings:
    """What a player is shown when it meets a group: how many rounds there were, its own standing, its partners'."""

    played: int
    own: Standing
    partners: tuple[Standing, ...]


@dataclass(frozen=True)
class Rotated:
    """A population of which, round by round, every player meets one group and plays base with it.

    Player p always sits in seat p modulo the seats of base, so roles stay apart and the population is a multiple of the
    seats: with agents i = 0, 1, ... in every seat, player i * seats + s is agent i in seat s (as in CoopEval).

    matching: "random" draws an order of each seat's players every round; "balanced" draws one order at the start and
        then lets the seats rotate past each other, so that with two seats everybody meets every partner equally often
        (as nearly as the number of rounds allows; with more seats each seat meets the first seat so).
    depth, memory: what is shown, see `Rotation`. The memory is absolute: the same last rounds at every depth.
    rounds, discount, horizon: as in `Repeated`.
    """

    base: Game
    population: int = 12
    rounds: int = 15
    discount: float = 0.8
    memory: Memory = 3
    depth: int = 1
    matching: Matching = "random"
    horizon: Horizon = "chance"

    def __post_init__(self) -> None:
        checked_rounds(self.rounds)
        checked_share("discount", self.discount)
        checked_memory(self.memory)
        checked_horizon(self.horizon)
        if self.depth < 1:
            raise BadParameter(f"depth must be at least 1, not {self.depth}")
        if self.matching not in ("random", "balanced"):
            raise BadParameter(f'matching must be "random" or "balanced", not {self.matching!r}')
        if self.population < 1 or self.population % self.base.n_players:
            raise BadParameter(
                f"the population must be a multiple of the {self.base.n_players} seats of the game, "
                f"not {self.population}"
            )

    @property
    def n_players(self) -> int:
        return self.population

    @property
    def rule(self) -> Rotation:
        told_end = announced(self.horizon, self.rounds, self.discount)
        return Rotation(self.population, *told_end, self.memory, self.depth)

    @property
    def rules(self) -> tuple[Fact, ...]:
        return (self.rule, *self.base.rules)

    def play(self) -> Flow[Outcome]:
        rule = self.rule
        orders = yield from self._draw_orders()
        past: tuple[Play, ...] = ()
        for round in range(self.rounds):
            if round and self.matching == "random":
                orders = yield from self._draw_orders()
            groups = self._groups(orders, round)
            outcomes = yield from together([self._meeting(group, rule, past, round) for group in groups])
            past += tuple(Play(round, group, outcome) for group, outcome in zip(groups, outcomes, strict=True))
        return Outcome(self._averages(past), parts=past)

    def _draw_orders(self) -> Flow[list[tuple[int, ...]]]:
        orders = []
        for _ in range(self.base.n_players):
            orders.append((yield from draw("match", Ordering(self.population // self.base.n_players))))
        return orders

    def _groups(self, orders: Sequence[tuple[int, ...]], round: int) -> Groups:
        seats, size = self.base.n_players, self.population // self.base.n_players
        turn = round if self.matching == "balanced" else 0
        shifts = [seat * turn + seat * turn // lcm(seat, size) if seat else 0 for seat in range(seats)]
        return tuple(
            tuple(orders[seat][(place + shifts[seat]) % size] * seats + seat for seat in range(seats))
            for place in range(size)
        )

    def _meeting(self, group: tuple[int, ...], rule: Rotation, past: tuple[Play, ...], round: int) -> Flow[Outcome]:
        since = 0 if self.memory == "all" else round - self.memory
        window = [play for play in past if play.round >= since]

        def each(player: int) -> tuple[Standings]:
            own, *partners = (
                _standing(other, window, round, self.depth, player)
                for other in (player, *(other for other in group if other != player))
            )
            return (Standings(round, own, tuple(partners)),)

        return told(seated(self.base.play(), group), rule, each=each)

    def _averages(self, past: Sequence[Play]) -> tuple[float, ...]:
        totals = [0.0] * self.population
        weights = round_weights(self.rounds, self.discount)
        for play in past:
            for player, payoff in zip(play.players, play.outcome.payoffs, strict=True):
                totals[player] += weights[play.round] * payoff
        return tuple(totals)


def _standing(player: int, window: Sequence[Play], before: int, depth: int, viewer: int) -> Standing:
    return Standing(player, tuple(_encounters(player, window, before, depth, viewer)))


def _encounters(player: int, window: Sequence[Play], before: int, depth: int, viewer: int) -> Iterator[Encounter]:
    for play in window:
        if play.round < before and player in play.players:
            partners = [other for other in play.players if other != player] if depth > 1 else []
            earlier = (_standing(other, window, play.round, depth - 1, viewer) for other in partners)
            yield Encounter(play.seen_by(viewer), tuple(earlier))
