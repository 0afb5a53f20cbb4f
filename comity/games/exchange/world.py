"""What chance decides before the first round: who holds which piece, which tasks come, in which order agents act.

A world is a number. Every draw is a function of it and of what is drawn, never of what happened before, so that the
same world is the same environment under every condition and for every agent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from comity.core.chance import Address, stream_key

CODES = 1_000
"""A code is a number below this."""


@dataclass(frozen=True)
class World:
    """What is drawn for so many agents, pieces, copies of each piece, and pieces per task.

    Agents, pieces and tasks are counted from 1.
    """

    seed: int
    agents: int
    pieces: int
    copies: int
    per_task: int

    @cached_property
    def deal(self) -> tuple[frozenset[int], ...]:
        """The pieces that each agent holds at first: each piece is held by `copies` agents, and all hold equally many.

        Where that does not come out even, some hold one more.
        """
        order = self._address("deal", 0).order(self.pieces)
        held: list[set[int]] = [set() for _ in range(self.agents)]
        for place, piece in enumerate(order):
            for holder in self._holders(place):
                held[holder].add(piece + 1)
        return tuple(map(frozenset, held))

    def _holders(self, place: int) -> tuple[int, ...]:
        """Who holds the piece at that place of the order: somebody in turn, and then those next to it in a drawn order.

        Each round through the agents has an order of its own, so that two agents share no more pieces than by chance.
        """
        turn, first = divmod(place, self.agents)
        order = self._address("holders", turn).order(self.agents)
        return tuple(order[(first + copy) % self.agents] for copy in range(self.copies))

    def task(self, agent: int, number: int) -> tuple[int, ...]:
        """The pieces that the agent's task of that number (from 0) needs, sorted."""
        return _chosen(self._address("task", agent * 1_000_003 + number), self.pieces, self.per_task)

    def order(self, round: int) -> tuple[int, ...]:
        """In which order the agents act in that round."""
        return tuple(agent + 1 for agent in self._address("order", round).order(self.agents))

    @cached_property
    def codes(self) -> tuple[int, ...]:
        """The true code of each piece."""
        return tuple(self._address("code", piece).word % CODES for piece in range(1, self.pieces + 1))

    def _address(self, what: str, number: int) -> Address:
        return Address(stream_key(self.seed, "exchange", what), number, 0)


@lru_cache(maxsize=50_000)
def _chosen(where: Address, pieces: int, count: int) -> tuple[int, ...]:
    """So many of the pieces, drawn there, sorted; kept, since a world is played under many conditions."""
    return tuple(sorted(piece + 1 for piece in where.order(pieces)[:count]))


world_of = lru_cache(maxsize=200)(World)
"""The world of these sizes; what is drawn is kept for a while, since a world is played under many conditions."""
