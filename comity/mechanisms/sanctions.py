"""After play, everybody may pay to lower or raise what the others get (Fehr and Gächter 2000; Sefton et al. 2007)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from comity.core.decision import Decision, Fact
from comity.core.errors import BadParameter, BadStack
from comity.core.flow import Flow, Game, ask, told
from comity.core.outcome import Outcome, Play
from comity.core.space import Each, Integer
from comity.mechanisms.stacking import label


@dataclass(frozen=True)
class Sanctioning:
    """The rule as the players are told it: points may be given to each other player after play.

    punish, reward: the most points against and for one player. cost: what a point costs its giver. effect: what it
    takes from, or adds to, its receiver.
    """

    punish: int
    reward: int
    cost: float
    effect: float


@dataclass(frozen=True)
class Ended:
    """How the game ended that sanctions now follow."""

    outcome: Outcome


@dataclass(frozen=True)
class Sanctions:
    """Who gave whom how many points: points[i][k] went from player i to the k-th of the others (negative punishes)."""

    points: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Sanctioned:
    """base, then one step in which everybody sees how it ended and gives points to each of the others.

    punish, reward: the most points against and for one other player; 0 forbids that side.
    cost, effect: each point costs its giver `cost` and moves its receiver's payoff by `effect`.
    """

    base: Game
    punish: int = 1
    reward: int = 0
    cost: float = 1
    effect: float = 3

    def __post_init__(self) -> None:
        if self.punish < 0 or self.reward < 0 or not self.punish + self.reward:
            raise BadParameter("sanctions need punish or reward to be positive, and neither negative")
        if self.base.n_players < 2:
            raise BadStack(f"sanctions need at least two players, and {label(self.base)} is for one")

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @property
    def rule(self) -> Sanctioning:
        return Sanctioning(self.punish, self.reward, self.cost, self.effect)

    @property
    def rules(self) -> tuple[Fact, ...]:
        return (self.rule, *self.base.rules)

    def play(self) -> Flow[Outcome]:
        outcome = yield from told(self.base.play(), self.rule)
        points = yield from ask(*(self._decision(player, outcome) for player in range(self.n_players)))
        return self._sanctioned(outcome, Sanctions(points))

    def _decision(self, player: int, outcome: Outcome) -> Decision[tuple[int, ...]]:
        return Decision(player, "sanction", self._points[player], (*self.rules, Ended(outcome.seen_by(player))))

    @cached_property
    def _points(self) -> tuple[Each[int], ...]:
        """What each player may give to the others."""
        names = tuple(f"player {player + 1}" for player in range(self.n_players))
        bounds = (Integer(-self.punish, self.reward),) * (self.n_players - 1)
        return tuple(Each((*names[:player], *names[player + 1 :]), bounds) for player in range(self.n_players))

    def _sanctioned(self, outcome: Outcome, sanctions: Sanctions) -> Outcome:
        payoffs = list(outcome.payoffs)
        for giver, given in enumerate(sanctions.points):
            others = (other for other in range(self.n_players) if other != giver)
            for receiver, points in zip(others, given, strict=True):
                payoffs[giver] -= self.cost * abs(points)
                payoffs[receiver] += self.effect * points
        paid = tuple(payoffs)
        part = Play(0, tuple(range(self.n_players)), outcome)
        return Outcome(paid, outcome.actions, (part,), outcome.notes, outcome.views_paid(paid)).noted(sanctions)
