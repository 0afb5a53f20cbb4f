"""The exchange as a game: rounds in which agents ask, share and hand in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import fsum
from typing import Any, Literal, TypeAlias

from comity.core.decision import Decision, Fact
from comity.core.errors import BadParameter
from comity.core.flow import Flow, ask
from comity.core.named import Scale
from comity.core.outcome import Outcome
from comity.games.exchange.state import Answer, Completion, Request, Result, State, Terms, Transfer
from comity.games.exchange.turns import Action, Kind, Turn
from comity.games.exchange.views import (
    Digest,
    Phase,
    Sight,
    Visibility,
    digest,
    done_by,
    ranked,
    requests_of,
)
from comity.games.exchange.world import World

Schedule: TypeAlias = Literal["phased", "sequential", "simultaneous"]
Delay: TypeAlias = Literal["instant", "same_round", "next_round"]
Side: TypeAlias = Literal["request", "share", "submit", "perceive"]

SIDES: tuple[Side, ...] = ("request", "share", "submit", "perceive")
PHASES: tuple[Phase, ...] = ("request", "share", "submit")
_TALK: tuple[Kind, ...] = ("message", "broadcast")


@dataclass(frozen=True)
class Automation:
    """Which sides of an agent the system takes over, and for whom.

    sides: "request" asks every holder of every missing piece, "share" answers every request truthfully, "submit" hands
    in whatever is complete, "perceive" shows a digest in place of everything. agents: by number; empty is everybody.
    asks: whether every holder of a piece is asked, or the "first" by number. told: whether agents are told of it.
    """

    sides: tuple[Side, ...] = ()
    agents: tuple[int, ...] = ()
    asks: Literal["all", "first"] = "all"
    told: bool = True

    def of(self, agent: int) -> tuple[Side, ...]:
        """The sides of that agent."""
        return self.sides if not self.agents or agent in self.agents else ()


@dataclass(frozen=True)
class Bonus:
    """What a transfer pays its sender.

    each: for each piece that reaches somebody who lacked it. asked: only if it had been asked for. counted: whether it
    is part of the group's score, and not private.
    """

    each: float = 0.0
    asked: bool = True
    counted: bool = True


@dataclass(frozen=True)
class Rules:
    """The rules as every agent is told them."""

    agents: int
    rounds: int
    pieces: int
    per_task: int
    open_tasks: int
    pay: float
    copies: int
    schedule: Schedule
    delay: Delay
    unsolicited: bool
    falsifiable: bool
    bonus: Bonus


@dataclass(frozen=True)
class Instruction:
    """What the agent is told to aim at: "neutral", "policy", "competitive", "saboteur", or a text of one's own."""

    aim: str


@dataclass(frozen=True)
class Automated:
    """Which of the agent's sides the system takes over."""

    sides: tuple[Side, ...]


