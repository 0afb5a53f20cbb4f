"""The most tasks that agents can hand in, whoever they are: an upper bound that is true and not a policy's result.

In phased rounds everybody can be sent everything before tasks are handed in, so it is every open task in every round.
In turns nobody can know a piece before it could be asked for and sent. To ask, to share and to hand in cost nothing and
take nothing away, so nobody can do better than agents who at every turn ask everybody for everything, send everything
that they may, and hand in whatever is complete; they are played here, with sets of pieces and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from comity.games.exchange.world import World


@dataclass
class Best:
    """Agents who do all that can be done, in turns.

    unsolicited: whether they may send what nobody asked for. asked_for, answered: the agents for whom the system asks
    at the end of a turn or of a round, and those for whom it answers at any time; instant: even before a turn goes on.
    """

    world: World
    open_tasks: int
    unsolicited: bool
    asked_for: frozenset[int]
    answered: frozenset[int]
    instant: bool
    held: list[set[int]] = field(default_factory=list)
    asked: list[list[set[int]]] = field(default_factory=list)
    """For each holder and each other, what it was asked for."""
    issued: list[int] = field(default_factory=list)
    open: list[list[tuple[int, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        agents = range(self.world.agents)
        self.held = [set(pieces) for pieces in self.world.deal]
        self.asked = [[set() for _ in agents] for _ in agents]
        self.issued = [0] * self.world.agents
        self.open = [[] for _ in agents]
        for agent in agents:
            self._issue(agent)

    def _issue(self, agent: int) -> None:
        while len(self.open[agent]) < self.open_tasks:
            self.open[agent].append(self.world.task(agent + 1, self.issued[agent]))
            self.issued[agent] += 1

    @property
    def sated(self) -> bool:
        """Whether everybody holds everything."""
        return all(len(held) == self.world.pieces for held in self.held)

    def round(self, order: Sequence[int], *, together: bool) -> int:
        """How many tasks are handed in in a round of that order. together: whether all act at the same time."""
        if together:  # first all hand in, then all send, then all ask
            done = sum([self._submit(agent - 1) for agent in order])
            for agent in order:
                self._share(agent - 1)
            for agent in order:
                self._ask(agent - 1)
            self._answer()
        else:
            done = sum([self._turn(agent - 1) for agent in order])
        for agent in order:
            if agent in self.asked_for:
                self._ask(agent - 1)
        self._answer()
        return done

    def _turn(self, agent: int) -> int:
        if self.instant:
            self._ask(agent)
            self._answer()
        done = self._submit(agent)
        self._share(agent)
        self._ask(agent)
        self._answer()
        return done

    def _submit(self, agent: int) -> int:
        left = [task for task in self.open[agent] if not self.held[agent].issuperset(task)]
        done = len(self.open[agent]) - len(left)
        self.open[agent] = left
        self._issue(agent)
        return done

    def _share(self, agent: int) -> None:
        for other, held in enumerate(self.held):
            held.update(self.held[agent] if self.unsolicited else self.asked[agent][other])

    def _ask(self, agent: int) -> None:
        for holder, held in enumerate(self.held):
            self.asked[holder][agent] |= held

    def _answer(self) -> None:
        for agent in self.answered:
            for other, held in enumerate(self.held):
                held.update(self.asked[agent - 1][other])


def most_tasks(best: Best, rounds: int, order: Callable[[int], Sequence[int]], *, together: bool) -> int:
    """The most tasks of all agents together, in so many rounds; once all hold everything, every open task in each."""
    every = best.world.agents * best.open_tasks
    done = 0
    for round in range(1, rounds + 1):
        if best.sated:
            return done + every * (rounds - round + 1)
        done += best.round(order(round), together=together)
    return done
