"""Reputation: a population meets in changing groups, and everybody is shown what its partners did before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    recent,
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


@dataclass(frozen=True, slots=True)
class Encounter:
    """One past play of a player, and what was known of its partners before it."""

    play: Play
    before: tuple[Standing, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """What is shown of one player of the population: its plays inside the memory, oldest first."""

    player: int
    encounters: tuple[Encounter, ...]


@dataclass(frozen=True, slots=True)
class Standings:
    """What a player is shown when it meets a group: how many rounds there were, its own standing, its partners'."""

    played: int
    own: Standing
    partners: tuple[Standing, ...]


Round: TypeAlias = Mapping[int, Encounter]
"""The play of each player in one round, and nothing of what was known before."""


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
        rounds: tuple[Round, ...] = ()
        private = False
        for round in range(self.rounds):
            if round and self.matching == "random":
                orders = yield from self._draw_orders()
            groups = self._groups(orders, round)
            known = _Known(recent(rounds, self.memory), private)
            outcomes = yield from together([self._meeting(group, rule, known, round) for group in groups])
            plays = tuple([Play(round, group, outcome) for group, outcome in zip(groups, outcomes, strict=True)])
            past += plays
            rounds += ({player: met for met in map(Encounter, plays) for player in met.play.players},)
            private = private or not all(outcome.is_public for outcome in outcomes)
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

    def _meeting(self, group: tuple[int, ...], rule: Rotation, known: _Known, round: int) -> Flow[Outcome]:
        def each(player: int) -> tuple[Standings]:
            own = known.standing(player, self.depth, player)
            partners = [known.standing(other, self.depth, player) for other in group if other != player]
            return (Standings(round, own, tuple(partners)),)

        return told(seated(self.base.play(), group), rule, each=each)

    def _averages(self, past: Sequence[Play]) -> tuple[float, ...]:
        totals = [0.0] * self.population
        weights = round_weights(self.rounds, self.discount)
        for play in past:
            for player, payoff in zip(play.players, play.outcome.payoffs, strict=True):
                totals[player] += weights[play.round] * payoff
        return tuple(totals)


class _Known:
    """What the rounds inside the memory, oldest first, show of everybody. It is put together once for all who see it.

    private: whether anything in these rounds was; where nothing was, all viewers see the same.
    """

    def __init__(self, rounds: Sequence[Round], private: bool) -> None:
        self._rounds = rounds
        self._private = private
        self._standings: dict[tuple[int, int, int, int | None], Standing] = {}

    def standing(self, player: int, depth: int, viewer: int) -> Standing:
        """What that viewer is shown of a player."""
        return self._before(len(self._rounds), player, depth, viewer if self._private else None)

    def _before(self, place: int, player: int, depth: int, viewer: int | None) -> Standing:
        asked = (place, player, depth, viewer)
        known = self._standings.get(asked)
        if known is None:
            known = self._standings[asked] = Standing(player, self._encounters(place, player, depth, viewer))
        return known

    def _encounters(self, place: int, player: int, depth: int, viewer: int | None) -> tuple[Encounter, ...]:
        met = [round[player] for round in self._rounds[:place]]
        if depth > 1 or viewer is not None:
            met = [self._unfolded(*at, player, depth, viewer) for at in enumerate(met)]
        return tuple(met)

    def _unfolded(self, place: int, met: Encounter, player: int, depth: int, viewer: int | None) -> Encounter:
        play = met.play if viewer is None else met.play.seen_by(viewer)
        if depth == 1:
            return Encounter(play)
        before = [self._before(place, other, depth - 1, viewer) for other in play.players if other != player]
        return Encounter(play, tuple(before))
