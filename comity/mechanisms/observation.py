"""Somebody who takes no part predicts, round by round, what a player of a recorded game did (Akata et al. 2025)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from comity.core.decision import Decision, Fact
from comity.core.errors import BadParameter, BadStack
from comity.core.flow import Flow, StageGame, ask
from comity.core.named import Scale, layers
from comity.core.outcome import Outcome, Play
from comity.core.space import OneOf
from comity.mechanisms.noise import Trembling
from comity.mechanisms.repetition import History, recent
from comity.mechanisms.stacking import Memory, checked_memory, checked_rounds, needs_players, needs_stage_game

OBSERVER = "observer"
"""The role of the one who predicts."""


@dataclass(frozen=True)
class Observation:
    """The rule as the observer is told it. From here on it is an onlooker, and all players are others.

    seat: whose actions it predicts, counted from 0. rounds: how many there are. memory: how many past ones are shown.
    """

    seat: int
    rounds: int
    memory: Memory


@dataclass(frozen=True)
class Observed:
    """A repeated game of two that was played before, watched by one observer, who is its only player.

    Before each round the observer predicts the action of one seat, seeing the rounds before it as an onlooker does. It
    is paid the share of its predictions that are right.

    moves: what was played, for each round the actions of both seats. seat: whose actions are predicted, counted from 1.
    memory: how many past rounds are shown, or "all".

    It names a game of its own, with the role "observer" and scores from 0 to 1, in which nothing means cooperation.
    What it predicted in a round is the action of that round's play, paid 1 where it was right and 0 where it was wrong.
    Raises `BadStack` unless base is a stage game for two that pays by what is played alone.
    """

    base: StageGame
    moves: tuple[tuple[str, str], ...]
    seat: int = 2
    memory: Memory = "all"

    def __post_init__(self) -> None:
        needs_stage_game("observation", self.base)
        needs_players("observation", self.base, 2)
        if any(isinstance(layer, Trembling) for layer in layers(self.base)):
            raise BadStack(
                "observation shows what was played and paid, and under noise the one does not tell the other"
            )
        if self.seat not in (1, 2):
            raise BadParameter(f"seat must be 1 or 2, not {self.seat!r}")
        checked_rounds(len(self.moves))
        checked_memory(self.memory)
        for round, profile in enumerate(self.moves, start=1):
            _checked_profile(profile, round, self.base)

    @property
    def n_players(self) -> int:
        return 1

    @property
    def roles(self) -> tuple[str, ...]:
        return (OBSERVER,)

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        return (None,)

    @property
    def defective(self) -> tuple[str | None, ...]:
        return (None,)

    @property
    def scale(self) -> Scale:
        return Scale(0, 1)

    @property
    def watched(self) -> int:
        """The seat whose actions are predicted, counted from 0."""
        return self.seat - 1

    @property
    def rule(self) -> Observation:
        return Observation(self.watched, len(self.moves), self.memory)

    @property
    def rules(self) -> tuple[Fact, ...]:
        return (self.rule, *self.base.rules)

    @cached_property
    def _rounds(self) -> tuple[Play, ...]:
        plays = (Outcome(self.base.payoffs(profile), profile) for profile in self.moves)
        return tuple(Play(round, (0, 1), outcome) for round, outcome in enumerate(plays))

    def play(self) -> Flow[Outcome]:
        options = OneOf(self.base.actions[self.watched])
        made: list[Play] = []
        for round, profile in enumerate(self.moves):
            seen = History(recent(self._rounds[:round], self.memory), round)
            [predicted] = yield from ask(Decision(0, "predict", options, (self.rule, seen, *self.base.rules)))
            right = float(predicted == profile[self.watched])
            made.append(Play(round, (0,), Outcome((right,), (predicted,))))
        return Outcome((sum(play.outcome.payoffs[0] for play in made) / len(made),), parts=tuple(made))


def _checked_profile(profile: tuple[str, str], round: int, base: StageGame) -> None:
    if len(profile) != 2:
        raise BadParameter(f"round {round} of moves must be two actions, one of each seat, not {list(profile)}")
    for seat, (action, allowed) in enumerate(zip(profile, base.actions, strict=True), start=1):
        if action not in allowed:
            raise BadParameter(
                f"round {round} of moves has {action!r} for seat {seat}, whose actions are {', '.join(allowed)}"
            )
