"""Strategies that somebody writes as a function of the two histories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from comity.core.decision import Decision
from comity.core.errors import BadParameter
from comity.core.flow import Game
from comity.core.match import Decide, Reply
from comity.exact.lean import Rule, chance_of
from comity.exact.plain import PlainRepetition
from comity.mechanisms.repetition import History
from comity.strategies.finite_state import mixed
from comity.strategies.plain import plain_repetition


@dataclass(frozen=True)
class FromHistories:
    """Cooperates when rule(own history, the other's history) says so, or with the probability that it says.

    The histories hold all rounds so far as they were executed, oldest first, True to cooperate. It plays plain
    repetitions (see `plain_repetition`) and nothing else; `exact.lean.lean_play` plays the same much faster.
    """

    rule: Rule

    def begin(self, game: Game, player: int) -> Decide:
        plain = plain_repetition(game)
        if plain is None:
            raise BadParameter(
                "a strategy that is a function of two histories plays only repeated games for two with one action "
                "that cooperates and one that defects, in which the last round at least is shown"
            )
        return _Seat(self.rule, plain, player).decide


class _Seat:
    """One seat of one match, and the histories it has seen grow there."""

    def __init__(self, rule: Rule, plain: PlainRepetition, player: int) -> None:
        self._rule = rule
        self._plain = plain
        self._player = player
        self._own: list[bool] = []
        self._others: list[bool] = []

    def decide(self, decision: Decision[Any]) -> Reply:
        self._look_back(decision)
        chance = chance_of(self._rule(self._own, self._others))
        return mixed(self._plain.actions[self._player], chance)

    def _look_back(self, decision: Decision[Any]) -> None:
        history = decision.fact(History)
        if history is None or not history.past:
            return
        done = history.past[-1].outcome.actions
        other = 1 - self._player
        self._own.append(done[self._player] == self._plain.actions[self._player][0])
        self._others.append(done[other] == self._plain.actions[other][0])
