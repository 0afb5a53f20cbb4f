"""What can be otherwise in an exchange, and what every agent is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from comity.games.exchange.state import Transfer

Schedule: TypeAlias = Literal["phased", "sequential", "simultaneous"]
Delay: TypeAlias = Literal["instant", "same_round", "next_round"]
Side: TypeAlias = Literal["request", "share", "submit", "perceive"]
Story: TypeAlias = Literal["points", "business", "score_board"]

SIDES: tuple[Side, ...] = ("request", "share", "submit", "perceive")
STORIES: tuple[Story, ...] = ("points", "business", "score_board")


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
    is part of the group's score, and not private. agents: who is paid it, by number; empty is everybody.
    """

    each: float = 0.0
    asked: bool = True
    counted: bool = True
    agents: tuple[int, ...] = ()

    def of(self, agent: int) -> Bonus:
        """The bonus of that agent, which may be none."""
        return self if not self.agents or agent in self.agents else Bonus()

    def pays(self, transfer: Transfer) -> bool:
        """Whether it is paid for that transfer."""
        return (transfer.asked or not self.asked) and (not self.agents or transfer.by in self.agents)


@dataclass(frozen=True)
class Rules:
    """The rules as an agent is told them."""

    agents: int
    rounds: int
    pieces: int
    per_task: int
    open_tasks: int
    pay: float
    copies: int
    schedule: Schedule
    delay: Delay
    stale: bool
    unsolicited: bool
    falsifiable: bool
    bonus: Bonus


@dataclass(frozen=True)
class Instruction:
    """What the agent is told to aim at: "neutral", "policy", "competitive", "saboteur", or a text of one's own."""

    aim: str


@dataclass(frozen=True)
class Framed:
    """What the exchange is said to be: the work of a "business", or a game for places on a "score_board".

    Without this fact it is about points, and no more is said.
    """

    story: Story


@dataclass(frozen=True)
class Automated:
    """Which of the agent's sides the system takes over, and whom it asks."""

    sides: tuple[Side, ...]
    asks: Literal["all", "first"] = "all"
