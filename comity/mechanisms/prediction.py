"""Players say what they expect of the others before they act: a probe, or a step of reasoning (Akata et al. 2025).

A prediction is a decision like any other, of kind "predict": it is recorded, and it can be scored. It changes nothing
of what is played and paid. Unless it is public nobody else learns of it, and not even that it was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

from comity.core.decision import Decision, Fact
from comity.core.errors import BadParameter, BadStack
from comity.core.flow import Decisions, Flow, StageGame, ask, told
from comity.core.named import layers
from comity.core.outcome import Outcome
from comity.core.space import Each, OneOf, Space
from comity.mechanisms.stacking import checked_seats, label, needs_stage_game

Use: TypeAlias = Literal["play", "probe"]
Told: TypeAlias = Mapping[int, tuple[Fact, ...]]


@dataclass(frozen=True)
class Predicting:
    """The rule as all are told it where predictions are public. seats: of those who predict, counted from 0."""

    seats: tuple[int, ...]


@dataclass(frozen=True)
class Prediction:
    """What a player expects. by: its seat. actions: those of all other seats, in their order."""

    by: int
    actions: tuple[str, ...]

    @property
    def of(self) -> tuple[int, ...]:
        """The seats that the actions are expected of."""
        return others_of(self.by, len(self.actions) + 1)


@dataclass(frozen=True)
class Predicted:
    """base, and before it each player in `seats` predicts what the others will do, all of them at once.

    With two players a prediction is one of the other's actions, with more it is one for each other seat. It is about
    what is finally played: after a mechanism below has changed an action, that counts.

    seats: who predicts, counted from 1.
    use: "play": a player sees its own prediction when it acts, which is social chain-of-thought (Akata et al. 2025).
        "probe": it is asked, and then acts on exactly what it would see without having been asked.
    public: whether all are told beforehand who predicts, and see afterwards what was predicted.
    recall: whether a player sees its own predictions when it looks back. With neither the history is that of base, and
        a player that is asked the same twice need not remember it: the game is not of perfect recall.

    A stage game itself, of two steps: actions and payoffs are those of base. Raises `BadStack` unless base is one with
    somebody to predict, and where it has predictions already.
    """

    base: StageGame
    seats: tuple[int, ...] = (1, 2)
    use: Use = "play"
    public: bool = False
    recall: bool = False

    def __post_init__(self) -> None:
        needs_stage_game("prediction", self.base)
        if self.base.n_players < 2:
            raise BadStack(f"prediction needs somebody else to predict, and {label(self.base)} is for one player")
        if any(isinstance(layer, Predicted) for layer in layers(self.base)):
            raise BadStack("prediction stands once in a stack: what a second one asks has been asked")
        checked_seats(self.seats, self.base)
        if self.use not in ("play", "probe"):
            raise BadParameter(f'use must be "play" or "probe", not {self.use!r}')

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        return self.base.actions

    @property
    def rules(self) -> tuple[Fact, ...]:
        return (*self._rule, *self.base.rules)

    @cached_property
    def predicting(self) -> tuple[int, ...]:
        """The seats that predict, counted from 0."""
        return tuple(seat - 1 for seat in self.seats)

    def payoffs(self, profile: tuple[str, ...]) -> tuple[float, ...]:
        return self.base.payoffs(profile)

    def play(self) -> Flow[Outcome]:
        answers = yield from ask(*self._questions)
        made = {d.player: _prediction(d.player, choice) for d, choice in zip(self._questions, answers, strict=True)}
        reminded: Told = {by: (prediction,) for by, prediction in made.items()} if self.use == "play" else {}
        outcome = yield from told(self.base.play(), *self._rule, each=lambda player: reminded.get(player, ()))
        if self.public:
            return outcome.noted(*made.values())
        if self.recall:
            own = [(made[player],) if player in made else () for player in range(self.n_players)]
            return outcome.noted(private=own)
        return outcome

    @property
    def _rule(self) -> tuple[Fact, ...]:
        return (Predicting(self.predicting),) if self.public else ()

    @cached_property
    def _questions(self) -> Decisions:
        return tuple(Decision(seat, "predict", self._expected(seat), self.rules) for seat in self.predicting)

    def _expected(self, seat: int) -> Space[Any]:
        """What may be expected of the others."""
        others = others_of(seat, self.n_players)
        if len(others) == 1:
            return OneOf(self.actions[others[0]])
        return Each(
            tuple(f"player {other + 1}" for other in others), tuple(OneOf(self.actions[other]) for other in others)
        )


def others_of(seat: int, n_players: int) -> tuple[int, ...]:
    """All seats but this one."""
    return tuple(other for other in range(n_players) if other != seat)


def _prediction(by: int, choice: str | tuple[str, ...]) -> Prediction:
    return Prediction(by, choice if isinstance(choice, tuple) else (choice,))
