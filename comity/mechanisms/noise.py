"""Hands tremble, and eyes deceive: noise in what is done and in what is seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations, product
from math import prod

from comity.core.decision import NATURE, Decision, Fact
from comity.core.flow import Choices, Decisions, Flow, StageGame, ask, relay, told
from comity.core.outcome import Outcome
from comity.core.space import Lottery
from comity.mechanisms.stacking import checked_share, needs_stage_game


@dataclass(frozen=True)
class Noise:
    """The rule as the players are told it: how often an action is executed, or seen, as another one."""

    execution: float = 0
    monitoring: float = 0


@dataclass(frozen=True)
class Meant:
    """The action a player chose, which need not be the one that was executed."""

    action: str


@dataclass(frozen=True)
class Trembling:
    """With probability `noise` a player's action is replaced by one of its other actions, each equally likely.

    Selten (1975); as execution noise in Axelrod's tournaments. Everybody sees what was executed, and each player
    remembers what it meant. A stage game itself: its payoffs are the expected ones.
    """

    base: StageGame
    noise: float = 0.05

    def __post_init__(self) -> None:
        needs_stage_game("execution noise", self.base)
        checked_share("noise", self.noise)

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return self.base.actions

    @property
    def rule(self) -> Noise:
        return Noise(execution=self.noise)

    @property
    def rules(self) -> tuple[Fact, ...]:
        return (self.rule, *self.base.rules)

    def payoffs(self, profile: tuple[str, ...]) -> tuple[float, ...]:
        slips = [_slips(len(actions), self.noise) for actions in self.actions]
        totals = [0.0] * self.n_players
        for drawn in product(*(lottery.chances() for lottery in slips)):
            executed = tuple(self._executed(seat, profile[seat], slip) for seat, (slip, _) in enumerate(drawn))
            chance = prod(p for _, p in drawn)
            for seat, payoff in enumerate(self.base.payoffs(executed)):
                totals[seat] += chance * payoff
        return tuple(totals)

    def play(self) -> Flow[Outcome]:
        slips = yield from ask(*self._trembles)
        meant: dict[int, str] = {}

        def read(decisions: Decisions, choices: Choices) -> Choices:
            acts = {d.player: choice for d, choice in zip(decisions, choices, strict=True) if d.kind == "act"}
            meant.update(acts)
            executed = {seat: self._executed(seat, action, slips[seat]) for seat, action in acts.items()}
            return tuple(executed.get(d.player, choice) for d, choice in zip(decisions, choices, strict=True))

        outcome = yield from told(relay(self.base.play(), read=read), self.rule)
        return outcome.noted(private=[(Meant(meant[seat]),) for seat in range(self.n_players)])

    @cached_property
    def _trembles(self) -> Decisions:
        return tuple(_slip(len(actions), self.noise, "tremble") for actions in self.actions)

    def _executed(self, seat: int, action: str, slip: int) -> str:
        actions = self.actions[seat]
        return actions[(actions.index(action) + slip) % len(actions)]


@dataclass(frozen=True)
class Misperceived:
    """After play, each player sees each other's action wrongly with probability `noise`, and no payoffs.

    A wrong action is any of the other's other actions, each equally likely. Every pair of eyes errs on its own. It is
    the players of this play who err: what others are shown of it later (partners in a population, say) is the truth.
    """

    base: StageGame
    noise: float = 0.05

    def __post_init__(self) -> None:
        needs_stage_game("monitoring noise", self.base)
        checked_share("noise", self.noise)

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @property
    def rule(self) -> Noise:
        return Noise(monitoring=self.noise)

    @property
    def rules(self) -> tuple[Fact, ...]:
        return (self.rule, *self.base.rules)

    def play(self) -> Flow[Outcome]:
        outcome = yield from told(self.base.play(), self.rule)
        slips = yield from ask(*self._glances)
        views = tuple(self._views(outcome, dict(zip(self._pairs, slips, strict=True))))
        return Outcome(outcome.payoffs, outcome.actions, outcome.parts, outcome.notes, views)

    @cached_property
    def _pairs(self) -> tuple[tuple[int, int], ...]:
        """Who looks at whom."""
        return tuple(permutations(range(self.n_players), 2))

    @cached_property
    def _glances(self) -> Decisions:
        return tuple(_slip(len(self.base.actions[other]), self.noise, "misperceive") for _, other in self._pairs)

    def _views(self, outcome: Outcome, slips: dict[tuple[int, int], int]) -> Iterator[Outcome]:
        for viewer in range(self.n_players):
            seen = tuple(
                action if player == viewer else self._shifted(player, action, slips[viewer, player])
                for player, action in enumerate(outcome.actions)
            )
            yield Outcome((), seen, notes=outcome.seen_by(viewer).notes)

    def _shifted(self, seat: int, action: str, slip: int) -> str:
        actions: Sequence[str] = self.base.actions[seat]
        return actions[(actions.index(action) + slip) % len(actions)]


def _slips(actions: int, noise: float) -> Lottery[int]:
    """By how many places an action slips among so many: 0 is not at all."""
    if actions == 1:
        return Lottery((0,), (1.0,))
    return Lottery(tuple(range(actions)), (1 - noise, *((noise / (actions - 1),) * (actions - 1))))


def _slip(actions: int, noise: float, kind: str) -> Decision[int]:
    return Decision(NATURE, kind, _slips(actions, noise))
