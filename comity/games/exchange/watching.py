"""What the agents of one play see while it runs: the present, or that of the beginning of the round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from comity.games.exchange.state import Message, Result, State
from comity.games.exchange.views import (
    Digest,
    Phase,
    Receipt,
    Sight,
    Visibility,
    digest,
    done_by,
    ranked,
    requests_of,
)

LATEST = 10
"""So many exchanges of the group are shown."""


@dataclass(frozen=True)
class Showing:
    """How much is shown, and how soon.

    visibility: which sections. memory: how many rounds, this one included. late: whether everything is that of the
    beginning of the round; stale: whether only the directory, the scores and what was said to all are. codes: whether
    they matter. digests: the agents who are shown a digest.
    """

    visibility: Visibility
    memory: int | Literal["all"]
    late: bool
    stale: bool
    codes: bool
    digests: frozenset[int]


class Watching:
    """What is seen in one play. scores: what every agent has been paid by now."""

    def __init__(self, state: State, showing: Showing, scores: Callable[[], tuple[float, ...]]) -> None:
        self._state, self._showing, self._scores = state, showing, scores
        self._agents = range(1, len(state.held) + 1)
        self._last: dict[int, tuple[Result, ...]] = dict.fromkeys(self._agents, ())
        self._did: dict[int, list[tuple[int, tuple[Result, ...]]]] = {agent: [] for agent in self._agents}
        self._receipts: dict[int, list[Receipt]] = {agent: [] for agent in self._agents}
        self._delivered = 0
        self._holdings: list[tuple[int, ...]] = [()] * len(state.held)
        self._finished: tuple[tuple[int, int], ...] = ()
        self._paid: tuple[tuple[int, int], tuple[float, ...]] = ((-1, -1), ())
        self._early: dict[int, Sight | Digest] = {}
        self._directory: tuple[tuple[int, ...], ...] = ()
        self._paid_early: tuple[float, ...] = ()
        self._heard = 0

    def begin(self) -> None:
        """A round begins: note what is seen of its beginning."""
        self._directory, self._paid_early, self._heard = self._held(), self._earned(), len(self._state.messages)
        if self._showing.late:
            self._early = {agent: self._now(agent, "turn") for agent in self._agents}

    def did(self, agent: int, results: tuple[Result, ...]) -> None:
        """What became of the agent's own actions."""
        self._last[agent] = results
        if results:
            self._did[agent].append((self._state.round, results))

    def sight(self, agent: int, phase: Phase) -> Sight | Digest:
        """What the agent sees."""
        return replace(self._early[agent], phase=phase) if self._showing.late else self._now(agent, phase)

    def _now(self, agent: int, phase: Phase) -> Sight | Digest:
        state, showing = self._state, self._showing
        if agent in showing.digests:
            return digest(state, agent, phase, codes=showing.codes)
        first = 1 if showing.memory == "all" else state.round - showing.memory + 1
        shown = showing.visibility
        directory = self._held()
        pieces = directory[agent - 1]
        scores = self._paid_early if showing.stale else self._earned()
        return Sight(
            state.round,
            phase,
            agent,
            tuple(state.open[agent - 1]),
            pieces,
            tuple([state.held[agent - 1][piece] for piece in pieces]) if showing.codes else None,
            self._directory if showing.stale else directory,
            tuple(state.inbox[agent - 1].values()),
            requests_of(state, agent),
            tuple(self._messages(agent, first)),
            self._last[agent],
            tuple([did for did in self._did[agent] if did[0] >= first]) if shown.memory else None,
            scores if shown.scores else None,
            ranked(scores) if shown.ranks else None,
            self._completed() if shown.completions else None,
            tuple([(sent.by, sent.to, sent.round) for sent in state.transfers[-LATEST:]]) if shown.exchanges else None,
            tuple([sent for sent in self._reached(agent) if sent.round >= first]) if shown.receipts else None,
        )

    def _messages(self, agent: int, first: int) -> list[Message]:
        """To it, from it and to everybody, since that round."""
        heard = self._heard if self._showing.stale else len(self._state.messages)
        return [
            message
            for place, message in enumerate(self._state.messages)
            if message.round >= first and (agent in (message.by, message.to) or (message.to == 0 and place < heard))
        ]

    def _held(self) -> tuple[tuple[int, ...], ...]:
        """What each agent holds; nobody ever loses a piece, so a list as long as before is the list of before."""
        for place, held in enumerate(self._state.held):
            if len(held) > len(self._holdings[place]):
                self._holdings[place] = tuple(sorted(held))
        return tuple(self._holdings)

    def _earned(self) -> tuple[float, ...]:
        """What each has been paid; one tuple for all who look at the same time."""
        now = len(self._state.completions), len(self._state.transfers)
        if self._paid[0] != now:
            self._paid = now, self._scores()
        return self._paid[1]

    def _completed(self) -> tuple[tuple[int, int], ...]:
        """By whom and in which round tasks were handed in; one tuple for all who look at the same time."""
        if len(self._finished) < len(self._state.completions):
            self._finished = done_by(self._state.completions)
        return self._finished

    def _reached(self, agent: int) -> list[Receipt]:
        """What has reached the agent so far."""
        for sent in self._state.transfers[self._delivered :]:
            self._receipts[sent.to].append(Receipt(sent.by, sent.piece, sent.round))
        self._delivered = len(self._state.transfers)
        return self._receipts[agent]
