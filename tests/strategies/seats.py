"""How these tests sit strategies down: whole matches, one fixed opponent, and decisions shown by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from comity.core.decision import Decision
from comity.core.flow import Game
from comity.core.match import Decide, Match, Reply, play
from comity.core.space import Lottery
from comity.games.matrix import PrisonersDilemma
from comity.mechanisms.repetition import History, Repeated
from comity.mechanisms.stacking import Memory
from comity.strategies.strategy import Strategy

LETTERS = {"C": "cooperate", "D": "defect"}


def seated(game: Game, strategies: Sequence[Strategy]) -> Decide:
    """One decider for all players, each with its own strategy; the last one sits in all seats that remain."""
    sitting = [strategies[min(p, len(strategies) - 1)].begin(game, p) for p in range(game.n_players)]
    return lambda decision: sitting[decision.player](decision)


def match_of(game: Game, *strategies: Strategy, key: int = 0) -> Match:
    """A whole match."""
    return play(game, seated(game, strategies), key)


class Fixed:
    """Plays the given actions, one a round, and then the last of them for ever."""

    def __init__(self, *actions: str) -> None:
        self.actions = actions

    def begin(self, game: Game, player: int) -> Callable[[Decision[Any]], str]:
        def decide(decision: Decision[Any]) -> str:
            history = decision.fact(History)
            return self.actions[min(history.played if history else 0, len(self.actions) - 1)]

        return decide


class Recorder:
    """Lets a strategy decide and keeps what it answered, by the kind of decision."""

    def __init__(self, strategy: Strategy) -> None:
        self.strategy = strategy
        self.replies: list[tuple[Decision[Any], Reply]] = []

    def begin(self, game: Game, player: int) -> Decide:
        decider = self.strategy.begin(game, player)

        def decide(decision: Decision[Any]) -> Reply:
            self.replies.append((decision, decider(decision)))
            return self.replies[-1][1]

        return decide

    def of(self, kind: str) -> list[Reply]:
        return [reply for decision, reply in self.replies if decision.kind == kind]


def chance_of(reply: Reply, action: str = "cooperate") -> float:
    """With which probability that action is answered."""
    if isinstance(reply, Lottery):
        return dict(reply.chances()).get(action, 0.0)
    return float(reply == action)


def chances_against(strategy: Strategy, opponent: str, memory: Memory = 1) -> list[float]:
    """With which probability a strategy cooperates, round by round of a prisoner's dilemma, against these letters."""
    recorder = Recorder(strategy)
    game = Repeated(PrisonersDilemma(), rounds=len(opponent), memory=memory)
    match_of(game, recorder, Fixed(*(LETTERS[letter] for letter in opponent)))
    return [chance_of(reply) for reply in recorder.of("act")]
