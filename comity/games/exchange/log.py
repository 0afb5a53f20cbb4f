"""What is written down of an exchange while it is played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from comity.games.exchange.state import Answer, Completion, Request, Result, State, Transfer
from comity.games.exchange.views import Phase


@dataclass(frozen=True)
class Log:
    """Everything that happened in an exchange, from which every measure is computed.

    results: in the order of play the round, the phase, the agent and what became of its actions, automated ones too.
    feasible: for each chance to submit the round, the agent and the tasks that it could see to be complete.
    needed: for each chance to ask the round, the agent, the pieces that it lacked, and of these the ones that it had an
        open request for when the chance was over.
    chances: for each agent when it could share, by the clock of the play.
    """

    asked: tuple[Request, ...]
    answers: tuple[Answer, ...]
    transfers: tuple[Transfer, ...]
    completions: tuple[Completion, ...]
    results: tuple[tuple[int, Phase, int, tuple[Result, ...]], ...]
    feasible: tuple[tuple[int, int, tuple[int, ...]], ...]
    needed: tuple[tuple[int, int, tuple[int, ...], tuple[int, ...]], ...]
    chances: tuple[tuple[int, ...], ...]


class Recorder:
    """Writes down what agents could do and what they did. late: whether they see only what was at the round's start."""

    def __init__(self, state: State, *, late: bool) -> None:
        self._state, self._late = state, late
        self._results: list[tuple[int, Phase, int, tuple[Result, ...]]] = []
        self._feasible: list[tuple[int, int, tuple[int, ...]]] = []
        self._needed: list[tuple[int, int, tuple[int, ...], tuple[int, ...]]] = []
        self._chances: list[list[int]] = [[] for _ in state.held]
        self._lacked: list[tuple[int, ...]] = [() for _ in state.held]
        self._complete: list[tuple[int, ...]] = []

    def begin(self) -> None:
        """A round begins."""
        if self._late:
            self._complete = [self._state.complete(agent) for agent in range(1, len(self._state.held) + 1)]

    def opens(self, agent: int, phase: Phase) -> None:
        """The agent has a chance: note what it could do."""
        state = self._state
        if phase in ("request", "turn"):
            self._lacked[agent - 1] = state.missing(agent)
        if phase in ("share", "turn"):
            self._chances[agent - 1].append(state.clock)
        if phase in ("submit", "turn"):
            complete = self._complete[agent - 1] if self._late else state.complete(agent)
            self._feasible.append((state.round, agent, complete))

    def closes(self, agent: int, phase: Phase) -> None:
        """The chance is over: note what the agent lacked, and what of it is asked for now."""
        if phase not in ("request", "turn"):
            return
        state, lacked = self._state, self._lacked[agent - 1]
        asked = {piece for inbox in state.inbox for by, piece in inbox if by == agent}
        got = state.held[agent - 1]
        covered = tuple([piece for piece in lacked if piece in asked or piece in got])
        self._needed.append((state.round, agent, lacked, covered))

    def did(self, agent: int, phase: Phase, results: Sequence[Result]) -> None:
        """What became of actions of the agent."""
        if results:
            self._results.append((self._state.round, phase, agent, tuple(results)))

    def log(self) -> Log:
        """Everything that happened."""
        state = self._state
        return Log(
            tuple(state.asked),
            tuple(state.answers),
            tuple(state.transfers),
            tuple(state.completions),
            tuple(self._results),
            tuple(self._feasible),
            tuple(self._needed),
            tuple(map(tuple, self._chances)),
        )
