"""What to expect of others, and acting on it.

A rule here answers decisions of kind "predict": of a player who is asked before it acts, and of an observer of a game
that others played. It may also be asked at any other decision of a game, for what it expects there.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import fsum, prod
from typing import Any, NamedTuple, TypeAlias

from comity.core.decision import Decision
from comity.core.errors import BadStack
from comity.core.flow import Game, StageGame
from comity.core.match import Decide, Reply
from comity.core.named import layers
from comity.core.space import Lottery
from comity.games.sequential import Moved, SequentialTrustGame
from comity.mechanisms.observation import Observation, Observed
from comity.mechanisms.prediction import Prediction, others_of
from comity.mechanisms.repetition import History
from comity.strategies.seen import Circle, Meaning, circle_of, last_actions, meaning_of, progress_of, visible_deeds
from comity.strategies.stages import played_each_round

Profile: TypeAlias = tuple[str, ...]


class Predictor(ABC):
    """A rule for predictions. It is a `Strategy` for decisions of that kind."""

    @abstractmethod
    def expects(self, scene: Scene) -> Sequence[Lottery[str]]:
        """For each seat that is asked about, how likely each of its actions is."""

    def begin(self, game: Game, player: int) -> Decide:
        scene_of = _scene_of(game)
        return lambda decision: _reply(self.expects(scene_of(decision)))


class Scene(NamedTuple):
    """What a prediction may rest on.

    seats: those whose actions are asked about. past: the visible rounds of just these players, oldest first, each by
    seat; None where they have no common past (partners who change). last: what each seat did last, where that is
    visible. actions, meaning: of each seat.
    """

    seats: tuple[int, ...]
    past: tuple[Profile, ...] | None
    last: Profile | None
    actions: tuple[Profile, ...]
    meaning: Meaning

    def usual(self, seat: int) -> str:
        """What the seat did last, or else its cooperative action."""
        return self.meaning.cooperative[seat] if self.last is None else self.last[seat]


@dataclass(frozen=True)
class Repeats(Predictor):
    """Expects of everybody what it did last, and at first that it cooperates."""

    def expects(self, scene: Scene) -> Sequence[Lottery[str]]:
        return [_surely(scene.usual(seat)) for seat in scene.seats]


@dataclass(frozen=True)
class Pattern(Predictor):
    """Expects what followed when the last rounds went as they do now.

    The longest run of joint actions that ends the visible past, and occurred in it before, is continued as it was the
    last time it occurred. Where the last round never occurred before, everybody is expected to repeat what it did last,
    and at first to cooperate.
    """

    def expects(self, scene: Scene) -> Sequence[Lottery[str]]:
        followed = None if scene.past is None else _followed(scene.past)
        return [_surely(scene.usual(seat) if followed is None else followed[seat]) for seat in scene.seats]


@dataclass(frozen=True)
class Cooperates(Predictor):
    """Expects that everybody cooperates, whatever was done."""

    def expects(self, scene: Scene) -> Sequence[Lottery[str]]:
        return [_surely(scene.meaning.cooperative[seat]) for seat in scene.seats]


@dataclass(frozen=True)
class Defects(Predictor):
    """Expects that everybody defects, whatever was done."""

    def expects(self, scene: Scene) -> Sequence[Lottery[str]]:
        return [_surely(scene.meaning.defective[seat]) for seat in scene.seats]


@dataclass(frozen=True)
class Uniform(Predictor):
    """Takes every action of everybody for equally likely, and says so as a lottery."""

    def expects(self, scene: Scene) -> Sequence[Lottery[str]]:
        return [Lottery(scene.actions[seat], _equally(len(scene.actions[seat]))) for seat in scene.seats]


@dataclass(frozen=True)
class BestReply:
    """Acts by the best reply to its own prediction; of several the first in the order of the actions.

    The prediction is the one that it is shown when it acts. Where it is shown none (a probe, or a game in which nobody
    is asked) it is what `predict` expects now, and a lottery counts as one. Where players move in turn, what has been
    done needs no prediction.
    """

    predict: Predictor

    def begin(self, game: Game, player: int) -> Decide:
        stage, scene_of = _stage(game), _scene_of(game)
        return lambda decision: _best_reply(stage, decision, self.predict, scene_of)


_SceneOf: TypeAlias = Callable[[Decision[Any]], Scene]


def _reply(expected: Sequence[Lottery[str]]) -> Reply:
    """The expectation as an answer: an action where one seat is asked about, else a tuple; or a lottery over these."""
    chances = {actions: chance for actions, chance in _joint(expected) if chance > 0}
    options = tuple(actions if len(expected) > 1 else actions[0] for actions in chances)
    return options[0] if len(options) == 1 else Lottery(options, tuple(chances.values()))


def _joint(expected: Sequence[Lottery[str]]) -> Iterator[tuple[Profile, float]]:
    """What all of them do together, each on its own."""
    for drawn in itertools.product(*(lottery.chances() for lottery in expected)):
        yield tuple(action for action, _ in drawn), prod(chance for _, chance in drawn)


def _scene_of(game: Game) -> _SceneOf:
    watched = next((layer for layer in layers(game) if isinstance(layer, Observed)), None)
    stage = _stage(watched.base if watched else game)
    return partial(_scene, stage=stage, meaning=meaning_of(stage))


def _stage(game: Game) -> StageGame:
    """The stage game under a stack of mechanisms, or that in which who acts in turn would act at once."""
    for layer in layers(played_each_round(game)):
        if isinstance(layer, StageGame):
            return layer
        if isinstance(layer, SequentialTrustGame):
            return layer.at_once
    raise BadStack("there is nothing to predict: the game has no step in which everybody acts once")


def _scene(decision: Decision[Any], stage: StageGame, meaning: Meaning) -> Scene:
    watching = decision.fact(Observation)
    circle = circle_of(decision, stage.n_players)
    seats = others_of(circle.seat, stage.n_players) if watching is None else (watching.seat,)
    last = last_actions(progress_of(decision.sees), circle)
    return Scene(seats, _past(decision, circle), last, stage.actions, meaning)


def _past(decision: Decision[Any], circle: Circle) -> tuple[Profile, ...] | None:
    history = decision.fact(History)
    if history is None or progress_of(decision.sees) is not history:
        return None
    return tuple(deed.actions for deed in visible_deeds(history) if deed.players == circle.group)


def _followed(past: Sequence[Profile]) -> Profile | None:
    """What followed the latest of the longest earlier occurrences of how the past ends; None if there is none."""
    longest, found = 0, None
    for end in range(len(past) - 1, 0, -1):
        length = _alike(past, end)
        if length > longest:
            longest, found = length, past[end]
    return found


def _alike(past: Sequence[Profile], end: int) -> int:
    """How many rounds before `end` went like as many before the end of all."""
    pairs = zip(reversed(past[:end]), reversed(past), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _best_reply(stage: StageGame, decision: Decision[Any], predict: Predictor, scene_of: _SceneOf) -> str:
    seat = decision.seat % stage.n_players
    known = _known(decision, seat)
    expected = predict.expects(scene_of(decision)) if known is None else list(map(_surely, known))
    return max(stage.actions[seat], key=lambda action: _mean_pay(stage, seat, action, expected))


def _known(decision: Decision[Any], seat: int) -> Profile | None:
    """What the others have just done, or what they are expected to do by a prediction that is shown."""
    moved = decision.fact(Moved)
    if moved is not None:
        return (moved.action,)
    return next((fact.actions for fact in decision.facts(Prediction) if fact.by == seat), None)


def _mean_pay(stage: StageGame, seat: int, action: str, expected: Sequence[Lottery[str]]) -> float:
    """What the action pays on average if the others do as expected."""
    return fsum(
        chance * stage.payoffs((*others[:seat], action, *others[seat:]))[seat] for others, chance in _joint(expected)
    )


def _surely(action: str) -> Lottery[str]:
    return Lottery((action,), (1.0,))


def _equally(count: int) -> tuple[float, ...]:
    return (1 / count,) * count
