"""From a match that is to be played to its record, whoever decides.

What happens in a match is written once, as a flow that is sent replies and failures alike (`playing`); `ScriptedPlay`
drives it with agents that answer at once, `WaitingPlay` with any. A reply that took time is in the journal before its
match goes on, and a reply that is in the journal is never asked for again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, TypeAlias, TypeVar

from comity.agents.agent import Agent, DecideLater, Halted, ScriptedAgent
from comity.core.chance import Address, stream_key
from comity.core.decision import NATURE, Decision
from comity.core.errors import ComityError, IllegalChoice, NoAnswer, NotSolvable, PlayerError
from comity.core.flow import Decisions, Game
from comity.core.match import Match, Reply, receive
from comity.core.space import Lottery, may_be_missing
from comity.records.catalogues import strategies
from comity.records.record import Failure, Record
from comity.records.spec import Cell, MatchSpec
from comity.records.store import RunError, RunFile
from comity.runs.arrays import Arrays
from comity.runs.crossed import Mixed, crossing, mixture, place, stream
from comity.runs.design import Plan
from comity.runs.fields import WAITED_FOR

T = TypeVar("T")

Answer: TypeAlias = Reply | PlayerError
"""What comes back for a decision: a reply, or why there is none."""
Answers: TypeAlias = Sequence[Answer]
Asking: TypeAlias = Generator[Decisions, Answers, T]
"""Puts decisions, is sent one answer for each, and returns a T."""
Seat: TypeAlias = Callable[[Decision[Any]], Answer]
Slot: TypeAlias = tuple[int, int]
"""Where a decision stands in its match: the step, and the place in the step."""
WaitingSeat: TypeAlias = Callable[[Slot, Decision[Any]], Awaitable[Answer]]
Proposals: TypeAlias = Mapping[int, Answer]
"""What an agent proposed before the tournament, by the player it sat as."""


class PlayStopped(ComityError):
    """Something other than a player went wrong in a match, and the run cannot go on; the message says in which."""


def agents_of(plan: Plan) -> dict[str, ScriptedAgent]:
    """The scripted agents that a plan names, by label."""
    known = strategies()
    scripted = ((label, spec) for label, spec in plan.agents if spec.name not in WAITED_FOR)
    return {label: ScriptedAgent(label, known[spec.name](**spec.parameters)) for label, spec in scripted}


def playing(spec: MatchSpec, seed: int) -> Asking[Record]:
    """A match, from its first decisions to its record.

    An answer that is a `PlayerError` forfeits it, unless the rules go on without: then it is kept as missing.
    """
    match, key = Match(spec.cell.built), spec.key(seed)
    misses: list[Failure] = []
    while match.pending:
        answers = yield match.pending
        try:
            replies = _replies(_without_misses(match, answers, misses))
            receive(match, replies, key)
        except PlayerError as error:
            return _forfeited(spec, match, answers, error, misses)
    assert match.outcome is not None
    payoffs = match.outcome.payoffs
    return Record(spec, "finished", tuple(match.choices), match.lotteries, payoffs, misses=tuple(misses))


def _without_misses(match: Match, answers: Answers, misses: list[Failure]) -> Answers:
    """The answers, with None where one is missing and may be; why it is goes to `misses`."""
    found: list[Answer] | None = None
    for slot, (decision, answer) in enumerate(zip(match.pending, answers, strict=True)):
        if decision.player == NATURE or not may_be_missing(decision.options):
            continue
        error = _missing(decision, answer)
        if error is not None:
            found = list(answers) if found is None else found
            found[slot] = None
            misses.append(_failed(match, slot, error))
    return answers if found is None else found


def _missing(decision: Decision[Any], answer: Answer) -> PlayerError | None:
    """Why there is no answer to a decision whose rules go on without one; an answer that is None is none."""
    if isinstance(answer, PlayerError):
        return answer
    options = answer if isinstance(answer, Lottery) else (answer,)
    for option in options:
        if option is None or option not in decision.options:
            return IllegalChoice(decision, option)
    return None


def _replies(answers: Answers) -> Sequence[Reply]:
    """The answers if all are replies. Raises the first that is none."""
    for answer in answers:
        if isinstance(answer, PlayerError):
            raise answer
    return answers


def _forfeited(
    spec: MatchSpec, match: Match, answers: Answers, error: PlayerError, misses: Sequence[Failure]
) -> Record:
    if isinstance(error, IllegalChoice):
        slot = match.pending.index(error.decision)
    else:
        slot = next(slot for slot, answer in enumerate(answers) if answer is error)
    failure = _failed(match, slot, error)
    played = tuple(miss for miss in misses if miss.step < len(match.choices))
    return Record(spec, "forfeited", tuple(match.choices), match.lotteries, failure=failure, misses=played)


def _failed(match: Match, slot: int, error: PlayerError) -> Failure:
    decision = match.pending[slot]
    return Failure(decision.player, len(match.choices), slot, decision.kind, str(error), error.cause)


def designing(cell: Cell, key: int) -> Asking[Proposals]:
    """The design stage of one agent: it alone takes every seat, and its first proposal as each player is kept.

    A lottery over proposals is drawn once, here. A player that fails has failed for all its matches.
    """
    match = Match(cell.built)
    while match.pending:
        answers = yield match.pending
        step = len(match.choices)
        proposals = {
            decision.player: _proposal(answer, Address(key, step, slot))
            for slot, (decision, answer) in enumerate(zip(match.pending, answers, strict=True))
            if decision.kind == "propose"
        }
        if proposals:
            return proposals
        try:
            receive(match, _replies(answers), key)
        except PlayerError as error:
            return dict.fromkeys(range(cell.built.n_players), error)
    return {}


def _proposal(answer: Answer, address: Address) -> Answer:
    return answer.draw(address) if isinstance(answer, Lottery) else answer


def design_key(plan: Plan, cell: Cell, replicate: str, agent: str) -> int:
    """The key of the draws in the design stage of one agent."""
    return stream_key(plan.seed, "design", cell.game_label, cell.mechanism_label, replicate, agent)


class ScriptedPlay:
    """Plays matches in which every agent answers at once."""

    def __init__(self, plan: Plan, agents: Mapping[str, ScriptedAgent]) -> None:
        self._plan = plan
        self._agents = agents
        self._arrays = Arrays(agents, plan.seed, exact=plan.exact)
        self._proposals = lru_cache(maxsize=1_000)(self._designed)

    def records(self, batch: Sequence[MatchSpec]) -> Iterator[Record]:
        """The records of matches of one cell, in their order; arrays take those that they can play or work out at once.

        Raises `PlayStopped` where something other than a player goes wrong.
        """
        at_once = self._arrays.records([spec for spec in batch if self._take(spec)])
        for spec in batch:
            yield next(at_once) if self._take(spec) else self._played(spec)

    def _take(self, spec: MatchSpec) -> bool:
        return spec.cell not in self._plan.crossed and self._arrays.take(spec)

    def _played(self, spec: MatchSpec) -> Record:
        with _named(spec):
            if spec.cell in self._plan.crossed:
                return _answered(crossing(spec), self._crossed(spec))
            return _answered(playing(spec, self._plan.seed), self._seats(spec))

    def _seats(self, spec: MatchSpec) -> list[Seat]:
        game, key = spec.cell.built, spec.key(self._plan.seed)
        return self._proposing(
            spec, [self._agents[label].sit(game, player, key) for player, label in enumerate(spec.agents)]
        )

    def _crossed(self, spec: MatchSpec) -> list[Seat]:
        """Seats that give mixtures; a script is asked once, because it says the same each time."""
        keys = [stream(self._plan.seed, spec.cell, spec.replicate, label) for label in spec.agents]
        afresh: list[Seat] = [
            partial(_afresh, self._agents[label], spec.cell.built, key)
            for label, key in zip(spec.agents, keys, strict=True)
        ]
        return [partial(_mixes, seat) for seat in self._proposing(spec, afresh)]

    def _proposing(self, spec: MatchSpec, seats: list[Seat]) -> list[Seat]:
        """The seats, with what they proposed in the design stage where there is one."""
        if self._plan.proposals == "match":
            return seats
        designs = [partial(self._proposals, spec.cell, spec.replicate, label) for label in spec.agents]
        return [partial(_proposes, seat, designed) for seat, designed in zip(seats, designs, strict=True)]

    def _designed(self, cell: Cell, replicate: str, label: str) -> Proposals:
        game, key = cell.built, design_key(self._plan, cell, replicate, label)
        seats: list[Seat] = [self._agents[label].sit(game, player, key) for player in range(game.n_players)]
        return _answered(designing(cell, key), seats)


def _proposes(seat: Seat, designed: Callable[[], Proposals], decision: Decision[Any]) -> Answer:
    return designed()[decision.player] if decision.kind == "propose" else seat(decision)


def _afresh(agent: ScriptedAgent, game: Game, key: int, decision: Decision[Any]) -> Answer:
    return agent.sit(game, decision.player, key)(decision)


def _mixes(seat: Seat, decision: Decision[Any]) -> Mixed:
    answer = seat(decision)
    return answer if isinstance(answer, PlayerError) else mixture(decision, [answer])


def _answered(asking: Asking[T], seats: Sequence[Seat]) -> T:
    """Drive to the end with seats that answer at once; chance needs no answer."""
    try:
        decisions = next(asking)
        while True:
            decisions = asking.send([_ask(seats, decision) for decision in decisions])
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def _ask(seats: Sequence[Seat], decision: Decision[Any]) -> Answer:
    return None if decision.player == NATURE else _answer(seats[decision.player], decision)


def _answer(seat: Seat, decision: Decision[Any]) -> Answer:
    """What a seat answers at once. Whoever needs an equilibrium where none is found has no answer."""
    try:
        return seat(decision)
    except (PlayerError, NotSolvable) as error:
        return _failure(error)


def _failure(error: PlayerError | NotSolvable) -> PlayerError:
    return error if isinstance(error, PlayerError) else NoAnswer(str(error))


@dataclass
class _Shared:
    """What the matches of one crossed cell and replicate share.

    mixtures: what was answered, or is being answered, to which question. journals: what is in the journal, by agent.
    matches: how many are being worked out.
    """

    cell: Cell
    replicate: str
    mixtures: dict[tuple[str, Decision[Any]], asyncio.Task[Mixed]] = field(default_factory=dict)
    journals: dict[str, Mapping[Slot, Reply]] = field(default_factory=dict)
    matches: int = 0


class WaitingPlay:
    """Plays matches in which some agents take their time, with a journal of what these replied.

    A scripted agent that sits beside them is not in the journal: it is asked again, and answers the same. An agent that
    waits must answer from the decision alone: it is not told again what it was asked before the run was stopped. In the
    journal the design stage of an agent has a negative number in place of a match, and so have its answers where stages
    are crossed.
    """

    def __init__(self, plan: Plan, agents: Mapping[str, Agent], file: RunFile) -> None:
        self._plan = plan
        self._agents = agents
        self._file = file
        self._designs: dict[int, asyncio.Task[Proposals]] = {}
        self._blocks = {(block.cell, block.replicate): number for number, block in enumerate(plan.blocks())}
        self._places = {label: place for place, (label, _) in enumerate(plan.agents)}
        self._shared: dict[tuple[Cell, str], _Shared] = {}
        self._halted: str | None = None

    def halt(self, why: str) -> None:
        """Put no further question to agents that wait: who would is stopped by `Halted`. Replies to come are kept."""
        self._halted = why

    async def record(self, spec: MatchSpec) -> Record:
        """The record of a match. Raises `PlayStopped` where something other than a player goes wrong."""
        with _named(spec):
            if spec.cell in self._plan.crossed:
                with self._sharing(spec.cell, spec.replicate) as shared:
                    seats = [self._mixing(shared, label) for label in spec.agents]
                    return await _answered_later(crossing(spec), seats)
            seats = self._seats(spec.cell, spec.agents, spec.index, spec.key(self._plan.seed))
            if self._plan.proposals == "tournament":
                designs = [partial(self._proposals, spec.cell, spec.replicate, label) for label in spec.agents]
                seats = [_proposes_later(*pair) for pair in zip(seats, designs, strict=True)]
            return await _answered_later(playing(spec, self._plan.seed), seats)

    @contextmanager
    def _sharing(self, cell: Cell, replicate: str) -> Iterator[_Shared]:
        """What the matches of one cell and replicate share while any of them is worked out."""
        shared = self._shared.setdefault((cell, replicate), _Shared(cell, replicate))
        shared.matches += 1
        try:
            yield shared
        finally:
            shared.matches -= 1
            if not shared.matches:
                del self._shared[cell, replicate]

    def _mixing(self, shared: _Shared, label: str) -> WaitingSeat:
        """A seat that gives mixtures; every question is asked when it first comes up, and then no more."""

        async def answer(slot: Slot, decision: Decision[Any]) -> Answer:
            asked = label, decision
            if asked not in shared.mixtures:
                shared.mixtures[asked] = asyncio.create_task(self._mixed(shared, *asked))
            return await shared.mixtures[asked]

        return answer

    async def _mixed(self, shared: _Shared, label: str, decision: Decision[Any]) -> Mixed:
        try:
            return mixture(decision, _replies(await self._samples(shared, label, decision)))
        except PlayerError as error:
            return error

    async def _samples(self, shared: _Shared, label: str, decision: Decision[Any]) -> Answers:
        """What an agent answers to a question; a script is asked once, because it says the same each time."""
        agent, game = self._agents[label], shared.cell.built
        if decision.kind == "propose" and self._plan.proposals == "tournament":
            return [(await self._proposals(shared.cell, shared.replicate, label))[decision.player]]
        key = stream(self._plan.seed, shared.cell, shared.replicate, label)
        if isinstance(agent, ScriptedAgent):
            return [_answer(agent.sit(game, decision.player, key), decision)]
        index = self._place_of_answers(shared, label)
        if label not in shared.journals:
            shared.journals[label] = self._file.journaled(index)
        step = place(decision)
        asked = (
            self._waited_for(agent.sit_down(game, decision.player), index, key, shared.journals[label])
            for _ in range(self._plan.samples)
        )
        answers = (seat((step, sample), decision) for sample, seat in enumerate(asked))
        return _all(await asyncio.gather(*answers, return_exceptions=True))

    def _place_of_answers(self, shared: _Shared, label: str) -> int:
        """What stands in the journal for a match: a negative number beyond those of all design stages."""
        return -1 - len(self._blocks) * len(self._places) - self._number(shared.cell, shared.replicate, label)

    def _number(self, cell: Cell, replicate: str, label: str) -> int:
        """Which agent in which cell and replicate."""
        return self._blocks[cell, replicate] * len(self._places) + self._places[label]

    async def _proposals(self, cell: Cell, replicate: str, label: str) -> Proposals:
        """What that agent proposed in the design stage, which is held when it is first asked for."""
        number = self._number(cell, replicate, label)
        if number not in self._designs:
            key = design_key(self._plan, cell, replicate, label)
            seats = self._seats(cell, (label,) * cell.built.n_players, -1 - number, key)
            asking = designing(cell, key)
            self._designs[number] = asyncio.create_task(_answered_later(asking, seats))
        return await self._designs[number]

    def _seats(self, cell: Cell, labels: Sequence[str], index: int, key: int) -> list[WaitingSeat]:
        known = self._file.journaled(index)
        agents = (self._agents[label] for label in labels)
        return [
            _at_once(agent.sit(cell.built, player, key))
            if isinstance(agent, ScriptedAgent)
            else self._waited_for(agent.sit_down(cell.built, player), index, key, known)
            for player, agent in enumerate(agents)
        ]

    def _waited_for(self, decide: DecideLater, index: int, key: int, known: Mapping[Slot, Reply]) -> WaitingSeat:

        async def answer(slot: Slot, decision: Decision[Any]) -> Answer:
            if slot in known:
                return known[slot]
            if self._halted is not None:
                raise Halted(self._halted)
            try:
                reply = await decide(decision, Address(key, *slot))
            except (PlayerError, NotSolvable) as error:
                reply = _failure(error)
                if not may_be_missing(decision.options):
                    return reply  # the match is forfeited, and its record says so
            self._file.journal(index, *slot, reply)
            return reply

        return answer


def _at_once(seat: Seat) -> WaitingSeat:
    async def answer(slot: Slot, decision: Decision[Any]) -> Answer:
        return _answer(seat, decision)

    return answer


def _proposes_later(seat: WaitingSeat, designed: Callable[[], Awaitable[Proposals]]) -> WaitingSeat:
    async def answer(slot: Slot, decision: Decision[Any]) -> Answer:
        return (await designed())[decision.player] if decision.kind == "propose" else await seat(slot, decision)

    return answer


async def _answered_later(asking: Asking[T], seats: Sequence[WaitingSeat]) -> T:
    """Drive to the end with seats that take their time; the decisions of one step are put at once."""
    step = 0
    try:
        decisions = next(asking)
        while True:
            asked = (_ask_later(seats, (step, slot), decision) for slot, decision in enumerate(decisions))
            decisions = asking.send(_all(await asyncio.gather(*asked, return_exceptions=True)))
            step += 1
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def _all(answers: Sequence[Answer | BaseException]) -> Answers:
    """The answers, now that all have come; what went wrong with one is raised only then, so that none is lost."""
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, PlayerError):
            raise answer
    return answers


async def _ask_later(seats: Sequence[WaitingSeat], slot: Slot, decision: Decision[Any]) -> Answer:
    return None if decision.player == NATURE else await seats[decision.player](slot, decision)


@contextmanager
def _named(spec: MatchSpec) -> Iterator[None]:
    """Whatever goes wrong inside names this match."""
    cell = spec.cell
    which = f"match {spec.index} ({cell.game_label} under {cell.mechanism_label}, {spec.who})"
    try:
        yield
    except (RunError, Halted):
        raise
    except ComityError as error:
        raise PlayStopped(f"{which}: {error}") from error
    except Exception as error:
        if not hasattr(error, "__notes__"):  # matches that share what went wrong raise the same error
            error.add_note(f"in {which}")
        raise