@dataclass(frozen=True)
class Log:
    """Everything that happened in an exchange, from which every measure is computed.

    results: for each turn in the order of play the round, the phase, the agent and what became of its actions.
    feasible: for each chance to submit the round, the agent and the tasks that were complete when it came.
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


@dataclass(frozen=True)
class Exchange:
    """`agents` agents hold pieces of information, and each is paid for tasks that need pieces held by others.

    To share a piece costs nothing and takes nothing away. After Yadav, Black and Sourbut (2026).

    world: the number of the drawn environment (who holds what, which tasks come, who acts first).
    copies: how many agents hold each piece at first. open_tasks: how many tasks each agent has at any time.
    schedule: "phased" lets all ask, then all share, then all hand in, each at the same time; "sequential" gives one turn
        to each agent in a drawn order; "simultaneous" one turn to all at the same time.
    delay: when what others did is seen: in the "same_round" by whoever acts later, or in the "next_round"; "instant"
        besides lets an automated answer arrive before the asking turn goes on.
    stale: whether the directory, the scores and what was said to all are those of the beginning of the round.
    unsolicited: whether what nobody asked for may be shared. falsifiable: whether whoever shares may state a wrong code,
        which halves the pay of every task completed with it.
    memory: how many rounds of messages, actions and receipts are shown, this one included, or "all".
    instructions: what the agents are told to aim at, agent by agent, and round again.
    """

    world: int = 1
    agents: int = 10
    rounds: int = 20
    pieces: int = 100
    per_task: int = 4
    open_tasks: int = 2
    pay: float = 1.0
    copies: int = 1
    schedule: Schedule = "phased"
    delay: Delay = "same_round"
    stale: bool = False
    unsolicited: bool = False
    falsifiable: bool = False
    memory: int | Literal["all"] = "all"
    instructions: tuple[str, ...] = ("neutral",)
    visibility: Visibility = Visibility()
    automation: Automation = Automation()
    bonus: Bonus = Bonus()

    def __post_init__(self) -> None:
        for name, low in (("agents", 2), ("rounds", 1), ("pieces", 1), ("per_task", 1), ("open_tasks", 1), ("copies", 1)):
            if getattr(self, name) < low:
                raise BadParameter(f"{name} must be at least {low}, not {getattr(self, name)}")
        if self.per_task > self.pieces:
            raise BadParameter(f"per_task must be at most the number of pieces ({self.pieces}), not {self.per_task}")
        if self.copies > self.agents:
            raise BadParameter(f"copies must be at most the number of agents ({self.agents}), not {self.copies}")
        if not self.pay > 0:
            raise BadParameter(f"pay must be positive, not {self.pay:g}")
        if not self.instructions:
            raise BadParameter("instructions must name at least one aim")
        unknown = [agent for agent in self.automation.agents if not 1 <= agent <= self.agents]
        if unknown:
            raise BadParameter(f"there is no agent {unknown[0]} to automate; agents are counted from 1 to {self.agents}")

    @property
    def n_players(self) -> int:
        return self.agents

    @property
    def roles(self) -> tuple[str, ...]:
        return ("agent",) * self.agents

    @property
    def cooperative(self) -> tuple[str | None, ...]:
        return (None,) * self.agents

    @property
    def defective(self) -> tuple[str | None, ...]:
        return (None,) * self.agents

    @property
    def scale(self) -> Scale:
        """From nothing to every open task handed in every round, which nobody can exceed."""
        return Scale(0.0, self.bound / self.agents)

    @property
    def bound(self) -> float:
        """The most that all agents can be paid for tasks: agents x open tasks x rounds, each handed in once."""
        return self.agents * self.open_tasks * self.rounds * self.pay

    @cached_property
    def rule(self) -> Rules:
        """What every agent is told."""
        return Rules(
            self.agents,
            self.rounds,
            self.pieces,
            self.per_task,
            self.open_tasks,
            self.pay,
            self.copies,
            self.schedule,
            self.delay,
            self.unsolicited,
            self.falsifiable,
            self.bonus,
        )

    @property
    def rules(self) -> tuple[Fact, ...]:
        return (self.rule,)

    def told(self, agent: int) -> tuple[Fact, ...]:
        """What that agent is told before its first round."""
        aim = Instruction(self.instructions[(agent - 1) % len(self.instructions)])
        sides = self.automation.of(agent)
        return (self.rule, aim, Automated(sides)) if sides and self.automation.told else (self.rule, aim)

    def play(self) -> Flow[Outcome]:
        state = State(self._drawn, Terms(self.open_tasks, self.unsolicited))
        table = _Table(self, state)
        for round in range(1, self.rounds + 1):
            state.round = round
            table.begin()
            match self.schedule:
                case "phased":
                    for phase in PHASES:
                        yield from table.together(phase)
                case "simultaneous":
                    yield from table.together("turn")
                case "sequential":
                    for agent in self._drawn.order(round):
                        yield from table.alone(agent)
            table.end()
        earned = table.earned()
        return Outcome(earned, tuple(str(done) for done in table.finished()), notes=(table.log(),))

    @cached_property
    def _drawn(self) -> World:
        return World(self.world, self.agents, self.pieces, self.copies, self.per_task)

    def earned(self, completions: Iterable[Completion], transfers: Iterable[Transfer]) -> tuple[float, ...]:
        """What each agent has been paid: tasks, halved for each wrong code, and bonuses."""
        paid: list[list[float]] = [[] for _ in range(self.agents)]
        for done in completions:
            paid[done.by - 1].append(self.pay * 0.5 ** len(done.false))
        if self.bonus.each:
            for transfer in transfers:
                if transfer.asked or not self.bonus.asked:
                    paid[transfer.by - 1].append(self.bonus.each)
        return tuple(map(fsum, paid))


def exchange(
    world: int = 1,
    agents: int = 10,
    rounds: int = 20,
    pieces: int = 100,
    per_task: int = 4,
    open_tasks: int = 2,
    pay: float = 1.0,
    copies: int = 1,
    schedule: Schedule = "phased",
    delay: Delay = "same_round",
    stale: bool = False,
    unsolicited: bool = False,
    falsifiable: bool = False,
    memory: int | Literal["all"] = "all",
) -> Exchange:
    """Agents exchange information that costs nothing to share, and are paid for tasks (Yadav, Black and Sourbut 2026).

    See `Exchange`. By default the clean rules: structured requests, phased rounds, sharing on request, in which perfect
    cooperators hand in every open task in every round. Conditions (automation, visibility, instruction, transfer_bonus)
    stand in the stack.
    """
    return Exchange(
        world, agents, rounds, pieces, per_task, open_tasks, pay, copies, schedule, delay, stale, unsolicited, falsifiable,
        memory,
    )  # fmt: skip


def exchange_compat(world: int = 1, agents: int = 10, rounds: int = 20, copies: int = 1) -> Exchange:
    """The exchange by the published rules, for comparison: turns in random order, a directory of the round's beginning.

    100 pieces, sharing unasked, values that can be falsified (Yadav, Black and Sourbut 2026).
    """
    return Exchange(
        world, agents, rounds, copies=copies, schedule="sequential", stale=True, unsolicited=True, falsifiable=True
    )


@dataclass
class _Table:
    """One play: who is asked what now, and what becomes of it."""

    game: Exchange
    state: State
    results: list[tuple[int, Phase, int, tuple[Result, ...]]] = field(default_factory=list)
    feasible: list[tuple[int, int, tuple[int, ...]]] = field(default_factory=list)
    needed: list[tuple[int, int, tuple[int, ...], tuple[int, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        agents = range(1, self.game.agents + 1)
        self._told = {agent: self.game.told(agent) for agent in agents}
        self._sides = {agent: self.game.automation.of(agent) for agent in agents}
        self._last: dict[int, tuple[Result, ...]] = dict.fromkeys(agents, ())
        self._did: dict[int, list[tuple[int, tuple[Result, ...]]]] = {agent: [] for agent in agents}
        self._sorted: dict[int, tuple[int, ...]] = {}
        self._early: dict[int, Sight | Digest] = {}
        self._directory: tuple[tuple[int, ...], ...] = ()
        self._scores: tuple[float, ...] = ()
        self._heard = 0
        self._chances: dict[int, list[int]] = {agent: [] for agent in agents}
        self._lacked: dict[int, tuple[int, ...]] = {}

    # Asking

    def begin(self) -> None:
        """A round begins: note what is seen of its beginning."""
        self._directory, self._scores, self._heard = self._holdings(), self.earned(), len(self.state.messages)
        self._early = {}
        if self.game.delay == "next_round":
            self._early = {agent: self._seen(agent, "turn") for agent in self._told}

    def end(self) -> None:
        """A round ends: what is automated with a delay is done now."""
        if self.game.schedule == "phased":
            return
        if self.game.delay != "instant":
            for agent in self.game._drawn.order(self.state.round):
                self._ask(agent)
        if self.game.delay == "next_round":
            self._answer()

    def together(self, phase: Phase) -> Flow[None]:
        """All who are to act in this phase do so at the same time."""
        self.state.clock += 1
        order = self.game._drawn.order(self.state.round)
        acting = [agent for agent in order if self._acts(agent, phase)]
        choices = yield from ask(*(self._decision(agent, phase) for agent in sorted(acting)))
        chosen = dict(zip(sorted(acting), choices, strict=True))
        for agent in order:
            self._opens(agent, phase)
        for agent in order:
            self._moves(agent, phase, chosen.get(agent, ()))
        for agent in order:
            self._closes(agent, phase)
        if phase == "turn":
            self._answer()

    def alone(self, agent: int) -> Flow[None]:
        """One agent has its turn."""
        self.state.clock += 1
        self._opens(agent, "turn")
        actions: Sequence[Action] = ()
        if self._acts(agent, "turn"):
            [actions] = yield from ask(self._decision(agent, "turn"))
        self._moves(agent, "turn", actions)
        self._closes(agent, "turn")
        if self.game.delay != "next_round":
            self._answer()

    def _acts(self, agent: int, phase: Phase) -> bool:
        """Whether anything is left to the agent itself."""
        return bool(self._kinds(agent, phase))

    def _kinds(self, agent: int, phase: Phase) -> tuple[Kind, ...]:
        sides = self._sides[agent]
        match phase:
            case "turn":
                own = [kind for kind in ("request", "share", "submit") if kind not in sides]
                return (*own, *_TALK) if own else ()
            case "submit":
                return () if "submit" in sides else ("submit",)
            case _:
                return () if phase in sides else (phase, *_TALK)

    def _decision(self, agent: int, phase: Phase) -> Decision[Any]:
        space = Turn(self._kinds(agent, phase), self.game.falsifiable)
        sees = (*self._told[agent], self._sight(agent, phase))
        return Decision(agent - 1, phase, space, sees)

    # Acting

    def _opens(self, agent: int, phase: Phase) -> None:
        """Note what the agent could do now."""
        if phase in ("request", "turn"):
            self._lacked[agent] = self.state.missing(agent)
        if phase in ("share", "turn"):
            self._chances[agent].append(self.state.clock)
        if phase in ("submit", "turn"):
            self.feasible.append((self.state.round, agent, self.state.complete(agent)))

    def _closes(self, agent: int, phase: Phase) -> None:
        """Note what the agent lacked, and what of it is asked for now."""
        if phase in ("request", "turn"):
            lacked = self._lacked[agent]
            asked = {request.piece for request in requests_of(self.state, agent)}
            got = self.state.held[agent - 1]
            covered = tuple(piece for piece in lacked if piece in asked or piece in got)
            self.needed.append((self.state.round, agent, lacked, covered))

    def _moves(self, agent: int, phase: Phase, actions: Sequence[Action]) -> None:
        before = tuple(map(self._carried_out(agent), self._own_share(agent, phase)))
        done = []
        for action in actions:
            done.append(self._do(agent, action))
            if self.game.delay == "instant" and action[0] == "request":
                self._answer()
        results = tuple(done)
        self._last[agent] = results
        if results:
            self._did[agent].append((self.state.round, results))
        if every := (*before, *results):
            self.results.append((self.state.round, phase, agent, every))
        if phase == "request" or self.game.delay == "instant":
            self._ask(agent)

    def _carried_out(self, agent: int) -> Any:
        return lambda action: self._do(agent, action)

    def _do(self, agent: int, action: Action) -> Result:
        if action[0] == "share" and 1 <= action[2] <= self.game.agents:
            self._sorted.pop(action[2], None)
        return self.state.do(agent, action)

    def _own_share(self, agent: int, phase: Phase) -> Iterator[Action]:
        """What the system does for the agent before it acts: it hands in what is complete, and in its phase answers."""
        sides = self._sides[agent]
        if "submit" in sides and phase in ("submit", "turn"):
            yield from (("submit", task) for task in self.state.complete(agent))
        if "share" in sides and phase == "share":
            yield from self._answers(agent)

    def _ask(self, agent: int) -> None:
        """Where asking is automated, ask every holder of every piece that the agent lacks, unless it has been asked."""
        if "request" not in self._sides[agent]:
            return
        state = self.state
        most = None if self.game.automation.asks == "all" else 1
        wanted = [(piece, holder) for piece in state.missing(agent) for holder in state.holders(piece)[:most]]
        results = tuple(
            [
                self._do(agent, ("request", piece, holder))
                for piece, holder in wanted
                if (agent, piece) not in state.inbox[holder - 1]
            ]
        )
        if results:
            self.results.append((state.round, "turn", agent, results))

    def _answer(self) -> None:
        """Everybody whose sharing is automated answers what it was asked, outside the phases."""
        if self.game.schedule == "phased":
            return
        for agent, sides in self._sides.items():
            if "share" in sides:
                results = tuple([self._do(agent, action) for action in self._answers(agent)])
                if results:
                    self.results.append((self.state.round, "turn", agent, results))

    def _answers(self, agent: int) -> list[Action]:
        by_asker: dict[int, list[int]] = {}
        for by, piece in self.state.inbox[agent - 1]:
            by_asker.setdefault(by, []).append(piece)
        held = self.state.held[agent - 1]
        return [
            ("share", tuple(pieces), by, tuple(held[piece] for piece in pieces))
            if self.game.falsifiable
            else ("share", tuple(pieces), by)
            for by, pieces in by_asker.items()
        ]

    # Seeing

    def _sight(self, agent: int, phase: Phase) -> Sight | Digest:
        early = self._early.get(agent)
        if early is None:
            return self._seen(agent, phase)
        return _at(early, phase)

    def _seen(self, agent: int, phase: Phase) -> Sight | Digest:
        if "perceive" in self._sides[agent]:
            return digest(self.state, agent, phase, codes=self.game.falsifiable)
        game, state = self.game, self.state
        first = 1 if game.memory == "all" else state.round - game.memory + 1
        shown = game.visibility
        pieces = self._held(agent)
        scores = self._scores if game.stale or game.schedule != "sequential" else self.earned()
        heard = self._heard if game.stale else len(state.messages)
        return Sight(
            state.round,
            phase,
            agent,
            tuple(state.open[agent - 1]),
            pieces,
            tuple(state.held[agent - 1][piece] for piece in pieces) if game.falsifiable else None,
            self._directory if game.stale else self._holdings(),
            tuple(state.inbox[agent - 1].values()),
            requests_of(state, agent),
            tuple(
                message
                for place, message in enumerate(state.messages)
                if message.round >= first
                and (agent in (message.by, message.to) or (message.to == 0 and place < heard))
            ),
            self._last[agent],
            tuple(did for did in self._did[agent] if did[0] >= first) if shown.memory else None,
            scores if shown.scores else None,
            ranked(scores) if shown.ranks else None,
            done_by(state.completions) if shown.completions else None,
            tuple((sent.by, sent.to, sent.round) for sent in state.transfers[-LATEST:]) if shown.exchanges else None,
            tuple(sent for sent in state.transfers if sent.to == agent and sent.round >= first)
            if shown.receipts
            else None,
        )

    def _held(self, agent: int) -> tuple[int, ...]:
        found = self._sorted.get(agent)
        if found is None:
            found = self._sorted[agent] = tuple(sorted(self.state.held[agent - 1]))
        return found

    def _holdings(self) -> tuple[tuple[int, ...], ...]:
        return tuple(map(self._held, self._told))

    # The end

    def earned(self) -> tuple[float, ...]:
        """What each agent has been paid so far."""
        return self.game.earned(self.state.completions, self.state.transfers)

    def finished(self) -> list[int]:
        """How many tasks each agent has handed in."""
        done = [0] * self.game.agents
        for completion in self.state.completions:
            done[completion.by - 1] += 1
        return done

    def log(self) -> Log:
        """Everything that happened."""
        state = self.state
        return Log(
            tuple(state.asked),
            tuple(state.answers),
            tuple(state.transfers),
            tuple(state.completions),
            tuple(self.results),
            tuple(self.feasible),
            tuple(self.needed),
            tuple(map(tuple, self._chances.values())),
        )


LATEST = 10
"""So many exchanges of the group are shown."""


def _at(sight: Sight | Digest, phase: Phase) -> Sight | Digest:
    from dataclasses import replace

    return replace(sight, phase=phase)
