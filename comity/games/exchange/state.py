"""What holds at one moment of an exchange, and what each action does to it.

An action is carried out whole or refused with a reason; what is refused changes nothing. Agents, pieces and tasks are
counted from 1, rounds from 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from comity.games.exchange.turns import Action
from comity.games.exchange.world import World

Reason: TypeAlias = Literal[
    "no_such_agent",
    "no_such_piece",
    "no_such_task",
    "to_yourself",
    "held_already",
    "not_with_them",
    "asked_already",
    "not_held",
    "named_twice",
    "not_asked_for",
    "pieces_missing",
]
"""Why an action is refused. `docs/reference/exchange.md` has a sentence for each."""


EVERYBODY = 0
"""Whom a request is made to that all holders of the piece hear."""


class Result(NamedTuple):
    """What became of an action: None is done, else why it was refused."""

    action: Action
    refused: Reason | None


class Task(NamedTuple):
    """A task by its number, which is never used again, and the pieces that it needs."""

    number: int
    pieces: tuple[int, ...]


class Request(NamedTuple):
    """Somebody asked for a piece in that round. at: when, by the clock of the play."""

    by: int
    to: int
    piece: int
    round: int
    at: int


class Transfer(NamedTuple):
    """One piece that reached somebody who had lacked it.

    asked: whether it had been asked for. true: whether its code was the sender's. needed: whether an open task of the
    receiver needed it. at: when, by the clock of the play.
    """

    by: int
    to: int
    piece: int
    round: int
    asked: bool
    true: bool
    needed: bool
    at: int


class Answer(NamedTuple):
    """Somebody sent a piece that it had been asked for. true: whether the code was its own. at: when, by the clock."""

    by: int
    to: int
    piece: int
    true: bool
    at: int


class Message(NamedTuple):
    """What was told to one agent, or to everybody (to = 0)."""

    by: int
    to: int
    text: str
    round: int


class Completion(NamedTuple):
    """A task that was handed in. false: how many of its pieces had a wrong code."""

    by: int
    task: int
    round: int
    false: tuple[int, ...]


@dataclass(frozen=True)
class Terms:
    """What the rules of effect need to know besides the world.

    open_tasks: how many each agent has at any time. unsolicited: whether what nobody asked for may be shared.
    """

    open_tasks: int
    unsolicited: bool


@dataclass
class State:
    """The exchange at one moment. It belongs to one play, in which it changes; nothing else holds on to it."""

    world: World
    terms: Terms
    round: int = 1
    clock: int = 0
    """One tick for each time that agents act: for a phase in which all do, or for a turn."""
    held: list[dict[int, int]] = field(default_factory=list)
    """For each agent, its pieces and the code of its copy of each."""
    open: list[list[Task]] = field(default_factory=list)
    inbox: list[dict[tuple[int, int], Request]] = field(default_factory=list)
    """For each agent the open requests to it, by who asked and for which piece."""
    transfers: list[Transfer] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    completions: list[Completion] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    """Every request that was ever accepted."""
    answers: list[Answer] = field(default_factory=list)
    """Every piece that was sent on request, also where somebody else had been quicker."""

    def __post_init__(self) -> None:
        codes = self.world.codes
        self.held = [{piece: codes[piece - 1] for piece in sorted(pieces)} for pieces in self.world.deal]
        self.inbox = [{} for _ in range(self.world.agents)]
        self._issued = [0] * self.world.agents
        self._new: set[int] = set()  # what comes in place of a task cannot be handed in by who has not seen it yet
        self._late: dict[tuple[int, int, int], int] = {}  # what another has answered may be answered in the same round
        self.open = [[] for _ in range(self.world.agents)]
        for agent in range(1, self.world.agents + 1):
            for _ in range(self.terms.open_tasks):
                self._issue(agent)
        self._new.clear()

    def tick(self) -> None:
        """The next agents act."""
        self.clock += 1
        self._new.clear()

    def _issue(self, agent: int) -> None:
        number = self._issued[agent - 1]
        self._issued[agent - 1] += 1
        name = number * self.world.agents + agent  # a number of its own, whoever finishes first
        self.open[agent - 1].append(Task(name, self.world.task(agent, number)))
        self._new.add(name)

    def holders(self, piece: int) -> tuple[int, ...]:
        """Who holds the piece."""
        return tuple(agent for agent, held in enumerate(self.held, start=1) if piece in held)

    def missing(self, agent: int) -> tuple[int, ...]:
        """The pieces that the agent's open tasks need and it does not hold, sorted."""
        held = self.held[agent - 1]
        return tuple(sorted({piece for task in self.open[agent - 1] for piece in task.pieces if piece not in held}))

    def complete(self, agent: int) -> tuple[int, ...]:
        """The agent's open tasks of which it holds every piece."""
        held = self.held[agent - 1]
        return tuple(task.number for task in self.open[agent - 1] if all(piece in held for piece in task.pieces))

    def do(self, agent: int, action: Action) -> Result:
        """Carry the action out, or refuse it."""
        return Result(action, self._done(agent, action))

    def _done(self, agent: int, action: Action) -> Reason | None:
        match action:
            case ("request", int(piece), int(to)):
                return self._request(agent, piece, to)
            case ("share", tuple() as pieces, int(to)):
                return self._share(agent, pieces, to, None)
            case ("share", tuple() as pieces, int(to), tuple() as codes):
                return self._share(agent, pieces, to, codes)
            case ("submit", int(task)):
                return self._submit(agent, task)
            case ("message", int(to), str(text)):
                return self._message(agent, to, text)
            case ("broadcast", str(text)):
                self.messages.append(Message(agent, 0, text, self.round))
                return None
            case _:
                raise TypeError(f"{action!r} is no action")

    def _addressed(self, agent: int, to: int) -> Reason | None:
        if not 1 <= to <= self.world.agents:
            return "no_such_agent"
        return "to_yourself" if to == agent else None

    def _request(self, agent: int, piece: int, to: int) -> Reason | None:
        if to != EVERYBODY and (reason := self._addressed(agent, to)):
            return reason
        if not 1 <= piece <= self.world.pieces:
            return "no_such_piece"
        if piece in self.held[agent - 1]:
            return "held_already"
        asked = self.holders(piece) if to == EVERYBODY else (to,)
        if any(piece not in self.held[holder - 1] for holder in asked):
            return "not_with_them"
        fresh = [holder for holder in asked if (agent, piece) not in self.inbox[holder - 1]]
        if not fresh:
            return "asked_already"
        for holder in fresh:
            self._ask(agent, piece, holder)
        return None

    def _ask(self, agent: int, piece: int, holder: int) -> None:
        request = self.inbox[holder - 1][agent, piece] = Request(agent, holder, piece, self.round, self.clock)
        self.asked.append(request)

    def _share(self, agent: int, pieces: Sequence[int], to: int, codes: Sequence[int] | None) -> Reason | None:
        if reason := self._addressed(agent, to):
            return reason
        if len(set(pieces)) < len(pieces):
            return "named_twice"
        own, theirs = self.held[agent - 1], self.held[to - 1]
        if any(piece not in own for piece in pieces):
            return "not_held"
        asked = [self._is_asked(agent, to, piece) for piece in pieces]
        if not all(asked) and not self.terms.unsolicited:
            return "held_already" if all(piece in theirs for piece in pieces) else "not_asked_for"
        if not any(asked) and all(piece in theirs for piece in pieces):
            return "held_already"
        stated = [own[piece] for piece in pieces] if codes is None else codes
        for piece, code, on_request in zip(pieces, stated, asked, strict=True):
            self._copy(agent, piece, to, code, on_request)
        return None

    def _is_asked(self, agent: int, to: int, piece: int) -> bool:
        """Whether the request is open, or was until somebody else answered it in this round."""
        return (to, piece) in self.inbox[agent - 1] or self._late.get((agent, to, piece)) == self.round

    def _copy(self, agent: int, piece: int, to: int, code: int, asked: bool) -> None:
        true = code == self.held[agent - 1][piece]
        if asked:
            self.answers.append(Answer(agent, to, piece, true, self.clock))
            self._late.pop((agent, to, piece), None)
        if piece in self.held[to - 1]:
            return
        needed = any(piece in task.pieces for task in self.open[to - 1])
        self.held[to - 1][piece] = code
        self.transfers.append(Transfer(agent, to, piece, self.round, asked, true, needed, self.clock))
        for holder, requests in enumerate(self.inbox, start=1):
            if requests.pop((to, piece), None) and holder != agent:
                self._late[holder, to, piece] = self.round

    def _submit(self, agent: int, number: int) -> Reason | None:
        task = next((task for task in self.open[agent - 1] if task.number == number), None)
        if task is None or number in self._new:
            return "no_such_task"
        held = self.held[agent - 1]
        if any(piece not in held for piece in task.pieces):
            return "pieces_missing"
        false = tuple(piece for piece in task.pieces if held[piece] != self.world.codes[piece - 1])
        self.completions.append(Completion(agent, number, self.round, false))
        self.open[agent - 1].remove(task)
        self._issue(agent)
        return None

    def _message(self, agent: int, to: int, text: str) -> Reason | None:
        if reason := self._addressed(agent, to):
            return reason
        self.messages.append(Message(agent, to, text, self.round))
        return None
