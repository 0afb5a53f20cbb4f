"""Whatever players answer, what happens is what was recorded: each is asked at all recorded histories.

So an agent can be asked what it would do where people stood, and its answers do not change where it stands next; of
models that learn sequences this is called teacher forcing (Williams and Zipser 1989).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from comity.core.errors import BadParameter, BadStack, Diverged
from comity.core.flow import Choices, Decisions, Flow, Game, ask
from comity.core.match import replaying
from comity.core.named import Scale, named_game, seated_game
from comity.core.outcome import Outcome, Play
from comity.core.space import from_json


@dataclass(frozen=True)
class Forced:
    """A game that was played before, in which players are asked to act once more and nothing comes of it.

    At each recorded step in which all act at once everybody is put the very decision that was put then, fact for fact,
    and answers; then the game goes on as recorded. Chance and all other decisions are as recorded too and are not asked
    again. There is no rule that tells of it, as with a prediction that is a probe.

    base: the game that was played. choices: what was chosen in it, the choices of each step in a list, as JSON text.
    session: the independent group it was played in; it is data, and changes nothing. rounds: at which steps of this
        kind players are asked, counted from 1; empty asks at all of them.

    It names a game of its own: roles and the meaning of actions are those of base, what a player answered in a step is
    the action of that step's play, and its payoff is the share of its answers that agree with the record, on a scale
    from 0 to 1. Raises `BadParameter` where the record is not one of base, and `BadStack` where nobody is to be asked
    or some act while others do not.
    """

    base: Game
    choices: str
    session: str = ""
    rounds: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for number in self.rounds:
            if not 1 <= number <= self._steps:
                raise BadParameter(f"rounds must be steps 1 to {self._steps} of the record, not {number}")
        if not any(action is not None for _, profile in self.recorded for action in profile):
            raise BadStack("forced asks players where they acted, and in this record nobody did")

    @property
    def n_players(self) -> int:
        return self.base.n_players

    @cached_property
    def steps(self) -> tuple[Choices, ...]:
        """The recorded choices, step by step."""
        try:
            read = json.loads(self.choices)
        except ValueError:
            read = None
        if not isinstance(read, list) or not all(isinstance(step, list) for step in read):
            raise BadParameter("choices must be a list with the list of choices of each step, as JSON text")
        return tuple(from_json(step) for step in read)

    @cached_property
    def recorded(self) -> tuple[tuple[int, Choices], ...]:
        """Where players are asked: the step of the record, and what was done there."""
        wanted = set(self.rounds)
        acts = [(step, profile) for step, (pending, profile) in enumerate(self._played) if _is_act(pending)]
        return tuple(act for number, act in enumerate(acts, start=1) if not wanted or number in wanted)

    @cached_property
    def _steps(self) -> int:
        return sum(_is_act(pending) for pending, _ in self._played)

    @cached_property
    def _played(self) -> tuple[tuple[Decisions, Choices], ...]:
        """What was put in each step of the record, and chosen."""
        found: list[tuple[Decisions, Choices]] = []
        try:
            for number, match in enumerate(replaying(self.base, self.steps)):
                if number < len(self.steps):
                    found.append((match.pending, self.steps[number]))
        except Diverged as error:
            raise BadParameter(f"choices are no record of this game: {error}") from None
        if match.outcome is None:
            raise BadParameter("choices are no record of a whole game: it goes on after them")
        for pending, _ in found:
            kinds = {decision.kind for decision in pending}
            if "act" in kinds and [each.player for each in pending] != list(range(self.n_players)):
                raise BadStack("forced asks games in which all players act at the same time")
        return tuple(found)

    @cached_property
    def roles(self) -> tuple[str, ...]:
        return _all_round(seated_game(self.base).roles, self.n_players)

    @cached_property
    def cooperative(self) -> tuple[str | None, ...]:
        return _all_round(named_game(self.base).cooperative, self.n_players)

    @cached_property
    def defective(self) -> tuple[str | None, ...]:
        return _all_round(named_game(self.base).defective, self.n_players)

    @property
    def scale(self) -> Scale:
        return Scale(0, 1)

    @cached_property
    def actions(self) -> tuple[tuple[str, ...], ...]:
        """What each player may answer."""
        pending, _ = self._played[self.recorded[0][0]]
        return tuple(tuple(decision.options) for decision in pending)

    @property
    def rules(self) -> tuple[Any, ...]:
        return self.base.rules

    def play(self) -> Flow[Outcome]:
        everybody = tuple(range(self.n_players))
        made: list[Play] = []
        for step, profile in self.recorded:
            pending, _ = self._played[step]
            answers = yield from ask(*pending)
            agree = tuple(float(one is not None and one == other) for one, other in zip(answers, profile, strict=True))
            made.append(Play(len(made), everybody, Outcome(agree, answers)))
        return Outcome(tuple(self._shares(made)), parts=tuple(made))

    def _shares(self, made: Sequence[Play]) -> Iterator[float]:
        """Of each player the share of its recorded actions that it answered too."""
        for player in range(self.n_players):
            counted = [
                play.outcome.payoffs[player]
                for play, (_, profile) in zip(made, self.recorded, strict=True)
                if profile[player] is not None
            ]
            yield sum(counted) / len(counted) if counted else 0.0


def _is_act(pending: Decisions) -> bool:
    return bool(pending) and pending[0].kind == "act"


def _all_round(names: tuple[Any, ...], n_players: int) -> tuple[Any, ...]:
    """What each player has by its seat, where there are several for a seat."""
    return tuple(names[player % len(names)] for player in range(n_players))
