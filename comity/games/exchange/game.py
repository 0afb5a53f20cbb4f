"""The exchange as a game: rounds in which agents ask, share and hand in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import fsum
from typing import Any, Literal

from comity.core.decision import Decision, Fact
from comity.core.errors import BadParameter
from comity.core.flow import Flow, ask
from comity.core.named import Scale
from comity.core.outcome import Outcome
from comity.games.exchange.conditions import (
    SIDES,
    STORIES,
    Automated,
    Automation,
    Bonus,
    Delay,
    Framed,
    Instruction,
    Rules,
    Schedule,
    Story,
)
from comity.games.exchange.log import Recorder
from comity.games.exchange.optimum import Best, most_tasks
from comity.games.exchange.state import Completion, Result, State, Terms, Transfer
from comity.games.exchange.turns import Action, Kind, Turn
from comity.games.exchange.views import Phase, Visibility
from comity.games.exchange.watching import Showing, Watching
from comity.games.exchange.world import World, world_of

PHASES: tuple[Phase, ...] = ("request", "share", "submit")
_TALK: tuple[Kind, ...] = ("message", "broadcast")


@dataclass(frozen=True)
class Exchange:
    """`agents` agents hold pieces of information, and each is paid for tasks that need pieces held by others.

    To share a piece costs nothing and takes nothing away. After Yadav, Black and Sourbut (2026).

    world: the number of the drawn environment (who holds what, which tasks come, who acts first).
    copies: how many agents hold each piece at first. open_tasks: how many tasks each agent has at any time.
    schedule: "phased" lets all ask, then all share, then all hand in, each at the same time; "sequential" gives one
        turn to each agent in a drawn order; "simultaneous" one turn to all at the same time.
    delay: when what others did is seen: in the "same_round" by whoever acts later, or in the "next_round"; "instant"
        besides lets an automated answer arrive before the asking turn goes on.
    stale: whether the directory, the scores and what was said to all are those of the beginning of the round.
    unsolicited: whether what nobody asked for may be shared. falsifiable: whether whoever shares may state a wrong
        code, which halves the pay of every task completed with it.
    memory: how many rounds of messages, actions and receipts are shown, this one included, or "all".
    instructions: what the agents are told to aim at, agent by agent, and round again; stories: in the same way what the
        exchange is said to be.
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
    stories: tuple[Story, ...] = ("points",)
    visibility: Visibility = field(default_factory=Visibility)
    automation: Automation = field(default_factory=Automation)
    bonus: Bonus = field(default_factory=Bonus)

    def __post_init__(self) -> None:
        for name, low in (
            ("agents", 2),
            ("rounds", 1),
            ("pieces", 1),
            ("per_task", 1),
            ("open_tasks", 1),
            ("copies", 1),
        ):
            if getattr(self, name) < low:
                raise BadParameter(f"{name} must be at least {low}, not {getattr(self, name)}")
        if self.per_task > self.pieces:
            raise BadParameter(f"per_task must be at most the number of pieces ({self.pieces}), not {self.per_task}")
        if self.copies > self.agents:
            raise BadParameter(f"copies must be at most the number of agents ({self.agents}), not {self.copies}")
        if not self.pay > 0:
            raise BadParameter(f"pay must be positive, not {self.pay:g}")
        if self.memory != "all" and (isinstance(self.memory, str) or self.memory < 1):
            raise BadParameter(f'memory must be at least 1 round, this one, or "all", not {self.memory!r}')
        if not self.instructions:
            raise BadParameter("instructions must name at least one aim")
        self._check_agents("automate", self.automation.agents)
        self._check_agents("pay a bonus", self.bonus.agents)

    def _check_agents(self, what: str, agents: Iterable[int]) -> None:
        for agent in agents:
            if not 1 <= agent <= self.agents:
                raise BadParameter(f"there is no agent {agent} to {what}; agents are counted from 1 to {self.agents}")

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
        """The most that all agents could be paid for tasks: agents x open tasks x rounds, each handed in once."""
        return self.agents * self.open_tasks * self.rounds * self.pay

    @cached_property
    def most_tasks(self) -> int:
        """The most tasks that any agents can hand in together in this world by these rules (see `optimum`).

        In phased rounds it is agents x open tasks x rounds, and perfect cooperators attain it where requests are
        seen in the round in which they are made.
        """
        if self.schedule == "phased":
            return self.agents * self.open_tasks * self.rounds
        numbers = range(1, self.agents + 1)
        asked_for = frozenset([agent for agent in numbers if "request" in self.automation.of(agent)])
        answered = frozenset([agent for agent in numbers if "share" in self.automation.of(agent)])
        best = Best(self.drawn, self.open_tasks, self.unsolicited, asked_for, answered, self.delay == "instant")
        return most_tasks(best, self.rounds, self.drawn.order, together=self.schedule == "simultaneous")

    @property
    def late(self) -> bool:
        """Whether agents see everything as it was when the round began."""
        return self.delay == "next_round"

    @property
    def shows(self) -> Showing:
        """How much is shown, and how soon."""
        sides = {agent: self.automation.of(agent) for agent in range(1, self.agents + 1)}
        digests = frozenset([agent for agent, of in sides.items() if "perceive" in of])
        return Showing(self.visibility, self.memory, self.late, self.stale, self.falsifiable, digests)

    @cached_property
    def rule(self) -> Rules:
        """What every agent is told, but for a bonus that only some are paid."""
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
            self.stale,
            self.unsolicited,
            self.falsifiable,
            self.bonus,
        )

    @property
    def rules(self) -> tuple[Fact, ...]:
        """What all are told, with their instruction where it is the same for all."""
        told = {self.told(agent) for agent in range(1, self.agents + 1)}
        return told.pop() if len(told) == 1 else (self.rule,)

    def told(self, agent: int) -> tuple[Fact, ...]:
        """What that agent is told before its first round."""
        story = self.stories[(agent - 1) % len(self.stories)]
        aim = Instruction(self.instructions[(agent - 1) % len(self.instructions)])
        bonus, sides = self.bonus.of(agent), self.automation.of(agent)
        rule = self.rule if bonus == self.bonus else replace(self.rule, bonus=bonus)
        framed = () if story == "points" else (Framed(story),)
        automated = (Automated(sides, self.automation.asks),) if sides and self.automation.told else ()
        return (*framed, rule, aim, *automated)

    # Conditions

    def automated(self, sides: Sequence[str], agents: Sequence[int], asks: str, told: bool) -> Exchange:
        """This exchange in which the system does these sides, of these agents or of all (see `Automation`)."""
        _checked_once("automation", self.automation == Automation())
        _checked("sides", SIDES, sides)
        _checked("asks", ("all", "first"), (asks,))
        taken = tuple([side for side in SIDES if side in sides])
        automation = Automation(taken, tuple(agents), "all" if asks == "all" else "first", told)
        return replace(self, automation=automation)

    def showing(self, hide: Sequence[str], show: Sequence[str]) -> Exchange:
        """This exchange with the usual sections of what is seen but for these (see `Visibility`)."""
        _checked_once("visibility", self.visibility == Visibility())
        return replace(self, visibility=Visibility.hiding(hide, show))

    def instructed(self, aims: Sequence[str], stories: Sequence[str]) -> Exchange:
        """This exchange with these aims and stories, dealt out agent by agent and round again."""
        _checked_once("instruction", (self.instructions, self.stories) == (("neutral",), ("points",)))
        if not aims or not all(aim.strip() for aim in aims):
            raise BadParameter("aims must be at least one text that is not empty")
        if not stories:
            raise BadParameter(f"stories must be at least one of {', '.join(STORIES)}")
        _checked("stories", STORIES, stories)
        named: dict[str, Story] = {story: story for story in STORIES}
        return replace(self, instructions=tuple(aims), stories=tuple([named[story] for story in stories]))

    def rewarded(self, each: float, asked: bool, counted: bool, agents: Sequence[int]) -> Exchange:
        """This exchange in which whoever sends is paid for it (see `Bonus`)."""
        _checked_once("transfer_bonus", self.bonus == Bonus())
        if not each > 0:
            raise BadParameter(f"each must be positive, not {each:g}")
        return replace(self, bonus=Bonus(each, asked, counted, tuple(agents)))

    # Play

    def play(self, *, shown: bool = True) -> Flow[Outcome]:
        """Play it. shown: whether agents see anything, which who plays it again from its choices need not."""
        table = _Table(self, shown)
        for round in range(1, self.rounds + 1):
            yield from table.round(round)
        return Outcome(table.earned(), tuple(map(str, table.finished())), notes=(table.recorder.log(),))

    @cached_property
    def drawn(self) -> World:
        """What chance decided before the first round."""
        return world_of(self.world, self.agents, self.pieces, self.copies, self.per_task)

    def earned(self, completions: Iterable[Completion], transfers: Iterable[Transfer]) -> tuple[float, ...]:
        """What each agent has been paid: tasks, halved for each wrong code, and bonuses."""
        paid: list[list[float]] = [[] for _ in range(self.agents)]
        for done in completions:
            paid[done.by - 1].append(self.pay * 0.5 ** len(done.false))
        if self.bonus.each:
            for transfer in transfers:
                if self.bonus.pays(transfer):
                    paid[transfer.by - 1].append(self.bonus.each)
        return tuple(map(fsum, paid))


