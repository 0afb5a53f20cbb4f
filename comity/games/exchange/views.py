"""What an agent sees when it is asked: facts, of which some can be hidden one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal, NamedTuple, TypeAlias

from comity.core.errors import BadParameter
from comity.games.exchange.state import Completion, Message, Request, Result, State, Task

Phase: TypeAlias = Literal["request", "share", "submit", "turn"]


@dataclass(frozen=True)
class Visibility:
    """What is shown besides one's own pieces, tasks, requests and messages. Each switch is a section of its own.

    scores: what every agent has earned. ranks: who is in which place. completions: who handed in a task when.
    exchanges: who sent pieces to whom, and how many, of late. memory: one's own past actions. receipts: which pieces
    came from whom.
    """

    scores: bool = True
    ranks: bool = False
    completions: bool = True
    exchanges: bool = True
    memory: bool = True
    receipts: bool = True

    @classmethod
    def hiding(cls, hidden: Sequence[str], shown: Sequence[str] = ()) -> Visibility:
        """The usual view without some sections, and with some others. Raises `BadParameter` for an unknown section."""
        sections = [section.name for section in fields(cls)]
        for section in (*hidden, *shown):
            if section not in sections:
                raise BadParameter(f"there is no section {section!r} to hide or show; there are {', '.join(sections)}")
        return cls(**dict.fromkeys(hidden, False), **dict.fromkeys(shown, True))


class Receipt(NamedTuple):
    """One piece that reached somebody, as far as the receiver knows: from whom and when, and not whether it is true."""

    by: int
    piece: int
    round: int


@dataclass(frozen=True, slots=True)
class Sight:
    """What one agent sees at one moment; what is hidden is None.

    tasks: its open tasks. pieces: what it holds. codes: of these, where codes matter. directory: what each agent holds.
    requests: open requests to it. asked: its own open requests. messages: to it, from it and to everybody. results:
    what became of its last actions. did: its own past actions, by round, with what became of them. scores: of every
    agent. ranks: the place of every agent, 1 for the highest score. completions: by whom and in which round.
    exchanges: by whom, to whom and in which round, the latest. receipts: what reached it.
    """

    round: int
    phase: Phase
    agent: int
    tasks: tuple[Task, ...]
    pieces: tuple[int, ...]
    codes: tuple[int, ...] | None
    directory: tuple[tuple[int, ...], ...]
    requests: tuple[Request, ...]
    asked: tuple[Request, ...]
    messages: tuple[Message, ...]
    results: tuple[Result, ...]
    did: tuple[tuple[int, tuple[Result, ...]], ...] | None
    scores: tuple[float, ...] | None
    ranks: tuple[int, ...] | None
    completions: tuple[tuple[int, int], ...] | None
    exchanges: tuple[tuple[int, int, int], ...] | None
    receipts: tuple[Receipt, ...] | None


@dataclass(frozen=True, slots=True)
class Digest:
    """What matters of it, worked out: what an agent sees whose perceiving is automated.

    complete: the tasks that it can hand in. needed: the pieces that it lacks, each with who holds it and who of these
    has been asked. owed: open requests to it. codes: of each piece that is owed, where codes matter.
    """

    round: int
    phase: Phase
    agent: int
    complete: tuple[int, ...]
    needed: tuple[tuple[int, tuple[int, ...], tuple[int, ...]], ...]
    owed: tuple[Request, ...]
    codes: tuple[int, ...] | None


def holdings(state: State) -> tuple[tuple[int, ...], ...]:
    """Who holds what."""
    return tuple(tuple(sorted(held)) for held in state.held)


def requests_of(state: State, agent: int) -> tuple[Request, ...]:
    """The open requests that the agent has made, the oldest first."""
    made = (request for inbox in state.inbox for (by, _), request in inbox.items() if by == agent)
    return tuple(sorted(made, key=lambda request: (request.round, request.piece, request.to)))


def ranked(scores: Sequence[float]) -> tuple[int, ...]:
    """The place of each agent: one more than how many have a higher score."""
    return tuple(1 + sum(other > score for other in scores) for score in scores)


def digest(state: State, agent: int, phase: Phase, *, codes: bool) -> Digest:
    """What matters to the agent now. codes: whether they matter."""
    asked: dict[int, list[int]] = {}
    for request in requests_of(state, agent):
        asked.setdefault(request.piece, []).append(request.to)
    needed = tuple((piece, state.holders(piece), tuple(asked.get(piece, ()))) for piece in state.missing(agent))
    owed = tuple(state.inbox[agent - 1].values())
    known = tuple(state.held[agent - 1][request.piece] for request in owed) if codes else None
    return Digest(state.round, phase, agent, state.complete(agent), needed, owed, known)


def done_by(completions: Sequence[Completion]) -> tuple[tuple[int, int], ...]:
    """By whom, and in which round; who was quicker in a round is not told."""
    return tuple(sorted(((done.by, done.round) for done in completions), key=lambda done: (done[1], done[0])))