def _checked_once(condition: str, usual: bool) -> None:
    """Raise `BadParameter` where a condition would take the place of an earlier one of its kind."""
    if not usual:
        raise BadParameter(f"{condition} stands twice on one exchange; say in one what it is to be")


def _checked(name: str, allowed: Sequence[str], found: Sequence[str]) -> None:
    unknown = [one for one in found if one not in allowed]
    if unknown:
        raise BadParameter(f"{name} must be of {', '.join(allowed)}, not {unknown[0]!r}")


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
    cooperators hand in every open task in every round. Conditions (automation, visibility, instruction,
    transfer_bonus) stand in the stack.
    """
    return Exchange(
        world, agents, rounds, pieces, per_task, open_tasks, pay, copies, schedule, delay, stale, unsolicited,
        falsifiable, memory,
    )  # fmt: skip


def exchange_compat(world: int = 1, agents: int = 10, rounds: int = 20, copies: int = 1) -> Exchange:
    """The exchange by the published rules, for comparison: turns in random order, a directory of the round's beginning.

    100 pieces, sharing unasked, values that can be falsified (Yadav, Black and Sourbut 2026).
    """
    return Exchange(
        world, agents, rounds, copies=copies, schedule="sequential", stale=True, unsolicited=True, falsifiable=True
    )


class _Table:
    """One play: who is asked what now, and what becomes of it. What the system does for agents it does here too."""

    def __init__(self, game: Exchange, shown: bool) -> None:
        self._game, self._shown = game, shown
        self._agents = range(1, game.agents + 1)
        self._told = {agent: game.told(agent) for agent in self._agents}
        self._sides = {agent: game.automation.of(agent) for agent in self._agents}
        self.state = State(game.drawn, Terms(game.open_tasks, game.unsolicited))
        self.recorder = Recorder(self.state, late=game.late)
        self._watching = Watching(self.state, game.shows, self.earned)

    def round(self, number: int) -> Flow[None]:
        """Play one round."""
        self.state.round = number
        self._watching.begin()
        self.recorder.begin()
        match self._game.schedule:
            case "phased":
                for phase in PHASES:
                    yield from self._in_phase(phase)
            case "simultaneous":
                yield from self._at_once()
            case "sequential":
                for agent in self._order:
                    yield from self._alone(agent)
        self._ends()

    @property
    def _order(self) -> tuple[int, ...]:
        return self._game.drawn.order(self.state.round)

    # Who is asked

    def _in_phase(self, phase: Phase) -> Flow[None]:
        """All who have something to do in this phase do it at the same time."""
        self.state.tick()
        chosen = yield from self._choices(phase)
        self._open(phase)
        due = {agent: self._due(agent, phase) for agent in self._order}  # by what there was before anybody acted
        for agent in self._order:
            own = self._actions(agent, chosen.get(agent, ()))
            self._done(agent, phase, (*self._actions(agent, due[agent]), *own), own)
            if phase == "request":
                self._ask(agent, phase)
        self._close(phase)

    def _at_once(self) -> Flow[None]:
        """All have one turn at the same time: first what they hand in is looked at, then what they send and ask for.

        So nobody hands in or sends on what only reaches it in the same turn, which it cannot have seen.
        """
        self.state.tick()
        chosen = yield from self._choices("turn")
        self._open("turn")
        results: dict[int, dict[int, Result]] = {agent: {} for agent in self._agents}
        automated = {agent: self._actions(agent, self._due(agent, "turn")) for agent in self._order}
        for kinds in (("submit",), ("share",), ("request", *_TALK)):
            for agent in self._order:
                for place, action in enumerate(chosen.get(agent, ())):
                    if action[0] in kinds:
                        results[agent][place] = self.state.do(agent, action)
        for agent in self._order:
            own = tuple([results[agent][place] for place in sorted(results[agent])])
            self._done(agent, "turn", (*automated[agent], *own), own)
        self._close("turn")
        self._answer()

    def _alone(self, agent: int) -> Flow[None]:
        """One agent has its turn."""
        self.state.tick()
        self.recorder.opens(agent, "turn")
        chosen: Sequence[Action] = ()
        if self._kinds(agent, "turn"):
            [chosen] = yield from ask(self._decision(agent, "turn"))
        before = self._actions(agent, self._due(agent, "turn"))
        own = self._actions(agent, chosen)
        self._done(agent, "turn", (*before, *own), own)
        if self._game.delay == "instant":
            self._ask(agent, "turn")
        self.recorder.closes(agent, "turn")
        if not self._game.late:
            self._answer()

    def _ends(self) -> None:
        """A round of turns ends: what is automated with a delay is done now."""
        if self._game.schedule == "phased":
            return
        if self._game.delay != "instant":
            for agent in self._order:
                self._ask(agent, "turn")
        self._answer()

    def _choices(self, phase: Phase) -> Flow[dict[int, Sequence[Action]]]:
        acting = [agent for agent in self._agents if self._kinds(agent, phase)]
        choices = yield from ask(*(self._decision(agent, phase) for agent in acting))
        return dict(zip(acting, choices, strict=True))

    def _kinds(self, agent: int, phase: Phase) -> tuple[Kind, ...]:
        """What is left to the agent itself; it may talk as long as anything else is."""
        sides = self._sides[agent]
        match phase:
            case "turn":
                own = [kind for kind in PHASES if kind not in sides]
                return (*own, *_TALK) if own else ()  # type: ignore[arg-type]
            case "submit":
                return () if phase in sides else (phase,)
            case _:
                return () if phase in sides else (phase, *_TALK)

    def _decision(self, agent: int, phase: Phase) -> Decision[Any]:
        space = Turn(self._kinds(agent, phase), self._game.falsifiable)
        sees = (*self._told[agent], self._watching.sight(agent, phase)) if self._shown else ()
        return Decision(agent - 1, phase, space, sees)

    # What is done

    def _open(self, phase: Phase) -> None:
        for agent in self._order:
            self.recorder.opens(agent, phase)

    def _close(self, phase: Phase) -> None:
        for agent in self._order:
            self.recorder.closes(agent, phase)

    def _actions(self, agent: int, actions: Sequence[Action]) -> tuple[Result, ...]:
        """Carry the actions out in their order; where answers are instant they come before the next one."""
        instant = self._game.delay == "instant"
        results = []
        for action in actions:
            results.append(self.state.do(agent, action))
            if instant and action[0] == "request":
                self._answer()
        return tuple(results)

    def _done(self, agent: int, phase: Phase, every: tuple[Result, ...], own: tuple[Result, ...]) -> None:
        self._watching.did(agent, own)
        self.recorder.did(agent, phase, every)

    # What the system does

    def _due(self, agent: int, phase: Phase) -> list[Action]:
        """What the system does for the agent: hands in what is complete, and answers requests in their phase."""
        sides = self._sides[agent]
        actions: list[Action] = []
        if "submit" in sides and phase in ("submit", "turn"):
            actions += [("submit", task) for task in self.state.complete(agent)]
        if "share" in sides and phase == "share":
            actions += self._answers(agent)
        return actions

    def _ask(self, agent: int, phase: Phase) -> None:
        """Where asking is automated, ask the holders of each piece that the agent lacks, but nobody twice."""
        if "request" not in self._sides[agent]:
            return
        state = self.state
        most = None if self._game.automation.asks == "all" else 1
        wanted = [(piece, holder) for piece in state.missing(agent) for holder in state.holders(piece)[:most]]
        fresh = [("request", *one) for one in wanted if (agent, one[0]) not in state.inbox[one[1] - 1]]
        self.recorder.did(agent, phase, [state.do(agent, action) for action in fresh])

    def _answer(self) -> None:
        """Outside the phases everybody whose sharing is automated answers what it was asked."""
        if self._game.schedule == "phased":
            return
        for agent, sides in self._sides.items():
            if "share" in sides:
                self.recorder.did(agent, "turn", [self.state.do(agent, action) for action in self._answers(agent)])

    def _answers(self, agent: int) -> list[Action]:
        """All that the agent was asked for, to each who asked."""
        by_asker: dict[int, list[int]] = {}
        for by, piece in self.state.inbox[agent - 1]:
            by_asker.setdefault(by, []).append(piece)
        held = self.state.held[agent - 1]
        return [
            ("share", tuple(pieces), by, tuple([held[piece] for piece in pieces]))
            if self._game.falsifiable
            else ("share", tuple(pieces), by)
            for by, pieces in by_asker.items()
        ]

    # What has come of it

    def earned(self) -> tuple[float, ...]:
        """What each agent has been paid so far."""
        return self._game.earned(self.state.completions, self.state.transfers)

    def finished(self) -> list[int]:
        """How many tasks each agent has handed in."""
        done = [0] * self._game.agents
        for completion in self.state.completions:
            done[completion.by - 1] += 1
        return done
